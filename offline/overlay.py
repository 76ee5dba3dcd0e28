"""The lists' copy of what pending commands made of records; written wherever an outbox row comes, goes or is refused."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.record import Record
from app.wire.codec import dump
from offline.fold import Folds
from offline.record_rows import row_of
from offline.record_tables import relist

_LISTED: Final = frozenset({"batch", "deviation"})


def write_overlay(connection: Connection, subject: bytes, changed: Iterable[Record]) -> None:
    """Keep what a pending command made of records, and list them so."""
    rows: list[tuple[Any, ...]] = []
    for each in changed:
        body = dump(each)
        row = row_of(each.KIND, 0, body)
        rows.append((row.id, each.KIND, subject, row.batch_id, row.tally, body))
    if not rows:
        return
    connection.exec_driver_sql(
        "INSERT OR REPLACE INTO pending_records (id, kind, subject, batch_id, tally, body)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        rows,
    )
    for row in rows:
        if row[1] in _LISTED:
            relist(connection, row[1], row[0])


def refold(connection: Connection, folds: Folds, subject: bytes) -> None:
    """Work out again what is pending for a subject, after the feed or an outcome changed what it rests on."""
    was = connection.exec_driver_sql(
        "SELECT id, kind FROM pending_records WHERE subject = ?", (subject,)
    ).all()
    connection.exec_driver_sql("DELETE FROM pending_records WHERE subject = ?", (subject,))
    folds.forget([subject])
    for key, kind in was:
        if kind in _LISTED:
            relist(connection, kind, bytes(key))
    waiting = connection.exec_driver_sql(
        "SELECT 1 FROM outbox WHERE subject = ? AND overlaid = 1 LIMIT 1", (subject,)
    ).scalar()
    if waiting is not None:
        write_overlay(connection, subject, folds.of(connection, subject).overlay.values())
