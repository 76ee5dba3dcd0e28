"""The review screen as a person meets it, and pictures of every state of it."""

from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.client.ports import Desk
from app.domain.batch import UNDER_REVIEW, BatchAction, BatchStatus
from app.domain.decision import Blocker, Reason, Refusal
from app.domain.exception import ExceptionAction, ExceptionStatus, Rule
from app.domain.permissions import Role
from tests.support.desk import SampleDesk, sample_desk
from tests.support.screens import LARGE, SMALL, grab, grab_all, out_directory
from tests.ui.screens.answers import with_server_that
from tests.ui.screens.dialogs import turns, until_dialog
from tests.ui.screens.frame import framed
from tests.ui.screens.quality_plant import (
    CLEAN,
    TROUBLED,
    assess_all,
    clear,
    exceptions,
    quality_world,
    raise_deviation,
)
from tests.ui.screens.went import Went
from ui import text
from ui.drafts import MemoryDrafts
from ui.screens.review.file_model import ReviewViewModel
from ui.screens.review.file_view import (
    DEVIATIONS,
    EXCEPTIONS,
    JOURNAL,
    RECORD,
    SIGNATURES,
    ReviewFileView,
)
from ui.screens.review.view import ReviewQueueView
from ui.screens.review.view_model import QueueViewModel
from ui.tasks import Tasks
from ui.widgets import Label
from ui.widgets.row_button import RowButton


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

    async def file(self, number: str = TROUBLED, *, desk: Desk | None = None) -> ReviewFileView:
        view = ReviewFileView(
            ReviewViewModel(desk or self.desk, self.clock, self.went, MemoryDrafts()), self.tasks, self.went
        )
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


async def test_a_tap_in_the_queue_opens_the_batch(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    view = await bench.queue()
    view.table.opened.emit(0)
    assert bench.went.places == [("review", view.model.row_at(0).id)]


async def test_the_queue_shows_everything_when_asked(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.PRODUCTION_MANAGER)
    view = await bench.queue()
    assert {row.status for row in view.model.rows} == {BatchStatus.PRODUCTION_REVIEW}
    view.chips.chip(BatchStatus.PRODUCTION_REVIEW.value).click()
    await bench.tasks.settle()
    assert {row.status for row in view.model.rows} == UNDER_REVIEW


async def test_a_batch_opens_on_its_first_open_exception(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.file()
    assert view.tabs.currentIndex() == EXCEPTIONS
    selected = [row.title for block in view.list.blocks for row in block.rows.values() if row.isChecked()]
    assert selected == ["Hardness, mean of 10"]
    assert view.way_banner.label.text() == (
        "11 things stand in the way of the QA review: 8 exceptions, 3 workstations"
    )


async def test_each_blocker_is_a_link_to_what_blocks(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.file()
    view.way_banner.button.click()
    rows = {row.title: row for row in view.blockers.rows}
    assert len(rows) == 11
    rows["Main compression force: out of limit, not assessed yet."].click()
    line = view.view_model.state.value.line
    assert line is not None
    assert line.step_title == "Main compression force"
    view.way_banner.button.click()
    rows["Workstation PACK-03 has not said that it holds no more entries for this batch."].click()
    assert bench.went.places == [("sync",)]


async def test_several_exceptions_are_accepted_with_one_comment_and_one_signature(
    qtbot: QtBot, shots: Path
) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.file()
    view.list.blocks[1].all_button.click()
    view.card.buttons[ExceptionAction.ACCEPT].click()
    await bench.tasks.settle()
    assert view.view_model.state.value.verdict.error
    view.card.comment.box.setPlainText("Set apart; covered by DEV-2026-005.")
    view.card.buttons[ExceptionAction.ACCEPT].click()
    dialog = await until_dialog()
    assert dialog.act.text() == "Accept 3 exceptions"
    assert grab(dialog, "rev-sign-exceptions", shots, size=None).exists()
    dialog.password.setText("floor")
    dialog.act.click()
    await bench.tasks.settle()
    statuses = [each.status for each in exceptions(bench.desk.world, TROUBLED, Rule.OUT_OF_LIMIT)]
    assert statuses == [ExceptionStatus.ACCEPTED] * 3
    assert view.view_model.state.value.counts.exceptions_open == 5


async def test_production_sees_the_exceptions_but_no_decision(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.PRODUCTION_MANAGER)
    view = await bench.file()
    assert not view.card.buttons[ExceptionAction.ACCEPT].isVisible()
    assert not any(block.all_button.isVisible() for block in view.list.blocks)


async def test_a_release_is_signed_and_said_to_be_accepted(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    view = await bench.file(CLEAN)
    view.act_buttons[BatchAction.RELEASE].click()
    view.act_card.submit.click()
    dialog = await until_dialog()
    assert dialog.act.text() == f"Release {CLEAN}"
    said = " ".join(label.text() for label in dialog.findChildren(Label))
    for words in (CLEAN, "Certified and released", "Nina Golob", "27 entries"):
        assert words in said
    assert grab(dialog, "rev-sign-release", shots, size=None).exists()
    dialog.password.setText("floor")
    dialog.act.click()
    await turns()
    assert "accepted" in " ".join(label.text() for label in dialog.findChildren(Label))
    assert grab(dialog, "rev-sign-released", shots, size=None).exists()
    dialog.act.click()
    await bench.tasks.settle()
    assert bench.desk.world.batch(CLEAN).status is BatchStatus.RELEASED


@pytest.mark.req("R41")
async def test_a_release_the_server_refuses_lists_every_reason_as_a_link(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    blockers = (
        Blocker(what="station_unsynced", kind="station", id=bench.desk.world.fresh(), detail="PACK-03"),
        Blocker(what="deviation_open", kind="deviation", id=bench.desk.world.fresh(), detail="DEV-2026-031"),
    )
    strict = with_server_that(bench.desk, refuses=Reason.RELEASE_BLOCKED, blockers=blockers)
    view = await bench.file(CLEAN, desk=strict)
    view.act_buttons[BatchAction.RELEASE].click()
    view.act_card.submit.click()
    dialog = await until_dialog()
    dialog.password.setText("floor")
    dialog.act.click()
    await turns()
    links = dialog.findChildren(RowButton)
    assert [link.title for link in links] == [text.blocker(each) for each in blockers]
    assert grab(dialog, "rev-sign-refused", shots, size=None).exists()
    links[1].click()
    await bench.tasks.settle()
    assert bench.went.places == [("deviation", blockers[1].id)]


@pytest.mark.parametrize("reason", [Reason.CHANGED_SINCE_SHOWN, Reason.NOT_INDEPENDENT, Reason.WRONG_STATUS])
async def test_every_refusal_of_a_signature_is_shown_as_its_sentence(qtbot: QtBot, reason: Reason) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    view = await bench.file(CLEAN, desk=with_server_that(bench.desk, refuses=reason))
    view.act_buttons[BatchAction.RELEASE].click()
    view.act_card.submit.click()
    dialog = await until_dialog()
    dialog.password.setText("floor")
    dialog.act.click()
    await turns()
    said = " ".join(label.text() for label in dialog.findChildren(Label))
    assert text.refusal(Refusal(reason=reason)) in said
    dialog.act.click()
    await bench.tasks.settle()


async def test_a_server_that_says_nothing_leaves_the_signature_on_its_way(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    view = await bench.file(CLEAN, desk=with_server_that(bench.desk))
    view.act_buttons[BatchAction.RELEASE].click()
    view.act_card.submit.click()
    dialog = await until_dialog()
    dialog.password.setText("floor")
    dialog.act.click()
    await turns()
    assert "has not answered yet" in " ".join(label.text() for label in dialog.findChildren(Label))
    dialog.act.click()
    await bench.tasks.settle()
    assert view.view_model.state.value.form is None


async def test_a_blocked_release_shows_its_reasons_instead_of_asking_for_a_password(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_HEAD)
    raise_deviation(bench.desk.world, "Leaking blister", 1, batch=CLEAN)
    view = await bench.file(CLEAN)
    view.act_buttons[BatchAction.RELEASE].click()
    assert not view.act_card.submit.isEnabled()
    assert [row.title for row in view.act_card.blockers.rows] == [
        "Deviation DEV-2026-009 has no class yet.",
        "The record has changed since QA signed it.",
    ]
    view.act_card.blockers.rows[0].click()
    assert bench.went.places[0][0] == "deviation"


async def test_the_journal_is_one_click_away_from_the_word_about_the_audit_trail(
    qtbot: QtBot, shots: Path
) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    assess_all(bench.desk.world, bench.desk.batch_id(TROUBLED))
    clear(bench.desk.world, bench.desk.batch_id(TROUBLED))
    view = await bench.file()
    view.act_buttons[BatchAction.REVIEW_QUALITY].click()
    view.act_card.submit.click()
    await bench.tasks.settle()
    form = view.view_model.state.value.form
    assert form is not None
    assert "audit_trail" in form.errors
    assert grab(view, "rev-audit-missing", shots, size=SMALL).exists()
    view.act_card.journal.click()
    await bench.tasks.settle()
    assert view.tabs.currentIndex() == JOURNAL
    assert view.history.rowCount() > 30


async def test_the_whole_record_shows_what_was_corrected_struck_through(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.file()
    view.tabs.setCurrentIndex(RECORD)
    await bench.tasks.settle()
    struck = [
        label.text()
        for label in view.record.findChildren(Label)
        if label.accessibleDescription() == "No longer counts"
    ]
    assert "API-LOT-2611" in struck
    assert len(view.record.rows) == 27
    view.record.rows[1].link.click()
    assert bench.went.places == [("stage", bench.desk.batch_id(TROUBLED), "dispensing", "api_lot")]


async def test_offline_every_act_is_off_and_says_why(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_HEAD, offline=True)
    view = await bench.file(CLEAN)
    assert view.act_buttons
    for button in view.act_buttons.values():
        assert not button.isEnabled()
        assert button.why_not() == text.refusal(Refusal(reason=Reason.NEEDS_SERVER))


async def test_with_little_room_list_and_card_take_turns(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.file()
    view.resize(800, 700)
    await turns()
    assert view.card.isVisible()
    assert not view.list.isVisible()
    view.card.all_link.click()
    assert view.list.isVisible()
    row = next(iter(view.list.blocks[1].rows.values()))
    row.click()
    assert view.card.isVisible()
    assert not view.list.isVisible()


async def test_the_chart_around_an_exception_comes_when_asked_for(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.file()
    assert view.card.chart_button.isVisible()
    view.card.chart_button.click()
    await bench.tasks.settle()
    chart = view.card.chart
    assert chart is not None
    line = view.view_model.state.value.line
    assert line is not None
    assert line.entry is not None
    assert chart.canvas.marks[0].x == line.entry.performed_at.timestamp()
    start, end = chart.visible_range()
    assert start < chart.canvas.marks[0].x < end
    await picture(bench, view, "rev-chart", shots, large=True)
    view.card.go_to_chart()
    await turns()
    assert grab(view, "rev-chart-seen", shots).exists()


async def test_offline_the_chart_says_that_it_lies_on_the_server(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER, offline=True)
    view = await bench.file()
    view.card.chart_button.click()
    await bench.tasks.settle()
    assert view.view_model.state.value.chart == Refusal(reason=Reason.NEEDS_SERVER)
    assert view.card.chart is None
