"""The journal: who did what when and why, in one unbroken chain, and a check that finds every flaw."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from sqlalchemy.exc import DBAPIError

from app.domain.entry import CorrectEntry, VerifyEntry
from app.domain.identity import SYSTEM, BatchId, PlantId, step_id
from app.domain.step import Step
from app.server.kernel.database import Database
from app.server.kernel.journal import Event, feed_page
from app.server.kernel.verification import Report, verify_database
from app.wire.chain import GENESIS, link, row_digest
from app.wire.checkpoint import fingerprint
from app.wire.journal import load_meta, split_row
from app.wire.sync import Outcome, Settled
from tests.support.plant import TABLES, TestPlant, confirmed, weight
from tests.support.postgres import FreshDatabase, connect


async def verified(database: FreshDatabase, *, seals: bool = True, trust: str = "") -> Report:
    return await verify_database(database.owner_url, TABLES, seals=seals, trust=trust)


async def tamper(database: FreshDatabase, *statements: str) -> None:
    """As an administrator of the database who knows what he does: triggers off, one statement, triggers on."""
    connection = await connect(database.superuser_url)
    try:
        for table in ("kernel.audit_logs", "kernel.commands", "kernel.checkpoints"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            changed = await connection.execute(statement)
            assert not changed.endswith(" 0"), f"nothing was tampered with: {statement}"
    finally:
        await connection.close()


async def busy(plant: TestPlant) -> BatchId:
    """A batch with entries, a correction and a verification; answers its id."""
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    await station.push(
        station.says(confirmed(batch.id), plant.ana), station.says(weight(batch.id, "10.02"), plant.ana)
    )
    step = await plant.record("step", step_id(batch.id, "dispensing", "weight"))
    assert isinstance(step, Step)
    assert step.current is not None
    correct = CorrectEntry(
        batch_id=batch.id,
        stage_key="dispensing",
        step_key="weight",
        corrects=step.current.id,
        value="10.03",
        reason="Read again",
    )
    corrected = station.says(correct, plant.ana)
    seal = corrected.body_hash
    await station.push(corrected)
    step = await plant.record("step", step.id)
    assert isinstance(step, Step)
    assert step.current is not None
    verify = VerifyEntry(
        batch_id=batch.id,
        stage_key="dispensing",
        step_key="weight",
        entry_id=step.current.id,
        entry_seal=seal,
    )
    outcome = await station.does(verify, plant.boris)
    assert outcome.settled is Settled.ACCEPTED, outcome
    return batch.id


@pytest.mark.req("R6")
async def test_a_correction_says_who_what_old_new_why_when_and_where_from(plant: TestPlant) -> None:
    batch_id = await busy(plant)
    async with plant.database.transaction() as tx:
        row = await tx.first(
            "SELECT * FROM kernel.audit_logs WHERE event_type = 'step.corrected' AND batch_id = $1", batch_id
        )
    assert row is not None
    old, new, metadata = row["old_values"], row["new_values"], row["metadata"]
    assert (row["user_id"], row["action"], row["entity_type"]) == (plant.ana.user_id, "update", "step")
    assert [each["value"] for each in old["entries"]] == ["10.02"]
    assert [each["value"] for each in new["entries"]] == ["10.02", "10.03"]
    assert metadata["reason"] == "Read again"
    assert metadata["station_id"] == str(plant.stations[0].id)
    assert row["timestamp"] == plant.ticking.now
    assert row["timestamp"].tzinfo is not None


async def test_the_chain_of_the_database_is_the_one_the_wire_describes(plant: TestPlant) -> None:
    await busy(plant)
    rows = await plant.ask(
        "SELECT seq, epoch, row, prev_hash, hash, new_values FROM kernel.audit_logs "
        "WHERE plant_id = $1 ORDER BY seq",
        plant.id,
    )
    prev = GENESIS
    for expected, (seq, epoch, row, prev_hash, digest, new_values) in enumerate(rows, 1):
        assert isinstance(row, bytes)
        assert seq == expected
        assert prev_hash == prev
        prev = link(prev, plant.id, epoch, seq, row_digest(row))
        assert digest == prev
        assert json.loads(split_row(row)[1]) == new_values
        assert load_meta(row).timestamp == plant.ticking.now


async def test_a_sound_database_verifies_with_every_seal(plant: TestPlant, database: FreshDatabase) -> None:
    await busy(plant)
    mine = fingerprint(plant.key.public_key)
    report = await verified(database)
    assert report.flaws == ()
    assert (report.sound, report.rows > 25, report.records > 20, report.commands > 20) == (True,) * 4
    assert report.seals == report.commands
    assert not report.anchored  # no checkpoint yet, and no fingerprint to trust
    assert len(mine) == 39


ROW = "WHERE plant_id = 'ljubljana' AND seq"
TAMPERED = {
    f"UPDATE kernel.audit_logs SET row = set_byte(row, 40, get_byte(row, 40) # 1) {ROW} = 5": (
        "ljubljana seq 5: the row was altered"
    ),
    f"UPDATE kernel.audit_logs SET new_values = '{{}}' {ROW} = 3": (
        "ljubljana seq 3: columns differ from the hashed row"
    ),
    f"UPDATE kernel.audit_logs SET user_id = gen_random_uuid() {ROW} = 4": (
        "ljubljana seq 4: columns differ from the hashed row"
    ),
    f"DELETE FROM kernel.audit_logs {ROW} = 6": "ljubljana seq 6: rows are missing (up to 6)",
    "UPDATE kernel.journal_heads SET seq = seq - 1 WHERE plant_id = 'ljubljana'": (
        "the journal does not end at its head"
    ),
    "UPDATE production.batch_steps SET record = replace(record, '10.03', '10.08')": (
        "the step differs from its journal row"
    ),
    "UPDATE production.production_batches SET status = 'Released'": (
        "the batch's column status differs from its record"
    ),
    "UPDATE auth.persons SET plants = '{ljubljana,maribor}' WHERE role = 'QA Head'": (
        "the person's column plants differs from its record"
    ),
    "DELETE FROM production.batch_steps WHERE step_key = 'weight'": "the step is gone",
    "UPDATE kernel.commands SET body = set_byte(body, 60, get_byte(body, 60) # 1) WHERE kind = 'entry.verify'": (
        "the command was altered"
    ),
    "DELETE FROM kernel.commands WHERE kind = 'entry.correct'": "the command behind the row is gone",
}


@pytest.mark.req("R1")
@pytest.mark.parametrize("statement", TAMPERED)
async def test_whatever_is_altered_is_named(
    plant: TestPlant, database: FreshDatabase, statement: str
) -> None:
    await busy(plant)
    await tamper(database, statement)
    said = [str(each) for each in (await verified(database)).flaws]
    assert any(TAMPERED[statement] in each for each in said), said


@pytest.mark.req("R18")
async def test_a_command_sealed_by_another_key_fails_with_all_seals(
    plant: TestPlant, database: FreshDatabase
) -> None:
    await busy(plant)
    await tamper(
        database,
        "UPDATE kernel.commands SET signature = overlay(signature placing '00' from 1) "
        "WHERE kind = 'entry.verify'",
    )
    assert (await verified(database, seals=False)).sound
    report = await verified(database)
    assert [each.what for each in report.flaws] == ["the command's seal is false"]


async def test_checkpoints_are_signed_every_thousand_rows_and_anchor_the_past(
    plant: TestPlant, database: FreshDatabase
) -> None:
    async with plant.database.transaction() as tx:
        event = Event(event_type="test.noted", entity_type="test", entity_id=plant.master_id, action="note")
        rows = [plant.journal.event_row(event, b'{"n":1}') for _ in range(2_345)]
        await plant.journal.append(tx, plant.id, rows)
    trusted = fingerprint(plant.key.public_key)
    report = await verified(database, trust=trusted.replace(" ", "").upper())
    assert (report.sound, report.checkpoints, report.fingerprints) == (True, 2, (trusted,))
    assert report.anchored
    assert not (await verified(database, trust="0000")).anchored
    # Whoever rewrites the whole chain behind a row still cannot sign.
    await tamper(
        database, "UPDATE kernel.checkpoints SET signature = decode(repeat('11', 64), 'hex') WHERE seq = 2000"
    )
    said = [str(each) for each in (await verified(database)).flaws]
    assert said == ["ljubljana seq 2000: the checkpoint's signature is false"]


async def test_a_row_that_was_rolled_back_leaves_no_gap(plant: TestPlant) -> None:
    event = Event(event_type="test.noted", entity_type="test", entity_id=plant.master_id, action="note")
    answer = Outcome(id=plant.new_command_id(), settled=Settled.HELD)
    announced = len(plant.heads)

    async def fail() -> None:
        async with plant.database.transaction() as tx:
            await plant.journal.note(tx, plant.id, event, answer)
            raise RuntimeError("the use case failed")

    with pytest.raises(RuntimeError):
        await fail()
    assert len(plant.heads) == announced
    async with plant.database.transaction() as tx:
        kept = await plant.journal.note(tx, plant.id, event, answer)
    rows = await plant.ask("SELECT count(*), max(seq) FROM kernel.audit_logs WHERE plant_id = $1", plant.id)
    assert tuple(rows[0]) == (kept.last_seq, kept.last_seq)
    assert plant.heads[-1] == (plant.id, kept.last_seq)


async def test_there_is_no_row_in_a_journal_that_was_not_opened(plant: TestPlant) -> None:
    event = Event(event_type="test.noted", entity_type="test", entity_id=plant.master_id, action="note")
    rows = [plant.journal.event_row(event, b"{}")]
    async with plant.database.transaction() as tx:
        with pytest.raises(DBAPIError, match="there is no journal"):
            await plant.journal.append(tx, PlantId("maribor"), rows)


async def write_slowly(plant: TestPlant, writer: int, rows: int) -> None:
    """Transactions that draw an id early, linger, and append as their last step."""
    event = Event(event_type="test.noted", entity_type="test", entity_id=plant.master_id, action="note")
    for number in range(rows):
        async with plant.database.transaction() as tx:
            await tx.execute("INSERT INTO kernel.naive (writer) VALUES ($1)", writer)
            await asyncio.sleep(((writer * 7 + number * 3) % 5) / 1000)
            await plant.journal.note(tx, plant.id, event, [writer, number])


async def follow(database: Database, plant: TestPlant, done: asyncio.Event) -> tuple[list[int], list[int]]:
    """Two cursors beside each other: the journal's seq, and a serial number taken when the row was inserted."""
    by_journal: list[int] = []
    naive: list[int] = []
    last = False
    while True:
        last = done.is_set()
        async with database.transaction() as tx:
            page = await feed_page(
                tx, plant.id, after=by_journal[-1] if by_journal else 0, limit=7, now=plant.ticking.now
            )
            assert page is not None
            lines = page.split(b"\n")[1:-1]
            by_journal.extend(int(line.split(b" ", 1)[0]) for line in lines)
            rows: Sequence[Sequence[int]] = await tx.tuples(
                "SELECT number FROM kernel.naive WHERE number > $1 ORDER BY number", naive[-1] if naive else 0
            )
            naive.extend(row[0] for row in rows)
        if last and not lines and not rows:
            return by_journal, naive
        await asyncio.sleep(0.001)


async def test_a_cursor_on_the_feed_misses_no_row_where_a_naive_one_does(
    plant: TestPlant, database: FreshDatabase
) -> None:
    """Sixteen writers at once. The naive cursor is the control: where it loses nothing, this test proves nothing."""
    connection = await connect(database.superuser_url)
    try:
        await connection.execute(
            "CREATE TABLE kernel.naive (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, writer int);"
            "GRANT SELECT, INSERT ON kernel.naive TO batchwright_api"
        )
    finally:
        await connection.close()
    reader = Database.open(database.api_url, pool_size=2)
    done = asyncio.Event()
    writers, each = 12, 20
    try:
        async with asyncio.TaskGroup() as group:
            following = group.create_task(follow(reader, plant, done))
            await asyncio.gather(*(write_slowly(plant, writer, each) for writer in range(writers)))
            done.set()
        by_journal, naive = following.result()
    finally:
        await reader.close()
    assert by_journal == list(range(1, len(by_journal) + 1))
    assert len(by_journal) >= writers * each
    assert len(naive) < writers * each, "the control lost nothing: make the writers overlap more"


async def test_the_system_journal_is_a_chain_of_its_own(plant: TestPlant) -> None:
    rows = await plant.ask("SELECT DISTINCT entity_type FROM kernel.audit_logs WHERE plant_id = $1", SYSTEM)
    assert {row[0] for row in rows} == {"plant", "person", "product", "master"}
