"""Passwords: how they are kept, what may become one."""

import os

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.domain.decision import Reason
from app.server.auth.passwords import LONGEST, SHORTEST, Passwords, unfit


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(os.urandom)


async def test_a_password_is_kept_as_argon2id_with_at_least_19_mib_and_two_passes(
    passwords: Passwords,
) -> None:
    stored = await passwords.hash("a quiet copper kettle")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await passwords.check("a quiet copper kettle", stored)).right
    assert not (await passwords.check("a quiet copper kettl", stored)).right


async def test_a_password_nobody_has_is_wrong(passwords: Passwords) -> None:
    assert not (await passwords.check("a quiet copper kettle", None)).right


async def test_a_password_hashed_at_an_older_cost_is_hashed_again(passwords: Passwords) -> None:
    older = PasswordHash((Argon2Hasher(1, 8_192, 1),)).hash("a quiet copper kettle")
    checked = await passwords.check("a quiet copper kettle", older)
    assert checked.right
    assert checked.rehashed is not None
    assert checked.rehashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await passwords.check("a quiet copper kettle", checked.rehashed)).right


async def test_the_same_letters_of_another_keyboard_are_the_same_password(passwords: Passwords) -> None:
    stored = await passwords.hash("sk\u00f3r\u017eana \u010de\u0161ka v Brn\u011b")
    assert (await passwords.check("sko\u0301rz\u030cana c\u030ces\u030cka v Brne\u030c", stored)).right


@pytest.mark.parametrize(
    "password", ["a quiet copper kettle", "x1" * 7 + "zqw", "p" * 60 + "aeiouy", "скрипка и тихий лес"]
)
def test_long_passwords_of_any_composition_are_taken(password: str) -> None:
    assert unfit(password, "m.novak") is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("fourteen chars", f"{SHORTEST} to {LONGEST} characters"),
        ("ab cde" * 50, f"{SHORTEST} to {LONGEST} characters"),
        ("aaaaaaaaaaaaaaaaaa", "easily guessed"),
        ("123456789012345", "easily guessed"),
        ("QwertyuiopAsdfgh", "easily guessed"),
        ("my m.Novak password", "easily guessed"),
        ("batchwright batchwright", "easily guessed"),
    ],
)
def test_a_password_that_is_soon_guessed_is_refused(password: str, why: str) -> None:
    refusal = unfit(password, "m.novak")
    assert refusal is not None
    assert (refusal.reason, refusal.detail) == (Reason.WRONG_VALUE, ("password", why))
