"""A workstation in memory: every port a screen may ask, answered from the sample plant by the real rulebook.

`desk = sample_desk(signed_in=Role.QA_REVIEWER)`; `desk` is a `Desk`. Then, as a test needs it:
`desk.go_offline()`, `desk.deliver()` (the server accepted all that waits), `desk.sync.refuse(...)`,
`desk.gate = asyncio.Event()` (questions wait: the loading state), `desk.world` (all records, the clock).
"""

import asyncio
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.client.observable import Observable
from app.client.ports import (
    BatchFile,
    BatchPage,
    BatchQuery,
    BatchRow,
    BatchSort,
    Changed,
    ChartChannel,
    ChartData,
    Desk,
    DeviationPage,
    DeviationQuery,
    Found,
    HistoryRow,
    KnownPerson,
    Link,
    Mark,
    PendingCommand,
    Saved,
    Signatory,
    SignedIn,
    SyncState,
    WitnessState,
)
from app.domain.batch import UNDER_REVIEW, Batch, BatchStatus, CreateBatch, Origin
from app.domain.decision import Context, Decision, Reason, Refusal
from app.domain.deviation import SETTLED as DEVIATION_SETTLED
from app.domain.deviation import Deviation, RaiseDeviation
from app.domain.envelope import Command
from app.domain.exception import ReviewException
from app.domain.facts import Facts
from app.domain.identity import BatchId, CommandId, DeviationId, KeyId, UserId
from app.domain.master_record import MasterRecord, MasterStatus, Product
from app.domain.metrics import MetricSeries
from app.domain.permissions import Role
from app.domain.plant import Plant, Station
from app.domain.review import Clearance
from app.domain.rulebook import NEEDS_SERVER, predict
from app.domain.stage import Stage
from app.domain.step import Step, StepStatus
from app.domain.transcription import Dataset
from app.wire.sync import Outcome, Settled
from tests.support.sample_plant import (
    NOW,
    PEOPLE,
    PLANT,
    PRESS_ROOM,
    STATIONS,
    Employee,
    World,
    sample_world,
)

MOST_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSignatory:
    """A person who just gave the right password."""

    employee: Employee

    @property
    def user_id(self) -> UserId:
        return self.employee.user_id

    @property
    def name(self) -> str:
        return self.employee.name

    @property
    def role(self) -> Role:
        return self.employee.role

    @property
    def key_id(self) -> KeyId:
        return KeyId(self.employee.user_id)

    def sign(self, message: bytes) -> bytes:
        return sha256(self.employee.login.encode() + message).digest() * 2


class Switchboard:
    """What the fakes share: the world, the line to the server, what waits, and a gate that makes questions wait."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.offline = False
        self.gate: asyncio.Event | None = None
        self.marks: dict[UUID, Mark] = {}
        self.marked_batches: dict[UUID, BatchId | None] = {}
        self.outbox: dict[UUID, PendingCommand] = {}
        self.outcomes: dict[UUID, Outcome] = {}
        self.changed = Observable(Changed(tick=0, kinds=frozenset(), batches=frozenset()))
        self.counter = 400

    async def turn(self) -> None:
        """Let the loop turn once, as a real question does, and wait at the gate if there is one."""
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()

    def publish(self, kinds: Iterable[str], batches: Iterable[UUID]) -> None:
        tick = self.changed.value.tick + 1
        self.changed.set(Changed(tick=tick, kinds=frozenset(kinds), batches=frozenset(batches)))


class FakeSession:
    def __init__(self, board: Switchboard, employee: Employee | None) -> None:
        self._board = board
        self._tries = 0
        self.person: Observable[SignedIn | None] = Observable(None)
        self.locked = Observable(False)
        self.known: tuple[Employee, ...] = (PEOPLE[0], PEOPLE[1], PEOPLE[2], PEOPLE[4])
        self._here: Employee | None = None
        if employee is not None:
            self._enter(employee)

    async def sign_in(self, login: str, password: str) -> SignedIn | Refusal:
        await self._board.turn()
        found = self._prove(login, password)
        if isinstance(found, Refusal):
            return found
        if self._board.offline and found not in self.known:
            return Refusal(reason=Reason.NEEDS_SERVER)
        return self._enter(found)

    async def sign_out(self) -> None:
        await self._board.turn()
        self._here = None
        self.person.set(None)

    async def lock(self) -> None:
        await self._board.turn()
        self.locked.set(True)

    async def unlock(self, password: str) -> SignedIn | Refusal:
        await self._board.turn()
        person = self.person.value
        if person is None:
            return Refusal(reason=Reason.SIGNED_OUT)
        found = self._prove(person.login, password)
        if isinstance(found, Refusal):
            return found
        self.locked.set(False)
        return person

    async def authenticate(self, login: str, password: str) -> Signatory | Refusal:
        await self._board.turn()
        found = self._prove(login, password)
        return found if isinstance(found, Refusal) else FakeSignatory(employee=found)

    async def known_people(self) -> tuple[KnownPerson, ...]:
        await self._board.turn()
        now = self._board.world.now
        return tuple(
            KnownPerson(
                login=each.login,
                name=each.name,
                role=each.role,
                last_seen=now - timedelta(hours=3 + 7 * place),
                offline_until=now + timedelta(hours=69 - 31 * place),
            )
            for place, each in enumerate(self.known)
        )

    def context(self) -> Context:
        if self._here is None:
            raise LookupError("nobody is signed in")
        return self.context_of(self._here)

    def context_of(self, employee: Employee, command_id: CommandId | None = None) -> Context:
        board = self._board
        return board.world.context(
            employee,
            station=PRESS_ROOM,
            server=False,
            offline=board.offline,
            command_id=command_id or CommandId(UUID(int=0)),
        )

    def signer(self, signatory: Signatory | None) -> Employee | None:
        if signatory is None:
            return self._here
        return next((each for each in PEOPLE if each.user_id == signatory.user_id), None)

    def _prove(self, login: str, password: str) -> Employee | Refusal:
        if self._tries >= MOST_TRIES:
            return Refusal(reason=Reason.TOO_MANY_TRIES, detail=("30",))
        found = next((each for each in PEOPLE if each.login == login.strip().lower()), None)
        if found is None or found.password != password:
            self._tries += 1
            return Refusal(reason=Reason.WRONG_SECRET)
        self._tries = 0
        return found

    def _enter(self, employee: Employee) -> SignedIn:
        board = self._board
        person = SignedIn(
            user_id=employee.user_id,
            login=employee.login,
            name=employee.name,
            role=employee.role,
            department=employee.department,
            plant_id=PLANT,
            plant_name=board.world.facts.every(Plant)[0].name,
            station_id=PRESS_ROOM,
            station_name=STATIONS[PRESS_ROOM][0],
            since=board.world.now,
            offline=board.offline,
        )
        self._here = employee
        self.person.set(person)
        return person


class FakeRecords:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self.asked: list[BatchQuery] = []

    @property
    def changed(self) -> Observable[Changed]:
        return self._board.changed

    async def batches(self, query: BatchQuery) -> BatchPage:
        self.asked.append(query)
        await self._board.turn()
        facts = self._board.world.facts
        wanted = [each for each in facts.every(Batch) if self._matches(each, query)]
        counts: dict[BatchStatus, int] = {}
        for each in wanted:
            counts[each.status] = counts.get(each.status, 0) + 1
        if query.statuses:
            wanted = [each for each in wanted if each.status in query.statuses]
        wanted.sort(key=lambda each: _sort_key(each, query.sort), reverse=query.descending)
        page = wanted[query.offset : query.offset + query.limit]
        return BatchPage(rows=tuple(self._row(each) for each in page), total=len(wanted), counts=counts)

    async def batch(self, batch_id: BatchId) -> BatchFile | None:
        await self._board.turn()
        facts = self._board.world.facts
        batch = facts.one(Batch, batch_id)
        master = facts.one(MasterRecord, batch.master_id) if batch else None
        if batch is None or master is None:
            return None
        classes: tuple[Any, ...] = (Stage, Step, ReviewException, Deviation, MetricSeries, Clearance)
        file = Facts([batch, master, *facts.every(Plant), *facts.every(Station), *facts.every(Dataset)])
        for cls in classes:
            for each in facts.every(cls, batch_id=batch_id):
                file.put(each)
        return BatchFile(
            batch=batch,
            master=master,
            facts=file,
            people={each.user_id: each.card for each in PEOPLE},
            marks=dict(self._board.marks),
        )

    async def deviations(self, query: DeviationQuery) -> DeviationPage:
        await self._board.turn()
        found = [each for each in self._board.world.facts.every(Deviation) if _deviation_matches(each, query)]
        counts: dict[Any, int] = {}
        for each in found:
            counts[each.status] = counts.get(each.status, 0) + 1
        if query.statuses:
            found = [each for each in found if each.status in query.statuses]
        found.sort(key=lambda each: each.noticed_at, reverse=True)
        rows = tuple(found[query.offset : query.offset + query.limit])
        return DeviationPage(rows=rows, total=len(found), counts=counts, marks=dict(self._board.marks))

    async def deviation(self, deviation_id: DeviationId) -> Deviation | None:
        await self._board.turn()
        return self._board.world.facts.one(Deviation, deviation_id)

    async def masters(self) -> tuple[MasterRecord, ...]:
        await self._board.turn()
        return self._board.world.facts.every(MasterRecord, status=MasterStatus.EFFECTIVE)

    async def products(self) -> tuple[Product, ...]:
        await self._board.turn()
        return self._board.world.facts.every(Product)

    async def lines(self) -> tuple[str, ...]:
        await self._board.turn()
        return self._board.world.facts.every(Plant)[0].lines

    async def find(self, text: str, limit: int = 20) -> tuple[Found, ...]:
        await self._board.turn()
        wanted = text.casefold()
        facts = self._board.world.facts
        hits = [
            Found(
                kind="batch",
                id=each.id,
                title=each.number,
                subtitle=f"{each.product_name} · {each.status.value}",
            )
            for each in facts.every(Batch)
            if wanted in f"{each.number} {each.product_name}".casefold()
        ]
        hits += [
            Found(kind="deviation", id=each.id, title=each.number, subtitle=each.title)
            for each in facts.every(Deviation)
            if wanted in f"{each.number} {each.title}".casefold()
        ]
        return tuple(hits[:limit])

    def _matches(self, batch: Batch, query: BatchQuery) -> bool:
        facts = self._board.world.facts
        if query.line and batch.line != query.line:
            return False
        if query.transcribed and batch.origin is not Origin.TRANSCRIBED:
            return False
        if query.mine is not None:
            people = {batch.created_by, *(each.officer_id for each in facts.every(Stage, batch_id=batch.id))}
            for step in facts.every(Step, batch_id=batch.id):
                people.update(entry.author_id for entry in step.entries)
            if query.mine not in people:
                return False
        if not query.text:
            return True
        words = [batch.number, batch.product_name, batch.line, *(each.lot for each in batch.materials)]
        for step in facts.every(Step, batch_id=batch.id):
            words.extend(entry.comment for entry in step.entries)
        told = " ".join(words).casefold()
        return all(word in told for word in query.text.casefold().split())

    def _row(self, batch: Batch) -> BatchRow:
        facts = self._board.world.facts
        master = facts.one(MasterRecord, batch.master_id)
        steps = facts.every(Step, batch_id=batch.id)
        open_ones = [each for each in facts.every(ReviewException, batch_id=batch.id) if each.unsettled]
        deviations = facts.every(Deviation, batch_id=batch.id)
        return BatchRow(
            id=batch.id,
            number=batch.number,
            product_name=batch.product_name,
            quantity=f"{batch.quantity.value} {batch.quantity.unit}",
            stage_name=batch.stage_name,
            status=batch.status,
            line=batch.line,
            steps_done=len(steps),
            steps_total=master.step_count if master else 0,
            started_at=batch.started_at,
            started_on=batch.started_on,
            waiting_since=batch.ended_at if batch.status in UNDER_REVIEW else None,
            holds=batch.holds,
            deviations_open=sum(each.status not in DEVIATION_SETTLED for each in deviations),
            exceptions_open=len(open_ones),
            contested=sum(each.status is StepStatus.CONTESTED for each in steps),
            pending=sum(1 for key in self._board.marked_batches.values() if key == batch.id),
            origin=batch.origin,
        )


class FakeArchive:
    """The server's own: history, charts, paper. Refuses while the station is offline."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    async def history(self, batch_id: BatchId) -> tuple[HistoryRow, ...] | Refusal:
        await self._board.turn()
        if self._board.offline:
            return Refusal(reason=Reason.NEEDS_SERVER)
        facts = self._board.world.facts
        classes: tuple[Any, ...] = (Stage, Step, ReviewException, Deviation, MetricSeries, Clearance)
        ids = {batch_id, *(each.id for cls in classes for each in facts.every(cls, batch_id=batch_id))}
        return tuple(row for row in self._board.world.history if row.entity_id in ids)

    async def chart(self, batch_id: BatchId, stage_key: str) -> ChartData | Refusal | None:
        await self._board.turn()
        if self._board.offline:
            return Refusal(reason=Reason.NEEDS_SERVER)
        found = self._board.world.facts.every(MetricSeries, batch_id=batch_id, stage_key=stage_key)
        if not found:
            return None
        return _chart_of(found[0])

    async def batch_pdf(self, batch_id: BatchId) -> bytes | Refusal:
        await self._board.turn()
        return Refusal(reason=Reason.NEEDS_SERVER) if self._board.offline else b"%PDF-1.7\n%sample\n"

    async def evidence(self, batch_id: BatchId) -> bytes | Refusal:
        await self._board.turn()
        return Refusal(reason=Reason.NEEDS_SERVER) if self._board.offline else b"PK\x05\x06" + bytes(18)


class FakeCommands:
    """Decides with the rulebook and keeps the command. `saved` is what was saved, in order."""

    def __init__(self, board: Switchboard, session: FakeSession) -> None:
        self._board = board
        self._session = session
        self.saved: list[Command] = []
        self.refuse_next: Refusal | None = None
        self._answered: dict[CommandId, Saved] = {}

    async def save(
        self, command: Command, *, signatory: Signatory | None = None, command_id: CommandId | None = None
    ) -> Saved | Refusal:
        await self._board.turn()
        world = self._board.world
        if command_id is not None and command_id in self._answered:
            return self._answered[command_id]
        if self.refuse_next is not None:
            refusal, self.refuse_next = self.refuse_next, None
            return refusal
        who = self._session.signer(signatory)
        if who is None:
            return Refusal(reason=Reason.SIGNED_OUT)
        world.now += timedelta(seconds=7)
        key = command_id or CommandId(world.fresh())
        context = self._context(command, who, key)
        decision = predict(world.facts, command, context)
        if isinstance(decision, Refusal):
            return decision
        world.take(decision.changes, who.name, PRESS_ROOM)
        self.saved.append(command)
        self._board.counter += 1
        self._keep(key, command, who, decision)
        self._answered[key] = Saved(id=key, counter=self._board.counter, at=world.now)
        return self._answered[key]

    async def preview(self, command: Command) -> Refusal | None:
        await self._board.turn()
        who = self._session.signer(None)
        if who is None:
            return Refusal(reason=Reason.SIGNED_OUT)
        context = self._context(command, who, CommandId(UUID(int=0)), peek=True)
        decision = predict(self._board.world.facts, command, context)
        return decision if isinstance(decision, Refusal) else None

    async def outcome(self, command_id: CommandId, wait_seconds: float) -> Outcome | None:
        await self._board.turn()
        if self._board.offline:
            return None
        return self._board.outcomes.get(command_id) or Outcome(
            id=command_id, settled=Settled.ACCEPTED, seq=len(self._board.world.history)
        )

    def _context(self, command: Command, who: Employee, key: CommandId, *, peek: bool = False) -> Context:
        world = self._board.world
        context = self._session.context_of(who, key)
        context = replace(context, seal=sha256(f"{key} {command!r}".encode()).hexdigest())
        if isinstance(command, CreateBatch) and not self._board.offline:
            number = command.number or ("B-0000" if peek else world.next_number("batch"))
            context = replace(context, fresh_id=world.fresh(), number=number)
        if isinstance(command, RaiseDeviation) and not self._board.offline and not peek:
            context = replace(context, number=world.next_number("deviation"))
        return context

    def _keep(self, key: CommandId, command: Command, who: Employee, decision: Decision) -> None:
        batch_id: BatchId | None = getattr(command, "batch_id", None)
        batch = self._board.world.facts.one(Batch, batch_id) if batch_id else None
        touched = {each.after.id for each in decision.changes if isinstance(each.after, Batch)}
        touched |= {batch_id} if batch_id else set()
        if type(command) not in NEEDS_SERVER or self._board.offline:
            self._board.marks[key] = Mark.SAVED_HERE
            self._board.marked_batches[key] = batch_id
            self._board.outbox[key] = PendingCommand(
                id=key,
                counter=self._board.counter,
                kind=command.kind,
                title=command.kind.replace(".", " ").replace("_", " "),
                author=who.name,
                batch_id=batch_id,
                batch_number=batch.number if batch else "",
                performed_at=self._board.world.now,
                mark=Mark.SAVED_HERE,
            )
        self._board.publish({each.after.KIND for each in decision.changes}, touched)


class FakeSync:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self.state = Observable(
            SyncState(
                link=Link.ONLINE,
                since=board.world.now - timedelta(hours=6),
                waiting=0,
                attention=0,
                last_sync=board.world.now - timedelta(seconds=8),
                working=False,
                witness=WitnessState.WHOLE,
                head_seq=len(board.world.history),
                clock_offset_ms=1000,
            )
        )
        self.settled: list[tuple[CommandId, str]] = []
        board.changed.subscribe(self._on_changed)

    async def pending(self) -> tuple[PendingCommand, ...]:
        await self._board.turn()
        return tuple(each for each in self._board.outbox.values() if each.reason is None)

    async def attention(self) -> tuple[PendingCommand, ...]:
        await self._board.turn()
        return tuple(each for each in self._board.outbox.values() if each.reason is not None)

    async def sync_now(self) -> None:
        await self._board.turn()

    async def settle(self, command_id: CommandId, note: str) -> Refusal | None:
        await self._board.turn()
        if not note.strip():
            return Refusal(reason=Reason.REASON_MISSING)
        if command_id not in self._board.outbox:
            return Refusal(reason=Reason.NOT_FOUND, detail=("command",))
        self.settled.append((command_id, note))
        del self._board.outbox[command_id]
        self._board.marks.pop(command_id, None)
        self._board.publish({"command"}, ())
        self.count()
        return None

    async def report(self) -> str:
        await self._board.turn()
        return f"station {STATIONS[PRESS_ROOM][0]}\nlink {self.state.value.link.value}\n"

    def refuse(self, command_id: CommandId, reason: Reason, detail: tuple[str, ...] = ()) -> None:
        """The server said no to a command that waits: it is kept, and needs a person."""
        known = self._board.outbox[command_id]
        self._board.outbox[command_id] = replace(
            known, mark=Mark.NEEDS_ATTENTION, reason=reason, detail=detail
        )
        self._board.marks[command_id] = Mark.NEEDS_ATTENTION
        self._board.publish({"command"}, {known.batch_id} if known.batch_id else set())
        self.count()

    def _on_changed(self, changed: Changed) -> None:
        self.count()

    def count(self) -> None:
        """Bring the counts of the state up to date."""
        pending = list(self._board.outbox.values())
        refused = sum(each.reason is not None for each in pending)
        self.state.set(replace(self.state.value, waiting=len(pending) - refused, attention=refused))


class FakePlug:
    def __init__(self, desk: "Switchboard", sync: FakeSync) -> None:
        self._board = desk
        self._sync = sync
        self.pulled = Observable(False)

    async def pull(self) -> None:
        await self._board.turn()
        self.set(True)

    async def put_back(self) -> None:
        await self._board.turn()
        self.set(False)

    def set(self, pulled: bool) -> None:
        self._board.offline = pulled
        self.pulled.set(pulled)
        link = Link.OFFLINE if pulled else Link.ONLINE
        self._sync.state.set(replace(self._sync.state.value, link=link, since=self._board.world.now))


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDesk(Desk):
    """A `Desk` whose ports are fakes, with the handles a test needs."""

    session: FakeSession
    records: FakeRecords
    archive: FakeArchive
    commands: FakeCommands
    sync: FakeSync
    board: Switchboard = field(repr=False)
    breaker: FakePlug

    @property
    def world(self) -> World:
        return self.board.world

    def batch_id(self, number: str) -> BatchId:
        return self.world.batch(number).id

    def go_offline(self) -> None:
        self.breaker.set(True)

    def go_online(self) -> None:
        self.breaker.set(False)

    def deliver(self) -> None:
        """The server accepted everything that waited, and the feed brought it back."""
        batches = {key for key in self.board.marked_batches.values() if key}
        for key in [key for key, each in self.board.outbox.items() if each.reason is None]:
            del self.board.outbox[key]
            self.board.marks.pop(key, None)
            self.board.marked_batches.pop(key, None)
        self.board.publish({"batch", "step"}, batches)
        self.sync.count()


def sample_desk(
    *, signed_in: Role | None = Role.PRODUCTION_OFFICER, world: World | None = None, offline: bool = False
) -> SampleDesk:
    """A workstation in the press room. `signed_in` None: nobody yet. The first person of a role is taken."""
    board = Switchboard(world or sample_world())
    employee = next((each for each in PEOPLE if each.role is signed_in), None)
    session = FakeSession(board, employee)
    sync = FakeSync(board)
    plug = FakePlug(board, sync)
    desk = SampleDesk(
        session=session,
        records=FakeRecords(board),
        archive=FakeArchive(board),
        commands=FakeCommands(board, session),
        sync=sync,
        plug=plug,
        breaker=plug,
        board=board,
    )
    if offline:
        desk.go_offline()
    return desk


def _sort_key(batch: Batch, sort: BatchSort) -> Any:
    match sort:
        case BatchSort.NUMBER:
            return batch.number
        case BatchSort.PRODUCT:
            return (batch.product_name, batch.number)
        case BatchSort.STATUS:
            return (list(BatchStatus).index(batch.status), batch.number)
        case BatchSort.STARTED:
            return (batch.started_at or NOW - timedelta(days=9999), batch.number)
        case BatchSort.CREATED:
            return batch.id.bytes


def _deviation_matches(each: Deviation, query: DeviationQuery) -> bool:
    if query.batch_id is not None and each.batch_id != query.batch_id:
        return False
    if query.classification is not None and each.classification is not query.classification:
        return False
    told = f"{each.number} {each.title} {each.description} {each.batch_number}".casefold()
    return all(word in told for word in query.text.casefold().split())


def _chart_of(series: MetricSeries) -> ChartData:
    """Waves that look like a press: a start, a steady run with a slow drift, one stop."""
    start = series.first_at.timestamp()
    count = 720
    times = tuple(start + 10.0 * place for place in range(count))
    running = [0.0 if place < 20 or 400 < place < 430 else 1.0 for place in range(count)]
    force = tuple(
        on * (15 + 0.9 * math.sin(place / 37) + 0.35 * math.sin(place / 3.1) + place / 500)
        for place, on in enumerate(running)
    )
    speed = tuple(on * (120 + 2 * math.sin(place / 50)) for place, on in enumerate(running))
    depth = tuple(7.2 + 0.05 * math.sin(place / 61) + place / 9000 for place in range(count))
    values: Mapping[str, tuple[float, ...]] = {
        "Main compression force": force,
        "Speed": speed,
        "Fill depth": depth,
    }
    limits = {"Main compression force": (12.0, 18.0)}
    channels = tuple(
        ChartChannel(
            name=each.name,
            unit=each.unit,
            values=values[each.name],
            low=limits.get(each.name, (None, None))[0],
            high=limits.get(each.name, (None, None))[1],
        )
        for each in series.channels
    )
    return ChartData(series=series, times=times, channels=channels)
