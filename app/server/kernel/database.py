"""The one way to the database. `transaction()` is the only thing in the product that commits on the server."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.server.kernel.postgres import with_driver
from app.server.kernel.settings import Settings

T = TypeVar("T")

SERIALIZATION_FAILURE: Final = "40001"
DEADLOCK: Final = "40P01"
UNIQUE_VIOLATION: Final = "23505"
REPEATABLE: Final = frozenset({SERIALIZATION_FAILURE, DEADLOCK})
"""Errors after which the same transaction may well succeed."""
MOST_TRIES: Final = 6


class Overtaken(Exception):
    """Another transaction changed a record that this one had decided on; it begins again."""


class Transaction:
    """One open transaction. Statements are PostgreSQL's own, with `$1` parameters; lists go as arrays."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.committed: list[Callable[[], None]] = []
        """Called once each after COMMIT, in order: the place for hints to others. A rollback calls none."""

    async def execute(self, sql: str, *values: object) -> int:
        """Run a statement. Answers the number of rows it changed."""
        return (await self.connection.exec_driver_sql(sql, values)).rowcount

    async def many(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Run a statement once for each of `rows`."""
        if rows:
            await self.connection.exec_driver_sql(sql, list(rows))

    async def copy(
        self, table: str, schema: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
    ) -> None:
        """Insert many rows by COPY. Only after another statement of this transaction, which has begun it."""
        pooled = await self.connection.get_raw_connection()
        driver: Any = pooled.driver_connection
        try:
            await driver.copy_records_to_table(table, schema_name=schema, columns=columns, records=rows)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise DBAPIError.instance("COPY", None, error, Exception) from error

    async def tuples(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        """All rows, by position."""
        return (await self.connection.exec_driver_sql(sql, values)).all()

    async def all(self, sql: str, *values: object) -> Sequence[Mapping[str, Any]]:
        """All rows, by column name."""
        found = (await self.connection.exec_driver_sql(sql, values)).mappings().all()
        return [dict(each) for each in found]

    async def first(self, sql: str, *values: object) -> Mapping[str, Any] | None:
        """The first row, or None."""
        found = (await self.connection.exec_driver_sql(sql, values)).mappings().first()
        return None if found is None else dict(found)

    async def value(self, sql: str, *values: object) -> Any:
        """The first column of the first row, or None."""
        return (await self.connection.exec_driver_sql(sql, values)).scalar()

    async def stream(self, sql: str, size: int = 2_000, **values: object) -> AsyncIterator[Sequence[Any]]:
        """All rows in runs of `size`, through a cursor of the server. Parameters are named here: `:name`."""
        async with self.connection.stream(text(sql), values, execution_options={"yield_per": size}) as result:
            async for run in result.partitions(size):
                yield run


class Database:
    """The connection pool of one process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str, settings: Settings | None = None, *, pool_size: int | None = None) -> "Database":
        """A pool on `url`, connected on first use."""
        told = settings or Settings()
        server_settings = {
            "application_name": "batchwright",
            "timezone": "UTC",
            "jit": "off",  # every statement here is short
            "statement_timeout": f"{told.statement_timeout_seconds}s",
            "lock_timeout": f"{told.lock_timeout_seconds}s",
            "idle_in_transaction_session_timeout": f"{told.idle_in_transaction_seconds}s",
        }
        engine = create_async_engine(
            with_driver(url),
            pool_size=pool_size or told.pool_size,
            max_overflow=told.max_overflow,
            pool_pre_ping=True,
            pool_recycle=told.pool_recycle_seconds,
            isolation_level="READ COMMITTED",
            connect_args={"server_settings": server_settings},
        )
        return cls(engine)

    @asynccontextmanager
    async def transaction(self, *, snapshot: bool = False) -> AsyncGenerator[Transaction]:
        """One transaction: committed when the block ends, rolled back when it raises.

        `snapshot`: reads see one moment (REPEATABLE READ, read only) instead of each statement its own.
        """
        async with self.engine.connect() as connection:
            if snapshot:
                connection = await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            async with connection.begin():
                opened = Transaction(connection)
                yield opened
        for each in opened.committed:
            each()

    async def repeated(
        self, work: Callable[[Transaction], Awaitable[T]], *, repeat_on: frozenset[str] = REPEATABLE
    ) -> T:
        """`work` in a transaction of its own, again from the start after an error of `repeat_on` or `Overtaken`."""
        tries = 0
        while True:
            tries += 1
            try:
                async with self.transaction() as opened:
                    answer = await work(opened)
                return answer
            except DBAPIError as error:
                if tries >= MOST_TRIES or sqlstate(error) not in repeat_on:
                    raise
            except Overtaken:
                if tries >= MOST_TRIES:
                    raise

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def sqlstate(error: DBAPIError) -> str:
    """PostgreSQL's five letters for an error, or nothing."""
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")
