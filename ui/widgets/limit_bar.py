"""The limits of a reading as a bar, with the reading placed on it while it is typed."""

from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import text
from ui.icons import Icon, paint_icon
from ui.paint import box, words
from ui.theme import LOOK, Look, themed
from ui.tokens import Tone, Type
from ui.widgets.status_chip import MARKS, Chip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is drawn. A bound that is None does not exist and is not drawn. All in the same unit, bounds included."""

    low: Decimal | None = None
    high: Decimal | None = None
    target: Decimal | None = None
    alert_low: Decimal | None = None
    alert_high: Decimal | None = None
    unit: str = ""

    def words(self) -> str:
        """`9.80 to 10.20 kN`, `At least 9.80 kN`, `At most 10.20 kN`, `No limits`."""
        if self.low is not None and self.high is not None:
            return f"{text.number(self.low)} to {text.quantity(self.high, self.unit)}"
        if self.low is not None:
            return f"At least {text.quantity(self.low, self.unit)}"
        if self.high is not None:
            return f"At most {text.quantity(self.high, self.unit)}"
        return "No limits"


class LimitBar(QWidget):
    """Draws; does not judge. The verdict (word and tone) comes with the reading, from whoever judges it.

    A reading beyond the drawn range stands at the edge as an arrow.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limits = Limits()
        self._value: Decimal | None = None
        self._verdict: Chip | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._name()
        themed(self, self._on_look)

    def set_limits(self, limits: Limits) -> None:
        self._limits = limits
        self._name()
        self.update()

    def show_value(self, value: Decimal | None, verdict: Chip | None = None) -> None:
        """Place a reading (None takes it away) and say the verdict beside it."""
        self._value, self._verdict = value, verdict
        self._name()
        self.update()

    @property
    def verdict(self) -> Chip | None:
        return self._verdict

    def position(self, value: Decimal) -> float:
        """Where a value lies on the drawn range, 0 at its left end and 1 at its right; outside it is beyond these."""
        start, end = self._range()
        return float((value - start) / (end - start))

    def sizeHint(self) -> QSize:
        return QSize(LOOK.value.px(420), LOOK.value.px(92))

    def minimumSizeHint(self) -> QSize:
        return QSize(LOOK.value.px(240), LOOK.value.px(92))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_head(painter, look)
        if self._limits.low is not None or self._limits.high is not None:
            self._paint_bar(painter, look)
            self._paint_value(painter, look)
        painter.end()

    def _range(self) -> tuple[Decimal, Decimal]:
        """The drawn range: the limits with a third of their span on either side."""
        low, high = self._limits.low, self._limits.high
        if low is not None and high is not None:
            span = high - low or max(abs(high), Decimal(1)) / 10
            return low - span / 3, high + span / 3
        if low is not None:
            span = max(abs(low), Decimal(1))
            return low - span / 4, low + span
        if high is not None:
            span = max(abs(high), Decimal(1))
            return high - span, high + span / 4
        return Decimal(0), Decimal(1)

    def _x(self, value: Decimal, look: Look) -> float:
        pad = look.px(8)
        share = min(max(self.position(value), 0.0), 1.0)
        return pad + share * (self.width() - 2 * pad)

    def _paint_head(self, painter: QPainter, look: Look) -> None:
        t, px = look.tokens, look.px
        top = QRect(0, 0, self.width(), px(24))
        verdict = self._verdict
        room = 0
        if verdict is not None:
            font = look.font(Type.STRONG)
            width = QFontMetrics(font).horizontalAdvance(verdict.text)
            ink = t.ink(verdict.tone) if verdict.tone is not Tone.NEUTRAL else t.text
            side = px(20)
            left = self.width() - width - side - px(6)
            mark = verdict.icon or (Icon.CHECK if verdict.tone is Tone.NEUTRAL else MARKS[verdict.tone])
            paint_icon(painter, mark, ink, QRectF(left, px(2), side, side))
            words(painter, QRect(left + side + px(6), 0, width + 2, px(24)), verdict.text, font, ink)
            room = width + side + px(16)
        words(painter, top.adjusted(0, 0, -room, 0), self._limits.words(), look.font(Type.BODY), t.muted)

    def _paint_bar(self, painter: QPainter, look: Look) -> None:
        t, px = look.tokens, look.px
        limits = self._limits
        top, height = px(46), px(12)
        whole = QRectF(px(8), top, self.width() - px(16), height)
        box(painter, whole, height / 2, t.sunken)
        start = self._x(limits.low, look) if limits.low is not None else whole.left()
        end = self._x(limits.high, look) if limits.high is not None else whole.right()
        allowed = QColor(t.border)
        allowed.setAlphaF(0.5)
        painter.fillRect(QRectF(start, top, max(end - start, 1), height), allowed)
        for alert in (limits.alert_low, limits.alert_high):
            if alert is not None:
                self._tick(painter, self._x(alert, look), top, height, t.warn, look)
        if limits.target is not None:
            x = self._x(limits.target, look)
            painter.setPen(QPen(QColor(t.text), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(QPointF(x, top + 3), QPointF(x, top + height - 3))
        for bound in (limits.low, limits.high):
            if bound is not None:
                x = self._x(bound, look)
                painter.fillRect(QRectF(x - 1, top - px(4), 2, height + px(8)), QColor(t.text))
                self._under(painter, x, text.number(bound), look)

    def _tick(self, painter: QPainter, x: float, top: float, height: float, color: str, look: Look) -> None:
        painter.setPen(QPen(QColor(color), 2, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, top - look.px(1)), QPointF(x, top + height + look.px(1)))

    def _under(self, painter: QPainter, x: float, said: str, look: Look) -> None:
        font = look.font(Type.CAPTION_STRONG)
        width = QFontMetrics(font).horizontalAdvance(said) + 2
        left = min(max(x - width / 2, 0), self.width() - width)
        words(painter, QRectF(left, look.px(66), width, look.px(20)), said, font, look.tokens.text)

    def _paint_value(self, painter: QPainter, look: Look) -> None:
        value = self._value
        if value is None:
            return
        t, px = look.tokens, look.px
        tone = self._verdict.tone if self._verdict is not None else Tone.NEUTRAL
        color = QColor(t.text if tone is Tone.NEUTRAL else t.ink(tone))
        x, tip = self._x(value, look), px(46) - px(1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        half, tall = px(8), px(13)
        place = self.position(value)
        if 0 <= place <= 1:
            shape = [QPointF(x, tip), QPointF(x - half, tip - tall), QPointF(x + half, tip - tall)]
            painter.fillRect(QRectF(x - 1, tip, 2, px(14)), color)
        else:
            way = 1 if place > 1 else -1
            middle = tip - tall / 2
            shape = [
                QPointF(x + way * half * 0.9, middle),
                QPointF(x - way * half * 0.7, middle - half),
                QPointF(x - way * half * 0.7, middle + half),
            ]
        painter.drawPolygon(QPolygonF(shape))

    def _name(self) -> None:
        said = [self.tr("Limits: {limits}").format(limits=self._limits.words())]
        if self._value is not None:
            said.append(text.quantity(self._value, self._limits.unit))
        if self._verdict is not None:
            said.append(self._verdict.text)
        self.setAccessibleName(", ".join(said))

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()
