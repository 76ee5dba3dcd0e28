"""Questions about deviations, answered from the state tables."""

from dataclasses import dataclass
from typing import Final

from app.domain.decision import Reason, Refusal
from app.domain.deviation import Deviation, DeviationClass, DeviationStatus
from app.domain.identity import BatchId, DeviationId, PlantId
from app.server.kernel.database import Transaction
from app.server.kernel.pages import Cursor, containing, cut
from app.server.kernel.problems import Refused
from app.wire.codec import load


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationFilter:
    """Empty means all. `text` is looked for in number, title and description."""

    statuses: frozenset[DeviationStatus] = frozenset()
    classification: DeviationClass | None = None
    batch_id: BatchId | None = None
    text: str = ""


_LIST: Final = """
    SELECT record, noticed_at AS at, id FROM quality.deviations
    WHERE plant_id = $1
      AND (cardinality($2::text[]) = 0 OR status = ANY($2::text[]))
      AND ($3::text IS NULL OR classification = $3)
      AND ($4::uuid IS NULL OR batch_id = $4)
      AND ($5::text = '' OR number ILIKE $5 OR title ILIKE $5 OR record::jsonb ->> 'description' ILIKE $5)
      AND ($6::timestamptz IS NULL OR (noticed_at, id) < ($6, $7::uuid))
    ORDER BY noticed_at DESC, id DESC LIMIT $8
"""


async def deviation_page(
    tx: Transaction, plant_id: PlantId, asked: DeviationFilter, limit: int, cursor: str | None
) -> bytes:
    """Deviations of a plant as a JSON page, last noticed first, `limit` from `cursor` on."""
    after = Cursor.parse(cursor) if cursor else None
    rows = await tx.all(
        _LIST,
        plant_id,
        sorted(asked.statuses),
        asked.classification,
        asked.batch_id,
        containing(asked.text),
        after.at if after else None,
        after.id if after else None,
        limit + 1,
    )
    return cut(rows, limit)


async def deviation_of(tx: Transaction, plant_id: PlantId, deviation_id: DeviationId) -> Deviation:
    """One deviation. Raises `Refused` (NOT_FOUND) where the plant has none of that id."""
    found: str | None = await tx.value(
        "SELECT record FROM quality.deviations WHERE id = $1 AND plant_id = $2", deviation_id, plant_id
    )
    if found is None:
        raise Refused(Refusal(reason=Reason.NOT_FOUND, detail=("deviation",)))
    return load(Deviation, found)


async def batch_exists(tx: Transaction, plant_id: PlantId, batch_id: BatchId) -> None:
    """Raises `Refused` (NOT_FOUND) where the plant has no such batch: a deviation is not raised on another's."""
    found = await tx.value(
        "SELECT id FROM production.production_batches WHERE id = $1 AND plant_id = $2", batch_id, plant_id
    )
    if found is None:
        raise Refused(Refusal(reason=Reason.NOT_FOUND, detail=("batch",)))
