"""The journal's hash chain (ruling A5), computed alike by database, server, workstation and `verify`.

`hash = sha256(prev ‖ plant ‖ epoch ‖ seq ‖ sha256(row))`, plant as UTF-8 text, epoch as its 16 bytes, seq as 8 bytes
big-endian. Rows that a station may not see travel as two hashes, and the chain still closes.
"""

from hashlib import sha256
from typing import Final
from uuid import UUID

GENESIS: Final = bytes(32)
"""The hash before the first row of an epoch's first journal."""


def row_digest(row: bytes) -> bytes:
    """SHA-256 of a row's stored bytes."""
    return sha256(row).digest()


def link(prev: bytes, plant_id: str, epoch: UUID, seq: int, digest: bytes) -> bytes:
    """The hash of the row with `digest` at `seq`, behind `prev`."""
    return sha256(prev + plant_id.encode() + epoch.bytes + seq.to_bytes(8, "big") + digest).digest()
