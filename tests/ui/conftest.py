"""Views are tested on the client's own loop, without a display, and leave nothing behind."""

import asyncio
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before the first import of PySide6

import gc
from collections.abc import Callable, Iterator, Mapping

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from ui import theme
from ui.loop import make_loop
from ui.tokens import ThemeName


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every `async def` test under tests/ui runs on qasync, as the application does."""
    return {"qasync": _loop}


def _loop() -> asyncio.AbstractEventLoop:
    app = QApplication.instance()
    assert isinstance(app, QApplication), "the qapp fixture comes first"
    return make_loop(app)


@pytest.fixture(autouse=True)
def _light_at_100(qapp: QApplication) -> None:
    """The light theme at 100 %, whatever the test before did."""
    qapp.setQuitOnLastWindowClosed(False)
    if theme.LOOK.value != theme.Look() or qapp.property(theme.PREPARED) is None:
        theme.apply(qapp, ThemeName.LIGHT, 1.0)


@pytest.fixture(autouse=True)
def nothing_is_left_behind(qapp: QApplication) -> Iterator[None]:
    """No visible window, no running timer of ours and no task may outlive its test.

    Set up before and so torn down after `qtbot`, which closes and deletes what it was given.
    """
    before = {id(widget) for widget in qapp.topLevelWidgets()}
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    windows = [w for w in qapp.topLevelWidgets() if isValid(w) and w.isVisible() and id(w) not in before]
    names = [f"{type(w).__name__} {w.windowTitle()!r}" for w in windows]
    for window in windows:
        window.hide()
        window.deleteLater()
    timers = [t for t in qapp.findChildren(QTimer) if t.isActive()]
    assert not names, f"windows left open: {names}"
    assert not timers, f"timers left running: {timers}"
