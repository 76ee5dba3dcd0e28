"""The key of the workstation's encrypted file, and the slots in which it is kept (rulings B18, B19).

One random key opens the file. It is kept in the operating system's keyring, and once more under the password
of each person enrolled here, so that a machine whose keyring is lost or locked still opens for those who work
at it. The password slots lie in a small file beside the encrypted one. With no slot at all the records on
disk are unreadable for ever: so nothing here ever makes a new key where an old file is, and nothing here
deletes one.

Who edits slots holds the encrypted file (`offline.database` gives it to one process only).
"""

import hashlib
import hmac
import json
import logging
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Annotated, ClassVar, Final, Literal

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
from app.client.vault import RandomBytes, Vault, VaultFailed
from app.domain.identity import UserId

log = logging.getLogger(__name__)

_SECRET_BYTES: Final = 32
_SALT_BYTES: Final = 16
_CHECK_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheKey:
    """The raw key of one encrypted file. `salt` is no secret: the file's first 16 bytes, and its name in the keyring."""

    secret: bytes = field(repr=False)
    salt: bytes

    def pragma_value(self) -> str:
        """As SQLCipher takes a raw key with its salt: no password derivation, so the file opens in 1 ms."""
        return f"x'{self.secret.hex()}{self.salt.hex()}'"

    def check(self) -> bytes:
        """What tells this key from any other without opening the file, and tells nothing about the key."""
        whole = hmac.digest(self.secret, b"batchwright cache key check" + self.salt, hashlib.sha256)
        return whole[:_CHECK_BYTES]


class CacheKeyProblem(StrEnum):
    """Why there is no key, in a sentence that says what to do."""

    NOT_MADE = "This workstation has no local file yet."
    ALREADY_MADE = "This workstation has a local file already; it is opened, never replaced."
    NOWHERE_TO_KEEP = (
        "The key of a local file can be kept neither in the operating system's keyring nor under a password, "
        "so none is made: this workstation works online only."
    )
    LAST_SLOT = (
        "This password is the last thing that opens the local file: it stays until the key has another place."
    )
    PASSWORD_NEEDED = (
        "The operating system's keyring does not give the key of the local file: "
        "sign in with a password that was used here before."
    )
    NOT_ENROLLED = "This person's password does not open the local file of this workstation."
    LOST = (
        "The key of the local file is neither in the operating system's keyring nor under a password. "
        "The file is kept as it is: bring back the keyring, or the file's backup."
    )
    DAMAGED = (
        "The file that holds the password slots is damaged, and the operating system's keyring does not have the key. "
        "Nothing was changed: bring back the keyring, or the slots' backup."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCacheKey:
    """There is no key, and nothing was changed. `can_open` are the people whose passwords would."""

    problem: CacheKeyProblem
    can_open: frozenset[UserId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _PasswordSlot:
    __pydantic_config__: ClassVar[ConfigDict] = {"extra": "forbid"}

    user_id: UserId
    box: PasswordBox


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slots:
    """The slots' file. `check` is `CacheKey.check`, `salt` the encrypted file's."""

    __pydantic_config__: ClassVar[ConfigDict] = {
        "extra": "forbid",
        "ser_json_bytes": "base64",
        "val_json_bytes": "base64",
    }

    version: Literal[1] = 1
    salt: Annotated[bytes, Field(min_length=_SALT_BYTES, max_length=_SALT_BYTES)]
    check: Annotated[bytes, Field(min_length=_CHECK_BYTES, max_length=_CHECK_BYTES)]
    passwords: tuple[_PasswordSlot, ...] = ()

    def people(self) -> frozenset[UserId]:
        return frozenset(slot.user_id for slot in self.passwords)


_SLOTS: Final = TypeAdapter(_Slots)


class CacheKeySlots:
    """The slots of the encrypted file at `database`. Calls block: on the keyring, the disk, an Argon2id run per password.

    Order of unlocking: `unlock` asks the keyring; where that has no key it says who can give it, and
    `unlock_with_password` does, and puts the key back into the keyring. After a sign-in with a password,
    `enrol` makes or renews that person's slot.
    """

    def __init__(
        self, database: Path, vault: Vault, *, random_bytes: RandomBytes, cost: Argon2Cost = STANDARD_COST
    ) -> None:
        self._database = database
        self.path: Final = database.with_name(database.name + ".slots")
        self._vault = vault
        self._random_bytes = random_bytes
        self._cost = cost
        self._editing = Lock()  # two people's slots may be renewed from two threads

    def make(self, *, first: tuple[UserId, str] | None = None) -> CacheKey | NoCacheKey:
        """A new key, kept in every slot there is: the keyring's, and that of the `first` person with their password.

        Only where there is neither an encrypted file nor slots of one. On disk before it returns.
        `OSError` where the slots can't be written: then no key was made.
        """
        if self.path.exists() or _holds_something(self._database):
            return NoCacheKey(problem=CacheKeyProblem.ALREADY_MADE)
        key = CacheKey(secret=self._random_bytes(_SECRET_BYTES), salt=self._random_bytes(_SALT_BYTES))
        in_keyring = self._keep_in_keyring(key)
        if not in_keyring and first is None:
            return NoCacheKey(problem=CacheKeyProblem.NOWHERE_TO_KEEP)
        passwords = () if first is None else (self._slot_for(key, *first),)
        try:
            self._write(_Slots(salt=key.salt, check=key.check(), passwords=passwords), new=True)
        except OSError as error:
            if in_keyring:  # a key of no file
                with suppress(VaultFailed):
                    self._vault.remove(_item(key.salt))
            if not isinstance(error, FileExistsError):
                raise
            return NoCacheKey(problem=CacheKeyProblem.ALREADY_MADE)  # by another instance that was faster
        return key

    def unlock(self) -> CacheKey | NoCacheKey:
        """The key from the keyring."""
        slots = self._read()
        if isinstance(slots, CacheKeyProblem):
            return self._unlock_without_slots(slots)
        key = self._from_keyring(slots.salt)
        if key is not None and hmac.compare_digest(key.check(), slots.check):
            return key
        if key is not None:
            log.warning("cache_key.another_files_key_in_keyring")
        if not slots.passwords:
            return NoCacheKey(problem=CacheKeyProblem.LOST)
        return NoCacheKey(problem=CacheKeyProblem.PASSWORD_NEEDED, can_open=slots.people())

    def unlock_with_password(self, user_id: UserId, password: str) -> CacheKey | WrongSecret | NoCacheKey:
        """The key from that person's slot; the keyring gets it again where it had lost it."""
        slots = self._read()
        if isinstance(slots, CacheKeyProblem):
            return NoCacheKey(problem=slots)
        slot = next((slot for slot in slots.passwords if slot.user_id == user_id), None)
        if slot is None:
            return NoCacheKey(problem=CacheKeyProblem.NOT_ENROLLED, can_open=slots.people())
        secret = slot.box.open(password, bound_to=_bound_to(slots.salt, user_id))
        if isinstance(secret, WrongSecret):
            return secret
        key = CacheKey(secret=secret, salt=slots.salt)
        if not hmac.compare_digest(key.check(), slots.check):
            return NoCacheKey(problem=CacheKeyProblem.DAMAGED, can_open=slots.people() - {user_id})
        if self._from_keyring(slots.salt) != key and self._keep_in_keyring(key):
            log.info("cache_key.back_in_keyring")
        return key

    def people(self) -> frozenset[UserId]:
        """Whose passwords open the file. Empty where the slots can't be read."""
        slots = self._read()
        return frozenset() if isinstance(slots, CacheKeyProblem) else slots.people()

    def enrol(self, key: CacheKey, user_id: UserId, password: str) -> NoCacheKey | None:
        """Make this person's slot, or renew it after a change of password. None when it is on disk. Raises `OSError`."""
        slot = self._slot_for(key, user_id, password)
        with self._editing:
            slots = self._read_for(key)
            if isinstance(slots, NoCacheKey):
                return slots
            kept = tuple(other for other in slots.passwords if other.user_id != user_id)
            self._write(replace(slots, passwords=(*kept, slot)))
        return None

    def withdraw(self, key: CacheKey, user_id: UserId) -> NoCacheKey | None:
        """Take this person's slot away. Refused where it is the last slot of any kind: the file would be lost with it."""
        with self._editing:
            slots = self._read_for(key)
            if isinstance(slots, NoCacheKey):
                return slots
            kept = tuple(slot for slot in slots.passwords if slot.user_id != user_id)
            if not kept and self._from_keyring(slots.salt) != key:
                return NoCacheKey(problem=CacheKeyProblem.LAST_SLOT, can_open=slots.people())
            if kept != slots.passwords:
                self._write(replace(slots, passwords=kept))
        return None

    def _read_for(self, key: CacheKey) -> _Slots | NoCacheKey:
        slots = self._read()
        if isinstance(slots, CacheKeyProblem):
            return NoCacheKey(problem=slots)
        if slots.check != key.check():
            return NoCacheKey(problem=CacheKeyProblem.DAMAGED)
        return slots

    def _unlock_without_slots(self, problem: CacheKeyProblem) -> CacheKey | NoCacheKey:
        """The slots' file is lost or damaged: the encrypted file's own first bytes still say which key is its."""
        if not _holds_something(self._database):
            return NoCacheKey(problem=problem)
        with self._database.open("rb") as file:
            salt = file.read(_SALT_BYTES)
        key = self._from_keyring(salt)
        if key is None:
            lost = CacheKeyProblem.LOST if problem is CacheKeyProblem.NOT_MADE else problem
            return NoCacheKey(problem=lost)
        try:
            if self.path.exists():  # kept: a person may still want to look at what was damaged
                self.path.replace(self.path.with_name(self.path.name + ".damaged"))
            self._write(_Slots(salt=key.salt, check=key.check()), new=True)
        except OSError as error:  # the file opens all the same, and the next start tries again
            log.warning("cache_key.slots_not_written", extra={"detail": str(error)})
        else:
            log.warning("cache_key.slots_made_again_from_keyring")
        return key

    def _slot_for(self, key: CacheKey, user_id: UserId, password: str) -> _PasswordSlot:
        box = close_box(
            key.secret,
            password,
            bound_to=_bound_to(key.salt, user_id),
            random_bytes=self._random_bytes,
            cost=self._cost,
        )
        return _PasswordSlot(user_id=user_id, box=box)

    def _from_keyring(self, salt: bytes) -> CacheKey | None:
        try:
            text = self._vault.get(_item(salt))
        except VaultFailed as error:
            log.warning("cache_key.keyring_failed", extra={"detail": str(error)})
            return None
        body = None if text is None else without_check(text)
        return None if body is None else CacheKey(secret=bytes.fromhex(body), salt=salt)

    def _keep_in_keyring(self, key: CacheKey) -> bool:
        """Whether the keyring has it now, and keeps it beyond this session."""
        if not self._vault.durable:
            return False
        try:
            self._vault.put(_item(key.salt), with_check(key.secret.hex()))
        except VaultFailed as error:
            log.warning("cache_key.keyring_failed", extra={"detail": str(error)})
            return False
        return True

    def _read(self) -> _Slots | CacheKeyProblem:
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return CacheKeyProblem.NOT_MADE
        except UnicodeDecodeError:
            return CacheKeyProblem.DAMAGED
        body = without_check(text)
        try:
            return CacheKeyProblem.DAMAGED if body is None else _SLOTS.validate_json(body)
        except ValidationError:
            return CacheKeyProblem.DAMAGED

    def _write(self, slots: _Slots, *, new: bool = False) -> None:
        readable = json.dumps(_SLOTS.dump_python(slots, mode="json"), indent=1)
        write_private(self.path, with_check(readable).encode(), new=new)


def write_private(path: Path, content: bytes, *, new: bool = False) -> None:
    """Put `content` at `path` for this account alone (0600), whole or not at all, on disk before it returns.

    `new` refuses to replace: `FileExistsError`, also when another process was faster.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(
        prefix=f"{path.name}.", suffix=".new", dir=path.parent
    )  # 0600 from birth
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if new:
            os.link(beside, path)  # unlike a rename, this fails where something is there already
        else:
            beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make a new name in `directory` durable. Windows can't open a directory, and keeps names in its own journal."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _holds_something(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _item(salt: bytes) -> str:
    """Its name in the keyring: of this very file, so that two installations on one account never meet."""
    return f"cache-key/{salt.hex()}"


def _bound_to(salt: bytes, user_id: UserId) -> bytes:
    return b"batchwright cache key 1" + salt + user_id.bytes
