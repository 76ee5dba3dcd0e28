"""A banner says what lasts: offline, a clock that is off, a refusal. It goes when its reason goes."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from ui.icons import Icon, paint_icon
from ui.paint import box
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_3, GAP_4, RADIUS, Tone
from ui.widgets.button import Button, ButtonKind
from ui.widgets.label import Label
from ui.widgets.status_chip import MARKS


class Mark(QWidget):
    """An icon in a tone, beside the word that says the same."""

    def __init__(
        self, icon: Icon, tone: Tone | None = None, size: int = 20, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon, self._tone, self._size = icon, tone, size
        themed(self, self._on_look)

    def set(self, icon: Icon, tone: Tone | None) -> None:
        self._icon, self._tone = icon, tone
        self.update()

    def sizeHint(self) -> QSize:
        side = LOOK.value.px(self._size)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = LOOK.value.tokens
        painter = QPainter(self)
        color = tokens.ink(self._tone) if self._tone else tokens.text
        paint_icon(painter, self._icon, color, QRectF(self.rect()))
        painter.end()

    def _on_look(self, look: Look) -> None:
        self.setFixedSize(look.px(self._size), look.px(self._size))
        self.update()


class Banner(QFrame):
    """Icon, text and at most one action. `edge=True` is the full-width form below the top bar."""

    acted = Signal()

    def __init__(
        self,
        text: str = "",
        *,
        tone: Tone = Tone.INFO,
        icon: Icon | None = None,
        action: str = "",
        edge: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._tone = tone
        self._edge = edge
        self._row = QHBoxLayout(self)
        self._mark = Mark(icon or MARKS[tone], tone)
        self.label = Label(text, wrap=True)
        self.button = Button(action, kind=ButtonKind.SECONDARY)
        self.button.setVisible(bool(action))
        self.button.clicked.connect(self._on_clicked)
        self._row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addWidget(self.label, 1)
        self._row.addWidget(self.button)
        themed(self, self._on_look)

    @property
    def tone(self) -> Tone:
        return self._tone

    def say(self, text: str, tone: Tone, *, icon: Icon | None = None, action: str = "") -> None:
        self._tone = tone
        self._mark.set(icon or MARKS[tone], tone)
        self.label.setText(text)
        self.button.setText(action)
        self.button.setVisible(bool(action))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = LOOK.value.tokens
        painter = QPainter(self)
        box(painter, self.rect(), 0 if self._edge else RADIUS, tokens.ground(self._tone))
        painter.end()

    def _on_clicked(self) -> None:
        self.acted.emit()

    def _on_look(self, look: Look) -> None:
        side, top = look.px(GAP_4), look.px(4 if self._edge else 6)
        self._row.setContentsMargins(look.px(24) if self._edge else side, top, side, top)
        self._row.setSpacing(look.px(GAP_3))
        self.setMinimumHeight(look.px(44 if self._edge else 52))
        self.update()
