"""What stands in a list's place while it loads, and only when that takes long enough to be noticed."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from ui.theme import Look, themed
from ui.tokens import GAP_3, Tone
from ui.widgets.label import Label

NOTICED_MS = 300  # what is faster than this only flickers


class Loading(QWidget):
    """Show it when the work starts, hide it when it ends: a sentence and a bar appear after 300 ms."""

    def __init__(self, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = Label(sentence, tone=Tone.NEUTRAL)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(sentence)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(NOTICED_MS)
        self._timer.timeout.connect(self._appear)
        self._column = QVBoxLayout(self)
        self._column.addStretch(1)
        self._column.addWidget(self.sentence, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addWidget(self.bar, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addStretch(2)
        self._vanish()
        themed(self, self._on_look)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self._vanish()

    def _appear(self) -> None:
        self.sentence.show()
        self.bar.show()

    def _vanish(self) -> None:
        self.sentence.hide()
        self.bar.hide()

    def _on_look(self, look: Look) -> None:
        self.bar.setFixedWidth(look.px(240))
        self._column.setSpacing(look.px(GAP_3))
