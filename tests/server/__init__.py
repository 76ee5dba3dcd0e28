"""The API against a real PostgreSQL."""
