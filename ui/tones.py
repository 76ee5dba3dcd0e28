"""How each status looks: icon, tone and word. Colour is kept for what is abnormal; green means released, nothing else."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.client.ports import Mark
from app.domain.batch import BatchStatus
from app.domain.deviation import DeviationClass, DeviationStatus
from app.domain.exception import ExceptionStatus, Severity
from app.domain.quantity import Verdict
from app.domain.stage import StageStatus
from app.domain.step import StepStatus
from ui import text
from ui.icons import Icon
from ui.tokens import Tone
from ui.widgets.status_chip import Chip

Look = tuple[Icon, Tone]

BATCH: Final[Mapping[BatchStatus, Look]] = MappingProxyType(
    {
        BatchStatus.PLANNED: (Icon.CIRCLE, Tone.NEUTRAL),
        BatchStatus.ISSUED: (Icon.CLIPBOARD, Tone.NEUTRAL),
        BatchStatus.IN_PROGRESS: (Icon.PLAY, Tone.INFO),
        BatchStatus.ON_HOLD: (Icon.PAUSE, Tone.STOPPED),
        BatchStatus.PRODUCTION_REVIEW: (Icon.REVIEW, Tone.INFO),
        BatchStatus.QA_REVIEW: (Icon.REVIEW, Tone.INFO),
        BatchStatus.REVIEWED: (Icon.CHECK, Tone.NEUTRAL),
        BatchStatus.QA_HOLD: (Icon.STOPPED, Tone.STOPPED),
        BatchStatus.RELEASED: (Icon.SHIELD, Tone.RELEASED),
        BatchStatus.REJECTED: (Icon.CROSS_CIRCLE, Tone.STOPPED),
        BatchStatus.ABORTED: (Icon.CROSS, Tone.NEUTRAL),
        BatchStatus.TRANSCRIBED: (Icon.DOCUMENT, Tone.NEUTRAL),
    }
)

STAGE: Final[Mapping[StageStatus, Look]] = MappingProxyType(
    {
        StageStatus.PENDING: (Icon.CIRCLE, Tone.NEUTRAL),
        StageStatus.IN_PROGRESS: (Icon.HALF_CIRCLE, Tone.INFO),
        StageStatus.COMPLETED: (Icon.CHECK_CIRCLE, Tone.NEUTRAL),
    }
)

STEP: Final[Mapping[StepStatus, Look]] = MappingProxyType(
    {
        StepStatus.OPEN: (Icon.CIRCLE, Tone.NEUTRAL),
        StepStatus.DONE: (Icon.CHECK, Tone.NEUTRAL),
        StepStatus.AWAITING_VERIFICATION: (Icon.VERIFY, Tone.ATTENTION),
        StepStatus.VERIFIED: (Icon.CHECK_CIRCLE, Tone.NEUTRAL),
        StepStatus.CONTESTED: (Icon.CONTESTED, Tone.ATTENTION),
        StepStatus.NOT_APPLICABLE: (Icon.NOT_APPLICABLE, Tone.NEUTRAL),
    }
)

EXCEPTION: Final[Mapping[ExceptionStatus, Look]] = MappingProxyType(
    {
        ExceptionStatus.OPEN: (Icon.FLAG, Tone.ATTENTION),
        ExceptionStatus.ACCEPTED: (Icon.CHECK, Tone.NEUTRAL),
        ExceptionStatus.RETURNED: (Icon.BACK, Tone.ATTENTION),
        ExceptionStatus.ESCALATED: (Icon.DEVIATION, Tone.NEUTRAL),
    }
)

SEVERITY: Final[Mapping[Severity, Look]] = MappingProxyType(
    {
        Severity.INFORMATION: (Icon.INFO, Tone.NEUTRAL),
        Severity.COMMENT: (Icon.COMMENT, Tone.ATTENTION),
        Severity.STOP: (Icon.STOPPED, Tone.STOPPED),
    }
)

DEVIATION: Final[Mapping[DeviationStatus, Look]] = MappingProxyType(
    {
        DeviationStatus.REPORTED: (Icon.FLAG, Tone.ATTENTION),
        DeviationStatus.CLASSIFIED: (Icon.SCALE, Tone.INFO),
        DeviationStatus.INVESTIGATED: (Icon.SEARCH, Tone.INFO),
        DeviationStatus.CLOSED: (Icon.CHECK, Tone.NEUTRAL),
        DeviationStatus.CANCELLED: (Icon.CROSS, Tone.NEUTRAL),
    }
)

DEVIATION_CLASS: Final[Mapping[DeviationClass, Look]] = MappingProxyType(
    {
        DeviationClass.MINOR: (Icon.INFO, Tone.NEUTRAL),
        DeviationClass.MAJOR: (Icon.WARNING, Tone.ATTENTION),
        DeviationClass.CRITICAL: (Icon.STOPPED, Tone.STOPPED),
    }
)

MARK: Final[Mapping[Mark, Look]] = MappingProxyType(
    {
        Mark.SAVED_HERE: (Icon.STATION, Tone.NEUTRAL),
        Mark.SENT: (Icon.UPLOAD, Tone.NEUTRAL),
        Mark.ACCEPTED: (Icon.CHECK, Tone.NEUTRAL),
        Mark.NEEDS_ATTENTION: (Icon.ATTENTION, Tone.ATTENTION),
    }
)

VERDICT: Final[Mapping[Verdict, Look]] = MappingProxyType(
    {
        Verdict.NONE: (Icon.MINUS, Tone.NEUTRAL),
        Verdict.WITHIN: (Icon.CHECK, Tone.NEUTRAL),
        Verdict.BELOW: (Icon.WARNING, Tone.STOPPED),
        Verdict.ABOVE: (Icon.WARNING, Tone.STOPPED),
    }
)


def batch_chip(status: BatchStatus) -> Chip:
    mark, tone = BATCH[status]
    return Chip(status.value, tone, mark)


def stage_chip(status: StageStatus) -> Chip:
    mark, tone = STAGE[status]
    return Chip(status.value, tone, mark)


def step_chip(status: StepStatus) -> Chip:
    mark, tone = STEP[status]
    return Chip(status.value, tone, mark)


def exception_chip(status: ExceptionStatus) -> Chip:
    mark, tone = EXCEPTION[status]
    return Chip(status.value, tone, mark)


def severity_chip(value: Severity) -> Chip:
    mark, tone = SEVERITY[value]
    return Chip(text.severity(value), tone, mark)


def deviation_chip(status: DeviationStatus) -> Chip:
    mark, tone = DEVIATION[status]
    return Chip(status.value, tone, mark)


def class_chip(value: DeviationClass | None) -> Chip:
    """A deviation's class; one without a class waits for QA."""
    if value is None:
        return Chip("No class yet", Tone.ATTENTION, Icon.FLAG)
    mark, tone = DEVIATION_CLASS[value]
    return Chip(value.value, tone, mark)


def mark_chip(value: Mark) -> Chip:
    mark, tone = MARK[value]
    return Chip(text.mark(value), tone, mark)
