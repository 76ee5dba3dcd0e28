"""A secret wrapped with a password: Argon2id makes the key (RFC 9106), AES-256-GCM closes the box.

A kiosk's operating-system account can read what its keyring holds (ruling B19), so what lies there under a
person's password must cost an attacker memory and time for every guess.
"""

import hashlib
import unicodedata
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import ConfigDict, Field

from app.client.vault import RandomBytes

_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_CHECK_DIGITS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Cost:
    """What one guess costs. Kept with every box, so that it can be raised later without losing the boxes of today.

    The bounds are those of a stored text we are willing to run: an altered one can't make this machine
    swap.
    """

    __pydantic_config__: ClassVar[ConfigDict] = {"extra": "forbid"}

    memory_kib: Annotated[int, Field(ge=8, le=1_048_576)] = 65_536
    passes: Annotated[int, Field(ge=1, le=32)] = 3
    lanes: Annotated[int, Field(ge=1, le=16)] = 1


STANDARD_COST: Final = Argon2Cost()
"""64 MiB, three passes, one lane: about 0.15 s on a plant PC."""


@dataclass(frozen=True, slots=True)
class WrongSecret:
    """The password does not open the box. Whether password or box is at fault, the cipher can't tell, by design."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordBox:
    """A closed box. `sealed` is the ciphertext with its 16-byte tag."""

    __pydantic_config__: ClassVar[ConfigDict] = {
        "extra": "forbid",
        "ser_json_bytes": "base64",
        "val_json_bytes": "base64",
    }

    cost: Argon2Cost
    salt: Annotated[bytes, Field(min_length=_SALT_BYTES, max_length=_SALT_BYTES)]
    nonce: Annotated[bytes, Field(min_length=_NONCE_BYTES, max_length=_NONCE_BYTES)]
    sealed: Annotated[bytes, Field(min_length=17, max_length=1024)] = field(repr=False)

    def open(self, password: str, *, bound_to: bytes) -> bytes | WrongSecret:
        """The secret. Blocks for as long as the cost says (about 0.15 s): call it in a thread.

        `bound_to` is what the box was closed for; a box moved to another owner does not open.
        """
        try:
            return AESGCM(_key_from(password, self.salt, self.cost)).decrypt(
                self.nonce, self.sealed, bound_to
            )
        except InvalidTag:
            return WrongSecret()


def close_box(
    secret: bytes,
    password: str,
    *,
    bound_to: bytes,
    random_bytes: RandomBytes,
    cost: Argon2Cost = STANDARD_COST,
) -> PasswordBox:
    """Wrap `secret`. A fresh salt makes a fresh key, so no nonce meets the same key twice. Blocks as `open`."""
    salt, nonce = random_bytes(_SALT_BYTES), random_bytes(_NONCE_BYTES)
    sealed = AESGCM(_key_from(password, salt, cost)).encrypt(nonce, secret, bound_to)
    return PasswordBox(cost=cost, salt=salt, nonce=nonce, sealed=sealed)


def with_check(text: str) -> str:
    """The text and a short digest of it, so that damage is told from a wrong password. It stops no forger."""
    return f"{text}#{_digest(text)}"


def without_check(text: str) -> str | None:
    """The text that `with_check` was given, or None where one or the other was altered."""
    body, _, digest = text.rpartition("#")
    return body if digest == _digest(body) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_CHECK_DIGITS]


def _key_from(password: str, salt: bytes, cost: Argon2Cost) -> bytes:
    # Two keyboards may compose the same letter differently: NFC makes one password of them (RFC 8265 §4.2.2).
    secret = unicodedata.normalize("NFC", password).encode()
    return hash_secret_raw(secret, salt, cost.passes, cost.memory_kib, cost.lanes, _KEY_BYTES, Type.ID)
