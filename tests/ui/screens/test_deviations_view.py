"""The deviations screen as a person meets it, and pictures of every state of it."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.client.ports import Mark
from app.domain.decision import Reason, Refusal
from app.domain.deviation import DeviationAction, DeviationStatus
from app.domain.exception import Rule
from app.domain.identity import DeviationId
from app.domain.permissions import Role
from tests.support.desk import SampleDesk, sample_desk
from tests.support.screens import LARGE, SMALL, grab, grab_all, out_directory
from tests.ui.screens.frame import framed
from tests.ui.screens.quality_plant import LONG, TROUBLED, deviation, exceptions, quality_world, raise_deviation
from tests.ui.screens.went import Went
from ui import text
from ui.drafts import MemoryDrafts
from ui.navigation import DeviationContext
from ui.screens.deviations.detail_model import DeviationViewModel
from ui.screens.deviations.detail_view import DeviationView
from ui.screens.deviations.form_fields import FieldBox
from ui.screens.deviations.raise_model import RaiseDeviationViewModel
from ui.screens.deviations.raise_view import RaiseDeviationView
from ui.screens.deviations.view import DeviationsView
from ui.screens.deviations.view_model import DeviationsViewModel
from ui.tasks import Tasks
from ui.widgets import Button, CommentField, SignDialog


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

    def _clock(self):
        return self.desk.world.now

    def _show(self, widget: QWidget) -> None:
        self.qtbot.addWidget(widget)
        widget.resize(SMALL)
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        widget.show()

    async def list_page(self) -> DeviationsView:
        view = DeviationsView(DeviationsViewModel(self.desk, self._clock), self.tasks, self.went)
        self._show(view)
        await self.tasks.settle()
        return view

    async def detail_page(self, number: str) -> DeviationView:
        view = DeviationView(
            DeviationViewModel(self.desk, self._clock, self.drafts), self.tasks, self.went
        )
        self._show(view)
        view.open(deviation(self.desk.world, number).id)
        await self.tasks.settle()
        return view

    async def raise_page(self, context: DeviationContext) -> RaiseDeviationView:
        model = RaiseDeviationViewModel(self.desk, self._clock, self.desk.world.fresh, self.drafts)
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


def open_dialog() -> SignDialog:
    return next(
        each for each in QApplication.topLevelWidgets() if isinstance(each, SignDialog) and each.isVisible()
    )


async def until_dialog(tasks: Tasks) -> SignDialog:
    """Let the loop turn until the sign dialog is open."""
    import asyncio

    for _ in range(50):
        await asyncio.sleep(0)
        found = [
            each
            for each in QApplication.topLevelWidgets()
            if isinstance(each, SignDialog) and each.isVisible()
        ]
        if found:
            return found[0]
    raise AssertionError("no dialog opened")


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
