"""The overview of one batch: where it stands, what is open, and the next action."""

from PySide6.QtCore import QAbstractItemModel, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QScroller,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from app.client.ports import Changed, ChartData, SignedIn, SyncState
from app.domain.batch import BatchAction
from app.domain.identity import BatchId
from app.domain.signature import Meaning
from app.domain.stage import StageStatus
from ui import asking, text, tones
from ui.bind import bind
from ui.icons import Icon
from ui.navigation import Navigator
from ui.screens.batches.overview_model import ActionOffer, Fetch, OverviewState, OverviewViewModel, StageLine
from ui.screens.batches.overview_tables import (
    history_model,
    materials_model,
    points_model,
    points_of,
    signatures_model,
)
from ui.sign_off import sign_off
from ui.signing import Signing
from ui.tasks import Tasks
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_3, GAP_4, GAP_6, Tone, Type
from ui.widgets.banner import Banner
from ui.widgets.button import Button, ButtonKind
from ui.widgets.card import Card
from ui.widgets.chart import Channel, Chart
from ui.widgets.empty_state import EmptyState
from ui.widgets.flow import FlowLayout
from ui.widgets.key_value_grid import Fact, KeyValueGrid
from ui.widgets.label import ElidedLabel, Label
from ui.widgets.scroll_column import ScrollColumn
from ui.widgets.sign_dialog import SignRequest
from ui.widgets.stage_track import StageTrack, TrackStage
from ui.widgets.status_chip import StatusChip
from ui.widgets.table_view import ColumnMemory, TableView

ICONS = {
    BatchAction.ISSUE: Icon.SIGN,
    BatchAction.START: Icon.PLAY,
    BatchAction.HOLD: Icon.PAUSE,
    BatchAction.RESUME: Icon.PLAY,
    BatchAction.COMPLETE: Icon.SIGN,
    BatchAction.ABORT: Icon.CROSS,
}
KEYS = {
    BatchAction.ISSUE: "Alt+I",
    BatchAction.START: "Alt+S",
    BatchAction.HOLD: "Alt+H",
    BatchAction.RESUME: "Alt+E",
    BatchAction.COMPLETE: "Alt+F",
}
ROOM = 1100
"""Pixels at scale 1.0 from which number, status, product and all actions fit on one line."""
POINTS, MATERIALS, CHART, SIGNATURES, HISTORY = range(5)


class OverviewView(QWidget):
    """`open` shows a batch. `said` carries what was done, for a toast."""

    said = Signal(str)

    def __init__(
        self,
        view_model: OverviewViewModel,
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
        self._chart_shown: ChartData | None = None
        self._compact = True
        self.buttons: dict[BatchAction, Button] = {}
        self._build(memory)
        self._wire()
        self.setFocusProxy(self.track)
        bind(self, view_model.state, self._render)
        bind(self, view_model.changed, self._on_changed)
        bind(self, view_model.person, self._on_around)
        bind(self, view_model.link, self._on_around)
        themed(self, self._on_look)

    def open(self, batch_id: BatchId) -> None:
        """Show a batch, its open points first."""
        self.tabs.setCurrentIndex(POINTS)
        self._chart_shown = None
        self._tasks.start(self._view_model.open(batch_id), name="batch.open")

    @property
    def view_model(self) -> OverviewViewModel:
        return self._view_model

    # Building.

    def _build(self, memory: ColumnMemory | None) -> None:
        self.nothing = EmptyState(Icon.BATCHES, "")
        self._page = QWidget()
        page = QVBoxLayout(self._page)
        page.setContentsMargins(0, 0, 0, 0)
        self._page_column = page
        page.addLayout(self._build_head())
        self.held = Banner("", tone=Tone.STOPPED, icon=Icon.PAUSE)
        self.transcribed = Banner("", tone=Tone.INFO, icon=Icon.DOCUMENT)
        self.refused = Banner("", tone=Tone.ATTENTION, icon=Icon.WARNING)
        for banner in (self.held, self.transcribed, self.refused):
            page.addWidget(banner)
        self.facts = KeyValueGrid(columns=5, narrowest=200)
        page.addWidget(self.facts)
        self.track = StageTrack()
        track = Card()
        self._track_area = QScrollArea()  # many stages in large letters: flicked sideways, not squeezed
        self._track_area.setFrameShape(QFrame.Shape.NoFrame)
        self._track_area.setWidgetResizable(True)
        self._track_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._track_area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._track_area.setWidget(self.track)
        self.track.setAutoFillBackground(False)
        self._track_area.viewport().setAutoFillBackground(False)
        QScroller.grabGesture(self._track_area.viewport(), QScroller.ScrollerGestureType.TouchGesture)
        track.body.addWidget(self._track_area)
        page.addWidget(track)
        page.addLayout(self._build_tabs())
        self.stack = QStackedWidget()
        self._points_model = points_model()
        self.points = self._table("batch-open-points", self._points_model, memory)
        self._materials_model = materials_model()
        self.materials = self._table("batch-materials", self._materials_model, memory)
        self._signatures_model = signatures_model()
        self.signatures = self._table("batch-signatures", self._signatures_model, memory)
        self._history_model = history_model()
        self.history = self._table("batch-history", self._history_model, memory)
        self.chart = Chart()
        self._build_empties()
        for widget in (
            self.points,
            self._materials_page(),
            self._chart_card(),
            self.signatures,
            self.history,
        ):
            card = widget if isinstance(widget, Card) else Card(flush=True)
            if card is not widget:
                card.body.addWidget(widget)
            self.stack.addWidget(card)
        page.addWidget(self.stack, 1)
        self._scroll = ScrollColumn()
        self._scroll.set_page(self._page)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self._scroll, 1)
        self._column.addWidget(self.nothing, 1)

    def _build_head(self) -> QVBoxLayout:
        self.back = Button(
            self.tr("Batches"),
            kind=ButtonKind.QUIET,
            icon=Icon.CHEVRON_LEFT,
            tip=self.tr("To the list of batches"),
        )
        self._title = Label("", Type.TITLE)
        self._status = StatusChip()
        self._product = ElidedLabel("", Type.BODY, Tone.NEUTRAL)
        name = QHBoxLayout()
        name.addWidget(self.back)
        name.addWidget(self._title)
        name.addWidget(self._status)
        name.addWidget(self._product, 1)
        self._name_row = name
        self._wrapped = QWidget()
        self._wrapping = FlowLayout(self._wrapped)
        self._action_row = QWidget()
        self._actions = QHBoxLayout(self._action_row)
        self._actions.setContentsMargins(0, 0, 0, 0)
        self.go_on = Button(
            "", kind=ButtonKind.PRIMARY, trailing=Icon.CHEVRON_RIGHT, shortcut="Alt+G", step=True
        )
        self.review = Button(
            self.tr("Open the review"), kind=ButtonKind.PRIMARY, icon=Icon.REVIEW, shortcut="Alt+R", step=True
        )
        self._actions.addStretch(1)
        for action, mark in ICONS.items():
            button = Button(text.batch_action(action), icon=mark, shortcut=KEYS.get(action, ""), step=True)
            button.clicked.connect(lambda _=False, action=action: self._on_action(action))
            self.buttons[action] = button
        for button in self._in_order():
            self._wrapping.addWidget(button)
            button.hide()  # a page is as wide as what is not hidden, and a window that grew stays so
        head = QVBoxLayout()
        name.addWidget(self._action_row)
        head.addLayout(name)
        head.addWidget(self._wrapped)
        self._head = head
        return head

    def _in_order(self) -> list[Button]:
        """The actions from left to right; the next step stands outermost, always in the same corner."""
        quiet = (BatchAction.ABORT, BatchAction.HOLD)
        onward = (BatchAction.COMPLETE, BatchAction.RESUME, BatchAction.START, BatchAction.ISSUE)
        return [*(self.buttons[each] for each in (*quiet, *onward)), self.review, self.go_on]

    def _build_tabs(self) -> QHBoxLayout:
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setAccessibleName(self.tr("Parts of the record"))
        for word in (
            self.tr("Open points"),
            self.tr("Materials and equipment"),
            self.tr("Chart"),
            self.tr("Signatures"),
            self.tr("History"),
        ):
            self.tabs.addTab(word)
        self.pdf = Button(self.tr("Save as PDF"), kind=ButtonKind.QUIET, icon=Icon.PRINT, shortcut="Ctrl+P")
        self.evidence = Button(self.tr("Save the evidence"), kind=ButtonKind.QUIET, icon=Icon.SHIELD)
        for button in (self.pdf, self.evidence):
            button.set_compact(True)
        row = QHBoxLayout()
        row.addWidget(self.tabs, 1)
        row.addWidget(self.pdf)
        row.addWidget(self.evidence)
        return row

    def _materials_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self._equipment = Label("", Type.BODY, Tone.NEUTRAL, wrap=True)
        self._equipment.setContentsMargins(12, 4, 12, 8)
        column.addWidget(self.materials, 1)
        column.addWidget(self._equipment)
        return page

    def _chart_card(self) -> Card:
        card = Card()
        self.chart_stages = QTabBar()
        self.chart_stages.setDrawBase(False)
        self.chart_stages.setExpanding(False)
        self._chart_empty = EmptyState(Icon.CHART, "")
        card.body.addWidget(self.chart_stages)
        card.body.addWidget(self.chart, 1)
        card.body.addWidget(self._chart_empty, 1)
        return card

    def _table(self, name: str, model: QAbstractItemModel, memory: ColumnMemory | None) -> TableView:
        table = TableView(name=name, memory=memory)
        table.setModel(model)
        return table

    def _build_empties(self) -> None:
        self.points.set_empty(
            EmptyState(
                Icon.CHECK,
                self.tr("Nothing is open"),
                self.tr("No exception and no deviation waits for anyone."),
            )
        )
        self.materials.set_empty(
            EmptyState(
                Icon.BOX,
                self.tr("No lots yet"),
                self.tr("Lots stand here once they are assigned to the batch."),
            )
        )
        self.signatures.set_empty(
            EmptyState(
                Icon.SIGN,
                self.tr("Nothing is signed yet"),
                self.tr("The first signature is the one of issue."),
            )
        )
        self._history_empty = EmptyState(Icon.HISTORY, "")
        self.history.set_empty(self._history_empty)

    def _wire(self) -> None:
        self.back.clicked.connect(self._navigator.open_batches)
        self.nothing.acted.connect(self._navigator.open_batches)
        self.go_on.clicked.connect(self._on_go_on)
        self.review.clicked.connect(self._on_review)
        self.track.chosen.connect(self._on_stage)
        self.tabs.currentChanged.connect(self._on_tab)
        self.chart_stages.currentChanged.connect(self._on_chart_stage)
        self._chart_empty.acted.connect(self._ask_chart)
        self._history_empty.acted.connect(self._ask_history)
        self.points.opened.connect(self._on_point)
        self.pdf.clicked.connect(self._on_pdf)
        self.evidence.clicked.connect(self._on_evidence)

    # Rendering.

    def _render(self, state: OverviewState) -> None:
        ready = state.loaded and not state.missing
        if ready:
            self._render_batch(state)
        elif state.missing:
            self.nothing.say(
                Icon.BATCHES,
                self.tr("This batch is not on this workstation"),
                self.tr("It may arrive with the next sync."),
                action=self.tr("To the batches"),
            )
        else:
            self.nothing.say(Icon.BATCHES, self.tr("Opening the batch …") if state.batch_id else "")
        self.nothing.setVisible(not ready)
        self._scroll.setVisible(ready)

    def _render_batch(self, state: OverviewState) -> None:
        self._title.setText(state.number)
        self._status.set_chip(tones.batch_chip(state.status))
        self._product.setText(state.product)
        self.held.setVisible(bool(state.held))
        self.held.say(f"{state.status.value}: {state.held}", Tone.STOPPED, icon=Icon.PAUSE)
        self.transcribed.setVisible(bool(state.transcribed))
        self.transcribed.say(state.transcribed, Tone.INFO, icon=Icon.DOCUMENT)
        self.refused.setVisible(bool(state.refused))
        self.refused.say(state.refused, Tone.ATTENTION, icon=Icon.WARNING)
        self.facts.set_facts(self._facts(state))
        self.track.set_stages([_track(each) for each in state.stages])
        self._render_actions(state)
        self._render_tables(state)
        self._render_chart(state)
        self._render_history(state)

    def _facts(self, state: OverviewState) -> list[Fact]:
        facts = [
            Fact(self.tr("Master record"), f"{state.master} ({state.master_hash}…)"),
            Fact(self.tr("Quantity"), state.quantity),
            Fact(self.tr("Line"), state.line),
        ]
        if state.started:
            facts.append(Fact(self.tr("Started"), state.started))
        elif state.planned:
            facts.append(Fact(self.tr("Planned for"), state.planned))
        if state.ended:
            facts.append(Fact(self.tr("Ended"), state.ended))
        if state.waiting_here:
            waiting = text.count(state.waiting_here, "entry", "entries")
            facts.append(Fact(self.tr("Still to be sent from here"), waiting))
        return facts

    def _render_actions(self, state: OverviewState) -> None:
        self.go_on.setVisible(bool(state.go_on))
        self.go_on.setText(self.tr("Go on with {0}").format(state.go_on_name))
        self.review.setVisible(state.reviewable)
        offers = {each.action: each for each in state.actions}
        for action, button in self.buttons.items():
            offer = offers.get(action)
            button.setVisible(offer is not None)
            if offer is not None:
                button.offer(offer.allowed and not state.busy, offer.why_not)
                button.set_kind(self._kind(offer))

    def _kind(self, offer: ActionOffer) -> ButtonKind:
        if offer.action is BatchAction.ABORT:
            return ButtonKind.DANGER
        return ButtonKind.PRIMARY if offer.primary else ButtonKind.SECONDARY

    def _render_tables(self, state: OverviewState) -> None:
        rows = points_of(state)
        open_points = len(state.exceptions) + sum(each.open for each in state.deviations)
        self.tabs.setTabText(
            POINTS,
            self.tr("Open points ({0})").format(open_points) if open_points else self.tr("Open points"),
        )
        self._points_model.set_rows(rows)
        self._materials_model.set_rows(state.materials)
        self._equipment.setText(self.tr("Equipment: {0}").format(state.equipment))
        self._equipment.setVisible(bool(state.equipment))
        self._signatures_model.set_rows(state.signatures)
        self._history_model.set_rows(state.history_lines)

    def _render_chart(self, state: OverviewState) -> None:
        names = [name for _, name in state.chart_stages]
        if [self.chart_stages.tabText(place) for place in range(self.chart_stages.count())] != names:
            blocked = self.chart_stages.blockSignals(True)
            while self.chart_stages.count():
                self.chart_stages.removeTab(0)
            for name in names:
                self.chart_stages.addTab(name)
            self.chart_stages.blockSignals(blocked)
        self.chart_stages.setVisible(len(names) > 1)
        here = state.chart is Fetch.HERE and state.chart_data is not None
        self.chart.setVisible(here)
        self._chart_empty.setVisible(not here)
        if here and state.chart_data is not None:
            self._show_series(state.chart_data)
            return
        if state.chart is Fetch.REFUSED:
            self._chart_empty.say(
                Icon.OFFLINE, self.tr("No chart now"), state.chart_why, action=self.tr("Try again")
            )
        elif state.chart is Fetch.WAITING:
            self._chart_empty.say(Icon.CHART, self.tr("Fetching the series …"))
        else:
            self._chart_empty.say(
                Icon.CHART,
                self.tr("No measurements"),
                self.tr("No machine has recorded a series for this batch."),
            )

    def _show_series(self, data: ChartData) -> None:
        if data is self._chart_shown:
            return
        self._chart_shown = data
        channels = [
            Channel(
                key=each.name, name=each.name, unit=each.unit, y=each.values, low=each.low, high=each.high
            )
            for each in data.channels
        ]
        zone = data.series.first_at.tzinfo if data.series.zone_known else None
        self.chart.set_series(channels, x=data.times, times=True, zone=zone)

    def _render_history(self, state: OverviewState) -> None:
        if state.history is Fetch.REFUSED:
            self._history_empty.say(
                Icon.OFFLINE, self.tr("No history now"), state.history_why, action=self.tr("Try again")
            )
        elif state.history is Fetch.WAITING:
            self._history_empty.say(Icon.HISTORY, self.tr("Fetching the history …"))
        else:
            self._history_empty.say(Icon.HISTORY, self.tr("No history yet"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """The actions stand beside the number where there is room for all of them, else below it, wrapped."""
        compact = self.width() < LOOK.value.px(ROOM)
        if compact == self._compact:
            return
        self._compact = compact
        row: QLayout = self._wrapping if compact else self._actions
        for button in self._in_order():
            row.addWidget(button)
        self._wrapped.setVisible(compact)
        self.pdf.set_compact(compact)
        self.evidence.set_compact(compact)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), LOOK.value.color("window"))
        painter.end()

    # Gestures.

    def _on_changed(self, changed: Changed) -> None:
        if changed.tick and self._view_model.concerns(changed):
            self._tasks.start(self._view_model.reload(), name="batch.reload")

    def _on_around(self, _: SignedIn | SyncState | None) -> None:
        self._view_model.refresh()
        state = self._view_model.state.value
        if self.isVisible() and state.loaded and Fetch.NOT_ASKED in {state.chart, state.history}:
            self._on_tab(self.tabs.currentIndex())

    def _on_go_on(self) -> None:
        state = self._view_model.state.value
        if state.batch_id is not None:
            self._navigator.open_stage(state.batch_id, state.go_on)

    def _on_review(self) -> None:
        batch_id = self._view_model.state.value.batch_id
        if batch_id is not None:
            self._navigator.open_review(batch_id)

    def _on_stage(self, key: str) -> None:
        batch_id = self._view_model.state.value.batch_id
        if batch_id is not None:
            self._navigator.open_stage(batch_id, key)

    def _on_point(self, row: int) -> None:
        batch_id = self._view_model.state.value.batch_id
        point = points_of(self._view_model.state.value)[row]
        if point.deviation_id is not None:
            self._navigator.open_deviation(point.deviation_id)
        elif batch_id is not None and point.stage_key:
            self._navigator.open_stage(batch_id, point.stage_key, point.step_key)

    def _on_tab(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        if place == CHART and self._view_model.state.value.chart is Fetch.NOT_ASKED:
            self._ask_chart()
        if place == HISTORY and self._view_model.state.value.history is not Fetch.HERE:
            self._ask_history()

    def _on_chart_stage(self, place: int) -> None:
        if place >= 0:
            self._ask_chart()

    def _ask_chart(self) -> None:
        stages = self._view_model.state.value.chart_stages
        place = max(self.chart_stages.currentIndex(), 0)
        if place < len(stages):
            self._tasks.start(self._view_model.load_chart(stages[place][0]), name="batch.chart", once=True)

    def _ask_history(self) -> None:
        self._tasks.start(self._view_model.load_history(), name="batch.history", once=True)

    def _on_action(self, action: BatchAction) -> None:
        self.buttons[action].setEnabled(False)  # at once: a double tap is one command
        self._tasks.start(self._take(action), name="batch.action", once=True)

    async def _take(self, action: BatchAction) -> None:
        try:
            await self._ask_and_do(action)
        finally:
            self._render_actions(self._view_model.state.value)

    async def _ask_and_do(self, action: BatchAction) -> None:
        number = self._view_model.state.value.number
        match action:
            case BatchAction.START:
                if await self._view_model.start():
                    self.said.emit(self.tr("{0} has started").format(number))
            case BatchAction.HOLD:
                reason = await self._reason(self.tr("Hold {0}").format(number))
                if reason and await self._view_model.hold(reason):
                    self.said.emit(self.tr("{0} is on hold").format(number))
            case BatchAction.RESUME:
                reason = await self._reason(self.tr("Resume {0}").format(number))
                if reason and await self._view_model.resume(reason):
                    self.said.emit(self.tr("{0} goes on").format(number))
            case BatchAction.ISSUE:
                await self._issue()
            case BatchAction.COMPLETE:
                await self._complete()
            case BatchAction.ABORT:
                await self._abort()
            case _:
                raise AssertionError(f"{action} has no button here")

    async def _reason(self, verb: str, *, danger: bool = False) -> str:
        title = self.tr("{0}: why?").format(verb)
        return await asking.reason(self, title, verb, danger=danger)

    async def _issue(self) -> None:
        sheet = self._view_model.issue_sheet()
        if sheet is not None:
            signing = Signing(self._view_model.desk, sheet)
            await sign_off(self, self._tasks, signing, signer=self._view_model.state.value.signer)
            await self._view_model.reload()

    async def _complete(self) -> None:
        state = self._view_model.state.value
        request = SignRequest(
            title=self.tr("Complete {0}").format(state.number),
            verb=self.tr("Complete {0}").format(state.number),
            meaning=Meaning.PERFORMED.value,
            lines=(
                (self.tr("Batch"), f"{state.number}, {state.product}"),
                (self.tr("Stages"), ", ".join(each.name for each in state.stages)),
            ),
            signer=state.signer,
            consequence=self.tr("Execution ends here; the record goes to production review."),
        )
        await asking.signature(self, self._tasks, request, self._view_model.complete)

    async def _abort(self) -> None:
        state = self._view_model.state.value
        verb = self.tr("Abort {0}").format(state.number)
        reason = await self._reason(verb, danger=True)
        if not reason:
            return
        request = SignRequest(
            title=verb,
            verb=verb,
            meaning=Meaning.ABORTED.value,
            lines=((self.tr("Batch"), f"{state.number}, {state.product}"), (self.tr("Reason"), reason)),
            signer=state.signer,
            consequence=self.tr("An aborted batch cannot be taken up again. Its record stays."),
            danger=True,
        )

        async def act(login: str, password: str) -> str:
            return await self._view_model.abort(login, password, reason)

        await asking.signature(self, self._tasks, request, act)

    def _on_pdf(self) -> None:
        self._tasks.start(self._save_pdf(), name="batch.pdf", once=True)

    def _on_evidence(self) -> None:
        self._tasks.start(self._save_evidence(), name="batch.evidence", once=True)

    async def _save_pdf(self) -> None:
        name = f"{self._view_model.state.value.number}.pdf"
        await self._save(await self._view_model.pdf(), name, self.tr("PDF (*.pdf)"))

    async def _save_evidence(self) -> None:
        name = f"{self._view_model.state.value.number}-evidence.zip"
        await self._save(await self._view_model.evidence(), name, self.tr("Evidence (*.zip)"))

    async def _save(self, content: bytes | str, name: str, kinds: str) -> None:
        if isinstance(content, str):
            self.refused.say(content, Tone.ATTENTION, icon=Icon.WARNING)
            self.refused.show()
            return
        place = await asking.place_to_save(self, self.tr("Save {0}").format(name), name, kinds)
        if place is None:
            return
        failed = await asking.write(place, content)
        if failed:
            self.refused.say(failed, Tone.ATTENTION, icon=Icon.WARNING)
            self.refused.show()
        else:
            self.said.emit(self.tr("Saved as {0}").format(place.name))

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, look.px(GAP_3), gap, look.px(GAP_4))
        self._page_column.setSpacing(look.px(GAP_4))
        self._head.setSpacing(look.px(GAP_2))
        self._name_row.setSpacing(look.px(GAP_3))
        self._actions.setSpacing(look.px(GAP_2))
        self._arrange()
        self.back.set_compact(look.scale > 1.6)
        self.stack.setMinimumHeight(look.px(280))
        self._track_area.setFixedHeight(look.px(118) + (look.px(14) if look.scale > 1.6 else 0))


def _track(line: StageLine) -> TrackStage:
    mark, tone = tones.STAGE[line.status]
    word = line.status.value
    if line.status is StageStatus.IN_PROGRESS:
        word = f"{line.answered} of {line.steps} steps"
    if line.open_points:
        tone, word = Tone.ATTENTION, f"{word}, {line.open_points} open"
    return TrackStage(
        key=line.key,
        name=line.name,
        word=word,
        icon=mark,
        tone=tone,
        who=line.who,
        when=line.when,
        done=line.status is StageStatus.COMPLETED,
        current=line.current,
    )
