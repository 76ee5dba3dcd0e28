"""Puts a workstation together: enrolled once, opened at every start, closed so that nothing is lost."""

import asyncio
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from app.client.cache_key import CacheKey, CacheKeyProblem, CacheKeySlots, NoCacheKey
from app.client.gateway import Gateway, Offline, checked_url
from app.client.keys import AlteredKey, KeyStore, StationKey, make_station_key
from app.client.password_box import STANDARD_COST, Argon2Cost
from app.client.ports import Commands, Desk, Plug
from app.client.session import StationSession
from app.client.vault import RandomBytes, Vault
from app.domain.decision import Refusal
from app.domain.identity import PlantId, StationId, UserId
from app.wire.account import Enrolled, EnrolRequest
from offline.archive import ServerArchive
from offline.cache import Cache, read_meta, write_meta
from offline.changes import Changes
from offline.confirmed import ConfirmedCommands
from offline.database import Database, NotOpened, StorageFailed, is_begun, open_database
from offline.drafts import Drafts
from offline.fold import FoldReader, Folds, Shelf
from offline.outbox import LinkNow, Outbox, StationIdentity
from offline.people import People
from offline.reading import Reading
from offline.schema import MIGRATIONS
from offline.sync import POLL_SECONDS, SyncLoop

log = logging.getLogger(__name__)

FILE_NAME: Final = "workstation.db"
_STATION_KEY: Final = "station_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a workstation needs of its machine. All clocks, ids and chance come from here.

    `clock` aware, in the machine's own zone; `zone` its IANA name; `monotonic` in seconds; `chance` from 0 to 1.
    `transport` replaces the network in tests.
    """

    data_dir: Path
    vault: Vault
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    new_id: Callable[[], UUID]
    random_bytes: RandomBytes
    chance: Callable[[], float]
    zone: str
    transport: httpx.AsyncBaseTransport | None = None
    cost: Argon2Cost = STANDARD_COST
    poll_seconds: float = POLL_SECONDS
    plug: Plug | None = None

    @property
    def file(self) -> Path:
        return self.data_dir / FILE_NAME

    def slots(self) -> CacheKeySlots:
        """Where the key of the local file is kept."""
        return CacheKeySlots(self.file, self.vault, random_bytes=self.random_bytes, cost=self.cost)

    def gateway(self, server_url: str) -> Gateway:
        """Raises `PlainHttp`."""
        return Gateway(
            server_url,
            clock=self.clock,
            monotonic=self.monotonic,
            chance=self.chance,
            new_id=self.new_id,
            transport=self.transport,
        )


class StationProblem(StrEnum):
    """Why an enrolled workstation can't start, in a sentence that says what to do."""

    NOT_ENROLLED = "This workstation is not enrolled yet."
    NO_KEY = (
        "The operating system's keyring does not have this workstation's key: bring the keyring back, "
        "or have the workstation revoked and enrolled again. What it holds unsent stays in its file."
    )
    ALTERED_KEY = "This workstation's key was altered. Have the workstation revoked and enrolled again."


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReady:
    """The answer of `open_desk` where there is no workstation to give."""

    problem: StationProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What a workstation knows of itself, from its file."""

    station: StationIdentity
    server_url: str
    public_key: bytes


class _Slots:
    """The session's `FileSlots`."""

    def __init__(self, slots: CacheKeySlots, key: CacheKey) -> None:
        self._slots = slots
        self._key = key

    def people(self) -> frozenset[UserId]:
        return self._slots.people()

    def enrol(self, user_id: UserId, password: str) -> None:
        try:
            refused = self._slots.enrol(self._key, user_id, password)
        except OSError as error:  # a full disk keeps nobody from signing in; the next sign-in tries again
            log.warning("desk.slot_not_made", extra={"problem": str(error)})
            return
        if refused is not None:
            log.warning("desk.slot_not_made", extra={"problem": refused.problem.name})


class _NoSlots:
    """Of a file that ends with the session."""

    def people(self) -> frozenset[UserId]:
        return frozenset()

    def enrol(self, user_id: UserId, password: str) -> None:
        return None


class Workstation:
    """One open workstation. `durable` False: there is no keyring, so its file ends with the session (ruling B18)."""

    def __init__(
        self,
        around: Surroundings,
        own: _Own,
        database: Database,
        key: StationKey,
        slots: CacheKeySlots | None,
        cache_key: CacheKey,
    ) -> None:
        self.station: Final = own.station
        self.durable: Final = slots is not None
        self._database = database
        self._key = key
        self._gateway = around.gateway(own.server_url)
        self._gateway.speak_for(key)
        shelf, station_id = Shelf(), own.station.station_id
        folds = Folds(shelf, station_id)
        reading = FoldReader(database, shelf, station_id)
        changes = Changes(reading)
        self._session = StationSession(
            station_id=station_id,
            station_name=own.station.name,
            plant_id=own.station.plant_id,
            plant_name=own.station.plant_name,
            gateway=self._gateway,
            vault=around.vault,
            people=People(database=database, shelf=shelf, plant_id=own.station.plant_id),
            slots=_Slots(slots, cache_key) if slots is not None else _NoSlots(),
            online=lambda: self._link().online,
            clock=around.clock,
            new_id=around.new_id,
            random_bytes=around.random_bytes,
            opened=lambda: self.drafts.open_for_signed_in(),
            shut=lambda: self.drafts.shut(),
            cost=around.cost,
        )
        self.drafts: Final = Drafts(
            database=database,
            signer=self._session.signer,
            random_bytes=around.random_bytes,
            clock=around.clock,
        )
        outbox = Outbox(
            database=database,
            folds=folds,
            reading=reading,
            shelf=shelf,
            changes=changes,
            station=own.station,
            station_key=key,
            signer=self._session.signer,
            link=self._link,
            clock=around.clock,
            new_id=around.new_id,
        )
        cache = Cache(
            database=database,
            folds=folds,
            changes=changes,
            plant_id=own.station.plant_id,
            clock=around.clock,
        )
        self._sync = SyncLoop(
            outbox=outbox,
            cache=cache,
            gateway=self._gateway,
            changes=changes,
            station=own.station,
            look_again=self._session.look_again,
            clock=around.clock,
            chance=around.chance,
            beside=(self.drafts.run,),
            poll_seconds=around.poll_seconds,
        )
        commands: Commands = outbox if self.durable else ConfirmedCommands(outbox, self._link)
        self.desk: Final = Desk(
            session=self._session,
            records=Reading(
                database=database, folds=reading, shelf=shelf, changes=changes, plant_id=own.station.plant_id
            ),
            archive=ServerArchive(
                database=database, gateway=self._gateway, folds=reading, shelf=shelf, clock=around.clock
            ),
            commands=commands,
            sync=self._sync,
            plug=around.plug,
        )
        self.outbox: Final = outbox

    def _link(self) -> LinkNow:
        return self._sync.link()

    async def start(self) -> None:
        """Begin to sync. Returns at once; the desk answers from the file before and after."""
        await self._sync.start()

    async def close(self) -> None:
        """Finish what is being written, and let another process have the file. The session ends with it."""
        await self._sync.close()
        await self._session.lock()
        try:
            await self.drafts.write()
        except StorageFailed as error:  # what is half typed is not worth the file staying open
            log.error("desk.drafts_not_written", extra={"problem": str(error)})
        await self._gateway.close()
        await self._database.close()
        self._key.forget()
        if not self.durable:
            _remove(self._database.path)


async def open_desk(
    around: Surroundings, *, server_url: str | None = None, password: str | None = None
) -> Workstation | NotReady | NoCacheKey | NotOpened:
    """The workstation enrolled in `around.data_dir`.

    `server_url`: where the server is now, if it moved. `password`: of anybody who signed in here before, where the
    keyring does not give the file's key (`NoCacheKey` with PASSWORD_NEEDED asks for it). Raises `PlainHttp`,
    `VaultFailed`.
    """
    if not around.file.exists():
        return NotReady(problem=StationProblem.NOT_ENROLLED)
    slots = around.slots()
    cache_key = await asyncio.to_thread(lambda: _unlocked(slots, password))
    if isinstance(cache_key, NoCacheKey):
        return cache_key
    database = await asyncio.to_thread(lambda: open_database(around.file, cache_key, MIGRATIONS))
    if isinstance(database, NotOpened):
        return database
    own = await database.reader.run(lambda c: _read_own(c, around.zone))
    if own is None:
        await database.close()
        return NotReady(problem=StationProblem.NOT_ENROLLED)
    key = await _station_key(around.vault, own, database)
    if not isinstance(key, StationKey):
        await database.close()
        problem = StationProblem.ALTERED_KEY if isinstance(key, AlteredKey) else StationProblem.NO_KEY
        return NotReady(problem=problem)
    if server_url is not None and checked_url(server_url) != own.server_url:
        own = replace(own, server_url=checked_url(server_url))
        await database.writer.run(lambda c: write_meta(c, "server_url", checked_url(server_url)))
    return Workstation(around, own, database, key, slots, cache_key)


async def enrol(
    around: Surroundings, *, server_url: str, code: str, name: str, area: str
) -> Workstation | Refusal | Offline | NoCacheKey | NotOpened:
    """Make this machine a workstation of the plant whose administrator gave out `code`, and open it.

    Where the keyring keeps nothing, the workstation lasts for this session only. Raises `PlainHttp`, `VaultFailed`.
    """
    gateway = around.gateway(server_url)
    key = make_station_key(StationId(around.new_id()), random_bytes=around.random_bytes)
    request = EnrolRequest(
        code=code.strip(),
        station_id=key.station_id,
        name=name.strip(),
        area=area.strip(),
        public_key=key.public_key.hex(),
    )
    slots = around.slots()
    made = await asyncio.to_thread(lambda: _key_of_new_file(around, slots))
    if isinstance(made, NoCacheKey):
        return made
    cache_key, lasting = made
    try:
        enrolled = await gateway.enrol(request)
    finally:
        await gateway.close()
    if isinstance(enrolled, Refusal | Offline):
        return enrolled
    await asyncio.to_thread(lambda: KeyStore(around.vault).keep_station_key(key))
    file = around.file if lasting else Path(tempfile.mkdtemp(prefix="batchwright-session-")) / FILE_NAME
    database = await asyncio.to_thread(
        lambda: open_database(file, cache_key, MIGRATIONS, create=not is_begun(file))
    )
    if isinstance(database, NotOpened):
        return database

    def write(connection: Connection) -> None:
        _write_own(connection, enrolled, request, gateway.server_url)
        if lasting:
            # So that a lost keyring does not lose what is still unsent: the file opens with a password too.
            write_meta(connection, _STATION_KEY, key.private_bytes().hex())

    await database.writer.run(write)
    own = await database.reader.run(lambda c: _read_own(c, around.zone))
    if own is None:
        raise AssertionError("what was just written is not there")
    log.info("desk.enrolled", extra={"station": str(key.station_id), "plant": enrolled.plant_id})
    return Workstation(around, own, database, key, slots if lasting else None, cache_key)


async def _station_key(vault: Vault, own: _Own, database: Database) -> StationKey | AlteredKey | None:
    """The station's key from the keyring; where that was lost, from the file, and back into the keyring."""
    keys, station_id = KeyStore(vault), own.station.station_id
    key = await asyncio.to_thread(lambda: keys.station_key(station_id, enrolled=own.public_key))
    if key is not None:
        return key
    kept = await database.reader.run(lambda c: read_meta(c, _STATION_KEY))
    if kept is None:
        return None
    found = StationKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(kept)), station_id=station_id)
    altered = found.self_test(own.public_key)
    if altered is not None:
        return altered
    await asyncio.to_thread(lambda: keys.keep_station_key(found))
    log.info("desk.station_key_back_in_keyring")
    return found


def _unlocked(slots: CacheKeySlots, password: str | None) -> CacheKey | NoCacheKey:
    key = slots.unlock()
    if isinstance(key, CacheKey) or password is None:
        return key
    for user_id in sorted(key.can_open, key=str):  # whose password it is, the closed file can't say
        opened = slots.unlock_with_password(user_id, password)
        if isinstance(opened, CacheKey):
            return opened
    return key


def _key_of_new_file(around: Surroundings, slots: CacheKeySlots) -> tuple[CacheKey, bool] | NoCacheKey:
    """The key for a first file, and whether it is kept anywhere."""
    made = slots.make()
    if isinstance(made, CacheKey):
        return made, True
    if made.problem is CacheKeyProblem.NOWHERE_TO_KEEP:
        return CacheKey(secret=around.random_bytes(32), salt=around.random_bytes(16)), False
    if made.problem is not CacheKeyProblem.ALREADY_MADE:
        return made
    again = slots.unlock()  # made by an enrolment that the server refused, or that was cut off
    if is_begun(around.file) and (isinstance(again, NoCacheKey) or _is_somebodys(around.file, again)):
        return made
    return again if isinstance(again, NoCacheKey) else (again, True)


def _is_somebodys(file: Path, key: CacheKey) -> bool:
    """Whether a file is a workstation's. An enrolment that was cut off left one without identity, and empty."""
    database = open_database(file, key, MIGRATIONS)
    if isinstance(database, NotOpened):
        return True
    try:
        return database.reader.run_sync(lambda c: read_meta(c, "station_id")) is not None
    finally:
        database.close_sync()


def _write_own(connection: Connection, enrolled: Enrolled, request: EnrolRequest, server_url: str) -> None:
    values = {
        "station_id": str(enrolled.station_id),
        "station_name": request.name,
        "station_area": request.area,
        "plant_id": enrolled.plant_id,
        "plant_name": enrolled.plant_name,
        "journal_key": enrolled.journal_key,
        "public_key": request.public_key,
        "server_url": server_url,
    }
    for name, value in values.items():
        write_meta(connection, name, value)


def _read_own(connection: Connection, zone: str) -> _Own | None:
    station_id = read_meta(connection, "station_id")
    if station_id is None:
        return None

    def told(name: str) -> str:
        return read_meta(connection, name) or ""

    station = StationIdentity(
        station_id=StationId(UUID(station_id)),
        name=told("station_name"),
        plant_id=PlantId(told("plant_id")),
        plant_name=told("plant_name"),
        zone=zone,
    )
    return _Own(station=station, server_url=told("server_url"), public_key=bytes.fromhex(told("public_key")))


def _remove(file: Path) -> None:
    """Files of a session whose key is gone with it."""
    for each in file.parent.iterdir():
        each.unlink()
    file.parent.rmdir()
