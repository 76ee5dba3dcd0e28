"""The embedded database, with the real thing: how it starts, who gets in, and when it ends."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.server.kernel import postgres_binaries, postgres_cluster
from app.server.kernel.postgres import (
    API,
    OWNER,
    ClusterAddress,
    PostgresError,
    dump,
    embedded,
    ensure_database,
    plant_database,
    restore,
    with_driver,
)
from app.server.kernel.postgres_keeper import SOCKETS_PREFIX
from tests.support.postgres import FreshDatabase, ask, connect

REPOSITORY = Path(__file__).parents[2]

# Holds a lease until its input closes. It says the port, so that the test knows it holds it.
HOLDER = """
import sys
from pathlib import Path
from app.server.kernel.postgres import embedded
with embedded(Path(sys.argv[1])) as address:
    print(address.port, flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process with a lease."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(home)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def end(self) -> None:
        self._process.communicate()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "data" / "postmaster.pid").read_text().split("\n", 1)[0]))


def keeper(home: Path) -> psutil.Process:
    return psutil.Process(json.loads((home / "keeper.json").read_text())["pid"])


def gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def eventually(what: Callable[[], bool], within: float = 10.0) -> bool:
    until = time.monotonic() + within
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "plant"


async def test_it_starts_from_nothing_and_again_with_its_rows(home: Path) -> None:
    with embedded(home) as address:
        assert ensure_database(address.owner_url())
        await ask(address.owner_url(), "CREATE TABLE lot AS SELECT 7 AS number")
        server = postmaster(home)
    assert gone(server)
    with embedded(home) as address:
        assert not ensure_database(address.owner_url())
        assert await ask(address.owner_url(), "SELECT number FROM lot") == 7


async def test_what_lies_on_the_disk_is_its_owners_alone(home: Path) -> None:
    with embedded(home) as address:
        private = [home, home / "data", home / "log", home / "passwords.json", address.socket_directory]
        assert [stat.S_IMODE(each.stat().st_mode) & 0o077 for each in private] == [0] * len(private)
        assert not (home / "initdb-password").exists()
        sockets = address.socket_directory
    assert not sockets.exists()


async def test_the_folders_above_the_data_keep_their_modes(tmp_path: Path) -> None:
    above = tmp_path / "private"
    above.mkdir(mode=0o700)
    with embedded(above / "plant"):
        assert stat.S_IMODE(above.stat().st_mode) == 0o700


@pytest.mark.parametrize("password", ["", "wrong"])
@pytest.mark.parametrize("user", ["postgres", OWNER, API])
async def test_nobody_gets_in_without_the_password(cluster: ClusterAddress, user: str, password: str) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await connect(cluster.url("postgres", user, password))


async def test_nobody_gets_in_through_the_socket_without_the_password_either(cluster: ClusterAddress) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await connect(
            f"postgresql://postgres:wrong@/postgres?host={cluster.socket_directory}&port={cluster.port}"
        )


async def test_it_listens_on_this_machine_only(cluster: ClusterAddress) -> None:
    assert await ask(cluster.superuser_url("postgres"), "SHOW listen_addresses") == "127.0.0.1"


async def test_the_passwords_stand_in_no_text_made_for_people(cluster: ClusterAddress) -> None:
    assert not any(secret in repr(cluster) for secret in cluster.passwords.values())


async def test_the_api_may_make_no_table(database: FreshDatabase) -> None:
    for statement in (
        "CREATE TABLE public.own (a int)",
        "CREATE SCHEMA own",
        "CREATE TEMP TABLE own (a int)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ask(database.api_url, statement)


async def test_neither_role_of_the_product_is_a_superuser(cluster: ClusterAddress) -> None:
    asked = (
        "SELECT bool_or(rolsuper OR rolcreaterole OR rolbypassrls) FROM pg_roles WHERE rolname IN ($1, $2)"
    )
    assert await ask(cluster.superuser_url("postgres"), asked, OWNER, API) is False


async def test_two_processes_share_one_server_and_the_last_one_ends_it(home: Path) -> None:
    first = Holder(home)
    with embedded(home) as address:
        assert address.port == first.port
        server = postmaster(home)
        second = Holder(home)
    first.end()
    assert second.port == first.port
    assert not gone(server)
    second.end()
    assert gone(server)


async def test_processes_that_start_at_the_same_moment_find_the_same_server(home: Path) -> None:
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(home)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    ports = {each.stdout.readline() for each in starting if each.stdout is not None}
    for each in starting:
        each.communicate()
    assert len(ports) == 1
    assert all(each.returncode == 0 for each in starting)


async def test_the_server_ends_when_the_last_holder_is_killed(home: Path) -> None:
    holder = Holder(home)
    server = postmaster(home)
    holder.kill()
    assert eventually(lambda: gone(server))


async def test_the_server_ends_when_its_keeper_is_killed_and_the_next_start_has_every_row(home: Path) -> None:
    with embedded(home) as address:
        ensure_database(address.owner_url())
        await ask(address.owner_url(), "CREATE TABLE lot AS SELECT generate_series(1, 1000) AS number")
        server, sockets = postmaster(home), address.socket_directory
        keeper(home).kill()
        assert eventually(lambda: gone(server))
    with embedded(home) as address:
        assert await ask(address.owner_url(), "SELECT count(*) FROM lot") == 1000
        assert not sockets.exists()


async def test_a_killed_server_is_brought_back_on_its_port_with_every_row(home: Path) -> None:
    with embedded(home) as address:
        ensure_database(address.owner_url())
        await ask(address.owner_url(), "CREATE TABLE lot AS SELECT generate_series(1, 1000) AS number")
        killed = postmaster(home)
        killed.kill()

        def back() -> bool:
            try:
                return (
                    postmaster(home).pid != killed.pid
                    and "ready" in (home / "data" / "postmaster.pid").read_text()
                )
            except (OSError, ValueError, psutil.Error):
                return False

        assert eventually(back)
        assert await ask(address.owner_url(), "SELECT count(*) FROM lot") == 1000


async def test_a_keeper_told_to_end_ends_the_server_first(home: Path) -> None:
    with embedded(home):
        server, guard = postmaster(home), keeper(home)
        guard.send_signal(signal.SIGTERM)
        assert eventually(lambda: gone(guard))
        assert gone(server)


async def test_a_server_that_outlived_its_keeper_is_ended_before_the_next_starts(home: Path) -> None:
    with embedded(home):
        pass
    binaries, ground = postgres_binaries.newest_binaries(), postgres_binaries.footing()
    files = postgres_cluster.Files(home=home)
    orphan, _ = postgres_cluster.start(files, binaries, ground, home, {})
    with embedded(home) as address:
        assert orphan.wait(10) == 0
        assert await ask(address.superuser_url("postgres"), "SELECT 1") == 1


async def test_a_stale_process_number_ends_nobody_else(home: Path) -> None:
    with embedded(home):
        pass
    (home / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{home / 'data'}\n")
    postgres_cluster.end_former(postgres_cluster.Files(home=home))
    assert not gone(psutil.Process())


async def test_an_interrupted_making_is_begun_again(home: Path) -> None:
    (home / "data.new" / "base").mkdir(parents=True)
    with embedded(home) as address:
        assert await ask(address.superuser_url("postgres"), "SELECT 1") == 1
    assert not (home / "data.new").exists()


async def test_data_of_a_version_that_is_not_carried_is_refused_in_one_sentence(home: Path) -> None:
    (home / "data").mkdir(parents=True)
    (home / "data" / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(
            PostgresError,
            match=r"^The data directory was made by PostgreSQL 9, .*BATCHWRIGHT_DATABASE_URL\.$",
        ),
        embedded(home),
    ):
        pass


async def test_data_of_the_older_version_runs_on_its_own_binaries(home: Path) -> None:
    files = postgres_cluster.Files(home=home)
    home.mkdir()
    older = next(major for major in postgres_binaries.FOLDERS if major != postgres_binaries.NEWEST)
    folder = postgres_binaries.newest_binaries().folder.parents[1] / postgres_binaries.FOLDERS[older] / "bin"
    binaries = postgres_binaries.Binaries(folder=folder, major=older)
    postgres_cluster.make(files, binaries, postgres_binaries.footing())
    with embedded(home) as address:
        assert str(await ask(address.superuser_url("postgres"), "SHOW server_version")).startswith(
            f"{older}."
        )


async def test_lost_passwords_are_said_in_one_sentence(home: Path) -> None:
    with embedded(home):
        pass
    (home / "passwords.json").unlink()
    with (
        pytest.raises(PostgresError, match="The passwords of the embedded database are not readable"),
        embedded(home),
    ):
        pass


async def test_a_damaged_data_directory_is_said_in_postgresqls_own_words(home: Path) -> None:
    with embedded(home):
        pass
    (home / "data" / "global" / "pg_control").unlink()
    with (
        pytest.raises(PostgresError, match=r"^The embedded database did not start: .*(see .*)$"),
        embedded(home),
    ):
        pass


def test_root_without_a_way_to_be_another_user_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PostgresError, match="BATCHWRIGHT_DATABASE_URL"):
        postgres_binaries.footing()


async def test_root_without_user_namespaces_becomes_a_quiet_account(home: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        assert postgres_binaries.footing() == postgres_binaries.Footing()  # anybody else stays who they are
        return
    home.mkdir(mode=0o700)
    private = tmp_path / "private"  # as when the repository lies in root's own folder
    private.mkdir(mode=0o700)
    made = postgres_binaries.newest_binaries().folder.parent
    libraries = f"{made.parent.name}.libs"
    shutil.copytree(made, private / made.parent.name / made.name, symlinks=True)
    shutil.copytree(made.parents[1] / libraries, private / libraries)
    files = postgres_cluster.Files(home=home)
    binaries = postgres_binaries.Binaries(
        folder=private / made.parent.name / made.name / "bin", major=postgres_binaries.NEWEST
    )
    ground = postgres_binaries.borrowed_footing()
    postgres_cluster.make(files, binaries, ground)
    process, port = postgres_cluster.start(files, binaries, ground, home, {})
    try:
        assert psutil.Process(process.pid).uids().effective == ground.owner != 0
        password = postgres_cluster.read_passwords(files)["postgres"]
        assert await ask(f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres", "SELECT 1") == 1
    finally:
        postgres_cluster.stop(process)
    with embedded(home) as address:  # the same data on the other footing
        assert await ask(address.superuser_url("postgres"), "SELECT 1") == 1


def test_a_named_server_is_used_instead_of_the_embedded_one(home: Path) -> None:
    environ = {"BATCHWRIGHT_DATABASE_URL": "postgresql://app:secret@db:5432/plant"}
    with plant_database(home=home, environ=environ) as urls:
        assert urls.api == urls.owner == "postgresql+asyncpg://app:secret@db:5432/plant"
        assert not urls.embedded
        assert "secret" not in repr(urls)
    assert not home.exists()


def test_an_owner_of_its_own_migrates_a_named_server() -> None:
    environ = {
        "BATCHWRIGHT_DATABASE_URL": "postgresql://app@db/plant",
        "BATCHWRIGHT_DATABASE_OWNER_URL": "postgresql://owner@db/plant",
    }
    with plant_database(environ=environ) as urls:
        assert (urls.api, urls.owner) == (
            "postgresql+asyncpg://app@db/plant",
            "postgresql+asyncpg://owner@db/plant",
        )


async def test_without_a_name_the_plant_is_embedded(home: Path) -> None:
    with plant_database(home=home, environ={}) as urls:
        assert urls.embedded
        assert await ask(urls.api, "SELECT current_user") == API
        assert await ask(urls.owner, "SELECT current_user") == OWNER


@pytest.mark.parametrize("url", ["mysql://db/plant", "postgresql://db", "plant", "sqlite:///secret.db"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(PostgresError, match="must look like") as refused:
        with_driver(url)
    assert url not in str(refused.value)


async def test_a_backup_comes_back_whole(
    cluster: ClusterAddress, database: FreshDatabase, tmp_path: Path
) -> None:
    await ask(database.owner_url, "CREATE TABLE lot AS SELECT generate_series(1, 1000) AS number")
    await ask(database.owner_url, f"GRANT SELECT ON lot TO {API}")
    file = tmp_path / "plant.backup"
    dump(database.owner_url, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    other = cluster.owner_url(f"{database.name}_back")
    ensure_database(other)
    restore(other, file)
    assert await ask(cluster.api_url(f"{database.name}_back"), "SELECT sum(number) FROM lot") == 500_500


async def test_a_backup_that_fails_leaves_nothing_behind(cluster: ClusterAddress, tmp_path: Path) -> None:
    file = tmp_path / "plant.backup"
    file.write_bytes(b"the former backup")
    with pytest.raises(
        PostgresError, match=r'^The backup was not written: database "nowhere" does not exist\.$'
    ):
        dump(cluster.owner_url("nowhere"), file)
    assert file.read_bytes() == b"the former backup"
    assert [each.name for each in tmp_path.iterdir()] == ["plant.backup"]


async def test_a_restore_never_mixes_with_what_is_there(database: FreshDatabase, tmp_path: Path) -> None:
    await ask(database.owner_url, "CREATE TABLE lot (number int)")
    file = tmp_path / "plant.backup"
    dump(database.owner_url, file)
    with pytest.raises(PostgresError, match="restore into an empty one"):
        restore(database.owner_url, file)


async def test_a_damaged_backup_restores_nothing(
    cluster: ClusterAddress, database: FreshDatabase, tmp_path: Path
) -> None:
    await ask(database.owner_url, "CREATE TABLE lot AS SELECT generate_series(1, 100000) AS number")
    file = tmp_path / "plant.backup"
    dump(database.owner_url, file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    other = cluster.owner_url(f"{database.name}_back")
    ensure_database(other)
    with pytest.raises(PostgresError, match="was not restored"):
        restore(other, file)
    assert await ask(other, "SELECT count(*) FROM pg_class WHERE relname = 'lot'") == 0


def test_a_file_that_is_no_backup_is_refused(cluster: ClusterAddress, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a backup")
    with pytest.raises(PostgresError, match="is not a backup of a Batchwright plant"):
        restore(cluster.owner_url("postgres"), file)


def test_no_password_is_shown_by_the_list_of_processes(home: Path) -> None:
    with embedded(home) as address:
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or ())
            assert not any(secret in words for secret in address.passwords.values())
    assert SOCKETS_PREFIX in str(address.socket_directory)
