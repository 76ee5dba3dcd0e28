"""The workstation's encrypted file: one writer, several readers, and nothing said to be saved before it is on disk.

SQLite in WAL mode under SQLCipher, `synchronous=FULL` (with NORMAL the last saves that were confirmed
could be lost with the power). Writes go one after another through one thread, each a `BEGIN IMMEDIATE`
transaction of its own: a deferred one that turns into a write fails at once when another was faster,
whatever the busy timeout. This is the only file of the workstation that commits.
"""

import asyncio
import inspect
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import sqlcipher3.dbapi2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from app.client.cache_key import CacheKey, sync_directory, write_private
from offline.file_claim import FileClaim, claim_file
from offline.log_tail import commits_behind

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Connection], T]
Migration = Callable[[Connection], None]
"""One step of the schema, run once in a transaction of its own. It never commits, and never changes once shipped."""

_DRIVER: Final = cast(Any, sqlcipher3.dbapi2)  # it has no types
_BUSY_MILLISECONDS: Final = 5000


class Fault(StrEnum):
    """Why the file did not do what was asked. The transaction that met it left nothing behind, unless it says so."""

    DISK_FULL = "The disk is full: nothing was saved. Free some space and save again."
    DISK_ERROR = (
        "The disk refused to write or read: nothing was saved. Save again, and have the disk looked at."
    )
    BUSY = "The local file was held by another program: nothing was saved. Save again."
    READ_ONLY = "The local file may not be written by this account, or not by a reader: nothing was saved."
    DAMAGED = "The local file is damaged. Nothing more is written to it; bring its backup or call support."
    CLOSED = "The local file is closed."
    UNDONE = "The local file undid this change halfway: nothing was saved. Save again."


class StorageFailed(Exception):
    """The file could not keep or give what was asked; the cause is the database's own error."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault: Final = fault


class OpenRefusal(StrEnum):
    """Why a file was not opened. In every case it is left as it was."""

    MISSING = "There is no local file here."
    ALREADY_HERE = "There is a local file here already; it is opened, never replaced."
    IN_USE = "Another window of this application has the local file open: use that one."
    WRONG_KEY = (
        "The local file does not open with this key, or its beginning is damaged. It is kept as it is."
    )
    TOO_NEW = "The local file was written by a newer version of this application: install that version."
    STORAGE = "The disk did not let the local file be opened."


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpened:
    """The answer of `open_database` where there is none to give. `detail` is for the log and the support page."""

    refusal: OpenRefusal
    path: Path
    detail: str = ""


class Writer:
    """The one thread that writes. Never a network call inside: everybody's saves wait behind it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="offline-writer", initializer=self._remember_thread
        )
        self._thread_id: int | None = None
        self._broken: Fault | None = None

    @property
    def fault(self) -> Fault | None:
        """Why this writer takes nothing more, or None."""
        return self._broken

    async def run(self, work: Work[T]) -> T:
        """`work`'s result, once what it wrote is on disk. One call is one transaction, in the order of the calls.

        Raises what `work` raised, or `StorageFailed`: then nothing was written, or, where the disk failed at the very
        commit, nothing that may be called saved (repeating a command is harmless, its id is the same). Once called it
        is carried out, even when the waiting task is cancelled: a window that closes while it saves must not take the
        entry with it.
        """
        return await asyncio.shield(asyncio.wrap_future(self._submit(work)))

    def run_sync(self, work: Work[T]) -> T:
        """As `run`, for callers outside an event loop."""
        return self._submit(work).result()

    def _submit(self, work: Work[T]) -> Future[T]:
        if threading.get_ident() == self._thread_id:
            raise RuntimeError(
                "a write inside a write would wait for itself: use the connection you were given"
            )
        if self._broken is not None:
            raise StorageFailed(self._broken)
        try:
            return self._thread.submit(self._transaction, work)
        except RuntimeError as error:  # the executor's word for "shut down"
            raise StorageFailed(Fault.CLOSED) from error

    def _transaction(self, work: Work[T]) -> T:
        if self._broken is not None:
            raise StorageFailed(self._broken)
        try:
            return _in_transaction(self._engine, work)
        except StorageFailed as failed:
            if failed.fault is Fault.DAMAGED:
                self._broken = failed.fault
            raise

    def _remember_thread(self) -> None:
        self._thread_id = threading.get_ident()

    def close(self) -> None:
        """Finish what was handed over, then take no more."""
        self._thread.shutdown(wait=True)
        self._broken = self._broken or Fault.CLOSED


class Reader:
    """A few threads that read, each call on one unchanging snapshot, while the writer goes on."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="offline-reader")

    async def run(self, work: Work[T]) -> T:
        """`work`'s result. All it reads is of one moment; what a finished `Writer.run` wrote before is in it.

        Raises what `work` raised, or `StorageFailed`. A write inside `work` is refused by the file.
        """
        return await asyncio.wrap_future(self._submit(work))

    def run_sync(self, work: Work[T]) -> T:
        """As `run`, for callers outside an event loop."""
        return self._submit(work).result()

    def _submit(self, work: Work[T]) -> Future[T]:
        try:
            return self._threads.submit(_in_transaction, self._engine, work)
        except RuntimeError as error:
            raise StorageFailed(Fault.CLOSED) from error

    def close(self) -> None:
        """Finish what was asked, then answer no more."""
        self._threads.shutdown(wait=True)


def _in_transaction(engine: Engine, work: Work[T]) -> T:
    """`work` between the engine's BEGIN and a COMMIT that really ended something. The driver's faults get our names."""
    connection: Connection | None = None
    try:
        connection = engine.connect()
        with connection.begin():
            result = _only_now(work(connection))
            _still_in_transaction(connection)
        return result
    except DBAPIError as error:
        fault = _fault_in(error.orig)
        if fault is None:
            raise
        if connection is not None and fault in (Fault.DISK_ERROR, Fault.DAMAGED):
            connection.invalidate()  # what the connection remembers of the file is not to be trusted any more
        log.error("database.failed", extra={"fault": fault.name})
        raise StorageFailed(fault) from error
    finally:
        if connection is not None:
            connection.close()


class Database:
    """One open encrypted file. Made by `open_database`; this process is the only one that has it."""

    def __init__(
        self, path: Path, key: CacheKey, claim: FileClaim, readers: int, unreadable_saves: int = 0
    ) -> None:
        self.path: Final = path
        self.unreadable_saves: Final = unreadable_saves
        """Saves that a crash left in the log and that could not be read back; the log is kept beside, as `.damaged`.

        One may be a save that a power cut interrupted and nobody was told of; more were confirmed, and are lost here.
        """
        self._claim = claim
        always = ("foreign_keys = ON", "temp_store = MEMORY")  # a temporary file would not be encrypted
        self._writing = _engine(
            path,
            key,
            begin="BEGIN IMMEDIATE",
            pragmas=("journal_mode = WAL", "synchronous = FULL", *always),
            connections=1,
        )
        self._reading = _engine(
            path, key, begin="BEGIN", pragmas=("query_only = ON", *always), connections=readers
        )
        self.writer: Final = Writer(self._writing)
        self.reader: Final = Reader(self._reading, readers)

    async def close(self) -> None:
        """As `close_sync`, without stopping the loop while the last writes finish."""
        await asyncio.to_thread(self.close_sync)

    def close_sync(self) -> None:
        """Finish what was handed over, fold the log into the file, let another process have it. May be repeated."""
        self.writer.close()
        self.reader.close()
        self._reading.dispose()
        self._writing.dispose()  # the last connection checkpoints the log
        self._claim.release()

    def damage(self) -> tuple[str, ...]:
        """What is wrong with the file, in the database's own words; empty when all is well. Reads all of it."""

        def look(connection: Connection) -> tuple[str, ...]:
            pages = connection.exec_driver_sql("PRAGMA cipher_integrity_check").scalars()
            structure = connection.exec_driver_sql("PRAGMA quick_check").scalars()
            return (*map(str, pages), *(str(line) for line in structure if line != "ok"))

        try:
            return self.reader.run_sync(look)
        except StorageFailed as failed:
            return (str(failed.__cause__ or failed),)


def open_database(
    path: Path, key: CacheKey, migrations: Sequence[Migration], *, create: bool = False, readers: int = 2
) -> Database | NotOpened:
    """Open the file and bring its schema up to date: `migrations[n]` leads from version n to n + 1.

    `create` makes a new file, and only where there is none; without it, only a file that is there is
    opened. Blocks: a few milliseconds, and what the migrations take. Raises what a migration raised; the
    file is then as before that migration.
    """
    if not create and not is_begun(path):
        return _not_opened(OpenRefusal.MISSING, path)
    with ExitStack() as undo:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            claim = claim_file(path.with_name(path.name + ".lock"))
            if claim is None:
                return _not_opened(OpenRefusal.IN_USE, path)
            undo.callback(claim.release)
            present = is_begun(path)  # asked again: now nobody else can make it
            if create == present:
                return _not_opened(OpenRefusal.ALREADY_HERE if present else OpenRefusal.MISSING, path)
            version, unreadable = _state_of(path, key) if present else (_make_empty(path), 0)
            if version > len(migrations):
                return _not_opened(OpenRefusal.TOO_NEW, path, f"schema {version}, known {len(migrations)}")
            if unreadable:
                _keep_log(path, unreadable)
            database = Database(path, key, claim, readers, unreadable)
            undo.callback(database.close_sync)
            database.writer.run_sync(_nothing)  # the first write connects: what forbids writing is found here
            for number in range(version, len(migrations)):
                database.writer.run_sync(_step(number, migrations[number]))
        except _DRIVER.DatabaseError as error:
            if _fault_in(error) is Fault.DAMAGED:
                return _not_opened(OpenRefusal.WRONG_KEY, path, str(error))
            return _not_opened(OpenRefusal.STORAGE, path, str(error))
        except (StorageFailed, OSError) as error:
            return _not_opened(OpenRefusal.STORAGE, path, str(error))
        undo.pop_all()
        return database


def is_begun(path: Path) -> bool:
    """Whether there is a file with something in it. A file of no bytes is a creation that was cut off."""
    return path.exists() and path.stat().st_size > 0


def _not_opened(refusal: OpenRefusal, path: Path, detail: str = "") -> NotOpened:
    log.warning("database.not_opened", extra={"refusal": refusal.name, "detail": detail})
    return NotOpened(refusal=refusal, path=path, detail=detail)


def _state_of(path: Path, key: CacheKey) -> tuple[int, int]:
    """The schema's version, and the saves in the log that can't be read, without touching the file.

    The proof of the key comes before the first write: a connection that may write would, with a wrong key, still fold a
    log left by a crash into the file as it closes.
    """
    connection = _connect(path, key, mode="ro")
    try:
        version = cast(int, connection.execute("PRAGMA user_version").fetchone()[0])
        # This checkpoint moves nothing: it says how many frames of the log were read, -1 without a log.
        _, frames, _ = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
        return version, commits_behind(_log_of(path), max(0, frames))
    finally:
        connection.close()


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _keep_log(path: Path, unreadable: int) -> None:
    """Put the log aside before it is written over: pages in it are whole, and a person may still bring them back."""
    log.error("database.log_damaged", extra={"unreadable_saves": unreadable})
    write_private(path.with_name(path.name + "-wal.damaged"), _log_of(path).read_bytes())


def _make_empty(path: Path) -> int:
    """A file of no bytes for this account alone, which SQLite fills: at version 0."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    sync_directory(path.parent)
    return 0


def _nothing(_: Connection) -> None:
    pass


def _step(number: int, migration: Migration) -> Work[None]:
    def take(connection: Connection) -> None:
        migration(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {number + 1}")
        log.info("database.migrated", extra={"version": number + 1})

    return take


def _connect(path: Path, key: CacheKey, *, mode: str) -> Any:
    """One connection of the driver. The key must be the first thing it hears that touches the file."""
    connection = _DRIVER.connect(
        f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(
            "PRAGMA cipher_log_level = NONE"
        )  # its words on standard error are nobody's to read
        connection.execute(f'PRAGMA key = "{key.pragma_value()}"')
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        connection.execute("SELECT count(*) FROM sqlite_master")  # proves the key
    except BaseException:
        connection.close()
        raise
    return connection


def _engine(path: Path, key: CacheKey, *, begin: str, pragmas: Sequence[str], connections: int) -> Engine:
    def connect() -> Any:
        connection = _connect(path, key, mode="rw")
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = create_engine(
        "sqlite://",
        module=_DRIVER,
        creator=connect,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # what people entered stays out of error texts and logs
    )

    # The driver is left in autocommit (isolation_level=None), because on its own it would begin a transaction only before
    # some statements, and never an immediate one; so the transaction begins here.
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", begin_transaction)
    return engine


def _only_now(result: T) -> T:
    """`result`, unless it is something to be awaited: that would run after the transaction had ended."""
    if inspect.iscoroutine(result):
        result.close()
    if inspect.isawaitable(result):
        raise TypeError("work on the database is a plain function: nothing is awaited inside a transaction")
    return result


def _still_in_transaction(connection: Connection) -> None:
    """SQLite undoes a whole transaction when the disk is full, and COMMIT of nothing succeeds: that is not a save."""
    driver = cast(Any, connection.connection.dbapi_connection)
    if not driver.in_transaction:
        raise StorageFailed(Fault.UNDONE)


_FAULTS: Final[dict[int, Fault]] = {
    _DRIVER.SQLITE_FULL: Fault.DISK_FULL,
    _DRIVER.SQLITE_IOERR: Fault.DISK_ERROR,
    _DRIVER.SQLITE_CANTOPEN: Fault.DISK_ERROR,
    _DRIVER.SQLITE_BUSY: Fault.BUSY,
    _DRIVER.SQLITE_LOCKED: Fault.BUSY,
    _DRIVER.SQLITE_READONLY: Fault.READ_ONLY,
    _DRIVER.SQLITE_CORRUPT: Fault.DAMAGED,
    _DRIVER.SQLITE_NOTADB: Fault.DAMAGED,
}


def _fault_in(error: BaseException | None) -> Fault | None:
    """Which fault of the disk or the file the driver's error is; None where the statement itself was wrong."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _FAULTS.get(code & 0xFF)
