"""What an import left behind: which of its commands were accepted, which numbers are taken, what review has to see."""

from collections.abc import Mapping, Sequence

from app.domain.envelope import Command
from app.domain.exception import Rule
from app.domain.identity import BatchId, CommandId, PlantId
from app.server.kernel.database import Transaction
from app.wire.codec import load_envelope


async def accepted_commands(tx: Transaction, ids: Sequence[CommandId]) -> dict[CommandId, Command]:
    """Those of `ids` that were accepted before, with what they said."""
    rows = await tx.tuples(
        "SELECT id, body FROM kernel.commands WHERE id = ANY($1) AND settled = 'accepted'", list(ids)
    )
    return {CommandId(key): load_envelope(bytes(body)).command for key, body in rows}


async def numbers_of_others(tx: Transaction, plant_id: PlantId, wanted: Mapping[str, BatchId]) -> list[str]:
    """Those of the `wanted` numbers that other batches of the plant have."""
    rows = await tx.tuples(
        "SELECT number, batch_id FROM kernel.batch_numbers WHERE plant_id = $1 AND number = ANY($2) ORDER BY number",
        plant_id,
        list(wanted),
    )
    return [number for number, batch_id in rows if wanted[number] != batch_id]


async def count_exceptions(tx: Transaction, batches: Sequence[BatchId]) -> dict[Rule, int]:
    """How many exceptions of each kind stand at `batches`."""
    rows = await tx.tuples(
        "SELECT rule, count(*) FROM production.review_exceptions WHERE batch_id = ANY($1) GROUP BY rule ORDER BY rule",
        list(batches),
    )
    return {Rule(rule): many for rule, many in rows}
