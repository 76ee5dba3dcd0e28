"""Signed checkpoints of a journal (ruling A6): the server's word, every 1,000 rows, that its past was this one."""

from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from app.domain.identity import PlantId
from app.domain.record import record

EVERY: Final = 1_000
"""A checkpoint stands at each row whose `seq` this divides."""
DOMAIN: Final = b"batchwright-checkpoint-1"


@record
class Checkpoint:
    """`hash`, the chain's at `seq`, hex; `signature`, Ed25519 over `checkpoint_digest`, hex."""

    journal: PlantId
    epoch: UUID
    seq: int
    hash: str
    key_id: UUID
    signature: str
    signed_at: datetime


def checkpoint_digest(journal: str, epoch: UUID, seq: int, chain_hash: bytes) -> bytes:
    """The 32 bytes that a checkpoint's signature covers."""
    return sha256(DOMAIN + journal.encode() + epoch.bytes + seq.to_bytes(8, "big") + chain_hash).digest()


def fingerprint(public_key: bytes) -> str:
    """How a key is named to people: the first 16 bytes of its SHA-256, in groups of four hex digits."""
    digest = sha256(public_key).hexdigest()[:32]
    return " ".join(digest[at : at + 4] for at in range(0, 32, 4))
