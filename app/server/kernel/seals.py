"""Sealed commands as they arrive: read without trust, verified against the key of their author."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.domain.decision import Actor, Reason, Refusal
from app.domain.envelope import Envelope
from app.domain.identity import CommandId, KeyId, PlantId, StationId, derived
from app.server.kernel.security import NO_REMOTE, Remote
from app.wire.codec import Malformed, load_envelope
from app.wire.seal import NO_STATION, SealedCommand

_HEX_64: Final = re.compile(r"[0-9a-f]{64}")
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The one character that PostgreSQL keeps in no text."""


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One command on its way to an outcome.

    `id` is the envelope's, or follows from the bytes where they cannot be read. `fault` says what is wrong with it
    before any rule is asked; `whole`: its seal has the shape of one; `foreign`: sealed
    at another station than the one that delivers it. `signed_by` is the public key (hex) that its
    signature was found to be of, nothing where it is of none we tried, None where nobody looked yet. `actor` is
    given where the server itself sealed it (REST), with `interactive`.
    """

    sealed: SealedCommand
    id: CommandId
    digest: bytes
    envelope: Envelope | None
    fault: Refusal | None = None
    whole: bool = True
    foreign: bool = False
    signed_by: str | None = None
    in_chain: bool = False
    actor: Actor | None = None
    interactive: bool = False
    remote: Remote = NO_REMOTE

    @property
    def aside_id(self) -> CommandId:
        """The id it is kept under when its own is not its to take: other content has it, or another station's it is."""
        return CommandId(derived(self.id, self.digest.hex(), *(["foreign"] if self.foreign else [])))


def read_arrival(sealed: SealedCommand, station_id: StationId, plant_id: PlantId) -> Arrival:
    """Parse a command that `station_id` delivered for `plant_id`. Never raises: what is wrong becomes `fault`."""
    envelope: Envelope | None = None
    fault: Refusal | None = None
    try:
        envelope = load_envelope(sealed.body)
        if "\\u0000" in sealed.body and _NUL.search(sealed.body):
            fault = Refusal(reason=Reason.MALFORMED, detail=("a character that cannot be kept",))
    except (Malformed, RecursionError) as error:
        fault = Refusal(reason=Reason.MALFORMED, detail=(str(error)[:500].replace("\0", "\ufffd"),))
    whole = _HEX_64.fullmatch(sealed.prev) is not None and 0 <= sealed.counter < 2**63 - 1
    if not whole:
        fault = fault or Refusal(reason=Reason.MALFORMED, detail=("seal",))
    digest = sealed.digest if whole else sha256(repr(sealed).encode()).digest()
    foreign = sealed.station_id != station_id
    if foreign:
        fault = fault or Refusal(reason=Reason.BAD_SEAL, detail=("station",))
    if envelope is not None and fault is None:
        if envelope.station_id != station_id:
            fault = Refusal(reason=Reason.BAD_SEAL, detail=("station",))
        elif envelope.plant_id != plant_id:
            fault = Refusal(reason=Reason.OTHER_PLANT, detail=(envelope.plant_id,))
    command_id = envelope.id if envelope is not None else _id_in(sealed.body, digest)
    return Arrival(
        sealed=sealed,
        id=command_id,
        digest=digest,
        envelope=envelope,
        fault=fault,
        whole=whole,
        foreign=foreign,
    )


def _id_in(body: str, digest: bytes) -> CommandId:
    """The id that an unreadable envelope claims, so that its station knows which one is meant; else a made one."""
    try:
        told: Any = json.loads(body)
        return CommandId(UUID(told["id"]))
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
        return CommandId(derived(NO_STATION, digest.hex()))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A registered public key: whose, of which station, and whether it still signs."""

    public_key: str
    user_id: UUID
    station_id: UUID
    revoked: bool


Keys = Mapping[KeyId, KnownKey]


def read_arrivals(
    commands: Sequence[SealedCommand],
    station_id: StationId,
    plant_id: PlantId,
    remote: Remote = NO_REMOTE,
    keys: Keys | None = None,
) -> list[Arrival]:
    """Parse a run of commands and, where `keys` are given, verify each signature under the key that it names.

    For a thread of its own where there are many: a verification takes 0.1 ms of processor time and lets the
    interpreter go meanwhile, so it runs while the run before waits for the database.
    """
    arrivals = [read_arrival(each, station_id, plant_id) for each in commands]
    for each in arrivals:
        each.remote = remote
        key = keys.get(each.sealed.key_id) if keys else None
        if key is not None and each.fault is None:
            each.signed_by = signer(each, key.public_key)
    return arrivals


def signer(each: Arrival, public_key: str) -> str:
    """`public_key` where the command is signed by it, else nothing."""
    return public_key if is_signed(public_key, each.sealed.signature, each.digest) else ""


def check_seals(arrivals: Sequence[Arrival], keys: Keys) -> None:
    """Put what is wrong with each seal into its `fault`: no such key, another's, revoked, or not signed by it.

    `keys` as the transaction sees them; the workstation's own stands there under the workstation's id.
    """
    for each in arrivals:
        if each.envelope is not None and each.fault is None:
            each.fault = _seal_fault(each, each.envelope, keys)


def _seal_fault(each: Arrival, envelope: Envelope, keys: Keys) -> Refusal | None:
    key = keys.get(each.sealed.key_id)
    author = envelope.author_id or each.sealed.station_id
    if key is None or key.user_id != author or key.station_id != each.sealed.station_id:
        return Refusal(reason=Reason.UNKNOWN_KEY)
    if key.revoked:
        return Refusal(reason=Reason.UNKNOWN_KEY, detail=("revoked",))
    if each.signed_by is None:
        each.signed_by = signer(each, key.public_key)
    if each.signed_by != key.public_key:
        return Refusal(reason=Reason.BAD_SEAL)
    return None


def is_signed(public_key: str, signature: str, digest: bytes) -> bool:
    """Whether `signature` (hex) over `digest` is of the key with this public half (hex)."""
    try:
        _public(public_key).verify(bytes.fromhex(signature), digest)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=4096)
def _public(public_key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
