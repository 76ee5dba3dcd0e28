"""A batch's step: the slot that entries fill. All entries stay; one of them counts."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

from app.domain.batch import Origin
from app.domain.identity import BatchId, EntryId, PlantId, StationId, StepId, UserId
from app.domain.quantity import Verdict, exact
from app.domain.record import record
from app.domain.signature import Signature


class StepStatus(StrEnum):
    """Where a step stands. Without a record it is *Open*."""

    OPEN = "Open"
    DONE = "Done"
    AWAITING_VERIFICATION = "Waiting for verifier"
    VERIFIED = "Verified"
    CONTESTED = "Contested"
    NOT_APPLICABLE = "N/A"


class StepAction(StrEnum):
    """What happened to a step. `RECORD_VERIFIED` and `CORRECT_VERIFIED` are of steps that ask for a verifier."""

    RECORD = "record"
    RECORD_VERIFIED = "record_verified"
    CORRECT = "correct"
    CORRECT_VERIFIED = "correct_verified"
    VERIFY = "verify"
    CONTEST = "contest"
    CHOOSE = "choose"
    CHOOSE_VERIFIED = "choose_verified"
    SKIP = "skip"


T, K = StepStatus, StepAction
MOVES: Final = MappingProxyType(
    {
        (T.OPEN, K.RECORD): T.DONE,
        (T.OPEN, K.RECORD_VERIFIED): T.AWAITING_VERIFICATION,
        (T.OPEN, K.SKIP): T.NOT_APPLICABLE,
        (T.DONE, K.CORRECT): T.DONE,
        (
            T.DONE,
            K.CORRECT_VERIFIED,
        ): T.AWAITING_VERIFICATION,  # transcribed: done, though the master asks a verifier
        (T.DONE, K.CONTEST): T.CONTESTED,
        (T.AWAITING_VERIFICATION, K.CORRECT_VERIFIED): T.AWAITING_VERIFICATION,
        (T.AWAITING_VERIFICATION, K.VERIFY): T.VERIFIED,
        (T.AWAITING_VERIFICATION, K.CONTEST): T.CONTESTED,
        (T.VERIFIED, K.CORRECT_VERIFIED): T.AWAITING_VERIFICATION,
        (T.VERIFIED, K.CONTEST): T.CONTESTED,
        (T.NOT_APPLICABLE, K.CORRECT): T.DONE,
        (T.NOT_APPLICABLE, K.CORRECT_VERIFIED): T.AWAITING_VERIFICATION,
        (T.NOT_APPLICABLE, K.CONTEST): T.CONTESTED,
        (T.CONTESTED, K.CONTEST): T.CONTESTED,
        (T.CONTESTED, K.CHOOSE): T.DONE,
        (T.CONTESTED, K.CHOOSE_VERIFIED): T.AWAITING_VERIFICATION,
    }
)

SETTLED: Final = frozenset({T.DONE, T.VERIFIED, T.NOT_APPLICABLE})


@record
class Entry:
    """One thing a person saw and wrote down. Never changed: a correction is another entry that names this one.

    `value` is the text as entered, digit for digit; `N/A` entries have `applicable` False and an empty value.
    `performed_at` is when the work was done, `recorded_at` the station's clock at *Save*, `received_at` the server's.
    `seal` is the SHA-256 (hex) of the sealed command.
    """

    id: EntryId
    value: str
    unit: str
    verdict: Verdict
    author_id: UserId
    author_name: str
    station_id: StationId | None
    performed_at: datetime
    recorded_at: datetime
    received_at: datetime | None = None
    clock_offset_ms: int | None = None
    offline: bool = False
    applicable: bool = True
    corrects: EntryId | None = None
    reason: str = ""
    comment: str = ""
    origin: Origin = Origin.NATIVE
    source: str = ""
    seal: str = ""

    @property
    def number(self) -> Decimal | None:
        """The value as an exact number, or None where it is none."""
        return exact(self.value)


@record
class Step:
    """One step of one batch, from its first entry on. `entries` in the order the journal took them."""

    KIND: ClassVar[str] = "step"

    id: StepId
    plant_id: PlantId
    batch_id: BatchId
    stage_key: str
    step_key: str
    status: StepStatus
    entries: tuple[Entry, ...]
    current_id: EntryId | None
    contested: tuple[EntryId, ...] = ()
    verified: Signature | None = None
    chosen: Signature | None = None
    revision: int = 1

    def entry(self, key: EntryId) -> Entry | None:
        return next((each for each in self.entries if each.id == key), None)

    @property
    def current(self) -> Entry | None:
        """The entry that counts; None while contested."""
        return self.entry(self.current_id) if self.current_id else None


def is_settled(step: Step | None) -> bool:
    """Whether nothing more is owed: answered, verified where asked, not contested."""
    return step is not None and step.status in SETTLED
