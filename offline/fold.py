"""What a record is on this station: the journal's word, with this station's own pending commands folded over it.

The fold is the rulebook's: the server will decide the very same commands in the very same order (design, idea 5).
"""

# ruff: noqa: S608  only names of our own tables and question marks are put into statements; values are bound

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Connection

from app.domain.batch import Batch, CreateBatch
from app.domain.decision import Actor, Change, Context, Decision, Reason, Refusal
from app.domain.envelope import Command, Envelope
from app.domain.facts import Facts
from app.domain.identity import CommandId, PlantId, StationId, UserId, derived
from app.domain.permissions import Role
from app.domain.plant import Person
from app.domain.record import Record
from app.domain.rulebook import OBSERVATIONS, Scope, decide, predict, scope_of
from app.domain.step import Step
from app.wire.codec import load_envelope, load_record
from offline.database import Database

_FEW_KINDS: Final = ("plant", "station")
_KEPT: Final = 24
"""Folded files kept ready in memory: the batches somebody works on at this moment."""


@dataclass(slots=True)
class Fold:
    """One subject (a batch's file, or a deviation without a batch) as this station sees it.

    `overlay`: the records that pending commands changed. `troubled`: pending commands the rulebook would not take any
    more, with the reason; an observation among them is folded all the same, because the server will keep it (A1).
    `last`: counter and digest of the newest command in it, which a failed commit leaves without a row.
    """

    facts: Facts
    overlay: dict[tuple[str, UUID], Record] = field(default_factory=dict[tuple[str, UUID], Record])
    troubled: dict[CommandId, Reason] = field(default_factory=dict[CommandId, Reason])
    last: tuple[int, str] | None = None

    def take(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.facts.put(change.after)
            self.overlay[change.after.KIND, change.after.id] = change.after


class Shelf:
    """Records that change seldom and are needed in every fold, decoded once."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, Record]] = {}

    def decoded(self, kind: str, key: bytes, seq: int, body: bytes) -> Record:
        known = self._known.get(key)
        if known is not None and known[0] == seq:
            return known[1]
        made = load_record(kind, body)
        self._known[key] = (seq, made)
        return made


class Folds:
    """Reads and folds. One of these belongs to one thread at a time; `forget` whenever the feed changed a subject."""

    def __init__(self, shelf: Shelf, station_id: StationId) -> None:
        self._shelf = shelf
        self._station_id = station_id
        self._ready: OrderedDict[bytes, Fold] = OrderedDict()

    def of(self, connection: Connection, subject: bytes) -> Fold:
        """The folded file of a subject. It is the caller's to extend only inside the transaction that commits it."""
        ready = self._ready.get(subject)
        if ready is not None and _still_there(connection, ready):
            self._ready.move_to_end(subject)
            return ready
        made = fold(connection, self._shelf, subject, self._station_id)
        self._ready[subject] = made
        while len(self._ready) > _KEPT:
            self._ready.popitem(last=False)
        return made

    def forget(self, subjects: Iterable[bytes]) -> None:
        for subject in subjects:
            self._ready.pop(subject, None)

    def forget_all(self) -> None:
        self._ready.clear()


def _still_there(connection: Connection, ready: Fold) -> bool:
    if ready.last is None:
        return True
    counter, digest = ready.last
    found = connection.exec_driver_sql("SELECT digest FROM outbox WHERE counter = ?", (counter,)).scalar()
    return found == digest


def fold(connection: Connection, shelf: Shelf, subject: bytes, station_id: StationId) -> Fold:
    """Read a subject's records and fold this station's pending commands over them, in the order they were sealed."""
    made = Fold(facts=Facts(_records_of(connection, shelf, subject)))
    pending = connection.exec_driver_sql(
        "SELECT counter, digest, body, author_name FROM outbox WHERE subject = ? AND overlaid = 1 ORDER BY counter",
        (subject,),
    ).all()
    for counter, digest, body, author_name in pending:
        envelope = load_envelope(body)
        actor = actor_of(connection, envelope, author_name)
        context = context_of(envelope, actor, seal=sha256(body.encode()).hexdigest())
        _fold_one(made, envelope, context)
        made.last = (counter, digest)
    return made


def _fold_one(made: Fold, envelope: Envelope, context: Context) -> None:
    decision = predict(made.facts, envelope.command, context)
    if isinstance(decision, Refusal):
        made.troubled[envelope.id] = decision.reason
        if type(envelope.command) not in OBSERVATIONS:
            return
        decision = decide(made.facts, envelope.command, replace(context, received_at=envelope.performed_at))
        if isinstance(decision, Refusal):
            return
        decision = Decision(changes=tuple(_not_received(each, envelope.id) for each in decision.changes))
    made.take(decision.changes)


def _not_received(change: Change, command_id: CommandId) -> Change:
    """The server has not seen it: no screen may show a time of receipt."""
    after = change.after
    if not isinstance(after, Step):
        return change
    entries = tuple(
        replace(each, received_at=None) if each.id == command_id else each for each in after.entries
    )
    return replace(change, after=replace(after, entries=entries))


def context_of(envelope: Envelope, actor: Actor, *, seal: str) -> Context:
    """The context a sealed command is decided in on this station's screen."""
    offset = envelope.clock_offset_ms
    return Context(
        actor=actor,
        command_id=envelope.id,
        plant_id=envelope.plant_id,
        station_id=envelope.station_id,
        performed_at=envelope.performed_at,
        clock_offset=None if offset is None else timedelta(milliseconds=offset),
        offline=envelope.offline,
        seal=seal,
        # A batch is made by the server, with its own id and number: these stand in for them, and are never shown.
        fresh_id=derived(envelope.id, "batch") if isinstance(envelope.command, CreateBatch) else None,
        number="-" if isinstance(envelope.command, CreateBatch) else None,
    )


def actor_of(connection: Connection, envelope: Envelope, name: str) -> Actor:
    """Who gave a command, with the rights the journal says they have."""
    if envelope.author_id is None:
        return station_actor(envelope.station_id, envelope.plant_id, name)
    return known_actor(connection, envelope.author_id, envelope.plant_id, name)


def station_actor(station_id: StationId | None, plant_id: PlantId, name: str) -> Actor:
    """A workstation that speaks for itself (ruling B27)."""
    key = station_id if station_id is not None else UUID(int=0)
    return Actor(user_id=UserId(key), name=name, role=Role.PRODUCTION_OFFICER, plants=frozenset({plant_id}))


def known_actor(connection: Connection, user_id: UserId, plant_id: PlantId, name: str) -> Actor:
    """A person as the journal has them; before their record came, as they were when they signed in here."""
    body = connection.exec_driver_sql(
        "SELECT body FROM records JOIN bodies USING (rowid) WHERE id = ? AND kind = 'person'",
        (user_id.bytes,),
    ).scalar()
    if body is not None:
        person = cast("Person", load_record("person", bytes(body)))
        return Actor(user_id=user_id, name=name, role=person.role, plants=person.plants, active=person.active)
    role = connection.exec_driver_sql("SELECT role FROM people WHERE user_id = ?", (user_id.bytes,)).scalar()
    if role is None:
        return Actor(user_id=user_id, name=name, role=Role.AUDITOR, plants=frozenset[PlantId](), active=False)
    return Actor(user_id=user_id, name=name, role=Role(role), plants=frozenset({plant_id}))


def _records_of(connection: Connection, shelf: Shelf, subject: bytes) -> list[Record]:
    rows = connection.exec_driver_sql(
        "SELECT kind, id, seq, body FROM records JOIN bodies USING (rowid) WHERE batch_id = ?1"
        " UNION ALL SELECT kind, id, seq, body FROM records JOIN bodies USING (rowid)"
        " WHERE id = ?1 AND kind = 'deviation' AND batch_id IS NULL",
        (subject,),
    ).all()
    found = [load_record(kind, bytes(body)) for kind, _, _, body in rows]
    for batch in [each for each in found if isinstance(each, Batch)]:
        found.extend(one_record(connection, shelf, "master", batch.master_id.bytes))
    for kind in _FEW_KINDS:
        found.extend(every_record(connection, shelf, kind))
    return found


def one_record(connection: Connection, shelf: Shelf, kind: str, key: bytes) -> list[Record]:
    """The record of a kind that changes seldom, if known."""
    row = connection.exec_driver_sql(
        "SELECT seq, body FROM records JOIN bodies USING (rowid) WHERE id = ? AND kind = ?", (key, kind)
    ).one_or_none()
    return [] if row is None else [shelf.decoded(kind, key, row.seq, bytes(row.body))]


def every_record(connection: Connection, shelf: Shelf, kind: str) -> list[Record]:
    """All records of a kind that is in no batch and changes seldom."""
    rows = connection.exec_driver_sql(
        "SELECT id, seq, body FROM records JOIN bodies USING (rowid)"
        " WHERE kind = ? AND batch_id IS NULL ORDER BY id",
        (kind,),
    ).all()
    return [shelf.decoded(kind, bytes(key), seq, bytes(body)) for key, seq, body in rows]


def subject_of(connection: Connection, command: Command) -> tuple[bytes | None, bytes | None]:
    """Whose file a command belongs to, and the batch in it: (subject, batch), each None where there is none."""
    scope = scope_of(command)
    if scope.batch_id is not None:
        return scope.batch_id.bytes, scope.batch_id.bytes
    if scope.deviation_id is None:
        return None, None
    key = scope.deviation_id.bytes
    for table in ("pending_records", "records"):
        row = connection.exec_driver_sql(
            f"SELECT batch_id FROM {table} WHERE id = ? AND kind = 'deviation'", (key,)
        ).one_or_none()
        if row is not None and row.batch_id is not None:
            return bytes(row.batch_id), bytes(row.batch_id)
    return key, None


def loose_facts(connection: Connection, shelf: Shelf, scope: Scope) -> Facts:
    """What a command without a subject is decided on: single records and whole kinds."""
    found: list[Record] = []
    if scope.record is not None:
        kind, key = scope.record
        found.extend(one_record(connection, shelf, kind, key.bytes))
    for kind in (*scope.kinds, *_FEW_KINDS):
        found.extend(every_record(connection, shelf, kind))
    if scope.number:
        rows = connection.exec_driver_sql(
            "SELECT body FROM batch_rows JOIN bodies USING (rowid) WHERE number = ?", (scope.number,)
        ).scalars()
        found.extend(load_record("batch", bytes(body)) for body in rows)
    return Facts(found)


class FoldReader:
    """Folds for questions, kept as long as nothing changed. `bump` says what did, after the commit."""

    def __init__(self, database: Database, shelf: Shelf, station_id: StationId) -> None:
        self._database = database
        self._shelf = shelf
        self._station_id = station_id
        self._ready: OrderedDict[bytes, tuple[int, Fold]] = OrderedDict()
        self._versions: dict[bytes, int] = {}
        self._all = 0

    def bump(self, subjects: Iterable[bytes]) -> None:
        for subject in subjects:
            self._versions[subject] = self._versions.get(subject, 0) + 1

    def bump_all(self) -> None:
        self._all += 1

    async def of(self, subject: bytes) -> Fold:
        """The folded file of a subject, of this moment. Shared: not to be changed."""
        version = self._all + self._versions.get(
            subject, 0
        )  # before reading: too old a number only costs a reading
        ready = self._ready.get(subject)
        if ready is not None and ready[0] == version:
            self._ready.move_to_end(subject)
            return ready[1]
        made = await self._database.reader.run(lambda c: fold(c, self._shelf, subject, self._station_id))
        self._ready[subject] = (version, made)
        while len(self._ready) > _KEPT:
            self._ready.popitem(last=False)
        return made
