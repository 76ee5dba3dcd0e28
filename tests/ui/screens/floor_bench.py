"""One workstation with the shop floor's pages on it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from app.domain.permissions import Role
from tests.support.desk import SampleDesk, sample_desk
from tests.support.screens import SMALL
from tests.ui.screens.went import Went
from ui.drafts import MemoryDrafts
from ui.screens.batches.overview import OverviewView
from ui.screens.batches.overview_model import OverviewViewModel
from ui.screens.batches.view import BatchesView
from ui.screens.batches.view_model import BatchesViewModel
from ui.screens.stage.view import StageView
from ui.screens.stage.view_model import StageViewModel
from ui.tasks import Tasks

D = TypeVar("D", bound=QDialog)


def _report(name: str, error: BaseException) -> None:
    raise AssertionError(name) from error


class FloorBench:
    """`await bench.stage(...)`, `await bench.overview(...)`, `await bench.list_page()`: shown and settled."""

    def __init__(self, qtbot: QtBot, role: Role = Role.PRODUCTION_OFFICER, *, offline: bool = False) -> None:
        self.qtbot = qtbot
        self.desk: SampleDesk = sample_desk(signed_in=role, offline=offline)
        self.went = Went()
        self.tasks = Tasks(_report)
        self.drafts = MemoryDrafts()

    def clock(self) -> datetime:
        return self.desk.world.now

    async def stage(self, number: str, stage_key: str, step_key: str = "") -> StageView:
        view = StageView(StageViewModel(self.desk, self.clock, self.drafts), self.tasks, self.went)
        self.show(view)
        view.open(self.desk.batch_id(number), stage_key, step_key)
        await self.tasks.settle()
        return view

    async def overview(self, number: str) -> OverviewView:
        view = OverviewView(OverviewViewModel(self.desk, self.clock), self.tasks, self.went)
        self.show(view)
        view.open(self.desk.batch_id(number))
        await self.tasks.settle()
        return view

    async def list_page(self) -> BatchesView:
        model = BatchesViewModel(self.desk, self.clock, home_line="Tablet line 2")
        view = BatchesView(model, self.tasks, self.went)
        self.show(view)
        view.load()
        await self.tasks.settle()
        return view

    def show(self, widget: QWidget) -> None:
        self.qtbot.addWidget(widget)
        widget.resize(SMALL)
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        widget.show()

    async def dialog(self, kind: type[D]) -> D:
        """The dialog of that kind that is open, waited for."""
        for _ in range(50):
            for widget in QApplication.topLevelWidgets():
                if isinstance(widget, kind) and widget.isVisible():
                    return widget
            await asyncio.sleep(0.01)
        raise AssertionError(f"no {kind.__name__} opened")

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(100):
            if holds():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not come about")


def typed(widget: QWidget, words: str) -> None:
    """Type as a person does, one key after the other."""
    QTest.keyClicks(widget, words)


def pressed(
    widget: QWidget,
    key: Qt.Key,
    modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    QTest.keyClick(widget, key, modifier)
