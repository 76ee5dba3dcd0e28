"""Review exceptions: what a rule noticed about a record, for a person to judge (review by exception).

They are raised in the transaction of the entry that caused them, by rules that carry a version
(`decision.RULEBOOK_VERSION`), and assessed by QA with a comment and a signature.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from app.domain.decision import Change, Context, Decision, Reason, Refusal
from app.domain.facts import Facts
from app.domain.identity import BatchId, DeviationId, EntryId, ExceptionId, PlantId
from app.domain.permissions import Permission
from app.domain.record import record
from app.domain.signature import Meaning, Signature


class Severity(StrEnum):
    """What an exception asks for before the batch may go on to release."""

    INFORMATION = "information"
    COMMENT = "comment"
    STOP = "stop"


class Rule(StrEnum):
    """The rules that raise exceptions."""

    OUT_OF_LIMIT = "out_of_limit"
    UNEXPECTED_ANSWER = "unexpected_answer"
    CORRECTION = "correction"
    LATE_ENTRY = "late_entry"
    ENTERED_OFFLINE = "entered_offline"
    CLOCK_OFF = "clock_off"
    OUT_OF_ORDER = "out_of_order"
    OUT_OF_STATE = "out_of_state"
    NOT_AUTHORISED = "not_authorised"
    CONTESTED = "contested"
    NOT_APPLICABLE = "not_applicable"
    SUPERSEDED_MASTER = "superseded_master"
    CONTRADICTION = "contradiction"
    NOT_RECORDED = "not_recorded"
    IMPLAUSIBLE = "implausible"
    AT_REPORTING_LIMIT = "at_reporting_limit"


SEVERITIES: Final = MappingProxyType(
    {
        Rule.OUT_OF_LIMIT: Severity.STOP,
        Rule.UNEXPECTED_ANSWER: Severity.STOP,
        Rule.CORRECTION: Severity.INFORMATION,
        Rule.LATE_ENTRY: Severity.COMMENT,
        Rule.ENTERED_OFFLINE: Severity.INFORMATION,
        Rule.CLOCK_OFF: Severity.COMMENT,
        Rule.OUT_OF_ORDER: Severity.STOP,
        Rule.OUT_OF_STATE: Severity.STOP,
        Rule.NOT_AUTHORISED: Severity.STOP,
        Rule.CONTESTED: Severity.STOP,
        Rule.NOT_APPLICABLE: Severity.COMMENT,
        Rule.SUPERSEDED_MASTER: Severity.COMMENT,
        Rule.CONTRADICTION: Severity.COMMENT,
        Rule.NOT_RECORDED: Severity.INFORMATION,
        Rule.IMPLAUSIBLE: Severity.COMMENT,
        Rule.AT_REPORTING_LIMIT: Severity.INFORMATION,
    }
)


class ExceptionStatus(StrEnum):
    OPEN = "Open"
    ACCEPTED = "Accepted"
    RETURNED = "Returned"
    ESCALATED = "Escalated"


class ExceptionAction(StrEnum):
    ACCEPT = "accept"
    RETURN = "return"
    ESCALATE = "escalate"


S, X = ExceptionStatus, ExceptionAction
MOVES: Final = MappingProxyType(
    {
        (S.OPEN, X.ACCEPT): S.ACCEPTED,
        (S.OPEN, X.RETURN): S.RETURNED,
        (S.OPEN, X.ESCALATE): S.ESCALATED,
        (S.RETURNED, X.ACCEPT): S.ACCEPTED,
        (S.RETURNED, X.ESCALATE): S.ESCALATED,
    }
)
UNSETTLED: Final = frozenset({S.OPEN, S.RETURNED})
"""Statuses in which an exception still waits for a judgement. Mere information waits for none."""


@record
class ReviewException:
    """One thing noticed. `detail` is what the sentence of `rule` needs, e.g. value, limit and unit."""

    KIND: ClassVar[str] = "exception"

    id: ExceptionId
    plant_id: PlantId
    batch_id: BatchId
    stage_key: str
    step_key: str
    rule: Rule
    severity: Severity
    detail: tuple[str, ...]
    raised_at: datetime
    status: ExceptionStatus
    entry_id: EntryId | None = None
    comment: str = ""
    deviation_id: DeviationId | None = None
    assessed: Signature | None = None
    source: str = ""
    revision: int = 1

    @property
    def unsettled(self) -> bool:
        return self.status in UNSETTLED and self.severity is not Severity.INFORMATION


@record
class AssessException:
    """QA's judgement of one exception, with its comment. Escalating names the deviation that takes it over."""

    kind: Literal["exception.assess"] = "exception.assess"
    batch_id: BatchId
    exception_id: ExceptionId
    action: ExceptionAction
    comment: str
    deviation_id: DeviationId | None = None


def raised(
    rule: Rule,
    context: Context,
    batch_id: BatchId,
    *,
    stage_key: str = "",
    step_key: str = "",
    entry_id: EntryId | None = None,
    detail: tuple[str, ...] = (),
    severity: Severity | None = None,
    source: str = "",
) -> Change:
    """The change that adds one exception. Its id follows from the command, so a second delivery adds nothing."""
    noticed = ReviewException(
        id=ExceptionId(context.id_for("exception", rule.value, stage_key, step_key, *detail[:1], source)),
        plant_id=context.plant_id,
        batch_id=batch_id,
        stage_key=stage_key,
        step_key=step_key,
        rule=rule,
        severity=severity or SEVERITIES[rule],
        detail=detail,
        raised_at=context.now,
        status=ExceptionStatus.OPEN,
        entry_id=entry_id,
        source=source,
    )
    return Change(event="exception.raised", before=None, after=noticed)


def decide_exception(facts: Facts, command: AssessException, context: Context) -> Decision | Refusal:
    """Accept with comment, return or escalate (requirements c2, R45)."""
    if refusal := context.lacks(Permission.EXCEPTION_ASSESS):
        return refusal
    known = facts.one(ReviewException, command.exception_id)
    if known is None:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("exception",))
    status = MOVES.get((known.status, command.action))
    if status is None:
        return Refusal(reason=Reason.WRONG_STATUS, detail=(known.status.value, command.action.value))
    if not command.comment.strip():
        return Refusal(reason=Reason.REASON_MISSING)
    if status is S.ESCALATED and command.deviation_id is None:
        return Refusal(reason=Reason.FIELD_MISSING, detail=("deviation",))
    after = replace(
        known,
        status=status,
        comment=command.comment.strip(),
        deviation_id=command.deviation_id or known.deviation_id,
        assessed=context.sign(Meaning.ASSESSED),
        revision=known.revision + 1,
    )
    return Decision(
        changes=(Change(event="exception.assessed", before=known, after=after, note=command.comment),)
    )
