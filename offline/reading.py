"""Answers the screens' questions from this station's file, with its own pending commands folded in."""

# ruff: noqa: S608  only names of our own tables and question marks are put into statements; values are bound

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import Connection

from app.client.observable import Observable
from app.client.ports import (
    BatchFile,
    BatchPage,
    BatchQuery,
    BatchRow,
    BatchSort,
    Changed,
    DeviationPage,
    DeviationQuery,
    Found,
    Mark,
)
from app.domain.batch import UNDER_REVIEW, Batch, BatchStatus
from app.domain.decision import Reason
from app.domain.deviation import Deviation, DeviationStatus
from app.domain.facts import Facts
from app.domain.identity import BatchId, DeviationId, PlantId, UserId, step_id
from app.domain.master_record import MasterRecord, MasterStatus, Product
from app.domain.plant import Plant
from app.wire.codec import load, load_record
from app.wire.sync import PersonCard
from offline.batch_index import BROAD, BatchIndex
from offline.changes import Changes
from offline.database import Database
from offline.fold import FoldReader, Shelf, every_record, one_record
from offline.outbox import mark_of
from offline.record_rows import id_of, match_of
from offline.record_tables import NATIVE, TRANSCRIBED

_SORTED_BY: Final = {
    BatchSort.NUMBER: "number",
    BatchSort.PRODUCT: "product {way}, number",
    BatchSort.STATUS: "status {way}, created",
    BatchSort.STARTED: "started",
    BatchSort.CREATED: "created",
}
_COMMENT_HITS: Final = 2_000
_STEP_BATCHES: Final = 50
"""Running batches whose steps the palette offers."""


@dataclass(slots=True)
class _Tally:
    """What one batch's line counts."""

    steps_done: int = 0
    contested: int = 0
    exceptions_open: int = 0
    deviations_open: int = 0
    pending: int = 0

    def count(self, kind: str, tally: str, n: int) -> None:
        match kind, tally:
            case "step", "settled":
                self.steps_done += n
            case "step", "contested":
                self.contested += n
            case "exception", "open":
                self.exceptions_open += n
            case "deviation", "open":
                self.deviations_open += n
            case _:
                pass


@dataclass(slots=True)
class _Where:
    """Conditions and the values bound in them."""

    conditions: list[str] = field(default_factory=list[str])
    values: list[Any] = field(default_factory=list[Any])

    def add(self, condition: str, *values: Any) -> None:
        self.conditions.append(condition)
        self.values.extend(values)

    @property
    def text(self) -> str:
        return " AND ".join(self.conditions) or "1"

    @property
    def bound(self) -> tuple[Any, ...]:
        return tuple(self.values)


_LISTED: Final = frozenset({"batch", "dataset"})
"""What the list of batches is made of: a data set that is complete brings its batches to light."""


class Reading:
    """The `Records` of this station."""

    def __init__(
        self,
        *,
        database: Database,
        folds: FoldReader,
        shelf: Shelf,
        changes: Changes,
        plant_id: PlantId,
    ) -> None:
        self._database = database
        self._folds = folds
        self._shelf = shelf
        self._changes = changes
        self._plant_id = plant_id
        self._index: tuple[int, BatchIndex] | None = None
        self._counted: tuple[int, dict[tuple[Any, ...], dict[BatchStatus, int]]] = (0, {})
        self._version = 0
        changes.changed.subscribe(self._on_changed)

    @property
    def changed(self) -> Observable[Changed]:
        return self._changes.changed

    def _on_changed(self, changed: Changed) -> None:
        if not changed.kinds.isdisjoint(_LISTED):
            self._version += 1

    async def batches(self, query: BatchQuery) -> BatchPage:
        version = (
            self._version
        )  # of before the read: what changes meanwhile makes what is kept out of date, not wrong
        return await self._database.reader.run(lambda c: self._batches(c, query, version))

    async def batch(self, batch_id: BatchId) -> BatchFile | None:
        fold = await self._folds.of(batch_id.bytes)
        batch = fold.facts.one(Batch, batch_id)
        master = fold.facts.one(MasterRecord, batch.master_id) if batch else None
        if batch is None or master is None:
            return None
        people, marks = await self._database.reader.run(
            lambda c: (cards_of(c), _marks_of(c, "subject = ?", (batch_id.bytes,)))
        )
        troubled = dict[UUID, Reason](fold.troubled.items())
        marks.update(dict.fromkeys(troubled, Mark.NEEDS_ATTENTION))
        return BatchFile(
            batch=batch,
            master=master,
            facts=fold.facts,
            people=people,
            marks=marks,
            troubled=troubled,
        )

    async def deviations(self, query: DeviationQuery) -> DeviationPage:
        return await self._database.reader.run(lambda c: _deviations(c, query))

    async def deviation(self, deviation_id: DeviationId) -> Deviation | None:
        def read(connection: Connection) -> Deviation | None:
            found = _effective(connection, "deviation", [deviation_id.bytes])
            return cast("Deviation | None", next(iter(found.values()), None))

        return await self._database.reader.run(read)

    async def masters(self) -> tuple[MasterRecord, ...]:
        found = await self._database.reader.run(lambda c: every_record(c, self._shelf, "master"))
        return Facts(found).every(MasterRecord, status=MasterStatus.EFFECTIVE)

    async def products(self) -> tuple[Product, ...]:
        found = await self._database.reader.run(lambda c: every_record(c, self._shelf, "product"))
        return Facts(found).every(Product)

    async def lines(self) -> tuple[str, ...]:
        found = await self._database.reader.run(lambda c: every_record(c, self._shelf, "plant"))
        own = Facts(found).every(Plant, plant_id=self._plant_id)
        return own[0].lines if own else ()

    async def find(self, text: str, limit: int = 20) -> tuple[Found, ...]:
        match = match_of(text)
        if not match:
            return ()
        return await self._database.reader.run(lambda c: self._find(c, text, match, limit))

    # --- batches ------------------------------------------------------------------------------------------------------

    def _batches(self, connection: Connection, query: BatchQuery, version: int) -> BatchPage:
        counts, total, rowids = self._page_of(connection, query, version)
        rows = connection.exec_driver_sql(
            f"SELECT rowid, id FROM batch_rows WHERE rowid IN ({_marks(rowids)})", tuple(rowids)
        )
        keys = {rowid: bytes(key) for rowid, key in rows}
        ids = [keys[rowid] for rowid in rowids if rowid in keys]
        return BatchPage(rows=self._rows(connection, ids), total=total, counts=counts)

    def _page_of(
        self, connection: Connection, query: BatchQuery, version: int
    ) -> tuple[dict[BatchStatus, int], int, list[int]]:
        """Counts by status, matches in all, and the rows to show: first which ones, from indexes alone."""
        way = "DESC" if query.descending else "ASC"
        order = f"{_SORTED_BY[query.sort].format(way=way)} {way}, rowid {way}"
        hits = _hits(connection, query)
        if hits is not None and len(hits) >= BROAD:
            return self._broad(connection, query, hits, order, version)
        where = _batches_where(query, hits)
        counts = self._counts(connection, where, version) if hits is None else _counts(connection, where)
        if query.statuses:
            chosen = sorted(each.value for each in query.statuses)
            where.add(f"+status IN ({_marks(chosen)})", *chosen)
        page = connection.exec_driver_sql(
            f"SELECT rowid FROM batch_rows WHERE {where.text} ORDER BY {order} LIMIT ? OFFSET ?",
            (*where.bound, query.limit, query.offset),
        ).scalars()
        return counts, _sum(counts, query), list(page)

    def _counts(self, connection: Connection, where: _Where, version: int) -> dict[BatchStatus, int]:
        """Of all batches, kept until one changes: counting 100,000 takes 30 ms, and each page of a scroll asks."""
        if self._counted[0] != version:
            self._counted = (version, {})
        kept = self._counted[1]
        key = (where.text, where.bound)
        if key not in kept:
            kept[key] = _counts(connection, where)
        return dict(kept[key])

    def _broad(
        self, connection: Connection, query: BatchQuery, hits: Sequence[int], order: str, version: int
    ) -> tuple[dict[BatchStatus, int], int, list[int]]:
        kept = self._index
        if kept is None or kept[0] != version:
            kept = self._index = (version, BatchIndex(connection))
        index = kept[1]
        hits = index.known(hits)
        shown = TRANSCRIBED if query.transcribed else NATIVE
        counts = index.counts(hits, shown, query.line)
        statuses = {each.value for each in query.statuses}

        def wanted(status: str, is_shown: int, line: str) -> bool:
            fits = not statuses or status in statuses
            return fits and is_shown == shown and (not query.line or line == query.line)

        page = index.page(connection, hits, order, wanted, query.offset, query.limit)
        return counts, _sum(counts, query), page

    def _rows(self, connection: Connection, ids: Sequence[bytes]) -> tuple[BatchRow, ...]:
        batches = cast("Mapping[bytes, Batch]", _effective(connection, "batch", ids))
        tallies = _tallies(connection, ids)
        return tuple(self._row(connection, batches[key], tallies[key]) for key in ids if key in batches)

    def _row(self, connection: Connection, batch: Batch, tally: _Tally) -> BatchRow:
        masters = one_record(connection, self._shelf, "master", batch.master_id.bytes)
        master = Facts(masters).one(MasterRecord, batch.master_id)
        waiting = batch.status in UNDER_REVIEW
        return BatchRow(
            id=batch.id,
            number=batch.number,
            product_name=batch.product_name,
            quantity=f"{batch.quantity.value} {batch.quantity.unit}",
            stage_name=batch.stage_name,
            status=batch.status,
            line=batch.line,
            steps_done=tally.steps_done,
            steps_total=master.step_count if master else 0,
            started_at=batch.started_at,
            started_on=batch.started_on,
            waiting_since=batch.signatures[-1].signed_at if waiting and batch.signatures else None,
            holds=batch.holds,
            deviations_open=tally.deviations_open,
            exceptions_open=tally.exceptions_open,
            contested=tally.contested,
            pending=tally.pending,
            origin=batch.origin,
        )

    # --- the palette ----------------------------------------------------------------------------------------------------

    def _find(self, connection: Connection, text: str, match: str, limit: int) -> tuple[Found, ...]:
        batches = connection.exec_driver_sql(
            "SELECT b.id, b.number, b.product, b.status FROM batch_words w JOIN batch_rows b ON b.rowid = w.rowid"
            " WHERE batch_words MATCH ? AND b.shown <> 0 ORDER BY w.rowid DESC LIMIT ?",
            (match, limit),
        ).all()
        found = [
            Found(kind="batch", id=id_of(key), title=number, subtitle=f"{product} · {status}")
            for key, number, product, status in batches
        ]
        keys = connection.exec_driver_sql(
            "SELECT d.id FROM deviation_words w JOIN deviation_rows d ON d.rowid = w.rowid"
            " WHERE deviation_words MATCH ? ORDER BY d.noticed DESC LIMIT ?",
            (match, limit),
        ).scalars()
        deviations = _effective(connection, "deviation", [bytes(each) for each in keys])
        found.extend(
            Found(kind="deviation", id=each.id, title=each.number or each.title, subtitle=each.title)
            for each in cast("Iterable[Deviation]", deviations.values())
        )
        if len(found) < limit:
            found.extend(self._steps(connection, text, limit - len(found)))
        return tuple(found[:limit])

    def _steps(self, connection: Connection, text: str, limit: int) -> list[Found]:
        """Steps of running batches whose titles hold every word that was typed."""
        words = text.casefold().split()
        running = connection.exec_driver_sql(
            "SELECT id FROM batch_rows WHERE status = ? ORDER BY created DESC LIMIT ?",
            (BatchStatus.IN_PROGRESS.value, _STEP_BATCHES),
        ).scalars()
        batches = cast(
            "Mapping[bytes, Batch]", _effective(connection, "batch", [bytes(each) for each in running])
        )
        found: list[Found] = []
        for batch in batches.values():
            masters = one_record(connection, self._shelf, "master", batch.master_id.bytes)
            for master in Facts(masters).every(MasterRecord):
                for stage in master.stages:
                    for spec in stage.steps:
                        if all(word in spec.title.casefold() for word in words):
                            key = step_id(batch.id, stage.key, spec.key)
                            place = f"{batch.number} · {stage.name}"
                            found.append(Found(kind="step", id=key, title=spec.title, subtitle=place))
            if len(found) >= limit:
                break
        return found[:limit]


def _counts(connection: Connection, where: _Where) -> dict[BatchStatus, int]:
    rows = connection.exec_driver_sql(
        f"SELECT status, count(*) FROM batch_rows WHERE {where.text} GROUP BY status", where.bound
    )
    return {BatchStatus(status): int(n) for status, n in rows}


def _sum(counts: Mapping[BatchStatus, int], query: BatchQuery) -> int:
    return sum(n for status, n in counts.items() if not query.statuses or status in query.statuses)


def _hits(connection: Connection, query: BatchQuery) -> list[int] | None:
    """Rows of batches with the words and the person asked for; None where neither was."""
    searched = _with_words(connection, query.text) if query.text.strip() else None
    if query.mine is None:
        return searched
    own = _numbers(
        connection,
        "SELECT b.rowid FROM worked w JOIN batch_rows b ON b.id = w.batch_id WHERE w.person = ?",
        query.mine.bytes,
    )
    return own if searched is None else list(set(own).intersection(searched))


def _with_words(connection: Connection, text: str) -> list[int]:
    """Batches with these words in number, product, line and lots, or in a comment of an entry."""
    match = match_of(text)
    if not match:
        return []
    hits = _numbers(connection, "SELECT rowid FROM batch_words WHERE batch_words MATCH ?", match)
    commented = _numbers(
        connection,
        "SELECT DISTINCT b.rowid FROM comment_words c JOIN records r ON r.rowid = c.rowid"
        f" JOIN batch_rows b ON b.id = r.batch_id WHERE comment_words MATCH ? LIMIT {_COMMENT_HITS}",
        match,
    )
    return hits if not commented else [*hits, *set(commented).difference(hits)]


def _numbers(connection: Connection, statement: str, value: str | bytes) -> list[int]:
    """The one column of a statement. As one JSON text: 70,000 rows would cost 20 ms of a keystroke's 30, this costs 6."""
    told = connection.exec_driver_sql(
        f"WITH found (n) AS ({statement}) SELECT json_group_array(n) FROM found", (value,)
    )
    return from_json(told.scalar_one())


def _batches_where(query: BatchQuery, hits: Sequence[int] | None) -> _Where:
    where = _Where()
    where.add("shown = ?", TRANSCRIBED if query.transcribed else NATIVE)
    if query.line:
        where.add("line = ?", query.line)
    if hits is not None:
        where.add(f"rowid IN ({', '.join(map(str, hits))})")
    return where


def _tallies(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, _Tally]:
    found = {key: _Tally() for key in ids}
    if not ids:
        return found
    marks = _marks(ids)
    counted = connection.exec_driver_sql(
        "SELECT batch_id, kind, tally, count(*) FROM records"
        f" WHERE batch_id IN ({marks}) AND kind IN ('step', 'exception', 'deviation')"
        " GROUP BY batch_id, kind, tally",
        tuple(ids),
    )
    for key, kind, tally, n in counted:
        found[bytes(key)].count(kind, tally, n)
    overlaid = connection.exec_driver_sql(
        "SELECT p.batch_id, p.kind, p.tally, r.tally AS was FROM pending_records p"
        f" LEFT JOIN records r ON r.id = p.id AND r.kind = p.kind WHERE p.batch_id IN ({marks})",
        tuple(ids),
    )
    for key, kind, tally, was in overlaid:
        if was is not None:
            found[bytes(key)].count(kind, was, -1)
        found[bytes(key)].count(kind, tally, 1)
    waiting = connection.exec_driver_sql(
        f"SELECT subject, count(*) FROM outbox WHERE overlaid = 1 AND subject IN ({marks}) GROUP BY subject",
        tuple(ids),
    )
    for key, n in waiting:
        found[bytes(key)].pending = n
    return found


def _effective(connection: Connection, kind: str, ids: Sequence[bytes]) -> dict[bytes, Any]:
    """Records with this station's overlay, in the order of `ids`."""
    if not ids:
        return {}
    marks = _marks(ids)
    bodies: dict[bytes, bytes] = {}
    known = connection.exec_driver_sql(
        f"SELECT id, body FROM records JOIN bodies USING (rowid) WHERE kind = ? AND id IN ({marks})",
        (kind, *ids),
    )
    bodies.update((bytes(key), bytes(body)) for key, body in known)
    pending = connection.exec_driver_sql(
        f"SELECT id, body FROM pending_records WHERE kind = ? AND id IN ({marks})", (kind, *ids)
    )
    bodies.update((bytes(key), bytes(body)) for key, body in pending)
    return {key: load_record(kind, bodies[key]) for key in ids if key in bodies}


def _deviations(connection: Connection, query: DeviationQuery) -> DeviationPage:
    where = _Where()
    if query.classification is not None:
        where.add("class = ?", query.classification.value)
    if query.batch_id is not None:
        where.add("batch_id = ?", query.batch_id.bytes)
    if query.text.strip():
        match = match_of(query.text)
        if match:
            where.add("rowid IN (SELECT rowid FROM deviation_words WHERE deviation_words MATCH ?)", match)
        else:
            where.add("0")
    rows = connection.exec_driver_sql(
        f"SELECT status, count(*) FROM deviation_rows WHERE {where.text} GROUP BY status", where.bound
    )
    counts = {DeviationStatus(status): int(n) for status, n in rows}
    if query.statuses:
        chosen = sorted(each.value for each in query.statuses)
        where.add(f"status IN ({_marks(chosen)})", *chosen)
    total = sum(n for status, n in counts.items() if not query.statuses or status in query.statuses)
    page = connection.exec_driver_sql(
        f"SELECT id FROM deviation_rows WHERE {where.text} ORDER BY noticed DESC, id DESC LIMIT ? OFFSET ?",
        (*where.bound, query.limit, query.offset),
    ).scalars()
    found = _effective(connection, "deviation", [bytes(each) for each in page])
    return DeviationPage(
        rows=tuple(cast("Iterable[Deviation]", found.values())),
        total=total,
        counts=counts,
        marks=_marks_of(connection, "kind LIKE 'deviation.%'", (), by_deviation=True),
    )


def _marks_of(
    connection: Connection, condition: str, values: tuple[Any, ...], *, by_deviation: bool = False
) -> dict[UUID, Mark]:
    """Where this station's commands are on their way, by command or by the deviation they are about."""
    rows = connection.exec_driver_sql(
        "SELECT id, state, slot FROM outbox"
        f" WHERE (overlaid = 1 OR state IN ('new', 'sending', 'refused')) AND {condition} ORDER BY counter",
        values,
    )
    found: dict[UUID, Mark] = {}
    for key, state, slot in rows:
        found[UUID(slot) if by_deviation else id_of(key)] = mark_of(state)
    return found


def cards_of(connection: Connection) -> dict[UserId, PersonCard]:
    """People by id, as screens name them."""
    rows = connection.exec_driver_sql("SELECT body FROM cards").scalars()
    cards = (load(PersonCard, body) for body in rows)
    return {UserId(each.user_id): each for each in cards}


def _marks(some: Sequence[Any]) -> str:
    return ", ".join("?" * len(some))
