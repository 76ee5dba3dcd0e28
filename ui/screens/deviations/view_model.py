"""The list of deviations: what is open, how old it is, when it is due and whose it is. Knows no Qt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from app.client.ports import Changed, Desk, DeviationQuery, Mark
from app.domain.deviation import SETTLED, Deviation, DeviationClass, DeviationStatus
from app.domain.identity import BatchId, DeviationId
from ui.observable import Observable

Clock = Callable[[], datetime]

MOST: Final = 1_000
"""Rows of the list at most; beyond that the list says so and asks for a search."""
NUMBER_FOLLOWS: Final = "Number follows"
OVERDUE: Final = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationLine:
    """One line of the list. `settled_after` is how long it took, for one that is no longer open."""

    id: DeviationId
    number: str
    title: str
    classification: DeviationClass | None
    status: DeviationStatus
    batch_id: BatchId | None
    batch_number: str
    age: timedelta
    due_on: datetime
    overdue: bool
    open: bool
    owner: str
    mark: Mark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationsState:
    """What the list shows. `counts` are of the whole answer to the search, whatever the chips."""

    loaded: bool = False
    lines: tuple[DeviationLine, ...] = ()
    total: int = 0
    counts: Mapping[DeviationStatus, int] = field(default_factory=dict[DeviationStatus, int])
    overdue: int = 0
    text: str = ""
    chips: frozenset[str] = frozenset()
    classification: DeviationClass | None = None
    failure: str = ""

    @property
    def searching(self) -> bool:
        """Whether the list is narrowed by anything."""
        return bool(self.text or self.chips or self.classification)


class DeviationsViewModel:
    """Search and filters in, lines out."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._asked = 0
        self.state = Observable(DeviationsState())

    @property
    def changed(self) -> Observable[Changed]:
        """News of the cache: the list is loaded again."""
        return self._desk.records.changed

    def concerned_by(self, news: Changed) -> bool:
        """Whether the list may look otherwise now. News that name nothing concern everyone."""
        return not news.kinds or Deviation.KIND in news.kinds

    async def search(self, text: str) -> None:
        """Narrow by words: number, title, description, batch number."""
        self.state.set(replace(self.state.value, text=text))
        await self.load()

    async def choose(self, chips: frozenset[str]) -> None:
        """Narrow by status words and `OVERDUE`."""
        self.state.set(replace(self.state.value, chips=chips))
        await self.load()

    async def choose_class(self, classification: DeviationClass | None) -> None:
        self.state.set(replace(self.state.value, classification=classification))
        await self.load()

    async def show_all(self) -> None:
        """Take every filter away."""
        self.state.set(replace(self.state.value, text="", chips=frozenset(), classification=None))
        await self.load()

    async def load(self) -> None:
        """Read the list again. An answer that was overtaken by a later question is dropped."""
        self._asked += 1
        asked, state = self._asked, self.state.value
        statuses = frozenset(each for each in DeviationStatus if each.value in state.chips)
        page = await self._desk.records.deviations(
            DeviationQuery(
                text=state.text, statuses=statuses, classification=state.classification, limit=MOST
            )
        )
        if asked != self._asked:
            return
        now = self._clock()
        lines = tuple(line_of(each, now, page.marks.get(each.id)) for each in page.rows)
        overdue = sum(line.overdue for line in lines)
        if OVERDUE in state.chips:
            lines = tuple(line for line in lines if line.overdue)
        self.state.set(
            replace(
                self.state.value,
                loaded=True,
                lines=tuple(sorted(lines, key=_most_pressing_first)),
                total=len(lines) if OVERDUE in state.chips else page.total,
                counts=page.counts,
                overdue=overdue,
            )
        )


def line_of(deviation: Deviation, now: datetime, mark: Mark | None) -> DeviationLine:
    """One deviation as a line, at this moment."""
    is_open = deviation.status not in SETTLED
    ended = deviation.signatures[-1].signed_at if deviation.signatures and not is_open else now
    return DeviationLine(
        id=deviation.id,
        number=deviation.number or NUMBER_FOLLOWS,
        title=deviation.title,
        classification=deviation.classification,
        status=deviation.status,
        batch_id=deviation.batch_id,
        batch_number=deviation.batch_number,
        age=ended - deviation.noticed_at,
        due_on=deviation.due_on,
        overdue=is_open and deviation.due_on < now,
        open=is_open,
        owner=deviation.owner_name,
        mark=mark,
    )


def _most_pressing_first(line: DeviationLine) -> tuple[bool, float]:
    """Open ones by due date, then the settled ones, the latest first."""
    due = line.due_on.timestamp()
    return (not line.open, due if line.open else -due)
