"""Search as you type, after a pause."""

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QLineEdit, QWidget

from ui.icons import Icon, paint_icon
from ui.theme import LOOK, Look, themed
from ui.widgets.button import IconButton
from ui.widgets.overlay import is_escape

PAUSE_MS = 150  # the list answers a keystroke within 30 ms; this saves it the keystrokes in between


class SearchField(QLineEdit):
    """`searched` is emitted with the stripped text after a pause, on Enter, and at once when cleared.

    Ctrl+F anywhere in the window brings the keyboard here while the field is visible; Escape clears it first.
    """

    searched = Signal(str)

    def __init__(self, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._last = ""
        placeholder = placeholder or self.tr("Search")
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setToolTip(self.tr("Search (Ctrl+F)"))
        self._clear = IconButton(Icon.CROSS, self.tr("Clear the search"), parent=self)
        self._clear.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Escape does the same from the keyboard
        self._clear.setCursor(Qt.CursorShape.ArrowCursor)
        self._clear.hide()
        self._clear.clicked.connect(self._on_clear)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._tell)
        self.textChanged.connect(self._on_text)
        self.returnPressed.connect(self._tell)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        shortcut.activated.connect(self._take_keyboard)
        themed(self, self._on_look)

    def set_text_quietly(self, text: str) -> None:
        """Show a text that came from the state, without searching for it again."""
        self._last = text.strip()
        if text != self.text():
            blocked = self.blockSignals(True)
            self.setText(text)
            self.blockSignals(blocked)
            self._clear.setVisible(bool(text))

    def event(self, event: QEvent) -> bool:
        """Claim Escape while there is something to clear; without text it belongs to the page."""
        if is_escape(event) and self.text():
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self._on_clear()
            return
        super().keyPressEvent(event)

    def _on_text(self, text: str) -> None:
        self._clear.setVisible(bool(text))
        if text.strip():
            self._timer.start()
        else:
            self._tell()

    def _on_clear(self) -> None:
        self.clear()

    def _tell(self) -> None:
        self._timer.stop()
        wanted = self.text().strip()
        if wanted != self._last:
            self._last = wanted
            self.searched.emit(wanted)

    def _take_keyboard(self) -> None:
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._clear.setGeometry(self.width() - self.height(), 0, self.height(), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        look = LOOK.value
        side = look.px(18)
        painter = QPainter(self)
        middle = (self.height() - side) / 2
        paint_icon(painter, Icon.SEARCH, look.tokens.muted, QRectF(look.px(13), middle, side, side))
        painter.end()

    def _on_look(self, look: Look) -> None:
        self.setTextMargins(look.px(26), 0, look.px(28), 0)
