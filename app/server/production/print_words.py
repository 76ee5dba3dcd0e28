"""The record's words on paper: one for each thing the domain names, none left to chance."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, assert_never

from app.domain.exception import Rule, Severity
from app.domain.master_record import CONFIRMED, StepKind, StepSpec
from app.domain.quantity import Limit, Quantity, Verdict, exact

NOTHING: Final = "–"
_NBSP: Final = "\N{NO-BREAK SPACE}"
_NARROW: Final = "\N{NARROW NO-BREAK SPACE}"


def when(moment: datetime | None) -> str:
    """`2026-11-22 14:05:09 +01:00`: the clock of where it was written, with its offset to UTC (Annex 11 §9)."""
    if moment is None:
        return NOTHING
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%d}{_NBSP}{moment:%H:%M:%S}{_NBSP}{offset[:3]}:{offset[3:5]}"


def day(moment: datetime | None) -> str:
    return NOTHING if moment is None else f"{moment:%Y-%m-%d}"


def amount(quantity: Quantity | None) -> str:
    """`400 000 tablets`, digits as they were given."""
    if quantity is None:
        return NOTHING
    return with_unit(format(quantity.value, ",f").replace(",", _NARROW), quantity.unit)


def count(number: int, one: str, many: str) -> str:
    """`no step`, `1 step`, `3 steps`."""
    return f"{number or 'no'} {one if number < 2 else many}"


def with_unit(value: str, unit: str) -> str:
    return f"{value}{_NBSP}{unit}" if unit else value


def joined(*parts: str) -> str:
    """Those of `parts` that say something, with commas between."""
    return ", ".join(each for each in parts if each)


def span(low: str, high: str, unit: str) -> str:
    """`12.0 to 18.0 kN`, `at least 300 mPa·s`, `at most 3.0 %`."""
    if low and high:
        return with_unit(f"{low} to {high}", unit)
    if low:
        return f"at least {with_unit(low, unit)}"
    return f"at most {with_unit(high, unit)}" if high else NOTHING


def asked(spec: StepSpec) -> str:
    """What the master record asks of a step: its limit, or the expected answer."""
    if spec.limit is not None:
        return limit(spec.limit, spec.unit)
    return f"“{spec.expected}”" if spec.expected else NOTHING


def limit(bounds: Limit, unit: str) -> str:
    low = "" if bounds.low is None else format(bounds.low, "f")
    high = "" if bounds.high is None else format(bounds.high, "f")
    told = span(low, high, bounds.unit or unit)
    if bounds.target is not None:
        told += f"\ntarget {format(bounds.target, 'f')}"
    return f"{told}\nillustrative, published by no one" if bounds.illustrative else told


def answer(spec: StepSpec | None, value: str, unit: str) -> str:
    """A value as written, digit for digit; seconds are told as minutes as well."""
    if spec is not None and spec.kind is StepKind.CONFIRMATION and value == CONFIRMED:
        return "Confirmed"
    told = with_unit(value, unit)
    seconds = exact(value) if spec is not None and spec.kind is StepKind.TIMER else None
    if seconds is not None and seconds >= 60:
        minutes, rest = divmod(seconds, Decimal(60))
        return f"{told} ({int(minutes)} min {format(rest, 'f')} s)"
    return told


def verdict(value: Verdict) -> str:
    match value:
        case Verdict.NONE:
            return ""
        case Verdict.WITHIN:
            return "✓ within limit"
        case Verdict.BELOW:
            return "▼ BELOW LIMIT"
        case Verdict.ABOVE:
            return "▲ ABOVE LIMIT"
        case _ as unreachable:
            assert_never(unreachable)


def rule(name: Rule) -> str:
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
    """What an exception says, with the values it was raised for."""
    first, second, third, fourth = (*detail, "", "", "", "")[:4]
    every = ", ".join(detail)
    match what:
        case Rule.OUT_OF_LIMIT:
            return f"{with_unit(first, second)}; the limit is {span(third, fourth, second)}."
        case Rule.UNEXPECTED_ANSWER:
            return f"Answered “{first}”, expected “{second}”."
        case Rule.CORRECTION:
            return f"{first or NOTHING} was corrected to {second or NOTHING}: {third or 'no reason given'}"
        case Rule.LATE_ENTRY:
            return f"Entered later than it was done: {first or 'no reason given'}"
        case Rule.ENTERED_OFFLINE:
            return "Entered while the workstation was offline."
        case Rule.CLOCK_OFF:
            return f"The server's clock was {first or 'some'} s ahead of the workstation's."
        case Rule.OUT_OF_ORDER:
            return f"“{first}” was entered before “{second}”." if second else "Entered out of order."
        case Rule.OUT_OF_STATE:
            return f"Entered while “{first}” was not open for entries." if first else "Entered out of state."
        case Rule.NOT_AUTHORISED:
            return f"{first} had no right to do this{f' ({second})' if second else ''}."
        case Rule.CONTESTED:
            return f"“{first}” was answered more than once." if first else "Answered more than once."
        case Rule.NOT_APPLICABLE:
            return f"Not applicable: {first or 'no reason given'}"
        case Rule.SUPERSEDED_MASTER:
            return "The batch runs a master record that has been superseded since."
        case Rule.CONTRADICTION:
            return (
                f"The source gives different values: {every}." if every else "The source contradicts itself."
            )
        case Rule.NOT_RECORDED:
            return f"The source has no value: {every}." if every else "The source has no value."
        case Rule.IMPLAUSIBLE:
            return f"The value is not plausible: {every}." if every else "The value is not plausible."
        case Rule.AT_REPORTING_LIMIT:
            return f"At the reporting limit, the true result may be smaller: {every}."
        case _ as unreachable:
            assert_never(unreachable)


def severity(value: Severity) -> str:
    match value:
        case Severity.INFORMATION:
            return "for information"
        case Severity.COMMENT:
            return "needs a comment"
        case Severity.STOP:
            return "stops the release"
        case _ as unreachable:
            assert_never(unreachable)


def blockers(what: str, about: Sequence[str]) -> str:
    """All that the record lacks in one way; `about` names the stages, steps, rules, workstations or deviations."""
    named = ", ".join(dict.fromkeys(about))
    match what:
        case "master_unknown":
            return "The master record of this batch is not known."
        case "stage_incomplete":
            return f"Not completed: stage {named}."
        case "step_missing":
            return f"Without an entry: {count(len(about), 'step', 'steps')} ({named})."
        case "step_contested":
            return f"Contested: {named}."
        case "step_unverified":
            return f"Waiting for a verifier: {named}."
        case "exception_open":
            titles = {each.value: rule(each).lower() for each in Rule}
            told = ", ".join(dict.fromkeys(titles.get(each, each) for each in about))
            return f"Not assessed: {count(len(about), 'exception', 'exceptions')} ({told})."
        case "station_unsynced":
            return f"May still hold entries: workstation {named}."
        case "deviation_unclassified":
            return f"Without a class: deviation {named}."
        case "deviation_open":
            return f"Open: deviation {named}."
        case "review_missing":
            return "QA has not signed the review."
        case "changed_since_review":
            return "The record has changed since QA signed the review."
        case _:
            return f"{what.replace('_', ' ').capitalize()}{f': {named}' if named else ''}."


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
        "command.refused": "Command refused",
    }
)


def event(name: str) -> str:
    """A journal event in people's words; one without words of its own is spelt out."""
    return EVENTS.get(name) or name.replace(".", " ").replace("_", " ").capitalize()


def change(name: str, old: Any, new: Any) -> str:
    """One changed field: `status: Issued → In Progress`. Fields that hold records are named, not spelt out."""
    field = name.replace("_", " ").removesuffix(" id")
    if _plain(old) and _plain(new):
        return f"{field}: {_told(old)} → {_told(new)}"
    return f"{field} changed"


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | Decimal | datetime | timedelta)


def _told(value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if len(text) == 64 and all(each in "0123456789abcdef" for each in text):
        return f"{text[:12]}…"
    return text


def clock_offset(milliseconds: int | None) -> str:
    """`server clock 401 s ahead`, from server minus station."""
    if milliseconds is None:
        return "offset to the server never measured"
    seconds = Decimal(milliseconds) / 1000
    if not seconds:
        return "server clock the same"
    told = format(abs(seconds).quantize(Decimal("0.1") if abs(seconds) < 10 else Decimal(1)), "f")
    return f"server clock {told} s {'ahead' if seconds > 0 else 'behind'}"
