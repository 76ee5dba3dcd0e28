"""Filters as chips with counts, above a list."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from ui.icons import Icon, paint_icon
from ui.paint import box, focus_ring, words
from ui.theme import LOOK, Look, themed
from ui.tokens import TARGET, Type
from ui.widgets.flow import FlowLayout


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One filter; `count` None shows none. `icon` stands before the word while the chip is off."""

    key: str
    label: str
    count: int | None = None
    icon: Icon | None = None


class FilterChips(QWidget):
    """Choose one (`multi=False`; a second tap chooses none) or several. `changed` carries a frozenset of
    keys.
    """

    changed = Signal(object)

    def __init__(
        self,
        choices: Sequence[FilterChoice] = (),
        *,
        multi: bool = True,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._multi = multi
        self._chips: dict[str, FilterChip] = {}
        self._flow = FlowLayout(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(name or self.tr("Filters"))
        self.set_choices(choices)

    def set_choices(self, choices: Sequence[FilterChoice]) -> None:
        """Replace chips or update their counts; what was chosen stays chosen while its key exists."""
        keys = [choice.key for choice in choices]
        if keys != list(self._chips):
            chosen = self.chosen()
            while (item := self._flow.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.hide()
                    widget.deleteLater()
            self._chips = {}
            for choice in choices:
                chip = FilterChip(choice, self)
                chip.setChecked(choice.key in chosen)
                chip.clicked.connect(self._on_clicked)
                self._chips[choice.key] = chip
                self._flow.addWidget(chip)
        for choice in choices:
            self._chips[choice.key].set_choice(choice)
        self.updateGeometry()

    def chosen(self) -> frozenset[str]:
        return frozenset(key for key, chip in self._chips.items() if chip.isChecked())

    def choose(self, keys: frozenset[str]) -> None:
        """Show a choice that came from the state; emits nothing."""
        for key, chip in self._chips.items():
            chip.setChecked(key in keys)

    def chip(self, key: str) -> QPushButton:
        return self._chips[key]

    def _on_clicked(self) -> None:
        sender = self.sender()
        if not self._multi:
            for chip in self._chips.values():
                if chip is not sender:
                    chip.setChecked(False)
        self.changed.emit(self.chosen())


class FilterChip(QPushButton):
    """A pill that is on or off: a check mark says so besides the colour."""

    def __init__(self, choice: FilterChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice = choice
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.set_choice(choice)
        themed(self, self._on_look)

    def set_choice(self, choice: FilterChoice) -> None:
        self._choice = choice
        count = "" if choice.count is None else f", {choice.count}"
        self.setAccessibleName(f"{choice.label}{count}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        look = LOOK.value
        width = look.px(14 + 18 + 6 + 14) + self._word_width(look) + 2
        if self._choice.count is not None:
            width += look.px(8) + self._count_width(look)
        return QSize(width, look.px(TARGET))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        painter = QPainter(self)
        pill = self.rect().adjusted(0, px(3), 0, -px(3))
        on = self.isChecked()
        fill = t.accent_ground if on else t.hover if self.underMouse() else t.surface
        box(painter, pill, pill.height() / 2, fill, t.accent if on else t.border)
        if self.hasFocus():
            focus_ring(painter, pill, t.accent, pill.height() / 2)
        ink = t.accent if on else t.text
        mark = Icon.CHECK if on else self._choice.icon
        side = px(16)
        left = px(13)
        if mark is None:  # the room of the check mark is shared out, so that a chip never changes its width
            left += (side + px(7)) // 2
        else:
            color = ink if on else t.muted
            paint_icon(painter, mark, color, QRectF(left, (self.height() - side) / 2, side, side))
            left += side + px(7)
        font = look.font(Type.STRONG if on else Type.BODY)
        words(
            painter, QRect(left, 0, self._word_width(look) + 2, self.height()), self._choice.label, font, ink
        )
        if self._choice.count is not None:
            left += self._word_width(look) + px(8)
            area = QRect(left, 0, self._count_width(look) + 4, self.height())
            words(
                painter, area, str(self._choice.count), look.font(Type.CAPTION_STRONG), ink if on else t.muted
            )
        painter.end()

    def _word_width(self, look: Look) -> int:
        return QFontMetrics(look.font(Type.STRONG)).horizontalAdvance(self._choice.label)

    def _count_width(self, look: Look) -> int:
        return QFontMetrics(look.font(Type.CAPTION_STRONG)).horizontalAdvance(str(self._choice.count))

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()
