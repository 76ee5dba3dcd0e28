"""One-time codes: for enrolling a workstation, and for setting a password. Stored hashed, used once, soon over."""

from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from app.domain.identity import PlantId, StationId, UserId
from app.server.auth.settings import AuthSettings
from app.server.kernel.database import Transaction

CODE_BYTES: Final = 15
"""120 bits: 24 letters of base 32, in groups of four for whoever types them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCode:
    """A code as it is told, once."""

    code: str = field(repr=False)
    expires_at: datetime


class Codes:
    """Makes and takes codes in the caller's transaction."""

    def __init__(
        self,
        settings: AuthSettings,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._random_bytes = random_bytes

    async def for_station(self, tx: Transaction, plant_id: PlantId, made_by: UserId) -> OneTimeCode:
        """A code that enrols one workstation in `plant_id`."""
        made = self._make(self._settings.code_life)
        await tx.execute(
            """
            INSERT INTO auth.enrolment_codes (id, code_hash, plant_id, created_by, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            self._new_id(),
            hashed(made.code),
            plant_id,
            made_by,
            self._clock(),
            made.expires_at,
        )
        return made

    async def of_station(self, tx: Transaction, code: str) -> tuple[PlantId, UserId] | None:
        """The plant that a workstation's code opens, and who made it. None where there is no such code (any more)."""
        found = await tx.first(
            "SELECT plant_id, created_by FROM auth.enrolment_codes "
            "WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2",
            hashed(code),
            self._clock(),
        )
        return (PlantId(found["plant_id"]), UserId(found["created_by"])) if found else None

    async def use_for_station(self, tx: Transaction, code: str, station_id: StationId) -> bool:
        """Use up a workstation's code. False where another one was quicker."""
        used = await tx.execute(
            "UPDATE auth.enrolment_codes SET used_at = $2, station_id = $3 WHERE code_hash = $1 AND used_at IS NULL",
            hashed(code),
            self._clock(),
            station_id,
        )
        return used == 1

    async def for_password(self, tx: Transaction, user_id: UserId, made_by: UserId | None) -> OneTimeCode:
        """A code that sets `user_id`'s password once. Older ones of the same person end."""
        now = self._clock()
        first = await tx.value("SELECT password_hash IS NULL FROM auth.people WHERE user_id = $1", user_id)
        made = self._make(self._settings.first_code_life if first else self._settings.code_life)
        await tx.execute(
            "UPDATE auth.password_resets SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL",
            user_id,
            now,
        )
        await tx.execute(
            """
            INSERT INTO auth.password_resets (id, user_id, token_hash, started_by, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            self._new_id(),
            user_id,
            hashed(made.code),
            made_by,
            now,
            made.expires_at,
        )
        return made

    async def owner_of(self, tx: Transaction, code: str) -> UserId | None:
        """Whose password `code` may set, locked until the transaction ends. None where it may set none."""
        owner = await tx.value(
            """
            SELECT user_id FROM auth.password_resets
            WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 FOR UPDATE
            """,
            hashed(code),
            self._clock(),
        )
        return UserId(owner) if owner else None

    async def use_for_password(self, tx: Transaction, code: str) -> None:
        """The code has set a password."""
        await tx.execute(
            "UPDATE auth.password_resets SET used_at = $2 WHERE token_hash = $1", hashed(code), self._clock()
        )

    def _make(self, life: timedelta) -> OneTimeCode:
        letters = b32encode(self._random_bytes(CODE_BYTES)).decode()
        grouped = "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
        return OneTimeCode(code=grouped, expires_at=self._clock() + life)


def hashed(code: str) -> str:
    """What is stored of a code; however it was typed, with or without dashes. 120 bits need no slow hash."""
    return sha256(code.replace("-", "").replace(" ", "").upper().encode()).hexdigest()
