"""A founded plant for every test of the server that asks for one."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.api import TestApi, api_of
from tests.support.plant import TestPlant, found_plant
from tests.support.postgres import FreshDatabase


@pytest.fixture
async def plant(database: FreshDatabase) -> AsyncGenerator[TestPlant]:
    """A plant with people and an effective master record, on a database of this test's own."""
    async with found_plant(database) as founded:
        yield founded


@pytest.fixture
async def api(plant: TestPlant, tmp_path: Path) -> AsyncGenerator[TestApi]:
    """The whole application over that plant."""
    async with api_of(plant, tmp_path / "keys") as served:
        yield served
