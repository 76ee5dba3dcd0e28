"""Signing in with and without the server, locking, and giving one's secret again to sign."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from app.client.gateway import Gateway
from app.client.keys import KeyForgotten, KeyStore, WrappedKey
from app.client.ports import SignedIn
from app.client.session import KnownHere, SignerKey, StationSession
from app.client.vault import MemoryVault
from app.domain.decision import Reason, Refusal
from app.domain.identity import BatchId, PlantId, StationId, UserId
from app.domain.permissions import Permission, Role
from app.domain.plant import Person, Policy
from app.wire import paths
from app.wire.account import KeyRequest, LoginRequest, Me, TokenPair
from app.wire.codec import dump, load
from app.wire.problem import PROBLEM_TYPE, problem_of
from tests.client.conftest import CHEAP

PLANT = PlantId("lju")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATION = StationId(UUID(int=5))
ANA = Me(
    user_id=UserId(UUID(int=11)),
    login="ana.kovac",
    name="Ana Kovač",
    email="ana@plant.example",
    department="Tablets",
    role=Role.PRODUCTION_OFFICER,
    plant_id=PLANT,
    plants=(PLANT,),
    permissions=(),
)
BORIS = replace(ANA, user_id=UserId(UUID(int=12)), login="boris.horvat", name="Boris Horvat")


class Keyring(MemoryVault):
    @property
    def durable(self) -> bool:
        return True


@dataclass(slots=True)
class Book:
    """People in memory."""

    people: dict[UserId, KnownHere] = field(default_factory=dict[UserId, KnownHere])
    records: dict[UserId, Person] = field(default_factory=dict[UserId, Person])

    async def by_login(self, login: str) -> KnownHere | None:
        return next((each for each in self.people.values() if each.login == login.casefold()), None)

    async def known(self) -> tuple[KnownHere, ...]:
        return tuple(self.people.values())

    async def remember(self, person: KnownHere) -> None:
        self.people[person.user_id] = person

    async def record_of(self, user_id: UserId) -> Person | None:
        return self.records.get(user_id)

    async def policy(self) -> Policy:
        return Policy(offline_hours=72)


@dataclass(slots=True)
class Slots:
    kept: dict[UserId, str] = field(default_factory=dict[UserId, str])

    def people(self) -> frozenset[UserId]:
        return frozenset(self.kept)

    def enrol(self, user_id: UserId, password: str) -> None:
        self.kept[user_id] = password


@dataclass(slots=True)
class Station:
    """A session with a server that can be switched off. Passwords by login; `keys` are the registered ones."""

    random_bytes: Callable[[int], bytes]
    up: bool = True
    now: datetime = NOON
    passwords: dict[str, str] = field(default_factory=lambda: {"ana.kovac": "one", "boris.horvat": "two"})
    keys: list[KeyRequest] = field(default_factory=list[KeyRequest])
    asked: list[str] = field(default_factory=list[str])
    vault: MemoryVault = field(default_factory=Keyring)
    book: Book = field(default_factory=Book)
    slots: Slots = field(default_factory=Slots)
    opened: int = 0
    shut: int = 0
    made: int = 0
    session: StationSession = field(init=False)
    gateway: Gateway = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """A new process with the same keyring and file."""
        self.gateway = Gateway(
            "https://plant.example",
            clock=lambda: self.now,
            monotonic=lambda: (self.now - NOON).total_seconds(),
            chance=lambda: 0.0,
            new_id=self.new_id,
            transport=httpx.MockTransport(self._answer),
        )
        self.session = StationSession(
            station_id=STATION,
            station_name="Press room",
            plant_id=PLANT,
            plant_name="Ljubljana",
            gateway=self.gateway,
            vault=self.vault,
            people=self.book,
            slots=self.slots,
            online=lambda: self.up,
            clock=lambda: self.now,
            new_id=self.new_id,
            random_bytes=self.random_bytes,
            opened=self._on_opened,
            shut=self._on_shut,
            cost=CHEAP,
        )

    async def _on_opened(self) -> None:
        self.opened += 1

    def _on_shut(self) -> None:
        self.shut += 1

    def new_id(self) -> UUID:
        self.made += 1
        return UUID(int=self.made)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if not self.up:
            raise httpx.ConnectError("no route")
        path = request.url.path
        self.asked.append(path)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if path == paths.LOGIN:
            told = load(LoginRequest, request.content)
            if self.passwords.get(told.login) != told.password:
                return self._problem(Reason.WRONG_SECRET)
            return self._json(self._pair(told.login))
        if path == paths.ME:
            return self._json(ANA if token == ANA.login else BORIS)
        if path == paths.KEYS:
            self.keys.append(load(KeyRequest, request.content))
            return httpx.Response(201, headers={"content-type": "application/json"}, content=b"{}")
        if path == paths.REFRESH:
            return self._json(self._pair(request.content.decode().split('"')[3].removeprefix("refresh ")))
        if path == paths.LOGOUT:
            return httpx.Response(204)
        return httpx.Response(200, headers={"content-type": "application/pdf"}, content=b"%PDF")

    def _pair(self, login: str) -> TokenPair:
        return TokenPair(
            access_token=login, expires_in=900, refresh_token=f"refresh {login}", refresh_expires_in=90_000
        )

    def _json(self, value: object) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, content=dump(value))

    def _problem(self, reason: Reason) -> httpx.Response:
        problem = problem_of(reason)
        return httpx.Response(problem.status, headers={"content-type": PROBLEM_TYPE}, content=dump(problem))

    async def ana(self) -> SignedIn:
        person = await self.session.sign_in("ana.kovac", "one")
        assert isinstance(person, SignedIn), person
        return person


@pytest.fixture
def station(random_bytes: Callable[[int], bytes]) -> Station:
    return Station(random_bytes)


async def test_the_first_sign_in_makes_a_key_and_makes_it_known_before_it_is_used(station: Station) -> None:
    person = await station.ana()

    assert (person.name, person.offline, person.station_name) == (ANA.name, False, "Press room")
    assert station.session.person.value == person
    signer = station.session.signer()
    assert signer is not None
    assert [(each.key_id, each.public_key) for each in station.keys] == [
        (signer.key_id, station.book.people[ANA.user_id].public_key.hex())
    ]
    assert isinstance(KeyStore(station.vault).user_key(ANA.user_id, STATION), WrappedKey)
    assert station.slots.kept == {ANA.user_id: "one"}
    assert station.opened == 1


async def test_the_second_sign_in_uses_the_key_that_is_there(station: Station) -> None:
    await station.ana()
    first = station.session.signer()
    station.start()
    await station.ana()
    second = station.session.signer()
    assert first is not None
    assert second is not None
    assert first.key_id == second.key_id
    assert len(station.keys) == 1


@pytest.mark.req("R24")
async def test_whoever_signed_in_before_can_do_so_without_the_server(station: Station) -> None:
    await station.ana()
    key = station.session.signer()
    station.start()
    station.up = False

    person = await station.session.sign_in("Ana.Kovac", "one")

    assert isinstance(person, SignedIn)
    assert person.offline
    assert station.session.context().offline
    signer = station.session.signer()
    assert signer is not None
    assert key is not None
    assert signer.key_id == key.key_id
    assert await station.session.sign_in("boris.horvat", "two") == Refusal(reason=Reason.NEEDS_SERVER)
    known = await station.session.known_people()
    assert [(each.login, each.offline_until) for each in known] == [("ana.kovac", NOON + timedelta(hours=72))]


async def test_after_the_window_recording_goes_on_and_signing_waits_for_the_server(station: Station) -> None:
    await station.ana()
    station.start()
    station.up, station.now = False, NOON + timedelta(hours=73)

    assert isinstance(await station.session.sign_in("ana.kovac", "one"), SignedIn)
    assert station.session.signer() is not None
    signed = await station.session.authenticate("ana.kovac", "one")
    assert isinstance(signed, Refusal)
    assert signed.reason is Reason.NEEDS_SERVER

    station.up = True
    assert isinstance(await station.session.authenticate("ana.kovac", "one"), SignerKey)


@pytest.mark.req("R25")
@pytest.mark.parametrize("up", [True, False], ids=["online", "offline"])
async def test_five_wrong_secrets_make_one_wait_longer_each_time(
    station: Station, up: bool, caplog: pytest.LogCaptureFixture
) -> None:
    await station.ana()
    await station.session.sign_out()
    station.up = up
    for _ in range(4):
        assert await station.session.sign_in("ana.kovac", "wrong") == Refusal(reason=Reason.WRONG_SECRET)
    fifth = await station.session.sign_in("ana.kovac", "wrong")
    assert fifth == Refusal(reason=Reason.TOO_MANY_TRIES, detail=("30",))
    station.start()  # it is remembered beyond the process
    right = await station.session.sign_in("ana.kovac", "one")
    assert isinstance(right, Refusal)
    assert right.reason is Reason.TOO_MANY_TRIES

    station.now += timedelta(seconds=31)
    sixth = await station.session.authenticate("ana.kovac", "wrong")
    assert sixth == Refusal(reason=Reason.TOO_MANY_TRIES, detail=("60",))
    station.now += timedelta(seconds=61)
    assert isinstance(await station.session.sign_in("ana.kovac", "one"), SignedIn)
    assert station.book.people[ANA.user_id].wrong_tries == 0
    assert "one" not in caplog.text.split()


async def test_a_changed_password_makes_a_new_key_that_the_server_knows(station: Station) -> None:
    await station.ana()
    old = station.session.signer()
    station.passwords["ana.kovac"] = "three"
    station.start()

    assert isinstance(await station.session.sign_in("ana.kovac", "three"), SignedIn)

    new = station.session.signer()
    assert old is not None
    assert new is not None
    assert new.key_id != old.key_id
    assert station.keys[-1].key_id == new.key_id
    assert station.slots.kept[ANA.user_id] == "three"
    station.up = False
    assert await station.session.unlock("one") == Refusal(reason=Reason.WRONG_SECRET)


async def test_a_locked_station_signs_nothing_and_the_name_stays(station: Station) -> None:
    await station.ana()
    signer = station.session.signer()
    assert signer is not None

    await station.session.lock()

    assert station.session.locked.value
    assert station.session.person.value is not None
    assert station.session.signer() is None
    with pytest.raises(KeyForgotten):
        signer.sign(b"anything")
    assert station.session.context().lacks(Permission.BATCH_READ) is not None
    assert station.shut >= 1

    assert await station.session.unlock("wrong") == Refusal(reason=Reason.WRONG_SECRET)
    station.up = False
    assert isinstance(await station.session.unlock("one"), SignedIn)
    assert not station.session.locked.value
    assert station.session.signer() is not None


async def test_a_second_person_signs_without_ending_the_session(station: Station) -> None:
    await station.ana()
    boris = await station.session.authenticate("boris.horvat", "two")

    assert isinstance(boris, SignerKey)
    assert (boris.name, boris.user_id) == (BORIS.name, BORIS.user_id)
    person = station.session.person.value
    assert person is not None
    assert person.user_id == ANA.user_id
    signer = station.session.signer()
    assert signer is not None
    assert signer.user_id == ANA.user_id
    assert station.asked.count(paths.LOGOUT) == 1, "the session that only proved a password is ended"

    station.up = False
    again = await station.session.authenticate("boris.horvat", "two")
    assert isinstance(again, SignerKey)
    assert again.key_id == boris.key_id


async def test_switching_forgets_the_key_of_whoever_was_there(station: Station) -> None:
    await station.ana()
    ana = station.session.signer()
    assert ana is not None
    assert isinstance(await station.session.sign_in("boris.horvat", "two"), SignedIn)
    with pytest.raises(KeyForgotten):
        ana.sign(b"anything")
    assert await station.session.sign_in("ana.kovac", "wrong") == Refusal(reason=Reason.WRONG_SECRET)
    person = station.session.person.value
    assert person is not None
    assert person.user_id == BORIS.user_id, "a failed switch leaves whoever was there"


async def test_the_session_goes_on_after_a_restart_with_the_kept_token_and_ends_at_sign_out(
    station: Station,
) -> None:
    await station.ana()
    item = f"refresh-token/{STATION}/{ANA.user_id}"
    closed = station.vault.get(item)
    assert closed is not None
    assert "refresh" not in closed
    station.start()
    station.up = False
    await station.session.sign_in("ana.kovac", "one")
    station.up = True
    station.gateway.try_now()

    assert await station.gateway.batch_pdf(BatchId(UUID(int=1))) == b"%PDF"
    assert paths.REFRESH in station.asked

    await station.session.sign_out()
    assert station.vault.get(item) is None
    assert station.session.person.value is None
    assert await station.gateway.batch_pdf(BatchId(UUID(int=1))) == Refusal(reason=Reason.SIGNED_OUT)


async def test_without_a_lasting_keyring_no_token_is_stored(random_bytes: Callable[[int], bytes]) -> None:
    station = Station(random_bytes, vault=MemoryVault())
    await station.ana()
    assert station.vault.get(f"refresh-token/{STATION}/{ANA.user_id}") is None


async def test_an_altered_key_signs_nothing(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    await station.ana()
    await station.session.authenticate("boris.horvat", "two")
    item = f"user-key/{STATION}/{ANA.user_id}"
    others = station.vault.get(f"user-key/{STATION}/{BORIS.user_id}")
    assert others is not None
    station.vault.put(item, others)
    station.up = False
    station.start()
    assert await station.session.sign_in("ana.kovac", "one") == Refusal(
        reason=Reason.NEEDS_SERVER, detail=(ANA.name,)
    )
    assert "session.key_altered" in caplog.text


async def test_the_journals_word_on_a_persons_rights_counts(station: Station) -> None:
    await station.ana()
    assert station.session.context().lacks(Permission.BATCH_EXECUTE) is None
    station.book.records[ANA.user_id] = Person(
        id=ANA.user_id, role=Role.AUDITOR, plants=frozenset({PLANT}), active=True
    )
    await station.session.look_again()
    assert station.session.context().lacks(Permission.BATCH_EXECUTE) is not None
    person = station.session.person.value
    assert person is not None
    assert person.role is Role.AUDITOR

    station.book.records[ANA.user_id] = replace(station.book.records[ANA.user_id], active=False)
    station.start()
    station.up = False
    assert await station.session.sign_in("ana.kovac", "one") == Refusal(
        reason=Reason.PERSON_INACTIVE, detail=(ANA.name,)
    )
