"""What the database already knows of a run of commands: who was settled before, and how far the station's chain is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.decision import Reason, Refusal
from app.domain.identity import CommandId, PlantId, StationId
from app.server.kernel.database import Transaction
from app.server.kernel.seals import Arrival
from app.wire.seal import GENESIS, NO_STATION
from app.wire.sync import Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What was kept of a command that was settled before."""

    digest: bytes
    settled: Settled
    outcome: str


Places = dict[int, tuple[bytes, str]]
"""Digest and predecessor (hex) by counter: the part of a station's chain that a run touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection:
    """All of it, as of one statement behind the station's lock."""

    known: dict[CommandId, Stored]
    places: Places
    head_seq: int
    durable_seq: int | None


_RECALL: Final = """
SELECT c.id, c.digest, c.settled, c.outcome, NULL::bigint, NULL::text
FROM unnest($1::uuid[]) AS asked (id) JOIN kernel.commands c USING (id)
UNION ALL
SELECT NULL, digest, NULL, NULL, counter, prev FROM kernel.commands
WHERE station_id = $2 AND in_chain AND counter BETWEEN $3 AND $4
UNION ALL
SELECT NULL, NULL, NULL, NULL, (SELECT seq FROM kernel.journal_heads WHERE plant_id = $5),
       (SELECT max(seq) FROM kernel.backups WHERE plant_id = $5)::text
"""


async def recollect(
    tx: Transaction,
    plant_id: PlantId,
    arrivals: Sequence[Arrival],
    station_id: StationId | None,
) -> Recollection:
    """Recall everything about `arrivals`, and about what they depend on, in one round trip."""
    asked = {each.id for each in arrivals}
    asked |= {key for each in arrivals if each.envelope for key in each.envelope.depends_on}
    counters = [each.sealed.counter for each in arrivals if each.whole and not each.foreign] or [0]
    rows = await tx.tuples(
        _RECALL,
        list(asked),
        station_id or NO_STATION,
        min(counters) - 1,
        max(counters) + 1,
        plant_id,
    )
    *found, (_, _, _, _, head_seq, durable_seq) = rows
    return Recollection(
        known={
            CommandId(key): Stored(digest=bytes(digest), settled=Settled(settled), outcome=outcome)
            for key, digest, settled, outcome, _, _ in found
            if key is not None
        },
        places={counter: (bytes(digest), prev) for key, digest, _, _, counter, prev in found if key is None},
        head_seq=head_seq or 0,
        durable_seq=None if durable_seq is None else int(durable_seq),
    )


async def stored(tx: Transaction, ids: Collection[CommandId]) -> dict[CommandId, Stored]:
    """What was kept under `ids`."""
    rows = await tx.tuples(
        "SELECT id, digest, settled, outcome FROM kernel.commands WHERE id = ANY($1)", list(ids)
    )
    return {
        CommandId(key): Stored(digest=bytes(digest), settled=Settled(settled), outcome=outcome)
        for key, digest, settled, outcome in rows
    }


def walk_chain(fresh: Sequence[tuple[int, Arrival]], places: Places) -> dict[int, str]:
    """Give each command its counter's place behind the one before it. Answers the positions that must wait, and why.

    A hole holds what lies behind it. A counter that another command has, or a predecessor that is not ours, means
    that two machines run with this station's key: a copied disk (reference/sync.md, section 4).
    """
    held: dict[int, str] = {}
    for at, each in fresh:
        counter, prev = each.sealed.counter, each.sealed.prev
        if not each.whole or each.foreign:
            continue  # refused already, and no place in this chain, nor in another's, is its to take
        if counter in places and each.fault is not None and each.fault.reason is Reason.SAME_ID_OTHER_CONTENT:
            continue
        before, after = places.get(counter - 1), places.get(counter + 1)
        expected = GENESIS if counter == 1 else before and before[0].hex()
        if counter in places or (after is not None and after[1] != each.digest.hex()):
            each.fault = Refusal(reason=Reason.STATION_CLONED, detail=(str(counter),))
        elif expected is None:
            held[at] = str(counter)
        elif prev != expected:
            each.fault = Refusal(reason=Reason.STATION_CLONED, detail=(str(counter),))
        else:
            places[counter] = (each.digest, prev)
            each.in_chain = True
    return held
