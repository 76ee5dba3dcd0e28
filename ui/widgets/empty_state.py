"""What a list says when it has nothing: why, and the first thing to do."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.icons import Icon
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_4, GAP_6, Tone, Type
from ui.widgets.banner import Mark
from ui.widgets.button import Button, ButtonKind
from ui.widgets.label import Label


class EmptyState(QWidget):
    """Icon, a title, a sentence, an action."""

    acted = Signal()

    def __init__(
        self,
        icon: Icon,
        title: str,
        sentence: str = "",
        *,
        action: str = "",
        tone: Tone = Tone.NEUTRAL,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._mark = Mark(icon, tone, 40)
        self.title = Label(title, Type.SUBTITLE, wrap=True)
        self.sentence = Label(sentence, Type.BODY, Tone.NEUTRAL, wrap=True)
        self.button = Button(action, kind=ButtonKind.SECONDARY)
        self.button.clicked.connect(self._on_clicked)
        self._column.addStretch(1)
        self._column.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self.title, self.sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._column.addWidget(label)
        self._column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addStretch(2)
        self.say(icon, title, sentence, action=action, tone=tone)
        themed(self, self._on_look)

    def say(
        self, icon: Icon, title: str, sentence: str = "", *, action: str = "", tone: Tone = Tone.NEUTRAL
    ) -> None:
        self._mark.set(icon, tone)
        self.title.setText(title)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self.button.setText(action)
        self.button.setVisible(bool(action))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low place the picture goes first, then the sentence; title and action stay whole."""
        super().resizeEvent(event)
        px, height = LOOK.value.px, self.height()
        self._mark.setVisible(height >= px(220))
        self.sentence.setVisible(bool(self.sentence.text()) and height >= px(150))

    def _on_clicked(self) -> None:
        self.acted.emit()

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, gap, gap, gap)
        self._column.setSpacing(look.px(GAP_2))
        self.sentence.setContentsMargins(0, 0, 0, look.px(GAP_4) - look.px(GAP_2))
