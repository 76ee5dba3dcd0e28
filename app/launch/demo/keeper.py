"""The demo's keeper: owns database, API process and desktop process of the demo plant, and ends them together."""

import asyncio
import shutil
from argparse import Namespace

from app.launch.command import CommandFailed
from app.launch.demo.api_process import ApiFailed
from app.launch.demo.private_keyring import keyring_where_there_is_none
from app.launch.demo.proof import prove
from app.launch.demo.stage import raised, say, spawn
from app.launch.display import is_there_a_display
from app.launch.place import demo_home


def run(options: Namespace) -> str:
    """`main.py demo`. Raises CommandFailed."""
    if options.headless and options.out is None:
        raise CommandFailed("Say where the report goes: main.py demo --headless --out DIR", code=2)
    try:
        if options.headless:
            return asyncio.run(prove(options.out.resolve()))
        if not is_there_a_display():
            raise CommandFailed("There is no display here. Use: main.py demo --headless --out DIR", code=2)
        return asyncio.run(_show(options))
    except ApiFailed as failure:
        raise CommandFailed(str(failure)) from failure


async def _show(options: Namespace) -> str:
    home = demo_home()
    if options.fresh and home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    async with raised(home) as stage:
        with keyring_where_there_is_none(home / "keyring") as environment:
            say("The plant is up. Opening the desktop; close its window to end the demo.")
            desktop = await spawn(stage.order(), environment)
            try:
                code = await desktop.wait()
            finally:
                if desktop.returncode is None:  # interrupted at the terminal: the window goes with the plant
                    desktop.terminate()
                    await desktop.wait()
    if code != 0:
        raise CommandFailed(
            "The desktop could not be shown. Without a display use: main.py demo --headless --out DIR",
            code=code,
        )
    return f"The demo has ended. Its plant is kept in {home}; --fresh begins anew."
