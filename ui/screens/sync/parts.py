"""The lines of the sync centre: what one person has waiting, and a command that the server refused."""

from datetime import tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.client.ports import Mark as Delivered
from app.client.ports import PendingCommand
from app.domain.decision import Reason, Refusal
from ui import text
from ui.icons import Icon
from ui.screens.sync.view_model import Settling, WaitingGroup
from ui.theme import Look, themed
from ui.tokens import GAP_1, GAP_2, GAP_3, Tone, Type
from ui.widgets import (
    Banner,
    Button,
    ButtonKind,
    Card,
    CommentField,
    Delivery,
    FlowLayout,
    Label,
    Mark,
    SyncMark,
)

DELIVERIES = {
    Delivered.SAVED_HERE: Delivery.SAVED,
    Delivered.SENT: Delivery.SENT,
    Delivered.ACCEPTED: Delivery.ACCEPTED,
    Delivered.NEEDS_ATTENTION: Delivery.ATTENTION,
}


class WaitingBlock(QWidget):
    """One person's commands for one batch, in the order they were given."""

    def __init__(self, group: WaitingGroup, zone: tzinfo | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        head = QHBoxLayout()
        head.addWidget(Mark(Icon.USER, Tone.NEUTRAL), 0, Qt.AlignmentFlag.AlignVCenter)
        where = group.batch_number or self.tr("no batch")
        head.addWidget(Label(f"{group.author} · {where}", Type.STRONG, wrap=True), 1)
        count = text.count(len(group.commands), "command", "commands")
        head.addWidget(Label(count, Type.CAPTION, Tone.NEUTRAL))
        self._head = head
        self._column.addLayout(head)
        for each in group.commands:
            self._column.addWidget(WaitingLine(each, zone))
        themed(self, self._on_look)

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_1))
        self._head.setSpacing(look.px(GAP_2))


class WaitingLine(QWidget):
    """What was saved, when, and how far it has come."""

    def __init__(self, command: PendingCommand, zone: tzinfo | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(Label(command.title or command.kind, wrap=True))
        words.addWidget(Label(text.when(command.performed_at, zone), Type.CAPTION, Tone.NEUTRAL))
        self._row.addLayout(words, 1)
        self._row.addWidget(SyncMark(DELIVERIES[command.mark]), 0, Qt.AlignmentFlag.AlignVCenter)
        themed(self, self._on_look)

    def _on_look(self, look: Look) -> None:
        self._row.setContentsMargins(look.px(28), look.px(GAP_1), 0, look.px(GAP_1))
        self._row.setSpacing(look.px(GAP_3))


class RefusedCard(Card):
    """A command the server refused: what, who, when, why, and what can be done. It stays until somebody settles it."""

    settle_asked = Signal()
    batch_asked = Signal()
    noted = Signal(str)
    settled = Signal()
    left = Signal()

    def __init__(self, command: PendingCommand, zone: tzinfo | None, parent: QWidget | None = None) -> None:
        super().__init__(command.title or command.kind, kind=Type.STRONG, parent=parent)
        self.command = command
        self.set_tone(Tone.ATTENTION)
        about = " · ".join(p for p in (command.author, command.batch_number) if p)
        self.body.addWidget(
            Label(f"{about} · {text.when(command.performed_at, zone)}", Type.CAPTION, Tone.NEUTRAL, wrap=True)
        )
        reason = Refusal(
            reason=command.reason or Reason.MALFORMED, detail=command.detail, blockers=command.blockers
        )
        why = QHBoxLayout()
        why.addWidget(Mark(Icon.WARNING, Tone.ATTENTION), 0, Qt.AlignmentFlag.AlignTop)
        why.addWidget(Label(text.refusal(reason), wrap=True, selectable=True), 1)
        self._why = why
        self.body.addLayout(why)
        for each in command.blockers:
            self.body.addWidget(Label(f"•  {text.blocker(each)}", wrap=True, selectable=True))
        self._build_actions(command)
        themed(self, self._on_card_look)

    def _build_actions(self, command: PendingCommand) -> None:
        self.again = Button(
            self.tr("Go to {0} and enter it again").format(command.batch_number), icon=Icon.BATCHES
        )
        self.again.setVisible(command.batch_id is not None)
        self.settle = Button(self.tr("Settle with a reason"), icon=Icon.CHECK)
        actions = FlowLayout()
        actions.addWidget(self.again)
        actions.addWidget(self.settle)
        self._actions = QWidget()
        self._actions.setLayout(actions)
        self._form = QWidget()
        form = QVBoxLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        self.note = CommentField(self.tr("How was it settled?"), lines=2)
        self._refusal = Banner("", tone=Tone.STOPPED)
        self.leave = Button(self.tr("Put aside"), kind=ButtonKind.PLAIN)
        self.done = Button(self.tr("Settle"), kind=ButtonKind.PRIMARY, icon=Icon.CHECK)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.leave)
        row.addWidget(self.done)
        form.addWidget(self.note)
        form.addWidget(self._refusal)
        form.addLayout(row)
        self._form.hide()
        self._refusal.hide()
        self.body.addWidget(self._actions)
        self.body.addWidget(self._form)
        self.again.clicked.connect(self.batch_asked)
        self.settle.clicked.connect(self.settle_asked)
        self.note.edited.connect(self._on_note)
        self.done.clicked.connect(self.settled)
        self.leave.clicked.connect(self.left)

    def show_settling(self, settling: Settling | None) -> None:
        """Open the form while this command is being settled."""
        opened = settling is not None and self._form.isHidden()
        self._form.setVisible(settling is not None)
        self._actions.setVisible(settling is None)
        if settling is None:
            return
        if self.note.box.toPlainText() != settling.note:
            self.note.box.blockSignals(True)
            self.note.set_text(settling.note)
            self.note.box.blockSignals(False)
        missing = settling.refusal is not None and settling.refusal.reason is Reason.REASON_MISSING
        said = text.refusal(settling.refusal) if settling.refusal is not None else ""
        self.note.set_problem(said if missing else "")
        self._refusal.setVisible(bool(said) and not missing)
        self._refusal.say(said, Tone.STOPPED)
        self.done.offer(not settling.busy, self.tr("Settling …"))
        if opened:
            self.note.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_note(self) -> None:
        self.noted.emit(self.note.box.toPlainText())

    def _on_card_look(self, look: Look) -> None:
        self._why.setSpacing(look.px(GAP_2))
