"""The seal of a command: exact bytes, chained to the workstation's previous command, signed by its author's key.

`digest = sha256("batchwright-command-1" ‖ station ‖ counter ‖ prev ‖ sha256(body))`; the signature is Ed25519
(RFC 8032) over `digest`. `counter` is gapless per workstation. Nothing is ever re-serialised: what was stored is what
is sent, hashed, verified and kept.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final
from uuid import UUID

from app.domain.identity import KeyId, StationId
from app.domain.record import record

DOMAIN: Final = b"batchwright-command-1"
GENESIS: Final = "0" * 64
"""The `prev` of a workstation's first command."""
NO_STATION: Final = UUID(int=0)

Sign = Callable[[bytes], bytes]
"""Signs a 32-byte digest with an Ed25519 key that the caller holds: 64 bytes."""


@record
class SealedCommand:
    """One command as it lies in the outbox, in the request and in the server's `commands`.

    `body` is the envelope's JSON text. `key_id` names the signing key: a person's, or the station's own id where the
    station speaks for itself. `signature` is hex.
    """

    body: str
    station_id: StationId
    counter: int
    prev: str
    key_id: KeyId
    signature: str

    @property
    def digest(self) -> bytes:
        """The 32 bytes that were signed, and the link to the next command."""
        return seal_digest(self.body, self.station_id, self.counter, self.prev)

    @property
    def body_hash(self) -> str:
        """SHA-256 (hex) of the body: what a verification binds."""
        return sha256(self.body.encode()).hexdigest()


def seal_digest(body: str, station_id: StationId, counter: int, prev: str) -> bytes:
    """The digest of a command at its place in a workstation's chain."""
    return sha256(
        DOMAIN
        + station_id.bytes
        + counter.to_bytes(8, "big")
        + bytes.fromhex(prev)
        + sha256(body.encode()).digest()
    ).digest()


def seal(
    body: bytes, station_id: StationId, counter: int, prev: str, key_id: KeyId, sign: Sign
) -> SealedCommand:
    """Seal one envelope's bytes at `counter` behind `prev` (hex)."""
    text = body.decode()
    signature = sign(seal_digest(text, station_id, counter, prev))
    return SealedCommand(
        body=text, station_id=station_id, counter=counter, prev=prev, key_id=key_id, signature=signature.hex()
    )
