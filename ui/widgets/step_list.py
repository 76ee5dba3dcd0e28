"""The steps of a stage, from top to bottom, each with its state in icon and word."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ui.icons import Icon, paint_icon
from ui.paint import box, focus_ring, words
from ui.theme import LOOK, Look, themed
from ui.tokens import RADIUS, Tone, Type

Index = QModelIndex | QPersistentModelIndex
ROW = int(Qt.ItemDataRole.UserRole) + 1
HEIGHT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class StepItem:
    """`word` says the state ("Done", "Now", "Waiting for verifier", "Contested", "N/A"); `value` stands at the right."""

    key: str
    title: str
    word: str
    icon: Icon = Icon.CIRCLE
    tone: Tone = Tone.NEUTRAL
    value: str = ""
    done: bool = False


class StepModel(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.items: tuple[StepItem, ...] = ()

    def show_items(self, items: Sequence[StepItem]) -> None:
        new = tuple(items)
        if [item.key for item in new] == [item.key for item in self.items]:
            self.items = new
            if new:
                self.dataChanged.emit(self.index(0), self.index(len(new) - 1))
            return
        self.beginResetModel()
        self.items = new
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        if not index.isValid():
            return None
        item = self.items[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return item.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(part for part in (item.title, item.word, item.value) if part)
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join(part for part in (item.title, item.word, item.value) if part)
            case _:
                return item if role == ROW else None


class StepDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, LOOK.value.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        item = index.data(ROW)
        if not isinstance(item, StepItem):
            return
        look = LOOK.value
        t, px = look.tokens, look.px
        rect: QRect = option.rect.adjusted(px(8), 1, -px(8), -1)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            box(painter, rect, RADIUS, t.accent_ground if chosen else t.hover)
        if chosen:
            box(painter, QRectF(rect.left(), rect.center().y() - px(14), px(3), px(28)), px(2), t.accent)
        if chosen and option.state & QStyle.StateFlag.State_HasFocus:
            focus_ring(painter, rect, t.accent)
        side = px(22)
        ink = t.ink(item.tone)
        paint_icon(painter, item.icon, ink, QRectF(rect.left() + px(12), rect.top() + px(11), side, side))
        left = rect.left() + px(12) + side + px(10)
        width = rect.right() - left - px(10)
        quiet = item.done and not chosen
        title = QRect(left, rect.top() + px(10), width, px(22))
        words(
            painter,
            title,
            item.title,
            look.font(Type.STRONG if chosen else Type.BODY),
            t.muted if quiet else t.text,
        )
        below = QRect(left, title.bottom() + 1, width, px(20))
        small = look.font(Type.CAPTION)
        taken = QFontMetrics(small).horizontalAdvance(item.value) + px(10) if item.value else 0
        words(
            painter,
            below.adjusted(0, 0, -min(taken, width // 2), 0),
            item.word,
            look.font(Type.CAPTION_STRONG) if item.tone is not Tone.NEUTRAL else small,
            ink,
        )
        if item.value:
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            words(painter, below, item.value, small, t.text, right)
        painter.restore()


class StepList(QListView):
    """`chosen` carries the key of the step that was tapped or reached by the arrow keys."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps = StepModel()
        self.setModel(self._steps)
        self.setItemDelegate(StepDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Steps"))
        self._quiet = False
        themed(self, self._on_look)

    def set_steps(self, steps: Sequence[StepItem]) -> None:
        self._quiet = True
        current = self.current_key()
        self._steps.show_items(steps)
        if current:
            self._select(current)
        self._quiet = False

    def show_current(self, key: str) -> None:
        """Mark the step that the card shows; emits nothing."""
        self._quiet = True
        self._select(key)
        self._quiet = False

    def current_key(self) -> str:
        index = self.currentIndex()
        return self._steps.items[index.row()].key if index.isValid() else ""

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid() and not self._quiet:
            self.chosen.emit(self._steps.items[current.row()].key)

    def _select(self, key: str) -> None:
        row = next((i for i, item in enumerate(self._steps.items) if item.key == key), None)
        if row is not None:
            self.setCurrentIndex(self._steps.index(row))

    def _on_look(self, look: Look) -> None:
        self.scheduleDelayedItemsLayout()
