"""A workstation's data folder with 100,000 cached batches, as a first sync and some years leave it.

Enrolled through `offline.desk.enrol`, its keys in a private keyring, its file encrypted; one person has signed in before.
The newest batches have their whole files (stages, steps, exceptions, deviations), the older ones their batch record.
"""

import asyncio
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import Connection

from app.client.cache_key import CacheKey
from app.client.keys import KeyStore, make_user_key
from app.client.session import KnownHere
from app.client.vault import Vault
from app.domain.batch import Batch
from app.domain.identity import SYSTEM, KeyId, StationId
from app.launch.demo.private_keyring import keyring_session
from app.launch.machine import new_id, now, surroundings, vault_of
from app.wire.account import Enrolled, EnrolRequest
from app.wire.codec import dump, load
from offline.cache import Cache, Cursor, ReadPage, read_page
from offline.changes import Changes
from offline.database import Database, open_database
from offline.desk import Surroundings, Workstation, enrol
from offline.fold import FoldReader, Folds, Shelf
from offline.people import People
from offline.record_rows import RecordRow, row_of
from offline.record_tables import put_records
from offline.schema import MIGRATIONS
from tests.bench.bench_list import batches
from tests.support.paper_journal import EPOCH, PaperJournal
from tests.support.sample_plant import ANA, PEOPLE, PLANT, World, sample_world

NOWHERE: Final = "http://127.0.0.1:9"  # nothing listens there: the workstation starts without a network
LOGIN: Final = ANA.login
PASSWORD: Final = ANA.password
AT_ONCE: Final = 5_000
WHOLE: Final = 300
_SYSTEM_KINDS: Final = frozenset({"product", "master", "person", "key", "plant"})


@contextmanager
def cached_plant(shared: Path, count: int) -> Generator[Path]:
    """The data folder, made at the first call in `shared`; its keyring is this process's until the end of the block.

    Raises RuntimeError where D-Bus and gnome-keyring are not installed.
    """
    data = shared / f"workstation-{count}"
    with keyring_session(shared / "keyring") as keyring:
        before = dict(os.environ)
        os.environ.update(keyring.environment)
        try:
            if not (data / "made").exists():
                asyncio.run(make(data, count))
                (data / "made").touch()
            yield data
        finally:
            os.environ.clear()
            os.environ.update(before)


async def make(data: Path, count: int) -> None:
    """Enrol, and fill the file."""
    data.mkdir(mode=0o700, parents=True)
    vault, problem = vault_of(data)
    if problem:
        raise RuntimeError(problem)
    around = replace(surroundings(data, vault), transport=_Enrolling())
    made = await enrol(around, server_url=NOWHERE, code="BENCH", name="Press room", area="Tablets")
    if not isinstance(made, Workstation):
        raise RuntimeError(f"not enrolled: {made}")
    station = made.station.station_id
    await made.close()
    key = around.slots().unlock()
    if not isinstance(key, CacheKey):
        raise RuntimeError(f"the key is lost: {key}")
    opened = open_database(around.file, key, MIGRATIONS)
    if not isinstance(opened, Database):
        raise RuntimeError(f"not opened: {opened}")
    try:
        await fill(opened, sample_world(), station, count)
        await sign_in_before(opened, around, vault, key, station)
    finally:
        await opened.close()


async def sign_in_before(
    database: Database, around: Surroundings, vault: Vault, key: CacheKey, station: StationId
) -> None:
    """What an earlier sign-in with the server left behind."""
    key_id = KeyId(new_id())
    wrapped, user_key = make_user_key(
        user_id=ANA.user_id,
        station_id=station,
        key_id=key_id,
        password=PASSWORD,
        random_bytes=os.urandom,
    )
    KeyStore(vault).keep_user_key(wrapped)
    around.slots().enrol(key, ANA.user_id, PASSWORD)
    known = KnownHere(
        user_id=ANA.user_id,
        login=ANA.login,
        name=ANA.name,
        role=ANA.role,
        department=ANA.department,
        key_id=key_id,
        public_key=user_key.public_key,
        last_online=now(),
        last_seen=now(),
    )
    await People(database=database, shelf=Shelf(), plant_id=PLANT).remember(known)


async def fill(database: Database, world: World, station: StationId, count: int) -> None:
    """The sample plant by its journals, then so many batches beside it."""
    shelf = Shelf()
    cache = Cache(
        database=database,
        folds=Folds(shelf, station),
        changes=Changes(FoldReader(database, shelf, station)),
        plant_id=PLANT,
        clock=now,
    )
    papers = {SYSTEM: PaperJournal(SYSTEM), PLANT: PaperJournal(PLANT)}
    for each in world.records():
        papers[SYSTEM if each.KIND in _SYSTEM_KINDS else PLANT].append(each)
    for journal, paper in papers.items():
        start = Cursor(journal=journal, epoch=EPOCH, seq=0, hash=paper.hashes[0].hex())
        page = read_page(start, paper.head(), paper.lines(0, paper.head_seq))
        if not isinstance(page, ReadPage):
            raise RuntimeError(f"the sample plant does not read: {page}")
        await cache.take_page(page)
    await cache.keep_people([each.card for each in PEOPLE])
    made = [row for row in batches(world, count) if row.kind == "batch"]
    for rows in _chunks([*made, *whole_files(world, made[:WHOLE])]):
        await database.writer.run(lambda c, rows=rows: _put(c, rows))


def whole_files(world: World, newest: Sequence[RecordRow]) -> list[RecordRow]:
    """Stages, steps and what else belongs to the sample plant's batches, under the batches made after them."""
    originals = world.facts.every(Batch)
    files = {
        each.id: [dump_of for dump_of in world.records() if getattr(dump_of, "batch_id", None) == each.id]
        for each in originals
    }
    made: list[RecordRow] = []
    for number, row in enumerate(newest):
        old = originals[number % len(originals)].id
        mine, its = str(UUID(bytes=row.id)).encode(), str(old).encode()
        for each in files[old]:
            body = b'{"id":"' + str(new_id()).encode() + dump(each)[43:].replace(its, mine)
            made.append(row_of(each.KIND, 1, body))
    return made


def _put(connection: Connection, rows: Sequence[RecordRow]) -> None:
    put_records(connection, PLANT, rows)


def _chunks(rows: Sequence[RecordRow]) -> Iterator[Sequence[RecordRow]]:
    for at in range(0, len(rows), AT_ONCE):
        yield rows[at : at + AT_ONCE]


class _Enrolling(httpx.AsyncBaseTransport):
    """The plant's server, for the one question that a workstation begins with."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked: Any = load(EnrolRequest, await request.aread())
        answer = Enrolled(
            station_id=asked.station_id, plant_id=PLANT, plant_name="Ljubljana", journal_key="00" * 32
        )
        return httpx.Response(200, headers={"content-type": "application/json"}, content=dump(answer))
