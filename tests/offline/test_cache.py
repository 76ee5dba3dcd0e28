"""The feed and the copy: checked link by link, kept whole or not at all, and overlays that go when their effect comes."""

from dataclasses import replace

import pytest

from app.client.ports import DeviationQuery, Mark, WitnessState
from app.domain.batch import Batch
from app.domain.deviation import Deviation
from app.domain.identity import EntryId, step_id
from app.domain.plant import Person
from app.domain.step import Step
from app.wire.journal import JournalMeta
from app.wire.sync import Outcome, Settled
from offline.cache import Broken, NotAFeed, ReadPage, read_page
from offline.record_rows import row_of
from tests.support.lone_station import LoneStation, accepted
from tests.support.paper_journal import PaperJournal, meta_of
from tests.support.sample_plant import ANA, PLANT


def _changed(station: LoneStation, name: str) -> Batch:
    """A batch whose line the server changed."""
    batch = station.world.facts.every(Batch)[0]
    return replace(batch, line=name, revision=batch.revision + 1)


async def test_a_page_brings_records_cursor_and_witness_together(station: LoneStation) -> None:
    changed = _changed(station, "Line 9")
    seq = station.journals[PLANT].append(changed)
    tick = station.changes.changed.value.tick

    await station.pull()

    cursor = await station.cursor(PLANT)
    assert (cursor.seq, cursor.hash) == (seq, station.journals[PLANT].hashes[seq].hex())
    assert (seq, cursor.hash) in await station.cache.witnesses(PLANT)
    assert (await station.file(changed.id)).batch == changed
    assert station.changes.changed.value.tick > tick
    assert changed.id in station.changes.changed.value.batches
    assert await station.cache.witness_state() == (WitnessState.WHOLE, "")


async def test_the_same_page_twice_changes_nothing(station: LoneStation) -> None:
    changed = _changed(station, "Line 9")
    station.journals[PLANT].append(changed)
    page = await station.page(station.journals[PLANT])
    await station.cache.take_page(page)
    later = replace(changed, line="Line 10", revision=changed.revision + 1)
    station.journals[PLANT].append(later)
    await station.pull()

    await station.cache.take_page(replace(page, cursor=await station.cursor(PLANT)))

    assert (await station.file(changed.id)).batch.line == "Line 10"


async def test_rows_that_are_withheld_still_close_the_chain(station: LoneStation) -> None:
    paper = station.journals[PLANT]
    cursor = await station.cursor(PLANT)
    secret = _changed(station, "unseen")
    seq = paper.append(secret)
    paper.append(_changed(station, "Line 9"))

    read = read_page(cursor, paper.head(cursor.seq), paper.lines(cursor.seq, 10, hidden=frozenset({seq})))

    assert isinstance(read, ReadPage)
    assert len(read.rows) == 1
    assert read.cursor.hash == paper.hashes[-1].hex()


@pytest.mark.parametrize("damage", ["byte", "swap", "missing", "head"])
async def test_a_chain_that_does_not_close_is_told_with_its_first_row(
    station: LoneStation, damage: str
) -> None:
    paper = station.journals[PLANT]
    cursor = await station.cursor(PLANT)
    for line in ("A", "B", "C"):
        paper.append(_changed(station, line))
    lines = list(paper.lines(cursor.seq, 10))
    head = paper.head(cursor.seq)
    match damage:
        case "byte":
            lines[1] = lines[1].replace(b'"line":"B"', b'"line":"X"')
        case "swap":
            lines[1], lines[2] = lines[2], lines[1]
        case "missing":
            del lines[1]
        case _:
            head = replace(head, hash="0" * 64)

    read = read_page(cursor, head, lines)

    assert isinstance(read, Broken)
    assert read.seq == cursor.seq + (3 if damage == "head" else 2)


async def test_another_past_behind_the_cursor_is_told(station: LoneStation) -> None:
    paper = PaperJournal(PLANT)
    for row in station.journals[PLANT].rows[:-1]:
        meta, body = row.split(b"\t", 1)
        del meta
        paper.append_row(meta_of("batch", ANA.user_id, 0), body)
    cursor = await station.cursor(PLANT)

    behind = read_page(cursor, paper.head(cursor.seq), ())
    assert isinstance(behind, Broken)
    assert behind.seq == paper.head_seq + 1

    other_epoch = replace(station.journals[PLANT].head(cursor.seq), epoch=ANA.user_id)
    assert isinstance(read_page(cursor, other_epoch, ()), Broken)


async def test_an_answer_that_is_cut_off_is_no_page(station: LoneStation) -> None:
    cursor = await station.cursor(PLANT)
    paper = station.journals[PLANT]
    paper.append(_changed(station, "A"))
    line = paper.lines(cursor.seq, 1)[0]
    with pytest.raises(NotAFeed):
        read_page(cursor, paper.head(cursor.seq), [line[:40]])
    with pytest.raises(NotAFeed):
        read_page(cursor, paper.head(cursor.seq + 1), [line])


async def test_a_frozen_journal_is_told_until_people_have_looked(
    station: LoneStation, caplog: pytest.LogCaptureFixture
) -> None:
    await station.cache.freeze(Broken(journal=PLANT, seq=17, why="a row does not follow"))
    state, sentence = await station.cache.witness_state()
    assert state is WitnessState.BROKEN
    assert "17" in sentence
    assert "cache.chain_broken" in caplog.text
    await station.save(station.bench.commands[0])
    assert (await station.outbox.counts()).waiting == 1


async def test_rows_of_kinds_this_release_does_not_know_are_counted_and_left_out(
    station: LoneStation,
) -> None:
    paper = station.journals[PLANT]
    meta: JournalMeta = meta_of("sign-in", ANA.user_id, paper.head_seq)
    seq = paper.append_row(meta, b'{"outcome":"failed"}')
    page = await station.page(paper)
    assert page.rows == ()
    await station.cache.take_page(page)
    assert (await station.cursor(PLANT)).seq == seq


# --- overlays -----------------------------------------------------------------------------------------------------------


async def _effect_of(station: LoneStation, number: int) -> Step:
    """The step as the server will have it once it took the station's command."""
    command = station.bench.commands[number]
    file = await station.file(command.batch_id)
    step = file.facts.one(Step, step_id(command.batch_id, command.stage_key, command.step_key))
    assert step is not None
    entries = tuple(replace(each, received_at=station.time.now) for each in step.entries)
    return replace(step, entries=entries)


async def test_an_overlay_goes_in_the_page_that_brings_its_effect_and_not_before(
    station: LoneStation,
) -> None:
    saved = await station.save(station.bench.commands[0])
    effect = await _effect_of(station, 0)
    paper = station.journals[PLANT]
    other = paper.append(_changed(station, "Line 9"))
    seq = paper.append(effect, saved.id)
    await station.answered(accepted(saved, seq))

    await station.cache.take_page(await station.page(paper, 1))
    assert (await station.cursor(PLANT)).seq == other
    file = await station.file(station.bench.batch_id)
    assert file.marks == {saved.id: Mark.ACCEPTED}
    assert file.facts.one(Step, effect.id) is not None

    await station.pull()
    file = await station.file(station.bench.batch_id)
    assert file.marks == {}
    assert file.facts.one(Step, effect.id) == effect
    assert await _pending_rows(station) == 0


async def test_an_effect_that_comes_before_its_answer_takes_the_overlay_along(station: LoneStation) -> None:
    saved = await station.save(station.bench.commands[0])
    effect = await _effect_of(station, 0)
    seq = station.journals[PLANT].append(effect, saved.id)

    await station.pull()  # the answer to the push was lost
    file = await station.file(station.bench.batch_id)
    assert file.troubled == {}
    assert file.facts.one(Step, effect.id) == effect
    assert (await station.outbox.counts()).waiting == 1

    again = Outcome(id=saved.id, settled=Settled.ACCEPTED, seq=seq, again=True)
    await station.answered(again)
    assert (await station.outbox.counts()).waiting == 0
    assert (await station.file(station.bench.batch_id)).marks == {}


async def test_a_pending_entry_whose_step_was_taken_meanwhile_shows_beside_the_other(
    station: LoneStation,
) -> None:
    saved = await station.save(station.bench.commands[0])
    mine = await _effect_of(station, 0)
    other = replace(mine.entries[0], id=EntryId(station.time.new_id()), author_name="Somebody else")
    station.journals[PLANT].append(
        replace(mine, entries=(other,), current_id=other.id),
    )

    await station.pull()

    file = await station.file(station.bench.batch_id)
    step = file.facts.one(Step, mine.id)
    assert step is not None
    assert [each.id for each in step.entries] == [other.id, saved.id]
    assert step.entries[1].received_at is None
    assert saved.id in file.troubled
    assert file.marks[saved.id] is Mark.NEEDS_ATTENTION


async def _pending_rows(station: LoneStation) -> int:
    return await station.database.reader.run(
        lambda c: int(c.exec_driver_sql("SELECT count(*) FROM pending_records").scalar_one())
    )


# --- copies -------------------------------------------------------------------------------------------------------------


async def test_a_copy_takes_the_place_of_the_records_and_leaves_the_other_journal(
    station: LoneStation,
) -> None:
    saved = await station.save(station.bench.commands[0])
    effect = await _effect_of(station, 0)
    paper = PaperJournal(PLANT, epoch=ANA.user_id)
    kept = [each for each in station.world.records() if not isinstance(each, Deviation)]
    for each in kept:
        if station.journal_of(each.KIND).journal == PLANT:
            paper.append(each)
    await station.cache.begin_copy()
    rows = [row_of(*_told(line)) for line in paper.copy().splitlines()[1:-1]]
    at = await station.cache.add_to_copy(PLANT, rows[:50], 1)
    assert (await station.reading.deviations(DeviationQuery())).total > 0, (
        "until it is whole the old records stand"
    )
    at = await station.cache.add_to_copy(PLANT, rows[50:], at)
    await station.cache.finish_copy(paper.head(), at)

    assert (await station.reading.deviations(DeviationQuery())).total == 0
    assert len(await station.reading.masters()) > 0
    assert (await station.cursor(PLANT)).epoch == ANA.user_id
    file = await station.file(station.bench.batch_id)
    assert file.facts.one(Step, effect.id) is not None, "what is pending is folded over the new copy"
    assert file.marks == {saved.id: Mark.SAVED_HERE}
    assert await station.database.reader.run(
        lambda c: c.exec_driver_sql("SELECT count(*) FROM records WHERE kind = 'person'").scalar()
    ) == len(station.world.facts.every(Person))


def _told(line: bytes) -> tuple[str, int, bytes]:
    kind, seq, body = line.split(b" ", 2)
    return kind.decode(), int(seq), body
