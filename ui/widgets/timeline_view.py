"""What happened, one below the other: a mark, a title, who and when, and the words."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.icons import Icon, paint_icon
from ui.paint import box
from ui.theme import LOOK, Look, themed
from ui.tokens import Tone, Type
from ui.widgets.label import Label
from ui.widgets.status_chip import Chip, StatusChip

GUTTER = 48
MARK = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """`struck` is an old value that was corrected: shown struck through, above the body."""

    title: str
    meta: str = ""
    body: str = ""
    icon: Icon = Icon.CIRCLE
    tone: Tone = Tone.NEUTRAL
    chip: Chip | None = None
    struck: str = ""
    ahead: bool = False  # still to come: drawn quietly


class TimelineItem(QWidget):
    def __init__(self, entry: TimelineEntry, *, last: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        self._last = last
        self._column = QVBoxLayout(self)
        head = QHBoxLayout()
        head.addWidget(Label(entry.title, Type.STRONG, Tone.NEUTRAL if entry.ahead else None, wrap=True), 1)
        if entry.chip is not None:
            head.addWidget(StatusChip(entry.chip), 0, Qt.AlignmentFlag.AlignTop)
        self._column.addLayout(head)
        if entry.meta:
            self._column.addWidget(Label(entry.meta, Type.CAPTION, Tone.NEUTRAL, wrap=True))
        if entry.struck:
            old = Label(entry.struck, Type.BODY, Tone.NEUTRAL, wrap=True, selectable=True)
            old.set_struck(True)
            old.setAccessibleDescription(self.tr("Old value, corrected"))
            self._column.addWidget(old)
        if entry.body:
            self._column.addWidget(Label(entry.body, wrap=True, selectable=True))
        self._column.addStretch(1)
        themed(self, self._on_look)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        painter = QPainter(self)
        mark = QRect(0, 0, px(MARK), px(MARK))
        if not self._last:
            line = QRect(mark.center().x(), mark.bottom() + px(4), 2, self.height() - mark.height() - px(8))
            painter.fillRect(line, look.color("hairline"))
        entry = self.entry
        box(
            painter,
            mark,
            px(MARK) / 2,
            None if entry.ahead else t.ground(entry.tone),
            t.border if entry.ahead else None,
        )
        side = px(18)
        inset = (px(MARK) - side) / 2
        paint_icon(painter, entry.icon, t.ink(entry.tone), QRectF(inset, inset, side, side))
        painter.end()

    def _on_look(self, look: Look) -> None:
        self._column.setContentsMargins(look.px(GUTTER), look.px(5), 0, look.px(6 if self._last else 20))
        self._column.setSpacing(look.px(4))
        self.update()


class TimelineView(QWidget):
    """A column of entries; put it into a `ScrollColumn` where it may grow long."""

    def __init__(self, entries: Sequence[TimelineEntry] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[TimelineEntry, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.set_entries(entries)

    def set_entries(self, entries: Sequence[TimelineEntry]) -> None:
        if tuple(entries) == self._entries:
            return
        self._entries = tuple(entries)
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for place, entry in enumerate(entries):
            self._column.addWidget(TimelineItem(entry, last=place == len(entries) - 1, parent=self))
        self._column.addStretch(1)
