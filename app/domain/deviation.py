"""Deviations: raised from the step, classified by QA, investigated, closed by QA (requirements c1–c3)."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, Literal
from uuid import UUID

from app.domain.batch import Batch
from app.domain.decision import Change, Context, Decision, Reason, Refusal
from app.domain.exception import MOVES as EXCEPTION_MOVES
from app.domain.exception import AssessException, ExceptionAction, ReviewException
from app.domain.facts import Facts
from app.domain.identity import BatchId, DeviationId, ExceptionId, PlantId, UserId
from app.domain.permissions import Permission
from app.domain.record import record
from app.domain.signature import Meaning, Signature


class DeviationClass(StrEnum):
    """QA's class; the wording used in industry, see requirements c1."""

    MINOR = "Minor"
    MAJOR = "Major"
    CRITICAL = "Critical"


class DeviationStatus(StrEnum):
    REPORTED = "Reported"
    CLASSIFIED = "Classified"
    INVESTIGATED = "Investigated"
    CLOSED = "Closed"
    CANCELLED = "Cancelled"


class DeviationAction(StrEnum):
    AMEND = "amend"
    CLASSIFY = "classify"
    INVESTIGATE = "investigate"
    CLOSE = "close"
    CANCEL = "cancel"
    REOPEN = "reopen"


D, V = DeviationStatus, DeviationAction
MOVES: Final = MappingProxyType(
    {
        (D.REPORTED, V.AMEND): D.REPORTED,
        (D.REPORTED, V.CLASSIFY): D.CLASSIFIED,
        (D.REPORTED, V.CANCEL): D.CANCELLED,
        (D.CLASSIFIED, V.CLASSIFY): D.CLASSIFIED,
        (D.CLASSIFIED, V.INVESTIGATE): D.INVESTIGATED,
        (D.CLASSIFIED, V.CANCEL): D.CANCELLED,
        (D.INVESTIGATED, V.CLASSIFY): D.INVESTIGATED,
        (D.INVESTIGATED, V.INVESTIGATE): D.INVESTIGATED,
        (D.INVESTIGATED, V.CLOSE): D.CLOSED,
        (D.CLOSED, V.REOPEN): D.CLASSIFIED,
    }
)
RIGHTS: Final = MappingProxyType(
    {
        V.AMEND: Permission.DEVIATION_CREATE,
        V.CLASSIFY: Permission.DEVIATION_CLASSIFY,
        V.INVESTIGATE: Permission.DEVIATION_INVESTIGATE,
        V.CLOSE: Permission.DEVIATION_APPROVE,
        V.CANCEL: Permission.DEVIATION_APPROVE,
        V.REOPEN: Permission.DEVIATION_APPROVE,
    }
)
SETTLED: Final = frozenset({D.CLOSED, D.CANCELLED})
"""Statuses in which a deviation no longer stands in a batch's way."""

DUE_AFTER: Final = timedelta(days=30)
"""First due date. 21 CFR 211.192 gives no number; 30 days is common practice, so it is a default, not a rule."""


def actions_from(status: DeviationStatus) -> frozenset[DeviationAction]:
    """What the table allows from `status`, whoever asks."""
    return frozenset(action for (at, action) in MOVES if at is status)


def offered(deviation: "Deviation", context: Context) -> frozenset[DeviationAction]:
    """The actions a screen may show to this person."""
    return frozenset(each for each in actions_from(deviation.status) if context.lacks(RIGHTS[each]) is None)


@record
class Investigation:
    """What was found. `method` names how the cause was looked for; `undetermined` asks for the justification."""

    root_cause: str
    method: str
    evidence: str
    impact: str
    other_batches: str
    correction: str
    undetermined: bool = False


@record
class Deviation:
    """One departure from what was approved. The number is given by the server; offline it is still empty."""

    KIND: ClassVar[str] = "deviation"

    id: DeviationId
    plant_id: PlantId
    number: str
    title: str
    description: str
    immediate_action: str
    occurred_at: datetime
    noticed_at: datetime
    reported_by: UserId
    reporter_name: str
    status: DeviationStatus
    due_on: datetime
    batch_id: BatchId | None = None
    batch_number: str = ""
    stage_key: str = ""
    step_key: str = ""
    exception_id: ExceptionId | None = None
    equipment: str = ""
    lot: str = ""
    product_held: bool = False
    classification: DeviationClass | None = None
    class_reason: str = ""
    owner_name: str = ""
    investigation: Investigation | None = None
    capa_required: bool | None = None
    conclusion: str = ""
    signatures: tuple[Signature, ...] = ()
    revision: int = 1


@record
class RaiseDeviation:
    """Report a departure. An observation: it is kept whatever the batch's state (ruling A1)."""

    kind: Literal["deviation.raise"] = "deviation.raise"
    deviation_id: DeviationId
    title: str
    description: str
    immediate_action: str
    occurred_at: datetime
    noticed_at: datetime
    batch_id: BatchId | None = None
    stage_key: str = ""
    step_key: str = ""
    exception_id: ExceptionId | None = None
    equipment: str = ""
    lot: str = ""
    product_held: bool = False


@record
class AmendDeviation:
    """Complete a report that QA has not classified yet."""

    kind: Literal["deviation.amend"] = "deviation.amend"
    deviation_id: DeviationId
    base_revision: int
    title: str
    description: str
    immediate_action: str
    reason: str


@record
class ClassifyDeviation:
    kind: Literal["deviation.classify"] = "deviation.classify"
    deviation_id: DeviationId
    classification: DeviationClass
    reason: str
    owner_name: str = ""


@record
class InvestigateDeviation:
    kind: Literal["deviation.investigate"] = "deviation.investigate"
    deviation_id: DeviationId
    investigation: Investigation


@record
class CloseDeviation:
    """QA's closure: is a CAPA needed, and what follows for the batch."""

    kind: Literal["deviation.close"] = "deviation.close"
    deviation_id: DeviationId
    base_revision: int
    capa_required: bool
    conclusion: str


@record
class CancelDeviation:
    kind: Literal["deviation.cancel"] = "deviation.cancel"
    deviation_id: DeviationId
    reason: str


@record
class ReopenDeviation:
    kind: Literal["deviation.reopen"] = "deviation.reopen"
    deviation_id: DeviationId
    reason: str


DeviationCommand = (
    RaiseDeviation
    | AmendDeviation
    | ClassifyDeviation
    | InvestigateDeviation
    | CloseDeviation
    | CancelDeviation
    | ReopenDeviation
)
_ACTIONS: Final = MappingProxyType(
    {
        AmendDeviation: V.AMEND,
        ClassifyDeviation: V.CLASSIFY,
        InvestigateDeviation: V.INVESTIGATE,
        CloseDeviation: V.CLOSE,
        CancelDeviation: V.CANCEL,
        ReopenDeviation: V.REOPEN,
    }
)
_EVENTS: Final = MappingProxyType(
    {
        V.AMEND: "deviation.amended",
        V.CLASSIFY: "deviation.classified",
        V.INVESTIGATE: "deviation.investigated",
        V.CLOSE: "deviation.closed",
        V.CANCEL: "deviation.cancelled",
        V.REOPEN: "deviation.reopened",
    }
)


def decide_deviation(facts: Facts, command: DeviationCommand, context: Context) -> Decision | Refusal:
    """The whole workflow of a deviation."""
    if isinstance(command, RaiseDeviation):
        return _raise(facts, command, context)
    action = _ACTIONS[type(command)]
    if refusal := context.lacks(RIGHTS[action]):
        return refusal
    known = facts.one(Deviation, command.deviation_id)
    if known is None:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("deviation",))
    status = MOVES.get((known.status, action))
    if status is None:
        return Refusal(reason=Reason.WRONG_STATUS, detail=(known.status.value, action.value))
    after = _changed(replace(known, status=status, revision=known.revision + 1), known, command, context)
    if isinstance(after, Refusal):
        return after
    note = getattr(command, "reason", "")
    return Decision(changes=(Change(event=_EVENTS[action], before=known, after=after, note=note),))


def _raise(facts: Facts, command: RaiseDeviation, context: Context) -> Decision | Refusal:
    if context.may_prevent and (refusal := context.lacks(Permission.DEVIATION_CREATE)):
        return refusal
    if facts.one(Deviation, command.deviation_id):
        return Refusal(reason=Reason.ALREADY_EXISTS, detail=("deviation",))
    missing = [name for name in ("title", "description") if not getattr(command, name).strip()]
    if missing:
        return Refusal(reason=Reason.FIELD_MISSING, detail=tuple(missing))
    batch = facts.one(Batch, command.batch_id) if command.batch_id else None
    deviation = Deviation(
        id=command.deviation_id,
        plant_id=context.plant_id,
        number=context.number or "",
        title=command.title.strip(),
        description=command.description.strip(),
        immediate_action=command.immediate_action.strip(),
        occurred_at=command.occurred_at,
        noticed_at=command.noticed_at,
        reported_by=context.actor.user_id,
        reporter_name=context.actor.name,
        status=DeviationStatus.REPORTED,
        due_on=context.now + DUE_AFTER,
        batch_id=command.batch_id,
        batch_number=batch.number if batch else "",
        stage_key=command.stage_key,
        step_key=command.step_key,
        exception_id=command.exception_id,
        equipment=command.equipment,
        lot=command.lot,
        product_held=command.product_held,
    )
    changes = [Change(event="deviation.raised", before=None, after=deviation)]
    if command.exception_id is not None:
        linked = _linked(facts, command.exception_id, deviation)
        if linked is not None:
            changes.append(linked)
    return Decision(changes=tuple(changes))


def _linked(facts: Facts, exception_id: UUID, deviation: Deviation) -> Change | None:
    """The exception a deviation was raised from is escalated to it; QA judges it with the deviation."""
    known = facts.one(ReviewException, exception_id)
    status = EXCEPTION_MOVES.get((known.status, ExceptionAction.ESCALATE)) if known else None
    if known is None or status is None or known.batch_id != deviation.batch_id:
        return None  # a deviation of something else would keep nobody from releasing this batch
    after = replace(known, status=status, deviation_id=deviation.id, revision=known.revision + 1)
    return Change(event="exception.escalated", before=known, after=after)


def nobody_takes_over(facts: Facts, command: AssessException) -> Refusal | None:
    """Why the named deviation can't take the exception over: only an open one of the same batch holds its release."""
    if command.action is not ExceptionAction.ESCALATE or command.deviation_id is None:
        return None
    known = facts.one(Deviation, command.deviation_id)
    if known is None or known.batch_id != command.batch_id:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("deviation",))
    if known.status in SETTLED:
        return Refusal(reason=Reason.WRONG_STATUS, detail=(known.status.value, command.action.value))
    return None


def _changed(
    moved: Deviation, known: Deviation, command: DeviationCommand, context: Context
) -> Deviation | Refusal:
    match command:
        case AmendDeviation():
            if command.base_revision != known.revision:
                return Refusal(reason=Reason.STALE_VERSION, detail=(known.number or known.title,))
            if not command.reason.strip():
                return Refusal(reason=Reason.REASON_MISSING)
            return replace(
                moved,
                title=command.title,
                description=command.description,
                immediate_action=command.immediate_action,
            )
        case ClassifyDeviation():
            if not command.reason.strip():
                return Refusal(reason=Reason.REASON_MISSING)
            return replace(
                moved,
                classification=command.classification,
                class_reason=command.reason,
                owner_name=command.owner_name,
                signatures=(*moved.signatures, context.sign(Meaning.CLASSIFIED)),
            )
        case InvestigateDeviation():
            found = command.investigation
            missing = [
                name
                for name in ("root_cause", "method", "evidence", "impact", "other_batches", "correction")
                if not getattr(found, name).strip()
            ]
            if missing:
                return Refusal(reason=Reason.FIELD_MISSING, detail=tuple(missing))
            return replace(
                moved,
                investigation=found,
                signatures=(*moved.signatures, context.sign(Meaning.INVESTIGATED)),
            )
        case CloseDeviation():
            return _closed(moved, known, command, context)
        case CancelDeviation() | ReopenDeviation():
            if not command.reason.strip():
                return Refusal(reason=Reason.REASON_MISSING)
            if isinstance(command, CancelDeviation) and _is_involved(known, context):
                return Refusal(reason=Reason.NOT_INDEPENDENT)  # it lets the batch go just as closing does
            meaning = Meaning.CANCELLED if isinstance(command, CancelDeviation) else Meaning.REOPENED
            return replace(
                moved, conclusion=command.reason, signatures=(*moved.signatures, context.sign(meaning))
            )
        case RaiseDeviation():
            raise AssertionError("a deviation is raised, not changed into being")


def _closed(
    moved: Deviation, known: Deviation, command: CloseDeviation, context: Context
) -> Deviation | Refusal:
    if command.base_revision != known.revision:
        return Refusal(reason=Reason.CHANGED_SINCE_SHOWN)
    if known.classification is None:
        return Refusal(reason=Reason.NOT_CLASSIFIED, detail=(known.number,))
    if not command.conclusion.strip():
        return Refusal(reason=Reason.REASON_MISSING)
    if _is_involved(known, context):
        return Refusal(reason=Reason.NOT_INDEPENDENT)
    return replace(
        moved,
        capa_required=command.capa_required,
        conclusion=command.conclusion,
        signatures=(*moved.signatures, context.sign(Meaning.CLOSED)),
    )


def _is_involved(known: Deviation, context: Context) -> bool:
    """Whether the actor reported or investigated it, and so does not decide that it stands in no batch's way."""
    investigators = {each.signer_id for each in known.signatures if each.meaning is Meaning.INVESTIGATED}
    return context.actor.user_id in investigators | {known.reported_by}
