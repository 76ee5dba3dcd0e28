"""Lists, files and searches: from the file, with pending commands folded in, right at any size."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from app.client.ports import BatchQuery, BatchRow, BatchSort, DeviationQuery
from app.domain.batch import Batch, BatchStatus, Origin
from app.domain.deviation import Deviation, DeviationStatus
from app.domain.exception import ReviewException
from app.domain.identity import BatchId
from app.domain.master_record import MasterRecord
from app.domain.review import manifest_of
from app.domain.stage import Stage
from app.domain.step import Step, is_settled
from app.domain.transcription import Dataset
from offline import reading
from tests.support.desk import sample_desk
from tests.support.lone_station import LoneStation, accepted
from tests.support.sample_plant import ANA, PETRA, PLANT


def native(station: LoneStation) -> list[Batch]:
    return [each for each in station.world.facts.every(Batch) if each.origin is not Origin.TRANSCRIBED]


async def test_the_list_counts_what_the_records_say(station: LoneStation) -> None:
    page = await station.reading.batches(BatchQuery(limit=500))

    assert page.total == len(native(station)) == len(page.rows)
    facts = station.world.facts
    for row in page.rows:
        steps = facts.every(Step, batch_id=row.id)
        assert row.steps_done == sum(is_settled(each) for each in steps)
        unsettled = [each for each in facts.every(ReviewException, batch_id=row.id) if each.unsettled]
        assert row.exceptions_open == len(unsettled)
        batch = facts.one(Batch, row.id)
        assert batch is not None
        master = facts.one(MasterRecord, batch.master_id)
        assert master is not None
        assert (row.number, row.status, row.steps_total) == (batch.number, batch.status, master.step_count)
        assert row.pending == 0
    assert page.counts == {
        status: sum(each.status is status for each in native(station)) for status in page.counts
    }


async def test_pending_entries_are_counted_at_once_and_once(station: LoneStation) -> None:
    before = await _row(station)
    saved = [await station.save(each) for each in station.bench.commands[:4]]
    after = await _row(station)
    steps = (await station.file(station.bench.batch_id)).facts.every(Step)
    settled = sum(is_settled(each) for each in steps)
    assert before.steps_done < settled < len(steps), "one of the four still waits for its verifier"
    assert (after.steps_done, after.pending) == (settled, 4)

    head = station.journals[PLANT].head_seq
    await station.answered(*(accepted(each, head) for each in saved))
    assert (await _row(station)).pending == 0


async def _row(station: LoneStation) -> BatchRow:
    page = await station.reading.batches(BatchQuery(limit=500))
    return next(each for each in page.rows if each.id == station.bench.batch_id)


@pytest.mark.parametrize("sort", list(BatchSort))
@pytest.mark.parametrize("descending", [True, False])
async def test_every_sort_turns_around_and_pages_meet_without_a_gap(
    station: LoneStation, sort: BatchSort, descending: bool
) -> None:
    query = BatchQuery(sort=sort, descending=descending, limit=500)
    whole = [each.id for each in (await station.reading.batches(query)).rows]
    other = await station.reading.batches(replace(query, descending=not descending))
    assert whole == [each.id for each in other.rows][::-1]
    parts: list[UUID] = []
    for offset in range(0, len(whole), 5):
        page = await station.reading.batches(replace(query, offset=offset, limit=5))
        parts.extend(each.id for each in page.rows)
    assert parts == whole


@pytest.mark.parametrize("broad", [1, 10_000], ids=["from memory", "from the file"])
async def test_a_search_finds_numbers_products_lots_and_comments_by_their_beginnings(
    station: LoneStation, monkeypatch: pytest.MonkeyPatch, broad: int
) -> None:
    monkeypatch.setattr(reading, "BROAD", broad)
    batch = station.world.batch("B-2026-0147")
    for text in ("B-2026-0147", "b2026014", "0147 amlo", batch.product_name[:6], ""):
        page = await station.reading.batches(BatchQuery(text=text, limit=500))
        assert batch.number in {each.number for each in page.rows}, text
        assert page.total == len(page.rows) == sum(page.counts.values())
    lots = {each.lot for each in batch.materials}
    for lot in lots:
        found = await station.reading.batches(BatchQuery(text=lot, limit=500))
        assert batch.number in {each.number for each in found.rows}
    commented = await station.reading.batches(BatchQuery(text="hopper fill"))
    assert len(commented.rows) == 1
    for nothing in ("zzz", "0147 zzz", "%", "'\"*"):
        assert (await station.reading.batches(BatchQuery(text=nothing))).total == 0
    chosen = BatchQuery(text="B-2026", statuses=frozenset({BatchStatus.RELEASED}), line=batch.line)
    page = await station.reading.batches(chosen)
    wanted = [e for e in native(station) if e.status is BatchStatus.RELEASED and e.line == batch.line]
    assert page.total == len(wanted) == len(page.rows)
    assert page.counts.keys() >= {BatchStatus.RELEASED}


async def test_mine_are_the_batches_a_person_planned_or_worked_on(station: LoneStation) -> None:
    for person in (ANA, PETRA):
        page = await station.reading.batches(BatchQuery(mine=person.user_id, limit=500))
        facts = station.world.facts
        wanted = {
            each.id
            for each in native(station)
            if each.created_by == person.user_id
            or any(stage.officer_id == person.user_id for stage in facts.every(Stage, batch_id=each.id))
            or any(
                entry.author_id == person.user_id
                for step in facts.every(Step, batch_id=each.id)
                for entry in step.entries
            )
        }
        assert {each.id for each in page.rows} == wanted


async def test_transcribed_batches_show_when_asked_and_only_after_their_import_was_completed(
    station: LoneStation,
) -> None:
    done = station.world.facts.every(Dataset)
    assert done
    shown = await station.reading.batches(BatchQuery(transcribed=True))
    assert shown.total == len(station.world.facts.every(Batch)) - len(native(station)) > 0
    template = station.world.facts.one(Batch, shown.rows[0].id)
    assert template is not None
    late = replace(template, id=BatchId(station.time.new_id()), number="LEK-9999")
    station.journals[PLANT].append(late)
    await station.pull()
    assert (await station.reading.batches(BatchQuery(transcribed=True))).total == shown.total

    station.journals[PLANT].append(replace(done[0], id=station.time.new_id(), name="second"))
    await station.pull()
    assert (await station.reading.batches(BatchQuery(transcribed=True))).total == shown.total + 1


async def test_a_file_is_the_whole_record(station: LoneStation) -> None:
    for batch in native(station):
        file = await station.file(batch.id)
        assert file.batch == batch
        assert manifest_of(file.facts, batch) == manifest_of(station.world.facts, batch)
        assert file.people[ANA.user_id].name == ANA.name
    assert await station.reading.batch(BatchId(UUID(int=1))) is None


async def test_deviations_by_status_and_word(station: LoneStation) -> None:
    everything = station.world.facts.every(Deviation)
    page = await station.reading.deviations(DeviationQuery())
    assert page.total == len(everything)
    assert [each.noticed_at for each in page.rows] == sorted(
        (each.noticed_at for each in everything), reverse=True
    )
    for status in DeviationStatus:
        found = await station.reading.deviations(DeviationQuery(statuses=frozenset({status})))
        assert found.total == sum(each.status is status for each in everything) == len(found.rows)
    one = everything[0]
    assert one.id in {
        each.id for each in (await station.reading.deviations(DeviationQuery(text=one.number))).rows
    }
    assert (await station.reading.deviations(DeviationQuery(text="?"))).total == 0
    assert (await station.reading.deviations(DeviationQuery(batch_id=one.batch_id))).total >= 1


async def test_the_palette_finds_batches_deviations_and_steps(station: LoneStation) -> None:
    deviation = station.world.facts.every(Deviation)[0]
    found = await station.reading.find("B-2026-0147")
    assert (found[0].kind, found[0].title) == ("batch", "B-2026-0147")
    assert deviation.id in {each.id for each in await station.reading.find(deviation.title.split()[0])}
    assert {each.kind for each in await station.reading.find("hardness")} >= {"step"}
    assert await station.reading.find("?") == ()
    assert len(await station.reading.find("b", limit=3)) == 3


async def test_masters_products_and_lines_are_those_of_the_fake_desk(station: LoneStation) -> None:
    fake = sample_desk()
    assert {e.id for e in await station.reading.masters()} == {e.id for e in await fake.records.masters()}
    assert await station.reading.products() == await fake.records.products()
    assert await station.reading.lines() == await fake.records.lines()


async def test_a_change_of_line_moves_a_batch_in_search_and_filter(station: LoneStation) -> None:
    batch = native(station)[0]
    moved = replace(
        batch, line="Line quux", created_at=batch.created_at + timedelta(days=1), revision=batch.revision + 1
    )
    station.journals[PLANT].append(moved)
    await station.pull()
    for query in (BatchQuery(line="Line quux"), BatchQuery(text="LINE QUU")):
        assert [each.id for each in (await station.reading.batches(query)).rows] == [batch.id]
