"""`main.py serve`: the bundled API and, unless another is named, its own database."""

import ipaddress
import json
import os
import signal
import socket
from argparse import ArgumentParser, Namespace
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn

from app.launch.command import CommandFailed
from app.launch.parts import prepared
from app.launch.place import open_place, place_arguments
from app.server.kernel.live import LiveHeads
from app.server.kernel.telemetry import log_as_json
from app.server.main import Service, create_app

PORT: Final = 8420
GRACE_SECONDS: Final = 5  # for requests that are being answered when the server is told to stop


def arguments(parser: ArgumentParser) -> None:
    """What `serve` takes."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: this machine)"
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"0 for any free one (default: {PORT})")
    parser.add_argument(
        "--only",
        action="append",
        choices=[each.value for each in Service],
        metavar="NAME",
        help=f"serve only {', '.join(Service)}; may be given more than once",
    )
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain (PEM)")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key (PEM)")
    parser.add_argument("--docs", action="store_true", help="show a page to try the API on, at /docs")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="write host and port there as JSON once requests are answered; removed at the end",
    )
    place_arguments(parser)


def run(options: Namespace) -> str:
    """Serve until told to stop. Raises CommandFailed."""
    _check_tls(options)
    with _listening(options.host, options.port) as door:
        log_as_json(options.log_level)
        return _serve(options, door)


def _serve(options: Namespace, door: socket.socket) -> str:
    with open_place(options) as place:
        parts = prepared(place)
        only = frozenset(map(Service, options.only)) if options.only else None
        config = uvicorn.Config(
            create_app(parts, only=only, docs=options.docs),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # who may say where a request came from is for a gateway's own settings
            ssl_certfile=options.tls_cert,
            ssl_keyfile=options.tls_key,
            timeout_graceful_shutdown=GRACE_SECONDS,
            lifespan="on",
        )
        server = PlantServer(
            config, live=parts.live, address=_address(options, door), ready=options.ready_file
        )
        with _signals_end_the_server_only():
            server.run(sockets=[door])
        if not server.started:
            raise CommandFailed("The API did not start: its log says why.")
    return "The API has stopped."


class PlantServer(uvicorn.Server):
    """Says when it answers, and ends its event streams before it waits for the last request."""

    def __init__(
        self, config: uvicorn.Config, *, live: LiveHeads, address: dict[str, str | int], ready: Path | None
    ) -> None:
        super().__init__(config)
        self._live = live
        self._address = address
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        if self._ready is not None:
            fresh = self._ready.with_name(f".{self._ready.name}.{os.getpid()}")
            fresh.write_text(json.dumps(self._address), encoding="utf-8")
            fresh.replace(self._ready)  # whoever waits for it never sees half of it
        print(f"The API answers on {self._address['url']}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._ready is not None:
            self._ready.unlink(missing_ok=True)
        self._live.close()
        await super().shutdown(sockets)


@contextmanager
def _signals_end_the_server_only() -> Generator[None]:
    """uvicorn raises a signal again once it has stopped; the database still has to be left in order then."""
    former = {each: signal.signal(each, _nothing) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def _nothing(_signal: int, _frame: object) -> None:
    return None


def _check_tls(options: Namespace) -> None:
    """Passwords do not cross a network in the clear (security 40). Raises CommandFailed."""
    if bool(options.tls_cert) != bool(options.tls_key):
        raise CommandFailed("Give both --tls-cert and --tls-key.", code=2)
    for file in filter(None, (options.tls_cert, options.tls_key)):
        if not os.access(file, os.R_OK):
            raise CommandFailed(f"{file} cannot be read.", code=2)
    if not options.tls_cert and not _is_loopback(options.host):
        raise CommandFailed(
            f"{options.host} can be reached from outside: give --tls-cert and --tls-key, or listen on 127.0.0.1.",
            code=2,
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    """The door, open before the database starts: a port that is taken is said at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        door = socket.socket(family, kind, protocol)
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
        except OSError:
            door.close()
            raise
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise CommandFailed(f"Cannot listen on {host}, port {port}: {said}.") from error
    return door


def _address(options: Namespace, door: socket.socket) -> dict[str, str | int]:
    host, port = door.getsockname()[:2]
    scheme = "https" if options.tls_cert else "http"
    shown = f"[{host}]" if ":" in host else host
    return {"host": host, "port": port, "url": f"{scheme}://{shown}:{port}", "pid": os.getpid()}
