"""The list of batches: search, saved views, status filters, and pages of rows as they are looked at. Knows no Qt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.client.ports import BatchQuery, BatchRow, BatchSort, Changed, Desk, SignedIn, SyncState
from app.domain.batch import UNDER_REVIEW, BatchStatus
from app.domain.decision import Reason, Refusal
from app.domain.permissions import Permission
from ui import text
from ui.observable import Observable
from ui.screens.batches.plan_model import PlanViewModel

Clock = Callable[[], datetime]

PAGE: Final = 100
"""Rows of one page. A screen shows about 15; one page more lies ready on either side when scrolling."""
KEPT: Final = 8
"""Pages kept at most: what lies further away is read again when it is looked at."""


class SavedView(StrEnum):
    """Questions people ask every day."""

    ALL = "all"
    MINE = "mine"
    LINE = "line"
    HOLD = "hold"
    REVIEW = "review"
    TRANSCRIBED = "transcribed"


VIEW_STATUSES: Final[Mapping[SavedView, frozenset[BatchStatus]]] = MappingProxyType(
    {
        SavedView.HOLD: frozenset({BatchStatus.ON_HOLD, BatchStatus.QA_HOLD}),
        SavedView.REVIEW: UNDER_REVIEW - {BatchStatus.QA_HOLD},
    }
)
"""Views that are sets of statuses: choosing one sets the chips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchesState:
    """What the list shows. `pages` holds rows by page number, not all of them; `generation` changes with the question."""

    loaded: bool = False
    failed: bool = False
    text: str = ""
    view: SavedView = SavedView.ALL
    statuses: frozenset[BatchStatus] = frozenset()
    line: str = ""  # of the view *on a line*
    lines: tuple[str, ...] = ()
    sort: BatchSort = BatchSort.CREATED
    descending: bool = True
    total: int = 0
    counts: Mapping[BatchStatus, int] = field(default_factory=dict[BatchStatus, int])
    pages: Mapping[int, tuple[BatchRow, ...]] = field(default_factory=dict[int, tuple[BatchRow, ...]])
    generation: int = 0
    now: datetime | None = None
    may_create: bool = False
    why_not_create: str = ""
    first_sync: float | None = None

    @property
    def narrowed(self) -> bool:
        """Whether anything narrows the list, so that an empty one need not mean that there are no batches."""
        return bool(self.text or self.statuses) or self.view is not SavedView.ALL

    def row(self, place: int) -> BatchRow | None:
        """The row at that place, if its page was read."""
        page = self.pages.get(place // PAGE, ())
        offset = place % PAGE
        return page[offset] if offset < len(page) else None


class BatchesViewModel:
    """`home_line` is the line this workstation stands at; it comes first among the lines."""

    def __init__(self, desk: Desk, clock: Clock, *, home_line: str = "") -> None:
        self._desk = desk
        self._clock = clock
        self._asked: set[int] = set()
        self._looked_at: tuple[int, int] = (0, 0)
        self._home_line = home_line
        self.state = Observable(BatchesState())
        self.follow()

    @property
    def changed(self) -> Observable[Changed]:
        """News of the cache."""
        return self._desk.records.changed

    @property
    def person(self) -> Observable[SignedIn | None]:
        """Who is signed in: the views *mine* and what may be planned follow them."""
        return self._desk.session.person

    @property
    def link(self) -> Observable[SyncState]:
        """The line to the server: planning needs it."""
        return self._desk.sync.state

    def follow(self) -> None:
        """Who is signed in or the line to the server changed: what may be offered changes with it."""
        sync = self._desk.sync.state.value
        refused = self._create_refused()
        self.state.set(
            replace(
                self.state.value,
                may_create=refused is None,
                why_not_create=text.refusal(refused) if refused else "",
                first_sync=sync.first_sync,
            )
        )

    def plan(self) -> PlanViewModel:
        """The form of a new batch."""
        return PlanViewModel(self._desk)

    async def load(self) -> None:
        """Read what is looked at again; rows elsewhere are read when they are scrolled to."""
        first, last = self._looked_at
        await self._read(range(first, last + 1), afresh=True)
        lines = await self._desk.records.lines()
        at_home = sorted(lines, key=lambda line: line != self._home_line)
        self.state.set(replace(self.state.value, lines=tuple(at_home)))

    async def want(self, place: int) -> None:
        """The row at `place` came into sight: read its page, once."""
        page = place // PAGE
        state = self.state.value
        if page in state.pages or page in self._asked:
            return
        self._looked_at = (page, page)
        await self._read(range(page, page + 1), afresh=False)

    async def search(self, words: str) -> None:
        """Narrow by number, product, line, lot or comment."""
        await self._ask(replace(self.state.value, text=words.strip()))

    async def choose_view(self, view: SavedView, line: str = "") -> None:
        """Take a saved view; it sets the status filters it stands for and clears the others. `LINE` names its line."""
        statuses = VIEW_STATUSES.get(view, frozenset())
        line = line if view is SavedView.LINE else ""
        await self._ask(replace(self.state.value, view=view, statuses=statuses, line=line))

    async def choose_statuses(self, statuses: frozenset[BatchStatus]) -> None:
        """Narrow by status. A saved view that was a set of statuses is left when the set becomes another."""
        view = self.state.value.view
        if view in VIEW_STATUSES and VIEW_STATUSES[view] != statuses:
            view = SavedView.ALL
        await self._ask(replace(self.state.value, view=view, statuses=statuses))

    async def order(self, sort: BatchSort, *, descending: bool) -> None:
        await self._ask(replace(self.state.value, sort=sort, descending=descending))

    async def show_all(self) -> None:
        """Take every filter away."""
        state = self.state.value
        await self._ask(replace(state, text="", view=SavedView.ALL, statuses=frozenset(), line=""))

    async def _ask(self, state: BatchesState) -> None:
        """Another question: the rows of the old one stay until the answer is there, so that nothing flickers."""
        if _question(state) == _question(self.state.value) and state.loaded:
            self.state.set(state)
            return
        self._looked_at = (0, 0)
        self._asked.clear()
        self.state.set(replace(state, generation=state.generation + 1))
        await self._read(range(1), afresh=True)

    async def _read(self, pages: range, *, afresh: bool) -> None:
        generation = self.state.value.generation
        self._asked.update(pages)
        limit = PAGE * len(pages)
        try:
            answer = await self._desk.records.batches(self._query(pages.start * PAGE, limit))
        except Exception:
            if generation == self.state.value.generation:
                self.state.set(replace(self.state.value, failed=True, loaded=True))
            raise
        finally:
            if generation == self.state.value.generation:
                self._asked.difference_update(pages)
        state = self.state.value
        if generation != state.generation:
            return  # overtaken by a later question
        read = {
            page: answer.rows[place * PAGE : (place + 1) * PAGE]
            for place, page in enumerate(pages)
            if answer.rows[place * PAGE : (place + 1) * PAGE]
        }
        kept = {} if afresh else {**state.pages}
        kept.update(read)
        for page in sorted(kept, key=lambda page: abs(page - pages.start), reverse=True)[
            : max(len(kept) - KEPT, 0)
        ]:
            del kept[page]
        self.state.set(
            replace(
                state,
                loaded=True,
                failed=False,
                total=answer.total,
                counts=answer.counts,
                pages=kept,
                now=self._clock(),
            )
        )

    def _query(self, offset: int, limit: int) -> BatchQuery:
        state = self.state.value
        person = self._desk.session.person.value
        mine = person.user_id if person and state.view is SavedView.MINE else None
        return BatchQuery(
            text=state.text,
            statuses=state.statuses,
            line=state.line,
            mine=mine,
            transcribed=state.view is SavedView.TRANSCRIBED,
            sort=state.sort,
            descending=state.descending,
            offset=offset,
            limit=limit,
        )

    def _create_refused(self) -> Refusal | None:
        if self._desk.session.person.value is None:
            return Refusal(reason=Reason.SIGNED_OUT)
        context = self._desk.session.context()
        lacking = context.lacks(Permission.BATCH_CREATE)
        if lacking is None and context.offline:
            return Refusal(reason=Reason.NEEDS_SERVER)
        return lacking


def _question(state: BatchesState) -> tuple[object, ...]:
    return (state.text, state.view, state.statuses, state.line, state.sort, state.descending)
