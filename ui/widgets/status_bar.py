"""The status bar: always true, in words, each word a way to its details."""

from datetime import timedelta

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from ui import text
from ui.icons import Icon, paint_icon
from ui.paint import box, focus_ring, words
from ui.shell_state import Connection, ShellState
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_1, RADIUS_SMALL, Tone, Type

OFFSET_SHOWN = timedelta(seconds=5)  # less is the network's delay, and would flicker


class StatusItem(QPushButton):
    """One statement: icon, words, tone."""

    def __init__(self, name: str, icon: Icon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._icon = icon
        self._tip = ""
        self._tone: Tone | None = None
        self._compact = False
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        themed(self, self._on_look)

    def say(self, words_: str, icon: Icon, tone: Tone | None, tip: str) -> None:
        if (words_, icon, tone, tip) == (self.text(), self._icon, self._tone, self._tip):
            return
        self._icon, self._tone, self._tip = icon, tone, tip
        self.setText(words_)
        self.setToolTip(f"{words_}\n{tip}" if self._compact else tip)
        self.updateGeometry()
        self.update()

    def set_compact(self, compact: bool) -> None:
        """Show the icon alone; the words stay as the accessible text and the tooltip."""
        if compact != self._compact:
            self._compact = compact
            self.setToolTip(f"{self.text()}\n{self._tip}" if compact else self._tip)
            self.updateGeometry()
            self.update()

    def width_of(self, *, compact: bool) -> int:
        """How wide it is with its words, or with its icon alone."""
        look = LOOK.value
        if compact:
            return look.px(36)
        width = QFontMetrics(look.font(Type.CAPTION_STRONG)).horizontalAdvance(self.text())
        return width + look.px(10 + 16 + 6 + 10) + 2

    def sizeHint(self) -> QSize:
        return QSize(self.width_of(compact=self._compact), LOOK.value.px(32))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        painter = QPainter(self)
        abnormal = self._tone is not None and self._tone is not Tone.NEUTRAL
        fill = t.ground(self._tone) if abnormal and self._tone else t.hover if self.underMouse() else None
        box(painter, self.rect(), RADIUS_SMALL, fill)
        if self.hasFocus():
            focus_ring(painter, self.rect(), t.accent, RADIUS_SMALL)
        ink = t.ink(self._tone) if self._tone else t.muted
        side = px(16)
        paint_icon(painter, self._icon, ink, QRectF(px(10), (self.height() - side) / 2, side, side))
        if not self._compact:
            area = QRect(px(10) + side + px(6), 0, self.width(), self.height())
            font = look.font(Type.CAPTION_STRONG if abnormal else Type.CAPTION)
            words(painter, area, self.text(), font, ink if abnormal else t.text)
        painter.end()

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()


class StatusBar(QFrame):
    """`asked` carries which statement was tapped: connection, waiting, attention, last-sync, clock."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self.connection = StatusItem("connection", Icon.ONLINE)
        self.waiting = StatusItem("waiting", Icon.UPLOAD)
        self.attention = StatusItem("attention", Icon.ATTENTION)
        self.last_sync = StatusItem("last-sync", Icon.SYNC)
        self.clock = StatusItem("clock", Icon.CLOCK)
        for item in (self.connection, self.waiting, self.attention, self.last_sync):
            self._row.addWidget(item)
        self._row.addStretch(1)
        self._row.addWidget(self.clock)
        self._items = (self.connection, self.waiting, self.attention, self.last_sync, self.clock)
        for item in self._items:
            item.clicked.connect(self._on_clicked)
        themed(self, self._on_look)

    def show_state(self, state: ShellState) -> None:
        zone = state.now.tzinfo
        self._say_connection(state)
        waits = state.waiting
        self.waiting.say(
            self.tr("{count} waiting").format(count=waits) if waits else self.tr("Nothing waiting"),
            Icon.UPLOAD if waits else Icon.CHECK,
            Tone.INFO if waits and state.connection is Connection.ONLINE else None,
            self.tr("What was saved here and is not yet at the server"),
        )
        needs = state.needs_attention
        self.attention.say(
            (self.tr("{count} needs attention") if needs == 1 else self.tr("{count} need attention")).format(
                count=needs
            ),
            Icon.WARNING,
            Tone.ATTENTION,
            self.tr("What the server refused, until somebody settles it"),
        )
        self.attention.setVisible(bool(needs))
        if state.last_sync is None:
            self.last_sync.say(
                self.tr("Never synced"), Icon.SYNC, Tone.ATTENTION, self.tr("This station has not synced yet")
            )
        else:
            ago = text.ago(state.last_sync, state.now)
            self.last_sync.say(
                self.tr("Synced {ago}").format(ago=ago),
                Icon.SYNC,
                None,
                self.tr("Last sync {when}").format(when=text.when(state.last_sync, zone)),
            )
        offset = state.clock_offset
        shown = text.clock_with_zone(state.now, zone)
        if offset is not None and abs(offset) >= OFFSET_SHOWN:
            shown = self.tr("{time} · server {offset}").format(time=shown, offset=text.offset(offset))
        self.clock.say(shown, Icon.CLOCK, None, f"{text.when(state.now, zone)}\n{state.now.isoformat()}")
        self._fit()

    def _say_connection(self, state: ShellState) -> None:
        zone = state.now.tzinfo
        match state.connection:
            case Connection.ONLINE:
                self.connection.say(self.tr("Online"), Icon.ONLINE, None, self.tr("The server answers"))
            case Connection.OFFLINE:
                since = text.since(state.offline_since, state.now, zone) if state.offline_since else ""
                said = self.tr("Offline since {time}").format(time=since) if since else self.tr("Offline")
                self.connection.say(
                    said, Icon.OFFLINE, Tone.ATTENTION, self.tr("Entries are saved on this station")
                )
            case Connection.REFUSED:
                self.connection.say(
                    self.tr("Server refuses this station"),
                    Icon.SERVER_REFUSES,
                    Tone.STOPPED,
                    self.tr("The server answers, but not to this station"),
                )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """When words do not fit, the calm ones shrink to their icon; what is abnormal keeps its words."""
        px = LOOK.value.px
        shown = [item for item in self._items if not item.isHidden()]
        room = self.width() - 2 * px(12) - px(GAP_1) * len(shown)
        needed = sum(item.width_of(compact=False) for item in shown)
        for item in (self.last_sync, self.clock, self.waiting):
            compact = needed > room
            if compact:
                needed += item.width_of(compact=True) - item.width_of(compact=False)
            item.set_compact(compact)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        painter = QPainter(self)
        painter.fillRect(self.rect(), look.color("surface"))
        painter.fillRect(QRect(0, 0, self.width(), 1), look.color("hairline"))
        painter.end()

    def _on_clicked(self) -> None:
        item = self.sender()
        if isinstance(item, StatusItem):
            self.asked.emit(item.name)

    def _on_look(self, look: Look) -> None:
        self.setFixedHeight(look.px(44))
        self._row.setContentsMargins(look.px(12), 1, look.px(12), 0)
        self._row.setSpacing(look.px(GAP_1))
        self._fit()
        self.update()
