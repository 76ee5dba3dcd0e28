"""Large exclusive buttons, for a choice made with gloves on."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QSizePolicy, QWidget

from ui.icons import Icon, paint_icon
from ui.paint import box, focus_ring, words
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, RADIUS, TARGET_STEP, Type


@dataclass(frozen=True, slots=True)
class Choice:
    key: str
    label: str
    hint: str = ""


class ChoiceButton(QPushButton):
    """A radio button the size of a finger: a ring that fills, a border that thickens."""

    def __init__(self, choice: Choice, parent: QWidget | None = None) -> None:
        super().__init__(choice.label, parent)
        self.choice = choice
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleDescription(choice.hint)
        self.setToolTip(choice.hint)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        themed(self, self._on_look)

    def sizeHint(self) -> QSize:
        look = LOOK.value
        widest = max(
            QFontMetrics(look.font(Type.STRONG)).horizontalAdvance(self.choice.label),
            QFontMetrics(look.font(Type.CAPTION)).horizontalAdvance(self.choice.hint),
        )
        return QSize(
            widest + look.px(16 + 22 + 10 + 16) + 2, look.px(TARGET_STEP + (8 if self.choice.hint else 0))
        )

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), LOOK.value.px(160)), self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        painter = QPainter(self)
        on, off = self.isChecked(), not self.isEnabled()
        fill = t.sunken if off else t.accent_ground if on else t.hover if self.underMouse() else t.surface
        line = t.hairline if off else t.accent if on else t.border
        box(painter, self.rect(), RADIUS, fill, line, 2.0 if on else 1.0)
        if self.hasFocus():
            focus_ring(painter, self.rect(), t.accent)
            if on:
                focus_ring(painter, self.rect().adjusted(4, 4, -4, -4), t.accent, RADIUS - 4)
        ink = t.disabled if off else t.text
        side = px(22)
        mark = Icon.DOT_CIRCLE if on else Icon.CIRCLE
        color = t.disabled if off else t.accent if on else t.muted
        paint_icon(painter, mark, color, QRectF(px(16), (self.height() - side) / 2, side, side))
        area = QRect(px(16 + 22 + 10), 0, self.width() - px(16 + 22 + 10 + 12), self.height())
        self._paint_words(painter, area, ink, t.disabled if off else t.muted, look)
        painter.end()

    def _paint_words(self, painter: QPainter, area: QRect, ink: str, quiet: str, look: Look) -> None:
        font = look.font(Type.STRONG)
        if not self.choice.hint:
            words(painter, area, self.choice.label, font, ink)
            return
        half = area.height() // 2
        upper = QRect(area.left(), area.top() + look.px(8), area.width(), half - look.px(6))
        lower = QRect(area.left(), area.top() + half, area.width(), half - look.px(8))
        words(painter, upper, self.choice.label, font, ink)
        words(painter, lower, self.choice.hint, look.font(Type.CAPTION), quiet)

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()


class ChoiceButtons(QWidget):
    """`chosen` carries the key. Arrow keys move and choose, as among radio buttons."""

    chosen = Signal(str)

    def __init__(
        self,
        name: str,
        choices: Sequence[Choice] = (),
        *,
        upright: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        direction = QBoxLayout.Direction.TopToBottom if upright else QBoxLayout.Direction.LeftToRight
        self._box = QBoxLayout(direction, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._upright = upright
        self._buttons: dict[str, ChoiceButton] = {}
        self.setAccessibleName(name)
        self.set_choices(choices)
        themed(self, self._on_look)

    def set_choices(self, choices: Sequence[Choice]) -> None:
        if [button.choice for button in self._buttons.values()] == list(choices):
            return
        for button in self._buttons.values():
            self._box.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = {}
        for choice in choices:
            button = ChoiceButton(choice, self)
            button.clicked.connect(self._on_clicked)
            self._buttons[choice.key] = button
            self._box.addWidget(button)
        if self._buttons:
            self.setFocusProxy(next(iter(self._buttons.values())))

    def current(self) -> str:
        """The chosen key, empty before a choice."""
        return next((key for key, button in self._buttons.items() if button.isChecked()), "")

    def choose(self, key: str) -> None:
        """Show a choice that came from the state; an unknown or empty key clears it. Emits nothing."""
        for known, button in self._buttons.items():
            if button.isChecked() != (known == key):
                button.setAutoExclusive(False)
                button.setChecked(known == key)
                button.setAutoExclusive(True)

    def button(self, key: str) -> ChoiceButton:
        return self._buttons[key]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    def _turn(self) -> None:
        """Side by side where every label fits, else one below the other: a choice is read whole before it is made."""
        wished = sum(button.sizeHint().width() + self._box.spacing() for button in self._buttons.values())
        upright = self._upright or wished > self.width() + self._box.spacing()
        way = QBoxLayout.Direction.TopToBottom if upright else QBoxLayout.Direction.LeftToRight
        if self._box.direction() is not way:
            self._box.setDirection(way)

    def _on_clicked(self) -> None:
        button = self.sender()
        if isinstance(button, ChoiceButton):
            self.chosen.emit(button.choice.key)

    def _on_look(self, look: Look) -> None:
        self._box.setSpacing(look.px(GAP_2))
        self._turn()
