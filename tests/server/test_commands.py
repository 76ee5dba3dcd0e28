"""What becomes of sealed commands."""

from app.domain.identity import step_id
from app.domain.step import Step, StepStatus
from app.wire.sync import Settled
from tests.support.plant import TestPlant, accepted, confirmed, weight


async def test_an_entry_pushed_by_a_workstation_lies_in_the_step(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    answer = await station.push(
        station.says(confirmed(batch.id), plant.ana), station.says(weight(batch.id, "10.02"), plant.ana)
    )
    assert accepted(answer), answer
    step = await plant.record("step", step_id(batch.id, "dispensing", "weight"))
    assert isinstance(step, Step)
    assert step.status is StepStatus.AWAITING_VERIFICATION
    assert step.current is not None
    assert (step.current.value, step.current.author_name) == ("10.02", "Ana Kovač")
    assert answer.outcomes[1].seq == answer.head_seq
    assert [each.settled for each in answer.outcomes] == [Settled.ACCEPTED] * 2
