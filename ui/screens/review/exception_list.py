"""What the rules noticed, grouped and counted; what only informs is folded away until it is asked for."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.domain.exception import ExceptionStatus, Severity
from app.domain.identity import ExceptionId
from ui import text, tones
from ui.icons import Icon
from ui.screens.review.record_lines import ExceptionLine, RuleGroup
from ui.theme import Look, themed
from ui.tokens import GAP_1, GAP_2, GAP_4, Tone, Type
from ui.widgets import Button, ButtonKind, FlowLayout, Label, StatusChip
from ui.widgets.row_button import RowButton


class Heading(QWidget):
    """The rule and, quietly, how many there are of it."""

    def __init__(self, name: str, counted: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(Label(name, Type.STRONG))
        row.addWidget(Label(counted, Type.CAPTION, Tone.NEUTRAL))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        themed(self, self._on_look)

    def _on_look(self, look: Look) -> None:
        self.setFixedHeight(look.px(28))


class GroupBlock(QWidget):
    """One rule: heading, count, gravity, its lines, and one decision for all that are open."""

    picked = Signal(object)
    all_picked = Signal(object)

    def __init__(self, group: RuleGroup, *, may_assess: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.group = group
        self.rows: dict[ExceptionId, RowButton] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._head = FlowLayout()
        self._head.addWidget(Heading(text.rule(group.rule), self._counted()))
        self._head.addWidget(StatusChip(tones.severity_chip(group.severity)))
        self._column.addLayout(self._head)
        for line in group.lines:
            row = _row(line)
            row.clicked.connect(lambda _=False, key=line.id: self.picked.emit(key))
            self._column.addWidget(row)
            self.rows[line.id] = row
        open_ones = group.unsettled
        self.all_button = Button(
            self.tr("Decide on all {0} at once").format(open_ones), kind=ButtonKind.QUIET, icon=Icon.LIST
        )
        self.all_button.setVisible(may_assess and open_ones > 1)
        self.all_button.clicked.connect(self._on_all)
        self.fold_button = Button("", kind=ButtonKind.QUIET, icon=Icon.CHEVRON_DOWN)
        self.fold_button.clicked.connect(self.unfold)
        self._column.addWidget(self.all_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addWidget(self.fold_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._fold(group.severity is Severity.INFORMATION)
        themed(self, self._on_look)

    def show_selected(self, selected: ExceptionId | None, deciding: frozenset[ExceptionId]) -> None:
        """Mark the line that is open; lines taken into one decision are all marked."""
        for key, row in self.rows.items():
            row.setChecked(key == selected or (len(deciding) > 1 and key in deciding))
        if selected in self.rows:
            self.unfold()

    def unfold(self) -> None:
        self._fold(False)

    def _fold(self, folded: bool) -> None:
        for row in self.rows.values():
            row.setVisible(not folded)
        self.fold_button.setVisible(folded)
        self.fold_button.setText(self.tr("Show {0}").format(len(self.rows)))

    def _counted(self) -> str:
        total = len(self.group.lines)
        return (
            self.tr("{0} of {1} open").format(self.group.unsettled, total)
            if self.group.unsettled
            else str(total)
        )

    def _on_all(self) -> None:
        self.all_picked.emit([line.id for line in self.group.lines if line.exception.unsettled])

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_1))
        self._head.setSpacing(look.px(GAP_2))


class ExceptionList(QWidget):
    """The groups, one below the other; lies in a `ScrollColumn`."""

    picked = Signal(object)
    all_picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups: tuple[tuple[RuleGroup, ...], bool] = ((), False)
        self.blocks: list[GroupBlock] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        themed(self, self._on_look)

    def show_groups(self, groups: Sequence[RuleGroup], *, may_assess: bool) -> None:
        """Show these groups; the same ones again change nothing."""
        if self._groups == (tuple(groups), may_assess):
            return
        self._groups = (tuple(groups), may_assess)
        for block in self.blocks:
            self._column.removeWidget(block)
            block.hide()
            block.deleteLater()
        self.blocks = []
        for group in groups:
            block = GroupBlock(group, may_assess=may_assess)
            block.picked.connect(self.picked)
            block.all_picked.connect(self.all_picked)
            self._column.addWidget(block)
            self.blocks.append(block)

    def show_selected(self, selected: ExceptionId | None, deciding: frozenset[ExceptionId]) -> None:
        for block in self.blocks:
            block.show_selected(selected, deciding)

    def row(self, key: ExceptionId) -> RowButton | None:
        """The line of one exception."""
        return next((block.rows[key] for block in self.blocks if key in block.rows), None)

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_4))


def _row(line: ExceptionLine) -> RowButton:
    each = line.exception
    icon, tone = tones.EXCEPTION[each.status]
    waits = each.unsettled
    return RowButton(
        line.step_title or line.stage_name or text.rule(each.rule),
        subtitle=text.noticed(each.rule, each.detail),
        icon=icon if waits or not _informs(line) else Icon.INFO,
        tone=tone if waits else Tone.NEUTRAL,
        mark=tones.exception_chip(each.status) if each.status is not ExceptionStatus.OPEN else None,
        checkable=True,
    )


def _informs(line: ExceptionLine) -> bool:
    """Mere information that nobody has judged needs no status: it waits for nothing."""
    return line.exception.severity is Severity.INFORMATION and line.exception.assessed is None
