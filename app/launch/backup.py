"""`main.py backup` and `restore`: the plant's database as one file, and back, the chain verified afterwards."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from app.launch.command import CommandFailed
from app.launch.parts import database_trouble
from app.launch.place import Place, open_place, place_arguments
from app.server.kernel.database import Database
from app.server.kernel.migrations import migrate
from app.server.kernel.postgres import dump, restore
from app.server.kernel.verification import Report, verify_database
from app.server.main import TABLES

BACKUP: Final = "backup"
MOST_FLAWS_TOLD: Final = 20
Heads = Sequence[Sequence[Any]]


def arguments(parser: ArgumentParser) -> None:
    """What `backup` and `restore` take; `command` says which of them it is."""
    if parser.get_default("command") == BACKUP:
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the backup goes")
    else:
        parser.add_argument("file", type=Path, metavar="FILE", help="a backup, for an empty database")
        parser.add_argument(
            "--seals", action="store_true", help="verify the signature of every command too (minutes)"
        )
    place_arguments(parser)


def run(options: Namespace) -> str:
    """Do it, and say in one line what the file or the plant holds. Raises CommandFailed."""
    with open_place(options) as place, database_trouble():
        return _back_up(place, options.out) if options.command == BACKUP else _restore(place, options)


def _back_up(place: Place, file: Path) -> str:
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise CommandFailed(f"{file} cannot be written: name a file in a folder that exists.", code=2)
    heads = asyncio.run(_heads(place.urls.api))
    if not heads:
        raise CommandFailed("There is no plant in this database yet: nothing to back up.")
    dump(place.urls.owner, file)
    # After the file is whole, and up to where the journals stood before it: rows behind may be in it, these are.
    asyncio.run(_note(place.urls.api, heads))
    size = file.stat().st_size / 1_000_000
    return (
        f"Backed up to {file} ({size:.1f} MB): {_told(heads)}. Keep the folder of the server's keys with it."
    )


def _restore(place: Place, options: Namespace) -> str:
    restore(place.urls.owner, options.file)
    migrate(place.urls.owner)
    report = asyncio.run(verify_database(place.urls.api, TABLES, seals=options.seals))
    if not report.sound:
        for flaw in report.flaws[:MOST_FLAWS_TOLD]:
            print(f"  {flaw}", file=sys.stderr)
        raise CommandFailed(
            f"{options.file} is restored and is not sound: {len(report.flaws)} flaws. Do not work with it."
        )
    return f"Restored from {options.file}: {_told(asyncio.run(_heads(place.urls.api)))}. {_checked(report)}"


def _checked(report: Report) -> str:
    prints = " and ".join(report.fingerprints) or "no checkpoint yet"
    return (
        f"{report.rows:,} journal rows, {report.records:,} records and {report.commands:,} commands verified; "
        f"checkpoints signed by {prints}."
    )


async def _heads(url: str) -> Heads:
    """Where every journal stands; none where the database holds no plant."""
    database = Database.open(url)
    try:
        async with database.transaction() as tx:
            if await tx.value("SELECT to_regclass('kernel.journal_heads')") is None:
                return ()
            return await tx.tuples("SELECT plant_id, seq FROM kernel.journal_heads ORDER BY plant_id")
    finally:
        await database.close()


async def _note(url: str, heads: Heads) -> None:
    """Up to where the journals lie in a backup: only then may workstations forget what they keep (ruling A7)."""
    database = Database.open(url)
    try:
        async with database.transaction() as tx:
            await tx.many(
                "INSERT INTO kernel.backups (plant_id, seq) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [(plant_id, seq) for plant_id, seq in heads],
            )
    finally:
        await database.close()


def _told(heads: Heads) -> str:
    return ", ".join(f"{plant_id} up to {seq}" for plant_id, seq in heads)
