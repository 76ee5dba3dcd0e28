"""The vault's contract, held by the real gnome-keyring and by memory alike; and what is refused."""

import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

from app.client.vault import (
    ITEM_LIMIT,
    TRUSTED,
    AwaitedVault,
    ItemLength,
    KeyringVault,
    MemoryVault,
    Vault,
    VaultFailed,
    VaultProblem,
    VaultUnavailable,
    open_vault,
    prove,
)
from tests.support.keyring_session import KeyringSession, keyring_session

RandomBytes = Callable[[int], bytes]


def test_an_item_that_was_put_is_got(vault: Vault):
    vault.put("refresh/one", "a secret, with ° and 𝛑")
    assert vault.get("refresh/one") == "a secret, with ° and 𝛑"


def test_an_item_that_was_never_put_is_none(vault: Vault):
    assert vault.get("nothing") is None


def test_a_second_put_replaces_the_first(vault: Vault):
    vault.put("item", "old")
    vault.put("item", "new")
    assert vault.get("item") == "new"


def test_a_removed_item_is_gone_and_removing_it_again_is_no_error(vault: Vault):
    vault.put("item", "value")
    vault.remove("item")
    vault.remove("item")
    assert vault.get("item") is None


def test_two_people_and_two_items_do_not_meet(vault: Vault):
    items = [f"{kind}/{user}" for kind in ("user-key", "refresh") for user in ("ana", "bor")]
    for item in items:
        vault.put(item, f"the value of {item}")
    vault.remove("user-key/ana")
    assert [vault.get(item) for item in items] == [None, *(f"the value of {item}" for item in items[1:])]


def test_a_value_of_the_full_length_is_kept_whole(vault: Vault):
    value = "x" * ITEM_LIMIT
    vault.put("long", value)
    assert vault.get("long") == value


@pytest.mark.parametrize("value", ["", "x" * (ITEM_LIMIT + 1), "𝛑" * (ITEM_LIMIT // 2 + 1)])
def test_a_value_that_not_every_store_keeps_is_refused_before_anything_is_written(vault: Vault, value: str):
    vault.put("item", "what was there")
    with pytest.raises(ItemLength, match="item: a vault item holds 1 to 1200 characters"):
        vault.put("item", value)
    assert vault.get("item") == "what was there"


async def test_the_awaited_vault_answers_as_the_vault_it_stands_for(vault: Vault):
    awaited = AwaitedVault(vault)
    await awaited.put("item", "value")
    assert await awaited.get("item") == "value"
    await awaited.remove("item")
    assert (await awaited.get("item"), awaited.durable) == (None, vault.durable)


def test_memory_says_that_it_does_not_last():
    assert not MemoryVault().durable


def test_the_keyring_is_seen_by_the_next_process(
    keyring_vault: KeyringVault, private_keyring: KeyringSession
):
    keyring_vault.put("cache-key", "written by the first process")
    service = keyring_vault._service  # pyright: ignore[reportPrivateUsage]
    script = (
        "import os, sys; from app.client.vault import open_vault;"
        "print(open_vault(sys.argv[1], random_bytes=os.urandom).get('cache-key'))"
    )
    second = subprocess.run(
        [sys.executable, "-c", script, service],
        env=private_keyring.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert second.stdout.strip() == "written by the first process"
    assert keyring_vault.durable


@pytest.mark.usefixtures("keyring_vault")
def test_the_keyrings_files_hold_no_plain_secret(
    keyring_vault: KeyringVault, private_keyring: KeyringSession
):
    secret = "this-is-the-refresh-token-of-ana"
    keyring_vault.put("refresh", secret)
    files = [file for file in private_keyring.directory.rglob("*") if file.is_file()]
    assert any(file.suffix == ".keyring" for file in files)
    assert not any(secret.encode() in file.read_bytes() for file in files)


def test_the_probe_leaves_nothing_behind(private_keyring: KeyringSession, random_bytes: RandomBytes):
    probe = random_bytes(8).hex()
    vault = open_vault(
        "batchwright-test/probe", random_bytes=lambda n: bytes.fromhex(probe)[:n].ljust(n, b".")
    )
    assert isinstance(vault, KeyringVault)
    assert vault.get(f"probe-{probe}") is None


def test_without_a_bus_there_is_no_vault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, random_bytes: RandomBytes
):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-such-bus")
    answer = open_vault("batchwright-test", random_bytes=random_bytes)
    assert answer == VaultUnavailable(problem=VaultProblem.NONE_HERE)


# The keyring library leaves the bus open when the store refuses, for the collector to close.
left_open_by_the_library = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)


@left_open_by_the_library
@pytest.mark.usefixtures("caplog")
def test_a_keyring_that_nobody_unlocked_is_no_vault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, random_bytes: RandomBytes
):
    with keyring_session(tmp_path, unlocked=False) as locked:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", locked.environment["DBUS_SESSION_BUS_ADDRESS"])
        monkeypatch.delenv("DISPLAY", raising=False)
        answer = open_vault("batchwright-test", random_bytes=random_bytes)
    assert isinstance(answer, VaultUnavailable)
    assert answer.problem is VaultProblem.NOT_USABLE
    gc.collect()


@left_open_by_the_library
def test_a_keyring_that_goes_away_is_said_and_not_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, random_bytes: RandomBytes
):
    with keyring_session(tmp_path) as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.environment["DBUS_SESSION_BUS_ADDRESS"])
        vault = open_vault("batchwright-test", random_bytes=random_bytes)
        assert isinstance(vault, KeyringVault)
        vault.put("item", "value")
    for use in (lambda: vault.get("item"), lambda: vault.put("item", "v"), lambda: vault.remove("item")):
        with pytest.raises(VaultFailed):
            use()
    gc.collect()


class Forgetful(KeyringBackend):
    """A store that takes everything and keeps nothing."""

    def get_password(self, service: str, username: str) -> str | None:
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


def test_a_store_that_does_not_return_what_it_took_is_no_vault(random_bytes: RandomBytes):
    answer = prove(Forgetful(), "batchwright-test", random_bytes=random_bytes)
    assert isinstance(answer, VaultUnavailable)
    assert answer.problem is VaultProblem.NOT_FAITHFUL


def test_a_plain_text_plugin_is_not_even_imported(tmp_path: Path, private_keyring: KeyringSession):
    """`keyrings.alt` offers a plain file to whoever asks the library for *a* keyring; we never ask it that."""
    plugin = tmp_path / "keyrings" / "alt"
    plugin.mkdir(parents=True)
    (plugin / "file.py").write_text("import sys; sys.modules['loaded_plain_text'] = sys\n")
    metadata = tmp_path / "keyrings_alt-5.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: keyrings.alt\nVersion: 5.0\n")
    (metadata / "entry_points.txt").write_text("[keyring.backends]\nfile = keyrings.alt.file\n")
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); from app.client.vault import open_vault;"
        "vault = open_vault('batchwright-test', random_bytes=os.urandom);"
        "print(getattr(vault, 'backend_name', vault), 'loaded_plain_text' in sys.modules);"
        "import keyring.backend; keyring.backend.get_all_keyring(); print('loaded_plain_text' in sys.modules)"
    )
    environments = (
        private_keyring.environment,
        {**private_keyring.environment, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/none"},
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)], env=env, capture_output=True, text=True, check=True
        ).stdout.split("\n")
        for env in environments
    ]
    assert answers[0][0] == "keyring.backends.SecretService False"
    assert answers[1][0].startswith("VaultUnavailable(problem=<VaultProblem.NONE_HERE")
    assert answers[1][0].endswith("False")
    assert [answer[1] for answer in answers] == ["True", "True"], (
        "the library itself would have loaded the plug-in"
    )


def test_only_stores_of_an_operating_system_are_trusted():
    assert {module.rpartition(".")[0] for module, _ in TRUSTED} == {"keyring.backends"}
    assert not {"fail", "null", "chainer"} & {module.rpartition(".")[2] for module, _ in TRUSTED}
