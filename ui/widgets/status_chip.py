"""A status said three ways: icon, word and tone."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from ui import paint
from ui.icons import Icon
from ui.theme import LOOK, Look, themed
from ui.tokens import Tone

MARKS: Final = MappingProxyType(
    {
        Tone.NEUTRAL: Icon.CIRCLE,
        Tone.INFO: Icon.DOT_CIRCLE,
        Tone.ATTENTION: Icon.WARNING,
        Tone.STOPPED: Icon.STOPPED,
        Tone.RELEASED: Icon.SHIELD,
    }
)


@dataclass(frozen=True, slots=True)
class Chip:
    """What a chip says; `icon` None takes the tone's own mark."""

    text: str
    tone: Tone = Tone.NEUTRAL
    icon: Icon | None = None

    @property
    def mark(self) -> Icon:
        return self.icon or MARKS[self.tone]


class StatusChip(QLabel):
    """A chip beside a title or in a row of facts."""

    def __init__(self, chip: Chip | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chip = chip or Chip("")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_chip(self._chip)
        themed(self, self._on_look)

    @property
    def chip(self) -> Chip:
        return self._chip

    def set_chip(self, chip: Chip) -> None:
        self._chip = chip
        self.setText(chip.text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        look = LOOK.value
        return QSize(paint.chip_width(self._chip.text, look), look.px(paint.CHIP_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rect = QRect(0, 0, self.width(), self.height())
        paint.chip(painter, rect, self._chip.text, self._chip.tone, self._chip.mark, LOOK.value)
        painter.end()

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()
