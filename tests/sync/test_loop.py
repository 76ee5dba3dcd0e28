"""The loop by itself: it tries again without being asked, and the server's word wakes it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import uvicorn

from app.client.ports import Link, SyncState
from app.domain.identity import step_id
from app.wire import paths
from offline.desk import Workstation, open_desk
from tests.support.floor import Floor, Place
from tests.support.network import Fault
from tests.support.plant import confirmed


async def until(place: Place, holds: Callable[[SyncState], bool], seconds: float = 10.0) -> float:
    """Wait for the status bar to say something; answers the seconds it took."""
    state = place.station.desk.sync.state
    began = time.monotonic()
    reached = asyncio.Event()
    stop = state.subscribe(lambda now: reached.set() if holds(now) else None)
    try:
        if not holds(state.value):
            async with asyncio.timeout(seconds):
                await reached.wait()
    finally:
        stop()
    return time.monotonic() - began


async def test_what_waits_is_tried_again_without_a_new_entry_once_the_network_is_back(floor: Floor) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    place.network.down = True
    await place.station.start()
    await place.save(confirmed(batch.id))
    await until(place, lambda state: state.link is Link.OFFLINE)
    assert place.station.desk.sync.state.value.waiting == 1

    place.network.down = False

    took = await until(place, lambda state: state.waiting == 0 and not state.working, 20.0)
    assert took < 20.0  # breaker at most 15 s, see the pause's own test for the loop's
    assert await floor.plant.record("step", step_id(batch.id, "dispensing", "clear")) is not None
    assert place.station.desk.sync.state.value.link is Link.ONLINE


async def test_a_saved_entry_goes_out_at_once_while_online(floor: Floor) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.station.start()
    await until(place, lambda state: state.link is Link.ONLINE and not state.working)

    saved = await place.save(confirmed(batch.id))

    outcome = await place.station.desk.commands.outcome(saved.id, 5.0)
    assert outcome is not None
    assert outcome.seq is not None


async def test_last_sync_is_said_only_when_push_and_pull_both_ended_well(floor: Floor) -> None:
    place = await floor.station("Press room")
    before = place.station.desk.sync.state.value.last_sync
    assert before is not None
    floor.plant.later(minutes=5)
    for path in (paths.SYNC_FEED, paths.SYNC_COMMANDS):
        if path == paths.SYNC_COMMANDS:
            batch = await floor.plant.batch()
            await place.sign_in(floor.plant.ana)
            await place.sync()
            before = place.station.desk.sync.state.value.last_sync
            floor.plant.later(minutes=5)
            await place.save(confirmed(batch.id))
        place.network.plan(path, Fault.BAD_GATEWAY)
        await place.sync()
        state = place.station.desk.sync.state.value
        assert (state.last_sync, state.link) == (before, Link.OFFLINE)
        assert "502" in state.problem
    await place.sync()
    assert place.station.desk.sync.state.value.last_sync == floor.plant.ticking.now


async def test_an_interrupted_push_is_sent_again_after_the_next_start(floor: Floor) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    saved = await place.save(confirmed(batch.id))
    push = await place.station.outbox.next_push()  # marked as being sent, and then the power goes
    assert push.ids == (saved.id,)
    await place.reopen()

    await place.station.start()
    await until(place, lambda state: state.waiting == 0 and state.last_sync is not None and not state.working)

    assert await floor.plant.record("step", step_id(batch.id, "dispensing", "clear")) is not None


async def test_a_push_that_is_too_large_is_halved(floor: Floor) -> None:
    batches = [await floor.plant.batch() for _ in range(2)]
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    for batch in batches:
        await place.save(confirmed(batch.id))
    place.network.plan(paths.SYNC_COMMANDS, Fault.TOO_LARGE)

    await place.sync()

    assert place.station.desk.sync.state.value.waiting == 0
    asked = place.network.asked.count(f"POST {paths.SYNC_COMMANDS}")
    assert asked == 3, "both at once, then one and one"


async def test_the_servers_clock_is_measured(floor: Floor) -> None:
    place = await floor.station("Press room")
    place.ahead = timedelta(seconds=42)
    await place.sync()
    assert place.station.desk.sync.state.value.clock_offset_ms == -42_000


@asynccontextmanager
async def on_a_socket(floor: Floor) -> AsyncGenerator[str]:
    """The application behind a real port."""
    config = uvicorn.Config(
        floor.api.app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110  the server says it by a flag alone
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        floor.api.parts.live.close()
        server.should_exit = True
        await serving


async def test_a_new_head_wakes_the_loop_through_the_event_stream(floor: Floor) -> None:
    place = await floor.station("Press room")
    async with on_a_socket(floor) as url:
        await place.station.close()
        place.around = replace(place.around, transport=httpx.AsyncHTTPTransport(), poll_seconds=3600)
        opened = await open_desk(place.around, server_url=url)
        assert isinstance(opened, Workstation)
        place.running = opened
        await opened.start()
        await until(place, lambda state: state.link is Link.ONLINE and not state.working)
        before = place.station.desk.sync.state.value.head_seq
        await asyncio.sleep(1.5)  # the stream opens beside the round

        batch = await floor.plant.batch()
        head = floor.plant.heads[-1][1]
        floor.api.parts.live.announce(floor.plant.id, head)

        took = await until(place, lambda state: state.head_seq >= head, 5.0)
        assert took < 5.0
        assert head > before
        assert await place.file(batch.id)
        await place.station.close()
        place.running = None
