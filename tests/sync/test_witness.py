"""A workstation remembers what it saw, and says so when the server shows another past."""

import pytest

from app.client.ports import Link, WitnessState
from app.domain.identity import step_id
from app.domain.step import Step
from app.wire.chain import link, row_digest
from tests.support.floor import Floor
from tests.support.plant import PLANT, confirmed
from tests.support.postgres import FreshDatabase, connect


@pytest.mark.req("R16")
async def test_a_rewritten_row_freezes_the_pull_and_recording_goes_on(
    floor: Floor, database: FreshDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    seen = place.station.desk.sync.state.value.head_seq
    assert place.station.desk.sync.state.value.witness is WitnessState.WHOLE

    await as_administrator(
        database,
        f"UPDATE kernel.journal_heads SET hash = sha256('another past'::bytea) WHERE plant_id = '{PLANT}'",
    )
    await place.save(confirmed(batch.id))
    await place.sync()

    state = place.station.desk.sync.state.value
    assert state.witness is WitnessState.BROKEN
    assert state.link is Link.ONLINE
    assert str(seen + 1) in state.problem
    assert (await place.station.desk.sync.report()).count("broken") >= 1
    assert await floor.plant.record("step", step_id(batch.id, "dispensing", "clear")) is not None
    file = await place.file(batch.id)
    step = file.facts.one(Step, step_id(batch.id, "dispensing", "clear"))
    assert step is not None, "what was entered here still shows, though nothing more is pulled"
    assert "cache.chain_broken" in caplog.text

    await place.reopen()
    await place.sync()
    assert place.station.desk.sync.state.value.witness is WitnessState.BROKEN


async def test_the_first_row_that_differs_is_found_among_those_that_were_seen(
    floor: Floor, database: FreshDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    place = await floor.station("Press room")
    heads: list[int] = []
    for _ in range(4):
        await floor.plant.batch()
        await place.sync()
        heads.append(place.station.desk.sync.state.value.head_seq)

    await rewrite_from(database, heads[0] + 1)
    await place.sync()

    state = place.station.desk.sync.state.value
    assert state.witness is WitnessState.BROKEN
    assert f"row {heads[1]} " in state.problem, "the end of the first page that is another one now"
    assert "cache.chain_broken" in caplog.text


async def as_administrator(database: FreshDatabase, *statements: str) -> None:
    """As somebody who may do anything to the database, and switches its guards off first."""
    connection = await connect(database.superuser_url)
    try:
        await connection.execute("ALTER TABLE kernel.audit_logs DISABLE TRIGGER USER")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def rewrite_from(database: FreshDatabase, first: int) -> None:
    """Change one row and chain it and all rows behind it anew, so that the journal is whole in itself."""
    connection = await connect(database.superuser_url)
    rows = await connection.fetch(
        "SELECT seq, epoch, row, hash FROM kernel.audit_logs WHERE plant_id = $1 ORDER BY seq", PLANT
    )
    await connection.close()
    last = b""
    changes: list[str] = []
    for each in rows:
        row = bytes(each["row"])
        if each["seq"] >= first:
            row = row.replace(b"Analgin", b"Analgan") if each["seq"] == first else row
            last = link(last, PLANT, each["epoch"], each["seq"], row_digest(row))
            changes.append(
                f"UPDATE kernel.audit_logs SET row = '\\x{row.hex()}', hash = '\\x{last.hex()}'"
                f" WHERE plant_id = '{PLANT}' AND seq = {each['seq']}"
            )
        else:
            last = bytes(each["hash"])
    changes.append(f"UPDATE kernel.journal_heads SET hash = '\\x{last.hex()}' WHERE plant_id = '{PLANT}'")
    await as_administrator(database, *changes)
