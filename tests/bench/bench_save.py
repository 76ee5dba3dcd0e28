"""How long *Save* takes until it is durable: rules asked, sealed, outbox and overlay committed with synchronous=FULL.

    python -m tests.bench.bench_save [--rounds 30]

Prints one JSON object (milliseconds), with the physical limit measured in the same run: one committed row in a file of
the same kind. Entries are answered in two batches in turn, so that no save finds everything in its hands already.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from app.domain.entry import RecordEntry
from app.wire.codec import load_envelope
from app.wire.sync import Outcome, Settled
from tests.support.lone_station import LoneStation, start_bench
from tests.support.sample_plant import sample_world


def spread(milliseconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst."""
    ordered = sorted(milliseconds)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p95": round(ordered[int(len(ordered) * 0.95)], 3),
        "max": round(ordered[-1], 3),
    }


async def saves(rounds: int) -> list[float]:
    """Milliseconds of each save, entries of fresh batches."""
    took: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder:
            world = sample_world()
            station = LoneStation(Path(folder), world)
            other = start_bench(world)
            await station.learn_the_plant()
            pairs = zip(station.bench.commands, other.commands, strict=True)
            commands = [each for pair in pairs for each in pair]
            await station.file(other.batch_id)
            for number, command in enumerate(commands):
                began = time.perf_counter()
                await station.save(replace(command, comment=f"read twice, {number}"))
                if number >= 2:  # the first save of a batch reads its file
                    took.append((time.perf_counter() - began) * 1000)
            await _check(station, len(commands))
            await station.close()
    return took


async def _check(station: LoneStation, expected: int) -> None:
    sealed = await station.sealed()
    kinds = {type(load_envelope(each.body).command) for each in sealed}
    if len(sealed) != expected or kinds != {RecordEntry}:
        raise AssertionError(f"{len(sealed)} of {expected} saved, {kinds}")
    await station.answered(*(Outcome(id=load_envelope(e.body).id, settled=Settled.HELD) for e in sealed))


async def commits(count: int) -> list[float]:
    """Milliseconds of one committed row each, through the same writer."""
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder:
        station = LoneStation(Path(folder), sample_world())
        for number in range(count):
            began = time.perf_counter()
            await station.cache.keep_meta("bench", str(number))
            took.append((time.perf_counter() - began) * 1000)
        await station.close()
    return took


async def main(rounds: int) -> None:
    result = {
        "bench": "save",
        "budget_p95_ms": 3.0,
        "save_ms": spread(await saves(rounds)),
        "limit_commit_ms": spread(await commits(300)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    asyncio.run(main(parser.parse_args().rounds))
