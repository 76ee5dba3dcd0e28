"""Questions about batches, answered from the state tables."""

from dataclasses import dataclass
from typing import Final

from app.domain.batch import Batch, BatchStatus
from app.domain.decision import Reason, Refusal
from app.domain.identity import BatchId, CommandId, PlantId
from app.domain.master_record import MasterStatus
from app.server.kernel.database import Transaction
from app.server.kernel.pages import Cursor, containing, cut, page_json
from app.server.kernel.problems import Refused
from app.wire.codec import load


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFilter:
    """Empty means all. `text` is looked for in number, product, line and lots."""

    statuses: frozenset[BatchStatus] = frozenset()
    text: str = ""
    line: str = ""


_LIST: Final = """
    SELECT record, created_at AS at, id FROM production.production_batches
    WHERE plant_id = $1
      AND (origin <> 'transcribed'
           OR seq <= (SELECT max(seq) FROM production.datasets WHERE plant_id = $1))
      AND (cardinality($2::text[]) = 0 OR status = ANY($2::text[]))
      AND ($3::text = '' OR line = $3)
      AND ($4::text = '' OR batch_number ILIKE $4 OR product_name ILIKE $4 OR line ILIKE $4
           OR record::jsonb #>> '{materials}' ILIKE $4)
      AND ($5::timestamptz IS NULL OR (created_at, id) < ($5, $6::uuid))
    ORDER BY created_at DESC, id DESC LIMIT $7
"""


async def batch_page(
    tx: Transaction, plant_id: PlantId, asked: BatchFilter, limit: int, cursor: str | None
) -> bytes:
    """Batches of a plant as a JSON page, newest first, `limit` from `cursor` on.

    Transcribed ones are shown once their data set's import was completed (ruling A13).
    """
    after = Cursor.parse(cursor) if cursor else None
    rows = await tx.all(
        _LIST,
        plant_id,
        sorted(asked.statuses),
        asked.line,
        containing(asked.text),
        after.at if after else None,
        after.id if after else None,
        limit + 1,
    )
    return cut(rows, limit)


async def batch_of(tx: Transaction, plant_id: PlantId, batch_id: BatchId) -> Batch:
    """One batch. Raises `Refused` (NOT_FOUND) where the plant has none of that id: others' exist for nobody here."""
    found: str | None = await tx.value(
        "SELECT record FROM production.production_batches WHERE id = $1 AND plant_id = $2", batch_id, plant_id
    )
    if found is None:
        raise Refused(Refusal(reason=Reason.NOT_FOUND, detail=("batch",)))
    return load(Batch, found)


async def batch_made_by(tx: Transaction, plant_id: PlantId, command_id: CommandId) -> Batch:
    """The batch that a command made. Raises `Refused` (NOT_FOUND)."""
    found = await tx.value(
        "SELECT entity_id FROM kernel.audit_logs "
        "WHERE command_id = $1 AND plant_id = $2 AND entity_type = 'batch' AND action = 'create'",
        command_id,
        plant_id,
    )
    if found is None:
        raise Refused(Refusal(reason=Reason.NOT_FOUND, detail=("batch",)))
    return await batch_of(tx, plant_id, BatchId(found))


async def master_page(tx: Transaction, statuses: frozenset[MasterStatus]) -> bytes:
    """Master records as a JSON page without a next one: a plant has dozens."""
    rows = await tx.tuples(
        "SELECT record FROM production.master_records "
        "WHERE cardinality($1::text[]) = 0 OR status = ANY($1::text[]) ORDER BY title, version",
        sorted(statuses),
    )
    return page_json([each[0] for each in rows])
