"""Eyes and hands for benchmarks of the real window: when something was painted, typed keys, a while of work."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from app.client.ports import Records
    from ui.screens.batches.view import BatchesView
    from ui.workplace import Workplace

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.002


class Painted(QObject):
    """Sees when a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self._widget = widget
        self._wanted: Callable[[], bool] = _anything
        self._waiting: asyncio.Future[None] | None = None
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() is QEvent.Type.Paint
            and self._waiting is not None
            and not self._waiting.done()
            and self._wanted()
        ):
            self._waiting.set_result(
                None
            )  # whoever waits goes on after this event, when the picture is there
        return False

    async def once(self) -> None:
        """Wait for the next picture; asks for one, so that a page painted before is painted again."""
        self._widget.update()
        await self.when(_anything)

    async def when(self, wanted: Callable[[], bool]) -> None:
        """Wait for a picture of that which is `wanted`. Looks at no clock: what is measured has the processor."""
        self._wanted = wanted
        self._waiting = asyncio.get_running_loop().create_future()
        await asyncio.wait_for(self._waiting, PATIENCE_SECONDS)


def _anything() -> bool:
    return True


async def until(wanted: Callable[[], bool]) -> None:
    """Look every 2 ms, so that looking costs next to nothing."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not wanted():  # noqa: ASYNC110  it watches the product from outside, which sets no event for it
            await asyncio.sleep(LOOK_SECONDS)


def type_keys(widget: QWidget, text: str) -> None:
    """Key presses as the window system sends them; they arrive when the loop turns."""
    for letter in text:
        key = Qt.Key(ord(letter.upper()))
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, letter)
            QCoreApplication.postEvent(widget, event)


async def listed(workplace: "Workplace") -> "BatchesView":
    """The batch list, with its first rows painted."""
    from ui.screens.batches.view import BatchesView
    from ui.workplace_model import BATCHES

    await until(lambda: workplace.shell.current == BATCHES)
    view = workplace.shell.page(BATCHES)
    if not isinstance(view, BatchesView):
        raise TypeError(f"the list is a {type(view).__name__}")
    await until(lambda: view.model.rowCount() > 0 and view.model.batch_at(0) is not None)
    await Painted(view.table.viewport()).once()
    return view


async def sign_in(workplace: "Workplace", login: str, password: str) -> "BatchesView":
    """Sign in on the page, and wait for the list."""
    from ui.screens.sign_in.view import SignInView
    from ui.workplace_model import SIGN_IN

    page = workplace.shell.page(SIGN_IN)
    if not isinstance(page, SignInView):
        raise TypeError(f"the sign-in page is a {type(page).__name__}")
    page.login.setText(login)
    page.password.setText(password)
    page.enter.click()
    return await listed(workplace)


async def at_work(workplace: "Workplace", records: "Records", rounds: int) -> None:
    """What a person does in an hour, without their pauses: lists, searches, batches, every page."""
    from ui.workplace_model import DEVIATIONS, REVIEW, SYNC

    workplace.open_batches()
    view = await listed(workplace)
    bar = view.table.verticalScrollBar()
    for turn in range(rounds):
        bar.setValue(bar.maximum() * turn // max(rounds, 1))
        await workplace.tasks.settle()
        for words in ("a", "aml", f"aml-25-{turn:03d}", "lot"):
            view.search.setText(words)
            view.search.returnPressed.emit()
            await workplace.tasks.settle()
            view.table.viewport().repaint()
        view.search.clear()
        await workplace.tasks.settle()
        bar.setValue(0)
        row = view.model.batch_at(turn % 50)
        if row is not None:
            workplace.open_batch(row.id)
            await workplace.tasks.settle()
            await asyncio.sleep(0)
            file = await records.batch(row.id)
            if file is not None and file.batch.stage_key:
                workplace.open_stage(row.id, file.batch.stage_key)
                await workplace.tasks.settle()
            workplace.open_review(row.id)
            await workplace.tasks.settle()
        for page in (DEVIATIONS, REVIEW, SYNC):
            workplace.shell.go(page)
            await workplace.tasks.settle()
            workplace.shell.repaint()
        workplace.open_batches()
        await workplace.tasks.settle()
