"""One attempt to settle a run of commands in one transaction.

Each command goes the same way: known already? in its station's chain? sealed by whom it says? what it depends on
settled? Then the rulebook, on facts that are locked. Nothing here raises for a "no".
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, get_args
from uuid import UUID

from app.domain.batch import CreateBatch
from app.domain.decision import Actor, Context, Reason, Refusal
from app.domain.entry import RecordEntry
from app.domain.envelope import Envelope
from app.domain.identity import SYSTEM, CommandId, KeyId, PlantId, StationId, UserId
from app.domain.metrics import RecordMetrics
from app.domain.permissions import Role
from app.domain.plant import PeopleCommand, Person, PlantCommand, SigningKey, Station, StationStatus
from app.domain.record import Record
from app.domain.review import DeclareClear
from app.domain.rulebook import Scope, decide, scope_of, series_of
from app.server.kernel.database import Transaction
from app.server.kernel.journal import Journal
from app.server.kernel.numbers import Numbers
from app.server.kernel.outcomes import Result, Writer
from app.server.kernel.recollection import Recollection, recollect, stored, walk_chain
from app.server.kernel.record_tables import RecordStore, Want, journal_of
from app.server.kernel.scopes import Rooms
from app.server.kernel.seals import Arrival, KnownKey, check_seals
from app.wire.codec import load
from app.wire.sync import Outcome, Settled

NamesOf = Callable[[Transaction, Collection[UserId]], Awaitable[Mapping[UserId, str]]]
"""The printed names of people."""

BY_STATIONS: Final = frozenset({DeclareClear, RecordMetrics, RecordEntry})
"""What a workstation may say in its own name: clearances, readings of machines, timers (ruling B27)."""
BY_SERVER: Final = frozenset(get_args(PeopleCommand) + get_args(PlantCommand))
"""What no workstation hands in: the authentication service asks more about accounts, keys and workstations than the
rulebook does (whose key it is, which plants an administrator has, the one-time code), and keeps what belongs to them."""
BREATH: Final = 25
"""After so many commands the loop may serve somebody else: an officer's single save does not wait for a backlog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What every sitting uses."""

    store: RecordStore
    journal: Journal
    names_of: NamesOf
    new_id: Callable[[], UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The outcomes of a sitting in the order the commands came, the plant journal's head, how far a backup has it."""

    outcomes: tuple[Outcome, ...]
    results: tuple[Result, ...]
    head_seq: int
    durable_seq: int | None


class Sitting:
    """Settles one run of commands. Built anew for each transaction: it remembers nothing."""

    def __init__(self, kernel: Kernel, tx: Transaction, plant_id: PlantId, now: datetime) -> None:
        self._kernel = kernel
        self._tx = tx
        self._plant_id = plant_id
        self._now = now
        self._rooms = Rooms(kernel.store, plant_id)
        self._numbers = Numbers(plant_id, now.year)
        self._answers: dict[int, Outcome] = {}
        self._twins: dict[int, int] = {}
        self._results: dict[int, Result] = {}
        self._settled: dict[CommandId, Settled] = {}
        self._actors: dict[UserId, Actor] = {}

    async def settle(self, arrivals: Sequence[Arrival], station_id: StationId | None) -> Settlement:
        """Everything, up to the commit, for commands of one workstation, or of the server itself (None)."""
        # What is found out about them here is true for this attempt only.
        arrivals = [replace(each) for each in arrivals]
        if station_id is not None:
            await _lock_station(self._tx, station_id)
        recalled = await recollect(self._tx, self._plant_id, arrivals, station_id)
        await self._answer_again(arrivals, recalled)
        fresh = [at for at in range(len(arrivals)) if at not in self._answers and at not in self._twins]
        await self._know_people([arrivals[at] for at in fresh], station_id)
        if station_id is not None:
            held = walk_chain([(at, arrivals[at]) for at in fresh], recalled.places)
            for at, counter in held.items():
                self._hold(at, arrivals[at], counter)
            fresh = [at for at in fresh if at not in held]
        await self._decide(arrivals, fresh)
        await self._numbers.close(self._tx)
        written = [self._results[at] for at in sorted(self._results)]
        writer = Writer(
            journal=self._kernel.journal, store=self._kernel.store, plant_id=self._plant_id, now=self._now
        )
        head_seq = await writer.write(self._tx, written)
        for at, result in self._results.items():
            self._answers[at] = result.outcome()
        for at, first in self._twins.items():
            self._answers[at] = replace(self._answers[first], again=True)
        outcomes = tuple(self._answers[at] for at in range(len(arrivals)))
        return Settlement(
            outcomes=outcomes,
            results=tuple(written),
            head_seq=head_seq or recalled.head_seq,
            durable_seq=recalled.durable_seq,
        )

    async def _answer_again(self, arrivals: Sequence[Arrival], recalled: Recollection) -> None:
        """Answer what was settled before with the answer it got, and learn what the rest depends on."""
        known = recalled.known
        first: dict[CommandId, int] = {}
        aside: list[int] = []
        for at, each in enumerate(arrivals):
            mine = known.get(each.id)
            before = first.setdefault(each.id, at)
            if mine is not None and mine.digest == each.digest:
                self._answers[at] = _again(mine.outcome)
            elif mine is None and before != at and arrivals[before].digest == each.digest:
                self._twins[at] = before
            elif mine is not None or before != at or each.foreign:
                aside.append(at)
        if aside:
            kept = await stored(self._tx, {arrivals[at].aside_id for at in aside})
            for at in aside:
                each = arrivals[at]
                if each.aside_id in kept:
                    self._answers[at] = _again(kept[each.aside_id].outcome)
                elif not each.foreign:
                    each.fault = Refusal(reason=Reason.SAME_ID_OTHER_CONTENT)
        for key, row in known.items():
            self._settled[key] = row.settled

    async def _know_people(self, arrivals: Sequence[Arrival], station_id: StationId | None) -> None:
        """Load authors, workstation and keys in one go; find out who sealed each command and whether they still may."""
        authors = {
            each.envelope.author_id
            for each in arrivals
            if each.envelope and each.envelope.author_id and each.actor is None
        }
        if not arrivals or (station_id is None and not authors):
            return
        wants = [Want(kind="person", column="id", values=tuple(authors))]
        if station_id is not None:
            wants += keys_wanted(station_id)
        found = await self._kernel.store.load(self._tx, wants)
        names: Mapping[UserId, str] = await self._kernel.names_of(self._tx, authors) if authors else {}
        self._actors.update(actors_in(found, names))
        if station_id is not None:
            self._check_origin(arrivals, *keys_in(found, station_id))

    def _check_origin(
        self, arrivals: Sequence[Arrival], station: Station | None, keys: dict[KeyId, KnownKey]
    ) -> None:
        """Who sealed each command, and whether this workstation may still send."""
        if station is None or station.plant_id != self._plant_id:
            for each in arrivals:
                each.fault = Refusal(reason=Reason.OTHER_PLANT, detail=(self._plant_id,))
            return
        if station.status is not StationStatus.ACTIVE:
            for each in arrivals:
                each.fault = each.fault or Refusal(reason=Reason.STATION_REVOKED, detail=(station.name,))
        check_seals(arrivals, keys)
        self._actors[UserId(station.id)] = Actor(
            user_id=UserId(station.id),
            name=station.name,
            role=Role.PRODUCTION_OFFICER,
            plants=frozenset({station.plant_id}),
        )

    async def _decide(self, arrivals: Sequence[Arrival], fresh: Sequence[int]) -> None:
        decidable = [
            (each, each.envelope)
            for each in (arrivals[at] for at in fresh)
            if each.envelope is not None and each.fault is None
        ]
        scopes = {each.id: scope_of(envelope.command) for each, envelope in decidable}
        drawn = {series for _, envelope in decidable if (series := series_of(envelope.command)) is not None}
        await self._numbers.open(self._tx, drawn)
        await self._rooms.open(self._tx, scopes.values())
        for done, at in enumerate(fresh):
            each = arrivals[at]
            if done % BREATH == BREATH - 1:
                await asyncio.sleep(0)
            if waits := self._waits_for(each):
                self._hold(at, each, waits)
                continue
            await self._answer(at, each, scopes.get(each.id))

    def _waits_for(self, each: Arrival) -> str:
        """The first command it depends on that has no outcome yet."""
        if each.envelope is None or each.fault is not None:
            return ""
        return next((str(key) for key in each.envelope.depends_on if key not in self._settled), "")

    def _hold(self, at: int, each: Arrival, waits_for: str) -> None:
        self._answers[at] = Outcome(id=each.id, settled=Settled.HELD, detail=(waits_for,))

    async def _answer(self, at: int, each: Arrival, scope: Scope | None) -> None:
        clash = each.fault is not None and each.fault.reason is Reason.SAME_ID_OTHER_CONTENT
        aside = clash or each.foreign
        result = Result(arrival=each, stored_id=each.aside_id if aside else each.id)
        refusal = each.fault
        if refusal is None and each.envelope is not None and scope is not None:
            refusal = await self._ask_rulebook(each, each.envelope, scope, result)
        result.refusal = refusal
        if refusal is not None:
            result.changes = ()
        self._results[at] = result
        if not aside:
            self._settled[each.id] = Settled.ACCEPTED if refusal is None else Settled.REFUSED

    async def _ask_rulebook(
        self, each: Arrival, envelope: Envelope, scope: Scope, result: Result
    ) -> Refusal | None:
        refused = next(
            (str(key) for key in envelope.depends_on if self._settled[key] is Settled.REFUSED), None
        )
        if refused is not None:
            return Refusal(reason=Reason.DEPENDENCY_REFUSED, detail=(refused,))
        if each.actor is None and type(envelope.command) in BY_SERVER:
            return Refusal(reason=Reason.NOT_PERMITTED, detail=("station", envelope.command.kind))
        actor = self._actor(each, envelope)
        if isinstance(actor, Refusal):
            return actor
        series = series_of(envelope.command)
        number = await self._numbers.offer(self._tx, series) if series else None
        context = self._context(each, envelope, actor, number)
        answer = decide(self._rooms.facts(scope), envelope.command, context)
        if isinstance(answer, Refusal):
            return answer
        if any(journal_of(change.after) not in {self._plant_id, SYSTEM} for change in answer.changes):
            return Refusal(reason=Reason.OTHER_PLANT, detail=(self._plant_id,))
        if series is not None:
            self._numbers.take(series)
        self._rooms.apply(answer.changes)
        result.changes = answer.changes
        return None

    def _context(self, each: Arrival, envelope: Envelope, actor: Actor, number: str | None) -> Context:
        offset = envelope.clock_offset_ms
        return Context(
            actor=actor,
            command_id=envelope.id,
            plant_id=envelope.plant_id,
            station_id=envelope.station_id,
            performed_at=envelope.performed_at,
            received_at=self._now,
            clock_offset=None if offset is None else timedelta(milliseconds=offset),
            offline=envelope.offline,
            fresh_id=self._kernel.new_id() if isinstance(envelope.command, CreateBatch) else None,
            number=number,
            seal=each.sealed.body_hash,
            interactive=each.interactive,
        )

    def _actor(self, each: Arrival, envelope: Envelope) -> Actor | Refusal:
        if each.actor is not None:
            return each.actor
        if envelope.author_id is not None:
            known = self._actors.get(envelope.author_id)
            return known or Refusal(reason=Reason.NOT_FOUND, detail=("person",))
        if type(envelope.command) not in BY_STATIONS:
            return Refusal(reason=Reason.NOT_PERMITTED, detail=("station", envelope.command.kind))
        return self._actors[UserId(each.sealed.station_id)]


def keys_wanted(station_id: StationId) -> list[Want]:
    """What to load to know who may seal at a workstation."""
    return [
        Want(kind="station", column="id", values=(station_id,)),
        Want(kind="key", column="station_id", values=(station_id,)),
    ]


def keys_in(records: Iterable[Record], station_id: StationId) -> tuple[Station | None, dict[KeyId, KnownKey]]:
    """A workstation with all keys that may seal at it, its own under its own id; None where it is unknown."""
    station: Station | None = None
    keys: dict[KeyId, KnownKey] = {}
    for each in records:
        if isinstance(each, SigningKey):
            keys[each.id] = KnownKey(
                public_key=each.public_key,
                user_id=each.user_id,
                station_id=each.station_id,
                revoked=each.revoked_at is not None,
            )
        elif isinstance(each, Station):
            station = each
            keys[KeyId(station_id)] = KnownKey(
                public_key=each.public_key, user_id=station_id, station_id=station_id, revoked=False
            )
    return station, keys


def actors_in(records: Iterable[Record], names: Mapping[UserId, str]) -> dict[UserId, Actor]:
    """People as the rules know them."""
    return {
        each.id: Actor(
            user_id=each.id,
            name=names.get(each.id, str(each.id)),
            role=each.role,
            plants=each.plants,
            active=each.active,
        )
        for each in records
        if isinstance(each, Person)
    }


async def actor_of(kernel: Kernel, tx: Transaction, user_id: UserId) -> Actor | None:
    """A person as the rules know them at this moment, or None without an account."""
    found = await kernel.store.load(tx, [Want(kind="person", column="id", values=(user_id,))])
    return actors_in(found, await kernel.names_of(tx, [user_id])).get(user_id)


async def _lock_station(tx: Transaction, station_id: StationId) -> None:
    """One push of a station at a time: a second delivery waits here, and then finds the first one's outcomes."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"batchwright:station:{station_id}"
    )


def _again(stored: str) -> Outcome:
    return replace(load(Outcome, stored), again=True)
