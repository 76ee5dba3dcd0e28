"""Ctrl+K: find anything, do anything, without leaving the keyboard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QLineEdit, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.fuzzy import ranked
from ui.icons import Icon, paint_icon
from ui.paint import box, words
from ui.theme import LOOK
from ui.tokens import RADIUS_SMALL, Tone, Type
from ui.widgets.label import Label
from ui.widgets.overlay import Overlay

Index = QModelIndex | QPersistentModelIndex
ROW = int(Qt.ItemDataRole.UserRole) + 1
MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteItem:
    """Something to go to or to do. `hint` stands quietly at the right, `run` is called when it is picked."""

    title: str
    run: Callable[[], None]
    icon: Icon = Icon.FORWARD
    hint: str = ""
    shortcut: str = ""


class PaletteModel(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.items: tuple[PaletteItem, ...] = ()

    def show_items(self, items: Sequence[PaletteItem]) -> None:
        self.beginResetModel()
        self.items = tuple(items)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        if not index.isValid():
            return None
        item = self.items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.title
        return item if role == ROW else None


class PaletteDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, LOOK.value.px(48))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        item = index.data(ROW)
        if not isinstance(item, PaletteItem):
            return
        rect: QRect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            box(painter, rect, RADIUS_SMALL, t.accent_ground)
        side = px(20)
        top = rect.center().y() + 1 - side / 2
        paint_icon(painter, item.icon, t.muted, QRectF(rect.left() + px(12), top, side, side))
        right = item.shortcut or item.hint
        small = look.font(Type.CAPTION)
        taken = QFontMetrics(small).horizontalAdvance(right) + px(12) if right else 0
        area = rect.adjusted(px(12) + side + px(12), 0, -px(12) - taken, 0)
        words(painter, area, item.title, look.font(), t.text)
        if right:
            edge = rect.adjusted(0, 0, -px(12), 0)
            words(
                painter,
                edge,
                right,
                small,
                t.muted,
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            )
        painter.restore()


class CommandPalette(Overlay):
    """`actions` answers what can always be done; `find` answers records for what was typed (from the cache,
    at once).

    Slower answers may be handed in later with `add_found`; they are shown if the words are still the same.
    """

    def __init__(
        self,
        host: QWidget,
        *,
        actions: Callable[[], Sequence[PaletteItem]],
        find: Callable[[str], Sequence[PaletteItem]] | None = None,
    ) -> None:
        super().__init__(host, width=640, top=96)
        self._actions = actions
        self._find = find
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Find a batch, step, deviation, or something to do"))
        self.field.setAccessibleName(self.tr("Find or do"))
        self.model = PaletteModel()
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(PaletteDelegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("What was found"))
        self._nothing = Label("", tone=Tone.NEUTRAL)
        self.body.addWidget(self.field)
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self._nothing)
        self.field.textChanged.connect(self._on_text)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._on_picked)

    def open(self) -> None:
        self.field.clear()
        self._on_text("")
        super().open()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def add_found(self, wanted: str, items: Sequence[PaletteItem]) -> None:
        """Show more results for `wanted`; ignored when something else was typed meanwhile."""
        if wanted == self.field.text().strip() and items:
            self._show((*items, *self.model.items))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            match event.key():
                case Qt.Key.Key_Down:
                    self._move(1)
                case Qt.Key.Key_Up:
                    self._move(-1)
                case Qt.Key.Key_PageDown:
                    self._move(8)
                case Qt.Key.Key_PageUp:
                    self._move(-8)
                case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                    self._on_picked(self.list.currentIndex())
                case _:
                    return super().eventFilter(watched, event)
            return True
        return super().eventFilter(watched, event)

    def _on_text(self, text: str) -> None:
        wanted = text.strip()
        hits = ranked(wanted, self._actions(), lambda item: f"{item.title} {item.hint}")
        found = tuple(self._find(wanted)) if self._find and wanted else ()
        self._show((*found, *hits))

    def _show(self, items: Sequence[PaletteItem]) -> None:
        self.model.show_items(items[:MOST])
        if items:
            self.list.setCurrentIndex(self.model.index(0))
        nothing = self.tr("Nothing found for “{words}”.").format(words=self.field.text().strip())
        self._nothing.setText("" if items else nothing)
        self._nothing.setVisible(not items)
        self.list.setVisible(bool(items))
        row = LOOK.value.px(48)
        fits = (self._host.height() - LOOK.value.px(96 + 120)) // row
        self.list.setFixedHeight(row * min(len(items), 8, max(fits, 2)) + 2)
        if self.isVisible():
            self._place()

    def _move(self, by: int) -> None:
        rows = self.model.rowCount()
        if rows:
            row = self.list.currentIndex().row() + by
            self.list.setCurrentIndex(self.model.index(min(max(row, 0), rows - 1)))

    def _on_picked(self, index: Index) -> None:
        if index.isValid():
            item = self.model.items[index.row()]
            self.close_overlay()
            item.run()
