"""One step as its card shows it, worked out from the batch file and what is half typed. Knows no Qt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.client.ports import BatchFile, Mark
from app.domain.batch import Origin
from app.domain.decision import Refusal
from app.domain.deviation import Deviation
from app.domain.entry import ChooseEntry, CorrectEntry, EntryCommand, RecordEntry, SkipStep, judged
from app.domain.exception import ReviewException
from app.domain.identity import DeviationId, EntryId, ExceptionId, step_id
from app.domain.master_record import CONFIRMED, StageSpec, StepKind, StepSpec, value_fits
from app.domain.quantity import Limit, Verdict
from app.domain.signature import Signature
from app.domain.step import Entry, Step, StepStatus
from ui import text
from ui.numbers import NotANumber, parse_number
from ui.screens.stage.draft import StepDraft

Objection = Callable[[EntryCommand], Refusal | None]
"""Asks the rulebook what it would say to a command now."""

OUT: Final = frozenset({Verdict.BELOW, Verdict.ABOVE})


class Mode(StrEnum):
    """What the card is for at this moment."""

    ENTER = "enter"
    CLOSED = "closed"  # has no answer, and cannot get one now
    ANSWERED = "answered"
    CORRECT = "correct"
    CONTESTED = "contested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Whether an action can be taken now, and if not, why. Not `shown`: it does not belong here at all."""

    shown: bool = False
    allowed: bool = False
    why_not: str = ""


NO_OFFER: Final = Offer()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """One entry as people read it. `note` says what is unusual about it: late, offline, clock off, transcribed."""

    id: EntryId
    value: str
    who: str
    when: str
    verdict: Verdict
    verdict_words: str
    mark: Mark | None
    applicable: bool
    reason: str = ""
    comment: str = ""
    note: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationLine:
    """A deviation that was raised from this step."""

    id: DeviationId
    label: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCard:
    """Everything the card shows. `limit` is in the unit of the value; a timer's in seconds."""

    key: str
    title: str
    instruction: str
    kind: StepKind
    unit: str
    limit: Limit | None
    limit_words: str
    choices: tuple[str, ...]
    equipment: str
    critical: bool
    verifier_asked: bool
    status: StepStatus
    mode: Mode
    typed: str = ""
    comment: str = ""
    reason: str = ""
    value: Decimal | None = None
    verdict: Verdict = Verdict.NONE
    out: bool = False
    out_words: str = ""
    comment_asked: bool = False
    problem: str = ""
    left_over: str = ""
    late: str = ""
    running_since: datetime | None = None
    elapsed: timedelta = timedelta()
    current: EntryLine | None = None
    older: tuple[EntryLine, ...] = ()
    contested: tuple[EntryLine, ...] = ()
    verified: str = ""
    chosen: str = ""
    save: Offer = NO_OFFER
    correct: Offer = NO_OFFER
    verify: Offer = NO_OFFER
    skip: Offer = NO_OFFER
    choose: Offer = NO_OFFER
    exceptions: tuple[str, ...] = ()
    exception_id: ExceptionId | None = None
    deviations: tuple[DeviationLine, ...] = ()


def value_of(spec: StepSpec, draft: StepDraft) -> str:
    """The answer as it would be recorded: a number in the rulebook's spelling; empty where there is none yet."""
    if spec.kind is not StepKind.NUMBER:
        return draft.typed.strip()
    number = parse_number(draft.typed)
    return text.number(number) if isinstance(number, Decimal) else ""


def problem_of(spec: StepSpec, draft: StepDraft) -> str:
    """Why what is typed cannot be saved, beside the field; empty where it can."""
    value = value_of(spec, draft)
    if not value:
        number = parse_number(draft.typed) if spec.kind is StepKind.NUMBER else None
        return number.why if isinstance(number, NotANumber) else _missing(spec.kind)
    return "" if value_fits(spec, value) else f"“{value}” is no answer to this step."


def unexpected(spec: StepSpec, value: str) -> bool:
    """Whether a choice was answered otherwise than the master record expects."""
    return spec.kind is StepKind.CHOICE and bool(spec.expected and value) and value != spec.expected


def card_of(
    file: BatchFile,
    stage: StageSpec,
    spec: StepSpec,
    draft: StepDraft,
    objection: Objection,
    now: datetime,
    *,
    tried: bool = False,
) -> StepCard:
    """The card of one step. `tried`: *Save* was pressed, so that what is missing is said."""
    batch_id = file.batch.id
    step = file.facts.one(Step, step_id(batch_id, stage.key, spec.key))
    current = step.current if step else None
    mode = _mode(step, draft)
    value = value_of(spec, draft) if spec.kind is not StepKind.CONFIRMATION else ""
    verdict = judged(spec, value) if value and value_fits(spec, value) else Verdict.NONE
    out = verdict in OUT or unexpected(spec, value)
    refused = objection(_sample(file, stage, spec, step, mode))
    if mode is Mode.ENTER and refused is not None:
        mode = Mode.CLOSED
    number = parse_number(draft.typed) if spec.kind is StepKind.NUMBER else None
    noticed = file.facts.every(ReviewException, batch_id=batch_id, stage_key=stage.key, step_key=spec.key)
    raised = file.facts.every(Deviation, batch_id=batch_id, stage_key=stage.key, step_key=spec.key)
    running = draft.running_since if spec.kind is StepKind.TIMER else None
    entering = mode in {Mode.ENTER, Mode.CORRECT}
    line = _line_maker(file, spec, now.tzinfo)
    counted = {current.id} if current else set[EntryId]()
    counted |= set(step.contested) if step else set()
    return StepCard(
        key=spec.key,
        title=spec.title,
        instruction=spec.instruction,
        kind=spec.kind,
        unit=spec.unit,
        limit=spec.limit,
        limit_words=_limit_words(spec),
        choices=spec.choices,
        equipment=spec.equipment,
        critical=spec.critical,
        verifier_asked=spec.verified,
        status=step.status if step else StepStatus.OPEN,
        mode=mode,
        typed=draft.typed,
        comment=draft.comment,
        reason=draft.reason,
        value=number if isinstance(number, Decimal) else None,
        verdict=verdict if entering else (current.verdict if current else Verdict.NONE),
        out=out
        if entering
        else bool(current and (current.verdict in OUT or unexpected(spec, current.value))),
        out_words=_out_words(spec, value, verdict) if out and entering else "",
        comment_asked=out and entering,
        problem=problem_of(spec, draft) if tried and entering else "",
        late=_late(draft, now.tzinfo) if mode is Mode.ENTER else "",
        left_over=_left_over(draft) if mode in {Mode.ANSWERED, Mode.CONTESTED} else "",
        running_since=running.astimezone(now.tzinfo) if running else None,
        elapsed=now - running if running else timedelta(),
        current=line(current) if current else None,
        older=tuple(line(each) for each in step.entries if each.id not in counted) if step else (),
        contested=tuple(line(each) for each in step.entries if each.id in step.contested) if step else (),
        verified=_signed(step.verified, "Verified", now.tzinfo) if step else "",
        chosen=_signed(step.chosen, "Chosen", now.tzinfo) if step else "",
        save=_offer(mode in {Mode.ENTER, Mode.CLOSED, Mode.CORRECT}, refused),
        correct=_offer(mode is Mode.ANSWERED, refused),
        verify=Offer(shown=True, allowed=True)
        if step and step.status is StepStatus.AWAITING_VERIFICATION and mode is Mode.ANSWERED
        else NO_OFFER,
        skip=_skip_offer(file, stage, spec, step, objection),
        choose=_offer(mode is Mode.CONTESTED, refused),
        exceptions=tuple(
            f"{text.rule(each.rule)}: {text.noticed(each.rule, each.detail)}"
            for each in noticed
            if each.unsettled
        ),
        exception_id=next((each.id for each in noticed if each.unsettled), None),
        deviations=tuple(
            DeviationLine(id=each.id, label=each.number or each.title, status=each.status.value)
            for each in raised
        ),
    )


def _mode(step: Step | None, draft: StepDraft) -> Mode:
    if step is None or step.status is StepStatus.OPEN:
        return Mode.ENTER
    if step.status is StepStatus.CONTESTED:
        return Mode.CONTESTED
    return Mode.CORRECT if draft.correcting else Mode.ANSWERED


def _sample(file: BatchFile, stage: StageSpec, spec: StepSpec, step: Step | None, mode: Mode) -> EntryCommand:
    """The command this card would give, with an answer that fits: what the rulebook says to it, it says to any."""
    batch_id = file.batch.id
    current = step.current if step else None
    if mode is Mode.CONTESTED and step is not None:
        return ChooseEntry(
            batch_id=batch_id, stage_key=stage.key, step_key=spec.key, entry_id=step.contested[0], reason="…"
        )
    if mode in {Mode.ANSWERED, Mode.CORRECT} and current is not None:
        return CorrectEntry(
            batch_id=batch_id,
            stage_key=stage.key,
            step_key=spec.key,
            corrects=current.id,
            value=_fitting(spec),
            reason="…",
        )
    return RecordEntry(batch_id=batch_id, stage_key=stage.key, step_key=spec.key, value=_fitting(spec))


def _fitting(spec: StepSpec) -> str:
    match spec.kind:
        case StepKind.CONFIRMATION:
            return CONFIRMED
        case StepKind.CHOICE:
            return spec.choices[0] if spec.choices else ""
        case StepKind.NUMBER | StepKind.TIMER:
            return "0"
        case StepKind.TEXT:
            return "…"


def _skip_offer(
    file: BatchFile, stage: StageSpec, spec: StepSpec, step: Step | None, objection: Objection
) -> Offer:
    if step is not None and step.status is not StepStatus.OPEN:
        return NO_OFFER
    command = SkipStep(batch_id=file.batch.id, stage_key=stage.key, step_key=spec.key, reason="…")
    return _offer(True, objection(command))


def _offer(shown: bool, refused: Refusal | None) -> Offer:
    if not shown:
        return NO_OFFER
    return Offer(shown=True, allowed=refused is None, why_not=text.refusal(refused) if refused else "")


def _line_maker(file: BatchFile, spec: StepSpec, zone: tzinfo | None) -> Callable[[Entry], EntryLine]:
    def line(entry: Entry) -> EntryLine:
        trouble = file.troubled.get(entry.id)
        transcribed = entry.origin is Origin.TRANSCRIBED
        mark = None if transcribed else file.marks.get(entry.id, Mark.ACCEPTED)
        return EntryLine(
            id=entry.id,
            value=text.answer(spec, entry.value) if entry.applicable else "N/A",
            who=f"Transcribed by {entry.author_name}" if transcribed else entry.author_name,
            when=text.when(entry.performed_at, zone),
            verdict=entry.verdict,
            verdict_words=text.verdict(entry.verdict, spec.limit) if entry.verdict in OUT else "",
            mark=mark,
            applicable=entry.applicable,
            reason=entry.reason,
            comment=entry.comment,
            note=_note(file, entry, zone),
            trouble=text.refusal(Refusal(reason=trouble)) if trouble else "",
        )

    return line


def _note(file: BatchFile, entry: Entry, zone: tzinfo | None) -> str:
    told: list[str] = []
    if entry.origin is Origin.TRANSCRIBED:
        told.append(f"from {entry.source}; when it was done is not known")
    if entry.performed_at != entry.recorded_at:
        told.append(f"entered {text.when(entry.recorded_at, zone)}")
    if entry.offline:
        told.append("entered offline")
    offset = timedelta(milliseconds=entry.clock_offset_ms or 0)
    if entry.offline or abs(offset) >= timedelta(seconds=60):
        told.append(f"clock {text.offset(offset)}")
    return ", ".join(told)


def _signed(signature: Signature | None, word: str, zone: tzinfo | None) -> str:
    if signature is None:
        return ""
    return f"{word} by {signature.printed_name}, {text.when(signature.signed_at, zone)}"


def _limit_words(spec: StepSpec) -> str:
    if spec.kind is StepKind.CHOICE:
        return f"Expected: {spec.expected}" if spec.expected else ""
    if spec.limit is None:
        return ""
    told = text.time_limit(spec.limit) if spec.kind is StepKind.TIMER else text.limit(spec.limit)
    return f"{told} (illustrative)" if spec.limit.illustrative else told


def _out_words(spec: StepSpec, value: str, verdict: Verdict) -> str:
    if verdict in OUT:
        side = "below" if verdict is Verdict.BELOW else "above"
        return f"{text.answer(spec, value)} is {side} the limit. The limit is {_limit_words(spec)}."
    return f"“{value}” is not what is expected here (“{spec.expected}”)."


def _late(draft: StepDraft, zone: tzinfo | None) -> str:
    """That the entry is made later than the work was done, and why."""
    moment = draft.performed_at
    return f"Done {text.when(moment, zone)}, entered now: {draft.late_reason}" if moment else ""


def _left_over(draft: StepDraft) -> str:
    """What was half typed here when an entry of someone else came in: not lost, and not taken for an answer."""
    typed = draft.typed.strip() or draft.comment.strip()
    if not typed:
        return ""
    return f"“{typed}” was typed here and not saved; another entry came in first."


def _missing(kind: StepKind) -> str:
    match kind:
        case StepKind.CONFIRMATION:
            return "Confirm it first."
        case StepKind.NUMBER:
            return "Enter the reading."
        case StepKind.TEXT:
            return "Enter the text."
        case StepKind.CHOICE:
            return "Choose one answer."
        case StepKind.TIMER:
            return "Start the clock, then stop it."
