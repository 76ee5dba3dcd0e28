"""Batches over the REST API: made, listed, amended, run and signed; one test for each no."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.domain.batch import Batch, StartBatch
from app.domain.decision import Reason
from app.domain.entry import RecordEntry, VerifyEntry
from app.domain.identity import step_id
from app.domain.review import CompleteBatch
from app.domain.stage import CompleteStage, StartStage
from app.domain.step import Step
from app.wire.codec import dump, load
from app.wire.seal import SealedCommand
from app.wire.series import POINTS_TYPE, Row, chunk_of, micros_of
from tests.support.api import TestApi, refused
from tests.support.plant import NOON, TestStation, confirmed, lot, tampered, weight

NOWHERE = UUID(int=7)
BATCHES = "/api/v1/batches"


def plan(api: TestApi, **more: Any) -> dict[str, Any]:
    return {
        "master_id": str(api.plant.master_id),
        "quantity": {"value": "100.50", "unit": "kg"},
        "line": "L1",
        **more,
    }


async def made(api: TestApi, headers: dict[str, str], **more: Any) -> dict[str, Any]:
    answer = await api.client.post(BATCHES, json=plan(api, **more), headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def post(api: TestApi, path: str, headers: dict[str, str], body: object) -> httpx.Response:
    return await api.client.post(
        path, content=dump(body), headers={**headers, "Content-Type": "application/json"}
    )


# --- making and finding -----------------------------------------------------------------------------------------------


async def test_a_batch_made_over_rest_is_a_command_sealed_by_the_server(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    answer = await api.client.post(BATCHES, json=plan(api), headers=headers)
    assert answer.status_code == 201, answer.text
    batch = load(Batch, answer.content)
    assert (batch.status, batch.number, batch.quantity.value) == (
        "Planned",
        "B-2026-00001",
        Decimal("100.50"),
    )
    assert batch.created_by == api.plant.petra.user_id
    assert answer.headers["location"] == f"{BATCHES}/{batch.id}"
    assert answer.headers["etag"] == '"1"'
    ((kind, station, key, author),) = await api.plant.ask(
        "SELECT kind, station_id, key_id, author_id FROM kernel.commands WHERE kind = 'batch.create'"
    )
    assert (kind, station, key, author) == (
        "batch.create",
        UUID(int=0),
        api.plant.key.key_id,
        api.plant.petra.user_id,
    )
    again = await api.client.get(answer.headers["location"], headers=headers)
    assert (again.json(), again.headers["etag"]) == (answer.json(), '"1"')


async def test_the_same_request_with_the_same_key_makes_one_batch(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    keyed = {**headers, "Idempotency-Key": str(UUID(int=77))}
    first = await api.client.post(BATCHES, json=plan(api), headers=keyed)
    second = await api.client.post(BATCHES, json=plan(api), headers=keyed)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    other = await api.client.post(BATCHES, json=plan(api, line="L2"), headers=keyed)
    assert refused(other, Reason.SAME_ID_OTHER_CONTENT, 409)
    assert (await api.plant.ask("SELECT count(*) FROM production.production_batches"))[0][0] == 1


async def test_a_number_that_is_taken_is_refused_and_the_refusal_is_kept(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    await made(api, headers, number="X-1")
    answer = await api.client.post(BATCHES, json=plan(api, number="X-1"), headers=headers)
    assert refused(answer, Reason.NUMBER_TAKEN, 409)
    assert answer.json()["about"] == ["X-1"]
    assert (await api.plant.ask("SELECT count(*) FROM kernel.refused_commands"))[0][0] == 1


@pytest.mark.parametrize(
    ("changed", "reason", "status"),
    [
        ({"quantity": {"value": "0", "unit": "kg"}}, Reason.WRONG_VALUE, 422),
        ({"quantity": {"value": "NaN", "unit": "kg"}}, Reason.MALFORMED, 422),
        ({"master_id": str(NOWHERE)}, Reason.NOT_FOUND, 404),
        ({"master_id": "none"}, Reason.MALFORMED, 422),
        ({"status": "Released"}, Reason.MALFORMED, 422),
        ({"line": None}, Reason.MALFORMED, 422),
    ],
    ids=["nothing to make", "no number", "no master", "no id", "a field too many", "no line"],
)
async def test_a_plan_that_cannot_be_is_refused(
    api: TestApi, changed: dict[str, Any], reason: Reason, status: int
) -> None:
    headers = await api.sign_in(api.plant.petra)
    answer = await api.client.post(BATCHES, json=plan(api, **changed), headers=headers)
    assert refused(answer, reason, status)


async def test_a_body_that_is_no_json_is_refused(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    answer = await api.client.post(BATCHES, content=b"{not json", headers=headers)
    assert refused(answer, Reason.MALFORMED, 422)


async def test_an_officer_makes_no_batch(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.ana)
    answer = await api.client.post(BATCHES, json=plan(api), headers=headers)
    assert refused(answer, Reason.NOT_PERMITTED, 403)


async def test_a_list_is_walked_page_by_page_newest_first_and_nothing_twice(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    numbers: list[str] = []
    for _ in range(7):
        numbers.append((await made(api, headers))["number"])
        api.plant.later(minutes=1)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await api.client.get(BATCHES, params=asked, headers=headers)).json()
        seen += [each["number"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == 3
    assert seen == numbers[::-1]


async def test_a_list_is_filtered_by_status_text_and_line(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    running = await api.plant.batch()
    await made(api, headers, number="50%_off", line="L2")

    async def found(**asked: Any) -> list[str]:
        answer = await api.client.get(BATCHES, params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        return [each["number"] for each in answer.json()["items"]]

    assert await found(status="In Progress") == [running.number]
    assert sorted(await found(status=["In Progress", "Planned"])) == sorted([running.number, "50%_off"])
    assert await found(text="50%_") == ["50%_off"]
    assert await found(text="%") == ["50%_off"]
    assert len(await found(text="analgin")) == 2
    assert await found(line="L2") == ["50%_off"]
    assert await found(text="'; DROP TABLE kernel.commands; --") == []


@pytest.mark.parametrize(
    "asked",
    [{"limit": 0}, {"limit": 201}, {"cursor": "nonsense"}, {"cursor": "é"}, {"status": "Nearly"}],
    ids=str,
)
async def test_a_question_that_cannot_be_asked_is_refused(api: TestApi, asked: dict[str, Any]) -> None:
    headers = await api.sign_in(api.plant.ana)
    assert refused(await api.client.get(BATCHES, params=asked, headers=headers), Reason.MALFORMED, 422)


@pytest.mark.parametrize("path", ["", "/record", "/history", "/metrics"])
async def test_a_batch_of_nowhere_is_not_found(api: TestApi, path: str) -> None:
    headers = await api.sign_in(api.plant.ana)
    answer = await api.client.get(f"{BATCHES}/{NOWHERE}{path}", headers=headers)
    assert refused(answer, Reason.NOT_FOUND, 404)


async def test_another_plants_batch_does_not_exist_here(api: TestApi) -> None:
    batch = await api.plant.batch()
    await api.plant.ask(
        "UPDATE production.production_batches SET plant_id = 'elsewhere' WHERE id = $1 RETURNING id", batch.id
    )
    headers = await api.sign_in(api.plant.petra)
    assert refused(await api.client.get(f"{BATCHES}/{batch.id}", headers=headers), Reason.NOT_FOUND, 404)
    assert (await api.client.get(BATCHES, headers=headers)).json()["items"] == []
    stages = await api.client.post(
        f"{BATCHES}/{batch.id}/stages",
        json={"stage_key": "dispensing"},
        headers=await api.sign_in(api.plant.ana),
    )
    assert refused(stages, Reason.NOT_FOUND, 404)


# --- amending ---------------------------------------------------------------------------------------------------------


def amendment(**more: Any) -> dict[str, Any]:
    return {
        "quantity": {"value": "90", "unit": "kg"},
        "line": "L2",
        "planned_start": None,
        "reason": "less lactose delivered",
        **more,
    }


async def test_an_amendment_changes_the_plan_and_its_reason_is_in_the_journal(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    batch = await made(api, headers)
    path = f"{BATCHES}/{batch['id']}"
    answer = await api.client.put(path, json=amendment(), headers={**headers, "If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"'), answer.text
    assert (answer.json()["line"], answer.json()["quantity"]["value"]) == ("L2", "90")
    history = (await api.client.get(f"{path}/history", headers=headers)).json()["items"]
    assert [each["event"] for each in history] == ["batch.created", "batch.amended"]
    amended = history[1]
    assert amended["reason"] == "less lactose delivered"
    assert (amended["old"]["line"], amended["new"]["line"]) == ("L1", "L2")
    assert amended["user_id"] == str(api.plant.petra.user_id)


async def test_an_amendment_without_if_match_is_refused(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    batch = await made(api, headers)
    answer = await api.client.put(f"{BATCHES}/{batch['id']}", json=amendment(), headers=headers)
    assert refused(answer, Reason.PRECONDITION_MISSING, 428)


async def test_an_amendment_of_a_stale_version_is_refused(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    batch = await made(api, headers)
    path = f"{BATCHES}/{batch['id']}"
    first = await api.client.put(path, json=amendment(), headers={**headers, "If-Match": '"1"'})
    assert first.status_code == 200
    second = await api.client.put(path, json=amendment(), headers={**headers, "If-Match": '"1"'})
    assert refused(second, Reason.STALE_VERSION, 409)


@pytest.mark.parametrize("tag", ["*", "1", 'W/"1"', '"1", "2"', '"one"'])
async def test_an_if_match_that_is_no_entity_tag_of_ours_is_refused(api: TestApi, tag: str) -> None:
    headers = await api.sign_in(api.plant.petra)
    batch = await made(api, headers)
    path = f"{BATCHES}/{batch['id']}"
    answer = await api.client.put(path, json=amendment(), headers={**headers, "If-Match": tag})
    assert refused(answer, Reason.MALFORMED, 422)


async def test_an_amendment_without_a_reason_is_refused(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.petra)
    batch = await made(api, headers)
    path = f"{BATCHES}/{batch['id']}"
    answer = await api.client.put(path, json=amendment(reason=" "), headers={**headers, "If-Match": '"1"'})
    assert refused(answer, Reason.REASON_MISSING, 422)


async def test_a_running_batch_is_not_amended(api: TestApi) -> None:
    batch = await api.plant.batch()
    headers = {**await api.sign_in(api.plant.petra), "If-Match": f'"{batch.revision}"'}
    answer = await api.client.put(f"{BATCHES}/{batch.id}", json=amendment(), headers=headers)
    assert refused(answer, Reason.WRONG_STATUS, 409)


# --- running ----------------------------------------------------------------------------------------------------------


async def test_a_stage_is_started(api: TestApi) -> None:
    batch = await api.plant.batch(started=False)
    await api.plant.act(StartBatch(batch_id=batch.id), api.plant.ana)
    headers = await api.sign_in(api.plant.ana)
    path = f"{BATCHES}/{batch.id}/stages"
    answer = await api.client.post(path, json={"stage_key": "dispensing"}, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (201, "In Progress"), answer.text
    again = await api.client.post(path, json={"stage_key": "dispensing"}, headers=headers)
    assert refused(again, Reason.WRONG_STATUS, 409)


async def test_a_stage_before_its_turn_is_refused(api: TestApi) -> None:
    batch = await api.plant.batch()
    answer = await api.client.post(
        f"{BATCHES}/{batch.id}/stages",
        json={"stage_key": "pressing"},
        headers=await api.sign_in(api.plant.ana),
    )
    assert refused(answer, Reason.STAGE_OUT_OF_ORDER, 409)
    assert answer.json()["about"] == ["Pressing", "Dispensing"]


async def executed(api: TestApi, station: TestStation) -> Batch:
    """A batch whose every step is answered and whose stages are signed."""
    plant = api.plant
    batch = await plant.batch()
    await station.does(confirmed(batch.id), plant.ana)
    await station.does(weight(batch.id, "10.02"), plant.ana)
    step = await plant.record("step", step_id(batch.id, "dispensing", "weight"))
    assert isinstance(step, Step)
    assert step.current is not None
    entry = step.current
    verify = VerifyEntry(
        batch_id=batch.id,
        stage_key="dispensing",
        step_key="weight",
        entry_id=entry.id,
        entry_seal=entry.seal,
    )
    await station.does(verify, plant.boris)
    await station.does(lot(batch.id, "LAC-1"), plant.ana)
    await station.does(CompleteStage(batch_id=batch.id, stage_key="dispensing"), plant.ana)
    await station.does(StartStage(batch_id=batch.id, stage_key="pressing"), plant.ana)
    for key, value in (("tool", "A"), ("warm_up", "75")):
        entered = RecordEntry(batch_id=batch.id, stage_key="pressing", step_key=key, value=value)
        await station.does(entered, plant.ana)
    await station.does(CompleteStage(batch_id=batch.id, stage_key="pressing"), plant.ana)
    return batch


async def test_completing_a_batch_takes_the_sealed_command_of_who_signs(api: TestApi) -> None:
    station = await api.plant.station("PRESS-01")
    batch = await executed(api, station)
    sealed = station.says(CompleteBatch(batch_id=batch.id), api.plant.ana)
    headers = await api.sign_in(api.plant.ana)
    answer = await post(api, f"{BATCHES}/{batch.id}/complete", headers, sealed)
    assert answer.status_code == 200, answer.text
    done = load(Batch, answer.content)
    assert (done.status, done.signatures[-1].printed_name) == ("Production Review", "Ana Kovač")
    again = await post(api, f"{BATCHES}/{batch.id}/complete", headers, sealed)
    assert again.status_code == 200  # a second delivery changes nothing
    assert again.json() == answer.json()


@pytest.mark.req("R17")
async def test_completing_a_batch_without_a_seal_is_refused(api: TestApi) -> None:
    batch = await api.plant.batch()
    answer = await api.client.post(
        f"{BATCHES}/{batch.id}/complete", json={}, headers=await api.sign_in(api.plant.ana)
    )
    assert refused(answer, Reason.MALFORMED, 422)


async def test_stages_that_wait_keep_a_batch_from_being_completed(api: TestApi) -> None:
    station = await api.plant.station("PRESS-01")
    batch = await api.plant.batch()
    sealed = station.says(CompleteBatch(batch_id=batch.id), api.plant.ana)
    answer = await post(api, f"{BATCHES}/{batch.id}/complete", await api.sign_in(api.plant.ana), sealed)
    assert refused(answer, Reason.STAGES_INCOMPLETE, 409)
    assert answer.json()["about"] == ["Dispensing", "Pressing"]


@pytest.mark.parametrize("flaw", ["signature", "author", "prev", "revoked", "another station"])
async def test_a_seal_that_is_not_the_callers_own_is_refused_and_noted(api: TestApi, flaw: str) -> None:
    station = await api.plant.station("PRESS-01")
    other = await api.plant.station("PRESS-02")
    batch = await api.plant.batch()
    command = CompleteBatch(batch_id=batch.id)
    signer = api.plant.boris if flaw == "author" else api.plant.ana
    sealed = station.says(command, signer)
    changed: dict[str, SealedCommand] = {
        "signature": replace(sealed, signature="00" * 64),
        "prev": replace(sealed, prev="not hex"),
        "another station": replace(sealed, station_id=other.id),
    }
    if flaw == "revoked":
        await api.plant.ask(
            "UPDATE auth.signing_keys SET record = replace(record, '\"revoked_at\":null', $1), seq = seq + 1 "
            "WHERE user_id = $2 RETURNING id",
            f'"revoked_at":"{NOON.isoformat()}"',
            api.plant.ana.user_id,
        )
    headers = await api.sign_in(api.plant.ana)
    answer = await post(api, f"{BATCHES}/{batch.id}/complete", headers, changed.get(flaw, sealed))
    assert refused(answer, Reason.BAD_SEAL, 401)
    noted = await api.plant.ask(
        "SELECT user_id, batch_id FROM kernel.audit_logs WHERE event_type = 'signature.failed'"
    )
    assert [tuple(each) for each in noted] == [(api.plant.ana.user_id, batch.id)]
    kept = await api.plant.ask("SELECT count(*) FROM kernel.commands WHERE kind = 'batch.complete'")
    assert kept[0][0] == 0, "a bad seal takes no place in the station's chain"


async def test_a_sealed_command_of_another_kind_or_batch_is_refused(api: TestApi) -> None:
    station = await api.plant.station("PRESS-01")
    batch = await api.plant.batch()
    other = await api.plant.batch()
    headers = await api.sign_in(api.plant.ana)
    for command in (CompleteBatch(batch_id=other.id), StartStage(batch_id=batch.id, stage_key="pressing")):
        sealed = station.says(command, api.plant.ana)
        answer = await post(api, f"{BATCHES}/{batch.id}/complete", headers, sealed)
        assert refused(answer, Reason.MALFORMED, 422)


async def test_a_sealed_body_that_was_changed_is_refused(api: TestApi) -> None:
    station = await api.plant.station("PRESS-01")
    batch = await api.plant.batch()
    sealed = tampered(station.says(CompleteBatch(batch_id=batch.id), api.plant.ana), "Ljubljana", "Zagreb")
    answer = await post(api, f"{BATCHES}/{batch.id}/complete", await api.sign_in(api.plant.ana), sealed)
    assert refused(answer, Reason.BAD_SEAL, 401)


async def test_a_sealed_command_before_its_turn_waits(api: TestApi) -> None:
    station = await api.plant.station("PRESS-01")
    batch = await api.plant.batch()
    station.says(confirmed(batch.id), api.plant.ana)  # sealed, and never sent
    sealed = station.says(CompleteBatch(batch_id=batch.id), api.plant.ana)
    answer = await post(api, f"{BATCHES}/{batch.id}/complete", await api.sign_in(api.plant.ana), sealed)
    assert refused(answer, Reason.PRECONDITION_MISSING, 428)


# --- the file of a batch ----------------------------------------------------------------------------------------------


async def test_the_record_holds_everything_that_is_written_about_a_batch(api: TestApi) -> None:
    station = await api.plant.station("PRESS-01")
    batch = await executed(api, station)
    answer = await api.client.get(f"{BATCHES}/{batch.id}/record", headers=await api.sign_in(api.plant.rosa))
    file = answer.json()
    assert file["batch"]["number"] == batch.number
    assert file["master"]["id"] == str(api.plant.master_id)
    assert [each["key"] for each in file["stages"]] == ["dispensing", "pressing"]
    assert len(file["steps"]) == 5
    assert set(file) == {
        *("batch", "master", "stages", "steps", "exceptions", "deviations", "clearances", "series")
    }


async def test_the_history_is_walked_by_its_cursor(api: TestApi) -> None:
    batch = await api.plant.batch()
    headers = await api.sign_in(api.plant.rosa)
    path = f"{BATCHES}/{batch.id}/history"
    first = (await api.client.get(path, params={"limit": 3}, headers=headers)).json()
    rest = (await api.client.get(path, params={"cursor": first["next_cursor"]}, headers=headers)).json()
    assert [each["event"] for each in first["items"] + rest["items"]] == [
        "batch.created",
        "batch.issued",
        "batch.started",
        "stage.started",
        "batch.stage_changed",
    ]
    assert rest["next_cursor"] is None
    assert all(len(each["hash"]) == 64 for each in rest["items"])


async def test_master_records_are_listed(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.ana)
    page = (await api.client.get("/api/v1/masters", params={"status": "Effective"}, headers=headers)).json()
    assert [(each["title"], each["version"]) for each in page["items"]] == [("Analgin 100 mg", 1)]
    drafts = (await api.client.get("/api/v1/masters", params={"status": "Draft"}, headers=headers)).json()
    assert drafts["items"] == []


# --- metrics ----------------------------------------------------------------------------------------------------------


def rows_of(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "at": (NOON + timedelta(seconds=each)).isoformat(),
            "values": [f"{each}.50", None if each % 2 else "1.412698315"],
        }
        for each in range(start, start + count)
    ]


def chunk(count: int, position: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "stage_key": "pressing",
        "name": "press",
        "channels": [{"name": "speed", "unit": "1/min"}, {"name": "force", "unit": "kN"}],
        "position": position,
        "rows": rows_of(count, position),
        "zone_known": False,
        "source": "press.csv",
        **more,
    }


def lines_of(answer: httpx.Response) -> list[Any]:
    assert answer.headers["content-type"].startswith(POINTS_TYPE), answer.text
    lines = answer.text.splitlines()
    assert lines[-1] == "end"
    return [json.loads(line, parse_float=Decimal) for line in lines[:-1]]


async def test_a_series_comes_back_digit_for_digit(api: TestApi) -> None:
    batch = await api.plant.batch()
    path = f"{BATCHES}/{batch.id}/metrics"
    headers = await api.sign_in(api.plant.ana)
    first = await api.client.post(path, json=chunk(3), headers=headers)
    assert first.status_code == 201, first.text
    second = await api.client.post(path, json=chunk(2, 3), headers=headers)
    assert (second.json()["rows"], len(second.json()["chunks"])) == (5, 2)
    series, *points = lines_of(await api.client.get(path, headers=headers))
    assert (series["name"], series["rows"]) == ("press", 5)
    start = micros_of(NOON)
    assert points[0] == [start, Decimal("0.50"), Decimal("1.412698315")]
    assert points[3] == [start + 3_000_000, Decimal("3.50"), None]
    assert len(points) == 5
    raw = (await api.client.get(path, headers=headers)).text
    assert f"[{start},0.50,1.412698315]" in raw


async def test_the_journal_holds_the_digest_of_what_is_stored(api: TestApi) -> None:
    batch = await api.plant.batch()
    headers = await api.sign_in(api.plant.ana)
    answer = await api.client.post(f"{BATCHES}/{batch.id}/metrics", json=chunk(3), headers=headers)
    rows = [
        Row(
            at=datetime.fromisoformat(each["at"]),
            values=tuple(Decimal(value) if value else None for value in each["values"]),
        )
        for each in rows_of(3)
    ]
    assert answer.json()["chunks"][0]["digest"] == chunk_of(0, rows).digest


async def test_only_the_asked_stages_series_are_read(api: TestApi) -> None:
    batch = await api.plant.batch()
    path = f"{BATCHES}/{batch.id}/metrics"
    headers = await api.sign_in(api.plant.ana)
    await api.client.post(path, json=chunk(2), headers=headers)
    assert len(lines_of(await api.client.get(path, params={"stage": "pressing"}, headers=headers))) == 3
    assert lines_of(await api.client.get(path, params={"stage": "dispensing"}, headers=headers)) == []


async def test_a_thinned_out_series_keeps_every_spike(api: TestApi) -> None:
    batch = await api.plant.batch()
    path = f"{BATCHES}/{batch.id}/metrics"
    headers = await api.sign_in(api.plant.ana)
    body = chunk(1_000)
    body["rows"][333]["values"] = ["99999", "-5"]
    body["rows"][777]["values"] = ["-99999", None]
    await api.client.post(path, json=body, headers=headers)
    _, *points = lines_of(await api.client.get(path, params={"points": 20}, headers=headers))
    assert len(points) <= 20 * 2 * 2
    speeds = [each[1] for each in points]
    assert (max(speeds), min(speeds)) == (Decimal(99999), Decimal(-99999))
    assert Decimal(-5) in [each[2] for each in points]
    assert points == sorted(points, key=lambda each: each[0])
    _, *every = lines_of(await api.client.get(path, params={"points": 1_000}, headers=headers))
    assert len(every) == 1_000


@pytest.mark.parametrize(
    ("changed", "reason", "status"),
    [
        ({"rows": []}, Reason.WRONG_VALUE, 422),
        ({"position": -1}, Reason.WRONG_VALUE, 422),
        ({"position": 4}, Reason.CHANGED_SINCE_SHOWN, 409),
        ({"channels": [{"name": "speed", "unit": ""}]}, Reason.WRONG_VALUE, 422),
        ({"channels": [{"name": "a", "unit": ""}, {"name": "a", "unit": ""}]}, Reason.WRONG_VALUE, 422),
        ({"rows": [{"at": "2026-11-22T12:00:00", "values": ["1", "2"]}]}, Reason.WRONG_VALUE, 422),
        ({"rows": [{"at": NOON.isoformat(), "values": ["1", "wet"]}]}, Reason.MALFORMED, 422),
    ],
    ids=[
        *("no rows", "before the start", "a hole", "too few channels", "one name twice"),
        *("no zone", "no number"),
    ],
)
async def test_a_chunk_that_does_not_fit_stores_nothing(
    api: TestApi, changed: dict[str, Any], reason: Reason, status: int
) -> None:
    batch = await api.plant.batch()
    path = f"{BATCHES}/{batch.id}/metrics"
    headers = await api.sign_in(api.plant.ana)
    assert refused(await api.client.post(path, json=chunk(2, **changed), headers=headers), reason, status)
    assert lines_of(await api.client.get(path, headers=headers)) == []
    assert (await api.plant.ask("SELECT count(*) FROM production.batch_metrics"))[0][0] == 0


async def test_the_same_chunk_twice_is_refused_and_stored_once(api: TestApi) -> None:
    batch = await api.plant.batch()
    path = f"{BATCHES}/{batch.id}/metrics"
    headers = await api.sign_in(api.plant.ana)
    assert (await api.client.post(path, json=chunk(2), headers=headers)).status_code == 201
    assert refused(await api.client.post(path, json=chunk(2), headers=headers), Reason.ALREADY_EXISTS, 409)
    assert (await api.plant.ask("SELECT count(*) FROM production.batch_metrics"))[0][0] == 4
