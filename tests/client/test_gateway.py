"""The gateway: whatever the network answers becomes a yes, a refusal or *offline*, and never an exception."""

import json
import ssl
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.client.breaker import Breaker, backoff
from app.client.gateway import CutOff, FeedPage, Gateway, Offline, PlainHttp, Snapshot, TooLarge, checked_url
from app.client.keys import StationKey, make_station_key
from app.domain.decision import Reason, Refusal
from app.domain.identity import BatchId, PlantId, StationId
from app.wire import paths
from app.wire.account import LoginRequest, StationToken, TokenPair
from app.wire.codec import dump
from app.wire.problem import PROBLEM_TYPE, problem_of
from app.wire.sync import FEED_TYPE, SNAPSHOT_TYPE, FeedHead, Push, PushAnswer

PLANT = PlantId("lju")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATION = StationId(UUID(int=5))
EMPTY = Push(station_id=STATION, plant_id=PLANT, commands=())
ANSWER = PushAnswer(outcomes=(), head_seq=1, server_time=(NOON + timedelta(seconds=7)).isoformat())

Handler = Callable[[httpx.Request], httpx.Response]


def as_json(value: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, headers={"content-type": "application/json"}, content=dump(value))


def as_problem(reason: Reason, *about: str, headers: dict[str, str] | None = None) -> httpx.Response:
    problem = problem_of(reason, about)
    told = {"content-type": PROBLEM_TYPE, **(headers or {})}
    return httpx.Response(problem.status, headers=told, content=dump(problem))


def of_type(kind: str, content: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": kind}, content=content)


@dataclass(slots=True)
class Server:
    """Answers by path; what is not told here is a 404 of another make. `asked` in order."""

    answers: dict[str, Handler] = field(default_factory=dict[str, Handler])
    asked: list[httpx.Request] = field(default_factory=list[httpx.Request])
    seconds: float = 0.0

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.get(request.url.path)
        return answer(request) if answer else httpx.Response(404, content=b"<h1>Not here</h1>")

    def gateway(self, key: StationKey | None = None) -> Gateway:
        made = Gateway(
            "https://plant.example",
            clock=lambda: NOON,
            monotonic=lambda: self.seconds,
            chance=lambda: 0.0,
            new_id=lambda: UUID(int=99),
            transport=httpx.MockTransport(self.handle),
        )
        if key is not None:
            made.speak_for(key)
        return made

    def count(self, path: str) -> int:
        return sum(each.url.path == path for each in self.asked)


@pytest.fixture
def key(random_bytes: Callable[[int], bytes]) -> StationKey:
    return make_station_key(STATION, random_bytes=random_bytes)


@pytest.fixture
def server() -> Server:
    token = StationToken(access_token="station-token", expires_in=900)
    return Server(
        {paths.STATION_TOKEN: lambda _: as_json(token), paths.SYNC_COMMANDS: lambda _: as_json(ANSWER)}
    )


@pytest.mark.parametrize(
    "url", ["http://plant.example", "http://10.0.0.5:8000", "ftp://plant", "plant.example"]
)
def test_plain_http_leaves_this_machine_never(url: str) -> None:
    with pytest.raises(PlainHttp):
        checked_url(url)


@pytest.mark.parametrize(
    "url", ["https://plant.example/", "http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:1"]
)
def test_https_and_loopback_are_spoken_to(url: str) -> None:
    assert checked_url(url) == url.rstrip("/")


async def test_the_station_proves_its_key_once_and_again_when_the_token_ends(
    server: Server, key: StationKey
) -> None:
    gateway = server.gateway(key)
    assert await gateway.push(EMPTY) == ANSWER
    assert await gateway.push(EMPTY) == ANSWER
    assert server.count(paths.STATION_TOKEN) == 1
    assert server.asked[-1].headers["authorization"] == "Bearer station-token"

    assertion = json.loads(server.asked[0].content)["client_assertion"]
    signed, _, signature = assertion.rpartition(".")
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(_unbase64(signature), signed.encode())
    header, claims = (json.loads(_unbase64(part)) for part in signed.split("."))
    assert header["alg"] == "EdDSA"
    assert (claims["iss"], claims["sub"]) == (str(STATION), str(STATION))
    assert 0 < claims["exp"] - claims["iat"] <= 60
    assert len(claims["jti"]) >= 16

    server.seconds += 880
    await gateway.push(EMPTY)
    assert server.count(paths.STATION_TOKEN) == 2
    await gateway.close()


def _unbase64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_a_token_that_is_no_longer_good_is_renewed_once(server: Server, key: StationKey) -> None:
    answers = iter([as_problem(Reason.SIGNED_OUT), as_json(ANSWER)])
    server.answers[paths.SYNC_COMMANDS] = lambda _: next(answers)
    gateway = server.gateway(key)
    assert await gateway.push(EMPTY) == ANSWER
    assert server.count(paths.STATION_TOKEN) == 2
    await gateway.close()


async def test_a_clock_that_is_far_off_proves_itself_in_the_servers_time(
    server: Server, key: StationKey
) -> None:
    def grant(request: httpx.Request) -> httpx.Response:
        claims = json.loads(_unbase64(json.loads(request.content)["client_assertion"].split(".")[1]))
        if abs(claims["iat"] - (NOON + timedelta(hours=2)).timestamp()) > 30:
            return as_problem(Reason.UNKNOWN_KEY, headers={"date": "Sun, 22 Nov 2026 14:00:00 GMT"})
        return as_json(StationToken(access_token="station-token", expires_in=900))

    server.answers[paths.STATION_TOKEN] = grant
    gateway = server.gateway(key)
    assert await gateway.push(EMPTY) == ANSWER
    assert gateway.clock_offset == timedelta(seconds=7), "the exact time of an answer replaces the header's"
    await gateway.close()


async def test_a_refusal_comes_with_its_reason_and_what_it_is_about(server: Server, key: StationKey) -> None:
    server.answers[paths.SYNC_COMMANDS] = lambda _: as_problem(Reason.STATION_REVOKED, "Press room")
    gateway = server.gateway(key)
    assert await gateway.push(EMPTY) == Refusal(reason=Reason.STATION_REVOKED, detail=("Press room",))
    await gateway.close()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, headers={"content-type": "text/html"}, content=b"<h1>Guest Wi-Fi</h1>"),
        httpx.Response(302, headers={"location": "https://portal.example"}),
        httpx.Response(502, headers={"content-type": "text/html"}, content=b"<h1>Bad gateway</h1>"),
        httpx.Response(503, headers={"content-type": PROBLEM_TYPE, "retry-after": "7"}, content=b"{}"),
        httpx.Response(404, content=b"<h1>nginx</h1>"),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"half":'),
        httpx.Response(511, headers={"content-type": "text/html"}, content=b""),
    ],
    ids=["portal", "redirect", "proxy", "busy", "elsewhere", "half", "network sign-in"],
)
async def test_what_is_not_our_server_is_offline(
    server: Server, key: StationKey, answer: httpx.Response, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers[paths.SYNC_COMMANDS] = lambda _: answer
    gateway = server.gateway(key)
    told = await gateway.push(EMPTY)
    assert isinstance(told, Offline)
    assert told.problem
    assert told.retry_after == (7.0 if answer.status_code == 503 else None)
    await gateway.close()
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no route"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("half")]
)
async def test_a_network_that_fails_is_offline(
    server: Server, key: StationKey, error: httpx.HTTPError
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    server.answers[paths.SYNC_COMMANDS] = fail
    gateway = server.gateway(key)
    assert isinstance(await gateway.push(EMPTY), Offline)
    await gateway.close()


async def test_too_much_at_once_is_told_apart(server: Server, key: StationKey) -> None:
    server.answers[paths.SYNC_COMMANDS] = lambda _: httpx.Response(413)
    gateway = server.gateway(key)
    assert await gateway.push(EMPTY) == TooLarge()
    await gateway.close()


async def test_a_feed_page_keeps_its_rows_byte_for_byte(server: Server, key: StationKey) -> None:
    head = FeedHead(
        journal=PLANT, epoch=UUID(int=1), head_seq=2, hash="00", server_time=NOON.isoformat(), after=0
    )
    rows = [b'1 aa {"a":1}\t{"b":"\xc3\xa9"}', b"2 bb #cc"]
    body = b"\n".join([dump(head), *rows, b""])
    server.answers[paths.SYNC_FEED] = lambda _: of_type(FEED_TYPE, body)
    gateway = server.gateway(key)
    assert await gateway.feed(PLANT, 0, 10) == FeedPage(head=head, lines=tuple(rows))
    assert dict(server.asked[-1].url.params) == {"journal": "lju", "after": "0", "limit": "10"}

    server.answers[paths.SYNC_FEED] = lambda _: of_type(FEED_TYPE, body[:-1])
    assert isinstance(await gateway.feed(PLANT, 0, 10), Offline)
    await gateway.close()


@pytest.mark.parametrize("error", [ssl.SSLError("bad record mac"), OSError("reset"), httpx.ReadError("cut")])
async def test_a_stream_that_breaks_ends_without_a_word(
    server: Server, key: StationKey, error: Exception
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    server.answers[paths.SYNC_LIVE] = fail
    gateway = server.gateway(key)
    assert [head async for head in gateway.live(PLANT)] == []
    await gateway.close()


async def test_a_copy_that_ends_in_the_middle_of_a_line_is_cut_off(server: Server, key: StationKey) -> None:
    head = FeedHead(journal=PLANT, epoch=UUID(int=1), head_seq=2, hash="00", server_time=NOON.isoformat())
    whole = dump(head) + b"\nbatch 1 {}\nend 1\n"
    content = [whole, whole[:-3]]
    server.answers[paths.SYNC_SNAPSHOT] = lambda _: of_type(SNAPSHOT_TYPE, content.pop(0))
    gateway = server.gateway(key)
    async with gateway.snapshot(PLANT) as copy:
        assert isinstance(copy, Snapshot)
        assert copy.head == head
        assert [line async for run in copy.lines() for line in run] == [b"batch 1 {}", b"end 1"]
    async with gateway.snapshot(PLANT) as copy:
        assert isinstance(copy, Snapshot)
        with pytest.raises(CutOff):
            [run async for run in copy.lines()]
    await gateway.close()


async def test_reading_is_tried_three_times_and_signing_in_once(server: Server) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    server.answers = {paths.LOGIN: fail}
    gateway = server.gateway()
    request = LoginRequest(login="ana", password="right", plant_id=PLANT)
    assert isinstance(await gateway.login(request), Offline)
    assert server.count(paths.LOGIN) == 1

    pair = TokenPair(access_token="a", expires_in=900, refresh_token="r", refresh_expires_in=9000)
    pdf = paths.BATCH_PDF.format(batch_id=UUID(int=1))
    failing = [fail, fail]

    def pages(_: httpx.Request) -> httpx.Response:
        return of_type("application/pdf", b"%PDF")

    def answer(request: httpx.Request) -> httpx.Response:
        return (failing.pop() if failing else pages)(request)

    server.answers = {pdf: answer}
    other = server.gateway()
    other.use(pair)
    assert await other.batch_pdf(BatchId(UUID(int=1))) == b"%PDF"
    assert server.count(pdf) == 3
    await gateway.close()
    await other.close()


async def test_a_users_token_is_renewed_and_the_next_one_kept(server: Server) -> None:
    pair = TokenPair(access_token="a1", expires_in=10, refresh_token="r1", refresh_expires_in=9000)
    following = TokenPair(access_token="a2", expires_in=900, refresh_token="r2", refresh_expires_in=9000)
    pdf = paths.BATCH_PDF.format(batch_id=UUID(int=1))
    server.answers = {
        paths.REFRESH: lambda _: as_json(following),
        pdf: lambda _: of_type("application/pdf", b"%PDF"),
    }
    kept: list[str] = []

    async def keep(token: str) -> None:
        kept.append(token)

    gateway = server.gateway()
    gateway.keep_refresh_token = keep
    gateway.use(pair)
    assert await gateway.batch_pdf(BatchId(UUID(int=1))) == b"%PDF"
    assert kept == ["r2"]
    assert server.asked[-1].headers["authorization"] == "Bearer a2"

    assert gateway.let_go_of_user() == "a2"
    assert await gateway.batch_pdf(BatchId(UUID(int=1))) == Refusal(reason=Reason.SIGNED_OUT)
    await gateway.close()


async def test_after_three_failures_nobody_waits_until_one_was_answered(
    server: Server, key: StationKey
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    server.answers[paths.SYNC_COMMANDS] = fail
    gateway = server.gateway(key)
    for _ in range(3):
        await gateway.push(EMPTY)
    asked = len(server.asked)
    told = await gateway.push(EMPTY)
    assert isinstance(told, Offline)
    assert told.retry_after is not None
    assert len(server.asked) == asked

    server.answers[paths.SYNC_COMMANDS] = lambda _: as_json(ANSWER)
    gateway.try_now()
    assert await gateway.push(EMPTY) == ANSWER
    await gateway.close()


def test_a_half_open_breaker_lets_one_probe_through() -> None:
    now = 0.0
    breaker = Breaker(monotonic=lambda: now, chance=lambda: 1.0)
    for _ in range(3):
        assert breaker.closed_for() is None
        breaker.failed()
    assert breaker.closed_for() == 1.0
    now = 2.0
    assert breaker.closed_for() is None
    assert [breaker.closed_for() for _ in range(20)] == [1.0] * 20
    breaker.withdrawn()
    assert breaker.closed_for() is None
    breaker.failed()
    assert breaker.closed_for() == 2.0, "longer after each probe"
    now = 10.0
    assert breaker.closed_for() is None
    breaker.succeeded()
    assert [breaker.closed_for() for _ in range(3)] == [None] * 3


def test_pauses_grow_to_a_minute_and_are_spread() -> None:
    assert [backoff(n, 1.0) for n in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff(9, 0.25) == 15
    assert backoff(10_000, 1.0) == 60
