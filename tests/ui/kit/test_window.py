"""The window: places, lock, palette, status, text size."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.support.screens import looking
from tests.ui.kit import gallery
from ui.icons import Icon
from ui.observable import Observable
from ui.shell_state import Connection, Person, ShellState
from ui.tasks import answer
from ui.theme import LOOK
from ui.tokens import ThemeName
from ui.widgets import Button, Label, PaletteItem, SignDialog
from ui.window import Gestures, Page, Shell


class DraftPage(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.line = QLineEdit()
        self.save = Button("Save the value", shortcut="Ctrl+S")
        column = QVBoxLayout(self)
        column.addWidget(self.line)
        column.addWidget(self.save)
        self.setFocusProxy(self.line)


@dataclass
class Desk:
    state: Observable[ShellState]
    window: Shell
    heard: list[tuple[str, object]]

    def page(self, name: str) -> DraftPage:
        page = self.window.page(name)
        assert isinstance(page, DraftPage)
        return page

    def key(
        self, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifier)


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    heard: list[tuple[str, object]] = []
    state = Observable(gallery.shell_state())
    gestures = Gestures(
        lock=lambda: heard.append(("lock", None)),
        unlock=lambda secret: heard.append(("unlock", secret)),
        switch_user=lambda: heard.append(("switch", None)),
        status=lambda name: heard.append(("status", name)),
        notice=lambda key: heard.append(("notice", key)),
        look=lambda theme, scale: heard.append(("look", (theme, scale))),
        find=lambda text: [PaletteItem(title=f"Batch {text}", run=lambda: heard.append(("found", text)))],
        close=lambda: heard.append(("close", None)),
    )
    window = Shell(state, gestures)
    for place, (name, title, icon) in enumerate(gallery.PLACES):
        window.add_page(
            Page(name=name, title=title, icon=icon, shortcut=f"Alt+{place + 1}", help="First.\n\nSecond."),
            DraftPage,
        )
    window.add_page(
        Page(name="batch", title="Batch", icon=Icon.BATCHES, rail=False, under="batches"), DraftPage
    )
    window.add_page(Page(name="sign-in", title="Sign in", icon=Icon.USER, rail=False, whole=True), DraftPage)
    window.go("batches")
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    QApplication.processEvents()
    return Desk(state, window, heard)


def test_the_rail_leads_to_places_and_says_where_one_is(desk: Desk, qtbot: QtBot) -> None:
    QTest.mouseClick(desk.window.rail.button("review"), Qt.MouseButton.LeftButton)
    assert desk.window.current == "review"
    assert desk.window.rail.button("review").isChecked()
    assert not desk.window.rail.button("batches").isChecked()
    assert desk.page("review").line.hasFocus()
    desk.key(qtbot, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert desk.window.current == "batches"


def test_escape_leads_back_and_a_page_below_keeps_its_place_lit(desk: Desk, qtbot: QtBot) -> None:
    desk.window.go("batch")
    assert desk.window.rail.button("batches").isChecked()
    desk.key(qtbot, Qt.Key.Key_Escape)
    assert desk.window.current == "batches"
    desk.key(qtbot, Qt.Key.Key_Escape)
    assert desk.window.current == "batches"


def test_pages_are_built_when_first_shown_and_kept(desk: Desk) -> None:
    page = desk.page("batches")
    page.line.setText("half")
    desk.window.go("sync")
    desk.window.go("batches")
    assert desk.page("batches") is page
    assert page.line.text() == "half"


def test_locking_hides_everything_and_loses_nothing(desk: Desk, qtbot: QtBot) -> None:
    page = desk.page("batches")
    QTest.keyClicks(page.line, "250.4")
    page.line.setCursorPosition(3)
    QGuiApplication.clipboard().setText("copied by the one before")
    desk.state.set(replace(desk.state.value, locked=True))
    QApplication.processEvents()
    assert not page.line.isVisible()
    assert desk.window.lock_screen.isVisible()
    assert desk.window.lock_screen.password.hasFocus()
    assert QGuiApplication.clipboard().text() == ""
    QTest.keyClicks(desk.window.lock_screen.password, "secret")
    desk.key(qtbot, Qt.Key.Key_Return)
    assert desk.heard == [("unlock", "secret")]
    assert desk.window.lock_screen.password.text() == ""
    desk.state.set(replace(desk.state.value, locked=False))
    QApplication.processEvents()
    assert (page.line.text(), page.line.cursorPosition()) == ("250.4", 3)
    assert page.line.hasFocus()


def test_nothing_behind_the_lock_answers_to_keys(desk: Desk, qtbot: QtBot) -> None:
    pressed: list[bool] = []
    desk.page("batches").save.clicked.connect(lambda: pressed.append(True))
    desk.state.set(replace(desk.state.value, locked=True))
    for key, modifier in (
        (Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier),
        (Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier),
        (Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier),
    ):
        desk.key(qtbot, key, modifier)
    assert pressed == []
    assert desk.window.current == "batches"
    assert not desk.window.palette_overlay.isVisible()


async def test_an_open_dialog_goes_behind_the_lock_and_comes_back_for_the_same_person(desk: Desk) -> None:
    dialog = SignDialog(gallery.sign_request(), desk.window)
    waiting = asyncio.ensure_future(answer(dialog))
    await asyncio.sleep(0.01)
    dialog.password.setText("half a passw")
    desk.window.palette_overlay.open()
    desk.state.set(replace(desk.state.value, locked=True))
    await asyncio.sleep(0.01)
    assert not dialog.isVisible()
    assert not desk.window.palette_overlay.isVisible()
    assert not waiting.done()
    desk.state.set(replace(desk.state.value, locked=False))
    await asyncio.sleep(0.01)
    assert dialog.isVisible()
    assert dialog.password.text() == ""
    dialog.reject()
    assert await waiting == QDialog.DialogCode.Rejected


async def test_somebody_else_does_not_find_the_dialog_of_the_one_before(desk: Desk) -> None:
    dialog = SignDialog(gallery.sign_request(), desk.window)
    waiting = asyncio.ensure_future(answer(dialog))
    await asyncio.sleep(0.01)
    desk.state.set(replace(desk.state.value, locked=True))
    other = Person(name="Tom Brandt", role="Production Officer", since=gallery.NOW)
    desk.state.set(replace(desk.state.value, locked=False, person=other))
    assert await waiting == QDialog.DialogCode.Rejected


def test_a_wrong_password_is_said_on_the_lock(desk: Desk) -> None:
    desk.state.set(replace(desk.state.value, locked=True, lock_error="That is not the password."))
    said = [label.text() for label in desk.window.lock_screen.findChildren(Label) if label.isVisible()]
    assert "That is not the password." in said


def test_the_palette_finds_records_places_and_the_buttons_of_the_page(desk: Desk, qtbot: QtBot) -> None:
    page = desk.page("batches")
    pressed: list[bool] = []
    page.save.clicked.connect(lambda: pressed.append(True))
    desk.key(qtbot, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = desk.window.palette_overlay
    assert palette.field.hasFocus()
    QTest.keyClicks(palette.field, "save val")
    assert [item.title for item in palette.model.items] == ["Batch save val", "Save the value"]
    desk.key(qtbot, Qt.Key.Key_Down)
    desk.key(qtbot, Qt.Key.Key_Return)
    assert pressed == [True]
    assert not palette.isVisible()
    assert page.line.hasFocus()
    desk.key(qtbot, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(palette.field, "42")
    desk.key(qtbot, Qt.Key.Key_Return)
    assert ("found", "42") in desk.heard


def test_escape_closes_the_palette_and_not_the_page(desk: Desk, qtbot: QtBot) -> None:
    desk.window.go("batch")
    desk.key(qtbot, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    desk.key(qtbot, Qt.Key.Key_Escape)
    assert not desk.window.palette_overlay.isVisible()
    assert desk.window.current == "batch"


def test_late_results_are_shown_only_for_the_words_they_answer(desk: Desk, qtbot: QtBot) -> None:
    palette = desk.window.palette_overlay
    palette.open()
    QTest.keyClicks(palette.field, "dev")
    late = PaletteItem(title="DEV-2026-0117", run=lambda: None)
    palette.add_found("other words", [late])
    assert late not in palette.model.items
    palette.add_found("dev", [late])
    assert palette.model.items[0] is late


def test_the_status_bar_tells_the_truth_in_words(desk: Desk, qtbot: QtBot) -> None:
    bar = desk.window.status_bar
    assert bar.connection.text() == "Online"
    assert bar.waiting.text() == "Nothing waiting"
    assert not bar.attention.isVisible()
    desk.state.set(gallery.offline_state())
    QApplication.processEvents()
    assert bar.connection.text() == "Offline since 10:42"
    assert bar.waiting.text() == "3 waiting"
    assert bar.attention.text() == "1 needs attention"
    assert bar.last_sync.text() == "Synced 12 min ago"
    assert bar.clock.text() == "14:05:09 CET · server +1 min 12 s"
    assert desk.window.banner.isVisible()
    desk.state.set(gallery.shell_state(connection=Connection.REFUSED))
    assert bar.connection.text() == "Server refuses this station"
    assert not desk.window.banner.isVisible()
    for item in (bar.connection, bar.waiting, bar.last_sync, bar.clock):
        QTest.mouseClick(item, Qt.MouseButton.LeftButton)
    assert [name for what, name in desk.heard if what == "status"] == [
        "connection",
        "waiting",
        "last-sync",
        "clock",
    ]


def test_a_person_sees_only_the_places_that_are_theirs(desk: Desk) -> None:
    desk.state.set(gallery.shell_state(pages=frozenset({"batches", "stage", "sync"})))
    assert desk.window.rail.names() == ("batches", "stage", "sync")
    desk.window.go("admin")
    assert desk.window.current == "batches"


def test_before_signing_in_there_is_nothing_to_go_to(desk: Desk) -> None:
    desk.window.go("sign-in")
    desk.state.set(gallery.shell_state(person=None))
    assert not desk.window.rail.isVisible()
    assert not desk.window.top_bar.lock.isVisible()
    assert desk.window.status_bar.isVisible()


def test_text_size_and_theme_change_by_keyboard_and_are_passed_on_to_be_remembered(
    desk: Desk, qtbot: QtBot
) -> None:
    with looking(ThemeName.LIGHT):
        desk.key(qtbot, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
        assert LOOK.value.scale == 1.1
        desk.key(qtbot, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
        desk.key(qtbot, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        assert LOOK.value.theme is ThemeName.DARK
    assert [what for name, what in desk.heard if name == "look"] == [
        (ThemeName.LIGHT, 1.1),
        (ThemeName.LIGHT, 1.0),
        (ThemeName.DARK, 1.0),
    ]


def test_help_and_shortcuts_are_one_key_away(desk: Desk, qtbot: QtBot) -> None:
    desk.key(qtbot, Qt.Key.Key_F1)
    sheet = desk.window.sheet
    assert sheet.isVisible()
    assert {"First.", "Second."} <= {label.text() for label in sheet.findChildren(Label)}
    desk.key(qtbot, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    desk.page("batches").save.setFocus()
    desk.key(qtbot, Qt.Key.Key_Question)
    words = {label.text() for label in sheet.findChildren(Label) if label.isVisible()}
    assert {"Ctrl+S", "Save the value", "Ctrl+K", "Alt+1"} <= words


def test_a_question_mark_in_a_field_is_a_question_mark(desk: Desk, qtbot: QtBot) -> None:
    line = desk.page("batches").line
    line.setFocus()
    QTest.keyClicks(line, "why?")
    assert line.text() == "why?"
    assert not desk.window.sheet.isVisible()


def test_closing_is_asked_for_and_not_done(desk: Desk) -> None:
    desk.window.close()
    assert desk.window.isVisible()
    assert ("close", None) in desk.heard


def test_the_window_narrows_by_folding_words_into_icons(desk: Desk) -> None:
    desk.state.set(gallery.offline_state())
    desk.window.resize(1280, 800)
    QApplication.processEvents()
    assert desk.window.top_bar.switch.accessibleName() == ""
    with looking(ThemeName.LIGHT, 1.75):
        QApplication.processEvents()
        bar = desk.window.top_bar
        assert bar.finder.accessibleName() == "Find or do"
        assert bar.minimumSizeHint().width() <= desk.window.width()
        status = desk.window.status_bar
        assert status.attention.width() > status.last_sync.width()


def test_the_top_bar_says_who_and_since_when(desk: Desk) -> None:
    said = {label.text() for label in desk.window.top_bar.findChildren(Label) if label.isVisible()}
    assert {"Ines Okafor", "Production Officer · since 06:05", "Northfield Solid Dosage"} <= said


def test_the_last_sync_grows_old_visibly(desk: Desk) -> None:
    state = gallery.shell_state(last_sync=gallery.NOW - timedelta(days=2))
    desk.state.set(state)
    assert desk.window.status_bar.last_sync.text() == "Synced 2 days ago"
    desk.state.set(gallery.shell_state(last_sync=None))
    assert desk.window.status_bar.last_sync.text() == "Never synced"


def test_every_control_of_the_window_has_a_name(desk: Desk) -> None:
    nameless = [
        f"{type(button).__name__} in {type(button.parent()).__name__}"
        for button in desk.window.findChildren(Button)
        if not button.isHidden() and not (button.text() or button.accessibleName())
    ]
    assert nameless == []
