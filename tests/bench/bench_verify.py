"""How long `verify` takes for a journal of many rows, beside what hashing them alone takes.

    python -m tests.bench.bench_verify [--rows 1000000] [--body 600]

The rows are appended by the database's own function, so the chain is real; their bodies are made up.
"""

import argparse
import asyncio
import json
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvloop

from app.domain.identity import uuid7
from app.server.kernel.database import Database
from app.server.kernel.journal import Event, Journal, open_journal
from app.server.kernel.migrations import migrate
from app.server.kernel.postgres import driverless, embedded, ensure_database
from app.server.kernel.server_key import ServerKey
from app.server.kernel.verification import verify_database
from tests.support.plant import PLANT, TABLES

AT_ONCE = 5_000


async def fill(url: str, rows: int, body: bytes) -> None:
    """Append `rows` events to one journal."""
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    key = ServerKey.fresh()
    database = Database.open(url, pool_size=1)

    def quiet(_journal: object, _seq: int) -> None:
        return

    journal = Journal(key=key, clock=lambda: moment, entropy=lambda many: b"n" * many, announce=quiet)
    async with database.transaction() as tx:
        await key.register(tx)
        await open_journal(tx, PLANT)
    for at in range(0, rows, AT_ONCE):
        many = min(AT_ONCE, rows - at)
        lines = [
            journal.event_row(
                Event(
                    event_type="step.recorded",
                    entity_type="step",
                    entity_id=uuid7(1_790_000_000_000 + at, number.to_bytes(10, "big")),
                    action="update",
                ),
                body,
            )
            for number in range(many)
        ]
        async with database.transaction() as tx:
            await journal.append(tx, PLANT, lines)
    await database.close()


async def hash_limit(url: str) -> float:
    """Seconds to hash every stored row once, without reading time."""
    door: Any = asyncpg
    connection: Any = await door.connect(driverless(url))
    rows = await connection.fetch("SELECT row FROM kernel.audit_logs LIMIT 50000")
    many: int = await connection.fetchval("SELECT count(*) FROM kernel.audit_logs")
    await connection.close()
    began = time.perf_counter()
    for row in rows:
        sha256(row["row"]).digest()
    return (time.perf_counter() - began) / max(1, len(rows)) * many


async def measure(owner_url: str, api_url: str, arguments: argparse.Namespace) -> dict[str, object]:
    """Fill, then check."""
    record = {"id": str(UUID(int=1)), "text": "x" * arguments.body}
    await fill(api_url, arguments.rows, json.dumps(record).encode())
    began = time.perf_counter()
    cpu = time.process_time()
    report = await verify_database(owner_url, TABLES, chain_only=True)
    seconds = time.perf_counter() - began
    if not report.sound:
        raise SystemExit(str(report.flaws[0]))
    return {
        "bench": "verify",
        "rows": report.rows,
        "checkpoints": report.checkpoints,
        "seconds": round(seconds, 2),
        "python_cpu_seconds": round(time.process_time() - cpu, 2),
        "rows_per_second": round(report.rows / seconds),
        "budget_seconds": round(10.0 * report.rows / 1_000_000, 2),
        "limit_hash_rows_seconds": round(await hash_limit(owner_url), 2),
    }


def main() -> None:
    """Run on a fresh embedded plant and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--body", type=int, default=600, help="bytes of each record")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder,
        embedded(Path(folder) / "plant") as address,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        ensure_database(address.owner_url())
        migrate(address.owner_url())
        measured = runner.run(measure(address.owner_url(), address.api_url(), arguments))
        print(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
