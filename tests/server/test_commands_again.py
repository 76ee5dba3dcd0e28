"""What the desk does when the database says no: begin again, give up whole, and never answer before the commit."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from app.domain.decision import Reason
from app.domain.deviation import RaiseDeviation
from app.domain.identity import DeviationId, step_id
from app.server.kernel.database import MOST_TRIES, Overtaken, Transaction
from app.server.kernel.record_tables import Stored
from app.wire.codec import dump
from app.wire.sync import Push, PushAnswer, Settled
from tests.support.plant import TestPlant, confirmed, lot, weight
from tests.support.postgres import FreshDatabase, connect


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_a_transaction_that_met_another_begins_again(plant: TestPlant, code: str) -> None:
    tries = 0

    async def work(tx: Transaction) -> int:
        nonlocal tries
        tries += 1
        await tx.execute("INSERT INTO kernel.number_series VALUES ('x', 'tries', 2026, 1)")
        if tries < 3:
            await tx.execute(f"DO $$ BEGIN RAISE EXCEPTION 'met' USING ERRCODE = '{code}'; END $$")
        return tries

    assert await plant.database.repeated(work) == 3
    assert await plant.ask("SELECT count(*) FROM kernel.number_series WHERE plant_id = 'x'") == [(1,)]


async def test_it_gives_up_after_a_while_and_on_other_errors_at_once(plant: TestPlant) -> None:
    tries = 0

    async def overtaken(_: Transaction) -> None:
        nonlocal tries
        tries += 1
        raise Overtaken("step")

    with pytest.raises(Overtaken):
        await plant.database.repeated(overtaken)
    assert tries == MOST_TRIES
    tries = 0

    async def broken(tx: Transaction) -> None:
        nonlocal tries
        tries += 1
        await tx.execute("SELECT 1 / 0")

    with pytest.raises(DBAPIError):
        await plant.database.repeated(broken)
    assert tries == 1


async def test_no_answer_leaves_when_the_commit_fails_and_nothing_of_it_stays(
    plant: TestPlant, database: FreshDatabase
) -> None:
    """A constraint that speaks only at COMMIT: the station hears nothing, keeps its queue and sends again."""
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    connection = await connect(database.superuser_url)
    await connection.execute(
        """
        CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = 'disk_full'; END $$;
        CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON kernel.commands
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.fail();
        """
    )
    before = await plant.ask("SELECT seq FROM kernel.journal_heads ORDER BY plant_id")
    plant.heads.clear()
    entry = station.says(confirmed(batch.id), plant.ana)
    with pytest.raises(DBAPIError, match="the disk is full"):
        await station.push(entry)
    assert plant.heads == []
    assert await plant.ask("SELECT seq FROM kernel.journal_heads ORDER BY plant_id") == before
    assert await plant.record("step", step_id(batch.id, "dispensing", "clear")) is None
    await connection.execute("DROP TRIGGER at_commit ON kernel.commands")
    await connection.close()
    answer = await station.push(entry)
    assert [(each.settled, each.again) for each in answer.outcomes] == [(Settled.ACCEPTED, False)]


async def test_a_record_that_somebody_changed_meanwhile_is_not_written_over(plant: TestPlant) -> None:
    batch = await plant.batch()
    older = replace(batch, revision=batch.revision - 1, line="L9")

    async def write(tx: Transaction) -> None:
        await plant.desk.store.upsert(tx, [Stored(record=older, seq=1, body=dump(older))])

    with pytest.raises(Overtaken):
        await plant.database.repeated(write)
    assert await plant.record("batch", batch.id) == batch


async def test_no_station_takes_a_place_or_an_id_of_anothers(plant: TestPlant) -> None:
    """A stolen station hands in, twice, what a colleague station has sealed and not sent yet."""
    mine, other = await plant.station("DISP-01"), await plant.station("DISP-02")
    batch = await plant.batch()
    stolen = other.says(confirmed(batch.id), plant.ana)
    push = Push(station_id=mine.id, plant_id=plant.id, commands=(stolen,))
    for again in (False, True):
        answer = await plant.desk.push(mine.id, push)
        assert isinstance(answer, PushAnswer)
        assert [(each.reason, each.again) for each in answer.outcomes] == [(Reason.BAD_SEAL, again)]
    assert len(await plant.ask("SELECT id FROM kernel.refused_commands")) == 1
    later = other.says(lot(batch.id, "A"), plant.ana)
    answer = await other.push(stolen, later)
    assert [(each.settled, each.again) for each in answer.outcomes] == [(Settled.ACCEPTED, False)] * 2
    assert (await mine.does(weight(batch.id, "10.0"), plant.ana)).settled is Settled.ACCEPTED


async def test_a_push_of_nothing_answers_where_the_journal_stands(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    answer = await station.push()
    rows = await plant.ask("SELECT seq FROM kernel.journal_heads WHERE plant_id = $1", plant.id)
    assert (answer.outcomes, answer.head_seq, answer.durable_seq) == ((), rows[0][0], None)
    async with plant.database.transaction() as tx:
        await tx.execute("INSERT INTO kernel.backups (plant_id, seq) VALUES ($1, 1)", plant.id)
    assert (await station.push()).durable_seq == 1


async def test_a_deviation_id_that_another_batch_has_is_taken(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    one, other = await plant.batch(), await plant.batch()
    raising = RaiseDeviation(
        deviation_id=DeviationId(uuid4()),
        title="Spill",
        description="On the floor.",
        immediate_action="",
        occurred_at=plant.ticking.now,
        noticed_at=plant.ticking.now,
        batch_id=one.id,
    )
    assert (await station.does(raising, plant.ana)).settled is Settled.ACCEPTED
    again = await station.does(replace(raising, batch_id=other.id), plant.ana)
    nowhere = await station.does(replace(raising, batch_id=None), plant.ana)
    assert (again.reason, nowhere.reason) == (Reason.ALREADY_EXISTS, Reason.ALREADY_EXISTS)
