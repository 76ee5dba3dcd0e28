"""Workstations: enrolled with a code, proved by their key, revoked."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.decision import Reason
from app.domain.permissions import Role
from app.domain.plant import ChangeRole, RevokeStation
from app.wire.account import ASSERTION_AUDIENCE
from tests.support.api import TestApi, bearer, refused
from tests.support.plant import TestStation

STATIONS = "/api/v1/workstations"


async def administrator(api: TestApi) -> dict[str, str]:
    return await api.sign_in(await api.plant.colleague("Zora Kralj", Role.SYSTEM_ADMIN))


async def code_of(api: TestApi) -> str:
    answer = await api.client.post(f"{STATIONS}/codes", headers=await administrator(api))
    assert answer.status_code == 201, answer.text
    return answer.json()["code"]


def first_words(code: str, **more: Any) -> dict[str, Any]:
    private = Ed25519PrivateKey.generate()
    return {
        "code": code,
        "station_id": str(UUID(int=0x0190B2A8_0000_7000_8000_000000000001)),
        "name": "DISP-01",
        "area": "Dispensary",
        "public_key": private.public_key().public_bytes_raw().hex(),
        **more,
    }


def proof(api: TestApi, station: TestStation, key: Ed25519PrivateKey | None = None, **changed: Any) -> str:
    now = api.plant.ticking.now
    claims: dict[str, Any] = {
        "iss": str(station.id),
        "sub": str(station.id),
        "aud": ASSERTION_AUDIENCE,
        "iat": now,
        "exp": now + timedelta(seconds=60),
        "jti": api.plant.ticking.new_id().hex,
        **changed,
    }
    return jwt.encode(claims, key or station.private, algorithm="EdDSA")


async def ask(api: TestApi, assertion: str) -> httpx.Response:
    return await api.client.post("/auth/station-token", json={"client_assertion": assertion})


# --- enrolling --------------------------------------------------------------------------------------------------------


async def test_a_workstation_enrols_with_an_administrators_code(api: TestApi) -> None:
    code = await code_of(api)
    body = first_words(f" {code.lower()} ")
    answer = await api.client.post(STATIONS, json=body)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert (said["plant_id"], said["plant_name"]) == ("ljubljana", "Ljubljana")
    assert said["journal_key"] == api.plant.key.public_key.hex()
    page = (await api.client.get(STATIONS, headers=await administrator(api))).json()
    assert [(each["name"], each["status"]) for each in page["items"]] == [("DISP-01", "Active")]
    rows = await api.plant.ask(
        "SELECT p.role, a.plant_id FROM kernel.audit_logs a JOIN auth.persons p ON p.id = a.user_id "
        "WHERE a.event_type = 'station.enrolled'"
    )
    assert tuple(rows[0]) == ("System Admin", "ljubljana")  # in the name of who made the code


async def test_a_code_enrols_one_workstation(api: TestApi) -> None:
    code = await code_of(api)
    assert (await api.client.post(STATIONS, json=first_words(code))).status_code == 201
    second = first_words(code, station_id=str(UUID(int=7)))
    assert refused(await api.client.post(STATIONS, json=second), Reason.WRONG_SECRET, 401)


async def test_a_code_used_twice_at_the_same_moment_enrols_one_workstation(api: TestApi) -> None:
    code = await code_of(api)
    bodies = [first_words(code, station_id=str(UUID(int=number))) for number in (7, 8)]
    answers = await asyncio.gather(*(api.client.post(STATIONS, json=each) for each in bodies))
    assert sorted(each.status_code for each in answers) == [201, 401]
    assert (await api.plant.ask("SELECT count(*) FROM auth.stations"))[0][0] == 1


async def test_an_invented_code_and_one_that_ended_enrol_nothing(api: TestApi) -> None:
    code = await code_of(api)
    assert refused(await api.client.post(STATIONS, json=first_words("AAAA-BBBB")), Reason.WRONG_SECRET, 401)
    api.plant.later(minutes=15)
    assert refused(await api.client.post(STATIONS, json=first_words(code)), Reason.WRONG_SECRET, 401)


async def test_a_workstation_that_is_enrolled_is_not_enrolled_again_and_the_code_is_kept(
    api: TestApi,
) -> None:
    station = await api.plant.station("DISP-01")
    code = await code_of(api)
    taken = first_words(code, station_id=str(station.id))
    assert refused(await api.client.post(STATIONS, json=taken), Reason.ALREADY_EXISTS, 409)
    assert (await api.client.post(STATIONS, json=first_words(code))).status_code == 201


async def test_a_code_of_an_administrator_who_lost_the_right_enrols_nothing(api: TestApi) -> None:
    code = await code_of(api)
    zora = api.plant.people[-1]
    demoted = ChangeRole(
        user_id=zora.user_id, role=Role.AUDITOR, plants=frozenset({api.plant.id}), reason="moved"
    )
    await api.plant.act(demoted, api.plant.founder)
    assert refused(await api.client.post(STATIONS, json=first_words(code)), Reason.NOT_PERMITTED, 403)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"public_key": "nonsense"}, Reason.WRONG_VALUE),
        ({"name": " "}, Reason.FIELD_MISSING),
        ({"station_id": "7"}, Reason.MALFORMED),
        ({"plant_id": "elsewhere"}, Reason.MALFORMED),
    ],
    ids=["no key", "no name", "no id", "a field too many"],
)
async def test_first_words_that_cannot_be_are_refused(
    api: TestApi, changed: dict[str, Any], reason: Reason
) -> None:
    answer = await api.client.post(STATIONS, json=first_words(await code_of(api), **changed))
    assert refused(answer, reason, 422)


# --- the token --------------------------------------------------------------------------------------------------------


async def test_a_workstation_that_proves_its_key_may_sync_and_read(api: TestApi) -> None:
    station = await api.plant.station("DISP-01")
    answer = await ask(api, proof(api, station))
    assert answer.status_code == 200, answer.text
    headers = bearer(answer.json()["access_token"])
    assert (await api.client.get("/api/v1/sync/heads", headers=headers)).status_code == 200
    assert (await api.client.get("/api/v1/people", headers=headers)).status_code == 200
    assert (await api.client.get("/api/v1/batches", headers=headers)).status_code == 200
    said = (await api.client.post("/auth/verify-token", headers=headers)).json()
    assert (said["subject"], said["permissions"]) == (f"station:{station.id}", [])


async def test_a_workstation_acts_in_nobodys_name(api: TestApi) -> None:
    station = await api.plant.station("DISP-01")
    headers = bearer((await ask(api, proof(api, station))).json()["access_token"])
    assert refused(await api.client.get("/auth/me", headers=headers), Reason.NOT_PERMITTED, 403)
    made = await api.client.post("/api/v1/batches", json={}, headers=headers)
    assert refused(made, Reason.NOT_PERMITTED, 403)


async def test_a_person_does_not_sync(api: TestApi) -> None:
    answer = await api.client.get("/api/v1/sync/heads", headers=await api.sign_in(api.plant.ana))
    assert refused(answer, Reason.NOT_PERMITTED, 403)


async def test_a_proof_counts_once(api: TestApi) -> None:
    station = await api.plant.station("DISP-01")
    assertion = proof(api, station)
    assert (await ask(api, assertion)).status_code == 200
    assert refused(await ask(api, assertion), Reason.UNKNOWN_KEY, 401)
    both = proof(api, station)
    answers = await asyncio.gather(ask(api, both), ask(api, both))
    assert sorted(each.status_code for each in answers) == [200, 401]


async def test_false_proofs_are_refused_alike_and_those_of_a_real_station_are_noted(api: TestApi) -> None:
    station = await api.plant.station("DISP-01")
    other = await api.plant.station("DISP-02")
    now = api.plant.ticking.now
    false = [
        proof(api, station, Ed25519PrivateKey.generate()),
        proof(api, station, other.private),
        proof(api, station, aud="batchwright-api"),
        proof(api, station, exp=now + timedelta(seconds=120)),
        proof(api, station, iat=now - timedelta(minutes=5), exp=now - timedelta(minutes=4)),
    ]
    for assertion in false:
        assert refused(await ask(api, assertion), Reason.UNKNOWN_KEY, 401)
    noted = await api.plant.ask(
        "SELECT count(*) FROM kernel.audit_logs WHERE event_type = 'station.sign-in.failed' AND entity_id = $1",
        station.id,
    )
    assert noted[0][0] == len(false)
    assert refused(await ask(api, proof(api, station, other.private)), Reason.TOO_MANY_TRIES, 429)
    assert (await ask(api, proof(api, station))).status_code == 200  # the real one is not locked out


@pytest.mark.parametrize("assertion", ["", "a.b.c", "nothing"])
async def test_what_is_no_proof_at_all_is_refused(api: TestApi, assertion: str) -> None:
    assert refused(await ask(api, assertion), Reason.UNKNOWN_KEY, 401)


async def test_an_unknown_workstation_is_refused(api: TestApi) -> None:
    station = await api.plant.station("DISP-01")
    assert refused(await ask(api, proof(api, station, iss=str(UUID(int=7)))), Reason.UNKNOWN_KEY, 401)


# --- revoking ---------------------------------------------------------------------------------------------------------


async def test_a_revoked_workstation_is_out_at_once(api: TestApi) -> None:
    station = await api.plant.station("DISP-01")
    headers = bearer((await ask(api, proof(api, station))).json()["access_token"])
    path = f"{STATIONS}/{station.id}/revoke"
    answer = await api.client.post(path, json={"reason": "stolen"}, headers=await administrator(api))
    assert answer.status_code == 204, answer.text
    heads = await api.client.get("/api/v1/sync/heads", headers=headers)
    assert refused(heads, Reason.STATION_REVOKED, 403)
    assert refused(await ask(api, proof(api, station)), Reason.STATION_REVOKED, 403)


async def test_revoking_takes_a_reason_and_a_workstation_of_this_plant(api: TestApi) -> None:
    station = await api.plant.station("DISP-01")
    headers = await administrator(api)
    path = f"{STATIONS}/{station.id}/revoke"
    silent = await api.client.post(path, json={"reason": " "}, headers=headers)
    assert refused(silent, Reason.REASON_MISSING, 422)
    nowhere = await api.client.post(
        f"{STATIONS}/{UUID(int=7)}/revoke", json={"reason": "stolen"}, headers=headers
    )
    assert refused(nowhere, Reason.NOT_FOUND, 404)


async def test_a_station_revoked_before_its_turn_keeps_its_name_in_the_list(api: TestApi) -> None:
    station = await api.plant.station("DISP-01")
    await api.plant.act(RevokeStation(station_id=station.id, reason="stolen"), api.plant.founder)
    page = (await api.client.get(STATIONS, headers=await administrator(api))).json()
    assert [(each["name"], each["status"]) for each in page["items"]] == [("DISP-01", "Revoked")]
