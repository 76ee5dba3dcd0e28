"""The tables of the workstation's file, and the steps that lead from one version of them to the next.

`records` is what the journal says, written by the feed alone. `pending_records` is what this station's own commands
make of it until the feed brings their effect (ruling A7). `batch_rows` and `deviation_rows` are the lists' narrow
tables, derived from both; FTS5 tables beside them hold the words people search. `outbox` is written by people.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from offline.database import Migration

COPY: Final = "incoming_"
"""Prefix of the tables that a fresh copy is read into, beside the ones in use."""

_COPIED: Final = (
    """CREATE TABLE {prefix}records (
        rowid INTEGER PRIMARY KEY, journal TEXT NOT NULL, kind TEXT NOT NULL, id BLOB NOT NULL, batch_id BLOB,
        tally TEXT NOT NULL, seq INTEGER NOT NULL)""",
    # Apart from the narrow rows: an index is then made without deciphering every record there is.
    "CREATE TABLE {prefix}bodies (rowid INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    """CREATE TABLE {prefix}batch_rows (
        rowid INTEGER PRIMARY KEY, id BLOB NOT NULL, seq INTEGER NOT NULL, number TEXT NOT NULL COLLATE NOCASE,
        product TEXT NOT NULL COLLATE NOCASE, status TEXT NOT NULL, line TEXT NOT NULL, started TEXT NOT NULL,
        created TEXT NOT NULL, created_by BLOB NOT NULL, origin TEXT NOT NULL, shown INTEGER NOT NULL,
        words TEXT NOT NULL)""",
    """CREATE TABLE {prefix}deviation_rows (
        rowid INTEGER PRIMARY KEY, id BLOB NOT NULL, status TEXT NOT NULL, class TEXT NOT NULL, batch_id BLOB,
        noticed TEXT NOT NULL, words TEXT NOT NULL)""",
    """CREATE TABLE {prefix}worked (
        person BLOB NOT NULL, batch_id BLOB NOT NULL, PRIMARY KEY (person, batch_id)) WITHOUT ROWID""",
    # The texts themselves lie in the tables above: an index without content is half the size (SQLite, FTS5 §4.4.3).
    # detail=none: every word is looked for by itself, no phrases, so no positions are kept.
    """CREATE VIRTUAL TABLE {prefix}batch_words USING fts5(
        words, content='', contentless_delete=1, detail=none, prefix='1 2 3 4', tokenize='unicode61')""",
    """CREATE VIRTUAL TABLE {prefix}deviation_words USING fts5(
        words, content='', contentless_delete=1, detail=none, prefix='2 3', tokenize='unicode61')""",
    """CREATE VIRTUAL TABLE {prefix}comment_words USING fts5(
        words, content='', contentless_delete=1, detail=none, prefix='2 3', tokenize='unicode61')""",
)
COPIED_TABLES: Final = (
    "records",
    "bodies",
    "batch_rows",
    "deviation_rows",
    "worked",
    "batch_words",
    "deviation_words",
    "comment_words",
)

_INDEXES: Final = (
    ("records_identity", "CREATE UNIQUE INDEX {name} ON records (id, kind)"),
    ("records_batch", "CREATE INDEX {name} ON records (batch_id, kind, tally) WHERE batch_id IS NOT NULL"),
    ("records_few", "CREATE INDEX {name} ON records (kind, id) WHERE batch_id IS NULL"),
    ("batch_identity", "CREATE UNIQUE INDEX {name} ON batch_rows (id)"),
    # Each sort carries what the list filters by, so that a page is found without touching a row it does not show.
    ("batch_created", "CREATE INDEX {name} ON batch_rows (created, status, shown, line)"),
    ("batch_number", "CREATE INDEX {name} ON batch_rows (number, status, shown, line)"),
    ("batch_product", "CREATE INDEX {name} ON batch_rows (product, number, status, shown, line)"),
    ("batch_started", "CREATE INDEX {name} ON batch_rows (started, status, shown, line)"),
    ("batch_status", "CREATE INDEX {name} ON batch_rows (status, created, shown, line)"),
    ("deviation_identity", "CREATE UNIQUE INDEX {name} ON deviation_rows (id)"),
    ("deviation_noticed", "CREATE INDEX {name} ON deviation_rows (noticed, status)"),
)

_OWN: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE cursors (
        journal TEXT PRIMARY KEY, epoch BLOB NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
        broken_at INTEGER) WITHOUT ROWID""",
    """CREATE TABLE witness (
        journal TEXT NOT NULL, epoch BLOB NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, seen_at TEXT NOT NULL,
        PRIMARY KEY (journal, epoch, seq)) WITHOUT ROWID""",
    """CREATE TABLE outbox (
        counter INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, plant TEXT NOT NULL, subject BLOB, batch_id BLOB,
        slot TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, prev TEXT NOT NULL,
        key_id BLOB NOT NULL, signature TEXT NOT NULL, digest TEXT NOT NULL, author BLOB, author_name TEXT NOT NULL,
        performed_at TEXT NOT NULL, state TEXT NOT NULL, overlaid INTEGER NOT NULL, outcome TEXT, seq INTEGER,
        settled_note TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX outbox_unsettled ON outbox (state, counter) WHERE state IN ('new', 'sending', 'refused')",
    "CREATE INDEX outbox_overlaid ON outbox (subject, counter) WHERE overlaid = 1",
    "CREATE INDEX outbox_acked ON outbox (plant, seq) WHERE overlaid = 1 AND seq IS NOT NULL",
    """CREATE TABLE pending_records (
        id BLOB NOT NULL, kind TEXT NOT NULL, subject BLOB NOT NULL, batch_id BLOB, tally TEXT NOT NULL,
        body BLOB NOT NULL, PRIMARY KEY (id, kind)) WITHOUT ROWID""",
    "CREATE INDEX pending_subject ON pending_records (subject)",
    "CREATE INDEX pending_batch ON pending_records (batch_id)",
    "CREATE TABLE cards (user_id BLOB PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE people (
        user_id BLOB PRIMARY KEY, login TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL, role TEXT NOT NULL,
        department TEXT NOT NULL, key_id BLOB NOT NULL, public_key BLOB NOT NULL, last_online TEXT NOT NULL,
        last_seen TEXT NOT NULL, wrong_tries INTEGER NOT NULL DEFAULT 0, wait_until TEXT) WITHOUT ROWID""",
    """CREATE TABLE drafts (
        author BLOB NOT NULL, place TEXT NOT NULL, sealed BLOB NOT NULL, kept_at TEXT NOT NULL,
        PRIMARY KEY (author, place)) WITHOUT ROWID""",
    """CREATE TABLE metrics_cache (
        batch_id BLOB NOT NULL, stage_key TEXT NOT NULL, body BLOB NOT NULL, fetched_at TEXT NOT NULL,
        PRIMARY KEY (batch_id, stage_key))""",
)


def make_tables(connection: Connection, prefix: str = "") -> None:
    """The tables that a copy of the journal fills, without their indexes."""
    for statement in _COPIED:
        connection.exec_driver_sql(statement.format(prefix=prefix))


def make_indexes(connection: Connection) -> None:
    for name, statement in _INDEXES:
        connection.exec_driver_sql(statement.format(name=name))


def drop_tables(connection: Connection, prefix: str = "") -> None:
    for table in COPIED_TABLES:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {prefix}{table}")


def take_over(connection: Connection) -> None:
    """Put the copy's tables in the place of those in use: all of it or nothing, in the caller's transaction."""
    drop_tables(connection)
    for table in COPIED_TABLES:
        connection.exec_driver_sql(f"ALTER TABLE {COPY}{table} RENAME TO {table}")
    make_indexes(connection)  # at the end: a whole index at once takes a third of the time


def _first(connection: Connection) -> None:
    for statement in _OWN:
        connection.exec_driver_sql(statement)
    make_tables(connection)
    make_indexes(connection)


MIGRATIONS: Final[Sequence[Migration]] = (_first,)
"""Shipped steps are never changed, only followed by others: old files open through all of them."""
