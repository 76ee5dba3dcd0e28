"""The points of time series in `production.batch_metrics`: copied in with their command, read back row by row.

A row of a series has one point per channel, NULL where it has no value; its `position` counts from 0. Digits come
back as they were given: `numeric` without scale (ruling A11).
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.exc import DBAPIError

from app.domain.identity import BatchId
from app.domain.metrics import MetricSeries
from app.server.kernel.database import Transaction
from app.wire.series import Row

_COLUMNS: Final = ("time", "series_id", "batch_id", "position", "metric_name", "metric_value")
PAGE: Final = 2_000
"""Rows that are read at a time."""


async def store_rows(
    tx: Transaction,
    series: UUID,
    batch_id: BatchId,
    channels: Sequence[str],
    position: int,
    rows: Sequence[Row],
) -> None:
    """Copy `rows` in, the first of them being row `position` of the series. For `beside` of the command that
    records their digest; raises DBAPIError, a unique violation where a row is there already.
    """
    raw: Any = await tx.connection.get_raw_connection()
    try:
        await raw.driver_connection.copy_records_to_table(
            "batch_metrics",
            schema_name="production",
            columns=_COLUMNS,
            records=_points(series, batch_id, channels, position, rows),
        )
    except asyncpg.PostgresError as error:  # the driver's own: the desk repeats and refuses by SQLAlchemy's
        raise DBAPIError("COPY production.batch_metrics", None, error) from error


def _points(
    series: UUID, batch_id: BatchId, channels: Sequence[str], position: int, rows: Sequence[Row]
) -> Iterator[tuple[object, ...]]:
    for index, channel in enumerate(channels):  # as the key sorts, so that its index grows at one end
        for at, row in enumerate(rows, start=position):
            yield row.at, series, batch_id, at, channel, row.values[index]


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
