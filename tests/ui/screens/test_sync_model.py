"""The sync centre's thinking, without a window."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from app.client.ports import Desk, Link, WitnessState
from app.domain.decision import Reason, Refusal
from app.domain.identity import CommandId
from app.domain.permissions import Role
from tests.support.desk import SampleDesk, sample_desk
from tests.ui.screens.quality_plant import quality_world
from tests.ui.screens.sync_cases import fill_outbox
from tests.ui.screens.went import Went
from ui.screens.sync.view_model import SyncViewModel


def made(*, offline: bool = False) -> tuple[SampleDesk, SyncViewModel, Went]:
    desk = sample_desk(signed_in=Role.PRODUCTION_OFFICER, world=quality_world(), offline=offline)
    went = Went()
    return desk, SyncViewModel(desk, lambda: desk.world.now, went), went


async def test_what_waits_is_grouped_by_person_and_batch_the_oldest_first() -> None:
    desk, model, _ = made(offline=True)
    fill_outbox(desk)
    await model.load()
    groups = model.state.value.waiting
    assert [(each.author, each.batch_number, len(each.commands)) for each in groups] == [
        ("Ana Kovač", "B-2026-0147", 3),
        ("Marko Zupan", "B-2026-0146", 2),
        ("Ana Kovač", "", 1),
    ]
    assert groups[0].oldest < groups[1].oldest


async def test_what_was_refused_stays_with_its_reason_until_a_person_settles_it() -> None:
    desk, model, _ = made()
    fill_outbox(desk)
    await model.load()
    refused = model.state.value.attention
    assert [each.reason for each in refused] == [Reason.WRONG_STATUS, Reason.DEPENDENCY_REFUSED]
    model.begin_settling(refused[0].id)
    assert not await model.settle()
    settling = model.state.value.settling
    assert settling is not None
    assert settling.refusal == Refusal(reason=Reason.REASON_MISSING)
    model.write("Entered again in the reopened stage.")
    assert await model.settle()
    assert desk.sync.settled == [(refused[0].id, "Entered again in the reopened stage.")]
    assert len(model.state.value.attention) == 1
    assert model.state.value.settling is None


async def test_settling_ends_when_the_command_is_no_longer_refused() -> None:
    desk, model, _ = made()
    fill_outbox(desk)
    await model.load()
    key = model.state.value.attention[0].id
    model.begin_settling(key)
    await desk.sync.settle(key, "Done at the other screen.")
    await model.load()
    assert model.state.value.settling is None


async def test_an_unknown_command_cannot_be_settled() -> None:
    _, model, _ = made()
    await model.load()
    model.begin_settling(CommandId(UUID(int=5)))
    assert model.state.value.settling is None
    assert not await model.settle()


async def test_the_plug_is_pulled_and_put_back() -> None:
    desk, model, _ = made()
    await model.load()
    assert model.state.value.plug is False
    await model.pull_plug(True)
    assert model.state.value.plug is True
    assert desk.plug is not None
    assert desk.plug.pulled.value
    assert model.state.value.sync is not None
    assert model.state.value.sync.link is Link.OFFLINE
    await model.pull_plug(False)
    assert model.state.value.plug is False


async def test_without_a_plug_none_is_shown() -> None:
    desk, _, went = made()
    bare = Desk(
        session=desk.session,
        records=desk.records,
        archive=desk.archive,
        commands=desk.commands,
        sync=desk.sync,
    )
    model = SyncViewModel(bare, lambda: desk.world.now, went)
    await model.load()
    assert model.state.value.plug is None
    await model.pull_plug(True)
    assert desk.plug is not None
    assert not desk.plug.pulled.value


async def test_the_screen_tells_a_broken_past_and_a_clock_that_is_off() -> None:
    desk, model, _ = made()
    desk.sync.state.set(replace(desk.sync.state.value, witness=WitnessState.BROKEN, clock_offset_ms=-401_000))
    await model.load()
    sync = model.state.value.sync
    assert sync is not None
    assert sync.witness is WitnessState.BROKEN
    assert timedelta(milliseconds=sync.clock_offset_ms or 0) == timedelta(seconds=-401)


async def test_sync_now_asks_once_while_it_runs() -> None:
    desk, model, _ = made()
    desk.board.gate = asyncio.Event()
    first = asyncio.ensure_future(model.sync_now())
    await asyncio.sleep(0)
    assert model.state.value.asking
    await model.sync_now()
    assert model.state.value.asking
    desk.board.gate.set()
    await first
    assert not model.state.value.asking


async def test_the_report_and_the_way_to_the_batch() -> None:
    desk, model, went = made()
    assert "PRESS-01" in await model.report()
    model.open_batch(desk.batch_id("B-2026-0147"))
    assert went.places == [("batch", desk.batch_id("B-2026-0147"))]
