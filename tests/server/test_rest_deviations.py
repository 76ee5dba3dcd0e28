"""Deviations over the REST API: raised, listed, amended, investigated and closed; one test for each no."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.domain.decision import Reason
from app.domain.deviation import (
    ClassifyDeviation,
    CloseDeviation,
    Deviation,
    DeviationClass,
    InvestigateDeviation,
    Investigation,
)
from app.domain.identity import DeviationId
from app.wire.codec import dump, load
from tests.support.api import TestApi, refused
from tests.support.plant import NOON

DEVIATIONS = "/api/v1/deviations"
FOUND = Investigation(
    root_cause="Seal of the hopper was worn",
    method="5 whys",
    evidence="Photo 4",
    impact="One drum of 80",
    other_batches="None: the seal was changed on the 3rd",
    correction="Seal replaced",
)


def report(**more: Any) -> dict[str, Any]:
    return {
        "title": "Powder on the floor",
        "description": "About 200 g beside drum 7.",
        "immediate_action": "Line stopped, area cleaned.",
        "occurred_at": NOON.isoformat(),
        "noticed_at": NOON.isoformat(),
        **more,
    }


async def raised(api: TestApi, headers: dict[str, str], **more: Any) -> Deviation:
    answer = await api.client.post(DEVIATIONS, json=report(**more), headers=headers)
    assert answer.status_code == 201, answer.text
    return load(Deviation, answer.content)


async def post(api: TestApi, path: str, headers: dict[str, str], body: object) -> httpx.Response:
    return await api.client.post(
        path, content=dump(body), headers={**headers, "Content-Type": "application/json"}
    )


async def test_a_deviation_raised_over_rest_gets_the_plants_next_number(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.ana)
    batch = await api.plant.batch()
    answer = await api.client.post(
        DEVIATIONS, json=report(batch_id=str(batch.id), stage_key="dispensing"), headers=headers
    )
    assert answer.status_code == 201, answer.text
    deviation = load(Deviation, answer.content)
    assert (deviation.number, deviation.status, deviation.batch_number) == (
        "DEV-2026-0001",
        "Reported",
        batch.number,
    )
    assert deviation.reporter_name == "Ana Kovač"
    assert (answer.headers["etag"], answer.headers["location"]) == ('"1"', f"{DEVIATIONS}/{deviation.id}")
    again = await api.client.get(answer.headers["location"], headers=headers)
    assert again.json() == answer.json()
    file = await api.client.get(f"/api/v1/batches/{batch.id}/record", headers=headers)
    assert [each["number"] for each in file.json()["deviations"]] == ["DEV-2026-0001"]


async def test_the_same_report_with_the_same_key_raises_one_deviation(api: TestApi) -> None:
    headers = {**await api.sign_in(api.plant.ana), "Idempotency-Key": str(UUID(int=78))}
    first = await api.client.post(DEVIATIONS, json=report(), headers=headers)
    second = await api.client.post(DEVIATIONS, json=report(), headers=headers)
    assert (second.status_code, second.json()) == (201, first.json())
    assert (await api.plant.ask("SELECT count(*) FROM quality.deviations"))[0][0] == 1


@pytest.mark.parametrize(
    ("changed", "reason", "status"),
    [
        ({"title": " "}, Reason.FIELD_MISSING, 422),
        ({"description": ""}, Reason.FIELD_MISSING, 422),
        ({"noticed_at": "2026-03-02T12:00:00"}, Reason.WRONG_VALUE, 422),
        ({"batch_id": str(UUID(int=7))}, Reason.NOT_FOUND, 404),
        ({"occurred_at": "yesterday"}, Reason.MALFORMED, 422),
        ({"classification": "Minor"}, Reason.MALFORMED, 422),
    ],
    ids=["no title", "no description", "a time of no zone", "no such batch", "no time", "a field too many"],
)
async def test_a_report_that_cannot_be_is_refused(
    api: TestApi, changed: dict[str, Any], reason: Reason, status: int
) -> None:
    headers = await api.sign_in(api.plant.ana)
    answer = await api.client.post(DEVIATIONS, json=report(**changed), headers=headers)
    assert refused(answer, reason, status)
    assert (await api.plant.ask("SELECT count(*) FROM quality.deviations"))[0][0] == 0


async def test_a_deviation_of_nowhere_and_of_another_plant_is_not_found(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.ana)
    deviation = await raised(api, headers)
    await api.plant.ask(
        "UPDATE quality.deviations SET plant_id = 'elsewhere' WHERE id = $1 RETURNING id", deviation.id
    )
    for key in (UUID(int=7), deviation.id):
        assert refused(await api.client.get(f"{DEVIATIONS}/{key}", headers=headers), Reason.NOT_FOUND, 404)
    assert (await api.client.get(DEVIATIONS, headers=headers)).json()["items"] == []


async def test_deviations_are_listed_filtered_and_walked(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.ana)
    batch = await api.plant.batch()
    for number in range(5):
        await raised(api, headers, title=f"Drum {number}", batch_id=str(batch.id) if number < 2 else None)
    classify = ClassifyDeviation(
        deviation_id=DeviationId(
            UUID(str((await api.client.get(DEVIATIONS, headers=headers)).json()["items"][0]["id"]))
        ),
        classification=DeviationClass.MAJOR,
        reason="Product contact",
    )
    await api.plant.act(classify, api.plant.quentin)

    async def found(**asked: Any) -> list[str]:
        answer = await api.client.get(DEVIATIONS, params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        return [each["title"] for each in answer.json()["items"]]

    assert len(await found(batch_id=str(batch.id))) == 2
    assert len(await found(status="Reported")) == 4
    assert len(await found(classification="Major")) == 1
    assert await found(text="drum 3") == ["Drum 3"]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await api.client.get(DEVIATIONS, params=asked, headers=headers)).json()
        seen += [each["title"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert sorted(seen) == [f"Drum {number}" for number in range(5)]


# --- amending ---------------------------------------------------------------------------------------------------------


def amendment(**more: Any) -> dict[str, Any]:
    return {
        "title": "Powder beside drum 7",
        "description": "218 g by the scale.",
        "immediate_action": "Line stopped.",
        "reason": "weighed since",
        **more,
    }


async def test_a_report_is_completed_until_it_is_classified(api: TestApi) -> None:
    headers = await api.sign_in(api.plant.ana)
    deviation = await raised(api, headers)
    path = f"{DEVIATIONS}/{deviation.id}"
    answer = await api.client.put(path, json=amendment(), headers={**headers, "If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"'), answer.text
    assert answer.json()["description"] == "218 g by the scale."
    stale = await api.client.put(path, json=amendment(), headers={**headers, "If-Match": '"1"'})
    assert refused(stale, Reason.STALE_VERSION, 409)
    silent = await api.client.put(path, json=amendment(reason=""), headers={**headers, "If-Match": '"2"'})
    assert refused(silent, Reason.REASON_MISSING, 422)
    untold = await api.client.put(path, json=amendment(), headers=headers)
    assert refused(untold, Reason.PRECONDITION_MISSING, 428)
    classify = ClassifyDeviation(
        deviation_id=deviation.id, classification=DeviationClass.MINOR, reason="No product contact"
    )
    await api.plant.act(classify, api.plant.quentin)
    late = await api.client.put(path, json=amendment(), headers={**headers, "If-Match": '"3"'})
    assert refused(late, Reason.WRONG_STATUS, 409)


# --- signatures -------------------------------------------------------------------------------------------------------


async def classified(api: TestApi) -> Deviation:
    deviation = await raised(api, await api.sign_in(api.plant.ana))
    classify = ClassifyDeviation(
        deviation_id=deviation.id, classification=DeviationClass.MAJOR, reason="Product contact"
    )
    await api.plant.act(classify, api.plant.quentin)
    return deviation


async def test_investigating_and_closing_take_sealed_commands(api: TestApi) -> None:
    station = await api.plant.station("QA-01")
    deviation = await classified(api)
    path = f"{DEVIATIONS}/{deviation.id}"
    investigate = InvestigateDeviation(deviation_id=deviation.id, investigation=FOUND)
    sealed = station.says(investigate, api.plant.petra)
    answer = await post(api, f"{path}/investigate", await api.sign_in(api.plant.petra), sealed)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["investigation"]["method"]) == ("Investigated", "5 whys")
    close = CloseDeviation(
        deviation_id=deviation.id,
        base_revision=answer.json()["revision"],
        capa_required=False,
        conclusion="One drum rejected; the batch is not affected.",
    )
    sealed = station.says(close, api.plant.quentin)
    closed = await post(api, f"{path}/close", await api.sign_in(api.plant.quentin), sealed)
    assert closed.status_code == 200, closed.text
    assert closed.json()["status"] == "Closed"
    meanings = [(each["meaning"], each["printed_name"]) for each in closed.json()["signatures"]]
    assert meanings == [
        ("Classified", "Quentin Reed"),
        ("Investigated", "Petra Novak"),
        ("Closed", "Quentin Reed"),
    ]


@pytest.mark.req("R17")
@pytest.mark.parametrize("verb", ["investigate", "close"])
async def test_a_signature_without_a_seal_is_refused(api: TestApi, verb: str) -> None:
    deviation = await classified(api)
    headers = await api.sign_in(api.plant.quentin)
    plain = {"conclusion": "fine", "capa_required": False}
    answer = await api.client.post(f"{DEVIATIONS}/{deviation.id}/{verb}", json=plain, headers=headers)
    assert refused(answer, Reason.MALFORMED, 422)


async def test_a_seal_over_another_verb_or_deviation_is_refused(api: TestApi) -> None:
    station = await api.plant.station("QA-01")
    deviation, other = await classified(api), await classified(api)
    headers = await api.sign_in(api.plant.quentin)
    for command, verb in (
        (InvestigateDeviation(deviation_id=other.id, investigation=FOUND), "investigate"),
        (InvestigateDeviation(deviation_id=deviation.id, investigation=FOUND), "close"),
    ):
        sealed = station.says(command, api.plant.quentin)
        answer = await post(api, f"{DEVIATIONS}/{deviation.id}/{verb}", headers, sealed)
        assert refused(answer, Reason.MALFORMED, 422)


async def test_a_seal_of_somebody_else_is_refused(api: TestApi) -> None:
    station = await api.plant.station("QA-01")
    deviation = await classified(api)
    investigate = InvestigateDeviation(deviation_id=deviation.id, investigation=FOUND)
    sealed = station.says(investigate, api.plant.petra)
    headers = await api.sign_in(api.plant.quentin)
    answer = await post(api, f"{DEVIATIONS}/{deviation.id}/investigate", headers, sealed)
    assert refused(answer, Reason.BAD_SEAL, 401)


async def test_what_the_rules_refuse_is_refused_with_its_reason(api: TestApi) -> None:
    station = await api.plant.station("QA-01")
    deviation = await raised(api, await api.sign_in(api.plant.ana))
    investigate = InvestigateDeviation(deviation_id=deviation.id, investigation=FOUND)
    sealed = station.says(investigate, api.plant.petra)
    headers = await api.sign_in(api.plant.petra)
    answer = await post(api, f"{DEVIATIONS}/{deviation.id}/investigate", headers, sealed)
    assert refused(answer, Reason.WRONG_STATUS, 409)
    assert answer.json()["about"] == ["Reported", "investigate"]
