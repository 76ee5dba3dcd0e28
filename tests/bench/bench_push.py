"""How long the server takes for 10,000 queued sealed commands: verified, decided, journalled, committed.

    python -m tests.bench.bench_push [--batches 250] [--spread] [--profile FILE]

Prints one JSON object, with the physical limits measured in the same run: Ed25519 verification of as many digests
on one core, and a raw COPY of the same bodies into an empty table. `--spread` takes the batches in turn, so that every
push touches all of them; without it a workstation's queue comes as it is filled, batch after batch.
The database is an embedded one with its usual durability, and the desk is called in process: no HTTP.
"""

import argparse
import asyncio
import cProfile
import json
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import uvloop

from app.domain.batch import StartBatch
from app.domain.entry import RecordEntry
from app.domain.envelope import Command
from app.domain.identity import BatchId
from app.domain.master_record import StageSpec, StepKind, StepSpec
from app.domain.quantity import Limit
from app.domain.stage import CompleteStage, StartStage
from app.server.kernel.migrations import migrate
from app.server.kernel.postgres import PLANT, driverless, embedded, ensure_database
from app.server.kernel.seals import is_signed
from app.wire.seal import SealedCommand
from app.wire.sync import MOST_COMMANDS, Push, PushAnswer, Settled
from tests.support.plant import TestStation, found_plant
from tests.support.postgres import FreshDatabase

STAGES = 3
STEPS = 11


def stages() -> tuple[StageSpec, ...]:
    """Three stages of eleven numbers to read, each with a limit; with starts and signatures 40 commands a batch."""
    limit = Limit(low=Decimal("1.0"), high=Decimal("9.0"), unit="kN")
    return tuple(
        StageSpec(
            key=f"stage-{stage}",
            name=f"Stage {stage}",
            steps=tuple(
                StepSpec(
                    key=f"force-{number}",
                    title=f"Compression force {number}",
                    instruction="Read it from the panel.",
                    kind=StepKind.NUMBER,
                    unit="kN",
                    limit=limit,
                )
                for number in range(STEPS)
            ),
        )
        for stage in range(STAGES)
    )


def execution(batch: BatchId, specs: tuple[StageSpec, ...]) -> Iterator[Command]:
    """All that an officer does with one issued batch."""
    yield StartBatch(batch_id=batch)
    for stage in specs:
        yield StartStage(batch_id=batch, stage_key=stage.key)
        for step in stage.steps:
            yield RecordEntry(batch_id=batch, stage_key=stage.key, step_key=step.key, value="5.25")
        yield CompleteStage(batch_id=batch, stage_key=stage.key)


def sealed_commands(station: TestStation, batches: list[BatchId], *, spread: bool) -> list[SealedCommand]:
    """Every batch executed from start to end: one after the other as a queue fills, or all of them in turn."""
    plant = station.plant
    queues = [list(execution(batch, plant.stages)) for batch in batches]
    order = zip(*queues, strict=True) if spread else queues
    return [station.says(command, plant.ana) for run in order for command in run]


def postgres_seconds() -> float:
    """Processor time of every PostgreSQL process of this user that lives now, ours among them."""
    times = (each.cpu_times() for each in psutil.process_iter() if each.name() == "postgres")
    return sum(each.user + each.system for each in times)


@contextmanager
def profiled(file: Path | None) -> Generator[None]:
    if file is None:
        yield
        return
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        profile.dump_stats(str(file))


async def measure(fresh: FreshDatabase, arguments: argparse.Namespace) -> dict[str, object]:
    """Seconds of one run, and what the machine could do at most."""
    async with found_plant(fresh, stages=stages()) as plant:
        station = await plant.station("BENCH-01")
        batches = [BatchId((await plant.batch(started=False)).id) for _ in range(arguments.batches)]
        queue = sealed_commands(station, batches, spread=arguments.spread)
        runs = [queue[at : at + MOST_COMMANDS] for at in range(0, len(queue), MOST_COMMANDS)]
        with profiled(arguments.profile):
            began = time.perf_counter()
            cpu, server_cpu = time.process_time(), postgres_seconds()
            for run in runs:
                answer = await plant.desk.push(
                    station.id, Push(station_id=station.id, plant_id=plant.id, commands=tuple(run))
                )
                if not isinstance(answer, PushAnswer):
                    raise SystemExit(f"refused: {answer}")
                if any(each.settled is not Settled.ACCEPTED for each in answer.outcomes):
                    raise SystemExit(f"not accepted: {answer.outcomes[0]}")
            seconds = time.perf_counter() - began
            cpu, server_cpu = time.process_time() - cpu, postgres_seconds() - server_cpu
        limit_verify = verify_limit(station, queue)
        limit_copy = await copy_limit(fresh.superuser_url, queue)
    return {
        "bench": "push",
        "commands": len(queue),
        "batches": len(batches),
        "spread": arguments.spread,
        "seconds": round(seconds, 3),
        "per_second": round(len(queue) / seconds),
        "python_cpu_seconds": round(cpu, 3),
        "postgres_cpu_seconds": round(server_cpu, 3),
        "budget_seconds": round(2.0 * len(queue) / 10_000, 3),
        "limit_verify_one_core_seconds": round(limit_verify, 3),
        "limit_copy_seconds": round(limit_copy, 3),
        "share_of_verify_limit": round(limit_verify / seconds, 2),
        "share_of_copy_limit": round(limit_copy / seconds, 3),
    }


def verify_limit(station: TestStation, queue: list[SealedCommand]) -> float:
    """Seconds to verify every signature, one after the other, and nothing else."""
    _, private = station.plant.ana.keys[station.id]
    public = private.public_key().public_bytes_raw().hex()
    digests = [(each.signature, each.digest) for each in queue]
    began = time.perf_counter()
    good = sum(is_signed(public, signature, digest) for signature, digest in digests)
    seconds = time.perf_counter() - began
    if good != len(queue):
        raise SystemExit("the bench sealed badly")
    return seconds


async def copy_limit(url: str, queue: list[SealedCommand]) -> float:
    """Seconds to COPY every body and digest into a bare table."""
    door: Any = asyncpg
    connection: Any = await door.connect(driverless(url))
    try:
        await connection.execute(
            "CREATE TABLE public.bare (number bigint PRIMARY KEY, digest bytea, body bytea)"
        )
        rows = [(each.counter, each.digest, each.body.encode()) for each in queue]
        began = time.perf_counter()
        await connection.copy_records_to_table("bare", records=rows, schema_name="public")
        return time.perf_counter() - began
    finally:
        await connection.close()


def main() -> None:
    """Run on a fresh embedded plant and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=250)
    parser.add_argument("--spread", action="store_true")
    parser.add_argument("--profile", type=Path)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder,
        embedded(Path(folder) / "plant") as address,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,  # as uvicorn does
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
