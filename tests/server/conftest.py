"""A founded plant for every test of the server that asks for one."""

from collections.abc import AsyncGenerator

import pytest

from tests.support.plant import TestPlant, found_plant
from tests.support.postgres import FreshDatabase


@pytest.fixture
async def plant(database: FreshDatabase) -> AsyncGenerator[TestPlant]:
    """A plant with people and an effective master record, on a database of this test's own."""
    async with found_plant(database) as founded:
        yield founded
