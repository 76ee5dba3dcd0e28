"""Keys: who can open one, what an altered key store may do (nothing), and what is left behind (nothing)."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.client.keys import (
    Alteration,
    AlteredKey,
    KeyForgotten,
    KeyStore,
    StationKey,
    UserKey,
    WrappedKey,
    make_station_key,
    make_user_key,
    rewrap,
    unlock,
)
from app.client.password_box import STANDARD_COST, Argon2Cost, WrongSecret, with_check
from app.client.vault import ITEM_LIMIT, KeyringVault, MemoryVault, Vault
from app.domain.identity import KeyId, StationId, UserId
from tests.client.conftest import CHEAP
from tests.support.keyring_session import KeyringSession

RandomBytes = Callable[[int], bytes]

ANA = UserId(UUID(int=0xA))
BOR = UserId(UUID(int=0xB))
STATION = StationId(UUID(int=0x51))
KEY = KeyId(UUID(int=0xE1))
PASSWORD = "trta čebula na mizi"


def made(
    random_bytes: RandomBytes, password: str = PASSWORD, cost: Argon2Cost = CHEAP, user_id: UserId = ANA
) -> tuple[WrappedKey, UserKey]:
    return make_user_key(
        user_id=user_id,
        station_id=STATION,
        key_id=KEY,
        password=password,
        random_bytes=random_bytes,
        cost=cost,
    )


def opened(answer: UserKey | WrongSecret | AlteredKey) -> UserKey:
    assert isinstance(answer, UserKey), answer
    return answer


def test_the_right_password_gives_the_key_that_was_made(random_bytes: RandomBytes):
    wrapped, key = made(random_bytes)
    again = opened(unlock(wrapped, PASSWORD, enrolled=key.public_key))
    assert (again.key_id, again.user_id, again.station_id) == (KEY, ANA, STATION)
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(again.sign(b"a command"), b"a command")


def test_a_wrong_password_is_an_answer_and_no_crash(random_bytes: RandomBytes):
    wrapped, key = made(random_bytes)
    assert unlock(wrapped, PASSWORD + " ", enrolled=key.public_key) == WrongSecret()


def test_a_letter_composed_by_another_keyboard_is_the_same_letter(random_bytes: RandomBytes):
    wrapped, key = made(random_bytes, password="\u010debula")
    assert isinstance(unlock(wrapped, "c\u030cebula", enrolled=key.public_key), UserKey)


def test_the_standard_cost_is_the_one_that_was_promised(random_bytes: RandomBytes):
    wrapped, key = made(random_bytes, cost=STANDARD_COST)
    assert wrapped.box.cost == Argon2Cost(memory_kib=64 * 1024, passes=3, lanes=1)
    assert isinstance(unlock(wrapped, PASSWORD, enrolled=key.public_key), UserKey)


def test_the_text_in_the_vault_is_short_and_comes_back_whole(random_bytes: RandomBytes):
    wrapped, _ = made(random_bytes, cost=STANDARD_COST)
    assert len(wrapped.text()) < ITEM_LIMIT
    assert WrappedKey.parse(wrapped.text()) == wrapped


def test_the_text_holds_neither_password_nor_private_key(random_bytes: RandomBytes):
    drawn: list[bytes] = []

    def listening(count: int) -> bytes:
        drawn.append(random_bytes(count))
        return drawn[-1]

    wrapped, _ = made(listening)
    private = drawn[0]
    assert len(private) == 32
    assert private not in wrapped.box.sealed
    assert private.hex() not in wrapped.text()
    assert PASSWORD not in wrapped.text()


def test_a_changed_password_opens_the_same_key_and_the_old_one_no_longer(random_bytes: RandomBytes):
    wrapped, key = made(random_bytes)
    changed = rewrap(
        wrapped, PASSWORD, "another one", enrolled=key.public_key, random_bytes=random_bytes, cost=CHEAP
    )
    assert isinstance(changed, WrappedKey)
    assert opened(unlock(changed, "another one", enrolled=key.public_key)).public_key == key.public_key
    assert unlock(changed, PASSWORD, enrolled=key.public_key) == WrongSecret()
    assert changed.box.salt != wrapped.box.salt


def test_a_password_change_needs_the_old_password(random_bytes: RandomBytes):
    wrapped, key = made(random_bytes)
    answer = rewrap(wrapped, "a guess", "mine now", enrolled=key.public_key, random_bytes=random_bytes)
    assert answer == WrongSecret()


def test_the_cost_can_be_raised_without_a_new_key(random_bytes: RandomBytes):
    wrapped, key = made(random_bytes)
    dearer = Argon2Cost(memory_kib=128, passes=2)
    raised = rewrap(
        wrapped, PASSWORD, PASSWORD, enrolled=key.public_key, random_bytes=random_bytes, cost=dearer
    )
    assert isinstance(raised, WrappedKey)
    assert raised.box.cost == dearer
    assert opened(unlock(raised, PASSWORD, enrolled=key.public_key)).public_key == key.public_key


@pytest.mark.req("R21")
def test_a_forgotten_key_signs_nothing_more(random_bytes: RandomBytes):
    _, key = made(random_bytes)
    key.forget()
    key.forget()
    assert key.forgotten
    with pytest.raises(KeyForgotten):
        key.sign(b"a command")


def test_a_key_in_memory_is_neither_printed_nor_pickled(random_bytes: RandomBytes):
    _, key = made(random_bytes)
    assert repr(key) == f"UserKey(key_id={KEY}, user_id={ANA}, forgotten=False)"
    with pytest.raises(TypeError):
        pickle.dumps(key)


@pytest.mark.req("R26")
def test_a_key_that_is_not_the_enrolled_one_does_not_sign(random_bytes: RandomBytes):
    """Whoever can write to the keyring puts a key of their own there, under a password they know."""
    _, genuine = made(random_bytes)
    forged, _ = made(random_bytes, password="known to the forger")
    answer = unlock(forged, "known to the forger", enrolled=genuine.public_key)
    assert answer == AlteredKey(Alteration.NOT_ENROLLED)


@pytest.mark.req("R26")
def test_a_box_moved_to_another_person_does_not_open(random_bytes: RandomBytes):
    wrapped, key = made(random_bytes)
    moved = replace(wrapped, user_id=BOR)
    assert unlock(moved, PASSWORD, enrolled=key.public_key) == WrongSecret()


@pytest.mark.req("R26")
def test_no_single_altered_character_of_the_stored_text_gives_a_key(random_bytes: RandomBytes):
    text = made(random_bytes)[0].text()
    for place, letter in enumerate(text):
        altered = text[:place] + ("A" if letter != "A" else "B") + text[place + 1 :]
        assert WrappedKey.parse(altered) == AlteredKey(Alteration.UNREADABLE), place


@pytest.mark.req("R26")
@pytest.mark.parametrize("field", ["salt", "nonce", "sealed"])
def test_an_altered_box_with_its_digest_made_right_again_still_gives_no_key(
    random_bytes: RandomBytes, field: str
):
    wrapped, key = made(random_bytes)
    content = json.loads(wrapped.text().rpartition("#")[0])
    first = content["box"][field][0]
    content["box"][field] = ("B" if first == "A" else "A") + content["box"][field][1:]
    parsed = WrappedKey.parse(with_check(json.dumps(content)))
    assert isinstance(parsed, WrappedKey)
    assert unlock(parsed, PASSWORD, enrolled=key.public_key) == WrongSecret()


@pytest.mark.req("R26")
@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"box": {"cost": {"memory_kib": 2**31, "passes": 3, "lanes": 1}}},
        {"more": "than there should be"},
    ],
)
def test_a_stored_text_of_another_shape_is_refused_before_it_costs_anything(
    random_bytes: RandomBytes, change: dict[str, object]
):
    content = json.loads(made(random_bytes)[0].text().rpartition("#")[0])
    for name, value in change.items():
        content[name] = {**content[name], **value} if isinstance(value, dict) else value
    assert WrappedKey.parse(with_check(json.dumps(content))) == AlteredKey(Alteration.UNREADABLE)


def test_the_key_store_keeps_and_returns_each_persons_key(vault: Vault, random_bytes: RandomBytes):
    store = KeyStore(vault)
    anas, _ = made(random_bytes)
    bors, _ = made(random_bytes, user_id=BOR)
    assert store.user_key(ANA, STATION) is None
    store.keep_user_key(anas)
    store.keep_user_key(bors)
    assert (store.user_key(ANA, STATION), store.user_key(BOR, STATION)) == (anas, bors)
    store.remove_user_key(ANA, STATION)
    assert (store.user_key(ANA, STATION), store.user_key(BOR, STATION)) == (None, bors)


@pytest.mark.req("R26")
def test_a_key_that_lies_under_anothers_name_is_refused(random_bytes: RandomBytes):
    vault = MemoryVault()
    store = KeyStore(vault)
    store.keep_user_key(made(random_bytes)[0])
    vault.put(f"user-key/{STATION}/{BOR}", vault.get(f"user-key/{STATION}/{ANA}") or "")
    assert store.user_key(BOR, STATION) == AlteredKey(Alteration.ANOTHERS)


def test_the_stations_key_survives_in_the_vault_and_signs(vault: Vault, random_bytes: RandomBytes):
    store = KeyStore(vault)
    key = make_station_key(STATION, random_bytes=random_bytes)
    assert store.station_key(STATION, enrolled=key.public_key) is None
    store.keep_station_key(key)
    again = store.station_key(STATION, enrolled=key.public_key)
    assert isinstance(again, StationKey)
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(
        again.sign(b"a timer ran out"), b"a timer ran out"
    )
    store.remove_station_key(STATION)
    assert store.station_key(STATION, enrolled=key.public_key) is None


@pytest.mark.req("R26")
def test_a_station_with_another_key_than_the_enrolled_does_not_sign(vault: Vault, random_bytes: RandomBytes):
    store = KeyStore(vault)
    enrolled = make_station_key(STATION, random_bytes=random_bytes)
    store.keep_station_key(make_station_key(STATION, random_bytes=random_bytes))
    answer = store.station_key(STATION, enrolled=enrolled.public_key)
    assert answer == AlteredKey(Alteration.NOT_ENROLLED)


@pytest.mark.req("R26")
def test_a_damaged_station_key_does_not_sign(random_bytes: RandomBytes):
    vault = MemoryVault()
    store = KeyStore(vault)
    key = make_station_key(STATION, random_bytes=random_bytes)
    store.keep_station_key(key)
    text = vault.get(f"station-key/{STATION}") or ""
    vault.put(f"station-key/{STATION}", text.replace('"version":1', '"version":2'))
    assert store.station_key(STATION, enrolled=key.public_key) == AlteredKey(Alteration.UNREADABLE)


@pytest.mark.req("R26")
def test_the_self_test_runs_again_on_schedule_and_ends_with_the_session(random_bytes: RandomBytes):
    _, key = made(random_bytes)
    assert key.self_test(key.public_key) is None
    assert key.self_test(bytes(32)) == AlteredKey(Alteration.NOT_ENROLLED)
    key.forget()
    with pytest.raises(KeyForgotten):
        key.self_test(key.public_key)


def test_the_keyrings_own_files_do_not_hold_the_wrapped_text_in_plain(
    keyring_vault: KeyringVault, private_keyring: KeyringSession, random_bytes: RandomBytes
):
    wrapped, _ = made(random_bytes)
    KeyStore(keyring_vault).keep_user_key(wrapped)
    files = [file for file in private_keyring.directory.rglob("*.keyring") if file.is_file()]
    assert files
    assert not any(b"public_key" in file.read_bytes() for file in files)
