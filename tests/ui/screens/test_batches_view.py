"""The list of batches as a person meets it, and pictures of every state of it."""

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.client.ports import BatchSort
from app.domain.batch import BatchStatus, StartBatch
from app.domain.permissions import Role
from tests.support.screens import LARGE, SMALL, grab_all, out_directory
from tests.ui.screens.floor_bench import FloorBench, pressed, typed
from tests.ui.screens.frame import framed
from tests.ui.screens.test_batches_model import many
from ui.screens.batches.plan_dialog import PlanDialog
from ui.screens.batches.view import BatchesView
from ui.screens.batches.view_model import BatchesViewModel
from ui.widgets.rows_model import TableRole
from ui.widgets.status_chip import Chip


def cell(view: BatchesView, number: str, key: str, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
    row = next(place for place in range(view.model.rowCount()) if view.model.index(place, 0).data() == number)
    column = [each.key for each in view.model.columns].index(key)
    return view.model.index(row, column).data(role)


async def test_enter_opens_the_batch_under_the_keyboard(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.list_page()
    row = view.model.find(bench.desk.batch_id("B-2026-0147"))
    assert row is not None
    view.table.choose_row(row)
    pressed(view.table, Qt.Key.Key_Return)
    assert bench.went.places == [("batch", bench.desk.batch_id("B-2026-0147"))]


async def test_a_row_says_what_is_open_in_it(qtbot: QtBot) -> None:
    view = await FloorBench(qtbot).list_page()
    chip = cell(view, "B-2026-0147", "exceptions", TableRole.CHIP)
    assert isinstance(chip, Chip)
    assert chip.text == "4"
    assert "1 contested step" in str(
        cell(view, "B-2026-0147", "exceptions", int(Qt.ItemDataRole.ToolTipRole))
    )
    assert cell(view, "B-2026-0147", "progress") == "17 of 27"
    assert cell(view, "LEK-0017", "started") == "Nov 2018", "no day is invented"
    assert cell(view, "B-2026-0143", "stage", TableRole.SUBTEXT) == "waits 6 days"


async def test_typing_searches_and_an_empty_answer_offers_the_way_back(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot)
    view = await bench.list_page()
    typed(view.search, "aspirin")
    await bench.until(lambda: view.model.rowCount() == 0)
    assert view.empty.isVisible()
    assert "aspirin" in view.empty.sentence.text()
    grab_all(view, "batches-nothing-found", out_directory(tmp_path))
    view.empty.button.click()
    await bench.tasks.settle()
    assert view.model.rowCount() == 18
    assert view.search.text() == ""


async def test_chips_filter_by_status_and_show_counts(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.list_page()
    chip = view.chips.chip(BatchStatus.QA_REVIEW.value)
    assert chip.accessibleName() == "QA Review, 2"
    chip.click()
    await bench.tasks.settle()
    assert view.model.rowCount() == 2


async def test_a_heading_orders_the_whole_list(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.list_page()
    asked = len(bench.desk.records.asked)
    view.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    await bench.tasks.settle()
    assert len(bench.desk.records.asked) == asked + 1
    assert bench.desk.records.asked[-1].sort is BatchSort.NUMBER
    assert view.model.index(0, 0).data() == "B-2026-0131"


async def test_scrolling_through_100_000_rows_reads_pages_as_they_come_into_sight(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    desk, records, sample = many()
    view = BatchesView(BatchesViewModel(desk, lambda: sample.world.now), bench.tasks, bench.went)
    bench.show(view)
    view.load()
    await bench.tasks.settle()
    assert view.model.rowCount() == 100_000
    view.table.choose_row(98_765)
    view.table.viewport().repaint()
    await bench.until(lambda: view.model.index(98_765, 0).data() == "B-098765")
    await bench.tasks.settle()
    assert len(records.asked) <= 4


async def test_news_keep_the_place_in_the_list(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.list_page()
    view.table.choose_row(6)
    before = view.table.current_row()
    await bench.desk.commands.save(StartBatch(batch_id=bench.desk.batch_id("B-2026-0149")))
    await bench.tasks.settle()
    assert view.table.current_row() == before
    assert cell(view, "B-2026-0149", "status") == "In Progress"
    assert cell(view, "B-2026-0149", "number", TableRole.SUBTEXT) == "1 to be sent"


async def test_while_the_list_is_read_it_says_so_after_a_moment(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot)
    bench.desk.board.gate = asyncio.Event()
    view = BatchesView(BatchesViewModel(bench.desk, bench.clock), bench.tasks, bench.went)
    bench.show(view)
    view.load()
    await bench.until(lambda: view.empty.title.text() == "Reading the batches …")
    grab_all(view, "batches-loading", out_directory(tmp_path))
    bench.desk.board.gate.set()
    await bench.tasks.settle()
    assert view.model.rowCount() == 18


async def test_a_manager_plans_a_batch_and_finds_it_on_top(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot, Role.PRODUCTION_MANAGER)
    view = await bench.list_page()
    said: list[str] = []
    view.said.connect(said.append)
    view.new.click()
    dialog = await bench.dialog(PlanDialog)
    await bench.until(lambda: dialog.act.isEnabled())
    grab_all(dialog, "batches-new", out_directory(tmp_path), sizes=(dialog.sizeHint(),))
    dialog.act.click()
    dialog.act.click()
    await bench.tasks.settle()
    assert view.model.index(0, 0).data() == "B-2026-0153"
    assert len(bench.desk.commands.saved) == 1
    assert said == ["The batch is planned"]


async def test_offline_new_batch_is_off_and_says_why(qtbot: QtBot) -> None:
    view = await FloorBench(qtbot, Role.PRODUCTION_MANAGER, offline=True).list_page()
    assert view.new.isVisible()
    assert not view.new.isEnabled()
    assert "needs the server" in view.new.toolTip()
    officer = await FloorBench(qtbot).list_page()
    assert not officer.new.isVisible(), "who may never plan sees no button"


async def test_pictures(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot, Role.PRODUCTION_MANAGER)
    view = await bench.list_page()
    window = framed(qtbot, bench.desk, "batches", view)
    for path in grab_all(window, "batches", out_directory(tmp_path), sizes=(SMALL, LARGE)):
        assert path.stat().st_size > 10_000
    window.hide()


async def test_what_changed_while_another_page_was_shown_is_read_when_this_one_is_seen(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.list_page()
    view.hide()
    await bench.desk.commands.save(StartBatch(batch_id=bench.desk.batch_id("B-2026-0149")))
    await bench.tasks.settle()
    assert cell(view, "B-2026-0149", "status") == "Issued"
    view.show()
    await bench.tasks.settle()
    assert cell(view, "B-2026-0149", "status") == "In Progress"


async def test_the_next_person_sees_their_own_buttons(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.list_page()
    assert not view.new.isVisible()
    await bench.desk.session.sign_out()
    await bench.desk.session.sign_in("petra.novak", "floor")
    await bench.tasks.settle()
    assert view.new.isVisible()
    bench.desk.go_offline()
    assert not view.new.isEnabled()
    bench.desk.go_online()
    assert view.new.isEnabled()


async def test_a_scanned_number_is_looked_for(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.list_page()
    assert view.take_scan("B-2026-0144")
    await bench.until(lambda: view.model.rowCount() == 1)
