"""One batch at a glance: what it says, what it offers, and what each action does."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from app.domain.batch import AbortBatch, BatchAction, BatchStatus, HoldBatch, IssueBatch
from app.domain.decision import Reason, Refusal
from app.domain.identity import BatchId
from app.domain.permissions import Role
from tests.support.desk import sample_desk
from tests.support.sample_plant import PEOPLE, Shift, made_id
from tests.support.screens import LARGE, SMALL, grab_all, out_directory
from tests.ui.screens.floor_bench import FloorBench, pressed, typed
from tests.ui.screens.frame import framed
from ui import text
from ui.screens.batches.overview import CHART, HISTORY, MATERIALS, POINTS, SIGNATURES
from ui.screens.batches.overview_model import Fetch, OverviewViewModel
from ui.widgets.reason_dialog import ReasonDialog
from ui.widgets.sign_dialog import SignDialog

BUSY = "B-2026-0147"


async def opened(
    number: str, role: Role = Role.PRODUCTION_OFFICER, *, offline: bool = False
) -> OverviewViewModel:
    desk = sample_desk(signed_in=role, offline=offline)
    model = OverviewViewModel(desk, lambda: desk.world.now)
    await model.open(desk.batch_id(number))
    return model


def offers(model: OverviewViewModel) -> dict[BatchAction, bool]:
    return {each.action: each.allowed for each in model.state.value.actions}


async def test_a_running_batch_offers_to_go_on_and_to_hold() -> None:
    officer = await opened(BUSY)
    assert officer.state.value.go_on == "compression"
    assert offers(officer) == {BatchAction.HOLD: True}
    manager = await opened(BUSY, Role.PRODUCTION_MANAGER)
    assert offers(manager) == {BatchAction.HOLD: True, BatchAction.ABORT: True}
    auditor = await opened(BUSY, Role.AUDITOR)
    assert offers(auditor) == {}


async def test_the_next_step_is_shown_to_all_with_the_reason_why_not() -> None:
    officer = await opened("B-2026-0151")
    issue = officer.state.value.actions[0]
    assert (issue.action, issue.allowed, issue.primary) == (BatchAction.ISSUE, False, True)
    assert issue.why_not == "The role Production Officer may not issue or abort batches."
    manager = await opened("B-2026-0151", Role.PRODUCTION_MANAGER)
    assert offers(manager)[BatchAction.ISSUE]
    away = await opened("B-2026-0151", Role.PRODUCTION_MANAGER, offline=True)
    assert not offers(away)[BatchAction.ISSUE]
    assert away.state.value.actions[0].why_not == text.refusal(Refusal(reason=Reason.NEEDS_SERVER))


async def test_open_points_lead_with_what_stops_a_release() -> None:
    state = (await opened(BUSY)).state.value
    assert [line.stops for line in state.exceptions] == sorted(
        (line.stops for line in state.exceptions), reverse=True
    )
    assert state.exceptions[0].sentence == "“Hardness, mean of 10” was answered more than once."
    assert state.deviations[0].number == "DEV-2026-003"
    compression = next(line for line in state.stages if line.key == "compression")
    assert (compression.answered, compression.steps, compression.open_points) == (7, 8, 2)


async def test_a_transcribed_batch_says_where_it_comes_from_and_whose_it_is() -> None:
    state = (await opened("LEK-0017")).state.value
    assert state.transcribed.startswith("Transcribed from Laboratory.csv:17")
    assert "CC BY 4.0" in state.transcribed
    assert state.started == "Nov 2018"
    assert state.actions == ()


async def test_signatures_are_read_in_order_of_time() -> None:
    state = (await opened("B-2026-0131", Role.QA_HEAD)).state.value
    moments = [line.at for line in state.signatures]
    assert moments == sorted(moments)
    assert state.signatures[0].meaning == "Issued for execution"
    assert state.signatures[-1].meaning == "Certified and released"


async def test_chart_and_history_say_when_they_need_the_server() -> None:
    away = await opened("B-2026-0141", offline=True)
    await away.load_chart("compression")
    await away.load_history()
    assert away.state.value.chart is Fetch.REFUSED
    assert away.state.value.history is Fetch.REFUSED
    assert "offline" in away.state.value.history_why
    here = await opened("B-2026-0141")
    await here.load_chart("compression")
    await here.load_history()
    assert here.state.value.chart is Fetch.HERE
    assert here.state.value.history_lines[-1].event == "Batch planned"
    await here.load_chart("coating")
    assert here.state.value.chart is Fetch.NONE


async def test_a_hold_asks_why_and_is_seen_at_once(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.overview(BUSY)
    view.buttons[BatchAction.HOLD].click()
    assert not view.buttons[BatchAction.HOLD].isEnabled(), "shut at once"
    dialog = await bench.dialog(ReasonDialog)
    typed(dialog.comment.box, "Press stands still, spare part ordered.")
    dialog.act.click()
    await bench.tasks.settle()
    assert isinstance(bench.desk.commands.saved[-1], HoldBatch)
    assert view.held.isVisible()
    assert "spare part" in view.held.label.text()
    assert view.buttons[BatchAction.RESUME].isVisible()


async def test_thinking_better_of_it_gives_the_button_back(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.overview(BUSY)
    view.buttons[BatchAction.HOLD].click()
    (await bench.dialog(ReasonDialog)).reject()
    await bench.tasks.settle()
    assert view.buttons[BatchAction.HOLD].isEnabled()
    assert bench.desk.commands.saved == []


@pytest.mark.req("R33")
async def test_issuing_signs_the_hash_of_the_master_record(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot, Role.PRODUCTION_MANAGER)
    view = await bench.overview("B-2026-0151")
    view.buttons[BatchAction.ISSUE].click()
    dialog = await bench.dialog(SignDialog)
    dialog.password.setText("floor")
    dialog.act.click()
    await bench.tasks.settle()
    command = bench.desk.commands.saved[-1]
    batch = bench.desk.world.batch("B-2026-0151")
    assert isinstance(command, IssueBatch)
    assert command.master_hash == batch.master_hash
    assert batch.status is BatchStatus.ISSUED
    assert view.buttons[BatchAction.START].isVisible()


async def test_aborting_takes_a_reason_and_a_signature(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot, Role.PRODUCTION_MANAGER)
    view = await bench.overview(BUSY)
    view.buttons[BatchAction.ABORT].click()
    reason = await bench.dialog(ReasonDialog)
    typed(reason.comment.box, "Material of the wrong grade was added.")
    reason.act.click()
    dialog = await bench.dialog(SignDialog)
    dialog.password.setText("wrong")
    dialog.act.click()
    await bench.until(lambda: dialog.error.text() == text.refusal(Refusal(reason=Reason.WRONG_SECRET)))
    dialog.password.setText("floor")
    dialog.act.click()
    await bench.tasks.settle()
    assert isinstance(bench.desk.commands.saved[-1], AbortBatch)
    assert bench.desk.world.batch(BUSY).status is BatchStatus.ABORTED


async def test_the_executed_batch_is_handed_over_to_review(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    world = bench.desk.world
    batch_id = bench.desk.batch_id("B-2026-0148")
    shift = Shift(world, batch_id, by=PEOPLE[0], checker=PEOPLE[1])
    for stage in ("compression", "coating", "packaging"):
        shift.stage(stage)
    view = await bench.overview("B-2026-0148")
    assert view.buttons[BatchAction.COMPLETE].isEnabled()
    view.buttons[BatchAction.COMPLETE].click()
    dialog = await bench.dialog(SignDialog)
    dialog.password.setText("floor")
    dialog.act.click()
    await bench.tasks.settle()
    assert world.batch("B-2026-0148").status is BatchStatus.PRODUCTION_REVIEW


async def test_an_open_point_leads_to_its_place(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.overview(BUSY)
    view.points.choose_row(1)
    pressed(view.points, Qt.Key.Key_Return)
    assert bench.went.places[-1] == ("stage", bench.desk.batch_id(BUSY), "compression", "hardness")
    view.points.choose_row(0)
    pressed(view.points, Qt.Key.Key_Return)
    assert bench.went.places[-1][0] == "deviation"
    view.track.nodes()[2].click()
    assert bench.went.places[-1] == ("stage", bench.desk.batch_id(BUSY), "compression", "")


async def test_a_reviewer_is_led_to_the_review(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot, Role.QA_REVIEWER)
    view = await bench.overview("B-2026-0141")
    assert view.review.isVisible()
    view.review.click()
    assert bench.went.places == [("review", bench.desk.batch_id("B-2026-0141"))]
    officer = await FloorBench(qtbot).overview("B-2026-0141")
    assert not officer.review.isVisible()


async def test_the_print_is_saved_where_the_person_says(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot)
    view = await bench.overview(BUSY)
    view.pdf.click()
    dialog = await bench.dialog(QFileDialog)
    dialog.findChildren(QLineEdit)[0].setText(str(tmp_path / "record.pdf"))
    dialog.accept()
    await bench.tasks.settle()
    assert (tmp_path / "record.pdf").read_bytes().startswith(b"%PDF")


async def test_a_print_that_needs_the_server_says_so(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot, offline=True)
    view = await bench.overview(BUSY)
    view.evidence.click()
    await bench.tasks.settle()
    assert view.refused.isVisible()
    assert view.refused.label.text() == text.refusal(Refusal(reason=Reason.NEEDS_SERVER))


async def test_a_batch_that_is_not_here_leads_back_to_the_list(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.overview(BUSY)
    await view.view_model.open(BatchId(made_id(5)))
    assert view.nothing.isVisible()
    view.nothing.button.click()
    assert bench.went.places == [("batches",)]


@pytest.mark.parametrize(
    ("name", "number", "tab", "role", "offline"),
    [
        ("running", BUSY, POINTS, Role.PRODUCTION_MANAGER, False),
        ("planned", "B-2026-0151", MATERIALS, Role.PRODUCTION_MANAGER, False),
        ("on-hold", "B-2026-0144", HISTORY, Role.PRODUCTION_MANAGER, False),
        ("review", "B-2026-0141", CHART, Role.QA_REVIEWER, False),
        ("offline", "B-2026-0141", CHART, Role.QA_REVIEWER, True),
        ("released", "B-2026-0131", SIGNATURES, Role.QA_HEAD, False),
        ("transcribed", "LEK-0017", POINTS, Role.PRODUCTION_OFFICER, False),
    ],
)
async def test_pictures(
    qtbot: QtBot, tmp_path: Path, name: str, number: str, tab: int, role: Role, offline: bool
) -> None:
    bench = FloorBench(qtbot, role, offline=offline)
    view = await bench.overview(number)
    view.tabs.setCurrentIndex(tab)
    await bench.tasks.settle()
    window = framed(qtbot, bench.desk, "batches", view)
    for path in grab_all(window, f"batch-{name}", out_directory(tmp_path), sizes=(SMALL, LARGE)):
        assert path.stat().st_size > 10_000
    window.hide()


async def test_coming_back_online_fetches_what_was_refused(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot, Role.PRODUCTION_MANAGER, offline=True)
    view = await bench.overview("B-2026-0141")
    view.tabs.setCurrentIndex(CHART)
    await bench.tasks.settle()
    assert not view.chart.isVisible()
    bench.desk.go_online()
    await bench.tasks.settle()
    assert view.chart.isVisible()


async def test_issuing_is_offered_again_when_the_server_is_back(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot, Role.PRODUCTION_MANAGER, offline=True)
    view = await bench.overview("B-2026-0151")
    assert not view.buttons[BatchAction.ISSUE].isEnabled()
    bench.desk.go_online()
    assert view.buttons[BatchAction.ISSUE].isEnabled()


async def test_before_lots_are_assigned_the_bill_says_what_is_needed() -> None:
    state = (await opened("B-2026-0152")).state.value
    assert [each.lot for each in state.materials] == ["not assigned yet", "not assigned yet"]
    assert state.equipment == "Homogeniser HG-2"
    assert (await opened("LEK-0017")).state.value.materials[0].lot == "3", (
        "nothing is added to a transcribed record"
    )
