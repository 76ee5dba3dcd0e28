"""The queue of batches that wait for a review."""

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui import tones
from ui.bind import bind
from ui.icons import Icon
from ui.navigation import Navigator
from ui.screens.review.table_model import Clock, queue_columns
from ui.screens.review.view_model import FORWARD, QueueState, QueueViewModel
from ui.tasks import Tasks
from ui.theme import Look, themed
from ui.tokens import GAP_3, GAP_4, GAP_6, Tone, Type
from ui.widgets import (
    Card,
    ColumnMemory,
    EmptyState,
    FilterChips,
    FilterChoice,
    Label,
    RowsModel,
    SearchField,
    TableView,
)
from ui.widgets.page_scroll import PageBody, PageScroll

LEAST = 280


class ReviewQueueView(QWidget):
    """Begins with what waits for the person's role; Enter or a tap opens a batch."""

    def __init__(
        self,
        view_model: QueueViewModel,
        tasks: Tasks,
        navigator: Navigator,
        clock: Clock,
        *,
        memory: ColumnMemory | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._tasks = tasks
        self._navigator = navigator
        self.model = RowsModel(queue_columns(clock), identity=lambda row: row.id)
        self._build(memory)
        self._wire()
        self.setFocusProxy(self.table)
        bind(self, view_model.state, self._render)
        bind(self, view_model.changed, self._on_changed)
        themed(self, self._on_look)

    def load(self) -> None:
        """Read the queue; done by itself whenever the page is shown and whenever the cache changes while it is."""
        self._tasks.start(self._view_model.load(), name="review.load")

    def _build(self, memory: ColumnMemory | None) -> None:
        self._count = Label("", Type.TITLE, Tone.NEUTRAL)
        self.search = SearchField(self.tr("Search batch, product, lot"))
        self.chips = FilterChips(name=self.tr("Waits for"))
        self.table = TableView(name="review", memory=memory, open_on_click=True)
        self.table.setModel(self.model)
        self._empty = EmptyState(Icon.REVIEW, "")
        self.table.set_empty(self._empty)
        card = Card(flush=True)
        card.body.addWidget(self.table)
        self._head = QHBoxLayout()
        self._head.addWidget(Label(self.tr("Review"), Type.TITLE))
        self._head.addWidget(self._count)
        self._head.addStretch(1)
        self._head.addWidget(self.search, 4)
        body = PageBody(LEAST)
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(card)
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.addLayout(self._head)
        self._column.addWidget(self.chips)
        self._column.addWidget(body, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(PageScroll(page))

    def _wire(self) -> None:
        self.search.searched.connect(self._on_searched)
        self.chips.changed.connect(self._on_chips)
        self.table.opened.connect(self._on_opened)
        self._empty.acted.connect(self._on_empty)

    def _render(self, state: QueueState) -> None:
        self._count.setText(str(state.total) if state.loaded else "")
        self.search.set_text_quietly(state.text)
        self.chips.set_choices(
            [
                FilterChoice(each.value, each.value, state.counts.get(each, 0), tones.BATCH[each][0])
                for each in FORWARD
            ]
        )
        self.chips.choose(state.chips)
        self.model.set_rows(state.rows)
        if not state.loaded:
            self._empty.say(Icon.REFRESH, self.tr("Reading the queue …"))
        elif state.text:
            self._empty.say(
                Icon.SEARCH,
                self.tr("No batch matches"),
                self.tr("Nothing under review fits this search and these filters."),
                action=self.tr("Show everything under review"),
            )
        else:
            everything = not state.chips
            self._empty.say(
                Icon.CHECK_CIRCLE,
                self.tr("Nothing is under review") if everything else self.tr("Nothing waits for you"),
                self.tr("Batches come here when their execution was signed as performed."),
                action="" if everything else self.tr("Show everything under review"),
            )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.load()

    def _on_changed(self, _: object) -> None:
        if self.isVisible():
            self.load()

    def _on_searched(self, words: str) -> None:
        self._tasks.start(self._view_model.search(words), name="review.search")

    def _on_chips(self, keys: frozenset[str]) -> None:
        self._tasks.start(self._view_model.choose(keys), name="review.filter")

    def _on_opened(self, row: int) -> None:
        self._navigator.open_review(self.model.row_at(row).id)

    def _on_empty(self) -> None:
        self._tasks.start(self._view_model.show_all(), name="review.filter")

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, look.px(GAP_4), gap, look.px(GAP_4))
        self._column.setSpacing(look.px(GAP_3))
        self._head.setSpacing(look.px(GAP_3))
        self.search.setMaximumWidth(look.px(300))
