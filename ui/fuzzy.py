"""Fuzzy matching for the command palette. Knows no Qt."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def score(wanted: str, text: str) -> int | None:
    """How well `text` answers `wanted`: None not at all, larger is better.

    All characters must occur in order, whatever their case. Characters in a row and at the start of words
    count more; of two texts that match alike the shorter wins.
    """
    needle, hay = wanted.casefold().strip(), text.casefold()
    if not needle:
        return 0
    found = hay.find(needle)
    if found >= 0:
        at_word = found == 0 or not hay[found - 1].isalnum()
        return 1000 + (200 if at_word else 0) - found - len(hay) // 4
    total, place, run = 0, -1, 0
    for letter in needle:
        if letter == " ":
            continue
        here = hay.find(letter, place + 1)
        if here < 0:
            return None
        run = run + 1 if here == place + 1 else 0
        at_word = here == 0 or not hay[here - 1].isalnum()
        total += 5 + 6 * run + (12 if at_word else 0)
        place = here
    return total - len(hay) // 4


def ranked(wanted: str, items: Iterable[T], text: Callable[[T], str]) -> list[T]:
    """The items that match, best first; equal ones keep their order."""
    scored = [(score(wanted, text(item)), item) for item in items]
    hits = [(points, item) for points, item in scored if points is not None]
    return [item for _, item in sorted(hits, key=lambda hit: -hit[0])]
