"""A workstation without a server: a real encrypted file, the sample plant's records in it, people who can seal."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.client.cache_key import CacheKey
from app.client.ports import BatchFile, Saved, Signatory
from app.domain.batch import CreateBatch, IssueBatch, StartBatch
from app.domain.entry import RecordEntry
from app.domain.envelope import Command
from app.domain.identity import SYSTEM, BatchId, KeyId, PlantId, UserId, uuid7
from app.domain.master_record import MasterRecord
from app.domain.permissions import Role
from app.domain.stage import StartStage
from app.wire.seal import SealedCommand
from app.wire.sync import Outcome, Settled
from offline.cache import Cache, Cursor, ReadPage, read_page
from offline.changes import Changes
from offline.database import Database, open_database
from offline.fold import FoldReader, Folds, Shelf
from offline.outbox import LinkNow, Outbox, StationIdentity
from offline.reading import Reading
from offline.schema import MIGRATIONS
from tests.support.paper_journal import PaperJournal
from tests.support.sample_plant import (
    ANA,
    MARKO,
    PEOPLE,
    PETRA,
    PLANT,
    PRESS_ROOM,
    TABLETS,
    Employee,
    Shift,
    World,
    on_target,
    sample_world,
)

KEY: Final = CacheKey(secret=bytes(range(32)), salt=bytes(range(16)))
_SYSTEM_KINDS: Final = frozenset({"product", "master", "person", "key", "plant"})


class Pen:
    """A person's `Signatory`, with a key made from their id so that a later process has the same one."""

    def __init__(self, who: Employee) -> None:
        self._who = who
        self._key = Ed25519PrivateKey.from_private_bytes(who.user_id.bytes * 2)
        self.public_key = self._key.public_key().public_bytes_raw()

    @property
    def user_id(self) -> UserId:
        return self._who.user_id

    @property
    def name(self) -> str:
        return self._who.name

    @property
    def role(self) -> Role:
        return self._who.role

    @property
    def key_id(self) -> KeyId:
        return KeyId(UUID(int=self._who.user_id.int ^ 1))

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


ANAS_PEN: Final = Pen(ANA)
MARKOS_PEN: Final = Pen(MARKO)


@dataclass(slots=True)
class Time:
    """A clock that moves a little with every look, and ids that follow it."""

    now: datetime

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=3)
        return self.now

    def new_id(self) -> UUID:
        return uuid7(int(self.clock().timestamp() * 1000), os.urandom(10))


class LoneStation:
    """The offline half of a workstation. `signer` is who works here; `online` what the outbox is told."""

    def __init__(self, folder: Path, world: World, *, create: bool = True) -> None:
        opened = open_database(folder / "lone.db", KEY, MIGRATIONS, create=create)
        assert isinstance(opened, Database), opened
        self.world = world
        self.bench = start_bench(world)
        self.database = opened
        self.time = Time(world.now)
        self.signer: Signatory | None = ANAS_PEN
        self.online = False
        shelf = Shelf()
        self.folds = Folds(shelf, PRESS_ROOM)
        reader = FoldReader(opened, shelf, PRESS_ROOM)
        self.changes = Changes(reader)
        self.cache = Cache(
            database=opened, folds=self.folds, changes=self.changes, plant_id=PLANT, clock=self.time.clock
        )
        self.outbox = Outbox(
            database=opened,
            folds=self.folds,
            reading=reader,
            shelf=shelf,
            changes=self.changes,
            station=StationIdentity(
                station_id=PRESS_ROOM,
                name="Press room",
                plant_id=PLANT,
                plant_name="Ljubljana",
                zone="Europe/Ljubljana",
            ),
            station_key=MARKOS_PEN,
            signer=lambda: self.signer,
            link=lambda: LinkNow(online=self.online, clock_offset=None),
            clock=self.time.clock,
            new_id=self.time.new_id,
        )
        self.reading = Reading(
            database=opened, folds=reader, shelf=shelf, changes=self.changes, plant_id=PLANT
        )
        self.journals = {SYSTEM: PaperJournal(SYSTEM), PLANT: PaperJournal(PLANT)}

    async def learn_the_plant(self) -> None:
        """Pull everything the sample plant knows."""
        for each in self.world.records():
            self.journal_of(each.KIND).append(each)
        await self.pull()
        await self.cache.keep_people([each.card for each in PEOPLE])

    def journal_of(self, kind: str) -> PaperJournal:
        return self.journals[SYSTEM if kind in _SYSTEM_KINDS else PLANT]

    async def pull(self, limit: int = 10_000) -> None:
        """Take what is new in both journals, one page of each."""
        for journal in self.journals.values():
            await self.cache.take_page(await self.page(journal, limit))

    async def page(self, journal: PaperJournal, limit: int = 10_000) -> ReadPage:
        cursor = await self.cursor(journal.journal)
        read = read_page(cursor, journal.head(cursor.seq), journal.lines(cursor.seq, limit))
        assert isinstance(read, ReadPage), read
        return read

    async def cursor(self, journal: PlantId) -> Cursor:
        """Where this station stands; before its first row, at the beginning."""
        known = await self.cache.cursor(journal)
        if known is not None:
            return known
        paper = self.journals[journal]
        return Cursor(journal=journal, epoch=paper.epoch, seq=0, hash=paper.hashes[0].hex())

    async def save(self, command: Command, *, signatory: Signatory | None = None) -> Saved:
        saved = await self.outbox.save(command, signatory=signatory)
        assert isinstance(saved, Saved), saved
        return saved

    async def file(self, batch_id: BatchId) -> BatchFile:
        found = await self.reading.batch(batch_id)
        assert found is not None
        return found

    async def answered(self, *outcomes: Outcome) -> None:
        """Send what waits, and take these answers for it."""
        push = await self.outbox.next_push()
        await self.outbox.take_outcomes(push.ids, outcomes)

    async def sealed(self) -> tuple[SealedCommand, ...]:
        """What would be sent next; it waits again afterwards."""
        push = await self.outbox.next_push()
        await self.outbox.not_sent(push.ids)
        return push.commands

    async def close(self) -> None:
        await self.database.close()


@dataclass(frozen=True, slots=True)
class Bench:
    """A stage where the next answers are known: commands in the order the master asks for them."""

    batch_id: BatchId
    stage_key: str
    commands: tuple[RecordEntry, ...]


def start_bench(world: World) -> Bench:
    """A new tablet batch with its first stage started."""
    master = world.facts.one(MasterRecord, TABLETS)
    assert master is not None
    create = CreateBatch(master_id=TABLETS, number="", quantity=master.batch_size, line="Line 1")
    made = world.act(create, PETRA).changes[0].after
    batch_id = BatchId(made.id)
    world.act(IssueBatch(batch_id=batch_id, master_hash=master.content_hash), PETRA)
    world.act(StartBatch(batch_id=batch_id), ANA)
    stage = max(master.stages, key=lambda each: len(each.steps))
    for before in master.stages[: master.stages.index(stage)]:
        Shift(world, batch_id).stage(before.key)
    world.act(StartStage(batch_id=batch_id, stage_key=stage.key), ANA)
    commands = tuple(
        RecordEntry(batch_id=batch_id, stage_key=stage.key, step_key=each.key, value=on_target(each))
        for each in stage.steps
    )
    return Bench(batch_id, stage.key, commands)


async def lone_station(folder: Path) -> LoneStation:
    """A station that knows the sample plant."""
    station = LoneStation(folder, sample_world())
    await station.learn_the_plant()
    return station


def accepted(saved: Saved, seq: int) -> Outcome:
    return Outcome(id=saved.id, settled=Settled.ACCEPTED, seq=seq)
