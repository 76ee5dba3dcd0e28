"""The workstations' door: commands in, feed, snapshot and live heads out, and every "no" as a problem body."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.domain.decision import Reason, Refusal
from app.domain.identity import SYSTEM, BatchId, PlantId, StationId
from app.domain.permissions import ROLES, Role
from app.server.kernel import live as live_module
from app.server.kernel import problems
from app.server.kernel.journal import Event
from app.server.kernel.live import LiveHeads
from app.server.kernel.problems import BodyLimit
from app.server.kernel.security import Caller
from app.server.kernel.sync_router import snapshot_lines, sync_router
from app.server.kernel.telemetry import RequestIds
from app.wire import paths
from app.wire.chain import GENESIS, link, row_digest
from app.wire.codec import adapter, dump, load, load_record
from app.wire.problem import PROBLEM_TYPE, Problem
from app.wire.sync import FEED_TYPE, SNAPSHOT_TYPE, FeedHead, LiveHead, Push, PushAnswer, Settled
from tests.support.plant import TestPlant, TestStation, confirmed, lot
from tests.support.postgres import FreshDatabase, ask

MOST = 100_000


@dataclass
class Tokens:
    """Reads `station ID` and `person ID`; everything else is nobody's."""

    plant_id: PlantId

    async def read(self, bearer: str) -> Caller | Refusal:
        kind, _, key = bearer.partition("-")
        if kind == "station":
            return Caller(
                plant_id=self.plant_id,
                permissions=frozenset(),
                station_id=StationId(UUID(key)),
                is_station=True,
            )
        if kind == "person":
            return Caller(plant_id=self.plant_id, permissions=ROLES[Role.PRODUCTION_OFFICER])
        return Refusal(reason=Reason.SIGNED_OUT)


def application(plant: TestPlant, live: LiveHeads) -> FastAPI:
    """The sync routes alone, as every process serves them."""
    app = FastAPI()
    app.state.token_reader = Tokens(plant.id)
    problems.install(app)
    app.add_middleware(BodyLimit, most=MOST)
    app.add_middleware(RequestIds, new_id=uuid4)
    app.include_router(
        sync_router(desk=plant.desk, database=plant.database, live=live, clock=plant.ticking.clock)
    )

    @app.get("/breaks")
    async def breaks() -> None:
        raise LookupError("a secret detail")

    return app


@asynccontextmanager
async def door(plant: TestPlant, database: FreshDatabase) -> AsyncGenerator[httpx.AsyncClient]:
    app = application(plant, LiveHeads(database.api_url))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://plant") as client:
        yield client


def as_station(station: TestStation) -> dict[str, str]:
    return {"authorization": f"Bearer station-{station.id}"}


async def post(client: httpx.AsyncClient, station: TestStation, push: Push) -> httpx.Response:
    return await client.post(paths.SYNC_COMMANDS, content=dump(push), headers=as_station(station))


def read_feed(body: bytes) -> tuple[FeedHead, list[tuple[int, bytes, bytes]]]:
    """The head and (seq, hash, row) of each line, as a workstation reads them."""
    head, *lines = body.rstrip(b"\n").split(b"\n")
    rows = [line.split(b" ", 2) for line in lines]
    return load(FeedHead, head), [(int(seq), bytes.fromhex(told.decode()), row) for seq, told, row in rows]


def problem(response: httpx.Response, status: int) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM_TYPE
    return load(Problem, response.content)


async def test_commands_go_in_by_http_and_every_outcome_comes_back(
    plant: TestPlant, database: FreshDatabase
) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    push = Push(
        station_id=station.id, plant_id=plant.id, commands=(station.says(confirmed(batch.id), plant.ana),)
    )
    async with door(plant, database) as client:
        response = await post(client, station, push)
    answer = load(PushAnswer, response.content)
    assert [each.settled for each in answer.outcomes] == [Settled.ACCEPTED]
    row = await plant.ask(
        "SELECT ip_address::text, user_agent FROM kernel.audit_logs WHERE event_type = 'step.recorded'"
    )
    assert tuple(row[0]) == ("127.0.0.1/32", f"python-httpx/{httpx.__version__}")


async def test_a_witness_that_follows_the_feed_closes_the_chain_page_by_page(
    plant: TestPlant, database: FreshDatabase
) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    await station.push(
        *(station.says(lot(batch.id, f"Lot {number} ÄÖ °"), plant.ana) for number in range(23))
    )
    prev, after = GENESIS, 0
    async with door(plant, database) as client:
        while True:
            response = await client.get(
                paths.SYNC_FEED,
                params={"journal": plant.id, "after": after, "limit": 10},
                headers=as_station(station),
            )
            assert response.headers["content-type"] == FEED_TYPE
            head, rows = read_feed(response.content)
            assert head.after == after
            if not rows:
                break
            for seq, told, row in rows:
                assert seq == after + 1
                prev = link(prev, plant.id, head.epoch, seq, row_digest(row))
                assert prev == told
                after = seq
    assert (head.head_seq, head.hash) == (after, prev.hex())


async def test_rows_that_stations_do_not_see_travel_as_two_hashes_and_the_chain_still_closes(
    plant: TestPlant, database: FreshDatabase
) -> None:
    station = await plant.station("DISP-01")
    async with plant.database.transaction() as tx:
        event = Event(
            event_type="sign-in.failed", entity_type="sign-in", entity_id=plant.ana.user_id, action="refuse"
        )
        await plant.journal.note(tx, SYSTEM, event, Refusal(reason=Reason.WRONG_SECRET))
    async with door(plant, database) as client:
        response = await client.get(paths.SYNC_FEED, params={"journal": SYSTEM}, headers=as_station(station))
    head, rows = read_feed(response.content)
    assert b"wrong_secret" not in response.content
    hidden = [row for _, _, row in rows if row.startswith(b"#")]
    assert len(hidden) == 1
    prev = GENESIS
    for seq, told, row in rows:
        digest = bytes.fromhex(row[1:].decode()) if row.startswith(b"#") else row_digest(row)
        prev = link(prev, SYSTEM, head.epoch, seq, digest)
        assert prev == told


async def test_a_snapshot_is_what_the_feed_comes_to(plant: TestPlant, database: FreshDatabase) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    await station.push(*(station.says(lot(batch.id, str(number)), plant.ana) for number in range(5)))
    folded: dict[tuple[str, str], tuple[int, bytes]] = {}
    async with door(plant, database) as client:
        for journal in (SYSTEM, plant.id):
            feed = await client.get(paths.SYNC_FEED, params={"journal": journal}, headers=as_station(station))
            head, rows = read_feed(feed.content)
            folded.clear()
            for seq, _, row in rows:
                meta, _, body = row.partition(b"\t")
                told = json.loads(meta)
                folded[told["entity_type"], told["entity_id"]] = (seq, body)
            copy = await client.get(
                paths.SYNC_SNAPSHOT, params={"journal": journal}, headers=as_station(station)
            )
            assert copy.headers["content-type"] == SNAPSHOT_TYPE
            first, *records, last = copy.content.rstrip(b"\n").split(b"\n")
            assert load(FeedHead, first).head_seq == head.head_seq
            assert last == f"end {len(records)}".encode()
            taken: dict[tuple[str, str], tuple[int, bytes]] = {}
            for line in records:
                kind, seq, body = line.split(b" ", 2)
                read = load_record(kind.decode(), body)
                taken[kind.decode(), str(read.id)] = (int(seq), body)
            assert taken == folded


async def test_a_copy_taken_while_others_write_is_of_one_moment(plant: TestPlant) -> None:
    """A batch and its stages appear together or not at all, and nothing is newer than the head it names."""
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            await plant.batch()

    async def copy() -> None:
        for _ in range(6):
            lines = b"".join(
                [
                    part
                    async for part in snapshot_lines(
                        plant.database, plant.desk.store, plant.id, plant.ticking.clock
                    )
                ]
            ).split(b"\n")
            head = load(FeedHead, lines[0])
            seqs = [int(line.split(b" ", 2)[1]) for line in lines[1:-2]]
            assert max(seqs, default=0) <= head.head_seq
            await asyncio.sleep(0.01)
        stop.set()

    await asyncio.gather(write(), copy())


async def test_a_station_sees_its_own_plants_journal_and_the_systems(
    plant: TestPlant, database: FreshDatabase
) -> None:
    station = await plant.station("DISP-01")
    async with door(plant, database) as client:
        heads = await client.get(paths.SYNC_HEADS, headers=as_station(station))
        for path in (paths.SYNC_FEED, paths.SYNC_SNAPSHOT, paths.SYNC_LIVE):
            elsewhere = await client.get(path, params={"journal": "maribor"}, headers=as_station(station))
            assert problem(elsewhere, 403).reason is Reason.OTHER_PLANT
    known = adapter(tuple[FeedHead, ...]).validate_json(heads.content)
    assert [each.journal for each in known] == [SYSTEM, plant.id]


async def test_only_a_workstations_token_syncs(plant: TestPlant, database: FreshDatabase) -> None:
    async with door(plant, database) as client:
        nobody = await client.get(paths.SYNC_HEADS)
        stale = await client.get(paths.SYNC_HEADS, headers={"authorization": "Bearer old"})
        person = await client.get(paths.SYNC_HEADS, headers={"authorization": "Bearer person-1"})
    assert problem(nobody, 401).reason is Reason.SIGNED_OUT
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert problem(stale, 401).reason is Reason.SIGNED_OUT
    assert problem(person, 403).reason is Reason.NOT_PERMITTED


async def test_what_cannot_be_read_is_a_problem_that_names_the_place(
    plant: TestPlant, database: FreshDatabase
) -> None:
    station = await plant.station("DISP-01")
    push = Push(station_id=station.id, plant_id=PlantId("maribor"), commands=())
    async with door(plant, database) as client:
        broken = await client.post(
            paths.SYNC_COMMANDS, content=b'{"station_id": 3}', headers=as_station(station)
        )
        extra = await client.post(
            paths.SYNC_COMMANDS,
            content=dump(push).replace(b'"commands"', b'"more": 1, "commands"'),
            headers=as_station(station),
        )
        elsewhere = await post(client, station, push)
        nowhere = await client.get("/nowhere", headers=as_station(station))
        wrong = await client.get(
            paths.SYNC_FEED, params={"journal": plant.id, "after": -1}, headers=as_station(station)
        )
    assert problem(broken, 422).about[0].startswith("station_id: ")
    assert problem(extra, 422).about[0].startswith("more: ")
    assert problem(elsewhere, 403).reason is Reason.OTHER_PLANT
    assert problem(nowhere, 404).reason is Reason.NOT_FOUND
    assert problem(wrong, 422).about[0].startswith("query.after: ")


async def test_a_body_that_grows_too_large_is_refused_declared_or_not(
    plant: TestPlant, database: FreshDatabase
) -> None:
    station = await plant.station("DISP-01")

    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(20):
            yield b" " * 10_000

    async with door(plant, database) as client:
        declared = await client.post(
            paths.SYNC_COMMANDS, content=b" " * (MOST + 1), headers=as_station(station)
        )
        streamed = await client.post(paths.SYNC_COMMANDS, content=endless(), headers=as_station(station))
    for response in (declared, streamed):
        assert problem(response, 413).reason is Reason.MALFORMED


async def test_a_fault_of_ours_tells_the_caller_nothing_but_where_to_ask(
    plant: TestPlant, database: FreshDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    async with door(plant, database) as client:
        response = await client.get("/breaks", headers={"x-request-id": "ask-for-me-1"})
        forged = await client.get("/breaks", headers={"x-request-id": "two lines; no"})
    assert response.status_code == 500
    assert response.headers["content-type"] == PROBLEM_TYPE
    told = response.json()
    assert (told["instance"], "reason" in told) == ("ask-for-me-1", False)
    assert "secret" not in response.text
    assert forged.json()["instance"] != "two lines; no"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "request.failed"
    ] * 2


async def test_a_database_that_is_away_is_asked_again_later(
    plant: TestPlant, database: FreshDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """A statement that ran into its deadline behind somebody's lock: the station keeps its queue and comes again."""
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    push = Push(
        station_id=station.id, plant_id=plant.id, commands=(station.says(confirmed(batch.id), plant.ana),)
    )
    async with plant.database.transaction() as holder:
        await holder.execute("SELECT FROM production.production_batches WHERE id = $1 FOR UPDATE", batch.id)
        async with door(plant, database) as client:
            request = asyncio.create_task(post(client, station, push))
            await asyncio.sleep(0.2)
            await ask(
                database.superuser_url,
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
            )
            response = await request
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    assert "request.postponed" in {record.message for record in caplog.records}
    assert (await station.push(*push.commands)).outcomes[0].settled is Settled.ACCEPTED


# --- live -------------------------------------------------------------------------------------------------------------


async def heads_until(live: LiveHeads, journal: PlantId, seq: int) -> list[LiveHead]:
    """What one subscriber hears, from now to the head it waits for."""
    heard: list[LiveHead] = []
    async for part in live.events(journal, 0):
        if part.startswith(b"event: head"):
            heard.append(load(LiveHead, part.split(b"data: ", 1)[1].strip()))
            if heard[-1].head_seq >= seq:
                break
    return heard


async def test_a_commit_in_one_process_is_heard_in_another(plant: TestPlant, database: FreshDatabase) -> None:
    here, there = LiveHeads(database.api_url), LiveHeads(database.api_url)
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(10):
        runs = [tasks.create_task(each.run()) for each in (here, there)]
        waiting = [tasks.create_task(heads_until(each, plant.id, 7)) for each in (here, there)]
        await asyncio.sleep(0.3)
        for seq in (5, 6, 7):
            here.announce(plant.id, seq)
        heard = [await each for each in waiting]
        for run in runs:
            run.cancel()
    assert [each[-1].head_seq for each in heard] == [7, 7]
    assert all(each[0].head_seq == 0 for each in heard)


async def test_a_listener_that_was_cut_off_listens_again(
    plant: TestPlant,
    database: FreshDatabase,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_module, "AGAIN_SECONDS", 0.01)
    here, there = LiveHeads(database.api_url), LiveHeads(database.api_url)
    listening = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    )

    async def both_listen() -> None:
        while await ask(database.superuser_url, listening) < 2:  # noqa: ASYNC110  PostgreSQL has no event for it
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as tasks, asyncio.timeout(20):
        runs = [tasks.create_task(each.run()) for each in (here, there)]
        await both_listen()
        await ask(database.superuser_url, listening.replace("count(*)", "count(pg_terminate_backend(pid))"))
        while "live.connection_lost" not in caplog.messages:  # noqa: ASYNC110  nor has a log
            await asyncio.sleep(0.02)
        await both_listen()
        waiting = tasks.create_task(heads_until(there, plant.id, 9))
        here.announce(plant.id, 9)
        heard = await waiting
        for run in runs:
            run.cancel()
    assert heard[-1].head_seq == 9


async def test_a_quiet_stream_says_that_it_lives_and_ends_with_the_server(
    plant: TestPlant, database: FreshDatabase
) -> None:
    live = LiveHeads(database.api_url, heartbeat_seconds=0.02)
    parts: list[bytes] = []
    async for part in live.events(plant.id, 3):
        parts.append(part)
        if len(parts) == 3:
            live.close()
    assert parts[0] == b'event: head\nid: 3\ndata: {"journal":"ljubljana","head_seq":3}\n\n'
    assert parts[1:3] == [b": still here\n\n"] * 2


async def test_the_desk_announces_heads_after_the_commit_and_never_before(plant: TestPlant) -> None:
    station = await plant.station("DISP-01")
    batch = await plant.batch()
    plant.heads.clear()
    answer = await station.push(station.says(confirmed(batch.id), plant.ana))
    assert plant.heads == [(plant.id, answer.head_seq)]
    refused = replace(confirmed(BatchId(uuid4())), step_key="none")
    later = await station.push(station.says(refused, plant.ana))
    assert plant.heads[-1] == (plant.id, later.head_seq)
    assert later.head_seq == answer.head_seq + 1
