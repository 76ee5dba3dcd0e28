"""A verb of the REST API that is a signature: its body is a sealed command and nothing else (ruling A14)."""

from typing import Any, Final

from app.domain.decision import Reason, Refusal
from app.domain.envelope import Command, Envelope
from app.domain.plant import SigningKey
from app.server.kernel.database import Transaction
from app.server.kernel.gates import person_of
from app.server.kernel.journal import Event
from app.server.kernel.problems import Refused
from app.server.kernel.record_tables import Want
from app.server.kernel.seals import is_signed
from app.server.kernel.security import Caller, Remote
from app.server.kernel.state import Shared
from app.wire.codec import load_envelope
from app.wire.seal import SealedCommand
from app.wire.sync import Push, PushAnswer, Settled

BAD_SEAL: Final = Refusal(reason=Reason.BAD_SEAL)


async def hand_in(
    shared: Shared, sealed: SealedCommand, expected: Command, caller: Caller, remote: Remote
) -> None:
    """Settle a signature that the caller sealed at a workstation. Raises `Refused` for every no.

    `expected` has the type, and wherever the route knows better the values, that the sealed command must have: see
    `same_subject`. The seal is proved before the desk sees it: whoever holds a token must not be able to take a place
    in a workstation's chain.
    """
    envelope = load_envelope(sealed.body)
    if not same_subject(expected, envelope.command):
        raise Refused(
            Refusal(reason=Reason.MALFORMED, detail=(f"body: not a sealed {expected.kind} of this record",))
        )
    if envelope.plant_id != caller.plant_id:
        raise Refused(Refusal(reason=Reason.OTHER_PLANT, detail=(envelope.plant_id,)))
    async with shared.database.transaction() as tx:
        proved = await _is_proved(shared, tx, sealed, envelope, caller)
        if not proved:
            await _note_failed(shared, tx, envelope, caller, remote)
    if not proved:
        raise Refused(BAD_SEAL)
    push = Push(station_id=sealed.station_id, plant_id=caller.plant_id, commands=(sealed,))
    answer = await shared.desk.push(sealed.station_id, push, remote)
    if not isinstance(answer, PushAnswer):
        raise Refused(answer)
    outcome = answer.outcomes[0]
    if outcome.settled is Settled.HELD:
        raise Refused(Refusal(reason=Reason.PRECONDITION_MISSING, detail=outcome.detail))
    if outcome.settled is Settled.REFUSED:
        raise Refused(
            Refusal(
                reason=outcome.reason or Reason.MALFORMED, detail=outcome.detail, blockers=outcome.blockers
            )
        )


def same_subject(expected: Command, found: Command) -> bool:
    """Whether `found` is a command of the expected kind about the same record."""
    subjects = ("batch_id", "deviation_id", "stage_key")
    wanted: Any = expected
    return type(found) is type(expected) and all(
        getattr(found, name) == getattr(wanted, name) for name in subjects if hasattr(wanted, name)
    )


async def _is_proved(
    shared: Shared, tx: Transaction, sealed: SealedCommand, envelope: Envelope, caller: Caller
) -> bool:
    """Whether the caller's own registered key of that workstation sealed these bytes."""
    found = await shared.desk.store.load(tx, [Want(kind="key", column="id", values=(sealed.key_id,))])
    key = next((each for each in found if isinstance(each, SigningKey)), None)
    return (
        key is not None
        and key.revoked_at is None
        and key.user_id == person_of(caller) == envelope.author_id
        and key.station_id == sealed.station_id == envelope.station_id
        and _readable(sealed)
        and is_signed(key.public_key, sealed.signature, sealed.digest)
    )


def _readable(sealed: SealedCommand) -> bool:
    try:
        return len(bytes.fromhex(sealed.prev)) == 32 and 0 < sealed.counter < 2**63
    except ValueError:
        return False


async def _note_failed(
    shared: Shared, tx: Transaction, envelope: Envelope, caller: Caller, remote: Remote
) -> None:
    """A failed signature is a row of the plant's journal (ruling A4), and no command: nobody proved to have sealed it."""
    event = Event(
        event_type="signature.failed",
        entity_type="signature",
        entity_id=envelope.id,
        action="refuse",
        user_id=person_of(caller),
        batch_id=getattr(envelope.command, "batch_id", None),
        reason=BAD_SEAL.reason.value,
        station_id=envelope.station_id,
        performed_at=envelope.performed_at,
    )
    await shared.journal.note(tx, caller.plant_id, event, BAD_SEAL, remote)
