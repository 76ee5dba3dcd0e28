"""The whole record: every stage, step and entry, corrections struck through, with the signatures under them."""

from collections.abc import Sequence
from datetime import tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.quantity import Verdict
from app.domain.signature import Signature
from ui import text, tones
from ui.icons import Icon
from ui.screens.review.record_lines import EntryLine, StageBlock, StepLine
from ui.theme import Look, themed
from ui.tokens import GAP_1, GAP_2, GAP_4, GAP_5, Tone, Type
from ui.widgets import Card, Chip, IconButton, Label, Mark, StatusChip


def signed(signature: Signature, zone: tzinfo | None) -> str:
    """`Verified: Marko Zupan, Production Officer, 22 Nov 2026 14:05:09 CET`."""
    at = text.when(signature.signed_at, zone)
    return f"{signature.meaning.value}: {signature.printed_name}, {signature.role.value}, {at}"


class EntryBlock(QWidget):
    """One entry: its value, struck through where it no longer counts, and below it who, when and why."""

    def __init__(self, step: StepLine, line: EntryLine, zone: tzinfo | None) -> None:
        super().__init__()
        entry = line.entry
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        told = text.answer(step.spec, entry.value) if entry.applicable else self.tr("Not applicable")
        out = entry.verdict in {Verdict.BELOW, Verdict.ABOVE}
        head = QHBoxLayout()
        value = Label(
            told,
            Type.BODY if line.struck else Type.STRONG,
            Tone.NEUTRAL if line.struck else Tone.STOPPED if out else None,
            wrap=True,
            selectable=True,
        )
        value.set_struck(line.struck)
        if line.struck:
            value.setAccessibleDescription(self.tr("No longer counts"))
        if out and not line.struck:
            head.addWidget(Mark(Icon.WARNING, Tone.STOPPED, 18), 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(value, 1)
        column.addLayout(head)
        who = f"{entry.author_name} · {text.when(entry.performed_at, zone)}"
        if entry.offline:
            who += self.tr(" · entered offline")
        if line.mark is not None:
            who += f" · {text.mark(line.mark).lower()}"
        column.addWidget(Label(who, Type.CAPTION, Tone.NEUTRAL, wrap=True))
        why = self.tr("Corrected, because: {0}") if entry.corrects else self.tr("Reason: {0}")
        for words in (why.format(entry.reason) if entry.reason else "", entry.comment):
            if words:
                column.addWidget(Label(words, Type.CAPTION, None, wrap=True, selectable=True))


class StepRow(QWidget):
    """One step: what was asked at the left, what was answered at the right."""

    asked = Signal(str, str)

    def __init__(self, step: StepLine, zone: tzinfo | None) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 2)
        self._grid.setColumnStretch(2, 3)
        icon, tone = tones.STEP[step.status]
        mark = Mark(icon, tone)
        mark.setToolTip(step.status.value)
        self._grid.addWidget(mark, 0, 0, Qt.AlignmentFlag.AlignTop)
        left = QVBoxLayout()
        left.setSpacing(1)
        left.addWidget(Label(step.spec.title, wrap=True))
        below = [step.status.value]
        if step.spec.limit is not None:
            below.append(text.limit(step.spec.limit))
        left.addWidget(Label(" · ".join(below), Type.CAPTION, Tone.NEUTRAL, wrap=True))
        if step.exceptions:
            noticed = text.count(step.exceptions, "exception", "exceptions")
            left.addWidget(
                StatusChip(Chip(noticed, Tone.ATTENTION, Icon.FLAG)), 0, Qt.AlignmentFlag.AlignLeft
            )
        left.addStretch(1)
        self._grid.addLayout(left, 0, 1)
        right = QVBoxLayout()
        right.addWidget(Label(self.tr("No entry"), Type.BODY, Tone.NEUTRAL)) if not step.entries else None
        for line in step.entries:
            right.addWidget(EntryBlock(step, line, zone))
        for each in (step.chosen, step.verified):
            if each is not None:
                right.addWidget(Label(signed(each, zone), Type.CAPTION, Tone.NEUTRAL, wrap=True))
        right.addStretch(1)
        self._right = right
        self._grid.addLayout(right, 0, 2)
        self.link = IconButton(Icon.FORWARD, self.tr("Open the step {0}").format(step.spec.title))
        self.link.clicked.connect(lambda: self.asked.emit(step.stage_key, step.spec.key))
        self._grid.addWidget(self.link, 0, 3, Qt.AlignmentFlag.AlignTop)
        themed(self, self._on_look)

    def _on_look(self, look: Look) -> None:
        self._grid.setHorizontalSpacing(look.px(GAP_4))
        self._right.setSpacing(look.px(GAP_2))


class RecordView(QWidget):
    """All stages; lies in a `ScrollColumn`. `asked` carries stage and step of the one that was pressed."""

    asked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[tuple[StageBlock, ...], tzinfo | None] = ((), None)
        self.rows: list[StepRow] = []
        self._cards: list[Card] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        themed(self, self._on_look)

    def show_stages(self, stages: Sequence[StageBlock], zone: tzinfo | None) -> None:
        """Show these stages; the same ones again change nothing."""
        if self._shown == (tuple(stages), zone):
            return
        self._shown = (tuple(stages), zone)
        for card in self._cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.rows, self._cards = [], []
        for stage in stages:
            self._column.addWidget(self._card(stage, zone))

    def _card(self, stage: StageBlock, zone: tzinfo | None) -> Card:
        card = Card(stage.spec.name)
        card.add_to_header(StatusChip(tones.stage_chip(stage.status)))
        record = stage.record
        if record is not None and record.performed is not None:
            card.body.addWidget(Label(signed(record.performed, zone), Type.CAPTION, Tone.NEUTRAL, wrap=True))
        if record is not None and record.notes:
            card.body.addWidget(Label(record.notes, wrap=True, selectable=True))
        for step in stage.steps:
            row = StepRow(step, zone)
            row.asked.connect(self.asked)
            card.body.addWidget(row)
            self.rows.append(row)
        self._cards.append(card)
        card.body.setSpacing(GAP_5)
        return card

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_4))
        for card in self._cards:
            card.body.setSpacing(look.px(GAP_5 + GAP_1))
