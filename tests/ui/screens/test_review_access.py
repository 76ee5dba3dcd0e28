"""Every control of quality's pages has a name, a target a finger can hit, and a place in the order of Tab."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTableView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.domain.batch import BatchAction
from app.domain.permissions import Role
from tests.support.screens import settle
from tests.ui.screens import test_deviations_view as deviations
from tests.ui.screens import test_review_view as review
from tests.ui.screens import test_sync_view as sync
from ui.tokens import TARGET

CONTROLS = (
    QAbstractButton, QCheckBox, QComboBox, QDateTimeEdit, QLineEdit, QPlainTextEdit, QTableView, QTabBar,
)  # fmt: skip
INSIDE = "qt_"  # parts Qt makes for itself


PAGES = ("deviations", "deviation", "close", "raise", "queue", "exceptions", "record", "release", "sync")


async def opened(qtbot: QtBot, name: str) -> QWidget:
    """That page, with something on it."""
    match name:
        case "deviations":
            return await deviations.Bench(qtbot, Role.QA_REVIEWER).list_page()
        case "deviation":
            return await deviations.Bench(qtbot, Role.QA_REVIEWER).detail_page("DEV-2026-007")
        case "close":
            form = await deviations.Bench(qtbot, Role.QA_REVIEWER).detail_page("DEV-2026-005")
            form.next_button.click()
            return form
        case "raise":
            officer = deviations.Bench(qtbot, Role.PRODUCTION_OFFICER)
            return await officer.raise_page(officer.context())
        case "queue":
            return await review.Bench(qtbot, Role.QA_HEAD).queue()
        case "exceptions":
            return await review.Bench(qtbot, Role.QA_HEAD).file()
        case "record":
            head = review.Bench(qtbot, Role.QA_HEAD)
            record = await head.file()
            record.tabs.setCurrentIndex(review.RECORD)
            await head.tasks.settle()
            return record
        case "release":
            release = await review.Bench(qtbot, Role.QA_HEAD).file(review.CLEAN)
            release.act_buttons[BatchAction.RELEASE].click()
            return release
        case _:
            return await sync.Bench(qtbot).page()


def controls(page: QWidget) -> list[QWidget]:
    return [
        each
        for each in page.findChildren(QWidget)
        if isinstance(each, CONTROLS) and each.isVisibleTo(page) and not each.objectName().startswith(INSIDE)
    ]


def named(each: QWidget) -> bool:
    return bool(each.accessibleName() or (isinstance(each, QAbstractButton) and each.text().strip()))


@pytest.mark.parametrize("name", PAGES)
async def test_every_control_has_a_name_a_target_and_a_place_for_the_keyboard(
    qtbot: QtBot, name: str
) -> None:
    page = await opened(qtbot, name)
    settle()
    found = controls(page)
    assert found
    assert [type(each).__name__ for each in found if not named(each)] == []
    buttons = [each for each in found if isinstance(each, QAbstractButton)]
    small = [
        f"{called(b)} {b.width()}x{b.height()}" for b in buttons if min(b.width(), b.height()) < TARGET - 2
    ]
    assert small == []
    lost = [
        called(each)
        for each in buttons
        if each.isEnabled()
        and not each.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not isinstance(each.parentWidget(), QLineEdit)  # the clear cross: Escape does the same
    ]
    assert lost == []


def called(button: QAbstractButton) -> str:
    return button.accessibleName() or button.text()
