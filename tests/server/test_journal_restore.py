"""A backup is a plant: restored elsewhere it verifies, is guarded as before, and goes on."""

from pathlib import Path

import asyncpg
import pytest

from app.server.kernel.database import Database
from app.server.kernel.journal import Event
from app.server.kernel.migrations import migrate
from app.server.kernel.postgres import ClusterAddress, dump, ensure_database, restore
from app.server.kernel.server_key import ServerKey
from app.server.kernel.verification import verify_database
from app.wire.sync import Push, PushAnswer, Settled
from tests.support.plant import TABLES, TestPlant, confirmed, lot, open_desk
from tests.support.postgres import FreshDatabase, connect


@pytest.mark.req("R3")
async def test_a_restored_plant_verifies_is_guarded_and_goes_on_under_a_new_key(
    plant: TestPlant, database: FreshDatabase, cluster: ClusterAddress, tmp_path: Path
) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    await station.push(station.says(confirmed(batch.id), plant.ana))
    async with plant.database.transaction() as tx:
        event = Event(event_type="test.noted", entity_type="test", entity_id=plant.master_id, action="note")
        await plant.journal.append(
            tx, plant.id, [plant.journal.event_row(event, b"{}") for _ in range(1_000)]
        )
    dump(database.owner_url, tmp_path / "night.dump")
    ensure_database(cluster.owner_url("morning"))
    restore(cluster.owner_url("morning"), tmp_path / "night.dump")
    migrate(cluster.owner_url("morning"))

    before = await verify_database(database.owner_url, TABLES, seals=True)
    after = await verify_database(cluster.owner_url("morning"), TABLES, seals=True)
    assert (after.flaws, after) == ((), before)
    assert after.checkpoints == 1

    connection = await connect(cluster.superuser_url("morning"))
    for sql in (
        "TRUNCATE kernel.audit_logs_000000",
        "DELETE FROM kernel.audit_logs",
        "DELETE FROM kernel.commands",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql)
    await connection.close()

    pool = Database.open(cluster.api_url("morning"), pool_size=2)
    try:
        restored = await open_desk(pool, plant.ticking, ServerKey.fresh())
        push = Push(
            station_id=station.id, plant_id=plant.id, commands=(station.says(lot(batch.id, "A"), plant.ana),)
        )
        answer = await restored.desk.push(station.id, push)
        assert isinstance(answer, PushAnswer)
        assert answer.outcomes[0].settled is Settled.ACCEPTED
        async with pool.transaction() as tx:
            rows = [restored.journal.event_row(event, b"{}") for _ in range(1_000)]
            await restored.journal.append(tx, plant.id, rows)
    finally:
        await pool.close()
    last = await verify_database(cluster.owner_url("morning"), TABLES, seals=True)
    assert (last.flaws, last.checkpoints, len(last.fingerprints)) == ((), 2, 2)
