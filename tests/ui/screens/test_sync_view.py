"""The sync centre as a person meets it, and pictures of every state of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.client.ports import Link, Mark, WitnessState
from app.domain.permissions import Role
from tests.support.desk import SampleDesk, sample_desk
from tests.support.screens import LARGE, SMALL, grab_all, out_directory
from tests.ui.screens.frame import framed
from tests.ui.screens.quality_plant import quality_world
from tests.ui.screens.sync_cases import fill_outbox
from tests.ui.screens.went import Went
from ui.screens.sync.view import SyncView
from ui.screens.sync.view_model import SyncViewModel
from ui.tasks import Tasks


def _report(name: str, error: BaseException) -> None:
    raise AssertionError(name) from error


class Bench:
    """One desk with the sync centre on it."""

    def __init__(self, qtbot: QtBot, *, offline: bool = False, filled: bool = True) -> None:
        self.desk: SampleDesk = sample_desk(
            signed_in=Role.PRODUCTION_OFFICER, world=quality_world(), offline=offline
        )
        if filled:
            fill_outbox(self.desk)
        self.qtbot = qtbot
        self.went = Went()
        self.tasks = Tasks(_report)

    async def page(self) -> SyncView:
        view = SyncView(SyncViewModel(self.desk, lambda: self.desk.world.now, self.went), self.tasks)
        self.qtbot.addWidget(view)
        view.resize(SMALL)
        view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        view.show()
        await self.tasks.settle()
        return view

    async def picture(self, view: SyncView, name: str, shots: Path, *, large: bool = False) -> None:
        window = framed(self.qtbot, self.desk, "sync", view)
        await self.tasks.settle()
        paths = grab_all(window, name, shots, sizes=(SMALL, LARGE) if large else (SMALL,))
        assert all(path.exists() for path in paths)


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    return out_directory(tmp_path)


async def test_pictures_of_what_waits_and_what_was_refused(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, offline=True)
    view = await bench.page()
    await bench.picture(view, "sync-offline", shots, large=True)
    view.refused[0].settle.click()
    view.refused[0].done.click()
    await bench.tasks.settle()
    await bench.picture(view, "sync-settling", shots)


async def test_pictures_of_a_quiet_line_and_of_a_broken_witness(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, filled=False)
    view = await bench.page()
    await bench.picture(view, "sync-quiet", shots)
    bench.desk.sync.state.set(
        replace(
            bench.desk.sync.state.value,
            link=Link.REFUSED,
            witness=WitnessState.BROKEN,
            problem="The server does not accept this workstation's key.",
            first_sync=0.42,
        )
    )
    await bench.tasks.settle()
    await bench.picture(view, "sync-broken", shots)


async def test_the_plug_is_pulled_with_one_button_and_put_back_with_the_same(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    view = await bench.page()
    assert view.plug.text() == "Pull the plug"
    view.plug.click()
    await bench.tasks.settle()
    assert bench.desk.board.offline
    assert view.plug.text() == "Put it back"
    view.plug.click()
    await bench.tasks.settle()
    assert not bench.desk.board.offline


async def test_settling_asks_for_a_reason_beside_the_field_and_then_the_command_goes(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    view = await bench.page()
    card = view.refused[0]
    card.settle.click()
    card.done.click()
    await bench.tasks.settle()
    assert bench.desk.sync.settled == []
    card.note.box.setPlainText("Entered again after the hold was lifted.")
    card.done.click()
    await bench.tasks.settle()
    assert [note for _, note in bench.desk.sync.settled] == ["Entered again after the hold was lifted."]
    assert len(view.refused) == 1


async def test_a_refused_command_leads_to_its_batch(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    view = await bench.page()
    view.refused[0].again.click()
    assert bench.went.places == [("batch", bench.desk.batch_id("B-2026-0144"))]


async def test_the_report_goes_to_the_clipboard(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    view = await bench.page()
    view.copy.click()
    await bench.tasks.settle()
    assert "PRESS-01" in QGuiApplication.clipboard().text()


async def test_while_something_was_refused_nobody_is_told_that_all_is_in_the_journal(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    for key, each in list(bench.desk.board.outbox.items()):
        if each.mark is not Mark.NEEDS_ATTENTION:
            del bench.desk.board.outbox[key]
    bench.desk.sync.count()
    view = await bench.page()
    said = {label.text() for label in view.findChildren(QLabel) if label.isVisible()}
    assert len(view.refused) == 2
    assert "All but what needs attention is in the plant's journal." in said
    assert "Everything entered at this workstation is in the plant's journal." not in said
