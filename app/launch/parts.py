"""The server's parts on a place's database, for every command that works on a plant without HTTP, and for `serve`."""

import os
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from time import time_ns
from typing import Final
from uuid import UUID

import asyncpg
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.domain.identity import uuid7
from app.launch.command import CommandFailed
from app.launch.place import Place
from app.server.auth.settings import AuthSettings
from app.server.auth.token_keys import TokenKeysFailed
from app.server.kernel.migrations import migrate
from app.server.kernel.server_key import ServerKey
from app.server.kernel.settings import Settings
from app.server.main import Parts, assemble

DATABASE_TROUBLE: Final = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


def now() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A UUIDv7 of now."""
    return uuid7(time_ns() // 1_000_000, os.urandom(10))


def prepared(place: Place, *, clock: Callable[[], datetime] = now) -> Parts:
    """Migrate the place's database and put the parts together. Raises CommandFailed."""
    with database_trouble():
        try:
            migrate(place.urls.owner)
        except CommandError as error:
            raise CommandFailed(
                "The database was made by a newer release: start that one, or restore an older backup."
            ) from error
    try:
        return assemble(
            Settings(),
            AuthSettings(keys_file=place.token_keys),
            api_url=place.urls.api,
            key=ServerKey.of_file(place.server_key),
            clock=clock,
            new_id=new_id,
            random_bytes=os.urandom,
        )
    except TokenKeysFailed as failure:
        raise CommandFailed(str(failure)) from failure
    except OSError as error:
        raise CommandFailed(
            f"The key file {place.server_key} cannot be used: {error.strerror or 'not readable'}."
        ) from error
    except ValueError as error:
        raise CommandFailed(
            f"The key file {place.server_key} is damaged: put it back from a copy, or move it away for a new key."
        ) from error


@asynccontextmanager
async def opened(place: Place, *, clock: Callable[[], datetime] = now) -> AsyncGenerator[Parts]:
    """`prepared` parts, ready to act and closed at the end. Raises CommandFailed."""
    parts = prepared(place, clock=clock)
    try:
        await parts.desk.open()
        yield parts
    finally:
        await parts.database.close()


@contextmanager
def database_trouble() -> Generator[None]:
    """Say in one sentence what a database answers that cannot be worked with. The address is never repeated."""
    try:
        yield
    except DATABASE_TROUBLE as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        said = str(cause).partition("\n")[0].rpartition(">: ")[2] or type(cause).__name__
        raise CommandFailed(f"The database cannot be used: {said.rstrip('.')}.") from error
