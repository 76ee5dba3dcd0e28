"""A workstation without a server for every test that asks for one."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.lone_station import LoneStation, lone_station


@pytest.fixture
async def station(tmp_path: Path) -> AsyncGenerator[LoneStation]:
    """The sample plant's records in an encrypted file, and Ana at work."""
    lone = await lone_station(tmp_path)
    yield lone
    await lone.close()
