"""Refresh tokens: opaque, stored hashed, rotated at every use (RFC 9700 §4.14.2).

A family is one sign-in. A spent token that comes again ends its family, for one of two holders is a thief; but just
after it was spent, and until its successor was used, it is far more often a client whose answer got lost, and gets
the same successor again.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from app.domain.identity import PlantId, StationId, UserId
from app.server.auth.settings import AuthSettings
from app.server.auth.token_keys import TokenKeys
from app.server.kernel.database import Transaction
from app.server.kernel.security import Remote

TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session and the token that refreshes it next. `seconds`: how long it can be refreshed at all."""

    family_id: UUID
    user_id: UserId
    plant_id: PlantId
    station_id: StationId | None
    refresh_token: str = field(repr=False)
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """A spent token came again, too late to be a lost answer: its family has been ended."""

    family_id: UUID
    user_id: UserId


class Sessions:
    """Begins, refreshes and ends sessions in the caller's transaction."""

    def __init__(
        self,
        keys: TokenKeys,
        settings: AuthSettings,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._random_bytes = random_bytes

    async def begin(
        self,
        tx: Transaction,
        user_id: UserId,
        plant_id: PlantId,
        station_id: StationId | None,
        remote: Remote,
    ) -> Opened:
        """A new family with its first token."""
        now = self._clock()
        opened = Opened(
            family_id=self._new_id(),
            user_id=user_id,
            plant_id=plant_id,
            station_id=station_id,
            refresh_token=urlsafe_b64encode(self._random_bytes(TOKEN_BYTES)).rstrip(b"=").decode(),
            seconds=int(self._settings.session_life.total_seconds()),
        )
        await self._add(tx, opened, now, now + self._settings.session_life, remote)
        return opened

    async def _add(
        self, tx: Transaction, opened: Opened, now: datetime, end: datetime, remote: Remote
    ) -> UUID:
        """A row for the session's next token. Answers its id."""
        row_id = self._new_id()
        await tx.execute(
            """
            INSERT INTO auth.auth_sessions (id, family_id, user_id, plant_id, station_id, token_hash, created_at,
                expires_at, absolute_expires_at, ip_address, user_agent)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)
            """,
            row_id,
            opened.family_id,
            opened.user_id,
            opened.plant_id,
            opened.station_id,
            _hashed(opened.refresh_token),
            now,
            end,
            remote.ip_address,
            remote.user_agent,
        )
        return row_id

    async def refresh(self, tx: Transaction, token: str, remote: Remote) -> Opened | Reused | None:
        """The session behind `token` with its next token; None for a token that opens nothing (any more)."""
        now = self._clock()
        row = await tx.first(
            "SELECT * FROM auth.auth_sessions WHERE token_hash = $1 FOR UPDATE", _hashed(token)
        )
        if row is None or row["revoked_at"] is not None or row["absolute_expires_at"] <= now:
            return None
        opened = Opened(
            family_id=row["family_id"],
            user_id=UserId(row["user_id"]),
            plant_id=PlantId(row["plant_id"]),
            station_id=StationId(row["station_id"]) if row["station_id"] else None,
            refresh_token=self._keys.successor(token),
            seconds=int((row["absolute_expires_at"] - now).total_seconds()),
        )
        if row["rotated_at"] is None:
            successor = await self._add(tx, opened, now, row["absolute_expires_at"], remote)
            await tx.execute(
                "UPDATE auth.auth_sessions SET rotated_at = $2, successor_id = $3 WHERE id = $1",
                row["id"],
                now,
                successor,
            )
            await tx.execute(
                "UPDATE auth.auth_sessions SET successor_used_at = $2 WHERE family_id = $1 AND successor_id = $3",
                row["family_id"],
                now,
                row["id"],
            )
        elif (
            row["successor_used_at"] is not None or now - row["rotated_at"] > self._settings.lost_answer_grace
        ):
            await self.end(tx, opened.family_id)
            return Reused(family_id=opened.family_id, user_id=opened.user_id)
        return opened

    async def end(self, tx: Transaction, family_id: UUID) -> None:
        """End one session."""
        await tx.execute(
            "UPDATE auth.auth_sessions SET revoked_at = $2 WHERE family_id = $1 AND revoked_at IS NULL",
            family_id,
            self._clock(),
        )

    async def end_all_of(self, tx: Transaction, user_id: UserId) -> None:
        """End every session of one person: their password, role or account changed (ASVS 7.4.1 to 7.4.3)."""
        await tx.execute(
            "UPDATE auth.auth_sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL",
            user_id,
            self._clock(),
        )


def _hashed(token: str) -> str:
    """A token has 256 bits of chance: one SHA-256 is all it takes."""
    return sha256(token.encode()).hexdigest()
