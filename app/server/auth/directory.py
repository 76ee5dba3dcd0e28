"""`/api/v1/people`, `/workstations` and `/plants`: who and what belongs to a plant, for reading and administering."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.identity import SYSTEM, StationId, UserId
from app.domain.permissions import Permission, Role
from app.domain.plant import Station
from app.domain.record import record
from app.server.auth.authentication import Service
from app.server.auth.people import cards_of
from app.server.kernel.answers import answer, json_answer
from app.server.kernel.database import Database
from app.server.kernel.gates import caller_with, open_door, person_of
from app.server.kernel.openapi import refusals
from app.server.kernel.security import Caller, RemoteHere
from app.server.kernel.state import DatabaseHere
from app.wire import paths
from app.wire.account import (
    Enrolled,
    EnrolmentCode,
    EnrolRequest,
    PasswordCode,
    PlantCard,
    ReasonRequest,
    RegisterRequest,
    RoleRequest,
)
from app.wire.sync import PersonCard

router = APIRouter()

Anybody = Annotated[Caller, caller_with(None, stations=True)]
ManagesUsers = Annotated[Caller, caller_with(Permission.USER_MANAGE)]
ManagesStations = Annotated[Caller, caller_with(Permission.STATION_MANAGE)]


@record
class People:
    """Everybody of a plant. `next_cursor` is always None: a plant's people are one page."""

    items: tuple[PersonCard, ...]
    next_cursor: str | None = None


@record
class Plants:
    items: tuple[PlantCard, ...]
    next_cursor: str | None = None


@record
class StationPage:
    items: tuple[Station, ...]
    next_cursor: str | None = None


@router.get(paths.PEOPLE, tags=["people"], response_model=People)
async def list_people(caller: Anybody, database: DatabaseHere) -> Response:
    """Everybody of the token's plant as screens name them, former people too."""
    async with database.transaction() as tx:
        return answer(People(items=await cards_of(tx, caller.plant_id)))


@router.post(
    paths.PEOPLE,
    tags=["people"],
    status_code=201,
    response_model=PasswordCode,
    responses=refusals(
        _404="There is no such plant.", _409="The login was given before; logins are never given twice."
    ),
)
async def register_person(
    body: RegisterRequest, caller: ManagesUsers, service: Service, remote: RemoteHere
) -> Response:
    """Register a person. The answer holds the one-time code with which they set their password."""
    return answer(await service.accounts.register(person_of(caller), caller.plant_id, body, remote), 201)


@router.post(
    paths.PERSON_ROLE,
    tags=["people"],
    status_code=204,
    responses=refusals(_404="No such person or plant.", _409="Nobody changes their own role."),
)
async def change_role(
    user_id: UserId, body: RoleRequest, caller: ManagesUsers, service: Service, remote: RemoteHere
) -> Response:
    """Give a person another role or other plants. Their sessions end."""
    by, plant_id = person_of(caller), caller.plant_id
    return answer(await service.accounts.change_role(by, plant_id, user_id, body, remote))


@router.post(
    paths.PERSON_DEACTIVATE,
    tags=["people"],
    status_code=204,
    responses=refusals(_404="No such person.", _409="Nobody deactivates themselves."),
)
async def deactivate_person(
    user_id: UserId, body: ReasonRequest, caller: ManagesUsers, service: Service, remote: RemoteHere
) -> Response:
    """End a person's account. Their id, login and records stay."""
    by, plant_id = person_of(caller), caller.plant_id
    return answer(await service.accounts.deactivate(by, plant_id, user_id, body.reason, remote))


@router.post(
    paths.PERSON_RESET,
    tags=["people"],
    response_model=PasswordCode,
    responses=refusals(_404="No such person."),
)
async def start_password_reset(
    user_id: UserId, caller: ManagesUsers, service: Service, remote: RemoteHere
) -> Response:
    """A one-time code with which the person sets a new password."""
    return answer(await service.accounts.start_reset(person_of(caller), user_id, remote))


@router.get(paths.PLANTS, tags=["plants"], response_model=Plants)
async def list_plants(caller: Anybody, database: DatabaseHere) -> Response:
    """The plants the caller belongs to."""
    return answer(Plants(items=await _plants(database, caller)))


async def _plants(database: Database, caller: Caller) -> tuple[PlantCard, ...]:
    async with database.transaction() as tx:
        rows = await tx.all(
            """
            SELECT l.id, l.plant_id, l.name, l.site FROM auth.plants l
            WHERE l.plant_id = $1 OR EXISTS (
                SELECT FROM auth.persons p WHERE p.id = $2
                  AND (l.plant_id = ANY(p.plants) OR (p.role = $3 AND $4 = ANY(p.plants)))
            ) ORDER BY l.name
            """,
            caller.plant_id,
            caller.user_id,
            Role.SYSTEM_ADMIN.value,
            SYSTEM,
        )
    return tuple(PlantCard(**row) for row in rows)


@router.get(paths.WORKSTATIONS, tags=["workstations"], response_model=StationPage)
async def list_workstations(caller: ManagesStations, service: Service) -> Response:
    """The workstations of the token's plant, revoked ones too."""
    return json_answer(await service.stations.page(caller.plant_id))


@router.post(paths.WORKSTATION_CODES, tags=["workstations"], status_code=201, response_model=EnrolmentCode)
async def make_enrolment_code(caller: ManagesStations, service: Service, remote: RemoteHere) -> Response:
    """A one-time code that enrols one workstation in the token's plant, within a quarter of an hour."""
    return answer(await service.stations.make_code(person_of(caller), caller.plant_id, remote), 201)


@router.post(
    paths.WORKSTATIONS,
    tags=["workstations"],
    status_code=201,
    response_model=Enrolled,
    dependencies=[open_door("the one-time code is the proof")],
    responses=refusals(_401="No such code (any more).", _409="A workstation of this id is enrolled.")
    | refusals(_403="Whoever made the code may no longer enrol.", _429="Too many wrong codes."),
)
async def enrol_workstation(body: EnrolRequest, service: Service, remote: RemoteHere) -> Response:
    """A workstation's first words: its public key and an administrator's code."""
    return answer(await service.stations.enrol(body, remote), 201)


@router.post(
    paths.WORKSTATION_REVOKE,
    tags=["workstations"],
    status_code=204,
    responses=refusals(_404="No such workstation in this plant."),
)
async def revoke_workstation(
    station_id: StationId, body: ReasonRequest, caller: ManagesStations, service: Service, remote: RemoteHere
) -> Response:
    """Revoke a workstation. What it sends afterwards is kept, and waits for a person."""
    by, plant_id = person_of(caller), caller.plant_id
    return answer(await service.stations.revoke(by, plant_id, station_id, body.reason, remote))
