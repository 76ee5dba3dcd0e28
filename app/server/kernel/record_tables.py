"""Where each kind of record lies: one state table per kind, written by the desk alone.

Every state table has `id`, the typed columns that questions are asked by, `record` (the exact JSON that the journal
row carries), `revision` and `seq`, the journal row that last changed it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.domain.identity import SYSTEM, BatchId, PlantId
from app.domain.record import Record
from app.server.kernel.database import Transaction
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
