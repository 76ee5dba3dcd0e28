"""The database's history: from nothing, again, and what guards its rows afterwards."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from app.domain.identity import uuid7
from app.server.kernel.migrations import migrate
from app.server.kernel.postgres import ClusterAddress, PostgresError, ensure_database
from app.server.kernel.record_tables import Want
from app.wire.codec import RECORD_CLASSES
from tests.support.plant import TABLES, TestPlant
from tests.support.postgres import FreshDatabase, ask, connect

GUARDED = ("audit_logs", "commands", "checkpoints", "server_keys")


async def test_an_empty_database_migrates_and_a_second_time_changes_nothing(cluster: ClusterAddress) -> None:
    url = cluster.owner_url("from_nothing")
    ensure_database(url)
    migrate(url)
    shape = (
        "SELECT string_agg(format('%s.%s %s', n.nspname, c.relname, c.relkind), ',' ORDER BY c.oid) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('kernel', 'auth', 'production', 'quality')"
    )
    before = await ask(url, shape)
    migrate(url)
    assert await ask(url, shape) == before
    assert "kernel.audit_logs p" in before


def test_a_database_that_cannot_be_migrated_is_one_sentence(database: FreshDatabase) -> None:
    """The API's role may not, a wrong password opens nothing, and there is nobody at the third address."""
    api = database.api_url
    wrong = api.replace("batchwright_api:", "batchwright_api:x")
    away = "postgresql://nobody:nothing@127.0.0.1:1/none"
    for url, reason in ((api, "permission denied"), (wrong, "password authentication failed"), (away, "")):
        with pytest.raises(PostgresError, match=f"not brought up to date: .*{reason}") as told:
            migrate(url)
        assert "\n" not in str(told.value)
        assert "nothing" not in str(told.value)


async def test_every_kind_of_record_has_its_table(plant: TestPlant) -> None:
    assert {each.kind for each in TABLES} == {cls.KIND for cls in RECORD_CLASSES}
    async with plant.database.transaction() as tx:
        for each in TABLES:
            names = {column.name for column in each.columns} | {"id", "record", "revision", "seq"}
            rows = await tx.tuples(
                "SELECT column_name FROM information_schema.columns WHERE table_schema || '.' || table_name = $1",
                each.table,
            )
            assert names == {row[0] for row in rows}, each.table


async def children(database: FreshDatabase) -> list[str]:
    connection = await connect(database.owner_url)
    try:
        rows = await connection.fetch(
            "SELECT inhrelid::regclass::text AS child FROM pg_inherits JOIN pg_class c "
            "ON c.oid = inhparent WHERE c.relname = 'audit_logs'"
        )
        return [row["child"] for row in rows]
    finally:
        await connection.close()


@pytest.mark.req("R8")
@pytest.mark.parametrize("verb", ["UPDATE {} SET plant_id = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_no_role_changes_the_journal_or_any_of_its_partitions(
    plant: TestPlant, database: FreshDatabase, verb: str
) -> None:
    await plant.station("DISP-01")
    tables = ["kernel.audit_logs", *await children(database)]
    assert len(tables) >= 3
    for url in (database.api_url, database.owner_url, database.superuser_url):
        connection = await connect(url)
        try:
            for table in tables:
                if (table.endswith("1") and "DELETE" in verb) or (table.endswith("1") and "UPDATE" in verb):
                    continue  # an empty partition has no row for a row's trigger
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(verb.format(table))
                assert await connection.fetchval("SELECT count(*) FROM kernel.audit_logs") > 0
        finally:
            await connection.close()


@pytest.mark.req("R8")
async def test_a_session_that_plays_replica_is_refused_as_well(
    plant: TestPlant, database: FreshDatabase
) -> None:
    connection = await connect(database.superuser_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        for table in ["kernel.audit_logs", *await children(database)]:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"TRUNCATE {table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM kernel.audit_logs")
    finally:
        await connection.close()
    assert plant.heads


async def test_every_partition_of_the_journal_carries_both_guards(
    plant: TestPlant, database: FreshDatabase
) -> None:
    """Also one that is made later, by the owner's function, on demand."""
    async with plant.database.transaction() as tx:
        await tx.execute("SELECT kernel.ensure_partitions()")
    connection = await connect(database.owner_url)
    try:
        await connection.execute("SELECT kernel.ensure_journal_partition(7500000)")
        rows = await connection.fetch(
            "SELECT inhrelid::regclass::text AS child, "
            "(SELECT string_agg(tgname || ' ' || tgenabled::text, ',' ORDER BY tgname) FROM pg_trigger "
            " WHERE tgrelid = inhrelid AND NOT tgisinternal) AS guards "
            "FROM pg_inherits JOIN pg_class c ON c.oid = inhparent WHERE c.relname = 'audit_logs'"
        )
    finally:
        await connection.close()
    assert "kernel.audit_logs_000007" in {row["child"] for row in rows}
    assert {row["guards"] for row in rows} == {"only_append A,only_append_truncate A"}


async def test_the_other_append_only_tables_are_guarded_too(
    plant: TestPlant, database: FreshDatabase
) -> None:
    await plant.station("DISP-01")
    connection = await connect(database.superuser_url)
    try:
        for table in GUARDED:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"TRUNCATE kernel.{table} CASCADE")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM kernel.commands")
    finally:
        await connection.close()


async def test_the_api_role_writes_no_journal_row_of_its_own(database: FreshDatabase) -> None:
    connection = await connect(database.api_url)
    try:
        for sql in (
            "INSERT INTO kernel.audit_logs DEFAULT VALUES",
            "UPDATE kernel.journal_heads SET seq = 0",
            "DELETE FROM production.production_batches",
            "CREATE TABLE kernel.mine (id int)",
            "SELECT kernel.ensure_journal_partition(1)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)
    finally:
        await connection.close()


@pytest.mark.parametrize("year", [1970, 2024, 2026, 2099])
async def test_no_insert_fails_for_the_year_of_its_id_or_time(plant: TestPlant, year: int) -> None:
    moment = datetime(year, 1, 2, tzinfo=UTC)
    key = uuid7(int(moment.timestamp() * 1000), bytes(range(10)))
    batch = await plant.batch()
    async with plant.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO production.production_batches "
            "SELECT $1, plant_id, $2, product_id, product_name, master_id, status, line, stage_key, stage_name, "
            "quantity, unit, planned_start, $3, started_on, end_date, origin, created_by, $3, record, revision, seq "
            "FROM production.production_batches WHERE id = $4",
            key,
            f"Y-{year}",
            moment,
            batch.id,
        )
        await tx.execute(
            "INSERT INTO production.batch_metrics (time, series_id, batch_id, position, metric_name, metric_value) "
            "VALUES ($1, $2, $2, 1, 'force', 1.412698315)",
            moment,
            key,
        )
        lies_in = await tx.value(
            "SELECT tableoid::regclass::text FROM production.production_batches WHERE id = $1", key
        )
        value = await tx.value(
            "SELECT metric_value::text FROM production.batch_metrics WHERE time = $1", moment
        )
    expected = "other" if year in (1970, 2099) else str(year)
    assert (lies_in, value) == (f"production.production_batches_{expected}", "1.412698315")


async def test_notifications_spread_over_partitions_by_person(plant: TestPlant) -> None:
    async with plant.database.transaction() as tx:
        for number in range(64):
            await tx.execute(
                "INSERT INTO kernel.notifications (id, user_id, plant_id, topic, body) VALUES ($1, $2, 'x', 'y', '{}')",
                UUID(int=number),
                UUID(int=number),
            )
        rows = await tx.tuples("SELECT DISTINCT tableoid FROM kernel.notifications")
    assert len(rows) == 4


async def test_a_journal_goes_on_into_the_next_partition(plant: TestPlant, database: FreshDatabase) -> None:
    """The head is put just below the edge by a superuser; the next rows lie on both sides of it."""
    connection = await connect(database.superuser_url)
    try:
        await connection.execute(
            "UPDATE kernel.journal_heads SET seq = 1999998 WHERE plant_id = $1", plant.id
        )
    finally:
        await connection.close()
    await plant.station("EDGE-01")
    await plant.station("EDGE-02")
    rows = await plant.ask(
        "SELECT seq, tableoid::regclass::text FROM kernel.audit_logs WHERE plant_id = $1 AND seq > 1999998 ORDER BY seq",
        plant.id,
    )
    assert [tuple(row) for row in rows] == [
        (1999999, "kernel.audit_logs_000001"),
        (2000000, "kernel.audit_logs_000002"),
    ]
    async with plant.database.transaction() as tx:
        assert len(await plant.desk.store.load(tx, [Want(kind="station")])) == 2
