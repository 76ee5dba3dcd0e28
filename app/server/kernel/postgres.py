"""The plant's database: an embedded PostgreSQL that needs no set-up, or a server that a URL names.

`embedded` is for composition roots: it is synchronous, and may wait for a first start (0.7 s). Several
processes may hold the same home at once; see `postgres_keeper` for how it lives and ends.
"""

import json
import logging
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from app.server.kernel import postgres_cluster as cluster
from app.server.kernel.postgres_binaries import URL_VARIABLE, PostgresError, newest_binaries

__all__ = [
    "API",
    "OWNER",
    "URL_VARIABLE",
    "ClusterAddress",
    "DatabaseUrls",
    "PostgresError",
    "default_home",
    "driverless",
    "dump",
    "embedded",
    "ensure_database",
    "plant_database",
    "restore",
    "with_driver",
]

log = logging.getLogger(__name__)

OWNER: Final = cluster.OWNER
API: Final = cluster.API
OWNER_URL_VARIABLE: Final = "BATCHWRIGHT_DATABASE_OWNER_URL"
PLANT: Final = "batchwright"  # the database's name

LEASE_SECONDS: Final = 120.0  # to begin: a first start on a slow machine
PARTING_SECONDS: Final = 45.0  # to end: longer than a clean stop of the server takes
# Always written out: `postgresql://` alone means another driver since SQLAlchemy 2.1.
DRIVER: Final = "postgresql+asyncpg"
NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
REPOSITORY: Final = Path(__file__).parents[3]
KEEPER: Final = "app.server.kernel.postgres_keeper"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAddress:
    """Where a running cluster answers, and its roles' passwords. Valid while its lease is held."""

    host: str
    port: int
    socket_directory: Path
    passwords: Mapping[str, str] = field(repr=False)

    def url(self, database: str = PLANT, user: str = OWNER, password: str | None = None) -> str:
        """The address of `database` for `user`, driver included; `password` is the role's unless given."""
        secret = self.passwords[user] if password is None else password
        return f"{DRIVER}://{quote(user)}:{quote(secret, safe='')}@{self.host}:{self.port}/{quote(database)}"

    def owner_url(self, database: str = PLANT) -> str:
        """For migrations and restores: may make and change tables, is no superuser."""
        return self.url(database, OWNER)

    def api_url(self, database: str = PLANT) -> str:
        """For the API: owns nothing, may do what migrations grant it."""
        return self.url(database, API)

    def superuser_url(self, database: str = PLANT) -> str:
        """For tests that tamper, and for repairs. Nothing in the product connects by it."""
        return self.url(database, cluster.SUPERUSER)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrls:
    """One database as its two roles reach it. `embedded`: we run the server ourselves."""

    api: str = field(repr=False)
    owner: str = field(repr=False)
    embedded: bool


def default_home() -> Path:
    """The embedded plant of this user, in the platform's folder for data."""
    from platformdirs import user_data_path

    return user_data_path("batchwright", appauthor=False) / "plant"


@contextmanager
def plant_database(
    database_url: str | None = None, *, home: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Generator[DatabaseUrls]:
    """The plant's database: `database_url`, else BATCHWRIGHT_DATABASE_URL, else the embedded one.

    BATCHWRIGHT_DATABASE_OWNER_URL names the role that migrates a server of yours; without it the first URL's
    role does both. Raises PostgresError when there is none.
    """
    if named := database_url or environ.get(URL_VARIABLE):
        api = with_driver(named)
        owner = api if database_url else with_driver(environ.get(OWNER_URL_VARIABLE) or named)
        yield DatabaseUrls(api=api, owner=owner, embedded=False)
        return
    with embedded(home or default_home()) as address:
        ensure_database(address.owner_url())
        yield DatabaseUrls(api=address.api_url(), owner=address.owner_url(), embedded=True)


@contextmanager
def embedded(home: Path, *, options: Mapping[str, str] | None = None) -> Generator[ClusterAddress]:
    """The cluster at `home`, held until the exit: made on first use, started when no process holds it yet.

    `options` are settings of PostgreSQL for whoever starts it; they change nothing for a server that runs.
    Raises PostgresError with one sentence when it cannot be had.
    """
    if os.name != "posix":
        raise PostgresError(
            f"The embedded database runs on Linux and macOS only: set {URL_VARIABLE} to a PostgreSQL server."
        )
    home = home.absolute()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
    except OSError as cause:
        raise PostgresError(f"The database's folder {home} cannot be made: {cause.strerror}.") from cause
    lease, told = _take_lease(home, options or {})
    try:
        yield ClusterAddress(
            host=cluster.HOST,
            port=told["port"],
            socket_directory=Path(told["sockets"]),
            passwords=cluster.read_passwords(cluster.Files(home=home)),
        )
    finally:
        _end_lease(lease)


def _take_lease(home: Path, options: Mapping[str, str]) -> tuple[socket.socket, dict[str, Any]]:
    until = time.monotonic() + LEASE_SECONDS
    while True:
        lease = _join(home) or _found(home, options)
        told = _hear(lease, until)
        if "port" in told:
            log.info("postgres.leased", extra={"home": str(home), "port": told["port"]})
            return lease, told
        lease.close()
        if "error" in told:
            raise PostgresError(str(told["error"]))
        if time.monotonic() > until:
            raise PostgresError(
                f"The database at {home} is held by a process that does not answer: end it and start again."
            )
        time.sleep(0.05)


def _join(home: Path) -> socket.socket | None:
    """A lease from the keeper that is there, or None."""
    try:
        door = json.loads(cluster.Files(home=home).keeper.read_text(encoding="utf-8"))["door"]
    except (OSError, ValueError, KeyError):
        return None
    lease = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        lease.connect(door)
    except OSError:
        lease.close()
        return None
    return lease


def _found(home: Path, options: Mapping[str, str]) -> socket.socket:
    """A keeper of our own, with our lease from its birth. It says so when another one was quicker."""
    ours, theirs = socket.socketpair()
    with theirs, (home / "keeper.log").open("ab") as said:
        forked = subprocess.run(  # returns once the keeper has forked itself off
            [sys.executable, "-m", KEEPER, str(home), str(theirs.fileno()), json.dumps(dict(options))],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=REPOSITORY,
            start_new_session=True,  # Ctrl-C at our terminal is for us; the database ends after us
            check=False,
        )
    if forked.returncode != 0:
        raise PostgresError(f"The database's keeper did not start: see {home / 'keeper.log'}.")
    return ours


def _hear(lease: socket.socket, until: float) -> dict[str, Any]:
    """The keeper's one line. Empty when it ended without a word."""
    said = b""
    try:
        while not said.endswith(b"\n"):
            lease.settimeout(max(0.1, until - time.monotonic()))
            part = lease.recv(4096)
            if not part:
                return {}
            said += part
    except OSError:
        return {}
    return json.loads(said)


def _end_lease(lease: socket.socket) -> None:
    """Give the lease back; when it was the last, return only after the server has stopped."""
    with lease:
        try:
            lease.shutdown(socket.SHUT_WR)
            lease.settimeout(PARTING_SECONDS)
            while lease.recv(4096):
                pass
        except OSError:
            log.warning("postgres.parting_unconfirmed")


def with_driver(url: str) -> str:
    """`url` with our driver written out. Raises PostgresError when it names no PostgreSQL database."""
    parts = urlsplit(url)
    dialect = parts.scheme.partition("+")[0]
    if dialect not in ("postgresql", "postgres") or not parts.path.strip("/"):
        # What was given is never echoed: it holds a password.
        raise PostgresError(f"{URL_VARIABLE} must look like postgresql://user:password@host:5432/database.")
    return urlunsplit(parts._replace(scheme=DRIVER))


def driverless(url: str) -> str:
    """`url` as PostgreSQL's own programs and asyncpg itself read it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme=parts.scheme.partition("+")[0]))


def ensure_database(owner_url: str) -> bool:
    """Make the database that `owner_url` names, unless it is there. Returns whether it was made."""
    name = urlsplit(owner_url).path.strip("/")
    if not NAME.fullmatch(name):
        raise PostgresError(
            f"{name!r} cannot be a database's name: use small letters, digits and underscores."
        )
    beside = urlunsplit(urlsplit(owner_url)._replace(path="/postgres"))
    if _psql(beside, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 - NAME allows no quote
        return False
    _psql(beside, f"CREATE DATABASE {name}")
    _psql(owner_url, f"REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {API}")
    return True


def dump(url: str, file: Path) -> None:
    """Write the database at `url` to `file`: whole or not at all, readable by its owner alone.

    Raises PostgresError, in one sentence.
    """
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _call("pg_dump", url, ["--format=custom", f"--file={fresh}"], "The backup was not written")
        with fresh.open("rb+") as written:
            os.fsync(written.fileno())
        fresh.replace(file)
    except OSError as cause:
        raise PostgresError(f"The backup was not written to {file}: {cause.strerror}.") from cause
    finally:
        fresh.unlink(missing_ok=True)


def restore(url: str, file: Path) -> None:
    """Fill the empty database at `url` from a dump: whole or not at all.

    Raises PostgresError, in one sentence, when the file is no dump or damaged, or the database is not empty.
    """
    try:
        with file.open("rb") as dumped:
            head = dumped.read(5)
    except OSError as cause:
        raise PostgresError(f"The backup {file} cannot be read: {cause.strerror}.") from cause
    if head != b"PGDMP":
        raise PostgresError(f"{file} is not a backup of a Batchwright plant.")
    tables = _psql(
        url,
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'",
    )
    if tables != "0":
        raise PostgresError(f"The database holds {tables} tables already: restore into an empty one.")
    options = ["--exit-on-error", "--single-transaction", str(file)]
    _call("pg_restore", url, options, f"The backup {file} was not restored")


def _psql(url: str, sql: str) -> str:
    options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    for statement in sql.split(";"):
        options += ["--command", statement]
    return _call("psql", url, options, "The database did not answer").strip()


def _call(program: str, url: str, options: list[str], failure: str) -> str:
    """Run one of PostgreSQL's programs on `url`. The password goes by environment: `ps` shows arguments."""
    parts = urlsplit(driverless(url))
    bare = f"{quote(unquote(parts.username or ''))}@{parts.netloc.rpartition('@')[2]}".lstrip("@")
    done = subprocess.run(
        [
            newest_binaries().program(program),
            f"--dbname={urlunsplit(parts._replace(netloc=bare))}",
            "--no-password",
            *options,
        ],
        env={
            **os.environ,
            "PGPASSWORD": unquote(parts.password or ""),
            "PGCONNECT_TIMEOUT": "10",
            "LC_ALL": "C",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = [
            line
            for line in done.stderr.splitlines()
            if "error:" in line or "FATAL:" in line or "ERROR:" in line
        ]
        reason = re.split(
            r"(?:FATAL|ERROR|error):\s*", (said or [done.stderr.strip() or "no reason given"])[0]
        )[-1]
        raise PostgresError(f"{failure}: {reason.rstrip('.')}.")
    return done.stdout
