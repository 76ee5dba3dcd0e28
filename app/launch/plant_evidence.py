"""The halves of `export` and `verify` that work on a plant's database."""

import asyncio
import sys
from argparse import Namespace
from uuid import UUID

from app.domain.identity import BatchId, PlantId
from app.launch.acting import plant_named
from app.launch.command import CommandFailed
from app.launch.parts import database_trouble, now, opened
from app.launch.place import Place, open_place
from app.server.kernel.verification import Report, verify_database
from app.server.main import TABLES, Parts
from app.server.production.evidence import evidence_of
from app.server.production.print_sheet import Printing

MOST_FLAWS_TOLD = 40


def export_batch(options: Namespace, *, by: str) -> tuple[bytes, str]:
    """The evidence of the batch that `options` name, and how to call it. Raises CommandFailed."""
    with open_place(options) as place, database_trouble():
        return asyncio.run(_export(place, options, by))


async def _export(place: Place, options: Namespace, by: str) -> tuple[bytes, str]:
    async with opened(place) as parts:
        plant_id = await plant_named(parts, options.plant)
        batch_id, number = await _batch_named(parts, plant_id, options.batch)
        content = await evidence_of(
            parts.database,
            parts.desk,
            parts.journal.key,
            plant_id,
            batch_id,
            Printing(at=now(), by=by),
        )
    return content, f"the evidence of batch {number} of {plant_id}"


async def _batch_named(parts: Parts, plant_id: PlantId, named: str) -> tuple[BatchId, str]:
    async with parts.database.transaction() as tx:
        rows = await tx.tuples(
            "SELECT id, batch_number FROM production.production_batches "
            "WHERE plant_id = $1 AND (batch_number = $2 OR id = $3)",
            plant_id,
            named,
            _as_id(named),
        )
    if not rows:
        raise CommandFailed(f"{plant_id} has no batch {named}: give its number as the batch list shows it.")
    return BatchId(rows[0][0]), rows[0][1]


def _as_id(named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        return None


def verify_plant(options: Namespace) -> str:
    """Check the whole database and say what was found. Raises CommandFailed on any flaw."""
    with open_place(options) as place, database_trouble():
        report = asyncio.run(
            verify_database(
                place.urls.api, TABLES, chain_only=options.chain, seals=not options.chain, trust=options.trust
            )
        )
    for count, what in _looked_at(report):
        print(f"  {count:>7,}  {what}")
    for each in report.fingerprints:
        print(f"  journal key {each}: {'anchored' if report.anchored else 'not anchored'}")
    distrusted = bool(options.trust) and not report.anchored
    if report.sound and not distrusted:
        anchor = "anchored by the key you trust" if report.anchored else "not anchored"
        return f"The database is sound: {report.rows:,} journal rows in an unbroken chain; {anchor}."
    for flaw in report.flaws[:MOST_FLAWS_TOLD]:
        print(f"  {flaw}", file=sys.stderr)
    if distrusted:
        print("  no checkpoint is signed by the key to trust", file=sys.stderr)
    number = len(report.flaws) + distrusted
    raise CommandFailed(f"The database is NOT sound: {number} {'flaw' if number == 1 else 'flaws'}.")


def _looked_at(report: Report) -> tuple[tuple[int, str], ...]:
    return (
        (report.rows, "journal rows: chained, and their columns as the hashed bytes say"),
        (report.checkpoints, "checkpoints: signed by the server, each the chain's hash at its row"),
        (report.records, "records: each as its last journal row"),
        (report.commands, "commands: each with its outcome in the journal"),
        (report.seals, "seals: each of its author's key"),
    )
