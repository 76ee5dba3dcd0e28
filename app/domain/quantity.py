"""Exact numbers with their unit, and the limits they are judged by."""

from decimal import Decimal, InvalidOperation
from enum import StrEnum

from app.domain.record import record


class Verdict(StrEnum):
    """What a limit says of a value. `NONE`: there was no limit to judge by, which is not the same as within."""

    NONE = "none"
    WITHIN = "within"
    BELOW = "below"
    ABOVE = "above"


@record
class Quantity:
    """A number as it was measured, digit for digit, and its unit (UCUM code where one exists)."""

    value: Decimal
    unit: str


@record
class Limit:
    """An acceptance range. Both bounds belong to it; a missing bound is open. `illustrative`: published by no one."""

    low: Decimal | None = None
    high: Decimal | None = None
    unit: str = ""
    target: Decimal | None = None
    illustrative: bool = False

    def judge(self, value: Decimal) -> Verdict:
        """Whether `value`, in this limit's unit, lies below, within or above."""
        if self.low is not None and value < self.low:
            return Verdict.BELOW
        if self.high is not None and value > self.high:
            return Verdict.ABOVE
        return Verdict.WITHIN


def exact(text: str) -> Decimal | None:
    """The number that `text` spells with '.' as decimal mark, or None. NaN and infinities are no measurements."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
