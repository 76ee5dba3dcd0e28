"""The gate that every route has: which right it takes, or why it takes none.

A route without a gate is a mistake that `ungated` finds and a test forbids: deny by default (ASVS 8.2.1). A token
says who somebody is; what they may comes from the one table in `permissions.py`.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security.base import SecurityBase
from starlette.routing import BaseRoute

from app.domain.decision import Reason, Refusal
from app.domain.identity import UserId
from app.domain.permissions import Permission
from app.server.kernel.problems import Refused
from app.server.kernel.security import Caller, caller_of, station_of

log = logging.getLogger(__name__)


class Gate(SecurityBase):
    """Lets a person through who has `permission` in the plant of the token; without one, anybody signed in.

    `stations`: workstations pass as well, whatever the permission.
    """

    def __init__(self, permission: Permission | None, *, stations: bool = False) -> None:
        self.permission = permission
        self.stations = stations
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "access token"

    async def __call__(self, request: Request) -> Caller:
        caller = await caller_of(request)
        if self.stations if caller.is_station else self.permission in {None, *caller.permissions}:
            return caller
        lacks = self.permission.value if self.permission else ""
        who = "workstation" if caller.is_station else "person"
        log.info(
            "caller.refused",
            extra={
                "caller": str(caller.station_id if caller.is_station else caller.user_id),
                "lacks": lacks,
                "method": request.method,
                "path": request.url.path,
            },
        )
        raise Refused(Refusal(reason=Reason.NOT_PERMITTED, detail=(who, lacks)))


class OpenDoor:
    """Marks a route that asks nobody who they are, and says why that is right."""

    def __init__(self, because: str) -> None:
        self.because = because

    def __call__(self) -> None:
        return None


def caller_with(permission: Permission | None, *, stations: bool = False) -> Any:
    """For a route's parameter: `caller: Annotated[Caller, caller_with(Permission.BATCH_READ)]`."""
    return Depends(Gate(permission, stations=stations))


def open_door(because: str) -> Any:
    """For a route's decorator: `dependencies=[open_door("why")]`."""
    return Depends(OpenDoor(because))


SignedIn = Annotated[Caller, Depends(Gate(None))]
"""For a route's parameter: any signed-in person, no workstation."""


def person_of(caller: Caller) -> UserId:
    """The person behind a gate that lets no workstation pass."""
    if caller.user_id is None:
        raise Refused(Refusal(reason=Reason.NOT_PERMITTED, detail=("workstation",)))
    return caller.user_id


def gates_of(route: APIRoute) -> Iterator[object]:
    """The gates of a route, however deep they lie."""
    waiting: list[Dependant] = [route.dependant]
    while waiting:
        each = waiting.pop()
        waiting += each.dependencies
        if isinstance(each.call, Gate | OpenDoor) or each.call in (caller_of, station_of):
            yield each.call


def api_routes(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    """The API's routes among `routes`, those of included routers too."""
    for context in iter_route_contexts(routes):
        if isinstance(context.original_route, APIRoute):
            yield context.original_route


def ungated(routes: Sequence[BaseRoute]) -> tuple[str, ...]:
    """The paths of `routes` that declare neither a gate nor an open door, or more than one of them."""
    return tuple(each.path for each in api_routes(routes) if len(list(gates_of(each))) != 1)
