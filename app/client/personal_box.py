"""Things that only one person may read again at this station: half-typed values, the token of their session.

Closed with a key that follows from the person's own unlocked signing key (rulings B19, B25): at lock, switch and
sign-out it is gone with that one.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.client.vault import RandomBytes

_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"batchwright personal box 1: this text is no record and no command"


class PersonalBox:
    """Closes and opens for one person. `sign` is theirs; Ed25519 answers the same bytes with the same signature."""

    def __init__(self, sign: Callable[[bytes], bytes], random_bytes: RandomBytes) -> None:
        self._cipher = AESGCM(sha256(sign(_PURPOSE)).digest())
        self._random_bytes = random_bytes

    def close(self, text: str, *, place: str) -> bytes:
        """`text` for that person alone, at that place alone."""
        nonce = self._random_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())

    def open(self, closed: bytes, *, place: str) -> str | None:
        """What was closed, or None where it was altered, moved or another person's."""
        try:
            return self._cipher.decrypt(closed[:_NONCE_BYTES], closed[_NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, ValueError):
            return None
