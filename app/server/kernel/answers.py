"""How a route answers: a value of the wire as JSON, or a refusal as a problem."""

from collections.abc import Mapping
from typing import Final, TypeVar

from starlette.responses import Response

from app.domain.decision import Reason, Refusal
from app.server.kernel.problems import Refused, refusal_response
from app.wire.codec import dump

JSON: Final = "application/json"
T = TypeVar("T")
_UNKEPT: Final = {"Cache-Control": "no-store"}
"""Nothing of a plant lies about in a proxy or a browser."""


def granted(said: T | Refusal) -> T:
    """What was `said`, unless it is a refusal, which is raised as `Refused`."""
    if isinstance(said, Refusal):
        raise Refused(said)
    return said


def json_answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON that is written already."""
    return Response(body, status, {**_UNKEPT, **(headers or {})}, JSON)


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value of the wire as JSON; a refusal as its problem; None as an empty 204."""
    if isinstance(value, Refusal):
        return _refused(value)
    if value is None:
        return Response(None, 204, dict(_UNKEPT))
    return json_answer(dump(value), status, headers)


def _refused(refusal: Refusal) -> Response:
    response = refusal_response(refusal)
    response.headers["Cache-Control"] = "no-store"
    if refusal.reason is Reason.TOO_MANY_TRIES and refusal.detail:
        response.headers["Retry-After"] = refusal.detail[0]
    return response
