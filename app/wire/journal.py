"""A journal row as stored: `meta TAB record`, both compact JSON (which holds no raw tab), in UTF-8.

`meta` says who, what, old, why, when and where from; `record` is the whole record after the change, so that an old
workstation needs no new fold and a snapshot can be checked (ruling A5). The chain hashes these bytes as they are.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.domain.identity import CommandId, StationId, UserId
from app.domain.record import record
from app.wire.codec import dump, load

SEPARATOR: Final = b"\t"


@record
class JournalMeta:
    """`old` holds the fields that changed, as they were; empty for a record that came into being.

    `record_kind` may be `refusal`, `sign-in` or `signature` for outcomes that changed no record (ruling A4); the record
    part then is the JSON of the outcome. `nonce` keeps equal rows from having equal digests.
    """

    event_type: str
    entity_type: str
    entity_id: UUID
    batch_id: UUID | None
    user_id: UserId | None
    action: str
    old_values: dict[str, Any]
    reason: str
    command_id: CommandId | None
    station_id: StationId | None
    performed_at: datetime
    timestamp: datetime
    rulebook: int
    nonce: str
    ip_address: str | None = None
    user_agent: str | None = None


def row_bytes(meta: JournalMeta, body: bytes) -> bytes:
    """The bytes to store and hash."""
    return dump(meta) + SEPARATOR + body


def split_row(row: bytes) -> tuple[bytes, bytes]:
    """Meta and record parts of a row, unparsed."""
    meta, _, body = row.partition(SEPARATOR)
    return meta, body


def load_meta(row: bytes) -> JournalMeta:
    """Who, what, why, when of a row. Raises `Malformed`."""
    return load(JournalMeta, split_row(row)[0])
