"""Points of a series: stored once with their command, back digit for digit, thinned without losing a spike."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from app.domain.identity import BatchId
from app.domain.metrics import Channel, MetricSeries, RecordMetrics
from app.server.kernel.database import Transaction
from app.server.production.metrics import point_lines, series_of, with_points
from app.server.production.metrics_store import read_rows, store_rows
from app.wire.series import Row, chunk_of, micros_of
from tests.support.plant import TestPlant

BEGIN = datetime(2019, 8, 30, 23, 59, tzinfo=UTC)
CHANNELS = ("speed", "force")


def rows_of(*values: tuple[str | None, str | None]) -> tuple[Row, ...]:
    return tuple(
        Row(
            at=BEGIN + timedelta(seconds=10 * index),
            values=tuple(None if each is None else Decimal(each) for each in both),
        )
        for index, both in enumerate(values)
    )


def command(batch_id: BatchId, rows: Sequence[Row], position: int = 0) -> RecordMetrics:
    return RecordMetrics(
        batch_id=batch_id,
        stage_key="pressing",
        name="Press",
        channels=tuple(Channel(name=each, unit="") for each in CHANNELS),
        chunk=chunk_of(position, rows),
        first_at=rows[0].at,
        last_at=rows[-1].at,
        zone_known=False,
        source="here",
    )


async def stored(plant: TestPlant, *chunks: Sequence[Row]) -> MetricSeries:
    """A series of a new batch, recorded chunk by chunk with its rows beside the command."""
    batch = await plant.batch()
    position = 0
    for rows in chunks:
        recorded = command(batch.id, rows, position)
        beside = with_points(recorded, rows)
        acted = await plant.desk.act(recorded, plant.ana.user_id, plant.id, interactive=False, beside=beside)
        assert acted.refusal is None
        position += len(rows)
    async with plant.database.transaction() as tx:
        (series,) = await series_of(tx, plant.id, batch.id, "pressing")
    return series


async def read(
    plant: TestPlant, series: MetricSeries, first: int = 0, last: int | None = None
) -> tuple[Row, ...]:
    async with plant.database.transaction() as tx:
        return tuple([row async for row in read_rows(tx, series, first=first, last=last)])


@pytest.mark.req("A11")
async def test_rows_come_back_digit_for_digit_with_their_gaps(plant: TestPlant) -> None:
    rows = rows_of(("1.412698315", "4.90"), (None, None), ("0", None), ("-0.5", "0.0000708"))
    series = await stored(plant, rows)
    back = await read(plant, series)
    assert back == rows
    assert [str(each) for each in back[0].values] == ["1.412698315", "4.90"]


@pytest.mark.req("A5")
async def test_the_digest_in_the_journal_is_that_of_the_stored_rows(plant: TestPlant) -> None:
    first, second = rows_of(("1", "2"), (None, None)), rows_of(("3", "4"))
    series = await stored(plant, first, second)
    assert [each.position for each in series.chunks] == [0, 2]
    for chunk in series.chunks:
        rows = await read(plant, series, chunk.position, chunk.position + chunk.rows - 1)
        assert chunk_of(chunk.position, rows) == chunk


async def test_a_row_is_stored_once(plant: TestPlant) -> None:
    rows = rows_of(("1", "2"))
    series = await stored(plant, rows)
    with pytest.raises(DBAPIError, match="duplicate key"):
        async with plant.database.transaction() as tx:
            await store_rows(tx, series.id, series.batch_id, CHANNELS, 0, rows)


async def test_points_lie_in_the_partition_of_their_year_and_none_is_too_old(plant: TestPlant) -> None:
    rows = (
        Row(at=datetime(1970, 1, 1, tzinfo=UTC), values=(Decimal(1), None)),
        Row(at=datetime(2019, 12, 31, tzinfo=UTC), values=(Decimal(2), None)),
        Row(at=datetime(2099, 1, 1, tzinfo=UTC), values=(Decimal(3), None)),
    )
    await stored(plant, rows)
    found = await plant.ask(
        "SELECT tableoid::regclass::text, count(*) FROM production.batch_metrics GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(each) for each in found] == [
        ("production.batch_metrics_2019", 2),
        ("production.batch_metrics_other", 4),
    ]


async def test_thinning_keeps_the_spikes_where_values_are_missing_too(plant: TestPlant) -> None:
    values: list[str | None] = ["5"] * 1_000
    values[333], values[334], values[777] = "99", "0", "-7"
    values[332] = values[776] = values[10] = None
    series = await stored(plant, rows_of(*((each, None) for each in values)))
    few = [line async for line in point_lines(plant.database, [series], 20)]
    points: dict[int, Any] = {}
    for line in b"".join(few).splitlines()[1:-1]:
        micros, speed, _ = json.loads(line)
        points[(micros - micros_of(BEGIN)) // 10_000_000] = speed
    assert {333: 99, 334: 0, 777: -7}.items() <= points.items()
    assert len(points) <= 40


async def test_a_refused_command_stores_no_rows(plant: TestPlant) -> None:
    rows = rows_of(("1", "2"))

    async def beside(tx: Transaction) -> None:
        await store_rows(tx, UUID(int=1), BatchId(UUID(int=2)), CHANNELS, 0, rows)

    unknown = command(BatchId(UUID(int=2)), rows)
    acted = await plant.desk.act(unknown, plant.ana.user_id, plant.id, interactive=False, beside=beside)
    assert acted.refusal is not None
    assert [tuple(each) for each in await plant.ask("SELECT count(*) FROM production.batch_metrics")] == [
        (0,)
    ]
