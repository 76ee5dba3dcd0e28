"""What becomes of sealed commands: each kind of outcome, and what races come to."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.batch import Batch, CreateBatch, StartBatch
from app.domain.decision import Reason
from app.domain.deviation import ClassifyDeviation, Deviation, DeviationClass, RaiseDeviation
from app.domain.entry import RecordEntry, VerifyEntry
from app.domain.exception import AssessException, ExceptionAction, ReviewException, Rule
from app.domain.facts import Facts
from app.domain.identity import (
    SYSTEM,
    BatchId,
    CommandId,
    DeviationId,
    EntryId,
    KeyId,
    PlantId,
    StationId,
    step_id,
)
from app.domain.metrics import Channel, Chunk, RecordMetrics
from app.domain.permissions import Role
from app.domain.plant import ChangeRole, DeactivatePerson, EnrolKey, EnrolStation, RevokeKey, RevokeStation
from app.domain.review import (
    CompleteBatch,
    DecideDisposition,
    DeclareClear,
    Disposition,
    ReviewProduction,
    ReviewQuality,
    manifest_of,
)
from app.domain.stage import CompleteStage, StartStage
from app.domain.step import Step, StepStatus
from app.server.kernel.seals import read_arrival
from app.server.kernel.verification import verify_database
from app.wire.seal import SealedCommand
from app.wire.sync import Push, PushAnswer, Settled
from tests.support.plant import (
    BATCH_SIZE,
    TABLES,
    TestPlant,
    TestStation,
    accepted,
    confirmed,
    lot,
    tampered,
    weight,
)
from tests.support.postgres import FreshDatabase, ask


def settled(answer: PushAnswer) -> list[Settled | Reason]:
    """The outcomes in short: the reason where there is one."""
    return [each.reason or each.settled for each in answer.outcomes]


async def kept(plant: TestPlant, command_id: UUID) -> Sequence[Any] | None:
    """settled, reason and body of a command as the server keeps it."""
    rows = await plant.ask("SELECT settled, reason, body FROM kernel.commands WHERE id = $1", command_id)
    return rows[0] if rows else None


async def a_step(plant: TestPlant, batch_id: BatchId, key: str, stage: str = "dispensing") -> Step:
    step = await plant.record("step", step_id(batch_id, stage, key))
    assert isinstance(step, Step)
    return step


async def rules_of(plant: TestPlant, batch_id: BatchId) -> set[Rule]:
    """The rules that raised exceptions on a batch."""
    found = await plant.records("exception")
    return {each.rule for each in found if isinstance(each, ReviewException) and each.batch_id == batch_id}


# --- yes --------------------------------------------------------------------------------------------------------------


async def test_an_entry_pushed_by_a_workstation_lies_in_the_step(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    answer = await station.push(
        station.says(confirmed(batch.id), plant.ana), station.says(weight(batch.id, "10.02"), plant.ana)
    )
    assert accepted(answer), answer
    step = await a_step(plant, batch.id, "weight")
    assert step.status is StepStatus.AWAITING_VERIFICATION
    assert step.current is not None
    assert (step.current.value, step.current.author_name) == ("10.02", "Ana Kovač")
    assert step.current.received_at == plant.ticking.now
    assert answer.outcomes[1].seq == answer.head_seq
    assert [each.settled for each in answer.outcomes] == [Settled.ACCEPTED] * 2


async def test_a_verification_binds_the_seal_of_the_entry_that_was_shown(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    entry = station.says(weight(batch.id, "10.02"), plant.ana)
    await station.push(entry)
    step = await a_step(plant, batch.id, "weight")
    assert step.current is not None
    assert step.current.seal == entry.body_hash
    place = VerifyEntry(
        batch_id=batch.id,
        stage_key="dispensing",
        step_key="weight",
        entry_id=step.current.id,
        entry_seal="0" * 64,
    )
    assert (await station.does(place, plant.boris)).reason is Reason.CHANGED_SINCE_SHOWN
    good = replace(place, entry_seal=entry.body_hash)
    assert (await station.does(good, plant.ana)).reason is Reason.VERIFIER_IS_PERFORMER
    assert (await station.does(good, plant.boris)).settled is Settled.ACCEPTED


async def test_a_batch_gets_the_next_number_of_its_plant_and_a_refused_one_takes_none(
    plant: TestPlant,
) -> None:
    create = CreateBatch(master_id=plant.master_id, number="", quantity=BATCH_SIZE, line="L1")
    first = (await plant.act(create, plant.petra)).after[0]
    refused = await plant.desk.act(create, plant.ana.user_id, plant.id)
    assert refused.refusal is not None
    assert refused.refusal.reason is Reason.NOT_PERMITTED
    byhand = replace(create, number="B-2026-00002")
    await plant.act(byhand, plant.petra)
    third = (await plant.act(create, plant.petra)).after[0]
    assert isinstance(first, Batch)
    assert isinstance(third, Batch)
    assert (first.number, third.number) == ("B-2026-00001", "B-2026-00003")
    taken = await plant.desk.act(byhand, plant.petra.user_id, plant.id)
    assert taken.refusal is not None
    assert taken.refusal.reason is Reason.NUMBER_TAKEN


async def test_two_who_give_the_same_number_at_once_are_told_apart(plant: TestPlant) -> None:
    create = CreateBatch(master_id=plant.master_id, number="X-1", quantity=BATCH_SIZE, line="L1")
    both = await asyncio.gather(*(plant.desk.act(create, plant.petra.user_id, plant.id) for _ in range(2)))
    assert sorted(str(each.refusal.reason) if each.refusal else "yes" for each in both) == [
        "number_taken",
        "yes",
    ]


async def test_a_station_speaks_for_itself_about_clearances_readings_and_timers_only(
    plant: TestPlant,
) -> None:
    station = await plant.station("PRESS-01")
    batch = await plant.batch()
    chunk = RecordMetrics(
        batch_id=batch.id,
        stage_key="pressing",
        name="force",
        channels=(Channel(name="main", unit="kN"),),
        chunk=Chunk(position=0, rows=3, digest="ab" * 32),
        first_at=plant.ticking.now,
        last_at=plant.ticking.now,
        zone_known=True,
        source="press",
    )
    assert (await station.does(chunk, None)).settled is Settled.ACCEPTED
    stage = CompleteStage(batch_id=batch.id, stage_key="dispensing")
    assert (await station.does(stage, None)).reason is Reason.NOT_PERMITTED
    rows = await plant.ask("SELECT user_id FROM kernel.audit_logs WHERE event_type = 'metrics.recorded'")
    assert rows[0][0] is None


# --- again ------------------------------------------------------------------------------------------------------------


async def test_a_second_delivery_changes_nothing_and_gets_the_first_answer(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    commands = (
        station.says(confirmed(batch.id), plant.ana),
        station.says(StartBatch(batch_id=batch.id), plant.ana),
    )
    first = await station.push(*commands)
    rows = await plant.ask("SELECT count(*) FROM kernel.audit_logs")
    second = await station.push(*commands)
    assert settled(first) == [Settled.ACCEPTED, Reason.WRONG_STATUS]
    assert [replace(each, again=False) for each in second.outcomes] == list(first.outcomes)
    assert all(each.again for each in second.outcomes)
    assert await plant.ask("SELECT count(*) FROM kernel.audit_logs") == rows


async def test_the_same_push_sent_many_times_at_once_has_one_effect(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    commands = tuple(station.says(lot(batch.id, f"L-{number}"), plant.ana) for number in range(30))
    answers = await asyncio.gather(*(station.push(*commands) for _ in range(4)))
    assert sum(not each.outcomes[0].again for each in answers) == 1
    assert all(accepted(each) for each in answers)
    assert len((await a_step(plant, batch.id, "lot")).entries) == 30


async def test_one_command_twice_in_one_push_is_one_command(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    one = station.says(confirmed(batch.id), plant.ana)
    answer = await station.push(one, one)
    assert [(each.settled, each.again) for each in answer.outcomes] == [
        (Settled.ACCEPTED, False),
        (Settled.ACCEPTED, True),
    ]


async def test_the_same_id_with_other_content_is_refused_and_both_are_kept(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    command_id = plant.new_command_id()
    first = station.says(lot(batch.id, "A"), plant.ana, command_id=command_id)
    other = station.says(lot(batch.id, "B"), plant.ana, command_id=command_id)
    last = station.says(confirmed(batch.id), plant.ana)
    await station.push(first)
    answer = await station.push(other, last)
    assert settled(answer) == [Reason.SAME_ID_OTHER_CONTENT, Settled.ACCEPTED]
    assert (await station.push(other)).outcomes[0].again
    bodies = await plant.ask("SELECT body FROM kernel.commands WHERE station_id = $1", station.id)
    assert {first.body.encode(), other.body.encode()} <= {bytes(row[0]) for row in bodies}
    assert [each.value for each in (await a_step(plant, batch.id, "lot")).entries] == ["A"]


async def test_an_act_sent_again_under_its_id_answers_the_first_outcome(plant: TestPlant) -> None:
    create = CreateBatch(master_id=plant.master_id, number="", quantity=BATCH_SIZE, line="L1")
    key = plant.new_command_id()
    first, second = [
        await plant.desk.act(create, plant.petra.user_id, plant.id, command_id=key) for _ in range(2)
    ]
    assert second.outcome == replace(first.outcome, again=True)
    other = await plant.desk.act(replace(create, line="L2"), plant.petra.user_id, plant.id, command_id=key)
    assert other.outcome.reason is Reason.SAME_ID_OTHER_CONTENT
    assert len(await plant.records("batch")) == 1


# --- who sealed it ----------------------------------------------------------------------------------------------------


async def test_words_changed_after_the_seal_are_refused_and_kept(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    forged = tampered(station.says(weight(batch.id, "10.02"), plant.ana), "10.02", "10.09")
    answer = await station.push(forged)
    assert settled(answer) == [Reason.BAD_SEAL]
    row = await kept(plant, answer.outcomes[0].id)
    assert row is not None
    assert bytes(row[2]) == forged.body.encode()
    assert await plant.record("step", step_id(batch.id, "dispensing", "weight")) is None


async def test_nobody_signs_with_anothers_key_or_at_another_station(plant: TestPlant) -> None:
    station, other = await plant.station("DISP-01"), await plant.station("DISP-02")
    batch = await plant.batch()
    as_ana = station.envelope(confirmed(batch.id), plant.ana)
    by_boris = station.seal(as_ana, plant.boris)
    assert settled(await station.push(by_boris)) == [Reason.UNKNOWN_KEY]
    key_there = plant.ana.keys[other.id]
    plant.ana.keys[station.id], here = key_there, plant.ana.keys[station.id]
    assert settled(await station.push(station.says(confirmed(batch.id), plant.ana))) == [Reason.UNKNOWN_KEY]
    plant.ana.keys[station.id] = here
    assert settled(await station.push(station.says(confirmed(batch.id), plant.ana))) == [Settled.ACCEPTED]


async def test_what_a_lost_key_seals_after_its_revocation_waits_for_a_person(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    early = await station.does(confirmed(batch.id), plant.ana)
    key_id, _ = plant.ana.keys[station.id]
    await plant.act(RevokeKey(key_id=key_id, reason="lost"), plant.founder, SYSTEM)
    late = await station.does(lot(batch.id, "A"), plant.ana)
    assert (early.settled, late.reason) == (Settled.ACCEPTED, Reason.UNKNOWN_KEY)
    waiting = await plant.ask("SELECT id, kind, author_id FROM kernel.refused_commands")
    assert [tuple(row) for row in waiting] == [(late.id, "entry.record", plant.ana.user_id)]


@pytest.mark.req("R24")
async def test_a_revoked_stations_later_commands_are_kept_but_not_accepted(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    await station.push(station.says(confirmed(batch.id), plant.ana))
    await plant.act(RevokeStation(station_id=station.id, reason="stolen"), plant.founder)
    answer = await station.push(station.says(weight(batch.id, "10.0"), plant.ana))
    assert settled(answer) == [Reason.STATION_REVOKED]
    assert (await a_step(plant, batch.id, "clear")).status is StepStatus.DONE
    assert await kept(plant, answer.outcomes[0].id) is not None


@pytest.mark.req("R10")
async def test_a_right_taken_away_is_away_for_the_next_command(plant: TestPlant) -> None:
    batch = await plant.batch(started=False)
    role = ChangeRole(
        user_id=plant.ana.user_id, role=Role.AUDITOR, plants=frozenset({plant.id}), reason="moved"
    )
    await plant.act(role, plant.founder, SYSTEM)
    answer = await plant.desk.act(StartBatch(batch_id=batch.id), plant.ana.user_id, plant.id)
    assert answer.outcome.reason is Reason.NOT_PERMITTED


@pytest.mark.req("R46")
async def test_an_administrator_at_a_workstation_makes_no_key_for_another_and_nobody_a_qa_head(
    plant: TestPlant,
) -> None:
    zora = await plant.colleague("Zora Kralj", Role.SYSTEM_ADMIN)
    station = await plant.station("OFFICE-01")
    forged = EnrolKey(
        key_id=KeyId(plant.ticking.new_id()),
        user_id=plant.quentin.user_id,
        station_id=station.id,
        public_key="ab" * 32,
    )
    everywhere = frozenset({plant.id, PlantId("maribor")})
    raised = ChangeRole(user_id=plant.ana.user_id, role=Role.QA_HEAD, plants=everywhere, reason="help me")
    answer = await station.push(station.says(forged, zora), station.says(raised, zora))
    assert settled(answer) == [Reason.NOT_PERMITTED, Reason.NOT_PERMITTED]
    assert forged.key_id not in {each.id for each in await plant.records("key")}


async def test_what_a_person_entered_before_leaving_is_kept_and_flagged(plant: TestPlant) -> None:
    """An observation made offline arrives after its author's account was closed (ruling A1)."""
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    entry = station.says(confirmed(batch.id), plant.boris, offline=True)
    left = DeactivatePerson(user_id=plant.boris.user_id, reason="left the company")
    await plant.act(left, plant.founder, SYSTEM)
    assert settled(await station.push(entry)) == [Settled.ACCEPTED]
    assert await rules_of(plant, batch.id) == {Rule.NOT_AUTHORISED, Rule.ENTERED_OFFLINE}


async def test_a_command_for_another_plant_or_another_plants_batch_is_refused(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    elsewhere = replace(station.envelope(confirmed(batch.id), plant.ana), plant_id=PlantId("maribor"))
    assert settled(await station.push(station.seal(elsewhere, plant.ana))) == [Reason.OTHER_PLANT]
    unknown = await station.does(confirmed(BatchId(uuid4())), plant.ana)
    assert unknown.reason is Reason.UNKNOWN_HERE


async def test_a_push_in_another_stations_name_is_refused_as_a_whole(plant: TestPlant) -> None:
    station, other = await plant.station("DISP-01"), await plant.station("DISP-02")
    push = Push(station_id=other.id, plant_id=plant.id, commands=())
    answer = await plant.desk.push(station.id, push)
    assert getattr(answer, "reason", None) is Reason.NOT_PERMITTED


# --- the station's chain ----------------------------------------------------------------------------------------------


async def test_a_hole_in_the_counters_holds_what_lies_behind_it(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    first, second, third = (station.says(lot(batch.id, value), plant.ana) for value in "ABC")
    answer = await station.push(first, third)
    assert settled(answer) == [Settled.ACCEPTED, Settled.HELD]
    assert await kept(plant, answer.outcomes[1].id) is None
    again = await station.push(second, third)
    assert settled(again) == [Settled.ACCEPTED, Settled.ACCEPTED]
    assert [each.value for each in (await a_step(plant, batch.id, "lot")).entries] == ["A", "B", "C"]


async def test_two_machines_with_one_disk_image_are_found_out(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    await station.push(station.says(confirmed(batch.id), plant.ana))
    clone = TestStation(plant, station.id, station.private)
    clone.counter, clone.prev = station.counter, station.prev
    await station.push(station.says(lot(batch.id, "A"), plant.ana))
    lied = clone.says(lot(batch.id, "B"), plant.ana)
    behind = clone.says(lot(batch.id, "C"), plant.ana)
    answer = await clone.push(lied, behind)
    assert settled(answer) == [Reason.STATION_CLONED, Reason.STATION_CLONED]
    assert await kept(plant, answer.outcomes[0].id) is not None
    assert settled(await station.push(station.says(weight(batch.id, "10.0"), plant.ana))) == [
        Settled.ACCEPTED
    ]


# --- what it depends on -----------------------------------------------------------------------------------------------


async def test_a_refused_command_holds_only_those_that_name_it(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch, other = await plant.batch(), await plant.batch()
    start = station.says(StartBatch(batch_id=batch.id), plant.ana)
    refused_id = CommandId(read_arrival(start, station.id, plant.id).id)
    names_it = station.says(lot(batch.id, "A"), plant.ana, depends_on=(refused_id,))
    free = station.says(lot(batch.id, "B"), plant.ana)
    elsewhere = station.says(lot(other.id, "C"), plant.ana)
    answer = await station.push(start, names_it, free, elsewhere)
    assert settled(answer) == [
        Reason.WRONG_STATUS,
        Reason.DEPENDENCY_REFUSED,
        Settled.ACCEPTED,
        Settled.ACCEPTED,
    ]


async def test_a_command_waits_for_one_of_another_station_and_nobody_else_waits(plant: TestPlant) -> None:
    one, other = await plant.station("DISP-01"), await plant.station("DISP-02")
    batch = await plant.batch()
    entry = one.says(weight(batch.id, "10.0"), plant.ana)
    entry_id = read_arrival(entry, one.id, plant.id).id
    place = VerifyEntry(
        batch_id=batch.id,
        stage_key="dispensing",
        step_key="weight",
        entry_id=EntryId(entry_id),
        entry_seal=entry.body_hash,
    )
    verify = other.says(place, plant.boris, depends_on=(CommandId(entry_id),))
    free = other.says(lot(batch.id, "A"), plant.boris)
    assert settled(await other.push(verify, free)) == [Settled.HELD, Settled.ACCEPTED]
    assert settled(await one.push(entry)) == [Settled.ACCEPTED]
    assert settled(await other.push(verify, free)) == [Settled.ACCEPTED, Settled.ACCEPTED]
    assert (await a_step(plant, batch.id, "weight")).status is StepStatus.VERIFIED


# --- two at once ------------------------------------------------------------------------------------------------------


async def test_two_stations_that_fill_one_step_are_both_kept_and_the_step_is_contested(
    plant: TestPlant,
) -> None:
    one, other = await plant.station("DISP-01"), await plant.station("DISP-02")
    batch = await plant.batch()
    answers = await asyncio.gather(
        one.push(one.says(weight(batch.id, "10.01"), plant.ana, offline=True)),
        other.push(other.says(weight(batch.id, "10.02"), plant.boris, offline=True)),
    )
    assert all(accepted(each) for each in answers)
    step = await a_step(plant, batch.id, "weight")
    assert step.status is StepStatus.CONTESTED
    assert {each.value for each in step.entries} == {"10.01", "10.02"}
    assert len(step.contested) == 2


async def test_many_stations_at_once_leave_one_gapless_journal(
    plant: TestPlant, database: FreshDatabase
) -> None:
    stations = [await plant.station(f"S-{number}") for number in range(4)]
    batches = [await plant.batch() for _ in range(3)]
    pushes = [
        station.push(
            *(
                station.says(lot(batches[(index + at) % 3].id, f"{index}-{at}"), plant.ana)
                for index in range(12)
            )
        )
        for at, station in enumerate(stations)
    ]
    answers = await asyncio.gather(*pushes)
    assert all(accepted(each) for each in answers)
    entries = [each for batch in batches for each in (await a_step(plant, batch.id, "lot")).entries]
    assert len(entries) == len({each.id for each in entries}) == 48
    report = await verify_database(database.owner_url, TABLES, seals=True)
    assert report.flaws == ()
    seqs = [
        row[0]
        for row in await plant.ask(
            "SELECT seq FROM kernel.audit_logs WHERE plant_id = $1 ORDER BY seq", plant.id
        )
    ]
    assert seqs == list(range(1, len(seqs) + 1))


async def reviewed(plant: TestPlant) -> tuple[Batch, TestStation, str]:
    """A batch that may be released, its only station, and the manifest to sign."""
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    entry = station.says(weight(batch.id, "10.0"), plant.ana)
    verify_id = read_arrival(entry, station.id, plant.id).id
    pressing = "pressing"
    answer = await station.push(
        entry,
        station.says(confirmed(batch.id), plant.ana),
        station.says(lot(batch.id, "L-1"), plant.ana),
        station.says(
            VerifyEntry(
                batch_id=batch.id,
                stage_key="dispensing",
                step_key="weight",
                entry_id=EntryId(verify_id),
                entry_seal=entry.body_hash,
            ),
            plant.boris,
        ),
        station.says(CompleteStage(batch_id=batch.id, stage_key="dispensing"), plant.ana),
        station.says(StartStage(batch_id=batch.id, stage_key=pressing), plant.ana),
        station.says(
            RecordEntry(batch_id=batch.id, stage_key=pressing, step_key="tool", value="A"), plant.ana
        ),
        station.says(
            RecordEntry(batch_id=batch.id, stage_key=pressing, step_key="warm_up", value="61"), None
        ),
        station.says(CompleteStage(batch_id=batch.id, stage_key=pressing), plant.ana),
        station.says(CompleteBatch(batch_id=batch.id), plant.ana),
        station.says(DeclareClear(batch_id=batch.id, counter=10, completions=1), None),
    )
    assert accepted(answer), answer
    await settle_exceptions(plant, batch.id)
    await plant.act(
        ReviewProduction(batch_id=batch.id, manifest=await manifest(plant, batch.id)), plant.petra
    )
    review = ReviewQuality(
        batch_id=batch.id, manifest=await manifest(plant, batch.id), audit_trail_reviewed=True
    )
    await plant.act(review, plant.quentin)
    found = await plant.record("batch", batch.id)
    assert isinstance(found, Batch)
    return found, station, await manifest(plant, batch.id)


async def settle_exceptions(plant: TestPlant, batch_id: BatchId) -> None:
    """Whatever was noticed on the way to the review is accepted by QA."""
    for each in await plant.records("exception"):
        if isinstance(each, ReviewException) and each.batch_id == batch_id and each.unsettled:
            assess = AssessException(
                batch_id=batch_id, exception_id=each.id, action=ExceptionAction.ACCEPT, comment="Seen."
            )
            await plant.act(assess, plant.quentin)


async def manifest(plant: TestPlant, batch_id: BatchId) -> str:
    """What a reviewer's screen would show and sign."""
    async with plant.database.transaction() as tx:
        records = await plant.desk.store.load_batch_files(tx, plant.id, [batch_id])
    facts = Facts(records)
    batch = facts.one(Batch, batch_id)
    assert batch is not None
    return manifest_of(facts, batch)


@pytest.mark.req("R41")
async def test_a_deviation_raised_while_its_batch_is_released_never_slips_by(plant: TestPlant) -> None:
    """Whoever comes first wins whole: released before it, or not released because of it."""
    batch, station, shown = await reviewed(plant)
    release = DecideDisposition(batch_id=batch.id, disposition=Disposition.RELEASE, manifest=shown)
    deviation_id = DeviationId(plant.new_command_id())
    raising = RaiseDeviation(
        deviation_id=deviation_id,
        title="Foreign particle",
        description="Seen in the drum.",
        immediate_action="Drum set aside.",
        occurred_at=plant.ticking.now,
        noticed_at=plant.ticking.now,
        batch_id=batch.id,
    )
    released, pushed = await asyncio.gather(
        plant.desk.act(release, plant.rosa.user_id, plant.id),
        station.push(station.says(raising, plant.ana)),
    )
    assert accepted(pushed)
    rows = await plant.ask(
        "SELECT event_type, seq FROM kernel.audit_logs WHERE event_type IN ('batch.released', 'deviation.raised')"
    )
    seqs = {str(event): int(seq) for event, seq in rows}
    if released.refusal is None:
        assert seqs["batch.released"] < seqs["deviation.raised"]
    else:
        assert released.refusal.reason in {Reason.RELEASE_BLOCKED, Reason.CHANGED_SINCE_SHOWN}
        assert "batch.released" not in seqs
    deviation = await plant.record("deviation", deviation_id)
    assert isinstance(deviation, Deviation)
    assert deviation.number == "DEV-2026-0001"


async def test_a_batch_without_a_deviation_is_released_and_with_one_it_is_not(plant: TestPlant) -> None:
    batch, station, shown = await reviewed(plant)
    release = DecideDisposition(batch_id=batch.id, disposition=Disposition.RELEASE, manifest=shown)
    raising = RaiseDeviation(
        deviation_id=DeviationId(plant.new_command_id()),
        title="Foreign particle",
        description="Seen in the drum.",
        immediate_action="",
        occurred_at=plant.ticking.now,
        noticed_at=plant.ticking.now,
        batch_id=batch.id,
    )
    assert (await station.does(raising, plant.ana)).settled is Settled.ACCEPTED
    refused = await plant.desk.act(release, plant.rosa.user_id, plant.id)
    assert refused.refusal is not None
    assert "deviation_unclassified" in {each.what for each in refused.refusal.blockers}
    classify = ClassifyDeviation(
        deviation_id=raising.deviation_id, classification=DeviationClass.MINOR, reason="No contact."
    )
    assert (await station.does(classify, plant.rosa)).settled is Settled.ACCEPTED


# --- poison -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 3, 6])
@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b'{"id": "01a20320-a200-7cfc-9771-b5af57e71ed5"}',
        b'"' + b"x" * 10_000 + b'"',
        b"[" * 100_000,
    ],
)
async def test_a_command_that_cannot_be_read_is_kept_and_the_others_go_on(
    plant: TestPlant, place: int, body: bytes
) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    commands: list[SealedCommand] = []
    for number in range(7):
        if number == place:
            commands.append(station.seal_bytes(body, plant.ana))
        else:
            commands.append(station.says(lot(batch.id, f"L-{number}"), plant.ana))
    answer = await station.push(*commands)
    assert settled(answer) == [
        Reason.MALFORMED if number == place else Settled.ACCEPTED for number in range(7)
    ]
    row = await kept(plant, answer.outcomes[place].id)
    assert row is not None
    assert bytes(row[2]) == body
    assert len((await a_step(plant, batch.id, "lot")).entries) == 6


async def test_a_character_that_no_database_keeps_is_refused_and_its_bytes_are_kept(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    answer = await station.push(
        station.says(lot(batch.id, "A\x00B"), plant.ana),
        station.says(lot(batch.id, "\\u0000 as six letters"), plant.ana),
    )
    assert settled(answer) == [Reason.MALFORMED, Settled.ACCEPTED]
    row = await kept(plant, answer.outcomes[0].id)
    assert row is not None
    assert b"\\u0000" in bytes(row[2])


@pytest.mark.parametrize("place", [0, 12, 24])
async def test_a_command_that_breaks_the_transaction_is_found_among_many(
    plant: TestPlant, database: FreshDatabase, place: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A constraint that no rule knows of: the run is halved until the one is alone, refused and kept."""
    await ask(
        database.superuser_url,
        "ALTER TABLE production.batch_steps ADD CONSTRAINT no_poison CHECK (record NOT LIKE '%poison%')",
    )
    station = await plant.station("DISP-01")
    batch, other = await plant.batch(), await plant.batch()
    commands = [
        station.says(lot(other.id, "poison") if number == place else lot(batch.id, f"L-{number}"), plant.ana)
        for number in range(25)
    ]
    with caplog.at_level(logging.WARNING):
        answer = await station.push(*commands)
    assert settled(answer) == [
        Reason.MALFORMED if number == place else Settled.ACCEPTED for number in range(25)
    ]
    assert {record.message for record in caplog.records} == {"push.halved", "command.poison"}
    assert (await kept(plant, answer.outcomes[place].id)) is not None
    report = await verify_database(database.owner_url, TABLES, seals=True)
    assert report.flaws == ()


@pytest.mark.req("R50")
async def test_a_refused_command_is_an_outcome_with_a_row_of_its_own(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    outcome = await station.does(StartBatch(batch_id=batch.id), plant.ana)
    rows = await plant.ask(
        "SELECT event_type, entity_type, entity_id, command_id, new_values FROM kernel.audit_logs "
        "WHERE plant_id = $1 ORDER BY seq DESC LIMIT 1",
        plant.id,
    )
    event_type, entity_type, entity_id, command_id, values = rows[0]
    assert (event_type, entity_type) == ("command.refused", "refusal")
    assert entity_id == command_id == outcome.id
    assert (values["reason"], values["detail"]) == ("wrong_status", ["In Progress", "start"])


async def test_a_wild_clock_is_an_exception_and_never_a_failed_insert(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    for year in (1970, 2099):
        moment = plant.ticking.now.replace(year=year)
        command_id = UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | year)
        entry = station.says(
            lot(batch.id, str(year)),
            plant.ana,
            command_id=command_id,
            performed_at=moment,
            clock_offset_ms=round((plant.ticking.now - moment).total_seconds() * 1000),
        )
        assert accepted(await station.push(entry))
    assert Rule.CLOCK_OFF in await rules_of(plant, batch.id)


@settings(max_examples=60, deadline=None)
@given(
    body=st.text(max_size=400),
    counter=st.integers(),
    prev=st.text(max_size=80),
    signature=st.text(max_size=20),
)
def test_reading_a_command_never_raises(body: str, counter: int, prev: str, signature: str) -> None:
    station = StationId(UUID(int=5))
    sealed = SealedCommand(
        body=body,
        station_id=station,
        counter=counter,
        prev=prev,
        key_id=KeyId(UUID(int=6)),
        signature=signature,
    )
    arrival = read_arrival(sealed, station, PlantId("x"))
    assert arrival.fault is not None
    assert arrival.fault.reason is Reason.MALFORMED


async def test_a_seal_of_no_shape_is_refused_and_kept(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    good = station.says(confirmed(batch.id), plant.ana)
    broken = replace(good, prev="none\x00at all", counter=2**80)
    answer = await station.push(broken)
    assert settled(answer) == [Reason.MALFORMED]
    assert await kept(plant, answer.outcomes[0].id) is not None


async def test_enrolling_twice_under_one_id_is_refused(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    command = EnrolStation(
        station_id=station.id,
        name="again",
        area="",
        public_key=Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex(),
    )
    answer = await plant.desk.act(command, plant.founder, plant.id)
    assert answer.outcome.reason is Reason.ALREADY_EXISTS
