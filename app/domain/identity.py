"""Ids: UUIDv7 (RFC 9562 §5.7) for what is made, UUIDv5 for what follows from something made."""

from functools import lru_cache
from typing import Final, NewType
from uuid import UUID, uuid5

PlantId = NewType("PlantId", str)
UserId = NewType("UserId", UUID)
StationId = NewType("StationId", UUID)
KeyId = NewType("KeyId", UUID)
ProductId = NewType("ProductId", UUID)
MasterId = NewType("MasterId", UUID)
BatchId = NewType("BatchId", UUID)
StageId = NewType("StageId", UUID)
StepId = NewType("StepId", UUID)
EntryId = NewType("EntryId", UUID)
ExceptionId = NewType("ExceptionId", UUID)
DeviationId = NewType("DeviationId", UUID)
CommandId = NewType("CommandId", UUID)

SYSTEM: Final = PlantId("system")
"""The journal of what belongs to no plant: people, roles, products and master records (rulings A12)."""


def uuid7(unix_ms: int, entropy: bytes) -> UUID:
    """A UUIDv7 from a Unix time in milliseconds and 10 random bytes. Clock and chance are the caller's."""
    if len(entropy) != 10:
        raise ValueError("a UUIDv7 takes 10 random bytes")
    bits = (unix_ms & ((1 << 48) - 1)) << 80 | int.from_bytes(entropy, "big")
    bits = bits & ~(0xF << 76) | (0x7 << 76)
    bits = bits & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=bits)


def derived(parent: UUID, *names: str) -> UUID:
    """The id that always follows from `parent` and `names`: two stations that derive it agree without talking."""
    return uuid5(parent, "\x1f".join(names))


@lru_cache(maxsize=1 << 16)
def stage_id(batch_id: BatchId, stage_key: str) -> StageId:
    """The id of a batch's stage."""
    return StageId(derived(batch_id, "stage", stage_key))


@lru_cache(
    maxsize=1 << 16
)  # the rules ask for the same few thousand again and again; a SHA-1 each costs 5 µs
def step_id(batch_id: BatchId, stage_key: str, step_key: str) -> StepId:
    """The id of a batch's step: the slot that entries fill."""
    return StepId(derived(batch_id, "step", stage_key, step_key))
