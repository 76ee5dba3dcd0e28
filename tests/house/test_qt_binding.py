"""PySide6 6.12.0 under Python 3.11 drops a reference on None at each void call and on True at each bool signal, until the
process aborts. The pin in pyproject.toml keeps it out; this notices when it comes back."""

import os
import subprocess
import sys

MANY_CALLS = """
import sys
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel

class Switch(QObject):
    turned = Signal(bool)

application = QApplication([])
label, switch, heard = QLabel(), Switch(), []
switch.turned.connect(heard.append)
none, true = sys.getrefcount(None), sys.getrefcount(True)
for number in range(20_000):
    label.setText("x")
for number in range(2_000):
    switch.turned.emit(True)
heard_times = len(heard)
heard.clear()
print(heard_times, none - sys.getrefcount(None), true - sys.getrefcount(True))
"""


def test_void_calls_and_bool_signals_lose_no_reference() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY_CALLS],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    heard, lost_none, lost_true = map(int, done.stdout.split())
    assert heard == 2_000
    assert lost_none < 100
    assert lost_true < 100
