"""One place where everything that shows records hears that some of them changed."""

from collections.abc import Iterable
from uuid import UUID

from app.client.observable import Observable
from app.client.ports import Changed
from offline.fold import FoldReader
from offline.record_rows import id_of


class Changes:
    """Told after every commit, on the event loop's thread; folds kept for questions are given up first."""

    def __init__(self, folds: FoldReader) -> None:
        self._folds = folds
        self.changed: Observable[Changed] = Observable(
            Changed(tick=0, kinds=frozenset[str](), batches=frozenset[UUID]())
        )

    def tell(self, kinds: Iterable[str], subjects: Iterable[bytes], *, everything: bool = False) -> None:
        """`subjects`: ids of batches, and of deviations without one. `everything`: a plant, station or master changed."""
        touched = tuple(subjects)
        if everything:
            self._folds.bump_all()
        self._folds.bump(touched)
        self.changed.set(
            Changed(
                tick=self.changed.value.tick + 1,
                kinds=frozenset(kinds),
                batches=frozenset(id_of(each) for each in touched),
            )
        )
