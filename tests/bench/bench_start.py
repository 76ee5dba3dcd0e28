"""From starting the desktop with 100,000 cached batches to a page that takes input; and what the process weighs.

    python -m tests.bench.bench_start [--batches 100000]

A real process on a real encrypted file and a real keyring, offscreen and without a server. Each start is paired with one
of an empty PySide6 window, so that both meet the same machine; the median of each is taken.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.cached_plant import LOGIN, PASSWORD, cached_plant
from tests.bench.result import Limit, Result, Unit, spread_of, table

STARTS: Final = 5
ROUNDS_OF_WORK: Final = 25
PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """One start. Seconds from the birth of the process; `listed` from *Sign in* to the painted list; bytes in memory."""

    usable: float
    usable_cpu: float
    usable_rss: float
    listed: float
    listed_rss: float
    worked_rss: float = 0.0


def started(data: Path, report: Path, *, work: int = 0) -> Started:
    """Start the desktop once and let it end."""
    words = (str(data), str(report), LOGIN, PASSWORD, "--work", str(work))
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "tests.bench.start_child", *words],
        check=True,
        timeout=PATIENCE_SECONDS,
        stdout=subprocess.DEVNULL,
    )
    told: dict[str, float] = json.loads(report.read_bytes())
    told["usable"] -= began
    return Started(**told)


def empty_window() -> tuple[float, float]:
    """Seconds and bytes of the least Qt program."""
    began = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.empty_window"],
        check=True,
        timeout=PATIENCE_SECONDS,
        capture_output=True,
        text=True,
    ).stdout.split()
    return float(told[0]) - began, float(told[2])


def starts(shared: Path, count: int, times: int) -> tuple[Result, ...]:
    """The figure of starting."""
    with cached_plant(shared, count) as data, tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        started(data, report)  # compiles what was never compiled on this machine
        empty_window()
        ours: list[Started] = []
        bare: list[float] = []
        for _ in range(times):
            ours.append(started(data, report))
            bare.append(empty_window()[0])
    spread = spread_of([each.usable for each in ours])
    return (
        Result(
            name="start",
            what=f"process start to a painted sign-in page that takes a key, {count:,} cached batches",
            unit=Unit.SECONDS,
            judged=f"median of {times}",
            measured=spread.median,
            budget=0.8,
            limit=Limit(what="the same for an empty PySide6 window", measured=statistics.median(bare)),
            processor=statistics.median(each.usable_cpu for each in ours),
            spread=spread,
            also={
                "fastest_s": min(each.usable for each in ours),
                "sign_in_to_list_s": statistics.median(each.listed for each in ours),
            },
            note="0.5 s is the next budget. From Sign in to the list: mostly Argon2id, which is meant to take its time.",
        ),
    )


def memory(shared: Path, count: int, rounds: int) -> tuple[Result, ...]:
    """The figure of weighing."""
    with cached_plant(shared, count) as data, tempfile.TemporaryDirectory() as folder:
        worked = started(data, Path(folder) / "report.json", work=rounds)
        bare = empty_window()[1]
    return (
        Result(
            name="memory",
            what=f"resident memory of the desktop after {rounds} rounds through all pages, {count:,} cached batches",
            unit=Unit.MEGABYTES,
            judged="one run",
            measured=worked.worked_rss / 1e6,
            budget=220.0,
            limit=Limit(what="an empty PySide6 window", measured=bare / 1e6),
            also={"at_sign_in_mb": worked.usable_rss / 1e6, "at_list_mb": worked.listed_rss / 1e6},
            note="An hour of work without its pauses: per round 4 searches, a scroll, a batch, its stage, review and"
            " every page.",
        ),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as home:
        place = Path(home)
        print(
            table([*starts(place, options.batches, STARTS), *memory(place, options.batches, ROUNDS_OF_WORK)])
        )
