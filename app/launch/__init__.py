"""Composition roots, one file per thing that can be started."""
