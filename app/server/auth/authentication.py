"""The authentication service in one piece: what its routers and the composition root hold."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Request

from app.server.auth.access_tokens import AccessTokens
from app.server.auth.accounts import Accounts
from app.server.auth.callers import Callers
from app.server.auth.codes import Codes
from app.server.auth.passwords import Passwords
from app.server.auth.sessions import Sessions
from app.server.auth.settings import AuthSettings
from app.server.auth.sign_in import SignIn
from app.server.auth.station_tokens import StationTokens
from app.server.auth.stations import Stations
from app.server.auth.throttle import FORGOTTEN_AFTER, Throttle
from app.server.auth.token_keys import TokenKeys, open_token_keys
from app.server.kernel.database import Database
from app.server.kernel.desk import CommandDesk
from app.server.kernel.journal import Journal

KEPT_AFTER_END: Final = timedelta(days=90)
"""Sessions and codes that are over are kept so long, for whoever looks into an incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Every use case of signing in, of people and of workstations."""

    keys: TokenKeys
    tokens: AccessTokens
    callers: Callers
    sign_in: SignIn
    accounts: Accounts
    stations: Stations
    station_tokens: StationTokens
    database: Database
    clock: Callable[[], datetime]

    async def tidy(self) -> None:
        """Remove what says nothing any more: ended tokens, forgotten failures, sessions and codes long over."""
        now = self.clock()
        async with self.database.transaction() as tx:
            await tx.execute("DELETE FROM auth.revoked_tokens WHERE expires_at < $1", now)
            await tx.execute("DELETE FROM auth.throttles WHERE updated_at < $1", now - 2 * FORGOTTEN_AFTER)
            for table in ("enrolment_codes", "password_resets", "auth_sessions"):
                await tx.execute(f"DELETE FROM auth.{table} WHERE expires_at < $1", now - KEPT_AFTER_END)  # noqa: S608


def open_authentication(
    settings: AuthSettings,
    *,
    database: Database,
    journal: Journal,
    desk: CommandDesk,
    journal_key: bytes,
    clock: Callable[[], datetime],
    new_id: Callable[[], UUID],
    random_bytes: Callable[[int], bytes],
) -> Authentication:
    """The service on a migrated database. `journal_key`: the public key that signs checkpoints.

    Raises TokenKeysFailed where the key file cannot be used.
    """
    keys = open_token_keys(settings.keys_file, random_bytes)
    tokens = AccessTokens(keys, settings, clock, new_id)
    throttle = Throttle(clock)
    passwords = Passwords(random_bytes)
    sessions = Sessions(keys, settings, clock, new_id, random_bytes)
    codes = Codes(settings, clock, new_id, random_bytes)
    return Authentication(
        keys=keys,
        tokens=tokens,
        callers=Callers(tokens, database),
        sign_in=SignIn(database, journal, tokens, sessions, passwords, throttle, clock),
        accounts=Accounts(database, journal, desk, sessions, passwords, codes, throttle, new_id),
        stations=Stations(database, journal, desk, codes, throttle, journal_key),
        station_tokens=StationTokens(database, journal, tokens, throttle, clock),
        database=database,
        clock=clock,
    )


def _of(request: Request) -> Authentication:
    state: Any = request.app.state
    return state.authentication


Service = Annotated[Authentication, Depends(_of)]
"""For a route's parameter."""
