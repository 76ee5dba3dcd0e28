"""The kit can be looked at: every widget renders in both themes and at 150 %."""

from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from tests.support.screens import grab, out_directory
from tests.ui.kit import gallery
from ui.observable import Observable
from ui.tokens import ThemeName


@pytest.mark.parametrize("name", gallery.PAGES)
@pytest.mark.parametrize(
    ("themed", "scale"),
    [(ThemeName.LIGHT, 1.0), (ThemeName.DARK, 1.0), (ThemeName.LIGHT, 1.5), (ThemeName.DARK, 2.0)],
)
def test_a_page_of_the_gallery_can_be_looked_at(
    qtbot: QtBot, tmp_path: Path, name: str, themed: ThemeName, scale: float
) -> None:
    widget = gallery.PAGES[name]()
    qtbot.addWidget(widget)
    path = grab(widget, f"kit-{name}", out_directory(tmp_path), themed=themed, scale=scale)
    assert not QImage(str(path)).isNull()


@pytest.mark.parametrize("name", gallery.DIALOGS)
@pytest.mark.parametrize("themed", list(ThemeName))
def test_a_dialog_of_the_gallery_can_be_looked_at(
    qtbot: QtBot, tmp_path: Path, name: str, themed: ThemeName
) -> None:
    dialog = gallery.DIALOGS[name]()
    qtbot.addWidget(dialog)
    path = grab(dialog, f"kit-dialog-{name}", out_directory(tmp_path), themed=themed, size=None)
    assert not QImage(str(path)).isNull()


@pytest.mark.parametrize(
    ("themed", "scale"),
    [(ThemeName.LIGHT, 1.0), (ThemeName.DARK, 1.0), (ThemeName.LIGHT, 1.5), (ThemeName.DARK, 2.0)],
)
def test_the_window_can_be_looked_at(qtbot: QtBot, tmp_path: Path, themed: ThemeName, scale: float) -> None:
    state = Observable(gallery.offline_state())
    window = gallery.shell(state)
    qtbot.addWidget(window)
    out = out_directory(tmp_path)
    assert grab(window, "kit-shell", out, themed=themed, scale=scale).exists()
    window.palette_overlay.open()
    assert grab(window, "kit-shell-palette", out, themed=themed, scale=scale).exists()
    window.palette_overlay.close_overlay()
    window.toasts.say("Deviation DEV-2026-0121 raised.")
    window.toasts.say("Saved here; it goes out when the connection returns.")
    assert grab(window, "kit-shell-toasts", out, themed=themed, scale=scale).exists()
    state.set(gallery.shell_state(locked=True, lock_error="That is not the password of Ines Okafor."))
    assert grab(window, "kit-shell-locked", out, themed=themed, scale=scale).exists()
