"""One exception: what was noticed, the entry with its limit, what people said, and the decision."""

from datetime import UTC, timedelta, tzinfo
from decimal import Decimal

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.client.ports import ChartData
from app.domain.decision import Refusal
from app.domain.exception import ExceptionAction
from app.domain.quantity import Verdict
from app.domain.step import Entry
from ui import text, tones
from ui.icons import Icon
from ui.screens.review.file_model import FileState
from ui.screens.review.record_lines import ExceptionLine
from ui.screens.review.record_view import EntryBlock, signed
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_1, GAP_2, GAP_3, Tone, Type
from ui.widgets import (
    Banner,
    Button,
    ButtonKind,
    Card,
    Chip,
    CommentField,
    EmptyState,
    Fact,
    FlowLayout,
    IconButton,
    KeyValueGrid,
    Label,
    LimitBar,
    Limits,
    Mark,
    ScrollColumn,
    StatusChip,
)
from ui.widgets.chart import Channel, Chart, ChartMark

AROUND_SECONDS = 900  # a quarter of an hour on either side
ACTIONS = (ExceptionAction.ACCEPT, ExceptionAction.RETURN)


class ExceptionCard(Card):
    """`judged` carries the action; `commented` the words; the links carry nothing, the view model knows the place."""

    judged = Signal(object)
    commented = Signal(str)
    escalated = Signal()
    step_asked = Signal()
    deviation_asked = Signal()
    chart_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._build_what()
        self._build_decision()
        self._nothing = EmptyState(Icon.CHECK_CIRCLE, "")
        self._scroll = ScrollColumn()
        self._scroll.column.addWidget(self._what)
        self._scroll.column.addStretch(1)
        self.body.addLayout(self._bar)
        self.body.addWidget(self._scroll, 1)
        self.body.addWidget(self._nothing, 1)
        self.body.addWidget(self._decision)
        themed(self, self._on_card_look)

    # Building.

    def _build_what(self) -> None:
        self.all_link = Button(self.tr("All exceptions"), kind=ButtonKind.QUIET, icon=Icon.LIST)
        self.all_link.hide()
        self._where = Label("", Type.CAPTION, Tone.NEUTRAL)
        self.before = IconButton(Icon.CHEVRON_UP, self.tr("Exception before (Ctrl+Up)"))
        self.after = IconButton(Icon.CHEVRON_DOWN, self.tr("Next exception (Ctrl+Down)"))
        self._bar = QHBoxLayout()
        self._place = Label("", Type.CAPTION, Tone.NEUTRAL, wrap=True)
        self._bar.addWidget(self.all_link)
        self._bar.addWidget(self._place, 1)
        for widget in (self._where, self.before, self.after):
            self._bar.addWidget(widget)
        self._what = QWidget()
        self._column = QVBoxLayout(self._what)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._step = Label("", Type.SUBTITLE, wrap=True)
        self._severity = StatusChip()
        self._status = StatusChip()
        chips = FlowLayout()
        chips.addWidget(self._severity)
        chips.addWidget(self._status)
        self._entries = QVBoxLayout()
        self._sentence = Label("", wrap=True, selectable=True)
        self._old = Label("", Type.ENTRY, Tone.NEUTRAL, wrap=True, selectable=True)
        self._old.setAccessibleDescription(self.tr("Old value, corrected"))
        self._value = Label("", Type.ENTRY, wrap=True, selectable=True)
        self.bar = LimitBar()
        self._facts = KeyValueGrid(columns=3, narrowest=150)
        self._said = QVBoxLayout()
        self._charted: tuple[ChartData, float] | None = None
        self.chart: Chart | None = None
        self._chart_box = QVBoxLayout()
        self._no_chart = Banner("", tone=Tone.INFO, icon=Icon.OFFLINE)
        links = FlowLayout()
        self.chart_button = Button(
            self.tr("Show the chart around it"), kind=ButtonKind.QUIET, icon=Icon.CHART
        )
        self.step_link = Button(self.tr("Open the step"), kind=ButtonKind.QUIET, icon=Icon.STAGE)
        self.deviation_link = Button("", kind=ButtonKind.QUIET, icon=Icon.DEVIATION)
        links.addWidget(self.chart_button)
        links.addWidget(self.step_link)
        links.addWidget(self.deviation_link)
        self._column.addWidget(self._step)
        self._column.addLayout(chips)
        for widget in (self._sentence, self._old, self._value, self.bar, self._facts):
            self._column.addWidget(widget)
        self._column.addLayout(self._entries)
        self._column.addLayout(self._said)
        self._column.addWidget(self._no_chart)
        self._column.addLayout(self._chart_box)
        self._column.addLayout(links)
        self._links = links
        self.step_link.clicked.connect(self.step_asked)
        self.deviation_link.clicked.connect(self.deviation_asked)
        self.chart_button.clicked.connect(self.chart_asked)

    def _build_decision(self) -> None:
        self._decision = QWidget()
        column = QVBoxLayout(self._decision)
        column.setContentsMargins(0, 0, 0, 0)
        self._deciding = Banner("", tone=Tone.INFO, icon=Icon.LIST)
        self.comment = CommentField(
            "", lines=1, placeholder=self.tr("Comment: it goes on the record with your name")
        )
        self.comment.box.setAccessibleName(self.tr("Comment"))
        self._refusal = Banner("", tone=Tone.STOPPED)
        self.buttons = {
            ExceptionAction.ACCEPT: Button(
                text.exception_action(ExceptionAction.ACCEPT),
                kind=ButtonKind.PRIMARY,
                icon=Icon.CHECK,
                shortcut="Ctrl+Return",
            ),
            ExceptionAction.RETURN: Button(text.exception_action(ExceptionAction.RETURN), icon=Icon.BACK),
        }
        self.escalate = Button(self.tr("Escalate to a deviation"), icon=Icon.DEVIATION)
        row = FlowLayout()
        for button in (*self.buttons.values(), self.escalate):
            row.addWidget(button)
        for widget in (self._deciding, self.comment, self._refusal):
            column.addWidget(widget)
        column.addLayout(row)
        self._decision_column, self._row = column, row
        for action in ACTIONS:
            self.buttons[action].clicked.connect(lambda _=False, chosen=action: self.judged.emit(chosen))
        self.escalate.clicked.connect(self.escalated)
        self.comment.edited.connect(self._on_comment)

    # Rendering.

    def show_state(self, state: FileState, allowed: dict[ExceptionAction, bool]) -> None:
        """Show the open exception; `allowed` says which judgements its status leaves."""
        line = state.line
        self._scroll.setVisible(line is not None)
        self._decision.setVisible(line is not None and state.may_assess and any(allowed.values()))
        self._nothing.setVisible(line is None)
        for widget in (self._place, self._where, self.before, self.after):
            widget.setVisible(line is not None)
        if line is None:
            self._nothing.say(
                Icon.CHECK_CIRCLE,
                self.tr("Nothing was noticed"),
                self.tr("No rule found anything in this record. The whole record is one key away: Ctrl+2."),
            )
            return
        zone = state.now.tzinfo if state.now else None
        self._show_what(line, zone)
        self._show_entry(line, zone)
        self._show_entries(line, zone)
        self._show_said(line, zone)
        self._show_chart(state, line, zone)
        order = [each.id for group in state.groups for each in group.lines]
        self._where.setText(self.tr("{0} of {1}").format(order.index(line.id) + 1, len(order)))
        self._show_decision(state, allowed)

    def _show_what(self, line: ExceptionLine, zone: tzinfo | None) -> None:
        each = line.exception
        raised = text.when(each.raised_at, zone)
        self._place.setText(" · ".join(p for p in (line.stage_name, text.rule(each.rule), raised) if p))
        self._step.setText(line.step_title or text.rule(each.rule))
        self._severity.set_chip(tones.severity_chip(each.severity))
        self._status.set_chip(tones.exception_chip(each.status))
        self._status.setVisible(each.unsettled or each.assessed is not None or each.deviation_id is not None)
        self._sentence.setText(text.noticed(each.rule, each.detail))
        self.step_link.setVisible(bool(each.step_key))
        deviation = line.deviation
        self.deviation_link.setVisible(deviation is not None)
        if deviation is not None:
            number = deviation.number or self.tr("Number follows")
            self.deviation_link.setText(f"{number} · {deviation.status.value}")

    def _show_entry(self, line: ExceptionLine, zone: tzinfo | None) -> None:
        entry, spec = line.entry, line.step.spec if line.step else None
        self._value.setVisible(entry is not None)
        self._old.setVisible(line.before is not None)
        self._facts.setVisible(entry is not None)
        number = entry.number if entry is not None and line.limit is not None else None
        self.bar.setVisible(number is not None)
        if entry is None:
            return
        self._value.setText(
            text.answer(spec, entry.value) if spec and entry.applicable else entry.value or "N/A"
        )
        if line.before is not None:
            old = line.before
            self._old.setText(text.answer(spec, old.value) if spec and old.applicable else old.value or "N/A")
            self._old.set_struck(True)
        if number is not None:
            self._show_bar(line, entry, number)
        self._facts.set_facts(_facts(entry, zone, self))

    def _show_entries(self, line: ExceptionLine, zone: tzinfo | None) -> None:
        """All entries of a step that has several and was not corrected: one cannot be judged without the others."""
        _emptied(self._entries)
        step = line.step
        if step is None or len(step.entries) < 2 or line.before is not None:
            return
        self._entries.addWidget(Label(self.tr("All entries of this step"), Type.CAPTION_STRONG, Tone.NEUTRAL))
        for each in step.entries:
            self._entries.addWidget(EntryBlock(step, each, zone))
        if step.chosen is not None:
            self._entries.addWidget(Label(signed(step.chosen, zone), Type.CAPTION, Tone.NEUTRAL, wrap=True))

    def _show_bar(self, line: ExceptionLine, entry: Entry, number: Decimal) -> None:
        limit = line.limit
        if limit is None:
            return
        self.bar.set_limits(Limits(low=limit.low, high=limit.high, target=limit.target, unit=limit.unit))
        icon, tone = tones.VERDICT[entry.verdict]
        word = {
            Verdict.BELOW: self.tr("Below the limit"),
            Verdict.ABOVE: self.tr("Above the limit"),
            Verdict.WITHIN: self.tr("Within"),
        }.get(entry.verdict, "")
        self.bar.show_value(number, Chip(word, tone, icon) if word else None)

    def _show_chart(self, state: FileState, line: ExceptionLine, zone: tzinfo | None) -> None:
        """The series of the stage, seen in the minutes around the entry; a source without zone keeps its own clock."""
        found = state.chart_here
        at = line.entry.performed_at if line.entry else line.exception.raised_at
        self.chart_button.setVisible(
            line.exception.stage_key in state.charted and not isinstance(found, ChartData)
        )
        self._no_chart.setVisible(isinstance(found, Refusal))
        if isinstance(found, Refusal):
            self._no_chart.say(text.refusal(found), Tone.INFO, icon=Icon.OFFLINE)
        if self.chart is not None:
            self.chart.setVisible(isinstance(found, ChartData))
        if not isinstance(found, ChartData) or not found.times:
            return
        if self.chart is None:
            self.chart = Chart()
            self._chart_box.addWidget(self.chart)
        local = at if found.series.zone_known else at.astimezone(zone).replace(tzinfo=UTC)
        moment = local.timestamp()
        if self._charted == (found, moment):
            return
        self._charted = (found, moment)
        channels = [
            Channel(
                key=each.name, name=each.name, unit=each.unit, y=each.values, low=each.low, high=each.high
            )
            for each in found.channels
        ]
        self.chart.set_series(
            channels, x=found.times, times=True, zone=zone if found.series.zone_known else None
        )
        self.chart.set_marks([ChartMark(moment, line.step_title)])
        if found.times[0] <= moment <= found.times[-1]:
            self.chart.show_range(moment - AROUND_SECONDS, moment + AROUND_SECONDS)
        self.chart.setMinimumHeight(LOOK.value.px(60 + 134 * min(len(channels), 3)))

    def go_to_chart(self) -> None:
        """Bring the chart into view, once the card has made room for it."""
        chart = self.chart
        if chart is not None:
            bar, what = self._scroll.verticalScrollBar(), self._what
            QTimer.singleShot(0, chart, lambda: bar.setValue(chart.mapTo(what, QPoint(0, 0)).y()))

    def _show_said(self, line: ExceptionLine, zone: tzinfo | None) -> None:
        _emptied(self._said)
        entry, each = line.entry, line.exception
        if entry is not None and entry.comment:
            self._said.addWidget(Said(Icon.COMMENT, entry.author_name, entry.comment))
        if entry is not None and entry.reason and entry.reason not in each.detail:
            self._said.addWidget(Said(Icon.COMMENT, entry.author_name, entry.reason))
        if each.assessed is not None:
            signed = each.assessed
            at = text.when(signed.signed_at, zone)
            who = f"{each.status.value}: {signed.printed_name}, {signed.role.value}, {at}"
            self._said.addWidget(Said(Icon.SIGN, who, each.comment))

    def _show_decision(self, state: FileState, allowed: dict[ExceptionAction, bool]) -> None:
        verdict, count = state.verdict, len(state.deciding)
        self._deciding.setVisible(count > 1)
        self._deciding.say(
            self.tr("One comment and one signature for {0} exceptions: {1}").format(
                count, ", ".join(each.step_title for each in state.deciding)
            ),
            Tone.INFO,
            icon=Icon.LIST,
        )
        if self.comment.box.toPlainText() != verdict.comment:
            self.comment.box.blockSignals(True)
            self.comment.set_text(verdict.comment)
            self.comment.box.blockSignals(False)
        self.comment.set_problem(verdict.error)
        self._refusal.setVisible(verdict.refusal is not None)
        if verdict.refusal is not None:
            self._refusal.say(text.refusal(verdict.refusal), Tone.STOPPED)
        accept = text.exception_action(ExceptionAction.ACCEPT)
        self.buttons[ExceptionAction.ACCEPT].setText(f"{accept} ({count})" if count > 1 else accept)
        for action, button in self.buttons.items():
            button.offer(allowed[action], self.tr("Not from the status it has now."))
        self.escalate.offer(
            allowed[ExceptionAction.ESCALATE] and count == 1, self.tr("One exception at a time.")
        )

    def _on_comment(self) -> None:
        self.commented.emit(self.comment.box.toPlainText())

    def _on_card_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_3))
        self._decision_column.setSpacing(look.px(GAP_3))
        self._said.setSpacing(look.px(GAP_2))
        self._entries.setSpacing(look.px(GAP_2))
        self.comment.setMaximumHeight(look.px(96))
        for row in (self._row, self._links):
            row.setSpacing(look.px(GAP_2))


class Said(QWidget):
    """What somebody wrote, with who it was."""

    def __init__(self, icon: Icon, who: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(Mark(icon, Tone.NEUTRAL), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(Label(who, Type.CAPTION, Tone.NEUTRAL, wrap=True))
        column.addWidget(Label(words, wrap=True, selectable=True))
        self._row.addLayout(column, 1)
        themed(self, self._on_look)

    def _on_look(self, look: Look) -> None:
        self._row.setSpacing(look.px(GAP_2 + GAP_1))


def _emptied(column: QVBoxLayout) -> None:
    while (item := column.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def _facts(entry: Entry, zone: tzinfo | None, said: QWidget) -> list[Fact]:
    """Who and when: done, entered, received, and how far the clock was off."""
    facts = [
        Fact(said.tr("Entered by"), entry.author_name),
        Fact(said.tr("Done"), text.when(entry.performed_at, zone)),
    ]
    if entry.recorded_at != entry.performed_at:
        facts.append(Fact(said.tr("Entered"), text.when(entry.recorded_at, zone)))
    if entry.received_at is not None:
        facts.append(Fact(said.tr("Received"), text.when(entry.received_at, zone)))
    if entry.clock_offset_ms is not None:
        facts.append(Fact(said.tr("Clock"), text.offset(timedelta(milliseconds=entry.clock_offset_ms))))
    if entry.offline:
        facts.append(Fact(said.tr("Line"), chip=Chip(said.tr("Entered offline"), Tone.NEUTRAL, Icon.OFFLINE)))
    return facts
