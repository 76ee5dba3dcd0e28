"""What a crash left in SQLite's write-ahead log, and whether all of it could be read back.

SQLite reads the log up to the first frame whose checksum fails and takes that for the end: right after a power cut,
when the last frames never reached the disk whole, and wrong after a flipped bit in the middle, when every later save,
each confirmed to a person, would be gone without a word. So the frames' headers behind that end are looked at as well.
File format: https://www.sqlite.org/fileformat2.html#walformat
"""

import struct
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct(">8I")  # magic, version, page size, sequence, salt, salt, checksum, checksum
_FRAME: Final = struct.Struct(">6I")  # page, pages after a commit or 0, salt, salt, checksum, checksum


def commits_behind(log: Path, frames_read: int) -> int:
    """How many commits lie in `log` behind the `frames_read` that the database could read.

    One may be a save that a power cut interrupted before it was confirmed. More are damage: a save is begun only when
    the one before it is on disk whole. Frames of an earlier round of the log carry other salts and don't count.
    """
    if not log.exists() or log.stat().st_size <= _HEADER.size:
        return 0
    commits = 0
    with log.open("rb") as file:
        _, _, page_size, _, *salts, _, _ = _HEADER.unpack(file.read(_HEADER.size))
        step = _FRAME.size + page_size
        place = _HEADER.size + frames_read * step
        while True:
            file.seek(place)
            header = file.read(_FRAME.size)
            if len(header) < _FRAME.size:
                return commits
            _, pages, *frame_salts, _, _ = _FRAME.unpack(header)
            commits += frame_salts == salts and pages > 0
            place += step
