"""A workstation without a server for every test that asks for one."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.floor import Floor, floor_of
from tests.support.lone_station import LoneStation, lone_station
from tests.support.plant import found_plant
from tests.support.postgres import FreshDatabase


@pytest.fixture
async def station(tmp_path: Path) -> AsyncGenerator[LoneStation]:
    """The sample plant's records in an encrypted file, and Ana at work."""
    lone = await lone_station(tmp_path)
    yield lone
    await lone.close()


@pytest.fixture
async def floor(database: FreshDatabase, tmp_path: Path) -> AsyncGenerator[Floor]:
    """The real server, for what begins with an enrolment."""
    async with found_plant(database) as plant, floor_of(plant, tmp_path) as ready:
        yield ready
