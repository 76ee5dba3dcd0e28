"""The lock: hides everything and says only what a passer-by may know."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui import text
from ui.icons import Icon
from ui.shell_state import Connection, ShellState
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_4, GAP_6, Tone, Type
from ui.widgets.banner import Mark
from ui.widgets.button import Button, ButtonKind
from ui.widgets.card import Card
from ui.widgets.label import Label
from ui.widgets.password_field import PasswordField


class LockScreen(QWidget):
    """`unlock_asked` carries the password once; the field is emptied before anybody hears of it."""

    unlock_asked = Signal(str)
    switch_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        outer = QVBoxLayout(self)
        self._clock = Label("", Type.DISPLAY)
        self._place = Label("", tone=Tone.NEUTRAL)
        self._card = Card()
        self._who = Label("", Type.TITLE, wrap=True)
        self._waits = Label("", tone=Tone.NEUTRAL, wrap=True)
        self.password = PasswordField()
        self._error = Label("", tone=Tone.STOPPED, wrap=True)
        self._error.hide()
        self.unlock = Button(self.tr("Unlock"), kind=ButtonKind.PRIMARY, icon=Icon.UNLOCK, step=True)
        self.switch = Button(self.tr("Switch user"), kind=ButtonKind.QUIET, icon=Icon.SWITCH_USER)
        head = QHBoxLayout()
        head.addWidget(Mark(Icon.LOCK, Tone.NEUTRAL, 28))
        head.addWidget(self._who, 1)
        self._card.body.addLayout(head)
        self._card.body.addWidget(self._waits)
        self._card.body.addWidget(self.password)
        self._card.body.addWidget(self._error)
        self._card.body.addWidget(self.unlock)
        self._card.body.addWidget(self.switch)
        outer.addStretch(2)
        outer.addWidget(self._clock, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addWidget(self._place, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addSpacing(24)
        outer.addWidget(self._card, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)
        self.password.returnPressed.connect(self._on_unlock)
        self.unlock.clicked.connect(self._on_unlock)
        self.switch.clicked.connect(self._on_switch)
        self._outer = outer
        themed(self, self._on_look)

    def show_state(self, state: ShellState) -> None:
        zone = state.now.tzinfo
        self._clock.setText(text.clock(state.now, zone))
        self._place.setText(
            self.tr("{plant} · Station {station}").format(plant=state.plant, station=state.station)
        )
        self._who.setText(
            self.tr("{name} is signed in").format(name=state.person.name)
            if state.person
            else self.tr("Locked")
        )
        offline = state.connection is not Connection.ONLINE
        one = self.tr("1 entry waits to be sent; it is saved here.")
        many = self.tr("{count} entries wait to be sent; all are saved here.").format(count=state.waiting)
        saved = (one if state.waiting == 1 else many) if state.waiting else ""
        self._waits.setText(
            " ".join(part for part in (self.tr("Offline.") if offline else "", saved) if part)
        )
        self._waits.setVisible(bool(self._waits.text()))
        self._error.setText(state.lock_error)
        self._error.setVisible(bool(state.lock_error))

    def take_keyboard(self) -> None:
        self.password.clear()
        self.password.setFocus(Qt.FocusReason.OtherFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), LOOK.value.color("window"))
        painter.end()

    def _on_unlock(self) -> None:
        secret = self.password.take()
        if secret:
            self.unlock_asked.emit(secret)

    def _on_switch(self) -> None:
        self.password.clear()
        self.switch_asked.emit()

    def _on_look(self, look: Look) -> None:
        self._card.setFixedWidth(look.px(400))
        self._outer.setSpacing(look.px(GAP_2))
        self._card.body.setSpacing(look.px(GAP_4))
        gap = look.px(GAP_6)
        self._outer.setContentsMargins(gap, gap, gap, gap)
