"""A believable plant for tests and screens: two products with full master records, people, stations and 16 batches.

Nothing is put together by hand: every record comes from commands that the real rulebook decided, so that statuses,
signatures, exceptions and hashes hang together as they would in a plant.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from app.client.ports import HistoryRow
from app.domain.batch import (
    AbortBatch,
    Batch,
    CreateBatch,
    HoldBatch,
    IssueBatch,
    MaterialUse,
    StartBatch,
)
from app.domain.decision import Actor, Change, Context, Decision, Refusal
from app.domain.deviation import (
    ClassifyDeviation,
    CloseDeviation,
    Deviation,
    DeviationClass,
    InvestigateDeviation,
    Investigation,
    RaiseDeviation,
)
from app.domain.entry import CorrectEntry, RecordEntry, SkipStep, VerifyEntry
from app.domain.envelope import Command
from app.domain.exception import AssessException, ExceptionAction, ReviewException, Rule
from app.domain.facts import Facts
from app.domain.identity import (
    SYSTEM,
    BatchId,
    CommandId,
    DeviationId,
    MasterId,
    PlantId,
    ProductId,
    StationId,
    UserId,
    step_id,
    uuid7,
)
from app.domain.master_record import (
    CONFIRMED,
    ApproveMasterRecord,
    DraftMasterRecord,
    MasterRecord,
    MaterialSpec,
    RegisterProduct,
    StageSpec,
    StepKind,
    StepSpec,
    content_hash,
)
from app.domain.metrics import Channel, Chunk, RecordMetrics
from app.domain.permissions import Role
from app.domain.plant import EnrolStation, FoundPlant, Person
from app.domain.quantity import Limit, Quantity
from app.domain.review import (
    CompleteBatch,
    DecideDisposition,
    DeclareClear,
    Disposition,
    PlaceQaHold,
    ReviewProduction,
    ReviewQuality,
    manifest_of,
)
from app.domain.rulebook import decide
from app.domain.stage import CompleteStage, StartStage
from app.domain.step import Step
from app.domain.transcription import CompleteImport, Finding, ImportBatch, TranscribedEntry
from app.wire.codec import RECORD_CLASSES
from app.wire.sync import PersonCard

ZONE: Final = ZoneInfo("Europe/Ljubljana")
NOW: Final = datetime(2026, 11, 22, 14, 5, 9, tzinfo=ZONE)
PLANT: Final = PlantId("ljubljana")
LINES: Final = ("Tablet line 1", "Tablet line 2", "Liquids line")
LEK: Final = (
    "Žagar J., Mihelič J. (2022), Big data collection in pharmaceutical manufacturing and its use for product "
    "quality predictions, Scientific Data 9:99, doi:10.1038/s41597-022-01203-x, CC BY 4.0"
)


def made_id(number: int, moment: datetime = NOW) -> UUID:
    """A UUIDv7 that is the same in every run."""
    return uuid7(int(moment.timestamp() * 1000), number.to_bytes(10, "big"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """One person of the sample plant. The password is for tests alone."""

    user_id: UserId
    login: str
    name: str
    role: Role
    department: str
    password: str = "floor"

    @property
    def card(self) -> PersonCard:
        return PersonCard(
            user_id=self.user_id,
            login=self.login,
            name=self.name,
            email=f"{self.login}@plant.example",
            department=self.department,
        )


def _employee(number: int, login: str, name: str, role: Role, department: str) -> Employee:
    user = UserId(made_id(number, NOW - timedelta(days=900)))
    return Employee(user_id=user, login=login, name=name, role=role, department=department)


ANA: Final = _employee(1, "ana.kovac", "Ana Kovač", Role.PRODUCTION_OFFICER, "Tablets")
MARKO: Final = _employee(2, "marko.zupan", "Marko Zupan", Role.PRODUCTION_OFFICER, "Tablets")
PETRA: Final = _employee(3, "petra.novak", "Petra Novak", Role.PRODUCTION_MANAGER, "Tablets")
IGOR: Final = _employee(4, "igor.hribar", "Igor Hribar", Role.PRODUCTION_HEAD, "Production")
EVA: Final = _employee(5, "eva.mlakar", "Eva Mlakar", Role.QA_REVIEWER, "Quality assurance")
LUKA: Final = _employee(6, "luka.bizjak", "Luka Bizjak", Role.QA_MANAGER, "Quality assurance")
NINA: Final = _employee(7, "nina.golob", "Nina Golob", Role.QA_HEAD, "Quality assurance")
TOMAZ: Final = _employee(8, "tomaz.kos", "Tomaž Kos", Role.QC_ANALYST, "Quality control")
JURE: Final = _employee(9, "jure.oblak", "Jure Oblak", Role.WAREHOUSE, "Warehouse")
MAJA: Final = _employee(10, "maja.vidmar", "Maja Vidmar", Role.PLANT_HEAD, "Plant management")
HELEN: Final = _employee(11, "helen.brandt", "Helen Brandt", Role.AUDITOR, "Inspection")
SAM: Final = _employee(12, "sam.rozman", "Sam Rozman", Role.SYSTEM_ADMIN, "IT")
PEOPLE: Final = (ANA, MARKO, PETRA, IGOR, EVA, LUKA, NINA, TOMAZ, JURE, MAJA, HELEN, SAM)

PRESS_ROOM: Final = StationId(made_id(21, NOW - timedelta(days=800)))
DISPENSARY: Final = StationId(made_id(22, NOW - timedelta(days=799)))
PACKING: Final = StationId(made_id(23, NOW - timedelta(days=798)))
STATIONS: Final[Mapping[StationId, tuple[str, str]]] = {
    PRESS_ROOM: ("PRESS-01", "Compression"),
    DISPENSARY: ("DISP-02", "Dispensing"),
    PACKING: ("PACK-03", "Packaging"),
}

TABLETS_ID: Final = ProductId(made_id(31, NOW - timedelta(days=700)))
SYRUP_ID: Final = ProductId(made_id(32, NOW - timedelta(days=690)))
TABLETS_OLD: Final = MasterId(made_id(33, NOW - timedelta(days=680)))
TABLETS: Final = MasterId(made_id(34, NOW - timedelta(days=300)))
SYRUP: Final = MasterId(made_id(35, NOW - timedelta(days=290)))
TABLETS_DRAFT: Final = MasterId(made_id(36, NOW - timedelta(days=5)))


def _limit(low: str | None, high: str | None, unit: str, target: str | None = None) -> Limit:
    return Limit(low=_decimal(low), high=_decimal(high), unit=unit, target=_decimal(target))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _confirm(
    key: str, title: str, instruction: str, *, verified: bool = False, equipment: str = ""
) -> StepSpec:
    return StepSpec(
        key=key,
        title=title,
        instruction=instruction,
        kind=StepKind.CONFIRMATION,
        verified=verified,
        equipment=equipment,
    )


def _number(
    key: str,
    title: str,
    instruction: str,
    limit: Limit | None,
    *,
    unit: str = "",
    verified: bool = False,
    critical: bool = False,
    equipment: str = "",
    parallel: bool = False,
) -> StepSpec:
    return StepSpec(
        key=key,
        title=title,
        instruction=instruction,
        kind=StepKind.NUMBER,
        unit=limit.unit if limit else unit,
        limit=limit,
        verified=verified,
        critical=critical,
        equipment=equipment,
        parallel=parallel,
    )


def _choice(
    key: str, title: str, instruction: str, *choices: str, verified: bool = False, critical: bool = False
) -> StepSpec:
    return StepSpec(
        key=key,
        title=title,
        instruction=instruction,
        kind=StepKind.CHOICE,
        choices=choices,
        expected=choices[0],
        verified=verified,
        critical=critical,
    )


def _text(key: str, title: str, instruction: str, *, parallel: bool = False, equipment: str = "") -> StepSpec:
    return StepSpec(
        key=key,
        title=title,
        instruction=instruction,
        kind=StepKind.TEXT,
        parallel=parallel,
        equipment=equipment,
    )


def _timer(key: str, title: str, instruction: str, low: str, high: str, *, equipment: str = "") -> StepSpec:
    return StepSpec(
        key=key,
        title=title,
        instruction=instruction,
        kind=StepKind.TIMER,
        unit="s",
        limit=_limit(low, high, "s", low),
        equipment=equipment,
    )


_CLEARANCE = (
    "Check that the room holds no material, no label and no document of the batch before. Sign the room log."
)

TABLET_STAGES: Final = (
    StageSpec(
        key="dispensing",
        name="Dispensing",
        area="Dispensing room 2",
        steps=(
            _confirm("clearance", "Line clearance", _CLEARANCE, verified=True),
            _text("api_lot", "Amlodipine besylate: lot", "Scan the lot label of the container you open."),
            _number(
                "api_weight",
                "Amlodipine besylate: net weight",
                "Tare the empty container. Weigh in and let the display come to rest before you read it.",
                _limit("6.930", "6.944", "kg", "6.937"),
                verified=True,
                critical=True,
                equipment="Balance BAL-07",
            ),
            _number(
                "mcc_weight",
                "Microcrystalline cellulose: net weight",
                "Weigh on the floor scale, one bag at a time, and enter the sum.",
                _limit("123.50", "124.50", "kg", "124.00"),
                verified=True,
                equipment="Floor scale FS-02",
            ),
            _choice(
                "labels",
                "Container labels",
                "Compare every label with the bill.",
                "All correct",
                "Mismatch found",
            ),
        ),
    ),
    StageSpec(
        key="blending",
        name="Blending",
        area="Blending room",
        steps=(
            _choice(
                "sieve",
                "Sieve integrity",
                "Look at the 0.8 mm sieve before and after use.",
                "Intact",
                "Damaged",
            ),
            _number(
                "speed",
                "Blender speed",
                "Set the speed and read it back from the panel.",
                _limit("10", "14", "rpm", "12"),
                equipment="Bin blender BB-300",
            ),
            _timer(
                "main_blend",
                "Main blend",
                "Start the clock with the drum, stop it when the drum stands still.",
                "900",
                "960",
                equipment="Bin blender BB-300",
            ),
            _timer("lubricant", "Blend with lubricant", "Add magnesium stearate first.", "180", "240"),
            _text(
                "sample",
                "Blend sample",
                "Take ten samples by the plan and enter the number of the sample set.",
            ),
        ),
    ),
    StageSpec(
        key="compression",
        name="Compression",
        area="Press room 1",
        steps=(
            _confirm("clearance", "Line clearance", _CLEARANCE, verified=True),
            _text(
                "tooling", "Tooling set", "Read the number engraved on the set.", equipment="Press FETTE-2090"
            ),
            _number(
                "force",
                "Main compression force",
                "Read the mean of one turret revolution from the panel.",
                _limit("12.0", "18.0", "kN", "15.0"),
                critical=True,
                equipment="Press FETTE-2090",
            ),
            _number(
                "weight",
                "Average weight of 20 tablets",
                "Take 20 tablets from the chute, weigh them together and divide by 20.",
                _limit("194.0", "206.0", "mg", "200.0"),
                equipment="Balance BAL-11",
            ),
            _number(
                "hardness",
                "Hardness, mean of 10",
                "Test ten tablets of the same sample.",
                _limit("60", "100", "N", "80"),
                equipment="Tester ST-50",
            ),
            _number(
                "thickness",
                "Thickness, mean of 10",
                "Measure ten tablets of the same sample.",
                _limit("3.10", "3.40", "mm", "3.25"),
            ),
            _choice(
                "metal",
                "Metal detector challenge",
                "Send the three test pieces (Fe 0.4 mm, non-Fe 0.5 mm, steel 0.6 mm) through the detector one after the "
                "other, at the start, every two hours and at the end. Each must be thrown out. If one is not, stop the "
                "press, block everything since the last good challenge and call the supervisor.",
                "Passed",
                "Failed",
                verified=True,
                critical=True,
            ),
            _number(
                "yield",
                "Yield",
                "Compute it by the form on the back.",
                _limit("95.0", "101.0", "%"),
                verified=True,
            ),
        ),
    ),
    StageSpec(
        key="coating",
        name="Film coating",
        area="Coating room",
        steps=(
            _number(
                "inlet",
                "Inlet air temperature",
                "Read it once spraying is steady.",
                _limit("55", "65", "°C", "60"),
                equipment="Coater GC-750",
            ),
            _number("spray", "Spray rate", "Mean over ten minutes.", _limit("80", "120", "g/min", "100")),
            _number("gain", "Weight gain", "Of 100 tablets.", _limit("2.50", "3.50", "%", "3.00")),
            _choice(
                "look", "Appearance", "Look at 200 tablets on the light table.", "Conforms", "Defects found"
            ),
        ),
    ),
    StageSpec(
        key="packaging",
        name="Packaging",
        area="Packaging line 1",
        steps=(
            _confirm("clearance", "Line clearance", _CLEARANCE, verified=True),
            _text(
                "printer",
                "Printer text",
                "Enter lot and expiry as printed on the first blister.",
                parallel=True,
            ),
            _choice("leak", "Leak test", "Methylene blue, 15 blisters.", "Tight", "Leaking"),
            _number("packed", "Blisters packed", "Read the counter of the cartoner.", None, unit="blisters"),
            _number(
                "reconciliation",
                "Label reconciliation",
                "Used, spoilt and returned over issued.",
                _limit("99.5", "100.5", "%"),
            ),
        ),
    ),
)

SYRUP_STAGES: Final = (
    StageSpec(
        key="dispensing",
        name="Dispensing",
        area="Dispensing room 1",
        steps=(
            _confirm("clearance", "Line clearance", _CLEARANCE, verified=True),
            _number(
                "api_weight",
                "Paracetamol: net weight",
                "Weigh in.",
                _limit("23.95", "24.05", "kg", "24.00"),
                verified=True,
            ),
        ),
    ),
    StageSpec(
        key="making",
        name="Suspension",
        area="Liquids room",
        steps=(
            _number(
                "heat", "Temperature of the syrup base", "Heat up slowly.", _limit("68", "72", "°C", "70")
            ),
            _timer(
                "mix", "Homogenise", "High shear, 3000 1/min.", "1200", "1500", equipment="Homogeniser HG-2"
            ),
            _number("ph", "pH", "At 25 °C.", _limit("5.0", "6.0", "pH", "5.5"), verified=True),
            _number(
                "viscosity", "Viscosity", "Spindle 2, 30 1/min.", _limit("300", None, "mPa·s"), critical=True
            ),
        ),
    ),
    StageSpec(
        key="filling",
        name="Filling",
        area="Liquids line",
        steps=(
            _number(
                "volume",
                "Fill volume, mean of 12",
                "Weigh and divide by density.",
                _limit("100.0", "103.0", "mL", "101.0"),
            ),
            _number("torque", "Cap torque", "Twelve bottles.", _limit("0.8", "1.4", "N·m", "1.1")),
            _choice("leak", "Leak test", "Bottles on their side for one hour.", "Tight", "Leaking"),
        ),
    ),
)

TABLET_BILL: Final = (
    MaterialSpec(
        code="100231", name="Amlodipine besylate", quantity=Quantity(value=Decimal("6.937"), unit="kg")
    ),
    MaterialSpec(
        code="100118",
        name="Cellulose, microcrystalline",
        quantity=Quantity(value=Decimal("124.00"), unit="kg"),
    ),
    MaterialSpec(
        code="100140", name="Sodium starch glycolate", quantity=Quantity(value=Decimal("8.00"), unit="kg")
    ),
    MaterialSpec(
        code="100077", name="Magnesium stearate", quantity=Quantity(value=Decimal("1.00"), unit="kg")
    ),
)
SYRUP_BILL: Final = (
    MaterialSpec(code="100002", name="Paracetamol", quantity=Quantity(value=Decimal("24.00"), unit="kg")),
    MaterialSpec(
        code="100310", name="Sorbitol solution 70 %", quantity=Quantity(value=Decimal("320.0"), unit="kg")
    ),
)


class World:
    """Everything the sample plant knows, and a clock that moves by a few seconds with every command."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.now = NOW
        self.history: list[HistoryRow] = []
        self._made = 1000
        self._numbers: dict[str, int] = {}

    def copy(self) -> "World":
        """A world of one's own that starts from here."""
        other = copy(self)
        other.facts = Facts(self.records())
        other.history = list(self.history)
        other._numbers = dict(self._numbers)
        return other

    def records(self) -> Iterable[Any]:
        """All records of all kinds."""
        for cls in RECORD_CLASSES:
            yield from self.facts.every(cls)

    def fresh(self) -> UUID:
        """An id nobody has yet."""
        self._made += 1
        return made_id(self._made, self.now)

    def context(
        self,
        who: Employee | None,
        *,
        station: StationId | None = PRESS_ROOM,
        server: bool = True,
        offline: bool = False,
        offset: timedelta | None = timedelta(seconds=1),
        command_id: CommandId | None = None,
        number: str | None = None,
        seal: str = "",
        interactive: bool = False,
        plant: PlantId = PLANT,
    ) -> Context:
        person = who or SAM
        return Context(
            actor=Actor(
                user_id=person.user_id, name=person.name, role=person.role, plants=frozenset({PLANT, SYSTEM})
            ),
            command_id=command_id or CommandId(self.fresh()),
            plant_id=plant,
            station_id=station,
            performed_at=self.now,
            received_at=self.now + timedelta(seconds=2) if server else None,
            clock_offset=offset,
            offline=offline,
            fresh_id=self.fresh() if server else None,
            number=number,
            seal=seal,
            interactive=interactive,
        )

    def next_number(self, series: str) -> str:
        """`B-2026-0148`, `DEV-2026-013`: what the server would give out next."""
        self._numbers[series] = self._numbers.get(series, 0) + 1
        if series == "batch":
            return f"B-2026-{self._numbers[series]:04d}"
        return f"DEV-2026-{self._numbers[series]:03d}"

    def act(
        self,
        command: Command,
        who: Employee,
        *,
        station: StationId | None = PRESS_ROOM,
        offline: bool = False,
        offset: timedelta | None = timedelta(seconds=1),
        plant: PlantId = PLANT,
    ) -> Decision:
        """Have the plant's rules decide as the server does after a sync. The sample plant is never refused."""
        self.now += timedelta(seconds=47)
        number = None
        if isinstance(command, CreateBatch):
            number = command.number or self.next_number("batch")
        if isinstance(command, RaiseDeviation):
            number = self.next_number("deviation")
        seal = sha256(f"{command!r} {self._made}".encode()).hexdigest()
        context = self.context(
            who, station=station, offline=offline, offset=offset, number=number, seal=seal, plant=plant
        )
        answer = decide(self.facts, command, context)
        if isinstance(answer, Refusal):
            raise AssertionError(f"the sample plant was refused: {answer} for {command}")
        self.take(answer.changes, who.name, station)
        return answer

    def take(self, changes: Iterable[Change], who: str, station: StationId | None) -> None:
        """Apply changes and write what an inspector would read of them."""
        for change in changes:
            self.facts.apply((change,))
            self.history.append(
                HistoryRow(
                    seq=len(self.history) + 1,
                    event=change.event,
                    entity_kind=change.after.KIND,
                    entity_id=change.after.id,
                    who=who,
                    at=self.now,
                    received_at=self.now + timedelta(seconds=2),
                    station=STATIONS[station][0] if station else "",
                    reason=change.note,
                    old=_told(change.before, change.after),
                    new=_told(change.after, change.before),
                )
            )

    def batch(self, number: str) -> Batch:
        return self.facts.every(Batch, number=number)[0]


def _told(shown: Any, other: Any) -> tuple[tuple[str, str], ...]:
    """The plain fields in which a record differs from its other self."""
    if shown is None or not is_dataclass(shown):
        return ()
    told: list[tuple[str, str]] = []
    for each in fields(shown):
        value = getattr(shown, each.name)
        before = getattr(other, each.name) if other is not None else None
        if value != before and isinstance(value, str | int | Decimal | datetime) and each.name != "id":
            told.append((each.name, str(value)))
    return tuple(told)


@dataclass(slots=True)
class Shift:
    """Executes steps of one batch as two officers would; what is not told is answered on target."""

    world: World
    batch_id: BatchId
    by: Employee = ANA
    checker: Employee = MARKO
    station: StationId = PRESS_ROOM
    answers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def master(self) -> MasterRecord:
        batch = self.world.facts.one(Batch, self.batch_id)
        assert batch is not None
        return cast("MasterRecord", self.world.facts.one(MasterRecord, batch.master_id))

    def stage(self, key: str, *, upto: str = "", complete: bool = True) -> None:
        """Start a stage and answer its steps, up to but not including `upto`; sign it when all are done."""
        spec = self.master.stage(key)
        assert spec is not None
        self.world.act(StartStage(batch_id=self.batch_id, stage_key=key), self.by, station=self.station)
        for step in spec.steps:
            if step.key == upto:
                return
            self.step(key, step)
        if complete:
            self.world.act(
                CompleteStage(batch_id=self.batch_id, stage_key=key), self.by, station=self.station
            )

    def step(self, stage_key: str, spec: StepSpec, *, verify: bool = True) -> None:
        self.world.now += timedelta(minutes=4)
        value = self.answers.get(f"{stage_key}.{spec.key}") or on_target(spec)
        self.record(stage_key, spec.key, value)
        if spec.verified and verify:
            self.verify(stage_key, spec.key)

    def record(
        self,
        stage_key: str,
        step_key: str,
        value: str,
        *,
        by: Employee | None = None,
        comment: str = "",
        offline: bool = False,
        offset: timedelta | None = timedelta(seconds=1),
        station: StationId | None = None,
    ) -> None:
        command = RecordEntry(
            batch_id=self.batch_id, stage_key=stage_key, step_key=step_key, value=value, comment=comment
        )
        self.world.act(
            command, by or self.by, station=station or self.station, offline=offline, offset=offset
        )

    def current(self, stage_key: str, step_key: str) -> Step:
        step = self.world.facts.one(Step, step_id(self.batch_id, stage_key, step_key))
        assert step is not None
        return step

    def verify(self, stage_key: str, step_key: str) -> None:
        entry = self.current(stage_key, step_key).current
        assert entry is not None
        command = VerifyEntry(
            batch_id=self.batch_id,
            stage_key=stage_key,
            step_key=step_key,
            entry_id=entry.id,
            entry_seal=entry.seal,
        )
        self.world.act(command, self.checker, station=self.station)

    def correct(self, stage_key: str, step_key: str, value: str, reason: str) -> None:
        entry = self.current(stage_key, step_key).current
        assert entry is not None
        command = CorrectEntry(
            batch_id=self.batch_id,
            stage_key=stage_key,
            step_key=step_key,
            corrects=entry.id,
            value=value,
            reason=reason,
        )
        self.world.act(command, self.by, station=self.station)

    def everything(self) -> None:
        """All stages, then hand over to review."""
        for spec in self.master.stages:
            self.stage(spec.key)
            self.world.now += timedelta(hours=2)
        self.world.act(CompleteBatch(batch_id=self.batch_id), self.by)


def on_target(spec: StepSpec) -> str:
    """An answer within limits."""
    match spec.kind:
        case StepKind.CONFIRMATION:
            return CONFIRMED
        case StepKind.TEXT:
            return f"{spec.key.upper().replace('_', '-')}-2611"
        case StepKind.CHOICE:
            return spec.choices[0]
        case StepKind.NUMBER | StepKind.TIMER:
            limit = spec.limit
            if limit is None:
                return "28450"
            chosen = limit.target or limit.low or limit.high
            if limit.target is None and limit.low is not None and limit.high is not None:
                chosen = (limit.low + limit.high) / 2
            return str(chosen)


@cache
def built() -> World:
    """The sample plant, made once per process. Take `built().copy()`."""
    world = World()
    world.now = NOW - timedelta(days=900)
    _found(world)
    _masters(world)
    _history_of_batches(world)
    world.now = NOW
    return world


def sample_world() -> World:
    """A sample plant of one's own."""
    return built().copy()


def _found(world: World) -> None:
    found = FoundPlant(
        plant_id=PLANT,
        name="Ljubljana Solids and Liquids",
        site="Verovškova 57",
        timezone="Europe/Ljubljana",
        lines=LINES,
    )
    world.act(found, SAM, station=None)
    for key, (name, area) in STATIONS.items():
        world.act(EnrolStation(station_id=key, name=name, area=area, public_key="00" * 32), SAM, station=None)
    for each in PEOPLE:
        world.facts.put(Person(id=each.user_id, role=each.role, plants=frozenset({PLANT}), active=True))


def _masters(world: World) -> None:
    products = (
        RegisterProduct(
            product_id=TABLETS_ID,
            code="AML-5",
            name="Amlodipine Tablets",
            strength="5 mg",
            dosage_form="Tablet",
        ),
        RegisterProduct(
            product_id=SYRUP_ID,
            code="PAR-S",
            name="Paracetamol Oral Suspension",
            strength="120 mg/5 mL",
            dosage_form="Oral suspension",
        ),
    )
    for each in products:
        world.act(each, PETRA, station=None, plant=SYSTEM)
    tablets = Quantity(value=Decimal(1_000_000), unit="tablets")
    _master(
        world, TABLETS_OLD, TABLETS_ID, 3, tablets, TABLET_STAGES[:4], TABLET_BILL, "First coated version"
    )
    world.now = NOW - timedelta(days=300)
    _master(world, TABLETS, TABLETS_ID, 4, tablets, TABLET_STAGES, TABLET_BILL, "Packaging added")
    bottles = Quantity(value=Decimal(20_000), unit="bottles")
    _master(world, SYRUP, SYRUP_ID, 2, bottles, SYRUP_STAGES, SYRUP_BILL, "Viscosity is critical")
    draft = _draft_of(TABLETS_DRAFT, TABLETS_ID, 5, tablets, TABLET_STAGES, TABLET_BILL, "Tighter hardness")
    world.now = NOW - timedelta(days=5)
    world.act(draft, PETRA, station=None, plant=SYSTEM)


def _draft_of(
    key: MasterId,
    product: ProductId,
    version: int,
    size: Quantity,
    stages: tuple[StageSpec, ...],
    bill: tuple[MaterialSpec, ...],
    note: str,
) -> DraftMasterRecord:
    title = "Amlodipine Tablets 5 mg, film-coated" if product == TABLETS_ID else "Paracetamol Oral Suspension"
    return DraftMasterRecord(
        master_id=key,
        product_id=product,
        version=version,
        title=title,
        batch_size=size,
        materials=bill,
        stages=stages,
        content_hash=content_hash(size, bill, stages),
        note=note,
    )


def _master(
    world: World,
    key: MasterId,
    product: ProductId,
    version: int,
    size: Quantity,
    stages: tuple[StageSpec, ...],
    bill: tuple[MaterialSpec, ...],
    note: str,
) -> None:
    draft = _draft_of(key, product, version, size, stages, bill, note)
    world.act(draft, PETRA, station=None, plant=SYSTEM)
    approve = ApproveMasterRecord(master_id=key, content_hash=draft.content_hash)
    world.act(approve, LUKA, station=None, plant=SYSTEM)


TABLET_LOTS: Final = (
    MaterialUse(
        code="100231",
        name="Amlodipine besylate",
        lot="AB-22871",
        source="Zydus",
        quantity=Quantity(value=Decimal("6.937"), unit="kg"),
        results=(("Assay", "99.7", "%"), ("Water", "0.12", "%")),
    ),
    MaterialUse(
        code="100118",
        name="Cellulose, microcrystalline",
        lot="MC-7719",
        source="JRS",
        quantity=Quantity(value=Decimal("124.00"), unit="kg"),
        results=(("Loss on drying", "3.9", "%"),),
    ),
    MaterialUse(
        code="100077",
        name="Magnesium stearate",
        lot="MS-0442",
        source="Peter Greven",
        quantity=Quantity(value=Decimal("1.00"), unit="kg"),
    ),
)


def _planned(
    world: World, number: str, days: float, *, master: MasterId = TABLETS, line: str = LINES[0]
) -> BatchId:
    world.now = NOW - timedelta(days=days)
    size = (
        Quantity(value=Decimal(1_000_000), unit="tablets")
        if master == TABLETS
        else Quantity(value=Decimal(20_000), unit="bottles")
    )
    create = CreateBatch(
        master_id=master,
        number=number,
        quantity=size,
        line=line,
        planned_start=world.now + timedelta(days=1),
        materials=TABLET_LOTS if master == TABLETS else (),
    )
    made = world.act(create, PETRA)
    return BatchId(made.changes[0].after.id)


def _issued(
    world: World, number: str, days: float, *, master: MasterId = TABLETS, line: str = LINES[0]
) -> BatchId:
    key = _planned(world, number, days, master=master, line=line)
    batch = world.facts.one(Batch, key)
    assert batch is not None
    world.act(IssueBatch(batch_id=key, master_hash=batch.master_hash), PETRA)
    return key


def _running(
    world: World,
    number: str,
    days: float,
    *,
    master: MasterId = TABLETS,
    line: str = LINES[0],
    by: Employee = ANA,
    checker: Employee = MARKO,
) -> Shift:
    key = _issued(world, number, days, master=master, line=line)
    world.now += timedelta(hours=5)
    world.act(StartBatch(batch_id=key), by)
    return Shift(world, key, by=by, checker=checker)


def _press_series(world: World, key: BatchId) -> None:
    start = world.now - timedelta(hours=2)
    chunk = Chunk(position=0, rows=720, digest=sha256(f"series {key}".encode()).hexdigest())
    world.act(
        RecordMetrics(
            batch_id=key,
            stage_key="compression",
            name="press",
            channels=(
                Channel(name="Main compression force", unit="kN"),
                Channel(name="Speed", unit="1000/h"),
                Channel(name="Fill depth", unit="mm"),
            ),
            chunk=chunk,
            first_at=start,
            last_at=world.now,
            zone_known=True,
            source="Press FETTE-2090",
        ),
        TOMAZ,
    )


def _history_of_batches(world: World) -> None:
    _released_and_rejected(world)
    _in_review(world)
    _on_the_floor(world)
    _planned(world, "B-2026-0151", 0.2)
    _planned(world, "B-2026-0152", 0.1, master=SYRUP, line=LINES[2])
    world._numbers["batch"] = 152  # pyright: ignore[reportPrivateUsage]
    _transcribed(world)


def _reviewed(world: World, shift: Shift) -> None:
    """Both reviews and the clearances a release needs."""
    batch = cast("Batch", world.facts.one(Batch, shift.batch_id))
    for station in STATIONS:
        clear = DeclareClear(batch_id=batch.id, counter=9000, completions=batch.completions)
        world.act(clear, SAM, station=station)
    for each in world.facts.every(ReviewException, batch_id=batch.id):
        if each.unsettled:
            judged = AssessException(
                batch_id=batch.id,
                exception_id=each.id,
                action=ExceptionAction.ACCEPT,
                comment="Seen. No influence on quality, see the investigation.",
            )
            world.act(judged, EVA)
    world.now += timedelta(hours=3)
    world.act(ReviewProduction(batch_id=batch.id, manifest=manifest_of(world.facts, batch)), PETRA)
    world.now += timedelta(hours=20)
    quality = ReviewQuality(
        batch_id=batch.id, manifest=manifest_of(world.facts, batch), audit_trail_reviewed=True
    )
    world.act(quality, EVA)


def _disposed(world: World, shift: Shift, disposition: Disposition, reason: str = "") -> None:
    batch = cast("Batch", world.facts.one(Batch, shift.batch_id))
    decision = DecideDisposition(
        batch_id=batch.id,
        disposition=disposition,
        manifest=manifest_of(world.facts, batch),
        reason=reason,
    )
    world.act(decision, NINA)


def _released_and_rejected(world: World) -> None:
    first = _running(world, "B-2026-0131", 40)
    first.everything()
    _press_series(world, first.batch_id)
    _reviewed(world, first)
    _disposed(world, first, Disposition.RELEASE)
    second = _running(world, "B-2026-0132", 36, master=SYRUP, line=LINES[2], by=MARKO, checker=ANA)
    second.answers["making.ph"] = "6.1"
    second.everything()
    deviation = _deviation(
        world,
        second,
        "making",
        "ph",
        "pH above limit",
        "pH read 6.1, the limit is 5.0 to 6.0. The electrode was calibrated the same morning.",
    )
    _closed_deviation(world, deviation)
    _reviewed(world, second)
    _disposed(world, second, Disposition.REJECT, "pH above limit; the cause could not be removed.")
    third = _running(world, "B-2026-0135", 30, line=LINES[1])
    third.stage("dispensing")
    world.act(
        AbortBatch(batch_id=third.batch_id, reason="Blender out of order for two weeks; material returned."),
        PETRA,
    )
    fourth = _running(world, "B-2026-0136", 28)
    fourth.everything()
    _reviewed(world, fourth)
    _disposed(world, fourth, Disposition.RELEASE)


def _in_review(world: World) -> None:
    reviewed = _running(world, "B-2026-0139", 16)
    reviewed.everything()
    _reviewed(world, reviewed)
    held = _running(world, "B-2026-0140", 14, master=SYRUP, line=LINES[2])
    held.answers["making.viscosity"] = "288"
    held.everything()
    _deviation(
        world, held, "making", "viscosity", "Viscosity below limit", "288 mPa·s, the limit is 300 or more."
    )
    batch = cast("Batch", world.facts.one(Batch, held.batch_id))
    world.act(ReviewProduction(batch_id=batch.id, manifest=manifest_of(world.facts, batch)), PETRA)
    world.act(PlaceQaHold(batch_id=batch.id, reason="Viscosity under investigation."), EVA)
    for number, days in (("B-2026-0141", 11.0), ("B-2026-0142", 8.0)):
        waiting = _running(world, number, days, line=LINES[1])
        waiting.answers["compression.hardness"] = "104" if number.endswith("1") else "82"
        waiting.everything()
        _press_series(world, waiting.batch_id)
        batch = cast("Batch", world.facts.one(Batch, waiting.batch_id))
        world.act(ReviewProduction(batch_id=batch.id, manifest=manifest_of(world.facts, batch)), PETRA)
    production = _running(world, "B-2026-0143", 6)
    production.stage("dispensing")
    production.correct("dispensing", "labels", "All correct", "Tapped beside the button.")
    production.world.act(CompleteStage(batch_id=production.batch_id, stage_key="dispensing"), ANA)
    for key in ("blending", "compression", "coating", "packaging"):
        production.stage(key)
    world.act(CompleteBatch(batch_id=production.batch_id), ANA)


def _on_the_floor(world: World) -> None:
    held = _running(world, "B-2026-0144", 4, line=LINES[1], by=MARKO, checker=ANA)
    held.stage("dispensing")
    held.stage("blending", upto="main_blend")
    world.act(
        HoldBatch(batch_id=held.batch_id, reason="Drum door seal torn. Maintenance called, part ordered."),
        MARKO,
    )
    fresh = _running(world, "B-2026-0146", 1.2, master=SYRUP, line=LINES[2], by=MARKO, checker=ANA)
    fresh.stage("dispensing", upto="api_weight")
    _the_busy_batch(world)
    pressing = _running(world, "B-2026-0148", 0.9, line=LINES[1])
    pressing.stage("dispensing")
    pressing.stage("blending")
    _issued(world, "B-2026-0149", 0.5)
    _issued(world, "B-2026-0150", 0.4, master=SYRUP, line=LINES[2])


def _the_busy_batch(world: World) -> None:
    """B-2026-0147: in the press room now, with one of everything that can happen to a step."""
    busy = _running(world, "B-2026-0147", 1.0)
    busy.stage("dispensing", complete=False)
    busy.correct("dispensing", "api_lot", "AB-22871", "Scanned the outer carton instead of the container.")
    world.act(CompleteStage(batch_id=busy.batch_id, stage_key="dispensing"), ANA)
    busy.stage("blending", upto="lubricant")
    busy.record("blending", "lubricant", "252", comment="Supervisor was called to the panel.")
    blend = cast("StageSpec", busy.master.stage("blending"))
    busy.step("blending", blend.steps[4])
    world.act(CompleteStage(batch_id=busy.batch_id, stage_key="blending"), ANA)
    _press_series(world, busy.batch_id)
    world.now = NOW - timedelta(minutes=70)
    world.act(StartStage(batch_id=busy.batch_id, stage_key="compression"), ANA)
    press = cast("StageSpec", busy.master.stage("compression"))
    busy.step("compression", press.steps[0])
    world.act(
        SkipStep(
            batch_id=busy.batch_id,
            stage_key="compression",
            step_key="tooling",
            reason="Tooling was not changed since B-2026-0146 of the same product.",
        ),
        ANA,
    )
    busy.record(
        "compression", "force", "18.6", comment="Force climbed after the hopper was filled.", offline=True
    )
    _deviation(
        world,
        busy,
        "compression",
        "force",
        "Compression force above limit",
        "18.6 kN, the limit is 12.0 to 18.0 kN. Press stopped, the last 20 minutes set apart.",
    )
    busy.record("compression", "weight", "201.3")
    busy.record("compression", "hardness", "82", offset=timedelta(seconds=401))
    busy.record(
        "compression",
        "hardness",
        "85",
        by=MARKO,
        offline=True,
        station=DISPENSARY,
        comment="Read at the tester.",
    )
    busy.record("compression", "thickness", "3.27")
    busy.record("compression", "metal", "Passed")


def _deviation(
    world: World, shift: Shift, stage_key: str, step_key: str, title: str, description: str
) -> DeviationId:
    noticed = [
        each
        for each in world.facts.every(ReviewException, batch_id=shift.batch_id)
        if each.step_key == step_key and each.rule is Rule.OUT_OF_LIMIT
    ]
    key = DeviationId(world.fresh())
    spec = shift.master.step(stage_key, step_key)
    world.act(
        RaiseDeviation(
            deviation_id=key,
            title=title,
            description=description,
            immediate_action="Equipment stopped, material set apart and labelled.",
            occurred_at=world.now,
            noticed_at=world.now,
            batch_id=shift.batch_id,
            stage_key=stage_key,
            step_key=step_key,
            exception_id=noticed[0].id if noticed else None,
            equipment=spec.equipment if spec else "",
            product_held=True,
        ),
        shift.by,
    )
    return key


def _closed_deviation(world: World, key: DeviationId) -> None:
    world.act(
        ClassifyDeviation(
            deviation_id=key,
            classification=DeviationClass.MAJOR,
            reason="A quality attribute left its limit.",
            owner_name=PETRA.name,
        ),
        EVA,
    )
    world.act(
        InvestigateDeviation(
            deviation_id=key,
            investigation=Investigation(
                root_cause="Sorbitol solution of a new supplier carries more alkali.",
                method="5 whys",
                evidence="Titration of three retained samples.",
                impact="This batch only.",
                other_batches="B-2026-0128 and B-2026-0129 tested, within limits.",
                correction="Supplier blocked; incoming test added.",
            ),
        ),
        PETRA,
    )
    known = cast("Deviation", world.facts.one(Deviation, key))
    world.act(
        CloseDeviation(
            deviation_id=key,
            base_revision=known.revision,
            capa_required=True,
            conclusion="Batch to be rejected.",
        ),
        LUKA,
    )


def _transcribed(world: World) -> None:
    world.now = NOW - timedelta(days=3)
    key = BatchId(made_id(77, NOW - timedelta(days=3)))
    world.act(
        ImportBatch(
            batch_id=key,
            dataset="lek-tablets",
            number="LEK-0017",
            master_id=TABLETS_OLD,
            quantity=Quantity(value=Decimal(240_000), unit="tablets"),
            line="",
            started_on="2018-11",
            materials=(
                MaterialUse(
                    code="api", name="Active substance", lot="3", source="Laboratory.csv:17:api_batch"
                ),
            ),
            entries=(
                TranscribedEntry(
                    stage_key="compression",
                    step_key="hardness",
                    value="104",
                    source="Laboratory.csv:17:tbl_av_hardness",
                ),
                TranscribedEntry(
                    stage_key="compression",
                    step_key="yield",
                    value="94.6",
                    source="Laboratory.csv:17:tbl_yield",
                ),
            ),
            findings=(
                Finding(
                    rule=Rule.CONTRADICTION,
                    stage_key="compression",
                    step_key="",
                    detail=("batch size", "240000", "2400000"),
                    source="Normalization.csv:3:Batch Size",
                ),
            ),
            source="Laboratory.csv:17",
        ),
        PETRA,
    )
    world.act(
        CompleteImport(
            dataset="lek-tablets", citation=LEK, batches=1, entries=2, exceptions=3, series_rows=0
        ),
        PETRA,
    )
