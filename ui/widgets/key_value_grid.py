"""Facts: a quiet name above a value, as many columns as fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_4, GAP_6, Tone, Type
from ui.widgets.label import Label
from ui.widgets.status_chip import Chip, StatusChip


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and its value, or a chip in place of the value."""

    key: str
    value: str = ""
    chip: Chip | None = None
    tone: Tone | None = None


class KeyValueGrid(QWidget):
    """`narrowest` is the least width of a column in pixels at scale 1.0; at most `columns` stand side by side."""

    def __init__(
        self,
        facts: Sequence[Fact] = (),
        *,
        columns: int = 4,
        narrowest: int = 180,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._most = columns
        self._narrowest = narrowest
        self._facts: tuple[Fact, ...] = ()
        self._cells: list[QWidget] = []
        self._across = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        themed(self, self._on_look)
        self.set_facts(facts)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        if tuple(facts) == self._facts:
            return
        self._facts = tuple(facts)
        for cell in self._cells:
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        self._cells = [self._cell(fact) for fact in facts]
        self._across = 0
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(LOOK.value.px(self._narrowest), super().minimumSizeHint().height())

    def _cell(self, fact: Fact) -> QWidget:
        cell = QWidget(self)
        column = QVBoxLayout(cell)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(Label(fact.key, Type.CAPTION, Tone.NEUTRAL))
        if fact.chip is not None:
            column.addWidget(StatusChip(fact.chip), 0, Qt.AlignmentFlag.AlignLeft)
        if fact.value or fact.chip is None:
            value = Label(fact.value or "–", Type.BODY, fact.tone, wrap=True, selectable=True)
            value.setAccessibleDescription(fact.key)
            column.addWidget(value)
        column.addStretch(1)
        return cell

    def _arrange(self) -> None:
        if not self._cells:
            return
        room = max(self.width(), 1)
        across = max(min(room // LOOK.value.px(self._narrowest), self._most, len(self._cells)), 1)
        if across == self._across:
            return
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
        for place, cell in enumerate(self._cells):
            self._grid.addWidget(cell, place // across, place % across)
        # Fewer facts than columns keep their column width instead of spreading over the card.
        for column in range(across):
            self._grid.setColumnStretch(column, 1)
        self._across = across
        self.updateGeometry()

    def _on_look(self, look: Look) -> None:
        self._grid.setHorizontalSpacing(look.px(GAP_6))
        self._grid.setVerticalSpacing(look.px(GAP_4))
        self._across = 0
        self._arrange()
