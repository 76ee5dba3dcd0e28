"""What may wait until somebody sees something."""

import asyncio
from typing import Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

PATIENCE_SECONDS: Final = 0.5
"""A window that starts minimised is painted when it is looked at: work does not wait for that."""


class _Watcher(QObject):
    def __init__(self, widget: QWidget, seen: asyncio.Event) -> None:
        super().__init__(widget)
        self._seen = seen
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self._seen.set()
        return False


async def first_picture(widget: QWidget) -> None:
    """Return after the widget was painted, half a second later at most."""
    seen = asyncio.Event()
    watcher = _Watcher(widget, seen)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await seen.wait()
    except TimeoutError:
        pass
    finally:
        widget.removeEventFilter(watcher)
        watcher.deleteLater()
