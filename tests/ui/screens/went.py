"""A navigator that notes where it was sent."""

from app.domain.identity import BatchId, DeviationId
from ui.navigation import DeviationContext


class Went:
    """`places` in order, e.g. `("deviation", id)`; the last context a deviation was raised with."""

    def __init__(self) -> None:
        self.places: list[tuple[object, ...]] = []
        self.context: DeviationContext | None = None

    def open_batches(self) -> None:
        self.places.append(("batches",))

    def open_batch(self, batch_id: BatchId) -> None:
        self.places.append(("batch", batch_id))

    def open_stage(self, batch_id: BatchId, stage_key: str, step_key: str = "") -> None:
        self.places.append(("stage", batch_id, stage_key, step_key))

    def open_deviations(self) -> None:
        self.places.append(("deviations",))

    def open_deviation(self, deviation_id: DeviationId) -> None:
        self.places.append(("deviation", deviation_id))

    def raise_deviation(self, context: DeviationContext) -> None:
        self.context = context
        self.places.append(("raise",))

    def open_review(self, batch_id: BatchId) -> None:
        self.places.append(("review", batch_id))

    def open_sync(self) -> None:
        self.places.append(("sync",))

    def back(self) -> None:
        self.places.append(("back",))
