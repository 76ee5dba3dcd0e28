"""Alembic's door: the connection is handed over by `migrate`, which owns the transaction."""

from typing import Any

from alembic import context

config: Any = context.config
context.configure(connection=config.attributes["connection"], version_table_schema="kernel")
context.run_migrations()
