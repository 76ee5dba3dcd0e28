"""A table over a tuple of frozen rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from ui.widgets.status_chip import Chip

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex


class TableRole(IntEnum):
    """What `TableView` draws beyond text. A model of one's own may answer the same roles."""

    CHIP = int(Qt.ItemDataRole.UserRole) + 1  # a Chip
    PROGRESS = int(Qt.ItemDataRole.UserRole) + 2  # a float from 0 to 1
    MUTED = int(Qt.ItemDataRole.UserRole) + 3  # bool: the text in the quiet colour
    STRONG = int(Qt.ItemDataRole.UserRole) + 4  # bool: the text semi-bold
    SUBTEXT = int(Qt.ItemDataRole.UserRole) + 5  # a second, quiet line
    ROW = int(Qt.ItemDataRole.UserRole) + 6  # the row itself
    CELL = int(Qt.ItemDataRole.UserRole) + 7  # a Cell: all of the above that is drawn


@dataclass(frozen=True, kw_only=True)  # no slots: with them, Column[Row](...) fails on Python 3.11
class Column(Generic[R]):
    """One column. `key` is its name in remembered widths and in `sorted_by`; `width` is pixels at scale 1.0.

    `sort` answers what the column is ordered by; None means that it cannot be sorted. `number=True` aligns
    right.
    """

    key: str
    title: str
    text: Callable[[R], str]
    width: int = 140
    stretch: bool = False
    number: bool = False
    chip: Callable[[R], Chip | None] | None = None
    progress: Callable[[R], float | None] | None = None
    subtext: Callable[[R], str] | None = None
    tip: Callable[[R], str] | None = None
    muted: bool = False
    strong: bool = False
    sort: Callable[[R], Any] | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """All that is drawn of one cell, in one answer: each question of a delegate crosses from C++ to Python and back."""

    text: str
    subtext: str = ""
    chip: Chip | None = None
    progress: float | None = None
    muted: bool = False
    strong: bool = False
    right: bool = False


CELL: Final = int(TableRole.CELL)


def cell_of(column: Column[R], row: R) -> Cell:
    """What is drawn of that row in that column."""
    return Cell(
        text=column.text(row),
        subtext=column.subtext(row) if column.subtext else "",
        chip=column.chip(row) if column.chip else None,
        progress=column.progress(row) if column.progress else None,
        muted=column.muted,
        strong=column.strong,
        right=column.number,
    )


class RowsModel(QAbstractTableModel, Generic[R]):
    """Shows rows as they are; `set_rows` replaces them and keeps what `identity` says is the same row
    selected.
    """

    def __init__(
        self, columns: Sequence[Column[R]], *, identity: Callable[[R], object] | None = None
    ) -> None:
        super().__init__()
        self._columns = tuple(columns)
        self._identity = identity
        self._given: tuple[R, ...] = ()
        self._rows: tuple[R, ...] = ()
        self._order: tuple[int, Qt.SortOrder] | None = None

    @property
    def columns(self) -> tuple[Column[R], ...]:
        return self._columns

    @property
    def rows(self) -> tuple[R, ...]:
        """The rows in the order shown."""
        return self._rows

    def row_at(self, index: int) -> R:
        return self._rows[index]

    def find(self, identity: object) -> int | None:
        """The place of the row with that identity, if it is shown."""
        if self._identity is None:
            return None
        return next((i for i, row in enumerate(self._rows) if self._identity(row) == identity), None)

    def identity_of(self, index: int) -> object:
        return None if self._identity is None else self._identity(self._rows[index])

    def set_rows(self, rows: Sequence[R]) -> None:
        """Replace all rows. Same number of rows: only their data changes, so scroll and selection stay."""
        self._given = tuple(rows)
        ordered = self._ordered()
        if ordered == self._rows:
            return
        same_shape = len(ordered) == len(self._rows) and (
            self._identity is None
            or all(self._identity(a) == self._identity(b) for a, b in zip(ordered, self._rows, strict=True))
        )
        if same_shape and ordered:
            self._rows = ordered
            self.dataChanged.emit(self.index(0, 0), self.index(len(ordered) - 1, len(self._columns) - 1))
            return
        self.beginResetModel()
        self._rows = ordered
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; -1, or a column without order, gives back the order of the rows as given."""
        valid = 0 <= column < len(self._columns) and self._columns[column].sort is not None
        self._order = (column, order) if valid else None
        ordered = self._ordered()
        if ordered != self._rows:
            self.beginResetModel()
            self._rows = ordered
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        row, column = self._rows[index.row()], self._columns[index.column()]
        if role == CELL:
            return cell_of(column, row)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(row)
            case Qt.ItemDataRole.ToolTipRole:
                return column.tip(row) if column.tip else None
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{column.title}: {column.text(row)}"
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
                return int(side | Qt.AlignmentFlag.AlignVCenter)
            case TableRole.CHIP:
                return column.chip(row) if column.chip else None
            case TableRole.PROGRESS:
                return column.progress(row) if column.progress else None
            case TableRole.SUBTEXT:
                return column.subtext(row) if column.subtext else None
            case TableRole.MUTED:
                return column.muted
            case TableRole.STRONG:
                return column.strong
            case TableRole.ROW:
                return row
            case _:
                return None

    def _ordered(self) -> tuple[R, ...]:
        if self._order is None:
            return self._given
        column, order = self._order
        key = self._columns[column].sort
        if key is None:
            return self._given
        return tuple(sorted(self._given, key=key, reverse=order is Qt.SortOrder.DescendingOrder))
