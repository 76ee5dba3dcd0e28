"""The list of batches."""

from decimal import Decimal

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.client.ports import BatchSort, Changed, SignedIn, SyncState
from app.domain.batch import BatchStatus
from ui import text, tones
from ui.bind import bind
from ui.icons import Icon
from ui.navigation import Navigator
from ui.screens.batches.chip_strip import ChipStrip
from ui.screens.batches.plan_dialog import PlanDialog
from ui.screens.batches.table_model import BatchTableModel
from ui.screens.batches.view_model import PAGE, BatchesState, BatchesViewModel, SavedView
from ui.tasks import Tasks, answer
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_3, GAP_4, GAP_6, Tone, Type
from ui.widgets.button import Button, ButtonKind, IconButton
from ui.widgets.card import Card
from ui.widgets.empty_state import EmptyState
from ui.widgets.filter_chips import FilterChips, FilterChoice
from ui.widgets.label import Label
from ui.widgets.search_field import SearchField
from ui.widgets.table_view import ColumnMemory, TableView

BUSY_AFTER_MS = 300
"""Before that an empty table is nobody's question; after it the list says that it is reading."""


class BatchesView(QWidget):
    """Search as you type, filter, order, open with Enter or a double click. `said` carries what was done, for a toast."""

    said = Signal(str)

    def __init__(
        self,
        view_model: BatchesViewModel,
        tasks: Tasks,
        navigator: Navigator,
        *,
        memory: ColumnMemory | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._tasks = tasks
        self._navigator = navigator
        self._stale = False
        self._narrow = False
        self._build(memory)
        self._wire()
        self.setFocusProxy(self.table)
        bind(self, view_model.state, self._render)
        bind(self, view_model.changed, self._on_changed)
        bind(self, view_model.person, self._on_person)
        bind(self, view_model.link, self._on_link)
        themed(self, self._on_look)

    def load(self) -> None:
        """Read the list."""
        self._stale = False
        self._view_model.follow()
        self._tasks.start(self._view_model.load(), name="batches.load", once=True)

    # Building.

    def _build(self, memory: ColumnMemory | None) -> None:
        self._title = Label(self.tr("Batches"), Type.TITLE)
        self._count = Label("", Type.TITLE, Tone.NEUTRAL)
        self.search = SearchField(self.tr("Number, product, lot, comment"))
        self.refresh = IconButton(Icon.REFRESH, self.tr("Read the list again"), shortcut="F5")
        self.new = Button(
            self.tr("New batch"), kind=ButtonKind.PRIMARY, icon=Icon.PLUS, shortcut="Ctrl+N", parent=self
        )
        self.views = QComboBox()
        self.views.setAccessibleName(self.tr("View"))
        self.chips = FilterChips(name=self.tr("Status"))
        self._strip = ChipStrip(self.chips)
        self.model = BatchTableModel(self._on_want, self._on_order)
        self.table = TableView(name="batches", memory=memory)
        self.table.setModel(self.model)
        self.model.listen()
        self.empty = EmptyState(Icon.BATCHES, "")
        self.empty.hide()
        self.table.set_empty(self.empty)
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addWidget(self._count, 1)
        head.addWidget(self.search, 3)
        head.addWidget(self.views)
        head.addWidget(self.refresh)
        head.addWidget(self.new)
        self._head = head
        self._second = QHBoxLayout()
        self._card = Card(flush=True)
        self._card.body.addWidget(self.table)
        self._column = QVBoxLayout(self)
        self._column.addLayout(head)
        self._column.addLayout(self._second)
        self._column.addWidget(self._strip)
        self._column.addWidget(self._card, 1)
        self._busy = QTimer(self)
        self._busy.setSingleShot(True)
        self._busy.setInterval(BUSY_AFTER_MS)
        self._busy.start()

    def _wire(self) -> None:
        self.search.searched.connect(self._on_searched)
        self.refresh.clicked.connect(self.load)
        self.new.clicked.connect(self._on_new)
        self.views.activated.connect(self._on_view)
        self.chips.changed.connect(self._on_chips)
        self.table.opened.connect(self._on_opened)
        self.empty.acted.connect(self._on_empty)
        self._busy.timeout.connect(self._on_busy)

    # Rendering.

    def _render(self, state: BatchesState) -> None:
        self.model.show_state(state)
        self._count.setText(text.big_number(Decimal(state.total)) if state.loaded else "")
        self._count.setToolTip(text.count(state.total, "batch", "batches"))
        self.search.set_text_quietly(state.text)
        self._render_filters(state)
        self.new.setVisible(state.may_create or "offline" in state.why_not_create)
        self.new.offer(state.may_create, state.why_not_create)
        if state.loaded:
            self._busy.stop()
        self._render_empty(state)

    def _render_filters(self, state: BatchesState) -> None:
        words = self._view_words(state)
        shown = [self.views.itemText(place) for place in range(self.views.count())]
        if shown != [word for _, _, word in words]:
            self.views.clear()
            self.views.addItems([word for _, _, word in words])
        places = [(view, line) for view, line, _ in words]
        self.views.setCurrentIndex(places.index((state.view, state.line)))
        self.chips.set_choices(
            [
                FilterChoice(status.value, status.value, state.counts.get(status, 0), tones.BATCH[status][0])
                for status in BatchStatus
                if state.counts.get(status, 0) or status in state.statuses
            ]
        )
        self.chips.choose(frozenset(each.value for each in state.statuses))
        self._strip.fit()

    def _view_words(self, state: BatchesState) -> list[tuple[SavedView, str, str]]:
        """View, line and word of each entry of the views."""
        lines = [(SavedView.LINE, line, self.tr("On {0}").format(line)) for line in state.lines]
        return [
            (SavedView.ALL, "", self.tr("All batches")),
            (SavedView.MINE, "", self.tr("Mine")),
            *lines,
            (SavedView.HOLD, "", self.tr("On hold")),
            (SavedView.REVIEW, "", self.tr("Waiting for review")),
            (SavedView.TRANSCRIBED, "", self.tr("Transcribed records")),
        ]

    def _render_empty(self, state: BatchesState) -> None:
        if state.failed:
            self.empty.say(
                Icon.WARNING,
                self.tr("The list could not be read"),
                self.tr("Nothing was lost. Try again; if it stays so, copy the report on the sync page."),
                action=self.tr("Try again"),
                tone=Tone.ATTENTION,
            )
        elif not state.loaded:
            waiting = "" if self._busy.isActive() else self.tr("Reading the batches …")
            self.empty.say(Icon.BATCHES, waiting)
        elif state.first_sync is not None and not state.narrowed:
            share = round(state.first_sync * 100)
            self.empty.say(
                Icon.SYNC,
                self.tr("Copying the plant's records: {0} %").format(share),
                self.tr("This is done once. The list fills as the records arrive."),
            )
        elif state.narrowed:
            self.empty.say(
                Icon.SEARCH,
                self.tr("No batch matches"),
                self._narrowed_by(state),
                action=self.tr("Show all batches"),
            )
        else:
            self.empty.say(
                Icon.BATCHES,
                self.tr("There are no batches yet"),
                self.tr("A batch is planned from an effective master record."),
                action=self.tr("New batch") if state.may_create else "",
            )

    def _narrowed_by(self, state: BatchesState) -> str:
        told = [self.tr("“{0}”").format(state.text)] if state.text else []
        if state.view is SavedView.ALL:
            told += sorted(each.value for each in state.statuses)
        else:
            told.append(self.views.currentText())
        return self.tr("Looked for: {0}").format(", ".join(told))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), LOOK.value.color("window"))
        painter.end()

    # Gestures.

    def take_scan(self, code: str) -> bool:
        """A scanned code is looked for: batch numbers and lots are what labels carry."""
        self.search.setText(code)
        return True

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.load()

    def _on_changed(self, changed: Changed) -> None:
        if changed.tick:
            self._refresh()

    def _on_person(self, person: SignedIn | None) -> None:
        self._view_model.follow()
        if person is not None and self._view_model.state.value.loaded:
            self._refresh()

    def _on_link(self, _: SyncState) -> None:
        self._view_model.follow()

    def _refresh(self) -> None:
        """Read again what is seen; what is not seen is read when it is."""
        if self.isVisible():
            self.load()
        else:
            self._stale = True

    def _on_searched(self, words: str) -> None:
        self._tasks.start(self._view_model.search(words), name="batches.search")

    def _on_view(self, place: int) -> None:
        view, line, _ = self._view_words(self._view_model.state.value)[place]
        self._tasks.start(self._view_model.choose_view(view, line), name="batches.view")

    def _on_chips(self, keys: frozenset[str]) -> None:
        statuses = frozenset(BatchStatus(key) for key in keys)
        self._tasks.start(self._view_model.choose_statuses(statuses), name="batches.status")

    def _on_want(self, row: int) -> None:
        self._tasks.start(self._view_model.want(row), name=f"batches.page.{row // PAGE}", once=True)

    def _on_order(self, sort: BatchSort, descending: bool) -> None:
        work = self._view_model.order(sort, descending=descending)
        self._tasks.start(work, name="batches.order")

    def _on_opened(self, row: int) -> None:
        batch = self.model.batch_at(row)
        if batch is not None:
            self._navigator.open_batch(batch.id)

    def _on_empty(self) -> None:
        state = self._view_model.state.value
        if state.failed:
            self.load()
        elif state.narrowed:
            self._tasks.start(self._view_model.show_all(), name="batches.all")
        else:
            self._on_new()

    def _on_new(self) -> None:
        self._tasks.start(self._plan(), name="batches.new", once=True)

    async def _plan(self) -> None:
        plan = self._view_model.plan()
        if await answer(PlanDialog(plan, self._tasks, self)) != QDialog.DialogCode.Accepted:
            return
        if plan.state.value.waiting:
            self.said.emit(
                self.tr("The batch is on its way; the list shows it when the server has answered.")
            )
        else:
            self.said.emit(self.tr("The batch is planned"))
        await self._view_model.load()

    def _on_busy(self) -> None:
        self._render_empty(self._view_model.state.value)

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, look.px(GAP_4), gap, look.px(GAP_4))
        self._column.setSpacing(look.px(GAP_2))
        self._head.setSpacing(look.px(GAP_3))
        self._second.setSpacing(look.px(GAP_3))
        narrow = look.scale > 1.6
        if narrow != self._narrow:
            self._narrow = narrow
            if narrow:  # large letters: searching gets a line of its own
                self._second.addWidget(self.search, 1)
                self._second.addWidget(self.views)
            else:
                self._head.insertWidget(2, self.search, 3)
                self._head.insertWidget(3, self.views)
        self.search.setMinimumWidth(look.px(150))
        self.views.setFixedWidth(look.px(200))
