"""The process that owns the embedded PostgreSQL, for as long as anybody holds a lease.

A lease is an open connection to the keeper's socket. The kernel closes it when its holder ends in whatever
way, so no lease is ever left behind; when the last one closes, the server is stopped. `admin` ending
therefore never stops a `serve` that began later. The server in turn dies with its keeper (Linux), or is ended
by the next one.

One keeper for one home: it holds a file lock. To each lease it says one line of JSON, `{"port": …, "sockets":
…}`, or `{"error": sentence}`, or `{"occupied": true}` when another keeper was quicker.

Standard library only, and one thread: it is small, and forks safely.
"""

import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.server.kernel import postgres_cluster as cluster
from app.server.kernel.postgres_binaries import PostgresError, binaries_for, footing

SOCKETS_PREFIX: Final = "batchwright-"
LONGEST_SOCKET_PATH: Final = 90  # the kernel's limit is 108 bytes, 104 on macOS
RESTARTS: Final = (
    5  # within RESTART_WINDOW; a server that falls more often than this has a reason somebody must read
)
RESTART_WINDOW: Final = 60.0


class Keeper:
    """The server, its leases, and the loop that watches both."""

    def __init__(self, files: cluster.Files, options: Mapping[str, str]) -> None:
        self._files = files
        self._options = options
        self._binaries = binaries_for(files.data)
        self._footing = footing()
        self._sockets = _private_directory()
        self._selector = selectors.DefaultSelector()
        self._leases: set[socket.socket] = set()
        self._falls: deque[float] = deque(maxlen=RESTARTS)
        self._asked_to_stop = False
        try:
            self._process, self._port = self._start(None)
        except PostgresError:
            shutil.rmtree(self._sockets, ignore_errors=True)
            raise

    def _start(self, port: int | None) -> "tuple[subprocess.Popen[bytes], int]":
        if not self._files.data.exists():
            cluster.make(self._files, self._binaries, self._footing)
        cluster.read_passwords(self._files)
        return cluster.start(self._files, self._binaries, self._footing, self._sockets, self._options, port)

    def run(self, first: socket.socket) -> None:
        """Serve leases until the last one ends, the server cannot be kept up, or a signal asks us to end."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door = self._sockets / "keeper"
        wakeup_in, wakeup_out = socket.socketpair()
        try:
            listener.bind(str(door))
            listener.listen(64)
            cluster.write_private(
                self._files.keeper,
                json.dumps({"door": str(door), "sockets": str(self._sockets), "pid": os.getpid()}),
            )
            for end in (wakeup_in, wakeup_out, listener):
                end.setblocking(False)
            signal.set_wakeup_fd(wakeup_out.fileno(), warn_on_full_buffer=False)
            signal.signal(signal.SIGCHLD, _only_wake)
            for kind in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(kind, self._on_asked)
            self._selector.register(wakeup_in, selectors.EVENT_READ, "wakeup")
            self._selector.register(listener, selectors.EVENT_READ, "listener")
            self._welcome(first)
            while self._leases and not self._asked_to_stop:
                self._turn(listener, wakeup_in)
        finally:
            listener.close()
            cluster.stop(self._process)
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._files.keeper.unlink(missing_ok=True)
            for lease in self._leases:
                lease.close()

    def _turn(self, listener: socket.socket, wakeup: socket.socket) -> None:
        for key, _ in self._selector.select():
            if self._asked_to_stop:
                return
            if key.data == "listener":
                with suppress(BlockingIOError):
                    self._welcome(listener.accept()[0])
            elif key.data == "wakeup":
                with suppress(BlockingIOError):
                    wakeup.recv(4096)
                self._look_after_server()
            else:
                self._hear(key.data)

    def _on_asked(self, *_: object) -> None:
        self._asked_to_stop = True

    def _welcome(self, lease: socket.socket) -> None:
        lease.setblocking(False)
        self._leases.add(lease)
        self._selector.register(lease, selectors.EVENT_READ, lease)
        _say(lease, {"port": self._port, "sockets": str(self._sockets)})

    def _hear(self, lease: socket.socket) -> None:
        with suppress(OSError):
            if lease.recv(4096):
                return  # a lease has nothing to say but its end
        self._selector.unregister(lease)
        if len(self._leases) == 1:
            self._asked_to_stop = (
                True  # its holder waits for our end of the line: closed once the server has stopped
            )
            return
        self._leases.remove(lease)
        lease.close()

    def _look_after_server(self) -> None:
        """Bring a server that fell back up on the same port, so that pools reconnect by themselves."""
        if self._asked_to_stop or self._process.poll() is None:
            return
        now = time.monotonic()
        if len(self._falls) == RESTARTS and now - self._falls[0] < RESTART_WINDOW:
            self._asked_to_stop = True
            return
        self._falls.append(now)
        try:
            self._process, self._port = self._start(self._port)
        except PostgresError as error:
            sys.stderr.write(f"{error}\n")
            self._asked_to_stop = True


def _only_wake(*_: object) -> None:
    """A handler, so that the signal reaches the wake-up descriptor."""


def _private_directory() -> Path:
    """A short path of our own for sockets. Where temporary folders lie deep, /tmp it is."""
    base = tempfile.gettempdir()
    if len(base) + len(SOCKETS_PREFIX) + 8 + len("/.s.PGSQL.65535.lock") > LONGEST_SOCKET_PATH:
        base = "/tmp"  # noqa: S108 - mkdtemp makes a new directory there that is ours alone
    return Path(tempfile.mkdtemp(prefix=SOCKETS_PREFIX, dir=base))


def _clear_former_sockets(files: cluster.Files) -> None:
    """Remove the socket directory of a keeper that was killed, if it is ours and looks like one of ours."""
    with suppress(OSError, ValueError, KeyError):
        former = Path(json.loads(files.keeper.read_text(encoding="utf-8"))["sockets"])
        seen = former.lstat()
        if (
            former.name.startswith(SOCKETS_PREFIX)
            and stat.S_ISDIR(seen.st_mode)
            and seen.st_uid == os.geteuid()
        ):
            shutil.rmtree(former, ignore_errors=True)
    files.keeper.unlink(missing_ok=True)


def _say(lease: socket.socket, words: Mapping[str, object]) -> None:
    with suppress(OSError):  # its holder may be gone already, which the loop will notice
        lease.sendall(json.dumps(words).encode() + b"\n")


def main(home: str, descriptor: str, options: str) -> int:
    """Keep the cluster at `home` for the lease at the file `descriptor`. 0 also when another was quicker."""
    files = cluster.Files(home=Path(home))
    first = socket.socket(fileno=int(descriptor))
    with files.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(first, {"occupied": True})
            return 0
        if os.fork():  # whoever began us need not stay to see us end; the lock goes with the fork
            return 0
        try:
            cluster.end_former(files)
            _clear_former_sockets(files)
            Keeper(files, json.loads(options)).run(first)
        except PostgresError as error:
            _say(first, {"error": str(error)})
            return 1
        except OSError as error:  # a full disk, a folder that is not ours
            _say(first, {"error": f"The embedded database at {home} cannot be kept: {error}."})
            return 1
        return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
