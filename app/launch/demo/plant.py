"""Making the demo plants, once: people with passwords, master records, and a month of history through the real desk."""

import asyncio
import json
import os
import shutil
from argparse import Namespace
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.decision import Actor, Refusal
from app.domain.envelope import Command
from app.domain.facts import Facts
from app.domain.identity import SYSTEM, BatchId, KeyId, PlantId, StationId, UserId, uuid7
from app.domain.master_record import ApproveMasterRecord, MasterRecord
from app.domain.permissions import Role
from app.domain.plant import EnrolKey, EnrolStation, FoundPlant, RevokeStation
from app.domain.record import Record
from app.launch.demo.cast import ADMINISTRATORS, LINDENAU, MARWICK, PASSWORD, PEOPLE, PLANTS, DemoPerson
from app.launch.demo.history import NotAccepted, Player, Stagehand, Troupe, play
from app.launch.demo.plots import plots_of
from app.launch.masters import MASTERS, read_master
from app.launch.place import DEMO_MADE, Place, open_place
from app.server.auth.settings import AuthSettings
from app.server.kernel.migrations import migrate
from app.server.kernel.security import NO_REMOTE
from app.server.kernel.server_key import ServerKey
from app.server.kernel.settings import Settings
from app.server.main import Parts, assemble
from app.wire.account import PasswordRequest, RegisterRequest
from app.wire.sync import Push, PushAnswer

SEED: Final = 20261122
BEFORE: Final = timedelta(days=40)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPlant:
    """The demo plants' database, running; and a code with which one workstation may enrol at Lindenau."""

    place: Place
    enrolment_code: str


class Timeline:
    """The demo's clock: stands in the past while history is made, and never goes back within a journal."""

    def __init__(self, begin: datetime) -> None:
        self._now = begin

    def clock(self) -> datetime:
        return self._now

    def move(self, to: datetime) -> None:
        self._now = max(self._now + timedelta(milliseconds=20), to)

    def rewind(self, to: datetime) -> None:
        """For another plant's journal, which has its own time."""
        self._now = to

    def new_id(self) -> UUID:
        return new_id_at(self._now)


def new_id_at(at: datetime) -> UUID:
    """A UUIDv7 of that moment."""
    return uuid7(int(at.timestamp() * 1000), os.urandom(10))


@asynccontextmanager
async def prepared_plant(home: Path, say: Callable[[str], None]) -> AsyncGenerator[PreparedPlant]:
    """The plants below `home`, made if need be, with their database up as long as the block runs."""
    _clear_half_made(home)
    with open_place(Namespace(home=home, database_url=None), _without_database_url()) as place:
        migrate(place.urls.owner)
        if not (home / DEMO_MADE).exists():
            say(
                "Making the demo plant: two plants, three products, a month of batches. This takes a moment …"
            )
            administrator = await _make(place, datetime.now(UTC), say)
            (home / DEMO_MADE).write_text(json.dumps({"administrator": str(administrator)}))
        administrator = UserId(UUID(json.loads((home / DEMO_MADE).read_text())["administrator"]))
        parts = _parts(place, lambda: datetime.now(UTC), lambda: new_id_at(datetime.now(UTC)))
        await parts.desk.open()
        code = await parts.authentication.stations.make_code(administrator, LINDENAU)
        await parts.database.close()
        yield PreparedPlant(place=place, enrolment_code=code.code)


def _clear_half_made(home: Path) -> None:
    if (home / "plant").exists() and not (home / DEMO_MADE).exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)


def _without_database_url() -> dict[str, str]:
    """The demo never touches a database that a plant has named."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BATCHWRIGHT_DATABASE")}


def _parts(place: Place, clock: Callable[[], datetime], new_id: Callable[[], UUID]) -> Parts:
    return assemble(
        Settings(),
        AuthSettings(keys_file=place.token_keys),
        api_url=place.urls.api,
        key=ServerKey.of_file(place.server_key),
        clock=clock,
        new_id=new_id,
        random_bytes=os.urandom,
        zone="Europe/Berlin",
    )


async def _make(place: Place, now: datetime, say: Callable[[str], None]) -> UserId:
    timeline = Timeline(now - BEFORE)
    parts = _parts(place, timeline.clock, timeline.new_id)
    await parts.desk.open()
    try:
        return await _Founding(parts, timeline, now, say).make()
    finally:
        await parts.database.close()


class _Founding:
    def __init__(self, parts: Parts, timeline: Timeline, now: datetime, say: Callable[[str], None]) -> None:
        self._parts = parts
        self._timeline = timeline
        self._now = now
        self._say = say
        self._people: dict[str, UserId] = {}
        self._founder = Actor(
            user_id=UserId(timeline.new_id()),
            name="First start",
            role=Role.SYSTEM_ADMIN,
            plants=frozenset({SYSTEM, LINDENAU, MARWICK}),
        )

    async def make(self) -> UserId:
        for plant in PLANTS:
            await self._act(
                FoundPlant(
                    plant_id=plant.plant_id,
                    name=plant.name,
                    site=plant.site,
                    timezone=plant.timezone,
                    lines=plant.lines,
                ),
                self._founder,
                SYSTEM,
            )
        for person in (*ADMINISTRATORS, *PEOPLE):
            await self._register(person)
        masters = await self._write_masters()
        for plant in PLANTS:
            await self._play(plant.plant_id, plant.timezone, masters)
        return self._people[ADMINISTRATORS[0].login]

    async def _register(self, person: DemoPerson) -> None:
        accounts = self._parts.authentication.accounts
        administers = person.role is Role.SYSTEM_ADMIN
        request = RegisterRequest(
            login=person.login,
            name=person.name,
            email=person.email,
            department=person.department,
            role=person.role,
            plants=frozenset((*person.plants, SYSTEM) if administers else person.plants),
            identity_checked_by="Batchwright demo",
        )
        self._timeline.move(self._timeline.clock() + timedelta(minutes=1))
        made = _yes(await accounts.register(self._founder, SYSTEM, request))
        refused = await accounts.set_password(PasswordRequest(code=made.code, password=PASSWORD), NO_REMOTE)
        if refused is not None:
            raise NotAccepted(f"{person.login}: {refused.reason}")
        self._people[person.login] = made.user_id

    async def _write_masters(self) -> dict[str, MasterRecord]:
        """Prepared by the production head, approved by the QA manager (R32)."""
        author, approver = self._people["j.dahl"], self._people["p.fiala"]
        masters: dict[str, MasterRecord] = {}
        for path in sorted(MASTERS.glob("*.toml")):
            file = read_master(path, self._timeline.new_id)
            self._timeline.move(self._timeline.clock() + timedelta(hours=2))
            await self._act(file.product, author, LINDENAU)
            await self._act(file.draft, author, LINDENAU)
            approve = ApproveMasterRecord(
                master_id=file.draft.master_id, content_hash=file.draft.content_hash
            )
            changed = await self._act(approve, approver, LINDENAU)
            masters[path.stem] = next(each for each in changed if isinstance(each, MasterRecord))
        return masters

    async def _play(self, plant_id: PlantId, zone: str, masters: dict[str, MasterRecord]) -> None:
        logins = (
            ("o.adler", "s.brandt", "m.costa") if plant_id == LINDENAU else ("n.lund", "b.moss", "c.north")
        )
        self._timeline.rewind(self._now - BEFORE + timedelta(days=1))
        station_id = StationId(self._timeline.new_id())
        private = Ed25519PrivateKey.generate()
        await self._act(
            EnrolStation(
                station_id=station_id,
                name="Panel 1",
                area="Weigh room 1",
                public_key=private.public_key().public_bytes_raw().hex(),
            ),
            self._founder,
            plant_id,
        )
        players = [await self._player(login, station_id) for login in (*logins, "r.eder", "h.grau")]
        station = Player(user_id=UserId(station_id), key_id=KeyId(station_id), sign=private.sign)
        hand = Stagehand(
            _Hands(self._parts, self._timeline, plant_id),
            plant_id,
            station_id,
            zone,
            Troupe(
                officer=players[0],
                second=players[1],
                manager=players[2],
                reviewer=players[3],
                head=players[4],
                station=station,
            ),
            new_id_at,
        )
        chance = Random(SEED)  # noqa: S311  a story, not a secret
        plots = plots_of(self._now)[plant_id]
        for index, (master, plot) in enumerate(plots, start=1):
            self._say(f"  {plot.number}  {plot.until.value}  ({index} of {len(plots)})")
            await play(hand, masters[master], plot, chance)
        self._timeline.move(self._now)
        retire = RevokeStation(station_id=station_id, reason="Replaced by a new panel")
        await self._act(retire, self._founder, plant_id)

    async def _player(self, login: str, station_id: StationId) -> Player:
        private = Ed25519PrivateKey.generate()
        key_id = KeyId(self._timeline.new_id())
        await self._act(
            EnrolKey(
                key_id=key_id,
                user_id=self._people[login],
                station_id=station_id,
                public_key=private.public_key().public_bytes_raw().hex(),
            ),
            self._founder,
            SYSTEM,
        )
        return Player(user_id=self._people[login], key_id=key_id, sign=private.sign)

    async def _act(self, command: Command, actor: Actor | UserId, plant_id: PlantId) -> tuple[Record, ...]:
        acted = await self._parts.desk.act(command, actor, plant_id)
        if acted.refusal is not None:
            raise NotAccepted(f"{command.kind}: {acted.refusal.reason} {acted.refusal.detail}")
        return acted.after


class _Hands:
    """The history's view of the server: the desk, at the time of the story."""

    def __init__(self, parts: Parts, timeline: Timeline, plant_id: PlantId) -> None:
        self._parts = parts
        self._timeline = timeline
        self._plant_id = plant_id

    async def push(self, push: Push, at: datetime) -> PushAnswer:
        self._timeline.move(at)
        return _yes(await self._parts.desk.push(push.station_id, push))

    async def batch_file(self, batch_id: BatchId) -> Facts:
        async with self._parts.database.transaction() as tx:
            return Facts(await self._parts.desk.store.load_batch_files(tx, self._plant_id, [batch_id]))

    async def find_batch(self, plant_id: PlantId, number: str) -> BatchId | None:
        async with self._parts.database.transaction() as tx:
            found = await tx.value(
                "SELECT id FROM production.production_batches WHERE plant_id = $1 AND batch_number = $2",
                plant_id,
                number,
            )
        return None if found is None else BatchId(found)


def _yes(answer: T | Refusal) -> T:
    if isinstance(answer, Refusal):
        raise NotAccepted(f"{answer.reason} {answer.detail}")
    return answer


def make_only(home: Path, say: Callable[[str], None]) -> None:
    """Make the demo plants below `home` if they are not there, and leave them at rest."""

    async def once() -> None:
        async with prepared_plant(home, say):
            pass

    asyncio.run(once())
