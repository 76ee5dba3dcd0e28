"""PDF and evidence bundle as the API hands them out, read from a real database."""

import io
import zipfile
from decimal import Decimal
from uuid import UUID

import pytest
from pypdf import PdfReader

from app.domain.decision import Reason
from app.domain.entry import CorrectEntry
from app.domain.identity import BatchId, EntryId, step_id, uuid7
from app.domain.quantity import Quantity
from app.domain.step import Step
from app.domain.transcription import CompleteImport, ImportBatch, TranscribedEntry
from app.server.production.evidence import evidence_of, read_case
from app.server.production.print_sheet import Printing
from app.wire import bundle
from app.wire.checkpoint import EVERY, fingerprint
from app.wire.verify_bundle import Report, verify_bundle
from tests.support.api import TestApi, refused
from tests.support.plant import TestPlant, tampered, weight
from tests.support.whole_life import released_batch


def sentences(report: Report) -> str:
    return "\n".join(f"{each.place}: {each.what}" for each in report.flaws)


async def bundled(plant: TestPlant, batch_id: BatchId) -> bytes:
    printing = Printing(at=plant.ticking.now, by="Rosa Marin")
    return await evidence_of(plant.database, plant.desk, plant.key, plant.id, batch_id, printing)


@pytest.mark.req("R2")
async def test_the_evidence_of_a_released_batch_is_whole_and_anchored_by_the_servers_key(
    plant: TestPlant,
) -> None:
    life = await released_batch(plant)
    other = await plant.batch()  # rows of another batch lie between and behind
    report = verify_bundle(await bundled(plant, life.id), trust=fingerprint(plant.key.public_key))
    assert sentences(report) == ""
    assert report.anchored
    counts = {each.what: each.count for each in report.checked}
    async with plant.database.transaction(snapshot=True) as tx:
        case = await read_case(tx, plant.desk, plant.id, life.id)
    assert counts["entries"] == 6
    assert counts["rows of the batch"] == len(case.trail)
    assert other.id not in {each.id for each in case.records}


async def test_other_batches_travel_as_hashes_only(plant: TestPlant) -> None:
    other = await plant.batch(number="SECRET-0001")
    life = await released_batch(plant)
    with zipfile.ZipFile(io.BytesIO(await bundled(plant, life.id))) as archive:
        everything = b"".join(archive.read(each) for each in archive.namelist() if each != bundle.PDF)
    assert b"SECRET-0001" not in everything
    assert str(other.id).encode() not in everything


async def test_a_refused_command_is_evidence_too(plant: TestPlant) -> None:
    station = await plant.station("PRESS-01")
    batch = await plant.batch()
    sealed = station.says(weight(batch.id, "10.00"), plant.ana)
    await station.push(tampered(sealed, "10.00", "10.05"))
    data = await bundled(plant, batch.id)
    report = verify_bundle(data)
    assert sentences(report) == ""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b'"settled":"refused","reason":"bad_seal"' in archive.read(bundle.COMMANDS)


async def test_a_bundle_takes_only_the_segments_its_rows_lie_in(plant: TestPlant) -> None:
    life = await released_batch(plant)
    filler = [
        f'{{"entity_type":"filler","event_type":"filler","entity_id":"{life.id}","action":"note",'
        f'"timestamp":"2026-11-22T12:00:00Z","nonce":"{at}"}}\t{{}}'.encode()
        for at in range(2 * EVERY)
    ]
    async with plant.database.transaction() as tx:
        await plant.journal.append(tx, plant.id, filler)
    late = await released_batch(plant)
    report = verify_bundle(await bundled(plant, late.id))
    assert sentences(report) == ""
    data = await bundled(plant, life.id)
    assert sentences(verify_bundle(data)) == ""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        feeds = [each for each in archive.namelist() if each.startswith(f"journal/{plant.id}/")]
        assert len(feeds) == 1
        assert archive.read(feeds[0]).count(b"\n") == EVERY


async def test_the_api_hands_out_the_pdf_to_who_may_read_the_batch(api: TestApi) -> None:
    life = await released_batch(api.plant, comment="漢字 🧪 \u202e and 30 °C")
    headers = await api.sign_in(api.plant.quentin)
    answer = await api.client.get(f"/api/v1/batches/{life.id}/pdf?copy=2", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    told = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    for each in ("Quentin Reed", "9.10", "9.85", "[U+6F22]", "copy 2", "Weight below limit"):
        assert each in told


async def test_the_api_hands_out_evidence_that_verifies(api: TestApi) -> None:
    life = await released_batch(api.plant)
    headers = await api.sign_in(api.plant.rosa)
    answer = await api.client.get(f"/api/v1/batches/{life.id}/evidence", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert sentences(verify_bundle(answer.content)) == ""


@pytest.mark.parametrize("document", ["pdf", "evidence"])
async def test_a_batch_that_the_plant_does_not_have_has_no_documents(api: TestApi, document: str) -> None:
    headers = await api.sign_in(api.plant.quentin)
    nowhere = uuid7(1_700_000_000_000, bytes(10))
    answer = await api.client.get(f"/api/v1/batches/{nowhere}/{document}", headers=headers)
    assert refused(answer, Reason.NOT_FOUND, 404)
    assert refused(await api.client.get(f"/api/v1/batches/{nowhere}/{document}"), Reason.SIGNED_OUT, 401)


async def test_a_transcribed_batch_is_proved_by_its_import(plant: TestPlant) -> None:
    station = await plant.station("PRESS-01")
    batch_id = BatchId(plant.ticking.new_id())
    imported = ImportBatch(
        batch_id=batch_id,
        dataset="archive",
        number="OLD-0017",
        master_id=plant.master_id,
        quantity=Quantity(value=Decimal(240_000), unit="tablets"),
        line="",
        started_on="2018-11",
        materials=(),
        entries=tuple(
            TranscribedEntry(stage_key="dispensing", step_key=key, value=value, source=f"old.csv:17:{key}")
            for key, value in (("weight", "9.20"), ("lot", "L-3"))
        ),
        findings=(),
        source="old.csv:17",
    )
    done = CompleteImport(
        dataset="archive", citation="Some Journal 9:99", batches=1, entries=2, exceptions=1, series_rows=0
    )
    await plant.act(imported, plant.petra)
    await plant.act(done, plant.petra)
    corrected = CorrectEntry(
        batch_id=batch_id,
        stage_key="dispensing",
        step_key="lot",
        corrects=EntryId(derived_entry(await plant.record("step", step_id(batch_id, "dispensing", "lot")))),
        value="L-8",
        reason="Typed wrong.",
    )
    await station.does(corrected, plant.petra)
    report = verify_bundle(await bundled(plant, batch_id))
    assert sentences(report) == ""
    assert {each.what: each.count for each in report.checked}["entries"] == 3


def derived_entry(step: object) -> UUID:
    assert isinstance(step, Step)
    return step.entries[0].id


async def test_a_batch_with_nothing_done_has_both_documents(plant: TestPlant) -> None:
    batch = await plant.batch(started=False)
    assert sentences(verify_bundle(await bundled(plant, batch.id))) == ""
