"""Hands and eyes at the window: presses what can be seen, types where a person would, and looks at the result.

Everything is found by the words on it or its accessible name, among widgets that are visible and enabled; what a person
could not press is not pressed. Gestures are real mouse and key events of Qt.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTableView,
    QTextEdit,
    QWidget,
)

T = TypeVar("T")
W = TypeVar("W", bound=QWidget)
PATIENCE: Final = 20.0
_GLANCE: Final = 0.03


class NotSeen(RuntimeError):
    """What the script looked for did not appear in time. The message lists what was there instead."""


class Hands:
    """One person at one window."""

    def __init__(self, window: QWidget) -> None:
        self.window = window

    async def until(self, look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
        """Look again and again until there is something; a person's patience ends after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = look()
            if found is not None and found is not False:
                return found
            if asyncio.get_running_loop().time() > deadline:
                raise NotSeen(f"{what}; seen instead: {', '.join(self.words())[:1500]}")
            await asyncio.sleep(_GLANCE)

    async def press(self, words: str, *, within: QWidget | None = None, seconds: float = PATIENCE) -> None:
        """Press the button that says `words`, once it can be pressed."""
        button = await self.until(
            lambda: self._button(words, within), f"no button to press says {words!r}", seconds
        )
        self._bring_into_view(button)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await asyncio.sleep(0)

    async def write(self, field: str, text: str, *, clear: bool = True, seconds: float = PATIENCE) -> None:
        """Type into the field called `field`, key by key."""
        widget = await self.until(lambda: self._field(field), f"no field is called {field!r}", seconds)
        self._bring_into_view(widget)
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
        widget.setFocus(Qt.FocusReason.MouseFocusReason)
        if clear:
            QTest.keyClick(widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClick(widget, Qt.Key.Key_Delete)
        QTest.keyClicks(widget, text)
        await asyncio.sleep(0)

    async def see(self, words: str, *, seconds: float = PATIENCE) -> None:
        """Wait until `words` can be read somewhere."""
        await self.until(lambda: self.reads(words) or None, f"nobody says {words!r}", seconds)

    def reads(self, words: str) -> bool:
        """Whether `words` stand in some visible text."""
        return any(words in text for text in self.words())

    async def open_row(self, words: str, *, seconds: float = PATIENCE) -> None:
        """Open the row of a visible table that contains `words`."""

        def look() -> tuple[QAbstractItemView, Any] | None:
            for table in self._visible(QAbstractItemView):
                model = table.model()
                for row in range(min(model.rowCount(QModelIndex()), 500)):
                    for column in _columns(table):
                        index = model.index(row, column)
                        if words in str(index.data(Qt.ItemDataRole.DisplayRole) or ""):
                            return table, index
            return None

        table, index = await self.until(look, f"no row contains {words!r}", seconds)
        table.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        place = table.visualRect(index).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        table.setCurrentIndex(index)
        QTest.keyClick(table, Qt.Key.Key_Return)
        await asyncio.sleep(0)

    def of(self, kind: type[W]) -> Iterator[W]:
        """Every visible widget of a kind."""
        return self._visible(kind)

    def words(self) -> list[str]:
        """Everything that can be read now."""
        return [text for text in self._texts() if text]

    def picture(self, path: Path, *, width: int = 1280, height: int = 800) -> Path:
        """Save what the window shows."""
        if self.window.width() != width or self.window.height() != height:
            self.window.resize(width, height)
        self.window.grab().save(str(path))
        return path

    # Looking.

    def _texts(self) -> Iterator[str]:
        for widget in self._visible(QWidget):
            if isinstance(widget, QLabel | QAbstractButton):
                yield widget.text()
            elif isinstance(widget, QLineEdit):
                if widget.echoMode() is QLineEdit.EchoMode.Normal:
                    yield widget.text()
            elif isinstance(widget, QPlainTextEdit | QTextEdit):
                yield widget.toPlainText()
            elif isinstance(widget, QAbstractItemView):
                yield from _cells(widget)
            if widget.accessibleName():
                yield widget.accessibleName()
            if widget.accessibleDescription():
                yield widget.accessibleDescription()

    def _button(self, words: str, within: QWidget | None) -> QAbstractButton | None:
        buttons = [
            each
            for each in self._visible(QAbstractButton)
            if each.isEnabled() and (within is None or within.isAncestorOf(each))
        ]
        for same in (_says_exactly, _says):
            found = [each for each in buttons if same(each, words)]
            if found:
                return found[-1]  # the last made lies on top
        return None

    def _field(self, name: str) -> QWidget | None:
        fields = [
            each
            for kind in (QLineEdit, QPlainTextEdit, QTextEdit)
            for each in self._visible(kind)
            if each.isEnabled() and not each.isReadOnly()
        ]
        for each in reversed(fields):
            if name.casefold() in {each.accessibleName().casefold(), each.placeholderText().casefold()}:
                return each
        for each in reversed(fields):
            if each.accessibleName().casefold().startswith(name.casefold()):
                return each
        return None

    def _visible(self, kind: type[W]) -> Iterator[W]:
        for widget in QApplication.allWidgets():
            if isinstance(widget, kind) and widget.isVisible() and widget.window().isVisible():
                yield widget

    def _bring_into_view(self, widget: QWidget) -> None:
        parent = widget.parentWidget()
        while parent is not None:
            ensure = getattr(parent, "ensureWidgetVisible", None)
            if ensure is not None:
                ensure(widget)
            parent = parent.parentWidget()


def _says_exactly(button: QAbstractButton, words: str) -> bool:
    return words in {button.text().replace("&", ""), button.accessibleName()}


def _says(button: QAbstractButton, words: str) -> bool:
    return button.text().replace("&", "").startswith(words) or button.accessibleName().startswith(words)


def _cells(view: QAbstractItemView) -> Iterator[str]:
    model = view.model()
    for row in range(min(model.rowCount(QModelIndex()), 60)):
        for column in _columns(view):
            yield str(model.index(row, column).data(Qt.ItemDataRole.DisplayRole) or "")


def _columns(view: QAbstractItemView) -> range:
    """A list's model keeps its one column to itself."""
    return range(view.model().columnCount(QModelIndex())) if isinstance(view, QTableView) else range(1)
