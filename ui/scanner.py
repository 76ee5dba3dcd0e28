"""A barcode scanner is a keyboard that types very fast and ends with Enter or Tab.

The filter tells a scan from typing by its pace, takes the characters back from whatever field they fell into, and
swallows the terminator, so that Enter never presses a default button.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor, QWindow
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget
from shiboken6 import isValid

GAP_MS: Final = 35
SHORTEST: Final = 6
GROUP_SEPARATOR: Final = (
    "\x1d"  # GS1: ends a field of variable length; every other control character is noise
)


@dataclass(frozen=True, slots=True)
class _Before:
    """A field as it was before the first character of what may become a scan."""

    widget: QWidget
    text: str
    cursor: int
    selected: int  # length of the selection that starts at the cursor


def monotonic_ms() -> float:
    return time.monotonic() * 1000


class ScannerFilter(QObject):
    """Install with `app.installEventFilter(filter)`. Receivers are asked newest first: `claim(takes)`.

    `scanned` is emitted for every scan with what it said, `unknown` when nobody took it.
    """

    scanned = Signal(str)
    unknown = Signal(str)

    def __init__(
        self,
        *,
        gap_ms: int = GAP_MS,
        shortest: int = SHORTEST,
        prefix: str = "",
        suffix: str = "",
        clock_ms: Callable[[], float] = monotonic_ms,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._gap_ms = gap_ms
        self._shortest = shortest
        self._prefix, self._suffix = prefix, suffix
        self._clock_ms = clock_ms
        self._burst = ""
        self._last_ms = float("-inf")
        self._before: _Before | None = None
        self._swallow_release: int | None = None
        self._takers: list[tuple[QObject, Callable[[str], bool]]] = []

    def claim(self, owner: QWidget, takes: Callable[[str], bool]) -> None:
        """Offer scans to `takes` while `owner` is visible; it answers whether it could use the code."""
        self._takers.insert(0, (owner, takes))
        owner.destroyed.connect(self._drop_dead)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Every key reaches a QWindow exactly once, before it wanders through widgets.
        if not isinstance(watched, QWindow) or not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.KeyRelease:
            return self._released(event)
        if event.type() != QEvent.Type.KeyPress or event.isAutoRepeat():
            return False
        now = self._clock_ms()
        in_burst = now - self._last_ms <= self._gap_ms
        self._last_ms = now
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
            return self._ended(event.key(), in_burst)
        character = event.text()
        if not character or (not character.isprintable() and character != GROUP_SEPARATOR):
            if event.key() not in (Qt.Key.Key_Shift, Qt.Key.Key_AltGr, Qt.Key.Key_Control, Qt.Key.Key_Alt):
                self._burst = ""
            return False
        if not in_burst or not self._burst:
            self._burst = ""
            self._before = _snapshot()
        self._burst += character
        return False

    def _ended(self, key: int, in_burst: bool) -> bool:
        burst, self._burst = self._burst, ""
        if not in_burst or len(burst) < self._shortest:
            return False
        code = burst
        if self._prefix:
            if not code.startswith(self._prefix):
                return False
            code = code.removeprefix(self._prefix)
        code = code.removesuffix(self._suffix) if self._suffix else code
        self._swallow_release = key
        _restore(self._before)
        self._before = None
        self._deliver(code.strip())
        return True

    def _released(self, event: QKeyEvent) -> bool:
        if self._swallow_release == event.key():
            self._swallow_release = None
            return True
        return False

    def _deliver(self, code: str) -> None:
        self.scanned.emit(code)
        for owner, takes in tuple(self._takers):
            if isValid(owner) and isinstance(owner, QWidget) and owner.isVisible() and takes(code):
                return
        self.unknown.emit(code)

    def _drop_dead(self) -> None:
        self._takers = [(owner, takes) for owner, takes in self._takers if isValid(owner)]


def _snapshot() -> _Before | None:
    widget = QApplication.focusWidget()
    if isinstance(widget, QLineEdit):
        start = widget.selectionStart()
        selected = len(widget.selectedText())
        return _Before(widget, widget.text(), start if selected else widget.cursorPosition(), selected)
    if isinstance(widget, QPlainTextEdit):
        cursor = widget.textCursor()
        selected = cursor.selectionEnd() - cursor.selectionStart()
        return _Before(widget, widget.toPlainText(), cursor.selectionStart(), selected)
    return None


def _restore(before: _Before | None) -> None:
    if before is None or not isValid(before.widget):
        return
    widget = before.widget
    if isinstance(widget, QLineEdit):
        widget.setText(before.text)
        widget.setCursorPosition(before.cursor)
        if before.selected:
            widget.setSelection(before.cursor, before.selected)
    elif isinstance(widget, QPlainTextEdit):
        widget.setPlainText(before.text)
        cursor = widget.textCursor()
        cursor.setPosition(before.cursor)
        cursor.setPosition(before.cursor + before.selected, QTextCursor.MoveMode.KeepAnchor)
        widget.setTextCursor(cursor)
