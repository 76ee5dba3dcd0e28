"""A batch's stage: started, its steps entered in order, signed as performed."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from app.domain.batch import EXECUTING, Batch
from app.domain.decision import Change, Context, Decision, Reason, Refusal
from app.domain.facts import Facts
from app.domain.identity import BatchId, PlantId, StageId, UserId, stage_id
from app.domain.master_record import MasterRecord, StageSpec
from app.domain.permissions import Permission
from app.domain.record import record
from app.domain.signature import Meaning, Signature
from app.domain.step import Step, is_settled


class StageStatus(StrEnum):
    """A stage's life. Before it is started a stage has no record: it is *Pending* by the master alone."""

    PENDING = "Pending"
    IN_PROGRESS = "In Progress"
    COMPLETED = "Completed"


class StageAction(StrEnum):
    START = "start"
    COMPLETE = "complete"
    REOPEN = "reopen"


MOVES: Final = MappingProxyType(
    {
        (StageStatus.PENDING, StageAction.START): StageStatus.IN_PROGRESS,
        (StageStatus.IN_PROGRESS, StageAction.COMPLETE): StageStatus.COMPLETED,
        (StageStatus.COMPLETED, StageAction.REOPEN): StageStatus.IN_PROGRESS,
    }
)


@record
class Stage:
    """One stage of one batch, from its start on. `performed` is the officer's signature under the whole stage."""

    KIND: ClassVar[str] = "stage"

    id: StageId
    plant_id: PlantId
    batch_id: BatchId
    key: str
    name: str
    position: int
    status: StageStatus
    started_at: datetime | None
    officer_id: UserId
    completed_at: datetime | None = None
    performed: Signature | None = None
    notes: str = ""
    revision: int = 1


@record
class StartStage:
    kind: Literal["stage.start"] = "stage.start"
    batch_id: BatchId
    stage_key: str


@record
class CompleteStage:
    """Sign the stage as performed: every step answered, verified where the master asks, none contested."""

    kind: Literal["stage.complete"] = "stage.complete"
    batch_id: BatchId
    stage_key: str
    notes: str = ""


StageCommand = StartStage | CompleteStage


def status_of(facts: Facts, batch_id: BatchId, stage_key: str) -> StageStatus:
    """Where a stage stands, started or not."""
    stage = facts.one(Stage, stage_id(batch_id, stage_key))
    return stage.status if stage else StageStatus.PENDING


def waits_for(facts: Facts, batch: Batch, master: MasterRecord, stage_key: str) -> StageSpec | None:
    """The earlier stage that must be completed first, or None (R9)."""
    for spec in master.stages:
        if spec.key == stage_key:
            return None
        wanted = master.stage(stage_key)
        if wanted is not None and wanted.parallel:
            return None
        if status_of(facts, batch.id, spec.key) is not StageStatus.COMPLETED:
            return spec
    return None


def unsettled_steps(facts: Facts, batch: Batch, spec: StageSpec) -> tuple[str, ...]:
    """Titles of the steps that still miss an answer, a verifier or a choice."""
    steps = {each.step_key: each for each in facts.every(Step, batch_id=batch.id, stage_key=spec.key)}
    return tuple(each.title for each in spec.steps if not is_settled(steps.get(each.key)))


def decide_stage(facts: Facts, command: StageCommand, context: Context) -> Decision | Refusal:
    """Start a stage in its order; complete it when every step is settled."""
    if refusal := context.lacks(Permission.BATCH_EXECUTE):
        return refusal
    batch = facts.one(Batch, command.batch_id)
    master = facts.one(MasterRecord, batch.master_id) if batch else None
    if batch is None or master is None:
        return Refusal(reason=Reason.UNKNOWN_HERE, detail=("batch",))
    spec = master.stage(command.stage_key)
    if spec is None:
        return Refusal(reason=Reason.NOT_FOUND, detail=("stage",))
    if batch.status not in EXECUTING:
        return Refusal(reason=Reason.WRONG_STATUS, detail=(batch.status.value, command.kind))
    action = StageAction.START if isinstance(command, StartStage) else StageAction.COMPLETE
    current = status_of(facts, batch.id, spec.key)
    target = MOVES.get((current, action))
    if target is None:
        return Refusal(reason=Reason.WRONG_STATUS, detail=(current.value, action.value))
    if isinstance(command, StartStage):
        return _start(facts, batch, master, spec, target, context)
    return _complete(facts, batch, spec, target, command, context)


def _start(
    facts: Facts, batch: Batch, master: MasterRecord, spec: StageSpec, target: StageStatus, context: Context
) -> Decision | Refusal:
    before = waits_for(facts, batch, master, spec.key)
    if before is not None:
        return Refusal(reason=Reason.STAGE_OUT_OF_ORDER, detail=(spec.name, before.name))
    stage = Stage(
        id=stage_id(batch.id, spec.key),
        plant_id=batch.plant_id,
        batch_id=batch.id,
        key=spec.key,
        name=spec.name,
        position=master.stages.index(spec),
        status=target,
        started_at=context.now,
        officer_id=context.actor.user_id,
    )
    onward = replace(batch, stage_key=spec.key, stage_name=spec.name, revision=batch.revision + 1)
    return Decision(
        changes=(
            Change(event="stage.started", before=None, after=stage),
            Change(event="batch.stage_changed", before=batch, after=onward),
        )
    )


def _complete(
    facts: Facts, batch: Batch, spec: StageSpec, target: StageStatus, command: CompleteStage, context: Context
) -> Decision | Refusal:
    open_steps = unsettled_steps(facts, batch, spec)
    if open_steps:
        return Refusal(reason=Reason.STEPS_INCOMPLETE, detail=open_steps)
    stage = facts.one(Stage, stage_id(batch.id, spec.key))
    if stage is None:
        return Refusal(reason=Reason.STAGE_NOT_RUNNING, detail=(spec.name,))
    done = replace(
        stage,
        status=target,
        completed_at=context.now,
        performed=context.sign(Meaning.PERFORMED),
        notes=command.notes,
        revision=stage.revision + 1,
    )
    return Decision(changes=(Change(event="stage.completed", before=stage, after=done),))
