"""What a run of commands comes to, and how it is written: journal, records, commands, in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from app.domain.batch import Batch
from app.domain.decision import RULEBOOK_VERSION, Change, Refusal
from app.domain.envelope import Envelope
from app.domain.identity import CommandId, PlantId
from app.domain.record import Record
from app.server.kernel.database import Transaction
from app.server.kernel.journal import Event, Journal, open_journal
from app.server.kernel.record_tables import RecordStore, Stored, journal_of
from app.server.kernel.seals import Arrival
from app.server.kernel.security import Remote
from app.wire.codec import adapter, dump
from app.wire.journal import JournalMeta, row_bytes
from app.wire.sync import Outcome, Settled

REFUSED: Final = "command.refused"
UNREADABLE: Final = "unreadable"


@dataclass(slots=True, kw_only=True)
class Result:
    """One command's outcome before it is numbered. `stored_id` differs from the command's own where that was taken."""

    arrival: Arrival
    stored_id: CommandId
    changes: tuple[Change, ...] = ()
    refusal: Refusal | None = None
    seq: int | None = None
    after: tuple[Record, ...] = ()

    def outcome(self) -> Outcome:
        """The answer to the station."""
        if self.refusal is None:
            return Outcome(id=self.arrival.id, settled=Settled.ACCEPTED, seq=self.seq)
        return Outcome(
            id=self.arrival.id,
            settled=Settled.REFUSED,
            reason=self.refusal.reason,
            detail=self.refusal.detail,
            blockers=self.refusal.blockers,
        )


@dataclass(slots=True, kw_only=True)
class _Run:
    """The rows of one journal, in order: their bytes, the result each belongs to, the record each leaves."""

    rows: list[bytes] = field(default_factory=list[bytes])
    results: list[Result] = field(default_factory=list[Result])
    bodies: list[tuple[Record, bytes] | None] = field(default_factory=list[tuple[Record, bytes] | None])


class Writer:
    """Writes the results of one transaction."""

    def __init__(self, *, journal: Journal, store: RecordStore, plant_id: PlantId, now: datetime) -> None:
        self._journal = journal
        self._store = store
        self._plant_id = plant_id
        self._now = now

    async def write(self, tx: Transaction, results: Sequence[Result]) -> int | None:
        """Write everything. Answers the plant journal's new head, None where nothing was appended to it.

        The journal goes first, because records and commands carry the numbers it gives; its head stays locked from
        there to the commit, with nothing between but set-based statements.
        """
        runs: dict[PlantId, _Run] = {}
        for result in results:
            for journal, row, body in self._rows(result):
                run = runs.setdefault(journal, _Run())
                run.rows.append(row)
                run.results.append(result)
                run.bodies.append(body)
        for result in results:
            for change in result.changes:
                if change.before is None and change.after.KIND == "plant":
                    await open_journal(tx, getattr(change.after, "plant_id"))  # noqa: B009
        stored: dict[tuple[str, UUID], Stored] = {}
        head: int | None = None
        for journal in sorted(runs):
            run = runs[journal]
            appended = await self._journal.append(tx, journal, run.rows)
            if journal == self._plant_id:
                head = appended.last_seq
            for seq, (result, body) in enumerate(
                zip(run.results, run.bodies, strict=True), appended.first_seq
            ):
                if result.seq is None or journal == self._plant_id:
                    result.seq = seq  # the plant's own journal is the one a station follows
                if body is not None:
                    each, dumped = body
                    stored[each.KIND, each.id] = Stored(record=each, seq=seq, body=dumped)
        await self._store.upsert(tx, stored.values())
        await self._number_batches(tx, results)
        await self._keep(tx, results)
        return head

    def _rows(self, result: Result) -> Iterator[tuple[PlantId, bytes, tuple[Record, bytes] | None]]:
        arrival = result.arrival
        envelope = arrival.envelope
        if result.refusal is not None or envelope is None:
            event = Event(
                event_type=REFUSED,
                entity_type="refusal",
                entity_id=result.stored_id,
                action="refuse",
                user_id=envelope.author_id if envelope else None,
                batch_id=_batch_of(arrival),
                reason=result.refusal.reason.value if result.refusal else "",
                command_id=result.stored_id,
                station_id=arrival.sealed.station_id,
                performed_at=envelope.performed_at if envelope else None,
            )
            body = dump(result.outcome())
            row = self._journal.event_row(event, body, arrival.remote, rulebook=RULEBOOK_VERSION)
            yield self._plant_id, row, None
            return
        for change in result.changes:
            body = dump(change.after)
            meta = self._meta(change, envelope, arrival.remote)
            yield journal_of(change.after), row_bytes(meta, body), (change.after, body)

    def _meta(self, change: Change, envelope: Envelope, remote: Remote) -> JournalMeta:
        after = change.after
        return JournalMeta(
            event_type=change.event,
            entity_type=after.KIND,
            entity_id=after.id,
            batch_id=after.id if isinstance(after, Batch) else getattr(after, "batch_id", None),
            user_id=envelope.author_id,
            action="create" if change.before is None else "update",
            old_values={} if change.before is None else old_values(change.before, after),
            reason=change.note,
            command_id=envelope.id,
            station_id=envelope.station_id,
            performed_at=envelope.performed_at,
            timestamp=self._now,
            rulebook=RULEBOOK_VERSION,
            nonce=self._journal.nonce(),
            ip_address=remote.ip_address,
            user_agent=remote.user_agent,
        )

    async def _number_batches(self, tx: Transaction, results: Sequence[Result]) -> None:
        """Numbers are unique in a plant by a key of their own: the batches' partitions cannot hold one (A10)."""
        made = [
            (each.after.number, each.after.id)
            for result in results
            for each in result.changes
            if each.before is None and isinstance(each.after, Batch)
        ]
        if made:
            await tx.execute(
                "INSERT INTO kernel.batch_numbers (plant_id, number, batch_id) "
                "SELECT $1, * FROM unnest($2::text[], $3::uuid[])",
                self._plant_id,
                [number for number, _ in made],
                [batch_id for _, batch_id in made],
            )

    async def _keep(self, tx: Transaction, results: Sequence[Result]) -> None:
        """Keep every command with its bytes and its outcome, refused ones as well (ruling A4)."""
        if not results:
            return
        rows = [self._kept(each) for each in results]
        if len(rows) <= FEW:
            await tx.many(_KEEP, rows)
        else:
            await tx.copy("commands", "kernel", COMMAND_COLUMNS, rows)

    def _kept(self, result: Result) -> tuple[object, ...]:
        arrival, sealed, envelope = result.arrival, result.arrival.sealed, result.arrival.envelope
        outcome = result.outcome()
        return (
            result.stored_id,
            self._plant_id,
            sealed.station_id,
            sealed.counter if 0 <= sealed.counter < 2**63 else -1,
            arrival.in_chain,
            envelope.author_id if envelope else None,
            envelope.command.kind if envelope else UNREADABLE,
            _batch_of(arrival),
            sealed.body.encode(),
            _kept_text(sealed.prev),
            sealed.key_id,
            _kept_text(sealed.signature),
            arrival.digest,
            outcome.settled.value,
            outcome.reason.value if outcome.reason else None,
            dump(outcome).decode(),
            result.seq,
            self._now,
        )


COMMAND_COLUMNS: Final = (
    *("id", "plant_id", "station_id", "counter", "in_chain", "author_id", "kind", "batch_id", "body", "prev"),
    *("key_id", "signature", "digest", "settled", "reason", "outcome", "seq", "received_at"),
)
_PLACES: Final = ", ".join(f"${number}" for number, _ in enumerate(COMMAND_COLUMNS, 1))
_KEEP: Final = f"INSERT INTO kernel.commands ({', '.join(COMMAND_COLUMNS)}) VALUES ({_PLACES})"  # noqa: S608  names of ours
FEW: Final = 3
"""A COPY asks for the columns' types first; so few commands are inserted sooner than that."""


def _kept_text(told: str) -> str:
    """A seal's part as text that PostgreSQL can keep; a whole one is kept as it is."""
    return told[:200].replace("\0", "\ufffd")


def _batch_of(arrival: Arrival) -> UUID | None:
    return getattr(arrival.envelope.command, "batch_id", None) if arrival.envelope else None


@cache
def _names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cls))


def old_values(before: Record, after: Record) -> dict[str, Any]:
    """The fields of `before` that `after` has changed, as JSON values."""
    changed = {name for name in _names(type(before)) if getattr(before, name) != getattr(after, name)}
    return adapter(type(before)).dump_python(before, mode="json", include=changed)
