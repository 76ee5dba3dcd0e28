"""The API's own description, complete enough to generate a client from: every refusal is a `Problem` (RFC 9457)."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from app.server.kernel.gates import Gate, OpenDoor, api_routes, gates_of
from app.wire.problem import PROBLEM_TYPE, Problem

REFERENCE: Final = "#/components/schemas/{model}"
ALWAYS: Final = {
    "413": "The request is too large.",
    "422": "The request does not fit this description, or says something that cannot be.",
}
FAULTS: Final = {
    "500": "The server failed; `instance` is the id to ask its log about.",
    "503": "The database does not answer now: the same request may succeed later.",
}
"""Not refusals: they name no reason, and what was sent is sent again."""
FAULT: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Fault",
    "description": "A problem of the server's own (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
    "required": ["type", "title", "status", "instance"],
}
GATED: Final = {
    "401": "No access token, or one that is not valid (any more).",
    "403": "The caller may not do this.",
}
"""Answers that no route needs to declare. What is its own, such as 404 and 409, a route declares by `refusals`."""


def refusals(**because: str) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: `refusals(_404="No such batch.")`."""
    return {int(status.lstrip("_")): {"description": text} for status, text in because.items()}


class DescribedApi(FastAPI):
    """A FastAPI whose description names its operations after their functions and its refusals as problems."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            described = super().openapi()
            _add_problems(self, described)
            self.openapi_schema = described
        return self.openapi_schema


def operation_id(route: APIRoute) -> str:
    """A name for generated clients: the function's own."""
    return route.name


def _add_problems(app: FastAPI, described: dict[str, Any]) -> None:
    schemas: dict[str, Any] = described.setdefault("components", {}).setdefault("schemas", {})
    problem = TypeAdapter(Problem).json_schema(ref_template=REFERENCE)
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    schemas["Fault"] = FAULT
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    content = {PROBLEM_TYPE: {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
    fault = {PROBLEM_TYPE: {"schema": {"$ref": REFERENCE.format(model="Fault")}}}
    for route in api_routes(app.routes):
        if not route.include_in_schema:
            continue
        open_door = any(isinstance(gate, OpenDoor) for gate in gates_of(route))
        for method in route.methods or ():
            answers: dict[str, Any] = described["paths"][route.path_format][method.lower()]["responses"]
            answers.pop("422", None)
            for status, text in FAULTS.items():
                answers.setdefault(status, {"description": text, "content": fault})
            for status, text in {**ALWAYS, **({} if open_door else GATED)}.items():
                answers.setdefault(status, {"description": text})
            for status, answer in answers.items():
                if status >= "400":
                    answer.setdefault("content", content)
            permission = next(
                (gate.permission for gate in gates_of(route) if isinstance(gate, Gate) and gate.permission),
                None,
            )
            if permission is not None:
                described["paths"][route.path_format][method.lower()]["x-permission"] = permission.value
