"""The points of time series in `production.batch_metrics`: written once with their command, read whole or thinned.

A row of a series has one point per channel, NULL where it has no value; its `position` counts from 0. Digits come
back as they were given: `numeric` without scale (ruling A11).
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from app.domain.identity import BatchId
from app.domain.metrics import MetricSeries
from app.domain.record import record
from app.server.kernel.database import Transaction
from app.wire.codec import load
from app.wire.series import Row

_COLUMNS: Final = ("time", "series_id", "batch_id", "position", "metric_name", "metric_value")
PAGE: Final = 2_000
"""Rows that are read at a time."""
FEWEST_POINTS: Final = 2


@record
class Point:
    """One value of one channel. `position`: the row of the series it stands in."""

    position: int
    at: datetime
    value: Decimal


async def store_rows(
    tx: Transaction,
    series: UUID,
    batch_id: BatchId,
    channels: Sequence[str],
    position: int,
    rows: Sequence[Row],
) -> None:
    """Copy `rows` in, the first of them being row `position` of the series. For `beside` of the command that
    records their digest; raises the database's unique violation where a row is there already.
    """
    raw: Any = await tx.connection.get_raw_connection()
    await raw.driver_connection.copy_records_to_table(
        "batch_metrics",
        schema_name="production",
        columns=_COLUMNS,
        records=_points(series, batch_id, channels, position, rows),
    )


def _points(
    series: UUID, batch_id: BatchId, channels: Sequence[str], position: int, rows: Sequence[Row]
) -> Iterator[tuple[object, ...]]:
    for index, channel in enumerate(channels):  # as the key sorts, so that its index grows at one end
        for at, row in enumerate(rows, start=position):
            yield row.at, series, batch_id, at, channel, row.values[index]


async def series_of_batch(
    tx: Transaction, batch_id: BatchId, stage_key: str | None = None
) -> tuple[MetricSeries, ...]:
    """What the journal knows of the series of a batch, or of one of its stages."""
    found = await tx.tuples(
        "SELECT record FROM production.metric_series WHERE batch_id = $1 AND ($2::text IS NULL OR stage_key = $2) "
        "ORDER BY first_at, id",
        batch_id,
        stage_key,
    )
    return tuple(load(MetricSeries, each[0]) for each in found)


async def read_rows(
    tx: Transaction, series: MetricSeries, *, first: int = 0, last: int | None = None
) -> AsyncIterator[Row]:
    """The rows `first` to `last` (inclusive; None: to the end), whole and in order."""
    end = series.rows - 1 if last is None else min(last, series.rows - 1)
    names = [each.name for each in series.channels]
    for begin in range(first, end + 1, PAGE):
        found = await tx.tuples(
            "SELECT min(time), array_agg(metric_value ORDER BY array_position($2::text[], metric_name)) "
            "FROM production.batch_metrics WHERE series_id = $1 AND metric_name = ANY($2) "
            "AND position BETWEEN $3 AND $4 GROUP BY position ORDER BY position",
            series.id,
            names,
            begin,
            min(begin + PAGE - 1, end),
        )
        for at, values in found:
            yield Row(at=at, values=tuple(values))


async def read_channel(
    tx: Transaction,
    series: MetricSeries,
    channel: str,
    *,
    first_at: datetime | None = None,
    last_at: datetime | None = None,
    most: int | None = None,
) -> tuple[Point, ...]:
    """One channel between two times, in order of the source, without its missing values.

    `most`: where there are more points, only the smallest and the largest of each of `most / 2` equal runs of rows
    come back, so that no spike is lost; raises ValueError below 2.
    """
    if most is not None and most < FEWEST_POINTS:
        raise ValueError("the smallest and the largest of a run are two points")
    found = await tx.tuples(
        """
        WITH chosen AS (
            SELECT position, time, metric_value AS value FROM production.batch_metrics
            WHERE series_id = $1 AND metric_name = $2 AND metric_value IS NOT NULL
              AND ($3::timestamptz IS NULL OR time >= $3) AND ($4::timestamptz IS NULL OR time <= $4)
        ), span AS (
            SELECT count(*) AS points, min(position) AS low, max(position) - min(position) + 1 AS rows FROM chosen
        ), run AS (
            SELECT chosen.*, CASE WHEN $5::bigint IS NULL OR points <= $5 THEN position
                                  ELSE (position - low) * ($5 / 2) / rows END AS run
            FROM chosen, span
        ), ranked AS (
            SELECT position, time, value,
                   row_number() OVER (PARTITION BY run ORDER BY value, position) AS smallest,
                   row_number() OVER (PARTITION BY run ORDER BY value DESC, position) AS largest
            FROM run
        )
        SELECT position, time, value FROM ranked WHERE smallest = 1 OR largest = 1 ORDER BY position
        """,
        series.id,
        channel,
        first_at,
        last_at,
        most,
    )
    return tuple(Point(position=position, at=at, value=value) for position, at, value in found)
