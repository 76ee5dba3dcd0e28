"""The journal of a plant: appended through one function of the database, read as feed.

Rows are numbered and chained in PostgreSQL under the lock of the journal's head, as the last thing before the
commit (rulings A2, A5), so a cursor can never pass a row that appears later.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.domain.identity import CommandId, PlantId, StationId, UserId
from app.domain.record import record
from app.server.kernel.database import Transaction
from app.server.kernel.security import NO_REMOTE, Remote
from app.server.kernel.server_key import ServerKey
from app.wire.chain import GENESIS
from app.wire.checkpoint import EVERY, checkpoint_digest
from app.wire.codec import dump
from app.wire.journal import JournalMeta, row_bytes
from app.wire.sync import MOST_ROWS, FeedHead

NONCE_BYTES: Final = 12
NONCES_AT_ONCE: Final = 256
NOT_FOR_STATIONS: Final = frozenset({"sign-in"})
"""Kinds of rows that travel to workstations as two hashes only: the chain closes, the content stays here."""

Announce = Callable[[PlantId, int], None]
"""Told after COMMIT that a journal's head moved to a seq."""


@record
class Appended:
    """Where rows came to lie."""

    first_seq: int
    last_seq: int


@record
class Event:
    """Something that happened and changed no record: a refusal, a sign-in, a failed signature (ruling A4)."""

    event_type: str
    entity_type: str
    entity_id: UUID
    action: str
    user_id: UserId | None = None
    batch_id: UUID | None = None
    reason: str = ""
    command_id: CommandId | None = None
    station_id: StationId | None = None
    performed_at: datetime | None = None


class Journal:
    """All appending of one process. `entropy` gives random bytes, `announce` is told of every new head."""

    def __init__(
        self,
        *,
        key: ServerKey,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
        announce: Announce,
    ) -> None:
        self._key = key
        self._clock = clock
        self._entropy = entropy
        self._announce = announce
        self._nonces: list[str] = []

    @property
    def key(self) -> ServerKey:
        """The server's own key, for evidence that leaves this server."""
        return self._key

    def nonce(self) -> str:
        """What keeps two equal rows from having equal digests, which would betray a withheld one."""
        if not self._nonces:
            # Many at once: each call lets the interpreter go, and waits for it again behind a thread that verifies.
            drawn = self._entropy(NONCE_BYTES * NONCES_AT_ONCE).hex()
            width = 2 * NONCE_BYTES
            self._nonces = [drawn[at : at + width] for at in range(0, len(drawn), width)]
        return self._nonces.pop()

    async def append(self, tx: Transaction, journal: PlantId, rows: Sequence[bytes]) -> Appended:
        """Number, chain and store `rows`; sign the checkpoints they pass. From here to COMMIT the head is locked."""
        first_seq: int = await tx.value(
            "SELECT first_seq FROM kernel.append_journal($1, $2)", journal, list(rows)
        )
        last_seq = first_seq + len(rows) - 1
        if last_seq // EVERY > (first_seq - 1) // EVERY:
            await self._sign_checkpoints(tx, journal, first_seq, last_seq)
        tx.committed.append(lambda: self._announce(journal, last_seq))
        return Appended(first_seq=first_seq, last_seq=last_seq)

    async def note(
        self,
        tx: Transaction,
        journal: PlantId,
        event: Event,
        body: object,
        remote: Remote = NO_REMOTE,
        *,
        rulebook: int = 0,
    ) -> Appended:
        """Append one event whose record part is the JSON of `body`, any value of the wire."""
        return await self.append(tx, journal, [self.event_row(event, dump(body), remote, rulebook=rulebook)])

    def event_row(self, event: Event, body: bytes, remote: Remote = NO_REMOTE, *, rulebook: int = 0) -> bytes:
        """The bytes of an event's row."""
        now = self._clock()
        meta = JournalMeta(
            event_type=event.event_type,
            entity_type=event.entity_type,
            entity_id=event.entity_id,
            batch_id=event.batch_id,
            user_id=event.user_id,
            action=event.action,
            old_values={},
            reason=event.reason,
            command_id=event.command_id,
            station_id=event.station_id,
            performed_at=event.performed_at or now,
            timestamp=now,
            rulebook=rulebook,
            nonce=self.nonce(),
            ip_address=remote.ip_address,
            user_agent=remote.user_agent,
        )
        return row_bytes(meta, body)

    async def _sign_checkpoints(self, tx: Transaction, journal: PlantId, first: int, last: int) -> None:
        at = list(range(first + (-first) % EVERY, last + 1, EVERY))
        passed = await tx.tuples(
            "SELECT seq, epoch, hash FROM kernel.audit_logs WHERE plant_id = $1 AND seq = ANY($2)",
            journal,
            at,
        )
        now = self._clock()
        await tx.many(
            "INSERT INTO kernel.checkpoints (plant_id, seq, epoch, hash, key_id, signature, signed_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [
                (
                    journal,
                    seq,
                    epoch,
                    digest,
                    self._key.key_id,
                    self._key.sign(checkpoint_digest(journal, epoch, seq, digest)),
                    now,
                )
                for seq, epoch, digest in passed
            ],
        )


async def open_journal(tx: Transaction, journal: PlantId) -> None:
    """Begin the journal of a plant, unless there is one."""
    await tx.execute("SELECT kernel.open_journal($1)", journal)


async def head(tx: Transaction, journal: PlantId, now: datetime) -> FeedHead | None:
    """Where a journal stands, or None where there is none."""
    found = await tx.first("SELECT epoch, seq, hash FROM kernel.journal_heads WHERE plant_id = $1", journal)
    if found is None:
        return None
    return FeedHead(
        journal=journal,
        epoch=found["epoch"],
        head_seq=found["seq"],
        hash=bytes(found["hash"]).hex(),
        server_time=now.isoformat(),
    )


_PAGE: Final = """
WITH head AS (
    SELECT epoch, seq, hash FROM kernel.journal_heads WHERE plant_id = $1
), page AS (
    SELECT seq, hash, row, entity_type FROM kernel.audit_logs
    WHERE plant_id = $1 AND seq > $2 AND seq <= (SELECT seq FROM head) ORDER BY seq LIMIT $3
)
SELECT head.epoch, head.seq, head.hash, (
    SELECT string_agg(
        convert_to(seq || ' ' || encode(hash, 'hex') || ' ', 'UTF8')
        || CASE WHEN entity_type = ANY($4) THEN convert_to('#' || encode(sha256(row), 'hex'), 'UTF8') ELSE row END,
        '\\x0a'::bytea ORDER BY seq
    ) FROM page
) FROM head
"""


async def feed_page(
    tx: Transaction,
    journal: PlantId,
    *,
    after: int,
    limit: int,
    now: datetime,
    hidden: Collection[str] = NOT_FOR_STATIONS,
) -> bytes | None:
    """The rows behind `after` as `FEED_TYPE`, made in PostgreSQL in one statement; None where there is no journal."""
    found = await tx.tuples(_PAGE, journal, after, max(1, min(limit, MOST_ROWS)), sorted(hidden))
    if not found:
        return None
    epoch, seq, digest, rows = found[0]
    first = FeedHead(
        journal=journal,
        epoch=epoch,
        head_seq=seq,
        hash=bytes(digest or GENESIS).hex(),
        server_time=now.isoformat(),
        after=after,
    )
    return dump(first) + b"\n" + (bytes(rows) + b"\n" if rows else b"")
