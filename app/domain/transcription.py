"""Records brought in from elsewhere: transcribed, named as such, with the source cell of every value (ruling A13)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from app.domain.batch import Batch, BatchStatus, MaterialUse, Origin
from app.domain.decision import Change, Context, Decision, Reason, Refusal
from app.domain.entry import judged
from app.domain.exception import Rule, raised
from app.domain.facts import Facts
from app.domain.identity import BatchId, EntryId, MasterId, PlantId, stage_id, step_id
from app.domain.master_record import MasterRecord, StageSpec, StepSpec, value_fits
from app.domain.permissions import Permission
from app.domain.quantity import Quantity, Verdict
from app.domain.record import record
from app.domain.stage import Stage, StageStatus
from app.domain.step import Entry, Step, StepStatus


@record
class TranscribedEntry:
    """One value as it stands in the source, and where: `Laboratory.csv:17:tbl_yield`."""

    stage_key: str
    step_key: str
    value: str
    source: str


@record
class Finding:
    """What the importer noticed about the source itself: a contradiction, a missing or implausible value."""

    rule: Rule
    stage_key: str
    step_key: str
    detail: tuple[str, ...]
    source: str


@record
class ImportBatch:
    """One batch of a data set. `batch_id` follows from data set and natural key, so a repeated import changes nothing."""

    kind: Literal["batch.import"] = "batch.import"
    batch_id: BatchId
    dataset: str
    number: str
    master_id: MasterId
    quantity: Quantity
    line: str
    started_on: str
    materials: tuple[MaterialUse, ...]
    entries: tuple[TranscribedEntry, ...]
    findings: tuple[Finding, ...]
    source: str


class DatasetStatus(StrEnum):
    COMPLETED = "Completed"


@record
class Dataset:
    """A finished import. Its batches are shown from this record on; before it, an interrupted run is invisible."""

    KIND: ClassVar[str] = "dataset"

    id: UUID
    plant_id: PlantId
    name: str
    citation: str
    batches: int
    entries: int
    exceptions: int
    series_rows: int
    status: DatasetStatus
    completed_at: datetime
    revision: int = 1


@record
class CompleteImport:
    kind: Literal["import.complete"] = "import.complete"
    dataset: str
    citation: str
    batches: int
    entries: int
    exceptions: int
    series_rows: int


TranscriptionCommand = ImportBatch | CompleteImport


def decide_transcription(facts: Facts, command: TranscriptionCommand, context: Context) -> Decision | Refusal:
    """Take in one transcribed batch, or declare a data set complete."""
    if refusal := context.lacks(Permission.BATCH_IMPORT):
        return refusal
    match command:
        case ImportBatch():
            return _import(facts, command, context)
        case CompleteImport():
            known = facts.one(Dataset, context.id_for("dataset"))
            if known is not None:
                return Refusal(reason=Reason.ALREADY_EXISTS, detail=(command.dataset,))
            done = Dataset(
                id=context.id_for("dataset"),
                plant_id=context.plant_id,
                name=command.dataset,
                citation=command.citation,
                batches=command.batches,
                entries=command.entries,
                exceptions=command.exceptions,
                series_rows=command.series_rows,
                status=DatasetStatus.COMPLETED,
                completed_at=context.now,
            )
            return Decision(changes=(Change(event="import.completed", before=None, after=done),))


def _import(facts: Facts, command: ImportBatch, context: Context) -> Decision | Refusal:
    if facts.one(Batch, command.batch_id):
        return Refusal(reason=Reason.ALREADY_EXISTS, detail=(command.number,))
    master = facts.one(MasterRecord, command.master_id)
    if master is None:
        return Refusal(reason=Reason.NOT_FOUND, detail=("master record",))
    batch = Batch(
        id=command.batch_id,
        plant_id=context.plant_id,
        number=command.number,
        product_id=master.product_id,
        product_name=master.product_name,
        master_id=master.id,
        master_version=master.version,
        master_hash=master.content_hash,
        quantity=command.quantity,
        line=command.line,
        status=BatchStatus.TRANSCRIBED,
        created_by=context.actor.user_id,
        created_at=context.now,
        started_on=command.started_on,
        stage_key=master.stages[-1].key,
        stage_name=master.stages[-1].name,
        materials=command.materials,
        origin=Origin.TRANSCRIBED,
        source=command.source,
    )
    changes = [Change(event="batch.transcribed", before=None, after=batch)]
    changes.extend(_stage(batch, spec, index, context) for index, spec in enumerate(master.stages))
    for written in command.entries:
        spec = master.step(written.stage_key, written.step_key)
        if spec is None or not value_fits(spec, written.value):
            return Refusal(reason=Reason.WRONG_VALUE, detail=(written.source, written.value))
        changes.extend(_entry(batch, spec, written, context))
    changes.extend(
        raised(
            each.rule,
            context,
            batch.id,
            stage_key=each.stage_key,
            step_key=each.step_key,
            detail=each.detail,
            source=each.source,
        )
        for each in command.findings
    )
    return Decision(changes=tuple(changes))


def _stage(batch: Batch, spec: StageSpec, index: int, context: Context) -> Change:
    stage = Stage(
        id=stage_id(batch.id, spec.key),
        plant_id=batch.plant_id,
        batch_id=batch.id,
        key=spec.key,
        name=spec.name,
        position=index,
        status=StageStatus.COMPLETED,
        started_at=None,
        officer_id=context.actor.user_id,
        notes=f"transcribed from {batch.source}",
    )
    return Change(event="stage.transcribed", before=None, after=stage)


def _entry(batch: Batch, spec: StepSpec, written: TranscribedEntry, context: Context) -> tuple[Change, ...]:
    verdict = judged(spec, written.value)
    entry = Entry(
        id=EntryId(context.id_for("entry", written.stage_key, written.step_key)),
        value=written.value,
        unit=spec.unit,
        verdict=verdict,
        author_id=context.actor.user_id,
        author_name=context.actor.name,
        station_id=context.station_id,
        performed_at=context.now,
        recorded_at=context.now,
        received_at=context.received_at,
        origin=Origin.TRANSCRIBED,
        source=written.source,
        seal=context.seal,
    )
    step = Step(
        id=step_id(batch.id, written.stage_key, written.step_key),
        plant_id=batch.plant_id,
        batch_id=batch.id,
        stage_key=written.stage_key,
        step_key=written.step_key,
        status=StepStatus.DONE,
        entries=(entry,),
        current_id=entry.id,
    )
    recorded = Change(event="step.transcribed", before=None, after=step)
    if verdict in {Verdict.NONE, Verdict.WITHIN} or spec.limit is None:
        return (recorded,)
    low = "" if spec.limit.low is None else str(spec.limit.low)
    high = "" if spec.limit.high is None else str(spec.limit.high)
    exception = raised(
        Rule.OUT_OF_LIMIT,
        context,
        batch.id,
        stage_key=written.stage_key,
        step_key=written.step_key,
        entry_id=entry.id,
        detail=(written.value, spec.unit, low, high),
        source=written.source,
    )
    return (recorded, exception)
