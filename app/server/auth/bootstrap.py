"""The first ceremony: a plant and its two administrators, made where nobody is yet (ruling B26; ASVS 6.3.2).

It goes through the same desk and journal as everything after it. There is no default account: whoever stands at the
server's own console gives two people their first passwords.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from app.domain.decision import Actor, Reason, Refusal
from app.domain.identity import SYSTEM, PlantId, UserId
from app.domain.permissions import Role
from app.domain.plant import FoundPlant, RegisterPerson
from app.server.auth.accounts import By
from app.server.auth.authentication import Authentication
from app.server.auth.passwords import unfit
from app.server.auth.people import add_card, as_login, keep_password
from app.server.kernel.database import Database, Transaction
from app.server.kernel.desk import CommandDesk
from app.server.kernel.problems import Refused
from app.wire.account import PasswordRequest, RegisterRequest
from app.wire.sync import PersonCard

_ONE_CEREMONY: Final = 7_240_013_112
"""The advisory lock under which nobody else begins a first ceremony."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody with the password they chose."""

    login: str
    name: str
    password: str = field(repr=False)
    email: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """The plant's first administrators, in the order they were given."""

    plant_id: PlantId
    administrators: tuple[UserId, UserId]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What the console, the demo and tests use to bring a plant into being."""

    database: Database
    desk: CommandDesk
    authentication: Authentication
    new_id: Callable[[], UUID]

    async def is_first_start(self) -> bool:
        """Whether nobody has an account yet."""
        async with self.database.transaction() as tx:
            return not await tx.value("SELECT EXISTS (SELECT FROM auth.persons)")

    async def found(self, plant: FoundPlant, first: Newcomer, second: Newcomer) -> Founded | Refusal:
        """The plant and its two administrators, who vouch for each other's identity.

        ALREADY_EXISTS where anybody has an account: from then on administrators do this, with their own password.
        """
        for each, other in ((first, second), (second, first)):
            if refusal := _incomplete(each) or unfit(each.password, each.login, *each.name.split()):
                return refusal
            if as_login(each.login) == as_login(other.login):
                return Refusal(reason=Reason.ALREADY_EXISTS, detail=("login",))
        ids = (UserId(self.new_id()), UserId(self.new_id()))
        # Nobody can be looked up yet: this one actor stands for who founds, and is the first administrator.
        founder = Actor(
            user_id=ids[0],
            name=first.name,
            role=Role.SYSTEM_ADMIN,
            plants=frozenset({SYSTEM, plant.plant_id}),
        )
        if refusal := await self._administrator(founder, ids[0], first, second.name, plant.plant_id):
            return refusal
        if refusal := await self._administrator(founder, ids[1], second, first.name, plant.plant_id):
            return refusal
        if refusal := await self.found_plant(ids[0], plant):
            return refusal
        return Founded(plant_id=plant.plant_id, administrators=ids)

    async def _administrator(
        self, founder: Actor, user_id: UserId, newcomer: Newcomer, vouched_by: str, plant_id: PlantId
    ) -> Refusal | None:
        password_hash = await self.authentication.sign_in.passwords.hash(newcomer.password)
        card = PersonCard(
            user_id=user_id,
            login=as_login(newcomer.login),
            name=newcomer.name.strip(),
            email=newcomer.email.strip(),
            department=newcomer.department.strip() or "Administration",
        )
        command = RegisterPerson(
            user_id=user_id,
            role=Role.SYSTEM_ADMIN,
            plants=frozenset({SYSTEM, plant_id}),
            identity_checked_by=vouched_by.strip(),
        )

        async def with_card(tx: Transaction) -> None:
            await tx.execute("SELECT pg_advisory_xact_lock($1)", _ONE_CEREMONY)
            others = await tx.value(
                "SELECT count(*) FROM auth.persons WHERE id <> ALL($1::uuid[])", [user_id, founder.user_id]
            )
            if others or not await add_card(tx, card):
                raise Refused(Refusal(reason=Reason.ALREADY_EXISTS, detail=("person",)))
            await keep_password(tx, user_id, password_hash)

        try:
            return (await self.desk.act(command, founder, SYSTEM, beside=with_card)).refusal
        except Refused as refused:
            return refused.refusal

    async def found_plant(self, by: By, plant: FoundPlant) -> Refusal | None:
        """A plant, founded by an administrator of the system."""
        return (await self.desk.act(plant, by, SYSTEM)).refusal

    async def enlist(
        self, by: By, newcomer: Newcomer, role: Role, plants: frozenset[PlantId], identity_checked_by: str
    ) -> UserId | Refusal:
        """Register a person who sets their password at once: for the demo and for tests.

        An administrator at work registers without a password and hands the one-time code over.
        """
        if refusal := unfit(newcomer.password, newcomer.login, *newcomer.name.split()):
            return refusal
        request = RegisterRequest(
            login=newcomer.login,
            name=newcomer.name,
            email=newcomer.email,
            department=newcomer.department,
            role=role,
            plants=plants,
            identity_checked_by=identity_checked_by,
        )
        told = await self.authentication.accounts.register(by, SYSTEM, request)
        if isinstance(told, Refusal):
            return told
        refusal = await self.authentication.accounts.set_password(
            PasswordRequest(code=told.code, password=newcomer.password)
        )
        return refusal or told.user_id


def _incomplete(newcomer: Newcomer) -> Refusal | None:
    blank = [name for name in ("login", "name") if not getattr(newcomer, name).strip()]
    return Refusal(reason=Reason.FIELD_MISSING, detail=tuple(blank)) if blank else None
