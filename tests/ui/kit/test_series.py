"""What a chart draws of a long series."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import series

CET = timezone(timedelta(hours=1), "CET")


@given(
    y=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=300),
    columns=st.integers(1, 120),
)
def test_no_reading_is_lost_whatever_the_width(y: list[float], columns: int) -> None:
    x = series.counted(len(y))
    seen = series.envelope(x, series.floats(y), 0.0, float(len(y) - 1), columns)
    lows = [v for v in seen.low.tolist() if not math.isnan(v)]
    highs = [v for v in seen.high.tolist() if not math.isnan(v)]
    assert min(lows) == min(y)
    assert max(highs) == max(y)


def test_a_gap_stays_a_gap_and_a_column_without_readings_is_empty() -> None:
    nan = float("nan")
    seen = series.envelope(series.floats([0, 1, 8, 9]), series.floats([1, nan, 5, 6]), 0.0, 10.0, 10)
    assert [round(v, 1) for v in seen.low.tolist() if not math.isnan(v)] == [1.0, 5.0, 6.0]
    assert math.isnan(seen.low[1])
    assert math.isnan(seen.low[4])


def test_only_what_is_seen_is_counted() -> None:
    y = series.floats([99.0, 1.0, 2.0, 3.0, 99.0])
    seen = series.envelope(series.counted(5), y, 1.0, 3.0, 2)
    assert (seen.low.tolist(), seen.high.tolist()) == ([1.0, 2.0], [1.0, 3.0])
    assert series.window(series.counted(5), 1.5, 2.5) == (1, 4)


def test_a_jump_between_two_columns_is_drawn_as_one_line() -> None:
    seen = series.Envelope(series.floats([0.0, 10.0]), series.floats([0.0, 10.0]))
    mask = series.column_mask(seen, 10.0, 0.0, 11)
    assert mask[:, 0].tolist() == [False] * 10 + [True]
    assert mask[:, 1].tolist() == [True] * 11


def test_ticks_are_round_numbers_with_the_decimals_they_need() -> None:
    assert [said for _, said in series.number_ticks(9.4, 10.6, 4)] == ["9.5", "10.0", "10.5"]
    assert [said for _, said in series.number_ticks(0, 1000, 5)] == ["0", "200", "400", "600", "800", "1000"]
    assert [said for _, said in series.number_ticks(0, 0.05, 5)] == [
        "0.00",
        "0.01",
        "0.02",
        "0.03",
        "0.04",
        "0.05",
    ]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(8, ["15:00", "16:00"]), (0.05, ["14:05:30", "14:06:00"]), (24 * 20, ["25 Nov", "27 Nov"])],
)
def test_clock_times_are_round_in_the_plants_zone(hours: float, expected: list[str]) -> None:
    start = datetime(2026, 11, 22, 13, 5, 9, tzinfo=UTC).timestamp()
    said = [each for _, each in series.time_ticks(start, start + hours * 3600, 10, CET)]
    assert all(each in said for each in expected)


def test_a_series_without_readings_has_no_extremes() -> None:
    assert series.extremes(series.floats([])) is None
    assert series.extremes(series.floats([float("nan")])) is None
    assert series.extremes(series.floats([2.0, float("nan"), 1.0])) == (1.0, 2.0)
