"""The records that the authentication service owns, and the names people are printed by.

The DDL of the whole schema stands in `app/server/kernel/migrations/first/auth.sql`.
"""

from collections.abc import Collection, Mapping
from typing import Final

from app.domain.identity import UserId
from app.domain.plant import Person, Plant, SigningKey, Station
from app.server.kernel.database import Transaction
from app.server.kernel.record_tables import RecordTable, array_literal, columns


def _plant(each: Plant) -> tuple[object, ...]:
    return (each.plant_id, each.name, each.site, each.timezone)


def _station(each: Station) -> tuple[object, ...]:
    return (
        each.plant_id,
        each.name,
        each.area,
        each.public_key,
        each.status.value,
        each.enrolled_at,
        each.revoked_at,
    )


def _person(each: Person) -> tuple[object, ...]:
    return (each.role.value, array_literal(sorted(each.plants)), each.active)


def _key(each: SigningKey) -> tuple[object, ...]:
    return (each.user_id, each.station_id, each.public_key, each.enrolled_at, each.revoked_at)


TABLES: Final = (
    RecordTable(
        kind="plant",
        table="auth.plants",
        columns=columns("plant_id text, name text, site text, timezone text"),
        values=_plant,
    ),
    RecordTable(
        kind="station",
        table="auth.stations",
        columns=columns(
            "plant_id text, name text, area text, public_key text, status text, enrolled_at timestamptz, "
            "revoked_at timestamptz"
        ),
        values=_station,
    ),
    RecordTable(
        kind="person",
        table="auth.persons",
        columns=columns("role text, plants text[], active boolean"),
        values=_person,
    ),
    RecordTable(
        kind="key",
        table="auth.signing_keys",
        columns=columns(
            "user_id uuid, station_id uuid, public_key text, enrolled_at timestamptz, revoked_at timestamptz"
        ),
        values=_key,
    ),
)


async def read_names(tx: Transaction, users: Collection[UserId]) -> Mapping[UserId, str]:
    """The printed names of `users`; who has no card is missing."""
    found = await tx.tuples("SELECT user_id, name FROM auth.people WHERE user_id = ANY($1)", list(users))
    return {UserId(user_id): name for user_id, name in found}
