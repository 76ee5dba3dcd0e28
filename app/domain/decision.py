"""What a rule answers: a `Decision` that changes records, or a `Refusal` that says why not. A "no" is a value."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.domain.identity import CommandId, PlantId, StationId, UserId, derived
from app.domain.permissions import Permission, Role, may
from app.domain.record import Record, record
from app.domain.signature import Meaning, Signature

RULEBOOK_VERSION: Final = 1
"""Raised with every change of a rule; each command says which rulebook its author's screen went by."""


class Reason(StrEnum):
    """Every way the plant says no. One sentence each in `ui/text.py`, one HTTP status each in the API's kernel."""

    NOT_PERMITTED = "not_permitted"
    OTHER_PLANT = "other_plant"
    PERSON_INACTIVE = "person_inactive"
    UNKNOWN_HERE = "unknown_here"
    NEEDS_SERVER = "needs_server"
    NOT_FOUND = "not_found"
    ALREADY_EXISTS = "already_exists"
    NUMBER_TAKEN = "number_taken"
    MASTER_NOT_EFFECTIVE = "master_not_effective"
    WRONG_STATUS = "wrong_status"
    WRONG_VALUE = "wrong_value"
    STAGE_NOT_RUNNING = "stage_not_running"
    STAGE_OUT_OF_ORDER = "stage_out_of_order"
    STEP_OUT_OF_ORDER = "step_out_of_order"
    STEPS_INCOMPLETE = "steps_incomplete"
    STAGES_INCOMPLETE = "stages_incomplete"
    VERIFIER_IS_PERFORMER = "verifier_is_performer"
    NOT_INDEPENDENT = "not_independent"
    NOTHING_TO_VERIFY = "nothing_to_verify"
    NOT_VERIFIABLE = "not_verifiable"
    NOT_CONTESTED = "not_contested"
    REASON_MISSING = "reason_missing"
    FIELD_MISSING = "field_missing"
    CHANGED_SINCE_SHOWN = "changed_since_shown"
    RELEASE_BLOCKED = "release_blocked"
    REVIEW_BLOCKED = "review_blocked"
    NOT_CLASSIFIED = "not_classified"
    BAD_SEAL = "bad_seal"
    UNKNOWN_KEY = "unknown_key"
    STATION_REVOKED = "station_revoked"
    STATION_CLONED = "station_cloned"
    MALFORMED = "malformed"
    SAME_ID_OTHER_CONTENT = "same_id_other_content"
    DEPENDENCY_REFUSED = "dependency_refused"
    PRECONDITION_MISSING = "precondition_missing"
    STALE_VERSION = "stale_version"
    WRONG_SECRET = "wrong_secret"
    TOO_MANY_TRIES = "too_many_tries"
    SIGNED_OUT = "signed_out"


@record
class Blocker:
    """One thing that stands in the way of a release or a review, with the id that leads to it (requirements c4)."""

    what: str
    kind: str
    id: UUID
    detail: str = ""


@record
class Refusal:
    """A no. `detail` names the things it is about, in the order the sentence for `reason` uses them."""

    reason: Reason
    detail: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()


@record
class Change:
    """One record before and after. `event` is past tense (`batch.started`); `note` is the person's reason, if asked."""

    event: str
    before: Record | None
    after: Record
    note: str = ""


@record
class Decision:
    """A yes: all changes belong to one transaction, in this order."""

    changes: tuple[Change, ...]


@record
class Actor:
    """The person or station that acts, as the decider knows it at this moment."""

    user_id: UserId
    name: str
    role: Role
    plants: frozenset[PlantId]
    active: bool = True


@record
class Context:
    """Everything about a command but its content.

    `received_at` is the server's clock and None at a station that decides for its own screen.
    `fresh_id` and `number` are made by the server for commands that need them. `seal` is the SHA-256 (hex) of the
    sealed bytes. `clock_offset` is server minus station as last measured, None when never measured.
    """

    actor: Actor
    command_id: CommandId
    plant_id: PlantId
    station_id: StationId | None
    performed_at: datetime
    received_at: datetime | None = None
    clock_offset: timedelta | None = None
    offline: bool = False
    fresh_id: UUID | None = None
    number: str | None = None
    seal: str = ""
    interactive: bool = False

    @property
    def may_prevent(self) -> bool:
        """Whether an observation can still be prevented: its author waits for the answer and nothing is sealed yet.

        Once sealed at a station an observation states what happened, and is kept with exceptions (ruling A1).
        """
        return self.received_at is None or self.interactive

    @property
    def now(self) -> datetime:
        """The time that is put on the record: the workstation's own, as the person saw it."""
        return self.performed_at

    def sign(self, meaning: Meaning, manifest: str = "") -> Signature:
        """The actor's signature under this command."""
        return Signature(
            signer_id=self.actor.user_id,
            printed_name=self.actor.name,
            role=self.actor.role,
            meaning=meaning,
            signed_at=self.performed_at,
            command_id=self.command_id,
            station_id=self.station_id,
            manifest=manifest,
        )

    def lacks(self, permission: Permission) -> Refusal | None:
        """Why the actor may not use `permission` here, or None."""
        if not self.actor.active:
            return Refusal(reason=Reason.PERSON_INACTIVE, detail=(self.actor.name,))
        if self.plant_id not in self.actor.plants:
            return Refusal(reason=Reason.OTHER_PLANT, detail=(self.plant_id,))
        if not may(self.actor.role, permission):
            return Refusal(reason=Reason.NOT_PERMITTED, detail=(self.actor.role.value, permission.value))
        return None

    def id_for(self, *names: str) -> UUID:
        """An id that follows from this command, the same wherever the command is decided."""
        return derived(self.command_id, *names)
