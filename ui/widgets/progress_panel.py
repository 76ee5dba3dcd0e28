"""Long work shows how far it is, and can be cancelled."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from ui.theme import Look, themed
from ui.tokens import GAP_2, GAP_4, Tone, Type
from ui.widgets.button import Button, ButtonKind
from ui.widgets.label import Label


class ProgressPanel(QWidget):
    cancelled = Signal()

    def __init__(self, title: str, *, can_cancel: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = Label(title, Type.STRONG, wrap=True)
        self._share = Label("", Type.STRONG, Tone.NEUTRAL)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(title)
        self._detail = Label("", Type.CAPTION, Tone.NEUTRAL, wrap=True)
        self.cancel = Button(self.tr("Cancel"), kind=ButtonKind.SECONDARY)
        self.cancel.setVisible(can_cancel)
        self.cancel.clicked.connect(self._on_cancel)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._share)
        text = QVBoxLayout()
        text.addLayout(head)
        text.addWidget(self._bar)
        text.addWidget(self._detail)
        self._text = text
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addLayout(text, 1)
        self._row.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignVCenter)
        self.show_progress(0, None)
        themed(self, self._on_look)

    def show_progress(self, done: int, total: int | None, detail: str = "", title: str = "") -> None:
        """`total` None: nobody knows how much it is; the bar then runs without an end."""
        if title:
            self._title.setText(title)
            self._bar.setAccessibleName(title)
        self._bar.setRange(0, total or 0)
        self._bar.setValue(min(done, total) if total else 0)
        self._share.setText(f"{done * 100 // total} %" if total else "")
        self._detail.setText(detail)

    def show_cancelling(self) -> None:
        """Say that the wish was heard; what is under way comes to a safe end first."""
        self.cancel.offer(False, self.tr("Stopping at the next safe point"))
        self._detail.setText(self.tr("Stopping at the next safe point …"))

    def _on_cancel(self) -> None:
        self.show_cancelling()
        self.cancelled.emit()

    def _on_look(self, look: Look) -> None:
        self._text.setSpacing(look.px(GAP_2))
        self._row.setSpacing(look.px(GAP_4))
