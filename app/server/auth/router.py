"""`/auth`: signing in and out, tokens, keys."""

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.domain.decision import Reason, Refusal
from app.domain.permissions import ROLES
from app.domain.plant import SigningKey
from app.server.auth.authentication import Service
from app.server.kernel.answers import answer, granted
from app.server.kernel.gates import SignedIn, caller_with, open_door, person_of
from app.server.kernel.openapi import refusals
from app.server.kernel.problems import Refused
from app.server.kernel.security import Caller, RemoteHere, bearer_of
from app.wire import paths
from app.wire.account import (
    KeyRequest,
    LoginRequest,
    Me,
    PasswordRequest,
    RefreshRequest,
    StationToken,
    StationTokenRequest,
    TokenPair,
    VerifiedToken,
)

router = APIRouter(tags=["auth"])

_TOO_MANY = "Too many wrong secrets; `Retry-After` says when to try again."


@router.post(
    paths.LOGIN,
    response_model=TokenPair,
    dependencies=[open_door("the password is the proof")],
    responses=refusals(_401="Unknown login or wrong password.", _403="Not active, or of another plant.")
    | refusals(_429=_TOO_MANY),
)
async def login(body: LoginRequest, service: Service, remote: RemoteHere) -> Response:
    """Sign in to one plant with login and password."""
    return answer(await service.sign_in.login(body, remote))


@router.post(
    paths.REFRESH,
    response_model=TokenPair,
    dependencies=[open_door("the refresh token is the proof")],
    responses=refusals(_401="The token opens nothing (any more): sign in again."),
)
async def refresh(body: RefreshRequest, service: Service, remote: RemoteHere) -> Response:
    """Exchange a refresh token for the next pair. A client whose answer was lost asks again within 45 seconds."""
    return answer(await service.sign_in.refresh(body.refresh_token, remote))


@router.post(paths.LOGOUT, status_code=204)
async def logout(request: Request, _: SignedIn, service: Service, remote: RemoteHere) -> Response:
    """End this session: its access and refresh tokens are worth nothing from now on."""
    await service.sign_in.logout(granted(service.tokens.read(bearer_of(request))), remote)
    return answer(None)


@router.get(paths.ME, response_model=Me)
async def me(caller: SignedIn, service: Service) -> Response:
    """Who the token speaks for."""
    account = await service.accounts.account(person_of(caller))
    if account is None:
        raise Refused(Refusal(reason=Reason.SIGNED_OUT))
    return answer(
        Me(
            user_id=account.user_id,
            login=account.login,
            name=account.name,
            email=account.email,
            department=account.department,
            role=account.role,
            plant_id=caller.plant_id,
            plants=tuple(sorted(account.plants)),
            permissions=tuple(sorted(each.value for each in ROLES[account.role])),
        )
    )


@router.post(paths.VERIFY_TOKEN, response_model=VerifiedToken)
async def verify_token(caller: Annotated[Caller, caller_with(None, stations=True)]) -> Response:
    """For a gateway: whether the access token it was handed is good at this moment, and whose it is."""
    subject = f"station:{caller.station_id}" if caller.is_station else str(caller.user_id)
    return answer(
        VerifiedToken(
            subject=subject,
            plant_id=caller.plant_id,
            permissions=tuple(sorted(each.value for each in caller.permissions)),
            token_id=caller.token_id,
        )
    )


@router.get(paths.JWKS, dependencies=[open_door("public keys are public")])
async def jwks(service: Service) -> dict[str, list[dict[str, str]]]:
    """The keys that verify access tokens (RFC 7517)."""
    return service.keys.jwks


@router.post(
    paths.KEYS,
    status_code=201,
    response_model=SigningKey,
    responses=refusals(_404="No such workstation in this plant.", _409="A key of this id is registered."),
)
async def enrol_key(body: KeyRequest, caller: SignedIn, service: Service, remote: RemoteHere) -> Response:
    """Register the public half of one's own signing key on a workstation."""
    return answer(await service.accounts.enrol_key(person_of(caller), caller.plant_id, body, remote), 201)


@router.post(
    paths.STATION_TOKEN,
    response_model=StationToken,
    dependencies=[open_door("the assertion is the proof")],
    responses=refusals(_401="Unknown workstation, or no good proof.", _403="The workstation is revoked.")
    | refusals(_429=_TOO_MANY),
)
async def station_token(body: StationTokenRequest, service: Service, remote: RemoteHere) -> Response:
    """An access token for a workstation that proves its key (`private_key_jwt`, RFC 7523)."""
    return answer(await service.station_tokens.grant(body.client_assertion, remote))


@router.post(
    paths.RESET_PASSWORD,
    status_code=204,
    dependencies=[open_door("the one-time code is the proof")],
    responses=refusals(_401="No such code (any more).", _429=_TOO_MANY),
)
async def reset_password(body: PasswordRequest, service: Service, remote: RemoteHere) -> Response:
    """Set the first or a new password with a one-time code. All sessions of the person end."""
    return answer(await service.accounts.set_password(body, remote))
