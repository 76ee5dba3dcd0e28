"""Sentences and figures for people. One place, no Qt, so that a view model and a test can say the same.

Numbers are shown exactly as given (a Decimal keeps its zeros); times always with their zone.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Final, assert_never

from app.client.ports import Mark
from app.domain.batch import BatchAction, Origin
from app.domain.decision import Blocker, Reason, Refusal
from app.domain.deviation import DeviationAction
from app.domain.exception import ExceptionAction, Rule, Severity
from app.domain.master_record import CONFIRMED, StepKind, StepSpec
from app.domain.permissions import Permission
from app.domain.quantity import Limit, Verdict, exact

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NOTHING: Final = "–"


def when(moment: datetime, zone: tzinfo | None = None) -> str:
    """`22 Nov 2026 14:05:09 CET`, in `zone` or in the machine's own."""
    local = _local(moment, zone)
    return f"{day(local.date())} {local:%H:%M:%S} {zone_name(local)}"


def day(value: date) -> str:
    """`22 Nov 2026`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def reduced_date(written: str) -> str:
    """`Nov 2018` of `2018-11`, `2018` of `2018`: no day is invented. What is no such date comes back as it is."""
    parts = written.split("-")
    if len(parts) < 2 or not parts[1].isdigit() or not 1 <= int(parts[1]) <= 12:
        return written
    day_of_month = f"{int(parts[2])} " if len(parts) == 3 and parts[2].isdigit() else ""
    return f"{day_of_month}{MONTHS[int(parts[1]) - 1]} {parts[0]}"


def clock(moment: datetime, zone: tzinfo | None = None) -> str:
    """`14:05`, where the day is plain from the surroundings."""
    return f"{_local(moment, zone):%H:%M}"


def clock_with_zone(moment: datetime, zone: tzinfo | None = None) -> str:
    """`14:05:09 CET`, for the status bar and for entries of today."""
    local = _local(moment, zone)
    return f"{local:%H:%M:%S} {zone_name(local)}"


def since(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """`10:42` on the same day, else `21 Nov 10:42`, else with the year."""
    local, today = _local(moment, zone), _local(now, zone)
    if local.date() == today.date():
        return clock(moment, zone)
    if local.year == today.year:
        return f"{local.day} {MONTHS[local.month - 1]} {clock(moment, zone)}"
    return f"{day(local.date())} {clock(moment, zone)}"


def zone_name(moment: datetime) -> str:
    """`CET`, or `UTC+05:30` where the zone has no letters."""
    name = moment.tzname() or ""
    if name.isalpha():
        return name
    offset = moment.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    minutes = abs(int(offset.total_seconds())) // 60
    return f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def ago(moment: datetime, now: datetime) -> str:
    """`just now`, `12 min ago`, `3 h ago`, `2 days ago`; a moment in the future reads `in 5 min`."""
    seconds = int((now - moment).total_seconds())
    if abs(seconds) < 45:
        return "just now"
    amount = _span(abs(seconds))
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def duration(length: timedelta) -> str:
    """`0:45`, `12:05`, `1:02:03`: minutes and seconds, hours where there are any."""
    seconds = int(length.total_seconds())
    sign = "-" if seconds < 0 else ""
    hours, rest = divmod(abs(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{sign}{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{sign}{minutes}:{seconds:02d}"


def offset(length: timedelta) -> str:
    """A clock's offset as `+72 s` or `-3 min 10 s`."""
    seconds = round(length.total_seconds())
    sign = "-" if seconds < 0 else "+"
    minutes, rest = divmod(abs(seconds), 60)
    if not minutes:
        return f"{sign}{rest} s"
    return f"{sign}{minutes} min {rest} s" if rest else f"{sign}{minutes} min"


def number(value: Decimal) -> str:
    """Exactly as given: `12.50` stays `12.50`, and never an exponent."""
    return format(value, "f")


def quantity(value: Decimal, unit: str) -> str:
    """`12.50 kN`, joined by a no-break space; a bare number where there is no unit."""
    return f"{number(value)}\N{NO-BREAK SPACE}{unit}" if unit else number(value)


def count(amount: int, one: str, many: str) -> str:
    """`1 deviation`, `3 deviations`."""
    return f"{amount:,} {one if amount == 1 else many}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _local(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a naive time is nobody's time")
    return moment.astimezone(zone)


def _span(seconds: int) -> str:
    if seconds < 3600:
        return f"{max(round(seconds / 60), 1)} min"
    if seconds < 36 * 3600:
        return f"{round(seconds / 3600)} h"
    days = round(seconds / 86400)
    return "1 day" if days == 1 else f"{days} days"


# Sentences for what the domain names. Each `match` is exhaustive: a new member is an error until it has its words.


def refusal(no: Refusal) -> str:
    """Why the plant says no: one sentence that names what it is about and, where there is one, the way on."""
    first, second = (*no.detail, "", "")[:2]
    match no.reason:
        case Reason.NOT_PERMITTED:
            return f"{_role(first)} may not {permission(second)}."
        case Reason.OTHER_PLANT:
            return "This belongs to another plant than the one you are signed in to."
        case Reason.PERSON_INACTIVE:
            return f"The account of {first or 'this person'} is switched off. Ask an administrator."
        case Reason.UNKNOWN_HERE:
            return f"This workstation does not know the {first or 'record'} yet. Wait for the next sync, then try again."
        case Reason.NEEDS_SERVER:
            return "This needs the server, and the workstation is offline. It can be done as soon as it is back online."
        case Reason.NOT_FOUND:
            return f"There is no such {first or 'record'}."
        case Reason.ALREADY_EXISTS:
            return f"{_named(first)} is already there. To change what was entered, correct it."
        case Reason.NUMBER_TAKEN:
            return f"The number {first} is taken by another batch." if first else "The number is taken."
        case Reason.MASTER_NOT_EFFECTIVE:
            status = second.lower() or "not effective"
            return f"{_named(first)} is {status}: only an effective one can be run."
        case Reason.WRONG_STATUS:
            return _wrong_status(first, second)
        case Reason.WRONG_VALUE:
            return (
                f"{_quoted(second)} is no answer to {_quoted(first)}."
                if second
                else f"The {first or 'value'} is not right."
            )
        case Reason.STAGE_NOT_RUNNING:
            return f"{_named(first)} is not running. Start the stage first."
        case Reason.STAGE_OUT_OF_ORDER:
            before = second or "the stage before it"
            return f"{_named(first)} comes after {before}, and {before} is not completed."
        case Reason.STEP_OUT_OF_ORDER:
            return f"{_quoted(second) if second else 'An earlier step'} comes first and has no answer yet."
        case Reason.STEPS_INCOMPLETE:
            return f"{_still(no.detail, 'step is', 'steps are')} not settled: {_few(no.detail)}."
        case Reason.STAGES_INCOMPLETE:
            return f"{_still(no.detail, 'stage is', 'stages are')} not completed: {_few(no.detail)}."
        case Reason.VERIFIER_IS_PERFORMER:
            return "Whoever made an entry cannot verify it. A second person has to sign."
        case Reason.NOT_INDEPENDENT:
            return "You took part in this yourself. Someone else has to decide."
        case Reason.NOTHING_TO_VERIFY:
            return f"{_named(first)} has no entry to verify."
        case Reason.NOT_VERIFIABLE:
            return f"{_named(first)} is {second.lower() or 'not waiting for it'} and cannot be verified."
        case Reason.NOT_CONTESTED:
            return f"{_named(first)} is not contested: there is nothing to choose."
        case Reason.REASON_MISSING:
            return "Say why. The reason becomes part of the record."
        case Reason.FIELD_MISSING:
            return f"Still missing: {_few(tuple(each.replace('_', ' ') for each in no.detail))}."
        case Reason.CHANGED_SINCE_SHOWN:
            return "The record has changed since it was shown. Look at it again, then decide."
        case Reason.RELEASE_BLOCKED:
            return f"{count(len(no.blockers), 'thing stands', 'things stand')} in the way of a release."
        case Reason.REVIEW_BLOCKED:
            return f"{count(len(no.blockers), 'thing stands', 'things stand')} in the way of the review."
        case Reason.NOT_CLASSIFIED:
            return f"{_named(first)} has no class yet. QA classifies a deviation before it is closed."
        case Reason.BAD_SEAL:
            return (
                "The seal of this command is broken: it is not what its author signed. Tell an administrator."
            )
        case Reason.UNKNOWN_KEY:
            return (
                "The server does not know the key this was signed with. Sign in online once, then sign again."
            )
        case Reason.STATION_REVOKED:
            return "This workstation was revoked. What it holds is kept until a person decides about it."
        case Reason.STATION_CLONED:
            return "Two workstations use the identity of this one. Stop and tell an administrator."
        case Reason.MALFORMED:
            return (
                "The server could not read this command. It is kept here; send the report from the sync page."
            )
        case Reason.SAME_ID_OTHER_CONTENT:
            return "Another command was sent under the same id. It is kept here; send the report from the sync page."
        case Reason.DEPENDENCY_REFUSED:
            return "It builds on an entry that the server refused. Settle that one first."
        case Reason.PRECONDITION_MISSING:
            return "It was not said which version is meant to be changed."
        case Reason.STALE_VERSION:
            return (
                f"Someone else changed {first or 'this'} in the meantime. Look at it again, then change it."
            )
        case Reason.WRONG_SECRET:
            return "Name or password is wrong."
        case Reason.TOO_MANY_TRIES:
            return f"Too many wrong passwords. Wait {first or 'a few'} seconds, then try again."
        case Reason.SIGNED_OUT:
            return "Nobody is signed in. Sign in and try again."
        case _ as unreachable:
            assert_never(unreachable)


def permission(name: str) -> str:
    """What a right allows, as the end of a sentence with *may not*. `name` is its value; others come back as they are."""
    known = next((each for each in Permission if each.value == name), None)
    return _right(known) if known else name or "do this"


def _right(right: Permission) -> str:
    match right:
        case Permission.BATCH_READ:
            return "read batches"
        case Permission.BATCH_CREATE:
            return "plan batches"
        case Permission.BATCH_UPDATE:
            return "correct what someone else entered or what was verified"
        case Permission.BATCH_ISSUE:
            return "issue or abort batches"
        case Permission.BATCH_EXECUTE:
            return "execute batches"
        case Permission.BATCH_VERIFY:
            return "verify entries"
        case Permission.BATCH_REVIEW:
            return "review batches for production"
        case Permission.BATCH_IMPORT:
            return "import records"
        case Permission.QUALITY_REVIEW:
            return "review batches for quality"
        case Permission.BATCH_APPROVE:
            return "release or reject batches"
        case Permission.EXCEPTION_ASSESS:
            return "assess exceptions"
        case Permission.CONTEST_RESOLVE:
            return "choose between contested entries"
        case Permission.DEVIATION_CREATE:
            return "raise deviations"
        case Permission.DEVIATION_INVESTIGATE:
            return "investigate deviations"
        case Permission.DEVIATION_CLASSIFY:
            return "classify deviations"
        case Permission.DEVIATION_APPROVE:
            return "close deviations"
        case Permission.CAPA_CREATE:
            return "open CAPAs"
        case Permission.CAPA_APPROVE:
            return "approve CAPAs"
        case Permission.CHANGE_CREATE:
            return "open change controls"
        case Permission.MASTER_AUTHOR:
            return "write master records"
        case Permission.MASTER_APPROVE:
            return "approve master records"
        case Permission.AUDIT_READ:
            return "read the journal"
        case Permission.USER_MANAGE:
            return "manage people"
        case Permission.STATION_MANAGE:
            return "manage workstations"
        case Permission.PLANT_MANAGE:
            return "manage plants"
        case _ as unreachable:
            assert_never(unreachable)


def rule(name: Rule) -> str:
    """The heading of a group of exceptions."""
    match name:
        case Rule.OUT_OF_LIMIT:
            return "Out of limit"
        case Rule.UNEXPECTED_ANSWER:
            return "Unexpected answer"
        case Rule.CORRECTION:
            return "Corrected"
        case Rule.LATE_ENTRY:
            return "Entered late"
        case Rule.ENTERED_OFFLINE:
            return "Entered offline"
        case Rule.CLOCK_OFF:
            return "Clock was off"
        case Rule.OUT_OF_ORDER:
            return "Out of order"
        case Rule.OUT_OF_STATE:
            return "Out of state"
        case Rule.NOT_AUTHORISED:
            return "Not authorised"
        case Rule.CONTESTED:
            return "Contested"
        case Rule.NOT_APPLICABLE:
            return "Marked not applicable"
        case Rule.SUPERSEDED_MASTER:
            return "Superseded master record"
        case Rule.CONTRADICTION:
            return "Contradiction in the source"
        case Rule.NOT_RECORDED:
            return "Not recorded in the source"
        case Rule.IMPLAUSIBLE:
            return "Implausible value"
        case Rule.AT_REPORTING_LIMIT:
            return "At the reporting limit"
        case _ as unreachable:
            assert_never(unreachable)


def noticed(what: Rule, detail: tuple[str, ...]) -> str:
    """What one exception says, with the values it was raised for."""
    first, second, third, fourth = (*detail, "", "", "", "")[:4]
    match what:
        case Rule.OUT_OF_LIMIT:
            return f"{_with_unit(first, second)}, the limit is {_range(third, fourth, second)}."
        case Rule.UNEXPECTED_ANSWER:
            return f"Answered {_quoted(first)}, expected {_quoted(second)}."
        case Rule.CORRECTION:
            return f"{first or NOTHING} was corrected to {second or NOTHING}: {third or 'no reason given'}"
        case Rule.LATE_ENTRY:
            return f"Entered later than it was done: {first or 'no reason given'}"
        case Rule.ENTERED_OFFLINE:
            return "Entered while the workstation was offline."
        case Rule.CLOCK_OFF:
            return f"The workstation's clock was {first or 'some'} s off the server's."
        case Rule.OUT_OF_ORDER:
            return (
                f"{_named(first)} was entered before {_quoted(second)}."
                if second
                else "Entered out of order."
            )
        case Rule.OUT_OF_STATE:
            return (
                f"Entered while {_quoted(first)} was not open for entries."
                if first
                else "Entered out of state."
            )
        case Rule.NOT_AUTHORISED:
            return f"{_role(first)} may not {permission(second)}, and did."
        case Rule.CONTESTED:
            return f"{_named(first)} was answered more than once."
        case Rule.NOT_APPLICABLE:
            return f"Not applicable: {first or 'no reason given'}"
        case Rule.SUPERSEDED_MASTER:
            return "The batch runs a master record that has been superseded since."
        case Rule.CONTRADICTION:
            return (
                f"The source gives different values: {_few(detail)}."
                if detail
                else "The source contradicts itself."
            )
        case Rule.NOT_RECORDED:
            return f"The source has no value: {_few(detail)}." if detail else "The source has no value."
        case Rule.IMPLAUSIBLE:
            return f"The value is not plausible: {_few(detail)}." if detail else "The value is not plausible."
        case Rule.AT_REPORTING_LIMIT:
            return f"At the reporting limit, the true result may be smaller: {_few(detail)}."
        case _ as unreachable:
            assert_never(unreachable)


def severity(value: Severity) -> str:
    match value:
        case Severity.INFORMATION:
            return "For information"
        case Severity.COMMENT:
            return "Needs a comment"
        case Severity.STOP:
            return "Stops the release"
        case _ as unreachable:
            assert_never(unreachable)


def mark(value: Mark) -> str:
    """Where an entry is on its way, beside its value."""
    match value:
        case Mark.SAVED_HERE:
            return "Saved here"
        case Mark.SENT:
            return "Sent"
        case Mark.ACCEPTED:
            return "Accepted"
        case Mark.NEEDS_ATTENTION:
            return "Needs attention"
        case _ as unreachable:
            assert_never(unreachable)


def mark_explained(value: Mark) -> str:
    """The tooltip of a mark."""
    match value:
        case Mark.SAVED_HERE:
            return "Durable on this workstation; it will be sent by itself."
        case Mark.SENT:
            return "Sent; the server's answer is on its way."
        case Mark.ACCEPTED:
            return "In the plant's journal."
        case Mark.NEEDS_ATTENTION:
            return "The server refused it. It is kept; see the sync page."
        case _ as unreachable:
            assert_never(unreachable)


def blocker(each: Blocker) -> str:
    """What stands in the way, for the list above a review."""
    what = each.detail
    match each.what:
        case "master_unknown":
            return "The master record of this batch is not known here."
        case "stage_incomplete":
            return f"Stage {_quoted(what)} is not completed."
        case "step_missing":
            return f"Step {_quoted(what)} has no entry."
        case "step_contested":
            return f"Step {_quoted(what)} is contested: choose the entry that counts."
        case "step_unverified":
            return f"Step {_quoted(what)} waits for its verifier."
        case "exception_open":
            known = next((one for one in Rule if one.value == what), None)
            return f"An exception is not assessed: {rule(known).lower() if known else what}."
        case "station_unsynced":
            return f"Workstation {what} has not said that it holds no more entries for this batch."
        case "deviation_unclassified":
            return f"Deviation {what} has no class yet."
        case "deviation_open":
            return f"Deviation {what} is still open."
        case "review_missing":
            return "QA has not signed the review."
        case "changed_since_review":
            return "The record has changed since QA signed it."
        case _:
            return f"{each.what.replace('_', ' ').capitalize()}{f': {what}' if what else ''}."


def batch_action(action: BatchAction) -> str:
    """The verb of a button."""
    match action:
        case BatchAction.AMEND:
            return "Change the plan"
        case BatchAction.ISSUE:
            return "Issue"
        case BatchAction.START:
            return "Start"
        case BatchAction.HOLD:
            return "Hold"
        case BatchAction.RESUME:
            return "Resume"
        case BatchAction.COMPLETE:
            return "Complete"
        case BatchAction.ABORT:
            return "Abort"
        case BatchAction.REVIEW_PRODUCTION:
            return "Review for production"
        case BatchAction.REVIEW_QUALITY:
            return "Review for quality"
        case BatchAction.RETURN:
            return "Return"
        case BatchAction.PLACE_QA_HOLD:
            return "Place on QA hold"
        case BatchAction.LIFT_QA_HOLD:
            return "Lift the QA hold"
        case BatchAction.RELEASE:
            return "Release"
        case BatchAction.REJECT:
            return "Reject"
        case _ as unreachable:
            assert_never(unreachable)


def exception_action(action: ExceptionAction) -> str:
    match action:
        case ExceptionAction.ACCEPT:
            return "Accept with comment"
        case ExceptionAction.RETURN:
            return "Return"
        case ExceptionAction.ESCALATE:
            return "Escalate"
        case _ as unreachable:
            assert_never(unreachable)


def deviation_action(action: DeviationAction) -> str:
    match action:
        case DeviationAction.AMEND:
            return "Complete the report"
        case DeviationAction.CLASSIFY:
            return "Classify"
        case DeviationAction.INVESTIGATE:
            return "Record the investigation"
        case DeviationAction.CLOSE:
            return "Close"
        case DeviationAction.CANCEL:
            return "Cancel the deviation"
        case DeviationAction.REOPEN:
            return "Reopen"
        case _ as unreachable:
            assert_never(unreachable)


def origin(value: Origin) -> str:
    match value:
        case Origin.NATIVE:
            return "Recorded here"
        case Origin.API:
            return "Sent by another system"
        case Origin.TRANSCRIBED:
            return "Transcribed"
        case _ as unreachable:
            assert_never(unreachable)


def verdict(value: Verdict, bounds: Limit | None) -> str:
    """What the limit says of a value, with the limit: `Above the limit: 12.0 to 18.0 kN`."""
    told = limit(bounds) if bounds else ""
    match value:
        case Verdict.NONE:
            return ""
        case Verdict.WITHIN:
            return f"Within {told}"
        case Verdict.BELOW:
            return f"Below the limit: {told}"
        case Verdict.ABOVE:
            return f"Above the limit: {told}"
        case _ as unreachable:
            assert_never(unreachable)


def limit(bounds: Limit) -> str:
    """`12.0 to 18.0 kN`, `at least 300 mPa·s`, `at most 3.0 %`."""
    low = "" if bounds.low is None else number(bounds.low)
    high = "" if bounds.high is None else number(bounds.high)
    return _range(low, high, bounds.unit)


def time_limit(bounds: Limit) -> str:
    """A limit in seconds as a person reads a clock: `15:00 to 16:00`."""
    low = "" if bounds.low is None else seconds(bounds.low)
    high = "" if bounds.high is None else seconds(bounds.high)
    return _range(low, high, "min")


def seconds(value: Decimal) -> str:
    """A number of seconds as minutes and seconds: `15:00`."""
    return duration(timedelta(seconds=float(value)))


def answer(spec: StepSpec, value: str) -> str:
    """A step's answer as people read it; `value` stays digit for digit where it is a number."""
    match spec.kind:
        case StepKind.CONFIRMATION:
            return "Confirmed" if value == CONFIRMED else value
        case StepKind.NUMBER:
            return _with_unit(value, spec.unit)
        case StepKind.TIMER:
            exact_seconds = exact(value)
            return f"{seconds(exact_seconds)} min" if exact_seconds is not None else value
        case StepKind.TEXT | StepKind.CHOICE:
            return value
        case _ as unreachable:
            assert_never(unreachable)


EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "batch.created": "Batch planned",
        "batch.amended": "Plan changed",
        "batch.issued": "Issued for execution",
        "batch.started": "Batch started",
        "batch.held": "Placed on hold",
        "batch.resumed": "Resumed",
        "batch.aborted": "Aborted",
        "batch.stage_changed": "Next stage",
        "batch.completed": "Execution completed",
        "batch.production_reviewed": "Reviewed for production",
        "batch.quality_reviewed": "Reviewed for quality",
        "batch.returned": "Returned",
        "batch.qa_held": "Placed on QA hold",
        "batch.qa_hold_lifted": "QA hold lifted",
        "batch.released": "Released",
        "batch.rejected": "Rejected",
        "batch.transcribed": "Transcribed",
        "stage.started": "Stage started",
        "stage.completed": "Stage signed as performed",
        "stage.reopened": "Stage reopened",
        "stage.transcribed": "Stage transcribed",
        "step.recorded": "Step recorded",
        "step.corrected": "Entry corrected",
        "step.skipped": "Step not applicable",
        "step.contested": "Second entry, step contested",
        "step.chosen": "Contested entry chosen",
        "step.verified": "Entry verified",
        "step.transcribed": "Step transcribed",
        "exception.raised": "Exception raised",
        "exception.assessed": "Exception assessed",
        "exception.escalated": "Exception escalated",
        "metrics.recorded": "Series recorded",
        "station.cleared": "Workstation holds no more",
    }
)
"""Events of the journal in people's words."""


def event(name: str) -> str:
    """A journal event in people's words; one without words of its own is spelled out."""
    return EVENTS.get(name) or name.replace(".", " ").replace("_", " ").capitalize()


def big_number(value: Decimal) -> str:
    """`1 000 000` with narrow spaces, digits as given."""
    return format(value, ",f").replace(",", "\N{NARROW NO-BREAK SPACE}")


def _wrong_status(status: str, action: str) -> str:
    if not status:
        return "This is not possible in the present status."
    verbs = {each.value: batch_action(each) for each in BatchAction}
    if action in verbs:
        return f"The status is {_quoted(status)}: {_quoted(verbs[action])} is not possible now."
    if action.startswith(("entry.", "stage.")):
        return f"The batch is {_quoted(status)}: nothing can be entered now."
    return f"The status is {_quoted(status)}: this is not possible now."


def _role(name: str) -> str:
    return f"The role {name}" if name else "Your role"


def _named(name: str) -> str:
    return f"“{name}”" if name else "This"


def _quoted(name: str) -> str:
    return f"“{name}”"


def _still(names: tuple[str, ...], one: str, many: str) -> str:
    return count(len(names), one, many)


def _few(names: tuple[str, ...], most: int = 4) -> str:
    told = ", ".join(names[:most])
    return f"{told} and {len(names) - most} more" if len(names) > most else told


def _with_unit(value: str, unit: str) -> str:
    return f"{value}\N{NO-BREAK SPACE}{unit}" if unit else value


def _range(low: str, high: str, unit: str) -> str:
    if low and high:
        return _with_unit(f"{low} to {high}", unit)
    if low:
        return f"at least {_with_unit(low, unit)}"
    return f"at most {_with_unit(high, unit)}" if high else "open"
