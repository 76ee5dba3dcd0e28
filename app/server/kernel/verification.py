"""Checks a whole database against itself and against the mathematics: chains, checkpoints, records, commands, seals.

Hashes and signatures are computed here, from the stored bytes; the database is only asked for them. A report names
every flaw by journal and `seq` where it has one, and says in words what differs. What no check of one database can
find is a past that was rewritten together with every later row: the stations' witnesses and the checkpoints' key,
known from elsewhere (`trust`), do that.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.domain.decision import Reason
from app.domain.identity import SYSTEM, StationId
from app.domain.record import record
from app.server.kernel.postgres import driverless
from app.server.kernel.record_tables import SYSTEM_KINDS, RecordTable, array_literal
from app.server.kernel.seals import is_signed
from app.wire.chain import GENESIS
from app.wire.checkpoint import EVERY, checkpoint_digest, fingerprint
from app.wire.codec import Malformed, load_record
from app.wire.seal import GENESIS as FIRST_PREV
from app.wire.seal import NO_STATION, seal_digest

AT_ONCE: Final = 5_000
MOST_FLAWS: Final = 1_000
"""A report stops counting there: one altered row or a thousand, the answer is no."""


@record
class Flaw:
    """One thing that is not as it was written. `journal` and `seq` where the flaw has a place in a journal."""

    what: str
    journal: str = ""
    seq: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        place = f"{self.journal} seq {self.seq}: " if self.seq is not None else f"{self.journal}: "
        return (place if self.journal else "") + self.what + (f" ({self.detail})" if self.detail else "")


@record
class Report:
    """What was checked and found. `fingerprints` name the keys that signed checkpoints; `anchored` only where one
    of them is the fingerprint that the caller trusts."""

    rows: int
    checkpoints: int
    records: int
    commands: int
    seals: int
    fingerprints: tuple[str, ...]
    anchored: bool
    flaws: tuple[Flaw, ...]

    @property
    def sound(self) -> bool:
        return not self.flaws


@dataclass(slots=True, kw_only=True)
class _Findings:
    rows: int = 0
    checkpoints: int = 0
    records: int = 0
    commands: int = 0
    seals: int = 0
    keys: set[str] = field(default_factory=set[str])
    flaws: list[Flaw] = field(default_factory=list[Flaw])

    def add(self, what: str, journal: str = "", seq: int | None = None, detail: object = "") -> None:
        if len(self.flaws) < MOST_FLAWS:
            self.flaws.append(Flaw(what=what, journal=journal, seq=seq, detail=str(detail)))


async def verify_database(
    url: str,
    tables: Sequence[RecordTable],
    *,
    chain_only: bool = False,
    seals: bool = False,
    trust: str = "",
) -> Report:
    """Check the database at `url`, all at one moment of it.

    `chain_only`: journals and checkpoints, nothing else. `seals`: also every command's signature (0.1 ms each).
    `trust`: the fingerprint of the server's key as known from elsewhere. Raises OSError or asyncpg's errors where
    there is no database to check.
    """
    door: Any = asyncpg
    connection: Any = await door.connect(
        driverless(url), server_settings={"statement_timeout": "0", "jit": "off"}
    )
    found = _Findings()
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            heads = await _check_chains(connection, found)
            await _check_checkpoints(connection, found, heads)
            if not chain_only:
                await _check_columns(connection, found)
                for table in tables:
                    await _check_records(connection, found, table)
                await _check_commands(connection, found, seals=seals)
    finally:
        await connection.close()
    prints = tuple(sorted(fingerprint(bytes.fromhex(each)) for each in found.keys))
    return Report(
        rows=found.rows,
        checkpoints=found.checkpoints,
        records=found.records,
        commands=found.commands,
        seals=found.seals,
        fingerprints=prints,
        anchored=_plain(trust) in {_plain(each) for each in prints} if trust else False,
        flaws=tuple(found.flaws),
    )


def _plain(told: str) -> str:
    return told.replace(" ", "").lower()


async def _runs(connection: Any, sql: str, *values: object) -> AsyncIterator[Sequence[Any]]:
    """All rows, a run at a time, through a cursor of the server."""
    cursor = await connection.cursor(sql, *values)
    while rows := await cursor.fetch(AT_ONCE):
        yield rows


# --- journals ---------------------------------------------------------------------------------------------------------


async def _check_chains(connection: Any, found: _Findings) -> dict[str, int]:
    """Every journal from its first row to its head. Answers the heads' seqs."""
    heads = {
        row["plant_id"]: row
        for row in await connection.fetch("SELECT plant_id, seq, hash, epoch FROM kernel.journal_heads")
    }
    for journal, head in sorted(heads.items()):
        seq, last = await _check_chain(connection, found, journal)
        if seq != head["seq"] or last != head["hash"]:
            found.add("the journal does not end at its head", journal, seq, f"head says {head['seq']}")
    strays = await connection.fetch(
        "SELECT DISTINCT plant_id FROM kernel.audit_logs WHERE NOT plant_id = ANY($1)", sorted(heads)
    )
    for row in strays:
        found.add("a journal without a head", row["plant_id"])
    return {journal: head["seq"] for journal, head in heads.items()}


async def _check_chain(connection: Any, found: _Findings, journal: str) -> tuple[int, bytes]:
    """One chain. After a flaw it goes on from what is stored, so that each altered row is named, and only those."""
    expected, prev = 1, GENESIS
    name = journal.encode()
    sql = (
        "SELECT seq, epoch, row, prev_hash, hash, id FROM kernel.audit_logs WHERE plant_id = $1 ORDER BY seq"
    )
    async for rows in _runs(connection, sql, journal):
        for seq, epoch, row, prev_hash, stored, key in rows:
            if seq != expected:
                found.add("rows are missing", journal, expected, f"up to {seq - 1}")
            elif prev_hash != prev:
                found.add("the row does not name the one before", journal, seq)
            # app.wire.chain.link, in line: a million rows are to take seconds
            fixed = name + epoch.bytes + seq.to_bytes(8, "big") + sha256(row).digest()
            if sha256(prev_hash + fixed).digest() != stored:
                found.add("the row was altered", journal, seq, _named(row))
            if key.bytes != stored[:16]:
                found.add("the row's id was altered", journal, seq)
            expected, prev = seq + 1, stored
        found.rows += len(rows)
    return expected - 1, prev


def _named(row: bytes) -> str:
    """What a row says it is, for people who look for it."""
    try:
        meta = json.loads(row.partition(b"\t")[0])
        return f"{meta['event_type']} of {meta['entity_type']} {meta['entity_id']}"
    except (ValueError, KeyError, TypeError):
        return "unreadable"


async def _check_checkpoints(connection: Any, found: _Findings, heads: dict[str, int]) -> None:
    """Each checkpoint: is it the chain's hash at that row, and did a registered key of the server sign it?"""
    rows = await connection.fetch(
        """
        SELECT c.plant_id, c.seq, c.epoch, c.hash, c.signature, k.public_key, a.hash AS chained
        FROM kernel.checkpoints c JOIN kernel.server_keys k USING (key_id)
        LEFT JOIN kernel.audit_logs a ON a.plant_id = c.plant_id AND a.seq = c.seq AND a.epoch = c.epoch
        ORDER BY c.plant_id, c.seq
        """
    )
    seen: dict[str, int] = {}
    for row in rows:
        digest = checkpoint_digest(row["plant_id"], row["epoch"], row["seq"], row["hash"])
        if row["chained"] != row["hash"]:
            found.add("the past is not the one that was signed", row["plant_id"], row["seq"], "checkpoint")
        elif not is_signed(row["public_key"], row["signature"].hex(), digest):
            found.add("the checkpoint's signature is false", row["plant_id"], row["seq"])
        found.keys.add(row["public_key"])
        seen[row["plant_id"]] = seen.get(row["plant_id"], 0) + 1
    found.checkpoints = len(rows)
    for journal, seq in heads.items():
        if seen.get(journal, 0) != seq // EVERY:
            found.add("checkpoints are missing", journal, detail=f"{seen.get(journal, 0)} of {seq // EVERY}")


_TAKEN_OUT: Final = ",".join(
    (
        *("event_type", "entity_type", "entity_id", "batch_id", "user_id", "action", "old_values"),
        *("ip_address", "user_agent", "timestamp", "command_id"),
    )
)
_COLUMNS: Final = """
SELECT plant_id, seq FROM (
    SELECT *, position('\\x09'::bytea IN row) AS tab FROM kernel.audit_logs
) AS cut, LATERAL (
    SELECT convert_from(substr(row, 1, tab - 1), 'UTF8')::jsonb AS meta OFFSET 0
) AS parsed
WHERE (event_type, entity_type, entity_id, batch_id, user_id, action, old_values, ip_address, user_agent, timestamp,
       command_id, new_values, metadata)
IS DISTINCT FROM
      (meta ->> 'event_type', meta ->> 'entity_type', (meta ->> 'entity_id')::uuid, (meta ->> 'batch_id')::uuid,
       (meta ->> 'user_id')::uuid, meta ->> 'action', meta -> 'old_values', (meta ->> 'ip_address')::inet,
       meta ->> 'user_agent', (meta ->> 'timestamp')::timestamptz, (meta ->> 'command_id')::uuid,
       convert_from(substr(row, tab + 1), 'UTF8')::jsonb,
       meta - string_to_array($1, ','))
ORDER BY plant_id, seq
"""


async def _check_columns(connection: Any, found: _Findings) -> None:
    """Whether what is asked by (old and new values, who, when) is what the hashed bytes say."""
    try:
        async with connection.transaction():
            for row in await connection.fetch(_COLUMNS, _TAKEN_OUT):
                found.add("columns differ from the hashed row", row["plant_id"], row["seq"])
    except asyncpg.PostgresError as error:
        found.add("a row cannot be read as a journal row", detail=error)


# --- records ----------------------------------------------------------------------------------------------------------


async def _check_records(connection: Any, found: _Findings, table: RecordTable) -> None:
    """Whether each record is the one of its last journal row, and its columns are those of the record."""
    journal = f"'{SYSTEM}'" if table.kind in SYSTEM_KINDS else "s.plant_id"
    told = ", ".join(
        f"to_json(s.{each.name})::text" if each.type.endswith("[]") else f"s.{each.name}"
        for each in table.columns
    )
    sql = f"""
        SELECT s.id, s.seq, s.revision, s.record, {journal} AS journal, a.entity_id,
               substr(a.row, position('\\x09'::bytea IN a.row) + 1) AS body, {told}
        FROM {table.table} s LEFT JOIN kernel.audit_logs a ON a.plant_id = {journal} AND a.seq = s.seq
        ORDER BY s.id
    """  # noqa: S608  names of ours
    async for rows in _runs(connection, sql):
        for row in rows:
            _check_record(found, table, row)
        found.records += len(rows)
    lost = await connection.fetch(
        f"""
        SELECT last.plant_id, last.entity_id, last.seq, s.seq AS here FROM (
            SELECT plant_id, entity_id, max(seq) AS seq FROM kernel.audit_logs
            WHERE entity_type = $1 GROUP BY plant_id, entity_id
        ) AS last LEFT JOIN {table.table} s ON s.id = last.entity_id
        WHERE s.id IS NULL OR s.seq <> last.seq ORDER BY last.plant_id, last.seq
        """,  # noqa: S608
        table.kind,
    )
    for row in lost:
        what = (
            f"the {table.kind} is gone"
            if row["here"] is None
            else f"the {table.kind} is not at its last change"
        )
        found.add(what, row["plant_id"], row["seq"], row["entity_id"])


def _check_record(found: _Findings, table: RecordTable, row: Any) -> None:
    key, seq, revision, body, journal, entity_id, journalled, *told = row
    if entity_id != key or journalled != body.encode():
        found.add(f"the {table.kind} differs from its journal row", journal, seq, key)
        return
    try:
        read = load_record(table.kind, body)
    except Malformed as error:
        found.add(f"the {table.kind} cannot be read", journal, seq, f"{key}: {error}")
        return
    for column, here, meant in zip(table.columns, told, table.values(read), strict=True):
        known = array_literal(json.loads(here)) if column.type.endswith("[]") else here
        if known != meant:
            found.add(f"the {table.kind}'s column {column.name} differs from its record", journal, seq, key)
    if read.id != key or read.revision != revision:
        found.add(f"the {table.kind}'s id or revision differs from its record", journal, seq, key)


# --- commands ---------------------------------------------------------------------------------------------------------


async def _check_commands(connection: Any, found: _Findings, *, seals: bool) -> None:
    """Whether every command is the one that was sealed, in its station's chain, with its outcome in the journal."""
    keys = await _public_keys(connection) if seals else {}
    last: dict[UUID, tuple[int, bytes]] = {}
    sql = """
        SELECT id, plant_id, station_id, counter, in_chain, body, prev, key_id, signature, digest, settled, reason, seq
        FROM kernel.commands ORDER BY station_id, counter, id
    """
    async for rows in _runs(connection, sql):
        for row in rows:
            _check_command(found, row, last)
        if seals:
            await _check_seals(found, rows, keys)
        found.commands += len(rows)
    for row in await connection.fetch(
        """
        SELECT c.id, c.plant_id, c.seq FROM kernel.commands c
        WHERE NOT EXISTS (
            SELECT FROM kernel.audit_logs a
            WHERE a.plant_id IN (c.plant_id, 'system') AND a.seq = c.seq AND a.command_id = c.id
        ) ORDER BY c.plant_id, c.seq
        """
    ):
        found.add("the command's outcome is not in the journal", row["plant_id"], row["seq"], row["id"])
    for row in await connection.fetch(
        """
        SELECT a.plant_id, a.seq, a.command_id FROM kernel.audit_logs a
        WHERE a.command_id IS NOT NULL AND a.entity_type NOT IN ('signature', 'sign-in')
        AND NOT EXISTS (SELECT FROM kernel.commands c WHERE c.id = a.command_id)
        ORDER BY a.plant_id, a.seq
        """
    ):
        found.add("the command behind the row is gone", row["plant_id"], row["seq"], row["command_id"])


def _check_command(found: _Findings, row: Any, last: dict[UUID, tuple[int, bytes]]) -> None:
    try:
        digest = seal_digest(row["body"].decode(), StationId(row["station_id"]), row["counter"], row["prev"])
    except (ValueError, OverflowError):
        digest = row["digest"]  # never had the shape of a seal, and was refused for it
        if row["settled"] != "refused":
            found.add("the command was altered", row["plant_id"], row["seq"], row["id"])
    if digest != row["digest"]:
        found.add("the command was altered", row["plant_id"], row["seq"], row["id"])
    if not row["in_chain"]:
        return
    counter, prev = last.get(row["station_id"], (0, bytes.fromhex(FIRST_PREV)))
    if row["counter"] == counter + 1 and row["prev"] != prev.hex():
        found.add("the command does not follow the one before", row["plant_id"], row["seq"], row["id"])
    last[row["station_id"]] = (row["counter"], row["digest"])


async def _check_seals(found: _Findings, rows: Sequence[Any], keys: dict[UUID, str]) -> None:
    """The signatures of a run, on both cores: a verification lets the interpreter go."""
    asked = [row for row in rows if row["reason"] not in _SEAL_NOT_ASKED]
    halves = (asked[::2], asked[1::2])
    false = await asyncio.gather(*(asyncio.to_thread(_false_seals, half, keys) for half in halves))
    found.seals += len(asked)
    for row in sorted(
        (row for half in false for row in half), key=lambda row: (row["plant_id"], row["seq"] or 0)
    ):
        found.add("the command's seal is false", row["plant_id"], row["seq"], row["id"])


def _false_seals(rows: Sequence[Any], keys: dict[UUID, str]) -> list[Any]:
    return [
        row
        for row in rows
        if row["key_id"] not in keys or not is_signed(keys[row["key_id"]], row["signature"], row["digest"])
    ]


_SEAL_NOT_ASKED: Final = frozenset(
    each.value
    for each in (
        *(Reason.BAD_SEAL, Reason.UNKNOWN_KEY, Reason.MALFORMED, Reason.SAME_ID_OTHER_CONTENT),
        *(Reason.STATION_CLONED, Reason.STATION_REVOKED, Reason.OTHER_PLANT),
    )
)
"""Refused for the seal itself, or before it was looked at."""


async def _public_keys(connection: Any) -> dict[UUID, str]:
    """The public half of every key that may have sealed a command."""
    rows = await connection.fetch(
        "SELECT id, public_key FROM auth.signing_keys UNION ALL SELECT id, public_key FROM auth.stations "
        "UNION ALL SELECT key_id, public_key FROM kernel.server_keys"
    )
    keys: dict[UUID, str] = {row["id"]: row["public_key"] for row in rows}
    keys.pop(NO_STATION, None)
    return keys
