"""One entry as it was made: the value large, who and when, where it is on its way, and what is unusual about it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.client.ports import Mark
from ui.icons import Icon
from ui.screens.stage.card import OUT, EntryLine
from ui.theme import Look, themed
from ui.tokens import GAP_1, GAP_2, GAP_3, Tone, Type
from ui.widgets.banner import Mark as IconMark
from ui.widgets.label import Label
from ui.widgets.sync_mark import Delivery, SyncMark

DELIVERIES = {
    Mark.SAVED_HERE: Delivery.SAVED,
    Mark.SENT: Delivery.SENT,
    Mark.ACCEPTED: Delivery.ACCEPTED,
    Mark.NEEDS_ATTENTION: Delivery.ATTENTION,
}


class EntryPanel(QWidget):
    """`struck`: an old value that was corrected: smaller, struck through, and readable."""

    def __init__(self, *, struck: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._struck = struck
        self._value = Label("", Type.TITLE if struck else Type.ENTRY, wrap=True, selectable=True)
        if struck:
            self._value.set_tone(Tone.NEUTRAL)
            self._value.setAccessibleDescription(self.tr("Old value, corrected"))
        self._warn = IconMark(Icon.WARNING, Tone.STOPPED, 20)
        self._verdict = Label("", Type.STRONG, Tone.STOPPED, wrap=True)
        self._meta = Label("", Type.BODY, Tone.NEUTRAL, wrap=True)
        self._mark = SyncMark(Delivery.ACCEPTED)
        self._reason = Label("", wrap=True, selectable=True)
        self._comment = Label("", wrap=True, selectable=True)
        self._trouble = Label("", tone=Tone.ATTENTION, wrap=True)
        self._verdict_row = QWidget()
        verdict = QHBoxLayout(self._verdict_row)
        verdict.setContentsMargins(0, 0, 0, 0)
        verdict.addWidget(self._warn, 0, Qt.AlignmentFlag.AlignTop)
        verdict.addWidget(self._verdict, 1)
        meta = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        meta.addWidget(self._meta, 1)
        meta.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        self._meta_row = meta
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._value)
        self._column.addWidget(self._verdict_row)
        self._column.addLayout(meta)
        for label in (self._reason, self._comment, self._trouble):
            self._column.addWidget(label)
        themed(self, self._on_look)

    def show_entry(self, entry: EntryLine, *, struck: bool = False, quiet: bool = False) -> None:
        """`struck`: it is being corrected. `quiet`: what its limit says is drawn beside it, not written here."""
        self._value.setText(entry.value)
        self._value.set_struck(self._struck or struck)
        self._verdict.setText(entry.verdict_words)
        self._verdict_row.setVisible(entry.verdict in OUT and not self._struck and not quiet)
        told = f"{entry.who}, {entry.when}"
        self._meta.setText(f"{told}\n{entry.note}" if entry.note else told)
        self._mark.setVisible(entry.mark is not None)
        if entry.mark is not None:
            self._mark.show_delivery(DELIVERIES[entry.mark])
        self._say(self._reason, entry.reason, self.tr("Reason: {0}"))
        self._say(self._comment, entry.comment, self.tr("Comment: {0}"))
        self._say(self._trouble, entry.trouble, self.tr("Needs attention: {0}"))

    def _say(self, label: Label, words: str, form: str) -> None:
        label.setText(form.format(words))
        label.setVisible(bool(words))

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_1))
        self._meta_row.setSpacing(look.px(GAP_3 if look.scale < 1.3 else GAP_1))
        beside = QBoxLayout.Direction.LeftToRight if look.scale < 1.3 else QBoxLayout.Direction.TopToBottom
        self._meta_row.setDirection(beside)
        layout = self._verdict_row.layout()
        if layout is not None:
            layout.setSpacing(look.px(GAP_2))
