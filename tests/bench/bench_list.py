"""How long the list of 100,000 batches takes: first rows, another page, a keystroke of a search.

    python -m tests.bench.bench_list [--batches 100000]

Prints one JSON object (milliseconds): fifty rows as a screen shows first, two hundred far down, each sort once, and every
keystroke of typing a batch number and a product's name that half of all batches have. The physical limit beside it: an
indexed query of the same rows from the same encrypted file, without decoding any.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from app.client.ports import BatchQuery, BatchSort
from app.domain.batch import Batch
from app.domain.identity import BatchId, uuid7
from app.domain.master_record import MasterRecord
from app.wire.codec import dump
from offline.record_rows import RecordRow, row_of
from offline.record_tables import FreshCopy
from offline.schema import COPY, make_tables, take_over
from tests.bench.bench_save import spread
from tests.support.lone_station import LoneStation
from tests.support.sample_plant import PLANT, World, sample_world

NUMBER = "aml-25-012345"
PRODUCT = "amlodipine"
LINES = ("Line 1", "Line 2", "Line 3")


def batches(world: World, count: int) -> list[RecordRow]:
    """So many batches: the sample plant's, again and again, with numbers of their own, one every minute."""
    originals = world.facts.every(Batch)
    made: list[RecordRow] = []
    for number in range(count):
        one = originals[number % len(originals)]
        at = one.created_at - timedelta(minutes=number)
        fresh = replace(
            one,
            id=BatchId(uuid7(int(at.timestamp() * 1000), os.urandom(10))),
            number=f"{('AML', 'PCM')[number % 2]}-{24 + number % 3}-{number:06d}",
            line=LINES[number % len(LINES)],
            created_at=at,
        )
        made.append(row_of("batch", number + 1, dump(fresh)))
    masters = [row_of("master", 1, dump(each)) for each in world.facts.every(MasterRecord)]
    return [*made, *masters]


def fill(station: LoneStation, rows: list[RecordRow]) -> None:
    writer = station.database.writer

    def copy(connection: Connection) -> None:
        make_tables(connection, COPY)
        FreshCopy(connection, COPY, 1).add(PLANT, rows)
        take_over(connection)

    writer.run_sync(copy)


async def asked(station: LoneStation, queries: list[BatchQuery]) -> list[float]:
    """Milliseconds of each."""
    took: list[float] = []
    for query in queries:
        began = time.perf_counter()
        await station.reading.batches(query)
        took.append((time.perf_counter() - began) * 1000)
    return took


def typed(text: str) -> list[BatchQuery]:
    """Every keystroke of it."""
    return [BatchQuery(text=text[:n], limit=50) for n in range(1, len(text) + 1)]


def bare(connection: Connection) -> int:
    rows = connection.exec_driver_sql(
        "SELECT r.rowid, length(body) FROM batch_rows r JOIN bodies USING (rowid) ORDER BY created DESC LIMIT 50"
    )
    return len(rows.all())


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder:
        station = LoneStation(Path(folder), sample_world())
        fill(station, batches(station.world, count))
        first = await asked(station, [BatchQuery(limit=50)])
        far = BatchQuery(offset=count // 2, limit=200)
        sorts = [BatchQuery(sort=each, limit=50) for each in BatchSort]
        limits: list[float] = []
        for _ in range(20):
            began = time.perf_counter()
            await station.database.reader.run(bare)
            limits.append((time.perf_counter() - began) * 1000)
        result = {
            "bench": "list",
            "batches": count,
            "budget_ms": {"first_rows": 50, "keystroke_p95": 30},
            "first_rows_cold_ms": round(first[0], 1),
            "first_rows_ms": spread(await asked(station, [BatchQuery(limit=50)] * 20)),
            "far_page_of_200_ms": spread(await asked(station, [far] * 10)),
            "sorts_ms": spread(await asked(station, sorts * 3)),
            "typing_a_number_ms": spread(await asked(station, typed(NUMBER) * 3)),
            "typing_a_product_ms": spread(await asked(station, typed(PRODUCT) * 3)),
            "limit_rows_ms": spread(limits),
        }
        await station.close()
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=100_000)
    asyncio.run(main(parser.parse_args().batches))
