"""Two workstations, one batch: both entries are kept, everybody sees the same in the end."""

import pytest

from app.client.ports import Mark, Saved, Signatory
from app.domain.batch import AbortBatch, BatchStatus, HoldBatch
from app.domain.decision import Reason, Refusal
from app.domain.entry import RecordEntry, VerifyEntry
from app.domain.exception import ReviewException, Rule
from app.domain.identity import BatchId, step_id
from app.domain.master_record import CONFIRMED, StepKind, StepSpec
from app.domain.review import Clearance, CompleteBatch
from app.domain.stage import CompleteStage, StartStage
from app.domain.step import Step, StepStatus
from tests.support.api import PASSWORD
from tests.support.floor import Floor, Place
from tests.support.plant import Colleague, confirmed, weight


async def test_two_people_who_fill_one_step_offline_are_both_kept_and_the_step_is_contested(
    floor: Floor,
) -> None:
    batch = await floor.plant.batch()
    press, pack = await floor.station("Press room"), await floor.station("Packing")
    await press.sign_in(floor.plant.ana)
    await pack.sign_in(floor.plant.boris)
    for place in (press, pack):
        await place.sync()
        place.network.down = True
        await place.sync()
        await place.save(confirmed(batch.id))
    one, other = await press.save(weight(batch.id, "10.1")), await pack.save(weight(batch.id, "10.2"))

    for place in (press, pack, press):
        place.network.down = False
        await place.sync()

    for place in (press, pack):
        file = await place.file(batch.id)
        step = file.facts.one(Step, step_id(batch.id, "dispensing", "weight"))
        assert step is not None
        assert step.status is StepStatus.CONTESTED
        assert {each.id: each.value for each in step.entries} == {one.id: "10.1", other.id: "10.2"}
        assert not file.marks
        offline = file.facts.every(ReviewException, rule=Rule.ENTERED_OFFLINE)
        assert {one.id, other.id} <= {each.entry_id for each in offline}


async def test_a_colleagues_queue_is_delivered_by_whoever_works_next(floor: Floor) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    place.network.down = True
    saved = await place.save(confirmed(batch.id))
    await place.station.desk.session.sign_out()
    place.network.down = False
    await place.sign_in(floor.plant.boris)

    await place.sync()

    step = await floor.plant.record("step", step_id(batch.id, "dispensing", "clear"))
    assert isinstance(step, Step)
    assert [(each.id, each.author_id) for each in step.entries] == [(saved.id, floor.plant.ana.user_id)]


async def test_a_refused_command_is_kept_and_holds_up_nobody_elses_records(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    closed, running = await floor.plant.batch(), await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    place.network.down = True
    await place.sync()
    hold = await place.save(HoldBatch(batch_id=closed.id, reason="Power is out."))
    await place.save(confirmed(running.id))
    await floor.plant.act(AbortBatch(batch_id=closed.id, reason="Fire alarm."), floor.plant.petra)

    place.network.down = False
    await place.sync()

    assert [each.id for each in await place.station.desk.sync.attention()] == [hold.id]
    assert place.station.desk.sync.state.value.attention == 1
    assert place.station.desk.sync.state.value.waiting == 0
    assert await floor.plant.record("step", step_id(running.id, "dispensing", "clear")) is not None
    file = await place.file(closed.id)
    assert file.marks == {hold.id: Mark.NEEDS_ATTENTION}
    assert file.batch.status is BatchStatus.ABORTED
    assert "outbox.refused" in caplog.text

    assert await place.station.desk.sync.settle(hold.id, "The batch was aborted meanwhile.") is None
    assert place.station.desk.sync.state.value.attention == 0


async def test_a_verifier_at_the_same_station_signs_beside_the_officer_offline(floor: Floor) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.boris)
    await place.sign_in(floor.plant.ana)
    await place.sync()
    place.network.down = True
    await place.save(confirmed(batch.id))
    await place.save(weight(batch.id, "10.1"))
    file = await place.file(batch.id)
    step = file.facts.one(Step, step_id(batch.id, "dispensing", "weight"))
    assert step is not None
    assert step.current is not None
    verify = VerifyEntry(
        batch_id=batch.id,
        stage_key="dispensing",
        step_key="weight",
        entry_id=step.current.id,
        entry_seal=step.current.seal,
    )
    own = await place.station.desk.commands.preview(verify)
    assert own is not None
    assert own.reason is Reason.VERIFIER_IS_PERFORMER

    boris = await _signing(floor, place, floor.plant.boris)
    assert isinstance(await place.station.desk.commands.save(verify, signatory=boris), Saved)
    place.network.down = False
    await place.sync()

    kept = await floor.plant.record("step", step_id(batch.id, "dispensing", "weight"))
    assert isinstance(kept, Step)
    assert kept.status is StepStatus.VERIFIED
    assert kept.verified is not None
    assert kept.verified.signer_id == floor.plant.boris.user_id


async def test_each_station_says_by_itself_that_it_holds_nothing_of_a_batch_under_review(
    floor: Floor,
) -> None:
    batch = await floor.plant.batch()
    press, pack = await floor.station("Press room"), await floor.station("Packing")
    await press.sign_in(floor.plant.ana)
    await press.sign_in(floor.plant.boris)
    await press.sync()
    await _execute(floor, press, batch.id)
    await press.sync()
    await pack.sync()
    await press.sync()

    found = [each for each in await floor.plant.records("clearance") if isinstance(each, Clearance)]
    stations = {press.station.station.station_id, pack.station.station.station_id}
    assert {each.station_id for each in found} == stations
    assert all(each.completions == 1 for each in found)
    before = await floor.plant.records("clearance")
    await press.sync()
    assert await floor.plant.records("clearance") == before


async def _execute(floor: Floor, place: Place, batch_id: BatchId) -> None:
    """All stages to the end, the second person signing where the master asks for one."""
    ana = await _signing(floor, place, floor.plant.ana)
    for index, stage in enumerate(floor.plant.stages):
        if index:
            await place.save(StartStage(batch_id=batch_id, stage_key=stage.key))
        for spec in stage.steps:
            entry = RecordEntry(
                batch_id=batch_id, stage_key=stage.key, step_key=spec.key, value=_answer(spec)
            )
            saved = await place.save(entry)
            if spec.verified:
                step = (await place.file(batch_id)).facts.one(Step, step_id(batch_id, stage.key, spec.key))
                assert step is not None
                assert step.current is not None
                verify = VerifyEntry(
                    batch_id=batch_id,
                    stage_key=stage.key,
                    step_key=spec.key,
                    entry_id=step.current.id,
                    entry_seal=step.current.seal,
                )
                signed = await place.station.desk.commands.save(verify, signatory=ana)
                assert isinstance(signed, Saved), signed
            assert saved.counter > 0
        await place.save(CompleteStage(batch_id=batch_id, stage_key=stage.key))
    await place.save(CompleteBatch(batch_id=batch_id))


async def _signing(floor: Floor, place: Place, one: Colleague) -> Signatory:
    signatory = await place.station.desk.session.authenticate(await floor.login_of(one), PASSWORD)
    assert not isinstance(signatory, Refusal), signatory
    return signatory


def _answer(spec: StepSpec) -> str:
    match spec.kind:
        case StepKind.CONFIRMATION:
            return CONFIRMED
        case StepKind.NUMBER:
            low = spec.limit.low if spec.limit else None
            return str(low or 1)
        case StepKind.TIMER:
            return "600"
        case StepKind.CHOICE:
            return spec.expected or spec.choices[0]
        case StepKind.TEXT:
            return "L-1"
