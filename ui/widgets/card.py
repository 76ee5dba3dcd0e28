"""A card: one thing at a time on a calm ground. Cards do not nest."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui.paint import box
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_3, GAP_5, RADIUS_CARD, Tone, Type
from ui.widgets.label import Label


class Card(QFrame):
    """Put widgets into `body`. With a title there is a header that takes chips and buttons (`add_to_header`).

    `set_tone(Tone.STOPPED)` turns the card: a thick edge of that tone, for an entry out of its limits.
    """

    def __init__(
        self,
        title: str = "",
        *,
        kind: Type = Type.SUBTITLE,
        flush: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._tone: Tone | None = None
        self._flush = flush
        self._outer = QVBoxLayout(self)
        self._header = QHBoxLayout()
        self.title = Label(title, kind, wrap=True)
        self._header.addWidget(self.title, 1)
        self.title.setVisible(bool(title))
        self.body = QVBoxLayout()
        self._outer.addLayout(self._header)
        self._outer.addLayout(self.body, 1)
        themed(self, self._on_look)

    def set_title(self, title: str) -> None:
        self.title.setText(title)
        self.title.setVisible(bool(title))

    def add_to_header(self, widget: QWidget) -> None:
        """Add a chip or a button at the right of the title."""
        self._header.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)

    def set_tone(self, tone: Tone | None) -> None:
        self._tone = tone
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = LOOK.value.tokens
        painter = QPainter(self)
        if self._tone is None:
            box(painter, self.rect(), RADIUS_CARD, tokens.surface, tokens.hairline)
        else:
            box(painter, self.rect(), RADIUS_CARD, tokens.surface, tokens.ink(self._tone), 3.0)
        painter.end()

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_5)
        if self._flush:  # a table fills its card from edge to edge; the rounding stays visible
            top = look.px(GAP_3) if self.title.text() else 8
            self._outer.setContentsMargins(1, top, 1, 8)
            self._header.setContentsMargins(look.px(GAP_3), 0, look.px(GAP_3), 0)
        else:
            self._outer.setContentsMargins(gap, gap, gap, gap)
        self._outer.setSpacing(look.px(GAP_3))
        self._header.setSpacing(look.px(GAP_2))
        self.body.setSpacing(look.px(GAP_3))
        self.update()
