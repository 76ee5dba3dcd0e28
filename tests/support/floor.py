"""A plant floor: the real server on a real database, and workstations with encrypted files, joined by a `Network`."""

import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from app.client.password_box import Argon2Cost
from app.client.ports import BatchFile, Saved, SignedIn
from app.client.vault import MemoryVault
from app.domain.envelope import Command
from app.domain.identity import BatchId
from app.domain.permissions import Role
from app.wire import paths
from app.wire.account import EnrolmentCode
from app.wire.codec import load
from offline.desk import Surroundings, Workstation, enrol, open_desk
from tests.support.api import PASSWORD, TestApi, api_of
from tests.support.network import Network
from tests.support.plant import Colleague, TestPlant

CHEAP: Final = Argon2Cost(memory_kib=64, passes=1, lanes=1)
SERVER: Final = "http://127.0.0.1:1"


class KeptVault(MemoryVault):
    """A keyring that outlives the workstation, for tests that open it again."""

    @property
    def durable(self) -> bool:
        return True


@dataclass(slots=True)
class Place:
    """One workstation of a test: its machine, its network and, while it runs, itself."""

    around: Surroundings
    network: Network
    floor: "Floor"
    ahead: timedelta = timedelta()
    running: Workstation | None = None

    @property
    def station(self) -> Workstation:
        assert self.running is not None, "this workstation is switched off"
        return self.running

    async def sign_in(self, one: Colleague, password: str = PASSWORD) -> SignedIn:
        """Sign a colleague in; fails on a refusal."""
        login = await self.floor.login_of(one)
        person = await self.station.desk.session.sign_in(login, password)
        assert isinstance(person, SignedIn), person
        return person

    async def sync(self) -> None:
        """One whole round."""
        await self.station.desk.sync.sync_now()

    async def save(self, command: Command) -> Saved:
        """Save as the signed-in person; fails on a refusal."""
        saved = await self.station.desk.commands.save(command)
        assert isinstance(saved, Saved), saved
        return saved

    async def file(self, batch_id: BatchId) -> BatchFile:
        found = await self.station.desk.records.batch(batch_id)
        assert found is not None
        return found

    async def reopen(self) -> None:
        """Switch off and on again: only disk and keyring are left."""
        if self.running is not None:
            await self.running.close()
        opened = await open_desk(self.around)
        assert isinstance(opened, Workstation), opened
        self.running = opened


@dataclass(slots=True)
class Floor:
    """The plant with its application and its workstations."""

    plant: TestPlant
    api: TestApi
    folder: Path
    places: list[Place] = field(default_factory=list[Place])
    _logins: dict[object, str] = field(default_factory=dict[object, str])
    _admin: Colleague | None = None

    async def login_of(self, one: Colleague) -> str:
        if one.user_id not in self._logins:
            self._logins[one.user_id] = await self.api.login_of(one)
        return self._logins[one.user_id]

    async def code(self) -> str:
        """A one-time code of the plant's administrator."""
        if self._admin is None:
            self._admin = await self.plant.colleague("Sam Rozman", Role.SYSTEM_ADMIN)
        headers = await self.api.sign_in(self._admin)
        answer = await self.api.client.post(paths.WORKSTATION_CODES, headers=headers)
        return load(EnrolmentCode, answer.content).code

    def place(self, name: str, *, vault: MemoryVault | None = None) -> Place:
        """A machine that is no workstation yet."""
        network = Network(httpx.ASGITransport(self.api.app, raise_app_exceptions=False))
        network.blocked.add(paths.SYNC_LIVE)  # this transport answers only when a stream has ended
        made: list[Place] = []

        def clock() -> datetime:
            return self.plant.ticking.clock() + made[0].ahead

        around = Surroundings(
            data_dir=self.folder / name,
            vault=vault or KeptVault(),
            clock=clock,
            monotonic=time.monotonic,
            new_id=self.plant.ticking.new_id,
            random_bytes=os.urandom,
            chance=lambda: 0.0,
            zone="Europe/Ljubljana",
            transport=network,
            cost=CHEAP,
        )
        made.append(Place(around, network, self))
        self.places.append(made[0])
        return made[0]

    async def station(self, name: str) -> Place:
        """An enrolled workstation that has its first copy."""
        place = self.place(name)
        made = await enrol(place.around, server_url=SERVER, code=await self.code(), name=name, area="Floor")
        assert isinstance(made, Workstation), made
        place.running = made
        await place.sync()
        return place


@asynccontextmanager
async def floor_of(plant: TestPlant, folder: Path) -> AsyncGenerator[Floor]:
    """The floor of a founded plant. Workstations are closed at the end."""
    async with api_of(plant, folder / "keys") as api:
        floor = Floor(plant, api, folder)
        try:
            yield floor
        finally:
            for place in floor.places:
                if place.running is not None:
                    await place.running.close()
