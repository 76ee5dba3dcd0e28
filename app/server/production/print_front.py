"""The first page: what the batch is, how it stands, what is still missing, what went into it."""

from collections.abc import Iterator, Mapping
from typing import Final

from app.domain.batch import ENDED, BatchStatus, MaterialUse, Origin
from app.domain.deviation import SETTLED
from app.domain.exception import Severity
from app.domain.review import release_blockers
from app.domain.signature import Meaning
from app.domain.step import StepStatus
from app.domain.transcription import Dataset
from app.server.production import print_words as words
from app.server.production.print_file import CaseFile
from app.server.production.print_sheet import (
    Line,
    MaterialLine,
    Tone,
)

TONES: Final[Mapping[BatchStatus, Tone]] = {
    BatchStatus.RELEASED: Tone.GOOD,
    BatchStatus.REJECTED: Tone.BAD,
    BatchStatus.ABORTED: Tone.BAD,
    BatchStatus.ON_HOLD: Tone.LOOK,
    BatchStatus.QA_HOLD: Tone.LOOK,
}

_DISPOSITIONS: Final = frozenset({Meaning.RELEASED, Meaning.REJECTED, Meaning.ABORTED})

_ORIGINS: Final[Mapping[Origin, str]] = {
    Origin.NATIVE: "recorded in this system",
    Origin.API: "sent by another system",
    Origin.TRANSCRIBED: "transcribed from another record",
}


def disposition(file: CaseFile) -> str:
    made = [each for each in file.batch.signatures if each.meaning in _DISPOSITIONS]
    if made and file.batch.status in ENDED:
        last = made[-1]
        return f"{last.meaning.value} by {last.printed_name}, {last.role.value}, {words.when(last.signed_at)}"
    if file.batch.origin is Origin.TRANSCRIBED:
        return "None here: this record was transcribed"
    return "None yet"


def transcription(file: CaseFile) -> tuple[str, ...]:
    batch = file.batch
    if batch.origin is not Origin.TRANSCRIBED:
        return ()
    cited = (
        f"Data set {each.name}: {each.citation}"
        for each in file.facts.every(Dataset, plant_id=batch.plant_id)
        if each.citation and each.citation not in batch.source
    )
    return (
        f"Transcribed from {batch.source} on {words.when(batch.created_at)} by {file.name(batch.created_by)}.",
        "Values stand as in the source, with its cell beside each; times of entry are times of transcription.",
        *cited,
    )


def head_lines(file: CaseFile) -> Iterator[Line]:
    batch, master = file.batch, file.master
    yield Line(label="Batch number", text=batch.number)
    yield Line(label="Product", text=words.joined(batch.product_name, master.product_code if master else ""))
    yield Line(label="Batch size", text=words.amount(batch.quantity))
    yield Line(label="Line", text=batch.line or words.NOTHING)
    yield Line(
        label="Master record",
        text=f"Version {batch.master_version} of {master.title if master else batch.master_id}",
    )
    yield Line(label="Master record SHA-256", text=batch.master_hash)
    for each in master.signatures if master else ():
        signed = f"{each.printed_name}, {each.role.value}, {words.when(each.signed_at)}"
        yield Line(label=f"Master {each.meaning.value.lower()}", text=signed)
    yield Line(label="Created", text=f"{words.when(batch.created_at)} by {file.name(batch.created_by)}")
    if batch.planned_start:
        yield Line(label="Planned start", text=words.when(batch.planned_start))
    started = batch.started_on or words.when(batch.started_at)
    yield Line(label="Started", text=f"{started} (known to this precision)" if batch.started_on else started)
    yield Line(label="Ended", text=words.when(batch.ended_at))
    yield Line(label="Disposition", text=disposition(file), tone=TONES.get(batch.status, Tone.PLAIN))
    if batch.reason:
        yield Line(label="Reason given last", text=batch.reason)
    yield Line(label="Origin", text=_ORIGINS[batch.origin])


def count_lines(file: CaseFile) -> Iterator[Line]:
    entries = [entry for step in file.steps for entry in step.entries]
    total = sum(len(each.steps) for each in file.specs)
    changed = sum(len(each.entries) > 1 for each in file.steps)
    corrections = sum(each.corrects is not None for each in entries)
    contested = sum(each.status is StepStatus.CONTESTED for each in file.steps)
    waiting = sum(each.status is StepStatus.AWAITING_VERIFICATION for each in file.steps)
    offline = sum(each.offline for each in entries)
    unsettled = sum(each.unsettled for each in file.exceptions)
    stops = sum(each.severity is Severity.STOP for each in file.exceptions)
    undecided = sum(each.status not in SETTLED for each in file.deviations)
    done = len(file.steps)
    yield _count("Steps answered", f"{done} of {total}", good=done == total)
    told = f"{len(entries)} ({words.count(corrections, 'correction', 'corrections')})"
    yield _count("Entries", told, good=True)
    for label, number in (
        ("Changed since first entered", changed),
        ("Waiting for a verifier", waiting),
        ("Contested", contested),
    ):
        yield _count(label, words.count(number, "step", "steps"), good=not number)
    yield _count("Entered offline", words.count(offline, "entry", "entries"), good=not offline)
    told = f"{len(file.exceptions)}: {stops} severe, {unsettled} not assessed" if file.exceptions else "none"
    yield _count("Exceptions", told, good=not unsettled, bad=unsettled > 0)
    told = f"{len(file.deviations)}: {undecided} open" if file.deviations else "none"
    yield _count("Deviations", told, good=not undecided, bad=undecided > 0)


def open_points(file: CaseFile) -> tuple[str, ...]:
    if file.batch.status in ENDED:
        return ()
    grouped: dict[str, list[str]] = {}
    for each in release_blockers(file.facts, file.batch):
        grouped.setdefault(each.what, []).append(each.detail)
    return tuple(words.blockers(what, about) for what, about in grouped.items())


def material_lines(file: CaseFile) -> Iterator[MaterialLine]:
    used: dict[str, list[MaterialUse]] = {}
    for each in file.batch.materials:
        used.setdefault(each.code, []).append(each)
    for spec in file.master.materials if file.master else ():
        lots = used.pop(spec.code, [])
        if not lots:
            yield MaterialLine(
                code=spec.code,
                name=spec.name,
                planned=words.amount(spec.quantity),
                lot="no lot recorded",
                source="",
                used=words.NOTHING,
                results="",
            )
        for lot in lots:
            yield _material(lot, words.amount(spec.quantity))
    for rest in used.values():
        for lot in rest:
            yield _material(lot, words.NOTHING)


def _material(lot: MaterialUse, planned: str) -> MaterialLine:
    return MaterialLine(
        code=lot.code,
        name=lot.name,
        planned=planned,
        lot=lot.lot,
        source=lot.source,
        used=words.amount(lot.quantity),
        results="; ".join(f"{name} {words.with_unit(value, unit)}" for name, value, unit in lot.results),
    )


def _count(label: str, text: str, *, good: bool, bad: bool = False) -> Line:
    return Line(label=label, text=text, tone=Tone.BAD if bad else Tone.PLAIN if good else Tone.LOOK)
