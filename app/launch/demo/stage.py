"""A demo plant that is up: database, API process and plug, which end together."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.launch.demo.api_process import MAIN, ApiProcess
from app.launch.demo.control import PlugServer
from app.launch.demo.order import ChildOrder
from app.launch.demo.plant import PreparedPlant, prepared_plant


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A demo plant that is up: its folder, its API, and the plug."""

    home: Path
    plant: PreparedPlant
    api: ApiProcess
    plug: PlugServer

    def order(self, *, shift: str = "", out: Path | None = None) -> ChildOrder:
        """What a desktop process is told."""
        return ChildOrder(
            server=self.api.url,
            data=self.home / "workstation",
            plug_port=self.plug.port,
            plug_token=self.plug.token,
            enrolment_code=self.plant.enrolment_code,
            shift=shift,
            out=out,
        )


def say(sentence: str) -> None:
    """Progress for the person at the terminal."""
    print(sentence, flush=True)


@asynccontextmanager
async def raised(home: Path) -> AsyncGenerator[Stage]:
    """A demo plant below `home`, made if it is not there yet, with its API up and the plug in."""
    async with prepared_plant(home, say) as plant:
        api = ApiProcess(home, ("--home", str(home)), {})
        say("Starting the API …")
        await api.start()

        async def pull() -> None:
            await api.stop(at_once=True)

        plug = PlugServer(pull, api.start, lambda: not api.running)
        await plug.start()
        try:
            yield Stage(home=home, plant=plant, api=api, plug=plug)
        finally:
            await plug.close()
            await api.stop()


async def spawn(order: ChildOrder, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Start a desktop process. What it is told goes by the environment: arguments can be read by every user."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(MAIN),
        "demo",
        "--child",
        "desktop" if not order.shift else "shift",
        env=os.environ | environment | {ChildOrder.VARIABLE: order.text()},
    )
