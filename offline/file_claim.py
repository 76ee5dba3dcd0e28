"""Which process has the workstation's file: a lock that the operating system gives back, however the holder ended."""

import os
import sys
from pathlib import Path
from typing import Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FileClaim:
    """A held lock. The lock's file stays where it is: removing it would let two processes hold two files of one name."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let the next one have it. May be repeated."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


_FIRST_BYTE: Final = 1


def claim_file(path: Path) -> FileClaim | None:
    """The lock on `path`, or None while any process (this one too) holds it. Never waits. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, _FIRST_BYTE)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # flock says the first, Windows the second
        os.close(descriptor)
        return None
    return FileClaim(descriptor)
