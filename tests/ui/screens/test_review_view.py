"""The review screen as a person meets it, and pictures of every state of it."""

from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.batch import BatchAction
from app.domain.permissions import Role
from tests.support.desk import SampleDesk, sample_desk
from tests.support.screens import LARGE, SMALL, grab_all, out_directory
from tests.ui.screens.frame import framed
from tests.ui.screens.quality_plant import CLEAN, TROUBLED, quality_world, raise_deviation
from tests.ui.screens.went import Went
from ui.screens.review.file_model import ReviewViewModel
from ui.screens.review.file_view import DEVIATIONS, JOURNAL, RECORD, SIGNATURES, ReviewFileView
from ui.screens.review.view import ReviewQueueView
from ui.screens.review.view_model import QueueViewModel
from ui.tasks import Tasks


def _report(name: str, error: BaseException) -> None:
    raise AssertionError(name) from error


class Bench:
    """One desk with the two pages on it."""

    def __init__(self, qtbot: QtBot, role: Role, *, offline: bool = False) -> None:
        self.desk: SampleDesk = sample_desk(signed_in=role, world=quality_world(), offline=offline)
        self.qtbot = qtbot
        self.went = Went()
        self.tasks = Tasks(_report)

    def clock(self) -> datetime:
        return self.desk.world.now

    async def queue(self) -> ReviewQueueView:
        view = ReviewQueueView(QueueViewModel(self.desk, self.clock), self.tasks, self.went, self.clock)
        self._show(view)
        await self.tasks.settle()
        return view

    async def file(self, number: str = TROUBLED) -> ReviewFileView:
        view = ReviewFileView(ReviewViewModel(self.desk, self.clock, self.went), self.tasks, self.went)
        self._show(view)
        view.open(self.desk.batch_id(number))
        await self.tasks.settle()
        return view

    def _show(self, widget: QWidget) -> None:
        self.qtbot.addWidget(widget)
        widget.resize(SMALL)
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        widget.show()


async def picture(bench: Bench, view: QWidget, name: str, shots: Path, *, large: bool = False) -> None:
    """The page in its window, in both themes and at 150 %."""
    window = framed(bench.qtbot, bench.desk, "review", view)
    await bench.tasks.settle()
    paths = grab_all(window, name, shots, sizes=(SMALL, LARGE) if large else (SMALL,))
    assert all(path.exists() for path in paths)


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    return out_directory(tmp_path)


async def test_pictures_of_the_queue(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    await picture(bench, await bench.queue(), "rev-queue", shots, large=True)


async def test_pictures_of_an_empty_queue(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    view = await bench.queue()
    view.search.setText("no such batch")
    view.search.returnPressed.emit()
    await bench.tasks.settle()
    await picture(bench, view, "rev-queue-empty", shots)


async def test_pictures_of_the_exceptions(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.file()
    await picture(bench, view, "rev-exceptions", shots, large=True)
    view.way_banner.button.click()
    await picture(bench, view, "rev-blockers", shots)
    view.way_banner.button.click()
    view.list.blocks[1].all_button.click()
    await picture(bench, view, "rev-exceptions-all", shots)


async def test_pictures_of_the_other_parts_of_the_record(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.file()
    for place, name in (
        (RECORD, "record"),
        (DEVIATIONS, "deviations"),
        (SIGNATURES, "signatures"),
        (JOURNAL, "journal"),
    ):
        view.tabs.setCurrentIndex(place)
        await bench.tasks.settle()
        await picture(bench, view, f"rev-{name}", shots, large=place == RECORD)


async def test_pictures_of_a_clean_batch_and_its_release(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    view = await bench.file(CLEAN)
    await picture(bench, view, "rev-clean", shots)
    view.act_buttons[BatchAction.RELEASE].click()
    await picture(bench, view, "rev-release", shots, large=True)


async def test_pictures_of_a_release_that_is_blocked(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    raise_deviation(bench.desk.world, "Leaking blister", 1, batch=CLEAN)
    view = await bench.file(CLEAN)
    view.act_buttons[BatchAction.RELEASE].click()
    await picture(bench, view, "rev-release-blocked", shots)


async def test_pictures_of_a_review_offline(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER, offline=True)
    view = await bench.file()
    view.tabs.setCurrentIndex(JOURNAL)
    await bench.tasks.settle()
    await picture(bench, view, "rev-offline", shots)
