"""How long a first copy takes to produce, beside reading the same rows and doing nothing with them.

    python -m tests.bench.bench_snapshot [--records 100000]

One step's record is multiplied inside the database; the stream is consumed in process, without HTTP.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import uvloop

from app.server.kernel.migrations import migrate
from app.server.kernel.postgres import PLANT, embedded, ensure_database
from app.server.kernel.sync_router import snapshot_lines
from tests.support.plant import confirmed, found_plant
from tests.support.postgres import FreshDatabase, ask

MULTIPLY = """
INSERT INTO production.batch_steps
SELECT gen_random_uuid(), s.plant_id, s.batch_id, s.stage_key, s.step_key, s.status, s.record, s.revision, s.seq
FROM production.batch_steps s, generate_series(1, $1)
"""


async def measure(fresh: FreshDatabase, records: int) -> dict[str, object]:
    """Seconds to stream the plant's records."""
    async with found_plant(fresh) as plant:
        station = await plant.station("BENCH-01")
        batch = await plant.batch()
        await station.push(station.says(confirmed(batch.id), plant.ana))
        await ask(fresh.superuser_url, MULTIPLY, records)
        began = time.perf_counter()
        cpu = time.process_time()
        parts = [
            len(part)
            async for part in snapshot_lines(plant.database, plant.desk.store, plant.id, plant.ticking.clock)
        ]
        seconds = time.perf_counter() - began
        cpu = time.process_time() - cpu
        began = time.perf_counter()
        async with plant.database.transaction(snapshot=True) as tx:
            rows = await tx.tuples("SELECT record FROM production.batch_steps")
        limit = time.perf_counter() - began
    return {
        "bench": "snapshot",
        "records": len(rows),
        "bytes": sum(parts),
        "seconds": round(seconds, 2),
        "python_cpu_seconds": round(cpu, 2),
        "budget_seconds": round(2.0 * len(rows) / 100_000, 2),
        "limit_select_seconds": round(limit, 2),
    }


def main() -> None:
    """Run on a fresh embedded plant and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
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
        print(json.dumps(runner.run(measure(fresh, arguments.records)), indent=2))


if __name__ == "__main__":
    main()
