"""The demo's plug: the desktop asks the demo's keeper, over loopback, to stop and start the API process.

One line of JSON each way: `{"token": …, "do": "pull" | "back" | "state"}` is answered `{"pulled": bool}`.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

from app.client.observable import Observable

_LIMIT: Final = 4096


class PlugServer:
    """The keeper's side. `pull` and `back` really stop and start the API process."""

    def __init__(
        self,
        pull: Callable[[], Awaitable[None]],
        back: Callable[[], Awaitable[None]],
        state: Callable[[], bool],
    ) -> None:
        self._pull = pull
        self._back = back
        self._state = state
        self._server: asyncio.Server | None = None
        self.token = secrets.token_hex(16)
        self.port = 0

    async def start(self) -> None:
        """Listen on a free loopback port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked: dict[str, Any] = json.loads(await reader.readline())
            if secrets.compare_digest(str(asked.get("token", "")), self.token):
                if asked.get("do") == "pull":
                    await self._pull()
                elif asked.get("do") == "back":
                    await self._back()
                writer.write(json.dumps({"pulled": self._state()}).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError, asyncio.LimitOverrunError):
            pass  # whoever it was did not speak this protocol; nothing was done
        finally:
            writer.close()


class DemoPlug:
    """The desktop's side; fills `app.client.ports.Plug`."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._pulled = Observable(False)

    @property
    def pulled(self) -> Observable[bool]:
        return self._pulled

    async def look(self) -> None:
        """Ask how the plug is now: the desktop may have been started while it was out."""
        await self._ask("state")

    async def pull(self) -> None:
        await self._ask("pull")

    async def put_back(self) -> None:
        await self._ask("back")

    async def _ask(self, what: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=_LIMIT)
        try:
            writer.write(json.dumps({"token": self._token, "do": what}).encode() + b"\n")
            await writer.drain()
            self._pulled.set(bool(json.loads(await reader.readline())["pulled"]))
        finally:
            writer.close()
