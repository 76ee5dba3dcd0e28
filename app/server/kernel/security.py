"""Who calls. The authentication service reads tokens; the kernel only says what it needs to know of them."""

from typing import Annotated, Any, Final, Protocol

from fastapi import Depends, Request

from app.domain.decision import Reason, Refusal
from app.domain.identity import PlantId, StationId, UserId
from app.domain.permissions import Permission
from app.domain.record import record
from app.server.kernel.problems import Refused


@record
class Caller:
    """A read token: a person (`user_id`) or a workstation (`station_id`; both where a person signed in at one).

    `is_station`: the token was given to the workstation itself (`sub` is `station:<id>`), so it may sync.
    `token_id` is the token's `jti`.
    """

    plant_id: PlantId
    permissions: frozenset[Permission]
    user_id: UserId | None = None
    station_id: StationId | None = None
    is_station: bool = False
    token_id: str = ""


class TokenReader(Protocol):
    """Reads a bearer token, with all checks: signature, times, audience, revocation."""

    async def read(self, bearer: str) -> Caller | Refusal: ...


@record
class Remote:
    """Where a request came from, for the audit trail."""

    ip_address: str | None = None
    user_agent: str | None = None


NO_REMOTE: Final = Remote()


def bearer_of(request: Request) -> str:
    """The bearer token of a request. Raises `Refused` where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(Refusal(reason=Reason.SIGNED_OUT))
    return token.strip()


async def caller_of(request: Request) -> Caller:
    """Who calls, by `app.state.token_reader`. Raises `Refused`."""
    state: Any = request.app.state
    reader: TokenReader = state.token_reader
    caller = await reader.read(bearer_of(request))
    if isinstance(caller, Refusal):
        raise Refused(caller)
    return caller


async def station_of(request: Request) -> Caller:
    """The workstation that calls. A person's token does not sync. Raises `Refused`."""
    caller = await caller_of(request)
    if not caller.is_station or caller.station_id is None:
        raise Refused(Refusal(reason=Reason.NOT_PERMITTED, detail=("workstation", "sync")))
    return caller


def remote_of(request: Request) -> Remote:
    """Address and agent of a request."""
    return Remote(
        ip_address=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent", "")[:400] or None,
    )


CallerHere = Annotated[Caller, Depends(caller_of)]
StationHere = Annotated[Caller, Depends(station_of)]
RemoteHere = Annotated[Remote, Depends(remote_of)]
