"""Sentences and figures for people. One place, no Qt, so that a view model and a test can say the same.

Numbers are shown exactly as given (a Decimal keeps its zeros); times always with their zone.
"""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NOTHING: Final = "–"


def when(moment: datetime, zone: tzinfo | None = None) -> str:
    """`22 Nov 2026 14:05:09 CET`, in `zone` or in the machine's own."""
    local = _local(moment, zone)
    return f"{day(local.date())} {local:%H:%M:%S} {zone_name(local)}"


def day(value: date) -> str:
    """`22 Nov 2026`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def clock(moment: datetime, zone: tzinfo | None = None) -> str:
    """`14:05`, where the day is plain from the surroundings."""
    return f"{_local(moment, zone):%H:%M}"


def clock_with_zone(moment: datetime, zone: tzinfo | None = None) -> str:
    """`14:05:09 CET`, for the status bar and for entries of today."""
    local = _local(moment, zone)
    return f"{local:%H:%M:%S} {zone_name(local)}"


def since(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """`10:42` on the same day, else `21 Nov 10:42`, else with the year."""
    local, today = _local(moment, zone), _local(now, zone)
    if local.date() == today.date():
        return clock(moment, zone)
    if local.year == today.year:
        return f"{local.day} {MONTHS[local.month - 1]} {clock(moment, zone)}"
    return f"{day(local.date())} {clock(moment, zone)}"


def zone_name(moment: datetime) -> str:
    """`CET`, or `UTC+05:30` where the zone has no letters."""
    name = moment.tzname() or ""
    if name.isalpha():
        return name
    offset = moment.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    minutes = abs(int(offset.total_seconds())) // 60
    return f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def ago(moment: datetime, now: datetime) -> str:
    """`just now`, `12 min ago`, `3 h ago`, `2 days ago`; a moment in the future reads `in 5 min`."""
    seconds = int((now - moment).total_seconds())
    if abs(seconds) < 45:
        return "just now"
    amount = _span(abs(seconds))
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def duration(length: timedelta) -> str:
    """`0:45`, `12:05`, `1:02:03`: minutes and seconds, hours where there are any."""
    seconds = int(length.total_seconds())
    sign = "-" if seconds < 0 else ""
    hours, rest = divmod(abs(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{sign}{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{sign}{minutes}:{seconds:02d}"


def offset(length: timedelta) -> str:
    """A clock's offset as `+72 s` or `-3 min 10 s`."""
    seconds = round(length.total_seconds())
    sign = "-" if seconds < 0 else "+"
    minutes, rest = divmod(abs(seconds), 60)
    if not minutes:
        return f"{sign}{rest} s"
    return f"{sign}{minutes} min {rest} s" if rest else f"{sign}{minutes} min"


def number(value: Decimal) -> str:
    """Exactly as given: `12.50` stays `12.50`, and never an exponent."""
    return format(value, "f")


def quantity(value: Decimal, unit: str) -> str:
    """`12.50 kN`, joined by a no-break space; a bare number where there is no unit."""
    return f"{number(value)}\N{NO-BREAK SPACE}{unit}" if unit else number(value)


def count(amount: int, one: str, many: str) -> str:
    """`1 deviation`, `3 deviations`."""
    return f"{amount:,} {one if amount == 1 else many}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _local(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a naive time is nobody's time")
    return moment.astimezone(zone)


def _span(seconds: int) -> str:
    if seconds < 3600:
        return f"{max(round(seconds / 60), 1)} min"
    if seconds < 36 * 3600:
        return f"{round(seconds / 3600)} h"
    days = round(seconds / 86400)
    return "1 day" if days == 1 else f"{days} days"
