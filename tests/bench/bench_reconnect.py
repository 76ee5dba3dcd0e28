"""Twenty workstations come back with a backlog each, while an officer elsewhere goes on saving.

    python -m tests.bench.bench_reconnect [--stations 20] [--each 1000]

Measures commands per second over all backlogs, and how long the officer's single saves take meanwhile (p50, p95), beside
the same saves on a quiet server. The desk is called in process: no HTTP.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import uvloop

from app.domain.identity import BatchId
from app.server.kernel.migrations import migrate
from app.server.kernel.postgres import PLANT, embedded, ensure_database
from app.wire.seal import SealedCommand
from app.wire.sync import MOST_COMMANDS
from tests.bench.bench_push import sealed_commands, stages
from tests.support.plant import TestPlant, TestStation, accepted, found_plant
from tests.support.postgres import FreshDatabase

PAUSE = 0.05


async def come_back(station: TestStation, queue: list[SealedCommand]) -> None:
    """Send a backlog as a workstation does: one push after the other."""
    for at in range(0, len(queue), MOST_COMMANDS):
        answer = await station.push(*queue[at : at + MOST_COMMANDS])
        if not accepted(answer):
            raise SystemExit(f"not accepted: {answer.outcomes[0]}")


async def save(station: TestStation, queue: list[SealedCommand], until: asyncio.Event) -> list[float]:
    """Single saves with a short pause between them; seconds of each."""
    took: list[float] = []
    for command in queue:
        if until.is_set():
            break
        began = time.perf_counter()
        await station.push(command)
        took.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE)
    return took


def spread(took: list[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    order = sorted(took)
    return {
        "p50_ms": round(1000 * order[len(order) // 2], 1),
        "p95_ms": round(1000 * order[min(len(order) - 1, int(len(order) * 0.95))], 1),
        "saves": len(order),
    }


async def batches(plant: TestPlant, many: int) -> list[BatchId]:
    return [BatchId((await plant.batch(started=False)).id) for _ in range(many)]


async def measure(fresh: FreshDatabase, arguments: argparse.Namespace) -> dict[str, object]:
    """Quiet saves first, then the same under the flood."""
    per_batch = 40
    async with found_plant(fresh, stages=stages()) as plant:
        stations = [await plant.station(f"BACK-{number:02d}") for number in range(arguments.stations)]
        officer = await plant.station("ONLINE-01")
        queues = [
            sealed_commands(station, await batches(plant, arguments.each // per_batch), spread=False)
            for station in stations
        ]
        mine = sealed_commands(officer, await batches(plant, 50), spread=False)
        quiet = await save(officer, mine[:200], asyncio.Event())
        over = asyncio.Event()
        began = time.perf_counter()
        saving = asyncio.ensure_future(save(officer, mine[200:], over))
        await asyncio.gather(*(come_back(*pair) for pair in zip(stations, queues, strict=True)))
        seconds = time.perf_counter() - began
        over.set()
        busy = await saving
    commands = sum(len(queue) for queue in queues)
    return {
        "bench": "reconnect",
        "stations": len(stations),
        "commands": commands,
        "seconds": round(seconds, 2),
        "per_second": round(commands / seconds),
        "budget_per_second": 5000,
        "save_quiet": spread(quiet),
        "save_meanwhile": spread(busy),
        "budget_p95_ms": 150,
    }


def main() -> None:
    """Run on a fresh embedded plant and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stations", type=int, default=20)
    parser.add_argument("--each", type=int, default=1_000)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder,
        embedded(Path(folder) / "plant") as address,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        ensure_database(address.owner_url())
        migrate(address.owner_url())
        fresh = FreshDatabase(
            name=PLANT,
            owner_url=address.owner_url(),
            api_url=address.api_url(),
            superuser_url=address.superuser_url(),
        )
        print(json.dumps(runner.run(measure(fresh, arguments)), indent=2))


if __name__ == "__main__":
    main()
