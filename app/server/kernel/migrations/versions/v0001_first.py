"""Journals, commands, and the tables of the three modules."""

from alembic import op

from app.server.kernel.migrations import run_script

revision = "0001"
down_revision = None

ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'batchwright_api') THEN
        CREATE ROLE batchwright_api NOLOGIN;
    END IF;
END $$
"""


def upgrade() -> None:
    """Make everything."""
    op.execute(ROLE)
    for name in ("kernel", "auth", "production", "quality"):
        run_script(op.get_bind(), f"first/{name}.sql")


def downgrade() -> None:
    """A journal has no way back."""
    raise NotImplementedError("restore a backup instead")
