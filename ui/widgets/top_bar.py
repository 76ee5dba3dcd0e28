"""The top bar: which plant, which station, who, since when."""

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui import text
from ui.icons import Icon
from ui.shell_state import ShellState
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_4, Tone, Type
from ui.widgets.banner import Mark
from ui.widgets.button import Button, ButtonKind, IconButton
from ui.widgets.label import ElidedLabel, Label


class TopBar(QFrame):
    find_asked = Signal()
    switch_asked = Signal()
    lock_asked = Signal()
    menu_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._plant = ElidedLabel("", Type.STRONG)
        self._station = ElidedLabel("", Type.CAPTION, Tone.NEUTRAL)
        place = self._place = QVBoxLayout()
        place.setSpacing(0)
        place.addStretch(1)
        place.addWidget(self._plant)
        place.addWidget(self._station)
        place.addStretch(1)
        self.finder = Button(
            self.tr("Find or do"),
            icon=Icon.SEARCH,
            kind=ButtonKind.PLAIN,
            tip=self.tr("Find a record or an action (Ctrl+K)"),
        )
        self._who_mark = Mark(Icon.USER, Tone.NEUTRAL)
        self._name = Label("", Type.STRONG)
        self._long_since = self._short_since = ""
        self._said: tuple[object, ...] = ()
        self._since = Label("", Type.CAPTION, Tone.NEUTRAL)
        who = self._who = QVBoxLayout()
        who.setSpacing(0)
        who.addStretch(1)
        who.addWidget(self._name)
        who.addWidget(self._since)
        who.addStretch(1)
        self.switch = Button(
            self.tr("Switch user"), icon=Icon.SWITCH_USER, kind=ButtonKind.PLAIN, shortcut="Ctrl+Shift+U"
        )
        self.lock = Button(self.tr("Lock"), icon=Icon.LOCK, kind=ButtonKind.PLAIN, shortcut="Ctrl+L")
        self.more = IconButton(Icon.MORE, self.tr("Display, help and shortcuts"))
        self._row.addLayout(place, 1)
        self._row.addWidget(self.finder)
        self._row.addSpacing(8)
        self._row.addWidget(self._who_mark)
        self._row.addLayout(who)
        self._row.addWidget(self.switch)
        self._row.addWidget(self.lock)
        self._row.addWidget(self.more)
        self.finder.clicked.connect(self._on_find)
        self.switch.clicked.connect(self._on_switch)
        self.lock.clicked.connect(self._on_lock)
        self.more.clicked.connect(self._on_more)
        themed(self, self._on_look)

    def show_state(self, state: ShellState) -> None:
        since = text.since(state.person.since, state.now, state.now.tzinfo) if state.person else ""
        said = (state.plant, state.station, state.person, since)
        if said == self._said:
            return  # the clock ticks; nothing here changed
        self._said = said
        self._plant.setText(state.plant)
        self._station.setText(self.tr("Station {name}").format(name=state.station))
        person = state.person
        for widget in (self._who_mark, self._name, self._since, self.switch, self.lock, self.finder):
            widget.setVisible(person is not None)
        if person is not None:
            self._name.setText(person.name)
            self._short_since = self.tr("since {time}").format(time=since)
            self._long_since = f"{person.role} · {self._short_since}"
            self._since.setToolTip(self._long_since)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Words give way to icons, the least needed first, before plant and station do."""
        folding = (self.finder, self.switch, self.lock)
        for button in folding:
            button.set_compact(False)
        self._since.setText(self._long_since)
        place = max(self._plant.sizeHint().width(), self._station.sizeHint().width())
        for button in folding:
            if self._fits(place):
                return
            button.set_compact(True)
        if not self._fits(place):
            self._since.setText(self._short_since)

    def _fits(self, place: int) -> bool:
        """Whether everything stands side by side when plant and station take `place` pixels."""
        for layout in (self._place, self._who, self._row):
            layout.invalidate()  # a layout inside a layout keeps its old size until the next turn of the loop
        elided = self._plant.minimumSizeHint().width()
        return self._row.minimumSize().width() - elided + place <= self.width()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        painter = QPainter(self)
        painter.fillRect(self.rect(), look.color("surface"))
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), look.color("hairline"))
        painter.end()

    def _on_find(self) -> None:
        self.find_asked.emit()

    def _on_switch(self) -> None:
        self.switch_asked.emit()

    def _on_lock(self) -> None:
        self.lock_asked.emit()

    def _on_more(self) -> None:
        self.menu_asked.emit()

    def _on_look(self, look: Look) -> None:
        self.setFixedHeight(look.px(60))
        self._row.setContentsMargins(look.px(24), 0, look.px(GAP_4), 0)
        self._row.setSpacing(look.px(GAP_2))
        self._row.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._fit()
        self.update()
