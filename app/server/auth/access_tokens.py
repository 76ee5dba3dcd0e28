"""Access tokens: short-lived JWTs signed with Ed25519 (RFC 8037, RFC 9068), and what makes one unacceptable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options

from app.domain.decision import Reason, Refusal
from app.domain.identity import PlantId, StationId, UserId
from app.domain.permissions import ROLES, Role
from app.server.auth.settings import AuthSettings
from app.server.auth.token_keys import ALGORITHM, TokenKeys
from app.wire.account import ASSERTION_AUDIENCE

TYPE: Final = "at+jwt"
STATION_PREFIX: Final = "station:"
HEADERS: Final = frozenset({"alg", "kid", "typ"})
"""The only header fields we know. A `jwk`, `jku`, `x5u` or `crit` asks to be verified by the attacker's own key."""
ASSERTION_LIFE: Final = timedelta(seconds=60)
CLOCKS_APART: Final = timedelta(seconds=30)
SIGNED_OUT: Final = Refusal(reason=Reason.SIGNED_OUT)
_OUR_CLOCK: Final[Options] = {
    "require": ["iss", "aud", "sub", "iat", "exp", "jti"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
"""PyJWT reads the machine's clock by itself; times are judged here, by the clock that was handed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a valid token says. `user_id` or `station_id`: for whom. Rights are asked of the database, not of it."""

    token_id: UUID
    plant_id: PlantId
    issued_at: datetime
    expires_at: datetime
    user_id: UserId | None = None
    session_id: UUID | None = None
    role: Role | None = None
    station_id: StationId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """The person a token is made for, as of now."""

    user_id: UserId
    email: str
    role: Role
    department: str
    plant_id: PlantId
    session_id: UUID


class AccessTokens:
    """Makes and reads access tokens. `clock` and `new_id` come from the composition root."""

    def __init__(
        self,
        keys: TokenKeys,
        settings: AuthSettings,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._new_id = new_id

    @property
    def seconds(self) -> int:
        """How long a fresh token lives."""
        return int(self._settings.access_life.total_seconds())

    def for_person(self, bearer: Bearer) -> str:
        """A token for a signed-in person, with the specification's claims (§4.1)."""
        return self._signed(
            {
                "sub": str(bearer.user_id),
                "email": bearer.email,
                "role": bearer.role.value,
                "department": bearer.department,
                "plant_id": bearer.plant_id,
                "permissions": sorted(each.value for each in ROLES[bearer.role]),
                "sid": str(bearer.session_id),
            }
        )

    def for_station(self, station_id: StationId, plant_id: PlantId) -> str:
        """A token for a workstation that proved its key."""
        return self._signed(
            {"sub": f"{STATION_PREFIX}{station_id}", "plant_id": plant_id, "permissions": ["sync"]}
        )

    def _signed(self, about: Mapping[str, object]) -> str:
        now = int(self._clock().timestamp())
        claims = {
            "iss": self._settings.issuer,
            "aud": self._settings.audience,
            **about,
            "iat": now,
            "exp": now + self.seconds,
            "jti": str(self._new_id()),
        }
        headers = {"typ": TYPE, "kid": self._keys.kid}
        return jwt.encode(claims, self._keys.private, algorithm=ALGORITHM, headers=headers)

    def read(self, token: str) -> Claims | Refusal:
        """What `token` says, when this server made it for this API and it has not run out; else SIGNED_OUT.

        Every flaw gets the same answer. Whether it was revoked, the database knows: see `callers`.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.public.get(str(header.get("kid")))
            if header.get("typ") != TYPE or not set(header) <= HEADERS or key is None:
                return SIGNED_OUT
            said = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                options=_OUR_CLOCK,
            )
            claims = _claims(said)
        except (jwt.InvalidTokenError, ValueError, KeyError, TypeError):
            return SIGNED_OUT
        now = self._clock()
        if not claims.issued_at - CLOCKS_APART <= now < claims.expires_at:
            return SIGNED_OUT
        return claims


def _claims(said: Mapping[str, Any]) -> Claims:
    subject = str(said["sub"])
    of_station = subject.startswith(STATION_PREFIX)
    return Claims(
        token_id=UUID(said["jti"]),
        plant_id=PlantId(str(said["plant_id"])),
        issued_at=datetime.fromtimestamp(int(said["iat"]), UTC),
        expires_at=datetime.fromtimestamp(int(said["exp"]), UTC),
        user_id=None if of_station else UserId(UUID(subject)),
        session_id=None if of_station else UUID(said["sid"]),
        role=None if of_station else Role(said["role"]),
        station_id=StationId(UUID(subject.removeprefix(STATION_PREFIX))) if of_station else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A workstation's proof of its key (RFC 7523): good once, for a minute."""

    station_id: StationId
    token_id: str
    expires_at: datetime


def claimed_station(assertion: str) -> StationId | None:
    """The workstation that an assertion says it comes from, unproved: which key to ask."""
    try:
        said = jwt.decode(assertion, options={"verify_signature": False})
        return StationId(UUID(str(said["iss"])))
    except (jwt.InvalidTokenError, ValueError, KeyError):
        return None


def read_assertion(assertion: str, public_key: bytes, now: datetime) -> Assertion | None:
    """The proof, when `public_key` (32 bytes) made it for this purpose and it is fresh; None for any flaw."""
    try:
        header = jwt.get_unverified_header(assertion)
        if not set(header) <= HEADERS:
            return None
        said = jwt.decode(
            assertion,
            Ed25519PublicKey.from_public_bytes(public_key),
            algorithms=[ALGORITHM],
            audience=ASSERTION_AUDIENCE,
            options=_OUR_CLOCK,
        )
        issued = datetime.fromtimestamp(int(said["iat"]), UTC)
        expires = datetime.fromtimestamp(int(said["exp"]), UTC)
        station = StationId(UUID(said["sub"]))
        token_id = str(said["jti"])
    except (jwt.InvalidTokenError, ValueError, KeyError, TypeError, OverflowError):
        return None
    fresh = issued - CLOCKS_APART <= now < expires + CLOCKS_APART and expires - issued <= ASSERTION_LIFE
    if said["iss"] != said["sub"] or not fresh or not 16 <= len(token_id) <= 128:
        return None
    return Assertion(station_id=station, token_id=token_id, expires_at=expires + CLOCKS_APART)
