"""State flows down to widgets, as long as they live."""

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from ui.bind import bind
from ui.observable import Observable


def test_subscribers_hear_of_changes_only() -> None:
    heard: list[int] = []
    source = Observable(1)
    source.subscribe(heard.append)
    source.set(1)
    source.set(2)
    source.set(2)
    assert heard == [2]


def test_after_unsubscribing_nothing_is_heard_and_twice_is_harmless() -> None:
    heard: list[int] = []
    source = Observable(1)
    stop = source.subscribe(heard.append)
    stop()
    stop()
    source.set(2)
    assert heard == []


def test_a_subscriber_that_sets_again_wins() -> None:
    source = Observable(0)
    heard: list[int] = []

    def round_up(value: int) -> None:
        if value == 1:
            source.set(10)

    source.subscribe(round_up)
    source.subscribe(heard.append)
    source.set(1)
    assert heard == [10]
    assert source.value == 10


class Shows(QLabel):
    def __init__(self, source: Observable[str]) -> None:
        super().__init__()
        bind(self, source, self._render)

    def _render(self, value: str) -> None:
        self.setText(value)


def test_a_widget_renders_now_and_on_every_change(qtbot: QtBot) -> None:
    source = Observable("saved here")
    label = Shows(source)
    qtbot.addWidget(label)
    assert label.text() == "saved here"
    source.set("sent")
    assert label.text() == "sent"


def test_a_destroyed_widget_hears_nothing_more(qtbot: QtBot) -> None:
    source = Observable("one")
    parent = QWidget()
    qtbot.addWidget(parent)
    heard: list[str] = []
    child = QLabel(parent)
    bind(child, source, heard.append)
    child.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    source.set("two")
    assert heard == ["one"]


def test_the_observable_does_not_keep_a_dropped_widget_alive() -> None:
    source = Observable("one")
    label = Shows(source)
    gone: list[bool] = []
    label.destroyed.connect(lambda: gone.append(True))
    del label
    assert gone == [True]
    source.set("two")
