"""What people did at this station: asked of the rulebook, sealed and on disk before anybody says *saved*.

Only people write here (design, idea 5); rows are never changed but for where they are on their way. The counter has no
gap and every row is chained to the one before, so the server sees what is missing and this station what was altered.
"""

# ruff: noqa: S608  only names of our own tables and question marks are put into statements; values are bound

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import Connection, Row

from app.client.ports import Mark, PendingCommand, Saved, Signatory
from app.domain.batch import UNDER_REVIEW, Batch
from app.domain.decision import RULEBOOK_VERSION, Actor, Decision, Reason, Refusal
from app.domain.deviation import Deviation
from app.domain.entry import ChooseEntry, CorrectEntry, RecordEntry, SkipStep, VerifyEntry
from app.domain.envelope import Command, Envelope
from app.domain.facts import Facts
from app.domain.identity import BatchId, CommandId, KeyId, PlantId, StationId, UserId, derived
from app.domain.master_record import MasterRecord
from app.domain.review import Clearance, DeclareClear
from app.domain.rulebook import predict, scope_of
from app.domain.stage import CompleteStage, StartStage
from app.wire.codec import dump, dump_envelope, load, load_envelope
from app.wire.seal import GENESIS, SealedCommand, seal
from app.wire.sync import MOST_BYTES, MOST_COMMANDS, Outcome, Settled
from offline.changes import Changes
from offline.database import Database
from offline.fold import Fold, FoldReader, Folds, Shelf, context_of, known_actor, loose_facts, subject_of
from offline.fold import station_actor as acting_station
from offline.overlay import refold, write_overlay
from offline.record_rows import id_of

log = logging.getLogger(__name__)

_STEP_COMMANDS: Final = (RecordEntry, CorrectEntry, SkipStep, VerifyEntry, ChooseEntry)
_ENVELOPE_BYTES: Final = 400
"""What a sealed command takes in a push beside its body, generously."""


class StationSigner(Protocol):
    """The workstation's own key."""

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StationIdentity:
    """Which workstation this is, and whose. `zone` is the IANA name of its clock's zone."""

    station_id: StationId
    name: str
    plant_id: PlantId
    plant_name: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkNow:
    """What is known of the server at the moment of a save."""

    online: bool
    clock_offset: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many wait for the server, and how many for a person."""

    waiting: int
    attention: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPush:
    """The next commands to deliver, in order. `altered`: counters of rows that are not as they were sealed."""

    commands: tuple[SealedCommand, ...]
    ids: tuple[CommandId, ...]
    altered: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Author:
    """In whose name a command is sealed. `user_id` None: the workstation's own."""

    user_id: UserId | None
    name: str
    key_id: KeyId
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What one save wrote."""

    saved: Saved
    subject: bytes | None
    kinds: frozenset[str]
    fresh: bool = True


class Outbox:
    """The `Commands` of this station, and the queue the sync loop empties."""

    def __init__(
        self,
        *,
        database: Database,
        folds: Folds,
        reading: FoldReader,
        shelf: Shelf,
        changes: Changes,
        station: StationIdentity,
        station_key: StationSigner,
        signer: Callable[[], Signatory | None],
        link: Callable[[], LinkNow],
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._database = database
        self._folds = folds
        self._reading = reading
        self._shelf = shelf
        self._changes = changes
        self.station: Final = station
        self._station_key = station_key
        self._signer = signer
        self._link = link
        self._clock = clock
        self._new_id = new_id
        self._awaited: dict[CommandId, list[asyncio.Future[Outcome]]] = {}
        self._on_saved: list[Callable[[], None]] = []

    def when_saved(self, hear: Callable[[], None]) -> None:
        """Call `hear` on the event loop after every save."""
        self._on_saved.append(hear)

    # --- acting ---------------------------------------------------------------------------------------------------

    async def save(
        self, command: Command, *, signatory: Signatory | None = None, command_id: CommandId | None = None
    ) -> Saved | Refusal:
        """As `Commands.save`. Raises `StorageFailed` where the disk did not keep it."""
        signer = signatory or self._signer()
        if signer is None:
            return Refusal(reason=Reason.SIGNED_OUT)
        author = _Author(user_id=signer.user_id, name=signer.name, key_id=signer.key_id, sign=signer.sign)
        key = command_id or CommandId(self._new_id())
        now, link = self._clock(), self._link()
        kept = await self._database.writer.run(
            lambda connection: self._keep(connection, command, author, key, now, link)
        )
        if isinstance(kept, Refusal):
            return kept
        self._tell(kept)
        return kept.saved

    async def preview(self, command: Command) -> Refusal | None:
        signer = self._signer()
        if signer is None:
            return Refusal(reason=Reason.SIGNED_OUT)
        now, link, key = self._clock(), self._link(), CommandId(self._new_id())
        envelope = self._envelope(command, signer.user_id, key, now, link, ())

        def look(connection: Connection) -> tuple[Actor, bytes | None, Facts | None]:
            actor = known_actor(connection, signer.user_id, self.station.plant_id, signer.name)
            subject, _ = subject_of(connection, command)
            loose = loose_facts(connection, self._shelf, scope_of(command)) if subject is None else None
            return actor, subject, loose

        actor, subject, facts = await self._database.reader.run(look)
        if facts is None and subject is not None:
            facts = (await self._reading.of(subject)).facts
        decision = predict(facts or Facts(), command, context_of(envelope, actor, seal=""))
        return decision if isinstance(decision, Refusal) else None

    async def outcome(self, command_id: CommandId, wait_seconds: float) -> Outcome | None:
        heard: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        waiting = self._awaited.setdefault(command_id, [])
        waiting.append(heard)  # before looking: an answer that comes in between is heard
        try:
            known = await self._database.reader.run(
                lambda c: c.exec_driver_sql(
                    "SELECT outcome FROM outbox WHERE id = ?", (command_id.bytes,)
                ).scalar()
            )
            if known is not None:
                return load(Outcome, known)
            return await asyncio.wait_for(heard, wait_seconds)
        except TimeoutError:
            return None
        finally:
            waiting.remove(heard)
            if not waiting:
                self._awaited.pop(command_id, None)

    async def declare_clear(self, batches: Sequence[BatchId]) -> int:
        """Say, under the station's key, that it holds nothing more for these batches under review (ruling B23).

        A batch that has commands on their way, or that was declared already, is left out. Answers how many were.
        """
        author = _Author(
            user_id=None,
            name=self.station.name,
            key_id=KeyId(self.station.station_id),
            sign=self._station_key.sign,
        )
        now, link = self._clock(), self._link()

        def declare(connection: Connection) -> list[_Kept]:
            made: list[_Kept] = []
            for each in batches:
                command = self._clearance_due(connection, each)
                if command is not None:
                    kept = self._keep(connection, command, author, CommandId(self._new_id()), now, link)
                    if isinstance(kept, _Kept):
                        made.append(kept)
            return made

        made = await self._database.writer.run(declare)
        for kept in made:
            self._tell(kept)
        return len(made)

    def _clearance_due(self, connection: Connection, batch_id: BatchId) -> DeclareClear | None:
        on_the_way = connection.exec_driver_sql(
            "SELECT 1 FROM outbox WHERE batch_id = ? AND state IN ('new', 'sending') LIMIT 1",
            (batch_id.bytes,),
        ).scalar()
        if on_the_way is not None:
            return None
        facts = self._folds.of(connection, batch_id.bytes).facts
        batch = facts.one(Batch, batch_id)
        if batch is None or batch.status not in UNDER_REVIEW:
            return None
        said = facts.one(Clearance, derived(batch_id, "clearance", str(self.station.station_id)))
        if said is not None and said.completions == batch.completions:
            return None
        counter, _ = _tail(connection)
        return DeclareClear(batch_id=batch_id, counter=counter, completions=batch.completions)

    def _tell(self, kept: _Kept) -> None:
        if not kept.fresh:
            return
        self._changes.tell(kept.kinds, () if kept.subject is None else (kept.subject,))
        for hear in self._on_saved:
            hear()

    def _keep(
        self,
        connection: Connection,
        command: Command,
        author: _Author,
        key: CommandId,
        now: datetime,
        link: LinkNow,
    ) -> "_Kept | Refusal":
        again = self._again(connection, command, key)
        if again is not None:
            return again
        subject, batch_id = subject_of(connection, command)
        slot = _slot_of(command)
        before = _on_the_way(connection, subject, slot) if slot else ()
        envelope = self._envelope(command, author.user_id, key, now, link, before)
        body = dump_envelope(envelope)
        actor = self._actor(connection, author)
        context = context_of(envelope, actor, seal=sha256(body).hexdigest())
        fold = self._folds.of(connection, subject) if subject is not None else None
        facts = fold.facts if fold else loose_facts(connection, self._shelf, scope_of(command))
        decision = predict(facts, command, context)
        if isinstance(decision, Refusal):
            return decision
        counter, prev = _tail(connection)
        sealed = seal(body, self.station.station_id, counter + 1, prev, author.key_id, author.sign)
        _insert(connection, sealed, envelope, author.name, _title(facts, command), subject, batch_id, slot)
        if fold is not None and subject is not None:
            self._overlay(connection, fold, subject, decision, sealed)
        return _Kept(
            saved=Saved(id=key, counter=sealed.counter, at=now),
            subject=subject,
            kinds=frozenset(change.after.KIND for change in decision.changes),
        )

    def _overlay(
        self, connection: Connection, fold: Fold, subject: bytes, decision: Decision, sealed: SealedCommand
    ) -> None:
        # Marked first: should anything after this fail, the row is not there, and the fold is made anew.
        fold.last = (sealed.counter, sealed.digest.hex())
        fold.take(decision.changes)
        write_overlay(connection, subject, [change.after for change in decision.changes])

    def _actor(self, connection: Connection, author: _Author) -> Actor:
        if author.user_id is None:
            return acting_station(self.station.station_id, self.station.plant_id, author.name)
        return known_actor(connection, author.user_id, self.station.plant_id, author.name)

    def _envelope(
        self,
        command: Command,
        author_id: UserId | None,
        key: CommandId,
        now: datetime,
        link: LinkNow,
        before: tuple[CommandId, ...],
    ) -> Envelope:
        offset = link.clock_offset
        return Envelope(
            id=key,
            plant_id=self.station.plant_id,
            station_id=self.station.station_id,
            author_id=author_id,
            performed_at=now,
            zone=self.station.zone,
            rulebook=RULEBOOK_VERSION,
            command=command,
            clock_offset_ms=None if offset is None else round(offset / timedelta(milliseconds=1)),
            offline=not link.online,
            depends_on=before,
        )

    def _again(self, connection: Connection, command: Command, key: CommandId) -> "_Kept | Refusal | None":
        """The second tap of one command: the first one's answer."""
        row = connection.exec_driver_sql(
            "SELECT counter, body, subject, performed_at FROM outbox WHERE id = ?", (key.bytes,)
        ).one_or_none()
        if row is None:
            return None
        if load_envelope(row.body).command != command:
            return Refusal(reason=Reason.SAME_ID_OTHER_CONTENT)
        saved = Saved(id=key, counter=row.counter, at=datetime.fromisoformat(row.performed_at))
        subject = None if row.subject is None else bytes(row.subject)
        return _Kept(saved=saved, subject=subject, kinds=frozenset[str](), fresh=False)

    # --- the queue --------------------------------------------------------------------------------------------------

    async def wake(self) -> Counts:
        """At start: what was being sent when the process ended is sent again; its id makes that harmless."""

        def reset(connection: Connection) -> Counts:
            connection.exec_driver_sql("UPDATE outbox SET state = 'new' WHERE state = 'sending'")
            return _counts(connection)

        return await self._database.writer.run(reset)

    async def counts(self) -> Counts:
        return await self._database.reader.run(_counts)

    async def next_push(self, most: int = MOST_COMMANDS) -> NextPush:
        """Mark the next commands as being sent: at most `most`, and at most `MOST_BYTES`."""

        def take(connection: Connection) -> NextPush:
            rows = connection.exec_driver_sql(
                "SELECT counter, id, body, prev, key_id, signature, digest FROM outbox"
                " WHERE state = 'new' ORDER BY counter LIMIT ?",
                (min(most, MOST_COMMANDS),),
            ).all()
            sealed: list[SealedCommand] = []
            ids: list[CommandId] = []
            altered: list[int] = []
            size = 0
            for row in rows:
                size += len(row.body) + _ENVELOPE_BYTES
                if sealed and size > MOST_BYTES:
                    break
                each = SealedCommand(
                    body=row.body,
                    station_id=self.station.station_id,
                    counter=row.counter,
                    prev=row.prev,
                    key_id=KeyId(id_of(row.key_id)),
                    signature=row.signature,
                )
                if each.digest.hex() != row.digest:
                    altered.append(row.counter)
                sealed.append(each)
                ids.append(CommandId(id_of(row.id)))
            _set_state(connection, ids, "sending")
            return NextPush(commands=tuple(sealed), ids=tuple(ids), altered=tuple(altered))

        push = await self._database.writer.run(take)
        for counter in push.altered:
            log.error("outbox.row_altered", extra={"counter": counter})
        return push

    async def not_sent(self, ids: Sequence[CommandId]) -> None:
        """No answer came: they wait again."""
        await self._database.writer.run(lambda c: _set_state(c, ids, "new"))

    async def take_outcomes(self, sent: Sequence[CommandId], outcomes: Sequence[Outcome]) -> Counts:
        """Keep the server's answers, all in one transaction. What it said nothing of waits again."""
        touched: set[bytes] = set()

        def keep(connection: Connection) -> Counts:
            _set_state(connection, sent, "new")
            again: set[bytes] = set()
            for outcome in outcomes:
                subject, changed = _keep_outcome(connection, outcome)
                if subject is not None:
                    touched.add(subject)
                    if changed:
                        again.add(subject)
            for subject in again:
                refold(connection, self._folds, subject)
            return _counts(connection)

        counts = await self._database.writer.run(keep)
        if touched:
            self._changes.tell({"batch", "deviation"}, touched)
        for outcome in outcomes:
            if outcome.settled is not Settled.HELD:
                self._answer(outcome)
        return counts

    def _answer(self, outcome: Outcome) -> None:
        for heard in self._awaited.get(outcome.id, ()):
            if not heard.done():
                heard.set_result(outcome)

    async def settle(self, command_id: CommandId, note: str) -> Refusal | None:
        """As `SyncCentre.settle`."""
        if not note.strip():
            return Refusal(reason=Reason.REASON_MISSING)

        def close(connection: Connection) -> bool:
            done = connection.exec_driver_sql(
                "UPDATE outbox SET state = 'settled', settled_note = ? WHERE id = ? AND state = 'refused'",
                (note.strip(), command_id.bytes),
            )
            return done.rowcount > 0

        if not await self._database.writer.run(close):
            return Refusal(reason=Reason.NOT_FOUND, detail=("command",))
        return None

    async def listed(self, states: Iterable[str]) -> tuple[PendingCommand, ...]:
        """Commands in these states, oldest first."""
        wanted = tuple(states)

        def read(connection: Connection) -> tuple[PendingCommand, ...]:
            marks = ", ".join("?" * len(wanted))
            rows = connection.exec_driver_sql(
                "SELECT o.counter, o.id, o.kind, o.title, o.author_name, o.batch_id, b.number, o.performed_at, o.state,"
                " o.outcome, o.settled_note FROM outbox o LEFT JOIN batch_rows b ON b.id = o.batch_id"
                f" WHERE o.state IN ({marks}) ORDER BY o.counter",
                wanted,
            )
            return tuple(_pending(row) for row in rows)

        return await self._database.reader.run(read)

    async def forget_backed_up(self, durable_seq: int) -> None:
        """Let go of accepted commands that are in the server's backup (ruling A7); the chain's last row stays."""
        await self._database.writer.run(
            lambda c: c.exec_driver_sql(
                "DELETE FROM outbox WHERE state = 'acked' AND overlaid = 0 AND plant = ? AND seq <= ?"
                " AND counter < (SELECT max(counter) FROM outbox)",
                (self.station.plant_id, durable_seq),
            ).close()
        )


def _keep_outcome(connection: Connection, outcome: Outcome) -> tuple[bytes | None, bool]:
    """Note one outcome. Answers the command's subject, and whether that must be folded again."""
    row = connection.exec_driver_sql(
        "SELECT plant, subject, overlaid FROM outbox WHERE id = ?", (outcome.id.bytes,)
    ).one_or_none()
    if row is None or outcome.settled is Settled.HELD:
        return None, False
    told = dump(outcome).decode()
    subject = None if row.subject is None else bytes(row.subject)
    if outcome.settled is Settled.ACCEPTED:
        arrived = connection.exec_driver_sql(
            "SELECT seq FROM cursors WHERE journal = ?", (row.plant,)
        ).scalar()
        here = outcome.seq is not None and arrived is not None and outcome.seq <= arrived
        connection.exec_driver_sql(
            "UPDATE outbox SET state = 'acked', outcome = ?, seq = ?, overlaid = ? WHERE id = ?",
            (told, outcome.seq, 0 if here else row.overlaid, outcome.id.bytes),
        )
        return subject, here and bool(row.overlaid)
    connection.exec_driver_sql(
        "UPDATE outbox SET state = 'refused', outcome = ?, overlaid = 0 WHERE id = ?",
        (told, outcome.id.bytes),
    )
    log.warning("outbox.refused", extra={"command": str(outcome.id), "reason": str(outcome.reason)})
    return subject, True


def _insert(
    connection: Connection,
    sealed: SealedCommand,
    envelope: Envelope,
    author_name: str,
    title: str,
    subject: bytes | None,
    batch_id: bytes | None,
    slot: str,
) -> None:
    connection.exec_driver_sql(
        "INSERT INTO outbox (counter, id, plant, subject, batch_id, slot, kind, title, body, prev, key_id, signature,"
        " digest, author, author_name, performed_at, state, overlaid)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'new', ?)",
        (
            sealed.counter,
            envelope.id.bytes,
            envelope.plant_id,
            subject,
            batch_id,
            slot,
            envelope.command.kind,
            title,
            sealed.body,
            sealed.prev,
            sealed.key_id.bytes,
            sealed.signature,
            sealed.digest.hex(),
            None if envelope.author_id is None else envelope.author_id.bytes,
            author_name,
            envelope.performed_at.isoformat(),
            int(subject is not None),
        ),
    )


def _tail(connection: Connection) -> tuple[int, str]:
    """Counter and digest (hex) of this station's last command."""
    row = connection.exec_driver_sql(
        "SELECT counter, digest FROM outbox ORDER BY counter DESC LIMIT 1"
    ).one_or_none()
    return (0, GENESIS) if row is None else (row.counter, row.digest)


def _on_the_way(connection: Connection, subject: bytes | None, slot: str) -> tuple[CommandId, ...]:
    """Earlier commands of the same step that the server has not answered: this one rests on them (ruling A8)."""
    if subject is None:
        return ()
    rows = connection.exec_driver_sql(
        "SELECT id FROM outbox WHERE subject = ? AND overlaid = 1 AND slot = ? AND state IN ('new', 'sending')"
        " ORDER BY counter",
        (subject, slot),
    ).scalars()
    return tuple(CommandId(id_of(each)) for each in rows)


def _slot_of(command: Command) -> str:
    if isinstance(command, _STEP_COMMANDS):
        return f"{command.stage_key}\x1f{command.step_key}"
    if isinstance(command, StartStage | CompleteStage):
        return command.stage_key
    deviation_id = scope_of(command).deviation_id
    return str(deviation_id) if deviation_id is not None else ""


def _title(facts: Facts, command: Command) -> str:
    """What a pending command is about, in the words of the record: a step's title and value, a stage's name."""
    batches = facts.every(Batch)
    master = facts.one(MasterRecord, batches[0].master_id) if batches else None
    if isinstance(command, _STEP_COMMANDS):
        spec = master.step(command.stage_key, command.step_key) if master else None
        title = spec.title if spec else command.step_key
        value = getattr(command, "value", "")
        return f"{title}: {value} {spec.unit if spec else ''}".strip() if value else title
    if isinstance(command, StartStage | CompleteStage):
        stage = master.stage(command.stage_key) if master else None
        return stage.name if stage else command.stage_key
    deviation_id = scope_of(command).deviation_id
    if deviation_id is not None:
        known = facts.one(Deviation, deviation_id)
        return known.title if known else str(getattr(command, "title", ""))
    return batches[0].number if batches else ""


def _set_state(connection: Connection, ids: Sequence[CommandId], state: str) -> None:
    if ids:
        connection.exec_driver_sql(
            "UPDATE outbox SET state = ? WHERE id = ? AND state IN ('new', 'sending')",
            [(state, each.bytes) for each in ids],
        )


def _counts(connection: Connection) -> Counts:
    waiting = refused = 0
    rows = connection.exec_driver_sql(
        "SELECT state, count(*) AS n FROM outbox WHERE state IN ('new', 'sending', 'refused') GROUP BY state"
    )
    for state, n in rows:
        if state == "refused":
            refused = n
        else:
            waiting += n
    return Counts(waiting=waiting, attention=refused)


_MARKS: Final = {
    "new": Mark.SAVED_HERE,
    "sending": Mark.SENT,
    "acked": Mark.ACCEPTED,
    "refused": Mark.NEEDS_ATTENTION,
    "settled": Mark.NEEDS_ATTENTION,
}


def mark_of(state: str) -> Mark:
    """The small mark for an outbox row's state."""
    return _MARKS[state]


def _pending(row: Row[Any]) -> PendingCommand:
    outcome = load(Outcome, row.outcome) if row.outcome else None
    return PendingCommand(
        id=CommandId(id_of(row.id)),
        counter=row.counter,
        kind=row.kind,
        title=row.title,
        author=row.author_name,
        batch_id=None if row.batch_id is None else BatchId(id_of(row.batch_id)),
        batch_number=row.number or "",
        performed_at=datetime.fromisoformat(row.performed_at),
        mark=mark_of(row.state),
        reason=outcome.reason if outcome else None,
        detail=outcome.detail if outcome else (),
        blockers=outcome.blockers if outcome else (),
        settled_note=row.settled_note,
    )
