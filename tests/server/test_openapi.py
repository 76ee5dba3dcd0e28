"""The API as it is described, and the gates on all of it."""

import json
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from app.domain.permissions import ROLES, Permission, Role
from app.server.kernel.gates import Gate, OpenDoor, api_routes, gates_of, ungated
from app.server.main import Service
from app.wire import paths
from tests.support.api import TestApi, api_of
from tests.support.plant import TestPlant

OPEN = {
    paths.LOGIN,
    paths.REFRESH,
    paths.JWKS,
    paths.STATION_TOKEN,
    paths.RESET_PASSWORD,
    paths.WORKSTATIONS,  # enrolling: the one-time code is the proof
    paths.HEALTH,
    paths.READY,
}
"""What anybody on the network may ask. Nothing is added here without a reason that a stranger would accept."""


def described(api: TestApi) -> dict[str, Any]:
    return json.loads(json.dumps(api.app.openapi()))


def operations(api: TestApi) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in described(api)["paths"].items()
        for method, operation in methods.items()
    }


def test_a_route_without_a_gate_is_found() -> None:
    app, router = FastAPI(), APIRouter()

    @router.get("/forgotten")
    async def forgotten() -> None: ...

    app.include_router(router)
    assert ungated(app.routes) == ("/forgotten",)


async def test_every_route_declares_its_gate(api: TestApi) -> None:
    assert len(list(api_routes(api.app.routes))) > 30
    assert ungated(api.app.routes) == ()


async def test_only_the_named_doors_are_open(api: TestApi) -> None:
    doors = [
        route.path
        for route in api_routes(api.app.routes)
        if any(isinstance(gate, OpenDoor) for gate in gates_of(route))
    ]
    assert sorted(doors) == sorted(OPEN)
    assert all(
        gate.because
        for route in api_routes(api.app.routes)
        for gate in gates_of(route)
        if isinstance(gate, OpenDoor)
    )


def request_of(route: APIRoute) -> tuple[str, str]:
    some_id = "00000000-0000-7000-8000-000000000000"
    path = route.path
    for name in ("batch_id", "deviation_id", "station_id", "user_id"):
        path = path.replace(f"{{{name}}}", some_id)
    method = next(iter(route.methods or ()))
    return method, path


@pytest.mark.req("R46")
@pytest.mark.parametrize("role", list(Role), ids=str)
async def test_every_route_refuses_every_role_that_lacks_its_right(api: TestApi, role: Role) -> None:
    headers = await api.sign_in(await api.plant.colleague("Someone Else", role))
    asked = 0
    for route in api_routes(api.app.routes):
        for gate in gates_of(route):
            if not isinstance(gate, Gate) or gate.permission is None:
                continue
            method, path = request_of(route)
            answer = await api.client.request(method, path, headers=headers, json={})
            if gate.permission in ROLES[role]:
                assert answer.status_code != 403, (method, path, answer.text)
            else:
                assert answer.status_code == 403, (method, path, answer.text)
                assert answer.json()["about"] == ["person", gate.permission.value]
                asked += 1
    assert asked


async def test_every_gated_route_refuses_who_brings_no_token(api: TestApi) -> None:
    for route in api_routes(api.app.routes):
        if any(isinstance(gate, OpenDoor) for gate in gates_of(route)):
            continue
        method, path = request_of(route)
        answer = await api.client.request(method, path, json={})
        assert (answer.status_code, answer.json()["reason"]) == (401, "signed_out"), (method, path)


async def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(api: TestApi) -> None:
    every = operations(api)
    names = [each["operationId"] for each in every.values()]
    assert len(names) == len(set(names)) > 30
    assert [name for name, each in every.items() if not each.get("summary") or not each.get("tags")] == []


async def test_every_refusal_is_described_as_a_problem(api: TestApi) -> None:
    schemas = described(api)["components"]["schemas"]
    assert {"Problem", "Blocker", "Reason"} <= set(schemas)
    assert "HTTPValidationError" not in schemas
    assert "stale_version" in schemas["Reason"]["enum"]
    for name, each in operations(api).items():
        for status, answer in each["responses"].items():
            if status >= "400" and (name, status) != (f"GET {paths.READY}", "503"):
                schema = answer["content"]["application/problem+json"]["schema"]
                model = "Fault" if status >= "500" else "Problem"
                assert schema == {"$ref": f"#/components/schemas/{model}"}, (name, status)
        assert {"422", "500", "503"} <= set(each["responses"]), name


async def test_every_gated_operation_says_so_and_names_its_right(api: TestApi) -> None:
    every = operations(api)
    for name, each in every.items():
        path = name.partition(" ")[2]
        gated = path not in OPEN or name == f"GET {paths.WORKSTATIONS}"
        if path.startswith(f"{paths.API}/sync"):
            continue
        assert bool(each.get("security")) == gated, name
        assert ({"401", "403"} <= set(each["responses"])) or not gated, name
    rights = {each["x-permission"] for each in every.values() if "x-permission" in each}
    assert rights <= {each.value for each in Permission}
    assert every[f"POST {paths.BATCHES}"]["x-permission"] == "batch.create"


async def test_every_answer_with_a_body_has_a_schema(api: TestApi) -> None:
    described_else = {"sync"}  # the workstations' own formats: app/wire/sync.py
    for name, each in operations(api).items():
        if set(each["tags"]) & described_else:
            continue
        (good,) = [status for status in each["responses"] if status < "300"]
        content = each["responses"][good].get("content", {})
        assert good == "204" or all(media.get("schema") for media in content.values()), name
        assert good == "204" or content, name


async def test_records_are_described_by_the_domains_own_fields(api: TestApi) -> None:
    schemas = described(api)["components"]["schemas"]
    assert schemas["Batch"]["properties"]["status"] == {"$ref": "#/components/schemas/BatchStatus"}
    assert "QA Hold" in schemas["BatchStatus"]["enum"]
    assert schemas["BatchPlan"]["additionalProperties"] is False


async def test_the_page_to_try_the_api_on_is_not_there(api: TestApi) -> None:
    for path in ("/docs", "/redoc"):
        assert (await api.client.get(path)).status_code == 404
    assert (await api.client.get("/openapi.json")).status_code == 200


async def test_a_service_alone_serves_its_own_routes_and_the_sync(plant: TestPlant, tmp_path: Any) -> None:
    async with api_of(plant, tmp_path, only=frozenset({Service.QUALITY})) as alone:
        served = {route.path for route in api_routes(alone.app.routes)}
        assert paths.DEVIATIONS in served
        assert paths.SYNC_COMMANDS in served
        assert paths.HEALTH in served
        assert not {paths.BATCHES, paths.LOGIN, paths.PEOPLE} & served
        assert ungated(alone.app.routes) == ()


async def test_health_says_whether_the_database_answers(api: TestApi) -> None:
    assert (await api.client.get(paths.HEALTH)).json() == {"status": "alive"}
    assert (await api.client.get(paths.READY)).json() == {"status": "ready"}
