"""Spares a server that does not answer, and the people who would wait for it: after some failures in a row nobody asks
for a while, then one does; only when that one was answered do the others again.
"""

from collections.abc import Callable
from typing import Final

_FAILURES: Final = 3
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 15.0
_PROBE_SECONDS: Final = 1.0


def backoff(failures: int, chance: float, *, first: float = 0.5, longest: float = 60.0) -> float:
    """Seconds to wait after so many failures: exponential with full jitter, so that a plant's stations spread out."""
    return chance * min(longest, first * 2.0 ** min(failures, 16))


class Breaker:
    """`monotonic` in seconds; `chance` answers a number from 0 to 1. For one event loop."""

    def __init__(self, *, monotonic: Callable[[], float], chance: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._chance = chance
        self._failures = 0
        self._open_until = 0.0
        self._probing = False

    def closed_for(self) -> float | None:
        """None where a request may go out, and then `succeeded`, `failed` or `withdrawn` must follow.

        Otherwise the seconds after which it is worth asking again.
        """
        if self._failures < _FAILURES:
            return None
        rest = self._open_until - self._monotonic()
        if rest > 0:
            return rest
        if self._probing:
            return _PROBE_SECONDS
        self._probing = True
        return None

    def succeeded(self) -> None:
        """The server answered, whatever it said."""
        self._failures = 0
        self._probing = False

    def failed(self) -> None:
        self._failures += 1
        self._probing = False
        if self._failures >= _FAILURES:
            over = self._failures - _FAILURES
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**over)
            self._open_until = self._monotonic() + pause * (0.5 + 0.5 * self._chance())

    def withdrawn(self) -> None:
        """The request was cancelled: that says nothing about the server."""
        self._probing = False

    def try_now(self) -> None:
        """A person asks: the next request goes out whatever was before."""
        self._open_until = 0.0
