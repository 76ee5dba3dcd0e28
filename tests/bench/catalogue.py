"""Every benchmark by name: what it measures, how long it may take, and how it is run, whole or small.

    python -m tests.bench.catalogue NAME SHARED RESULTS [--small]

runs one and writes its results; `main.py bench` starts it so, each in a process of its own.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from tests.bench.result import Limit, Result, Unit, spread_of, write_results

if TYPE_CHECKING:
    from tests.support.postgres import FreshDatabase

BATCHES: Final = 100_000
FEW: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """`run(shared, small)`: `shared` is a folder that benchmarks of one round have in common. `seconds` bound it."""

    does: str
    seconds: float
    run: Callable[[Path, bool], tuple[Result, ...]]


def save(shared: Path, small: bool) -> tuple[Result, ...]:
    """Save to durable, beside one committed row of the same file."""
    from tests.bench.bench_save import commits, saves

    took = spread_of(asyncio.run(saves(2 if small else 30)))
    bare = spread_of(asyncio.run(commits(20 if small else 300)))
    return (
        Result(
            name="save",
            what="Save to durable: rules asked, sealed, outbox and overlay committed with synchronous=FULL",
            unit=Unit.MILLISECONDS,
            judged="p95",
            measured=took.p95,
            budget=3.0,
            limit=Limit(what="one committed row through the same writer", measured=bare.p95),
            spread=took,
        ),
    )


def pull(shared: Path, small: bool) -> tuple[Result, ...]:
    """Feed and first copy from the wire into the encrypted file."""
    from tests.bench.bench_pull import hashed, inserted, mixed, pulled
    from tests.support.sample_plant import sample_world

    sizes = (200,) if small else (10_000, 100_000)
    everything = mixed(sample_world(), max(sizes))
    found: list[Result] = []
    for size in sizes:
        records = everything[:size]
        hashing, inserting = hashed(records), inserted(records)
        ways = [("pull", False)] if size != max(sizes) else [("pull", False), ("first sync", True)]
        for name, copies in ways:
            took = [asyncio.run(pulled(records, copies=copies)) for _ in range(3 if size <= 10_000 else 1)]
            waited = spread_of([each.seconds for each in took])
            found.append(
                Result(
                    name=f"{name}: {size:,}",
                    what=f"{size:,} records, "
                    + ("a snapshot" if copies else "feed pages checked link by link and kept")
                    + ", into the encrypted file with lists and search",
                    unit=Unit.SECONDS,
                    judged=f"median of {len(took)}" if len(took) > 1 else "one run",
                    measured=waited.median,
                    budget=0.2 * size / 10_000,
                    limit=Limit(
                        what="their bytes into one bare encrypted table"
                        + ("" if copies else ", and the chain's hashes"),
                        measured=inserting if copies else inserting + hashing,
                    ),
                    processor=spread_of([each.cpu_seconds for each in took]).median,
                    spread=waited,
                )
            )
    return tuple(found)


def push(shared: Path, small: bool) -> tuple[Result, ...]:
    """10,000 queued commands on a fresh embedded plant."""
    from tests.bench.bench_push import measure

    options = argparse.Namespace(batches=2 if small else 250, spread=False, profile=None)
    took: Any = _on_a_plant(lambda fresh: measure(fresh, options))
    return (
        Result(
            name=f"push: {took['commands']:,}",
            what=f"{took['commands']:,} sealed commands verified, decided, journalled, committed",
            unit=Unit.SECONDS,
            judged="one run",
            measured=took["seconds"],
            budget=took["budget_seconds"],
            limit=Limit(
                what="Ed25519 verification of as many on one core",
                measured=took["limit_verify_one_core_seconds"],
            ),
            processor=took["python_cpu_seconds"],
            also={
                "postgres_processor_s": took["postgres_cpu_seconds"],
                "bare_copy_s": took["limit_copy_seconds"],
            },
            note="1.5 s is the next budget. processor is Python's share.",
        ),
    )


def reconnect(shared: Path, small: bool) -> tuple[Result, ...]:
    """Twenty workstations come back at once."""
    from tests.bench.bench_reconnect import measure

    options = argparse.Namespace(stations=2, each=40) if small else argparse.Namespace(stations=20, each=400)
    took: Any = _on_a_plant(lambda fresh: measure(fresh, options))
    quiet, busy = took["save_quiet"], took["save_meanwhile"]
    return (
        Result(
            name="reconnect: backlog",
            what=f"{options.stations} workstations send {options.each} commands each at once",
            unit=Unit.SECONDS,
            judged="one run",
            measured=took["seconds"],
            budget=took["commands"] / took["budget_per_second"],
            limit=Limit(
                what="as many at 30,600 a second, the prototype's without seals",
                measured=took["commands"] / 30_600,
            ),
            note="Scaled down from 1,000 commands each; the budget with it.",
        ),
        Result(
            name="reconnect: save",
            what="an online officer's save meanwhile, at the server",
            unit=Unit.MILLISECONDS,
            judged="p95",
            measured=busy["p95_ms"],
            budget=took["budget_p95_ms"],
            limit=Limit(what="the same save while nobody else sends", measured=quiet["p95_ms"]),
        ),
    )


def snapshot(shared: Path, small: bool) -> tuple[Result, ...]:
    """The server's side of a first sync."""
    from tests.bench.bench_snapshot import measure

    took: Any = _on_a_plant(lambda fresh: measure(fresh, FEW if small else 100_000))
    return (
        Result(
            name=f"snapshot: {took['records']:,}",
            what=f"the server streams {took['records']:,} records of a first copy, without HTTP",
            unit=Unit.SECONDS,
            judged="one run",
            measured=took["seconds"],
            budget=took["budget_seconds"],
            limit=Limit(what="the same rows selected and dropped", measured=took["limit_select_seconds"]),
            processor=took["python_cpu_seconds"],
        ),
    )


def verify(shared: Path, small: bool) -> tuple[Result, ...]:
    """The chain of a journal."""
    from tests.bench.bench_verify import measure
    from tests.support.postgres import FreshDatabase

    options = argparse.Namespace(rows=FEW if small else 100_000, body=600)

    async def with_urls(fresh: FreshDatabase) -> dict[str, object]:
        return await measure(fresh.owner_url, fresh.api_url, options)

    took: Any = _on_a_plant(with_urls)
    return (
        Result(
            name=f"verify: {took['rows']:,}",
            what=f"verify --chain of {took['rows']:,} journal rows",
            unit=Unit.SECONDS,
            judged="one run",
            measured=took["seconds"],
            budget=took["budget_seconds"],
            limit=Limit(what="SHA-256 of every row, unread", measured=took["limit_hash_rows_seconds"]),
            processor=took["python_cpu_seconds"],
            note="Scaled by ten from 1,000,000 rows; the budget with it.",
        ),
    )


def start(shared: Path, small: bool) -> tuple[Result, ...]:
    """Process start to a usable window."""
    from tests.bench import bench_start

    return bench_start.starts(shared, FEW if small else BATCHES, 1 if small else bench_start.STARTS)


def memory(shared: Path, small: bool) -> tuple[Result, ...]:
    """What the desktop weighs."""
    from tests.bench import bench_start

    return bench_start.memory(shared, FEW if small else BATCHES, 1 if small else bench_start.ROUNDS_OF_WORK)


def screen(shared: Path, small: bool) -> tuple[Result, ...]:
    """The list on the screen."""
    from tests.bench import bench_screen

    if small:
        return bench_screen.screen(shared, FEW, openings=1, frames=5)
    return bench_screen.screen(shared, BATCHES)


def chart(shared: Path, small: bool) -> tuple[Result, ...]:
    """The chart."""
    from tests.bench import bench_chart

    return bench_chart.chart(readings=2_000, paints=1, frames=3) if small else bench_chart.chart()


CATALOGUE: Final = MappingProxyType(
    {
        "start": Bench(does="start to usable window, 100,000 cached batches", seconds=120, run=start),
        "list": Bench(does="opening, searching and scrolling 100,000 batches", seconds=120, run=screen),
        "memory": Bench(does="resident memory of the desktop", seconds=120, run=memory),
        "save": Bench(does="Save to durable", seconds=60, run=save),
        "push": Bench(does="push of 10,000 queued commands", seconds=90, run=push),
        "pull": Bench(does="feed and first copy into the encrypted file", seconds=120, run=pull),
        "snapshot": Bench(does="the server's side of a first sync", seconds=60, run=snapshot),
        "reconnect": Bench(does="twenty workstations come back at once", seconds=90, run=reconnect),
        "chart": Bench(does="a chart of 45,000 × 12", seconds=60, run=chart),
        "verify": Bench(does="verify --chain, scaled by ten", seconds=90, run=verify),
    }
)


def _on_a_plant(work: "Callable[[FreshDatabase], Any]") -> Any:
    """`work` on a fresh embedded database, on the loop that the server runs on."""
    import uvloop

    with _fresh_plant() as fresh, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work(fresh))


@contextmanager
def _fresh_plant() -> "Generator[FreshDatabase]":
    from app.server.kernel.migrations import migrate
    from app.server.kernel.postgres import PLANT, embedded, ensure_database
    from tests.support.postgres import FreshDatabase

    with (
        tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder,
        embedded(Path(folder) / "plant") as address,
    ):
        ensure_database(address.owner_url())
        migrate(address.owner_url())
        yield FreshDatabase(
            name=PLANT,
            owner_url=address.owner_url(),
            api_url=address.api_url(),
            superuser_url=address.superuser_url(),
        )


def main() -> int:
    """Run one and write what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=CATALOGUE)
    parser.add_argument("shared", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--small", action="store_true", help="a tiny round, to see that it runs")
    options = parser.parse_args()
    found = CATALOGUE[options.name].run(options.shared, options.small)
    if options.small:
        found = tuple(replace(each, note=f"small round, no measure. {each.note}".strip()) for each in found)
    write_results(options.results, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
