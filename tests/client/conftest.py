"""What the tests of the trust store share: a real keyring, a repeatable source of bytes, a cheap Argon2id."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from app.client.password_box import Argon2Cost
from app.client.vault import KeyringVault, MemoryVault, Vault, open_vault
from tests.support.keyring_session import KeyringSession

CHEAP = Argon2Cost(memory_kib=64, passes=1, lanes=1)
"""For tests that are not about the cost: one run in less than a millisecond."""


@pytest.fixture
def random_bytes() -> Callable[[int], bytes]:
    """Bytes that differ at every call and are the same at every run."""
    drawn = 0

    def draw(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(f"drawn {drawn}".encode()).digest(count)

    return draw


@pytest.fixture
def keyring_vault(
    private_keyring: KeyringSession, tmp_path: Path, random_bytes: Callable[[int], bytes]
) -> KeyringVault:
    """The real keyring, under a service name that no other test has."""
    vault = open_vault(f"batchwright-test/{tmp_path.name}", random_bytes=random_bytes)
    assert isinstance(vault, KeyringVault), vault
    return vault


@pytest.fixture(params=["gnome-keyring", "memory"])
def vault(request: pytest.FixtureRequest) -> Vault:
    """Each vault in turn: what holds for one holds for the other."""
    if request.param == "memory":
        return MemoryVault()
    real: KeyringVault = request.getfixturevalue("keyring_vault")
    return real
