"""The whole application over a test's plant, spoken to by HTTP without a socket."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import FastAPI

from app.domain.decision import Reason
from app.domain.identity import PlantId
from app.server.auth.authentication import Authentication, open_authentication
from app.server.auth.passwords import Passwords
from app.server.auth.people import as_login, keep_password
from app.server.auth.settings import AuthSettings
from app.server.kernel.live import LiveHeads
from app.server.kernel.settings import Settings
from app.server.main import Parts, Service, create_app
from app.wire.problem import PROBLEM_TYPE
from tests.support.plant import Colleague, TestPlant

PASSWORD: Final = "a quiet copper kettle"
_hashes: Final[dict[str, str]] = {}


async def hash_of(password: str) -> str:
    """The hash of a test's password, made once in a run."""
    if password not in _hashes:
        _hashes[password] = await Passwords(os.urandom).hash(password)
    return _hashes[password]


@dataclass(slots=True, kw_only=True)
class TestApi:
    """The application and one client. `bearer` headers come from `sign_in`."""

    __test__ = False

    plant: TestPlant
    parts: Parts
    app: FastAPI
    client: httpx.AsyncClient

    @property
    def authentication(self) -> Authentication:
        return self.parts.authentication

    async def login_of(self, one: Colleague, password: str = PASSWORD) -> str:
        """Give a colleague a password; answers their login."""
        async with self.plant.database.transaction() as tx:
            await keep_password(tx, one.user_id, await hash_of(password))
            login = await tx.value("SELECT login FROM auth.people WHERE user_id = $1", one.user_id)
        return as_login(login)

    async def login(
        self, login: str, password: str = PASSWORD, plant_id: str | None = None, **more: Any
    ) -> httpx.Response:
        """Try to sign in."""
        body = {"login": login, "password": password, "plant_id": plant_id or self.plant.id, **more}
        return await self.client.post("/auth/login", json=body)

    async def tokens(self, one: Colleague, plant_id: PlantId | None = None) -> dict[str, Any]:
        """A fresh token pair of a colleague."""
        answer = await self.login(await self.login_of(one), plant_id=plant_id)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def sign_in(self, one: Colleague) -> dict[str, str]:
        """Headers that speak for a colleague."""
        return bearer((await self.tokens(one))["access_token"])


def bearer(token: str) -> dict[str, str]:
    """The header of an access token."""
    return {"Authorization": f"Bearer {token}"}


def refused(answer: httpx.Response, reason: Reason, status: int) -> bool:
    """Whether an answer is this refusal's problem. Fails with the answer where it is not."""
    said = (answer.status_code, answer.headers.get("content-type"), answer.json().get("reason"))
    assert said == (status, PROBLEM_TYPE, reason.value), answer.text
    return True


@asynccontextmanager
async def api_of(
    plant: TestPlant,
    folder: Path,
    *,
    only: frozenset[Service] | None = None,
    settings: AuthSettings | None = None,
) -> AsyncGenerator[TestApi]:
    """The application over `plant`, its keys in `folder`."""
    authentication = open_authentication(
        settings or AuthSettings(keys_file=folder / "token-keys.json"),
        database=plant.database,
        journal=plant.journal,
        desk=plant.desk,
        journal_key=plant.key.public_key,
        clock=plant.ticking.clock,
        new_id=plant.ticking.new_id,
        random_bytes=os.urandom,
    )
    parts = Parts(
        settings=Settings(),
        database=plant.database,
        journal=plant.journal,
        desk=plant.desk,
        live=LiveHeads("postgresql://nobody@localhost/nothing"),
        authentication=authentication,
        clock=plant.ticking.clock,
        new_id=plant.ticking.new_id,
    )
    app = create_app(parts, only=only)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://plant.test") as client:
        yield TestApi(plant=plant, parts=parts, app=app, client=client)
