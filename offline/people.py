"""Who signed in at this station, and what the journal and the plant's policy say of them."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row

from app.client.session import KnownHere
from app.domain.facts import Facts
from app.domain.identity import KeyId, PlantId, UserId
from app.domain.permissions import Role
from app.domain.plant import Person, Plant, Policy
from app.wire.codec import load_record
from offline.database import Database
from offline.fold import Shelf, every_record
from offline.record_rows import id_of


class People:
    """The session's `PeopleBook`."""

    def __init__(self, *, database: Database, shelf: Shelf, plant_id: PlantId) -> None:
        self._database = database
        self._shelf = shelf
        self._plant_id = plant_id

    async def by_login(self, login: str) -> KnownHere | None:
        """The person with this login, in whatever case it was typed."""

        def read(connection: Connection) -> KnownHere | None:
            row = connection.exec_driver_sql("SELECT * FROM people WHERE login = ?", (login,)).one_or_none()
            return None if row is None else _known(row)

        return await self._database.reader.run(read)

    async def known(self) -> tuple[KnownHere, ...]:
        """Everybody who signed in here, the last one first."""

        def read(connection: Connection) -> tuple[KnownHere, ...]:
            rows = connection.exec_driver_sql("SELECT * FROM people ORDER BY last_seen DESC")
            return tuple(_known(row) for row in rows)

        return await self._database.reader.run(read)

    async def remember(self, person: KnownHere) -> None:
        wait = person.wait_until
        values = (
            person.user_id.bytes,
            person.login,
            person.name,
            person.role.value,
            person.department,
            person.key_id.bytes,
            person.public_key,
            person.last_online.isoformat(),
            person.last_seen.isoformat(),
            person.wrong_tries,
            None if wait is None else wait.isoformat(),
        )

        def write(connection: Connection) -> None:
            # A login given anew to another account would else stand in the way of its owner.
            connection.exec_driver_sql(
                "DELETE FROM people WHERE login = ? AND user_id <> ?", (person.login, person.user_id.bytes)
            )
            connection.exec_driver_sql(
                "INSERT OR REPLACE INTO people (user_id, login, name, role, department, key_id, public_key,"
                " last_online, last_seen, wrong_tries, wait_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

        await self._database.writer.run(write)

    async def record_of(self, user_id: UserId) -> Person | None:
        def read(connection: Connection) -> Person | None:
            body = connection.exec_driver_sql(
                "SELECT body FROM records JOIN bodies USING (rowid) WHERE id = ? AND kind = 'person'",
                (user_id.bytes,),
            ).scalar()
            return None if body is None else cast("Person", load_record("person", bytes(body)))

        return await self._database.reader.run(read)

    async def policy(self) -> Policy:
        found = await self._database.reader.run(lambda c: every_record(c, self._shelf, "plant"))
        own = Facts(found).every(Plant, plant_id=self._plant_id)
        return own[0].policy if own else Policy()


def _known(row: Row[Any]) -> KnownHere:
    return KnownHere(
        user_id=UserId(id_of(row.user_id)),
        login=row.login,
        name=row.name,
        role=Role(row.role),
        department=row.department,
        key_id=KeyId(id_of(row.key_id)),
        public_key=bytes(row.public_key),
        last_online=datetime.fromisoformat(row.last_online),
        last_seen=datetime.fromisoformat(row.last_seen),
        wrong_tries=row.wrong_tries,
        wait_until=None if row.wait_until is None else datetime.fromisoformat(row.wait_until),
    )
