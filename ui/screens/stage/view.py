"""The stage screen: steps on the left, one card on the right."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.client.ports import Changed, SignedIn
from app.domain.batch import BatchStatus
from app.domain.identity import BatchId, DeviationId, EntryId
from app.domain.signature import Meaning
from app.domain.stage import StageStatus
from app.domain.step import StepStatus
from ui import asking, tones
from ui.bind import bind
from ui.icons import Icon
from ui.navigation import Navigator
from ui.screens.stage.card_view import StepCardView
from ui.screens.stage.late_dialog import LateDialog
from ui.screens.stage.view_model import StageState, StageViewModel, StepLine
from ui.tasks import Tasks, answer
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_3, GAP_4, GAP_6, Tone, Type
from ui.widgets.banner import Banner
from ui.widgets.button import Button, ButtonKind
from ui.widgets.card import Card
from ui.widgets.empty_state import EmptyState
from ui.widgets.label import Label
from ui.widgets.scroll_column import ScrollColumn
from ui.widgets.sign_dialog import SignRequest
from ui.widgets.status_chip import StatusChip
from ui.widgets.step_list import StepItem, StepList

TICK_MS = 500


class StageView(QWidget):
    """`open` shows a stage. `said` carries what was done, for a toast."""

    said = Signal(str)

    def __init__(
        self, view_model: StageViewModel, tasks: Tasks, navigator: Navigator, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._tasks = tasks
        self._navigator = navigator
        self._asks = 0
        self._compact = self._huge = False
        self._saved = ""
        self._build()
        self._wire()
        self.setFocusProxy(self.steps)
        bind(self, view_model.state, self._render)
        bind(self, view_model.changed, self._on_changed)
        bind(self, view_model.person, self._on_person)
        themed(self, self._on_look)

    def open(self, batch_id: BatchId, stage_key: str, step_key: str = "") -> None:
        """Show a stage, at that step or at the one that is due."""
        self._tasks.start(self._open(batch_id, stage_key, step_key), name="stage.open")

    async def _open(self, batch_id: BatchId, stage_key: str, step_key: str) -> None:
        await self._view_model.open(batch_id, stage_key, step_key)
        self.card.take_keyboard()

    # What whoever shows or drives the page may ask.

    @property
    def view_model(self) -> StageViewModel:
        return self._view_model

    @property
    def state(self) -> StageState:
        return self._view_model.state.value

    @property
    def ticking(self) -> bool:
        """Whether a running clock is brought up to date just now."""
        return self._ticks.isActive()

    def steps_shown(self) -> tuple[StepItem, ...]:
        """The list of steps as it reads."""
        return tuple(_item(line) for line in self.state.steps)

    def choose(self, step_key: str) -> None:
        """Show another step, as a tap on the list does."""
        self._view_model.choose_step(step_key)

    # Building.

    def _build(self) -> None:
        self.batch = Button("", kind=ButtonKind.QUIET, icon=Icon.CHEVRON_LEFT, tip=self.tr("To the batch"))
        self._title = Label("", Type.TITLE)
        self._status = StatusChip()
        self._facts = Label("", tone=Tone.NEUTRAL, wrap=True)
        self.start = Button(
            self.tr("Start stage"), kind=ButtonKind.PRIMARY, icon=Icon.PLAY, shortcut="Alt+S", step=True
        )
        self.complete = Button(self.tr("Complete stage"), icon=Icon.SIGN, shortcut="Alt+F", step=True)
        self.next = Button(
            "", kind=ButtonKind.PRIMARY, trailing=Icon.CHEVRON_RIGHT, shortcut="Alt+G", step=True
        )
        self.complete_batch = Button(
            self.tr("Complete batch"), kind=ButtonKind.PRIMARY, icon=Icon.SIGN, shortcut="Alt+B", step=True
        )
        name = QHBoxLayout()
        name.addWidget(self._title)
        name.addWidget(self._status)
        name.addStretch(1)
        self._name_row = name
        words = QVBoxLayout()
        words.setSpacing(2)
        above = QHBoxLayout()
        above.addWidget(self.batch)
        above.addStretch(1)
        self._above = above
        words.addLayout(above)
        words.addLayout(name)
        words.addWidget(self._facts)
        head = QHBoxLayout()
        head.addLayout(words, 1)
        for button in (self.start, self.complete, self.complete_batch, self.next):
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        self._head = head
        self.held = Banner("", tone=Tone.STOPPED, icon=Icon.PAUSE)
        self.refused = Banner("", tone=Tone.ATTENTION, icon=Icon.WARNING)
        self.steps = StepList()
        self._list_card = Card(flush=True)
        self._list_card.body.addWidget(self.steps)
        self.card = StepCardView()
        self.nothing = EmptyState(Icon.STAGE, "")
        right = QVBoxLayout()
        right.addWidget(self.refused)
        self._scroll = ScrollColumn()  # for windows that are lower than the least a card needs
        self._scroll.column.addWidget(self.card)
        self._scroll.column.addStretch(1)
        right.addWidget(self._scroll, 1)
        self._right = right
        self._body = QWidget()
        self._body.hide()
        body = QHBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self._list_card)
        body.addLayout(right, 100)
        body.addStretch(1)
        self._body_row = body
        self._top = QWidget()
        self._top.hide()
        top = QVBoxLayout(self._top)
        top.setContentsMargins(0, 0, 0, 0)
        top.addLayout(head)
        top.addWidget(self.held)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self._top)
        self._column.addWidget(self._body, 1)
        self._column.addWidget(self.nothing, 1)
        self._ticks = QTimer(self)
        self._ticks.setInterval(TICK_MS)

    def _wire(self) -> None:
        card = self.card
        self.batch.clicked.connect(self._on_batch)
        self.start.clicked.connect(self._on_start)
        self.complete.clicked.connect(self._on_complete)
        self.complete_batch.clicked.connect(self._on_complete_batch)
        self.next.clicked.connect(self._on_next)
        self.steps.chosen.connect(self._view_model.choose_step)
        card.typed.connect(self._view_model.type)
        card.commented.connect(self._view_model.comment)
        card.reasoned.connect(self._view_model.reason)
        card.save_asked.connect(self._on_save)
        card.save_and_raise_asked.connect(self._on_save_and_raise)
        card.skip_asked.connect(self._on_skip)
        card.late_asked.connect(self._on_late)
        card.late_taken_back.connect(self._view_model.done_now)
        card.correct_asked.connect(self._on_correct)
        card.give_up_asked.connect(self._view_model.give_up_correction)
        card.verify_asked.connect(self._on_verify)
        card.raise_asked.connect(self._on_raise)
        card.deviation_asked.connect(self._on_deviation)
        card.choose_asked.connect(self._on_choose)
        card.timer_started.connect(self._view_model.start_timer)
        card.timer_stopped.connect(self._view_model.stop_timer)
        self.nothing.acted.connect(self._navigator.open_batches)
        self._ticks.timeout.connect(self._view_model.tick)

    # Rendering.

    def _render(self, state: StageState) -> None:
        ready = state.loaded and not state.missing
        if ready:
            self._render_stage(state)
        else:
            self._render_nothing(state)
        # Shown only when filled: showing makes room for all that is not hidden yet, and a window does not shrink again.
        self.nothing.setVisible(not ready)
        self._top.setVisible(ready)
        self._body.setVisible(ready)
        self._tick(state)
        if state.saved != self._saved:
            self._saved = state.saved
            if state.saved:
                self.said.emit(state.saved)
        if state.asks != self._asks:
            self._asks = state.asks
            self.card.take_keyboard()

    def _render_stage(self, state: StageState) -> None:
        self.batch.setText(state.batch_number if self._compact else f"{state.batch_number} · {state.product}")
        self._title.setText(state.stage_name)
        self._status.set_chip(tones.stage_chip(state.status))
        self._facts.setText(self._told(state))
        self._facts.setVisible(not self._compact)
        self._title.setToolTip(f"{state.product}\n{self._told(state)}")
        self.held.setVisible(bool(state.held))
        self.held.say(
            self.tr("{0}: {1}").format(state.batch_status.value, state.held), Tone.STOPPED, icon=Icon.PAUSE
        )
        self.refused.setVisible(bool(state.refused))
        self.refused.say(state.refused, Tone.ATTENTION, icon=Icon.WARNING)
        self._render_actions(state)
        self.steps.set_steps([_item(line, brief=self._huge) for line in state.steps])
        if state.card is not None:
            self.steps.show_current(state.card.key)
            self.card.show_card(state.card, busy=state.busy)
        self.card.setVisible(state.card is not None)

    def _render_nothing(self, state: StageState) -> None:
        if state.missing:
            self.nothing.say(
                Icon.STAGE,
                self.tr("This batch is not on this workstation"),
                self.tr("It may arrive with the next sync. The list of batches shows what is here."),
                action=self.tr("To the batches"),
            )
        elif state.batch_id is None:
            self.nothing.say(
                Icon.STAGE,
                self.tr("No stage is open"),
                self.tr("Open a batch and choose the stage you work at."),
                action=self.tr("To the batches"),
            )
        else:
            self.nothing.say(Icon.STAGE, self.tr("Opening the stage …"))

    def _render_actions(self, state: StageState) -> None:
        for button, offer in (
            (self.start, state.start),
            (self.complete, state.complete),
            (self.complete_batch, state.complete_batch),
        ):
            button.setVisible(offer.shown)
            button.offer(offer.allowed and not state.busy, offer.why_not)
        ready = state.complete.allowed
        self.complete.set_kind(ButtonKind.PRIMARY if ready else ButtonKind.SECONDARY)
        onward = state.status is StageStatus.COMPLETED and state.next_stage is not None
        running = state.batch_status is BatchStatus.IN_PROGRESS
        self.next.setVisible(onward and running)
        if state.next_stage is not None:
            self.next.setText(self.tr("Next: {0}").format(state.next_stage.name))

    def _told(self, state: StageState) -> str:
        told = [state.area] if state.area else []
        told.append(self.tr("{0} of {1} steps answered").format(state.answered, len(state.steps)))
        if state.signed:
            told.append(self.tr("performed: {0}").format(state.signed))
        elif state.officer:
            told.append(self.tr("started by {0}").format(state.officer))
        return " · ".join(told)

    def _tick(self, state: StageState) -> None:
        running = state.card is not None and state.card.running_since is not None and self.isVisible()
        if running and not self._ticks.isActive():
            self._ticks.start()
        elif not running:
            self._ticks.stop()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick(self._view_model.state.value)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._ticks.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), LOOK.value.color("window"))
        painter.end()

    # Gestures.

    def _on_changed(self, changed: Changed) -> None:
        if changed.tick and self._view_model.concerns(changed):
            self._tasks.start(self._view_model.reload(), name="stage.reload")

    def _on_person(self, _: SignedIn | None) -> None:
        self._view_model.refresh()

    def take_scan(self, code: str) -> bool:
        """A scanned code answers a step that asks for text; no other field can take one."""
        return self.card.take_scan(code)

    def _on_batch(self) -> None:
        batch_id = self._view_model.state.value.batch_id
        if batch_id is not None:
            self._navigator.open_batch(batch_id)

    def _on_next(self) -> None:
        state = self._view_model.state.value
        if state.batch_id is not None and state.next_stage is not None:
            self._navigator.open_stage(state.batch_id, state.next_stage.key)

    def _on_start(self) -> None:
        self.start.setEnabled(False)
        self._tasks.start(self._view_model.start_stage(), name="stage.start", once=True)

    def _on_save(self) -> None:
        self._tasks.start(self._view_model.save(), name="stage.save", once=True)

    def _on_save_and_raise(self) -> None:
        self._tasks.start(self._save_and_raise(), name="stage.save", once=True)

    async def _save_and_raise(self) -> None:
        if await self._view_model.save():
            self._on_raise()

    def _on_raise(self) -> None:
        context = self._view_model.deviation_context()
        if context is not None:
            self._navigator.raise_deviation(context)

    def _on_deviation(self, key: DeviationId) -> None:
        self._navigator.open_deviation(key)

    def _on_correct(self) -> None:
        self._view_model.begin_correction()
        self.card.take_keyboard()

    def _on_late(self) -> None:
        self._tasks.start(self._late(), name="stage.late", once=True)

    async def _late(self) -> None:
        card = self._view_model.state.value.card
        if card is None:
            return
        dialog = LateDialog(card.title, self._view_model.now(), self)
        if await answer(dialog) == QDialog.DialogCode.Accepted:
            self._view_model.done_earlier(dialog.moment(), dialog.reason())
        self.card.take_keyboard()

    def _on_skip(self) -> None:
        self._tasks.start(self._skip(), name="stage.skip", once=True)

    async def _skip(self) -> None:
        card = self._view_model.state.value.card
        if card is None:
            return
        reason = await asking.reason(
            self,
            self.tr("Why is this step not applicable?"),
            self.tr("Mark as not applicable"),
            subject=card.title,
            icon=Icon.NOT_APPLICABLE,
        )
        if reason:
            await self._view_model.skip(reason)

    def _on_choose(self, entry_id: EntryId) -> None:
        self._tasks.start(self._choose(entry_id), name="stage.choose", once=True)

    async def _choose(self, entry_id: EntryId) -> None:
        card = self._view_model.state.value.card
        entry = next((each for each in card.contested if each.id == entry_id), None) if card else None
        if card is None or entry is None:
            return
        reason = await asking.reason(
            self,
            self.tr("Why does this entry count?"),
            self.tr("Let {0} count").format(entry.value),
            subject=self.tr("{0}: {1} by {2}, {3}").format(card.title, entry.value, entry.who, entry.when),
            icon=Icon.CONTESTED,
        )
        if reason:
            await self._view_model.choose_entry(entry_id, reason)

    def _on_verify(self) -> None:
        state = self._view_model.state.value
        if state.card is None:
            return
        request = SignRequest(
            title=self.tr("Verify as second person"),
            verb=self.tr("Verify"),
            meaning=Meaning.VERIFIED.value,
            lines=self._view_model.entry_sheet(),
            second_person=True,
            consequence=self.tr("You say that you have seen this and that the entry is right."),
        )
        work = asking.signature(
            self, self._tasks, request, self._view_model.verify, user=state.verifier_login
        )
        self._tasks.start(work, name="stage.verify", once=True)

    def _on_complete(self) -> None:
        state = self._view_model.state.value
        request = SignRequest(
            title=self.tr("Complete {0}").format(state.stage_name),
            verb=self.tr("Complete stage"),
            meaning=Meaning.PERFORMED.value,
            lines=self._view_model.stage_sheet(),
            signer=state.signer,
            consequence=self.tr("You say that this stage was performed as recorded."),
        )
        work = asking.signature(self, self._tasks, request, self._view_model.complete_stage)
        self._tasks.start(work, name="stage.complete", once=True)

    def _on_complete_batch(self) -> None:
        state = self._view_model.state.value
        request = SignRequest(
            title=self.tr("Complete {0}").format(state.batch_number),
            verb=self.tr("Complete batch"),
            meaning=Meaning.PERFORMED.value,
            lines=(
                (self.tr("Batch"), f"{state.batch_number}, {state.product}"),
                (self.tr("Stages"), ", ".join(each.name for each in state.stages)),
            ),
            signer=state.signer,
            consequence=self.tr("Execution ends here; the record goes to production review."),
        )
        work = asking.signature(self, self._tasks, request, self._view_model.complete_all)
        self._tasks.start(work, name="stage.complete_batch", once=True)

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, look.px(GAP_2), gap, look.px(GAP_4))
        self._column.setSpacing(look.px(GAP_4))
        self._head.setSpacing(look.px(GAP_2))
        self._name_row.setSpacing(look.px(GAP_3))
        self._right.setSpacing(look.px(GAP_3))
        self._body_row.setSpacing(look.px(GAP_4))
        huge = look.scale > 1.6
        compact = (
            look.scale > 1.3
        )  # large letters on a low screen: the step needs the room more than its surroundings
        if (compact, huge) != (self._compact, self._huge):
            self._compact, self._huge = compact, huge
            (self._name_row if compact else self._above).insertWidget(0, self.batch)
            self._render(self._view_model.state.value)
        self.card.setMaximumWidth(look.px(1000))
        self.batch.set_compact(huge)
        self._status.setVisible(not huge)
        self._list_card.setFixedWidth(look.px(300 if not compact else 124 if huge else 240))


def _item(line: StepLine, *, brief: bool = False) -> StepItem:
    mark, tone = tones.STEP[line.status]
    word = line.status.value
    if line.status is StepStatus.OPEN and line.transcribed:
        word = "Not in the source"
    if line.now:
        mark, tone, word = Icon.DOT_CIRCLE, Tone.INFO, "Now"
    if line.half_typed:
        word = f"{word}, not saved yet"
        tone = Tone.ATTENTION if tone is Tone.NEUTRAL else tone
    if line.out:
        mark, tone, word = Icon.WARNING, Tone.STOPPED, f"{word}, out of limit"
    answered = bool(line.value) or line.status.value in {"Done", "Verified", "N/A"}
    return StepItem(
        key=line.key,
        title=line.title,
        word=word,
        icon=mark,
        tone=tone,
        value="" if brief else line.value,
        done=answered,
    )
