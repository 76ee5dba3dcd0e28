"""Review and disposition: what is signed, what stands in the way, and who may sign it.

21 CFR 211.192 (R41), Annex 11 §15 (R47), requirements c4 and c5. A signature of this file binds a *manifest*: a hash over
every part of the record it covers, so that any later change makes it stand no longer (R18, R19).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, Final, Literal
from uuid import UUID

from app.domain.batch import UNDER_REVIEW, Batch, BatchAction, Origin, moved
from app.domain.decision import Blocker, Change, Context, Decision, Reason, Refusal
from app.domain.deviation import SETTLED as DEVIATION_SETTLED
from app.domain.deviation import Deviation, DeviationClass
from app.domain.exception import ReviewException
from app.domain.facts import Facts
from app.domain.identity import BatchId, PlantId, StationId, UserId, derived
from app.domain.master_record import MasterRecord
from app.domain.plant import Plant, Policy, Station, StationStatus
from app.domain.record import record
from app.domain.signature import Meaning, Signature
from app.domain.stage import Stage, StageStatus, status_of
from app.domain.step import Step, StepStatus, is_settled


@record
class Clearance:
    """A workstation's word that it holds nothing more for a batch up to its own command `counter` (ruling B23)."""

    KIND: ClassVar[str] = "clearance"

    id: UUID
    plant_id: PlantId
    batch_id: BatchId
    station_id: StationId
    counter: int
    completions: int
    declared_at: datetime
    revision: int = 1


@record
class CompleteBatch:
    """Hand an executed batch over to review, signed as performed."""

    kind: Literal["batch.complete"] = "batch.complete"
    batch_id: BatchId


@record
class DeclareClear:
    """Sealed by the workstation's own key: nothing more for this batch up to `counter`."""

    kind: Literal["batch.declare_clear"] = "batch.declare_clear"
    batch_id: BatchId
    counter: int
    completions: int


@record
class ReviewProduction:
    kind: Literal["batch.review_production"] = "batch.review_production"
    batch_id: BatchId
    manifest: str
    comment: str = ""


@record
class ReviewQuality:
    """QA's review by exception; it says that the critical audit trail was reviewed as well (R45)."""

    kind: Literal["batch.review_quality"] = "batch.review_quality"
    batch_id: BatchId
    manifest: str
    audit_trail_reviewed: bool
    comment: str = ""


@record
class ReturnBatch:
    kind: Literal["batch.return"] = "batch.return"
    batch_id: BatchId
    reason: str


@record
class PlaceQaHold:
    kind: Literal["batch.place_qa_hold"] = "batch.place_qa_hold"
    batch_id: BatchId
    reason: str


@record
class LiftQaHold:
    kind: Literal["batch.lift_qa_hold"] = "batch.lift_qa_hold"
    batch_id: BatchId
    reason: str


class Disposition(StrEnum):
    """What may become of a reviewed batch."""

    RELEASE = "release"
    REJECT = "reject"


@record
class DecideDisposition:
    """Certify and release, or reject. Only a QA Head (R47)."""

    kind: Literal["batch.disposition"] = "batch.disposition"
    batch_id: BatchId
    disposition: Disposition
    manifest: str
    reason: str = ""


ReviewCommand = (
    CompleteBatch
    | DeclareClear
    | ReviewProduction
    | ReviewQuality
    | ReturnBatch
    | PlaceQaHold
    | LiftQaHold
    | DecideDisposition
)


def manifest_of(facts: Facts, batch: Batch) -> str:
    """SHA-256 (hex) over id and revision of all that a review covers. Signatures themselves are not part of it."""
    lines = [
        f"batch {batch.id} {batch.number} {batch.master_hash} {batch.quantity.value} {batch.completions}"
    ]
    covered = (Stage, Step, ReviewException, Deviation)
    for cls in covered:
        lines.extend(f"{cls.KIND} {each.id} {each.revision}" for each in facts.every(cls, batch_id=batch.id))
    return sha256("\n".join(lines).encode()).hexdigest()


def stands(signature: Signature, facts: Facts, batch: Batch) -> bool:
    """Whether what was signed is still what the record says (R19)."""
    return not signature.manifest or signature.manifest == manifest_of(facts, batch)


def review_blockers(facts: Facts, batch: Batch) -> tuple[Blocker, ...]:
    """What keeps the record from being reviewed as complete (R34)."""
    return tuple(_record_blockers(facts, batch))


def release_blockers(facts: Facts, batch: Batch) -> tuple[Blocker, ...]:
    """The hard block list of requirements c4, as far as this rulebook knows it. No override but the plant's policy."""
    return (
        *_record_blockers(facts, batch),
        *_deviation_blockers(facts, batch),
        *_signature_blockers(facts, batch),
    )


def _record_blockers(facts: Facts, batch: Batch) -> Iterator[Blocker]:
    master = facts.one(MasterRecord, batch.master_id)
    if master is None:
        yield Blocker(what="master_unknown", kind="batch", id=batch.id)
        return
    for stage_spec in master.stages:
        if status_of(facts, batch.id, stage_spec.key) is not StageStatus.COMPLETED:
            yield Blocker(what="stage_incomplete", kind="batch", id=batch.id, detail=stage_spec.name)
        steps = {
            each.step_key: each for each in facts.every(Step, batch_id=batch.id, stage_key=stage_spec.key)
        }
        for spec in stage_spec.steps:
            step = steps.get(spec.key)
            if step is None:
                yield Blocker(what="step_missing", kind="batch", id=batch.id, detail=spec.title)
            elif step.status is StepStatus.CONTESTED:
                yield Blocker(what="step_contested", kind="step", id=step.id, detail=spec.title)
            elif not is_settled(step):
                yield Blocker(what="step_unverified", kind="step", id=step.id, detail=spec.title)
    for each in facts.every(ReviewException, batch_id=batch.id):
        if each.unsettled:
            yield Blocker(what="exception_open", kind="exception", id=each.id, detail=each.rule.value)
    yield from _unsynced(facts, batch)


def _unsynced(facts: Facts, batch: Batch) -> Iterator[Blocker]:
    """Workstations that may still hold entries: every active one must have said that it holds none (ruling B23).

    Nobody enters anything at a workstation for a batch that was transcribed.
    """
    if batch.origin is Origin.TRANSCRIBED:
        return
    cleared = {
        each.station_id
        for each in facts.every(Clearance, batch_id=batch.id)
        if each.completions == batch.completions
    }
    for station in facts.every(Station, plant_id=batch.plant_id, status=StationStatus.ACTIVE):
        if station.id not in cleared:
            yield Blocker(what="station_unsynced", kind="station", id=station.id, detail=station.name)


def _deviation_blockers(facts: Facts, batch: Batch) -> Iterator[Blocker]:
    plants = facts.every(Plant, plant_id=batch.plant_id)
    policy = plants[0].policy if plants else Policy()
    for each in facts.every(Deviation, batch_id=batch.id):
        if each.status in DEVIATION_SETTLED:
            continue
        label = each.number or each.title
        if each.classification is None:
            yield Blocker(what="deviation_unclassified", kind="deviation", id=each.id, detail=label)
        elif each.classification is not DeviationClass.MINOR or not policy.open_minor_deviation_may_release:
            yield Blocker(what="deviation_open", kind="deviation", id=each.id, detail=label)


def _signature_blockers(facts: Facts, batch: Batch) -> Iterator[Blocker]:
    reviewed = [each for each in batch.signatures if each.meaning is Meaning.REVIEWED_QUALITY]
    if not reviewed:
        yield Blocker(what="review_missing", kind="batch", id=batch.id)
    elif not stands(reviewed[-1], facts, batch):
        yield Blocker(what="changed_since_review", kind="batch", id=batch.id)


def performers(facts: Facts, batch: Batch) -> frozenset[UserId]:
    """Everyone who entered, verified or signed something in the execution of this batch."""
    people = {each.signer_id for each in batch.signatures if each.meaning is Meaning.PERFORMED}
    for step in facts.every(Step, batch_id=batch.id):
        people.update(each.author_id for each in step.entries)
        if step.verified is not None:
            people.add(step.verified.signer_id)
    for stage in facts.every(Stage, batch_id=batch.id):
        people.add(stage.officer_id)
        if stage.performed is not None:
            people.add(stage.performed.signer_id)
    return frozenset(people)


_ACTIONS: Final = MappingProxyType(
    {
        CompleteBatch: BatchAction.COMPLETE,
        ReviewProduction: BatchAction.REVIEW_PRODUCTION,
        ReviewQuality: BatchAction.REVIEW_QUALITY,
        ReturnBatch: BatchAction.RETURN,
        PlaceQaHold: BatchAction.PLACE_QA_HOLD,
        LiftQaHold: BatchAction.LIFT_QA_HOLD,
    }
)


def decide_review(facts: Facts, command: ReviewCommand, context: Context) -> Decision | Refusal:
    """From the end of execution to the disposition."""
    batch = facts.one(Batch, command.batch_id)
    if batch is None:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("batch",))
    match command:
        case DeclareClear():
            return _clear(facts, batch, command, context)
        case CompleteBatch():
            return _complete(facts, batch, command, context)
        case ReviewProduction() | ReviewQuality():
            return _review(facts, batch, command, context)
        case ReturnBatch() | PlaceQaHold() | LiftQaHold():
            return _step_back(batch, command, context)
        case DecideDisposition():
            return _dispose(facts, batch, command, context)


def _clear(facts: Facts, batch: Batch, command: DeclareClear, context: Context) -> Decision | Refusal:
    if context.station_id is None:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("station",))
    if batch.status not in UNDER_REVIEW or command.completions != batch.completions:
        return Refusal(reason=Reason.CHANGED_SINCE_SHOWN)
    key = derived(batch.id, "clearance", str(context.station_id))
    before = facts.one(Clearance, key)
    after = Clearance(
        id=key,
        plant_id=batch.plant_id,
        batch_id=batch.id,
        station_id=context.station_id,
        counter=command.counter,
        completions=command.completions,
        declared_at=context.now,
        revision=before.revision + 1 if before else 1,
    )
    return Decision(changes=(Change(event="station.cleared", before=before, after=after),))


def _complete(facts: Facts, batch: Batch, command: CompleteBatch, context: Context) -> Decision | Refusal:
    status = moved(batch, BatchAction.COMPLETE, context)
    if isinstance(status, Refusal):
        return status
    master = facts.one(MasterRecord, batch.master_id)
    if master is None:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("master record",))
    waiting = tuple(
        each.name
        for each in master.stages
        if status_of(facts, batch.id, each.key) is not StageStatus.COMPLETED
    )
    if waiting:
        return Refusal(reason=Reason.STAGES_INCOMPLETE, detail=waiting)
    after = replace(
        batch,
        status=status,
        ended_at=context.now,
        completions=batch.completions + 1,
        signatures=(*batch.signatures, context.sign(Meaning.PERFORMED)),
        revision=batch.revision + 1,
    )
    return Decision(changes=(Change(event="batch.completed", before=batch, after=after),))


def _review(
    facts: Facts, batch: Batch, command: ReviewProduction | ReviewQuality, context: Context
) -> Decision | Refusal:
    status = moved(batch, _ACTIONS[type(command)], context)
    if isinstance(status, Refusal):
        return status
    if context.actor.user_id in performers(facts, batch):
        return Refusal(reason=Reason.NOT_INDEPENDENT)
    if command.manifest != manifest_of(facts, batch):
        return Refusal(reason=Reason.CHANGED_SINCE_SHOWN)
    if isinstance(command, ReviewProduction):
        meaning, event = Meaning.REVIEWED_PRODUCTION, "batch.production_reviewed"
    else:
        if any(
            each.signer_id == context.actor.user_id and each.meaning is Meaning.REVIEWED_PRODUCTION
            for each in batch.signatures
        ):
            return Refusal(reason=Reason.NOT_INDEPENDENT)
        if not command.audit_trail_reviewed:
            return Refusal(reason=Reason.FIELD_MISSING, detail=("audit trail",))
        blockers = review_blockers(facts, batch)
        if blockers:
            return Refusal(reason=Reason.REVIEW_BLOCKED, blockers=blockers)
        meaning, event = Meaning.REVIEWED_QUALITY, "batch.quality_reviewed"
    after = replace(
        batch,
        status=status,
        reason=command.comment,
        signatures=(*batch.signatures, context.sign(meaning, command.manifest)),
        revision=batch.revision + 1,
    )
    return Decision(changes=(Change(event=event, before=batch, after=after, note=command.comment),))


def _step_back(
    batch: Batch, command: ReturnBatch | PlaceQaHold | LiftQaHold, context: Context
) -> Decision | Refusal:
    status = moved(batch, _ACTIONS[type(command)], context)
    if isinstance(status, Refusal):
        return status
    if not command.reason.strip():
        return Refusal(reason=Reason.REASON_MISSING)
    meaning, event = {
        ReturnBatch: (Meaning.RETURNED, "batch.returned"),
        PlaceQaHold: (Meaning.HELD, "batch.qa_held"),
        LiftQaHold: (Meaning.LIFTED, "batch.qa_hold_lifted"),
    }[type(command)]
    after = replace(
        batch,
        status=status,
        reason=command.reason,
        signatures=(*batch.signatures, context.sign(meaning)),
        revision=batch.revision + 1,
    )
    return Decision(changes=(Change(event=event, before=batch, after=after, note=command.reason),))


def _dispose(facts: Facts, batch: Batch, command: DecideDisposition, context: Context) -> Decision | Refusal:
    releasing = command.disposition is Disposition.RELEASE
    status = moved(batch, BatchAction.RELEASE if releasing else BatchAction.REJECT, context)
    if isinstance(status, Refusal):
        return status
    if context.actor.user_id in performers(facts, batch):
        return Refusal(reason=Reason.NOT_INDEPENDENT)
    if releasing:
        blockers = release_blockers(facts, batch)
        if blockers:
            return Refusal(reason=Reason.RELEASE_BLOCKED, blockers=blockers)
    elif not command.reason.strip():
        return Refusal(reason=Reason.REASON_MISSING)
    if command.manifest != manifest_of(facts, batch):
        return Refusal(reason=Reason.CHANGED_SINCE_SHOWN)
    meaning = Meaning.RELEASED if releasing else Meaning.REJECTED
    after = replace(
        batch,
        status=status,
        reason=command.reason,
        signatures=(*batch.signatures, context.sign(meaning, command.manifest)),
        revision=batch.revision + 1,
    )
    event = "batch.released" if releasing else "batch.rejected"
    return Decision(changes=(Change(event=event, before=batch, after=after, note=command.reason),))
