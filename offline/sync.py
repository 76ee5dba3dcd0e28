"""One loop: deliver what people did, in order; pull both journals to their heads; say truthfully how that went.

Nothing here is remembered only in memory: a round that is cut off anywhere is simply done again, because commands count
once and a page is kept with its cursor or not at all. The server's event stream only wakes the loop earlier.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from app.client.breaker import backoff
from app.client.gateway import CutOff, Gateway, Offline, Snapshot, TooLarge
from app.client.observable import Observable
from app.client.ports import Changed, Link, PendingCommand, SyncState, WitnessState
from app.domain.decision import Refusal
from app.domain.identity import CommandId, PlantId
from app.wire.sync import MOST_COMMANDS, FeedHead, Push, Settled
from offline.cache import ROWS_AT_ONCE, Broken, Cache, Cursor, NotAFeed, read_page
from offline.changes import Changes
from offline.database import StorageFailed
from offline.outbox import LinkNow, Outbox, StationIdentity
from offline.record_rows import KINDS, RecordRow, row_of

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 30.0
"""Between rounds while all is well and nothing wakes the loop. A live stream doubles it."""
LONGEST_PAUSE: Final = 60.0
"""Between attempts while something waits, whatever went wrong before."""
_SHORTEST_PAUSE: Final = 0.2
_PEOPLE_EVERY: Final = timedelta(minutes=10)
_CLEARANCES_AT_ONCE: Final = 8
_LAST_SYNC: Final = "last_sync"


class _Result(Enum):
    """How a part of a round ended."""

    WELL = "well"
    AGAIN = "again"
    """It went well as far as it goes, and something is left to be done soon."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A run of a copy's lines. `count`: what its last line says, None before it."""

    rows: tuple[RecordRow, ...]
    records: int
    count: int | None


class SyncLoop:
    """The `SyncCentre` of this station. `start` it on the event loop; `close` it before the file is closed."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        cache: Cache,
        gateway: Gateway,
        changes: Changes,
        station: StationIdentity,
        look_again: Callable[[], Awaitable[None]],
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        beside: Sequence[Callable[[], Coroutine[None, None, None]]] = (),
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """`beside`: further loops that live as long as this one."""
        self._outbox = outbox
        self._cache = cache
        self._gateway = gateway
        self._station = station
        self._look_again = look_again
        self._clock = clock
        self._chance = chance
        self._beside = beside
        self._poll = poll_seconds
        self._state = Observable(
            SyncState(link=Link.OFFLINE, since=clock(), waiting=0, attention=0, last_sync=None, working=False)
        )
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._reached = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._failures = 0
        self._pause_asked = 0.0
        self._most = MOST_COMMANDS
        self._streaming = False
        self._touched: set[UUID] | None = None
        self._people_at: datetime | None = None
        self._heads: dict[PlantId, int] = {}
        outbox.when_saved(self._on_saved)
        changes.changed.subscribe(self._on_changed)

    @property
    def state(self) -> Observable[SyncState]:
        return self._state

    def link(self) -> LinkNow:
        """What a save at this moment knows of the server."""
        return LinkNow(online=self._state.value.link is Link.ONLINE, clock_offset=self._gateway.clock_offset)

    async def start(self) -> None:
        """Take up what the last run left, and begin. Returns at once."""
        counts = await self._outbox.wake()
        last = await self._cache.meta(_LAST_SYNC)
        witness, problem = await self._cache.witness_state()
        cursors = [await self._cache.cursor(each) for each in self._cache.journals]
        self._say(
            waiting=counts.waiting,
            attention=counts.attention,
            last_sync=datetime.fromisoformat(last) if last else None,
            witness=witness,
            problem=problem,
            head_seq=cursors[-1].seq if cursors[-1] else 0,
        )
        self._tasks = [
            asyncio.create_task(self._run(), name="sync"),
            asyncio.create_task(self._listen(), name="sync.live"),
            *(asyncio.create_task(each(), name="sync.beside") for each in self._beside),
        ]

    async def close(self) -> None:
        """Stop wherever it is: whatever was under way is done again at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def sync_now(self) -> None:
        """One whole round, now. Returns when it ended, well or not; `state` says which."""
        self._gateway.try_now()
        await self._round()

    async def pending(self) -> tuple[PendingCommand, ...]:
        return await self._outbox.listed(("new", "sending"))

    async def attention(self) -> tuple[PendingCommand, ...]:
        return await self._outbox.listed(("refused",))

    async def settle(self, command_id: CommandId, note: str) -> Refusal | None:
        refusal = await self._outbox.settle(command_id, note)
        await self._recount()
        return refusal

    async def report(self) -> str:
        state = self._state.value
        lines = [
            f"station: {self._station.name} ({self._station.station_id})",
            f"plant: {self._station.plant_name} ({self._station.plant_id})",
            f"server: {self._gateway.server_url}",
            f"link: {state.link.value} since {state.since.isoformat()}",
            f"problem: {state.problem or 'none'}",
            f"waiting: {state.waiting}",
            f"needs attention: {state.attention}",
            f"last sync: {state.last_sync.isoformat() if state.last_sync else 'never'}",
            f"witness: {state.witness.value}",
            f"clock offset: {state.clock_offset_ms if state.clock_offset_ms is not None else 'unknown'} ms",
            f"failures in a row: {self._failures}",
            f"live stream: {'open' if self._streaming else 'closed'}",
        ]
        for journal in self._cache.journals:
            cursor = await self._cache.cursor(journal)
            at = "no copy yet" if cursor is None else f"epoch {cursor.epoch}, row {cursor.seq}, {cursor.hash}"
            lines.append(f"journal {journal}: {at}")
        refused = await self.attention()
        lines.extend(
            f"refused: {each.id} {each.kind} counter {each.counter}: {each.reason}" for each in refused
        )
        return "\n".join(lines)

    # --- the loop -----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            result = await self._round()
            try:
                async with asyncio.timeout(self._pause(result)):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _pause(self, result: _Result) -> float:
        """Always finite: while something waits, an attempt follows within `LONGEST_PAUSE`."""
        if result is _Result.WELL:
            spread = 0.75 + 0.5 * self._chance()
            return self._poll * spread * (2.0 if self._streaming else 1.0)
        pause = max(backoff(self._failures, self._chance()), self._pause_asked, _SHORTEST_PAUSE)
        return min(pause, LONGEST_PAUSE)

    async def _round(self) -> _Result:
        async with self._turn:
            self._wake.clear()  # what wakes from here on is not sure to be seen by this round
            self._say(working=True)
            self._pause_asked = 0.0
            try:
                result = await self._whole_round()
                await self._end_round(result)
            except (StorageFailed, NotAFeed) as error:
                log.warning("sync.round_failed", extra={"problem": str(error)})
                self._say(problem=str(error))
                result = _Result.FAILED
            except (
                Exception
            ) as error:  # the loop outlives whatever a round meets; nothing is lost, it is done again
                log.exception("sync.round_failed")
                self._say(problem=type(error).__name__)
                result = _Result.FAILED
            self._failures = self._failures + 1 if result is not _Result.WELL else 0
            self._say(working=False, first_sync=None)
            return result

    async def _whole_round(self) -> _Result:
        for attempt in (self._push_all, self._pull_all, self._refresh_people):
            result = await attempt()
            if result is _Result.FAILED:
                return result
        declared = await self._declare_clear()
        if declared:
            pushed = await self._push_all()
            return await self._pull_all() if pushed is _Result.WELL else pushed
        counts = await self._outbox.counts()
        return _Result.AGAIN if counts.waiting else _Result.WELL

    async def _end_round(self, result: _Result) -> None:
        if result is _Result.WELL:
            now = self._clock()
            await self._cache.keep_meta(_LAST_SYNC, now.isoformat())
            self._say(last_sync=now, problem="")
        await self._recount()
        offset = self._gateway.clock_offset
        self._say(clock_offset_ms=None if offset is None else round(offset / timedelta(milliseconds=1)))

    async def _listen(self) -> None:
        """Be woken by the server. A stream that ends is opened again, later each time."""
        failures = 0
        while True:
            await self._reached.wait()
            async for head in self._gateway.live(self._station.plant_id):
                failures, self._streaming = 0, True
                if head.head_seq > self._heads.get(head.journal, 0):
                    self._wake.set()
            self._streaming = False
            failures += 1
            await asyncio.sleep(1.0 + backoff(failures, self._chance(), longest=LONGEST_PAUSE))

    # --- push ---------------------------------------------------------------------------------------------------------

    async def _push_all(self) -> _Result:
        while True:
            push = await self._outbox.next_push(self._most)
            if not push.commands:
                return _Result.WELL
            if push.altered:
                self._say(problem=f"command {push.altered[0]} is not as it was sealed")
            answer = await self._gateway.push(
                Push(
                    station_id=self._station.station_id,
                    plant_id=self._station.plant_id,
                    commands=push.commands,
                )
            )
            if isinstance(answer, TooLarge):
                await self._outbox.not_sent(push.ids)
                if len(push.commands) == 1:
                    return self._failed(Offline(problem="the server does not take a command of this size"))
                self._most = max(1, len(push.commands) // 2)
                continue
            if isinstance(answer, Refusal | Offline):
                await self._outbox.not_sent(push.ids)
                return self._failed(answer)
            self._answered()
            self._most = MOST_COMMANDS
            counts = await self._outbox.take_outcomes(push.ids, answer.outcomes)
            self._say(waiting=counts.waiting, attention=counts.attention)
            if answer.durable_seq is not None:
                await self._outbox.forget_backed_up(answer.durable_seq)
            if not any(each.settled is not Settled.HELD for each in answer.outcomes):
                return _Result.AGAIN  # all of them wait for something: later, not at once again

    # --- pull ---------------------------------------------------------------------------------------------------------

    async def _pull_all(self) -> _Result:
        for journal in self._cache.journals:
            if await self._pull(journal) is _Result.FAILED:
                return _Result.FAILED
        witness, _ = await self._cache.witness_state()
        self._say(witness=witness, head_seq=self._heads.get(self._station.plant_id, 0))
        return _Result.WELL

    async def _pull(self, journal: PlantId) -> _Result:
        cursor = await self._cache.cursor(journal)
        if cursor is None:
            if await self._copy(journal) is _Result.FAILED:
                return _Result.FAILED
            cursor = await self._cache.cursor(journal)
        if cursor is None:
            return _Result.FAILED
        if cursor.broken_at is not None:
            return await self._still_broken(cursor)
        writing: asyncio.Task[None] | None = None
        try:
            while True:
                page = await self._gateway.feed(journal, cursor.seq, ROWS_AT_ONCE)
                if isinstance(page, Refusal | Offline):
                    return self._failed(page)
                self._answered()
                read = await asyncio.to_thread(read_page, cursor, page.head, page.lines)
                if writing is not None:
                    await writing
                    writing = None
                if isinstance(read, Broken):
                    return await self._freeze(cursor, read)
                # The next page is fetched and checked while this one is kept.
                writing = asyncio.create_task(self._cache.take_page(read), name="sync.page")
                cursor = read.cursor
                if cursor.seq >= page.head.head_seq or not page.lines:
                    await writing
                    writing = None
                    self._heads[journal] = cursor.seq
                    return _Result.WELL
        finally:
            if writing is not None:
                await asyncio.gather(writing, return_exceptions=True)

    async def _freeze(self, cursor: Cursor, broken: Broken) -> _Result:
        if broken.seq <= cursor.seq + 1:
            first = await self._first_difference(cursor)
            broken = broken if first is None else replace(broken, seq=first)
        await self._cache.freeze(broken)
        return await self._still_broken(replace(cursor, broken_at=broken.seq))

    async def _still_broken(self, cursor: Cursor) -> _Result:
        """Nothing more is taken from this journal; what people do here goes on being recorded and delivered."""
        self._say(
            witness=WitnessState.BROKEN,
            problem=f"{cursor.journal}: row {cursor.broken_at} is not the one this station saw",
        )
        return _Result.FAILED

    async def _first_difference(self, cursor: Cursor) -> int | None:
        """The earliest of the rows this station remembers that the server now shows otherwise."""
        seen = await self._cache.witnesses(cursor.journal)
        low, high = 0, len(seen)
        while low < high:
            middle = (low + high) // 2
            seq, known = seen[middle]
            if seq == 0:
                low = middle + 1
                continue
            page = await self._gateway.feed(cursor.journal, seq - 1, 1)
            if isinstance(page, Refusal | Offline) or not page.lines:
                return None
            if page.lines[0].split(b" ", 2)[1].decode() == known:
                low = middle + 1
            else:
                high = middle
        return seen[low][0] if low < len(seen) else None

    async def _copy(self, journal: PlantId) -> _Result:
        """The first copy of a journal: read beside what is there, and put in its place when it is whole."""
        async with self._gateway.snapshot(journal) as answer:
            if not isinstance(answer, Snapshot):
                return self._failed(answer)
            self._answered()
            await self._cache.begin_copy()
            try:
                first_rowid = await self._take_copy(journal, answer)
            except (CutOff, NotAFeed) as error:
                return self._failed(Offline(problem=f"the copy was cut off: {error}"))
            await self._cache.finish_copy(answer.head, first_rowid)
        self._heads[journal] = answer.head.head_seq
        self._touched = None
        return _Result.WELL

    async def _take_copy(self, journal: PlantId, copy: Snapshot) -> int:
        """Lines into rows in one thread while the writer keeps the run before. Answers the next rowid."""
        next_rowid, records = 1, 0
        promised: int | None = None
        writing: asyncio.Task[int] | None = None
        waiting: list[bytes] = []
        try:
            async for lines in copy.lines():
                waiting.extend(lines)
                while len(waiting) >= ROWS_AT_ONCE or (waiting and waiting[-1].startswith(b"end ")):
                    run, waiting = waiting[:ROWS_AT_ONCE], waiting[ROWS_AT_ONCE:]
                    parsed = await asyncio.to_thread(_parse_copy, run)
                    records += parsed.records
                    promised = parsed.count if parsed.count is not None else promised
                    if writing is not None:
                        await writing
                    writing = asyncio.create_task(
                        self._cache.add_to_copy(journal, parsed.rows, next_rowid), name="sync.copy"
                    )
                    next_rowid += len(parsed.rows)
                    self._say(first_sync=_progress(copy.head, records))
            if writing is not None:
                await writing
                writing = None
        finally:
            if writing is not None:
                await asyncio.gather(writing, return_exceptions=True)
        if promised != records:
            raise NotAFeed(f"{records} records of {promised}")
        return next_rowid

    # --- beside the journals --------------------------------------------------------------------------------------------

    async def _refresh_people(self) -> _Result:
        now = self._clock()
        if self._people_at is not None and now - self._people_at < _PEOPLE_EVERY:
            return _Result.WELL
        cards = await self._gateway.people()
        if isinstance(cards, Offline):
            return self._failed(cards)
        if isinstance(cards, Refusal):  # names are a help; delivery and pull do not wait for them
            log.warning("sync.people_refused", extra={"reason": cards.reason.value})
            self._people_at = now
            return _Result.WELL
        await self._cache.keep_people(cards)
        await self._look_again()
        self._people_at = now
        return _Result.WELL

    async def _declare_clear(self) -> int:
        """For batches that went under review: nothing more of them is held here (ruling B23)."""
        touched, self._touched = self._touched, set()
        if touched is not None and not touched:
            return 0
        due = await self._cache.under_review()
        wanted = [each for each in due if touched is None or each in touched]
        declared = 0
        for start in range(
            0, len(wanted), _CLEARANCES_AT_ONCE
        ):  # each folds a file: saves wait behind a few only
            declared += await self._outbox.declare_clear(wanted[start : start + _CLEARANCES_AT_ONCE])
        return declared

    # --- what is known ------------------------------------------------------------------------------------------------

    def _answered(self) -> None:
        self._link(Link.ONLINE)
        self._reached.set()

    def _failed(self, answer: Refusal | Offline) -> _Result:
        self._reached.clear()
        if isinstance(answer, Offline):
            self._pause_asked = answer.retry_after or 0.0
            self._link(Link.OFFLINE)
            self._say(problem=answer.problem)
        else:
            self._link(Link.REFUSED)
            self._say(problem=" ".join((answer.reason.value, *answer.detail)))
        return _Result.FAILED

    def _link(self, link: Link) -> None:
        if self._state.value.link is not link:
            self._say(link=link, since=self._clock())
            log.info("sync.link", extra={"link": link.value})

    async def _recount(self) -> None:
        counts = await self._outbox.counts()
        self._say(waiting=counts.waiting, attention=counts.attention)

    def _on_saved(self) -> None:
        self._say(waiting=self._state.value.waiting + 1)
        self._wake.set()

    def _on_changed(self, changed: Changed) -> None:
        if self._touched is not None:
            self._touched.update(changed.batches)
        if "person" in changed.kinds:
            self._people_at = None

    def _say(self, **changes: object) -> None:
        self._state.set(replace(self._state.value, **changes))


def _parse_copy(lines: Sequence[bytes]) -> _Parsed:
    """Rows of a copy's lines. Raises `NotAFeed`."""
    rows: list[RecordRow] = []
    records = 0
    for line in lines:
        try:
            kind, rest = line.split(b" ", 1)
            if kind == b"end":
                return _Parsed(tuple(rows), records, int(rest))
            seq, body = rest.split(b" ", 1)
            records += 1
            if (name := kind.decode()) in KINDS:
                rows.append(row_of(name, int(seq), body))
        except (ValueError, KeyError, TypeError) as error:
            raise NotAFeed("a line of the copy can't be read") from error
    return _Parsed(tuple(rows), records, None)


def _progress(head: FeedHead, records: int) -> float:
    """How far a copy is, told low: a record takes at least one journal row, most took more."""
    return min(0.99, records / max(head.head_seq, records + 1))
