"""The deviations screen as a person meets it, and pictures of every state of it."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.client.ports import Mark
from app.domain.decision import Reason, Refusal
from app.domain.deviation import Deviation, DeviationStatus
from app.domain.exception import Rule
from app.domain.identity import DeviationId
from app.domain.permissions import Role
from tests.support.desk import SampleDesk, sample_desk
from tests.support.screens import LARGE, SMALL, grab, grab_all, out_directory
from tests.ui.screens.dialogs import turns, until_dialog
from tests.ui.screens.frame import framed
from tests.ui.screens.quality_plant import (
    LONG,
    TROUBLED,
    deviation,
    exceptions,
    quality_world,
    raise_deviation,
)
from tests.ui.screens.went import Went
from ui import text
from ui.drafts import MemoryDrafts
from ui.icons import Icon
from ui.navigation import DeviationContext
from ui.screens.deviations.detail_model import DeviationViewModel
from ui.screens.deviations.detail_view import DeviationView
from ui.screens.deviations.form_fields import FieldBox
from ui.screens.deviations.raise_model import RaiseDeviationViewModel
from ui.screens.deviations.raise_view import RaiseDeviationView
from ui.screens.deviations.view import DeviationsView
from ui.screens.deviations.view_model import DeviationsViewModel
from ui.tasks import Tasks
from ui.widgets import Chip, CommentField, EmptyState, Label, TableRole
from ui.widgets.choice_buttons import ChoiceButton


def _report(name: str, error: BaseException) -> None:
    raise AssertionError(name) from error


class Bench:
    """One desk with the three pages on it."""

    def __init__(self, qtbot: QtBot, role: Role, *, offline: bool = False) -> None:
        self.desk: SampleDesk = sample_desk(signed_in=role, world=quality_world(), offline=offline)
        self.qtbot = qtbot
        self.went = Went()
        self.tasks = Tasks(_report)
        self.drafts = MemoryDrafts()

    def clock(self) -> datetime:
        return self.desk.world.now

    def _show(self, widget: QWidget) -> None:
        self.qtbot.addWidget(widget)
        widget.resize(SMALL)
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        widget.show()

    async def list_page(self) -> DeviationsView:
        view = DeviationsView(DeviationsViewModel(self.desk, self.clock), self.tasks, self.went)
        self._show(view)
        await self.tasks.settle()
        return view

    async def detail_page(self, number: str) -> DeviationView:
        view = DeviationView(DeviationViewModel(self.desk, self.clock, self.drafts), self.tasks, self.went)
        self._show(view)
        view.open(deviation(self.desk.world, number).id)
        await self.tasks.settle()
        return view

    async def raise_page(self, context: DeviationContext) -> RaiseDeviationView:
        model = RaiseDeviationViewModel(self.desk, self.clock, self.desk.world.fresh, self.drafts)
        view = RaiseDeviationView(model, self.tasks, self.went)
        self._show(view)
        view.begin(context)
        await self.tasks.settle()
        return view

    def context(self) -> DeviationContext:
        noticed = exceptions(self.desk.world, TROUBLED, Rule.UNEXPECTED_ANSWER)[0]
        return DeviationContext(
            batch_id=noticed.batch_id,
            batch_number=TROUBLED,
            product_name="Amlodipine 5 mg tablets",
            stage_key=noticed.stage_key,
            stage_name="Compression",
            step_key=noticed.step_key,
            step_title="Metal detector challenge",
            exception_id=noticed.id,
            equipment="Metal detector MD-3",
            title="Metal detector challenge: unexpected answer",
            description=text.noticed(noticed.rule, noticed.detail),
            occurred_at=noticed.raised_at,
        )


def type_into(box: FieldBox, words: str) -> None:
    """Type as a person does, so that the field tells of it."""
    if isinstance(box.input, CommentField):
        box.input.box.setPlainText(words)
    elif isinstance(box.input, QLineEdit):
        box.input.setText(words)
        box.input.textEdited.emit(words)


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    return out_directory(tmp_path)


async def picture(bench: Bench, view: QWidget, name: str, shots: Path, *, large: bool = True) -> None:
    """The page in its window, in both themes, large and at 150 %."""
    window = framed(bench.qtbot, bench.desk, "deviations", view)
    await bench.tasks.settle()
    paths = grab_all(window, name, shots, sizes=(SMALL, LARGE) if large else (SMALL,))
    assert all(path.exists() for path in paths)


async def test_pictures_of_the_list(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    await picture(bench, await bench.list_page(), "dev-list", shots)


async def test_pictures_of_lists_with_nothing_to_show(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.list_page()
    view.search.setText("no such thing")
    view.search.returnPressed.emit()
    await picture(bench, view, "dev-list-nothing-found", shots, large=False)


async def test_pictures_of_the_detail(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.detail_page("DEV-2026-005")
    await picture(bench, view, "dev-detail", shots)
    view.next_button.click()
    await picture(bench, view, "dev-close", shots, large=False)


async def test_pictures_of_an_overdue_deviation_and_its_investigation(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.PRODUCTION_MANAGER)
    view = await bench.detail_page("DEV-2026-004")
    await picture(bench, view, "dev-overdue", shots, large=False)
    view.next_button.click()
    view.fields.edited.emit("method", "5 whys")
    view.submit.click()
    await picture(bench, view, "dev-investigate-missing", shots)


async def test_pictures_of_who_may_not_act(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.PRODUCTION_OFFICER, offline=True)
    await picture(bench, await bench.detail_page("DEV-2026-002"), "dev-waits", shots, large=False)


async def test_pictures_of_the_raise_form(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.PRODUCTION_OFFICER, offline=True)
    view = await bench.raise_page(bench.context())
    await picture(bench, view, "dev-raise", shots)
    view.save.click()
    await picture(bench, view, "dev-raised", shots, large=False)


async def test_a_tap_opens_a_deviation_and_ctrl_n_raises_one(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.list_page()
    view.table.opened.emit(0)
    view.raise_button.click()
    assert bench.went.places == [("deviation", view.model.row_at(0).id), ("raise",)]
    assert view.raise_button.shortcut().toString() == "Ctrl+N"


async def test_the_list_says_overdue_with_a_word_and_an_icon(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.list_page()
    due = next(i for i, column in enumerate(view.model.columns) if column.key == "due")
    chip = view.model.index(0, due).data(int(TableRole.CHIP))
    assert isinstance(chip, Chip)
    assert chip.text.startswith("Overdue")
    assert chip.icon is Icon.CLOCK
    assert view.model.index(1, due).data(int(TableRole.CHIP)) is None


async def test_filters_of_the_list_reach_the_question(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.list_page()
    view.chips.chip(DeviationStatus.REPORTED.value).click()
    await bench.tasks.settle()
    assert {line.status for line in view.model.rows} == {DeviationStatus.REPORTED}
    view.chips.chip(DeviationStatus.REPORTED.value).click()
    view.classes.setCurrentText("Critical")
    view.classes.activated.emit(view.classes.currentIndex())
    await bench.tasks.settle()
    assert [line.number for line in view.model.rows] == ["DEV-2026-004"]


async def test_a_search_without_hits_offers_to_show_all(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.list_page()
    view.search.setText("nothing like it")
    view.search.returnPressed.emit()
    await bench.tasks.settle()
    assert view.model.rowCount() == 0
    empty = view.findChild(EmptyState)
    assert isinstance(empty, EmptyState)
    assert empty.title.text() == "No deviation matches"
    empty.button.click()
    await bench.tasks.settle()
    assert view.model.rowCount() == 8


async def test_the_list_follows_the_cache_while_it_is_shown(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.list_page()
    raise_deviation(bench.desk.world, "Leaking valve", 0)
    bench.desk.board.publish({"deviation"}, ())
    await bench.tasks.settle()
    assert view.model.rowCount() == 9


async def test_classifying_from_the_page_to_the_accepted_signature(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.detail_page("DEV-2026-007")
    assert view.next_button.text() == "Classify"
    view.next_button.click()
    view.submit.click()
    await bench.tasks.settle()
    assert view.fields.box("classification").problem.text() == "Choose a class."
    view.fields.box("classification").input.findChildren(ChoiceButton)[1].click()
    type_into(view.fields.box("reason"), "A critical parameter left its limit.")
    view.submit.click()
    dialog = await until_dialog()
    assert dialog.act.text() == "Classify"
    assert grab(dialog, "dev-sign", shots, size=None).exists()
    dialog.password.setText("wrong")
    dialog.act.click()
    await turns()
    assert dialog.error.text() == "Name or password is wrong."
    dialog.password.setText("floor")
    dialog.act.click()
    await bench.tasks.settle()
    assert deviation(bench.desk.world, "DEV-2026-007").status is DeviationStatus.CLASSIFIED
    assert view.next_button.text() == "Record the investigation"


async def test_thinking_better_of_a_signature_keeps_what_was_typed(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.detail_page("DEV-2026-007")
    view.next_button.click()
    view.fields.box("classification").input.findChildren(ChoiceButton)[0].click()
    type_into(view.fields.box("reason"), "Isolated.")
    view.submit.click()
    dialog = await until_dialog()
    dialog.reject()
    await bench.tasks.settle()
    assert deviation(bench.desk.world, "DEV-2026-007").status is DeviationStatus.REPORTED
    box = view.fields.box("reason").input
    assert isinstance(box, CommentField)
    assert box.text() == "Isolated."


@pytest.mark.parametrize(
    ("role", "offline", "number", "sentence"),
    [
        (Role.QA_REVIEWER, True, "DEV-2026-007", Refusal(reason=Reason.NEEDS_SERVER)),
        (Role.PRODUCTION_MANAGER, True, "DEV-2026-006", Refusal(reason=Reason.NEEDS_SERVER)),
    ],
)
async def test_an_action_that_is_off_says_why_in_the_servers_own_sentence(
    qtbot: QtBot, role: Role, offline: bool, number: str, sentence: Refusal
) -> None:
    bench = Bench(qtbot, role, offline=offline)
    view = await bench.detail_page(number)
    assert not view.next_button.isEnabled()
    assert view.next_button.why_not() == text.refusal(sentence)


@pytest.mark.parametrize("reason", [Reason.WRONG_STATUS, Reason.NOT_INDEPENDENT, Reason.UNKNOWN_HERE])
async def test_a_refusal_of_the_act_is_shown_as_its_sentence(qtbot: QtBot, reason: Reason) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.detail_page("DEV-2026-007")
    view.next_button.click()
    view.fields.box("classification").input.findChildren(ChoiceButton)[0].click()
    type_into(view.fields.box("reason"), "Isolated.")
    view.submit.click()
    dialog = await until_dialog()
    no = Refusal(reason=reason, detail=("Closed", "classify"))
    bench.desk.commands.refuse_next = no
    dialog.password.setText("floor")
    dialog.act.click()
    await turns()
    said = " ".join(label.text() for label in dialog.findChildren(Label))
    assert text.refusal(no) in said
    dialog.act.click()
    await bench.tasks.settle()


async def test_the_links_of_a_deviation_lead_to_batch_step_and_exception(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    view = await bench.detail_page("DEV-2026-002")
    batch = bench.desk.batch_id("B-2026-0140")
    view.batch_link.click()
    view.step_link.click()
    view.exception_link.click()
    view.back.click()
    assert bench.went.places == [
        ("batch", batch),
        ("stage", batch, "making", "viscosity"),
        ("review", batch),
        ("back",),
    ]


async def test_raising_saves_here_and_leads_back_to_work(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.PRODUCTION_OFFICER, offline=True)
    view = await bench.raise_page(bench.context())
    type_into(view.boxes["title"], "")
    view.save.click()
    await bench.tasks.settle()
    assert view.boxes["title"].problem.text() == "Needed."
    type_into(view.boxes["title"], "Steel piece went through")
    view.held.click()
    view.save.click()
    await bench.tasks.settle()
    known = bench.desk.world.facts.every(Deviation, title="Steel piece went through")
    assert len(known) == 1
    assert known[0].product_held
    assert known[0].number == ""
    view.to_step.click()
    assert bench.went.places == [("back",)]


async def test_times_are_edited_in_the_plants_zone(qtbot: QtBot) -> None:
    bench = Bench(qtbot, Role.PRODUCTION_OFFICER)
    view = await bench.raise_page(bench.context())
    view.occurred.edit.setDateTime(view.noticed.edit.dateTime().addSecs(-1800))
    view.save.click()
    await bench.tasks.settle()
    made = bench.desk.world.facts.every(Deviation, title="Metal detector challenge: unexpected answer")[0]
    assert made.noticed_at - made.occurred_at == timedelta(minutes=30)
    assert made.occurred_at.utcoffset() == made.noticed_at.utcoffset()


async def test_pictures_of_long_words_and_of_what_is_missing(qtbot: QtBot, shots: Path) -> None:
    bench = Bench(qtbot, Role.QA_REVIEWER)
    key = raise_deviation(bench.desk.world, LONG[:240], 1, batch=TROUBLED, description=LONG * 4)
    bench.desk.board.marks[key] = Mark.SAVED_HERE
    bench.desk.world.now = quality_world().now
    await picture(bench, await bench.list_page(), "dev-list-long", shots, large=False)
    model = DeviationViewModel(bench.desk, bench.clock, bench.drafts)
    view = DeviationView(model, bench.tasks, bench.went)
    view.open(key)
    await bench.tasks.settle()
    await picture(bench, view, "dev-long", shots, large=False)
    lost = DeviationView(DeviationViewModel(bench.desk, bench.clock, bench.drafts), bench.tasks, bench.went)
    lost.open(DeviationId(bench.desk.world.fresh()))
    await bench.tasks.settle()
    await picture(bench, lost, "dev-missing", shots, large=False)
