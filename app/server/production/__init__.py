"""Batches, their stages and entries."""
