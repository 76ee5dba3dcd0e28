"""The heading of a section on a page, with a count and room for actions."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.theme import Look, themed
from ui.tokens import GAP_2, Tone, Type
from ui.widgets.label import Label


class SectionHeader(QWidget):
    def __init__(
        self,
        title: str,
        *,
        count: int | None = None,
        kind: Type = Type.SUBTITLE,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self.title = Label(title, kind)
        self._count = Label("", kind, Tone.NEUTRAL)
        self._row.addWidget(self.title)
        self._row.addWidget(self._count)
        self._row.addStretch(1)
        self.set_count(count)
        themed(self, self._on_look)

    def set_title(self, title: str) -> None:
        self.title.setText(title)

    def set_count(self, count: int | None) -> None:
        self._count.setText("" if count is None else str(count))
        self._count.setVisible(count is not None)

    def add(self, widget: QWidget) -> None:
        """Add a chip or a button at the right."""
        self._row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)

    def _on_look(self, look: Look) -> None:
        self._row.setSpacing(look.px(GAP_2))
