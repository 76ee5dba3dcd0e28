"""Ed25519 keys of a workstation and of the people who sign at it (21 CFR 11.300, rulings B18-B20).

The station's private key lies in the vault. A person's lies there too, but in a box that only that
person's password opens; opened, it lives in memory until `forget`. A key signs only after it has proved to
be the enrolled one (R26).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, NoReturn, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from app.client.password_box import (
    STANDARD_COST,
    Argon2Cost,
    PasswordBox,
    WrongSecret,
    close_box,
    with_check,
    without_check,
)
from app.client.vault import RandomBytes, Vault
from app.domain.identity import KeyId, StationId, UserId

_Stored = TypeVar("_Stored")

_PRIVATE_BYTES: Final = 32
_SELF_TEST: Final = b"batchwright self-test: this text is no record and no command"


class Alteration(StrEnum):
    """What is wrong with a key store that must not sign."""

    UNREADABLE = "The stored key is damaged."
    NOT_ENROLLED = "The stored key is not the one that was enrolled."
    SELF_TEST = "The key does not verify what it signs."
    ANOTHERS = "The stored key belongs to another person or workstation."


@dataclass(frozen=True, slots=True)
class AlteredKey:
    """The key store was altered or damaged, so there is no signing with it (R26)."""

    alteration: Alteration


class KeyForgotten(RuntimeError):
    """A signature was asked of a key after `forget`: the session that held it is over."""


class _HeldKey:
    """A private key in memory. Never printed, copied or pickled.

    `forget` drops the last reference this object has; Python gives no promise that the bytes are overwritten.
    """

    __slots__ = ("_private", "public_key")

    public_key: bytes
    """32 bytes, as in RFC 8032."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private: Ed25519PrivateKey | None = private
        self.public_key = private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over exactly these bytes. Raises `KeyForgotten`."""
        if self._private is None:
            raise KeyForgotten("this key was forgotten at lock, switch or sign-out")
        return self._private.sign(message)

    def forget(self) -> None:
        """End this key's life in memory. Calling it again does nothing."""
        self._private = None

    @property
    def forgotten(self) -> bool:
        return self._private is None

    def self_test(self, enrolled: bytes) -> AlteredKey | None:
        """Sign and verify once with the public key on record; None when all is well (R26: at start and on schedule)."""
        if self.public_key != enrolled:
            return AlteredKey(Alteration.NOT_ENROLLED)
        try:
            Ed25519PublicKey.from_public_bytes(enrolled).verify(self.sign(_SELF_TEST), _SELF_TEST)
        except (InvalidSignature, ValueError):
            return AlteredKey(Alteration.SELF_TEST)
        return None

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not copied or pickled")


class UserKey(_HeldKey):
    """One person's unlocked key on one workstation. In memory only."""

    __slots__ = ("key_id", "station_id", "user_id")

    def __init__(
        self, private: Ed25519PrivateKey, *, key_id: KeyId, user_id: UserId, station_id: StationId
    ) -> None:
        super().__init__(private)
        self.key_id = key_id
        self.user_id = user_id
        self.station_id = station_id

    def __repr__(self) -> str:
        return f"UserKey(key_id={self.key_id}, user_id={self.user_id}, forgotten={self.forgotten})"


class StationKey(_HeldKey):
    """The workstation's own key: it authenticates the sync and seals timers and automatic exceptions (ruling B27)."""

    __slots__ = ("station_id",)

    def __init__(self, private: Ed25519PrivateKey, *, station_id: StationId) -> None:
        super().__init__(private)
        self.station_id = station_id

    def private_bytes(self) -> bytes:
        """The 32 bytes that the key store keeps. Raises `KeyForgotten`."""
        if self._private is None:
            raise KeyForgotten("this station's key was forgotten")
        return self._private.private_bytes_raw()

    def __repr__(self) -> str:
        return f"StationKey(station_id={self.station_id}, forgotten={self.forgotten})"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A person's key as it lies in the vault: everything but the password that opens it."""

    __pydantic_config__: ClassVar[ConfigDict] = {
        "extra": "forbid",
        "ser_json_bytes": "base64",
        "val_json_bytes": "base64",
    }

    version: Literal[1] = 1
    key_id: KeyId
    user_id: UserId
    station_id: StationId
    public_key: Annotated[bytes, Field(min_length=32, max_length=32)]
    box: PasswordBox

    def text(self) -> str:
        """One line of about 500 characters for the vault, with a digest that tells damage from a wrong password."""
        return with_check(_WRAPPED.dump_json(self).decode())

    @staticmethod
    def parse(text: str) -> "WrappedKey | AlteredKey":
        """What `text` wrote."""
        return _parsed(_WRAPPED, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredStationKey:
    """The station's key as it lies in the vault."""

    __pydantic_config__: ClassVar[ConfigDict] = {
        "extra": "forbid",
        "ser_json_bytes": "base64",
        "val_json_bytes": "base64",
    }

    version: Literal[1] = 1
    station_id: StationId
    private_key: Annotated[bytes, Field(min_length=_PRIVATE_BYTES, max_length=_PRIVATE_BYTES)] = field(
        repr=False
    )


_WRAPPED: Final = TypeAdapter(WrappedKey)
_STATION: Final = TypeAdapter(_StoredStationKey)


def make_user_key(
    *,
    user_id: UserId,
    station_id: StationId,
    key_id: KeyId,
    password: str,
    random_bytes: RandomBytes,
    cost: Argon2Cost = STANDARD_COST,
) -> tuple[WrappedKey, UserKey]:
    """A new key pair for one person on one workstation: wrapped for the vault, and unlocked for use at once.

    The public half, to be enrolled, is `public_key` of either. Blocks for one Argon2id run.
    """
    private = Ed25519PrivateKey.from_private_bytes(random_bytes(_PRIVATE_BYTES))
    key = UserKey(private, key_id=key_id, user_id=user_id, station_id=station_id)
    return _wrap(key, private, password, random_bytes, cost), key


def unlock(wrapped: WrappedKey, password: str, *, enrolled: bytes) -> UserKey | WrongSecret | AlteredKey:
    """The key, once the password opened it and it proved to be `enrolled`, the public key on record. Blocks as a box.

    A whole key put in place of another, made with a password of the forger's choice, opens and is still no
    key: it is not the enrolled one.
    """
    opened = _open(wrapped, password, enrolled)
    return opened if isinstance(opened, WrongSecret | AlteredKey) else opened[0]


def rewrap(
    wrapped: WrappedKey,
    old_password: str,
    new_password: str,
    *,
    enrolled: bytes,
    random_bytes: RandomBytes,
    cost: Argon2Cost = STANDARD_COST,
) -> WrappedKey | WrongSecret | AlteredKey:
    """The same key under another password, or under the same one at a higher cost. Blocks for two Argon2id runs."""
    opened = _open(wrapped, old_password, enrolled)
    if isinstance(opened, WrongSecret | AlteredKey):
        return opened
    key, private = opened
    key.forget()
    return _wrap(key, private, new_password, random_bytes, cost)


def make_station_key(station_id: StationId, *, random_bytes: RandomBytes) -> StationKey:
    """A new key pair for this workstation. It lasts only once `KeyStore.keep_station_key` has kept it."""
    return StationKey(
        Ed25519PrivateKey.from_private_bytes(random_bytes(_PRIVATE_BYTES)), station_id=station_id
    )


class KeyStore:
    """The keys that lie in a vault, each under a name of its own. Blocks as the vault does; raises `VaultFailed`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def keep_user_key(self, wrapped: WrappedKey) -> None:
        """Keep it, in place of an older one of that person on that station."""
        self._vault.put(_user_item(wrapped.user_id, wrapped.station_id), wrapped.text())

    def user_key(self, user_id: UserId, station_id: StationId) -> WrappedKey | AlteredKey | None:
        """What is kept of that person on that station, or None."""
        text = self._vault.get(_user_item(user_id, station_id))
        if text is None:
            return None
        wrapped = WrappedKey.parse(text)
        if isinstance(wrapped, WrappedKey) and (wrapped.user_id, wrapped.station_id) != (user_id, station_id):
            return AlteredKey(Alteration.ANOTHERS)
        return wrapped

    def remove_user_key(self, user_id: UserId, station_id: StationId) -> None:
        """For a revoked key or a person who left this station for good."""
        self._vault.remove(_user_item(user_id, station_id))

    def keep_station_key(self, key: StationKey) -> None:
        """Keep it. Raises `KeyForgotten`."""
        stored = _StoredStationKey(station_id=key.station_id, private_key=key.private_bytes())
        self._vault.put(_station_item(key.station_id), with_check(_STATION.dump_json(stored).decode()))

    def station_key(self, station_id: StationId, *, enrolled: bytes) -> StationKey | AlteredKey | None:
        """The station's key, self-tested against the public key on record, or None where the vault has none."""
        text = self._vault.get(_station_item(station_id))
        if text is None:
            return None
        stored = _parsed(_STATION, text)
        if isinstance(stored, AlteredKey):
            return stored
        if stored.station_id != station_id:
            return AlteredKey(Alteration.ANOTHERS)
        key = StationKey(Ed25519PrivateKey.from_private_bytes(stored.private_key), station_id=station_id)
        return key.self_test(enrolled) or key

    def remove_station_key(self, station_id: StationId) -> None:
        """For a revoked workstation."""
        self._vault.remove(_station_item(station_id))


def _open(
    wrapped: WrappedKey, password: str, enrolled: bytes
) -> tuple[UserKey, Ed25519PrivateKey] | WrongSecret | AlteredKey:
    secret = wrapped.box.open(
        password, bound_to=_bound_to(wrapped.user_id, wrapped.station_id, wrapped.key_id)
    )
    if isinstance(secret, WrongSecret):
        return secret
    if len(secret) != _PRIVATE_BYTES:
        return AlteredKey(Alteration.UNREADABLE)
    private = Ed25519PrivateKey.from_private_bytes(secret)
    key = UserKey(private, key_id=wrapped.key_id, user_id=wrapped.user_id, station_id=wrapped.station_id)
    return key.self_test(wrapped.public_key) or key.self_test(enrolled) or (key, private)


def _wrap(
    key: UserKey, private: Ed25519PrivateKey, password: str, random_bytes: RandomBytes, cost: Argon2Cost
) -> WrappedKey:
    box = close_box(
        private.private_bytes_raw(),
        password,
        bound_to=_bound_to(key.user_id, key.station_id, key.key_id),
        random_bytes=random_bytes,
        cost=cost,
    )
    return WrappedKey(
        key_id=key.key_id, user_id=key.user_id, station_id=key.station_id, public_key=key.public_key, box=box
    )


def _bound_to(user_id: UserId, station_id: StationId, key_id: KeyId) -> bytes:
    """Whose key it is, where and which. Three ids of fixed length, so unambiguous."""
    return b"batchwright user key 1" + user_id.bytes + station_id.bytes + key_id.bytes


def _parsed(adapter: TypeAdapter[_Stored], text: str) -> _Stored | AlteredKey:
    body = without_check(text)
    if body is None:
        return AlteredKey(Alteration.UNREADABLE)
    try:
        return adapter.validate_json(body)
    except ValidationError:
        return AlteredKey(Alteration.UNREADABLE)


def _user_item(user_id: UserId, station_id: StationId) -> str:
    return f"user-key/{station_id}/{user_id}"


def _station_item(station_id: StationId) -> str:
    return f"station-key/{station_id}"
