"""A private D-Bus with a real gnome-keyring on it: for the headless demo, and for tests of the keyring.

Needs Debian's `dbus` and `gnome-keyring`. Nothing of the caller's own session is touched: the keyring's
files lie in a directory of the caller's, and both daemons end with the `with` block, by the process ids that
it started.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUS: Final = "DBUS_SESSION_BUS_ADDRESS"
PROGRAMS: Final = ("dbus-daemon", "gnome-keyring-daemon")
_PATIENCE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringSession:
    """The environment in which a process finds the private keyring: `DBUS_SESSION_BUS_ADDRESS` and no display."""

    environment: dict[str, str]
    directory: Path


@contextmanager
def keyring_session(directory: Path, *, unlocked: bool = True) -> Generator[KeyringSession]:
    """Start both daemons; `unlocked` says whether the login keyring is open, as after a sign-in to the desktop.

    A keyring that nobody unlocked can't ask for its password without a display: it then refuses, as on a
    kiosk whose login does not open it.
    """
    for program in PROGRAMS:
        if shutil.which(program) is None:
            raise RuntimeError(f"{program} is missing: apt-get install dbus gnome-keyring")
    runtime = directory / "run"
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")},
        "XDG_DATA_HOME": str(directory / "data"),
        "XDG_RUNTIME_DIR": str(runtime),
        "HOME": str(directory),
    }
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        environment[BUS] = bus.stdout.readline().strip() if bus.stdout else ""
        keyring = _start_keyring(environment, unlocked=unlocked)
        try:
            yield KeyringSession(environment=environment, directory=directory)
        finally:
            _end(keyring)
    finally:
        _end(bus)


@contextmanager
def keyring_where_there_is_none(directory: Path) -> Generator[dict[str, str]]:
    """What to add to a process's environment so that it finds a keyring: nothing where the desktop has a session of
    its own, the private one where there is none (a bare machine, a container). For the demo only: its keyring's
    password is no secret.
    """
    own = os.environ.get(BUS) or any(shutil.which(each) is None for each in PROGRAMS)
    if own:
        yield {}
        return
    with keyring_session(directory) as session:
        yield {BUS: session.environment[BUS]}


def _start_keyring(environment: dict[str, str], *, unlocked: bool) -> subprocess.Popen[str]:
    mode = ["--unlock"] if unlocked else []
    keyring = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--components=secrets", *mode],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    if keyring.stdin is not None:
        keyring.stdin.write("the keyring's own password")
        keyring.stdin.close()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _answers(environment):
        if keyring.poll() is not None or time.monotonic() > deadline:
            _end(keyring)
            raise RuntimeError("gnome-keyring-daemon did not come up")
        time.sleep(0.02)
    return keyring


def _answers(environment: dict[str, str]) -> bool:
    asked = subprocess.run(
        [
            *(
                "dbus-send",
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
            ),
            *("org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return "boolean true" in asked.stdout


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None and not stream.closed:
            stream.close()
