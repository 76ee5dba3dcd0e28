"""The lines a reviewer reads: the record stage by stage, and what the rules noticed, with the entry it is about.

Made from a batch's file alone; knows no Qt.
"""

from dataclasses import dataclass
from typing import Final

from app.client.ports import BatchFile, Mark
from app.domain.deviation import SETTLED, Deviation
from app.domain.exception import ReviewException, Rule, Severity
from app.domain.identity import ExceptionId
from app.domain.master_record import StageSpec, StepSpec
from app.domain.quantity import Limit
from app.domain.signature import Signature
from app.domain.stage import Stage, StageStatus, status_of
from app.domain.step import Entry, Step, StepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """One entry of a step as the reviewer sees it. `struck`: it no longer counts, and stays readable (R7)."""

    entry: Entry
    struck: bool
    current: bool
    corrected_by: Entry | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step of the record with all its entries, oldest first."""

    spec: StepSpec
    stage_key: str
    status: StepStatus
    entries: tuple[EntryLine, ...] = ()
    verified: Signature | None = None
    chosen: Signature | None = None
    exceptions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StageBlock:
    """One stage of the record."""

    spec: StageSpec
    status: StageStatus
    record: Stage | None
    steps: tuple[StepLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionLine:
    """One thing that was noticed, with the entry it is about."""

    exception: ReviewException
    stage_name: str
    step_title: str
    entry: Entry | None = None
    before: Entry | None = None
    limit: Limit | None = None
    step: StepLine | None = None
    deviation: Deviation | None = None

    @property
    def id(self) -> ExceptionId:
        return self.exception.id


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """All that one rule noticed."""

    rule: Rule
    severity: Severity
    lines: tuple[ExceptionLine, ...]

    @property
    def unsettled(self) -> int:
        return sum(each.exception.unsettled for each in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a signature covers, in numbers."""

    stages: int = 0
    entries: int = 0
    corrections: int = 0
    exceptions: int = 0
    exceptions_open: int = 0
    deviations: int = 0
    deviations_open: int = 0
    signatures: int = 0


NO_COUNTS: Final = Counts()


def counts_of(file: BatchFile) -> Counts:
    """The record in numbers."""
    batch_id = file.batch.id
    entries = [entry for step in file.facts.every(Step, batch_id=batch_id) for entry in step.entries]
    exceptions = file.facts.every(ReviewException, batch_id=batch_id)
    deviations = file.facts.every(Deviation, batch_id=batch_id)
    return Counts(
        stages=len(file.master.stages),
        entries=len(entries),
        corrections=sum(each.corrects is not None for each in entries),
        exceptions=len(exceptions),
        exceptions_open=sum(each.unsettled for each in exceptions),
        deviations=len(deviations),
        deviations_open=sum(each.status not in SETTLED for each in deviations),
        signatures=len(file.batch.signatures),
    )


def stages_of(file: BatchFile) -> tuple[StageBlock, ...]:
    """The whole record in the master's order."""
    facts, batch_id = file.facts, file.batch.id
    noticed = facts.every(ReviewException, batch_id=batch_id)
    blocks: list[StageBlock] = []
    for spec in file.master.stages:
        steps = {each.step_key: each for each in facts.every(Step, batch_id=batch_id, stage_key=spec.key)}
        records = facts.every(Stage, batch_id=batch_id, key=spec.key)
        blocks.append(
            StageBlock(
                spec=spec,
                status=status_of(facts, batch_id, spec.key),
                record=records[0] if records else None,
                steps=tuple(
                    step_line(
                        file,
                        spec.key,
                        each,
                        steps.get(each.key),
                        sum(n.stage_key == spec.key and n.step_key == each.key for n in noticed),
                    )
                    for each in spec.steps
                ),
            )
        )
    return tuple(blocks)


def step_line(
    file: BatchFile, stage_key: str, spec: StepSpec, step: Step | None, exceptions: int = 0
) -> StepLine:
    """One step with its entries; what was corrected knows by which entry."""
    if step is None:
        return StepLine(spec=spec, stage_key=stage_key, status=StepStatus.OPEN, exceptions=exceptions)
    corrected = {each.corrects: each for each in step.entries if each.corrects is not None}
    return StepLine(
        spec=spec,
        stage_key=stage_key,
        status=step.status,
        entries=tuple(
            EntryLine(
                entry=each,
                struck=each.id != step.current_id and step.status is not StepStatus.CONTESTED,
                current=each.id == step.current_id,
                corrected_by=corrected.get(each.id),
                mark=file.marks.get(each.id),
            )
            for each in step.entries
        ),
        verified=step.verified,
        chosen=step.chosen,
        exceptions=exceptions,
    )


def groups_of(file: BatchFile) -> tuple[RuleGroup, ...]:
    """Exceptions by rule, the gravest rules with something open first; inside a rule in order of time."""
    by_rule: dict[Rule, list[ExceptionLine]] = {}
    for each in sorted(
        file.facts.every(ReviewException, batch_id=file.batch.id), key=lambda one: one.raised_at
    ):
        by_rule.setdefault(each.rule, []).append(_line(file, each))
    groups = [
        RuleGroup(
            rule=rule,
            severity=max((each.exception.severity for each in lines), key=_GRAVITY.index),
            lines=tuple(sorted(lines, key=lambda one: not one.exception.unsettled)),
        )
        for rule, lines in by_rule.items()
    ]
    return tuple(
        sorted(groups, key=lambda group: (not group.unsettled, -_GRAVITY.index(group.severity), group.rule))
    )


_GRAVITY: Final = (Severity.INFORMATION, Severity.COMMENT, Severity.STOP)


def _line(file: BatchFile, each: ReviewException) -> ExceptionLine:
    stage = file.master.stage(each.stage_key)
    spec = stage.step(each.step_key) if stage else None
    found = file.facts.every(Step, batch_id=file.batch.id, stage_key=each.stage_key, step_key=each.step_key)
    step = found[0] if found else None
    entry = step.entry(each.entry_id) if step and each.entry_id else None
    return ExceptionLine(
        exception=each,
        stage_name=stage.name if stage else "",
        step_title=spec.title if spec else "",
        entry=entry,
        before=step.entry(entry.corrects) if step and entry and entry.corrects else None,
        limit=spec.limit if spec else None,
        step=step_line(file, each.stage_key, spec, step) if spec else None,
        deviation=file.facts.one(Deviation, each.deviation_id) if each.deviation_id else None,
    )
