"""Several channels of measurements over one axis: pan and zoom without losing a spike.

Painted here, for speed and memory: `resources/decisions/0006-charts-are-painted-here.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui import series, text
from ui.icons import Icon
from ui.paint import focus_ring, words
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, Tone, Type
from ui.widgets.button import IconButton
from ui.widgets.empty_state import EmptyState
from ui.widgets.label import Label
from ui.widgets.scroll_column import ScrollColumn

if TYPE_CHECKING:
    from ui.series import Floats

HEAD, PLOT, AXIS, LEFT, RIGHT = 30, 104, 28, 64, 12
STEP = 0.2  # how much of what is seen one key press moves
ZOOM = 1.4
CLOSEST = 5  # readings: nobody zooms in further than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One measured quantity. `y` is floats for drawing only; the record keeps its exact numbers elsewhere.

    NaN makes a gap. `low` and `high` are drawn only where given: a chart invents no limits.
    """

    key: str
    name: str
    unit: str
    y: Sequence[float] = field(repr=False)
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ChartMark:
    """A place on the shared axis that matters (an exception, a stop), drawn through all channels."""

    x: float
    text: str
    tone: Tone = Tone.ATTENTION


@dataclass(frozen=True, slots=True)
class _Line:
    channel: Channel
    y: Floats
    bottom: float
    top: float


class ChartCanvas(QWidget):
    """The channels one below the other. Drag pans, the wheel zooms (with Ctrl where the canvas itself scrolls)."""

    moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: tuple[_Line, ...] = ()
        self.marks: tuple[ChartMark, ...] = ()
        self.axis: Floats | None = None
        self.times = False
        self.zone: tzinfo | None = None
        self.start, self.end = 0.0, 1.0
        self.pointer: int | None = None
        self.whole_fits = True
        self._dragged: float | None = None
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        themed(self, self._on_look)

    def sizeHint(self) -> QSize:
        px = LOOK.value.px
        return QSize(px(480), len(self.lines) * px(HEAD + PLOT) + px(AXIS))

    def minimumSizeHint(self) -> QSize:
        return QSize(LOOK.value.px(240), self.sizeHint().height())

    def limit_to(self, start: float, end: float) -> tuple[float, float]:
        """That range, kept inside the series and no smaller than a few readings."""
        if self.axis is None:
            return start, end
        first, last = float(self.axis[0]), float(self.axis[-1])
        whole = max(last - first, 1e-9)
        least = whole / max(len(self.axis) - 1, 1) * CLOSEST
        span = min(max(end - start, least), whole)
        start = min(max(start, first), last - span)
        return start, start + span

    def at(self, position: float) -> float:
        """The place of the axis under a horizontal position."""
        left, width = self._across()
        return self.start + (position - left) / width * (self.end - self.start)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        painter = QPainter(self)
        painter.fillRect(event.rect(), look.color("surface"))
        width = self._across()[1]
        if self.axis is not None and width > 8:
            ticks = self._ticks(width)
            for place, line in enumerate(self.lines):
                plot = self._plot(place)
                if plot.adjusted(0, -look.px(HEAD), 0, look.px(AXIS)).intersects(event.rect()):
                    self._paint_frame(painter, line, plot, ticks, look)
                    self._paint_line(painter, line, plot, look)
                    self._paint_limits(painter, line, plot, look)
                    self._paint_head(painter, line, plot, look)
            self._paint_axis(painter, ticks, look)
            self._paint_marks(painter, look)
            self._paint_pointer(painter, look)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged = event.position().x()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = None
        self.unsetCursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        spot = event.position().x()
        if self._dragged is not None:
            by = self.at(self._dragged) - self.at(spot)
            self._dragged = spot
            self.show_range(self.start + by, self.end + by)
        self._point(spot)

    def leaveEvent(self, event: object) -> None:
        self.pointer = None
        self.moved.emit()
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        held = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        turned = event.angleDelta().y()
        if not turned or not (held or self.whole_fits):
            event.ignore()
            return
        factor = ZOOM ** (-turned / 240)
        middle = self.at(event.position().x())
        self.show_range(middle - (middle - self.start) * factor, middle + (self.end - middle) * factor)
        event.accept()

    def show_range(self, start: float, end: float) -> None:
        self.start, self.end = self.limit_to(start, end)
        self.moved.emit()
        self.update()

    def _across(self) -> tuple[int, int]:
        px = LOOK.value.px
        return px(LEFT), max(self.width() - px(LEFT) - px(RIGHT), 1)

    def _plot(self, place: int) -> QRect:
        """Where a channel is drawn; spare height is shared out among all."""
        px = LOOK.value.px
        left, width = self._across()
        each = max((self.height() - px(AXIS)) // max(len(self.lines), 1), px(HEAD + PLOT))
        return QRect(left, place * each + px(HEAD), width, each - px(HEAD) - px(6))

    def _to_x(self, value: float) -> float:
        left, width = self._across()
        return left + (value - self.start) / (self.end - self.start) * width

    def _ticks(self, width: int) -> list[tuple[float, str]]:
        most = max(width // LOOK.value.px(110), 2)
        if self.times:
            return series.time_ticks(self.start, self.end, most, self.zone)
        return series.number_ticks(self.start, self.end, most)

    def _paint_frame(
        self, painter: QPainter, line: _Line, plot: QRect, ticks: list[tuple[float, str]], look: Look
    ) -> None:
        faint = look.color("hairline")
        small = look.font(Type.CAPTION)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value, said in series.number_ticks(line.bottom, line.top, max(plot.height() // look.px(36), 2)):
            y = _to_y(value, line, plot)
            painter.fillRect(QRectF(plot.left(), y, plot.width(), 1), faint)
            area = QRectF(0, y - look.px(9), look.px(LEFT - 8), look.px(18))
            words(painter, area, said, small, look.tokens.muted, right)
        for value, _ in ticks:
            painter.fillRect(QRectF(self._to_x(value), plot.top(), 1, plot.height()), faint)

    def _paint_line(self, painter: QPainter, line: _Line, plot: QRect, look: Look) -> None:
        if self.axis is None:
            return
        first, last = series.window(self.axis, self.start, self.end)
        color = look.color("accent")
        painter.save()
        painter.setClipRect(plot)
        if last - first > plot.width():
            self._paint_envelope(painter, line, plot, color)
        else:
            self._paint_points(painter, line, plot, color, first, last)
        painter.restore()

    def _paint_envelope(self, painter: QPainter, line: _Line, plot: QRect, color: QColor) -> None:
        if self.axis is None:
            return
        dpr = self.devicePixelRatioF()
        width, height = round(plot.width() * dpr), round(plot.height() * dpr)
        seen = series.envelope(self.axis, line.y, self.start, self.end, width)
        pixels = series.column_mask(seen, line.top, line.bottom, height).astype("uint8")
        image = QImage(pixels.tobytes(), width, height, width, QImage.Format.Format_Indexed8)
        image.setColorTable([0, color.rgba()])
        painter.drawImage(QRectF(plot), image)

    def _paint_points(
        self, painter: QPainter, line: _Line, plot: QRect, color: QColor, first: int, last: int
    ) -> None:
        if self.axis is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, 1.5))
        runs: list[list[QPointF]] = [[]]
        for x, y in zip(self.axis[first:last].tolist(), line.y[first:last].tolist(), strict=True):
            if y != y:
                runs.append([])
            else:
                runs[-1].append(QPointF(self._to_x(x), _to_y(y, line, plot)))
        dots = last - first < plot.width() / 12
        for run in runs:
            painter.drawPolyline(QPolygonF(run))
            if dots or len(run) == 1:
                painter.setBrush(color)
                for point in run:
                    painter.drawEllipse(point, 2.5, 2.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _paint_limits(self, painter: QPainter, line: _Line, plot: QRect, look: Look) -> None:
        for limit in (line.channel.low, line.channel.high):
            if limit is not None:
                y = round(_to_y(limit, line, plot))
                painter.setPen(QPen(look.color("critical"), 1.5, Qt.PenStyle.DashLine))
                painter.drawLine(plot.left(), y, plot.right(), y)

    def _paint_head(self, painter: QPainter, line: _Line, plot: QRect, look: Look) -> None:
        px, tokens = look.px, look.tokens
        strong, small = look.font(Type.CAPTION_STRONG), look.font(Type.CAPTION)
        area = QRect(plot.left(), plot.top() - px(24), plot.width(), px(20))
        words(painter, area, line.channel.name, strong, tokens.text)
        name = painter.fontMetrics().horizontalAdvance(line.channel.name)
        limits = "   ".join(
            f"{word} {value:g}"
            for word, value in (("low limit", line.channel.low), ("high limit", line.channel.high))
            if value is not None
        )
        said = "   ".join(part for part in (line.channel.unit, limits) if part)
        words(painter, area.adjusted(name + px(8), 0, 0, 0), said, small, tokens.muted)
        if self.pointer is not None:
            value = float(line.y[self.pointer])
            shown = "–" if value != value else f"{value:g} {line.channel.unit}"
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            words(painter, area, shown, strong, tokens.text, right)

    def _paint_axis(self, painter: QPainter, ticks: list[tuple[float, str]], look: Look) -> None:
        if not self.lines:
            return
        top = self._plot(len(self.lines) - 1).bottom() + look.px(4)
        font = look.font(Type.CAPTION)
        for value, said in ticks:
            area = QRectF(self._to_x(value) - look.px(50), top, look.px(100), look.px(20))
            words(painter, area, said, font, look.tokens.muted, Qt.AlignmentFlag.AlignCenter)

    def _paint_marks(self, painter: QPainter, look: Look) -> None:
        if not self.lines:
            return
        top, bottom = self._plot(0).top(), self._plot(len(self.lines) - 1).bottom()
        for mark in self.marks:
            if self.start <= mark.x <= self.end:
                ink = look.tokens.ink(mark.tone)
                x = self._to_x(mark.x)
                painter.setPen(QPen(QColor(ink), 1.5, Qt.PenStyle.DotLine))
                painter.drawLine(QPointF(x, top), QPointF(x, bottom))
                area = QRectF(x + look.px(4), top, look.px(160), look.px(18))
                words(painter, area, mark.text, look.font(Type.CAPTION_STRONG), ink)

    def _paint_pointer(self, painter: QPainter, look: Look) -> None:
        if self.pointer is None or self.axis is None or not self.lines:
            return
        x = self._to_x(float(self.axis[self.pointer]))
        top, bottom = self._plot(0).top(), self._plot(len(self.lines) - 1).bottom()
        painter.fillRect(QRectF(x, top, 1, bottom - top), look.color("muted"))

    def _point(self, position: float) -> None:
        """Read all channels at the reading nearest to the pointer."""
        if self.axis is None or not len(self.axis):
            return
        at = self.at(position)
        place = min(int(self.axis.searchsorted(at)), len(self.axis) - 1)
        if place and abs(float(self.axis[place - 1]) - at) < abs(float(self.axis[place]) - at):
            place -= 1
        self.pointer = place
        self.moved.emit()
        self.update()

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()


class Chart(QWidget):
    """Channels over a shared axis of time (seconds since the epoch) or of index.

    Keys: arrows pan, + and - zoom, Home shows everything. The pointer reads every channel at its place. A time axis
    without a zone shows clock times as recorded, and says that their zone is not known.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._x_name = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Chart"))
        self.canvas = ChartCanvas()
        self._where = Label("", Type.CAPTION, Tone.NEUTRAL)
        self._tools = QHBoxLayout()
        self._tools.addWidget(self._where, 1)
        self._buttons: list[IconButton] = []
        for icon, name, act in (
            (Icon.MINUS, self.tr("Zoom out (-)"), self._zoom_out),
            (Icon.PLUS, self.tr("Zoom in (+)"), self._zoom_in),
            (Icon.TARGET, self.tr("Show everything (Home)"), self.show_all),
        ):
            button = IconButton(icon, name)
            button.clicked.connect(act)
            self._buttons.append(button)
            self._tools.addWidget(button)
        self._scroll = ScrollColumn()
        self._scroll.column.addWidget(self.canvas, 1)
        self._empty = EmptyState(
            Icon.CHART, self.tr("No measurements"), self.tr("Nothing was recorded here.")
        )
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(self._tools)
        self._column.addWidget(self._scroll, 1)
        self._column.addWidget(self._empty, 1)
        self.canvas.moved.connect(self._on_moved)
        self._show_tools(False)
        themed(self, self._on_look)

    def set_series(
        self,
        channels: Sequence[Channel],
        *,
        x: Sequence[float] | None = None,
        x_name: str = "",
        times: bool = False,
        zone: tzinfo | None = None,
        marks: Sequence[ChartMark] = (),
    ) -> None:
        """Show these channels. `x` ascends; None counts from 0. With `times` it is seconds since the epoch.

        Raises ValueError where a channel has not as many values as the axis.
        """
        canvas = self.canvas
        axis = series.counted(len(channels[0].y) if channels else 0) if x is None else series.floats(x)
        for channel in channels:
            if len(channel.y) != len(axis):
                raise ValueError(f"channel {channel.key}: {len(channel.y)} values over {len(axis)} places")
        self._x_name = x_name or self.tr("Reading")
        canvas.times, canvas.zone = times, zone
        canvas.axis = axis if len(axis) else None
        canvas.lines = tuple(_line(channel) for channel in channels) if len(axis) else ()
        canvas.marks = tuple(marks)
        canvas.pointer = None
        canvas.updateGeometry()
        self._show_tools(bool(canvas.lines))
        names = ", ".join(f"{channel.name} in {channel.unit}" for channel in channels)
        self.setAccessibleDescription(names)
        self.show_all()

    def set_marks(self, marks: Sequence[ChartMark]) -> None:
        self.canvas.marks = tuple(marks)
        self.canvas.update()

    def visible_range(self) -> tuple[float, float]:
        """The part of the shared axis that is seen."""
        return self.canvas.start, self.canvas.end

    def show_range(self, start: float, end: float) -> None:
        """See that part of the shared axis, for example the minutes around an exception."""
        self.canvas.show_range(start, end)

    def show_all(self) -> None:
        x = self.canvas.axis
        if x is not None:
            self.show_range(float(x[0]), float(x[-1]))

    def zoom(self, factor: float) -> None:
        """Below 1 shows less of the axis, larger; above 1 shows more of it. The middle stays."""
        low, high = self.visible_range()
        middle, half = (low + high) / 2, (high - low) / 2 * factor
        self.show_range(middle - half, middle + half)

    def pan(self, share: float) -> None:
        """Move by a share of what is seen; negative goes back."""
        low, high = self.visible_range()
        self.show_range(low + (high - low) * share, high + (high - low) * share)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom_in()
            case Qt.Key.Key_Minus:
                self._zoom_out()
            case Qt.Key.Key_Left:
                self.pan(-STEP)
            case Qt.Key.Key_Right:
                self.pan(STEP)
            case Qt.Key.Key_Home:
                self.show_all()
            case _:
                super().keyPressEvent(event)

    def resizeEvent(self, event: object) -> None:
        self._see_fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.hasFocus():
            painter = QPainter(self)
            focus_ring(painter, self.rect(), LOOK.value.tokens.accent)
            painter.end()

    def _zoom_in(self) -> None:
        self.zoom(1 / ZOOM)

    def _zoom_out(self) -> None:
        self.zoom(ZOOM)

    def _see_fit(self) -> None:
        self.canvas.whole_fits = self.canvas.minimumSizeHint().height() <= self._scroll.viewport().height()

    def _show_tools(self, shown: bool) -> None:
        for widget in (self._where, *self._buttons, self._scroll):
            widget.setVisible(shown)
        self._empty.setVisible(not shown)

    def _on_moved(self) -> None:
        canvas = self.canvas
        self._see_fit()
        if canvas.pointer is not None and canvas.axis is not None:
            self._where.setText(self._said(float(canvas.axis[canvas.pointer])))
        elif canvas.times and canvas.zone is None:
            self._where.setText(self.tr("Clock times as recorded; their zone is not known"))
        else:
            self._where.setText("")

    def _said(self, at: float) -> str:
        if not self.canvas.times:
            return f"{self._x_name} {at:g}"
        moment = datetime.fromtimestamp(at, UTC)
        if self.canvas.zone is None:
            return self.tr("{when}, zone not known").format(
                when=f"{text.day(moment.date())} {moment:%H:%M:%S}"
            )
        return text.when(moment, self.canvas.zone)

    def _on_look(self, look: Look) -> None:
        self._tools.setSpacing(look.px(GAP_2))
        self._see_fit()


def _line(channel: Channel) -> _Line:
    """A channel with the range it is drawn in: all its readings and its limits, whatever part is seen."""
    y = series.floats(channel.y)
    found = series.extremes(y)
    bounds = [limit for limit in (channel.low, channel.high) if limit is not None]
    low, high = (min([found[0], *bounds]), max([found[1], *bounds])) if found else (0.0, 1.0)
    pad = (high - low) * 0.06 or max(abs(high) * 0.1, 1.0)
    return _Line(channel, y, low - pad, high + pad)


def _to_y(value: float, line: _Line, plot: QRect) -> float:
    return plot.top() + (line.top - value) / (line.top - line.bottom) * (plot.height() - 1)
