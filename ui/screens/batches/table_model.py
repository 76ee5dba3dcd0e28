"""The table of batches over pages: 100,000 rows are counted, and only those in sight are held."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

from app.client.ports import BatchRow, BatchSort
from app.domain.batch import Origin
from app.domain.quantity import exact
from ui import text, tones
from ui.icons import Icon
from ui.screens.batches.view_model import PAGE, BatchesState
from ui.tokens import Tone
from ui.widgets.rows_model import CELL, Cell, Column, RowsModel, TableRole, cell_of
from ui.widgets.status_chip import Chip

Index = QModelIndex | QPersistentModelIndex
SORTS: Final = {
    "number": BatchSort.NUMBER,
    "product": BatchSort.PRODUCT,
    "status": BatchSort.STATUS,
    "started": BatchSort.STARTED,
}


class BatchTableModel(RowsModel[BatchRow]):
    """`want(row)` is called when a row is drawn whose page was not read, `order(sort, descending)` by a heading."""

    def __init__(self, want: Callable[[int], None], order: Callable[[BatchSort, bool], None]) -> None:
        super().__init__(self._make_columns(), identity=lambda row: row.id)
        self._want = want
        self._order_by = order
        self._state = BatchesState()
        self._now: datetime | None = None
        self._listening = False

    def listen(self) -> None:
        """From now on a heading orders the list; putting a model into a table clicks one by itself."""
        self._listening = True

    def show_state(self, state: BatchesState) -> None:
        """Take over the pages of the state. Scroll and selection stay while the question stays the same."""
        before, self._state, self._now = self._state, state, state.now
        if state.generation != before.generation and not state.loaded:
            return
        shown, wanted = before.total, state.total
        if state.generation != before.generation:
            self.beginResetModel()
            self.endResetModel()
            return
        if wanted > shown:
            self._state = before
            self.beginInsertRows(QModelIndex(), shown, wanted - 1)
            self._state = state
            self.endInsertRows()
        elif wanted < shown:
            self._state = before
            self.beginRemoveRows(QModelIndex(), wanted, shown - 1)
            self._state = state
            self.endRemoveRows()
        if wanted and state.pages != before.pages:
            self.dataChanged.emit(self.index(0, 0), self.index(wanted - 1, len(self.columns) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else self._state.total

    def row_at(self, index: int) -> BatchRow:
        row = self._state.row(index)
        if row is None:
            raise IndexError(f"row {index} was not read yet")
        return row

    def batch_at(self, index: int) -> BatchRow | None:
        """The batch in that row; None while its page is on its way."""
        return self._state.row(index)

    def find(self, identity: object) -> int | None:
        for page, rows in self._state.pages.items():
            for place, row in enumerate(rows):
                if row.id == identity:
                    return page * PAGE + place
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """A heading was clicked: the order is asked of the records, not made here."""
        columns = self.columns
        key = columns[column].key if 0 <= column < len(columns) else ""
        if not self._listening:
            return
        wanted = (
            (SORTS[key], order is Qt.SortOrder.DescendingOrder) if key in SORTS else (BatchSort.CREATED, True)
        )
        if wanted != (self._state.sort, self._state.descending):
            self._order_by(*wanted)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid():
            return None
        row = self._state.row(index.row())
        column = self.columns[index.column()]
        if row is None:
            return self._unread(index, role)
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

    def _unread(self, index: Index, role: int) -> Any:
        """Of a row that nobody has read yet: it is asked for as it is drawn."""
        shown = "…" if index.column() == 0 else ""
        if role == CELL:
            self._want(index.row())
            return Cell(shown)
        if role == Qt.ItemDataRole.DisplayRole:
            self._want(index.row())
            return shown
        return None

    def _make_columns(self) -> tuple[Column[BatchRow], ...]:
        return (
            Column(
                key="number",
                title="Number",
                text=lambda row: row.number,
                width=146,
                strong=True,
                subtext=_pending,
                sort=lambda row: row.number,
            ),
            Column(
                key="product",
                title="Product",
                text=lambda row: row.product_name,
                width=190,
                stretch=True,
                subtext=lambda row: " · ".join(part for part in (_size(row.quantity), row.line) if part),
                sort=lambda row: row.product_name,
            ),
            Column(
                key="stage",
                title="Stage",
                text=lambda row: row.stage_name or text.NOTHING,
                width=118,
                subtext=self._waiting,
            ),
            Column(
                key="status",
                title="Status",
                text=lambda row: row.status.value,
                width=180,
                chip=lambda row: tones.batch_chip(row.status),
                sort=lambda row: row.status.value,
            ),
            Column(
                key="progress",
                title="Steps done",
                text=lambda row: f"{row.steps_done} of {row.steps_total}",
                width=108,
                stretch=True,
                progress=lambda row: row.steps_done / row.steps_total if row.steps_total else 0.0,
            ),
            Column(
                key="started",
                title="Started",
                text=self._started,
                subtext=lambda row: text.clock(row.started_at, self._zone()) if row.started_at else "",
                width=88,
                muted=True,
                tip=lambda row: text.when(row.started_at, self._zone()) if row.started_at else "",
                sort=lambda row: row.started_at,
            ),
            Column(
                key="exceptions",
                title="Exceptions",
                text=lambda row: str(row.exceptions_open) if row.exceptions_open else "",
                width=100,
                chip=_exceptions,
                tip=_open_points,
            ),
            Column(
                key="deviations",
                title="Deviations",
                text=lambda row: str(row.deviations_open) if row.deviations_open else "",
                width=98,
                chip=_deviations,
                tip=_open_points,
            ),
            Column(
                key="holds",
                title="Holds",
                text=lambda row: str(row.holds) if row.holds else "",
                width=64,
                number=True,
            ),
        )

    def _zone(self) -> Any:
        return self._now.tzinfo if self._now else None

    def _started(self, row: BatchRow) -> str:
        if row.started_at is None:
            return text.reduced_date(row.started_on) or text.NOTHING
        local = row.started_at.astimezone(self._zone())
        this_year = self._now is not None and self._now.year == local.year
        return text.day(local.date()).removesuffix(f" {local.year}") if this_year else text.day(local.date())

    def _waiting(self, row: BatchRow) -> str:
        if row.waiting_since is None or self._now is None:
            return ""
        return f"waits {text.ago(row.waiting_since, self._now).removesuffix(' ago')}"


def _size(quantity: str) -> str:
    """`1 000 000 tablets`: the number with narrow spaces, whatever stands behind it."""
    number, _, unit = quantity.partition(" ")
    value = exact(number)
    return f"{text.big_number(value)} {unit}".strip() if value is not None else quantity


def _pending(row: BatchRow) -> str:
    if row.pending:
        return f"{row.pending} to be sent"
    return "transcribed" if row.origin is Origin.TRANSCRIBED else ""


def _open_points(row: BatchRow) -> str:
    """All that waits for somebody, in words: contested steps first, since they stop a release."""
    told = [
        text.count(number, one, many)
        for number, one, many in (
            (row.contested, "contested step", "contested steps"),
            (row.exceptions_open, "open exception", "open exceptions"),
            (row.deviations_open, "open deviation", "open deviations"),
        )
        if number
    ]
    return ", ".join(told)


def _exceptions(row: BatchRow) -> Chip | None:
    if not row.exceptions_open and not row.contested:
        return None
    mark = Icon.CONTESTED if row.contested else Icon.FLAG
    return Chip(str(max(row.exceptions_open, row.contested)), Tone.ATTENTION, mark)


def _deviations(row: BatchRow) -> Chip | None:
    return Chip(str(row.deviations_open), Tone.ATTENTION, Icon.DEVIATION) if row.deviations_open else None
