"""The points of time series: stored with the command that binds them, read as a stream."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from app.domain.decision import Reason, Refusal
from app.domain.identity import BatchId, PlantId
from app.domain.metrics import MetricSeries, RecordMetrics, series_id
from app.server.kernel.database import Database, Transaction
from app.server.kernel.desk import Beside
from app.server.kernel.problems import Refused
from app.server.production.metrics_store import read_rows, store_rows
from app.wire.codec import dump, load
from app.wire.series import END, MOST_ROWS, MetricsRequest, Row, chunk_of, micros_of, spelled

LINES_AT_ONCE: Final = 2_000


def command_of(batch_id: BatchId, request: MetricsRequest) -> RecordMetrics:
    """The command that binds the rows of `request`. Raises `Refused` for rows that are no chunk."""
    rows = request.rows
    if not rows or len(rows) > MOST_ROWS or request.position < 0:
        raise Refused(Refusal(reason=Reason.WRONG_VALUE, detail=("rows", f"1 to {MOST_ROWS}")))
    if any(len(each.values) != len(request.channels) for each in rows):
        raise Refused(Refusal(reason=Reason.WRONG_VALUE, detail=("rows", "one value for each channel")))
    names = [each.name for each in request.channels]
    if len(set(names)) != len(names) or not all(name.strip() for name in names):
        raise Refused(Refusal(reason=Reason.WRONG_VALUE, detail=("channels", "names")))
    if any(each.at.tzinfo is None for each in rows):
        raise Refused(Refusal(reason=Reason.WRONG_VALUE, detail=("rows", "a time without an offset")))
    return RecordMetrics(
        batch_id=batch_id,
        stage_key=request.stage_key,
        name=request.name,
        channels=request.channels,
        chunk=chunk_of(request.position, rows),
        first_at=min(each.at for each in rows),
        last_at=max(each.at for each in rows),
        zone_known=request.zone_known,
        source=request.source,
    )


def with_points(command: RecordMetrics, rows: Sequence[Row]) -> Beside:
    """For `CommandDesk.act(command, beside=…)`: the rows are stored in the command's own transaction.

    Chunks come one behind the other; one that leaves a hole or overlaps raises `Refused` (CHANGED_SINCE_SHOWN).
    """
    key = series_id(command.batch_id, command.stage_key, command.name)

    async def store(tx: Transaction) -> None:
        total = await tx.value("SELECT rows FROM production.metric_series WHERE id = $1", key)
        if total != command.chunk.position + len(rows):
            raise Refused(Refusal(reason=Reason.CHANGED_SINCE_SHOWN, detail=("position",)))
        names = [each.name for each in command.channels]
        await store_rows(tx, key, command.batch_id, names, command.chunk.position, rows)

    return store


async def series_of(
    tx: Transaction, plant_id: PlantId, batch_id: BatchId, stage_key: str | None
) -> tuple[MetricSeries, ...]:
    """The series of a batch, or of one of its stages."""
    rows = await tx.tuples(
        """
        SELECT record FROM production.metric_series
        WHERE plant_id = $1 AND batch_id = $2 AND ($3::text IS NULL OR stage_key = $3) ORDER BY stage_key, name
        """,
        plant_id,
        batch_id,
        stage_key,
    )
    return tuple(load(MetricSeries, each[0]) for each in rows)


async def point_lines(
    database: Database, series: Sequence[MetricSeries], most_points: int | None
) -> AsyncIterator[bytes]:
    """A `POINTS_TYPE` body. With `most_points` a longer series is thinned out, and loses no low and no high."""
    for each in series:
        yield dump(each) + b"\n"
        thin = most_points is not None and each.rows > most_points
        async with database.transaction(snapshot=True) as tx:
            await tx.execute("SET LOCAL statement_timeout = 0")
            if thin:
                rows = await tx.tuples(_EXTREMES, each.id, max(1, (most_points or 0) // 2), each.rows)
                yield b"".join(_lines(each, rows))
            else:
                async for lines in _every(tx, each):
                    yield lines
    yield END


async def _every(tx: Transaction, series: MetricSeries) -> AsyncIterator[bytes]:
    """All rows, some at a time: short statements, however long the series."""
    lines: list[bytes] = []
    async for row in read_rows(tx, series):
        lines.append(_line(row.at, row.values))
        if len(lines) == LINES_AT_ONCE:
            yield b"".join(lines)
            lines.clear()
    yield b"".join(lines)


_EXTREMES: Final = """
    WITH points AS MATERIALIZED (
        SELECT position, time, metric_name, metric_value, position * $2::bigint / $3::bigint AS bucket
        FROM production.batch_metrics WHERE series_id = $1
    ), kept AS (
        SELECT (array_agg(position ORDER BY metric_value, position))[1] AS position FROM points
        GROUP BY metric_name, bucket
        UNION
        SELECT (array_agg(position ORDER BY metric_value DESC NULLS LAST, position))[1] FROM points
        GROUP BY metric_name, bucket
    )
    SELECT position, time, metric_name, metric_value FROM points JOIN kept USING (position) ORDER BY position
"""


def _lines(series: MetricSeries, rows: Sequence[Sequence[Any]]) -> list[bytes]:
    lines: list[bytes] = []
    for _, same in groupby(rows, key=itemgetter(0)):
        points = list(same)
        values = {name: value for _, _, name, value in points}
        lines.append(_line(points[0][1], [values.get(each.name) for each in series.channels]))
    return lines


def _line(at: datetime, values: Sequence[Decimal | None]) -> bytes:
    return f"[{micros_of(at)},{','.join(spelled(each) or 'null' for each in values)}]\n".encode()
