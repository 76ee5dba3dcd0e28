"""What an import will do, whole and checked before its first write: products, master records, batches, series."""

from collections.abc import Callable, Iterator
from typing import Final
from uuid import UUID

from app.domain.identity import BatchId, CommandId, MasterId, PlantId, ProductId, derived
from app.domain.master_record import DraftMasterRecord, RegisterProduct
from app.domain.metrics import Channel, RecordMetrics
from app.domain.record import record
from app.domain.transcription import ImportBatch
from app.wire.series import MOST_ROWS, Row, chunk_of

ROOT: Final = UUID("7d5f0d50-6e0c-5d0a-9a0f-1f6d3e1c8b42")
"""The parent of every id of an import. Never changed: ids follow from it and from what the source calls a thing."""


@record
class Ids:
    """Ids that follow from data set and natural key, so that a repeated import finds what it made (ruling A13).

    Products and master records belong to no plant, so theirs do not depend on one.
    """

    plant_id: PlantId
    dataset: str

    def product(self, key: str) -> ProductId:
        return ProductId(derived(ROOT, self.dataset, "product", key))

    def master(self, key: str, version: int) -> MasterId:
        return MasterId(derived(ROOT, self.dataset, "master", key, str(version)))

    def batch(self, key: str) -> BatchId:
        return BatchId(derived(ROOT, self.plant_id, self.dataset, "batch", key))

    def command(self, *names: str) -> CommandId:
        """The id of the command that does one part of the import in this plant."""
        return CommandId(derived(ROOT, self.plant_id, self.dataset, "command", *names))

    def shared_command(self, *names: str) -> CommandId:
        """The id of a command on what all plants share."""
        return CommandId(derived(ROOT, self.dataset, "command", *names))


@record
class PlannedMaster:
    """One product and the version of its master record that the batches were transcribed to."""

    key: str
    product: RegisterProduct
    draft: DraftMasterRecord


@record
class PlannedSeries:
    """One time series of a batch, all its rows in order of the source."""

    batch_id: BatchId
    stage_key: str
    name: str
    channels: tuple[Channel, ...]
    rows: tuple[Row, ...]
    source: str

    def chunks(self) -> Iterator[tuple[RecordMetrics, tuple[Row, ...]]]:
        """One command per chunk, with the rows that its digest binds to it."""
        for position in range(0, len(self.rows), MOST_ROWS):
            rows = self.rows[position : position + MOST_ROWS]
            times = [each.at for each in rows]
            yield (
                RecordMetrics(
                    batch_id=self.batch_id,
                    stage_key=self.stage_key,
                    name=self.name,
                    channels=self.channels,
                    chunk=chunk_of(position, rows),
                    first_at=min(times),
                    last_at=max(times),
                    zone_known=False,
                    source=self.source,
                ),
                rows,
            )


@record
class Plan:
    """A whole data set as commands. `citation` is the line that is kept wherever its records are shown."""

    ids: Ids
    citation: str
    masters: tuple[PlannedMaster, ...]
    batches: tuple[ImportBatch, ...]
    series: tuple[PlannedSeries, ...]

    @property
    def dataset(self) -> str:
        return self.ids.dataset

    @property
    def entries(self) -> int:
        return sum(len(each.entries) for each in self.batches)

    @property
    def series_rows(self) -> int:
        return sum(len(each.rows) for each in self.series)


Source = Callable[[PlantId], Plan]
"""A data set that was read and found whole: its plan for the plant that it is for."""
