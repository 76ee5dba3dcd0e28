"""One PostgreSQL cluster on disk: made once, started and stopped. Only its keeper calls this.

    home/                 0700
      data/               what PostgreSQL owns
      passwords.json      0600, of the three roles
      keeper.lock         held by the keeper for as long as it lives
      keeper.json         where the keeper listens
      log/                a week of PostgreSQL's own log

Standard library only, but for psutil where a former server may still run.
"""

import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.server.kernel.postgres_binaries import Binaries, Footing, PostgresError

SUPERUSER: Final = "postgres"  # bootstrap only: makes the other two
OWNER: Final = "batchwright_owner"  # migrations and DDL
API: Final = "batchwright_api"  # what the API connects as: no DDL
HOST: Final = "127.0.0.1"

START_SECONDS: Final = 90.0  # a cold disk and a long recovery; a warm start takes 0.05 s
STOP_SECONDS: Final = 30.0
ORPHAN_SECONDS: Final = 20.0  # sessions outlive a killed server for a moment, holding its memory
PORT_TRIES: Final = 5
PR_SET_PDEATHSIG: Final = 1

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": HOST,
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # One file a weekday, overwritten a week later: the log cannot fill the disk by age alone.
    "logging_collector": "on",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_file_mode": "0600",
    "log_min_error_statement": "panic",  # a failing statement may carry what a person typed
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The places under one home."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def passwords(self) -> Path:
        return self.home / "passwords.json"

    @property
    def lock(self) -> Path:
        return self.home / "keeper.lock"

    @property
    def keeper(self) -> Path:
        return self.home / "keeper.json"

    @property
    def log(self) -> Path:
        return self.home / "log"


def write_private(path: Path, text: str) -> None:
    """Write `path` whole or not at all, readable by its owner alone from its first byte on."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_passwords(files: Files) -> Mapping[str, str]:
    """The passwords by role.

    Raises PostgresError when there are none: without them nobody, we included, can connect to the data.
    """
    try:
        return json.loads(files.passwords.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise PostgresError(
            f"The passwords of the embedded database are not readable in {files.passwords}: put the file "
            f"back, or move {files.home} away to begin with an empty plant."
        ) from cause


def make(files: Files, binaries: Binaries, ground: Footing) -> None:
    """Make the cluster and its roles, whole or not at all: `data` appears by a rename as the last step."""
    fresh = files.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if ground.owner is not None:
        os.chown(fresh, ground.owner, -1)
    passwords = {role: secrets.token_urlsafe(32) for role in (SUPERUSER, OWNER, API)}
    write_private(files.passwords, json.dumps(passwords))
    told = files.home / "initdb-password"
    write_private(told, passwords[SUPERUSER])
    # From 17 on PostgreSQL brings its own locale, which no upgrade of the system's C library can reorder.
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if binaries.major >= 17 else ()
    try:
        _run(
            [
                *(*ground.prefix, binaries.program("initdb")),
                *("-D", str(fresh), "-U", SUPERUSER, "--pwfile", str(told)),
                *("--encoding=UTF8", "--locale=C", *locale, "--data-checksums", "--no-instructions"),
                *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256"),
            ]
        )
    finally:
        told.unlink()
    # Membership in the API's role lets the owner end its sessions before a restore, and try what it may do.
    _run(
        [
            *(*ground.prefix, binaries.program("postgres"), "--single", "-D", str(fresh)),
            *("-c", "exit_on_error=on", "-c", "log_checkpoints=off", "postgres"),
        ],
        told=f"CREATE ROLE {OWNER} LOGIN CREATEDB PASSWORD '{passwords[OWNER]}';\n"
        f"CREATE ROLE {API} LOGIN PASSWORD '{passwords[API]}';\n"
        f"GRANT {API} TO {OWNER};\n",
    )
    fresh.rename(files.data)


def _run(command: list[str], told: str = "") -> None:
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = _last_fault(done.stderr) or f"{Path(command[-1]).name} ended with {done.returncode}"
        raise PostgresError(f"The embedded database could not be made: {said}")


def start(
    files: Files,
    binaries: Binaries,
    ground: Footing,
    sockets: Path,
    options: Mapping[str, str],
    port: int | None = None,
) -> tuple["subprocess.Popen[bytes]", int]:
    """Start the server and wait until it answers. Returns its process and port: `port`, if still free.

    Raises PostgresError with PostgreSQL's own reason when it ends instead.
    """
    files.log.mkdir(mode=0o700, exist_ok=True)
    _adopt(files, ground)
    until = time.monotonic() + ORPHAN_SECONDS
    ports = 0
    while ports < PORT_TRIES:
        chosen = port or _free_port()
        places = {"unix_socket_directories": str(sockets), "log_directory": str(files.log)}
        process = _spawn(files, binaries, ground, {**SETTINGS, **places, "port": str(chosen), **options})
        if _wait_until_ready(files, process):
            return process, chosen
        fault = _fault(files)
        if "shared memory block" in fault and time.monotonic() < until:
            time.sleep(0.1)  # sessions of a killed server, about to notice
        elif "already in use" in fault or "could not create any TCP/IP sockets" in fault:
            port, ports = None, ports + 1
        else:
            raise PostgresError(f"The embedded database did not start: {fault} (see {files.log})")
    raise PostgresError(
        "The embedded database did not start: no free port on this machine's loopback address."
    )


def _spawn(
    files: Files, binaries: Binaries, ground: Footing, settings: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    command = [*ground.prefix, binaries.program("postgres"), "-D", str(files.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    mortal = sys.platform == "linux" and not ground.dies_with_us
    with (files.log / "start.log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=files.home,
            process_group=0,
            preexec_fn=_die_with_parent if mortal else None,  # safe: the keeper has one thread
        )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)  # SIGINT is PostgreSQL's fast, clean shutdown


def _wait_until_ready(files: Files, process: "subprocess.Popen[bytes]") -> bool:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None:
        with suppress(OSError, IndexError):
            line = (files.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            if (
                line[0] == str(process.pid) and line[7].strip() == "ready"
            ):  # a stale file says "ready" as well
                return True
        if time.monotonic() > until:
            stop(process)
            raise PostgresError(
                f"The database was not ready within {START_SECONDS:.0f} s: see {files.log} and start again."
            )
        time.sleep(0.01)
    return False


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server: cleanly, else at once (it then recovers at its next start)."""
    for kind, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        process.send_signal(kind)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def end_former(files: Files) -> None:
    """End a server that outlived its keeper, so that one data directory never has two.

    It is on its way out already where the system tells it of its keeper's death. Asks the process itself what
    it is: the number in a stale file may be anybody's by now.
    """
    try:
        number = int((files.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return
    import psutil  # the one case that needs it, so the keeper starts without

    until = time.monotonic() + STOP_SECONDS
    asked = False
    while time.monotonic() < until:
        try:
            words = psutil.Process(number).cmdline()
        except psutil.Error:
            return
        if str(files.data) not in words:
            return
        if not asked and time.monotonic() > until - STOP_SECONDS + 1.0:
            os.kill(number, signal.SIGINT)
            asked = True
        time.sleep(0.02)
    raise PostgresError(
        f"A PostgreSQL server (process {number}) holds {files.data} and does not end: stop it first."
    )


def _adopt(files: Files, ground: Footing) -> None:
    """Give the files to the user PostgreSQL runs as, when a different footing served them before."""
    if ground.owner is None or files.data.stat().st_uid == ground.owner:
        return
    for place in (files.data, *files.data.rglob("*"), *files.log.iterdir()):
        os.chown(place, ground.owner, -1, follow_symlinks=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _fault(files: Files) -> str:
    """PostgreSQL's last complaint, from whichever log is the youngest."""
    logs = sorted(files.log.glob("*.log"), key=lambda each: each.stat().st_mtime, reverse=True)
    for log in logs[:2]:
        tail = log.read_bytes()[-4000:].decode(errors="replace")
        if said := _last_fault(tail):
            return said
    return "PostgreSQL gave no reason"


def _last_fault(text: str) -> str:
    for line in reversed(text.splitlines()):
        for mark in ("FATAL:", "PANIC:", "ERROR:", "error:"):
            if mark in line:
                return line.split(mark, 1)[1].strip()
    return text.strip().splitlines()[-1] if text.strip() else ""
