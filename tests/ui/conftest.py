"""Views are tested on the client's own loop, without a display, and leave nothing behind."""

import asyncio
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before the first import of PySide6

import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication, QWidget
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
    """No visible window, no running timer of the application and no thread may outlive its test.

    Torn down after `qtbot` closed and deleted what it was given.
    """
    windows_before = {id(widget) for widget in qapp.topLevelWidgets()}
    threads_before = set(threading.enumerate())
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if _windows(qapp, windows_before):
        gc.collect()  # a cycle is no leak
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    windows = _windows(qapp, windows_before)
    names = [f"{type(window).__name__} {window.windowTitle()!r}" for window in windows]
    for window in windows:
        window.hide()
        window.deleteLater()
    timers = [timer for timer in qapp.findChildren(QTimer) if timer.isActive()]
    threads = [each.name for each in threading.enumerate() if each not in threads_before and not each.daemon]
    assert not names, f"windows left open: {names}"
    assert not timers, f"timers left running: {timers}"
    assert not threads, f"threads left running: {threads}"


def _windows(app: QApplication, before: set[int]) -> list[QWidget]:
    return [
        each
        for each in app.topLevelWidgets()
        if isValid(each) and each.isVisible() and id(each) not in before
    ]


@pytest.fixture
async def no_task_is_left_running() -> AsyncIterator[None]:
    """What a test started it also ends: `await tasks.settle()` or `await tasks.shutdown()`."""
    yield
    current = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not current and not task.done()]
    names = [task.get_name() for task in left]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    assert not names, f"tasks left running: {names}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every `async def` test below this directory is watched for tasks that it leaves behind."""
    here = Path(__file__).parent
    for item in items:
        if isinstance(item, pytest.Function) and here in item.path.parents and iscoroutinefunction(item.obj):
            item.fixturenames.append(no_task_is_left_running.__name__)
