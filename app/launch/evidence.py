"""`main.py export` and `verify`: a batch's evidence as one file, and the check of such a file or of a whole database.

Checking a file needs neither server nor database nor most of the libraries: whoever reads an archive in ten years may
have nothing else (R49). What works on a plant is imported only then.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from getpass import getuser
from pathlib import Path
from typing import Final

from app.launch.command import CommandFailed
from app.wire.verify_bundle import LARGEST_FILE, Report, verify_bundle

EXPORT: Final = "export"
USAGE: Final = 2
MOST_FLAWS_TOLD: Final = 40


def arguments(parser: ArgumentParser) -> None:
    """What `export` and `verify` take; `command` says which of them it is."""
    from app.launch.place import place_arguments

    if parser.get_default("command") == EXPORT:
        parser.add_argument("batch", metavar="BATCH", help="the batch's number, or its id")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the zip goes")
        parser.add_argument("--plant", metavar="ID", help="the plant of the batch (default: the only one)")
    else:
        parser.add_argument(
            "file", type=Path, nargs="?", metavar="FILE", help="an evidence bundle; without one, the database"
        )
        parser.add_argument(
            "--trust",
            default="",
            metavar="FINGERPRINT",
            help="the journal key's fingerprint as you know it from elsewhere; another key is then a flaw",
        )
        parser.add_argument(
            "--chain", action="store_true", help="of a database: journals and checkpoints alone (seconds)"
        )
    place_arguments(parser, demo=True)


def run(options: Namespace) -> str:
    """Do it, and say in one line what was written or found. Raises CommandFailed, on any flaw too."""
    if options.command == EXPORT:
        from app.launch.plant_evidence import export_batch

        content, about = export_batch(options, by=_who())
        _write_whole(options.out, content)
        return f"Exported {about} to {options.out} ({len(content) / 1000:.0f} kB)."
    if options.file is not None and options.database_url:
        raise CommandFailed("Give a file or a database to check, not both.", code=USAGE)
    if options.file is not None:
        return _verify_file(options.file, options.trust)
    from app.launch.plant_evidence import verify_plant

    return verify_plant(options)


def _who() -> str:
    """Who prints: the account of the operating system, since nobody signs in here."""
    try:
        return f"{getuser()} (command line)"
    except (OSError, KeyError):
        return "the command line"


def _write_whole(file: Path, content: bytes) -> None:
    """All of it or nothing: a file of that name is replaced only when the new one is on disk. Raises CommandFailed."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with fresh.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise CommandFailed(
            f"{file} cannot be written: {error.strerror or 'no such place'}.", code=USAGE
        ) from error


def _verify_file(file: Path, trust: str) -> str:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise CommandFailed(f"{file} is larger than any evidence bundle.")
        report = verify_bundle(file.read_bytes(), trust=trust)
    except OSError as error:
        raise CommandFailed(
            f"{file} cannot be read: {error.strerror or 'no such file'}.", code=USAGE
        ) from error
    for each in report.checked:
        print(f"  {each.count:>7,}  {each.what}{f': {each.note}' if report.whole else ' looked at'}")
    for each in report.fingerprints:
        print(f"  journal key {each}: {'anchored' if report.anchored else 'not anchored'}")
    if not report.whole:
        for flaw in report.flaws[:MOST_FLAWS_TOLD]:
            print(f"  {flaw.place}: {flaw.what}", file=sys.stderr)
        if (more := len(report.flaws) - MOST_FLAWS_TOLD) > 0:
            print(f"  and {more} more", file=sys.stderr)
        raise CommandFailed(_not_whole(file, report))
    anchor = (
        "anchored by the key you trust"
        if report.anchored
        else "not anchored: compare the key's fingerprint with the plant's, or give it by --trust"
    )
    return f"{file} is whole: batch {report.batch_number}, record {report.record_sha256[:16]}; {anchor}."


def _not_whole(file: Path, report: Report) -> str:
    number = len(report.flaws)
    return f"{file} is NOT whole: {number} {'flaw' if number == 1 else 'flaws'}, first in {report.flaws[0].place}."
