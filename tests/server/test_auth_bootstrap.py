"""The first ceremony: a plant and two administrators, once, through the same desk as everything after it."""

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.domain.decision import Reason, Refusal
from app.domain.identity import SYSTEM, PlantId
from app.domain.permissions import Role
from app.domain.plant import FoundPlant, Person
from app.server.auth.authentication import Authentication, open_authentication
from app.server.auth.bootstrap import Bootstrap, Founded, Newcomer
from app.server.auth.settings import AuthSettings
from app.server.kernel.database import Database
from app.server.kernel.security import Remote
from app.server.kernel.server_key import ServerKey
from app.server.kernel.settings import Settings
from app.server.kernel.verification import verify_database
from app.wire.account import LoginRequest, TokenPair
from tests.support.plant import TABLES, TestPlant, Ticking, open_desk
from tests.support.postgres import FreshDatabase

BRNO = FoundPlant(plant_id=PlantId("brno"), name="Brno", site="Hall 4", timezone="Europe/Prague")
ANNA = Newcomer(login="A.One", name="Anna One", password="a quiet copper kettle")
BELA = Newcomer(login="b.two", name="Bela Two", password="a loud silver kettle")

REMOTE = Remote(ip_address="127.0.0.1")


@dataclass(slots=True, kw_only=True)
class Ground:
    """An empty, migrated database with a desk on it."""

    fresh: FreshDatabase
    plant: TestPlant
    authentication: Authentication
    bootstrap: Bootstrap

    async def sign_in(self, newcomer: Newcomer, plant_id: PlantId) -> TokenPair | Refusal:
        request = LoginRequest(login=newcomer.login, password=newcomer.password, plant_id=plant_id)
        return await self.authentication.sign_in.login(request, REMOTE)


@pytest.fixture
async def ground(database: FreshDatabase, tmp_path: Path) -> AsyncGenerator[Ground]:
    pool = Database.open(database.api_url, Settings(), pool_size=5)
    plant = await open_desk(pool, Ticking(), ServerKey.fresh())
    authentication = open_authentication(
        AuthSettings(keys_file=tmp_path / "token-keys.json"),
        database=pool,
        journal=plant.journal,
        desk=plant.desk,
        journal_key=plant.key.public_key,
        clock=plant.ticking.clock,
        new_id=plant.ticking.new_id,
        random_bytes=os.urandom,
    )
    bootstrap = Bootstrap(pool, plant.desk, authentication, plant.ticking.new_id)
    yield Ground(fresh=database, plant=plant, authentication=authentication, bootstrap=bootstrap)
    await pool.close()


@pytest.mark.req("R46")
async def test_two_administrators_found_a_plant_and_vouch_for_each_other(ground: Ground) -> None:
    assert await ground.bootstrap.is_first_start()
    founded = await ground.bootstrap.found(BRNO, ANNA, BELA)
    assert isinstance(founded, Founded), founded
    assert not await ground.bootstrap.is_first_start()
    people = {each.id: each for each in await ground.plant.records("person") if isinstance(each, Person)}
    anna, bela = (people[each] for each in founded.administrators)
    assert (anna.role, anna.plants, anna.identity_checked_by) == (
        Role.SYSTEM_ADMIN,
        {SYSTEM, "brno"},
        "Bela Two",
    )
    assert bela.identity_checked_by == "Anna One"
    for each in (ANNA, BELA):
        assert isinstance(await ground.sign_in(each, PlantId("brno")), TokenPair)
        assert isinstance(await ground.sign_in(each, SYSTEM), TokenPair)


async def test_the_ceremony_is_in_the_journal_like_everything_after_it(ground: Ground) -> None:
    await ground.bootstrap.found(BRNO, ANNA, BELA)
    rows = await ground.plant.ask("SELECT plant_id, event_type FROM kernel.audit_logs ORDER BY seq")
    assert [tuple(each) for each in rows] == [
        (SYSTEM, "person.registered"),
        (SYSTEM, "person.registered"),
        (SYSTEM, "plant.founded"),
    ]
    report = await verify_database(ground.fresh.api_url, TABLES, seals=True)
    assert report.sound, report.flaws
    assert report.seals == 3


async def test_there_is_one_first_ceremony(ground: Ground) -> None:
    await ground.bootstrap.found(BRNO, ANNA, BELA)
    other = replace(BRNO, plant_id=PlantId("wien"))
    late = await ground.bootstrap.found(other, replace(ANNA, login="c"), replace(BELA, login="d"))
    assert isinstance(late, Refusal)
    assert late.reason is Reason.ALREADY_EXISTS
    assert len(await ground.plant.records("person")) == 2
    assert len(await ground.plant.records("plant")) == 1


async def test_of_two_ceremonies_at_the_same_moment_one_founds(ground: Ground) -> None:
    other = replace(BRNO, plant_id=PlantId("wien"))
    answers = await asyncio.gather(
        ground.bootstrap.found(BRNO, ANNA, BELA),
        ground.bootstrap.found(other, replace(ANNA, login="c.one"), replace(BELA, login="d.two")),
    )
    assert sorted(type(each).__name__ for each in answers) == ["Founded", "Refusal"]
    assert len(await ground.plant.records("person")) == 2


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (replace(ANNA, password="short"), BELA, Reason.WRONG_VALUE),
        (ANNA, replace(BELA, password="bela bela bela bela"), Reason.WRONG_VALUE),
        (ANNA, replace(BELA, login=" A.ONE "), Reason.ALREADY_EXISTS),
        (replace(ANNA, name=" "), BELA, Reason.FIELD_MISSING),
    ],
    ids=["short password", "guessed password", "one person twice", "no name"],
)
async def test_a_ceremony_that_is_not_whole_founds_nothing(
    ground: Ground, first: Newcomer, second: Newcomer, reason: Reason
) -> None:
    answer = await ground.bootstrap.found(BRNO, first, second)
    assert isinstance(answer, Refusal)
    assert answer.reason is reason
    assert await ground.bootstrap.is_first_start()


async def test_an_administrator_enlists_a_person_who_signs_in(ground: Ground) -> None:
    founded = await ground.bootstrap.found(BRNO, ANNA, BELA)
    assert isinstance(founded, Founded)
    petr = Newcomer(login="p.novak", name="Petr Novak", password="linden tree in november")
    plants = frozenset({PlantId("brno")})
    enlisted = await ground.bootstrap.enlist(
        founded.administrators[0], petr, Role.PRODUCTION_OFFICER, plants, "Anna One"
    )
    assert not isinstance(enlisted, Refusal)
    assert isinstance(await ground.sign_in(petr, PlantId("brno")), TokenPair)
    again = await ground.bootstrap.enlist(enlisted, petr, Role.QA_HEAD, plants, "himself")
    assert isinstance(again, Refusal)
    assert again.reason is Reason.OTHER_PLANT  # an officer does not even reach the system's journal
