"""How far a long piece of work is, on a terminal as one line that is written over, in a log as a line now and then."""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Final, Protocol

REDRAWN_EVERY: Final = 0.1  # seconds; a terminal over a slow line keeps up
LOGGED_EVERY: Final = 10.0
WIDTH: Final = 24


class Output(Protocol):
    """A stream of text, such as standard error."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


class Progress:
    """Counts units of work and says rate and remaining time. `seconds` is a clock that only runs forward."""

    def __init__(self, output: Output, seconds: Callable[[], float] = monotonic) -> None:
        self._output = output
        self._seconds = seconds
        self._live = output.isatty()
        self._name = ""
        self._total = 0
        self._done = 0
        self._skipped = 0
        self._began = 0.0
        self._said = 0.0
        self._length = 0

    def begin(self, name: str, total: int, *, done: int = 0) -> None:
        """A new run of `total` units, `done` of which an earlier run did."""
        self.end()
        self._name, self._total, self._done, self._skipped = name, total, done, done
        self._began = self._seconds()
        self._say()

    def step(self, units: int = 1) -> None:
        """`units` more are done."""
        self._done += units
        wait = REDRAWN_EVERY if self._live else LOGGED_EVERY
        if self._seconds() - self._said >= wait:
            self._say()

    def end(self) -> None:
        """The run is over: its last line stays."""
        if not self._name:
            return
        self._say()
        if self._live:
            self._output.write("\n")
            self._output.flush()
        self._name, self._length = "", 0

    def _say(self) -> None:
        self._said = self._seconds()
        line = self._line()
        if self._live:
            self._output.write("\r" + line.ljust(self._length))
            self._length = len(line)
        else:
            self._output.write(line + "\n")
        self._output.flush()

    def _line(self) -> str:
        share = self._done / self._total if self._total else 1.0
        drawn = ("█" * int(share * WIDTH)).ljust(WIDTH, "░")
        line = f"{self._name} {drawn} {self._done:,} of {self._total:,}"
        spent = self._seconds() - self._began
        worked = self._done - self._skipped
        if worked and spent > 0:
            rate = worked / spent
            left = timedelta(seconds=round((self._total - self._done) / rate))
            line += f" · {rate:,.0f}/s · {'done in ' + _told(spent) if not left else f'{left} left'}"
        return line


def _told(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))
