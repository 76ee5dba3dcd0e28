"""Reads all that proves one batch from the database, at one moment: for its PDF and for its evidence bundle.

A journal's rows are taken in whole segments between checkpoints; rows of other batches only as two hashes (rulings A6).
"""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from app.domain.batch import Batch
from app.domain.facts import Facts
from app.domain.identity import SYSTEM, BatchId, KeyId, PlantId, StationId, UserId
from app.server.kernel.database import Database, Transaction
from app.server.kernel.desk import CommandDesk
from app.server.kernel.record_tables import SYSTEM_KINDS
from app.server.kernel.server_key import ServerKey
from app.server.production.documents import batch_pdf
from app.server.production.history import history_of
from app.server.production.print_sheet import Printing, Standing
from app.server.production.queries import batch_of
from app.wire.bundle import (
    HASHED_KINDS,
    BundleSource,
    CarriedCommand,
    CarriedRecord,
    JournalKey,
    PersonKey,
    Segment,
    StationKey,
    bundle_bytes,
    record_hash,
)
from app.wire.chain import GENESIS, row_digest
from app.wire.checkpoint import EVERY, Checkpoint, checkpoint_digest
from app.wire.codec import load_record
from app.wire.history import HistoryLine
from app.wire.seal import NO_STATION, SealedCommand
from app.wire.verify_record import signatures_in

ACCEPTED: Final = "accepted"
ROWS_AT_ONCE: Final = 5_000
SHOWN_KINDS: Final = HASHED_KINDS | {"master", "product", "plant"}
"""Records of a bundle besides the workstations that its commands came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything about one batch as it stood at the head of its journal."""

    batch: Batch
    records: tuple[CarriedRecord, ...]
    trail: tuple[HistoryLine, ...]
    names: Mapping[UserId, str]
    standing: Standing

    def facts(self) -> Facts:
        """The batch's file as the rulebook knows it."""
        return Facts(load_record(each.kind, each.body) for each in self.records)


async def read_case(tx: Transaction, desk: CommandDesk, plant_id: PlantId, batch_id: BatchId) -> Case:
    """Read a batch's file. Raises `Refused` (NOT_FOUND) where the plant has no such batch. `tx` is a snapshot."""
    batch = await batch_of(tx, plant_id, batch_id)
    records = await _file_of(tx, desk, batch)
    trail = await _trail_of(tx, plant_id, batch_id)
    head = await tx.tuples("SELECT seq, hash FROM kernel.journal_heads WHERE plant_id = $1", plant_id)
    seq, chain = head[0]
    return Case(
        batch=batch,
        records=records,
        trail=trail,
        names=await desk.names_of(tx, _people_in(records, trail)),
        standing=Standing(
            journal=plant_id,
            seq=seq,
            hash=bytes(chain).hex(),
            record_hash=record_hash((each.kind, each.id, each.body) for each in records),
        ),
    )


async def _trail_of(tx: Transaction, plant_id: PlantId, batch_id: BatchId) -> tuple[HistoryLine, ...]:
    """All journal rows of a batch, however many."""
    found: list[HistoryLine] = []
    while page := await history_of(
        tx, plant_id, batch_id, after=found[-1].seq if found else 0, limit=ROWS_AT_ONCE
    ):
        found.extend(page)
    return tuple(found)


def pdf_of(case: Case, printing: Printing) -> bytes:
    """The record on paper. A tenth of a second of one core: call it in a thread of its own."""
    return batch_pdf(
        case.facts(),
        case.batch,
        people=case.names,
        standing=case.standing,
        trail=case.trail,
        printing=printing,
    )


def bundle_of(source: BundleSource, key: ServerKey) -> bytes:
    """The zip, its manifest signed by the server. For a thread of its own as well."""
    return bundle_bytes(source, key_id=key.key_id, sign=key.sign)


async def paper_of(
    database: Database, desk: CommandDesk, plant_id: PlantId, batch_id: BatchId, printing: Printing
) -> bytes:
    """A batch's PDF as of now. Raises `Refused` (NOT_FOUND)."""
    async with database.transaction(snapshot=True) as tx:
        case = await read_case(tx, desk, plant_id, batch_id)
    return await asyncio.to_thread(pdf_of, case, printing)


async def evidence_of(
    database: Database,
    desk: CommandDesk,
    key: ServerKey,
    plant_id: PlantId,
    batch_id: BatchId,
    printing: Printing,
) -> bytes:
    """A batch's evidence bundle as of now, its PDF inside, signed with `key`. Raises `Refused` (NOT_FOUND)."""
    async with database.transaction(snapshot=True) as tx:
        case = await read_case(tx, desk, plant_id, batch_id)
        source = await read_source(tx, desk, case, key, now=printing.at)
    pdf = await asyncio.to_thread(pdf_of, case, printing)
    return await asyncio.to_thread(bundle_of, replace(source, pdf=pdf), key)


async def printed_name(database: Database, desk: CommandDesk, user_id: UserId | None) -> str:
    """How whoever prints is called on paper."""
    if user_id is None:
        return "a workstation"
    async with database.transaction() as tx:
        return (await desk.names_of(tx, [user_id])).get(user_id) or str(user_id)


async def read_source(
    tx: Transaction, desk: CommandDesk, case: Case, key: ServerKey, *, now: datetime
) -> BundleSource:
    """All that a bundle of `case` is made of but its PDF. `tx` must see the moment that `case` was read at."""
    batch = case.batch
    commands = await _commands(tx, _commands_in(case))
    sealed = [each.sealed for each in commands if each.settled == ACCEPTED]
    stations = {each.station_id for each in sealed if each.station_id != NO_STATION}
    station_records = await _raw(tx, desk, "station", "id", stations)
    key_records = await _raw(tx, desk, "key", "id", {each.key_id for each in sealed})
    records = (
        *(each for each in case.records if each.kind in SHOWN_KINDS),
        *sorted(station_records, key=_place),
    )
    wanted: dict[PlantId, set[int]] = {batch.plant_id: {each.seq for each in case.trail}, SYSTEM: set()}
    for each in (*records, *key_records):
        wanted[each.journal].add(each.seq)
    segments: list[Segment] = []
    checkpoints: list[Checkpoint] = []
    for journal, shown in wanted.items():
        runs, points = await _segments(tx, journal, shown, key, now)
        segments.extend(runs)
        checkpoints.extend(points)
    return BundleSource(
        plant_id=batch.plant_id,
        batch_id=batch.id,
        batch_number=batch.number,
        made_at=now,
        records=records,
        segments=tuple(segments),
        checkpoints=tuple(checkpoints),
        commands=commands,
        person_keys=tuple(_person_key(json.loads(each.body)) for each in sorted(key_records, key=_place)),
        station_keys=tuple(
            _station_key(json.loads(each.body)) for each in sorted(station_records, key=_place)
        ),
        journal_keys=await _journal_keys(tx, key),
        people=case.names,
        pdf=b"",
    )


# --- records ----------------------------------------------------------------------------------------------------------


async def _file_of(tx: Transaction, desk: CommandDesk, batch: Batch) -> tuple[CarriedRecord, ...]:
    """The batch's own records, its master record and product, the plant, its workstations and its data sets."""
    found = [
        *await _raw(tx, desk, "batch", "id", {batch.id}),
        *await _raw(tx, desk, "master", "id", {batch.master_id}),
        *await _raw(tx, desk, "product", "id", {batch.product_id}),
        *await _raw(tx, desk, "plant", "plant_id", {batch.plant_id}),
        *await _raw(tx, desk, "station", "plant_id", {batch.plant_id}),
        *await _raw(tx, desk, "dataset", "plant_id", {batch.plant_id}),
    ]
    for kind, table in desk.store.tables.items():
        if table.by_batch:
            found.extend(await _raw(tx, desk, kind, "batch_id", {batch.id}))
    return tuple(sorted(found, key=_place))


async def _raw(
    tx: Transaction, desk: CommandDesk, kind: str, column: str, values: Iterable[object]
) -> list[CarriedRecord]:
    """Records with their bytes as the journal has them, and the row that last changed them."""
    table = desk.store.tables[kind]
    journal = f"'{SYSTEM}'" if kind in SYSTEM_KINDS else "plant_id"
    rows = await tx.tuples(
        f"SELECT {journal}, id, seq, record FROM {table.table} WHERE {column} = ANY($1)",  # noqa: S608  names of ours
        sorted(values, key=str),
    )
    return [
        CarriedRecord(journal=PlantId(plant), kind=kind, id=key, seq=seq, body=body.encode())
        for plant, key, seq, body in rows
    ]


def _place(each: CarriedRecord) -> tuple[str, bytes]:
    return each.kind, each.id.bytes


def _people_in(records: Iterable[CarriedRecord], trail: Iterable[HistoryLine]) -> set[UserId]:
    """Everybody that the record names by id."""
    found = {each.user_id for each in trail if each.user_id is not None}
    for each in records:
        if each.kind not in {"station", "plant", "dataset", "product"}:
            found.update(UserId(UUID(told)) for told in _values(json.loads(each.body), _PEOPLE))
    return found


_PEOPLE: Final = frozenset({"created_by", "officer_id", "author_id", "signer_id", "reported_by"})


def _values(content: Any, names: frozenset[str]) -> Iterator[str]:
    """The values of all fields called so, however deep."""
    if isinstance(content, dict):
        for name, each in cast("dict[str, Any]", content).items():
            if name in names and isinstance(each, str):
                yield each
            else:
                yield from _values(each, names)
    elif isinstance(content, list):
        for each in cast("list[Any]", content):
            yield from _values(each, names)


def _person_key(body: Mapping[str, Any]) -> PersonKey:
    return PersonKey(
        key_id=KeyId(UUID(body["id"])),
        user_id=UserId(UUID(body["user_id"])),
        station_id=StationId(UUID(body["station_id"])),
        public_key=body["public_key"],
    )


def _station_key(body: Mapping[str, Any]) -> StationKey:
    return StationKey(
        station_id=StationId(UUID(body["id"])), name=body["name"], public_key=body["public_key"]
    )


# --- commands ---------------------------------------------------------------------------------------------------------


def _commands_in(case: Case) -> set[UUID]:
    """Every command that changed the batch or was refused to, and those behind the signatures of its master record."""
    found: set[UUID] = {each.command_id for each in case.trail if each.command_id is not None}
    for each in case.records:
        if each.kind in SHOWN_KINDS:
            found.update(UUID(told["command_id"]) for told in signatures_in(json.loads(each.body)))
    return found


async def _commands(tx: Transaction, ids: Iterable[UUID]) -> tuple[CarriedCommand, ...]:
    rows = await tx.tuples(
        "SELECT id, station_id, counter, prev, key_id, signature, body, settled, reason, received_at "
        "FROM kernel.commands WHERE id = ANY($1) ORDER BY received_at, station_id, counter, id",
        list(ids),
    )
    return tuple(
        CarriedCommand(
            id=key,
            sealed=SealedCommand(
                body=bytes(body).decode(),
                station_id=StationId(station),
                counter=counter,
                prev=prev,
                key_id=KeyId(key_id),
                signature=signature,
            ),
            settled=settled,
            reason=reason or "",
            received_at=received_at,
        )
        for key, station, counter, prev, key_id, signature, body, settled, reason, received_at in rows
    )


# --- the journal ------------------------------------------------------------------------------------------------------


async def _segments(
    tx: Transaction, journal: PlantId, shown: set[int], key: ServerKey, now: datetime
) -> tuple[list[Segment], list[Checkpoint]]:
    """The segments that the `shown` rows lie in, and the checkpoints at their ends.

    The youngest segment has no checkpoint at its end yet; the server signs the journal's head then and there.
    """
    if not shown:
        return [], []
    rows = await tx.tuples(
        "SELECT a.seq, a.epoch, a.hash, a.row, a.prev_hash FROM unnest($2::bigint[]) AS part (begin) "
        "JOIN kernel.audit_logs a ON a.plant_id = $1 AND a.seq > part.begin AND a.seq <= part.begin + $3 "
        "ORDER BY a.seq",
        journal,
        sorted({(each - 1) // EVERY * EVERY for each in shown}),
        EVERY,
    )
    segments = list(_runs(journal, rows, shown))
    ends = {each.after for each in segments} | {each.after + len(each.lines) for each in segments}
    found = await tx.tuples(
        "SELECT seq, epoch, hash, key_id, signature, signed_at FROM kernel.checkpoints "
        "WHERE plant_id = $1 AND seq = ANY($2) ORDER BY seq",
        journal,
        sorted(ends),
    )
    points = [
        Checkpoint(
            journal=journal,
            epoch=epoch,
            seq=seq,
            hash=bytes(chain).hex(),
            key_id=key_id,
            signature=bytes(signature).hex(),
            signed_at=signed_at,
        )
        for seq, epoch, chain, key_id, signature, signed_at in found
    ]
    last, epoch, chain = rows[-1][0], rows[-1][1], bytes(rows[-1][2])
    if last not in {each.seq for each in points}:
        points.append(
            Checkpoint(
                journal=journal,
                epoch=epoch,
                seq=last,
                hash=chain.hex(),
                key_id=key.key_id,
                signature=key.sign(checkpoint_digest(journal, epoch, last, chain)).hex(),
                signed_at=now,
            )
        )
    return segments, points


def _runs(journal: PlantId, rows: Sequence[Sequence[Any]], shown: set[int]) -> Iterator[Segment]:
    """Rows that follow each other in one epoch, as they are fed; those not `shown` as their digest."""
    start = 0
    for at in range(1, len(rows) + 1):
        whole = at < len(rows) and rows[at][0] == rows[at - 1][0] + 1 and rows[at][1] == rows[at - 1][1]
        if whole:
            continue
        first = rows[start]
        yield Segment(
            journal=journal,
            epoch=first[1],
            after=first[0] - 1,
            before=bytes(first[4]).hex() if first[0] > 1 else GENESIS.hex(),
            lines=tuple(_line(each, shown) for each in rows[start:at]),
        )
        start = at


def _line(each: Sequence[Any], shown: set[int]) -> bytes:
    seq, _, chain, row, _ = each
    told = bytes(row) if seq in shown else b"#" + row_digest(bytes(row)).hex().encode()
    return f"{seq} {bytes(chain).hex()} ".encode() + told


async def _journal_keys(tx: Transaction, key: ServerKey) -> tuple[JournalKey, ...]:
    rows = await tx.tuples("SELECT key_id, public_key FROM kernel.server_keys ORDER BY since, key_id")
    known = [JournalKey(key_id=key_id, public_key=public_key) for key_id, public_key in rows]
    if key.key_id not in {each.key_id for each in known}:
        known.append(JournalKey(key_id=key.key_id, public_key=key.public_key.hex()))
    return tuple(known)
