"""Workstations: enrolled with an administrator's one-time code, listed, revoked (rulings B22, B26)."""

from dataclasses import dataclass

from app.domain.decision import Reason, Refusal
from app.domain.identity import SYSTEM, PlantId, StationId, UserId
from app.domain.plant import EnrolStation, RevokeStation
from app.server.auth.accounts import CODES, PUBLIC_KEY
from app.server.auth.codes import Codes
from app.server.auth.sign_in import WRONG_SECRET, SignInNote
from app.server.auth.throttle import Throttle
from app.server.kernel.database import Database, Transaction
from app.server.kernel.desk import CommandDesk
from app.server.kernel.journal import NO_REMOTE, Event, Journal
from app.server.kernel.pages import page_json
from app.server.kernel.problems import Refused
from app.server.kernel.security import Remote
from app.wire.account import Enrolled, EnrolmentCode, EnrolRequest


@dataclass(frozen=True, slots=True)
class Stations:
    """The use cases about workstations. `journal_key`: the public key that signs the journal's checkpoints."""

    database: Database
    journal: Journal
    desk: CommandDesk
    codes: Codes
    throttle: Throttle
    journal_key: bytes

    async def make_code(self, by: UserId, plant_id: PlantId, remote: Remote = NO_REMOTE) -> EnrolmentCode:
        """A code for one new workstation of a plant. Whether `by` may, its use asks again."""
        async with self.database.transaction() as tx:
            made = await self.codes.for_station(tx, plant_id, by)
            note = Event(
                event_type="station.code-made",
                entity_type="sign-in",
                entity_id=by,
                action="code-made",
                user_id=by,
            )
            await self.journal.note(
                tx, SYSTEM, note, SignInNote(plant_id=plant_id, outcome=note.event_type), remote
            )
        return EnrolmentCode(code=made.code, plant_id=plant_id, expires_at=made.expires_at)

    async def enrol(self, request: EnrolRequest, remote: Remote = NO_REMOTE) -> Enrolled | Refusal:
        """Use a code, and make the workstation one of its plant's in the name of whoever made the code.

        The code is used up by a station that is enrolled, not by one that the rules refuse.
        """
        if not PUBLIC_KEY.fullmatch(request.public_key):
            return Refusal(reason=Reason.WRONG_VALUE, detail=("public_key",))
        if not request.name.strip():
            return Refusal(reason=Reason.FIELD_MISSING, detail=("name",))
        async with self.database.transaction() as tx:
            wait = await self.throttle.begin(tx, CODES, remote.ip_address)
            opens = None if wait else await self.codes.of_station(tx, request.code)
            name = await tx.value(
                "SELECT name FROM auth.plants WHERE plant_id = $1", opens[0] if opens else ""
            )
        if wait is not None:
            return Refusal(reason=Reason.TOO_MANY_TRIES, detail=(str(int(wait.total_seconds()) + 1),))
        if opens is None or name is None:
            return WRONG_SECRET
        plant_id, made_by = opens
        command = EnrolStation(
            station_id=request.station_id,
            name=request.name.strip(),
            area=request.area.strip(),
            public_key=request.public_key,
        )

        async def use_code(tx: Transaction) -> None:
            if not await self.codes.use_for_station(tx, request.code, request.station_id):
                raise Refused(WRONG_SECRET)
            await self.throttle.passed(tx, CODES, remote.ip_address)

        try:
            acted = await self.desk.act(command, made_by, plant_id, remote=remote, beside=use_code)
        except Refused as refused:
            return refused.refusal
        return acted.refusal or Enrolled(
            station_id=request.station_id,
            plant_id=plant_id,
            plant_name=name,
            journal_key=self.journal_key.hex(),
        )

    async def revoke(
        self, by: UserId, plant_id: PlantId, station_id: StationId, reason: str, remote: Remote = NO_REMOTE
    ) -> Refusal | None:
        """What the workstation sends from now on is kept, and waits for a person (ruling B22)."""
        async with self.database.transaction() as tx:
            known = await tx.value(
                "SELECT id FROM auth.stations WHERE id = $1 AND plant_id = $2", station_id, plant_id
            )
        if known is None:
            return Refusal(reason=Reason.NOT_FOUND, detail=("station",))
        command = RevokeStation(station_id=station_id, reason=reason)
        acted = await self.desk.act(command, by, plant_id, remote=remote)
        return acted.refusal

    async def page(self, plant_id: PlantId) -> bytes:
        """The workstations of a plant as a JSON page: `Station` records, by name."""
        async with self.database.transaction() as tx:
            rows = await tx.tuples(
                "SELECT record FROM auth.stations WHERE plant_id = $1 ORDER BY name, id", plant_id
            )
        return page_json([row[0] for row in rows])
