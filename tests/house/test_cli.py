"""The command line: one last line that says what was done, one sentence for a no, never a traceback for bad input."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from app.launch.cli import COMMANDS, main
from app.server.kernel.postgres import ClusterAddress, ensure_database
from app.wire.account import ASSERTION_AUDIENCE
from tests.support.postgres import FreshDatabase, ask

ROOT = Path(__file__).parents[2]
ANNA = "a quiet copper kettle"
BELA = "a loud silver kettle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1]

    @property
    def sentence(self) -> str:
        """The one line of a no."""
        (line,) = self.err.splitlines()
        return line


Run = Callable[..., Said]


@pytest.fixture
def run(
    database: FreshDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command on a database of this test's own."""
    monkeypatch.setenv("BATCHWRIGHT_DATABASE_URL", database.api_url)
    monkeypatch.setenv("BATCHWRIGHT_DATABASE_OWNER_URL", database.owner_url)

    def command(*words: str, **variables: str) -> Said:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        try:
            code = main([*words, "--home", str(tmp_path / "home")])
        except SystemExit as end:  # argparse ends by itself
            code = int(str(end.code))
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Said(code=code, out=out, err=err)

    return command


def found(run: Run, **variables: str) -> Said:
    return run(
        *("admin", "found", "--plant-id", "brno", "--plant-name", "Brno", "--site", "Hall 4"),
        *("--timezone", "Europe/Prague", "--line", "Line 1"),
        *("--first-login", "a.one", "--first-name", "Anna One"),
        *("--second-login", "b.two", "--second-name", "Bela Two"),
        **{"BATCHWRIGHT_FIRST_PASSWORD": ANNA, "BATCHWRIGHT_SECOND_PASSWORD": BELA, **variables},
    )


def as_anna(run: Run, *words: str) -> Said:
    return run("admin", *words, "--as", "a.one", BATCHWRIGHT_PASSWORD=ANNA)


# --- the door ---------------------------------------------------------------------------------------------------------


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in COMMANDS)


def test_version_is_the_releases(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("Batchwright 0.")


def test_an_unknown_command_is_refused_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["brew"])
    assert end.value.code == 2
    assert "there is no command 'brew'" in capsys.readouterr().err


def test_the_door_is_two_lines_and_imports_no_command() -> None:
    names = [f"app.launch.{each.module}" for each in COMMANDS.values()]
    probe = (
        "import sys; sys.argv = ['main.py', '--version']\n"
        "try:\n    import main; main.main()\nexcept SystemExit: pass\n"
        f"print([name for name in {names!r} + ['PySide6', 'fastapi', 'sqlalchemy'] if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# --- admin ------------------------------------------------------------------------------------------------------------


def test_the_first_start_founds_a_plant_with_two_administrators(run: Run) -> None:
    said = found(run)
    assert (said.code, said.last) == (0, "Founded Brno (brno) with the administrators a.one and b.two.")
    again = found(run)
    assert (again.code, again.sentence) == (
        1,
        "This plant has administrators already: they add what is missing.",
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"BATCHWRIGHT_FIRST_PASSWORD": "short"},
            "Not acceptable: password, 15 to 256 characters.",
        ),
        (
            {"BATCHWRIGHT_SECOND_PASSWORD": "bela bela bela bela"},
            "Not acceptable: password, easily guessed.",
        ),
    ],
    ids=["short", "guessed"],
)
def test_a_bad_first_password_founds_nothing(run: Run, variables: Mapping[str, str], sentence: str) -> None:
    said = found(run, **variables)
    assert (said.code, said.sentence) == (1, sentence)
    assert found(run).code == 0


@pytest.mark.parametrize(
    ("changed", "code"),
    [(("--timezone", "Europe/Nowhere"), 2), (("--plant-id", "system"), 2), (("--plant-id", "Brno 1"), 2)],
    ids=str,
)
def test_a_plant_that_cannot_be_is_refused(run: Run, changed: tuple[str, str], code: int) -> None:
    words = [
        *("admin", "found", "--plant-id", "brno", "--plant-name", "Brno", "--site", "Hall 4"),
        *("--timezone", "Europe/Prague", "--first-login", "a", "--first-name", "Anna One"),
        *("--second-login", "b", "--second-name", "Bela Two"),
    ]
    words[words.index(changed[0]) + 1] = changed[1]
    said = run(*words, BATCHWRIGHT_FIRST_PASSWORD=ANNA, BATCHWRIGHT_SECOND_PASSWORD=BELA)
    assert said.code == code
    assert said.sentence


def test_a_person_is_added_sets_their_password_and_is_listed(run: Run, tmp_path: Path) -> None:
    found(run)
    added = as_anna(
        run,
        *("user", "add", "p.novak", "--name", "Petr Novak", "--role", "Production Officer"),
        *("--identity-checked-by", "Anna One"),
    )
    assert added.code == 0
    assert added.last.startswith("Registered Petr Novak (Production Officer). First password: ")
    code = added.last.partition("--code ")[2].partition(",")[0]
    assert "no password yet" in as_anna(run, "user", "list").out
    file = tmp_path / "password"
    file.write_text("linden tree in november\n")
    done = run("admin", "user", "password", "--code", code, "--new-password-file", str(file))
    assert done.last == "The password is set; all sessions of this person have ended."
    again = run("admin", "user", "password", "--code", code, "--new-password-file", str(file))
    assert (again.code, again.sentence) == (1, "Login, password or code is wrong.")
    listed = as_anna(run, "user", "list")
    assert listed.last == "3 people in brno."
    assert "p.novak  Petr Novak  Production Officer  brno         active" in listed.out
    reset = as_anna(run, "user", "reset", "p.novak")
    assert reset.last.startswith("A new password for Petr Novak: ")


def test_a_role_is_changed_and_an_account_ended_with_a_reason(run: Run) -> None:
    found(run)
    as_anna(
        run,
        *("user", "add", "p.novak", "--name", "Petr Novak", "--role", "Warehouse"),
        *("--identity-checked-by", "Anna One"),
    )
    moved = as_anna(run, "user", "role", "p.novak", "--role", "QC Analyst", "--reason", "new post")
    assert moved.last == "Petr Novak is QC Analyst in brno from now on."
    ended = as_anna(run, "user", "deactivate", "p.novak", "--reason", "left")
    assert ended.last == "The account of Petr Novak has ended."
    own = as_anna(run, "user", "deactivate", "a.one", "--reason", "tired")
    assert (own.code, own.sentence) == (
        1,
        "Nobody changes their own account: another administrator must.",
    )
    nobody = as_anna(run, "user", "deactivate", "x.yz", "--reason", "left")
    assert (nobody.code, nobody.sentence) == (1, "There is nobody with the login x.yz.")


@pytest.mark.req("R46")
def test_there_is_no_back_door(run: Run) -> None:
    found(run)
    wrong = run("admin", "user", "list", "--as", "a.one", BATCHWRIGHT_PASSWORD="another kettle")
    assert (wrong.code, wrong.sentence) == (1, "Login, password or code is wrong.")
    nobody = run("admin", "station", "code", "--as", "nobody", BATCHWRIGHT_PASSWORD=ANNA)
    assert (nobody.code, nobody.sentence) == (1, "Login, password or code is wrong.")
    added = as_anna(
        run,
        *("user", "add", "o.fficer", "--name", "Olga Fi", "--role", "Production Officer"),
        *("--identity-checked-by", "Anna One"),
    )
    code = added.last.partition("--code ")[2].partition(",")[0]
    run("admin", "user", "password", "--code", code, BATCHWRIGHT_NEW_PASSWORD="linden tree in november")
    officer = run(
        "admin", "station", "code", "--as", "o.fficer", BATCHWRIGHT_PASSWORD="linden tree in november"
    )
    assert (officer.code, officer.sentence) == (
        1,
        "o.fficer is Production Officer and lacks station.manage.",
    )


async def test_what_admin_does_is_in_the_journal_in_the_administrators_name(
    run: Run, database: FreshDatabase
) -> None:
    import asyncio

    await asyncio.to_thread(found, run)
    await asyncio.to_thread(as_anna, run, "station", "code")
    events = await ask(
        database.superuser_url,
        "SELECT array_agg(event_type || ' ' || coalesce((SELECT login FROM auth.people p "
        "WHERE p.user_id = a.user_id), '?') ORDER BY seq) FROM kernel.audit_logs a WHERE plant_id = 'system'",
    )
    assert list(events) == [
        "person.registered a.one",
        "person.registered a.one",
        "plant.founded a.one",
        "sign-in.succeeded a.one",
        "station.code-made a.one",
        "session.ended a.one",
    ]


def test_a_second_plant_is_let_in_by_the_other_administrator(run: Run) -> None:
    found(run)
    said = as_anna(
        run,
        *("plant", "add", "--plant-id", "wien", "--plant-name", "Wien", "--site", "Simmering"),
        *("--timezone", "Europe/Vienna"),
    )
    assert said.last == "Founded Wien (wien). It is administered by b.two; they let a.one in."
    assert as_anna(run, "plant", "list").last == "2 plants."
    which = as_anna(run, "user", "list")
    assert (which.code, which.sentence) == (2, "There are several plants: give --plant brno or wien.")
    barred = as_anna(run, "user", "list", "--plant", "wien")
    assert (barred.code, barred.sentence) == (1, "The account does not reach the plant wien.")
    let_in = run(
        *("admin", "user", "role", "a.one", "--role", "System Admin", "--reason", "both plants"),
        *("--in", "brno", "--in", "wien", "--in", "system", "--plant", "wien", "--as", "b.two"),
        BATCHWRIGHT_PASSWORD=BELA,
    )
    assert let_in.last == "Anna One is System Admin in brno, system, wien from now on."
    assert as_anna(run, "user", "list", "--plant", "wien").code == 0


def test_an_unknown_workstation_is_not_revoked(run: Run) -> None:
    found(run)
    assert as_anna(run, "station", "list").last == "0 workstations in brno."
    said = as_anna(run, "station", "revoke", "0190b2a8-0000-7000-8000-000000000000", "--reason", "stolen")
    assert (said.code, said.sentence) == (1, "There is none: station.")


def test_before_the_first_start_there_is_no_plant_to_act_for(run: Run) -> None:
    said = as_anna(run, "user", "list")
    assert (said.code, said.sentence) == (1, "There is no plant yet: begin with main.py admin found.")


def test_a_password_file_that_cannot_be_read_is_said(run: Run) -> None:
    found(run)
    said = run("admin", "user", "list", "--as", "a.one", "--password-file", "/nowhere/password")
    assert (said.code, said.sentence) == (2, "The file /nowhere/password cannot be read.")


def test_a_database_that_does_not_answer_is_said_without_its_password(run: Run) -> None:
    said = run("admin", "plant", "list", "--as", "a", "--database-url", "postgresql://x:sEcReT@127.0.0.1:1/x")
    assert said.code == 1
    assert said.sentence.startswith("The database was not brought up to date: ")
    assert "sEcReT" not in said.err
    wrong = run("admin", "plant", "list", "--as", "a", "--database-url", "mysql://x:sEcReT@db/x")
    assert (wrong.code, "sEcReT" in wrong.err) == (1, False)
    assert "must look like postgresql://" in wrong.sentence


def test_a_key_file_that_others_can_read_is_refused(run: Run, tmp_path: Path) -> None:
    found(run)
    (tmp_path / "home" / "keys" / "token-keys.json").chmod(0o644)
    said = as_anna(run, "plant", "list")
    assert said.code == 1
    assert said.sentence.endswith("set its mode to 0600.")


# --- backup and restore -----------------------------------------------------------------------------------------------


def test_a_backup_comes_back_and_is_verified(
    run: Run, cluster: ClusterAddress, database: FreshDatabase, tmp_path: Path
) -> None:
    found(run)
    file = tmp_path / "plant.backup"
    said = run("backup", "--out", str(file))
    assert said.code == 0, said.err
    assert said.last.startswith(f"Backed up to {file} (")
    assert "brno up to 0, system up to 3." in said.last
    name = f"{database.name}_back"
    ensure_database(cluster.owner_url(name))
    urls = {
        "BATCHWRIGHT_DATABASE_URL": cluster.api_url(name),
        "BATCHWRIGHT_DATABASE_OWNER_URL": cluster.owner_url(name),
    }
    restored = run("restore", str(file), "--seals", **urls)
    assert restored.code == 0, restored.err
    assert restored.last.startswith(f"Restored from {file}: brno up to 0, system up to 3. 3 journal rows, ")
    assert as_anna(run, "user", "list").last == "2 people in brno."
    twice = run("restore", str(file), **urls)
    assert twice.code == 1
    assert twice.sentence.endswith("tables already: restore into an empty one.")


async def test_a_backup_says_up_to_where_the_journals_are_safe(
    run: Run, database: FreshDatabase, tmp_path: Path
) -> None:
    import asyncio

    await asyncio.to_thread(found, run)
    await asyncio.to_thread(run, "backup", "--out", str(tmp_path / "plant.backup"))
    safe = await ask(database.superuser_url, "SELECT seq FROM kernel.backups WHERE plant_id = 'system'")
    assert safe == 3


def test_an_altered_backup_is_restored_and_called_unsound(
    run: Run, cluster: ClusterAddress, database: FreshDatabase, tmp_path: Path
) -> None:
    import asyncio

    found(run)
    asyncio.run(
        ask(
            database.superuser_url,
            "WITH off AS (SELECT set_config('session_replication_role', 'replica', false)) "
            "UPDATE auth.plants SET record = replace(record, 'Hall 4', 'Hall 5') RETURNING id",
        )
    )
    file = tmp_path / "plant.backup"
    run("backup", "--out", str(file))
    name = f"{database.name}_bad"
    ensure_database(cluster.owner_url(name))
    said = run(
        "restore",
        str(file),
        BATCHWRIGHT_DATABASE_URL=cluster.api_url(name),
        BATCHWRIGHT_DATABASE_OWNER_URL=cluster.owner_url(name),
    )
    assert said.code == 1
    assert "system seq 3: the plant differs from its journal row" in said.err
    assert said.err.splitlines()[-1].endswith("1 flaws. Do not work with it.")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("restore", "/nowhere/file"), 1),
        (("restore", str(ROOT / "pyproject.toml")), 1),
        (("backup", "--out", "/nowhere/file"), 2),
        (("backup", "--out", str(ROOT)), 2),
    ],
    ids=["no file", "no backup", "no folder", "a folder"],
)
def test_a_file_that_will_not_do_is_said(run: Run, words: tuple[str, ...], code: int) -> None:
    said = run(*words)
    assert said.code == code
    assert said.sentence.endswith(".")


# --- serve ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("--host", "10.1.2.3"),
            "10.1.2.3 can be reached from outside: give --tls-cert and --tls-key, or listen on 127.0.0.1.",
        ),
        (
            ("--host", "plant.example"),
            "plant.example can be reached from outside: give --tls-cert and --tls-key, or listen on 127.0.0.1.",
        ),
        (("--tls-cert", "cert.pem"), "Give both --tls-cert and --tls-key."),
        (("--tls-cert", "cert.pem", "--tls-key", "key.pem"), "cert.pem cannot be read."),
    ],
    ids=["an address", "a name", "half of it", "no file"],
)
def test_passwords_do_not_cross_a_network_in_the_clear(
    run: Run, words: tuple[str, ...], sentence: str
) -> None:
    said = run("serve", *words)
    assert (said.code, said.sentence) == (2, sentence)


def test_a_port_that_is_taken_is_said_at_once(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = run("serve", "--port", str(port))
    assert (said.code, said.sentence) == (
        1,
        f"Cannot listen on 127.0.0.1, port {port}: Address already in use.",
    )


@contextmanager
def serving(database: FreshDatabase, tmp_path: Path, *words: str) -> Generator[tuple[dict[str, Any], Any]]:
    """A real `serve` process that answers."""
    ready, log = tmp_path / "ready.json", tmp_path / "serve.log"
    environment = {
        **os.environ,
        "BATCHWRIGHT_DATABASE_URL": database.api_url,
        "BATCHWRIGHT_DATABASE_OWNER_URL": database.owner_url,
    }
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [
                *(sys.executable, "main.py", "serve", "--port", "0"),
                *("--home", str(tmp_path / "home"), "--ready-file", str(ready), *words),
            ],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
        )
    try:
        until = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield json.loads(ready.read_text()), process
    finally:
        process.kill()
        process.communicate()


def test_serve_answers_says_where_and_ends_cleanly(database: FreshDatabase, tmp_path: Path) -> None:
    with serving(database, tmp_path) as (address, process):
        assert (address["host"], address["pid"]) == ("127.0.0.1", process.pid)
        assert httpx.get(f"{address['url']}/health/ready").json() == {"status": "ready"}
        assert httpx.get(f"{address['url']}/openapi.json").json()["info"]["title"] == "Batchwright"
        assert httpx.get(f"{address['url']}/api/v1/batches").status_code == 401
        assert "server" not in httpx.get(f"{address['url']}/health").headers
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - began < 5
        assert out.splitlines() == [f"The API answers on {address['url']}", "The API has stopped."]
        assert not (tmp_path / "ready.json").exists()
    lines = (tmp_path / "serve.log").read_text().splitlines()
    assert all(json.loads(line)["event"] for line in lines)


def test_serve_ends_at_once_while_a_workstation_listens(
    run: Run, database: FreshDatabase, tmp_path: Path
) -> None:
    found(run)
    code = as_anna(run, "station", "code").last.split()[2]
    private = Ed25519PrivateKey.generate()
    station = "0190b2a8-0000-7000-8000-000000000001"
    public_key = private.public_key().public_bytes_raw().hex()
    with serving(database, tmp_path) as (address, process), httpx.Client(base_url=address["url"]) as client:
        words = {
            "code": code,
            "station_id": station,
            "name": "DISP-01",
            "area": "",
            "public_key": public_key,
        }
        assert client.post("/api/v1/workstations", json=words).status_code == 201
        now = int(time.time())
        claims = {"iss": station, "sub": station, "aud": ASSERTION_AUDIENCE, "iat": now, "exp": now + 60}
        assertion = jwt.encode({**claims, "jti": "0123456789abcdef"}, private, algorithm="EdDSA")
        told = client.post("/auth/station-token", json={"client_assertion": assertion}).json()
        headers = {"Authorization": f"Bearer {told['access_token']}"}
        live = client.stream("GET", "/api/v1/sync/live", params={"journal": "brno"}, headers=headers)
        with live as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: head"
            process.send_signal(signal.SIGTERM)
            assert "" in list(lines), "the stream ends, and is not cut"
        assert process.wait(timeout=4) == 0


def test_serve_alone_serves_one_service(database: FreshDatabase, tmp_path: Path) -> None:
    with serving(database, tmp_path, "--only", "quality", "--docs") as (address, _):
        served = httpx.get(f"{address['url']}/openapi.json").json()["paths"]
        assert "/api/v1/deviations" in served
        assert "/api/v1/sync/commands" in served
        assert "/auth/login" not in served
        assert httpx.get(f"{address['url']}/docs").status_code == 200


def test_serve_speaks_tls(database: FreshDatabase, tmp_path: Path) -> None:
    cert, key = _self_signed(tmp_path)
    with serving(database, tmp_path, "--tls-cert", str(cert), "--tls-key", str(key)) as (address, _):
        assert address["url"].startswith("https://")
        trusted = ssl.create_default_context(cafile=str(cert))
        said = httpx.get(f"https://localhost:{address['port']}/health", verify=trusted)
        assert said.json() == {"status": "alive"}
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"https://localhost:{address['port']}/health")


def _self_signed(folder: Path) -> tuple[Path, Path]:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    cert, key = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, key
