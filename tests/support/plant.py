"""A small plant on a real database, built through the real desk: people, keys, stations, a master, batches.

`found_plant(database)` gives a `TestPlant`; `plant.station(...)` enrols a `TestStation` that seals commands as a
workstation does. Time stands still at `plant.now` until a test moves it.
"""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.batch import Batch, CreateBatch, IssueBatch, StartBatch
from app.domain.decision import Actor
from app.domain.entry import RecordEntry
from app.domain.envelope import Command, Envelope
from app.domain.identity import (
    SYSTEM,
    BatchId,
    CommandId,
    EntryId,
    KeyId,
    MasterId,
    PlantId,
    ProductId,
    StationId,
    UserId,
    uuid7,
)
from app.domain.master_record import (
    CONFIRMED,
    ApproveMasterRecord,
    DraftMasterRecord,
    MaterialSpec,
    RegisterProduct,
    StageSpec,
    StepKind,
    StepSpec,
    content_hash,
)
from app.domain.permissions import Role
from app.domain.plant import EnrolKey, EnrolStation, FoundPlant, RegisterPerson
from app.domain.quantity import Limit, Quantity
from app.domain.record import Record
from app.domain.stage import StartStage
from app.server.auth.tables import TABLES as AUTH_TABLES
from app.server.auth.tables import read_names
from app.server.kernel.database import Database
from app.server.kernel.desk import Acted, CommandDesk
from app.server.kernel.journal import Journal
from app.server.kernel.record_tables import Want
from app.server.kernel.server_key import ServerKey
from app.server.kernel.settings import Settings
from app.server.production.tables import TABLES as PRODUCTION_TABLES
from app.server.quality.tables import TABLES as QUALITY_TABLES
from app.wire.codec import dump_envelope
from app.wire.seal import GENESIS, SealedCommand, seal
from app.wire.sync import Outcome, Push, PushAnswer, Settled
from tests.support.postgres import FreshDatabase

TABLES: Final = (*AUTH_TABLES, *PRODUCTION_TABLES, *QUALITY_TABLES)
PLANT: Final = PlantId("ljubljana")
NOON: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

STAGES: Final[tuple[StageSpec, ...]] = (
    StageSpec(
        key="dispensing",
        name="Dispensing",
        area="Dispensary",
        steps=(
            StepSpec(key="clear", title="Line is clear", instruction="Look.", kind=StepKind.CONFIRMATION),
            StepSpec(
                key="weight",
                title="Weight of lactose",
                instruction="Weigh.",
                kind=StepKind.NUMBER,
                unit="kg",
                limit=Limit(low=Decimal("9.90"), high=Decimal("10.10"), unit="kg"),
                verified=True,
                critical=True,
            ),
            StepSpec(key="lot", title="Lot of lactose", instruction="Scan.", kind=StepKind.TEXT),
        ),
    ),
    StageSpec(
        key="pressing",
        name="Pressing",
        area="Press room",
        steps=(
            StepSpec(
                key="tool",
                title="Tool set",
                instruction="Choose.",
                kind=StepKind.CHOICE,
                choices=("A", "B", "damaged"),
                expected="A",
            ),
            StepSpec(
                key="warm_up",
                title="Warm-up",
                instruction="Wait.",
                kind=StepKind.TIMER,
                unit="s",
                limit=Limit(low=Decimal(60), unit="s"),
            ),
        ),
    ),
)
"""All kinds of steps, in two stages; the weight wants a verifier."""


class RefusedInTest(AssertionError):
    """A builder met a refusal where the test needs a yes."""


@dataclass(slots=True, kw_only=True)
class Ticking:
    """A clock that stands until it is moved, and ids that follow it in order."""

    now: datetime = NOON
    made: int = 0

    def clock(self) -> datetime:
        return self.now

    def new_id(self) -> UUID:
        self.made += 1
        return uuid7(int(self.now.timestamp() * 1000) + self.made // 50, os.urandom(10))


@dataclass(slots=True, kw_only=True)
class Colleague:
    """A person of the plant, with an own key at each station enrolled so far."""

    user_id: UserId
    name: str
    role: Role
    keys: dict[StationId, tuple[KeyId, Ed25519PrivateKey]] = field(
        default_factory=dict[StationId, tuple[KeyId, Ed25519PrivateKey]]
    )


class TestStation:
    """A workstation that seals and pushes. Its chain goes on from what it sealed last, sent or not."""

    __test__ = False

    def __init__(self, plant: "TestPlant", station_id: StationId, private: Ed25519PrivateKey) -> None:
        self.plant = plant
        self.id = station_id
        self.private = private
        self.counter = 0
        self.prev = GENESIS

    def envelope(
        self,
        command: Command,
        author: Colleague | None,
        *,
        command_id: UUID | None = None,
        depends_on: tuple[CommandId, ...] = (),
        offline: bool = False,
        performed_at: datetime | None = None,
        clock_offset_ms: int | None = 0,
    ) -> Envelope:
        """A command as this station says it now."""
        return Envelope(
            id=CommandId(command_id or self.plant.ticking.new_id()),
            plant_id=self.plant.id,
            station_id=self.id,
            author_id=author.user_id if author else None,
            performed_at=performed_at or self.plant.ticking.now,
            zone="Europe/Ljubljana",
            rulebook=1,
            command=command,
            clock_offset_ms=clock_offset_ms,
            offline=offline,
            depends_on=depends_on,
        )

    def seal(self, envelope: Envelope, author: Colleague | None) -> SealedCommand:
        """Seal at the next place of this station's chain."""
        return self.seal_bytes(dump_envelope(envelope), author)

    def seal_bytes(self, body: bytes, author: Colleague | None) -> SealedCommand:
        """Seal any bytes: what a broken or hostile workstation might do."""
        if author is None:
            key_id, private = KeyId(self.id), self.private
        else:
            key_id, private = author.keys[self.id]
        self.counter += 1
        sealed = seal(body, self.id, self.counter, self.prev, key_id, private.sign)
        self.prev = sealed.digest.hex()
        return sealed

    def says(
        self,
        command: Command,
        author: Colleague | None,
        *,
        command_id: UUID | None = None,
        depends_on: tuple[CommandId, ...] = (),
        offline: bool = False,
        performed_at: datetime | None = None,
        clock_offset_ms: int | None = 0,
    ) -> SealedCommand:
        """Envelope and seal in one."""
        envelope = self.envelope(
            command,
            author,
            command_id=command_id,
            depends_on=depends_on,
            offline=offline,
            performed_at=performed_at,
            clock_offset_ms=clock_offset_ms,
        )
        return self.seal(envelope, author)

    async def push(self, *commands: SealedCommand) -> PushAnswer:
        """Hand commands in at the desk. Fails where the whole request is refused."""
        push = Push(station_id=self.id, plant_id=self.plant.id, commands=commands)
        answer = await self.plant.desk.push(self.id, push)
        if not isinstance(answer, PushAnswer):
            raise RefusedInTest(answer)
        return answer

    async def does(self, command: Command, author: Colleague | None) -> Outcome:
        """Seal, push, and answer the outcome."""
        return (await self.push(self.says(command, author))).outcomes[0]


class TestPlant:
    """The plant, its desk, and one colleague of each role that tests need."""

    __test__ = False

    def __init__(
        self, database: Database, desk: CommandDesk, journal: Journal, key: ServerKey, ticking: Ticking
    ) -> None:
        self.database = database
        self.desk = desk
        self.journal = journal
        self.key = key
        self.ticking = ticking
        self.id = PLANT
        self.stages: tuple[StageSpec, ...] = STAGES
        self.heads: list[tuple[PlantId, int]] = []
        self.stations: list[TestStation] = []
        self.people: list[Colleague] = []
        self.founder = Actor(
            user_id=UserId(ticking.new_id()),
            name="Founder",
            role=Role.SYSTEM_ADMIN,
            plants=frozenset({SYSTEM, PLANT}),
        )
        self.master_id = MasterId(ticking.new_id())
        self.product_id = ProductId(ticking.new_id())

    async def act(self, command: Command, actor: Actor | Colleague, plant_id: PlantId | None = None) -> Acted:
        """A command by the server's own door; fails on a refusal."""
        who = actor.user_id if isinstance(actor, Colleague) else actor
        acted = await self.desk.act(command, who, plant_id or self.id)
        if acted.refusal is not None:
            raise RefusedInTest(acted.refusal)
        return acted

    async def colleague(self, name: str, role: Role) -> Colleague:
        """Register a person and name them; they get a key at every station there is."""
        one = Colleague(user_id=UserId(self.ticking.new_id()), name=name, role=role)
        command = RegisterPerson(
            user_id=one.user_id, role=role, plants=frozenset({self.id}), identity_checked_by="passport"
        )
        await self.act(command, self.founder, SYSTEM)
        async with self.database.transaction() as tx:
            await tx.execute(
                "INSERT INTO auth.people (user_id, login, name) VALUES ($1, $2, $3)",
                one.user_id,
                f"{name.lower().replace(' ', '.')}.{one.user_id.hex[-6:]}",
                name,
            )
        self.people.append(one)
        for station in self.stations:
            await self._enrol_key(one, station)
        return one

    async def station(self, name: str) -> TestStation:
        """Enrol a workstation; everybody gets a key at it."""
        private = Ed25519PrivateKey.generate()
        station = TestStation(self, StationId(self.ticking.new_id()), private)
        command = EnrolStation(
            station_id=station.id,
            name=name,
            area="Floor",
            public_key=private.public_key().public_bytes_raw().hex(),
        )
        await self.act(command, self.founder)
        self.stations.append(station)
        for one in self.people:
            await self._enrol_key(one, station)
        return station

    async def _enrol_key(self, one: Colleague, station: TestStation) -> None:
        private = Ed25519PrivateKey.generate()
        key_id = KeyId(self.ticking.new_id())
        command = EnrolKey(
            key_id=key_id,
            user_id=one.user_id,
            station_id=station.id,
            public_key=private.public_key().public_bytes_raw().hex(),
        )
        await self.act(command, self.founder, SYSTEM)
        one.keys[station.id] = (key_id, private)

    async def batch(self, *, number: str = "", started: bool = True) -> Batch:
        """Create and issue a batch; where `started`, it runs with its first stage open. As `Batch` now."""
        create = CreateBatch(
            master_id=self.master_id,
            number=number,
            quantity=BATCH_SIZE,
            line="L1",
        )
        created = (await self.act(create, self.petra)).after[0]
        batch_id = BatchId(created.id)
        await self.act(IssueBatch(batch_id=batch_id, master_hash=self.content_hash), self.petra)
        if started:
            await self.act(StartBatch(batch_id=batch_id), self.ana)
            await self.act(StartStage(batch_id=batch_id, stage_key=self.stages[0].key), self.ana)
        found = await self.record("batch", batch_id)
        if not isinstance(found, Batch):
            raise RefusedInTest("no batch")
        return found

    @property
    def content_hash(self) -> str:
        """What author, approver and batch of the master record agree on."""
        return content_hash(BATCH_SIZE, MATERIALS, self.stages)

    async def record(self, kind: str, key: UUID) -> Record | None:
        """A record as the database holds it."""
        found = await self.records(kind, key)
        return found[0] if found else None

    async def records(self, kind: str, *keys: UUID) -> list[Record]:
        """Records of a kind: those with `keys`, or all."""
        want = Want(kind=kind, column="id", values=keys) if keys else Want(kind=kind)
        async with self.database.transaction() as tx:
            return await self.desk.store.load(tx, [want])

    async def ask(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        """Rows of a question."""
        async with self.database.transaction() as tx:
            return await tx.tuples(sql, *values)

    def new_command_id(self) -> CommandId:
        """A fresh id."""
        return CommandId(self.ticking.new_id())

    def later(self, **delta: float) -> datetime:
        """Move the clock on, and answer what it shows."""
        self.ticking.now += timedelta(**delta)
        return self.ticking.now

    ana: Colleague
    """Production Officer."""
    boris: Colleague
    """Another Production Officer."""
    petra: Colleague
    """Production Manager."""
    quentin: Colleague
    """QA Reviewer."""
    rosa: Colleague
    """QA Head."""


BATCH_SIZE: Final = Quantity(value=Decimal("100.0"), unit="kg")
MATERIALS: Final = (
    MaterialSpec(code="LAC", name="Lactose", quantity=Quantity(value=Decimal("10.0"), unit="kg")),
)


def weight(batch_id: BatchId, value: str) -> RecordEntry:
    """The entry of the critical number step."""
    return RecordEntry(batch_id=batch_id, stage_key="dispensing", step_key="weight", value=value)


def confirmed(batch_id: BatchId) -> RecordEntry:
    """The entry of the first step."""
    return RecordEntry(batch_id=batch_id, stage_key="dispensing", step_key="clear", value=CONFIRMED)


def lot(batch_id: BatchId, value: str) -> RecordEntry:
    """The entry of the text step."""
    return RecordEntry(batch_id=batch_id, stage_key="dispensing", step_key="lot", value=value)


def entry_id(sealed_id: CommandId) -> EntryId:
    """The entry that a command made."""
    return EntryId(sealed_id)


def accepted(answer: PushAnswer) -> bool:
    """Whether every command of a push was accepted."""
    return all(each.settled is Settled.ACCEPTED for each in answer.outcomes)


async def open_desk(database: Database, ticking: Ticking, key: ServerKey) -> TestPlant:
    """A desk on `database`, with nothing founded yet."""
    heads: list[tuple[PlantId, int]] = []

    def announce(plant_id: PlantId, seq: int) -> None:
        heads.append((plant_id, seq))

    journal = Journal(key=key, clock=ticking.clock, entropy=os.urandom, announce=announce)
    desk = CommandDesk(
        database=database,
        tables=TABLES,
        names_of=read_names,
        key=key,
        journal=journal,
        clock=ticking.clock,
        new_id=ticking.new_id,
    )
    await desk.open()
    plant = TestPlant(database, desk, journal, key, ticking)
    plant.heads = heads
    return plant


@asynccontextmanager
async def found_plant(
    fresh: FreshDatabase, *, settings: Settings | None = None, stages: tuple[StageSpec, ...] = STAGES
) -> AsyncGenerator[TestPlant]:
    """A founded plant on a fresh database: six colleagues, an effective master record of `stages`, no station yet."""
    database = Database.open(fresh.api_url, settings or Settings(), pool_size=5)
    try:
        plant = await open_desk(database, Ticking(), ServerKey.fresh())
        plant.stages = stages
        found = FoundPlant(
            plant_id=PLANT, name="Ljubljana", site="Slovenia", timezone="Europe/Ljubljana", lines=("L1", "L2")
        )
        await plant.act(found, plant.founder, SYSTEM)
        plant.ana = await plant.colleague("Ana Kovač", Role.PRODUCTION_OFFICER)
        plant.boris = await plant.colleague("Boris Horvat", Role.PRODUCTION_OFFICER)
        plant.petra = await plant.colleague("Petra Novak", Role.PRODUCTION_MANAGER)
        plant.quentin = await plant.colleague("Quentin Reed", Role.QA_REVIEWER)
        plant.rosa = await plant.colleague("Rosa Marin", Role.QA_HEAD)
        await _write_master(plant)
        yield plant
    finally:
        await database.close()


async def _write_master(plant: TestPlant) -> None:
    qa_manager = await plant.colleague("Mira Zupan", Role.QA_MANAGER)
    product = RegisterProduct(
        product_id=plant.product_id, code="ANA-100", name="Analgin", strength="100 mg", dosage_form="tablet"
    )
    await plant.act(product, plant.petra)
    draft = DraftMasterRecord(
        master_id=plant.master_id,
        product_id=plant.product_id,
        version=1,
        title="Analgin 100 mg",
        batch_size=BATCH_SIZE,
        materials=MATERIALS,
        stages=plant.stages,
        content_hash=plant.content_hash,
    )
    await plant.act(draft, plant.petra)
    approve = ApproveMasterRecord(master_id=plant.master_id, content_hash=plant.content_hash)
    await plant.act(approve, qa_manager)


def tampered(sealed: SealedCommand, old: str, new: str) -> SealedCommand:
    """The same seal around other words."""
    return replace(sealed, body=sealed.body.replace(old, new))
