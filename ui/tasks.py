"""The one door from a slot to a coroutine: it holds the task, names it, and sends its failure to one
place.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from PySide6.QtWidgets import QDialog
from shiboken6 import isValid

T = TypeVar("T")

log = logging.getLogger(__name__)


class Tasks:
    """Tasks started by a user's gesture.

    A task is held until it is done (the loop itself holds it only weakly), and its failure goes to
    `report(name, error)`, never to the void. Cancelling is not a failure.
    """

    def __init__(self, report: Callable[[str, BaseException], None]) -> None:
        self._report = report
        self._running: dict[asyncio.Task[Any], str] = {}
        self._closed = False

    def start(self, work: Coroutine[Any, Any, T], *, name: str, once: bool = False) -> asyncio.Task[Any]:
        """Run `work` as a task called `name`; needs a running loop.

        With `once`, a second start of the same name while the first still runs does nothing and answers the
        first: a double tap is one command. After `shutdown` nothing starts any more and the answer is a
        cancelled task.
        """
        if once:
            for task, running in self._running.items():
                if running == name and not task.done():
                    work.close()
                    return task
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running[task] = name
        task.add_done_callback(self._done)
        if self._closed:
            task.cancel()
        return task

    def running(self, name: str) -> bool:
        """Whether a task of that name is not done yet."""
        return any(known == name and not task.done() for task, known in self._running.items())

    async def settle(self) -> None:
        """Wait until everything started so far, and everything that starts, has ended. For tests and for a
        tidy end.
        """
        while others := self._others():
            await asyncio.wait(others)
            await asyncio.sleep(0)  # the done callbacks run on the next turn, and may start more

    async def shutdown(self) -> None:
        """Cancel what runs and wait for its end; what is started later is cancelled at once."""
        self._closed = True
        while others := self._others():
            for task in others:
                task.cancel()
            await asyncio.wait(others)
            await asyncio.sleep(0)

    def _others(self) -> list[asyncio.Task[Any]]:
        current = asyncio.current_task()
        return [task for task in self._running if task is not current]

    def _done(self, task: asyncio.Task[Any]) -> None:
        name = self._running.pop(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("ui.task_failed", exc_info=error, extra={"task": name})
            self._report(name, error)


async def answer(dialog: QDialog) -> int:
    """Open the dialog, wait for its result (`QDialog.DialogCode`), delete it. Never `exec()`, which starves
    the loop.

    A dialog that dies with its parent counts as rejected. Cancelled while waiting, the dialog closes.
    """
    result: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def settle(code: int = int(QDialog.DialogCode.Rejected)) -> None:
        if not result.done():
            result.set_result(code)

    def gone() -> None:
        settle()

    dialog.finished.connect(settle)
    dialog.destroyed.connect(gone)
    dialog.open()
    try:
        code = await result
    except asyncio.CancelledError:
        if isValid(dialog):
            dialog.reject()
            dialog.deleteLater()
        raise
    if isValid(dialog):
        dialog.destroyed.disconnect(gone)
        dialog.deleteLater()
    return code
