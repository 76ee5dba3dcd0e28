"""The left rail: where one can go, and where one is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ui.icons import Icon, paint_icon
from ui.paint import box, focus_ring, words
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_1, GAP_2, RADIUS, Type


@dataclass(frozen=True, slots=True, kw_only=True)
class RailItem:
    name: str
    title: str
    icon: Icon
    shortcut: str = ""


class RailButton(QPushButton):
    """Icon above word; a count of what needs somebody; a bar and a ground for the current place."""

    def __init__(self, item: RailItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.item = item
        self._badge = 0
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setToolTip(f"{item.title} ({item.shortcut})" if item.shortcut else item.title)
        self.setAccessibleName(item.title)
        themed(self, self._on_look)

    def set_badge(self, count: int) -> None:
        if count != self._badge:
            self._badge = count
            self.setAccessibleName(f"{self.item.title}, {count}" if count else self.item.title)
            self.update()

    def sizeHint(self) -> QSize:
        px = LOOK.value.px
        return QSize(px(88), px(68))

    def minimumSizeHint(self) -> QSize:
        return QSize(LOOK.value.px(88), LOOK.value.px(50))  # lower where the window is low and the text large

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Down:
                self.focusNextPrevChild(True)
            case Qt.Key.Key_Up:
                self.focusNextPrevChild(False)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.click()
            case _:
                super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        painter = QPainter(self)
        on = self.isChecked()
        fill = t.accent_ground if on else t.hover if self.underMouse() else None
        box(painter, self.rect(), RADIUS, fill)
        if on:
            bar = QRectF(0, self.height() / 2 - px(14), px(3), px(28))
            box(painter, bar, px(2), t.accent)
        if self.hasFocus():
            focus_ring(painter, self.rect(), t.accent)
        ink = t.accent if on else t.muted
        side = px(24)
        top = (self.height() - side - px(3) - px(20)) // 2 + 1
        paint_icon(painter, self.item.icon, ink, QRectF((self.width() - side) / 2, top, side, side))
        word = QRect(px(2), top + side + px(3), self.width() - px(4), px(20))
        font = look.font(Type.CAPTION_STRONG if on else Type.CAPTION)
        centre = Qt.AlignmentFlag.AlignCenter
        words(painter, word, self.item.title, font, t.accent if on else t.text, centre)
        if self._badge:
            self._paint_badge(painter, look, QRect(self.width() // 2 + px(6), max(top - px(6), 2), 0, px(18)))
        painter.end()

    def _paint_badge(self, painter: QPainter, look: Look, at: QRect) -> None:
        t = look.tokens
        text = str(self._badge) if self._badge < 1000 else "999+"
        font = look.font(Type.CAPTION_STRONG)
        font.setPixelSize(look.px(11))
        at.setWidth(max(QFontMetrics(font).horizontalAdvance(text) + look.px(10), at.height()))
        box(
            painter,
            at.adjusted(-2, -2, 2, 2),
            at.height() / 2 + 2,
            t.accent_ground if self.isChecked() else t.surface,
        )
        box(painter, at, at.height() / 2, t.warn)
        words(painter, at, text, font, t.surface, Qt.AlignmentFlag.AlignCenter)

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()


class Rail(QFrame):
    """`went` carries the name of the place asked for; `show_current` is told when it was reached."""

    went = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, RailButton] = {}
        self._column = QVBoxLayout(self)
        self._column.addStretch(1)
        self.setAccessibleName(self.tr("Screens"))
        themed(self, self._on_look)

    def set_items(self, items: Sequence[RailItem]) -> None:
        """Replace the places; keeps the buttons whose item is the same."""
        if tuple(items) == tuple(button.item for button in self._buttons.values()):
            return
        wanted = {item.name: item for item in items}
        for name, button in tuple(self._buttons.items()):
            if wanted.get(name) != button.item:
                del self._buttons[name]
                self._column.removeWidget(button)
                button.hide()
                button.deleteLater()
        for place, item in enumerate(items):
            button = self._buttons.get(item.name)
            if button is None:
                button = RailButton(item, self)
                button.clicked.connect(self._on_clicked)
                self._buttons[item.name] = button
            self._column.insertWidget(place, button)
        self._buttons = {item.name: self._buttons[item.name] for item in items}

    def names(self) -> tuple[str, ...]:
        return tuple(self._buttons)

    def button(self, name: str) -> RailButton:
        return self._buttons[name]

    def show_current(self, name: str) -> None:
        for known, button in self._buttons.items():
            button.setChecked(known == name)

    def set_badges(self, badges: Mapping[str, int]) -> None:
        for name, button in self._buttons.items():
            button.set_badge(badges.get(name, 0))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        painter = QPainter(self)
        painter.fillRect(self.rect(), look.color("surface"))
        painter.fillRect(QRect(self.width() - 1, 0, 1, self.height()), look.color("hairline"))
        painter.end()

    def _on_clicked(self) -> None:
        button = self.sender()
        if isinstance(button, RailButton):
            button.setChecked(not button.isChecked())  # the shell says where one is, not the tap
            self.went.emit(button.item.name)

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_2)
        self._column.setContentsMargins(gap, gap + look.px(4), gap + 1, gap)
        self._column.setSpacing(look.px(GAP_1))
        self.update()
