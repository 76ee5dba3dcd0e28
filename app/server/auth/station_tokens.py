"""A workstation proves its key and gets an access token for the sync (ruling B26).

A proof counts once. Failed ones are rows of the system journal; the renewals of a working station, four an hour, are
not: each of its commands carries the same key's chain anyway.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain.decision import Reason, Refusal
from app.domain.identity import SYSTEM, PlantId, StationId
from app.domain.plant import StationStatus
from app.server.auth.access_tokens import AccessTokens, Assertion, claimed_station, read_assertion
from app.server.auth.sign_in import SignInNote
from app.server.auth.throttle import Throttle
from app.server.kernel.database import Database, Transaction
from app.server.kernel.journal import Event, Journal
from app.server.kernel.security import Remote
from app.wire.account import StationToken

UNKNOWN_KEY = Refusal(reason=Reason.UNKNOWN_KEY)
"""One answer for an unknown workstation, another's key, a stale proof and a proof used before."""


@dataclass(frozen=True, slots=True)
class StationTokens:
    """Grants tokens to workstations."""

    database: Database
    journal: Journal
    tokens: AccessTokens
    throttle: Throttle
    clock: Callable[[], datetime]

    async def grant(self, assertion: str, remote: Remote) -> StationToken | Refusal:
        """A token for the workstation that signed `assertion`. UNKNOWN_KEY, STATION_REVOKED or TOO_MANY_TRIES."""
        claimed = claimed_station(assertion)
        if claimed is None:
            return UNKNOWN_KEY
        async with self.database.transaction() as tx:
            known = await tx.first(
                "SELECT plant_id, public_key, status FROM auth.stations WHERE id = $1", claimed
            )
            if known is None:
                return UNKNOWN_KEY
            proof = read_assertion(assertion, bytes.fromhex(known["public_key"]), self.clock())
            if proof is None or proof.station_id != claimed or not await self._first_use(tx, proof):
                return await self._failed(tx, claimed, PlantId(known["plant_id"]), remote)
            if known["status"] != StationStatus.ACTIVE.value:
                return Refusal(reason=Reason.STATION_REVOKED)
        return StationToken(
            access_token=self.tokens.for_station(claimed, PlantId(known["plant_id"])),
            expires_in=self.tokens.seconds,
        )

    async def _first_use(self, tx: Transaction, proof: Assertion) -> bool:
        """A used proof lies among the tokens that are over, until it would be stale anyway."""
        await tx.execute("DELETE FROM auth.revoked_tokens WHERE expires_at < $1", self.clock())
        added = await tx.execute(
            "INSERT INTO auth.revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            f"{proof.station_id} {proof.token_id}",
            proof.expires_at,
        )
        return added == 1

    async def _failed(
        self, tx: Transaction, station_id: StationId, plant_id: PlantId, remote: Remote
    ) -> Refusal:
        wait = await self.throttle.begin(tx, f"station {station_id}", remote.ip_address)
        if wait is not None:
            return Refusal(reason=Reason.TOO_MANY_TRIES, detail=(str(int(wait.total_seconds()) + 1),))
        note = Event(
            event_type="station.sign-in.failed",
            entity_type="sign-in",
            entity_id=station_id,
            action="failed",
            station_id=station_id,
        )
        await self.journal.note(
            tx, SYSTEM, note, SignInNote(plant_id=plant_id, outcome=note.event_type), remote
        )
        return UNKNOWN_KEY
