"""The shop floor's pages for eyes that do not see, hands in gloves, and large letters."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.domain.permissions import Role
from tests.support.desk import sample_desk
from tests.support.screens import SMALL, looking, settle
from tests.ui.screens.floor_bench import FloorBench, typed
from tests.ui.screens.test_sign_in import HINTS, model_of, shown
from ui.tokens import TARGET, ThemeName

CONTROLS = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractItemView, QTabBar)
PAGES = ("sign-in", "batches", "overview", "stage", "contested", "correcting")


async def _page(qtbot: QtBot, name: str) -> QWidget:
    page = await _opened(qtbot, name)
    settle()
    return page


async def _opened(qtbot: QtBot, name: str) -> QWidget:
    bench = FloorBench(qtbot, Role.PRODUCTION_MANAGER)
    match name:
        case "sign-in":
            view, _ = await shown(qtbot, model_of(sample_desk(signed_in=None), demo=HINTS))
            return view
        case "batches":
            return await bench.list_page()
        case "overview":
            return await bench.overview("B-2026-0147")
        case "contested":
            return await bench.stage("B-2026-0147", "compression", "hardness")
        case "correcting":
            stage = await bench.stage("B-2026-0147", "compression", "weight")
            stage.card.correct.click()
            return stage
        case _:
            stage = await bench.stage("B-2026-0147", "compression", "yield")
            stage.card.keypad_toggle.setChecked(True)
            typed(stage.card.number.line, "94.1")
            return stage


def _controls(page: QWidget) -> Iterator[QWidget]:
    for kind in CONTROLS:
        for found in page.findChildren(kind):
            if isinstance(found, QHeaderView):
                continue  # its headings are items of the table, which is named
            if found.isVisible() and not found.objectName().startswith("qt_") and found.width() > 0:
                yield found


@pytest.mark.parametrize("name", PAGES)
async def test_a_screen_reader_can_name_every_control(qtbot: QtBot, name: str) -> None:
    page = await _page(qtbot, name)
    nameless = [
        f"{type(each).__name__} in {type(each.parentWidget()).__name__}"
        for each in _controls(page)
        if not each.accessibleName() and not (isinstance(each, QAbstractButton) and each.text())
    ]
    assert nameless == []


@pytest.mark.parametrize("name", PAGES)
async def test_every_button_is_a_target_for_a_glove(qtbot: QtBot, name: str) -> None:
    page = await _page(qtbot, name)
    small = [
        f"{type(each).__name__} {each.text() or each.accessibleName()} {each.height()}"
        for each in page.findChildren(QAbstractButton)
        if each.isVisible() and each.height() < TARGET - 2 and not isinstance(each.parentWidget(), QLineEdit)
    ]
    assert small == []


@pytest.mark.parametrize("name", PAGES)
async def test_every_action_that_has_keys_says_them(qtbot: QtBot, name: str) -> None:
    page = await _page(qtbot, name)
    for each in page.findChildren(QAbstractButton):
        if each.isVisible() and each.isEnabled() and not each.shortcut().isEmpty():
            assert each.shortcut().toString() in each.toolTip(), each.text()
    keys = [
        each.shortcut().toString()
        for each in page.findChildren(QAbstractButton)
        if each.isVisible() and each.isEnabled() and not each.shortcut().isEmpty()
    ]
    assert len(keys) == len(set(keys)), "two buttons listen to the same keys"


@pytest.mark.parametrize("scale", [1.5, 2.0])
@pytest.mark.parametrize("name", PAGES)
async def test_large_letters_do_not_push_the_page_out_of_a_small_window(
    qtbot: QtBot, name: str, scale: float
) -> None:
    page = await _page(qtbot, name)
    with looking(ThemeName.LIGHT, scale):
        page.resize(SMALL)
        settle()
        rail, bars = round(96 * scale), round(104 * scale)
        wanted = page.minimumSizeHint()
        assert wanted.width() <= SMALL.width() - rail
        assert wanted.height() <= SMALL.height() - bars
    QApplication.processEvents()
