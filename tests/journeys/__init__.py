"""A real window, used the way a person uses it."""
