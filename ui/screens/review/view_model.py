"""The queue of batches that wait for a review, the longest wait first. Knows no Qt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.client.ports import BatchQuery, BatchRow, BatchSort, Changed, Desk
from app.domain.batch import UNDER_REVIEW, BatchAction, BatchStatus, right_for
from ui.observable import Observable

Clock = Callable[[], datetime]

FORWARD: Final = MappingProxyType(
    {
        BatchStatus.PRODUCTION_REVIEW: BatchAction.REVIEW_PRODUCTION,
        BatchStatus.QA_REVIEW: BatchAction.REVIEW_QUALITY,
        BatchStatus.REVIEWED: BatchAction.RELEASE,
        BatchStatus.QA_HOLD: BatchAction.LIFT_QA_HOLD,
    }
)
"""Which act a batch of this status waits for, so whose queue it is in."""
MOST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """What the queue shows. `mine` are the statuses that wait for this person's role; `chips` what is chosen."""

    loaded: bool = False
    rows: tuple[BatchRow, ...] = ()
    total: int = 0
    counts: Mapping[BatchStatus, int] = field(default_factory=dict[BatchStatus, int])
    text: str = ""
    chips: frozenset[str] = frozenset()
    mine: frozenset[BatchStatus] = frozenset()
    now: datetime | None = None


class QueueViewModel:
    """Statuses and words in, waiting batches out."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._asked = 0
        self._for: object = None
        self.state = Observable(QueueState())

    @property
    def changed(self) -> Observable[Changed]:
        return self._desk.records.changed

    async def search(self, text: str) -> None:
        self._begin()
        self.state.set(replace(self.state.value, text=text))
        await self.load()

    async def choose(self, chips: frozenset[str]) -> None:
        """Show only these statuses; none means all that are under review."""
        self._begin()
        self.state.set(replace(self.state.value, chips=chips))
        await self.load()

    async def show_all(self) -> None:
        """Take search and filters away."""
        self._begin()
        self.state.set(replace(self.state.value, text="", chips=frozenset()))
        await self.load()

    async def load(self) -> None:
        """Read the queue again. Another person at the station begins with what waits for them."""
        self._begin()
        self._asked += 1
        asked, state = self._asked, self.state.value
        chosen = frozenset(each for each in UNDER_REVIEW if each.value in state.chips)
        page = await self._desk.records.batches(
            BatchQuery(
                text=state.text,
                statuses=chosen or UNDER_REVIEW,
                sort=BatchSort.CREATED,
                descending=False,
                limit=MOST,
            )
        )
        if asked != self._asked:
            return
        self.state.set(
            replace(
                self.state.value,
                loaded=True,
                rows=tuple(sorted(page.rows, key=_longest_first)),
                total=page.total,
                counts={each: page.counts.get(each, 0) for each in FORWARD},
                now=self._clock(),
            )
        )

    def _begin(self) -> None:
        person = self._desk.session.person.value
        who = person.user_id if person is not None else None
        if person is None or who == self._for:
            return
        self._for = who
        context = self._desk.session.context()
        mine = frozenset(
            status for status, action in FORWARD.items() if context.lacks(right_for(status, action)) is None
        )
        self.state.set(QueueState(mine=mine, chips=frozenset(each.value for each in mine)))


def _longest_first(row: BatchRow) -> tuple[bool, float, str]:
    since = row.waiting_since
    return (since is None, since.timestamp() if since else 0.0, row.number)
