"""People: registered, given a role, deactivated by an administrator; their passwords and keys set by themselves.

What the rules decide goes through the command desk like everything else; cards and passwords lie beside it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.domain.decision import Actor, Reason, Refusal
from app.domain.identity import SYSTEM, PlantId, UserId
from app.domain.permissions import Permission as P
from app.domain.permissions import may
from app.domain.plant import (
    ChangeRole,
    DeactivatePerson,
    EnrolKey,
    RegisterPerson,
    SigningKey,
    StationStatus,
)
from app.server.auth.codes import Codes, OneTimeCode
from app.server.auth.passwords import Passwords, unfit
from app.server.auth.people import Account, account_of, add_card, as_login, keep_password
from app.server.auth.sessions import Sessions
from app.server.auth.sign_in import WRONG_SECRET, SignInNote
from app.server.auth.throttle import Throttle
from app.server.kernel.database import Database, Transaction
from app.server.kernel.desk import CommandDesk
from app.server.kernel.journal import NO_REMOTE, Event, Journal
from app.server.kernel.problems import Refused
from app.server.kernel.security import Remote
from app.wire.account import KeyRequest, PasswordCode, PasswordRequest, RegisterRequest, RoleRequest
from app.wire.sync import PersonCard

PUBLIC_KEY: Final = re.compile(r"[0-9a-f]{64}")
"""32 bytes in small hex letters, as in RFC 8032 and in the records."""
CODES: Final = "one-time codes"
"""What tries at codes are counted as: of all accounts together, for a code names none."""
By = Actor | UserId
"""Who does it. A `UserId` is looked up by the desk in its own transaction; an `Actor` is only the first ceremony's."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The use cases about people."""

    database: Database
    journal: Journal
    desk: CommandDesk
    sessions: Sessions
    passwords: Passwords
    codes: Codes
    throttle: Throttle
    new_id: Callable[[], UUID]

    async def register(
        self, by: By, plant_id: PlantId, request: RegisterRequest, remote: Remote = NO_REMOTE
    ) -> PasswordCode | Refusal:
        """A new person, and the code with which they set their password. ALREADY_EXISTS for a login ever given."""
        blank = [
            name for name in ("login", "name", "identity_checked_by") if not getattr(request, name).strip()
        ]
        if blank or not request.plants:
            return Refusal(reason=Reason.FIELD_MISSING, detail=tuple(blank) or ("plants",))
        if foreign := await self._foreign(by, request.plants):
            return foreign
        user_id = UserId(self.new_id())
        card = PersonCard(
            user_id=user_id,
            login=as_login(request.login),
            name=request.name.strip(),
            email=request.email.strip(),
            department=request.department.strip(),
        )
        command = RegisterPerson(
            user_id=user_id,
            role=request.role,
            plants=request.plants,
            identity_checked_by=request.identity_checked_by.strip(),
        )
        told: list[OneTimeCode] = []

        async def with_card(tx: Transaction) -> None:
            if not await add_card(tx, card):
                raise Refused(Refusal(reason=Reason.ALREADY_EXISTS, detail=("login",)))
            told[:] = [await self.codes.for_password(tx, user_id, _id(by))]

        try:
            acted = await self.desk.act(command, by, plant_id, remote=remote, beside=with_card)
        except Refused as refused:
            return refused.refusal
        return acted.refusal or _told(user_id, told[0])

    async def change_role(
        self, by: By, plant_id: PlantId, user_id: UserId, request: RoleRequest, remote: Remote = NO_REMOTE
    ) -> Refusal | None:
        """Another role or other plants. The person's sessions end: the next sign-in shows what they are now."""
        if foreign := await self._foreign(by, request.plants) or await self._stranger(by, user_id):
            return foreign
        command = ChangeRole(user_id=user_id, role=request.role, plants=request.plants, reason=request.reason)
        return await self._change(command, by, plant_id, remote)

    async def deactivate(
        self, by: By, plant_id: PlantId, user_id: UserId, reason: str, remote: Remote = NO_REMOTE
    ) -> Refusal | None:
        """End an account. Its id, its login and its records stay (11.300(a))."""
        if stranger := await self._stranger(by, user_id):
            return stranger
        return await self._change(DeactivatePerson(user_id=user_id, reason=reason), by, plant_id, remote)

    async def _change(
        self, command: ChangeRole | DeactivatePerson, by: By, plant_id: PlantId, remote: Remote
    ) -> Refusal | None:
        async def end_sessions(tx: Transaction) -> None:
            await self.sessions.end_all_of(tx, command.user_id)

        acted = await self.desk.act(command, by, plant_id, remote=remote, beside=end_sessions)
        return acted.refusal

    async def start_reset(
        self, by: UserId, user_id: UserId, remote: Remote = NO_REMOTE
    ) -> PasswordCode | Refusal:
        """A code with which the person sets a new password; whoever asks for it never knows one (ASVS 6.4.6)."""
        administrator = await self.account(by)
        if administrator is None or not administrator.active or not may(administrator.role, P.USER_MANAGE):
            role = administrator.role.value if administrator else ""
            return Refusal(reason=Reason.NOT_PERMITTED, detail=(role, P.USER_MANAGE.value))
        if stranger := await self._stranger(by, user_id):
            return stranger
        async with self.database.transaction() as tx:
            made = await self.codes.for_password(tx, user_id, by)
            await self._note(tx, "password.reset-started", user_id, by, remote)
        return _told(user_id, made)

    async def set_password(self, request: PasswordRequest, remote: Remote = NO_REMOTE) -> Refusal | None:
        """Set the password that a code allows to set. WRONG_SECRET, TOO_MANY_TRIES, or why it is no good password.

        A code is used up by a password that is kept, not by one that is refused. All sessions of the person end.
        """
        async with self.database.transaction() as tx:
            wait = await self.throttle.begin(tx, CODES, remote.ip_address)
            owner = None if wait else await self.codes.owner_of(tx, request.code)
            account = await account_of(tx, owner) if owner else None
        if wait is not None:
            return Refusal(reason=Reason.TOO_MANY_TRIES, detail=(str(int(wait.total_seconds()) + 1),))
        if account is None:
            return WRONG_SECRET
        if refusal := unfit(request.password, account.login, *account.name.split()):
            return refusal
        password_hash = await self.passwords.hash(request.password)
        async with self.database.transaction() as tx:
            if await self.codes.owner_of(tx, request.code) != account.user_id:
                return WRONG_SECRET  # used in the meantime
            await self.codes.use_for_password(tx, request.code)
            await keep_password(tx, account.user_id, password_hash)
            await self.sessions.end_all_of(tx, account.user_id)
            await self.throttle.passed(tx, CODES, remote.ip_address)
            await self.throttle.passed(tx, account.login, remote.ip_address)
            await self._note(tx, "password.set", account.user_id, account.user_id, remote)
        return None

    async def enrol_key(
        self, by: By, plant_id: PlantId, request: KeyRequest, remote: Remote = NO_REMOTE
    ) -> SigningKey | Refusal:
        """Register the public half of one's own key on a workstation of the plant."""
        if not PUBLIC_KEY.fullmatch(request.public_key):
            return Refusal(reason=Reason.WRONG_VALUE, detail=("public_key",))
        async with self.database.transaction() as tx:
            status = await tx.value(
                "SELECT status FROM auth.stations WHERE id = $1 AND plant_id = $2",
                request.station_id,
                plant_id,
            )
        if status is None:
            return Refusal(reason=Reason.NOT_FOUND, detail=("station",))
        if status != StationStatus.ACTIVE.value:
            return Refusal(reason=Reason.STATION_REVOKED)
        command = EnrolKey(
            key_id=request.key_id,
            user_id=_id(by),
            station_id=request.station_id,
            public_key=request.public_key,
        )
        acted = await self.desk.act(command, by, plant_id, remote=remote)
        return acted.refusal or next(each for each in acted.after if isinstance(each, SigningKey))

    async def account(self, user_id: UserId) -> Account | None:
        """A person's account."""
        async with self.database.transaction() as tx:
            return await account_of(tx, user_id)

    async def _plants_of(self, by: By) -> frozenset[PlantId]:
        if isinstance(by, Actor):
            return by.plants
        account = await self.account(by)
        return account.plants if account else frozenset()

    async def _foreign(self, by: By, plants: frozenset[PlantId]) -> Refusal | None:
        """An administrator gives access to plants of their own; who has the system's gives access to all there are."""
        own = await self._plants_of(by)
        beyond = plants - own
        if beyond and SYSTEM not in own:
            return Refusal(reason=Reason.OTHER_PLANT, detail=tuple(sorted(beyond)))
        async with self.database.transaction() as tx:
            rows = await tx.tuples("SELECT plant_id FROM auth.plants")
        unknown = plants - {SYSTEM, *(PlantId(row[0]) for row in rows)}
        return Refusal(reason=Reason.NOT_FOUND, detail=("plant", *sorted(unknown))) if unknown else None

    async def _stranger(self, by: By, user_id: UserId) -> Refusal | None:
        """Why `by` may not touch this account: it does not exist for an administrator of other plants."""
        own, account = await self._plants_of(by), await self.account(user_id)
        if account is None or (SYSTEM not in own and not account.plants & own):
            return Refusal(reason=Reason.NOT_FOUND, detail=("person",))
        return None

    async def _note(self, tx: Transaction, event: str, user_id: UserId, by: UserId, remote: Remote) -> None:
        note = Event(
            event_type=event,
            entity_type="sign-in",
            entity_id=user_id,
            action=event.partition(".")[2],
            user_id=by,
        )
        await self.journal.note(tx, SYSTEM, note, SignInNote(plant_id=SYSTEM, outcome=event), remote)


def _id(by: By) -> UserId:
    return by.user_id if isinstance(by, Actor) else by


def _told(user_id: UserId, made: OneTimeCode) -> PasswordCode:
    return PasswordCode(user_id=user_id, code=made.code, expires_at=made.expires_at)
