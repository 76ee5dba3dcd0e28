"""Writing records and the lists derived from them, in the caller's transaction. Only the feed calls `put_records`."""

# ruff: noqa: S608  only names of our own tables and question marks are put into statements; values are bound

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.identity import PlantId
from offline.record_rows import BatchKeys, DeviationKeys, RecordRow, is_transcribed, row_of

NOT_SHOWN: Final = 0
NATIVE: Final = 1
TRANSCRIBED: Final = 2
"""`batch_rows.shown`: a transcribed batch is not shown before its data set's import was completed (ruling A13)."""

_MANY: Final = 500


class FreshCopy:
    """Fills the empty tables under `prefix`: nothing is there to compare with, so rows are only added."""

    def __init__(self, connection: Connection, prefix: str, first_rowid: int) -> None:
        self._connection = connection
        self._prefix = prefix
        self.next_rowid = first_rowid

    def add(self, journal: PlantId, rows: Sequence[RecordRow]) -> None:
        at = self.next_rowid
        self.next_rowid += len(rows)
        numbered = list(zip(range(at, at + len(rows)), rows, strict=True))
        _many(
            self._connection,
            f"INSERT INTO {self._prefix}records (rowid, journal, kind, id, batch_id, tally, seq)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(n, journal, r.kind, r.id, r.batch_id, r.tally, r.seq) for n, r in numbered],
        )
        _many(
            self._connection,
            f"INSERT INTO {self._prefix}bodies (rowid, body) VALUES (?, ?)",
            [(n, r.body) for n, r in numbered],
        )
        add_to_lists(self._connection, numbered, prefix=self._prefix)


def put_records(connection: Connection, journal: PlantId, rows: Sequence[RecordRow]) -> None:
    """Take over what records became. One that is already known as of a later journal row stays as it is."""
    known = _known(connection, [r.id for r in rows])
    newest = int(connection.exec_driver_sql("SELECT coalesce(max(rowid), 0) FROM records").scalar_one())
    numbered: list[tuple[int, RecordRow]] = []
    added: list[tuple[int, RecordRow]] = []
    changed: list[tuple[int, RecordRow]] = []
    for row in rows:
        before = known.get(row.id)
        if before is None:
            newest += 1
            added.append((newest, row))
        elif row.seq > before[1]:
            changed.append((before[0], row))
    numbered = [*added, *changed]
    _many(
        connection,
        "INSERT INTO records (rowid, journal, kind, id, batch_id, tally, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(n, journal, r.kind, r.id, r.batch_id, r.tally, r.seq) for n, r in added],
    )
    _many(
        connection,
        "UPDATE records SET batch_id = ?, tally = ?, seq = ? WHERE rowid = ?",
        [(r.batch_id, r.tally, r.seq, n) for n, r in changed],
    )
    _many(
        connection,
        "INSERT OR REPLACE INTO bodies (rowid, body) VALUES (?, ?)",
        [(n, r.body) for n, r in numbered],
    )
    add_to_lists(connection, numbered)
    if any(r.kind == "dataset" for r in rows):
        show_finished_imports(connection)


def show_finished_imports(connection: Connection, prefix: str = "") -> None:
    """A transcribed batch belongs to the import that was completed after it."""
    connection.exec_driver_sql(
        f"UPDATE {prefix}batch_rows SET shown = {TRANSCRIBED} WHERE shown = {NOT_SHOWN} AND seq <="
        f" (SELECT coalesce(max(seq), -1) FROM {prefix}records WHERE kind = 'dataset')"
    )


def add_to_lists(
    connection: Connection, numbered: Sequence[tuple[int, RecordRow]], *, prefix: str = ""
) -> None:
    """Put batches, deviations, people and comments where lists and searches find them, under the records' rowids."""
    fresh = bool(prefix)
    batches = [(n, r, r.keys) for n, r in numbered if isinstance(r.keys, BatchKeys)]
    deviations = [(n, r, r.keys) for n, r in numbered if isinstance(r.keys, DeviationKeys)]
    _batches(connection, batches, prefix, fresh=fresh)
    _deviations(connection, deviations, prefix, fresh=fresh)
    _many(
        connection,
        f"INSERT OR IGNORE INTO {prefix}worked (person, batch_id) VALUES (?, ?)",
        list({(person, r.batch_id) for _, r in numbered for person in r.people}),
    )
    _many(
        connection,
        f"INSERT OR REPLACE INTO {prefix}comment_words (rowid, words) VALUES (?, ?)",
        [(n, r.comments) for n, r in numbered if r.comments],
    )


def _batches(
    connection: Connection, rows: Sequence[tuple[int, RecordRow, BatchKeys]], prefix: str, *, fresh: bool
) -> None:
    if not rows:
        return
    told = {} if fresh else _told(connection, "batch_rows", [n for n, _, _ in rows])
    finished = -1 if fresh else _last_import(connection)
    _many(
        connection,
        f"INSERT OR REPLACE INTO {prefix}batch_rows (rowid, id, seq, number, product, status, line, started,"
        " created, created_by, origin, shown, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                n, r.id, r.seq, k.number, k.product, k.status, k.line, k.started, k.created, k.created_by,
                k.origin, _shown(k, r.seq, finished), k.words,
            )
            for n, r, k in rows
        ],
    )  # fmt: skip
    _many(
        connection,
        f"INSERT OR REPLACE INTO {prefix}batch_words (rowid, words) VALUES (?, ?)",
        [(n, k.words) for n, _, k in rows if told.get(n) != k.words],
    )


def _shown(keys: BatchKeys, seq: int, finished: int) -> int:
    if not is_transcribed(keys):
        return NATIVE
    return TRANSCRIBED if seq <= finished else NOT_SHOWN


def _deviations(
    connection: Connection, rows: Sequence[tuple[int, RecordRow, DeviationKeys]], prefix: str, *, fresh: bool
) -> None:
    if not rows:
        return
    if not fresh:  # what was only pending until now lies under a number of its own
        unlist_deviations(connection, [r.id for _, r, _ in rows])
    _many(
        connection,
        f"INSERT INTO {prefix}deviation_rows (rowid, id, status, class, batch_id, noticed, words)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(n, r.id, k.status, k.deviation_class, r.batch_id, k.noticed, k.words) for n, r, k in rows],
    )
    _many(
        connection,
        f"INSERT INTO {prefix}deviation_words (rowid, words) VALUES (?, ?)",
        [(n, k.words) for n, _, k in rows],
    )


def unlist_deviations(connection: Connection, ids: Sequence[bytes]) -> None:
    """Take deviations out of the list."""
    for some in _chunks(ids):
        where = f"id IN ({_marks(some)})"
        connection.exec_driver_sql(
            f"DELETE FROM deviation_words WHERE rowid IN (SELECT rowid FROM deviation_rows WHERE {where})",
            tuple(some),
        )
        connection.exec_driver_sql(f"DELETE FROM deviation_rows WHERE {where}", tuple(some))


def relist(connection: Connection, kind: str, key: bytes) -> None:
    """List a batch or deviation as it now is: with this station's pending commands, where it has any."""
    pending = connection.exec_driver_sql(
        "SELECT body FROM pending_records WHERE id = ? AND kind = ?", (key, kind)
    ).scalar()
    known = connection.exec_driver_sql(
        "SELECT rowid, seq, body FROM records JOIN bodies USING (rowid) WHERE id = ? AND kind = ?",
        (key, kind),
    ).one_or_none()
    if pending is None and known is None:
        if kind == "deviation":
            unlist_deviations(connection, [key])
        return
    seq = known.seq if known is not None else 0
    row = row_of(kind, seq, bytes(pending if pending is not None else known.body))  # pyright: ignore[reportOptionalMemberAccess]
    if known is not None:
        number: int = known.rowid
    else:  # below zero no record of the journal ever lies
        lowest = connection.exec_driver_sql("SELECT min(rowid) FROM deviation_rows").scalar() or 0
        number = min(int(lowest), 0) - 1
    add_to_lists(connection, [(number, row)])


def _last_import(connection: Connection) -> int:
    found = connection.exec_driver_sql(
        "SELECT coalesce(max(seq), -1) FROM records WHERE kind = 'dataset' AND batch_id IS NULL"
    )
    return int(found.scalar_one())


def _known(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    """Rowid and journal row of what is known under these ids."""
    found: dict[bytes, tuple[int, int]] = {}
    for some in _chunks(ids):
        rows = connection.exec_driver_sql(
            f"SELECT id, rowid, seq FROM records WHERE id IN ({_marks(some)})", tuple(some)
        )
        found.update((bytes(key), (rowid, seq)) for key, rowid, seq in rows)
    return found


def _told(connection: Connection, table: str, rowids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for some in _chunks(rowids):
        rows = connection.exec_driver_sql(
            f"SELECT rowid, words FROM {table} WHERE rowid IN ({_marks(some)})", tuple(some)
        )
        found.update((rowid, words) for rowid, words in rows)
    return found


def _many(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(statement, list(rows))


def _chunks(each: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(each), _MANY):
        yield each[start : start + _MANY]


def _marks(some: Sequence[Any]) -> str:
    return ", ".join("?" * len(some))
