"""The form that raises a deviation: everything known stands beside it, and it is saved here whatever the network does."""

from datetime import datetime, tzinfo

from PySide6.QtCore import QDate, QDateTime, Qt, QTime, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QDateTimeEdit,
    QHBoxLayout,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from ui import text
from ui.bind import bind
from ui.icons import Icon
from ui.navigation import DeviationContext, Navigator
from ui.screens.deviations.form_fields import FieldBox
from ui.screens.deviations.forms import Field, FieldKind
from ui.screens.deviations.raise_model import RaiseDeviationViewModel, RaiseState
from ui.tasks import Tasks
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_1, GAP_2, GAP_3, GAP_4, GAP_5, GAP_6, Tone, Type
from ui.widgets import (
    Banner,
    Button,
    ButtonKind,
    Card,
    EmptyState,
    Fact,
    IconButton,
    KeyValueGrid,
    Label,
    ScrollColumn,
)

NARROW = 900
WIDEST = 16_777_215  # Qt's own word for no limit


class MomentField(QWidget):
    """A day and a time in the plant's zone, to the minute. `changed` carries an aware datetime."""

    changed = Signal(object)

    def __init__(self, label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zone: tzinfo | None = None
        self.label = Label(label, Type.STRONG)
        self.edit = QDateTimeEdit()
        self.edit.setDisplayFormat("d MMM yyyy  HH:mm")
        self.edit.setCalendarPopup(True)
        self.edit.setAccessibleName(label)
        self.edit.dateTimeChanged.connect(self._on_changed)
        self._in = Label("", Type.CAPTION, Tone.NEUTRAL)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.label, self.edit, self._in):
            self._column.addWidget(widget)
        self.label.setBuddy(self.edit)
        self.setFocusProxy(self.edit)
        themed(self, self._on_look)

    def show_moment(self, moment: datetime) -> None:
        """Show a moment that came from the state; emits nothing."""
        self._zone = moment.tzinfo
        shown = QDateTime(
            QDate(moment.year, moment.month, moment.day), QTime(moment.hour, moment.minute, moment.second)
        )
        if shown != self.edit.dateTime():
            self.edit.blockSignals(True)
            self.edit.setDateTime(shown)
            self.edit.blockSignals(False)
        self._in.setText(text.zone_name(moment))

    def _on_changed(self, shown: QDateTime) -> None:
        day, at = shown.date(), shown.time()
        self.changed.emit(
            datetime(
                day.year(), day.month(), day.day(), at.hour(), at.minute(), at.second(), tzinfo=self._zone
            )
        )

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_1 + 2))


class RaiseDeviationView(QWidget):
    """Ctrl+Return saves. What is half typed is kept when the page is left."""

    def __init__(
        self,
        view_model: RaiseDeviationViewModel,
        tasks: Tasks,
        navigator: Navigator,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._tasks = tasks
        self._navigator = navigator
        self._build()
        self._wire()
        self.setFocusProxy(self.boxes["title"])
        bind(self, view_model.state, self._render)
        themed(self, self._on_look)

    def begin(self, context: DeviationContext) -> None:
        """Open the form for this context."""
        self._view_model.begin(context)
        self._scroll.verticalScrollBar().setValue(0)
        self.boxes["description" if context.title else "title"].setFocus(Qt.FocusReason.OtherFocusReason)

    # Building.

    def _build(self) -> None:
        self.back = IconButton(Icon.BACK, self.tr("Back"))
        head = QHBoxLayout()
        head.addWidget(self.back)
        head.addWidget(Label(self.tr("Raise a deviation"), Type.TITLE), 1)
        self._head = head
        self._refusal = Banner("", tone=Tone.STOPPED)
        self._build_fields()
        self._form = Card()
        self._form.body.addLayout(self._lines)
        self._known_card = Card(self.tr("Filled in from the step"))
        self._known = KeyValueGrid(columns=3, narrowest=160)
        self._known_card.body.addWidget(self._known)
        self._middle = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._middle.addWidget(self._form, 100, Qt.AlignmentFlag.AlignTop)
        self._middle.addWidget(self._known_card, 0, Qt.AlignmentFlag.AlignTop)
        self._middle.addStretch(1)
        self._scroll = ScrollColumn()
        self._scroll.column.addLayout(self._middle)
        self._scroll.column.addStretch(1)
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.addLayout(head)
        self._column.addWidget(self._scroll, 1)
        self._column.addWidget(self._refusal)
        self._column.addWidget(self._build_actions())
        self._saved = QWidget()
        self._build_saved()
        self._pages = QStackedLayout(self)
        self._pages.addWidget(page)
        self._pages.addWidget(self._saved)

    def _build_fields(self) -> None:
        specs = (
            Field(key="title", label=self.tr("Title"), kind=FieldKind.LINE),
            Field(
                key="description",
                label=self.tr("What happened"),
                hint=self.tr("What was seen, where, and what it should have been."),
            ),
            Field(key="immediate_action", label=self.tr("What was done at once"), optional=True),
            Field(key="equipment", label=self.tr("Equipment"), kind=FieldKind.LINE, optional=True),
            Field(key="lot", label=self.tr("Lot"), kind=FieldKind.LINE, optional=True),
        )
        self.boxes = {each.key: FieldBox(each) for each in specs}
        self.occurred = MomentField(self.tr("Happened"))
        self.noticed = MomentField(self.tr("Noticed"))
        self._times_problem = Label("", Type.CAPTION_STRONG, Tone.STOPPED, wrap=True)
        self.held = QCheckBox(self.tr("The product is held"))
        self._lines = QVBoxLayout()
        for key in ("title", "description", "immediate_action"):
            self._lines.addWidget(self.boxes[key])
        self._times = QHBoxLayout()
        self._times.addWidget(self.occurred, 1)
        self._times.addWidget(self.noticed, 1)
        self._lines.addLayout(self._times)
        self._lines.addWidget(self._times_problem)
        self._places = QHBoxLayout()
        self._places.addWidget(self.boxes["equipment"], 1)
        self._places.addWidget(self.boxes["lot"], 1)
        self._lines.addLayout(self._places)
        self._lines.addWidget(self.held)

    def _build_actions(self) -> QWidget:
        self.leave = Button(self.tr("Put aside"), kind=ButtonKind.PLAIN, step=True)
        self.save = Button(
            self.tr("Save report"),
            kind=ButtonKind.PRIMARY,
            icon=Icon.CHECK,
            shortcut="Ctrl+Return",
            step=True,
        )
        self._note = Label("", Type.CAPTION, Tone.NEUTRAL, wrap=True)
        self._actions = QWidget()
        row = QHBoxLayout(self._actions)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._note, 1)
        row.addWidget(self.leave)
        row.addWidget(self.save)
        return self._actions

    def _build_saved(self) -> None:
        self._done = EmptyState(Icon.CHECK_CIRCLE, "")
        self.to_deviation = Button(self.tr("Open the deviation"), kind=ButtonKind.SECONDARY, step=True)
        self.to_step = Button(self.tr("Back to work"), kind=ButtonKind.PRIMARY, icon=Icon.BACK, step=True)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.to_deviation)
        row.addWidget(self.to_step)
        row.addStretch(1)
        column = QVBoxLayout(self._saved)
        column.addStretch(2)
        column.addWidget(self._done)
        column.addLayout(row)
        column.addStretch(3)
        self._saved_row = row

    def _wire(self) -> None:
        for box in self.boxes.values():
            box.edited.connect(self._view_model.put)
        self.occurred.changed.connect(self._view_model.occurred)
        self.noticed.changed.connect(self._view_model.noticed)
        self.held.clicked.connect(self._view_model.hold_product)
        self.save.clicked.connect(self._on_save)
        for button in (self.back, self.leave, self.to_step):
            button.clicked.connect(self._on_back)
        self.to_deviation.clicked.connect(self._on_deviation)

    # Rendering.

    def _render(self, state: RaiseState) -> None:
        self._pages.setCurrentIndex(1 if state.saved else 0)
        if state.saved is not None:
            self._render_saved(state)
            return
        for key, box in self.boxes.items():
            box.show_value(state.values.get(key, ""))
            box.show_problem(state.errors.get(key, ""))
        if state.occurred_at is not None and state.noticed_at is not None:
            self.occurred.show_moment(state.occurred_at)
            self.noticed.show_moment(state.noticed_at)
        self._times_problem.setText(state.errors.get("times", ""))
        self._times_problem.setVisible("times" in state.errors)
        self.held.setChecked(state.product_held)
        self._note.setText(
            self.tr("Offline: saved on this station now, the number follows.")
            if state.offline
            else self.tr("Saved under your name; quality assurance classifies it.")
        )
        self._refusal.setVisible(state.refusal is not None)
        if state.refusal is not None:
            self._refusal.say(text.refusal(state.refusal), Tone.STOPPED)
        self._render_known(state)
        self.save.offer(not state.busy, self.tr("Saving …"))

    def _render_known(self, state: RaiseState) -> None:
        context = state.context
        pairs = (
            (self.tr("Batch"), context.batch_number),
            (self.tr("Product"), context.product_name),
            (self.tr("Stage"), context.stage_name),
            (self.tr("Step"), context.step_title),
            (self.tr("Exception"), self.tr("Goes to this deviation") if context.exception_id else ""),
        )
        facts = [Fact(key, value) for key, value in pairs if value]
        self._known.set_facts(facts)
        self._known_card.setVisible(bool(facts))

    def _render_saved(self, state: RaiseState) -> None:
        title = state.values.get("title", "")
        follows = self.tr("The number follows with the next sync.") if state.offline else ""
        self._done.say(
            Icon.CHECK_CIRCLE,
            self.tr("Saved on this station: {0}").format(title),
            self.tr("It is in your name and goes to quality assurance. {0}").format(follows).strip(),
        )
        self.to_step.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """What is known stands beside the form, or below it where there is little room."""
        px = LOOK.value.px
        narrow = self.width() < px(NARROW)
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._middle.setDirection(way)
        self._known_card.setMinimumWidth(0 if narrow else px(300))
        self._known_card.setMaximumWidth(WIDEST if narrow else px(300))
        for widget in (self._form, self._actions):
            widget.setMaximumWidth(WIDEST if narrow else px(860))

    # Gestures.

    def _on_save(self) -> None:
        self._tasks.start(self._save(), name="deviation.raise", once=True)

    async def _save(self) -> None:
        if await self._view_model.save() is None:
            errors = self._view_model.state.value.errors
            wrong = next((box for key, box in self.boxes.items() if key in errors), None)
            if wrong is not None:
                wrong.setFocus(Qt.FocusReason.OtherFocusReason)
                self._scroll.ensureWidgetVisible(wrong)
            elif "times" in errors:
                self.occurred.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_back(self) -> None:
        self._navigator.back()

    def _on_deviation(self) -> None:
        key = self._view_model.state.value.deviation_id
        if key is not None:
            self._navigator.open_deviation(key)

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, look.px(GAP_4), gap, look.px(GAP_4))
        self._column.setSpacing(look.px(GAP_4))
        self._head.setSpacing(look.px(GAP_2))
        self._middle.setSpacing(look.px(GAP_4))
        self._arrange()
        self._lines.setSpacing(look.px(GAP_5))
        self._times.setSpacing(look.px(GAP_4))
        self._places.setSpacing(look.px(GAP_4))
        self._saved_row.setSpacing(look.px(GAP_3))
        self._done.setMinimumHeight(look.px(220))
