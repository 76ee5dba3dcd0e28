"""The only place of the workstation that talks over the network. Every answer is a value: a yes, a `Refusal`, `Offline`.

Timeout 5 s, the operating system's trust store, a circuit breaker, retries of what may be repeated. What does not look
like this server (a captive portal's page, a proxy's error) is no answer of it: the station is offline then.
"""

import asyncio
import base64
import ipaddress
import json
import logging
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import truststore

from app.client.breaker import Breaker, backoff
from app.domain.decision import Reason, Refusal
from app.domain.identity import BatchId, KeyId, PlantId, StationId
from app.domain.record import record
from app.wire import paths
from app.wire.account import (
    ASSERTION_AUDIENCE,
    Enrolled,
    EnrolRequest,
    KeyRequest,
    LoginRequest,
    Me,
    RefreshRequest,
    StationToken,
    StationTokenRequest,
    TokenPair,
)
from app.wire.codec import Malformed, dump, load
from app.wire.history import HistoryLine, HistoryPage
from app.wire.problem import PROBLEM_TYPE, Problem
from app.wire.series import POINTS_TYPE
from app.wire.sync import FEED_TYPE, SNAPSHOT_TYPE, FeedHead, LiveHead, PersonCard, Push, PushAnswer

log = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT_SECONDS: Final = 5.0
STREAM_SECONDS: Final = 45.0
"""Silence on a stream that means it is dead: three heartbeats."""
_EARLY: Final = 30.0
_ASSERTION_SECONDS: Final = 55
_JSON: Final = "application/json"
_EVENTS: Final = "text/event-stream"
_PDF: Final = "application/pdf"
_ZIP: Final = "application/zip"
_TRIES: Final = 3
_LONGEST_WAIT: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """The server was not reached, or something else answered in its place. `retry_after` in seconds, if it said so."""

    problem: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The server does not take that much at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Rows as they were sent, behind `head.after`."""

    head: FeedHead
    lines: tuple[bytes, ...]


class PlainHttp(ValueError):
    """The address would send passwords and records unprotected over a network."""


class CutOff(Exception):
    """A stream ended before its end."""


class StationSigner(Protocol):
    """The workstation's own key, which proves it to the server."""

    @property
    def station_id(self) -> StationId: ...
    def sign(self, message: bytes) -> bytes: ...


@record
class _People:
    items: tuple[PersonCard, ...]
    next_cursor: str | None = None


@dataclass(slots=True)
class _Token:
    text: str
    until: float


class Snapshot:
    """A copy of a journal as it streams in."""

    def __init__(self, head: FeedHead, rest: AsyncGenerator[list[bytes], None]) -> None:
        self.head = head
        self._rest = rest

    async def lines(self) -> AsyncGenerator[list[bytes], None]:
        """The copy's lines in runs, the last `end` line included. Raises `CutOff`."""
        async for run in self._rest:
            yield run


class Gateway:
    """One server, one workstation. `clock` aware, `monotonic` in seconds, `chance` from 0 to 1."""

    def __init__(
        self,
        server_url: str,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        chance: Callable[[], float],
        new_id: Callable[[], UUID],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Raises `PlainHttp`."""
        self.server_url: Final = checked_url(server_url)
        self._clock = clock
        self._monotonic = monotonic
        self._chance = chance
        self._new_id = new_id
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._breaker = Breaker(monotonic=monotonic, chance=chance)
        self._station: StationSigner | None = None
        self._station_token: _Token | None = None
        self._station_lock = asyncio.Lock()
        self._user_token: _Token | None = None
        self._refresh_token = ""
        self._user_lock = asyncio.Lock()
        self._clock_offset: timedelta | None = None
        self._exact_offset = False
        self.keep_refresh_token: Callable[[str], Awaitable[None]] = _keep_nothing

    @property
    def clock_offset(self) -> timedelta | None:
        """Server minus station as last measured, half of the way there and back taken off. None before any answer."""
        return self._clock_offset

    def speak_for(self, station: StationSigner) -> None:
        """From now on the sync is this workstation's."""
        self._station = station
        self._station_token = None

    def try_now(self) -> None:
        """A person asks for the server: the pause after failures ends."""
        self._breaker.try_now()

    async def close(self) -> None:
        """Let go of all connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    # --- sync, in the workstation's name ------------------------------------------------------------------------------

    async def push(self, push: Push) -> PushAnswer | Refusal | Offline | TooLarge:
        """Hand in commands. Safe to repeat: a command id counts once."""
        sent = self._clock()
        answer = await self._as_station("POST", paths.SYNC_COMMANDS, _JSON, body=dump(push))
        if isinstance(answer, Refusal | Offline | TooLarge):
            return answer
        told = _read(PushAnswer, answer.content)
        if isinstance(told, PushAnswer):
            self._measure(told.server_time, sent)
        return told

    async def feed(self, journal: PlantId, after: int, limit: int) -> FeedPage | Refusal | Offline:
        """The rows of a journal behind `after`, at most `limit`."""
        sent = self._clock()
        query = {"journal": journal, "after": str(after), "limit": str(limit)}
        answer = await self._as_station("GET", paths.SYNC_FEED, FEED_TYPE, query=query)
        if not isinstance(answer, httpx.Response):
            return _no_size(answer)
        first, _, rest = answer.content.partition(b"\n")
        if rest and not rest.endswith(b"\n"):
            return Offline(problem="the answer is cut off")
        head = _read(FeedHead, first)
        if isinstance(head, Offline):
            return head
        self._measure(head.server_time, sent)
        return FeedPage(head=head, lines=tuple(rest[:-1].split(b"\n")) if rest else ())

    @asynccontextmanager
    async def snapshot(self, journal: PlantId) -> AsyncGenerator[Snapshot | Refusal | Offline, None]:
        """A whole copy of a journal, as a stream."""
        token = await self._station_bearer()
        if not isinstance(token, str):
            yield token
            return
        try:
            async with self._http().stream(
                "GET",
                paths.SYNC_SNAPSHOT,
                params={"journal": journal},
                headers=_bearer(token),
                timeout=httpx.Timeout(TIMEOUT_SECONDS, read=STREAM_SECONDS),
            ) as response:
                if not _is(response, SNAPSHOT_TYPE):
                    await response.aread()
                    judged = _no_size(self._judged(response, SNAPSHOT_TYPE))
                    yield Offline(problem="no copy") if isinstance(judged, httpx.Response) else judged
                    return
                runs = _line_runs(response)
                nothing: list[bytes] = []
                first = await anext(runs, nothing)
                head = _read(FeedHead, first[0]) if first else Offline(problem="an empty copy")
                if isinstance(head, Offline):
                    yield head
                    return
                yield Snapshot(head, _again(first[1:], runs))
        except httpx.HTTPError as error:
            yield Offline(problem=_words_of(error))

    async def live(self, journal: PlantId) -> AsyncGenerator[LiveHead, None]:
        """New heads of a journal as they come. Ends, without a word, whenever the stream does."""
        token = await self._station_bearer()
        if not isinstance(token, str):
            return
        try:
            async with self._http().stream(
                "GET",
                paths.SYNC_LIVE,
                params={"journal": journal},
                headers=_bearer(token) | {"Accept": _EVENTS},
                timeout=httpx.Timeout(TIMEOUT_SECONDS, read=STREAM_SECONDS),
            ) as response:
                if not _is(response, _EVENTS):
                    return
                async for line in response.aiter_lines():
                    if line.startswith("data:"):
                        head = _read(LiveHead, line[5:].strip().encode())
                        if isinstance(head, LiveHead):
                            yield head
        except (httpx.HTTPError, ssl.SSLError, OSError):  # whatever broke: else nobody would listen again
            return

    async def people(self) -> tuple[PersonCard, ...] | Refusal | Offline:
        """Everybody of the plant by name."""
        answer = await self._as_station("GET", paths.PEOPLE, _JSON)
        if not isinstance(answer, httpx.Response):
            return _no_size(answer)
        told = _read(_People, answer.content)
        return told if isinstance(told, Offline) else told.items

    async def enrol(self, request: EnrolRequest) -> Enrolled | Refusal | Offline:
        """A workstation's first words."""
        answer = await self._send("POST", paths.WORKSTATIONS, _JSON, body=dump(request))
        return _read(Enrolled, answer.content) if isinstance(answer, httpx.Response) else _no_size(answer)

    # --- people -------------------------------------------------------------------------------------------------------

    async def login(self, request: LoginRequest) -> TokenPair | Refusal | Offline:
        """Ask whether a password is right. The tokens are the caller's to `use`; never repeated by itself."""
        answer = await self._send("POST", paths.LOGIN, _JSON, body=dump(request))
        return _read(TokenPair, answer.content) if isinstance(answer, httpx.Response) else _no_size(answer)

    async def me(self, pair: TokenPair) -> Me | Refusal | Offline:
        """Who a fresh token speaks for."""
        answer = await self._send("GET", paths.ME, _JSON, token=pair.access_token, tries=_TRIES)
        return _read(Me, answer.content) if isinstance(answer, httpx.Response) else _no_size(answer)

    async def register_key(self, pair: TokenPair, request: KeyRequest) -> Refusal | Offline | None:
        """Make a person's public key known. None when it is."""
        answer = await self._send("POST", paths.KEYS, _JSON, body=dump(request), token=pair.access_token)
        return None if isinstance(answer, httpx.Response) else _no_size(answer)

    def use(self, pair: TokenPair) -> None:
        """Ask in this person's name from now on."""
        self._user_token = _Token(pair.access_token, self._monotonic() + pair.expires_in)
        self._refresh_token = pair.refresh_token

    def use_refresh_token(self, text: str) -> None:
        """A session of before goes on: the first question exchanges the token."""
        self._user_token = None
        self._refresh_token = text

    async def log_out(self, access_token: str) -> None:
        """End a session at the server, if it answers."""
        await self._send("POST", paths.LOGOUT, "", token=access_token)

    def let_go_of_user(self) -> str | None:
        """Have nobody's tokens in memory any more. Answers the access token, for `log_out`."""
        token = self._user_token.text if self._user_token else None
        self.forget_user()
        return token

    def forget_user(self) -> None:
        """Have nobody's tokens in memory."""
        self._user_token = None
        self._refresh_token = ""

    async def history(self, batch_id: BatchId) -> tuple[HistoryLine, ...] | Refusal | Offline:
        """All journal rows of a batch."""
        found: list[HistoryLine] = []
        query: dict[str, str] = {}
        while True:
            answer = await self._as_user(paths.BATCH_HISTORY.format(batch_id=batch_id), _JSON, query)
            if not isinstance(answer, httpx.Response):
                return answer
            page = _read(HistoryPage, answer.content)
            if isinstance(page, Offline):
                return page
            found.extend(page.items)
            if page.next_cursor is None:
                return tuple(found)
            query = {"cursor": page.next_cursor}

    async def points(self, batch_id: BatchId, stage_key: str) -> bytes | Refusal | Offline:
        """The time series of a batch's stage, as `app/wire/series.py` says."""
        return await self._bytes(paths.BATCH_METRICS, batch_id, POINTS_TYPE, {"stage": stage_key})

    async def batch_pdf(self, batch_id: BatchId) -> bytes | Refusal | Offline:
        return await self._bytes(paths.BATCH_PDF, batch_id, _PDF)

    async def evidence(self, batch_id: BatchId) -> bytes | Refusal | Offline:
        return await self._bytes(paths.BATCH_EVIDENCE, batch_id, _ZIP)

    async def _bytes(
        self, path: str, batch_id: BatchId, kind: str, query: Mapping[str, str] | None = None
    ) -> bytes | Refusal | Offline:
        answer = await self._as_user(
            path.format(batch_id=batch_id), kind, query or {}, seconds=STREAM_SECONDS
        )
        return answer.content if isinstance(answer, httpx.Response) else answer

    # --- tokens -------------------------------------------------------------------------------------------------------

    async def _as_station(
        self, method: str, path: str, kind: str, *, body: bytes = b"", query: Mapping[str, str] | None = None
    ) -> httpx.Response | Refusal | Offline | TooLarge:
        answer: httpx.Response | Refusal | Offline | TooLarge = Refusal(reason=Reason.SIGNED_OUT)
        for _ in range(2):  # a token can end early: the server was restored, or its keys were changed
            token = await self._station_bearer()
            if not isinstance(token, str):
                return token
            answer = await self._send(method, path, kind, body=body, query=query, token=token)
            if not (isinstance(answer, Refusal) and answer.reason is Reason.SIGNED_OUT):
                return answer
            self._station_token = None
        return answer

    async def _station_bearer(self) -> str | Refusal | Offline:
        async with self._station_lock:
            known = self._station_token
            if known is not None and known.until > self._monotonic():
                return known.text
            if self._station is None:
                return Refusal(reason=Reason.UNKNOWN_KEY)
            answer = await self._prove_station(self._station)
            if isinstance(answer, Refusal) and not self._exact_offset and self._clock_offset:
                answer = await self._prove_station(
                    self._station
                )  # its answer told us how far our clock is off
            if isinstance(answer, Refusal | Offline):
                return answer
            self._station_token = _Token(
                answer.access_token, self._monotonic() + max(answer.expires_in - _EARLY, 1.0)
            )
            return answer.access_token

    async def _prove_station(self, station: StationSigner) -> StationToken | Refusal | Offline:
        request = StationTokenRequest(client_assertion=self._assertion(station))
        answer = await self._send("POST", paths.STATION_TOKEN, _JSON, body=dump(request))
        return _read(StationToken, answer.content) if isinstance(answer, httpx.Response) else _no_size(answer)

    def _assertion(self, station: StationSigner) -> str:
        """A JWT of the station's own (RFC 7523), in the server's time."""
        now = int((self._clock() + (self._clock_offset or timedelta())).timestamp())
        claims = {
            "iss": str(station.station_id),
            "sub": str(station.station_id),
            "aud": ASSERTION_AUDIENCE,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
            "jti": str(self._new_id()),
        }
        parts = (json.dumps(each, separators=(",", ":")) for each in ({"alg": "EdDSA", "typ": "JWT"}, claims))
        signed = b".".join(_base64url(part.encode()) for part in parts)
        return (signed + b"." + _base64url(station.sign(signed))).decode()

    async def _as_user(
        self, path: str, kind: str, query: Mapping[str, str], seconds: float = TIMEOUT_SECONDS
    ) -> httpx.Response | Refusal | Offline:
        answer: httpx.Response | Refusal | Offline = Refusal(reason=Reason.SIGNED_OUT)
        for _ in range(2):
            token = await self._user_bearer()
            if not isinstance(token, str):
                return token
            answer = _no_size(
                await self._send("GET", path, kind, query=query, token=token, tries=_TRIES, seconds=seconds)
            )
            if not (isinstance(answer, Refusal) and answer.reason is Reason.SIGNED_OUT):
                return answer
            self._user_token = None
        return answer

    async def _user_bearer(self) -> str | Refusal | Offline:
        async with self._user_lock:
            known = self._user_token
            if known is not None and known.until - _EARLY > self._monotonic():
                return known.text
            if not self._refresh_token:
                return Refusal(reason=Reason.SIGNED_OUT)
            request = RefreshRequest(refresh_token=self._refresh_token)
            answer = await self._send("POST", paths.REFRESH, _JSON, body=dump(request), tries=_TRIES)
            if not isinstance(answer, httpx.Response):
                if isinstance(answer, Refusal):
                    self.forget_user()
                return _no_size(answer)
            pair = _read(TokenPair, answer.content)
            if isinstance(pair, Offline):
                return pair
            self.use(pair)
            await self.keep_refresh_token(pair.refresh_token)
            return pair.access_token

    # --- requests -----------------------------------------------------------------------------------------------------

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            parts = urlsplit(self.server_url)
            # The operating system knows the plant's own certificate authority; a proxy has no business on loopback.
            trusted = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if parts.scheme == "https" else True
            self._client = httpx.AsyncClient(
                base_url=self.server_url,
                transport=self._transport,
                timeout=TIMEOUT_SECONDS,
                verify=trusted,
                follow_redirects=False,
                trust_env=not _is_loopback(parts.hostname or ""),
                headers={"User-Agent": "batchwright-workstation"},
            )
        return self._client

    async def _send(
        self,
        method: str,
        path: str,
        kind: str,
        *,
        body: bytes = b"",
        query: Mapping[str, str] | None = None,
        token: str = "",
        tries: int = 1,
        seconds: float = TIMEOUT_SECONDS,
    ) -> httpx.Response | Refusal | Offline | TooLarge:
        """One question, asked up to `tries` times while the server is not reached."""
        answer: httpx.Response | Refusal | Offline | TooLarge = Offline(problem="not asked")
        for failures in range(tries):
            wait = self._breaker.closed_for()
            if wait is not None:
                return Offline(problem="the server did not answer before", retry_after=wait)
            answer = await self._once(method, path, kind, body, query, token, seconds)
            if not isinstance(answer, Offline) or failures + 1 == tries:
                return answer
            pause = backoff(failures, self._chance())
            await asyncio.sleep(min(max(pause, answer.retry_after or 0.0), _LONGEST_WAIT))
        return answer

    async def _once(
        self,
        method: str,
        path: str,
        kind: str,
        body: bytes,
        query: Mapping[str, str] | None,
        token: str,
        seconds: float,
    ) -> httpx.Response | Refusal | Offline | TooLarge:
        headers = _bearer(token) if token else {}
        if body:
            headers["Content-Type"] = _JSON
        try:
            async with asyncio.timeout(
                seconds + TIMEOUT_SECONDS
            ):  # a body that drips in never times out by itself
                response = await self._http().request(
                    method, path, content=body or None, params=query, headers=headers, timeout=seconds
                )
        except (httpx.HTTPError, TimeoutError, ssl.SSLError, OSError) as error:
            self._breaker.failed()
            log.info("gateway.not_reached", extra={"path": path, "problem": _words_of(error)})
            return Offline(problem=_words_of(error))
        except BaseException:
            self._breaker.withdrawn()
            raise
        answer = self._judged(response, kind)
        if isinstance(answer, Offline):
            self._breaker.failed()
        else:
            self._breaker.succeeded()
            self._measure_roughly(response)
        return answer

    def _judged(self, response: httpx.Response, kind: str) -> httpx.Response | Refusal | Offline | TooLarge:
        """What an answer is: ours and a yes, ours and a no, or nobody's we know."""
        if response.is_success and (_is(response, kind) or response.status_code == 204):
            return response
        if response.status_code == 413:
            return TooLarge()
        if not _is(response, PROBLEM_TYPE):
            return Offline(
                problem=f"another server answers ({response.status_code})", retry_after=_retry_after(response)
            )
        trouble = Offline(
            problem=f"the server is in trouble ({response.status_code})", retry_after=_retry_after(response)
        )
        problem = trouble if response.is_server_error else _read(Problem, response.content)
        if isinstance(problem, Offline):
            return trouble
        return Refusal(reason=problem.reason, detail=problem.about, blockers=problem.blockers)

    def _measure(self, server_time: str, sent: datetime) -> None:
        try:
            told = datetime.fromisoformat(server_time)
        except ValueError:
            return
        now = self._clock()
        self._clock_offset = told - (sent + (now - sent) / 2)
        self._exact_offset = True

    def _measure_roughly(self, response: httpx.Response) -> None:
        """Before the first exact time: the header's, to the second. A station's proof needs it."""
        if self._exact_offset or "date" not in response.headers:
            return
        try:
            told = parsedate_to_datetime(response.headers["date"])
        except ValueError:
            return
        self._clock_offset = told - self._clock()


def checked_url(server_url: str) -> str:
    """The address without a slash at its end. Raises `PlainHttp` for plain HTTP to another machine."""
    parts = urlsplit(server_url)
    secure = parts.scheme == "https"
    if not parts.hostname or not (secure or (parts.scheme == "http" and _is_loopback(parts.hostname))):
        raise PlainHttp(f"{server_url} is neither https nor on this machine")
    return server_url.rstrip("/")


def key_request(key_id: KeyId, station_id: StationId, public_key: bytes) -> KeyRequest:
    """The body that makes a public key known."""
    return KeyRequest(key_id=key_id, station_id=station_id, public_key=public_key.hex())


async def _keep_nothing(_: str) -> None:
    """Where nobody keeps refresh tokens they end with the process."""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is(response: httpx.Response, kind: str) -> bool:
    told: str = response.headers.get("content-type", "")
    return told.partition(";")[0].strip() == kind


def _retry_after(response: httpx.Response) -> float | None:
    told: str = response.headers.get("retry-after", "")
    return min(float(told), _LONGEST_WAIT) if told.isdecimal() else None


def _read(cls: type[T], content: bytes) -> T | Offline:
    try:
        return load(cls, content)
    except Malformed as error:
        log.warning("gateway.answer_not_read", extra={"expected": cls.__name__, "problem": str(error)})
        return Offline(problem="the server answered in another language")


def _no_size(answer: T | TooLarge) -> T | Refusal:
    return Refusal(reason=Reason.MALFORMED, detail=("too large",)) if isinstance(answer, TooLarge) else answer


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _words_of(error: BaseException) -> str:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def _line_runs(response: httpx.Response) -> AsyncGenerator[list[bytes], None]:
    """Whole lines as they come in, without their LF. Raises `CutOff`."""
    rest = b""
    try:
        async for piece in response.aiter_bytes(1 << 18):
            *lines, rest = (rest + piece).split(b"\n")
            if lines:
                yield lines
    except httpx.HTTPError as error:
        raise CutOff(_words_of(error)) from error
    if rest:
        raise CutOff("the last line is not whole")


async def _again(
    first: list[bytes], rest: AsyncGenerator[list[bytes], None]
) -> AsyncGenerator[list[bytes], None]:
    if first:
        yield first
    async for run in rest:
        yield run
