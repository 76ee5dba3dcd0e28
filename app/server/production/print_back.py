"""What follows the stages: exceptions, deviations, signatures, series, workstations, the audit trail."""

from collections.abc import Iterator
from typing import Final

from app.domain.deviation import SETTLED, Deviation
from app.domain.exception import ExceptionStatus, ReviewException, Severity
from app.domain.metrics import MetricSeries
from app.domain.review import Clearance, stands
from app.domain.signature import Meaning, Signature
from app.domain.stage import Stage
from app.domain.step import Step
from app.server.production import print_words as words
from app.server.production.print_file import CaseFile
from app.server.production.print_sheet import (
    DeviationPage,
    ExceptionLine,
    Line,
    SeriesLine,
    SignatureLine,
    Tone,
    TrailLine,
)
from app.wire.history import HistoryLine

_BOUND: Final = frozenset({Meaning.REVIEWED_QUALITY, Meaning.RELEASED, Meaning.REJECTED})
"""Signatures that cover the whole record, so that a later change to it can be told from them."""

_UNTOLD: Final = frozenset(
    {
        *("revision", "entries", "current_id", "contested", "stage_key", "completions"),
        *("started_at", "ended_at", "completed_at"),
        *("signatures", "verified", "performed", "chosen", "assessed"),
    }
)
"""Fields of a journal row that tell nothing to a person, or that stand beside it in words already."""


def exception_line(file: CaseFile, each: ReviewException) -> ExceptionLine:
    assessed = each.assessed
    told = f"{each.status.value}"
    if assessed is not None:
        told += f" by {assessed.printed_name}, {assessed.role.value}, {words.when(assessed.signed_at)}"
    if each.deviation_id is not None:
        deviation = file.facts.one(Deviation, each.deviation_id)
        told += f", deviation {deviation.number or deviation.title if deviation else each.deviation_id}"
    information = each.severity is Severity.INFORMATION and each.status is ExceptionStatus.OPEN
    return ExceptionLine(
        number=file.labels[each.id],
        where=file.step_label(each.stage_key, each.step_key),
        rule=words.rule(each.rule),
        text=words.noticed(each.rule, each.detail) + (f" Source: {each.source}" if each.source else ""),
        severity=words.severity(each.severity),
        status="Noted" if information else each.status.value,
        tone=Tone.BAD if each.unsettled else Tone.PLAIN,
        raised=words.when(each.raised_at),
        assessed="Asks for no assessment" if information else told,
        comment=each.comment,
    )


def deviation_page(file: CaseFile, each: Deviation) -> DeviationPage:
    return DeviationPage(
        number=each.number or "not yet numbered",
        title=each.title,
        status=words.joined(each.classification.value if each.classification else "", each.status.value),
        tone=Tone.PLAIN if each.status in SETTLED else Tone.BAD,
        lines=tuple(_deviation_lines(file, each)),
        signatures=tuple(_signature(file, one, each.number, Tone.PLAIN) for one in each.signatures),
    )


def _deviation_lines(file: CaseFile, each: Deviation) -> Iterator[Line]:
    yield Line(label="Where", text=file.step_label(each.stage_key, each.step_key))
    yield Line(label="What happened", text=each.description)
    yield Line(label="Immediate action", text=each.immediate_action or words.NOTHING)
    told = f"occurred {words.when(each.occurred_at)}, noticed {words.when(each.noticed_at)}"
    yield Line(label="When", text=told)
    yield Line(label="Reported by", text=each.reporter_name)
    if each.equipment or each.lot:
        yield Line(label="Equipment, lot", text=words.joined(each.equipment, each.lot))
    yield Line(label="Product held", text="yes" if each.product_held else "no")
    if each.exception_id is not None and each.exception_id in file.labels:
        yield Line(label="Raised from", text=f"exception {file.labels[each.exception_id]}")
    if each.classification is not None:
        yield Line(label="Class", text=f"{each.classification.value}: {each.class_reason}")
    yield Line(label="Owner, due", text=words.joined(each.owner_name or "no owner", words.day(each.due_on)))
    found = each.investigation
    if found is None:
        yield Line(label="Investigation", text="not done", tone=Tone.LOOK)
    else:
        cause = f"{found.root_cause}{' (cause not determined)' if found.undetermined else ''}"
        yield Line(label="Root cause", text=cause)
        yield Line(label="Method, evidence", text=f"{found.method}: {found.evidence}")
        yield Line(label="Impact", text=found.impact)
        yield Line(label="Other batches", text=found.other_batches)
        yield Line(label="Correction", text=found.correction)
    if each.capa_required is not None:
        yield Line(label="CAPA", text="required" if each.capa_required else "not required")
    if each.conclusion:
        yield Line(label="Conclusion", text=each.conclusion)


def signature_lines(file: CaseFile) -> Iterator[SignatureLine]:
    """Every signature under this batch, in the order of signing; those of deviations stand with them as well."""
    signed: list[tuple[Signature, str]] = [(each, "the batch") for each in file.batch.signatures]
    signed.extend(
        (stage.performed, f"stage {stage.position + 1} {stage.name}")
        for stage in file.facts.every(Stage, batch_id=file.batch.id)
        if stage.performed is not None
    )
    for step in file.steps:
        about = file.step_label(step.stage_key, step.step_key)
        signed.extend((each, about) for each in (step.verified, step.chosen) if each is not None)
    signed.extend(
        (each.assessed, f"exception {file.labels[each.id]}")
        for each in file.exceptions
        if each.assessed is not None
    )
    for each in file.deviations:
        signed.extend((one, f"deviation {each.number or each.title}") for one in each.signatures)
    for one, about in sorted(signed, key=lambda pair: (pair[0].signed_at, pair[0].command_id.bytes)):
        tone = Tone.GOOD if one.meaning is Meaning.RELEASED else Tone.PLAIN
        yield _signature(file, one, about, tone)


def _signature(file: CaseFile, one: Signature, about: str, tone: Tone) -> SignatureLine:
    state = ""
    if one.meaning in _BOUND and one in file.batch.signatures:
        whole = stands(one, file.facts, file.batch)
        state = "✓ record unchanged since" if whole else "▲ RECORD CHANGED SINCE"
        tone = tone if whole else Tone.BAD
    meaning, name, role, at, where = file.signed(one)
    return SignatureLine(
        meaning=meaning, name=name, role=role, at=at, where=where, about=about, state=state, tone=tone
    )


def series_line(file: CaseFile, each: MetricSeries) -> SeriesLine:
    channels = (f"{one.name} ({one.unit or 'unit not stated'})" for one in each.channels)
    zone = "" if each.zone_known else " (clock of the machine, zone unknown)"
    return SeriesLine(
        stage=file.step_label(each.stage_key, ""),
        name=each.name,
        channels=", ".join(channels),
        rows=str(each.rows),
        span=f"{words.when(each.first_at)} to {words.when(each.last_at)}{zone}",
        source=each.source,
        digest=", ".join(chunk.digest[:16] for chunk in each.chunks),
    )


def clearance_lines(file: CaseFile) -> Iterator[Line]:
    for each in file.facts.every(Clearance, batch_id=file.batch.id):
        told = f"nothing more for this batch up to its command {each.counter}, {words.when(each.declared_at)}"
        current = each.completions == file.batch.completions
        yield Line(
            label=file.place(each.station_id),
            text=told if current else f"{told} (before the batch was completed last)",
            tone=Tone.PLAIN if current else Tone.LOOK,
        )


def trail_line(file: CaseFile, line: HistoryLine) -> TrailLine:
    return TrailLine(
        seq=str(line.seq),
        at=words.when(line.performed_at),
        received=words.when(file.local(line.received_at)),
        who=words.joined(file.name(line.user_id), file.place(line.station_id)),
        event=words.event(line.event),
        about=_about(file, line),
        changes="; ".join(_changes(file, line)),
        reason=line.reason,
    )


def _changes(file: CaseFile, line: HistoryLine) -> Iterator[str]:
    made = file.made.get(line.command_id) if line.entity_kind == Step.KIND else None
    if made is not None:
        step, entry = made
        spec = file.master.step(step.stage_key, step.step_key) if file.master else None
        told = words.answer(spec, entry.value, entry.unit) if entry.applicable else "not applicable"
        replaced = step.entry(entry.corrects) if entry.corrects else None
        yield (f"{words.answer(spec, replaced.value, replaced.unit) or 'N/A'} → {told}" if replaced else told)
    for name, before in line.old.items():
        if name not in _UNTOLD:
            yield words.change(name, before, line.new.get(name))


def _about(file: CaseFile, line: HistoryLine) -> str:
    for step in file.steps:
        if step.id == line.entity_id:
            return file.step_label(step.stage_key, step.step_key)
    for stage in file.facts.every(Stage, batch_id=file.batch.id):
        if stage.id == line.entity_id:
            return file.step_label(stage.key, "")
    for each in file.exceptions:
        if each.id == line.entity_id:
            return f"{file.labels[each.id]} {words.rule(each.rule).lower()}"
    for each in file.deviations:
        if each.id == line.entity_id:
            return each.number or each.title
    return "" if line.entity_id == file.batch.id else line.entity_kind
