"""The journal as people read it: who, what, old, new, why, when, where from."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.identity import CommandId, StationId, UserId
from app.domain.record import record


@record
class HistoryLine:
    """One journal row. `old` and `new` hold the fields that changed; a record that came into being has only `new`.

    `performed_at` is the workstation's clock, `received_at` the server's. `hash` (hex) is the row's place in the chain.
    """

    seq: int
    event: str
    entity_kind: str
    entity_id: UUID
    user_id: UserId | None
    station_id: StationId | None
    performed_at: datetime
    received_at: datetime
    reason: str
    command_id: CommandId | None
    old: dict[str, Any]
    new: dict[str, Any]
    hash: str


@record
class HistoryPage:
    """Lines in the journal's order; `next_cursor` asks for the ones after them, None at the end."""

    items: tuple[HistoryLine, ...]
    next_cursor: str | None = None
