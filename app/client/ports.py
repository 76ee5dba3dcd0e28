"""What a screen may ask, and nothing more. `offline` answers; fakes in the tests pass the same suites.

Every question is answered from the workstation's own file, whether or not the network is there; what needs the server
says so. No method raises for a "no": it returns a `Refusal`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from app.client.observable import Observable
from app.domain.batch import Batch, BatchStatus, Origin
from app.domain.decision import Blocker, Context, Reason, Refusal
from app.domain.deviation import Deviation, DeviationClass, DeviationStatus
from app.domain.envelope import Command
from app.domain.facts import Facts
from app.domain.identity import BatchId, CommandId, DeviationId, KeyId, PlantId, StationId, UserId
from app.domain.master_record import MasterRecord, Product
from app.domain.metrics import MetricSeries
from app.domain.permissions import Role
from app.domain.record import record
from app.wire.sync import Outcome, PersonCard


class Mark(StrEnum):
    """Where an entry is on its way: the small mark beside every saved value."""

    SAVED_HERE = "saved here"
    SENT = "sent"
    ACCEPTED = "accepted"
    NEEDS_ATTENTION = "needs attention"


# --- people -----------------------------------------------------------------------------------------------------------


@record
class SignedIn:
    """Who works at this station now. `offline`: signed in against this station's own copy, not the server."""

    user_id: UserId
    login: str
    name: str
    role: Role
    department: str
    plant_id: PlantId
    plant_name: str
    station_id: StationId
    station_name: str
    since: datetime
    offline: bool


@record
class KnownPerson:
    """Someone who has signed in at this station before and can do so offline until `offline_until`."""

    login: str
    name: str
    role: Role
    last_seen: datetime
    offline_until: datetime


class Signatory(Protocol):
    """A person whose secret was just given, with the unlocked key that seals in their name."""

    @property
    def user_id(self) -> UserId: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> Role: ...
    @property
    def key_id(self) -> KeyId: ...
    def sign(self, message: bytes) -> bytes: ...


class Session(Protocol):
    """Signing in and out, locking, and giving one's secret again to sign."""

    @property
    def person(self) -> Observable[SignedIn | None]: ...
    @property
    def locked(self) -> Observable[bool]: ...
    async def sign_in(self, login: str, password: str) -> SignedIn | Refusal: ...
    async def sign_out(self) -> None: ...
    async def lock(self) -> None: ...
    async def unlock(self, password: str) -> SignedIn | Refusal: ...
    async def authenticate(self, login: str, password: str) -> Signatory | Refusal:
        """Prove who signs: the signed-in person again, or a second person beside them, without ending the session."""
        ...

    async def known_people(self) -> tuple[KnownPerson, ...]: ...
    def context(self) -> Context:
        """The context in which the rulebook is asked what to offer the signed-in person now."""
        ...


# --- records ----------------------------------------------------------------------------------------------------------


class BatchSort(StrEnum):
    NUMBER = "number"
    PRODUCT = "product"
    STATUS = "status"
    STARTED = "started"
    CREATED = "created"


@record
class BatchQuery:
    """A batch list as asked for. Empty `statuses`: all. `text` searches number, product, line, lots and comments."""

    text: str = ""
    statuses: frozenset[BatchStatus] = frozenset()
    line: str = ""
    mine: UserId | None = None
    transcribed: bool = False
    sort: BatchSort = BatchSort.CREATED
    descending: bool = True
    offset: int = 0
    limit: int = 200


@record
class BatchRow:
    """One line of the list. `steps_done` of `steps_total`; `pending`: this station's commands on their way."""

    id: BatchId
    number: str
    product_name: str
    quantity: str
    stage_name: str
    status: BatchStatus
    line: str
    steps_done: int
    steps_total: int
    started_at: datetime | None
    started_on: str
    waiting_since: datetime | None
    holds: int
    deviations_open: int
    exceptions_open: int
    contested: int
    pending: int
    origin: Origin


@record
class BatchPage:
    """Rows from `offset` on; `total` matches, and how many there are per status for the same text."""

    rows: tuple[BatchRow, ...]
    total: int
    counts: Mapping[BatchStatus, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFile:
    """The whole file of one batch, pending commands folded in by the rulebook.

    `marks`: for each command of this station that is not yet accepted, where it is; entry ids are command ids.
    `troubled`: pending commands that no longer decide, with the reason; they still show, marked.
    """

    batch: Batch
    master: MasterRecord
    facts: Facts
    people: Mapping[UserId, PersonCard]
    marks: Mapping[UUID, Mark] = field(default_factory=dict[UUID, Mark])
    troubled: Mapping[UUID, Reason] = field(default_factory=dict[UUID, Reason])


@record
class DeviationQuery:
    text: str = ""
    statuses: frozenset[DeviationStatus] = frozenset()
    classification: DeviationClass | None = None
    batch_id: BatchId | None = None
    offset: int = 0
    limit: int = 200


@record
class DeviationPage:
    rows: tuple[Deviation, ...]
    total: int
    counts: Mapping[DeviationStatus, int]
    marks: Mapping[UUID, Mark]


@record
class HistoryRow:
    """One journal row as people read it: who, what, old, new, why, when, where from."""

    seq: int
    event: str
    entity_kind: str
    entity_id: UUID
    who: str
    at: datetime
    received_at: datetime
    station: str
    reason: str
    old: tuple[tuple[str, str], ...]
    new: tuple[tuple[str, str], ...]


@record
class ChartChannel:
    """One channel: `values` beside the chart's shared `times`; NaN where the source has none."""

    name: str
    unit: str
    values: tuple[float, ...]
    low: float | None = None
    high: float | None = None


@record
class ChartData:
    """`times` in seconds since the Unix epoch, as the source wrote them; `zone_known` False: local to the machine."""

    series: MetricSeries
    times: tuple[float, ...]
    channels: tuple[ChartChannel, ...]


@record
class Found:
    """One hit of the command palette: `kind` is batch, step or deviation."""

    kind: str
    id: UUID
    title: str
    subtitle: str


@record
class Changed:
    """What the feed or the outbox just changed. `tick` rises, so that two equal changes are still two."""

    tick: int
    kinds: frozenset[str]
    batches: frozenset[UUID]


class Records(Protocol):
    """Reading. All from the cache, with pending commands folded in."""

    @property
    def changed(self) -> Observable[Changed]: ...
    async def batches(self, query: BatchQuery) -> BatchPage: ...
    async def batch(self, batch_id: BatchId) -> BatchFile | None: ...
    async def deviations(self, query: DeviationQuery) -> DeviationPage: ...
    async def deviation(self, deviation_id: DeviationId) -> Deviation | None: ...
    async def masters(self) -> tuple[MasterRecord, ...]:
        """Effective master records."""
        ...

    async def products(self) -> tuple[Product, ...]: ...
    async def lines(self) -> tuple[str, ...]: ...
    async def find(self, text: str, limit: int = 20) -> tuple[Found, ...]: ...


class Archive(Protocol):
    """What lies on the server only. Answers a `Refusal` (`NEEDS_SERVER`) while the station is offline."""

    async def history(self, batch_id: BatchId) -> tuple[HistoryRow, ...] | Refusal: ...
    async def chart(self, batch_id: BatchId, stage_key: str) -> ChartData | Refusal | None: ...
    async def batch_pdf(self, batch_id: BatchId) -> bytes | Refusal: ...
    async def evidence(self, batch_id: BatchId) -> bytes | Refusal: ...


# --- commands ---------------------------------------------------------------------------------------------------------


@record
class Saved:
    """Durable on this station's disk: the only thing that lets a screen say *saved*."""

    id: CommandId
    counter: int
    at: datetime


class Commands(Protocol):
    """The one way to act. A command is asked of the rulebook, sealed and committed before this returns `Saved`."""

    async def save(
        self, command: Command, *, signatory: Signatory | None = None, command_id: CommandId | None = None
    ) -> Saved | Refusal:
        """Seal and keep `command` in the name of `signatory`, or of the signed-in person.

        `command_id`: minted when the form opened, so that a double tap is one command; the second answers as the first.
        """
        ...

    async def preview(self, command: Command) -> Refusal | None:
        """Why the rulebook would refuse this now, or None: for disabled buttons and their tooltips."""
        ...

    async def outcome(self, command_id: CommandId, wait_seconds: float) -> Outcome | None:
        """The server's answer to a saved command, or None if none came in that time."""
        ...


# --- sync -------------------------------------------------------------------------------------------------------------


class Link(StrEnum):
    """What the station knows of the server."""

    ONLINE = "online"
    OFFLINE = "offline"
    REFUSED = "refused"


class WitnessState(StrEnum):
    """Whether the server's past is the one this station saw."""

    WHOLE = "whole"
    NOTHING_SEEN = "nothing seen"
    BROKEN = "broken"


@record
class SyncState:
    """The truth of the status bar. `last_sync` is the last time push and pull both ended well."""

    link: Link
    since: datetime
    waiting: int
    attention: int
    last_sync: datetime | None
    working: bool
    problem: str = ""
    witness: WitnessState = WitnessState.NOTHING_SEEN
    head_seq: int = 0
    clock_offset_ms: int | None = None
    first_sync: float | None = None
    """Progress of the first copy, 0 to 1; None when there is none running."""


@record
class PendingCommand:
    """One command of this station that is not settled: waiting, sent, or refused and kept."""

    id: CommandId
    counter: int
    kind: str
    title: str
    author: str
    batch_id: BatchId | None
    batch_number: str
    performed_at: datetime
    mark: Mark
    reason: Reason | None = None
    detail: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    settled_note: str = ""


class SyncCentre(Protocol):
    """What waits, what was refused and why."""

    @property
    def state(self) -> Observable[SyncState]: ...
    async def pending(self) -> tuple[PendingCommand, ...]: ...
    async def attention(self) -> tuple[PendingCommand, ...]: ...
    async def sync_now(self) -> None: ...
    async def settle(self, command_id: CommandId, note: str) -> Refusal | None:
        """A person settles a refused command with a reason; it stays readable, and leaves the count."""
        ...

    async def report(self) -> str:
        """Diagnostics as text, without a secret."""
        ...


class Plug(Protocol):
    """The demo's switch that really stops the API process."""

    @property
    def pulled(self) -> Observable[bool]: ...
    async def pull(self) -> None: ...
    async def put_back(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All that a screen is given."""

    session: Session
    records: Records
    archive: Archive
    commands: Commands
    sync: SyncCentre
    plug: Plug | None = None
