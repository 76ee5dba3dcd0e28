"""What every benchmark answers: a figure beside its budget and beside what the machine could do in the same run."""

import statistics
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

SHARED_BY_OTHERS: Final = 0.15
"""From this share of the processors on, other programs' work is said beside a figure that it may have spoilt."""


class Unit(StrEnum):
    """Less is better in all of them."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MEGABYTES = "MB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Of several samples, in the result's unit."""

    median: float
    p95: float
    worst: float
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The least that physics and the libraries ask for the same work, measured in the same run and unit."""

    what: str
    measured: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What else the machine did meanwhile.

    `average`: the system's load average at the end; `others`: share of all processors that other programs took.
    """

    processors: int
    average: float
    others: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure. `judged` says which one it is (`p95`, `median of 5`); `also` carries figures beside it, by name.

    `measured` is what a person waits. `processor`: what of it the measured process itself computed, by the same
    statistic; on a machine that others use too it says what the waiting would be on one of its own. None where the work
    is shared among processes, or is no time at all.
    """

    name: str
    what: str
    unit: Unit
    judged: str
    measured: float
    budget: float
    limit: Limit
    processor: float | None = None
    spread: Spread | None = None
    also: Mapping[str, float] = field(default_factory=dict[str, float])
    note: str = ""
    load: Load | None = None

    @property
    def within(self) -> bool:
        return self.measured <= self.budget

    @property
    def verdict(self) -> str:
        return "within budget" if self.within else "over budget"

    @property
    def ratio(self) -> float:
        """How many times the physical limit it took."""
        return self.measured / self.limit.measured if self.limit.measured else float("inf")


class Samples:
    """Waited and computed milliseconds of the same work, again and again."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.computed: list[float] = []

    @contextmanager
    def one(self) -> Generator[None]:
        """Take the time of the block, of all threads of this process."""
        began, computed = time.perf_counter(), time.process_time()
        yield
        self.waited.append((time.perf_counter() - began) * 1000)
        self.computed.append((time.process_time() - computed) * 1000)


_RESULTS: Final = TypeAdapter(tuple[Result, ...])


def spread_of(samples: Sequence[float]) -> Spread:
    """Median, 95th percentile (the sample that 95 of 100 do not pass) and worst."""
    ordered = sorted(samples)
    return Spread(
        median=statistics.median(ordered),
        p95=ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
        worst=ordered[-1],
        samples=len(ordered),
    )


def write_results(file: Path, results: Sequence[Result]) -> None:
    file.write_bytes(_RESULTS.dump_json(tuple(results)))


def read_results(file: Path) -> tuple[Result, ...]:
    """What `write_results` or `as_json` wrote. Raises ValueError where the file holds no results."""
    return _RESULTS.validate_json(file.read_bytes())


def as_json(results: Sequence[Result]) -> bytes:
    """For people and for comparisons over time: every field, with ratio and verdict."""
    plain: list[dict[str, object]] = _RESULTS.dump_python(tuple(results), mode="json")
    told = [
        {**each, "ratio": round(of.ratio, 2), "verdict": of.verdict}
        for each, of in zip(plain, results, strict=True)
    ]
    return TypeAdapter(list[dict[str, object]]).dump_json(told, indent=2)


def table(results: Sequence[Result]) -> str:
    """One line for each result, and a line below where other programs took much of the machine."""
    heads = ("benchmark", "measured", "processor", "budget", "limit", "ratio", "verdict")
    rows = [
        (
            each.name,
            f"{_number(each.measured)} {each.unit} ({each.judged})",
            "" if each.processor is None else f"{_number(each.processor)} {each.unit}",
            f"{_number(each.budget)} {each.unit}",
            f"{_number(each.limit.measured)} {each.unit}",
            f"{each.ratio:.1f} ×",
            each.verdict,
        )
        for each in results
    ]
    widths = [max(len(row[place]) for row in (heads, *rows)) for place in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, tuple("-" * width for width in widths), *rows)
    ]
    return "\n".join(lines)


def busy_note(results: Sequence[Result]) -> str:
    """A sentence where the machine was not the benchmark's own; empty otherwise."""
    shares = [each.load.others for each in results if each.load is not None]
    if not shares or max(shares) < SHARED_BY_OTHERS:
        return ""
    return (
        f"Other programs took up to {max(shares):.0%} of the processors meanwhile: compare ratios, not seconds,"
        " or measure again on a quiet machine."
    )


def _number(value: float) -> str:
    return f"{value:.2g}" if value < 1 else f"{value:.3g}" if value < 100 else f"{value:.0f}"
