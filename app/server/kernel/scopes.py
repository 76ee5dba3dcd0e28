"""The facts that commands are decided on: locked in one order for everybody, then loaded all at once.

Each batch has a room of its own, holding that batch's file, so that a rule which goes through *all* steps goes through
those of one batch. What belongs to no batch stands in the house, with what is shared.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from uuid import UUID

from app.domain.decision import Change
from app.domain.deviation import Deviation
from app.domain.facts import Facts
from app.domain.identity import BatchId, PlantId
from app.domain.record import Record
from app.domain.rulebook import Scope
from app.server.kernel.database import Transaction
from app.server.kernel.record_tables import RecordStore, Want

SHARED: Final = frozenset({"plant", "station", "master"})
"""Kinds that the rules of every batch may ask for."""


class Rooms:
    """What is known while a run of commands is decided. Built anew for every transaction."""

    def __init__(self, store: RecordStore, plant_id: PlantId) -> None:
        self._store = store
        self._plant_id = plant_id
        self._rooms: dict[UUID, Facts] = {}
        self._batch_of: dict[UUID, UUID] = {}
        self.house = Facts()

    async def open(self, tx: Transaction, scopes: Iterable[Scope]) -> None:
        """Lock what `scopes` name, and load it. Waits for whoever holds one of the locks."""
        wanted = tuple(scopes)
        if not wanted:
            return
        deviations = sorted({each.deviation_id for each in wanted if each.deviation_id}, key=str)
        named = await self._store.load(tx, [Want(kind="deviation", column="id", values=tuple(deviations))])
        for each in named:
            if (batch_id := _batch_id(each)) is not None:
                self._batch_of[each.id] = batch_id
        batches = {each.batch_id for each in wanted if each.batch_id}
        batches |= {BatchId(each) for each in self._batch_of.values()}
        await self._lock(tx, wanted, sorted(batches, key=lambda each: each.bytes))
        await self._load(tx, wanted, sorted(batches, key=lambda each: each.bytes))

    async def _lock(self, tx: Transaction, scopes: Iterable[Scope], batches: list[BatchId]) -> None:
        alone: set[str] = set()
        beside: set[str] = set()
        for each in scopes:
            alone.update(f"kind:{kind}" for kind in each.kinds)
            if each.deviation_id:
                alone.add(f"deviation:{each.deviation_id}")
            if each.number.strip():
                alone.add(f"number:{self._plant_id}:{each.number.strip()}")
            if each.record and each.record[0] == "master":
                beside.add("kind:master")  # many batches may be made from one master at a time
            elif each.record:
                alone.add(f"record:{each.record[0]}:{each.record[1]}")
        keys = sorted(
            {*((_key(name), True) for name in alone), *((_key(name), False) for name in beside - alone)}
        )
        if keys:
            await tx.execute(
                "SELECT CASE WHEN alone THEN pg_advisory_xact_lock(key) ELSE pg_advisory_xact_lock_shared(key) END "
                "FROM unnest($1::bigint[], $2::boolean[]) AS u (key, alone)",
                [key for key, _ in keys],
                [exclusive for _, exclusive in keys],
            )
        if batches:
            table = self._store.tables["batch"].table
            await tx.execute(f"SELECT FROM {table} WHERE id = ANY($1) ORDER BY id FOR UPDATE", batches)

    async def _load(self, tx: Transaction, scopes: tuple[Scope, ...], batches: list[BatchId]) -> None:
        numbers = {each.number.strip() for each in scopes} - {""}
        taken: list[object] = []
        if numbers:
            rows = await tx.tuples(
                "SELECT batch_id FROM kernel.batch_numbers WHERE plant_id = $1 AND number = ANY($2)",
                self._plant_id,
                sorted(numbers),
            )
            taken = [row[0] for row in rows]
        ids: dict[str, set[UUID]] = {}
        for each in scopes:
            if each.record:
                ids.setdefault(each.record[0], set()).add(each.record[1])
            if each.deviation_id:
                ids.setdefault("deviation", set()).add(each.deviation_id)
        also = [Want(kind=kind, column="id", values=tuple(keys)) for kind, keys in sorted(ids.items())]
        if taken:
            also.append(Want(kind="batch", column="id", values=tuple(taken)))
        found = await self._store.load_batch_files(tx, self._plant_id, batches, also)
        whole = sorted({kind for each in scopes for kind in each.kinds})
        found += await self._store.load(tx, [Want(kind=kind) for kind in whole])
        for batch_id in batches:
            self._rooms[batch_id] = Facts()
        for each in found:
            if each.KIND in SHARED or getattr(each, "plant_id", self._plant_id) == self._plant_id:
                self._put(each)  # another plant's batch is as unknown here as one that never was

    def _put(self, each: Record) -> None:
        self.house.put(each)
        if each.KIND in SHARED:
            for room in self._rooms.values():
                room.put(each)
            return
        batch_id = each.id if each.KIND == "batch" else _batch_id(each)
        room = self._rooms.get(batch_id) if batch_id else None
        if room is not None:
            room.put(each)

    def facts(self, scope: Scope) -> Facts:
        """The facts for one command."""
        if scope.batch_id is not None:
            room = self._rooms[scope.batch_id]
            if scope.deviation_id and (known := self.house.one(Deviation, scope.deviation_id)) is not None:
                room.put(known)  # its id may be taken by one of another batch
            return room
        if (
            scope.deviation_id is not None
            and (batch_id := self._batch_of.get(scope.deviation_id)) is not None
        ):
            return self._rooms[batch_id]
        return self.house

    def apply(self, changes: Iterable[Change]) -> None:
        """Let the next commands see what this one changed."""
        for each in changes:
            self._put(each.after)
            batch_id = _batch_id(each.after)
            if each.after.KIND == "deviation" and batch_id is not None and batch_id in self._rooms:
                self._batch_of[each.after.id] = batch_id


def _batch_id(each: Record) -> UUID | None:
    return getattr(each, "batch_id", None)


def _key(name: str) -> int:
    """An advisory lock's number for a name."""
    return int.from_bytes(sha256(f"batchwright:{name}".encode()).digest()[:8], "big", signed=True)
