"""What stands in the way, one line each, each a link to the thing itself."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.decision import Blocker
from ui.icons import Icon
from ui.tokens import Tone
from ui.widgets.row_button import RowButton

ICONS = {
    "exception": Icon.FLAG,
    "deviation": Icon.DEVIATION,
    "station": Icon.STATION,
    "step": Icon.STAGE,
    "batch": Icon.CLIPBOARD,
}


class BlockerList(QWidget):
    """`followed` carries the blocker that was pressed."""

    followed = Signal(object)

    def __init__(
        self,
        said: Callable[[Blocker], str],
        leads: Callable[[Blocker], bool],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._said, self._leads = said, leads
        self._shown: tuple[tuple[Blocker, str], ...] = ()
        self.rows: list[RowButton] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)

    def show_blockers(self, blockers: Sequence[Blocker]) -> None:
        """Show these; the same ones again change nothing."""
        told = tuple((each, self._said(each)) for each in blockers)
        self.setVisible(bool(told))
        if told == self._shown:
            return
        self._shown = told
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []
        for each, sentence in told:
            row = RowButton(
                sentence,
                icon=ICONS.get(each.kind, Icon.STOP),
                tone=Tone.ATTENTION,
                leads=self._leads(each),
            )
            row.clicked.connect(lambda _=False, blocker=each: self.followed.emit(blocker))
            self._column.addWidget(row)
            self.rows.append(row)
