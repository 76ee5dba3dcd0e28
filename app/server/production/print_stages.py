"""Stages, steps and entries on paper, what was replaced beside what counts (11.10(e), R7)."""

from collections.abc import Iterator, Mapping
from typing import Final

from app.domain.batch import Batch, Origin
from app.domain.identity import EntryId, stage_id, step_id
from app.domain.master_record import StageSpec, StepSpec
from app.domain.quantity import Verdict
from app.domain.stage import Stage, StageStatus
from app.domain.step import Entry, Step, StepStatus
from app.server.production import print_words as words
from app.server.production.print_file import CaseFile
from app.server.production.print_sheet import (
    EntryLine,
    StagePage,
    StepLines,
    Tone,
)

_WORTH_TELLING_MS: Final = 60_000
"""Clocks a minute apart are told on paper even where the plant's tolerance is wider."""

_STEP_TONES: Final[Mapping[StepStatus, Tone]] = {
    StepStatus.OPEN: Tone.LOOK,
    StepStatus.AWAITING_VERIFICATION: Tone.LOOK,
    StepStatus.CONTESTED: Tone.BAD,
}


def stage_page(file: CaseFile, at: int, spec: StageSpec) -> StagePage:
    known = file.facts.one(Stage, stage_id(file.batch.id, spec.key))
    status = known.status if known else StageStatus.PENDING
    transcribed = file.batch.origin is Origin.TRANSCRIBED
    return StagePage(
        number=str(at),
        name=spec.name,
        area=spec.area,
        status=status.value,
        tone=Tone.PLAIN if status is StageStatus.COMPLETED else Tone.LOOK,
        started=_stage_span(file, known),
        steps=tuple(
            _step(file, f"{at}.{index}", spec, each) for index, each in enumerate(spec.steps, start=1)
        ),
        signed=_stage_signature(file, known),
        unsigned="Transcribed, not signed here." if transcribed else "The stage is not signed as performed.",
        notes=known.notes if known else "",
    )


def _stage_span(file: CaseFile, known: Stage | None) -> str:
    if known is None:
        return "not started"
    if known.started_at is None:
        return "times not in the source"
    until = f", completed {words.when(known.completed_at)}" if known.completed_at else ""
    return f"started {words.when(known.started_at)} by {file.name(known.officer_id)}{until}"


def _stage_signature(file: CaseFile, known: Stage | None) -> tuple[str, ...]:
    if known is None or known.performed is None:
        return ()
    return file.signed(known.performed)


def _step(file: CaseFile, number: str, stage: StageSpec, spec: StepSpec) -> StepLines:
    known = file.facts.one(Step, step_id(file.batch.id, stage.key, spec.key))
    status = known.status if known else StepStatus.OPEN
    references = [
        file.labels[each.id]
        for each in file.exceptions
        if (each.stage_key, each.step_key) == (stage.key, spec.key)
    ]
    references += [
        each.number or each.title
        for each in file.deviations
        if (each.stage_key, each.step_key) == (stage.key, spec.key)
    ]
    return StepLines(
        number=number,
        title=spec.title,
        instruction=spec.instruction,
        equipment=spec.equipment,
        critical=spec.critical,
        asked=words.asked(spec),
        status=_step_status(status, file.batch),
        tone=_STEP_TONES.get(status, Tone.PLAIN),
        entries=tuple(_entry(file, known, spec, each) for each in known.entries) if known else (),
        verified=_verification(file, known, spec),
        chosen=_choice(file, known),
        references=", ".join(references),
    )


def _verification(file: CaseFile, known: Step | None, spec: StepSpec) -> tuple[str, ...]:
    if known is not None and known.verified is not None:
        return file.signed(known.verified)
    if not spec.verified or known is None or file.batch.origin is Origin.TRANSCRIBED:
        return ()
    if known.status is StepStatus.NOT_APPLICABLE:
        return ()
    return ("NOT VERIFIED",)


def _choice(file: CaseFile, known: Step | None) -> str:
    if known is None or known.chosen is None:
        return ""
    made = known.chosen
    return (
        f"{made.meaning.value}: {made.printed_name}, {made.role.value}, {words.when(made.signed_at)}, "
        f"{file.place(made.station_id)}"
    )


def _entry(file: CaseFile, step: Step, spec: StepSpec, entry: Entry) -> EntryLine:
    counts = step.current_id == entry.id
    contested = entry.id in step.contested
    answer = words.answer(spec, entry.value, entry.unit) if entry.applicable else "Not applicable"
    outside = entry.verdict in {Verdict.BELOW, Verdict.ABOVE}
    return EntryLine(
        answer=answer,
        verdict=words.verdict(entry.verdict),
        tone=Tone.BAD if outside else Tone.PLAIN,
        struck=not counts and not contested,
        mark=_mark(step, entry, counts=counts, contested=contested),
        who=entry.author_name,
        where="transcribed" if entry.origin is Origin.TRANSCRIBED else file.place(entry.station_id),
        at=words.when(entry.performed_at),
        remarks=tuple(_remarks(file, step, entry)),
    )


def _remarks(file: CaseFile, step: Step, entry: Entry) -> Iterator[str]:
    if entry.corrects is not None:
        replaced = step.entry(entry.corrects)
        was = (replaced.value or "N/A") if replaced else str(entry.corrects)
        yield f"Corrects “{was}”. Reason: {entry.reason or 'none given'}"
    elif not entry.applicable:
        yield f"Reason: {entry.reason or 'none given'}"
    elif entry.reason:
        yield f"Reason: {entry.reason}"
    if entry.comment:
        yield f"Comment: {entry.comment}"
    if entry.performed_at != entry.recorded_at:
        yield f"Entered later, at {words.when(entry.recorded_at)}"
    if entry.offline:
        came = entry.received_at
        received = f"received by the server {words.when(file.local(came))}" if came else ""
        offset = words.clock_offset(entry.clock_offset_ms)
        yield "; ".join(each for each in ("Entered offline", received, offset) if each)
    elif entry.clock_offset_ms is not None and abs(entry.clock_offset_ms) >= _WORTH_TELLING_MS:
        yield f"Workstation clock was off: {words.clock_offset(entry.clock_offset_ms)}"
    if entry.source:
        yield f"Source: {entry.source}"


def _step_status(status: StepStatus, batch: Batch) -> str:
    if status is StepStatus.OPEN:
        return "NOT IN THE SOURCE" if batch.origin is Origin.TRANSCRIBED else "NOT RECORDED"
    return {
        StepStatus.AWAITING_VERIFICATION: "WAITS FOR VERIFIER",
        StepStatus.CONTESTED: "CONTESTED: no entry counts yet",
    }.get(status, "")


def _mark(step: Step, entry: Entry, *, counts: bool, contested: bool) -> str:
    """Annex 11 §8.2: a printout says which data were changed since the original entry."""
    if contested:
        return "contested"
    replaced: tuple[EntryId | None, ...] = tuple(each.corrects for each in step.entries)
    if not counts:
        return "replaced" if entry.id in replaced else "not chosen"
    if entry.corrects is not None:
        return "◆ changed after original entry"
    return "◆ chosen between entries" if step.chosen is not None else ""
