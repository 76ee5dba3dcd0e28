"""Signing in, staying signed in, signing out."""

import asyncio
import statistics
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.domain.decision import Reason
from app.domain.identity import PlantId
from app.domain.permissions import Role
from app.domain.plant import ChangeRole, DeactivatePerson
from tests.support.api import PASSWORD, TestApi, bearer, refused


async def events(api: TestApi) -> list[str]:
    rows = await api.plant.ask(
        "SELECT event_type FROM kernel.audit_logs WHERE plant_id = 'system' AND entity_type = 'sign-in' ORDER BY seq"
    )
    return [str(row[0]) for row in rows]


async def refresh(api: TestApi, token: str) -> httpx.Response:
    return await api.client.post("/auth/refresh", json={"refresh_token": token})


async def me(api: TestApi, token: str) -> httpx.Response:
    return await api.client.get("/auth/me", headers=bearer(token))


async def test_the_right_password_opens_a_session_and_is_a_row_of_the_journal(api: TestApi) -> None:
    login = await api.login_of(api.plant.petra)
    answer = await api.login(f"  {login.upper()} ")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    pair = answer.json()
    assert (pair["expires_in"], pair["refresh_expires_in"]) == (900, 30 * 24 * 3600)
    said = (await me(api, pair["access_token"])).json()
    assert (said["login"], said["name"], said["role"], said["plant_id"]) == (
        login,
        "Petra Novak",
        "Production Manager",
        "ljubljana",
    )
    assert "batch.create" in said["permissions"]
    assert await events(api) == ["sign-in.succeeded"]


async def test_an_unknown_login_and_a_wrong_password_get_the_same_answer(api: TestApi) -> None:
    login = await api.login_of(api.plant.ana)
    wrong = await api.login(login, "another copper kettle")
    unknown = await api.login("nobody", "another copper kettle")
    assert refused(wrong, Reason.WRONG_SECRET, 401)
    assert refused(unknown, Reason.WRONG_SECRET, 401)
    bodies = [{**each.json(), "instance": ""} for each in (wrong, unknown)]
    assert bodies[0] == bodies[1]
    assert await events(api) == ["sign-in.failed", "sign-in.failed"]


async def test_an_unknown_login_and_a_wrong_password_take_the_same_time(api: TestApi) -> None:
    # 12 pairs here, with room for a busy machine: without the decoy hash the unknown login is thirty times faster.
    logins = [await api.login_of(each) for each in api.plant.people[:4]]
    spent: dict[str, list[float]] = {"wrong": [], "unknown": []}
    for turn in range(12):
        for kind, login in (("wrong", logins[turn % 4]), ("unknown", f"nobody-{turn}")):
            began = time.perf_counter()
            await api.login(login, "not the right password")
            spent[kind].append(time.perf_counter() - began)
    wrong, unknown = (statistics.median(spent[kind]) for kind in ("wrong", "unknown"))
    assert 0.5 < unknown / wrong < 2.0, spent


async def test_a_wrong_password_of_a_real_account_is_noted_with_who_it_was(api: TestApi) -> None:
    await api.login(await api.login_of(api.plant.ana), "another copper kettle")
    rows = await api.plant.ask(
        "SELECT user_id, host(ip_address), convert_from(row, 'UTF8') FROM kernel.audit_logs "
        "WHERE event_type = 'sign-in.failed'"
    )
    ((user_id, address, row),) = rows
    assert (user_id, address) == (api.plant.ana.user_id, "127.0.0.1")
    assert "copper" not in str(row)


@pytest.mark.req("R24")
async def test_the_sixth_wrong_secret_waits_and_the_wait_grows_and_ends(api: TestApi) -> None:
    login = await api.login_of(api.plant.ana)
    for _ in range(5):
        assert refused(await api.login(login, "a wrong copper kettle"), Reason.WRONG_SECRET, 401)
    blocked = await api.login(login)
    assert refused(blocked, Reason.TOO_MANY_TRIES, 429)
    assert 29 <= int(blocked.headers["retry-after"]) <= 31
    api.plant.later(seconds=31)
    assert refused(await api.login(login, "a wrong copper kettle"), Reason.WRONG_SECRET, 401)
    api.plant.later(seconds=31)
    longer = await api.login(login)
    assert refused(longer, Reason.TOO_MANY_TRIES, 429)
    api.plant.later(seconds=30)
    assert (await api.login(login)).status_code == 200  # throttled, never locked for good
    assert refused(await api.login(login, "a wrong copper kettle"), Reason.WRONG_SECRET, 401)
    assert (await api.login(login)).status_code == 200  # and the count began anew


async def test_an_unknown_login_is_throttled_alike(api: TestApi) -> None:
    for _ in range(5):
        assert refused(await api.login("nobody"), Reason.WRONG_SECRET, 401)
    assert refused(await api.login("nobody"), Reason.TOO_MANY_TRIES, 429)


async def test_wrong_secrets_at_the_same_moment_are_all_counted(api: TestApi) -> None:
    login = await api.login_of(api.plant.ana)
    answers = await asyncio.gather(*(api.login(login, f"a wrong copper kettle {each}") for each in range(12)))
    assert sorted(each.status_code for each in answers) == [401] * 5 + [429] * 7


async def test_a_stranger_elsewhere_does_not_lock_a_person_out(api: TestApi) -> None:
    login = await api.login_of(api.plant.ana)
    throttle = api.authentication.sign_in.throttle
    async with api.plant.database.transaction() as tx:
        for _ in range(12):
            await throttle.begin(tx, login, "203.0.113.9")
    assert (await api.login(login)).status_code == 200


async def test_a_person_of_another_plant_gets_no_token_for_this_one(api: TestApi) -> None:
    login = await api.login_of(api.plant.ana)
    assert refused(await api.login(login, plant_id="elsewhere"), Reason.OTHER_PLANT, 403)
    assert await events(api) == ["sign-in.barred"]


async def test_a_deactivated_person_learns_so_only_with_the_right_password(api: TestApi) -> None:
    login = await api.login_of(api.plant.ana)
    await api.plant.act(DeactivatePerson(user_id=api.plant.ana.user_id, reason="left"), api.plant.founder)
    assert refused(await api.login(login), Reason.PERSON_INACTIVE, 403)
    assert refused(await api.login(login, "a wrong copper kettle"), Reason.WRONG_SECRET, 401)


async def test_a_session_refreshes_and_each_refresh_token_is_used_once(api: TestApi) -> None:
    first = await api.tokens(api.plant.ana)
    second = (await refresh(api, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (await me(api, second["access_token"])).status_code == 200
    third = (await refresh(api, second["refresh_token"])).json()
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3


async def test_a_refresh_token_lies_nowhere_in_the_clear(api: TestApi) -> None:
    pair = await api.tokens(api.plant.ana)
    again = (await refresh(api, pair["refresh_token"])).json()
    stored = str(await api.plant.ask("SELECT s::text FROM auth.auth_sessions s"))
    assert pair["refresh_token"] not in stored
    assert again["refresh_token"] not in stored


async def test_a_client_whose_answer_was_lost_gets_the_same_successor_again(api: TestApi) -> None:
    first = await api.tokens(api.plant.ana)
    lost = (await refresh(api, first["refresh_token"])).json()
    api.plant.later(seconds=45)
    again = (await refresh(api, first["refresh_token"])).json()
    assert again["refresh_token"] == lost["refresh_token"]
    assert (await refresh(api, again["refresh_token"])).status_code == 200


async def test_two_refreshes_at_the_same_moment_get_the_same_successor(api: TestApi) -> None:
    first = await api.tokens(api.plant.ana)
    answers = await asyncio.gather(*(refresh(api, first["refresh_token"]) for _ in range(4)))
    assert [each.status_code for each in answers] == [200] * 4
    assert len({each.json()["refresh_token"] for each in answers}) == 1


@pytest.mark.parametrize("after", ["the grace", "the successor was used"])
async def test_a_spent_token_that_comes_again_ends_the_whole_session(api: TestApi, after: str) -> None:
    first = await api.tokens(api.plant.ana)
    newest = (await refresh(api, first["refresh_token"])).json()
    if after == "the grace":
        api.plant.later(seconds=46)
    else:
        newest = (await refresh(api, newest["refresh_token"])).json()
    assert refused(await refresh(api, first["refresh_token"]), Reason.SIGNED_OUT, 401)
    assert refused(await refresh(api, newest["refresh_token"]), Reason.SIGNED_OUT, 401)
    assert refused(await me(api, newest["access_token"]), Reason.SIGNED_OUT, 401)
    assert (await events(api))[-1] == "session.reused"


async def test_a_session_ends_after_thirty_days_however_often_it_was_refreshed(api: TestApi) -> None:
    pair = await api.tokens(api.plant.ana)
    for _ in range(3):
        api.plant.later(days=9, hours=23)
        answer = await refresh(api, pair["refresh_token"])
        assert answer.status_code == 200
        pair = answer.json()
    assert pair["refresh_expires_in"] == int(timedelta(hours=3).total_seconds())
    api.plant.later(hours=3)
    assert refused(await refresh(api, pair["refresh_token"]), Reason.SIGNED_OUT, 401)


@pytest.mark.parametrize("token", ["", "nonsense", "é" * 40, "x" * 5000])
async def test_what_is_no_refresh_token_opens_nothing(api: TestApi, token: str) -> None:
    assert refused(await refresh(api, token), Reason.SIGNED_OUT, 401)


async def test_an_access_token_is_no_refresh_token_and_the_other_way_round(api: TestApi) -> None:
    pair = await api.tokens(api.plant.ana)
    assert refused(await refresh(api, pair["access_token"]), Reason.SIGNED_OUT, 401)
    assert refused(await me(api, pair["refresh_token"]), Reason.SIGNED_OUT, 401)


async def test_signing_out_ends_the_access_token_and_the_refresh_token_at_once(api: TestApi) -> None:
    pair = await api.tokens(api.plant.ana)
    other = await api.tokens(api.plant.ana)
    answer = await api.client.post("/auth/logout", headers=bearer(pair["access_token"]))
    assert (answer.status_code, answer.content) == (204, b"")
    assert refused(await me(api, pair["access_token"]), Reason.SIGNED_OUT, 401)
    assert refused(await refresh(api, pair["refresh_token"]), Reason.SIGNED_OUT, 401)
    assert (await me(api, other["access_token"])).status_code == 200  # the other session lives on
    assert (await events(api))[-1] == "session.ended"
    denied = await api.plant.ask("SELECT count(*) FROM auth.revoked_tokens")
    assert denied[0][0] == 1


@pytest.mark.parametrize("change", ["role", "deactivated", "plants"])
async def test_a_person_whose_rights_changed_is_out_at_once(api: TestApi, change: str) -> None:
    pair = await api.tokens(api.plant.ana)
    ana = api.plant.ana.user_id
    command: Any = DeactivatePerson(user_id=ana, reason="left")
    if change != "deactivated":
        role = Role.WAREHOUSE if change == "role" else Role.PRODUCTION_OFFICER
        plants = frozenset({api.plant.id if change == "role" else PlantId("elsewhere")})
        command = ChangeRole(user_id=ana, role=role, plants=plants, reason="moved")
    await api.plant.act(command, api.plant.founder)
    assert refused(await me(api, pair["access_token"]), Reason.SIGNED_OUT, 401)


async def test_a_gateway_learns_whose_token_it_was_handed(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    said = (await api.client.post("/auth/verify-token", headers=headers)).json()
    assert (said["subject"], said["plant_id"]) == (str(api.plant.petra.user_id), "ljubljana")
    assert "batch.create" in said["permissions"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer a.b.c"}],
    ids=["none", "empty", "basic", "nonsense"],
)
async def test_without_a_good_token_nobody_is_anybody(api: TestApi, headers: dict[str, str]) -> None:
    answer = await api.client.get("/auth/me", headers=headers)
    assert refused(answer, Reason.SIGNED_OUT, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_published_keys_verify_the_tokens(api: TestApi) -> None:
    import jwt

    token = (await api.tokens(api.plant.ana))["access_token"]
    answer = await api.client.get("/auth/jwks")
    keys = jwt.PyJWKSet.from_dict(answer.json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    said = jwt.decode(
        token,
        key,
        algorithms=["EdDSA"],
        audience="batchwright-api",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert said["sub"] == str(api.plant.ana.user_id)


async def test_a_login_with_a_field_too_many_is_refused(api: TestApi) -> None:
    answer = await api.login(await api.login_of(api.plant.ana), PASSWORD, role="System Admin")
    assert refused(answer, Reason.MALFORMED, 422)


async def test_what_says_nothing_any_more_is_removed_and_the_rest_stays(api: TestApi) -> None:
    pair = await api.tokens(api.plant.ana)
    await api.client.post("/auth/logout", headers=bearer(pair["access_token"]))
    await api.login("nobody")
    api.plant.later(days=119)
    kept = await api.tokens(api.plant.ana)
    await api.login("nobody else")
    api.plant.later(days=1, seconds=1)
    await api.authentication.tidy()
    rows = await api.plant.ask(
        "SELECT (SELECT count(*) FROM auth.revoked_tokens), (SELECT count(*) FROM auth.auth_sessions), "
        "(SELECT count(*) FROM auth.throttles WHERE subject LIKE 'account nobody%')"
    )
    assert tuple(rows[0]) == (0, 1, 2)
    assert (await refresh(api, kept["refresh_token"])).status_code == 200


async def test_a_refused_caller_is_in_the_log_by_id(api: TestApi, caplog: pytest.LogCaptureFixture) -> None:
    headers = await api.sign_in(api.plant.ana)
    with caplog.at_level("INFO", logger="app.server.kernel.gates"):
        await api.client.post("/api/v1/batches", json={}, headers=headers)
    (noted,) = [each for each in caplog.records if each.message == "caller.refused"]
    assert (vars(noted)["caller"], vars(noted)["lacks"]) == (str(api.plant.ana.user_id), "batch.create")
    assert headers["Authorization"] not in caplog.text
