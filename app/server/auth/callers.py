"""Reads access tokens for the whole API: a sound token, whose holder may still use it at this moment.

The database has the last word at every request (ASVS 8.3.2): a session that was ended, a person who was deactivated,
given another role or taken off the plant, a workstation that was revoked are out at once, not when the token ends.
"""

from app.domain.decision import Reason, Refusal
from app.domain.permissions import ROLES, Role
from app.domain.plant import StationStatus
from app.server.auth.access_tokens import SIGNED_OUT, AccessTokens, Claims
from app.server.kernel.database import Database, Transaction
from app.server.kernel.security import Caller


class Callers:
    """The token reader of `app.state.token_reader`."""

    def __init__(self, tokens: AccessTokens, database: Database) -> None:
        self._tokens = tokens
        self._database = database

    async def read(self, bearer: str) -> Caller | Refusal:
        """Who holds `bearer`."""
        claims = self._tokens.read(bearer)
        if isinstance(claims, Refusal):
            return claims
        async with self._database.transaction() as tx:
            return await _station(tx, claims) if claims.station_id else await _person(tx, claims)


async def _person(tx: Transaction, claims: Claims) -> Caller | Refusal:
    known = await tx.first(
        """
        SELECT p.role, p.plants, p.active, s.station_id
        FROM auth.persons p
        JOIN auth.auth_sessions s ON s.user_id = p.id AND s.family_id = $2 AND s.revoked_at IS NULL
        WHERE p.id = $1 AND NOT EXISTS (SELECT FROM auth.revoked_tokens r WHERE r.jti = $3)
        LIMIT 1
        """,
        claims.user_id,
        claims.session_id,
        str(claims.token_id),
    )
    if known is None or not known["active"] or claims.plant_id not in known["plants"]:
        return SIGNED_OUT
    role = Role(known["role"])
    if role is not claims.role:
        return SIGNED_OUT
    return Caller(
        plant_id=claims.plant_id,
        permissions=ROLES[role],
        user_id=claims.user_id,
        station_id=known["station_id"],
        token_id=str(claims.token_id),
    )


async def _station(tx: Transaction, claims: Claims) -> Caller | Refusal:
    status = await tx.value("SELECT status FROM auth.stations WHERE id = $1", claims.station_id)
    if status is None:
        return SIGNED_OUT
    if status != StationStatus.ACTIVE.value:
        return Refusal(reason=Reason.STATION_REVOKED)
    return Caller(
        plant_id=claims.plant_id,
        permissions=frozenset(),
        station_id=claims.station_id,
        is_station=True,
        token_id=str(claims.token_id),
    )
