"""Where a screen can send its user. Screens do not know each other; the shell knows them all and fills this port."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.identity import BatchId, DeviationId, ExceptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationContext:
    """What the form for a new deviation is filled with, so that nobody copies a number by hand.

    `title` and `description` are suggestions in the words of the step; `occurred_at` is when the entry was made
    that shows the departure, None where nothing was entered. `batch_id` None: a deviation of no batch.
    """

    batch_id: BatchId | None = None
    batch_number: str = ""
    product_name: str = ""
    stage_key: str = ""
    stage_name: str = ""
    step_key: str = ""
    step_title: str = ""
    exception_id: ExceptionId | None = None
    equipment: str = ""
    lot: str = ""
    title: str = ""
    description: str = ""
    occurred_at: datetime | None = None


class Navigator(Protocol):
    """Going somewhere. Returns at once; the screen that is left keeps what was typed in its drafts."""

    def open_batches(self) -> None: ...
    def open_batch(self, batch_id: BatchId) -> None: ...
    def open_stage(self, batch_id: BatchId, stage_key: str, step_key: str = "") -> None: ...
    def open_deviations(self) -> None: ...
    def open_deviation(self, deviation_id: DeviationId) -> None: ...
    def raise_deviation(self, context: DeviationContext) -> None: ...
    def open_review(self, batch_id: BatchId) -> None: ...
    def open_sync(self) -> None: ...
    def back(self) -> None: ...
