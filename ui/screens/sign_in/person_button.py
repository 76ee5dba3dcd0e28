"""A person who used this station before, as a button for a gloved finger."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from ui.paint import box, focus_ring, words
from ui.theme import LOOK, Look, themed
from ui.tokens import RADIUS, Type


class PersonButton(QPushButton):
    """Initials, name and one quiet line. Chosen while their name stands in the field."""

    def __init__(self, login: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.login = login
        self._name = self._second = ""
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        themed(self, self._on_look)

    def say(self, name: str, second: str) -> None:
        """`second` stands below the name: role and last visit, or until when they can sign in offline."""
        self._name, self._second = name, second
        self.setAccessibleName(f"{name}, {second}")
        self.update()

    def sizeHint(self) -> QSize:
        look = LOOK.value
        metrics = QFontMetrics(look.font(Type.CAPTION))
        second = metrics.horizontalAdvance(self._second)
        first = QFontMetrics(look.font(Type.STRONG)).horizontalAdvance(self._name)
        return QSize(max(first, second) + look.px(96), look.px(60))

    def minimumSizeHint(self) -> QSize:
        return QSize(LOOK.value.px(220), LOOK.value.px(60))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        painter = QPainter(self)
        on = self.isChecked()
        fill = t.accent_ground if on or self.isDown() else t.hover if self.underMouse() else t.surface
        box(painter, self.rect(), RADIUS, fill, t.accent if on else t.hairline)
        if self.hasFocus():
            focus_ring(painter, self.rect(), t.accent)
        round_side = px(36)
        circle = QRectF(px(14), (self.height() - round_side) / 2, round_side, round_side)
        box(painter, circle, round_side / 2, t.neutral_ground if not on else t.accent)
        ink = t.on_accent if on else t.muted
        words(
            painter,
            circle.adjusted(2, 0, -2, 0),
            _initials(self._name),
            look.font(Type.STRONG),
            ink,
            Qt.AlignmentFlag.AlignCenter,
        )
        left = round(circle.right()) + px(12)
        room = self.width() - left - px(14)
        upper = QFontMetrics(look.font(Type.STRONG)).height()
        lower = QFontMetrics(look.font(Type.CAPTION)).height()
        top = (self.height() - upper - lower - px(2)) // 2
        words(painter, QRect(left, top, room, upper), self._name, look.font(Type.STRONG), t.text)
        below = QRect(left, top + upper + px(2), room, lower)
        words(painter, below, self._second, look.font(Type.CAPTION), t.muted)
        painter.end()

    def _on_look(self, look: Look) -> None:
        self.setMinimumHeight(look.px(60))
        self.updateGeometry()
        self.update()


def _initials(name: str) -> str:
    parts = [part for part in name.split() if part[0].isalpha()]
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()
