"""What signing in and enrolling says on the wire."""

from datetime import datetime
from typing import Final
from uuid import UUID

from app.domain.identity import KeyId, PlantId, StationId, UserId
from app.domain.permissions import Role
from app.domain.record import record


@record
class LoginRequest:
    """`plant_id` is the plant the token will be for; a token is for one plant (ruling A12)."""

    login: str
    password: str
    plant_id: PlantId
    station_id: StationId | None = None


@record
class TokenPair:
    """Access tokens live minutes and in memory only; the refresh token is opaque and rotates at every use."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    token_type: str = "Bearer"


@record
class RefreshRequest:
    refresh_token: str


@record
class Me:
    """Who a token speaks for."""

    user_id: UserId
    login: str
    name: str
    email: str
    department: str
    role: Role
    plant_id: PlantId
    plants: tuple[PlantId, ...]
    permissions: tuple[str, ...]


@record
class VerifiedToken:
    """What a gateway learns of the token it presented. `subject`: a user id, or `station:` and a station id."""

    subject: str
    plant_id: PlantId
    permissions: tuple[str, ...]
    token_id: str


@record
class KeyRequest:
    """Register the public half (hex) of the signed-in person's key on a workstation."""

    key_id: KeyId
    station_id: StationId
    public_key: str


@record
class EnrolRequest:
    """A workstation's first words: the one-time code of an administrator, and its own public key (hex)."""

    code: str
    station_id: StationId
    name: str
    area: str
    public_key: str


@record
class Enrolled:
    """The plant this workstation now belongs to, and the key that signs the journal's checkpoints (hex)."""

    station_id: StationId
    plant_id: PlantId
    plant_name: str
    journal_key: str


ASSERTION_AUDIENCE: Final = "batchwright:station-token"
"""The `aud` of a station's assertion."""


@record
class StationTokenRequest:
    """`private_key_jwt` (RFC 7523): a JWT signed by the station's own Ed25519 key (ruling B26).

    Header `alg: EdDSA`; claims `iss` = `sub` = station id, `aud` = `ASSERTION_AUDIENCE`, `iat`, `exp` at most 60 s
    later, `jti` of at least 16 characters that is never used twice. The times are the server's: add the clock offset.
    """

    client_assertion: str


@record
class StationToken:
    """What the sync is authorised with. No refresh token: the station proves its key again."""

    access_token: str
    expires_in: int
    token_type: str = "Bearer"


@record
class PlantCard:
    id: UUID
    plant_id: PlantId
    name: str
    site: str


@record
class EnrolmentCode:
    """A one-time code for one workstation, told once and stored hashed."""

    code: str
    plant_id: PlantId
    expires_at: datetime


@record
class RegisterRequest:
    """A new person. `identity_checked_by`: who saw their papers (21 CFR 11.100(b))."""

    login: str
    name: str
    email: str
    department: str
    role: Role
    plants: frozenset[PlantId]
    identity_checked_by: str


@record
class PasswordCode:
    """A one-time code with which a person sets a password that nobody else knows (ASVS 6.4.6)."""

    user_id: UserId
    code: str
    expires_at: datetime


@record
class PasswordRequest:
    code: str
    password: str


@record
class RoleRequest:
    role: Role
    plants: frozenset[PlantId]
    reason: str


@record
class ReasonRequest:
    reason: str
