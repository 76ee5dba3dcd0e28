"""A chart of 45,000 readings on 12 channels: first paint and a panned frame.

    python -m tests.bench.bench_chart

Synthetic (the largest real series has 28,041 rows). The real widget, offscreen, 1200 × 800; numpy is imported before, as
it is after the first chart of a session, and what that import takes stands beside the figure.
"""

import argparse
import math
import os
import sys
import time
from typing import Any, Final

from tests.bench.result import Limit, Result, Samples, Unit, spread_of, table

READINGS: Final = 45_000
CHANNELS: Final = 12
SIZE: Final = (1200, 800)


def chart(*, readings: int = READINGS, paints: int = 15, frames: int = 150) -> tuple[Result, ...]:
    """First paint and pan."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from ui import theme
    from ui.tokens import ThemeName
    from ui.widgets.chart import Channel, Chart

    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise TypeError("there is an application without widgets already")
    theme.apply(app, ThemeName.LIGHT, 1.0)
    began = time.perf_counter()
    import numpy as np

    numpy_ms = (time.perf_counter() - began) * 1000
    x = np.arange(readings, dtype=np.float64)
    channels = [
        Channel(
            key=f"c{number}",
            name=f"Channel {number}",
            unit="kN",
            y=(12.0 + np.sin(x / (300 + 40 * number)) + 0.2 * np.cos(x * math.pi / 7)).tolist(),
            low=10.5,
            high=13.5,
        )
        for number in range(CHANNELS)
    ]
    first, panned = Samples(), Samples()
    for number in range(paints + 1):
        widget = Chart()
        widget.resize(*SIZE)
        with first.one() if number else Samples().one():  # the first of all also loads fonts
            widget.set_series(channels)
            widget.show()
            app.processEvents()
            widget.repaint()
        if number == paints:
            widget.zoom(0.5)
            widget.pan(-0.4)
            for frame in range(frames):
                with panned.one():
                    widget.pan(0.02 if frame % 80 < 40 else -0.02)
                    app.processEvents()
        widget.hide()
        widget.deleteLater()
    reduced, pictured = _limits(np, x, channels, app)
    at_first, at_pan = spread_of(first.waited), spread_of(panned.waited)
    size = f"{readings:,} readings × {CHANNELS} channels"
    return (
        Result(
            name="chart: first paint",
            what=f"{size}, from the series to the picture",
            unit=Unit.MILLISECONDS,
            judged="p95",
            measured=at_first.p95,
            budget=150.0,
            limit=Limit(
                what="lowest and highest of every pixel column, and one blank picture", measured=reduced
            ),
            processor=spread_of(first.computed).p95,
            spread=at_first,
            also={"numpy_import_ms": numpy_ms},
        ),
        Result(
            name="chart: pan",
            what=f"{size}, one frame of panning at half width; 20 ms are 50 frames a second",
            unit=Unit.MILLISECONDS,
            judged="p95",
            measured=at_pan.p95,
            budget=20.0,
            limit=Limit(what="one blank picture of that size", measured=pictured),
            processor=spread_of(panned.computed).p95,
            spread=at_pan,
        ),
    )


def _limits(np: Any, x: Any, channels: Any, app: Any) -> tuple[float, float]:
    """Milliseconds of reducing all readings to pixel columns with a picture, and of the picture alone."""
    from PySide6.QtWidgets import QWidget

    blank = QWidget()
    blank.resize(*SIZE)
    blank.show()
    app.processEvents()
    cuts = np.linspace(0, len(x) - 1, SIZE[0], dtype=np.intp)
    both, picture = Samples(), Samples()
    for _ in range(30):
        with both.one():
            for channel in channels:
                np.fmin.reduceat(channel.y, cuts)
                np.fmax.reduceat(channel.y, cuts)
            blank.repaint()
        with picture.one():
            blank.repaint()
    blank.hide()
    blank.deleteLater()
    return spread_of(both.waited).p95, spread_of(picture.waited).p95


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(table(chart()))
