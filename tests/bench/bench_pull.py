"""How long 10,000 and 100,000 changed records take from the wire into the encrypted file: as feed, and as first copy.

    python -m tests.bench.bench_pull [--records 10000 100000]

Prints one JSON object (seconds). The bytes are canned and of the sample plant's mix (0.9 kB a record, with its journal
meta in the feed 1.4 kB): read, checked link by link, and kept with lists and search as the sync loop does it. The
physical limit beside it: hashing the chain alone, and inserting the same bytes into a bare encrypted table.
"""

import argparse
import asyncio
import gc
import json
import os
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

import httpx
from sqlalchemy import Connection

from app.client.gateway import Gateway
from app.client.keys import make_station_key
from app.domain.batch import UNDER_REVIEW, Batch
from app.domain.identity import SYSTEM, PlantId, uuid7
from app.wire import paths
from app.wire.account import StationToken
from app.wire.chain import link, row_digest
from app.wire.codec import dump, load_record
from app.wire.sync import FEED_TYPE, SNAPSHOT_TYPE
from offline.sync import SyncLoop
from tests.support.lone_station import LoneStation
from tests.support.paper_journal import PaperJournal
from tests.support.sample_plant import PLANT, PRESS_ROOM, World, sample_world


def mixed(world: World, count: int) -> list[tuple[str, bytes]]:
    """So many records of the plant's kinds: each batch with its steps, exceptions and the rest, under fresh ids."""
    waiting = {each.id for each in world.facts.every(Batch) if each.status in UNDER_REVIEW}
    originals = [
        (each.KIND, dump(each))
        for each in world.records()
        if hasattr(each, "plant_id")
        and each.KIND != "plant"
        and not waiting & {each.id, getattr(each, "batch_id", None)}  # their clearances are another matter
    ]
    batches = {bytes(body[7:43]): None for kind, body in originals if kind == "batch"}
    made: list[tuple[str, bytes]] = []
    moment = 1_700_000_000_000
    while len(made) < count:
        moment += 60_000
        fresh = {old: str(uuid7(moment + n, os.urandom(10))).encode() for n, old in enumerate(batches)}
        for kind, body in originals:
            mine = body
            for old, new in fresh.items():
                mine = mine.replace(old, new)
            if kind != "batch":
                mine = b'{"id":"' + str(uuid7(moment, os.urandom(10))).encode() + mine[43:]
            made.append((kind, mine))
    return made[:count]


class CannedServer(httpx.AsyncBaseTransport):
    """Answers copies and feed pages from memory."""

    def __init__(self, plant: PaperJournal, *, copies: bool) -> None:
        self.journals = {SYSTEM: PaperJournal(SYSTEM), plant.journal: plant}
        empty = {SYSTEM: PaperJournal(SYSTEM), plant.journal: PaperJournal(plant.journal)}
        source = self.journals if copies else empty
        self.copy = {name: each.copy() for name, each in source.items()}
        self.seconds = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        journal = PlantId(request.url.params.get("journal", ""))
        if path == paths.SYNC_SNAPSHOT:
            return httpx.Response(
                200, headers={"content-type": SNAPSHOT_TYPE}, stream=_Pieces(self.copy[journal])
            )
        if path == paths.SYNC_FEED:
            began = time.perf_counter()
            after, limit = (int(request.url.params[name]) for name in ("after", "limit"))
            body = self.journals[journal].feed(after, limit)
            self.seconds += time.perf_counter() - began  # the server's work, not ours
            return httpx.Response(200, headers={"content-type": FEED_TYPE}, content=body)
        if path == paths.PEOPLE:
            return httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"items":[]}')
        token = StationToken(access_token="token", expires_in=900)
        return httpx.Response(200, headers={"content-type": "application/json"}, content=dump(token))


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for start in range(0, len(self._content), 1 << 16):
            yield self._content[start : start + (1 << 16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Time on the wall, and of all threads on the processor: on a busy machine only the second says something."""

    seconds: float
    cpu_seconds: float


async def pulled(records: Sequence[tuple[str, bytes]], *, copies: bool) -> Took:
    """One round of the sync loop on an empty workstation."""
    paper = PaperJournal(PLANT)
    for kind, body in records:
        paper.append(load_record(kind, body))
    server = CannedServer(paper, copies=copies)
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder:
        station = LoneStation(Path(folder), sample_world())
        gateway = Gateway(
            "http://127.0.0.1:1",
            clock=station.time.clock,
            monotonic=time.monotonic,
            chance=lambda: 0.0,
            new_id=station.time.new_id,
            transport=server,
        )
        gateway.speak_for(make_station_key(PRESS_ROOM, random_bytes=os.urandom))
        loop = SyncLoop(
            outbox=station.outbox,
            cache=station.cache,
            gateway=gateway,
            changes=station.changes,
            station=station.outbox.station,
            look_again=_nothing,
            clock=station.time.clock,
            chance=lambda: 0.0,
        )
        gc.collect()
        gc.freeze()  # the canned records are the bench's, and none of the workstation's garbage
        began, cpu = time.perf_counter(), time.process_time()
        await loop.sync_now()
        took = Took(
            seconds=round(time.perf_counter() - began - server.seconds, 2),
            cpu_seconds=round(time.process_time() - cpu - server.seconds, 2),
        )
        kept = await station.database.reader.run(_count)
        problem = loop.state.value.problem
        await gateway.close()
        await station.close()
    if kept != len(records):
        raise AssertionError(f"{kept} of {len(records)} kept: {problem}")
    return took


async def _nothing() -> None:
    return None


def _count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM records").scalar_one())


def hashed(records: Sequence[tuple[str, bytes]]) -> float:
    """Seconds of the chain's hashes alone."""
    last, epoch = bytes(32), UUID(int=7)
    began = time.perf_counter()
    for seq, (_, body) in enumerate(records, 1):
        last = link(last, PLANT, epoch, seq, row_digest(body))
    return time.perf_counter() - began


def inserted(records: Sequence[tuple[str, bytes]]) -> float:
    """Seconds of putting the same bytes into one bare encrypted table, 2,000 to a transaction."""
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder:
        station = LoneStation(Path(folder), sample_world())
        writer = station.database.writer
        writer.run_sync(
            lambda c: c.exec_driver_sql("CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB)").close()
        )
        began = time.perf_counter()
        for start in range(0, len(records), 2_000):
            rows = [(body,) for _, body in records[start : start + 2_000]]
            writer.run_sync(
                lambda c, rows=rows: c.exec_driver_sql("INSERT INTO bare (body) VALUES (?)", rows).close()
            )
        took = time.perf_counter() - began
        station.database.close_sync()
    return took


async def main(sizes: Sequence[int]) -> None:
    everything = mixed(sample_world(), max(sizes))
    result: dict[str, object] = {"bench": "pull", "budget_s": {"10000": 0.2, "100000": 2.0}}
    for size in sizes:
        records = everything[:size]
        result[str(size)] = {
            "megabytes": round(sum(len(body) for _, body in records) / 1e6, 1),
            "feed": asdict(await pulled(records, copies=False)),
            "copy": asdict(await pulled(records, copies=True)),
            "limit_hashing_s": round(hashed(records), 2),
            "limit_inserting_s": round(inserted(records), 2),
        }
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000])
    asyncio.run(main(parser.parse_args().records))
