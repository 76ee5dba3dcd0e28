"""Rows of a time series as bytes: what a chunk's digest is taken over, and how points travel.

A row is `micros TAB value TAB value … LF`: microseconds since 1970 (of a clock without a known zone: read as if it were
UTC), then one value per channel in the series' order, digit for digit without exponent, empty where the source has none.
`Chunk.position` is the place of its first row in the series, counted from 0.

`GET /batches/{id}/metrics` answers `POINTS_TYPE`: lines ended by LF; the first of each series is the JSON of its
`MetricSeries`; each further one is a JSON array `[micros, value, value, …]` with null for a missing value. A line `end`
closes the answer: without it, it is cut off.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Final

from app.domain.metrics import Channel, Chunk
from app.domain.record import record

POINTS_TYPE: Final = "application/x-ndjson"
END: Final = b"end\n"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
MOST_ROWS: Final = 20_000
"""Rows of one chunk at most."""


@record
class Row:
    """One row of a series: a time and as many values as there are channels."""

    at: datetime
    values: tuple[Decimal | None, ...]


@record
class MetricsRequest:
    """One chunk to store, with its rows in order of time. `position`: how many rows the series has before it."""

    stage_key: str
    name: str
    channels: tuple[Channel, ...]
    position: int
    rows: tuple[Row, ...]
    zone_known: bool
    source: str


def micros_of(at: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (at - EPOCH) // MICROSECOND


def spelled(value: Decimal | None) -> str:
    """A value as its digits: `1.20` stays `1.20`, `1E+3` is `1000`, `-0` is the `0` that a database keeps of it."""
    if value is None:
        return ""
    return format(value or abs(value), "f")


def row_bytes(row: Row) -> bytes:
    """One row's canonical bytes."""
    return "\t".join((str(micros_of(row.at)), *map(spelled, row.values))).encode() + b"\n"


def chunk_of(position: int, rows: Iterable[Row]) -> Chunk:
    """The chunk that stands in the journal for `rows` at `position`."""
    digest, count = sha256(), 0
    for each in rows:
        digest.update(row_bytes(each))
        count += 1
    return Chunk(position=position, rows=count, digest=digest.hexdigest())
