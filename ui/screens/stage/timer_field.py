"""A clock for a step that takes time: starts, runs on whatever else is shown, stops."""

from datetime import timedelta

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui import text
from ui.icons import Icon
from ui.theme import Look, themed
from ui.tokens import GAP_4, Tone, Type
from ui.widgets.button import Button, ButtonKind
from ui.widgets.label import Label


class TimerField(QWidget):
    """`started` and `stopped`; the one who listens keeps the time."""

    started = Signal()
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.clock = Label("0:00", Type.ENTRY)
        self._say = Label("", tone=Tone.NEUTRAL, wrap=True)
        self.button = Button(self.tr("Start"), icon=Icon.PLAY, step=True)
        self._running = False
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self.clock)
        self._row.addWidget(self.button)
        self._row.addWidget(self._say, 1, Qt.AlignmentFlag.AlignVCenter)
        self.setFocusProxy(self.button)
        self.button.clicked.connect(self._on_clicked)
        themed(self, self._on_look)

    def show_time(self, elapsed: timedelta, *, running: bool, stopped: bool, since: str) -> None:
        """`stopped`: it has run and stands, so that starting again begins anew."""
        self._running = running
        self.clock.setText(text.duration(elapsed))
        self.button.setText(
            self.tr("Stop") if running else self.tr("Start again") if stopped else self.tr("Start")
        )
        self.button.set_icon(Icon.STOP if running else Icon.PLAY)
        self.button.set_kind(ButtonKind.SECONDARY if stopped and not running else ButtonKind.PRIMARY)
        self._say.setText(
            self.tr("Running since {0}; it runs on while you do something else.").format(since)
            if running
            else ""
        )

    def _on_clicked(self) -> None:
        (self.stopped if self._running else self.started).emit()

    def _on_look(self, look: Look) -> None:
        self._row.setSpacing(look.px(GAP_4))
        self.clock.setMinimumWidth(look.px(120))
