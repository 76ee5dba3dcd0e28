"""One deviation: its timeline, the one next action, what it is linked to, and the form of an action."""

from datetime import tzinfo

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from app.domain.deviation import Deviation, DeviationAction
from app.domain.identity import DeviationId
from ui import text, tones
from ui.bind import bind
from ui.icons import Icon
from ui.navigation import Navigator
from ui.screens.deviations.detail_model import (
    DetailState,
    DeviationViewModel,
    Form,
    Offer,
)
from ui.screens.deviations.form_fields import FormFields
from ui.screens.deviations.story import WIDEST_LINE, Story
from ui.sign_off import sign_off
from ui.signing import Phase
from ui.tasks import Tasks
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_3, GAP_4, GAP_6, Tone, Type
from ui.widgets import (
    Banner,
    Button,
    ButtonKind,
    Card,
    Chip,
    EmptyState,
    Fact,
    FlowLayout,
    IconButton,
    KeyValueGrid,
    Label,
    ScrollColumn,
    StatusChip,
)
from ui.widgets.page_scroll import PageBody, PageScroll

ICONS = {
    DeviationAction.AMEND: Icon.CORRECT,
    DeviationAction.CLASSIFY: Icon.SCALE,
    DeviationAction.INVESTIGATE: Icon.SEARCH,
    DeviationAction.CLOSE: Icon.CHECK_CIRCLE,
    DeviationAction.CANCEL: Icon.CROSS,
    DeviationAction.REOPEN: Icon.REFRESH,
}

NARROW = 900
LEAST = 380


class DeviationView(QWidget):
    """Escape goes back; the next action has Ctrl+Return. A form takes the place of the timeline while it is open."""

    def __init__(
        self,
        view_model: DeviationViewModel,
        tasks: Tasks,
        navigator: Navigator,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._tasks = tasks
        self._navigator = navigator
        self._form_of: DeviationAction | None = None
        self._others: tuple[Offer, ...] = ()
        self._narrow = False
        self._build()
        self._wire()
        self.setFocusProxy(self.next_button)
        bind(self, view_model.state, self._render)
        bind(self, view_model.changed, self._on_changed)
        themed(self, self._on_look)

    def open(self, deviation_id: DeviationId) -> None:
        """Show this deviation."""
        self._tasks.start(self._view_model.open(deviation_id), name="deviation.open")

    # Building.

    def _build(self) -> None:
        self._build_head()
        self._timeline = Story()
        self._story_card = Card(self.tr("History"))
        self._story_card.body.addWidget(self._timeline)
        self._story_page = ScrollColumn()
        self._story_page.column.addWidget(self._story_card)
        self._story_page.column.addStretch(1)
        self._build_form()
        self._left = QStackedLayout()
        self._left.addWidget(self._story_page)
        self._left.addWidget(self._form_card)
        self._build_side()
        self._middle = QHBoxLayout()
        self._middle.addLayout(self._left, 1)
        self._middle.addWidget(self._side)
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.addLayout(self._head)
        body = PageBody(LEAST)
        body.setLayout(self._middle)
        self._middle.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(body, 1)
        self._empty = EmptyState(Icon.DEVIATION, "")
        self._pages = QStackedLayout(self)
        self._pages.addWidget(PageScroll(page))
        self._pages.addWidget(self._empty)

    def _build_head(self) -> None:
        self.back = IconButton(Icon.BACK, self.tr("Back"))
        self._number = Label("", Type.SUBTITLE, Tone.NEUTRAL)
        self._title = Label("", Type.TITLE, wrap=True)
        self._class = StatusChip()
        self._status = StatusChip()
        self._late = StatusChip()
        chips = FlowLayout()
        for widget in (self._number, self._class, self._status, self._late):
            chips.addWidget(widget)
        words = QVBoxLayout()
        words.addLayout(chips)
        words.addWidget(self._title)
        self._head = QHBoxLayout()
        self._head.addWidget(self.back, 0, Qt.AlignmentFlag.AlignTop)
        self._head.addLayout(words, 1)
        self._words, self._chips = words, chips

    def _build_form(self) -> None:
        self._form_card = Card(" ")
        self.fields = FormFields()
        self._form_scroll = ScrollColumn()
        self._form_scroll.column.addWidget(self.fields)
        self._form_scroll.column.addStretch(1)
        self._form_refusal = Banner("", tone=Tone.STOPPED)
        self.leave = Button(self.tr("Put aside"), kind=ButtonKind.PLAIN, step=True)
        self.submit = Button(" ", kind=ButtonKind.PRIMARY, icon=Icon.SIGN, shortcut="Ctrl+Return", step=True)
        self._form_row = QWidget()
        row = QHBoxLayout(self._form_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(self.leave)
        row.addWidget(self.submit)
        self._form_card.body.addWidget(self._form_scroll, 1)
        self._form_card.body.addWidget(self._form_refusal)
        self._form_card.body.addWidget(self._form_row)

    def _build_side(self) -> None:
        self._next_card = Card(self.tr("Next"))
        self._waits = Label("", wrap=True)
        self.next_button = Button(" ", kind=ButtonKind.PRIMARY, shortcut="Ctrl+Return", step=True)
        self._why_not = Label("", Type.CAPTION, Tone.NEUTRAL, wrap=True)
        self.other_buttons: dict[DeviationAction, Button] = {}
        self._other_box = QVBoxLayout()
        self._next_card.body.addWidget(self._waits)
        self._next_card.body.addWidget(self.next_button)
        self._next_card.body.addWidget(self._why_not)
        self._next_card.body.addLayout(self._other_box)
        self._links_card = Card(self.tr("Linked to"))
        self.batch_link = Button(" ", kind=ButtonKind.QUIET, icon=Icon.BATCHES)
        self.step_link = Button(" ", kind=ButtonKind.QUIET, icon=Icon.STAGE)
        self.exception_link = Button(" ", kind=ButtonKind.QUIET, icon=Icon.FLAG)
        for link in (self.batch_link, self.step_link, self.exception_link):
            self._links_card.body.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        self._facts_card = Card(self.tr("Facts"))
        self._facts = KeyValueGrid(columns=2, narrowest=140)
        self._facts_card.body.addWidget(self._facts)
        self._beside_card = Card(self.tr("History"))
        self._beside = Story()
        self._beside_card.body.addWidget(self._beside)
        scroll = ScrollColumn()
        self._side_column = scroll.column
        for card in (self._beside_card, self._next_card, self._links_card, self._facts_card):
            self._side_column.addWidget(card)
        self._side_column.addStretch(1)
        self._side = QWidget()
        whole = QVBoxLayout(self._side)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)

    def _wire(self) -> None:
        self.back.clicked.connect(self._on_back)
        self.next_button.clicked.connect(self._on_next)
        self.batch_link.clicked.connect(self._on_batch)
        self.step_link.clicked.connect(self._on_step)
        self.exception_link.clicked.connect(self._on_exception)
        self.fields.edited.connect(self._view_model.put)
        self.leave.clicked.connect(self._view_model.leave_form)
        self.submit.clicked.connect(self._on_submit)
        self._empty.acted.connect(self._navigator.open_deviations)

    # Rendering.

    def _render(self, state: DetailState) -> None:
        deviation = state.deviation
        self._pages.setCurrentIndex(0 if deviation is not None else 1)
        if deviation is None:
            self._render_absence(state)
            return
        zone = state.now.tzinfo if state.now else None
        self._number.setText(state.number)
        self._title.setText(deviation.title)
        self._class.set_chip(tones.class_chip(deviation.classification))
        self._status.set_chip(tones.deviation_chip(deviation.status))
        self._late.setVisible(state.overdue)
        self._late.set_chip(Chip(self.tr("Overdue"), Tone.STOPPED, Icon.CLOCK))
        writing = state.form is not None
        (self._beside if writing else self._timeline).show_steps(state.timeline, zone)
        self._beside_card.setVisible(writing)
        self._render_next(state)
        self._render_links(state, deviation)
        self._render_facts(state, deviation, zone)
        self._render_form(state)

    def _render_absence(self, state: DetailState) -> None:
        if state.loaded:
            self._empty.say(
                Icon.DEVIATION,
                self.tr("This deviation is not on this workstation"),
                self.tr("It may come with the next sync, or belong to another plant."),
                action=self.tr("All deviations"),
            )
        else:
            self._empty.say(Icon.REFRESH, self.tr("Reading the deviation …"))

    def _render_next(self, state: DetailState) -> None:
        following = state.next
        self._next_card.setVisible(bool(state.waits or following or state.others) and state.form is None)
        self._waits.setText(state.waits)
        self._waits.setVisible(bool(state.waits))
        self.next_button.setVisible(following is not None)
        self._why_not.setVisible(following is not None and following.refusal is not None)
        if following is not None:
            why = text.refusal(following.refusal) if following.refusal else ""
            self.next_button.setText(following.verb)
            self.next_button.set_icon(ICONS[following.action])
            self.next_button.offer(following.refusal is None, why)
            self._why_not.setText(why)
        if self._others != state.others:
            self._others = state.others
            self._rebuild_others(state.others)

    def _rebuild_others(self, others: tuple[Offer, ...]) -> None:
        for button in self.other_buttons.values():
            self._other_box.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.other_buttons = {}
        for each in others:
            kind = ButtonKind.DANGER if each.action is DeviationAction.CANCEL else ButtonKind.SECONDARY
            button = Button(each.verb, kind=kind, icon=ICONS[each.action])
            button.offer(each.refusal is None, text.refusal(each.refusal) if each.refusal else "")
            button.clicked.connect(lambda _=False, action=each.action: self._view_model.begin(action))
            self._other_box.addWidget(button)
            self.other_buttons[each.action] = button

    def _render_links(self, state: DetailState, deviation: Deviation) -> None:
        place = " · ".join(part for part in (state.stage_name, state.step_title) if part)
        noticed = state.exception
        self.batch_link.setText(self.tr("Batch {0}").format(deviation.batch_number))
        self.batch_link.setVisible(deviation.batch_id is not None)
        self.step_link.setText(place)
        self.step_link.setVisible(bool(place))
        self.exception_link.setText(text.rule(noticed.rule) if noticed else " ")
        self.exception_link.setVisible(noticed is not None)
        self._links_card.setVisible(deviation.batch_id is not None and state.form is None)

    def _render_facts(self, state: DetailState, deviation: Deviation, zone: tzinfo | None) -> None:
        held = self.tr("Yes") if deviation.product_held else self.tr("No")
        pairs = (
            (self.tr("Due"), text.day(deviation.due_on.astimezone(zone).date())),
            (self.tr("Owner"), deviation.owner_name),
            (self.tr("Happened"), text.when(deviation.occurred_at, zone)),
            (self.tr("Noticed"), text.when(deviation.noticed_at, zone)),
            (self.tr("Reported by"), deviation.reporter_name),
            (self.tr("Product held"), held),
            (self.tr("Equipment"), deviation.equipment),
            (self.tr("Lot"), deviation.lot),
        )
        tones_of = {self.tr("Due"): Tone.STOPPED if state.overdue else None}
        self._facts.set_facts([Fact(key, value, tone=tones_of.get(key)) for key, value in pairs if value])

    def _render_form(self, state: DetailState) -> None:
        form = state.form
        if form is None:
            if self._form_of is not None:
                self._form_of = None
                self.fields.clear()
                self._left.setCurrentIndex(0)
                self.setFocus()
            return
        opened = form.action is not self._form_of
        if opened:
            self._form_of = form.action
            self.fields.clear()
            self._form_card.set_title(form.spec.title)
            self.submit.setText(form.spec.verb)
            self.submit.set_icon(Icon.SIGN if form.spec.meaning else Icon.CHECK)
            self._left.setCurrentIndex(1)
        self._show_fields(state, form)
        self._form_refusal.setVisible(form.refusal is not None)
        if form.refusal is not None:
            self._form_refusal.say(text.refusal(form.refusal), Tone.STOPPED)
        if opened:
            self.fields.focus_first()
            self._form_scroll.verticalScrollBar().setValue(0)

    def _show_fields(self, state: DetailState, form: Form) -> None:
        self.fields.show_fields(form.fields, form.values, form.errors, {"owner_name": state.people})

    # Gestures.

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """With little room the side's cards go above and below the history instead of beside it."""
        narrow = self.width() < LOOK.value.px(NARROW)
        if narrow == self._narrow:
            return
        self._narrow = narrow
        below = self._story_page.column
        cards = (self._next_card, self._links_card, self._facts_card)
        for place, card in enumerate(cards):
            if narrow:
                below.insertWidget(0 if place == 0 else place + 1, card)
            else:
                self._side_column.insertWidget(place + 1, card)
        self._side.setVisible(not narrow)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._reload()

    def _on_changed(self, _: object) -> None:
        if self.isVisible():
            self._reload()

    def _reload(self) -> None:
        self._tasks.start(self._view_model.load(), name="deviation.load")

    def _on_back(self) -> None:
        self._navigator.back()

    def _on_next(self) -> None:
        following = self._view_model.state.value.next
        if following is not None:
            self._view_model.begin(following.action)

    def _on_batch(self) -> None:
        deviation = self._view_model.state.value.deviation
        if deviation is not None and deviation.batch_id is not None:
            self._navigator.open_batch(deviation.batch_id)

    def _on_step(self) -> None:
        deviation = self._view_model.state.value.deviation
        if deviation is not None and deviation.batch_id is not None:
            self._navigator.open_stage(deviation.batch_id, deviation.stage_key, deviation.step_key)

    def _on_exception(self) -> None:
        deviation = self._view_model.state.value.deviation
        if deviation is not None and deviation.batch_id is not None:
            self._navigator.open_review(deviation.batch_id)

    def _on_submit(self) -> None:
        self._tasks.start(self._submit(), name="deviation.submit", once=True)

    async def _submit(self) -> None:
        signing = await self._view_model.submit()
        form = self._view_model.state.value.form
        if signing is None:
            if form is not None and form.errors:
                first = self.fields.focus_first(form.errors)
                if first is not None:  # the sentences below the fields move them: look once they have settled
                    QTimer.singleShot(0, first, lambda: self._form_scroll.ensureWidgetVisible(first))
            return
        ended = await sign_off(
            self,
            self._tasks,
            signing,
            signer=self._view_model.signer,
            danger=form is not None and form.action is DeviationAction.CANCEL,
        )
        if ended.phase in {Phase.ACCEPTED, Phase.UNANSWERED}:
            await self._view_model.finished()
        else:
            await self._view_model.load()

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, look.px(GAP_4), gap, look.px(GAP_4))
        self._column.setSpacing(look.px(GAP_4))
        self._head.setSpacing(look.px(GAP_2))
        self._words.setSpacing(look.px(2))
        self._chips.setSpacing(look.px(GAP_3))
        self._middle.setSpacing(look.px(GAP_4))
        for column in (self._side_column, self._story_page.column):
            column.setSpacing(look.px(GAP_4))
        self._other_box.setSpacing(look.px(GAP_2))
        for widget in (self.fields, self._form_row):
            widget.setMaximumWidth(look.px(WIDEST_LINE))
        self._side.setFixedWidth(look.px(364))
        self._arrange()
