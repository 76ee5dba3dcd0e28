"""What stands on paper: the record of one batch as plain text in the order an inspector reads it.

Nothing is left out because it is awkward: replaced values, contested entries, late and offline work, exceptions and
deviations all stand where the eye looks for them (21 CFR 211.188, 11.10(b), 11.50; Annex 11 §8; R2, R7, R17, R34, R44).
"""

from datetime import datetime
from enum import StrEnum

from app.domain.record import record


class Tone(StrEnum):
    """How a line looks; never the only carrier of what it says."""

    PLAIN = "plain"
    GOOD = "good"
    LOOK = "look"
    BAD = "bad"


@record
class Printing:
    """One printout: when, by whom, and which copy of how many were ever made (0: not counted)."""

    at: datetime
    by: str
    copy: int = 1


@record
class Standing:
    """Where the record stood when it was read: the journal's head, and the hash over all its records."""

    journal: str
    seq: int
    hash: str
    record_hash: str


@record
class Line:
    label: str
    text: str
    tone: Tone = Tone.PLAIN


@record
class EntryLine:
    """One entry. `struck`: it does not count; `mark` says why, or what is special about the one that does."""

    answer: str
    verdict: str
    tone: Tone
    struck: bool
    mark: str
    who: str
    where: str
    at: str
    remarks: tuple[str, ...]


@record
class StepLines:
    number: str
    title: str
    instruction: str
    equipment: str
    critical: bool
    asked: str
    status: str
    tone: Tone
    entries: tuple[EntryLine, ...]
    verified: tuple[str, ...]
    chosen: str
    references: str


@record
class StagePage:
    number: str
    name: str
    area: str
    status: str
    tone: Tone
    started: str
    steps: tuple[StepLines, ...]
    signed: tuple[str, ...]
    unsigned: str
    notes: str


@record
class ExceptionLine:
    number: str
    where: str
    rule: str
    text: str
    severity: str
    status: str
    tone: Tone
    raised: str
    assessed: str
    comment: str


@record
class SignatureLine:
    """`meaning`, printed name, role and time (11.50(a)); `about` is what was signed."""

    meaning: str
    name: str
    role: str
    at: str
    where: str
    about: str
    state: str
    tone: Tone


@record
class DeviationPage:
    number: str
    title: str
    status: str
    tone: Tone
    lines: tuple[Line, ...]
    signatures: tuple[SignatureLine, ...]


@record
class MaterialLine:
    code: str
    name: str
    planned: str
    lot: str
    source: str
    used: str
    results: str


@record
class SeriesLine:
    stage: str
    name: str
    channels: str
    rows: str
    span: str
    source: str
    digest: str


@record
class TrailLine:
    seq: str
    at: str
    received: str
    who: str
    event: str
    about: str
    changes: str
    reason: str


@record
class Sheet:
    """The whole document, ready to be set."""

    number: str
    product: str
    plant: str
    status: str
    tone: Tone
    disposition: str
    transcribed: tuple[str, ...]
    head: tuple[Line, ...]
    counts: tuple[Line, ...]
    open_points: tuple[str, ...]
    materials: tuple[MaterialLine, ...]
    stages: tuple[StagePage, ...]
    exceptions: tuple[ExceptionLine, ...]
    deviations: tuple[DeviationPage, ...]
    signatures: tuple[SignatureLine, ...]
    series: tuple[SeriesLine, ...]
    clearances: tuple[Line, ...]
    trail: tuple[TrailLine, ...]
    printed: str
    printed_by: str
    copy: str
    zone: str
    journal: str
    record_hash: str
