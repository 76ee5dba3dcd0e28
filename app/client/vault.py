"""The operating system's keyring behind a small port. What cannot be kept there is not kept at all.

Only the credential stores named in `TRUSTED` are ever loaded: no plug-in of the keyring library is
imported, so an installed `keyrings.alt`, which writes plain text, can't be chosen by accident. Without a
store the session goes on with `MemoryVault`, which says so. Security requirement 39.
"""

import asyncio
import importlib
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, cast

from keyring.backend import KeyringBackend

log = logging.getLogger(__name__)

RandomBytes = Callable[[int], bytes]
"""A source of that many unpredictable bytes: `os.urandom` in the composition roots, a counter in a test."""

ITEM_LIMIT: Final = 1200
"""UTF-16 units in one item. Windows stores 2560 bytes, that is 1280 units, and fails beyond: keyring issue 355."""

TRUSTED: Final = (
    ("keyring.backends.SecretService", "Keyring"),
    ("keyring.backends.libsecret", "Keyring"),
    ("keyring.backends.kwallet", "DBusKeyring"),
    ("keyring.backends.macOS", "Keyring"),
    ("keyring.backends.Windows", "WinVaultKeyring"),
)

_ELSEWHERE: Final = {"keyring.backends.macOS": "darwin", "keyring.backends.Windows": "win32"}
"""Stores of one system alone. On any other their modules only search for its libraries, by starting compilers."""


class Vault(Protocol):
    """Where secrets lie. A call may block for tens of milliseconds, or for as long as a person takes to unlock it."""

    @property
    def durable(self) -> bool:
        """Whether an item is still there after this process has ended."""
        ...

    def get(self, item: str) -> str | None:
        """The item's value, or None where there is none. Raises `VaultFailed`."""
        ...

    def put(self, item: str, value: str) -> None:
        """Keep `value`, 1 to `ITEM_LIMIT` units long, in place of what was there. Raises `VaultFailed`, `ItemLength`."""
        ...

    def remove(self, item: str) -> None:
        """Forget the item. Nothing happens where there is none. Raises `VaultFailed`."""
        ...


class VaultFailed(RuntimeError):
    """The store answered before and does not now: locked, gone, or refused by the person. Carries no secret."""


class ItemLength(ValueError):
    """The value is empty or longer than the smallest of the supported stores keeps."""


class VaultProblem(StrEnum):
    """Why no store can be used."""

    NONE_HERE = "No credential store of the operating system was found."
    NOT_USABLE = "The credential store of the operating system is locked or does not answer."
    NOT_FAITHFUL = "The credential store of the operating system did not return what was stored."


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultUnavailable:
    """The answer of `open_vault` where secrets can't be kept. `detail` is the store's own words, for the log."""

    problem: VaultProblem
    detail: str = ""


class KeyringVault:
    """The operating system's credential store. Made by `open_vault`, which proves it by a round trip."""

    def __init__(self, backend: KeyringBackend, service: str) -> None:
        self._backend = backend
        self._service = service
        # The library wraps this one method in an untyped decorator.
        self._store = cast(Callable[[str, str, str], None], backend.set_password)  # pyright: ignore[reportUnknownMemberType]

    @property
    def durable(self) -> bool:
        return True

    @property
    def backend_name(self) -> str:
        """The store's module, for the support page: `keyring.backends.SecretService`."""
        return type(self._backend).__module__

    def get(self, item: str) -> str | None:
        try:
            return self._backend.get_password(self._name_of(item), item)
        except Exception as error:  # D-Bus, pywin32 and keyring each raise their own, unrelated types
            raise VaultFailed(_words_of(error)) from error

    def put(self, item: str, value: str) -> None:
        _refuse_length(item, value)
        try:
            self._store(self._name_of(item), item, value)
        except Exception as error:
            raise VaultFailed(_words_of(error)) from error

    def remove(self, item: str) -> None:
        if self.get(item) is None:  # the back ends disagree on whether removing nothing is an error
            return
        try:
            self._backend.delete_password(self._name_of(item), item)
        except Exception as error:
            raise VaultFailed(_words_of(error)) from error

    def _name_of(self, item: str) -> str:
        """One service name per item: Windows moves an entry away when two user names share a service."""
        return f"{self._service}/{item}"


class MemoryVault:
    """Secrets for this session only: what is used where the operating system keeps none."""

    def __init__(self) -> None:
        self._items: dict[str, str] = {}

    @property
    def durable(self) -> bool:
        return False

    def get(self, item: str) -> str | None:
        return self._items.get(item)

    def put(self, item: str, value: str) -> None:
        _refuse_length(item, value)
        self._items[item] = value

    def remove(self, item: str) -> None:
        self._items.pop(item, None)


class AwaitedVault:
    """A vault for coroutines: each call in a thread, because one in the GUI thread was measured to stall it for 63 ms."""

    def __init__(self, vault: Vault) -> None:
        self.vault: Final = vault

    @property
    def durable(self) -> bool:
        return self.vault.durable

    async def get(self, item: str) -> str | None:
        return await asyncio.to_thread(self.vault.get, item)

    async def put(self, item: str, value: str) -> None:
        await asyncio.to_thread(self.vault.put, item, value)

    async def remove(self, item: str) -> None:
        await asyncio.to_thread(self.vault.remove, item)


def open_vault(service: str, *, random_bytes: RandomBytes) -> KeyringVault | VaultUnavailable:
    """The best trusted store of this machine, after it has kept, returned and forgotten a value.

    Blocks, and may show the operating system's own unlock window: call it in a thread. `service` names the
    installation (`batchwright/<data directory's id>`), so that two of them on one account never share an
    item. When the best store fails there is no second choice: secrets that move between stores from start
    to start are secrets lost.
    """
    backend = _best_trusted()
    if backend is None:
        return VaultUnavailable(problem=VaultProblem.NONE_HERE)
    return prove(backend, service, random_bytes=random_bytes)


def import_stores() -> None:
    """Import the trusted stores' modules here and now, so that `open_vault` imports nothing in its thread."""
    for module, _ in _trusted_here():
        try:
            importlib.import_module(module)
        except Exception as error:  # as in `_best_trusted`, which asks again and says so
            log.debug("vault.backend_absent", extra={"backend": module, "detail": _words_of(error)})


def prove(
    backend: KeyringBackend, service: str, *, random_bytes: RandomBytes
) -> KeyringVault | VaultUnavailable:
    """A vault on `backend`, after it has kept, returned and forgotten a value."""
    vault = KeyringVault(backend, service)
    item, value = (
        f"probe-{random_bytes(8).hex()}",
        random_bytes(16).hex(),
    )  # its own name: two processes may probe at once
    try:
        vault.put(item, value)  # a listed store may still be locked, hence a round trip
        same = vault.get(item) == value
        vault.remove(item)
    except VaultFailed as error:
        log.warning("vault.unavailable", extra={"backend": vault.backend_name, "detail": str(error)})
        return VaultUnavailable(problem=VaultProblem.NOT_USABLE, detail=str(error))
    if not same:
        return VaultUnavailable(problem=VaultProblem.NOT_FAITHFUL, detail=vault.backend_name)
    return vault


def _trusted_here() -> tuple[tuple[str, str], ...]:
    return tuple(each for each in TRUSTED if _ELSEWHERE.get(each[0], sys.platform) == sys.platform)


def _best_trusted() -> KeyringBackend | None:
    """The trusted back end with the highest priority here. Loads nothing but the trusted modules."""
    found: list[tuple[float, KeyringBackend]] = []
    for module, name in _trusted_here():
        try:
            kind = cast(type[KeyringBackend], getattr(importlib.import_module(module), name))
            priority = kind.priority  # raises where the store is missing, by the library's contract
            backend = kind()
        except Exception as error:  # the same zoo of types as above; a store that can't be asked is not here
            log.debug("vault.backend_absent", extra={"backend": module, "detail": _words_of(error)})
            continue
        if priority > 0:
            if name == "WinVaultKeyring":
                # The default, enterprise, would roam with the account and bring one station's key to another.
                cast(Any, backend).persist = "local machine"
            found.append((priority, backend))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _refuse_length(item: str, value: str) -> None:
    units = len(value.encode("utf-16-le")) // 2
    if not 0 < units <= ITEM_LIMIT:
        raise ItemLength(f"{item}: a vault item holds 1 to {ITEM_LIMIT} characters, this one has {units}")


def _words_of(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
