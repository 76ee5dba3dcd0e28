"""Every "no" of the API as a problem body (RFC 9457), in one place."""

import logging
from dataclasses import replace
from typing import Final, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.decision import Reason, Refusal
from app.server.kernel.database import Overtaken, sqlstate
from app.server.kernel.telemetry import REQUEST_ID
from app.wire.codec import Malformed, dump
from app.wire.problem import PROBLEM_TYPE, Problem, problem_of

log = logging.getLogger(__name__)

PAYLOAD_TOO_LARGE: Final = 413
_LATER: Final = frozenset({"08", "40", "53", "55", "57"})
"""Classes of PostgreSQL errors that say *not now*: no connection, no room, a lock or a deadline."""

_UNKEEPABLE: Final = "22"
"""PostgreSQL's class for data that fits no column."""


class Refused(Exception):
    """Carries a refusal from wherever a request is read to the answer."""

    def __init__(self, refusal: Refusal, *, status: int | None = None) -> None:
        super().__init__(refusal.reason.value)
        self.refusal = refusal
        self.status = status


def refusal_response(refusal: Refusal, status: int | None = None) -> Response:
    """The answer for a refusal: its reason's status, unless another is given."""
    problem = problem_of(refusal.reason, refusal.detail, refusal.blockers, REQUEST_ID.get())
    return _response(replace(problem, status=status or problem.status))


def _response(problem: Problem) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else None
    return Response(dump(problem), status_code=problem.status, media_type=PROBLEM_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Answer refusals, malformed bodies, unknown routes and faults of ours as problems.

    Before any other middleware is added: a fault is answered inside all of them, while the request's id is known.
    """
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Malformed, _malformed)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _busy)
    app.add_exception_handler(ConnectionError, _busy)
    app.add_exception_handler(Overtaken, _busy)
    app.add_middleware(FaultsAsProblems)


async def _refused(_: Request, error: Exception) -> Response:
    refused = cast("Refused", error)
    return refusal_response(refused.refusal, refused.status)


async def _malformed(_: Request, error: Exception) -> Response:
    return refusal_response(Refusal(reason=Reason.MALFORMED, detail=(str(error),)))


async def _not_valid(_: Request, error: Exception) -> Response:
    first = cast("RequestValidationError", error).errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return refusal_response(Refusal(reason=Reason.MALFORMED, detail=(f"{place}: {first['msg']}",)))


async def _http(_: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    reason = {401: Reason.SIGNED_OUT, 403: Reason.NOT_PERMITTED, 404: Reason.NOT_FOUND}.get(
        known.status_code, Reason.MALFORMED
    )
    status = (
        422 if known.status_code == 400 else known.status_code
    )  # FastAPI's word for a body that is no text
    return refusal_response(Refusal(reason=reason, detail=(str(known.detail),)), status)


async def _database(request: Request, error: Exception) -> Response:
    """A database that is away, full or busy is asked again later; a value it cannot keep (NUL in a text) is refused.

    Anything else is a fault of ours.
    """
    known = cast("DBAPIError", error)
    if sqlstate(known)[:2] == _UNKEEPABLE:
        return refusal_response(Refusal(reason=Reason.MALFORMED, detail=("a value that cannot be kept",)))
    if known.connection_invalidated or sqlstate(known)[:2] in _LATER:
        return await _busy(request, error)
    return _fault(request.method, request.url.path, error)


async def _busy(request: Request, error: Exception) -> Response:
    log.warning("request.postponed", extra={"path": request.url.path, "error": type(error).__name__})
    body = {
        "type": "urn:batchwright:busy",
        "title": "the database does not answer now",
        "status": 503,
        "instance": REQUEST_ID.get(),
    }
    return JSONResponse(body, status_code=503, media_type=PROBLEM_TYPE, headers={"Retry-After": "2"})


def _fault(method: str, path: str, error: Exception) -> Response:
    """What went wrong is for the log; the caller gets the id to ask about it (security 38).

    The body names no `reason`: a fault is not a refusal, and what was sent is sent again.
    """
    log.error("request.failed", exc_info=error, extra={"method": method, "path": path})
    body = {
        "type": "urn:batchwright:fault",
        "title": "the server failed",
        "status": 500,
        "detail": "The server failed. Its log names this request.",
        "instance": REQUEST_ID.get(),
    }
    return JSONResponse(body, status_code=500, media_type=PROBLEM_TYPE)


class FaultsAsProblems:
    """Answers what nobody foresaw. An answer that has begun cannot be taken back: the connection ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except Exception as error:
            if begun:
                raise
            await _fault(scope["method"], scope["path"], error)(scope, receive, send)


class BodyLimit:
    """Ends a request whose body grows past `most` bytes, declared or streamed, with a problem."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._most:
            await self._refuse()(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise Refused(self._refusal(), status=PAYLOAD_TOO_LARGE)
            return message

        await self._app(scope, counted, send)

    def _refusal(self) -> Refusal:
        return Refusal(reason=Reason.MALFORMED, detail=(f"body: more than {self._most} bytes",))

    def _refuse(self) -> Response:
        return refusal_response(self._refusal(), PAYLOAD_TOO_LARGE)
