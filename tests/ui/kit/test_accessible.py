"""Every control has a name and a role that a screen reader can say."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.kit import gallery
from ui.icons import Icon
from ui.observable import Observable
from ui.widgets import Chip, IconButton, Label, StatusChip, SyncMark


def nameless(root: QWidget) -> list[str]:
    """What takes the keyboard and has no name or no role."""
    found: list[str] = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            continue
        spoken = QAccessible.queryAccessibleInterface(widget)
        named = bool(spoken.text(QAccessible.Text.Name))
        if not named or spoken.role() == QAccessible.Role.NoRole:
            found.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    return found


@pytest.mark.parametrize("name", [*gallery.PAGES, *gallery.DIALOGS])
def test_whatever_takes_the_keyboard_has_a_name(qtbot: QtBot, name: str) -> None:
    widget = {**gallery.PAGES, **gallery.DIALOGS}[name]()
    qtbot.addWidget(widget)
    widget.show()
    QApplication.processEvents()
    assert nameless(widget) == []


def test_the_window_and_its_lock_have_names_throughout(qtbot: QtBot) -> None:
    state = Observable(gallery.offline_state())
    window = gallery.shell(state)
    qtbot.addWidget(window)
    window.show()
    window.palette_overlay.open()
    assert nameless(window) == []
    window.palette_overlay.close_overlay()
    state.set(gallery.shell_state(locked=True))
    assert nameless(window) == []


def test_what_is_read_aloud_is_what_is_shown(qtbot: QtBot) -> None:
    chip, mark, label = StatusChip(Chip("QA Hold")), SyncMark(), Label("Offline since 10:42")
    for widget, said in ((chip, "QA Hold"), (mark, "Saved here"), (label, "Offline since 10:42")):
        qtbot.addWidget(widget)
        spoken = QAccessible.queryAccessibleInterface(widget)
        assert (spoken.text(QAccessible.Text.Name), spoken.role()) == (said, QAccessible.Role.StaticText)
    chip.set_chip(Chip("Released"))
    assert QAccessible.queryAccessibleInterface(chip).text(QAccessible.Text.Name) == "Released"
    button = IconButton(Icon.PRINT, "Print the record")
    qtbot.addWidget(button)
    assert QAccessible.queryAccessibleInterface(button).role() == QAccessible.Role.PushButton


def test_tab_walks_through_a_dialog_and_comes_back(qtbot: QtBot) -> None:
    dialog = gallery.verify_dialog()
    qtbot.addWidget(dialog)
    dialog.password.setText("secret")
    dialog.show()
    dialog.activateWindow()
    QApplication.processEvents()
    dialog.user.setFocus()
    seen: list[QWidget | None] = [QApplication.focusWidget()]
    for _ in range(20):
        dialog.focusNextChild()
        seen.append(QApplication.focusWidget())
        if seen[-1] is seen[0]:
            break
    assert {dialog.user, dialog.password, dialog.cancel, dialog.act} <= set(seen)
    assert seen[-1] is dialog.user
