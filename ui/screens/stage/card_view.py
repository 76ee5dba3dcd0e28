"""The card of one step: renders `StepCard`, passes gestures on, decides nothing."""

from datetime import timedelta
from decimal import Decimal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.domain.identity import EntryId
from app.domain.master_record import StepKind
from app.domain.quantity import Verdict, exact
from ui import text, tones
from ui.icons import Icon
from ui.screens.stage.card import Mode, StepCard
from ui.screens.stage.entry_panel import EntryPanel
from ui.screens.stage.fitted_scroll import FittedScroll
from ui.screens.stage.timer_field import TimerField
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_3, GAP_4, TARGET_STEP, Tone, Type
from ui.widgets.banner import Banner, Mark
from ui.widgets.button import Button, ButtonKind
from ui.widgets.card import Card
from ui.widgets.choice_buttons import Choice, ChoiceButtons
from ui.widgets.comment_field import CommentField
from ui.widgets.flow import FlowLayout
from ui.widgets.keypad import Keypad
from ui.widgets.label import Label
from ui.widgets.limit_bar import LimitBar, Limits
from ui.widgets.numeric_field import NumericField
from ui.widgets.status_chip import Chip, StatusChip

WORDS = {
    Verdict.NONE: "",
    Verdict.WITHIN: "Within",
    Verdict.BELOW: "Below the limit",
    Verdict.ABOVE: "Above the limit",
}


class StepCardView(Card):
    """Signals are gestures, in the past tense; what they mean is the view model's business."""

    typed = Signal(str)
    commented = Signal(str)
    reasoned = Signal(str)
    save_asked = Signal()
    save_and_raise_asked = Signal()
    skip_asked = Signal()
    late_asked = Signal()
    late_taken_back = Signal()
    correct_asked = Signal()
    give_up_asked = Signal()
    verify_asked = Signal()
    raise_asked = Signal()
    deviation_asked = Signal(object)
    choose_asked = Signal(object)
    timer_started = Signal()
    timer_stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(" ", kind=Type.TITLE, parent=parent)
        self._quiet = False
        self._card: StepCard | None = None
        self._older: list[EntryPanel] = []
        self._links: list[Button] = []
        self._build()
        self._wire()
        themed(self, self._on_card_look)

    # Building.

    def _build(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._scroll = FittedScroll()
        self._critical = StatusChip(Chip(self.tr("Critical"), Tone.NEUTRAL, Icon.TARGET))
        self._critical.setToolTip(self.tr("Leaving the limits here stops the release until it is judged."))
        self._status = StatusChip()
        self.add_to_header(self._critical)
        self.add_to_header(self._status)
        self._instruction = Label("", Type.BODY, wrap=True, selectable=True)
        self._equipment = Label("", Type.BODY, Tone.NEUTRAL, wrap=True)
        self.closed = Banner("", tone=Tone.INFO, icon=Icon.INFO)
        self._build_fields()
        self._build_words()
        self._build_answer()
        self._build_buttons()
        for widget in (
            self._instruction,
            self._equipment,
            self._limit,
            self.closed,
            self._answer,
            self._fields,
            self.late,
            self.out,
            self.comment,
            self.reason,
            self._contested,
            self._noticed,
        ):
            self._scroll.column.addWidget(widget)
        self.body.addWidget(self._scroll)
        self.body.addWidget(self.problem)
        self.body.addWidget(self._buttons)

    def _build_fields(self) -> None:
        self.number = NumericField("")
        self.bar = LimitBar()
        self.keypad = Keypad(self.number.line)
        self.keypad.hide()
        self.keypad_toggle = Button(
            self.tr("Keypad"), kind=ButtonKind.QUIET, icon=Icon.KEYBOARD, shortcut="Alt+K", step=True
        )
        self.keypad_toggle.setCheckable(True)
        self.line = QLineEdit()
        self.choices = ChoiceButtons("")
        self.timer = TimerField()
        self._limit = Label("", Type.BODY, Tone.NEUTRAL, wrap=True)
        self._fields = QWidget()
        left = QVBoxLayout()
        top = QHBoxLayout()
        top.addWidget(self.number, 1)
        top.addWidget(self.keypad_toggle, 0, Qt.AlignmentFlag.AlignTop)
        self._number_row = top
        left.addLayout(top)
        for widget in (self.line, self.choices, self.timer, self.bar):
            left.addWidget(widget)
        left.addStretch(1)
        self._field_column = left
        self._field_box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._fields)
        self._field_box.setContentsMargins(0, 0, 0, 0)
        self._field_box.addLayout(left, 3)
        self._field_box.addWidget(self.keypad, 2)

    def _build_words(self) -> None:
        self.out = Banner("", tone=Tone.STOPPED, icon=Icon.WARNING)
        self.late = Banner("", tone=Tone.INFO, icon=Icon.CLOCK)
        self.comment = CommentField(self.tr("Comment"), lines=2)
        self.reason = CommentField(self.tr("Why is it corrected?"), lines=2)
        self.problem = Label("", Type.STRONG, Tone.STOPPED, wrap=True)

    def _build_answer(self) -> None:
        self._answer = QWidget()
        answer = QVBoxLayout(self._answer)
        answer.setContentsMargins(0, 0, 0, 0)
        self.current = EntryPanel()
        self._signed = Label("", Type.STRONG, wrap=True)
        self._older_title = Label(self.tr("Before the correction"), Type.CAPTION_STRONG, Tone.NEUTRAL)
        self._older_column = QVBoxLayout()
        answer.addWidget(self.current)
        answer.addWidget(self._signed)
        answer.addWidget(self._older_title)
        answer.addLayout(self._older_column)
        self._answer_column = answer
        self._contested = QWidget()
        self._contested_column = QVBoxLayout(self._contested)
        self._contested_column.setContentsMargins(0, 0, 0, 0)
        self._contested_say = Banner(
            self.tr(
                "Two people answered this step. Both entries stay; one of them is chosen, with a reason."
            ),
            tone=Tone.ATTENTION,
            icon=Icon.CONTESTED,
        )
        self._contested_row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._contested_column.addWidget(self._contested_say)
        self._contested_column.addLayout(self._contested_row)
        self._noticed = QWidget()
        self._noticed_column = QVBoxLayout(self._noticed)
        self._noticed_column.setContentsMargins(0, 0, 0, 0)

    def _build_buttons(self) -> None:
        self.save = Button(
            self.tr("Save"), kind=ButtonKind.PRIMARY, icon=Icon.CHECK, shortcut="Ctrl+S", step=True
        )
        self.save_and_raise = Button(
            self.tr("Save and raise deviation"),
            kind=ButtonKind.DANGER,
            icon=Icon.DEVIATION,
            shortcut="Alt+D",
            step=True,
        )
        self.verify = Button(
            self.tr("Verify"), kind=ButtonKind.PRIMARY, icon=Icon.VERIFY, shortcut="Alt+V", step=True
        )
        self.correct = Button(self.tr("Correct"), icon=Icon.CORRECT, shortcut="Alt+C", step=True)
        self.raise_deviation = Button(
            self.tr("Raise deviation"), icon=Icon.DEVIATION, shortcut="Alt+D", step=True
        )
        self.skip = Button(
            self.tr("Not applicable"),
            kind=ButtonKind.QUIET,
            icon=Icon.NOT_APPLICABLE,
            shortcut="Alt+N",
            step=True,
        )
        self.earlier = Button(
            self.tr("Done earlier"), kind=ButtonKind.QUIET, icon=Icon.CLOCK, shortcut="Alt+E", step=True
        )
        self.give_up = Button(self.tr("Leave as it was"), kind=ButtonKind.QUIET, step=True)
        self._buttons = QWidget()
        self._buttons_flow = FlowLayout(self._buttons)
        for button in (
            self.save,
            self.save_and_raise,
            self.verify,
            self.raise_deviation,
            self.correct,
            self.earlier,
            self.skip,
            self.give_up,
        ):
            self._buttons_flow.addWidget(button)

    def _wire(self) -> None:
        self.number.edited.connect(self._on_number)
        self.number.entered.connect(self.save.click)
        self.keypad.entered.connect(self.save.click)
        self.keypad_toggle.toggled.connect(self._on_keypad)
        self.line.textEdited.connect(self._on_line)
        self.line.returnPressed.connect(self.save.click)
        self.choices.chosen.connect(self._on_choice)
        self.comment.edited.connect(self._on_comment)
        self.comment.done.connect(self.save.click)
        self.reason.edited.connect(self._on_reason)
        self.reason.done.connect(self.save.click)
        self.timer.started.connect(self.timer_started)
        self.timer.stopped.connect(self.timer_stopped)
        self.save.clicked.connect(self._on_save)
        self.save_and_raise.clicked.connect(self._on_save_and_raise)
        self.skip.clicked.connect(self.skip_asked)
        self.earlier.clicked.connect(self.late_asked)
        self.late.acted.connect(self.late_taken_back)
        self.correct.clicked.connect(self.correct_asked)
        self.give_up.clicked.connect(self.give_up_asked)
        self.verify.clicked.connect(self.verify_asked)
        self.raise_deviation.clicked.connect(self.raise_asked)
        self.closed.acted.connect(self.give_up_asked)

    def take_scan(self, code: str) -> bool:
        """Put a scanned code into the text field, if it is the one that is asked for."""
        if not self.line.isVisible() or not self.line.isEnabled():
            return False
        self.line.setText(code)
        self.typed.emit(code)
        self.line.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def sides(self) -> list["Side"]:
        """The contested entries that are shown side by side."""
        items = (self._contested_row.itemAt(place) for place in range(self._contested_row.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, Side)]

    # Rendering.

    def show_card(self, card: StepCard, *, busy: bool) -> None:
        """Show this state of the step; nothing is emitted by it."""
        other = self._card is None or self._card.key != card.key
        self._card, self._quiet = card, True
        entering = card.mode in {Mode.ENTER, Mode.CORRECT}
        self.set_title(card.title)
        self.set_tone(Tone.STOPPED if card.out and entering else None)
        self._critical.setVisible(card.critical)
        self._status.set_chip(tones.step_chip(card.status))
        self._instruction.setText(card.instruction)
        self._equipment.setText(self.tr("Equipment: {0}").format(card.equipment))
        self._equipment.setVisible(bool(card.equipment))
        self.closed.setVisible(card.mode is Mode.CLOSED or bool(card.left_over))
        if card.left_over:
            self.closed.say(card.left_over, Tone.ATTENTION, icon=Icon.INFO, action=self.tr("Forget it"))
        else:
            self.closed.say(card.save.why_not, Tone.INFO, icon=Icon.INFO)
        self._show_fields(card, other=other)
        self._show_words(card)
        self._show_answer(card)
        self._show_contested(card, busy=busy)
        self._show_noticed(card)
        self._show_buttons(card, busy=busy)
        self._quiet = False

    def take_keyboard(self) -> None:
        """The keyboard goes to what is asked for now."""
        card = self._card
        if card is None:
            return
        target: QWidget = self
        if card.mode in {Mode.ENTER, Mode.CORRECT}:
            if card.problem and card.comment_asked and not card.comment.strip() and card.typed:
                target = self.comment
            elif card.problem and card.mode is Mode.CORRECT and card.typed and not card.reason.strip():
                target = self.reason
            else:
                target = self._field(card.kind)
        elif card.verify.shown:
            target = self.verify
        elif card.mode is Mode.ANSWERED:
            target = self.correct
        target.setFocus(Qt.FocusReason.OtherFocusReason)
        self._scroll.show_whole(target)

    def hasHeightForWidth(self) -> bool:
        """No: a box whose height follows from its width cannot be made lower, and this one scrolls instead."""
        return False

    def sizeHint(self) -> QSize:
        layout = self.layout()
        hint = super().sizeHint()
        if layout is None or not self.width():
            return hint
        return QSize(hint.width(), layout.totalHeightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.updateGeometry()

    def _field(self, kind: StepKind) -> QWidget:
        match kind:
            case StepKind.NUMBER:
                return self.number
            case StepKind.TEXT:
                return self.line
            case StepKind.CHOICE:
                return self.choices
            case StepKind.TIMER:
                return self.timer
            case StepKind.CONFIRMATION:
                return self.save

    def _show_fields(self, card: StepCard, *, other: bool) -> None:
        entering = card.mode in {Mode.ENTER, Mode.CORRECT}
        kind = card.kind
        has_bar = card.limit is not None and kind is StepKind.NUMBER and card.mode is not Mode.CONTESTED
        self._fields.setVisible(has_bar or (entering and kind is not StepKind.CONFIRMATION))
        is_number = entering and kind is StepKind.NUMBER
        self.number.setVisible(is_number)
        self.keypad_toggle.setVisible(is_number)
        self.keypad.setVisible(is_number and self.keypad_toggle.isChecked())
        self.line.setVisible(entering and kind is StepKind.TEXT)
        self.choices.setVisible(entering and kind is StepKind.CHOICE)
        self.timer.setVisible(entering and kind is StepKind.TIMER)
        self.bar.setVisible(has_bar)
        self._limit.setVisible(bool(card.limit_words) and not has_bar)
        self._limit.setText(
            card.limit_words if kind is StepKind.CHOICE else self.tr("Limit: {0}").format(card.limit_words)
        )
        match kind:
            case StepKind.NUMBER:
                self._show_number(card, entering)
            case StepKind.TEXT:
                self.line.setAccessibleName(card.title)
                if self.line.text() != card.typed:
                    self.line.setText(card.typed)
            case StepKind.CHOICE:
                if other:
                    self.choices.setAccessibleName(card.title)
                self.choices.set_choices([Choice(each, each) for each in card.choices])
                self.choices.choose(card.typed)
            case StepKind.TIMER:
                self._show_timer(card)
            case StepKind.CONFIRMATION:
                pass

    def _show_number(self, card: StepCard, entering: bool) -> None:
        self.number.line.setAccessibleName(f"{card.title}, {card.unit}")
        self.number.set_unit(card.unit)
        self.number.set_typed(card.typed)
        self.number.set_out(card.out and entering)
        limit = card.limit
        if limit is None:
            return
        self.bar.set_limits(Limits(low=limit.low, high=limit.high, target=limit.target, unit=limit.unit))
        value = card.value if entering else self._entered(card)
        chip = None
        if value is not None and card.verdict is not Verdict.NONE:
            chip = Chip(WORDS[card.verdict], tones.VERDICT[card.verdict][1], tones.VERDICT[card.verdict][0])
        self.bar.show_value(value, chip)

    def _entered(self, card: StepCard) -> Decimal | None:
        return exact(card.current.value.split("\N{NO-BREAK SPACE}")[0]) if card.current else None

    def _show_timer(self, card: StepCard) -> None:
        stood = exact(card.typed)
        elapsed = card.elapsed
        if card.running_since is None and stood is not None:
            elapsed = timedelta(seconds=float(stood))
        since = (
            text.clock_with_zone(card.running_since, card.running_since.tzinfo) if card.running_since else ""
        )
        self.timer.show_time(
            elapsed, running=card.running_since is not None, stopped=bool(card.typed), since=since
        )

    def _show_words(self, card: StepCard) -> None:
        entering = card.mode in {Mode.ENTER, Mode.CORRECT}
        self.out.setVisible(bool(card.out_words) and entering)
        self.out.say(card.out_words, Tone.STOPPED, icon=Icon.WARNING)
        self.late.setVisible(bool(card.late))
        self.late.say(card.late, Tone.INFO, icon=Icon.CLOCK, action=self.tr("Take back"))
        self.comment.setVisible(entering and (card.comment_asked or bool(card.comment)))
        self.comment.set_text(card.comment)
        self.reason.setVisible(card.mode is Mode.CORRECT)
        self.reason.set_text(card.reason)
        self.problem.setText(card.problem)
        self.problem.setVisible(bool(card.problem))

    def _show_answer(self, card: StepCard) -> None:
        shown = card.mode in {Mode.ANSWERED, Mode.CORRECT} and card.current is not None
        self._answer.setVisible(shown)
        if card.current is not None:
            correcting = card.mode is Mode.CORRECT
            has_bar = card.limit is not None and card.kind is StepKind.NUMBER
            self.current.show_entry(card.current, struck=correcting, quiet=has_bar and not correcting)
        self._signed.setText("\n".join(part for part in (card.chosen, card.verified) if part))
        self._signed.setVisible(bool(self._signed.text()))
        while len(self._older) < len(card.older):
            panel = EntryPanel(struck=True)
            self._older_column.addWidget(panel)
            self._older.append(panel)
        for place, panel in enumerate(self._older):
            panel.setVisible(place < len(card.older))
            if place < len(card.older):
                panel.show_entry(card.older[len(card.older) - 1 - place])
        self._older_title.setVisible(bool(card.older))

    def _show_contested(self, card: StepCard, *, busy: bool) -> None:
        self._contested.setVisible(card.mode is Mode.CONTESTED)
        while (item := self._contested_row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if card.mode is not Mode.CONTESTED:
            return
        for entry in card.contested:
            side = Side()
            side.panel.show_entry(entry)
            side.choose.offer(card.choose.allowed and not busy, card.choose.why_not)
            side.choose.setAccessibleName(self.tr("{0} by {1} counts").format(entry.value, entry.who))
            side.choose.clicked.connect(lambda _=False, key=entry.id: self._on_choose(key))
            self._contested_row.addWidget(side, 1)

    def _show_noticed(self, card: StepCard) -> None:
        for link in self._links:
            link.hide()
            link.deleteLater()
        self._links = []
        while (item := self._noticed_column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for sentence in card.exceptions:
            row = QWidget()
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.setSpacing(LOOK.value.px(GAP_2))
            line.addWidget(Mark(Icon.FLAG, Tone.ATTENTION), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(Label(sentence, wrap=True, selectable=True), 1)
            self._noticed_column.addWidget(row)
        for deviation in card.deviations:
            link = Button(
                f"{deviation.label}, {deviation.status}", kind=ButtonKind.QUIET, icon=Icon.DEVIATION
            )
            link.clicked.connect(lambda _=False, key=deviation.id: self._on_deviation(key))
            self._links.append(link)
            self._noticed_column.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        self._noticed.setVisible(bool(card.exceptions or card.deviations))

    def _show_buttons(self, card: StepCard, *, busy: bool) -> None:
        entering = card.mode in {Mode.ENTER, Mode.CORRECT}
        running = card.running_since is not None
        self.save.setVisible(entering)
        self.save.offer(card.save.allowed and not busy and not running, card.save.why_not)
        self.save.setText(self.tr("Confirm") if card.kind is StepKind.CONFIRMATION else self.tr("Save"))
        self.save_and_raise.setVisible(entering and card.out)
        self.save_and_raise.offer(card.save.allowed and not busy and not running, card.save.why_not)
        self.verify.setVisible(card.verify.shown)
        self.verify.offer(card.verify.allowed and not busy, card.verify.why_not)
        self.correct.setVisible(card.correct.shown)
        self.correct.offer(card.correct.allowed and not busy, card.correct.why_not)
        unsettled = card.mode in {Mode.ANSWERED, Mode.CONTESTED} and not card.deviations
        self.raise_deviation.setVisible(unsettled and (card.out or bool(card.exceptions)))
        self.raise_deviation.setEnabled(not busy)
        self.skip.setVisible(card.skip.shown and card.mode is Mode.ENTER and not card.out)
        self.skip.offer(card.skip.allowed and not busy, card.skip.why_not)
        timing = card.kind is StepKind.TIMER  # its clock says when
        self.earlier.setVisible(card.mode is Mode.ENTER and not card.late and not timing and not card.out)
        self.earlier.setEnabled(not busy)
        self.give_up.setVisible(card.mode is Mode.CORRECT)
        shown = (
            self.save,
            self.save_and_raise,
            self.verify,
            self.correct,
            self.raise_deviation,
            self.earlier,
            self.skip,
            self.give_up,
        )
        self._buttons.setVisible(any(not each.isHidden() for each in shown))

    # Gestures.

    def _on_number(self) -> None:
        if not self._quiet:
            self.typed.emit(self.number.typed())

    def _on_line(self, words: str) -> None:
        self.typed.emit(words)

    def _on_choice(self, key: str) -> None:
        self.typed.emit(key)

    def _on_comment(self) -> None:
        if not self._quiet:
            self.commented.emit(self.comment.box.toPlainText())

    def _on_reason(self) -> None:
        if not self._quiet:
            self.reasoned.emit(self.reason.box.toPlainText())

    def _on_keypad(self, shown: bool) -> None:
        self.keypad.setVisible(shown)
        self.number.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_save(self) -> None:
        self._shut()
        self.save_asked.emit()

    def _on_save_and_raise(self) -> None:
        self._shut()
        self.save_and_raise_asked.emit()

    def _shut(self) -> None:
        """At once, before anything is asked: a double tap is one entry."""
        self.save.setEnabled(False)
        self.save_and_raise.setEnabled(False)

    def _on_deviation(self, key: object) -> None:
        self.deviation_asked.emit(key)

    def _on_choose(self, key: EntryId) -> None:
        self.choose_asked.emit(key)

    def _on_card_look(self, look: Look) -> None:
        self.line.setFont(look.font(Type.ENTRY))
        self.line.setMinimumHeight(look.px(TARGET_STEP + 8))
        self._scroll.column.setSpacing(look.px(GAP_3))
        self._field_column.setSpacing(look.px(GAP_3))
        self._field_box.setSpacing(look.px(GAP_4))
        self._number_row.setSpacing(look.px(GAP_2))
        self._answer_column.setSpacing(look.px(GAP_2))
        self._older_column.setSpacing(look.px(GAP_3))
        self._contested_column.setSpacing(look.px(GAP_4))
        self._contested_row.setSpacing(look.px(GAP_4))
        self._noticed_column.setSpacing(look.px(GAP_2))
        narrow = look.scale > 1.3
        self.skip.setText(self.tr("N/A") if narrow else self.tr("Not applicable"))
        self.save_and_raise.setText(
            self.tr("Save + deviation") if narrow else self.tr("Save and raise deviation")
        )
        self.earlier.setText(self.tr("Earlier") if narrow else self.tr("Done earlier"))
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._field_box.setDirection(way)
        self._contested_row.setDirection(way)


class Side(QWidget):
    """One of the entries that contradict each other, with the button that makes it count."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panel = EntryPanel()
        self.choose = Button(self.tr("This one counts"), icon=Icon.CHECK, step=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        column.addStretch(1)
        column.addWidget(self.choose, 0, Qt.AlignmentFlag.AlignLeft)
