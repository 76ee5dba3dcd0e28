"""What is entered at a workstation comes to the server once, whatever the network does."""

import pytest

from app.client.ports import Link, Mark
from app.domain.decision import Reason
from app.domain.identity import step_id
from app.domain.step import Step, StepStatus
from app.wire import paths
from app.wire.sync import Settled
from tests.support.floor import Floor, Place
from tests.support.network import Fault
from tests.support.plant import confirmed, weight


async def test_an_entry_goes_from_the_screen_into_the_journal_and_back(floor: Floor) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    saved = await place.save(confirmed(batch.id))
    file = await place.file(batch.id)
    step = file.facts.one(Step, step_id(batch.id, "dispensing", "clear"))
    assert step is not None
    assert step.status is StepStatus.DONE
    assert file.marks[saved.id] is Mark.SAVED_HERE

    await place.sync()

    outcome = await place.station.desk.commands.outcome(saved.id, 0)
    assert outcome is not None
    assert outcome.settled is Settled.ACCEPTED
    file = await place.file(batch.id)
    assert not file.marks
    step = file.facts.one(Step, step_id(batch.id, "dispensing", "clear"))
    assert step is not None
    assert step.current is not None
    assert step.current.received_at is not None
    assert place.station.desk.sync.state.value.link is Link.ONLINE


@pytest.mark.req("R27")
@pytest.mark.parametrize("fault", [Fault.REPLY_LOST, Fault.REQUEST_LOST, Fault.CUT, Fault.PORTAL])
async def test_a_push_that_meets_a_fault_has_one_effect_in_the_end(floor: Floor, fault: Fault) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    saved = await place.save(confirmed(batch.id))
    place.network.plan(paths.SYNC_COMMANDS, fault)

    await place.sync()
    state = place.station.desk.sync.state.value
    assert (state.link, state.waiting) == (Link.OFFLINE, 1)

    await place.sync()
    assert place.station.desk.sync.state.value.waiting == 0
    step = await floor.plant.record("step", step_id(batch.id, "dispensing", "clear"))
    assert isinstance(step, Step)
    assert [each.id for each in step.entries] == [saved.id]
    assert not (await place.file(batch.id)).marks


async def test_an_altered_row_is_noticed_at_both_ends_and_nothing_behind_it_is_lost(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    first = await place.save(confirmed(batch.id))
    second = await place.save(weight(batch.id, "10.1"))
    await _alter(place, first.counter)

    await place.sync()

    assert "outbox.row_altered" in caplog.text
    attention = await place.station.desk.sync.attention()
    assert [(each.id, each.reason) for each in attention] == [
        (first.id, Reason.BAD_SEAL),
        (
            second.id,
            Reason.STATION_CLONED,
        ),  # its predecessor in the chain is not the one the server was shown
    ]
    assert await floor.plant.record("step", step_id(batch.id, "dispensing", "clear")) is None


async def _alter(place: Place, counter: int) -> None:
    """What somebody with the file's key could do to a row on the disk."""
    database = place.station._database  # pyright: ignore[reportPrivateUsage]
    await database.writer.run(
        lambda c: c.exec_driver_sql(
            'UPDATE outbox SET body = replace(body, \'"comment":""\', \'"comment":"better"\') WHERE counter = ?',
            (counter,),
        ).close()
    )
