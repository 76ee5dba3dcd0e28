"""Tells workstations that a journal moved on: hints only, a lost one costs latency and never data.

After a COMMIT the process that committed tells its own subscribers at once, and the other processes by NOTIFY over a
connection of its own. Not inside the transaction: there NOTIFY takes a lock that all commits share.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from app.domain.identity import PlantId
from app.server.kernel.postgres import driverless
from app.wire.codec import Malformed, dump, load
from app.wire.sync import LiveHead

log = logging.getLogger(__name__)

CHANNEL: Final = "batchwright_heads"
AGAIN_SECONDS: Final = 1.0
HEARTBEAT: Final = b": still here\n\n"
_LOST: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


class LiveHeads:
    """The heads of all journals as this process knows them. `run` is one task of the server's life."""

    def __init__(self, url: str, *, heartbeat_seconds: float = 15.0) -> None:
        self._url = url
        self._heartbeat = heartbeat_seconds
        self._heads: dict[PlantId, int] = {}
        self._untold: dict[PlantId, int] = {}
        self._subscribers: dict[PlantId, set[asyncio.Event]] = {}
        self._news = asyncio.Event()
        self._closed = False

    def announce(self, journal: PlantId, seq: int) -> None:
        """This process committed rows up to `seq`. Never waits."""
        self._untold[journal] = max(seq, self._untold.get(journal, 0))
        self._news.set()
        self._heard(journal, seq)

    def _heard(self, journal: PlantId, seq: int) -> None:
        if seq > self._heads.get(journal, 0):
            self._heads[journal] = seq
            for each in self._subscribers.get(journal, ()):
                each.set()

    async def run(self) -> None:
        """Pass heads between processes until cancelled; connects again after a loss."""
        while not self._closed:
            try:
                await self._pass_on()
            except _LOST as error:
                log.warning("live.connection_lost", extra={"error": type(error).__name__})
                await asyncio.sleep(AGAIN_SECONDS)

    async def _pass_on(self) -> None:
        door: Any = asyncpg
        connection: Any = await door.connect(driverless(self._url))
        try:
            await connection.add_listener(CHANNEL, self._on_notify)
            connection.add_termination_listener(self._on_end)
            while not self._closed:
                await self._news.wait()
                self._news.clear()
                if connection.is_closed():
                    raise ConnectionError("the connection that listens was ended")
                untold, self._untold = self._untold, {}
                for journal, seq in untold.items():
                    told = dump(LiveHead(journal=journal, head_seq=seq)).decode()
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, told)
        finally:
            await connection.close()

    def _on_end(self, _connection: object) -> None:
        self._news.set()

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        try:
            told = load(LiveHead, payload)
        except Malformed:
            log.warning("live.unreadable_notice")
            return
        self._heard(told.journal, told.head_seq)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        self._news.set()
        for each in self._subscribers.values():
            for event in each:
                event.set()

    @asynccontextmanager
    async def _subscribed(self, journal: PlantId) -> AsyncGenerator[asyncio.Event]:
        event = asyncio.Event()
        self._subscribers.setdefault(journal, set()).add(event)
        try:
            yield event
        finally:
            self._subscribers[journal].discard(event)

    async def events(self, journal: PlantId, head_seq: int) -> AsyncIterator[bytes]:
        """The event stream of one subscriber: `head_seq` at once, then every newer head, a heartbeat between."""
        async with self._subscribed(journal) as event:
            told = max(head_seq, self._heads.get(journal, 0))
            yield _event(journal, told)
            while not self._closed:
                try:
                    async with asyncio.timeout(self._heartbeat):
                        await event.wait()
                except TimeoutError:
                    yield HEARTBEAT
                    continue
                event.clear()
                newest = self._heads.get(journal, 0)
                if newest > told:
                    told = newest
                    yield _event(journal, told)


def _event(journal: PlantId, seq: int) -> bytes:
    data = dump(LiveHead(journal=journal, head_seq=seq))
    return b"event: head\nid: " + str(seq).encode() + b"\ndata: " + data + b"\n\n"
