"""A sheet over the window for reading: help, shortcuts, messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ui.icons import Icon
from ui.theme import LOOK
from ui.tokens import Tone, Type
from ui.widgets.button import IconButton
from ui.widgets.label import Label
from ui.widgets.overlay import Overlay
from ui.widgets.scroll_column import ScrollColumn


@dataclass(frozen=True, slots=True)
class ShortcutLine:
    section: str
    keys: str
    what: str


class Sheet(Overlay):
    def __init__(self, host: QWidget) -> None:
        super().__init__(host, width=600)
        head = QHBoxLayout()
        self.title = Label("", Type.TITLE)
        self._close = IconButton(Icon.CROSS, self.tr("Close"))
        self._close.clicked.connect(self.close_overlay)
        head.addWidget(self.title, 1)
        head.addWidget(self._close)
        self._scroll = ScrollColumn()
        self.body.addLayout(head)
        self.body.addWidget(self._scroll, 1)

    def show_text(self, title: str, text: str) -> None:
        """Paragraphs apart by a blank line."""
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(LOOK.value.px(12))
        for paragraph in text.split("\n\n"):
            column.addWidget(Label(paragraph, wrap=True))
        column.addStretch(1)
        self._show(title, page)

    def show_shortcuts(self, title: str, lines: Sequence[ShortcutLine]) -> None:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(LOOK.value.px(6))
        grid.setHorizontalSpacing(LOOK.value.px(24))
        grid.setColumnStretch(1, 1)
        row = 0
        for section, members in groupby(lines, key=lambda line: line.section):
            heading = Label(section, Type.CAPTION_STRONG, Tone.NEUTRAL)
            heading.setContentsMargins(0, LOOK.value.px(10) if row else 0, 0, 0)
            grid.addWidget(heading, row, 0, 1, 2)
            row += 1
            for line in members:
                grid.addWidget(Label(line.keys, Type.STRONG), row, 0)
                grid.addWidget(Label(line.what, wrap=True), row, 1)
                row += 1
        grid.setRowStretch(row, 1)
        self._show(title, page)

    def _show(self, title: str, page: QWidget) -> None:
        self.title.setText(title)
        self._scroll.set_page(page)
        self._scroll.fit(560)
        self.open()
        self._place()
        self._close.setFocus(Qt.FocusReason.PopupFocusReason)
