"""Saving: asked of the rulebook, sealed, on disk, and only then said to be saved."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.client.ports import DeviationQuery, Mark, Saved
from app.domain.batch import CreateBatch, IssueBatch
from app.domain.decision import Reason, Refusal
from app.domain.deviation import Deviation, RaiseDeviation
from app.domain.entry import CorrectEntry
from app.domain.exception import ReviewException, Rule
from app.domain.identity import CommandId, DeviationId, EntryId, step_id
from app.domain.quantity import Quantity
from app.domain.step import Step
from app.wire.codec import load_envelope
from app.wire.seal import GENESIS
from app.wire.sync import Outcome, Settled
from tests.support.lone_station import ANAS_PEN, MARKOS_PEN, LoneStation, accepted
from tests.support.sample_plant import ANA, MARKO, PLANT, TABLETS, sample_world


async def test_a_saved_entry_is_sealed_by_its_author_and_chained_to_the_one_before(
    station: LoneStation,
) -> None:
    first, second = station.bench.commands[:2]
    await station.save(first)
    await station.save(second, signatory=MARKOS_PEN)

    sealed = await station.sealed()

    assert [each.counter for each in sealed] == [1, 2]
    assert sealed[0].prev == GENESIS
    assert sealed[1].prev == sealed[0].digest.hex()
    for each, pen in zip(sealed, (ANAS_PEN, MARKOS_PEN), strict=True):
        assert each.key_id == pen.key_id
        Ed25519PublicKey.from_public_bytes(pen.public_key).verify(bytes.fromhex(each.signature), each.digest)
    assert [load_envelope(each.body).author_id for each in sealed] == [ANA.user_id, MARKO.user_id]


async def test_nothing_is_saved_that_the_rulebook_refuses(station: LoneStation) -> None:
    last = station.bench.commands[-1]
    answer = await station.outbox.save(last)
    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.STEP_OUT_OF_ORDER
    assert await station.sealed() == ()
    assert await station.outbox.preview(last) == answer


async def test_nobody_saves_while_nobody_is_signed_in(station: LoneStation) -> None:
    station.signer = None
    answer = await station.outbox.save(station.bench.commands[0])
    assert answer == Refusal(reason=Reason.SIGNED_OUT)
    assert await station.outbox.preview(station.bench.commands[0]) == answer


async def test_a_double_tap_is_one_command(station: LoneStation) -> None:
    key = CommandId(station.time.new_id())
    command = station.bench.commands[0]
    first = await station.outbox.save(command, command_id=key)
    again = await station.outbox.save(command, command_id=key)
    assert isinstance(first, Saved)
    assert again == first
    assert len(await station.sealed()) == 1

    other = await station.outbox.save(replace(command, comment="not the same"), command_id=key)
    assert other == Refusal(reason=Reason.SAME_ID_OTHER_CONTENT)


async def test_what_was_saved_offline_shows_at_once_with_what_the_rules_notice(station: LoneStation) -> None:
    command = station.bench.commands[0]
    saved = await station.save(command)

    file = await station.file(command.batch_id)
    step = file.facts.one(Step, step_id(command.batch_id, command.stage_key, command.step_key))

    assert step is not None
    assert step.current is not None
    assert (step.current.id, step.current.offline, step.current.received_at) == (saved.id, True, None)
    assert file.marks == {saved.id: Mark.SAVED_HERE}
    noticed = file.facts.every(ReviewException, batch_id=command.batch_id, entry_id=saved.id)
    assert [each.rule for each in noticed] == [Rule.ENTERED_OFFLINE]


async def test_a_command_rests_on_the_unanswered_ones_of_the_same_step(station: LoneStation) -> None:
    first, second = station.bench.commands[:2]
    saved = await station.save(first)
    await station.save(second)
    correction = CorrectEntry(
        batch_id=first.batch_id,
        stage_key=first.stage_key,
        step_key=first.step_key,
        corrects=EntryId(saved.id),
        value=first.value,
        reason="Read again.",
    )
    await station.save(correction)
    envelopes = [load_envelope(each.body) for each in await station.sealed()]
    assert [each.depends_on for each in envelopes] == [(), (), (saved.id,)]


async def test_acts_that_need_the_server_are_not_taken_offline(station: LoneStation) -> None:
    create = CreateBatch(
        master_id=TABLETS, number="", quantity=Quantity(value=Decimal(1000), unit="tablets"), line="Line 1"
    )
    assert await station.outbox.save(create) == Refusal(reason=Reason.NEEDS_SERVER)
    assert await station.outbox.preview(
        IssueBatch(batch_id=station.bench.batch_id, master_hash="")
    ) == Refusal(reason=Reason.NEEDS_SERVER)


async def test_a_deviation_raised_offline_is_in_the_list_and_in_the_batch(station: LoneStation) -> None:
    command = _deviation(station)
    key = command.deviation_id
    await station.save(command)
    assert (await station.file(station.bench.batch_id)).facts.one(Deviation, key) is not None
    page = await station.reading.deviations(DeviationQuery(text="punch"))
    assert [each.id for each in page.rows] == [key]
    assert page.marks[key] is Mark.SAVED_HERE
    assert await station.reading.deviation(key) is not None


async def test_an_answer_reaches_whoever_waits_for_it_and_whoever_asks_later(station: LoneStation) -> None:
    saved = await station.save(station.bench.commands[0])
    assert await station.outbox.outcome(saved.id, 0.01) is None
    waiting = asyncio.ensure_future(station.outbox.outcome(saved.id, 5))
    await asyncio.sleep(0)
    await station.answered(accepted(saved, 10_000))
    heard = await waiting
    assert heard is not None
    assert heard.settled is Settled.ACCEPTED
    assert await station.outbox.outcome(saved.id, 0) == heard


async def test_a_refused_command_is_kept_until_a_person_settles_it(
    station: LoneStation, caplog: pytest.LogCaptureFixture
) -> None:
    saved = await station.save(station.bench.commands[0])
    refusal = Outcome(id=saved.id, settled=Settled.REFUSED, reason=Reason.BAD_SEAL)
    await station.answered(refusal)
    assert "outbox.refused" in caplog.text

    refused = await station.outbox.listed(("refused",))
    assert [(each.id, each.reason, each.author) for each in refused] == [
        (saved.id, Reason.BAD_SEAL, ANA.name)
    ]
    file = await station.file(station.bench.batch_id)
    assert file.marks == {saved.id: Mark.NEEDS_ATTENTION}
    assert not file.facts.every(Step, stage_key=station.bench.stage_key)

    assert await station.outbox.settle(saved.id, " ") == Refusal(reason=Reason.REASON_MISSING)
    assert await station.outbox.settle(saved.id, "Entered again on paper form 12.") is None
    assert (await station.outbox.counts()).attention == 0
    settled = await station.outbox.listed(("settled",))
    assert settled[0].settled_note == "Entered again on paper form 12."


async def test_what_the_server_holds_waits_again(station: LoneStation) -> None:
    saved = await station.save(station.bench.commands[0])
    await station.answered(Outcome(id=saved.id, settled=Settled.HELD))
    assert (await station.outbox.counts()).waiting == 1
    assert [each.counter for each in await station.sealed()] == [1]


async def test_a_row_that_was_altered_is_noticed_and_still_sent(
    station: LoneStation, caplog: pytest.LogCaptureFixture
) -> None:
    await station.save(station.bench.commands[0])
    await station.database.writer.run(
        lambda c: c.exec_driver_sql("UPDATE outbox SET body = replace(body, 'offline', 'online')").close()
    )
    push = await station.outbox.next_push()
    assert push.altered == (1,)
    assert len(push.commands) == 1
    assert "outbox.row_altered" in caplog.text


async def test_accepted_commands_leave_once_they_are_in_a_backup_but_the_chain_goes_on(
    station: LoneStation,
) -> None:
    one, two = [await station.save(each) for each in station.bench.commands[:2]]
    seq = station.journals[PLANT].head_seq
    await station.answered(accepted(one, seq), accepted(two, seq))

    await station.outbox.forget_backed_up(seq)

    left = await station.database.reader.run(
        lambda c: c.exec_driver_sql("SELECT counter, digest FROM outbox").all()
    )
    assert [row.counter for row in left] == [2]
    await station.save(_deviation(station))
    assert [(each.counter, each.prev) for each in await station.sealed()] == [(3, left[0].digest)]


def _deviation(station: LoneStation) -> RaiseDeviation:
    return RaiseDeviation(
        deviation_id=DeviationId(station.time.new_id()),
        title="Punch broken",
        description="Upper punch 7.",
        immediate_action="Press stopped.",
        occurred_at=station.time.now,
        noticed_at=station.time.now,
        batch_id=station.bench.batch_id,
    )


_KILLED = """
import asyncio, sys
from pathlib import Path
from tests.support.lone_station import LoneStation
from tests.support.sample_plant import sample_world
from app.domain.deviation import RaiseDeviation
from app.domain.identity import DeviationId

async def main():
    station = LoneStation(Path(sys.argv[1]), sample_world())
    await station.learn_the_plant()
    while True:
        key = DeviationId(station.time.new_id())
        saved = await station.save(RaiseDeviation(
            deviation_id=key, title="t", description="d", immediate_action="",
            occurred_at=station.time.now, noticed_at=station.time.now))
        print(saved.id, saved.counter, flush=True)

asyncio.run(main())
"""


@pytest.mark.req("R27")
async def test_what_was_said_to_be_saved_is_there_after_a_kill(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().decode().split() for _ in range(40)]
        process.kill()
        said += [line.decode().split() for line in process.stdout.readlines() if line.endswith(b"\n")]
    assert len(said) >= 40

    again = LoneStation(tmp_path, sample_world(), create=False)
    counts = await again.outbox.wake()
    sealed = await again.sealed()
    await again.close()

    assert counts.waiting >= len(said)
    assert [(str(load_envelope(each.body).id), str(each.counter)) for each in sealed[: len(said)]] == [
        (key, counter) for key, counter in said
    ]
