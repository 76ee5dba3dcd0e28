"""The workstations' door: commands in, journal and snapshot out (see `app/wire/sync.py`)."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from app.domain.decision import Reason, Refusal
from app.domain.identity import SYSTEM, PlantId
from app.server.kernel.database import Database, Transaction
from app.server.kernel.desk import CommandDesk
from app.server.kernel.journal import feed_page, head
from app.server.kernel.live import LiveHeads
from app.server.kernel.problems import Refused
from app.server.kernel.record_tables import SYSTEM_KINDS, RecordStore
from app.server.kernel.security import Caller, RemoteHere, StationHere
from app.wire import paths
from app.wire.codec import RECORD_CLASSES, adapter, dump, load
from app.wire.sync import FEED_TYPE, MOST_ROWS, SNAPSHOT_TYPE, FeedHead, Push

LINES_AT_ONCE = 2_000
_SENT_AS_MADE = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def sync_router(
    *, desk: CommandDesk, database: Database, live: LiveHeads, clock: Callable[[], datetime]
) -> APIRouter:
    """All routes under `/api/v1/sync`. Every one asks for a workstation's token."""
    router = APIRouter(tags=["sync"])

    @router.post(
        paths.SYNC_COMMANDS, summary="Hand in sealed commands; an outcome for each, after the commit"
    )
    async def commands(request: Request, station: StationHere, remote: RemoteHere) -> Response:
        push = load(Push, await request.body())
        if station.station_id is None or push.plant_id != station.plant_id:
            raise Refused(Refusal(reason=Reason.OTHER_PLANT, detail=(push.plant_id,)))
        answer = await desk.push(station.station_id, push, remote)
        if isinstance(answer, Refusal):
            raise Refused(answer)
        return Response(dump(answer), media_type="application/json")

    @router.get(paths.SYNC_FEED, summary="The journal's rows behind a seq")
    async def feed(
        station: StationHere,
        journal: PlantId,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = MOST_ROWS,
    ) -> Response:
        _check(journal, station)
        async with database.transaction() as tx:
            page = await feed_page(tx, journal, after=after, limit=limit, now=clock())
        if page is None:
            raise _no_journal(journal)
        return Response(page, media_type=FEED_TYPE)

    @router.get(paths.SYNC_SNAPSHOT, summary="All records of a journal at one seq, as a stream")
    async def snapshot(station: StationHere, journal: PlantId) -> Response:
        _check(journal, station)
        async with database.transaction() as tx:
            if await head(tx, journal, clock()) is None:
                raise _no_journal(journal)
        lines = snapshot_lines(database, desk.store, journal, clock)
        return StreamingResponse(lines, media_type=SNAPSHOT_TYPE, headers=_SENT_AS_MADE)

    @router.get(paths.SYNC_LIVE, summary="An event for every new head: a hint to pull")
    async def follow(station: StationHere, journal: PlantId) -> Response:
        _check(journal, station)
        async with database.transaction() as tx:
            at = await head(tx, journal, clock())
        if at is None:
            raise _no_journal(journal)
        events = live.events(journal, at.head_seq)
        return StreamingResponse(events, media_type="text/event-stream", headers=_SENT_AS_MADE)

    @router.get(paths.SYNC_HEADS, summary="Where the journals of this workstation stand")
    async def heads(station: StationHere) -> Response:
        async with database.transaction() as tx:
            known = [await head(tx, journal, clock()) for journal in (SYSTEM, station.plant_id)]
        found = tuple(each for each in known if each is not None)
        return Response(adapter(tuple[FeedHead, ...]).dump_json(found), media_type="application/json")

    return router


def _check(journal: PlantId, station: Caller) -> None:
    """A workstation sees the journal of its plant and the system's."""
    if journal not in {SYSTEM, station.plant_id}:
        raise Refused(Refusal(reason=Reason.OTHER_PLANT, detail=(journal,)))


def _no_journal(journal: PlantId) -> Refused:
    return Refused(Refusal(reason=Reason.NOT_FOUND, detail=("journal", journal)))


async def snapshot_lines(
    database: Database, store: RecordStore, journal: PlantId, clock: Callable[[], datetime]
) -> AsyncIterator[bytes]:
    """A `SNAPSHOT_TYPE` body: everything at one moment, read through a cursor, never whole in memory."""
    count = 0
    async with database.transaction(snapshot=True) as tx:
        # A slow station may take its time over one long cursor; nobody waits for a reader.
        await tx.execute("SET LOCAL statement_timeout = 0")
        await tx.execute("SET LOCAL idle_in_transaction_session_timeout = '15min'")
        at = await head(tx, journal, clock())
        if at is None:
            return
        yield dump(at) + b"\n"
        for cls in RECORD_CLASSES:
            if (cls.KIND in SYSTEM_KINDS) != (journal == SYSTEM):
                continue
            async for lines in _lines(tx, store, cls.KIND, journal):
                count += len(lines)
                yield "".join(lines).encode()
    yield f"end {count}\n".encode()


async def _lines(
    tx: Transaction, store: RecordStore, kind: str, journal: PlantId
) -> AsyncIterator[list[str]]:
    table = store.tables[kind]
    where = "" if journal == SYSTEM else "WHERE plant_id = :journal"
    sql = f"SELECT '{kind} ' || seq || ' ' || record || chr(10) FROM {table.table} {where} ORDER BY id"  # noqa: S608
    values = {} if journal == SYSTEM else {"journal": journal}
    async for run in tx.stream(sql, LINES_AT_ONCE, **values):
        yield [row[0] for row in run]
