"""Time series of a batch: the points lie in `batch_metrics`, the journal holds a digest of every stored chunk (A5)."""

from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from app.domain.batch import Batch
from app.domain.decision import Change, Context, Decision, Reason, Refusal
from app.domain.facts import Facts
from app.domain.identity import BatchId, PlantId, derived
from app.domain.permissions import Permission
from app.domain.record import record


@record
class Channel:
    """One measured quantity of a series. An empty unit is one the source did not state."""

    name: str
    unit: str


@record
class Chunk:
    """A run of rows as stored: SHA-256 (hex) over their canonical bytes, see `app/wire/series.py`."""

    position: int
    rows: int
    digest: str


@record
class MetricSeries:
    """What the journal knows of one series of a batch. `zone_known` False: times are local to the machine."""

    KIND: ClassVar[str] = "series"

    id: UUID
    plant_id: PlantId
    batch_id: BatchId
    stage_key: str
    name: str
    channels: tuple[Channel, ...]
    chunks: tuple[Chunk, ...]
    rows: int
    first_at: datetime
    last_at: datetime
    zone_known: bool
    source: str
    revision: int = 1


@record
class RecordMetrics:
    """Store one chunk of a series. The rows travel beside the command; `chunk.digest` binds them to it."""

    kind: Literal["metrics.record"] = "metrics.record"
    batch_id: BatchId
    stage_key: str
    name: str
    channels: tuple[Channel, ...]
    chunk: Chunk
    first_at: datetime
    last_at: datetime
    zone_known: bool
    source: str


def series_id(batch_id: BatchId, stage_key: str, name: str) -> UUID:
    """The id of a batch's series."""
    return derived(batch_id, "series", stage_key, name)


def decide_metrics(facts: Facts, command: RecordMetrics, context: Context) -> Decision | Refusal:
    """A chunk is an observation of a machine: kept once, whatever the batch's state."""
    if refusal := context.lacks(Permission.BATCH_EXECUTE):
        return refusal
    batch = facts.one(Batch, command.batch_id)
    if batch is None:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("batch",))
    key = series_id(batch.id, command.stage_key, command.name)
    before = facts.one(MetricSeries, key)
    if before is None:
        after = MetricSeries(
            id=key,
            plant_id=batch.plant_id,
            batch_id=batch.id,
            stage_key=command.stage_key,
            name=command.name,
            channels=command.channels,
            chunks=(command.chunk,),
            rows=command.chunk.rows,
            first_at=command.first_at,
            last_at=command.last_at,
            zone_known=command.zone_known,
            source=command.source,
        )
        return Decision(changes=(Change(event="metrics.recorded", before=None, after=after),))
    if any(each.position == command.chunk.position for each in before.chunks):
        return Refusal(reason=Reason.ALREADY_EXISTS, detail=(f"{command.name} {command.chunk.position}",))
    if before.channels != command.channels:
        return Refusal(reason=Reason.WRONG_VALUE, detail=("channels",))
    after = replace(
        before,
        chunks=(*before.chunks, command.chunk),
        rows=before.rows + command.chunk.rows,
        first_at=min(before.first_at, command.first_at),
        last_at=max(before.last_at, command.last_at),
        revision=before.revision + 1,
    )
    return Decision(changes=(Change(event="metrics.recorded", before=before, after=after),))
