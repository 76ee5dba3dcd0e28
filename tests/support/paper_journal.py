"""A journal without a database: rows chained as the server chains them, for tests and benchmarks of the workstation."""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from app.domain.identity import CommandId, PlantId
from app.domain.record import Record
from app.wire.chain import GENESIS, link, row_digest
from app.wire.codec import dump
from app.wire.journal import JournalMeta, row_bytes
from app.wire.sync import FeedHead

EPOCH: Final = UUID(int=7)
MIDNIGHT: Final = datetime(2026, 11, 22, tzinfo=UTC)


class PaperJournal:
    """Append records; read pages and copies as `app/wire/sync.py` says."""

    def __init__(self, journal: PlantId, epoch: UUID = EPOCH) -> None:
        self.journal = journal
        self.epoch = epoch
        self.rows: list[bytes] = []
        self.hashes: list[bytes] = [GENESIS]
        self._records: dict[UUID, tuple[str, int, bytes]] = {}

    @property
    def head_seq(self) -> int:
        return len(self.rows)

    def append(self, each: Record, command_id: CommandId | None = None) -> int:
        """One row; answers its seq."""
        body = dump(each)
        seq = self.append_row(meta_of(each.KIND, each.id, self.head_seq, command_id, each), body)
        self._records[each.id] = (each.KIND, seq, body)
        return seq

    def append_all(self, records: Iterable[Record]) -> None:
        for each in records:
            self.append(each)

    def append_row(self, meta: JournalMeta, body: bytes) -> int:
        """One row of any make."""
        row = row_bytes(meta, body)
        seq = self.head_seq + 1
        self.rows.append(row)
        self.hashes.append(link(self.hashes[-1], self.journal, self.epoch, seq, row_digest(row)))
        return seq

    def head(self, after: int = 0) -> FeedHead:
        return FeedHead(
            journal=self.journal,
            epoch=self.epoch,
            head_seq=self.head_seq,
            hash=self.hashes[-1].hex(),
            server_time=MIDNIGHT.isoformat(),
            after=after,
        )

    def lines(self, after: int, limit: int, *, hidden: frozenset[int] = frozenset()) -> tuple[bytes, ...]:
        """Rows behind `after`; those of `hidden` as digests only."""
        found: list[bytes] = []
        for seq in range(after + 1, min(after + limit, self.head_seq) + 1):
            row = self.rows[seq - 1]
            told = b"#" + sha256(row).hexdigest().encode() if seq in hidden else row
            found.append(b"%d %s %s" % (seq, self.hashes[seq].hex().encode(), told))
        return tuple(found)

    def feed(self, after: int, limit: int) -> bytes:
        """The body of a feed answer."""
        return b"".join(each + b"\n" for each in (dump(self.head(after)), *self.lines(after, limit)))

    def copy(self) -> bytes:
        """The body of a snapshot answer."""
        records = [b"%s %d %s" % (k.encode(), seq, body) for k, seq, body in self._records.values()]
        return b"".join(each + b"\n" for each in (dump(self.head()), *records, b"end %d" % len(records)))


def meta_of(
    kind: str, key: UUID, seq: int, command_id: CommandId | None = None, each: object = None
) -> JournalMeta:
    """Meta of a row that changed one record."""
    batch_id: UUID | None = key if kind == "batch" else getattr(each, "batch_id", None)
    return JournalMeta(
        event_type=f"{kind}.changed",
        entity_type=kind,
        entity_id=key,
        batch_id=batch_id,
        user_id=None,
        action="changed",
        old_values={},
        reason="",
        command_id=command_id,
        station_id=None,
        performed_at=MIDNIGHT,
        timestamp=MIDNIGHT,
        rulebook=1,
        nonce=f"{seq:024x}",
    )
