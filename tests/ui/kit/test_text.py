"""Figures and times as people read them."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from ui import text
from ui.fuzzy import ranked, score
from ui.numbers import NotANumber, parse_number

CET = timezone(timedelta(hours=1), "CET")
MOMENT = datetime(2026, 11, 22, 13, 5, 9, tzinfo=UTC)


def test_a_time_names_its_zone() -> None:
    assert text.when(MOMENT, CET) == "22 Nov 2026 14:05:09 CET"
    assert text.when(MOMENT, UTC) == "22 Nov 2026 13:05:09 UTC"
    assert text.when(MOMENT, timezone(timedelta(hours=5, minutes=30))) == "22 Nov 2026 18:35:09 UTC+05:30"
    assert text.when(MOMENT, timezone(timedelta(hours=-3))) == "22 Nov 2026 10:05:09 UTC-03:00"


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        text.when(datetime(2026, 11, 22))  # noqa: DTZ001, the point of the test


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(minutes=-5), "in 5 min"),
    ],
)
def test_how_long_ago(back: timedelta, said: str) -> None:
    assert text.ago(MOMENT - back, MOMENT) == said


def test_since_shows_the_day_only_where_it_is_another() -> None:
    assert text.since(MOMENT, MOMENT, CET) == "14:05"
    assert text.since(MOMENT - timedelta(days=1), MOMENT, CET) == "21 Nov 14:05"
    assert text.since(MOMENT - timedelta(days=400), MOMENT, CET) == "18 Oct 2025 14:05"


@pytest.mark.parametrize("shown", ["12.50", "0.000001", "1.412698315", "1000000000000000000000", "-0.0"])
def test_a_number_is_shown_exactly_as_given(shown: str) -> None:
    assert text.number(Decimal(shown)) == shown


def test_a_quantity_keeps_its_unit_on_the_same_line() -> None:
    assert text.quantity(Decimal("12.50"), "kN") == "12.50\N{NO-BREAK SPACE}kN"
    assert text.quantity(Decimal(7), "") == "7"


def test_durations_and_offsets() -> None:
    assert text.duration(timedelta(minutes=12, seconds=5)) == "12:05"
    assert text.duration(timedelta(hours=1, minutes=2, seconds=3)) == "1:02:03"
    assert text.offset(timedelta(seconds=72)) == "+1 min 12 s"
    assert text.offset(timedelta(seconds=-9)) == "-9 s"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("12.50", "12.50"),
        ("12,50", "12.50"),
        (" 7 ", "7"),
        ("-0,5", "-0.5"),
        ("\N{MINUS SIGN}3", "-3"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+1", "1"),
    ],
)
def test_a_typed_number_is_read_with_point_or_comma_and_keeps_its_zeros(typed: str, meant: str) -> None:
    read = parse_number(typed)
    assert isinstance(read, Decimal)
    assert str(read) == meant


@pytest.mark.parametrize(
    "typed",
    ["1.234,5", "1,234,567", "1e5", "12 5", "25o.4", "-", ".", "٣", "NaN", "Infinity", "1_000", "9" * 31],
)
def test_junk_is_refused_with_a_sentence_and_never_guessed(typed: str) -> None:
    read = parse_number(typed)
    assert isinstance(read, NotANumber)
    assert read.why.endswith(".")


def test_nothing_typed_is_no_number_and_no_mistake() -> None:
    assert parse_number("  ") is None


def test_the_palette_prefers_whole_words_then_beginnings_then_letters_in_order() -> None:
    items = ["Go to Sync", "Synchronise now", "Switch user", "Release B-0042"]
    assert ranked("sync", items, str) == ["Synchronise now", "Go to Sync"]
    assert ranked("swu", items, str)[0] == "Switch user"
    assert ranked("", items, str) == items
    assert score("xyz", "Release") is None
