"""A panel over the window: inside it, not another window, so that a scanner and the lock still reach it."""

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout, QWidget
from shiboken6 import isValid

from ui.paint import box
from ui.theme import LOOK, Look, themed
from ui.tokens import RADIUS_CARD


def is_escape(event: QEvent) -> bool:
    """Whether Qt asks who wants Escape before it looks for shortcuts."""
    asks = event.type() == QEvent.Type.ShortcutOverride
    return asks and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape


class Panel(QFrame):
    """The box on the scrim."""

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = LOOK.value.tokens
        painter = QPainter(self)
        box(painter, self.rect(), RADIUS_CARD, tokens.surface, tokens.border)
        painter.end()


class Overlay(QWidget):
    """Covers its host while open; Escape or a tap beside the panel closes it and gives the keyboard back."""

    closed = Signal()

    def __init__(self, host: QWidget, *, width: int = 640, top: int | None = None) -> None:
        super().__init__(host)
        self._host = host
        self._width = width
        self._top = top
        self._before: QWidget | None = None
        self.panel = Panel(self)
        self.body = QVBoxLayout(self.panel)
        self.hide()
        host.installEventFilter(self)
        themed(self, self._on_look)

    def open(self) -> None:
        if self.isVisible():
            return
        self._before = QApplication.focusWidget()
        self._place()
        self.show()
        self.raise_()
        self._place()

    def close_overlay(self) -> None:
        if not self.isVisible():
            return
        self.hide()
        before, self._before = self._before, None
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        if is_escape(event):
            event.accept()  # Escape closes this, not the page below
            return True
        return super().event(event)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002, the name is Qt's
        """Tab stays inside the panel while it is open."""
        inside = [
            child
            for child in self.panel.findChildren(QWidget)
            if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisible() and child.isEnabled()
        ]
        if not inside:
            return False
        current = QApplication.focusWidget()
        place = inside.index(current) if current in inside else -1
        inside[(place + (1 if next else -1)) % len(inside)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_overlay()
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.panel.geometry().contains(event.position().toPoint()):
            self.close_overlay()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        scrim = QColor(LOOK.value.tokens.scrim)
        scrim.setAlphaF(0.45)
        painter.fillRect(self.rect(), scrim)
        painter.end()

    def _place(self) -> None:
        px = LOOK.value.px
        self.setGeometry(self._host.rect())
        width = min(px(self._width), self.width() - px(48))
        wished = self.body.heightForWidth(width) if self.body.hasHeightForWidth() else -1
        height = min(max(wished, self.panel.sizeHint().height()), self.height() - px(64))
        left = (self.width() - width) // 2
        top = px(self._top) if self._top is not None else (self.height() - height) // 2
        self.panel.setGeometry(QRect(left, top, width, height))

    def _on_look(self, look: Look) -> None:
        gap = look.px(16)
        self.body.setContentsMargins(gap, gap, gap, gap)
        self.body.setSpacing(look.px(8))
        if self.isVisible():
            self._place()
