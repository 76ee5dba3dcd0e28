"""The encrypted file: what is confirmed is on disk, what is refused left nothing, and nobody reads it without the key."""

import asyncio
import hashlib
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from app.client.cache_key import CacheKey
from offline.database import (
    Database,
    Fault,
    Migration,
    NotOpened,
    OpenRefusal,
    StorageFailed,
    _connect,  # pyright: ignore[reportPrivateUsage]
    open_database,
)

KEY = CacheKey(secret=bytes(range(32)), salt=bytes(range(100, 116)))
MARKED = "Paracetamol 500 mg, batch 2611-0417, tehtnica T-07"

expects_log = pytest.mark.usefixtures("caplog")


def entries(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE entries (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")


def outbox(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE outbox (counter INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries (id), raw BLOB)"
    )
    connection.exec_driver_sql("CREATE VIRTUAL TABLE found USING fts5(text)")


SCHEMA: Sequence[Migration] = (entries, outbox)


def write(text: str = MARKED) -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        row = connection.exec_driver_sql("INSERT INTO entries (text) VALUES (?) RETURNING id", (text,))
        return int(row.scalar_one())

    return work


def texts(connection: Connection) -> list[str]:
    return [
        str(text) for text in connection.exec_driver_sql("SELECT text FROM entries ORDER BY id").scalars()
    ]


def count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM entries").scalar_one())


def opened(
    path: Path, *, create: bool = False, migrations: Sequence[Migration] = SCHEMA, key: CacheKey = KEY
) -> Database:
    database = open_database(path, key, migrations, create=create)
    assert isinstance(database, Database), database
    return database


def refused(
    path: Path, *, key: CacheKey = KEY, migrations: Sequence[Migration] = SCHEMA, create: bool = False
) -> OpenRefusal:
    answer = open_database(path, key, migrations, create=create)
    assert isinstance(answer, NotOpened)
    return answer.refusal


def digests(directory: Path) -> dict[str, str]:
    """What the files hold. The shared memory, the lock and a log of no bytes hold no record."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(directory.iterdir())
        if file.suffix not in (".db-shm", ".lock") and file.stat().st_size > 0
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "station" / "cache.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    fresh = opened(path, create=True)
    yield fresh
    fresh.close_sync()


# Keeping


async def test_what_the_writer_confirmed_every_reader_sees(database: Database):
    assert await database.writer.run(write()) == 1
    assert await database.reader.run(texts) == [MARKED]


def test_what_was_written_is_there_after_closing_and_opening(path: Path):
    first = opened(path, create=True)
    first.writer.run_sync(write())
    first.close_sync()
    second = opened(path)
    assert second.reader.run_sync(texts) == [MARKED]
    second.close_sync()


def test_every_connection_has_the_promised_settings(database: Database):
    def settings(connection: Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "temp_store", "query_only")
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}

    always = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "temp_store": 2,
    }
    assert database.writer.run_sync(settings) == {**always, "query_only": 0}
    assert database.reader.run_sync(settings) == {**always, "query_only": 1}


KEEP_WRITING = """
import sys
from pathlib import Path
from app.client.cache_key import CacheKey
from offline.database import open_database
from tests.offline.test_database import KEY, SCHEMA, write
database = open_database(Path(sys.argv[1]), KEY, SCHEMA, create=True)
number = 0
while True:
    number += 1
    database.writer.run_sync(write(f"entry {number}"))
    print(number, flush=True)
"""


@pytest.mark.req("R27")
@pytest.mark.parametrize("confirmations", [1, 2, 60])
def test_kill_9_right_after_a_confirmation_loses_nothing(path: Path, confirmations: int):
    with subprocess.Popen(
        [sys.executable, "-c", KEEP_WRITING, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(confirmations)]
        process.send_signal(signal.SIGKILL)
        confirmed = int([*said, *process.stdout.read().split()][-1])
    assert process.returncode == -signal.SIGKILL
    again = opened(path)
    kept = again.reader.run_sync(texts)
    again.close_sync()
    assert kept[:confirmed] == [f"entry {number}" for number in range(1, confirmed + 1)]
    assert len(kept) - confirmed in (0, 1), "at most the one that was on disk and not yet confirmed"


# Refusing


async def test_a_failing_work_writes_nothing_and_its_own_error_comes_back(database: Database):
    def half(connection: Connection) -> None:
        write()(connection)
        raise LookupError("the step is gone")

    with pytest.raises(LookupError, match="the step is gone"):
        await database.writer.run(half)
    assert await database.reader.run(count) == 0
    assert await database.writer.run(write()) == 1


def test_a_broken_rule_of_the_schema_is_the_callers_error(database: Database):
    def orphan(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO outbox (entry) VALUES (999)")

    with pytest.raises(IntegrityError):
        database.writer.run_sync(orphan)
    assert database.writer.fault is None


def test_error_texts_do_not_carry_what_people_entered(database: Database):
    def twice(connection: Connection) -> None:
        for _ in range(2):
            connection.exec_driver_sql("INSERT INTO entries (id, text) VALUES (1, ?)", (MARKED,))

    with pytest.raises(IntegrityError) as caught:
        database.writer.run_sync(twice)
    assert MARKED not in str(caught.value)


@expects_log
def test_a_reader_cannot_write(database: Database):
    with pytest.raises(StorageFailed) as caught:
        database.reader.run_sync(write())
    assert caught.value.fault is Fault.READ_ONLY
    assert database.reader.run_sync(count) == 0


def test_nothing_is_awaited_inside_a_transaction(database: Database):
    async def call_the_server(connection: Connection) -> None:
        write()(connection)

    with pytest.raises(TypeError, match="nothing is awaited"):
        _ = database.writer.run_sync(call_the_server)
    assert database.reader.run_sync(count) == 0


def test_a_write_inside_a_write_is_an_error_and_no_deadlock(database: Database):
    with pytest.raises(RuntimeError, match="a write inside a write"):
        database.writer.run_sync(lambda _: database.writer.run_sync(write()))


def test_a_work_that_commits_by_itself_is_refused(database: Database):
    def own_commit(connection: Connection) -> None:
        write()(connection)
        connection.exec_driver_sql("COMMIT")

    with pytest.raises(StorageFailed):
        database.writer.run_sync(own_commit)


@expects_log
def test_a_full_disk_is_said_leaves_nothing_half_done_and_the_file_usable(database: Database):
    database.writer.run_sync(write())

    def fill(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
        for _ in range(50):
            write("x" * 4000)(connection)

    with pytest.raises(StorageFailed) as caught:
        database.writer.run_sync(fill)
    assert caught.value.fault is Fault.DISK_FULL
    assert database.reader.run_sync(texts) == [MARKED]
    database.writer.run_sync(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 100000"))
    assert database.writer.run_sync(write("after")) == 2
    assert database.damage() == ()


def test_a_work_that_swallows_an_undone_transaction_is_not_taken_for_saved(database: Database):
    """A full disk or a conflict may undo the whole transaction, and the COMMIT of nothing would then succeed."""

    def careless(connection: Connection) -> None:
        write()(connection)
        with suppress(IntegrityError):
            connection.exec_driver_sql("INSERT OR ROLLBACK INTO entries (id, text) VALUES (1, 'again')")

    with pytest.raises(StorageFailed) as caught:
        database.writer.run_sync(careless)
    assert caught.value.fault is Fault.UNDONE
    assert database.reader.run_sync(count) == 0


UNDER_A_LIMIT = """
import resource, signal, sys
from pathlib import Path
from offline.database import StorageFailed
from tests.offline.test_database import count, opened, write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
database = opened(Path(sys.argv[1]), create=True)
database.writer.run_sync(write())
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
saved = 1
try:
    while True:
        database.writer.run_sync(write("y" * 20_000))
        saved += 1
except StorageFailed as failed:
    print(failed.fault.name)
print(database.reader.run_sync(count) == saved)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
database.writer.run_sync(write("after"))
print(database.reader.run_sync(count) == saved + 1, database.damage())
database.close_sync()
"""


def test_a_disk_that_refuses_a_write_is_said_and_the_file_goes_on(path: Path):
    done = subprocess.run(
        [sys.executable, "-c", UNDER_A_LIMIT, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["DISK_ERROR", "True", "True ()"]


REALLY_FULL = """
import sys
from pathlib import Path
from offline.database import StorageFailed
from tests.offline.test_database import count, opened, write
disk = Path(sys.argv[1])
database = opened(disk / "cache.db", create=True)
ballast = disk / "ballast"
ballast.write_bytes(bytes(100_000))
saved = 0
try:
    while True:
        database.writer.run_sync(write("y" * 20_000))
        saved += 1
except StorageFailed as failed:
    print(failed.fault.name)
print(database.reader.run_sync(count) == saved, saved > 0)
ballast.unlink()
database.writer.run_sync(write("after"))
print(database.reader.run_sync(count) == saved + 1, database.damage())
database.close_sync()
"""


@pytest.mark.nightly  # a small disk of our own needs user namespaces, which a container may forbid
def test_a_really_full_disk_is_said_and_room_made_lets_the_work_go_on(tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = 'mount -t tmpfs -o size=600k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        [
            "unshare",
            "--user",
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            mount,
            "-",
            disk,
            sys.executable,
            REALLY_FULL,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["DISK_FULL", "True True", "True ()"]


# Nobody reads it without the key


@pytest.mark.req("R27")
def test_no_file_holds_what_was_written_in_plain(path: Path):
    database = opened(path, create=True)

    def much(connection: Connection) -> None:
        for number in range(300):
            write(f"{MARKED} {number}")(connection)
            connection.exec_driver_sql("INSERT INTO found (text) VALUES (?)", (MARKED,))

    database.writer.run_sync(much)
    while_open = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    assert {"cache.db", "cache.db-wal"} <= set(while_open)
    database.close_sync()
    closed = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    for content in (*while_open.values(), *closed.values()):
        for trace in (MARKED, "Paracetamol", "CREATE TABLE", "entries", "SQLite format 3"):
            assert trace.encode() not in content
            assert trace.encode("utf-16-le") not in content


def test_the_file_is_this_accounts_alone(database: Database):
    database.writer.run_sync(write())
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in database.path.parent.iterdir()}
    assert modes == dict.fromkeys(("cache.db", "cache.db-wal", "cache.db-shm", "cache.db.lock"), 384)
    assert stat.S_IMODE(database.path.parent.stat().st_mode) == 0o700


def test_the_standard_librarys_sqlite_does_not_open_it(path: Path):
    opened(path, create=True).close_sync()
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        sqlite3.connect(path).execute("SELECT * FROM sqlite_master")


@expects_log
def test_a_wrong_key_is_refused_and_not_a_byte_changes(path: Path):
    opened(path, create=True).close_sync()
    before = digests(path.parent)
    for wrong in (CacheKey(secret=bytes(32), salt=KEY.salt), CacheKey(secret=bytes(32), salt=bytes(16))):
        assert refused(path, key=wrong) is OpenRefusal.WRONG_KEY
    assert digests(path.parent) == before


@expects_log
def test_a_wrong_key_does_not_touch_what_a_crash_left_in_the_log(path: Path):
    """Opened for writing, SQLite would fold the log into the file as it closes, whatever the key."""
    assert crashed_after(path, 1).stat().st_size > 0
    before = digests(path.parent)
    assert refused(path, key=CacheKey(secret=bytes(32), salt=KEY.salt)) is OpenRefusal.WRONG_KEY
    assert digests(path.parent) == before
    again = opened(path)
    assert again.reader.run_sync(texts) == ["entry 1"]
    again.close_sync()


# Damage


@expects_log
def test_a_flipped_bit_is_detected_wherever_it_is_read(path: Path):
    database = opened(path, create=True)

    def much(connection: Connection) -> None:
        for number in range(200):
            write(f"{MARKED} {number} " + "x" * 200)(connection)

    database.writer.run_sync(much)
    assert database.damage() == ()
    database.close_sync()
    whole = path.read_bytes()
    pages = len(whole) // 4096
    assert pages > 8
    for page in range(1, pages):
        spoiled = bytearray(whole)
        spoiled[page * 4096 + 1234] ^= 1
        path.write_bytes(spoiled)
        again = opened(path)
        assert again.damage() != (), f"page {page + 1}"
        again.close_sync()
    path.write_bytes(whole)
    mended = opened(path)
    assert mended.damage() == ()
    mended.close_sync()


KILL_MYSELF = """
import os
os.kill(os.getpid(), 9)
"""


def crashed_after(path: Path, saves: int) -> Path:
    """A file whose process was killed with that many saves in the log; the log's path."""
    script = KEEP_WRITING.replace("while True:", f"while number < {saves}:") + KILL_MYSELF
    crashed = subprocess.run(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.DEVNULL, check=False
    )
    assert crashed.returncode == -signal.SIGKILL
    return path.with_name("cache.db-wal")


def test_a_log_left_by_a_kill_is_read_back_whole(path: Path):
    crashed_after(path, 5)
    again = opened(path)
    assert (again.reader.run_sync(count), again.unreadable_saves) == (5, 0)
    again.close_sync()


def test_confirmed_saves_that_a_flipped_bit_makes_unreadable_are_counted_and_kept_aside(
    path: Path, caplog: pytest.LogCaptureFixture
):
    """SQLite alone would take the damaged frame for the end of the log and forget what lies behind without a word."""
    wal = crashed_after(path, 9)
    spoiled = bytearray(wal.read_bytes())
    frame = 24 + 4096
    spoiled[-3 * frame - 100] ^= 1
    wal.write_bytes(spoiled)
    again = opened(path)
    assert again.reader.run_sync(count) == 5
    assert again.unreadable_saves == 4
    assert path.with_name("cache.db-wal.damaged").read_bytes() == bytes(spoiled)
    assert "database.log_damaged" in caplog.text
    again.close_sync()
    clean = opened(path)
    assert clean.unreadable_saves == 0
    clean.close_sync()


def test_an_old_round_of_the_log_is_not_taken_for_lost_saves(path: Path):
    database = opened(path, create=True)
    for _ in range(9):
        database.writer.run_sync(write())
    other = _connect(path, KEY, mode="rw")
    other.execute("PRAGMA wal_checkpoint(RESTART)")
    other.close()
    database.writer.run_sync(write())  # the log begins anew, over its own old frames
    copy = path.with_name("copy.db")
    for suffix in ("", "-wal"):
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    database.close_sync()
    left = opened(copy)
    assert (left.reader.run_sync(count), left.unreadable_saves) == (10, 0)
    left.close_sync()


@expects_log
def test_a_damaged_file_takes_no_more_writes_and_still_lets_the_rest_be_read(path: Path):
    database = opened(path, create=True)

    def much(connection: Connection) -> None:
        for number in range(200):
            write(f"{number} " + "x" * 200)(connection)

    database.writer.run_sync(much)
    rows = database.reader.run_sync(count)
    root = database.reader.run_sync(
        lambda c: int(
            c.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'outbox'").scalar_one()
        )
    )
    database.close_sync()
    spoiled = bytearray(path.read_bytes())
    spoiled[(root - 1) * 4096 + 99] ^= 1
    path.write_bytes(spoiled)
    again = opened(path)

    def into_outbox(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO outbox (entry) VALUES (1)")

    for _ in range(2):
        with pytest.raises(StorageFailed) as caught:
            again.writer.run_sync(into_outbox)
        assert caught.value.fault is Fault.DAMAGED
    assert again.writer.fault is Fault.DAMAGED
    for _ in range(3):
        with pytest.raises(StorageFailed):
            again.reader.run_sync(lambda c: c.exec_driver_sql("SELECT * FROM outbox").all())
    assert again.reader.run_sync(count) == rows, "what waits must still be readable, to be brought away"
    again.close_sync()


@expects_log
def test_a_file_whose_beginning_is_damaged_is_refused_and_kept(path: Path):
    opened(path, create=True).close_sync()
    spoiled = bytearray(path.read_bytes())
    spoiled[200] ^= 1
    path.write_bytes(spoiled)
    assert refused(path) is OpenRefusal.WRONG_KEY
    assert path.read_bytes() == bytes(spoiled)


# Opening


@expects_log
def test_a_missing_file_is_never_silently_made(path: Path):
    assert refused(path) is OpenRefusal.MISSING
    assert not path.parent.exists()


@expects_log
def test_a_file_that_is_there_is_never_replaced(path: Path):
    opened(path, create=True).close_sync()
    before = digests(path.parent)
    assert refused(path, create=True) is OpenRefusal.ALREADY_HERE
    assert digests(path.parent) == before


def test_a_creation_that_was_cut_off_before_the_first_byte_can_be_repeated(path: Path):
    path.parent.mkdir()
    path.touch()
    opened(path, create=True).close_sync()


ASK_TO_OPEN = """
import sys
from pathlib import Path
from tests.offline.test_database import refused
print(refused(Path(sys.argv[1])).name)
"""


@expects_log
def test_a_second_instance_gets_a_clear_answer_and_the_first_is_not_disturbed(database: Database):
    assert refused(database.path) is OpenRefusal.IN_USE
    other = subprocess.run(
        [
            *(sys.executable, "-c"),
            ASK_TO_OPEN,
            str(database.path),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == "IN_USE"
    assert database.writer.run_sync(write()) == 1


@expects_log
def test_after_closing_the_next_instance_may_open(path: Path):
    first = opened(path, create=True)
    first.close_sync()
    first.close_sync()
    opened(path).close_sync()


@expects_log
def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    assert refused(tmp_path / "file" / "cache.db", create=True) is OpenRefusal.STORAGE


# Migrations


def version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def test_migrations_run_once_each_and_in_order(path: Path):
    ran: list[int] = []

    def step(number: int) -> Migration:
        def take(connection: Connection) -> None:
            ran.append(number)
            connection.exec_driver_sql(f"CREATE TABLE table_{number} (id INTEGER)")

        return take

    opened(path, create=True, migrations=[step(1), step(2)]).close_sync()
    last = opened(path, migrations=[step(1), step(2), step(3)])
    assert ran == [1, 2, 3]
    assert last.reader.run_sync(version) == 3
    last.close_sync()


def test_a_failing_migration_leaves_the_file_at_the_version_before(path: Path):
    opened(path, create=True).close_sync()

    def broken(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (id INTEGER)")
        connection.exec_driver_sql("INSERT INTO no_such_table VALUES (1)")

    with pytest.raises(OperationalError, match="no_such_table"):
        open_database(path, KEY, [*SCHEMA, broken])
    again = opened(path)
    assert again.reader.run_sync(version) == len(SCHEMA)
    assert (
        again.reader.run_sync(
            lambda c: c.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'half'").first()
        )
        is None
    )
    again.close_sync()


@expects_log
def test_a_file_of_a_newer_program_is_refused_and_not_a_byte_changes(path: Path):
    opened(path, create=True).close_sync()
    before = digests(path.parent)
    answer = open_database(path, KEY, SCHEMA[:1])
    assert isinstance(answer, NotOpened)
    assert (answer.refusal, answer.detail) == (OpenRefusal.TOO_NEW, "schema 2, known 1")
    assert digests(path.parent) == before


# Many at once


async def test_writes_keep_the_order_of_the_calls(database: Database):
    numbers = [f"entry {number}" for number in range(200)]
    await asyncio.gather(*(database.writer.run(write(text)) for text in numbers))
    assert await database.reader.run(texts) == numbers


async def test_a_write_is_carried_out_even_when_the_task_that_waits_is_cancelled(database: Database):
    blocked = threading.Event()
    first = asyncio.create_task(database.writer.run(lambda _: blocked.wait(5)))
    second = asyncio.create_task(database.writer.run(write()))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    blocked.set()
    await first
    assert await database.writer.run(count) == 1


async def test_a_reader_sees_one_moment_while_the_writer_goes_on(database: Database):
    await database.writer.run(write())
    looked, written = threading.Event(), threading.Event()

    def look_twice(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        looked.set()
        assert written.wait(5)
        return before, count(connection)

    reading = asyncio.create_task(database.reader.run(look_twice))
    assert await asyncio.to_thread(looked.wait, 5)
    await database.writer.run(write())
    written.set()
    assert await reading == (1, 1)
    assert await database.reader.run(count) == 2


async def test_the_loop_is_not_held_up_by_a_slow_write(database: Database):
    release = threading.Event()
    slow = asyncio.create_task(database.writer.run(lambda _: release.wait(5)))
    await asyncio.sleep(0.01)
    assert not slow.done()
    release.set()
    assert await slow


async def test_closing_finishes_what_was_handed_over_and_refuses_what_comes_after(path: Path):
    database = opened(path, create=True)
    waiting = [asyncio.create_task(database.writer.run(write(f"entry {number}"))) for number in range(20)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*waiting) == list(range(1, 21))
    for late in (database.writer.run(write()), database.reader.run(count)):
        with pytest.raises(StorageFailed) as caught:
            await late
        assert caught.value.fault is Fault.CLOSED
    again = opened(path)
    assert again.reader.run_sync(count) == 20
    again.close_sync()


def test_closing_folds_the_log_into_the_file(path: Path):
    database = opened(path, create=True)
    database.writer.run_sync(write())
    database.close_sync()
    assert sorted(file.name for file in path.parent.iterdir()) == ["cache.db", "cache.db.lock"]
