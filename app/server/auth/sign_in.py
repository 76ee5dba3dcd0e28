"""Signing in, staying signed in, signing out: every outcome is a row of the system journal (ruling A4).

A refusal is an answer, not a failure: what it counted and noted is committed with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.decision import Reason, Refusal
from app.domain.identity import SYSTEM, PlantId, UserId
from app.domain.record import record
from app.server.auth.access_tokens import SIGNED_OUT, AccessTokens, Bearer, Claims
from app.server.auth.passwords import Passwords
from app.server.auth.people import Account, account_by_login, account_of, as_login, keep_password
from app.server.auth.sessions import Opened, Reused, Sessions
from app.server.auth.throttle import Throttle
from app.server.kernel.database import Database, Transaction
from app.server.kernel.journal import Event, Journal
from app.server.kernel.security import Remote
from app.wire.account import LoginRequest, TokenPair

NOBODY = UUID(int=0)
"""The entity of a sign-in that named no account."""
WRONG_SECRET = Refusal(reason=Reason.WRONG_SECRET)
"""One answer, whoever was named: it tells nobody which half was wrong (ASVS 6.3.8)."""


@record
class SignInNote:
    """The record part of a sign-in's row. A login that nobody has is not kept: it may well be a mistyped password."""

    plant_id: PlantId
    outcome: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """The use cases of a session."""

    database: Database
    journal: Journal
    tokens: AccessTokens
    sessions: Sessions
    passwords: Passwords
    throttle: Throttle
    clock: Callable[[], datetime]

    async def login(self, request: LoginRequest, remote: Remote) -> TokenPair | Refusal:
        """A token pair for the right password. WRONG_SECRET, TOO_MANY_TRIES, or why the account may not."""
        login, address = as_login(request.login), remote.ip_address
        async with self.database.transaction() as tx:
            wait = await self.throttle.begin(tx, login, address)
            account = await account_by_login(tx, login)
        if wait is not None:
            return Refusal(reason=Reason.TOO_MANY_TRIES, detail=(str(int(wait.total_seconds()) + 1),))
        # Outside any transaction: Argon2 takes its time, and a shift change must not hold the pool.
        checked = await self.passwords.check(request.password, account.password_hash if account else None)
        async with self.database.transaction() as tx:
            if account is None or not checked.right:
                await self._note(tx, "sign-in.failed", request, account, remote)
                return WRONG_SECRET
            await self.throttle.passed(tx, login, address)
            if checked.rehashed is not None:
                await keep_password(tx, account.user_id, checked.rehashed)
            if refusal := _barred(account, request.plant_id):
                await self._note(tx, "sign-in.barred", request, account, remote)
                return refusal
            opened = await self.sessions.begin(
                tx, account.user_id, request.plant_id, request.station_id, remote
            )
            await self._note(tx, "sign-in.succeeded", request, account, remote)
        return self._pair(account, opened)

    async def refresh(self, token: str, remote: Remote) -> TokenPair | Refusal:
        """The next pair of a session. The person's role is the one they have now."""

        async def work(tx: Transaction) -> TokenPair | Refusal:
            opened = await self.sessions.refresh(tx, token, remote)
            if isinstance(opened, Reused):
                await self._note_session(tx, "session.reused", opened.user_id, opened.family_id, remote)
                return SIGNED_OUT
            account = await account_of(tx, opened.user_id) if opened else None
            if opened is None or account is None or _barred(account, opened.plant_id):
                return SIGNED_OUT
            return self._pair(account, opened)

        return await self.database.repeated(work)

    async def logout(self, claims: Claims, remote: Remote) -> None:
        """End the session of an access token, and that token with it."""
        async with self.database.transaction() as tx:
            await tx.execute(
                "INSERT INTO auth.revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                str(claims.token_id),
                claims.expires_at,
            )
            await tx.execute("DELETE FROM auth.revoked_tokens WHERE expires_at < $1", self.clock())
            if claims.session_id is not None and claims.user_id is not None:
                await self.sessions.end(tx, claims.session_id)
                await self._note_session(tx, "session.ended", claims.user_id, claims.session_id, remote)

    def _pair(self, account: Account, opened: Opened) -> TokenPair:
        bearer = Bearer(
            user_id=account.user_id,
            email=account.email,
            role=account.role,
            department=account.department,
            plant_id=opened.plant_id,
            session_id=opened.family_id,
        )
        return TokenPair(
            access_token=self.tokens.for_person(bearer),
            expires_in=self.tokens.seconds,
            refresh_token=opened.refresh_token,
            refresh_expires_in=opened.seconds,
        )

    async def _note(
        self, tx: Transaction, event: str, request: LoginRequest, account: Account | None, remote: Remote
    ) -> None:
        await self.journal.note(
            tx,
            SYSTEM,
            Event(
                event_type=event,
                entity_type="sign-in",
                entity_id=account.user_id if account else NOBODY,
                action=event.partition(".")[2],
                user_id=account.user_id if account else None,
                station_id=request.station_id,
            ),
            SignInNote(plant_id=request.plant_id, outcome=event),
            remote,
        )

    async def _note_session(
        self, tx: Transaction, event: str, user_id: UserId, family_id: UUID, remote: Remote
    ) -> None:
        note = Event(
            event_type=event,
            entity_type="sign-in",
            entity_id=family_id,
            action=event.partition(".")[2],
            user_id=user_id,
        )
        await self.journal.note(tx, SYSTEM, note, SignInNote(plant_id=SYSTEM, outcome=event), remote)


def _barred(account: Account, plant_id: PlantId) -> Refusal | None:
    """Why somebody with the right password still may not: told to them alone."""
    if not account.active:
        return Refusal(reason=Reason.PERSON_INACTIVE)
    if plant_id not in account.plants:
        return Refusal(reason=Reason.OTHER_PLANT, detail=(plant_id,))
    return None
