"""A line that can be pressed: icon, title, a quiet second line, a chip at the right."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from ui.icons import Icon, paint_icon
from ui.paint import CHIP_HEIGHT, box, chip, chip_width, focus_ring, words
from ui.theme import LOOK, Look, themed
from ui.tokens import RADIUS, TARGET, Tone, Type
from ui.widgets.status_chip import Chip

PAD = 12
SIDE = 20


class RowButton(QPushButton):
    """Gives way when space is short; its tooltip has the whole words. Checkable, it shows that it is the one open.

    `lines=2` wraps the title instead of eliding it, where there is no second line.
    """

    def __init__(
        self,
        title: str,
        *,
        icon: Icon,
        tone: Tone = Tone.NEUTRAL,
        subtitle: str = "",
        mark: Chip | None = None,
        leads: bool = True,
        checkable: bool = False,
        lines: int = 1,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._subtitle = title, subtitle
        self._icon, self._tone, self._mark = icon, tone, mark
        self._leads = leads
        self._lines = lines
        self.setCheckable(checkable)
        self.setEnabled(leads)
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        said = ", ".join(part for part in (title, subtitle, mark.text if mark else "") if part)
        self.setAccessibleName(said)
        self.setToolTip(said)
        themed(self, self._on_look)

    @property
    def title(self) -> str:
        return self._title

    def sizeHint(self) -> QSize:
        look = LOOK.value
        return QSize(look.px(280), look.px(60 if self._subtitle or self._lines > 1 else TARGET))

    def minimumSizeHint(self) -> QSize:
        return QSize(LOOK.value.px(160), self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        painter = QPainter(self)
        rect = self.rect()
        if self.isChecked():
            box(painter, rect, RADIUS, t.accent_ground)
            painter.fillRect(QRect(0, px(8), px(3), rect.height() - px(16)), look.color("accent"))
        elif self.underMouse() and self.isEnabled():
            box(painter, rect, RADIUS, t.hover)
        if self.hasFocus():
            focus_ring(painter, rect, t.accent)
        side = px(SIDE)
        ink = t.text if self._tone is Tone.NEUTRAL else t.ink(self._tone)
        quiet = t.muted if self._tone is Tone.NEUTRAL else ink
        paint_icon(painter, self._icon, quiet, QRectF(px(PAD), (rect.height() - side) / 2, side, side))
        left = px(PAD) + side + px(PAD)
        right = self._paint_end(painter, rect, look)
        self._paint_words(painter, QRect(left, 0, right - left, rect.height()), look)
        painter.end()

    def _paint_end(self, painter: QPainter, rect: QRect, look: Look) -> int:
        """The chip and the arrow; answers where the words must end."""
        px = look.px
        right = rect.right() - px(PAD)
        if self._leads and not self.isCheckable():
            side = px(16)
            place = QRectF(right - side, (rect.height() - side) / 2, side, side)
            paint_icon(painter, Icon.CHEVRON_RIGHT, look.tokens.muted, place)
            right -= side + px(8)
        if self._mark is not None:
            width = chip_width(self._mark.text, look)
            height = px(CHIP_HEIGHT)
            area = QRect(right - width, (rect.height() - height) // 2, width, height)
            chip(painter, area, self._mark.text, self._mark.tone, self._mark.mark, look)
            right -= width + px(8)
        return right

    def _paint_words(self, painter: QPainter, area: QRect, look: Look) -> None:
        t = look.tokens
        title = look.font(Type.STRONG if self._subtitle or self.isCheckable() else Type.BODY)
        if self._lines > 1:
            painter.setFont(title)
            painter.setPen(look.color("text"))
            wrap = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(area, wrap, self._title)
            return
        if not self._subtitle:
            words(painter, area, self._title, title, t.text)
            return
        small = look.font(Type.CAPTION)
        line, under = QFontMetrics(title).height(), QFontMetrics(small).height()
        top = (area.height() - line - under) // 2
        words(painter, QRect(area.left(), top, area.width(), line), self._title, title, t.text)
        words(painter, QRect(area.left(), top + line, area.width(), under), self._subtitle, small, t.muted)

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()
