"""Takes the feed: checks every row's place in the chain, keeps what records became, remembers what it saw.

Only this writes the cache (design, idea 5). Rows, cursor and witness move in one transaction, and the overlay of a
command goes in the transaction that brings its effect (ruling A7). A chain that does not close freezes the pull: the
station goes on recording, and shows from which row on the server's past is not the one it saw (ruling A9).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import Connection

from app.client.ports import WitnessState
from app.domain.batch import UNDER_REVIEW
from app.domain.identity import SYSTEM, BatchId, PlantId
from app.wire.chain import GENESIS, link, row_digest
from app.wire.codec import dump, load
from app.wire.journal import SEPARATOR
from app.wire.sync import FeedHead, PersonCard
from offline.changes import Changes
from offline.database import Database
from offline.fold import Folds
from offline.overlay import refold
from offline.record_rows import KINDS, RecordRow, id_of, last_of_each, row_of
from offline.record_tables import FreshCopy, put_records, show_finished_imports
from offline.schema import COPY, drop_tables, make_tables, take_over

log = logging.getLogger(__name__)

ROWS_AT_ONCE: Final = 2_000
"""Rows of one transaction: about 50 ms, which is what a save may have to wait behind it."""
_SHARED_KINDS: Final = frozenset({"plant", "station", "master", "person"})
"""Kinds that every fold rests on: the last says who may."""
_WITNESSES_KEPT: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a journal was pulled: the row at `seq` has `hash` (hex). `broken_at`: the first row that differs."""

    journal: PlantId
    epoch: UUID
    seq: int
    hash: str
    broken_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The server's past is not the one this station saw; `seq` is the first row known to differ."""

    journal: PlantId
    seq: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """A feed page whose chain closes, ready to be kept. `commands`: the last row that each command wrote."""

    cursor: Cursor
    rows: tuple[RecordRow, ...]
    commands: dict[bytes, int]


class NotAFeed(ValueError):
    """The answer is no feed page or no whole copy: cut off, or of another make."""


def read_page(before: Cursor, head: FeedHead, lines: Sequence[bytes]) -> ReadPage | Broken:
    """Check and take apart the rows behind `before`. Pure: call it in a thread, a page takes tens of milliseconds.

    Raises `NotAFeed`.
    """
    journal = before.journal
    if (head.journal, head.after) != (journal, before.seq):
        raise NotAFeed("an answer to another question")
    if head.epoch != before.epoch:
        return Broken(journal=journal, seq=before.seq + 1, why="another epoch")
    if head.head_seq < before.seq:
        return Broken(journal=journal, seq=head.head_seq + 1, why="the server is behind this station")
    seq, last = before.seq, bytes.fromhex(before.hash)
    epoch = before.epoch
    found: list[RecordRow] = []
    commands: dict[bytes, int] = {}
    for line in lines:
        number, told, row = _parts(line)
        seq += 1
        hidden = row.startswith(b"#")
        digest = bytes.fromhex(row[1:].decode()) if hidden else row_digest(row)
        last = link(last, journal, epoch, seq, digest)
        if number != seq or last != told:
            return Broken(journal=journal, seq=seq, why="a row does not follow from the one before it")
        if not hidden:
            _take_apart(seq, row, found, commands)
    if seq == head.head_seq and last.hex() != head.hash:
        return Broken(journal=journal, seq=max(seq, 1), why="the head is another one")
    cursor = Cursor(journal=journal, epoch=epoch, seq=seq, hash=last.hex())
    return ReadPage(cursor=cursor, rows=tuple(last_of_each(found)), commands=commands)


def _parts(line: bytes) -> tuple[int, bytes, bytes]:
    try:
        number, told, row = line.split(b" ", 2)
        return int(number), bytes.fromhex(told.decode()), row
    except ValueError as error:
        raise NotAFeed("a line is cut off") from error


def _take_apart(seq: int, row: bytes, found: list[RecordRow], commands: dict[bytes, int]) -> None:
    meta, _, body = row.partition(SEPARATOR)
    plain: dict[str, Any] = from_json(meta)
    kind = plain["entity_type"]
    command = plain["command_id"]
    if kind not in KINDS:  # a sign-in, a refusal: part of the chain, and of no record
        return
    if command is not None:
        commands[bytes.fromhex(command.replace("-", ""))] = seq
    try:
        found.append(row_of(kind, seq, body))
    except (KeyError, ValueError, TypeError):  # checked and counted, though this release can't read it
        log.error("cache.record_not_read", extra={"kind": kind, "seq": seq})


class Cache:
    """The records of this station, and the witness of how they came to be."""

    def __init__(
        self,
        *,
        database: Database,
        folds: Folds,
        changes: Changes,
        plant_id: PlantId,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._folds = folds
        self._changes = changes
        self._plant_id = plant_id
        self._clock = clock

    @property
    def journals(self) -> tuple[PlantId, PlantId]:
        """Both journals, the one that the other rests on first."""
        return SYSTEM, self._plant_id

    async def cursor(self, journal: PlantId) -> Cursor | None:
        """How far this journal was pulled, or None before its first copy."""
        return await self._database.reader.run(lambda c: _cursor(c, journal))

    async def witness_state(self) -> tuple[WitnessState, str]:
        """Whether what the server shows is what this station saw, and a sentence where it is not."""

        def read(connection: Connection) -> list[Cursor]:
            found = (_cursor(connection, each) for each in self.journals)
            return [each for each in found if each is not None]

        cursors = await self._database.reader.run(read)
        broken = [each for each in cursors if each.broken_at is not None]
        if broken:
            first = broken[0]
            return WitnessState.BROKEN, f"{first.journal}: row {first.broken_at} is not the one seen here"
        return (WitnessState.WHOLE if cursors else WitnessState.NOTHING_SEEN), ""

    async def take_page(self, page: ReadPage) -> None:
        """Keep a page: records, cursor and witness together, and drop the overlays whose effects it brought."""
        subjects: set[bytes] = set()

        def keep(connection: Connection) -> bool:
            return self._keep_page(connection, page, subjects)

        kinds = {row.kind for row in page.rows}
        if page.rows or page.commands or await self._moved(page.cursor):
            folded_again = await self._database.writer.run(keep)
            if folded_again:  # what waits here can turn out otherwise, and with it the batch in the list
                kinds.add("batch")
        if kinds or subjects:
            self._changes.tell(kinds, subjects, everything=not kinds.isdisjoint(_SHARED_KINDS))

    async def _moved(self, cursor: Cursor) -> bool:
        known = await self.cursor(cursor.journal)
        return known is None or known.seq != cursor.seq

    def _keep_page(self, connection: Connection, page: ReadPage, subjects: set[bytes]) -> bool:
        put_records(connection, page.cursor.journal, page.rows)
        for row in page.rows:
            if row.batch_id is not None:
                subjects.add(row.batch_id)
            elif row.kind == "deviation":
                subjects.add(row.id)
        if any(row.kind in _SHARED_KINDS for row in page.rows):
            self._folds.forget_all()
        self._move(connection, page.cursor)
        if _has_unanswered(connection):
            _answered_by_feed(connection, page.commands)
        arrived = _drop_arrived(connection, page.cursor)
        subjects.update(arrived)
        self._folds.forget(subjects)
        waiting = _with_pending(connection, subjects) | arrived
        for subject in waiting:
            refold(connection, self._folds, subject)
        return bool(waiting)

    def _move(self, connection: Connection, cursor: Cursor) -> None:
        connection.exec_driver_sql(
            "INSERT INTO cursors (journal, epoch, seq, hash) VALUES (?, ?, ?, ?) ON CONFLICT (journal) DO UPDATE"
            " SET epoch = excluded.epoch, seq = excluded.seq, hash = excluded.hash, broken_at = NULL",
            (cursor.journal, cursor.epoch.bytes, cursor.seq, bytes.fromhex(cursor.hash)),
        )
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO witness (journal, epoch, seq, hash, seen_at) VALUES (?, ?, ?, ?, ?)",
            (
                cursor.journal,
                cursor.epoch.bytes,
                cursor.seq,
                bytes.fromhex(cursor.hash),
                self._clock().isoformat(),
            ),
        )
        connection.exec_driver_sql(
            "DELETE FROM witness WHERE journal = ?1 AND seq <= (SELECT seq FROM witness WHERE journal = ?1"
            " ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
            (cursor.journal, _WITNESSES_KEPT),
        )

    async def freeze(self, broken: Broken) -> None:
        """Pull no more of this journal: what the server shows is kept out until people have looked (ruling A9)."""
        log.error(
            "cache.chain_broken", extra={"journal": broken.journal, "seq": broken.seq, "why": broken.why}
        )
        await self._database.writer.run(
            lambda c: c.exec_driver_sql(
                "UPDATE cursors SET broken_at = ? WHERE journal = ?", (broken.seq, broken.journal)
            ).close()
        )

    async def witnesses(self, journal: PlantId) -> tuple[tuple[int, str], ...]:
        """Rows this station saw: (seq, hash in hex), oldest first."""

        def read(connection: Connection) -> tuple[tuple[int, str], ...]:
            rows = connection.exec_driver_sql(
                "SELECT seq, hash FROM witness WHERE journal = ? ORDER BY seq", (journal,)
            )
            return tuple((seq, bytes(digest).hex()) for seq, digest in rows)

        return await self._database.reader.run(read)

    # --- a fresh copy -------------------------------------------------------------------------------------------------

    async def begin_copy(self) -> None:
        """Make room for a fresh copy beside the records in use."""

        def begin(connection: Connection) -> None:
            drop_tables(connection, COPY)
            make_tables(connection, COPY)

        await self._database.writer.run(begin)

    async def add_to_copy(self, journal: PlantId, rows: Sequence[RecordRow], first_rowid: int) -> int:
        """Add rows of the copy; answers the rowid for the next ones."""

        def add(connection: Connection) -> int:
            copy = FreshCopy(connection, COPY, first_rowid)
            copy.add(journal, rows)
            return copy.next_rowid

        return await self._database.writer.run(add)

    async def finish_copy(self, head: FeedHead, first_rowid: int) -> None:
        """Put the copy in the place of this journal's records, with the cursor where it was taken: one transaction."""

        def finish(connection: Connection) -> None:
            kept = FreshCopy(connection, COPY, first_rowid)
            rows = connection.exec_driver_sql(
                "SELECT journal, kind, seq, body FROM records JOIN bodies USING (rowid) WHERE journal <> ?",
                (head.journal,),
            ).all()
            for journal in {row.journal for row in rows}:
                kept.add(
                    journal, [row_of(r.kind, r.seq, bytes(r.body)) for r in rows if r.journal == journal]
                )
            show_finished_imports(connection, COPY)
            take_over(connection)
            cursor = Cursor(
                journal=head.journal, epoch=head.epoch, seq=head.head_seq, hash=head.hash or GENESIS.hex()
            )
            self._move(connection, cursor)
            _drop_arrived(connection, cursor)
            self._folds.forget_all()
            subjects = connection.exec_driver_sql(
                "SELECT subject FROM pending_records UNION SELECT subject FROM outbox WHERE overlaid = 1"
            ).scalars()
            for subject in {bytes(each) for each in subjects}:
                refold(connection, self._folds, subject)

        await self._database.writer.run(finish)
        self._changes.tell(KINDS, (), everything=True)

    # --- beside the journal -------------------------------------------------------------------------------------------

    async def keep_people(self, cards: Sequence[PersonCard]) -> None:
        """Take over the list of people's names: all of it, in place of the last."""

        def keep(connection: Connection) -> None:
            connection.exec_driver_sql("DELETE FROM cards")
            if cards:
                connection.exec_driver_sql(
                    "INSERT INTO cards (user_id, body) VALUES (?, ?)",
                    [(each.user_id.bytes, dump(each).decode()) for each in cards],
                )

        if tuple(cards) != await self.people():
            await self._database.writer.run(keep)
            self._changes.tell({"person"}, (), everything=True)

    async def people(self) -> tuple[PersonCard, ...]:
        def read(connection: Connection) -> tuple[PersonCard, ...]:
            rows = connection.exec_driver_sql("SELECT body FROM cards ORDER BY user_id").scalars()
            return tuple(load(PersonCard, body) for body in rows)

        return await self._database.reader.run(read)

    async def under_review(self) -> tuple[BatchId, ...]:
        """Batches that wait for this station's word that it holds nothing more of them."""
        statuses = tuple(sorted(each.value for each in UNDER_REVIEW))

        def read(connection: Connection) -> tuple[BatchId, ...]:
            rows = connection.exec_driver_sql(
                "SELECT id FROM batch_rows WHERE status IN (?, ?, ?, ?)", statuses
            ).scalars()
            return tuple(BatchId(id_of(each)) for each in rows)

        return await self._database.reader.run(read)

    async def meta(self, name: str) -> str | None:
        """A value kept beside the records."""
        return await self._database.reader.run(lambda c: read_meta(c, name))

    async def keep_meta(self, name: str, value: str) -> None:
        await self._database.writer.run(lambda c: write_meta(c, name, value))


def read_meta(connection: Connection, name: str) -> str | None:
    value: str | None = connection.exec_driver_sql("SELECT value FROM meta WHERE name = ?", (name,)).scalar()
    return value


def write_meta(connection: Connection, name: str, value: str) -> None:
    connection.exec_driver_sql("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def _cursor(connection: Connection, journal: PlantId) -> Cursor | None:
    row = connection.exec_driver_sql(
        "SELECT epoch, seq, hash, broken_at FROM cursors WHERE journal = ?", (journal,)
    ).one_or_none()
    if row is None:
        return None
    return Cursor(
        journal=journal,
        epoch=id_of(row.epoch),
        seq=row.seq,
        hash=bytes(row.hash).hex(),
        broken_at=row.broken_at,
    )


def _has_unanswered(connection: Connection) -> bool:
    found = connection.exec_driver_sql("SELECT 1 FROM outbox WHERE state IN ('new', 'sending') LIMIT 1")
    return found.scalar() is not None


def _answered_by_feed(connection: Connection, commands: dict[bytes, int]) -> None:
    """The answer to a push was lost, but its effect is here: what the feed brings is accepted."""
    if commands:
        connection.exec_driver_sql(
            "UPDATE outbox SET seq = ? WHERE id = ? AND state IN ('new', 'sending')",
            [(seq, key) for key, seq in commands.items()],
        )


def _drop_arrived(connection: Connection, cursor: Cursor) -> set[bytes]:
    """Take back the overlay of every command whose effect lies at or before the cursor. Answers their subjects."""
    rows = connection.exec_driver_sql(
        "UPDATE outbox SET overlaid = 0 WHERE overlaid = 1 AND plant = ? AND seq IS NOT NULL AND seq <= ?"
        " RETURNING subject",
        (cursor.journal, cursor.seq),
    ).scalars()
    return {bytes(each) for each in rows if each is not None}


def _with_pending(connection: Connection, subjects: set[bytes]) -> set[bytes]:
    rows = connection.exec_driver_sql("SELECT DISTINCT subject FROM outbox WHERE overlaid = 1").scalars()
    return {bytes(each) for each in rows} & subjects
