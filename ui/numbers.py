"""What a person means by a typed number. Knows no Qt."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

LONGEST: Final = 30  # digits; more is a scanned code or a stuck key
SHAPE: Final = re.compile(r"([+\-\N{MINUS SIGN}]?)(\d*)(?:[.,](\d*))?")


@dataclass(frozen=True, slots=True)
class NotANumber:
    """Why a text cannot be read as a number, in a sentence for the person who typed it."""

    why: str


def parse_number(text: str) -> Decimal | NotANumber | None:
    """The number as typed, its zeros kept (`12.50` has two decimals); None where nothing was typed.

    Point and comma both mark decimals, since keyboards and countries differ; so there are no thousands separators,
    and a text with two marks is refused rather than guessed. No exponents, no spaces inside, ASCII digits only.
    """
    typed = text.strip()
    if not typed:
        return None
    if sum(typed.count(mark) for mark in ".,") > 1:
        return NotANumber("Use one decimal sign and no thousands separators.")
    match = SHAPE.fullmatch(typed)
    if match is None or (not typed.isascii() and typed[0] != "\N{MINUS SIGN}"):
        return NotANumber(f"“{typed[:40]}” is not a number.")
    sign, whole, part = match.groups()
    digits = (whole or "") + (part or "")
    if not digits:
        return NotANumber("The digits are still missing.")
    if len(digits) > LONGEST:
        return NotANumber("That is longer than any reading.")
    number = Decimal(f"{whole or '0'}.{part}" if part else whole or "0")
    return number.copy_negate() if sign in ("-", "\N{MINUS SIGN}") else number
