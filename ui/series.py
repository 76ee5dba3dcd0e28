"""What a chart draws of a long series: for each column of pixels the lowest and the highest reading in it.

Nothing is averaged and nothing skipped, so a spike of one reading among 45,000 stays one pixel wide and as high as it
was. Knows no Qt; numpy is imported with the first series, not with the program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
TIME_STEPS: Final = (
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
    *(DAY * n for n in (1, 2, 7, 14, 28, 91, 182, 364)),
)


def floats(values: Sequence[float]) -> Floats:
    """The readings for drawing; a reading that is missing is NaN."""
    import numpy as np

    return np.asarray(values, dtype=np.float64)


def counted(length: int) -> Floats:
    """0, 1, 2 … where a series has no axis of its own."""
    import numpy as np

    return np.arange(length, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Envelope:
    """For each column the lowest and highest reading; NaN where the column has none."""

    low: Floats
    high: Floats


def window(x: Floats, start: float, end: float) -> tuple[int, int]:
    """The slice of an ascending axis that is seen, with one reading more on either side so that lines run out."""
    first = max(int(x.searchsorted(start, side="left")) - 1, 0)
    last = min(int(x.searchsorted(end, side="right")) + 1, len(x))
    return first, last


def envelope(x: Floats, y: Floats, start: float, end: float, columns: int) -> Envelope:
    """Lowest and highest reading of each of `columns` equal parts of [start, end]."""
    import numpy as np

    edges = np.linspace(start, end, columns + 1)
    cuts = x.searchsorted(edges, side="left")
    cuts[-1] = x.searchsorted(end, side="right")
    low = np.full(columns, np.nan)
    high = np.full(columns, np.nan)
    filled = np.flatnonzero(cuts[1:] > cuts[:-1])
    if len(filled):
        seen = y[: cuts[-1]]
        low[filled] = np.fmin.reduceat(seen, cuts[:-1][filled])
        high[filled] = np.fmax.reduceat(seen, cuts[:-1][filled])
    return Envelope(low, high)


def extremes(y: Floats) -> tuple[float, float] | None:
    """The lowest and the highest reading; None where there is none."""
    import numpy as np

    if not len(y) or bool(np.isnan(y).all()):
        return None
    return float(np.nanmin(y)), float(np.nanmax(y))


def column_mask(seen: Envelope, top: float, bottom: float, height: int) -> NDArray[np.bool_]:
    """Which pixels of a picture of `height` rows the line covers; neighbouring columns are joined, gaps stay gaps.

    `top` and `bottom` are the values at the upper and lower edge.
    """
    import numpy as np

    scale = (height - 1) / (top - bottom)
    upper = (top - seen.high) * scale
    lower = (top - seen.low) * scale
    # Join each column to the one before: a step of a jump must not come apart into two dots.
    upper[1:] = np.fmin(upper[1:], np.where(np.isnan(upper[1:]), np.nan, lower[:-1]))
    lower[1:] = np.fmax(lower[1:], np.where(np.isnan(lower[1:]), np.nan, (top - seen.high[:-1]) * scale))
    rows = np.arange(height, dtype=np.float64)[:, None]
    covered: NDArray[np.bool_] = (rows >= np.floor(upper)) & (rows <= np.ceil(lower))
    return covered


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that cuts `span` into at most `most` parts."""
    if span <= 0 or not math.isfinite(span):
        return 1.0
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))


def number_ticks(start: float, end: float, most: int) -> list[tuple[float, str]]:
    """Round values inside [start, end] with as many decimals as they need to differ."""
    step = nice_step(end - start, max(most, 1))
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(start / step - 1e-9)
    last = math.floor(end / step + 1e-9)
    return [(n * step, f"{n * step:.{decimals}f}") for n in range(first, last + 1)]


def time_ticks(start: float, end: float, most: int, zone: tzinfo | None) -> list[tuple[float, str]]:
    """Round clock times of `zone` inside [start, end] (seconds since the epoch); days where the steps are days."""
    step = next((each for each in TIME_STEPS if (end - start) / each <= max(most, 1)), TIME_STEPS[-1])
    offset = (_moment(start, zone).utcoffset() or timedelta()).total_seconds()
    first = math.ceil((start + offset) / step)
    last = math.floor((end + offset) / step)
    ticks = [n * step - offset for n in range(first, last + 1)]
    shape = "%H:%M:%S" if step < MINUTE else "%H:%M" if step < DAY else "%d %b"
    return [(tick, _moment(tick, zone).strftime(shape)) for tick in ticks]


def _moment(seconds: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(seconds, zone or UTC)
