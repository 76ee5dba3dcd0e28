"""Where an entry is: saved here, sent, accepted; or in need of somebody."""

from enum import StrEnum

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from ui.icons import Icon, paint_icon
from ui.paint import words
from ui.theme import LOOK, Look, themed
from ui.tokens import Type


class Delivery(StrEnum):
    SAVED = "saved"
    SENT = "sent"
    ACCEPTED = "accepted"
    ATTENTION = "attention"


DOT, DASH = 8, 8


class SyncMark(QLabel):
    """Three beads on a string, as many filled as were reached, and the word."""

    def __init__(self, delivery: Delivery = Delivery.SAVED, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._delivery = delivery
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_delivery(delivery)
        themed(self, self._on_look)

    @property
    def delivery(self) -> Delivery:
        return self._delivery

    def show_delivery(self, delivery: Delivery) -> None:
        self._delivery = delivery
        word, tip = self._words(delivery)
        self.setText(word)
        self.setToolTip(tip)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        look = LOOK.value
        width = QFontMetrics(look.font(Type.CAPTION_STRONG)).horizontalAdvance(self.text())
        return QSize(self._beads(look) + look.px(8) + width + 4, look.px(24))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        if self._delivery is Delivery.ATTENTION:
            side = px(18)
            paint_icon(painter, Icon.WARNING, t.warn, QRectF(0, middle - side / 2, side, side))
            ink = t.warn
        else:
            reached = (Delivery.SAVED, Delivery.SENT, Delivery.ACCEPTED).index(self._delivery) + 1
            dot, dash = px(DOT), px(DASH)
            for place in range(3):
                left = place * (dot + dash)
                filled = place < reached
                color = QColor(t.accent if filled else t.border)
                if place:
                    painter.setPen(QPen(color, 1.5))
                    painter.drawLine(round(left - dash), round(middle), left, round(middle))
                painter.setPen(QPen(color, 1.5))
                painter.setBrush(color if filled else QColor(t.surface))
                painter.drawEllipse(QRectF(left + 1, middle - dot / 2 + 0.5, dot - 1, dot - 1))
            ink = t.muted
        left = (px(18) if self._delivery is Delivery.ATTENTION else self._beads(look)) + px(8)
        area = QRect(left, 0, self.width() - left, self.height())
        words(painter, area, self.text(), look.font(Type.CAPTION_STRONG), ink)
        painter.end()

    def _words(self, delivery: Delivery) -> tuple[str, str]:
        match delivery:
            case Delivery.SAVED:
                return self.tr("Saved here"), self.tr(
                    "Kept on this station; it goes out as soon as the server answers."
                )
            case Delivery.SENT:
                return self.tr("Sent"), self.tr("At the server, which has not answered yet.")
            case Delivery.ACCEPTED:
                return self.tr("Accepted"), self.tr("In the plant's journal.")
            case Delivery.ATTENTION:
                return self.tr("Needs attention"), self.tr(
                    "The server refused it. It is kept until somebody settles it."
                )

    def _beads(self, look: Look) -> int:
        return 3 * look.px(DOT) + 2 * look.px(DASH)

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()
