"""Passwords: Argon2id (RFC 9106), the same time for those nobody has, and what may become one."""

import asyncio
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.domain.decision import Reason, Refusal

SHORTEST: Final = 15
"""Characters of a password that is the only factor (NIST SP 800-63B-4 §3.1.1.2; ASVS 6.2.1)."""
LONGEST: Final = 256
FEWEST_LETTERS: Final = 5
"""Different characters at least: `aaaaaaaaaaaaaaa` is fifteen long and no secret."""
COMMON: Final = frozenset(
    {
        "123456789012345",
        "1234567890123456",
        "passwordpassword",
        "password12345678",
        "qwertyuiopasdfgh",
        "qwertyuiop12345",
        "iloveyouiloveyou",
        "adminadminadmin",
        "administrator123",
        "changemechangeme",
        "letmeinletmeinletmein",
        "correcthorsebatterystaple",
    }
)
"""The most guessed of those that are long enough at all. Shorter ones fall to `SHORTEST`."""
SITE_WORDS: Final = ("batchwright",)

MEMORY_KIB: Final = 19_456  # OWASP's first choice: 19 MiB, two passes, one lane; 34 ms on a plant server
PASSES: Final = 2
LANES: Final = 1
AT_ONCE: Final = 4  # a shift change must not take a gigabyte


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password was right. `rehashed` is what to store from now on, where the cost was raised since."""

    right: bool
    rehashed: str | None = field(default=None, repr=False)


class Passwords:
    """Hashes and checks, in a thread each and few at once. One of these per process."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._hash = PasswordHash((Argon2Hasher(PASSES, MEMORY_KIB, LANES),))
        self._nobodys = self._hash.hash(random_bytes(32))
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """What to store of `password`: Argon2id with its cost and a fresh salt."""
        async with self._turn:
            return await asyncio.to_thread(self._hash.hash, _normal(password))

    async def check(self, password: str, stored: str | None) -> Checked:
        """Whether `password` is the one behind `stored`. Without one it takes as long and is wrong (ASVS 6.3.8)."""
        async with self._turn:
            right, rehashed = await asyncio.to_thread(
                self._hash.verify_and_update, _normal(password), stored or self._nobodys
            )
        return Checked(right and stored is not None, rehashed if stored is not None else None)


def unfit(password: str, *about: str) -> Refusal | None:
    """Why `password` cannot become one, or None. `about`: words an attacker tries first, such as the login.

    Any character and any composition is allowed, nothing is cut off and nothing expires (ASVS 6.2.5 to 6.2.10).
    """
    plain = _normal(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        return Refusal(reason=Reason.WRONG_VALUE, detail=("password", f"{SHORTEST} to {LONGEST} characters"))
    folded = plain.casefold()
    guessed = [word for word in (*SITE_WORDS, *about) if len(word) > 3 and word.casefold() in folded]
    if guessed or folded in COMMON or len(set(folded)) < FEWEST_LETTERS:
        return Refusal(reason=Reason.WRONG_VALUE, detail=("password", "easily guessed"))
    return None


def _normal(password: str) -> str:
    # Two keyboards may compose the same letter differently: NFC makes one password of them (RFC 8265 §4.2.2).
    return unicodedata.normalize("NFC", password)
