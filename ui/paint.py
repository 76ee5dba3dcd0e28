"""Strokes shared by widgets that paint themselves."""

from functools import cache

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from ui.icons import Icon, paint_icon
from ui.theme import Look
from ui.tokens import RADIUS, Tone, Type


def box(
    painter: QPainter,
    rect: QRect | QRectF,
    radius: float,
    fill: str | None,
    line: str | None = None,
    width: float = 1.0,
) -> None:
    """A rounded box; the line lies wholly inside `rect`, so that nothing is clipped."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    half = width / 2 if line else 0.0
    inner = QRectF(rect).adjusted(half, half, -half, -half)
    painter.setBrush(QColor(fill) if fill else Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(line), width) if line else Qt.PenStyle.NoPen)
    painter.drawRoundedRect(inner, max(radius - half, 0), max(radius - half, 0))


def focus_ring(painter: QPainter, rect: QRect | QRectF, color: str, radius: float = RADIUS) -> None:
    """The 2 px ring that says where the keyboard is."""
    box(painter, rect, radius, None, color, 2.0)


def words(
    painter: QPainter,
    rect: QRect | QRectF,
    text: str,
    font: QFont,
    color: str,
    flags: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """One line of text, elided to the box."""
    painter.setFont(font)
    painter.setPen(QColor(color))
    shown = QFontMetrics(font).elidedText(text, mode, int(QRectF(rect).width()) + 1)
    painter.drawText(QRectF(rect), _one_line(flags), shown)


@cache
def _one_line(flags: Qt.AlignmentFlag) -> int:
    return int(flags) | int(Qt.TextFlag.TextSingleLine)


CHIP_HEIGHT = 28
_CHIP_PAD, _CHIP_ICON, _CHIP_GAP = 9, 16, 6


def chip_width(text: str, look: Look) -> int:
    """How wide `chip` paints this word."""
    width = QFontMetrics(look.font(Type.CAPTION_STRONG)).horizontalAdvance(text)
    return width + look.px(2 * _CHIP_PAD + _CHIP_ICON + _CHIP_GAP) + 2


def chip(painter: QPainter, rect: QRect, text: str, tone: Tone, mark: Icon, look: Look) -> None:
    """A status: icon and word on the quiet ground of its tone."""
    tokens, px = look.tokens, look.px
    box(painter, rect, px(6), tokens.ground(tone))
    side = px(_CHIP_ICON)
    left = rect.left() + px(_CHIP_PAD)
    paint_icon(painter, mark, tokens.ink(tone), QRectF(left, rect.center().y() - side / 2 + 1, side, side))
    start = left + side + px(_CHIP_GAP)
    area = QRect(start, rect.top(), rect.right() - start - px(_CHIP_PAD) + 3, rect.height())
    words(painter, area, text, look.font(Type.CAPTION_STRONG), tokens.ink(tone))
