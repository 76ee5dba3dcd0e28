"""Where each kind of record lies: one state table per kind, written by the desk alone.

Every state table has `id`, the typed columns that questions are asked by, `record` (the exact JSON that the journal
row carries), `revision` and `seq`, the journal row that last changed it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from app.domain.identity import SYSTEM, BatchId, PlantId
from app.domain.record import Record
from app.server.kernel.database import Overtaken, Transaction
from app.wire.codec import RECORD_CLASSES, load_record

SYSTEM_KINDS: Final = frozenset({"product", "master", "person", "key", "plant"})
"""Kinds that belong to no plant, and so to the system journal (rulings A12)."""

Values = Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A typed column: its name and PostgreSQL type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTable:
    """One kind's table. `values` answers the typed columns of a record, in the order of `columns`.

    `by_plant`: the table has a `plant_id`; `by_batch`: it has a `batch_id`, so its rows are part of a batch's file.
    """

    kind: str
    table: str
    columns: tuple[Column, ...]
    values: Values

    @property
    def by_plant(self) -> bool:
        return any(each.name == "plant_id" for each in self.columns)

    @property
    def by_batch(self) -> bool:
        return any(each.name == "batch_id" for each in self.columns)


def columns(spec: str) -> tuple[Column, ...]:
    """Columns from `name type` pairs, one per comma."""
    pairs = (part.split(maxsplit=1) for part in spec.split(","))
    return tuple(Column(name=name, type=kind) for name, kind in pairs)


def journal_of(each: Record) -> PlantId:
    """The journal a record's changes are written to."""
    if each.KIND in SYSTEM_KINDS:
        return SYSTEM
    plant_id: PlantId = getattr(each, "plant_id")  # noqa: B009  every kind but the system's has one
    return plant_id


def array_literal(texts: Iterable[str]) -> str:
    """`texts` as PostgreSQL writes an array, for a column of arrays inside a set-based insert."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """Records to load: those of `kind` whose `column` is among `values`; all of the kind without a column."""

    kind: str
    column: str = ""
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A record and the journal row that last changed it."""

    record: Record
    seq: int
    body: bytes


class RecordStore:
    """Loads and writes records of every kind, many at a time.

    What was parsed once is not parsed again while the database still holds the very same text.
    """

    def __init__(self, tables: Sequence[RecordTable], *, remembered: int = 20_000) -> None:
        self.tables: Final = {each.kind: each for each in tables}
        self._most = remembered
        self._parsed: dict[tuple[str, UUID], tuple[str, Record]] = {}

    async def load(self, tx: Transaction, wants: Sequence[Want]) -> list[Record]:
        """All that `wants` ask for, in one round trip."""
        parts: list[str] = []
        values: list[object] = []
        for want in wants:
            if want.column and not want.values:
                continue
            select = f"SELECT '{want.kind}', id, record FROM {self.tables[want.kind].table}"  # noqa: S608  names of ours
            if want.column:
                values.append(list(want.values))
                select += f" WHERE {want.column} = ANY(${len(values)})"
            parts.append(select)
        return await self._read(tx, parts, values)

    async def load_batch_files(
        self, tx: Transaction, plant_id: PlantId, batch_ids: Sequence[BatchId], also: Sequence[Want] = ()
    ) -> list[Record]:
        """The files of the batches (all that names them), their master records, the plant and its stations.

        `also` is loaded in the same round trip.
        """
        batches = self.tables["batch"].table
        masters = f"SELECT master_id FROM {batches} WHERE id = ANY($1)"  # noqa: S608  names of ours
        parts = [
            f"SELECT 'batch', id, record FROM {batches} WHERE id = ANY($1)",  # noqa: S608
            f"SELECT 'master', id, record FROM {self.tables['master'].table} WHERE id IN ({masters})",  # noqa: S608
            f"SELECT 'plant', id, record FROM {self.tables['plant'].table} WHERE plant_id = $2",  # noqa: S608
            f"SELECT 'station', id, record FROM {self.tables['station'].table} WHERE plant_id = $2",  # noqa: S608
        ]
        parts.extend(
            f"SELECT '{each.kind}', id, record FROM {each.table} WHERE batch_id = ANY($1)"  # noqa: S608
            for each in self.tables.values()
            if each.by_batch
        )
        values: list[object] = [list(batch_ids), plant_id]
        for want in also:
            values.append(list(want.values))
            parts.append(
                f"SELECT '{want.kind}', id, record FROM {self.tables[want.kind].table} "  # noqa: S608
                f"WHERE {want.column} = ANY(${len(values)})"
            )
        return await self._read(tx, parts, values)

    async def _read(self, tx: Transaction, parts: Sequence[str], values: Sequence[object]) -> list[Record]:
        if not parts:
            return []
        found = await tx.tuples(" UNION ALL ".join(parts), *values)
        return [self._parse(kind, key, body) for kind, key, body in found]

    def _parse(self, kind: str, key: UUID, body: str) -> Record:
        known = self._parsed.get((kind, key))
        if known is not None and known[0] == body:
            return known[1]
        read = load_record(kind, body)
        self._remember(kind, key, body, read)
        return read

    def _remember(self, kind: str, key: UUID, body: str, read: Record) -> None:
        self._parsed.pop((kind, key), None)
        self._parsed[kind, key] = (body, read)
        while len(self._parsed) > self._most:
            del self._parsed[next(iter(self._parsed))]

    async def upsert(self, tx: Transaction, stored: Iterable[Stored]) -> None:
        """Write records as they are now, one statement per kind. Raises `Overtaken` where a newer one lies there."""
        by_kind: dict[str, list[Stored]] = {}
        for each in stored:
            by_kind.setdefault(each.record.KIND, []).append(each)
        for cls in RECORD_CLASSES:
            if rows := by_kind.get(cls.KIND):
                await self._upsert(tx, self.tables[cls.KIND], rows)

        def remember() -> None:
            for rows in by_kind.values():
                for each in rows:
                    self._remember(each.record.KIND, each.record.id, each.body.decode(), each.record)

        tx.committed.append(remember)

    async def _upsert(self, tx: Transaction, table: RecordTable, rows: Sequence[Stored]) -> None:
        rows = sorted(rows, key=lambda each: each.record.id.bytes)  # one order for all writers: no deadlock
        every = zip(
            *(
                (
                    each.record.id,
                    *table.values(each.record),
                    each.body.decode(),
                    each.record.revision,
                    each.seq,
                )
                for each in rows
            ),
            strict=True,
        )
        changed = await tx.execute(_upsert_sql(table), *(list(column) for column in every))
        if changed != len(rows):
            raise Overtaken(table.kind)


@cache
def _upsert_sql(table: RecordTable) -> str:
    kept = (*table.columns, *columns("record text, revision integer, seq bigint"))
    all_columns = (Column(name="id", type="uuid"), *kept)
    names = ", ".join(each.name for each in all_columns)
    arrays = ", ".join(
        f"${number}::{'text' if each.type.endswith('[]') else each.type}[]"
        for number, each in enumerate(all_columns, 1)
    )
    picked = ", ".join(
        f"u.{each.name}::{each.type}" if each.type.endswith("[]") else f"u.{each.name}"
        for each in all_columns
    )
    updates = ", ".join(f"{each.name} = excluded.{each.name}" for each in kept)
    return (
        f"INSERT INTO {table.table} AS known ({names}) SELECT {picked} FROM unnest({arrays}) AS u ({names}) "  # noqa: S608
        f"ON CONFLICT (id) DO UPDATE SET {updates} WHERE known.revision < excluded.revision"
    )
