"""A plant floor for every test of the sync."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.floor import Floor, floor_of
from tests.support.plant import TestPlant, found_plant
from tests.support.postgres import FreshDatabase


@pytest.fixture
async def plant(database: FreshDatabase) -> AsyncGenerator[TestPlant]:
    """A plant with people and an effective master record."""
    async with found_plant(database) as founded:
        yield founded


@pytest.fixture
async def floor(plant: TestPlant, tmp_path: Path) -> AsyncGenerator[Floor]:
    """Its application, ready for workstations."""
    async with floor_of(plant, tmp_path) as ready:
        yield ready
