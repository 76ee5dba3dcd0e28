"""Entries: record, correct, verify, skip with a reason, choose between contested ones.

An entry is an observation (ruling A1): before it is sealed the rulebook may prevent it; once sealed it is kept,
however late or out of place, and exceptions say what was wrong with it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from app.domain.batch import EXECUTING, Batch
from app.domain.decision import Change, Context, Decision, Reason, Refusal
from app.domain.exception import Rule, Severity, raised
from app.domain.facts import Facts
from app.domain.identity import BatchId, EntryId, stage_id, step_id
from app.domain.master_record import MasterRecord, StageSpec, StepKind, StepSpec, value_fits
from app.domain.permissions import Permission
from app.domain.plant import Plant, Policy
from app.domain.quantity import Verdict, exact
from app.domain.record import record
from app.domain.signature import Meaning
from app.domain.stage import MOVES as STAGE_MOVES
from app.domain.stage import Stage, StageAction, StageStatus
from app.domain.step import MOVES, Entry, Step, StepAction, StepStatus


@record
class RecordEntry:
    """Answer a step. `performed_at` is given only when the work was done earlier than it is entered (R29)."""

    kind: Literal["entry.record"] = "entry.record"
    batch_id: BatchId
    stage_key: str
    step_key: str
    value: str
    comment: str = ""
    performed_at: datetime | None = None
    late_reason: str = ""


@record
class CorrectEntry:
    """Replace what counts, with a reason; what was there before stays visible (R7)."""

    kind: Literal["entry.correct"] = "entry.correct"
    batch_id: BatchId
    stage_key: str
    step_key: str
    corrects: EntryId
    value: str
    reason: str
    comment: str = ""


@record
class SkipStep:
    """Say that a step does not apply to this batch, and why."""

    kind: Literal["entry.skip"] = "entry.skip"
    batch_id: BatchId
    stage_key: str
    step_key: str
    reason: str


@record
class VerifyEntry:
    """Sign as second person. `entry_seal` binds the very entry that was looked at (ruling B21)."""

    kind: Literal["entry.verify"] = "entry.verify"
    batch_id: BatchId
    stage_key: str
    step_key: str
    entry_id: EntryId
    entry_seal: str


@record
class ChooseEntry:
    """Settle a contested step: which entry counts, and why. All of them stay."""

    kind: Literal["entry.choose"] = "entry.choose"
    batch_id: BatchId
    stage_key: str
    step_key: str
    entry_id: EntryId
    reason: str


EntryCommand = RecordEntry | CorrectEntry | SkipStep | VerifyEntry | ChooseEntry
Observation = RecordEntry | CorrectEntry | SkipStep


@record
class _Place:
    """Where a command lands: the batch, its frozen master, the stage and the step as far as they exist."""

    batch: Batch
    stage_spec: StageSpec
    spec: StepSpec
    stage: Stage | None
    step: Step | None
    policy: Policy


def decide_entry(facts: Facts, command: EntryCommand, context: Context) -> Decision | Refusal:
    """All that can happen to a step's answer."""
    place = _place(facts, command, context)
    if isinstance(place, Refusal):
        return place
    match command:
        case VerifyEntry():
            return _verify(place, command, context)
        case ChooseEntry():
            return _choose(place, command, context)
        case RecordEntry() | CorrectEntry() | SkipStep():
            return _observe(facts, place, command, context)


def _place(facts: Facts, command: EntryCommand, context: Context) -> _Place | Refusal:
    batch = facts.one(Batch, command.batch_id)
    master = facts.one(MasterRecord, batch.master_id) if batch else None
    if batch is None or master is None:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("batch",))
    stage_spec = master.stage(command.stage_key)
    spec = stage_spec.step(command.step_key) if stage_spec else None
    if stage_spec is None or spec is None:
        return Refusal(reason=Reason.NOT_FOUND, detail=("step",))
    plants = facts.every(Plant, plant_id=context.plant_id)
    return _Place(
        batch=batch,
        stage_spec=stage_spec,
        spec=spec,
        stage=facts.one(Stage, stage_id(batch.id, stage_spec.key)),
        step=facts.one(Step, step_id(batch.id, stage_spec.key, spec.key)),
        policy=plants[0].policy if plants else Policy(),
    )


def _observe(facts: Facts, place: _Place, command: Observation, context: Context) -> Decision | Refusal:
    refusal = _unfit(place, command)
    if refusal is not None:
        return refusal
    objections = tuple(_objections(facts, place, command, context))
    if objections and context.may_prevent:
        return objections[0][1]
    action = _action(place, command)
    entry = _entry_of(place, command, context)
    status = place.step.status if place.step else StepStatus.OPEN
    step = _step_with(place, entry, MOVES[status, action], action)
    changes = [Change(event=_event_of(command, action), before=place.step, after=step, note=entry.reason)]
    if place.stage is not None and place.stage.status is StageStatus.COMPLETED:
        changes.append(_reopened(place.stage, context))
    changes.extend(
        raised(
            rule,
            context,
            place.batch.id,
            stage_key=place.stage_spec.key,
            step_key=place.spec.key,
            entry_id=entry.id,
            detail=refused.detail,
        )
        for rule, refused in objections
    )
    changes.extend(_noticed(place, command, entry, action, context))
    return Decision(changes=tuple(changes))


def _unfit(place: _Place, command: Observation) -> Refusal | None:
    """What can be no answer at all, wherever it is decided."""
    if isinstance(command, SkipStep):
        return None if command.reason.strip() else Refusal(reason=Reason.REASON_MISSING)
    if not value_fits(place.spec, command.value):
        return Refusal(reason=Reason.WRONG_VALUE, detail=(place.spec.title, command.value))
    if isinstance(command, CorrectEntry):
        if place.step is None or place.step.entry(command.corrects) is None:
            return Refusal(reason=Reason.UNKNOWN_HERE, detail=("entry",))
        if not command.reason.strip():
            return Refusal(reason=Reason.REASON_MISSING)
    return None


def _objections(
    facts: Facts, place: _Place, command: Observation, context: Context
) -> Iterator[tuple[Rule, Refusal]]:
    """What would have prevented this observation at the screen; after the seal each becomes an exception."""
    right = _right_for(place, command, context)
    if refusal := context.lacks(right):
        yield Rule.NOT_AUTHORISED, refusal
    if place.batch.status not in EXECUTING:
        yield (
            Rule.OUT_OF_STATE,
            Refusal(reason=Reason.WRONG_STATUS, detail=(place.batch.status.value, command.kind)),
        )
    elif place.stage is None or (
        place.stage.status is not StageStatus.IN_PROGRESS and not isinstance(command, CorrectEntry)
    ):
        yield (
            Rule.OUT_OF_STATE,
            Refusal(reason=Reason.STAGE_NOT_RUNNING, detail=(place.stage_spec.name,)),
        )
    if isinstance(command, CorrectEntry):
        if place.step is not None and place.step.current_id != command.corrects:
            yield Rule.CONTESTED, Refusal(reason=Reason.CHANGED_SINCE_SHOWN)
        return
    if place.step is not None and place.step.status is not StepStatus.OPEN:
        yield Rule.CONTESTED, Refusal(reason=Reason.ALREADY_EXISTS, detail=(place.spec.title,))
    missing = first_unanswered_before(facts, place.batch, place.stage_spec, place.spec.key)
    if missing is not None:
        yield (
            Rule.OUT_OF_ORDER,
            Refusal(reason=Reason.STEP_OUT_OF_ORDER, detail=(place.spec.title, missing.title)),
        )
    if (
        isinstance(command, RecordEntry)
        and _is_late(place, command, context)
        and not command.late_reason.strip()
    ):
        yield Rule.LATE_ENTRY, Refusal(reason=Reason.REASON_MISSING)


def first_unanswered_before(facts: Facts, batch: Batch, stage: StageSpec, step_key: str) -> StepSpec | None:
    """The earlier step of the stage that must be answered first, or None (R9)."""
    wanted = stage.step(step_key)
    if wanted is not None and wanted.parallel:
        return None
    for spec in stage.steps:
        if spec.key == step_key:
            return None
        if facts.one(Step, step_id(batch.id, stage.key, spec.key)) is None:
            return spec  # a contested step has been answered, more than once; it does not hold up the ones after it
    return None


def _right_for(place: _Place, command: Observation, context: Context) -> Permission:
    """Own entries before verification are the officer's to correct; anything else is a supervisor's (c5)."""
    if not isinstance(command, CorrectEntry) or place.step is None:
        return Permission.BATCH_EXECUTE
    corrected = place.step.entry(command.corrects)
    own = corrected is not None and corrected.author_id == context.actor.user_id
    untouched = place.step.verified is None
    return Permission.BATCH_EXECUTE if own and untouched else Permission.BATCH_UPDATE


def _action(place: _Place, command: Observation) -> StepAction:
    status = place.step.status if place.step else StepStatus.OPEN
    current = place.step.current_id if place.step else None
    verified = place.spec.verified
    if isinstance(command, CorrectEntry):
        if status is StepStatus.CONTESTED or current != command.corrects:
            return StepAction.CONTEST
        return StepAction.CORRECT_VERIFIED if verified else StepAction.CORRECT
    if status is not StepStatus.OPEN:
        return StepAction.CONTEST
    if isinstance(command, SkipStep):
        return StepAction.SKIP
    return StepAction.RECORD_VERIFIED if verified else StepAction.RECORD


def _event_of(command: Observation, action: StepAction) -> str:
    if action is StepAction.CONTEST:
        return "step.contested"
    match command:
        case RecordEntry():
            return "step.recorded"
        case CorrectEntry():
            return "step.corrected"
        case SkipStep():
            return "step.skipped"


def _entry_of(place: _Place, command: Observation, context: Context) -> Entry:
    skipped = isinstance(command, SkipStep)
    value = "" if skipped else command.value
    offset = context.clock_offset
    earlier = command.performed_at if isinstance(command, RecordEntry) else None
    reason = command.late_reason if isinstance(command, RecordEntry) else command.reason
    return Entry(
        id=EntryId(context.command_id),
        value=value,
        unit=place.spec.unit,
        verdict=Verdict.NONE if skipped else judged(place.spec, value),
        author_id=context.actor.user_id,
        author_name=context.actor.name,
        station_id=context.station_id,
        performed_at=earlier or context.performed_at,
        recorded_at=context.performed_at,
        received_at=context.received_at,
        clock_offset_ms=None if offset is None else round(offset / timedelta(milliseconds=1)),
        offline=context.offline,
        applicable=not skipped,
        corrects=command.corrects if isinstance(command, CorrectEntry) else None,
        reason=reason.strip(),
        comment="" if skipped else command.comment.strip(),
        seal=context.seal,
    )


def judged(spec: StepSpec, value: str) -> Verdict:
    """What the step's limit says of an answer that fits it."""
    number = exact(value) if spec.kind in {StepKind.NUMBER, StepKind.TIMER} else None
    if spec.limit is None or number is None:
        return Verdict.NONE
    return spec.limit.judge(number)


def _step_with(place: _Place, entry: Entry, status: StepStatus, action: StepAction) -> Step:
    if place.step is None:
        return Step(
            id=step_id(place.batch.id, place.stage_spec.key, place.spec.key),
            plant_id=place.batch.plant_id,
            batch_id=place.batch.id,
            stage_key=place.stage_spec.key,
            step_key=place.spec.key,
            status=status,
            entries=(entry,),
            current_id=entry.id,
        )
    step = place.step
    contested = step.contested
    if action is StepAction.CONTEST:
        contested = contested or ((step.current_id,) if step.current_id else ())
        contested = (*contested, entry.id)
    return replace(
        step,
        status=status,
        entries=(*step.entries, entry),
        current_id=None if action is StepAction.CONTEST else entry.id,
        contested=contested,
        verified=None,  # a change after a signature shows the step as unsigned until it is signed again (R19)
        revision=step.revision + 1,
    )


def _reopened(stage: Stage, context: Context) -> Change:
    """A stage changed after it was signed is unsigned again (R19); the old signature stays in the journal."""
    after = replace(
        stage,
        status=STAGE_MOVES[stage.status, StageAction.REOPEN],
        completed_at=None,
        performed=None,
        revision=stage.revision + 1,
    )
    return Change(event="stage.reopened", before=stage, after=after)


def _is_late(place: _Place, command: RecordEntry, context: Context) -> bool:
    if command.performed_at is None:
        return False
    return context.performed_at - command.performed_at > timedelta(minutes=place.policy.late_after_minutes)


def _noticed(
    place: _Place, command: Observation, entry: Entry, action: StepAction, context: Context
) -> Iterator[Change]:
    """The exceptions an accepted observation raises by itself."""

    def notice(rule: Rule, *detail: str, severity: Severity | None = None) -> Change:
        return raised(
            rule,
            context,
            place.batch.id,
            stage_key=place.stage_spec.key,
            step_key=place.spec.key,
            entry_id=entry.id,
            detail=detail,
            severity=severity,
        )

    if entry.verdict in {Verdict.BELOW, Verdict.ABOVE}:
        limit = place.spec.limit
        low = "" if limit is None or limit.low is None else str(limit.low)
        high = "" if limit is None or limit.high is None else str(limit.high)
        severity = Severity.STOP if place.spec.critical else Severity.COMMENT
        yield notice(Rule.OUT_OF_LIMIT, entry.value, entry.unit, low, high, severity=severity)
    expected = place.spec.expected if place.spec.kind is StepKind.CHOICE and entry.applicable else ""
    if expected and entry.value != expected:
        yield notice(Rule.UNEXPECTED_ANSWER, entry.value, expected)
    if isinstance(command, SkipStep):
        yield notice(Rule.NOT_APPLICABLE, command.reason.strip())
    if isinstance(command, CorrectEntry) and action is not StepAction.CONTEST and place.step is not None:
        old = place.step.entry(command.corrects)
        yield notice(Rule.CORRECTION, old.value if old else "", entry.value, command.reason.strip())
    if isinstance(command, RecordEntry) and _is_late(place, command, context) and command.late_reason.strip():
        yield notice(Rule.LATE_ENTRY, command.late_reason.strip())
    if context.offline:
        yield notice(Rule.ENTERED_OFFLINE)
    tolerance = timedelta(seconds=place.policy.clock_tolerance_seconds)
    if context.clock_offset is not None and abs(context.clock_offset) > tolerance:
        yield notice(Rule.CLOCK_OFF, str(round(context.clock_offset.total_seconds())))


def _verify(place: _Place, command: VerifyEntry, context: Context) -> Decision | Refusal:
    if refusal := context.lacks(Permission.BATCH_VERIFY):
        return refusal
    step = place.step
    if step is None:
        return Refusal(reason=Reason.NOTHING_TO_VERIFY, detail=(place.spec.title,))
    target = MOVES.get((step.status, StepAction.VERIFY))
    if target is None:
        return Refusal(reason=Reason.NOT_VERIFIABLE, detail=(place.spec.title, step.status.value))
    entry = step.current
    if entry is None or entry.id != command.entry_id or (entry.seal and entry.seal != command.entry_seal):
        return Refusal(reason=Reason.CHANGED_SINCE_SHOWN)
    if entry.author_id == context.actor.user_id:
        return Refusal(reason=Reason.VERIFIER_IS_PERFORMER)
    after = replace(
        step,
        status=target,
        verified=context.sign(Meaning.VERIFIED, command.entry_seal),
        revision=step.revision + 1,
    )
    return Decision(changes=(Change(event="step.verified", before=step, after=after),))


def _choose(place: _Place, command: ChooseEntry, context: Context) -> Decision | Refusal:
    if refusal := context.lacks(Permission.CONTEST_RESOLVE):
        return refusal
    step = place.step
    action = StepAction.CHOOSE_VERIFIED if place.spec.verified else StepAction.CHOOSE
    target = MOVES.get((step.status, action)) if step else None
    if step is None or target is None:
        return Refusal(reason=Reason.NOT_CONTESTED, detail=(place.spec.title,))
    if command.entry_id not in step.contested:
        return Refusal(reason=Reason.CHANGED_SINCE_SHOWN)
    if not command.reason.strip():
        return Refusal(reason=Reason.REASON_MISSING)
    authors = {each.author_id for each in step.entries if each.id in step.contested}
    if context.actor.user_id in authors:
        return Refusal(reason=Reason.NOT_INDEPENDENT)
    after = replace(
        step,
        status=target,
        current_id=command.entry_id,
        contested=(),
        chosen=context.sign(Meaning.CHOSEN),
        revision=step.revision + 1,
    )
    change = Change(event="step.chosen", before=step, after=after, note=command.reason)
    return Decision(changes=(change,))
