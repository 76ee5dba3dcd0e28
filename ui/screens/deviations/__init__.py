"""Deviations: the list, one deviation as a timeline with its one next action, and the form that raises one."""
