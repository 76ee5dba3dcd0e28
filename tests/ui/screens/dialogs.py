"""Waiting for a dialog as a person does."""

import asyncio

from PySide6.QtWidgets import QApplication

from ui.widgets import SignDialog


async def turns(count: int = 30) -> None:
    """Let the loop turn some times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until_dialog() -> SignDialog:
    """The sign dialog, once it is open."""
    for _ in range(100):
        await asyncio.sleep(0)
        for each in QApplication.topLevelWidgets():
            if isinstance(each, SignDialog) and each.isVisible():
                return each
    raise AssertionError("no dialog opened")
