"""A batch's rows of the journal, for people."""

import json
from collections.abc import Mapping
from typing import Any, Final

from app.domain.identity import BatchId, CommandId, PlantId, StationId, UserId
from app.server.kernel.database import Transaction
from app.wire.history import HistoryLine
from app.wire.journal import load_meta, split_row

_ROWS: Final = """
    SELECT seq, row, hash FROM kernel.audit_logs
    WHERE plant_id = $1 AND batch_id = $2 AND seq > $3 ORDER BY seq LIMIT $4
"""


async def history_of(
    tx: Transaction, plant_id: PlantId, batch_id: BatchId, *, after: int = 0, limit: int = 10_000
) -> tuple[HistoryLine, ...]:
    """What happened to a batch and all that belongs to it, in the journal's order, behind seq `after`."""
    rows = await tx.tuples(_ROWS, plant_id, batch_id, after, limit)
    return tuple(_line(seq, bytes(row), bytes(chain)) for seq, row, chain in rows)


def _line(seq: int, row: bytes, chain: bytes) -> HistoryLine:
    meta = load_meta(row)
    whole: Any = json.loads(split_row(row)[1])
    return HistoryLine(
        seq=seq,
        event=meta.event_type,
        entity_kind=meta.entity_type,
        entity_id=meta.entity_id,
        user_id=UserId(meta.user_id) if meta.user_id else None,
        station_id=StationId(meta.station_id) if meta.station_id else None,
        performed_at=meta.performed_at,
        received_at=meta.timestamp,
        reason=meta.reason,
        command_id=CommandId(meta.command_id) if meta.command_id else None,
        old=meta.old_values,
        new=_changed(whole, meta.old_values) if meta.action == "update" else whole,
        hash=chain.hex(),
    )


def _changed(whole: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    return {name: whole[name] for name in old if name in whole}
