"""The slots of the cache key: who can open the file, in which order, and that nothing is ever made over what is there."""

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from app.client.cache_key import CacheKey, CacheKeyProblem, CacheKeySlots, NoCacheKey, write_private
from app.client.password_box import WrongSecret
from app.client.vault import KeyringVault, MemoryVault, Vault, VaultFailed
from app.domain.identity import UserId
from offline.database import Database, NotOpened, OpenRefusal, open_database
from tests.client.conftest import CHEAP

RandomBytes = Callable[[int], bytes]
Slots = Callable[[Vault], CacheKeySlots]

ANA = UserId(UUID(int=0xA))
BOR = UserId(UUID(int=0xB))


class DurableMemory(MemoryVault):
    """A keyring for tests of what happens when it forgets or fails."""

    def __init__(self) -> None:
        super().__init__()
        self.failing = False

    @property
    def durable(self) -> bool:
        return True

    def get(self, item: str) -> str | None:
        if self.failing:
            raise VaultFailed("locked")
        return super().get(item)

    def put(self, item: str, value: str) -> None:
        if self.failing:
            raise VaultFailed("locked")
        super().put(item, value)

    def lose_everything(self) -> None:
        self._items.clear()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "station" / "cache.db"


@pytest.fixture
def slots(path: Path, random_bytes: RandomBytes) -> Slots:
    """The slots as the next start of the program sees them, with whatever vault it finds."""
    return lambda vault: CacheKeySlots(path, vault, random_bytes=random_bytes, cost=CHEAP)


def the_key(answer: CacheKey | WrongSecret | NoCacheKey) -> CacheKey:
    assert isinstance(answer, CacheKey), answer
    return answer


def filled(path: Path, key: CacheKey) -> None:
    database = open_database(path, key, [], create=True)
    assert isinstance(database, Database)
    database.close_sync()


def test_the_keyring_opens_what_it_keeps(keyring_vault: KeyringVault, slots: Slots):
    key = the_key(slots(keyring_vault).make())
    assert slots(keyring_vault).unlock() == key
    assert (len(key.secret), len(key.salt)) == (32, 16)


def test_a_password_opens_where_the_keyring_has_lost_the_key_and_the_keyring_gets_it_back(
    keyring_vault: KeyringVault, slots: Slots
):
    key = the_key(slots(keyring_vault).make(first=(ANA, "anas password")))
    keyring_vault.remove(f"cache-key/{key.salt.hex()}")
    locked = slots(keyring_vault).unlock()
    assert locked == NoCacheKey(problem=CacheKeyProblem.PASSWORD_NEEDED, can_open=frozenset({ANA}))
    assert slots(keyring_vault).unlock_with_password(ANA, "anas password") == key
    assert slots(keyring_vault).unlock() == key


def test_each_enrolled_person_opens_with_their_own_password_and_no_other(slots: Slots):
    key = the_key(slots(MemoryVault()).make(first=(ANA, "anas")))
    assert slots(MemoryVault()).enrol(key, BOR, "bors") is None
    fresh = slots(MemoryVault())
    assert fresh.people() == {ANA, BOR}
    assert (fresh.unlock_with_password(ANA, "anas"), fresh.unlock_with_password(BOR, "bors")) == (key, key)
    assert fresh.unlock_with_password(ANA, "bors") == WrongSecret()


def test_somebody_who_never_worked_here_opens_nothing(slots: Slots):
    slots(MemoryVault()).make(first=(ANA, "anas"))
    answer = slots(MemoryVault()).unlock_with_password(BOR, "bors")
    assert answer == NoCacheKey(problem=CacheKeyProblem.NOT_ENROLLED, can_open=frozenset({ANA}))


def test_a_changed_password_replaces_the_slot(slots: Slots):
    station = slots(MemoryVault())
    key = the_key(station.make(first=(ANA, "old")))
    station.enrol(key, ANA, "new")
    assert (station.unlock_with_password(ANA, "old"), station.unlock_with_password(ANA, "new")) == (
        WrongSecret(),
        key,
    )
    assert station.people() == {ANA}


def test_a_withdrawn_slot_opens_no_more(slots: Slots):
    station = slots(MemoryVault())
    key = the_key(station.make(first=(ANA, "anas")))
    station.enrol(key, BOR, "bors")
    assert station.withdraw(key, ANA) is None
    assert isinstance(station.unlock_with_password(ANA, "anas"), NoCacheKey)
    assert station.people() == {BOR}


def test_the_last_thing_that_opens_the_file_is_not_withdrawn(slots: Slots):
    station = slots(MemoryVault())
    key = the_key(station.make(first=(ANA, "anas")))
    assert station.withdraw(key, ANA) == NoCacheKey(
        problem=CacheKeyProblem.LAST_SLOT, can_open=frozenset({ANA})
    )
    assert station.unlock_with_password(ANA, "anas") == key


def test_with_neither_keyring_nor_password_no_key_is_made(slots: Slots, path: Path):
    """Ruling B18: such a station works online only; a key nobody keeps would be work lost at the next start."""
    assert slots(MemoryVault()).make() == NoCacheKey(problem=CacheKeyProblem.NOWHERE_TO_KEEP)
    assert not path.parent.exists()


def test_a_keyring_that_fails_while_the_key_is_made_leaves_the_password(
    slots: Slots, caplog: pytest.LogCaptureFixture
):
    vault = DurableMemory()
    vault.failing = True
    assert slots(vault).make() == NoCacheKey(problem=CacheKeyProblem.NOWHERE_TO_KEEP)
    key = the_key(slots(vault).make(first=(ANA, "anas")))
    assert slots(vault).unlock() == NoCacheKey(
        problem=CacheKeyProblem.PASSWORD_NEEDED, can_open=frozenset({ANA})
    )
    assert slots(vault).unlock_with_password(ANA, "anas") == key
    assert "anas" not in caplog.text
    assert key.secret.hex() not in caplog.text


def test_a_fresh_machine_is_told_from_a_lost_key(slots: Slots, path: Path):
    assert slots(MemoryVault()).unlock() == NoCacheKey(problem=CacheKeyProblem.NOT_MADE)
    filled(path, CacheKey(secret=bytes(32), salt=bytes(16)))
    assert slots(MemoryVault()).unlock() == NoCacheKey(problem=CacheKeyProblem.LOST)


def test_a_lost_key_is_said_and_nothing_is_changed_or_made_anew(slots: Slots, path: Path):
    vault = DurableMemory()
    filled(path, the_key(slots(vault).make()))
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    vault.lose_everything()
    assert slots(vault).unlock() == NoCacheKey(problem=CacheKeyProblem.LOST)
    assert slots(vault).make(first=(ANA, "anas")) == NoCacheKey(problem=CacheKeyProblem.ALREADY_MADE)
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before


def test_no_key_is_made_over_an_encrypted_file_whose_slots_are_lost(slots: Slots, path: Path):
    vault = DurableMemory()
    filled(path, the_key(slots(vault).make()))
    slots(vault).path.unlink()
    assert slots(vault).make() == NoCacheKey(problem=CacheKeyProblem.ALREADY_MADE)


def lose(file: Path) -> None:
    file.unlink()


def spoil(file: Path) -> None:
    file.write_bytes(b"\xff" + file.read_bytes()[1:])


@pytest.mark.parametrize("harm", [lose, spoil])
def test_the_keyring_opens_the_file_also_when_its_slots_are_lost_or_damaged(
    slots: Slots, path: Path, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
):
    vault = DurableMemory()
    key = the_key(slots(vault).make(first=(ANA, "anas")))
    filled(path, key)
    harm(slots(vault).path)
    assert slots(vault).unlock() == key
    assert slots(vault).people() == frozenset()
    assert slots(vault).enrol(key, ANA, "anas") is None
    assert slots(MemoryVault()).unlock_with_password(ANA, "anas") == key
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "cache_key.slots_made_again_from_keyring"
    ]


def test_damaged_slots_without_the_keyring_are_kept_for_somebody_to_mend(slots: Slots, path: Path):
    filled(path, the_key(slots(MemoryVault()).make(first=(ANA, "anas"))))
    file = slots(MemoryVault()).path
    content = file.read_text("utf-8")
    for place in range(0, len(content), 37):
        damaged = content[:place] + ("A" if content[place] != "A" else "B") + content[place + 1 :]
        file.write_text(damaged, "utf-8")
        assert slots(MemoryVault()).unlock() == NoCacheKey(problem=CacheKeyProblem.DAMAGED)
        assert slots(MemoryVault()).unlock_with_password(ANA, "anas") == NoCacheKey(
            problem=CacheKeyProblem.DAMAGED
        )
        assert file.read_text("utf-8") == damaged


def test_the_key_of_another_file_is_not_taken_for_ours(slots: Slots, caplog: pytest.LogCaptureFixture):
    vault = DurableMemory()
    key = the_key(slots(vault).make(first=(ANA, "anas")))
    other = CacheKeySlots(
        slots(vault).path.parent / "other.db", vault, random_bytes=lambda n: bytes(n), cost=CHEAP
    )
    others = the_key(other.make())
    vault.put(f"cache-key/{key.salt.hex()}", vault.get(f"cache-key/{others.salt.hex()}") or "")
    assert slots(vault).unlock() == NoCacheKey(
        problem=CacheKeyProblem.PASSWORD_NEEDED, can_open=frozenset({ANA})
    )
    assert "cache_key.another_files_key_in_keyring" in caplog.text


def test_two_installations_on_one_account_do_not_share_a_key(
    keyring_vault: KeyringVault, tmp_path: Path, random_bytes: RandomBytes
):
    stations = [
        CacheKeySlots(tmp_path / name / "cache.db", keyring_vault, random_bytes=random_bytes)
        for name in ("a", "b")
    ]
    keys = [the_key(station.make()) for station in stations]
    assert keys[0] != keys[1]
    assert [station.unlock() for station in stations] == keys


def test_the_slots_file_is_this_accounts_alone_and_holds_no_key(slots: Slots):
    vault = DurableMemory()
    station = slots(vault)
    key = the_key(station.make(first=(ANA, "anas password")))
    assert stat.S_IMODE(station.path.stat().st_mode) == 0o600
    content = station.path.read_text("utf-8")
    assert key.secret.hex() not in content
    assert "anas password" not in content
    assert key.secret.hex() not in repr(key)
    assert [file.name for file in station.path.parent.iterdir()] == ["cache.db.slots"]


def test_of_two_instances_that_start_at_once_one_makes_the_key_and_both_find_it(
    keyring_vault: KeyringVault, slots: Slots
):
    ready = threading.Barrier(2)
    answers: list[CacheKey | NoCacheKey] = []

    def start() -> None:
        ready.wait()
        answers.append(slots(keyring_vault).make())

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [answer for answer in answers if isinstance(answer, CacheKey)]
    assert len(keys) == 1
    assert slots(keyring_vault).unlock() == keys[0]


def test_an_interrupted_write_leaves_the_old_slots(slots: Slots, monkeypatch: pytest.MonkeyPatch):
    station = slots(MemoryVault())
    key = the_key(station.make(first=(ANA, "anas")))
    before = station.path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        station.enrol(key, BOR, "bors")
    assert station.path.read_bytes() == before
    assert [file.name for file in station.path.parent.iterdir()] == ["cache.db.slots"]


def test_a_private_file_that_must_be_new_replaces_nothing(tmp_path: Path):
    write_private(tmp_path / "file", b"first", new=True)
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "file", b"second", new=True)
    assert (tmp_path / "file").read_bytes() == b"first"


@pytest.mark.usefixtures("caplog")
def test_the_key_from_any_slot_opens_the_real_file_and_another_key_does_not(slots: Slots, path: Path):
    key = the_key(slots(DurableMemory()).make(first=(ANA, "anas")))
    filled(path, key)
    by_password = the_key(slots(MemoryVault()).unlock_with_password(ANA, "anas"))
    database = open_database(path, by_password, [])
    assert isinstance(database, Database)
    database.close_sync()
    wrong = open_database(path, CacheKey(secret=bytes(32), salt=key.salt), [])
    assert isinstance(wrong, NotOpened)
    assert wrong.refusal is OpenRefusal.WRONG_KEY
    assert path.read_bytes()[:16] == key.salt
