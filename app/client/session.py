"""Who works at this station: signing in with or without the server, locking, and giving one's secret again to sign.

Online the server says whether a password is right; offline the person's own key does, which only their password opens.
All Argon2id runs and all calls of the keyring are made in threads.
"""

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from app.client.gateway import Gateway, Offline, key_request
from app.client.keys import KeyStore, UserKey, WrappedKey, make_user_key, unlock
from app.client.observable import Observable
from app.client.password_box import STANDARD_COST, Argon2Cost, WrongSecret
from app.client.personal_box import PersonalBox
from app.client.ports import KnownPerson, SignedIn
from app.client.vault import AwaitedVault, RandomBytes, Vault, VaultFailed
from app.domain.decision import Actor, Context, Reason, Refusal
from app.domain.identity import CommandId, KeyId, PlantId, StationId, UserId
from app.domain.permissions import Role
from app.domain.plant import Person, Policy
from app.wire.account import LoginRequest, Me, TokenPair

log = logging.getLogger(__name__)

FREE_TRIES: Final = 5
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(minutes=15)
_TOKEN_PLACE: Final = "refresh token"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHere:
    """What this station remembers of a person who signed in here. `public_key`: the enrolled one, 32 bytes."""

    user_id: UserId
    login: str
    name: str
    role: Role
    department: str
    key_id: KeyId
    public_key: bytes
    last_online: datetime
    last_seen: datetime
    wrong_tries: int = 0
    wait_until: datetime | None = None


class PeopleBook(Protocol):
    """Where people who signed in here are remembered, and what the journal says of them."""

    async def by_login(self, login: str) -> KnownHere | None: ...
    async def known(self) -> tuple[KnownHere, ...]: ...
    async def remember(self, person: KnownHere) -> None: ...
    async def record_of(self, user_id: UserId) -> Person | None: ...
    async def policy(self) -> Policy: ...


class FileSlots(Protocol):
    """The places where the local file's key is kept under people's passwords. Both block."""

    def people(self) -> frozenset[UserId]: ...
    def enrol(self, user_id: UserId, password: str) -> None: ...


class SignerKey:
    """A person whose secret was just given, with the unlocked key that seals in their name."""

    def __init__(self, key: UserKey, name: str, role: Role) -> None:
        self._key = key
        self.name: Final = name
        self.role: Final = role

    @property
    def user_id(self) -> UserId:
        return self._key.user_id

    @property
    def key_id(self) -> KeyId:
        return self._key.key_id

    def sign(self, message: bytes) -> bytes:
        """Raises `KeyForgotten` after lock, switch or sign-out."""
        return self._key.sign(message)

    def forget(self) -> None:
        self._key.forget()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proven:
    """A right password. `pair` is None where the server was not asked."""

    person: KnownHere
    key: UserKey
    pair: TokenPair | None

    @property
    def signer(self) -> SignerKey:
        return SignerKey(self.key, self.person.name, self.person.role)


class StationSession:
    """The `Session` of this station."""

    def __init__(
        self,
        *,
        station_id: StationId,
        station_name: str,
        plant_id: PlantId,
        plant_name: str,
        gateway: Gateway,
        vault: Vault,
        people: PeopleBook,
        slots: FileSlots,
        online: Callable[[], bool],
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        random_bytes: RandomBytes,
        opened: Callable[[], Awaitable[None]],
        shut: Callable[[], None],
        cost: Argon2Cost = STANDARD_COST,
    ) -> None:
        """`opened` is awaited when somebody can sign again, `shut` called as soon as nobody can."""
        self._station_id = station_id
        self._station_name = station_name
        self._plant_id = plant_id
        self._plant_name = plant_name
        self._gateway = gateway
        self._keys = KeyStore(vault)
        self._vault = AwaitedVault(vault)
        self._people = people
        self._slots = slots
        self._online = online
        self._clock = clock
        self._new_id = new_id
        self._random_bytes = random_bytes
        self._opened = opened
        self._shut = shut
        self._cost = cost
        self._person: Observable[SignedIn | None] = Observable(None)
        self._locked: Observable[bool] = Observable(False)
        self._signer: SignerKey | None = None
        self._actor: Actor | None = None
        gateway.keep_refresh_token = self._keep_refresh_token

    @property
    def person(self) -> Observable[SignedIn | None]:
        return self._person

    @property
    def locked(self) -> Observable[bool]:
        return self._locked

    def signer(self) -> SignerKey | None:
        """Who seals when nobody else is named; None while nobody is signed in or the station is locked."""
        return self._signer

    async def sign_in(self, login: str, password: str) -> SignedIn | Refusal:
        """Sign in, in place of whoever was: their commands stay in the queue and go out all the same."""
        proven = await self._prove(login, password)
        if isinstance(proven, Refusal):
            return proven
        self._forget()
        person = SignedIn(
            user_id=proven.person.user_id,
            login=proven.person.login,
            name=proven.person.name,
            role=proven.person.role,
            department=proven.person.department,
            plant_id=self._plant_id,
            plant_name=self._plant_name,
            station_id=self._station_id,
            station_name=self._station_name,
            since=self._clock(),
            offline=proven.pair is None,
        )
        await self._begin(proven)
        self._locked.set(False)
        self._person.set(person)
        log.info("session.signed_in", extra={"user": str(person.user_id), "offline": person.offline})
        return person

    async def sign_out(self) -> None:
        """Never blocked by what waits in the queue. The screen is free at once; the server is told if it answers."""
        person = self._person.value
        token_of = self._gateway.let_go_of_user()
        self._forget()
        self._person.set(None)
        self._locked.set(False)
        if person is None:
            return
        try:
            await self._vault.remove(self._token_item(person.user_id))
        except VaultFailed as error:
            log.warning("session.token_not_removed", extra={"detail": str(error)})
        if token_of is not None:
            await self._gateway.log_out(token_of)

    async def lock(self) -> None:
        """Leave the person's name on the screen, and nothing that signs or reads in their name."""
        if self._person.value is not None:
            self._forget()
            self._locked.set(True)

    async def unlock(self, password: str) -> SignedIn | Refusal:
        """Go on as the person whose name is on the screen."""
        person = self._person.value
        if person is None:
            return Refusal(reason=Reason.SIGNED_OUT)
        proven = await self._prove(person.login, password)
        if isinstance(proven, Refusal):
            return proven
        person = replace(person, offline=proven.pair is None, role=proven.person.role)
        await self._begin(proven)
        self._person.set(person)
        self._locked.set(False)
        return person

    async def authenticate(self, login: str, password: str) -> SignerKey | Refusal:
        """As `Session.authenticate`. After the offline window nobody signs here until the server was asked (B21)."""
        proven = await self._prove(login, password)
        if isinstance(proven, Refusal):
            return proven
        if proven.pair is not None:
            await self._gateway.log_out(proven.pair.access_token)  # asked only whether the password is right
        elif self._clock() > await self._offline_until(proven.person):
            return Refusal(reason=Reason.NEEDS_SERVER, detail=(proven.person.name, "offline window"))
        return proven.signer

    async def known_people(self) -> tuple[KnownPerson, ...]:
        window = timedelta(hours=(await self._people.policy()).offline_hours)
        return tuple(
            KnownPerson(
                login=each.login,
                name=each.name,
                role=each.role,
                last_seen=each.last_seen,
                offline_until=each.last_online + window,
            )
            for each in await self._people.known()
        )

    def context(self) -> Context:
        actor = self._actor or Actor(
            user_id=UserId(UUID(int=0)), name="", role=Role.AUDITOR, plants=frozenset[PlantId](), active=False
        )
        return Context(
            actor=actor,
            command_id=CommandId(self._new_id()),
            plant_id=self._plant_id,
            station_id=self._station_id,
            performed_at=self._clock(),
            clock_offset=self._gateway.clock_offset,
            offline=not self._online(),
        )

    async def look_again(self) -> None:
        """Take over what the journal says of the signed-in person now: a role changed, an account closed."""
        person, actor = self._person.value, self._actor
        if person is None or actor is None:
            return
        self._actor = await self._actor_of(person.user_id, person.name, person.role)
        if self._actor.role is not person.role:
            self._person.set(replace(person, role=self._actor.role))

    # --- proof --------------------------------------------------------------------------------------------------------

    async def _prove(self, login: str, password: str) -> _Proven | Refusal:
        """Whether the password is this person's: asked of the server, or of their key where it does not answer."""
        login = login.strip()
        known = await self._people.by_login(login)
        now = self._clock()
        if known is not None and known.wait_until is not None and known.wait_until > now:
            seconds = int((known.wait_until - now).total_seconds()) + 1
            return Refusal(reason=Reason.TOO_MANY_TRIES, detail=(str(seconds),))
        request = LoginRequest(
            login=login, password=password, plant_id=self._plant_id, station_id=self._station_id
        )
        pair = await self._gateway.login(request)
        if isinstance(pair, Offline):
            return await self._prove_here(known, password)
        if isinstance(pair, Refusal):
            if pair.reason is Reason.WRONG_SECRET and known is not None:
                return await self._wrong(known)
            return pair
        me = await self._gateway.me(pair)
        if isinstance(me, Offline):
            return await self._prove_here(known, password)
        return me if isinstance(me, Refusal) else await self._prove_online(pair, me, known, password)

    async def _prove_online(
        self, pair: TokenPair, me: Me, known: KnownHere | None, password: str
    ) -> _Proven | Refusal:
        key = await self._kept_key(known, password) if known and known.user_id == me.user_id else None
        fresh = key is None
        if key is None:
            made = await self._fresh_key(pair, me, password)
            if isinstance(made, Refusal):
                return made
            key = made
        now = self._clock()
        person = KnownHere(
            user_id=me.user_id,
            login=me.login,
            name=me.name,
            role=me.role,
            department=me.department,
            key_id=key.key_id,
            public_key=key.public_key,
            last_online=now,
            last_seen=now,
        )
        await self._people.remember(person)
        await asyncio.to_thread(self._keep_slot, me.user_id, password, fresh)
        return _Proven(person=person, key=key, pair=pair)

    async def _prove_here(self, known: KnownHere | None, password: str) -> _Proven | Refusal:
        """By the station's own copy. Outlasting the offline window: recording is never stopped (ruling B21)."""
        if known is None:
            return Refusal(reason=Reason.NEEDS_SERVER)
        wrapped = await self._wrapped(known.user_id)
        if wrapped is None:
            return Refusal(reason=Reason.NEEDS_SERVER, detail=(known.name,))
        key = await asyncio.to_thread(unlock, wrapped, password, enrolled=known.public_key)
        if isinstance(key, WrongSecret):
            return await self._wrong(known)
        if not isinstance(key, UserKey):
            log.error("session.key_altered", extra={"user": str(known.user_id), "why": key.alteration.name})
            return Refusal(reason=Reason.UNKNOWN_KEY, detail=(known.name,))
        record = await self._people.record_of(known.user_id)
        if record is not None and not record.active:
            key.forget()
            return Refusal(reason=Reason.PERSON_INACTIVE, detail=(known.name,))
        person = replace(
            known,
            role=record.role if record else known.role,
            last_seen=self._clock(),
            wrong_tries=0,
            wait_until=None,
        )
        await self._people.remember(person)
        return _Proven(person=person, key=key, pair=None)

    async def _wrong(self, known: KnownHere) -> Refusal:
        """Five tries are free; from then on each wrong one doubles the wait (ruling B24)."""
        tries = known.wrong_tries + 1
        if tries < FREE_TRIES:
            await self._people.remember(replace(known, wrong_tries=tries))
            return Refusal(reason=Reason.WRONG_SECRET)
        wait = min(_FIRST_WAIT * 2 ** min(tries - FREE_TRIES, 16), _LONGEST_WAIT)
        await self._people.remember(replace(known, wrong_tries=tries, wait_until=self._clock() + wait))
        log.warning("session.locked_for_a_while", extra={"user": str(known.user_id), "tries": tries})
        return Refusal(reason=Reason.TOO_MANY_TRIES, detail=(str(int(wait.total_seconds())),))

    # --- keys ---------------------------------------------------------------------------------------------------------

    async def _wrapped(self, user_id: UserId) -> WrappedKey | None:
        try:
            kept = await asyncio.to_thread(self._keys.user_key, user_id, self._station_id)
        except VaultFailed as error:
            log.warning("session.keyring_failed", extra={"detail": str(error)})
            return None
        if kept is not None and not isinstance(kept, WrappedKey):
            log.error("session.key_altered", extra={"user": str(user_id), "why": kept.alteration.name})
            return None
        return kept

    async def _kept_key(self, known: KnownHere, password: str) -> UserKey | None:
        """The key of before; None where it is lost, altered, or under a password that was changed since."""
        wrapped = await self._wrapped(known.user_id)
        if wrapped is None:
            return None
        key = await asyncio.to_thread(unlock, wrapped, password, enrolled=known.public_key)
        return key if isinstance(key, UserKey) else None

    async def _fresh_key(self, pair: TokenPair, me: Me, password: str) -> UserKey | Refusal:
        """A first key here, or the next after a change of password: known to the server before it is kept."""
        key_id = KeyId(self._new_id())
        wrapped, key = await asyncio.to_thread(
            lambda: make_user_key(
                user_id=me.user_id,
                station_id=self._station_id,
                key_id=key_id,
                password=password,
                random_bytes=self._random_bytes,
                cost=self._cost,
            )
        )
        answer = await self._gateway.register_key(pair, key_request(key_id, self._station_id, key.public_key))
        if isinstance(answer, Offline):
            return Refusal(reason=Reason.NEEDS_SERVER)
        if isinstance(answer, Refusal):
            return answer
        try:
            await asyncio.to_thread(self._keys.keep_user_key, wrapped)
        except VaultFailed as error:  # it signs until the session ends; the next sign-in makes another
            log.warning("session.keyring_failed", extra={"detail": str(error)})
        return key

    def _keep_slot(self, user_id: UserId, password: str, changed: bool) -> None:
        if changed or user_id not in self._slots.people():
            self._slots.enrol(user_id, password)

    # --- the session itself -------------------------------------------------------------------------------------------

    async def _begin(self, proven: _Proven) -> None:
        person = proven.person
        self._signer = proven.signer
        self._actor = await self._actor_of(person.user_id, person.name, person.role)
        if proven.pair is not None:
            self._gateway.use(proven.pair)
            await self._keep_refresh_token(proven.pair.refresh_token, person.user_id)
        else:
            token = await self._kept_refresh_token(person.user_id)
            if token:
                self._gateway.use_refresh_token(token)
        await self._opened()

    def _forget(self) -> None:
        if self._signer is not None:
            self._signer.forget()
        self._signer = None
        self._actor = None
        self._gateway.forget_user()
        self._shut()

    async def _actor_of(self, user_id: UserId, name: str, role: Role) -> Actor:
        record = await self._people.record_of(user_id)
        if record is None:
            return Actor(user_id=user_id, name=name, role=role, plants=frozenset({self._plant_id}))
        return Actor(user_id=user_id, name=name, role=record.role, plants=record.plants, active=record.active)

    async def _offline_until(self, person: KnownHere) -> datetime:
        policy = await self._people.policy()
        return person.last_online + timedelta(hours=policy.offline_hours)

    def _box(self) -> PersonalBox | None:
        return PersonalBox(self._signer.sign, self._random_bytes) if self._signer else None

    def _token_item(self, user_id: UserId) -> str:
        return f"refresh-token/{self._station_id}/{user_id}"

    async def _keep_refresh_token(self, token: str, user_id: UserId | None = None) -> None:
        """Under the person's own key (ruling B19), and only where the keyring lasts."""
        person = self._person.value
        owner = user_id or (person.user_id if person else None)
        box = self._box()
        if owner is None or box is None or not self._vault.durable:
            return
        closed = base64.b64encode(box.close(token, place=_TOKEN_PLACE)).decode()
        try:
            await self._vault.put(self._token_item(owner), closed)
        except VaultFailed as error:
            log.warning("session.token_not_kept", extra={"detail": str(error)})

    async def _kept_refresh_token(self, user_id: UserId) -> str | None:
        box = self._box()
        try:
            closed = await self._vault.get(self._token_item(user_id))
        except VaultFailed as error:
            log.warning("session.keyring_failed", extra={"detail": str(error)})
            return None
        if closed is None or box is None:
            return None
        return box.open(base64.b64decode(closed), place=_TOKEN_PLACE)
