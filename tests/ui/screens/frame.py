"""The real window around one page, so that a picture shows what a person sees."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.support.desk import SampleDesk
from tests.support.sample_plant import PRESS_ROOM, STATIONS
from tests.support.screens import SMALL
from ui.icons import Icon
from ui.window import Page, Shell
from ui.workplace_model import WorkplaceModel

PLACES = (
    ("batches", "Batches", Icon.BATCHES),
    ("stage", "Stage", Icon.STAGE),
    ("deviations", "Deviations", Icon.DEVIATION),
    ("review", "Review", Icon.REVIEW),
    ("sync", "Sync", Icon.SYNC),
)


def framed(qtbot: QtBot, desk: SampleDesk, name: str, widget: QWidget) -> Shell:
    """`widget` as the page `name` of a window that tells the desk's truth."""
    workplace = WorkplaceModel(desk, "Ljubljana", STATIONS[PRESS_ROOM][0], lambda: desk.world.now)
    window = Shell(workplace.state)
    for place, (key, title, icon) in enumerate(PLACES):
        page = Page(name=key, title=title, icon=icon, shortcut=f"Alt+{place + 1}")
        window.add_page(page, (lambda: widget) if key == name else QWidget)
    qtbot.addWidget(window)
    window.resize(SMALL)
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    window.go(name)
    window.show()
    return window
