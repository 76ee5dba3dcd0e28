"""Whatever fails, nothing is lost, nothing is done twice, and both ends agree: two workstations against a model.

Hypothesis chooses who does what and where the network breaks; the oracle is asked at the end of every run.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.client.ports import Saved
from app.domain.identity import BatchId, step_id
from app.domain.step import Step
from app.wire import paths
from tests.support.floor import Place, floor_of
from tests.support.network import Fault
from tests.support.plant import confirmed, found_plant, lot, weight
from tests.support.postgres import DatabaseMaker

STEPS = ("clear", "weight", "lot")
"""In the master's order; every station fills them for itself."""


class TwoStations(RuleBasedStateMachine):
    """Saves, faults, restarts and syncs in any order. `databases` is set by the test."""

    databases: DatabaseMaker

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.folder = TemporaryDirectory(prefix="batchwright-machine-")
        self.saved: dict[UUID, tuple[BatchId, str]] = {}
        self.places: list[Place] = []
        self.batches: list[BatchId] = []
        self.fresh = self.databases.make()

    def wait(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)

    @initialize()
    def open(self) -> None:
        async def make() -> None:
            plant = await self.stack.enter_async_context(found_plant(self.fresh))
            floor = await self.stack.enter_async_context(floor_of(plant, Path(self.folder.name)))
            self.batches = [(await plant.batch()).id for _ in range(2)]
            for name, who in (("Press room", plant.ana), ("Packing", plant.boris)):
                place = await floor.station(name)
                await place.sign_in(who)
                await place.sync()
                self.places.append(place)

        self.wait(make())

    @rule(at=st.integers(0, 1), of=st.integers(0, 1), value=st.integers(100, 102))
    def answer_the_next_step(self, at: int, of: int, value: int) -> None:
        async def save() -> None:
            place, batch_id = self.places[at], self.batches[of]
            file = await place.file(batch_id)
            for key in STEPS:
                if file.facts.one(Step, step_id(batch_id, "dispensing", key)) is None:
                    command = {
                        "clear": confirmed(batch_id),
                        "weight": weight(batch_id, f"{value / 10}"),
                        "lot": lot(batch_id, f"L-{value}"),
                    }[key]
                    kept = await place.station.desk.commands.save(command)
                    if isinstance(kept, Saved):
                        self.saved[kept.id] = (batch_id, key)
                    return

        self.wait(save())

    @rule(at=st.integers(0, 1))
    def sync(self, at: int) -> None:
        self.wait(self.places[at].sync())

    @rule(at=st.integers(0, 1), down=st.booleans())
    def switch_the_network(self, at: int, down: bool) -> None:
        self.places[at].network.down = down

    @rule(
        at=st.integers(0, 1),
        fault=st.sampled_from([Fault.REQUEST_LOST, Fault.REPLY_LOST, Fault.CUT, Fault.PORTAL]),
        path=st.sampled_from([paths.SYNC_COMMANDS, paths.SYNC_FEED]),
    )
    def break_the_next_question(self, at: int, fault: Fault, path: str) -> None:
        self.places[at].network.plan(path, fault)

    @rule(at=st.integers(0, 1))
    def switch_off_and_on(self, at: int) -> None:
        async def again() -> None:
            place = self.places[at]
            await place.reopen()
            down, place.network.down = place.network.down, True
            who = (place.floor.plant.ana, place.floor.plant.boris)[at]
            person = await place.sign_in(who)
            assert person.offline
            place.network.down = down

        self.wait(again())

    @invariant()
    def what_was_saved_is_on_the_screen_or_accepted(self) -> None:
        """Read your own writes: an entry never vanishes from the station it was made at."""

        async def look() -> None:
            for place in self.places:
                for batch_id in self.batches:
                    file = await place.file(batch_id)
                    shown = {e.id for step in file.facts.every(Step, batch_id=batch_id) for e in step.entries}
                    assert set(file.marks) <= shown, "a command on its way has its entry on the screen"

        if self.places:
            self.wait(look())

    def teardown(self) -> None:
        try:
            if self.places:
                self.wait(self._settle())
        finally:
            self.wait(self.stack.aclose())
            self.loop.close()
            self.folder.cleanup()
            self.databases.drop(self.fresh)

    async def _settle(self) -> None:
        """The networks come back; after some rounds everybody agrees, and every entry is there exactly once."""
        for place in self.places:
            place.network.down = False
            place.network.forget_plans()
        for _ in range(2):
            for place in self.places:
                await place.sync()
        on_server: dict[UUID, Step] = {}
        for each in await self.places[0].floor.plant.records("step"):
            assert isinstance(each, Step)
            on_server[each.id] = each
        entries = [e.id for step in on_server.values() for e in step.entries]
        assert sorted(entries) == sorted(self.saved), "each entry once, and none but those that were saved"
        for place in self.places:
            state = place.station.desk.sync.state.value
            assert (state.waiting, state.attention, state.problem) == (0, 0, "")
            for batch_id in self.batches:
                file = await place.file(batch_id)
                assert file.marks == {}
                for step in file.facts.every(Step, batch_id=batch_id):
                    assert step == on_server[step.id]


@pytest.mark.timeout(300)
def test_two_stations_and_a_bad_network_lose_nothing_and_agree(databases: DatabaseMaker) -> None:
    TwoStations.databases = databases
    run_state_machine_as_test(
        TwoStations,
        settings=settings(
            max_examples=4,
            stateful_step_count=18,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_many_histories_of_two_stations(databases: DatabaseMaker) -> None:
    TwoStations.databases = databases
    run_state_machine_as_test(
        TwoStations,
        settings=settings(
            max_examples=200,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
