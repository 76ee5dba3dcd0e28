"""The one rulebook: which facts a command is decided on, and the decision (design, idea 1).

The workstation asks it to offer buttons and to answer offline; the server asks the very same function and has the
last word.
"""

from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, assert_never, get_args
from uuid import UUID

from app.domain import (
    batch,
    deviation,
    entry,
    exception,
    master_record,
    metrics,
    plant,
    review,
    stage,
    transcription,
)
from app.domain.decision import Context, Decision, Reason, Refusal
from app.domain.envelope import Command
from app.domain.facts import Facts
from app.domain.identity import BatchId
from app.domain.record import record


@record
class Scope:
    """What a command is decided on, and so what the server locks, in this order.

    `batch_id`: the whole file of one batch: itself, its master record, stages, steps, exceptions, deviations, series
    and clearances, with the plant and its stations. `deviation_id`: that deviation and, where it names a batch, that
    batch's file. `record`: one record by kind and id. `kinds`: all records of these kinds that the journal knows.
    """

    batch_id: BatchId | None = None
    deviation_id: UUID | None = None
    record: tuple[str, UUID] | None = None
    kinds: tuple[str, ...] = ()
    number: str = ""


class Series(StrEnum):
    """Numbers that the server gives out, one run per plant."""

    BATCH = "batch"
    DEVIATION = "deviation"


NEEDS_SERVER: Final = frozenset(
    {
        batch.CreateBatch,
        batch.AmendBatch,
        batch.IssueBatch,
        exception.AssessException,
        deviation.ClassifyDeviation,
        deviation.InvestigateDeviation,
        deviation.CloseDeviation,
        deviation.CancelDeviation,
        deviation.ReopenDeviation,
        review.ReviewProduction,
        review.ReviewQuality,
        review.ReturnBatch,
        review.PlaceQaHold,
        review.LiftQaHold,
        review.DecideDisposition,
        master_record.RegisterProduct,
        master_record.DraftMasterRecord,
        master_record.ApproveMasterRecord,
    }
)
"""Acts that bind a version which the server has confirmed; a station offers them only while it is online."""

OBSERVATIONS: Final = frozenset(
    {
        entry.RecordEntry,
        entry.CorrectEntry,
        entry.SkipStep,
        deviation.RaiseDeviation,
        metrics.RecordMetrics,
    }
)
"""Commands that state what happened: kept, however late (ruling A1). Everything else is an act of authority."""


def scope_of(command: Command) -> Scope:
    """Which facts `command` is decided on."""
    match command:
        case batch.CreateBatch():
            return Scope(record=("master", command.master_id), number=command.number)
        case deviation.RaiseDeviation():
            return Scope(batch_id=command.batch_id, deviation_id=command.deviation_id)
        case (
            deviation.AmendDeviation()
            | deviation.ClassifyDeviation()
            | deviation.InvestigateDeviation()
            | deviation.CloseDeviation()
            | deviation.CancelDeviation()
            | deviation.ReopenDeviation()
        ):
            return Scope(deviation_id=command.deviation_id)
        case transcription.ImportBatch():
            return Scope(batch_id=command.batch_id, record=("master", command.master_id))
        case transcription.CompleteImport():
            return Scope(kinds=("dataset",))
        case (
            master_record.RegisterProduct()
            | master_record.DraftMasterRecord()
            | master_record.ApproveMasterRecord()
        ):
            return Scope(kinds=("product", "master"))
        case plant.FoundPlant():
            return Scope(kinds=("plant",))
        case plant.EnrolStation() | plant.RevokeStation():
            return Scope(record=("station", command.station_id))
        case plant.RegisterPerson() | plant.ChangeRole() | plant.DeactivatePerson():
            return Scope(record=("person", command.user_id))
        case plant.EnrolKey():
            return Scope(record=("person", command.user_id), kinds=("key",))
        case plant.RevokeKey():
            return Scope(record=("key", command.key_id))
        case _:
            return Scope(batch_id=command.batch_id)


def series_of(command: Command) -> Series | None:
    """The run of numbers this command draws from, if any."""
    match command:
        case batch.CreateBatch():
            return None if command.number.strip() else Series.BATCH
        case deviation.RaiseDeviation():
            return Series.DEVIATION
        case _:
            return None


@cache
def _times(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a command that are times."""
    return tuple(each.name for each in fields(kind) if datetime in (each.type, *get_args(each.type)))


def decide(facts: Facts, command: Command, context: Context) -> Decision | Refusal:
    """The answer of the plant's rules to one command. Pure: the same facts and context give the same answer."""
    times: list[tuple[str, datetime | None]] = [("performed_at", context.performed_at)]
    times += [(name, getattr(command, name)) for name in _times(type(command))]
    for name, told in times:
        if told is not None and told.tzinfo is None:
            # No rule and no screen could compare it with any other.
            return Refusal(reason=Reason.WRONG_VALUE, detail=(name,))
    match command:
        case (
            batch.CreateBatch()
            | batch.AmendBatch()
            | batch.IssueBatch()
            | batch.StartBatch()
            | batch.HoldBatch()
            | batch.ResumeBatch()
            | batch.AbortBatch()
        ):
            return batch.decide_batch(facts, command, context)
        case stage.StartStage() | stage.CompleteStage():
            return stage.decide_stage(facts, command, context)
        case (
            entry.RecordEntry()
            | entry.CorrectEntry()
            | entry.SkipStep()
            | entry.VerifyEntry()
            | entry.ChooseEntry()
        ):
            return entry.decide_entry(facts, command, context)
        case exception.AssessException():
            judged = exception.decide_exception(facts, command, context)
            return (
                judged
                if isinstance(judged, Refusal)
                else deviation.nobody_takes_over(facts, command) or judged
            )
        case (
            deviation.RaiseDeviation()
            | deviation.AmendDeviation()
            | deviation.ClassifyDeviation()
            | deviation.InvestigateDeviation()
            | deviation.CloseDeviation()
            | deviation.CancelDeviation()
            | deviation.ReopenDeviation()
        ):
            return deviation.decide_deviation(facts, command, context)
        case (
            review.CompleteBatch()
            | review.DeclareClear()
            | review.ReviewProduction()
            | review.ReviewQuality()
            | review.ReturnBatch()
            | review.PlaceQaHold()
            | review.LiftQaHold()
            | review.DecideDisposition()
        ):
            return review.decide_review(facts, command, context)
        case (
            master_record.RegisterProduct()
            | master_record.DraftMasterRecord()
            | master_record.ApproveMasterRecord()
        ):
            return master_record.decide_master(facts, command, context)
        case plant.FoundPlant() | plant.EnrolStation() | plant.RevokeStation():
            return plant.decide_plant(facts, command, context)
        case (
            plant.RegisterPerson()
            | plant.ChangeRole()
            | plant.DeactivatePerson()
            | plant.EnrolKey()
            | plant.RevokeKey()
        ):
            return plant.decide_people(facts, command, context)
        case transcription.ImportBatch() | transcription.CompleteImport():
            return transcription.decide_transcription(facts, command, context)
        case metrics.RecordMetrics():
            return metrics.decide_metrics(facts, command, context)
        case _ as unreachable:
            assert_never(unreachable)


def predict(facts: Facts, command: Command, context: Context) -> Decision | Refusal:
    """What a station may say by itself: acts that need the server are not decided here."""
    if type(command) in NEEDS_SERVER and context.offline:
        return Refusal(reason=Reason.NEEDS_SERVER)
    return decide(facts, command, context)
