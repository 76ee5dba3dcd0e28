"""The bytes that a chunk's digest is taken over: they must come out the same wherever they are made."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wire.series import Row, chunk_of, micros_of, row_bytes, spelled

AT = datetime(2019, 3, 20, 14, 56, 17, tzinfo=UTC)


def row(*values: str | None, at: datetime = AT) -> Row:
    return Row(at=at, values=tuple(None if each is None else Decimal(each) for each in values))


@pytest.mark.req("A5")
def test_a_row_is_its_microseconds_and_its_digits() -> None:
    assert row_bytes(row("3.90", None, "0")) == b"1553093777000000\t3.90\t\t0\n"


def test_an_empty_row_keeps_its_time_and_its_channels() -> None:
    assert row_bytes(row(None, None)) == b"1553093777000000\t\t\n"


@pytest.mark.parametrize(
    ("value", "digits"),
    [("1.20", "1.20"), ("1E+3", "1000"), ("1.5E-7", "0.00000015"), ("-0.0", "0.0"), ("-0.5", "-0.5")],
)
def test_a_value_is_spelled_without_exponent_and_without_a_negative_zero(value: str, digits: str) -> None:
    assert spelled(Decimal(value)) == digits


def test_the_zone_a_time_is_written_in_does_not_change_it() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=9)))
    assert micros_of(elsewhere) == micros_of(AT)


def test_microseconds_are_exact_where_a_float_would_round() -> None:
    assert micros_of(datetime(2099, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == 4_102_444_799_999_999


def test_a_chunk_is_the_digest_of_its_rows_in_order() -> None:
    rows = [row("1", at=AT), row("2", at=AT + timedelta(seconds=10))]
    chunk = chunk_of(40, rows)
    assert (chunk.position, chunk.rows) == (40, 2)
    assert chunk.digest == sha256(b"".join(map(row_bytes, rows))).hexdigest()
    assert chunk.digest != chunk_of(40, reversed(rows)).digest


numbers = st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=9)


@given(
    one=st.lists(st.tuples(numbers, numbers), max_size=4),
    other=st.lists(st.tuples(numbers, numbers), max_size=4),
)
def test_different_rows_have_different_bytes(
    one: list[tuple[Decimal | None, ...]], other: list[tuple[Decimal | None, ...]]
) -> None:
    def told(rows: list[tuple[Decimal | None, ...]]) -> bytes:
        return b"".join(row_bytes(Row(at=AT, values=each)) for each in rows)

    assert (one == other) == (told(one) == told(other))
