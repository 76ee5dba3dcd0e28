"""A small plant in memory: builders that make facts, and a floor that decides commands on them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from app.domain.batch import Batch, BatchStatus, CreateBatch, IssueBatch, StartBatch
from app.domain.decision import Actor, Context, Decision, Refusal
from app.domain.entry import RecordEntry, VerifyEntry
from app.domain.envelope import Command
from app.domain.facts import Facts
from app.domain.identity import BatchId, CommandId, MasterId, PlantId, ProductId, StationId, UserId, step_id
from app.domain.master_record import (
    CONFIRMED,
    MasterRecord,
    MasterStatus,
    StageSpec,
    StepKind,
    StepSpec,
)
from app.domain.permissions import Role
from app.domain.plant import Plant, Station, StationStatus
from app.domain.quantity import Limit, Quantity
from app.domain.review import CompleteBatch, DeclareClear
from app.domain.rulebook import decide
from app.domain.stage import CompleteStage, StartStage
from app.domain.step import Step

PLANT = PlantId("north")
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
STATION = StationId(UUID(int=77))


def person(role: Role, name: str = "") -> Actor:
    """Someone of a role, at home in the plant."""
    return Actor(user_id=UserId(uuid4()), name=name or role.value, role=role, plants=frozenset({PLANT}))


def step(key: str, kind: StepKind = StepKind.CONFIRMATION, **more: Any) -> StepSpec:
    return StepSpec(key=key, title=key.title(), instruction=f"Do {key}.", kind=kind, **more)


def master(*stages: StageSpec, **more: Any) -> MasterRecord:
    """An effective master: one stage of every step kind, and a second stage."""
    first = StageSpec(
        key="blend",
        name="Blending",
        steps=(
            step("clear"),
            step(
                "weight",
                StepKind.NUMBER,
                unit="kg",
                limit=Limit(low=Decimal("9.5"), high=Decimal("10.5"), unit="kg"),
                verified=True,
                critical=True,
            ),
            step("look", StepKind.CHOICE, choices=("white", "grey"), expected="white"),
            step("note", StepKind.TEXT),
            step("mix", StepKind.TIMER, unit="s", limit=Limit(low=Decimal(600), unit="s")),
        ),
    )
    second = StageSpec(key="pack", name="Packing", steps=(step("count"),))
    return MasterRecord(
        id=MasterId(uuid4()),
        product_id=ProductId(uuid4()),
        product_code="P1",
        product_name="Paracel 500 mg",
        version=1,
        title="Paracel 500 mg",
        batch_size=Quantity(value=Decimal(100000), unit="tablets"),
        materials=(),
        stages=stages or (first, second),
        status=more.pop("status", MasterStatus.EFFECTIVE),
        content_hash="ab" * 32,
        **more,
    )


ANSWERS = {
    "clear": CONFIRMED,
    "weight": "10.0",
    "look": "white",
    "note": "all fine",
    "mix": "700",
    "count": CONFIRMED,
}


class Floor:
    """Facts and a clock; decides commands as the server does and applies what was decided."""

    def __init__(self, *, stations: int = 1) -> None:
        self.now = NOW
        self.master = master()
        plant = Plant(id=uuid4(), plant_id=PLANT, name="North", site="Here", timezone="UTC")
        self.facts = Facts([plant, self.master])
        self.stations = [
            Station(
                id=StationId(UUID(int=77 + n)),
                plant_id=PLANT,
                name=f"Panel {n + 1}",
                area="",
                public_key="",
                status=StationStatus.ACTIVE,
                enrolled_at=NOW,
            )
            for n in range(stations)
        ]
        for each in self.stations:
            self.facts.put(each)
        self.officer = person(Role.PRODUCTION_OFFICER, "Olga")
        self.second = person(Role.PRODUCTION_OFFICER, "Sven")
        self.manager = person(Role.PRODUCTION_MANAGER, "Mara")
        self.reviewer = person(Role.QA_REVIEWER, "Rita")
        self.head = person(Role.QA_HEAD, "Hugo")
        self.batch_id = BatchId(UUID(int=1))

    def context(self, actor: Actor, **more: Any) -> Context:
        values: dict[str, Any] = {
            "actor": actor,
            "command_id": CommandId(uuid4()),
            "plant_id": PLANT,
            "station_id": STATION,
            "performed_at": self.now,
            "received_at": self.now,
            "seal": uuid4().hex,
        }
        return Context(**(values | more))

    def ask(self, command: Command, actor: Actor, **more: Any) -> Decision | Refusal:
        """Decide, and apply a yes."""
        self.now += timedelta(minutes=1)
        decided = decide(self.facts, command, self.context(actor, **more))
        if isinstance(decided, Decision):
            self.facts.apply(decided.changes)
        return decided

    def do(self, command: Command, actor: Actor, **more: Any) -> Decision:
        """Decide what must be a yes."""
        decided = self.ask(command, actor, **more)
        assert isinstance(decided, Decision), decided
        return decided

    def refused(self, command: Command, actor: Actor, **more: Any) -> Refusal:
        """Decide what must be a no."""
        decided = self.ask(command, actor, **more)
        assert isinstance(decided, Refusal), decided
        return decided

    @property
    def batch(self) -> Batch:
        found = self.facts.one(Batch, self.batch_id)
        assert found is not None
        return found

    def step(self, stage_key: str, step_key: str) -> Step:
        found = self.facts.one(Step, step_id(self.batch_id, stage_key, step_key))
        assert found is not None
        return found

    def at(self, status: BatchStatus) -> "Floor":
        """The batch, put into a status without its history: for tests of one move."""
        self.started()
        self.facts.put(replace(self.batch, status=status))
        return self

    def planned(self) -> "Floor":
        create = CreateBatch(
            master_id=self.master.id,
            number="N-1",
            quantity=Quantity(value=Decimal(100000), unit="tablets"),
            line="Line 1",
        )
        self.do(create, self.manager, fresh_id=self.batch_id)
        return self

    def started(self) -> "Floor":
        self.planned()
        self.do(IssueBatch(batch_id=self.batch_id, master_hash=self.master.content_hash), self.manager)
        self.do(StartBatch(batch_id=self.batch_id), self.officer)
        return self

    def running(self, stage_key: str = "blend") -> "Floor":
        self.started()
        self.do(StartStage(batch_id=self.batch_id, stage_key=stage_key), self.officer)
        return self

    def record(self, stage_key: str, step_key: str, value: str | None = None, **more: Any) -> RecordEntry:
        answer = ANSWERS[step_key] if value is None else value
        return RecordEntry(
            batch_id=self.batch_id, stage_key=stage_key, step_key=step_key, value=answer, **more
        )

    def verify(self, stage_key: str, step_key: str) -> VerifyEntry:
        entry = self.step(stage_key, step_key).current
        assert entry is not None
        return VerifyEntry(
            batch_id=self.batch_id,
            stage_key=stage_key,
            step_key=step_key,
            entry_id=entry.id,
            entry_seal=entry.seal,
        )

    def fill(self, stage_key: str) -> "Floor":
        """Answer and verify every step of a stage that has no answer yet."""
        stage = self.master.stage(stage_key)
        assert stage is not None
        for spec in stage.steps:
            if self.facts.one(Step, step_id(self.batch_id, stage_key, spec.key)) is None:
                self.do(self.record(stage_key, spec.key), self.officer)
            if spec.verified and self.step(stage_key, spec.key).verified is None:
                self.do(self.verify(stage_key, spec.key), self.second)
        return self

    def executed(self) -> "Floor":
        """All stages done, the batch handed over, and every workstation clear."""
        self.running()
        self.fill("blend")
        self.do(CompleteStage(batch_id=self.batch_id, stage_key="blend"), self.officer)
        self.do(StartStage(batch_id=self.batch_id, stage_key="pack"), self.officer)
        self.fill("pack")
        self.do(CompleteStage(batch_id=self.batch_id, stage_key="pack"), self.officer)
        self.do(CompleteBatch(batch_id=self.batch_id), self.officer)
        self.clear()
        return self

    def clear(self) -> None:
        for station in self.stations:
            word = DeclareClear(batch_id=self.batch_id, counter=9, completions=self.batch.completions)
            self.do(word, self.officer, station_id=station.id)
