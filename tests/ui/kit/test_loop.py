"""The application's own loop, idle watch, and what must not be imported at the start."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
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


def test_an_idle_station_is_noticed_once_and_a_touch_starts_anew(qtbot: QtBot, qapp: QApplication) -> None:
    watch = IdleWatch(timedelta(milliseconds=150))
    qapp.installEventFilter(watch)
    line = QLineEdit()
    qtbot.addWidget(line)
    line.show()
    with qtbot.assertNotEmitted(watch.idle, wait=0):
        for _ in range(5):
            QTest.qWait(50)
            QTest.keyClick(line, Qt.Key.Key_A)
    with qtbot.waitSignal(watch.idle, timeout=2000):
        pass
    with qtbot.assertNotEmitted(watch.idle, wait=300):
        pass
    watch.touch()
    with qtbot.waitSignal(watch.idle, timeout=2000):
        pass
    qapp.removeEventFilter(watch)


@pytest.mark.parametrize("seconds", [0, -3])
def test_a_wait_of_nothing_is_still_a_wait(qapp: QApplication, qtbot: QtBot, seconds: int) -> None:
    watch = IdleWatch(timedelta(seconds=seconds))
    with qtbot.waitSignal(watch.idle, timeout=1000):
        pass
