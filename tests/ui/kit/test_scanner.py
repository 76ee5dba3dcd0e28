"""A scan is not typing."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ui.scanner import ScannerFilter


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _press(handle: QWindow, character: str) -> None:
    """One character as the window system delivers it: to the window, which passes it on to the focus."""
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        event = QKeyEvent(kind, ord(character.upper()), Qt.KeyboardModifier.NoModifier, character)
        QApplication.sendEvent(handle, event)


class Bench:
    """A window with a default button, a line and a box, and a scanner whose pace the test sets."""

    def __init__(self, qtbot: QtBot, qapp: QApplication, prefix: str = "", suffix: str = "") -> None:
        self.clock = Clock()
        self.filter = ScannerFilter(clock_ms=self.clock, prefix=prefix, suffix=suffix)
        self.window = QDialog()
        column = QVBoxLayout(self.window)
        self.line, self.box, self.button = QLineEdit(), QPlainTextEdit(), QPushButton("Sign")
        self.button.setDefault(True)
        for widget in (self.line, self.box, self.button):
            column.addWidget(widget)
        self.pressed: list[bool] = []
        self.button.clicked.connect(lambda: self.pressed.append(True))
        self.scanned: list[str] = []
        self.unknown: list[str] = []
        self.filter.scanned.connect(self.scanned.append)
        self.filter.unknown.connect(self.unknown.append)
        qtbot.addWidget(self.window)
        self.window.show()
        self.window.activateWindow()
        self._app = qapp
        qapp.installEventFilter(self.filter)

    def type(self, text: str, gap_ms: float, end: Qt.Key | None = Qt.Key.Key_Return) -> None:
        handle = self.window.windowHandle()
        assert handle is not None
        for character in text:
            self.clock.now += gap_ms
            _press(handle, character)
        if end is not None:
            self.clock.now += gap_ms
            QTest.keyClick(handle, end)

    def close(self) -> None:
        self._app.removeEventFilter(self.filter)


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication) -> Iterator[Bench]:
    made = Bench(qtbot, qapp)
    yield made
    made.close()


def test_a_scan_is_recognised_and_its_enter_presses_nothing(bench: Bench) -> None:
    bench.line.setFocus()
    bench.type("LOT-2026-0815", gap_ms=8)
    assert bench.scanned == ["LOT-2026-0815"]
    assert bench.pressed == []


@pytest.mark.parametrize("end", [Qt.Key.Key_Enter, Qt.Key.Key_Tab])
def test_keypad_enter_and_tab_end_a_scan_too_and_are_swallowed(bench: Bench, end: Qt.Key) -> None:
    bench.line.setFocus()
    bench.type("EQ-00417", gap_ms=5, end=end)
    assert bench.scanned == ["EQ-00417"]
    assert bench.line.hasFocus()


def test_what_was_half_typed_is_as_before_the_scan(bench: Bench) -> None:
    bench.line.setText("25.0")
    bench.line.setFocus()
    bench.line.setCursorPosition(2)
    bench.type("LOT-2026-0815", gap_ms=8)
    assert (bench.line.text(), bench.line.cursorPosition()) == ("25.0", 2)
    bench.line.setSelection(0, 2)
    bench.type("LOT-2026-0815", gap_ms=8)
    assert (bench.line.text(), bench.line.selectedText()) == ("25.0", "25")
    bench.box.setPlainText("Feeder empty")
    bench.box.setFocus()
    bench.type("LOT-2026-0815", gap_ms=8)
    assert bench.box.toPlainText() == "Feeder empty"


def test_slow_typing_is_typing_and_its_enter_works(bench: Bench) -> None:
    bench.line.setFocus()
    bench.type("LOT-2026-0815", gap_ms=90)
    assert bench.scanned == []
    assert bench.line.text() == "LOT-2026-0815"
    assert bench.pressed == [True]


def test_a_short_burst_is_typing(bench: Bench) -> None:
    bench.line.setFocus()
    bench.type("25.4", gap_ms=10)
    assert bench.scanned == []
    assert bench.line.text() == "25.4"


def test_typing_before_a_scan_does_not_become_part_of_it(bench: Bench) -> None:
    bench.line.setFocus()
    bench.type("12", gap_ms=120, end=None)
    bench.clock.now += 400
    bench.type("LOT-2026-0815", gap_ms=8)
    assert bench.scanned == ["LOT-2026-0815"]
    assert bench.line.text() == "12"


def test_the_code_goes_to_the_visible_owner_that_can_take_it_whatever_has_the_focus(
    bench: Bench, qtbot: QtBot
) -> None:
    lots: list[str] = []

    def take_lot(code: str) -> bool:
        if code.startswith("LOT-"):
            lots.append(code)
            return True
        return False

    hidden = QWidget()
    qtbot.addWidget(hidden)
    bench.filter.claim(bench.window, take_lot)
    bench.filter.claim(hidden, lambda code: pytest.fail(f"hidden, yet given {code}"))
    bench.box.setFocus()
    bench.type("LOT-2026-0815", gap_ms=8)
    bench.type("WHAT-IS-THIS", gap_ms=8)
    assert lots == ["LOT-2026-0815"]
    assert bench.unknown == ["WHAT-IS-THIS"]


def test_prefix_and_suffix_of_the_scanner_are_taken_off(qtbot: QtBot, qapp: QApplication) -> None:
    bench = Bench(qtbot, qapp, prefix="~", suffix="#")
    bench.line.setFocus()
    bench.type("~LOT-2026-0815#", gap_ms=8)
    assert bench.scanned == ["LOT-2026-0815"]
    bench.type("LOT-2026-0815", gap_ms=8, end=None)
    assert bench.scanned == ["LOT-2026-0815"]
    bench.close()
