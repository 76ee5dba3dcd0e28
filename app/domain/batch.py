"""The batch: created from an effective master record, issued, executed, held. Its review stands in `review.py`."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from app.domain.decision import Change, Context, Decision, Reason, Refusal
from app.domain.facts import Facts
from app.domain.identity import BatchId, MasterId, PlantId, ProductId, UserId
from app.domain.master_record import MasterRecord, MasterStatus
from app.domain.permissions import Permission
from app.domain.quantity import Quantity
from app.domain.record import record
from app.domain.signature import Meaning, Signature


class BatchStatus(StrEnum):
    """A batch's life, in the specification's words where it has them."""

    PLANNED = "Planned"
    ISSUED = "Issued"
    IN_PROGRESS = "In Progress"
    ON_HOLD = "On Hold"
    PRODUCTION_REVIEW = "Production Review"
    QA_REVIEW = "QA Review"
    REVIEWED = "Reviewed"
    QA_HOLD = "QA Hold"
    RELEASED = "Released"
    REJECTED = "Rejected"
    ABORTED = "Aborted"
    TRANSCRIBED = "Transcribed"


class BatchAction(StrEnum):
    """What can be asked of a batch."""

    AMEND = "amend"
    ISSUE = "issue"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    ABORT = "abort"
    REVIEW_PRODUCTION = "review_production"
    REVIEW_QUALITY = "review_quality"
    RETURN = "return"
    PLACE_QA_HOLD = "place_qa_hold"
    LIFT_QA_HOLD = "lift_qa_hold"
    RELEASE = "release"
    REJECT = "reject"


B, A = BatchStatus, BatchAction
MOVES: Final = MappingProxyType(
    {
        (B.PLANNED, A.AMEND): B.PLANNED,
        (B.PLANNED, A.ISSUE): B.ISSUED,
        (B.PLANNED, A.ABORT): B.ABORTED,
        (B.ISSUED, A.START): B.IN_PROGRESS,
        (B.ISSUED, A.ABORT): B.ABORTED,
        (B.IN_PROGRESS, A.HOLD): B.ON_HOLD,
        (B.IN_PROGRESS, A.COMPLETE): B.PRODUCTION_REVIEW,
        (B.IN_PROGRESS, A.ABORT): B.ABORTED,
        (B.ON_HOLD, A.RESUME): B.IN_PROGRESS,
        (B.ON_HOLD, A.ABORT): B.ABORTED,
        (B.PRODUCTION_REVIEW, A.REVIEW_PRODUCTION): B.QA_REVIEW,
        (B.PRODUCTION_REVIEW, A.RETURN): B.IN_PROGRESS,
        (B.QA_REVIEW, A.REVIEW_QUALITY): B.REVIEWED,
        (B.QA_REVIEW, A.RETURN): B.PRODUCTION_REVIEW,
        (B.QA_REVIEW, A.PLACE_QA_HOLD): B.QA_HOLD,
        (B.REVIEWED, A.RETURN): B.QA_REVIEW,
        (B.REVIEWED, A.PLACE_QA_HOLD): B.QA_HOLD,
        (B.REVIEWED, A.RELEASE): B.RELEASED,
        (B.REVIEWED, A.REJECT): B.REJECTED,
        (B.QA_HOLD, A.LIFT_QA_HOLD): B.QA_REVIEW,
        (B.QA_HOLD, A.REJECT): B.REJECTED,
    }
)

RIGHTS: Final = MappingProxyType(
    {
        A.AMEND: Permission.BATCH_UPDATE,
        A.ISSUE: Permission.BATCH_ISSUE,
        A.START: Permission.BATCH_EXECUTE,
        A.HOLD: Permission.BATCH_EXECUTE,
        A.RESUME: Permission.BATCH_EXECUTE,
        A.COMPLETE: Permission.BATCH_EXECUTE,
        A.ABORT: Permission.BATCH_ISSUE,
        A.REVIEW_PRODUCTION: Permission.BATCH_REVIEW,
        A.REVIEW_QUALITY: Permission.QUALITY_REVIEW,
        A.RETURN: Permission.BATCH_REVIEW,
        A.PLACE_QA_HOLD: Permission.QUALITY_REVIEW,
        A.LIFT_QA_HOLD: Permission.QUALITY_REVIEW,
        A.RELEASE: Permission.BATCH_APPROVE,
        A.REJECT: Permission.BATCH_APPROVE,
    }
)

EXECUTING: Final = frozenset({B.IN_PROGRESS})
"""Statuses in which an entry is in time; in any other it is kept all the same, with an exception (ruling A1)."""
UNDER_REVIEW: Final = frozenset({B.PRODUCTION_REVIEW, B.QA_REVIEW, B.REVIEWED, B.QA_HOLD})
ENDED: Final = frozenset({B.RELEASED, B.REJECTED, B.ABORTED, B.TRANSCRIBED})


def actions_from(status: BatchStatus) -> frozenset[BatchAction]:
    """What the table allows from `status`, whoever asks."""
    return frozenset(action for (at, action) in MOVES if at is status)


class Origin(StrEnum):
    """Where a record came from: made here, sent by another system through the API, or transcribed from elsewhere."""

    NATIVE = "native"
    API = "api"
    TRANSCRIBED = "transcribed"


@record
class MaterialUse:
    """A lot that went into a batch. A lot number is unique only together with its `source`."""

    code: str
    name: str
    lot: str
    source: str = ""
    quantity: Quantity | None = None
    results: tuple[tuple[str, str, str], ...] = ()
    """Test results that came with the lot: name, value as written, unit."""


@record
class Batch:
    """One batch and the head of its record.

    `started_on` keeps a start that is known only to a month or a day (ISO 8601 reduced precision, e.g. `2018-11`);
    `started_at` then stays empty rather than invented. `reason` is the one given for the last hold, return or abort.
    """

    KIND: ClassVar[str] = "batch"

    id: BatchId
    plant_id: PlantId
    number: str
    product_id: ProductId
    product_name: str
    master_id: MasterId
    master_version: int
    master_hash: str
    quantity: Quantity
    line: str
    status: BatchStatus
    created_by: UserId
    created_at: datetime
    planned_start: datetime | None = None
    started_at: datetime | None = None
    started_on: str = ""
    ended_at: datetime | None = None
    stage_key: str = ""
    stage_name: str = ""
    holds: int = 0
    completions: int = 0
    reason: str = ""
    materials: tuple[MaterialUse, ...] = ()
    signatures: tuple[Signature, ...] = ()
    origin: Origin = Origin.NATIVE
    source: str = ""
    revision: int = 1


@record
class CreateBatch:
    """Plan a batch. The server gives id and, where `number` is empty, the next number of the plant."""

    kind: Literal["batch.create"] = "batch.create"
    master_id: MasterId
    number: str
    quantity: Quantity
    line: str
    planned_start: datetime | None = None
    materials: tuple[MaterialUse, ...] = ()


@record
class AmendBatch:
    """Change the plan of a batch that was not issued yet."""

    kind: Literal["batch.amend"] = "batch.amend"
    batch_id: BatchId
    base_revision: int
    quantity: Quantity
    line: str
    planned_start: datetime | None
    reason: str


@record
class IssueBatch:
    """Hand the frozen master to production, signed (211.188(a), R33)."""

    kind: Literal["batch.issue"] = "batch.issue"
    batch_id: BatchId
    master_hash: str


@record
class StartBatch:
    kind: Literal["batch.start"] = "batch.start"
    batch_id: BatchId


@record
class HoldBatch:
    kind: Literal["batch.hold"] = "batch.hold"
    batch_id: BatchId
    reason: str


@record
class ResumeBatch:
    kind: Literal["batch.resume"] = "batch.resume"
    batch_id: BatchId
    reason: str


@record
class AbortBatch:
    kind: Literal["batch.abort"] = "batch.abort"
    batch_id: BatchId
    reason: str


BatchCommand = CreateBatch | AmendBatch | IssueBatch | StartBatch | HoldBatch | ResumeBatch | AbortBatch

_ACTIONS: Final = MappingProxyType(
    {
        AmendBatch: A.AMEND,
        IssueBatch: A.ISSUE,
        StartBatch: A.START,
        HoldBatch: A.HOLD,
        ResumeBatch: A.RESUME,
        AbortBatch: A.ABORT,
    }
)
_EVENTS: Final = MappingProxyType(
    {
        A.AMEND: "batch.amended",
        A.ISSUE: "batch.issued",
        A.START: "batch.started",
        A.HOLD: "batch.held",
        A.RESUME: "batch.resumed",
        A.ABORT: "batch.aborted",
    }
)


def right_for(status: BatchStatus, action: BatchAction) -> Permission:
    """The right an action takes. Returning belongs to whoever reviews: production first, QA from then on."""
    if action is BatchAction.RETURN and status is not BatchStatus.PRODUCTION_REVIEW:
        return Permission.QUALITY_REVIEW
    return RIGHTS[action]


def offered(batch: Batch, context: Context) -> frozenset[BatchAction]:
    """The actions a screen may show to this person for this batch; the server asks the same tables again."""
    return frozenset(
        each for each in actions_from(batch.status) if context.lacks(right_for(batch.status, each)) is None
    )


def moved(batch: Batch, action: BatchAction, context: Context) -> BatchStatus | Refusal:
    """The status that `action` leads to, or why it may not be taken."""
    if refusal := context.lacks(right_for(batch.status, action)):
        return refusal
    target = MOVES.get((batch.status, action))
    if target is None:
        return Refusal(reason=Reason.WRONG_STATUS, detail=(batch.status.value, action.value))
    return target


def decide_batch(facts: Facts, command: BatchCommand, context: Context) -> Decision | Refusal:
    """Planning, issue, start, hold, resume and abort of a batch."""
    if isinstance(command, CreateBatch):
        return _create(facts, command, context)
    batch = facts.one(Batch, command.batch_id)
    if batch is None:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("batch",))
    action = _ACTIONS[type(command)]
    status = moved(batch, action, context)
    if isinstance(status, Refusal):
        return status
    changed = _changed(batch, status, command, context)
    if isinstance(changed, Refusal):
        return changed
    note = "" if isinstance(command, IssueBatch | StartBatch) else command.reason
    return Decision(changes=(Change(event=_EVENTS[action], before=batch, after=changed, note=note),))


def _create(facts: Facts, command: CreateBatch, context: Context) -> Decision | Refusal:
    if refusal := context.lacks(Permission.BATCH_CREATE):
        return refusal
    if context.fresh_id is None:
        return Refusal(reason=Reason.NEEDS_SERVER)
    master = facts.one(MasterRecord, command.master_id)
    if master is None:
        return Refusal(reason=Reason.NOT_FOUND, detail=("master record",))
    if master.status is not MasterStatus.EFFECTIVE:
        return Refusal(reason=Reason.MASTER_NOT_EFFECTIVE, detail=(master.title, master.status.value))
    if command.quantity.value <= 0:
        return Refusal(reason=Reason.WRONG_VALUE, detail=("quantity",))
    number = command.number.strip() or context.number or ""
    if not number:
        return Refusal(reason=Reason.FIELD_MISSING, detail=("number",))
    if facts.every(Batch, plant_id=context.plant_id, number=number):
        return Refusal(reason=Reason.NUMBER_TAKEN, detail=(number,))
    batch = Batch(
        id=BatchId(context.fresh_id),
        plant_id=context.plant_id,
        number=number,
        product_id=master.product_id,
        product_name=master.product_name,
        master_id=master.id,
        master_version=master.version,
        master_hash=master.content_hash,
        quantity=command.quantity,
        line=command.line,
        status=BatchStatus.PLANNED,
        created_by=context.actor.user_id,
        created_at=context.now,
        planned_start=command.planned_start,
        materials=command.materials,
    )
    return Decision(changes=(Change(event="batch.created", before=None, after=batch),))


def _changed(batch: Batch, status: BatchStatus, command: BatchCommand, context: Context) -> Batch | Refusal:
    revision = batch.revision + 1
    match command:
        case IssueBatch():
            if command.master_hash != batch.master_hash:
                return Refusal(reason=Reason.CHANGED_SINCE_SHOWN)
            signed = (*batch.signatures, context.sign(Meaning.ISSUED, batch.master_hash))
            return replace(batch, status=status, signatures=signed, revision=revision)
        case StartBatch():
            return replace(batch, status=status, started_at=context.now, revision=revision)
        case AmendBatch():
            if command.base_revision != batch.revision:
                return Refusal(reason=Reason.STALE_VERSION, detail=(batch.number,))
            if not command.reason.strip():
                return Refusal(reason=Reason.REASON_MISSING)
            return replace(
                batch,
                quantity=command.quantity,
                line=command.line,
                planned_start=command.planned_start,
                reason=command.reason,
                revision=revision,
            )
        case HoldBatch() | ResumeBatch() | AbortBatch():
            if not command.reason.strip():
                return Refusal(reason=Reason.REASON_MISSING)
            held = batch.holds + 1 if isinstance(command, HoldBatch) else batch.holds
            ended = context.now if isinstance(command, AbortBatch) else None
            signatures = batch.signatures
            if isinstance(command, AbortBatch):
                signatures = (*signatures, context.sign(Meaning.ABORTED))
            return replace(
                batch,
                status=status,
                holds=held,
                reason=command.reason,
                ended_at=ended,
                signatures=signatures,
                revision=revision,
            )
        case CreateBatch():
            raise AssertionError("a batch is created, not changed into being")
