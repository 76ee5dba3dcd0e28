"""What this machine gives a workstation: clock, ids, chance, zone, keyring, and where things lie."""

import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.client.vault import MemoryVault, Vault, VaultUnavailable, open_vault
from app.domain.identity import uuid7

if TYPE_CHECKING:
    from app.client.ports import Plug
    from offline.desk import Surroundings

ZONE_FILE: Final = Path("/etc/localtime")
INSTALLATION: Final = "installation"


def now() -> datetime:
    """This machine's clock, in its own zone."""
    return datetime.now().astimezone()


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


def zone_name() -> str:
    """The IANA name of this machine's zone; its abbreviation where the machine does not tell."""
    told = os.environ.get("TZ", "")
    if told:
        try:
            return ZoneInfo(told).key
        except (ZoneInfoNotFoundError, ValueError):
            pass
    parts = ZONE_FILE.resolve().parts
    if "zoneinfo" in parts:
        return "/".join(parts[parts.index("zoneinfo") + 1 :])
    return now().tzname() or UTC.tzname(None)


def vault_of(data_dir: Path) -> tuple[Vault, str]:
    """The operating system's keyring for the installation in `data_dir`, and why it can't be used, empty if it can.

    Blocks, and may show the operating system's own unlock window.
    """
    opened = open_vault(f"batchwright/{_installation(data_dir)}", random_bytes=os.urandom)
    if isinstance(opened, VaultUnavailable):
        return MemoryVault(), opened.problem.value
    return opened, ""


def _installation(data_dir: Path) -> str:
    """A name for this installation, so that two of them on one account share no secret."""
    file = data_dir / INSTALLATION
    if not file.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(os.urandom(8).hex())
    return file.read_text().strip()


def surroundings(data_dir: Path, vault: Vault, plug: "Plug | None" = None) -> "Surroundings":
    """All that a workstation needs, of this machine."""
    from offline.desk import Surroundings  # heavy, and the keyring is asked before

    chance: Callable[[], float] = random.SystemRandom().random
    return Surroundings(
        data_dir=data_dir,
        vault=vault,
        clock=now,
        monotonic=time.monotonic,
        new_id=new_id,
        random_bytes=os.urandom,
        chance=chance,
        zone=zone_name(),
        plug=plug,
    )
