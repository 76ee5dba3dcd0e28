"""A table that a gloved finger, a keyboard and a hurried eye can use."""

from collections.abc import Mapping, Sequence
from csv import writer as csv_writer
from decimal import Decimal
from io import StringIO
from typing import Any, Protocol, cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QFontMetrics,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from ui import paint
from ui.icons import Icon, paint_icon
from ui.numbers import parse_number
from ui.theme import LOOK, Look, themed
from ui.tokens import Type
from ui.widgets.rows_model import CELL, Cell, Column, RowsModel, TableRole
from ui.widgets.status_chip import Chip

ROW_HEIGHT = 48
CELL_PAD = 12
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ColumnMemory(Protocol):
    """Where the widths of a person's columns are kept."""

    def load(self, table: str) -> Mapping[str, int]: ...

    def save(self, table: str, widths: Mapping[str, int]) -> None: ...


class TableDelegate(QStyledItemDelegate):
    """Draws text, a second line, chips and progress."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look = LOOK.value
        tokens, px = look.tokens, look.px
        view = option.widget
        state: QStyle.StateFlag = option.state
        rect: QRect = option.rect
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("accent_ground"))
        elif isinstance(view, TableView) and view.hovered_row() == index.row():
            painter.fillRect(rect, look.color("hover"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), look.color("hairline"))
        if isinstance(view, TableView) and view.marks(index):
            painter.fillRect(QRect(rect.left(), rect.top(), px(3), rect.height()), look.color("accent"))
        inner = rect.adjusted(px(CELL_PAD), 0, -px(CELL_PAD), 0)
        cell = _drawn(index)
        if cell.chip is not None:
            self._paint_chip(painter, inner, cell.chip, look)
        elif cell.progress is not None:
            self._paint_progress(painter, inner, cell.progress, _plain(cell.text), look)
        else:
            self._paint_text(painter, inner, cell, tokens.text, tokens.muted, look)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        look = LOOK.value
        chip = index.data(TableRole.CHIP)
        if isinstance(chip, Chip):
            width = paint.chip_width(chip.text, look)
        else:
            width = QFontMetrics(self._font(index, look)).horizontalAdvance(_text(index))
        return QSize(width + look.px(2 * CELL_PAD), look.px(ROW_HEIGHT))

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """The tooltip is the model's; else the whole text where it did not fit."""
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return super().helpEvent(event, view, option, index)
        tip: str = index.data(Qt.ItemDataRole.ToolTipRole) or ""
        rect: QRect = option.rect
        if not tip and self.sizeHint(option, index).width() > rect.width():
            tip = _text(index)
        QToolTip.showText(event.globalPos(), tip, view)
        return True

    def _font(self, index: QModelIndex | QPersistentModelIndex, look: Look) -> Any:
        return look.font(Type.STRONG if index.data(TableRole.STRONG) else Type.BODY)

    def _paint_text(
        self,
        painter: QPainter,
        rect: QRect,
        cell: Cell,
        ink: str,
        quiet: str,
        look: Look,
    ) -> None:
        side = RIGHT if cell.right else LEFT
        text, subtext = _plain(cell.text), cell.subtext
        font = look.font(Type.STRONG if cell.strong else Type.BODY)
        color = quiet if cell.muted else ink
        if not subtext:
            paint.words(painter, rect, text, font, color, side, _elide(text))
            return
        line = QFontMetrics(font).height()
        small = look.font(Type.CAPTION)
        top = rect.top() + (rect.height() - line - QFontMetrics(small).height()) // 2
        upper = QRect(rect.left(), top, rect.width(), line)
        lower = QRect(rect.left(), top + line, rect.width(), QFontMetrics(small).height())
        paint.words(painter, upper, text, font, color, side, _elide(text))
        paint.words(painter, lower, subtext, small, quiet, side, _elide(subtext))

    def _paint_chip(self, painter: QPainter, rect: QRect, chip: Chip, look: Look) -> None:
        height = look.px(paint.CHIP_HEIGHT)
        width = min(paint.chip_width(chip.text, look), rect.width())
        area = QRect(rect.left(), rect.center().y() - height // 2, width, height)
        paint.chip(painter, area, chip.text, chip.tone, chip.mark, look)

    def _paint_progress(self, painter: QPainter, rect: QRect, share: float, text: str, look: Look) -> None:
        tokens, px = look.tokens, look.px
        font = look.font(Type.CAPTION)
        word = QFontMetrics(font).horizontalAdvance("00 of 00") + px(4) if text else 0
        bar = QRect(rect.left(), rect.center().y() - px(3), max(rect.width() - word - px(8), px(24)), px(6))
        paint.box(painter, bar, px(3), tokens.sunken)
        filled = QRect(bar.left(), bar.top(), round(bar.width() * min(max(share, 0.0), 1.0)), bar.height())
        if filled.width() > 0:
            paint.box(painter, filled, px(3), tokens.muted)
        if text:
            area = QRect(bar.right() + px(8), rect.top(), word, rect.height())
            paint.words(painter, area, text, font, tokens.muted)


class TableHeader(QHeaderView):
    """Headings with the mark of the order beside the word, on the side away from the edge."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        look = LOOK.value
        tokens, px = look.tokens, look.px
        sorted_by = self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex
        model = self.model()
        text = _cell(model.headerData(logicalIndex, Qt.Orientation.Horizontal))
        align = model.headerData(
            logicalIndex, Qt.Orientation.Horizontal, int(Qt.ItemDataRole.TextAlignmentRole)
        )
        right = bool(int(align or 0) & int(Qt.AlignmentFlag.AlignRight))
        painter.save()
        painter.fillRect(rect, look.color("surface"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), look.color("hairline"))
        inner = rect.adjusted(px(CELL_PAD), 0, -px(CELL_PAD), 0)
        font = look.font(Type.CAPTION_STRONG)
        width = min(QFontMetrics(font).horizontalAdvance(text) + 2, inner.width())
        left = inner.right() + 1 - width if right else inner.left()
        color = tokens.text if sorted_by else tokens.muted
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        word = QRect(left, rect.top(), width, rect.height())
        paint.words(painter, word, text, font, color, side | Qt.AlignmentFlag.AlignVCenter)
        if sorted_by:
            rising = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            size = px(14)
            at = left - size - px(4) if right else left + width + px(4)
            spot = QRectF(at, rect.center().y() + 1 - size / 2, size, size)
            paint_icon(painter, Icon.CHEVRON_UP if rising else Icon.CHEVRON_DOWN, color, spot)
        painter.restore()


class TableView(QTableView):
    """Rows of 48 px, one selection by row, Enter or a double click opens (`opened` carries the row).

    On a touch screen a single tap opens too when `open_on_click` is set. Ctrl+C copies the selection as TSV
    with its headings. `set_empty` shows a widget in place of rows while there are none.
    """

    opened = Signal(int)
    chosen = Signal(int)

    def __init__(
        self,
        *,
        name: str,
        memory: ColumnMemory | None = None,
        open_on_click: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._memory = memory
        self._open_on_click = open_on_click
        self._hovered = -1
        self._empty: QWidget | None = None
        self._fitting = False
        self._wished: dict[str, int] = {}  # widths drawn by hand since this table was made, at scale 1.0
        self.setAccessibleName(name)
        self.setItemDelegate(TableDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(False)
        self.setTabKeyNavigation(False)  # Tab leaves the table: a list must not be a trap for the keyboard
        self.setMouseTracking(True)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setHorizontalHeader(TableHeader(self))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSortIndicatorClearable(True)
        header.setMinimumSectionSize(56)
        header.sectionResized.connect(self._on_section_resized)
        self._save_later = QTimer(self)
        self._save_later.setSingleShot(True)
        self._save_later.setInterval(400)
        self._save_later.timeout.connect(self._save_widths)
        copy = QAction(self.tr("Copy"), self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy_selection)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.doubleClicked.connect(self._on_double_clicked)
        self.clicked.connect(self._on_clicked)
        themed(self, self._on_look)

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        if model is None:
            return
        model.modelReset.connect(self._on_rows_changed)
        model.rowsInserted.connect(self._on_rows_changed)
        model.rowsRemoved.connect(self._on_rows_changed)
        self.setSortingEnabled(any(c.sort is not None for c in _columns(model)))
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._fit_columns()
        self._on_rows_changed()

    def set_empty(self, widget: QWidget) -> None:
        """Show `widget` over the table while it has no rows."""
        self._empty = widget
        widget.setParent(self.viewport())
        self._on_rows_changed()

    def hovered_row(self) -> int:
        return self._hovered

    def marks(self, index: QModelIndex | QPersistentModelIndex) -> bool:
        """Whether this cell carries the focus mark: the first of the current row, while the keyboard is
        here.
        """
        first = self.horizontalHeader().logicalIndex(0)
        return self.hasFocus() and index.column() == first and self.currentIndex().row() == index.row()

    def current_row(self) -> int | None:
        index = self.currentIndex()
        return index.row() if index.isValid() else None

    def choose_row(self, row: int) -> None:
        """Select a row and bring it into view."""
        model = self.model()
        if 0 <= row < model.rowCount():
            self.setCurrentIndex(model.index(row, self.horizontalHeader().logicalIndex(0)))

    def copy_selection(self) -> None:
        """The selected rows as tab-separated text with a line of headings, into the clipboard."""
        model = self.model()
        columns = [c for c in range(model.columnCount()) if not self.isColumnHidden(c)]
        rows = sorted({index.row() for index in self.selectedIndexes()})
        if not rows:
            return
        horizontal = Qt.Orientation.Horizontal
        lines = ["\t".join(_cell(model.headerData(c, horizontal)) for c in columns)]
        lines += ["\t".join(_cell(model.index(r, c).data()) for c in columns) for r in rows]
        QGuiApplication.clipboard().setText("\n".join(lines) + "\n")

    def csv(self, stated: Sequence[str] = ()) -> str:
        """All rows as shown, with headings, for a file. `stated` lines come first: filters, time, who exported.

        A text that a spreadsheet would run as a formula gets an apostrophe before it.
        """
        model = self.model()
        columns = [c for c in range(model.columnCount()) if not self.isColumnHidden(c)]
        out = StringIO()
        writer = csv_writer(out, lineterminator="\r\n")
        for line in stated:
            writer.writerow([f"# {line}"])
        writer.writerow([_cell(model.headerData(c, Qt.Orientation.Horizontal)) for c in columns])
        for row in range(model.rowCount()):
            writer.writerow([_harmless(_cell(model.index(row, c).data())) for c in columns])
        return out.getvalue()

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if current.isValid() and current.row() != previous.row():
            self.chosen.emit(current.row())
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self._row_count():
            self.choose_row(0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.rowAt(event.position().toPoint().y()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()
        self._place_empty()

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            self._hovered = row
            self.viewport().update()

    def _on_double_clicked(self, index: QModelIndex) -> None:
        if not self._open_on_click:
            self.opened.emit(index.row())

    def _on_clicked(self, index: QModelIndex) -> None:
        if self._open_on_click:
            self.opened.emit(index.row())

    def _on_rows_changed(self) -> None:
        if self._empty is not None:
            self._empty.setVisible(self._row_count() == 0)
            self._place_empty()

    def _row_count(self) -> int:
        model = cast(
            "QAbstractItemModel | None", self.model()
        )  # the binding's types forget that there may be none
        return 0 if model is None else model.rowCount()

    def _place_empty(self) -> None:
        if self._empty is not None:
            self._empty.setGeometry(QRect(QPoint(0, 0), self.viewport().size()))

    def _fit_columns(self) -> None:
        """Remembered or wished widths; what is left over goes to the stretching columns."""
        columns = _columns(self.model())
        if not columns or self.viewport().width() < 50:
            return
        look = LOOK.value
        kept = {**(self._memory.load(self._name) if self._memory else {}), **self._wished}
        self._fitting = True
        widths = [look.px(kept.get(column.key, column.width)) for column in columns]
        spare = self.viewport().width() - sum(widths)
        stretching = [i for i, column in enumerate(columns) if column.stretch]
        if spare > 0 and stretching:
            for i in stretching:
                widths[i] += spare // len(stretching)
        elif spare > 0:
            widths[-1] += spare
        for i, width in enumerate(widths):
            self.setColumnWidth(i, width)
        self._fitting = False

    def _on_section_resized(self, section: int, old: int, new: int) -> None:
        columns = _columns(self.model())
        if self._fitting or section >= len(columns):
            return
        self._wished[columns[section].key] = round(new / LOOK.value.scale)
        if self._memory is not None:
            self._save_later.start()

    def _save_widths(self) -> None:
        if self._memory is not None:
            self._memory.save(self._name, {**self._memory.load(self._name), **self._wished})

    def _on_look(self, look: Look) -> None:
        self.verticalHeader().setMinimumSectionSize(look.px(ROW_HEIGHT))  # first: it bounds the next
        self.verticalHeader().setDefaultSectionSize(look.px(ROW_HEIGHT))
        self.horizontalHeader().setFixedHeight(look.px(40))
        self._fit_columns()


def _columns(model: QAbstractItemModel | None) -> tuple[Column[Any], ...]:
    return cast("RowsModel[Any]", model).columns if isinstance(model, RowsModel) else ()


def _harmless(cell: str) -> str:
    number = isinstance(parse_number(cell.partition("\N{NO-BREAK SPACE}")[0]), Decimal)
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not number else cell


def _elide(said: str) -> Qt.TextElideMode:
    """Numbers and codes keep both their ends, which tell them apart; sentences keep their beginning."""
    return Qt.TextElideMode.ElideRight if " " in said else Qt.TextElideMode.ElideMiddle


def _drawn(index: QModelIndex | QPersistentModelIndex) -> Cell:
    """What is to be drawn; a model that knows only Qt's own roles is asked for its text."""
    told: object = index.data(CELL)
    if isinstance(told, Cell):
        return told
    align = int(index.data(Qt.ItemDataRole.TextAlignmentRole) or 0)
    return Cell(_text(index), right=bool(align & int(Qt.AlignmentFlag.AlignRight)))


def _text(index: QModelIndex | QPersistentModelIndex) -> str:
    return _cell(index.data(Qt.ItemDataRole.DisplayRole))


def _cell(value: object) -> str:
    return "" if value is None else _plain(str(value))


def _plain(said: str) -> str:
    return said.replace("\t", " ").replace("\n", " ")
