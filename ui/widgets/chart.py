"""Several channels of measurements over one axis: pan and zoom without losing a spike.

pyqtgraph and numpy are imported when the first chart is filled, not when the program starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui import text
from ui.icons import Icon
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, Tone, Type
from ui.widgets.button import IconButton
from ui.widgets.empty_state import EmptyState
from ui.widgets.label import Label
from ui.widgets.scroll_column import ScrollColumn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PLOT_HEIGHT = 132
STEP = 0.2  # how much of what is seen one key press moves or zooms


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One measured quantity. `y` is floats for drawing only; the record keeps its exact numbers elsewhere.

    `low` and `high` are drawn only where given: a chart invents no limits.
    """

    key: str
    name: str
    unit: str
    y: Sequence[float] = field(repr=False)
    low: float | None = None
    high: float | None = None


class Chart(QWidget):
    """Channels one below the other over a shared axis of time (seconds since the epoch) or of index.

    Mouse: drag pans, the wheel zooms the shared axis. Keys: arrows pan, + and - zoom, Home shows everything. A line
    under the pointer reads every channel at that place.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._channels: tuple[Channel, ...] = ()
        self._x: NDArray[np.float64] | None = None
        self._x_name = ""
        self._zone: tzinfo | None = None
        self._is_time = False
        self._plots: list[Any] = []
        self._cursors: list[Any] = []
        self._readings: list[Label] = []
        self._graphics: Any = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Chart")
        self._where = Label("", Type.CAPTION, Tone.NEUTRAL)
        self._tools = QHBoxLayout()
        self._tools.addWidget(self._where, 1)
        for icon, name, act in (
            (Icon.MINUS, "Zoom out (-)", lambda: self.zoom(1 + STEP * 2)),
            (Icon.PLUS, "Zoom in (+)", lambda: self.zoom(1 / (1 + STEP * 2))),
            (Icon.TARGET, "Show everything (Home)", self.show_all),
        ):
            button = IconButton(icon, name)
            button.clicked.connect(act)
            self._tools.addWidget(button)
        self._scroll = ScrollColumn()
        self._empty = EmptyState(Icon.CHART, "No measurements", "Nothing was recorded for this stage.")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(self._tools)
        self._column.addWidget(self._scroll, 1)
        self._column.addWidget(self._empty, 1)
        self._show_tools(False)
        themed(self, self._on_look)

    def set_series(
        self,
        channels: Sequence[Channel],
        *,
        x: Sequence[float] | None = None,
        x_name: str = "Index",
        times: bool = False,
        zone: tzinfo | None = None,
    ) -> None:
        """Show these channels. `x` None counts from 0; with `times`, x is seconds since the epoch, shown in `zone`.

        Every channel has as many values as x. NaN makes a gap.
        """
        import numpy as np

        self._channels = tuple(channels)
        self._x_name, self._is_time, self._zone = x_name, times, zone
        length = len(channels[0].y) if channels else 0
        self._x = np.arange(length, dtype=np.float64) if x is None else np.asarray(x, dtype=np.float64)
        for channel in channels:
            if len(channel.y) != len(self._x):
                raise ValueError(f"channel {channel.key}: {len(channel.y)} values over {len(self._x)} places")
        self._rebuild()

    def visible_range(self) -> tuple[float, float]:
        """The part of the shared axis that is seen."""
        if not self._plots:
            return (0.0, 0.0)
        low, high = self._plots[0].getViewBox().viewRange()[0]
        return (float(low), float(high))

    def plots(self) -> tuple[Any, ...]:
        """The pyqtgraph plots, from top to bottom."""
        return tuple(self._plots)

    def limits_drawn(self, key: str) -> tuple[float, ...]:
        """The limits that are drawn for a channel."""
        channel = next(each for each in self._channels if each.key == key)
        return tuple(limit for limit in (channel.low, channel.high) if limit is not None)

    def show_range(self, start: float, end: float) -> None:
        """See that part of the shared axis, for example the minutes around an exception."""
        if self._plots:
            self._plots[0].setXRange(start, end, padding=0)

    def show_all(self) -> None:
        if self._plots and self._x is not None and len(self._x):
            self.show_range(float(self._x[0]), float(self._x[-1]))

    def zoom(self, factor: float) -> None:
        """Below 1 shows less of the axis, larger; above 1 shows more of it. The middle stays."""
        low, high = self.visible_range()
        middle, half = (low + high) / 2, (high - low) / 2 * factor
        if half > 0:
            self.show_range(middle - half, middle + half)

    def pan(self, share: float) -> None:
        """Move by a share of what is seen; negative goes back."""
        low, high = self.visible_range()
        self.show_range(low + (high - low) * share, high + (high - low) * share)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom(1 / (1 + STEP * 2))
            case Qt.Key.Key_Minus:
                self.zoom(1 + STEP * 2)
            case Qt.Key.Key_Left:
                self.pan(-STEP)
            case Qt.Key.Key_Right:
                self.pan(STEP)
            case Qt.Key.Key_Home:
                self.show_all()
            case _:
                super().keyPressEvent(event)

    def _show_tools(self, shown: bool) -> None:
        for place in range(self._tools.count()):
            item = self._tools.itemAt(place)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.setVisible(shown)
        self._scroll.setVisible(shown)
        self._empty.setVisible(not shown)

    def _rebuild(self) -> None:
        """Lay out one plot for each channel; the lowest carries the axis."""
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._plots, self._cursors, self._readings = [], [], []
        filled = bool(self._channels) and self._x is not None and len(self._x) > 0
        self._show_tools(filled)
        if filled:
            self._fill(column)
        self._scroll.set_page(page)
        if filled:
            self.show_all()

    def _fill(self, column: QVBoxLayout) -> None:
        pg: Any = import_module("pyqtgraph")
        look = LOOK.value
        pg.setConfigOptions(antialias=False)
        last = len(self._channels) - 1
        for place, channel in enumerate(self._channels):
            head = QHBoxLayout()
            head.setSpacing(look.px(6))
            head.setContentsMargins(look.px(4), look.px(10) if place else 0, look.px(4), look.px(2))
            head.addWidget(Label(channel.name, Type.CAPTION_STRONG))
            head.addWidget(Label(channel.unit, Type.CAPTION, Tone.NEUTRAL))
            head.addStretch(1)
            reading = Label("", Type.CAPTION_STRONG)
            head.addWidget(reading)
            column.addLayout(head)
            view = self._plot(pg, channel, bottom=place == last)
            column.addWidget(view, 1)
            self._readings.append(reading)
        for plot in self._plots[1:]:
            plot.setXLink(self._plots[0])

    def _plot(self, pg: Any, channel: Channel, *, bottom: bool) -> QWidget:
        look = LOOK.value
        t, px = look.tokens, look.px
        axis = _time_axis(pg, self._zone, self._first()) if self._is_time else None
        view = pg.PlotWidget(background=t.surface, axisItems={"bottom": axis} if axis is not None else None)
        view.setFrameShape(view.Shape.NoFrame)
        view.setMinimumHeight(px(PLOT_HEIGHT + (28 if bottom else 0)))
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setAccessibleName(f"{channel.name}, {channel.unit}")
        plot = view.getPlotItem()
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=True, y=False)
        plot.setDownsampling(auto=True, mode="peak")  # the extremes of each pixel column: no spike disappears
        plot.setClipToView(True)
        plot.showGrid(x=True, y=True, alpha=0.12)
        for side in ("left", "bottom"):
            shown = plot.getAxis(side)
            shown.setPen(t.hairline)
            shown.setTextPen(t.muted)
            shown.setStyle(tickFont=look.font(Type.CAPTION), tickLength=0)
        plot.getAxis("left").setWidth(px(64))
        plot.getAxis("bottom").setStyle(showValues=bottom)
        if bottom:
            plot.getAxis("bottom").setHeight(px(28))
        plot.plot(
            self._x,
            _floats(channel.y),
            pen=pg.mkPen(t.accent, width=1),
            connect="finite",
            skipFiniteCheck=False,
        )
        for limit in (channel.low, channel.high):
            if limit is not None:
                pen = pg.mkPen(t.critical, width=1, style=Qt.PenStyle.DashLine)
                plot.addItem(pg.InfiniteLine(limit, angle=0, pen=pen), ignoreBounds=False)
        cursor = pg.InfiniteLine(angle=90, pen=pg.mkPen(t.muted, width=1), movable=False)
        cursor.hide()
        plot.addItem(cursor, ignoreBounds=True)
        plot.getViewBox().setLimits(**self._x_limits())
        plot.scene().sigMouseMoved.connect(partial(self._on_pointer, plot))
        self._plots.append(plot)
        self._cursors.append(cursor)
        return view

    def _first(self) -> datetime:
        return datetime.fromtimestamp(float(self._x[0]) if self._x is not None else 0.0, UTC)

    def _x_limits(self) -> dict[str, float]:
        if self._x is None:
            return {}
        first, last = float(self._x[0]), float(self._x[-1])
        span = max(last - first, 1e-9)
        return {"xMin": first - span * 0.02, "xMax": last + span * 0.02}

    def _on_pointer(self, plot: Any, spot: QPointF) -> None:
        import numpy as np

        x = self._x
        if x is None or not plot.sceneBoundingRect().contains(spot):
            return
        at = float(plot.getViewBox().mapSceneToView(spot).x())
        place = int(np.clip(np.searchsorted(x, at), 0, len(x) - 1))
        if place and abs(x[place - 1] - at) < abs(x[place] - at):
            place -= 1
        for cursor in self._cursors:
            cursor.setPos(float(x[place]))
            cursor.show()
        for channel, label in zip(self._channels, self._readings, strict=True):
            value = float(channel.y[place])
            label.setText("–" if value != value else f"{value:g} {channel.unit}")
        self._where.setText(self._said(float(x[place])))

    def _said(self, at: float) -> str:
        if not self._is_time:
            return f"{self._x_name} {at:g}"
        return text.when(datetime.fromtimestamp(at, UTC), self._zone)

    def _on_look(self, look: Look) -> None:
        self._tools.setSpacing(look.px(GAP_2))
        if self._plots:
            seen = self.visible_range()
            self._rebuild()
            self.show_range(*seen)


def _time_axis(pg: Any, zone: tzinfo | None, first: datetime) -> Any:
    """An axis of clock times in the plant's zone, not in the machine's, as the zone stood when the series began."""
    offset = first.astimezone(zone).utcoffset() or timedelta()
    return pg.DateAxisItem(orientation="bottom", utcOffset=-offset.total_seconds())


def _floats(values: Sequence[float]) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(values, dtype=np.float64)
