"""The sample plant with more for quality to do: a batch with one of each exception, deviations in every state."""

from datetime import timedelta
from functools import cache
from typing import cast

from app.domain.batch import Batch, CreateBatch, IssueBatch, StartBatch
from app.domain.deviation import (
    CancelDeviation,
    ClassifyDeviation,
    Deviation,
    DeviationClass,
    InvestigateDeviation,
    Investigation,
    RaiseDeviation,
)
from app.domain.entry import ChooseEntry, RecordEntry, SkipStep
from app.domain.exception import AssessException, ExceptionAction, ReviewException, Rule
from app.domain.identity import BatchId, DeviationId, step_id
from app.domain.master_record import StageSpec
from app.domain.metrics import Channel, Chunk, RecordMetrics
from app.domain.quantity import Quantity
from app.domain.review import (
    CompleteBatch,
    DeclareClear,
    ReviewProduction,
    ReviewQuality,
    manifest_of,
)
from app.domain.stage import CompleteStage, StartStage
from app.domain.step import Step
from tests.support.sample_plant import (
    ANA,
    DISPENSARY,
    EVA,
    IGOR,
    LUKA,
    MARKO,
    NOW,
    PETRA,
    SAM,
    STATIONS,
    TABLETS,
    TOMAZ,
    Employee,
    Shift,
    World,
    sample_world,
)

TROUBLED = "B-2026-0137"
CLEAN = "B-2026-0138"
LONG = (
    "The mean compression force left its limit four times within twenty minutes after the hopper had been filled "
    "from the second container, while the pre-compression force, the speed of the press and the fill depth did not "
    "change; the operator lowered the feeder speed in two steps and called the supervisor, who had the tablets of "
    "the last twenty minutes set apart in two labelled drums (see the room log, page 114, and the label copies)."
)
FOUND = Investigation(
    root_cause="Segregation of the blend in the second container after it stood open for five hours.",
    method="5 whys\nWhy 1: The force rose\nWhy 2: The die filled unevenly\nWhy 3: The blend had segregated",
    evidence="Sieve analysis of both containers, force trend of the press, interview of both officers.",
    impact="Hardness and dissolution of the tablets set apart; none for the rest, tested on 40 tablets.",
    other_batches="B-2026-0136 and B-2026-0139 ran from containers that were emptied within the hour: none.",
    correction="Tablets set apart were destroyed; containers are emptied within two hours from now on.",
)


@cache
def _built() -> World:
    world = sample_world()
    _troubled(world)
    _clean(world)
    _deviations(world)
    world.now = NOW
    return world


def quality_world() -> World:
    """A world of one's own with the troubled batch in QA review and the clean one reviewed."""
    return _built().copy()


def fresh_batch(world: World, number: str, days: float) -> Shift:
    """A tablet batch that was started so many days ago."""
    world.now = NOW - timedelta(days=days)
    made = world.act(
        CreateBatch(
            master_id=TABLETS,
            number=number,
            quantity=Quantity(value=world.batch("B-2026-0131").quantity.value, unit="tablets"),
            line="Tablet line 2",
            materials=world.batch("B-2026-0131").materials,
        ),
        PETRA,
    )
    key = BatchId(made.changes[0].after.id)
    world.act(IssueBatch(batch_id=key, master_hash=world.batch(number).master_hash), PETRA)
    world.act(StartBatch(batch_id=key), ANA)
    return Shift(world, key)


def deviation(world: World, number: str) -> Deviation:
    return world.facts.every(Deviation, number=number)[0]


def exceptions(world: World, number: str, rule: Rule) -> tuple[ReviewException, ...]:
    return world.facts.every(ReviewException, batch_id=world.batch(number).id, rule=rule)


def clear(world: World, key: BatchId) -> None:
    """Every workstation says that it holds no more for this batch."""
    for station in STATIONS:
        command = DeclareClear(
            batch_id=key, counter=9000, completions=cast("Batch", world.facts.one(Batch, key)).completions
        )
        world.act(command, SAM, station=station)


def review_production(world: World, key: BatchId, by: Employee = IGOR) -> None:
    batch = cast("Batch", world.facts.one(Batch, key))
    world.act(ReviewProduction(batch_id=key, manifest=manifest_of(world.facts, batch)), by)


def assess_all(world: World, key: BatchId) -> None:
    for each in world.facts.every(ReviewException, batch_id=key):
        if each.unsettled:
            judged = AssessException(
                batch_id=key,
                exception_id=each.id,
                action=ExceptionAction.ACCEPT,
                comment="Seen; no influence on quality.",
            )
            world.act(judged, EVA)


def review_quality(world: World, key: BatchId, by: Employee = LUKA) -> None:
    batch = cast("Batch", world.facts.one(Batch, key))
    manifest = manifest_of(world.facts, batch)
    world.act(ReviewQuality(batch_id=key, manifest=manifest, audit_trail_reviewed=True), by)


def raise_deviation(
    world: World, title: str, days: float, *, batch: str = "", description: str = "", by: Employee = ANA
) -> DeviationId:
    world.now = NOW - timedelta(days=days)
    key = DeviationId(world.fresh())
    world.act(
        RaiseDeviation(
            deviation_id=key,
            title=title,
            description=description or f"{title}. Seen during the round at the start of the shift.",
            immediate_action="Supervisor called, material set apart and labelled.",
            occurred_at=world.now - timedelta(minutes=25),
            noticed_at=world.now,
            batch_id=world.batch(batch).id if batch else None,
        ),
        by,
    )
    return key


def classify(world: World, key: DeviationId, into: DeviationClass, owner: str = PETRA.name) -> None:
    world.now += timedelta(hours=20)
    world.act(
        ClassifyDeviation(
            deviation_id=key,
            classification=into,
            reason="Potentially significant: a critical process parameter left its limit."
            if into is not DeviationClass.MINOR
            else "Isolated, no direct impact on the product.",
            owner_name=owner,
        ),
        EVA,
    )


def investigate(world: World, key: DeviationId, found: Investigation = FOUND) -> None:
    world.now += timedelta(days=2)
    world.act(InvestigateDeviation(deviation_id=key, investigation=found), PETRA)


def _troubled(world: World) -> None:
    shift = fresh_batch(world, TROUBLED, 5)
    key = shift.batch_id
    shift.stage("dispensing", complete=False)
    shift.correct("dispensing", "api_lot", "AB-22871", "Scanned the outer carton instead of the container.")
    shift.correct("dispensing", "labels", "All correct", "Tapped beside the button.")
    world.act(CompleteStage(batch_id=key, stage_key="dispensing"), ANA)
    shift.answers.update({"blending.lubricant": "252", "blending.speed": "14.5"})
    shift.stage("blending")
    world.act(StartStage(batch_id=key, stage_key="compression"), ANA)
    press = cast("StageSpec", shift.master.stage("compression"))
    by_key = {each.key: each for each in press.steps}
    shift.step("compression", by_key["clearance"])
    skip = SkipStep(
        batch_id=key,
        stage_key="compression",
        step_key="tooling",
        reason="Tooling was not changed since B-2026-0136 of the same product.",
    )
    world.act(skip, ANA)
    shift.record("compression", "force", "18.6", comment=LONG, offline=True)
    shift.record("compression", "weight", "201.3", offline=True)
    shift.record("compression", "hardness", "82", offset=timedelta(seconds=401))
    shift.record("compression", "hardness", "85", by=MARKO, offline=True, station=DISPENSARY)
    world.now += timedelta(minutes=50)
    late = RecordEntry(
        batch_id=key,
        stage_key="compression",
        step_key="thickness",
        value="3.27",
        performed_at=world.now - timedelta(minutes=50),
        late_reason="The tester was in use at the other line.",
    )
    world.act(late, ANA)
    shift.answers["compression.metal"] = "Failed"
    shift.step("compression", by_key["metal"])
    shift.step("compression", by_key["yield"])
    contested = cast("Step", world.facts.one(Step, step_id(key, "compression", "hardness")))
    choose = ChooseEntry(
        batch_id=key,
        stage_key="compression",
        step_key="hardness",
        entry_id=contested.contested[1],
        reason="The tester's own printout says 85.",
    )
    world.act(choose, PETRA)
    world.act(CompleteStage(batch_id=key, stage_key="compression"), ANA)
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
            chunk=Chunk(position=0, rows=720, digest="0" * 64),
            first_at=world.now - timedelta(hours=2),
            last_at=world.now,
            zone_known=True,
            source="Press FETTE-2090",
        ),
        TOMAZ,
    )
    shift.stage("coating")
    shift.stage("packaging")
    world.act(CompleteBatch(batch_id=key), ANA)
    world.now += timedelta(hours=4)
    review_production(world, key)


def _clean(world: World) -> None:
    shift = fresh_batch(world, CLEAN, 12)
    shift.everything()
    clear(world, shift.batch_id)
    review_production(world, shift.batch_id)
    world.now += timedelta(hours=22)
    review_quality(world, shift.batch_id)


def _deviations(world: World) -> None:
    overdue = raise_deviation(
        world,
        "Metal detector did not throw out the steel test piece",
        41,
        batch="B-2026-0140",
        by=MARKO,
    )
    classify(world, overdue, DeviationClass.CRITICAL)
    major = raise_deviation(
        world, "Compression force above limit after container change", 9, batch=TROUBLED, description=LONG
    )
    classify(world, major, DeviationClass.MAJOR)
    investigate(world, major)
    minor = raise_deviation(world, "Balance BAL-11 printed yesterday's date", 6, by=MARKO)
    classify(world, minor, DeviationClass.MINOR, owner="")
    raise_deviation(world, "Relative humidity of the weighing room 62 % for 40 minutes", 3, by=MARKO)
    doubled = raise_deviation(world, "Label roll reported twice", 4)
    world.now += timedelta(hours=3)
    world.act(CancelDeviation(deviation_id=doubled, reason="Entered twice; see the one before."), LUKA)
