"""The one async door."""

import asyncio

import pytest
from PySide6.QtWidgets import QDialog, QWidget
from pytestqt.qtbot import QtBot

from ui.tasks import Tasks, answer


class Reports:
    def __init__(self) -> None:
        self.failures: list[tuple[str, BaseException]] = []

    def __call__(self, name: str, error: BaseException) -> None:
        self.failures.append((name, error))


async def test_a_failure_goes_to_one_place_with_the_name_of_its_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reports = Reports()
    tasks = Tasks(reports)
    error = ValueError("no")

    async def fail() -> None:
        raise error

    tasks.start(fail(), name="stage.save")
    await tasks.settle()
    assert reports.failures == [("stage.save", error)]
    assert [record.message for record in caplog.records] == ["ui.task_failed"]


async def test_a_double_tap_is_one_task() -> None:
    tasks = Tasks(Reports())
    runs: list[int] = []
    gate = asyncio.Event()

    async def work(number: int) -> None:
        runs.append(number)
        await gate.wait()

    first = tasks.start(work(1), name="review.sign", once=True)
    second = tasks.start(work(2), name="review.sign", once=True)
    assert second is first
    await asyncio.sleep(0)
    gate.set()
    await tasks.settle()
    assert runs == [1]
    tasks.start(work(3), name="review.sign", once=True)
    await tasks.settle()
    assert runs == [1, 3]


async def test_settle_also_waits_for_tasks_started_by_tasks() -> None:
    tasks = Tasks(Reports())
    done: list[str] = []

    async def inner() -> None:
        await asyncio.sleep(0.001)
        done.append("inner")

    async def outer() -> None:
        await asyncio.sleep(0)
        tasks.start(inner(), name="inner")
        done.append("outer")

    tasks.start(outer(), name="outer")
    await tasks.settle()
    assert done == ["outer", "inner"]


async def test_shutdown_cancels_what_runs_and_reports_no_failure_for_it() -> None:
    reports = Reports()
    tasks = Tasks(reports)
    task = tasks.start(asyncio.sleep(60), name="sync.watch")
    await asyncio.sleep(0)
    await tasks.shutdown()
    assert task.cancelled()
    assert not tasks.running("sync.watch")
    assert reports.failures == []
    late = tasks.start(asyncio.sleep(60), name="late")
    await tasks.settle()
    assert late.cancelled()


@pytest.mark.parametrize("code", [QDialog.DialogCode.Accepted, QDialog.DialogCode.Rejected])
async def test_a_dialog_is_answered_and_deleted_while_the_loop_goes_on(
    qtbot: QtBot, code: QDialog.DialogCode
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    dialog = QDialog(parent)
    deleted = asyncio.Event()
    dialog.destroyed.connect(deleted.set)
    waiting = asyncio.ensure_future(answer(dialog))
    ticks = 0
    while not dialog.isVisible() or ticks < 5:
        await asyncio.sleep(0.001)
        ticks += 1
    dialog.done(code)
    assert await waiting == code
    await asyncio.wait_for(deleted.wait(), 5)
    assert ticks >= 5


async def test_a_dialog_that_dies_with_its_parent_counts_as_rejected(qtbot: QtBot) -> None:
    parent = QWidget()
    parent.show()
    dialog = QDialog(parent)
    waiting = asyncio.ensure_future(answer(dialog))
    await asyncio.sleep(0.01)
    assert dialog.isVisible()
    parent.deleteLater()
    assert await asyncio.wait_for(waiting, 5) == QDialog.DialogCode.Rejected


async def test_a_second_shutdown_finds_nothing_to_do() -> None:
    tasks = Tasks(Reports())
    await tasks.shutdown()
    await tasks.shutdown()
    assert not tasks.running("anything")
