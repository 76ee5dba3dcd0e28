"""Fresh databases for tests, each a copy of one that was migrated once."""

import asyncio
import importlib
from collections.abc import Coroutine, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from typing import Any, Final, Protocol, TypeVar

import asyncpg

from app.server.kernel.postgres import API, OWNER, ClusterAddress, driverless, ensure_database

TEMPLATE: Final = "migrated"
Result = TypeVar("Result")
MIGRATIONS: Final = "app.server.kernel.migrations"

# A test's database need not outlive a power cut. Tests of durability start a cluster of their own.
UNSAFE_AND_FAST: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_connections": "200",
}


class Connection(Protocol):
    """What tests use of a connection of asyncpg, which has no types of its own."""

    async def execute(self, query: str, *args: object) -> str: ...
    async def fetch(self, query: str, *args: object) -> list[Mapping[str, Any]]: ...
    async def fetchrow(self, query: str, *args: object) -> Mapping[str, Any] | None: ...
    async def fetchval(self, query: str, *args: object) -> Any: ...
    async def close(self) -> None: ...


async def connect(url: str, **options: object) -> Connection:
    """A bare connection to `url`, whose driver may be written out. The caller closes it."""
    door: Any = asyncpg
    return await door.connect(driverless(url), **options)


async def ask(url: str, query: str, *args: object) -> Any:
    """The first value that `query` gives, over a connection of its own."""
    connection = await connect(url)
    try:
        return await connection.fetchval(query, *args)
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshDatabase:
    """A migrated database that this test alone has, as each role reaches it."""

    name: str
    owner_url: str = field(repr=False)
    api_url: str = field(repr=False)
    superuser_url: str = field(repr=False)  # for tests that tamper


class DatabaseMaker:
    """Copies and drops databases over one connection of its own, in a thread of its own.

    The thread is there so that it works under whatever event loop a test brings.
    """

    def __init__(self, address: ClusterAddress) -> None:
        self._address = address
        self._numbers = count(1)
        self._runner = asyncio.Runner()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="databases")
        self._connection = self._do(connect(address.superuser_url("postgres")))

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._thread.submit(lambda: self._runner.run(work)).result()

    def make(self) -> FreshDatabase:
        name = f"test_{next(self._numbers)}"
        self._do(self._connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER}"))
        self._do(self._connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"))
        self._do(self._connection.execute(f"GRANT CONNECT ON DATABASE {name} TO {API}"))
        return FreshDatabase(
            name=name,
            owner_url=self._address.owner_url(name),
            api_url=self._address.api_url(name),
            superuser_url=self._address.superuser_url(name),
        )

    def drop(self, database: FreshDatabase) -> None:
        """Drop it, ending whoever is connected still."""
        self._do(self._connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)"))

    def close(self) -> None:
        self._do(self._connection.close())
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


@contextmanager
def database_maker(address: ClusterAddress) -> Generator[DatabaseMaker]:
    """Migrate the template, then hand out copies of it."""
    url = address.owner_url(TEMPLATE)
    ensure_database(url)
    found = find_spec(MIGRATIONS)
    if found is not None and found.origin is not None:
        importlib.import_module(MIGRATIONS).migrate(url)
    maker = DatabaseMaker(address)
    try:
        yield maker
    finally:
        maker.close()
