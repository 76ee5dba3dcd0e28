"""Toasts: for what needs no answer. They never take the keyboard: a scanner may be in the middle of a
code.
"""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui.icons import Icon
from ui.paint import box
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_3, GAP_4, RADIUS, Tone
from ui.widgets.banner import Mark
from ui.widgets.button import IconButton
from ui.widgets.label import Label

SHOWN_MS = 6000
AT_ONCE = 1  # a second one would cover what is worked at; all stay readable in `history`
WIDTH = 440
REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class Message:
    """A toast that was shown."""

    text: str
    tone: Tone
    icon: Icon


class Toast(QFrame):
    gone = Signal()

    def __init__(self, message: Message, shown_ms: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.message = message
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._row = QHBoxLayout(self)
        self._row.addWidget(Mark(message.icon, message.tone), 0, Qt.AlignmentFlag.AlignVCenter)
        self._label = Label(message.text, wrap=True)
        self._row.addWidget(self._label, 1)
        self._close = IconButton(Icon.CROSS, self.tr("Close"))
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close.clicked.connect(self._on_done)
        self._row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(shown_ms)
        self._timer.timeout.connect(self._on_done)
        self._timer.start()
        themed(self, self._on_look)

    @property
    def paused(self) -> bool:
        return not self._timer.isActive()

    def height_for(self, width: int) -> int:
        """How high the toast is at that width, its text wrapped."""
        return max(self._row.heightForWidth(width), self._row.minimumSize().height())

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = LOOK.value.tokens
        painter = QPainter(self)
        box(painter, self.rect(), RADIUS, tokens.surface, tokens.border)
        painter.end()

    def _on_done(self) -> None:
        self._timer.stop()
        self.gone.emit()

    def _on_look(self, look: Look) -> None:
        self._row.setContentsMargins(look.px(GAP_4), look.px(4), look.px(4), look.px(4))
        self._row.setSpacing(look.px(GAP_3))
        self.setFixedWidth(look.px(WIDTH))


class ToastArea(QWidget):
    """The top middle of `over` (the lower corners belong to the actions of a step).

    The newest takes the place of the one before; all are kept in `history`, newest first.
    """

    def __init__(self, host: QWidget, *, over: QWidget | None = None, shown_ms: int = SHOWN_MS) -> None:
        super().__init__(host)
        self._host = host
        self._shown_ms = shown_ms
        self._over = over or host
        self._history: list[Message] = []
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        host.installEventFilter(self)
        self.hide()
        themed(self, self._on_look)

    @property
    def history(self) -> tuple[Message, ...]:
        return tuple(self._history)

    def say(self, text: str, tone: Tone = Tone.NEUTRAL, icon: Icon = Icon.CHECK) -> None:
        """Show a toast for at least five seconds. Errors do not belong here: they need a banner or stand
        at the field.
        """
        message = Message(text, tone, icon)
        self._history.insert(0, message)
        del self._history[REMEMBERED:]
        toast = Toast(message, self._shown_ms, self)
        toast.gone.connect(self._on_gone)
        self._column.addWidget(toast)
        toast.show()
        shown = self.shown()
        for oldest in shown[: max(len(shown) - AT_ONCE, 0)]:
            self._remove(oldest)
        self.show()
        self.raise_()
        self._place()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def shown(self) -> list[Toast]:
        items = (self._column.itemAt(i) for i in range(self._column.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, Toast)]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _on_gone(self) -> None:
        toast = self.sender()
        if isinstance(toast, Toast):
            self._remove(toast)

    def _remove(self, toast: Toast) -> None:
        self._column.removeWidget(toast)
        toast.hide()
        toast.deleteLater()
        if self.shown():
            self._place()
        else:
            self.hide()

    def _place(self) -> None:
        px = LOOK.value.px
        width = px(WIDTH)
        gap = self._column.spacing()
        height = sum(toast.height_for(width) + gap for toast in self.shown())
        corner = self._over.mapTo(self._host, QPoint((self._over.width() - width) // 2, px(GAP_2)))
        self.setGeometry(corner.x(), corner.y(), width, height)

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_2))
        if self.isVisible():
            self._place()
