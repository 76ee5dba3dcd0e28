"""A network that fails as networks do: not there, slow, the question lost, the answer lost, cut in the middle.

Wraps any httpx transport, real sockets or an application in the same process, so that the code under test is whole.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum

import httpx

PORTAL = b"<!doctype html><title>Guest Wi-Fi</title><p>Please accept the terms."


class Fault(Enum):
    """What happens to one question."""

    REQUEST_LOST = "request lost"
    """It never arrives."""
    REPLY_LOST = "reply lost"
    """It is answered, and the answer never arrives."""
    CUT = "cut"
    """Half of the answer arrives."""
    PORTAL = "portal"
    """Somebody else's page comes back, with a smile and a 200."""
    BAD_GATEWAY = "bad gateway"
    """A proxy's page."""
    TOO_LARGE = "too large"
    """Somebody on the way takes no body of that size."""


@dataclass(slots=True)
class _Planned:
    path: str
    fault: Fault
    times: int


class _Half(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content[: len(self._content) // 2]
        raise httpx.ReadError("cut in the middle")


@dataclass(slots=True)
class Network(httpx.AsyncBaseTransport):
    """`down`: nothing gets through. `delay` in seconds before every answer. `blocked`: paths that never connect.

    `asked` is every question that reached the server, as `METHOD path`.
    """

    inner: httpx.AsyncBaseTransport
    down: bool = False
    delay: float = 0.0
    blocked: set[str] = field(default_factory=set[str])
    asked: list[str] = field(default_factory=list[str])
    _planned: list[_Planned] = field(default_factory=list[_Planned])

    def plan(self, path: str, fault: Fault, times: int = 1) -> None:
        """Let the next `times` questions to a path that begins so meet `fault`."""
        self._planned.append(_Planned(path, fault, times))

    def forget_plans(self) -> None:
        """From now on everything gets through."""
        self._planned.clear()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if self.down or path in self.blocked:
            raise httpx.ConnectError("no route to the plant", request=request)
        fault = self._next_fault(path)
        if fault is Fault.REQUEST_LOST:
            raise httpx.ConnectTimeout("the question was lost", request=request)
        if fault is Fault.PORTAL:
            return httpx.Response(200, headers={"content-type": "text/html"}, content=PORTAL)
        if fault is Fault.BAD_GATEWAY:
            return httpx.Response(502, headers={"content-type": "text/html"}, content=PORTAL)
        if fault is Fault.TOO_LARGE:
            self.asked.append(f"{request.method} {path}")
            return httpx.Response(413)
        if self.delay:
            await asyncio.sleep(self.delay)
        response = await self.inner.handle_async_request(request)
        self.asked.append(f"{request.method} {path}")
        if fault is None:
            return response
        content = await response.aread()
        if fault is Fault.REPLY_LOST:
            raise httpx.ReadTimeout("the answer was lost", request=request)
        headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() != "content-length"]
        return httpx.Response(response.status_code, headers=headers, stream=_Half(content))

    def _next_fault(self, path: str) -> Fault | None:
        for each in self._planned:
            if path.startswith(each.path) and each.times > 0:
                each.times -= 1
                return each.fault
        return None

    async def aclose(self) -> None:
        await self.inner.aclose()
