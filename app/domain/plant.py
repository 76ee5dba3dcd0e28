"""A plant, its policy, its workstations, its people and their keys."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from app.domain.decision import Change, Context, Decision, Reason, Refusal
from app.domain.facts import Facts
from app.domain.identity import KeyId, PlantId, StationId, UserId
from app.domain.permissions import Permission, Role
from app.domain.record import record


@record
class Policy:
    """What a plant decides for itself. Changed only by a signed command; the version that ran is in the journal."""

    offline_hours: int = 72
    clock_tolerance_seconds: int = 300  # panels without NTP were seen 72 s off; R30
    late_after_minutes: int = 15
    idle_lock_minutes: int = 10
    open_minor_deviation_may_release: bool = False


@record
class Plant:
    """One plant: the unit of order, and the owner of one journal."""

    KIND: ClassVar[str] = "plant"

    id: UUID
    plant_id: PlantId
    name: str
    site: str
    timezone: str
    lines: tuple[str, ...] = ()
    policy: Policy = Policy()
    revision: int = 1


class StationStatus(StrEnum):
    ACTIVE = "Active"
    REVOKED = "Revoked"


@record
class Station:
    """A workstation of one plant. Its Ed25519 key authenticates the sync; see ruling A12, A16."""

    KIND: ClassVar[str] = "station"

    id: StationId
    plant_id: PlantId
    name: str
    area: str
    public_key: str
    status: StationStatus
    enrolled_at: datetime
    revoked_at: datetime | None = None
    revision: int = 1


@record
class Person:
    """An account as the journal knows it: no name, no address (ruling A5). Ids are never used twice (11.300(a))."""

    KIND: ClassVar[str] = "person"

    id: UserId
    role: Role
    plants: frozenset[PlantId]
    active: bool
    identity_checked_by: str = ""
    revision: int = 1


@record
class SigningKey:
    """The public half of one person's Ed25519 key on one workstation. The private half never leaves that station."""

    KIND: ClassVar[str] = "key"

    id: KeyId
    user_id: UserId
    station_id: StationId
    public_key: str
    enrolled_at: datetime
    revoked_at: datetime | None = None
    revision: int = 1


@record
class FoundPlant:
    kind: Literal["plant.found"] = "plant.found"
    plant_id: PlantId
    name: str
    site: str
    timezone: str
    lines: tuple[str, ...] = ()


@record
class EnrolStation:
    kind: Literal["station.enrol"] = "station.enrol"
    station_id: StationId
    name: str
    area: str
    public_key: str


@record
class RevokeStation:
    kind: Literal["station.revoke"] = "station.revoke"
    station_id: StationId
    reason: str


@record
class RegisterPerson:
    kind: Literal["person.register"] = "person.register"
    user_id: UserId
    role: Role
    plants: frozenset[PlantId]
    identity_checked_by: str


@record
class ChangeRole:
    kind: Literal["person.change_role"] = "person.change_role"
    user_id: UserId
    role: Role
    plants: frozenset[PlantId]
    reason: str


@record
class DeactivatePerson:
    kind: Literal["person.deactivate"] = "person.deactivate"
    user_id: UserId
    reason: str


@record
class EnrolKey:
    kind: Literal["key.enrol"] = "key.enrol"
    key_id: KeyId
    user_id: UserId
    station_id: StationId
    public_key: str


@record
class RevokeKey:
    kind: Literal["key.revoke"] = "key.revoke"
    key_id: KeyId
    reason: str


PlantCommand = FoundPlant | EnrolStation | RevokeStation
PeopleCommand = RegisterPerson | ChangeRole | DeactivatePerson | EnrolKey | RevokeKey


def decide_plant(facts: Facts, command: PlantCommand, context: Context) -> Decision | Refusal:
    """Plants and their workstations. Only a System Admin; the enrolment ceremony is the authentication service's."""
    right = Permission.PLANT_MANAGE if isinstance(command, FoundPlant) else Permission.STATION_MANAGE
    if refusal := context.lacks(right):
        return refusal
    match command:
        case FoundPlant():
            plant_uuid = context.id_for("plant", command.plant_id)
            if facts.every(Plant, plant_id=command.plant_id):
                return Refusal(reason=Reason.ALREADY_EXISTS, detail=(command.plant_id,))
            plant = Plant(
                id=plant_uuid,
                plant_id=command.plant_id,
                name=command.name,
                site=command.site,
                timezone=command.timezone,
                lines=command.lines,
            )
            return Decision(changes=(Change(event="plant.founded", before=None, after=plant),))
        case EnrolStation():
            if facts.one(Station, command.station_id):
                return Refusal(reason=Reason.ALREADY_EXISTS, detail=(command.name,))
            station = Station(
                id=command.station_id,
                plant_id=context.plant_id,
                name=command.name,
                area=command.area,
                public_key=command.public_key,
                status=StationStatus.ACTIVE,
                enrolled_at=context.now,
            )
            return Decision(changes=(Change(event="station.enrolled", before=None, after=station),))
        case RevokeStation():
            known = facts.one(Station, command.station_id)
            if known is None:
                return Refusal(reason=Reason.NOT_FOUND, detail=("station",))
            if not command.reason.strip():
                return Refusal(reason=Reason.REASON_MISSING)
            revoked = replace(
                known,
                status=StationStatus.REVOKED,
                revoked_at=context.received_at,
                revision=known.revision + 1,
            )
            change = Change(event="station.revoked", before=known, after=revoked, note=command.reason)
            return Decision(changes=(change,))


def decide_people(facts: Facts, command: PeopleCommand, context: Context) -> Decision | Refusal:
    """Accounts and keys. A person may enrol an own key; everything else takes the right to manage users (R46)."""
    own_key = isinstance(command, EnrolKey) and command.user_id == context.actor.user_id
    if not own_key and (refusal := context.lacks(Permission.USER_MANAGE)):
        return refusal
    match command:
        case RegisterPerson():
            if facts.one(Person, command.user_id):
                return Refusal(reason=Reason.ALREADY_EXISTS, detail=("person",))
            person = Person(
                id=command.user_id,
                role=command.role,
                plants=command.plants,
                active=True,
                identity_checked_by=command.identity_checked_by,
            )
            return Decision(changes=(Change(event="person.registered", before=None, after=person),))
        case ChangeRole() | DeactivatePerson():
            known = facts.one(Person, command.user_id)
            if known is None:
                return Refusal(reason=Reason.NOT_FOUND, detail=("person",))
            if command.user_id == context.actor.user_id:
                return Refusal(reason=Reason.NOT_INDEPENDENT)
            if not command.reason.strip():
                return Refusal(reason=Reason.REASON_MISSING)
            return _changed_person(known, command)
        case EnrolKey():
            if facts.one(Person, command.user_id) is None:
                return Refusal(reason=Reason.NOT_FOUND, detail=("person",))
            if facts.one(SigningKey, command.key_id):
                return Refusal(reason=Reason.ALREADY_EXISTS, detail=("key",))
            key = SigningKey(
                id=command.key_id,
                user_id=command.user_id,
                station_id=command.station_id,
                public_key=command.public_key,
                enrolled_at=context.now,
            )
            return Decision(changes=(Change(event="key.enrolled", before=None, after=key),))
        case RevokeKey():
            held = facts.one(SigningKey, command.key_id)
            if held is None:
                return Refusal(reason=Reason.NOT_FOUND, detail=("key",))
            gone = replace(held, revoked_at=context.received_at, revision=held.revision + 1)
            return Decision(
                changes=(Change(event="key.revoked", before=held, after=gone, note=command.reason),)
            )


def _changed_person(known: Person, command: ChangeRole | DeactivatePerson) -> Decision:
    if isinstance(command, ChangeRole):
        after = replace(known, role=command.role, plants=command.plants, revision=known.revision + 1)
        return Decision(
            changes=(Change(event="person.role_changed", before=known, after=after, note=command.reason),)
        )
    after = replace(known, active=False, revision=known.revision + 1)
    return Decision(
        changes=(Change(event="person.deactivated", before=known, after=after, note=command.reason),)
    )
