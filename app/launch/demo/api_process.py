"""The bundled API as a process of its own, so that pulling the plug is no simulation."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MAIN: Final = Path(__file__).resolve().parents[3] / "main.py"
READY_SECONDS: Final = 60.0


class ApiFailed(RuntimeError):
    """The API did not come up; the message says where its log lies."""


class ApiProcess:
    """Starts `main.py serve` on one port, and stops it for real."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._arguments = arguments
        self._environment = dict(environment)
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start and wait until it answers. The second start takes the port of the first."""
        if self.running:
            return
        ready = self._folder / "api-ready.json"
        ready.unlink(missing_ok=True)
        log = self._folder / "api.log"
        with log.open("ab") as sink:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(MAIN),
                "serve",
                "--port",
                str(self._port),
                "--ready-file",
                str(ready),
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=os.environ | self._environment,
            )
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while not ready.exists():
            if self._process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise ApiFailed(f"the API did not start; its log: {log}")
            await asyncio.sleep(0.05)
        self._port = int(json.loads(ready.read_text())["port"])

    async def stop(self, *, at_once: bool = False) -> None:
        """End the process: politely, or as a power cut would."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGKILL if at_once else signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
