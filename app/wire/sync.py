"""What a workstation and the server say to each other.

`POST /sync/commands` takes a `Push` and answers a `PushAnswer`, one `Outcome` per command, only after COMMIT.

`GET /sync/feed?journal=&after=&limit=` answers `FEED_TYPE`, UTF-8 lines ended by LF:
the first is the JSON of a `FeedHead`; each further one is `seq SP hash SP row` with the hash of that row in hex and
the row's stored bytes as they are, or `seq SP hash SP #digest` for a row that this station does not get to see.

`GET /sync/snapshot?journal=` answers `SNAPSHOT_TYPE`: first the JSON of a `FeedHead` at whose `head_seq` the copy was
taken, then one line `kind SP seq SP json` per record, and last `end SP count`. A copy without its last line is no copy.

`GET /sync/live?journal=` is an event stream (`event: head`, data: JSON of a `LiveHead`), a hint only: a lost one
costs latency, never data.
"""

from enum import StrEnum
from typing import Final
from uuid import UUID

from app.domain.decision import Blocker, Reason
from app.domain.identity import CommandId, PlantId, StationId
from app.domain.record import record
from app.wire.seal import SealedCommand

FEED_TYPE: Final = "application/vnd.batchwright.feed"
SNAPSHOT_TYPE: Final = "application/vnd.batchwright.snapshot"
MOST_COMMANDS: Final = 500
"""Commands in one push at most; also bounded by bytes, see `MOST_BYTES`."""
MOST_BYTES: Final = 4_000_000
MOST_ROWS: Final = 5_000
"""Rows of one feed page at most."""


class Settled(StrEnum):
    """How a command came out. `HELD`: it waits for one it depends on, and is sent again."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    HELD = "held"


@record
class Outcome:
    """One command's result. `seq` is the journal row an accepted command ended at; a refused one has its reason.

    `again` says that this answer was given before: the command was delivered a second time and changed nothing.
    """

    id: CommandId
    settled: Settled
    seq: int | None = None
    reason: Reason | None = None
    detail: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    again: bool = False


@record
class Push:
    """A workstation's next commands, in the order of their counters, for one plant."""

    station_id: StationId
    plant_id: PlantId
    commands: tuple[SealedCommand, ...]


@record
class PushAnswer:
    """Outcomes in the order of the request. `durable_seq`: up to here the journal is in a backup, None without one."""

    outcomes: tuple[Outcome, ...]
    head_seq: int
    server_time: str
    durable_seq: int | None = None


@record
class FeedHead:
    """Where a journal stands. `hash` is the one of the row at `head_seq`, hex; `epoch` changes with a restore."""

    journal: PlantId
    epoch: UUID
    head_seq: int
    hash: str
    server_time: str
    after: int = 0


@record
class LiveHead:
    journal: PlantId
    head_seq: int


@record
class PersonCard:
    """A person as screens name them. Kept beside the journal, under retention rules (ruling A5)."""

    user_id: UUID
    login: str
    name: str
    email: str
    department: str
