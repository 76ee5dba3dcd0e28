"""The database's one linear history. Run by the owner's role, at the start of whatever serves."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.server.kernel.postgres import PostgresError, with_driver

HERE: Final = Path(__file__).parent
ONE_AT_A_TIME: Final = 7_240_013_111
"""The advisory lock that lets only one process migrate."""


def migrate(owner_url: str) -> None:
    """Bring the database that the owner reaches by `owner_url` to the newest version. Nothing happens if it is there.

    Waits for another process that migrates. Works under whatever event loop the caller has. Raises PostgresError, in
    one sentence, when there is no such database or its role may not change it; then nothing was changed.
    """
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="migrate") as thread:
            thread.submit(asyncio.run, _migrate(owner_url)).result()
    except (DBAPIError, OSError, asyncpg.PostgresError) as cause:
        told = str(cause.orig if isinstance(cause, DBAPIError) else cause).strip()
        reason = told.splitlines()[0].rpartition(">: ")[2] if told else type(cause).__name__
        raise PostgresError(f"The database was not brought up to date: {reason.rstrip('.')}.") from cause


async def _migrate(owner_url: str) -> None:
    engine = create_async_engine(with_driver(owner_url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
            await connection.execute(text("CREATE SCHEMA IF NOT EXISTS kernel"))
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def run_script(connection: Connection, name: str) -> None:
    """Run one of the SQL files beside this module, all statements in the open transaction."""
    script = (HERE / name).read_text(encoding="utf-8")
    adapted: Any = connection.connection.dbapi_connection

    def run(driver: Any) -> Any:
        return driver.execute(script)

    adapted.run_async(run)
