"""People and their passwords, roles and keys: administered over the API, one test for each no."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.decision import Reason
from app.domain.identity import SYSTEM
from app.domain.permissions import Role
from app.domain.plant import ChangeRole, RevokeStation
from tests.support.api import PASSWORD, TestApi, bearer, refused
from tests.support.plant import Colleague

PEOPLE = "/api/v1/people"
NEW = "the new copper kettle sings"


async def administrator(api: TestApi) -> tuple[Colleague, dict[str, str]]:
    """An administrator of this plant alone."""
    one = await api.plant.colleague("Zora Kralj", Role.SYSTEM_ADMIN)
    return one, await api.sign_in(one)


def newcomer(**more: Any) -> dict[str, Any]:
    return {
        "login": "M.Novak",
        "name": "Marko Novak",
        "email": "m.novak@plant.example",
        "department": "Production",
        "role": "Production Officer",
        "plants": ["ljubljana"],
        "identity_checked_by": "Zora Kralj, passport",
        **more,
    }


async def reset_password(api: TestApi, code: str, password: str = NEW) -> httpx.Response:
    return await api.client.post("/auth/reset-password", json={"code": code, "password": password})


@pytest.mark.req("R14")
async def test_a_new_person_sets_their_own_password_with_a_code_and_signs_in(api: TestApi) -> None:
    zora, headers = await administrator(api)
    answer = await api.client.post(PEOPLE, json=newcomer(), headers=headers)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert refused(await api.login("m.novak"), Reason.WRONG_SECRET, 401)  # nothing opens it before
    typed = told["code"].lower().replace("-", " ")
    assert (await reset_password(api, typed)).status_code == 204
    signed_in = await api.login("m.novak", NEW)
    me = await api.client.get("/auth/me", headers=bearer(signed_in.json()["access_token"]))
    assert (me.json()["name"], me.json()["role"]) == ("Marko Novak", "Production Officer")
    rows = await api.plant.ask(
        "SELECT entity_id, user_id, new_values ->> 'identity_checked_by', convert_from(row, 'UTF8') "
        "FROM kernel.audit_logs WHERE event_type = 'person.registered' ORDER BY seq DESC LIMIT 1"
    )
    assert tuple(rows[0][:3]) == (UUID(told["user_id"]), zora.user_id, "Zora Kralj, passport")
    assert "m.novak" not in str(rows[0][3])  # names live beside the journal


async def test_codes_and_passwords_lie_nowhere_in_the_clear(api: TestApi) -> None:
    _, headers = await administrator(api)
    code = (await api.client.post(PEOPLE, json=newcomer(), headers=headers)).json()["code"]
    await reset_password(api, code)
    stored = str(await api.plant.ask("SELECT r::text FROM auth.password_resets r"))
    stored += str(await api.plant.ask("SELECT p::text FROM auth.people p"))
    stored += str(await api.plant.ask("SELECT convert_from(row, 'UTF8') FROM kernel.audit_logs"))
    assert code not in stored
    assert code.replace("-", "") not in stored
    assert NEW not in stored


@pytest.mark.req("R5")
async def test_a_login_is_never_given_twice(api: TestApi) -> None:
    _, headers = await administrator(api)
    told = (await api.client.post(PEOPLE, json=newcomer(), headers=headers)).json()
    ended = await api.client.post(
        f"{PEOPLE}/{told['user_id']}/deactivate", json={"reason": "left"}, headers=headers
    )
    assert ended.status_code == 204, ended.text
    again = await api.client.post(PEOPLE, json=newcomer(name="Another"), headers=headers)
    assert refused(again, Reason.ALREADY_EXISTS, 409)
    count = await api.plant.ask(
        "SELECT count(*) FROM kernel.audit_logs WHERE event_type = 'person.registered' AND user_id IS NOT NULL"
    )
    people = await api.plant.ask("SELECT count(*) FROM auth.persons")
    assert count == people, "the refused registration left no person behind"


@pytest.mark.req("R14")
@pytest.mark.parametrize(
    ("changed", "reason", "status"),
    [
        ({"login": " "}, Reason.FIELD_MISSING, 422),
        ({"identity_checked_by": ""}, Reason.FIELD_MISSING, 422),
        ({"plants": []}, Reason.FIELD_MISSING, 422),
        ({"plants": ["ljubljana", "elsewhere"]}, Reason.OTHER_PLANT, 403),
        ({"role": "Emperor"}, Reason.MALFORMED, 422),
        ({"active": True}, Reason.MALFORMED, 422),
    ],
    ids=["no login", "unchecked identity", "no plant", "another's plant", "no role", "a field too many"],
)
async def test_a_registration_that_cannot_be_is_refused(
    api: TestApi, changed: dict[str, Any], reason: Reason, status: int
) -> None:
    _, headers = await administrator(api)
    answer = await api.client.post(PEOPLE, json=newcomer(**changed), headers=headers)
    assert refused(answer, reason, status)


async def test_a_code_sets_one_password(api: TestApi) -> None:
    _, headers = await administrator(api)
    code = (await api.client.post(PEOPLE, json=newcomer(), headers=headers)).json()["code"]
    assert (await reset_password(api, code)).status_code == 204
    assert refused(await reset_password(api, code, "another copper kettle"), Reason.WRONG_SECRET, 401)
    assert (await api.login("m.novak", NEW)).status_code == 200


async def test_a_code_used_twice_at_the_same_moment_sets_one_password(api: TestApi) -> None:
    _, headers = await administrator(api)
    code = (await api.client.post(PEOPLE, json=newcomer(), headers=headers)).json()["code"]
    answers = await asyncio.gather(*(reset_password(api, code, f"the copper kettle {n} sings") for n in "12"))
    assert sorted(each.status_code for each in answers) == [204, 401]


async def test_a_bad_password_does_not_use_the_code_up(api: TestApi) -> None:
    _, headers = await administrator(api)
    code = (await api.client.post(PEOPLE, json=newcomer(), headers=headers)).json()["code"]
    for bad in ("short", "novak novak novak", "x" * 300):
        assert refused(await reset_password(api, code, bad), Reason.WRONG_VALUE, 422)
    assert (await reset_password(api, code)).status_code == 204


async def test_the_first_code_ends_after_a_day_and_a_reset_after_a_quarter_of_an_hour(api: TestApi) -> None:
    zora, headers = await administrator(api)
    first = (await api.client.post(PEOPLE, json=newcomer(), headers=headers)).json()
    api.plant.later(hours=23)
    renewed = await api.sign_in(zora)
    assert (await reset_password(api, first["code"])).status_code == 204
    reset = await api.client.post(f"{PEOPLE}/{first['user_id']}/reset", headers=renewed)
    assert reset.status_code == 200, reset.text
    api.plant.later(minutes=15)
    assert refused(await reset_password(api, reset.json()["code"]), Reason.WRONG_SECRET, 401)


async def test_a_newer_code_ends_the_older_one(api: TestApi) -> None:
    _, headers = await administrator(api)
    first = (await api.client.post(PEOPLE, json=newcomer(), headers=headers)).json()
    second = (await api.client.post(f"{PEOPLE}/{first['user_id']}/reset", headers=headers)).json()
    assert refused(await reset_password(api, first["code"]), Reason.WRONG_SECRET, 401)
    assert (await reset_password(api, second["code"])).status_code == 204


async def test_a_new_password_ends_all_sessions_and_opens_a_throttled_account(api: TestApi) -> None:
    _, headers = await administrator(api)
    pair = await api.tokens(api.plant.ana)
    login = await api.login_of(api.plant.ana)
    for _ in range(5):
        await api.login(login, "a wrong copper kettle")
    assert refused(await api.login(login), Reason.TOO_MANY_TRIES, 429)
    code = (await api.client.post(f"{PEOPLE}/{api.plant.ana.user_id}/reset", headers=headers)).json()["code"]
    assert (await api.client.get("/auth/me", headers=bearer(pair["access_token"]))).status_code == 200
    assert (await reset_password(api, code)).status_code == 204
    me = await api.client.get("/auth/me", headers=bearer(pair["access_token"]))
    assert refused(me, Reason.SIGNED_OUT, 401)
    assert (await api.login(login, PASSWORD)).status_code == 401
    assert (await api.login(login, NEW)).status_code == 200


async def test_guessing_codes_is_throttled(api: TestApi) -> None:
    for _ in range(5):
        assert refused(await reset_password(api, "AAAA-BBBB"), Reason.WRONG_SECRET, 401)
    assert refused(await reset_password(api, "AAAA-BBBB"), Reason.TOO_MANY_TRIES, 429)


async def test_a_role_is_changed_with_a_reason_and_the_sessions_end(api: TestApi) -> None:
    _, headers = await administrator(api)
    pair = await api.tokens(api.plant.ana)
    body = {"role": "Production Manager", "plants": ["ljubljana"], "reason": "promoted"}
    path = f"{PEOPLE}/{api.plant.ana.user_id}/role"
    answer = await api.client.post(path, json=body, headers=headers)
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    refreshed = await api.client.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert refused(refreshed, Reason.SIGNED_OUT, 401)
    said = await api.client.get("/auth/me", headers=await api.sign_in(api.plant.ana))
    assert said.json()["role"] == "Production Manager"
    rows = await api.plant.ask(
        "SELECT old_values ->> 'role', new_values ->> 'role', metadata ->> 'reason' FROM kernel.audit_logs "
        "WHERE event_type = 'person.role_changed'"
    )
    assert tuple(rows[0]) == ("Production Officer", "Production Manager", "promoted")


@pytest.mark.req("R46")
@pytest.mark.parametrize("verb", ["role", "deactivate"])
async def test_nobody_changes_their_own_account(api: TestApi, verb: str) -> None:
    zora, headers = await administrator(api)
    body: dict[str, Any] = {"reason": "because"}
    if verb == "role":
        body |= {"role": "QA Head", "plants": ["ljubljana"]}
    answer = await api.client.post(f"{PEOPLE}/{zora.user_id}/{verb}", json=body, headers=headers)
    assert refused(answer, Reason.NOT_INDEPENDENT, 409)


@pytest.mark.parametrize("verb", ["role", "deactivate"])
async def test_a_change_without_a_reason_is_refused(api: TestApi, verb: str) -> None:
    _, headers = await administrator(api)
    body: dict[str, Any] = {"reason": " "}
    if verb == "role":
        body |= {"role": "QA Head", "plants": ["ljubljana"]}
    answer = await api.client.post(f"{PEOPLE}/{api.plant.ana.user_id}/{verb}", json=body, headers=headers)
    assert refused(answer, Reason.REASON_MISSING, 422)


async def test_nobody_is_let_into_a_plant_that_does_not_exist(api: TestApi) -> None:
    zora = await api.plant.colleague("Zora Kralj", Role.SYSTEM_ADMIN)
    everywhere = ChangeRole(
        user_id=zora.user_id,
        role=Role.SYSTEM_ADMIN,
        plants=frozenset({SYSTEM, api.plant.id}),
        reason="whole company",
    )
    await api.plant.act(everywhere, api.plant.founder)
    body = newcomer(plants=["ljubljana", "atlantis"])
    answer = await api.client.post(PEOPLE, json=body, headers=await api.sign_in(zora))
    assert refused(answer, Reason.NOT_FOUND, 404)
    assert answer.json()["about"] == ["plant", "atlantis"]


async def test_a_character_that_cannot_be_kept_is_refused(api: TestApi) -> None:
    _, headers = await administrator(api)
    for body in (newcomer(name="Marko\x00"), newcomer(identity_checked_by="Zora\x00")):
        answer = await api.client.post(PEOPLE, json=body, headers=headers)
        assert refused(answer, Reason.MALFORMED, 422)
    listed = await api.client.get(
        "/api/v1/batches", params={"text": "a\x00b"}, headers=await api.sign_in(api.plant.ana)
    )
    assert refused(listed, Reason.MALFORMED, 422)


@pytest.mark.parametrize("verb", ["role", "deactivate", "reset"])
async def test_a_person_of_nowhere_and_one_of_another_plant_are_not_found(api: TestApi, verb: str) -> None:
    _, headers = await administrator(api)
    stranger = await api.plant.colleague("Stranger", Role.WAREHOUSE)
    await api.plant.ask(
        "UPDATE auth.persons SET plants = '{elsewhere}' WHERE id = $1 RETURNING id", stranger.user_id
    )
    body: dict[str, Any] = {"reason": "because"}
    if verb == "role":
        body |= {"role": "QA Head", "plants": ["ljubljana"]}
    for who in (UUID(int=7), stranger.user_id):
        answer = await api.client.post(f"{PEOPLE}/{who}/{verb}", json=body, headers=headers)
        assert refused(answer, Reason.NOT_FOUND, 404)


async def test_an_administrator_who_lost_the_right_a_moment_ago_has_lost_it(api: TestApi) -> None:
    zora, headers = await administrator(api)
    other = await api.plant.colleague("Yan Two", Role.SYSTEM_ADMIN)
    body = {"role": "Auditor", "plants": ["ljubljana"], "reason": "audit year"}
    path = f"{PEOPLE}/{zora.user_id}/role"
    assert (await api.client.post(path, json=body, headers=await api.sign_in(other))).status_code == 204
    assert refused(await api.client.post(PEOPLE, json=newcomer(), headers=headers), Reason.SIGNED_OUT, 401)


async def test_people_are_listed_as_screens_name_them(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.ana)
    page = (await api.client.get(PEOPLE, headers=headers)).json()
    assert [each["name"] for each in page["items"]] == sorted(each["name"] for each in page["items"])
    assert {"Ana Kovač", "Petra Novak"} <= {each["name"] for each in page["items"]}
    assert set(page["items"][0]) == {"user_id", "login", "name", "email", "department"}


async def test_plants_are_listed_for_who_belongs_to_them(api: TestApi) -> None:
    page = (await api.client.get("/api/v1/plants", headers=await api.sign_in(api.plant.ana))).json()
    assert [(each["plant_id"], each["name"]) for each in page["items"]] == [("ljubljana", "Ljubljana")]


# --- keys -------------------------------------------------------------------------------------------------------------


def key_request(station_id: UUID, **more: Any) -> dict[str, Any]:
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    return {"key_id": str(UUID(int=5)), "station_id": str(station_id), "public_key": public, **more}


async def test_a_person_registers_their_own_key_on_a_workstation(api: TestApi) -> None:
    station = await api.plant.station("DISP-01")
    body = key_request(station.id)
    answer = await api.client.post("/auth/keys", json=body, headers=await api.sign_in(api.plant.ana))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["user_id"], answer.json()["public_key"]) == (
        str(api.plant.ana.user_id),
        body["public_key"],
    )
    rows = await api.plant.ask(
        "SELECT plant_id, user_id FROM kernel.audit_logs WHERE event_type = 'key.enrolled' "
        "ORDER BY timestamp DESC, seq DESC LIMIT 1"
    )
    assert tuple(rows[0]) == ("system", api.plant.ana.user_id)
    again = await api.client.post("/auth/keys", json=body, headers=await api.sign_in(api.plant.boris))
    assert refused(again, Reason.ALREADY_EXISTS, 409)


@pytest.mark.parametrize("key", ["", "zz" * 32, "AA" * 32, "aa" * 31])
async def test_what_is_no_public_key_is_refused(api: TestApi, key: str) -> None:
    station = await api.plant.station("DISP-01")
    body = key_request(station.id, public_key=key)
    answer = await api.client.post("/auth/keys", json=body, headers=await api.sign_in(api.plant.ana))
    assert refused(answer, Reason.WRONG_VALUE, 422)


async def test_a_key_for_an_unknown_or_revoked_workstation_is_refused(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.ana)
    nowhere = await api.client.post("/auth/keys", json=key_request(UUID(int=9)), headers=headers)
    assert refused(nowhere, Reason.NOT_FOUND, 404)
    station = await api.plant.station("DISP-01")
    await api.plant.act(RevokeStation(station_id=station.id, reason="stolen"), api.plant.founder)
    revoked = await api.client.post("/auth/keys", json=key_request(station.id), headers=headers)
    assert refused(revoked, Reason.STATION_REVOKED, 403)
