"""The application's own loop, idle watch, and what must not be imported at the start."""

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from ui.idle import IdleWatch

ROOT = Path(__file__).resolve().parents[3]

RUN = """
import asyncio, sys
from PySide6.QtWidgets import QApplication, QWidget
from ui.loop import run

app = QApplication([])
seen = []

async def forever():
    try:
        await asyncio.Event().wait()
    finally:
        seen.append("cancelled")

async def main():
    task = asyncio.ensure_future(forever())
    window = QWidget()
    window.show()
    await asyncio.sleep(0.01)
    window.close()          # the last window: must not end the loop
    await asyncio.sleep(0.01)
    seen.append("after the last window")
    return 7

code = run(app, main())
assert seen == ["after the last window", "cancelled"], seen
sys.exit(code)
"""

LATE = """
import sys
import ui.widgets, ui.window, ui.scanner, ui.idle
late = {"numpy", "httpx", "sqlalchemy", "PySide6.QtNetwork", "PySide6.QtPrintSupport", "qasync"}
assert not late & set(sys.modules), late & set(sys.modules)
"""


def python(source: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", source]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


def test_the_loop_outlives_the_last_window_and_ends_tidily() -> None:
    done = python(RUN)
    assert (done.returncode, done.stdout) == (7, ""), done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_heavy_is_imported_with_the_kit() -> None:
    done = python(LATE)
    assert done.returncode == 0, done.stderr


def test_an_idle_station_is_noticed_once_and_a_touch_starts_anew(qtbot: QtBot) -> None:
    line = QLineEdit()
    qtbot.addWidget(line)
    line.show()
    noticed: list[bool] = []
    watch = IdleWatch(0.15 / 60, lambda: noticed.append(True), line)
    for _ in range(5):
        QTest.qWait(50)
        QTest.keyClick(line, Qt.Key.Key_A)
    assert noticed == []
    qtbot.waitUntil(lambda: noticed == [True], timeout=2000)
    QTest.qWait(250)
    assert noticed == [True]
    QTest.keyClick(line, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: noticed == [True, True], timeout=2000)
    QTest.keyClick(line, Qt.Key.Key_A)
    watch.stop()
    QTest.qWait(250)
    assert noticed == [True, True]


def test_without_a_limit_nobody_is_locked_out(qtbot: QtBot) -> None:
    line = QLineEdit()
    qtbot.addWidget(line)
    noticed: list[bool] = []
    watch = IdleWatch(0, lambda: noticed.append(True), line)
    QTest.qWait(100)
    assert noticed == []
    watch.stop()
