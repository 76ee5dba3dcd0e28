"""The application's event loop: asyncio on Qt. The only module that knows qasync (its traps are kept
here).
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import qasync
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

log = logging.getLogger(__name__)


def make_loop(app: QApplication) -> asyncio.AbstractEventLoop:
    """A loop that is not running yet. Closing the last window must not stop it: a lock screen or a dialog
    may be next.
    """
    app.setQuitOnLastWindowClosed(False)
    return qasync.QEventLoop(app, already_running=False)


def run(app: QApplication, main: Coroutine[Any, Any, int]) -> int:
    """Run `main` to its end and answer its exit code.

    The order at the end: what `main` itself closed in its own `finally` (clients, files), then every task
    left over is cancelled and awaited, then deleted widgets are really deleted, then the loop closes.
    """
    loop = make_loop(app)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(_cancel_leftovers())
        loop.run_until_complete(loop.shutdown_asyncgens())
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        asyncio.set_event_loop(None)
        loop.close()


async def _cancel_leftovers() -> None:
    current = asyncio.current_task()
    leftovers = [task for task in asyncio.all_tasks() if task is not current]
    for task in leftovers:
        task.cancel()
    results = await asyncio.gather(*leftovers, return_exceptions=True)
    for task, result in zip(leftovers, results, strict=True):
        if isinstance(result, Exception):
            log.error("ui.task_failed_at_exit", exc_info=result, extra={"task": task.get_name()})
