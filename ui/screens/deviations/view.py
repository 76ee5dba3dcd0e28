"""The list of deviations."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.client.ports import Changed
from app.domain.deviation import DeviationClass, DeviationStatus
from ui import tones
from ui.bind import bind
from ui.icons import Icon
from ui.navigation import DeviationContext, Navigator
from ui.screens.deviations.table_model import COLUMNS
from ui.screens.deviations.view_model import (
    MOST,
    OVERDUE,
    DeviationLine,
    DeviationsState,
    DeviationsViewModel,
)
from ui.tasks import Tasks
from ui.theme import Look, themed
from ui.tokens import GAP_3, GAP_4, GAP_6, Tone, Type
from ui.widgets import (
    Button,
    ButtonKind,
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


class DeviationsView(QWidget):
    """Search, filters, the table. Enter or a tap opens a deviation; Ctrl+N raises one."""

    def __init__(
        self,
        view_model: DeviationsViewModel,
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
        self.model = RowsModel(COLUMNS, identity=_identity)
        self._build(memory)
        self._wire()
        self.setFocusProxy(self.search)
        bind(self, view_model.state, self._render)
        bind(self, view_model.changed, self._on_changed)
        themed(self, self._on_look)

    def load(self) -> None:
        """Read the list; done by itself whenever the page is shown and whenever the cache changes while it is."""
        self._tasks.start(self._view_model.load(), name="deviations.load")

    def _build(self, memory: ColumnMemory | None) -> None:
        self._title = Label(self.tr("Deviations"), Type.TITLE)
        self._count = Label("", Type.TITLE, Tone.NEUTRAL)
        self.search = SearchField(self.tr("Search number, title, batch"))
        self.raise_button = Button(
            self.tr("Raise deviation"), kind=ButtonKind.PRIMARY, icon=Icon.PLUS, shortcut="Ctrl+N"
        )
        self.chips = FilterChips(name=self.tr("Status"))
        self.classes = QComboBox()
        self.classes.setAccessibleName(self.tr("Class"))
        self.classes.addItem(self.tr("All classes"))
        for each in DeviationClass:
            self.classes.addItem(each.value)
        self.table = TableView(name="deviations", memory=memory, open_on_click=True)
        self.table.setModel(self.model)
        self._empty = EmptyState(Icon.DEVIATION, "")
        self.table.set_empty(self._empty)
        self._card = Card(flush=True)
        self._card.body.addWidget(self.table)
        self._more = Label("", Type.CAPTION, Tone.NEUTRAL)
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addWidget(self._count)
        head.addStretch(1)
        head.addWidget(self.search, 4)
        head.addWidget(self.raise_button)
        filters = QHBoxLayout()
        filters.addWidget(self.chips, 1)
        filters.addWidget(self.classes, 0, Qt.AlignmentFlag.AlignTop)
        self._head, self._filters = head, filters
        body = PageBody(LEAST)
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._card)
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.addLayout(head)
        self._column.addLayout(filters)
        self._column.addWidget(body, 1)
        self._column.addWidget(self._more)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(PageScroll(page))

    def _wire(self) -> None:
        self.search.searched.connect(self._on_searched)
        self.chips.changed.connect(self._on_chips)
        self.classes.activated.connect(self._on_class)
        self.table.opened.connect(self._on_opened)
        self.raise_button.clicked.connect(self._on_raise)
        self._empty.acted.connect(self._on_empty)

    def _render(self, state: DeviationsState) -> None:
        self._count.setText(
            f"{state.total:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if state.loaded else ""
        )
        self.search.set_text_quietly(state.text)
        choices = [
            FilterChoice(each.value, each.value, state.counts.get(each, 0), tones.DEVIATION[each][0])
            for each in DeviationStatus
        ]
        overdue = FilterChoice(OVERDUE, self.tr("Overdue"), state.overdue, Icon.CLOCK)
        self.chips.set_choices([*choices, overdue])
        self.chips.choose(state.chips)
        self.classes.setCurrentIndex(max(self.classes.findText(state.classification or ""), 0))
        self.model.set_rows(state.lines)
        self._render_empty(state)
        self._more.setVisible(state.total > MOST)
        self._more.setText(
            self.tr("The {0} most pressing are shown. Search to find the others.").format(len(state.lines))
        )

    def _render_empty(self, state: DeviationsState) -> None:
        if not state.loaded:
            self._empty.say(Icon.REFRESH, self.tr("Reading the deviations …"))
        elif state.searching:
            self._empty.say(
                Icon.SEARCH,
                self.tr("No deviation matches"),
                self.tr("Nothing was found for this search and these filters."),
                action=self.tr("Show all deviations"),
            )
        else:
            self._empty.say(
                Icon.DEVIATION,
                self.tr("No deviation has been raised"),
                self.tr("A deviation is raised here, or from a step, with everything filled in."),
                action=self.tr("Raise deviation"),
            )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.load()

    def _on_changed(self, news: Changed) -> None:
        if self.isVisible() and self._view_model.concerned_by(news):
            self.load()

    def _on_searched(self, words: str) -> None:
        self._tasks.start(self._view_model.search(words), name="deviations.search")

    def _on_chips(self, keys: frozenset[str]) -> None:
        self._tasks.start(self._view_model.choose(keys), name="deviations.filter")

    def _on_class(self, place: int) -> None:
        chosen = self.classes.itemText(place)
        wanted = next((each for each in DeviationClass if each.value == chosen), None)
        self._tasks.start(self._view_model.choose_class(wanted), name="deviations.filter")

    def _on_opened(self, row: int) -> None:
        self._navigator.open_deviation(self.model.row_at(row).id)

    def _on_raise(self) -> None:
        self._navigator.raise_deviation(DeviationContext())

    def _on_empty(self) -> None:
        if self._view_model.state.value.searching:
            self._tasks.start(self._view_model.show_all(), name="deviations.filter")
        else:
            self._on_raise()

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, look.px(GAP_4), gap, look.px(GAP_4))
        self._column.setSpacing(look.px(GAP_3))
        self._head.setSpacing(look.px(GAP_3))
        self._filters.setSpacing(look.px(GAP_4))
        self.search.setMaximumWidth(look.px(300))
        self.classes.setMinimumWidth(look.px(150))


def _identity(line: DeviationLine) -> object:
    return line.id
