"""Cards of people: what they are called and how they prove themselves. Beside the journal, never in it (ruling A5)."""

from dataclasses import dataclass, field
from typing import Final

from app.domain.identity import SYSTEM, PlantId, UserId
from app.domain.permissions import Role
from app.server.kernel.database import Transaction
from app.wire.sync import PersonCard

_ACCOUNT: Final = """
    SELECT c.user_id, c.login, c.name, c.email, c.department, c.password_hash, p.role, p.plants, p.active
    FROM auth.people c JOIN auth.persons p ON p.id = c.user_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's card with what the journal knows of them."""

    user_id: UserId
    login: str
    name: str
    email: str
    department: str
    role: Role
    plants: frozenset[PlantId]
    active: bool
    password_hash: str | None = field(repr=False)


def as_login(text: str) -> str:
    """A login as it is kept: case and blanks around it do not tell people apart."""
    return text.strip().lower()


async def account_by_login(tx: Transaction, login: str) -> Account | None:
    """The account of a login, however it was typed."""
    return await _account(tx, f"{_ACCOUNT} WHERE c.login = $1", as_login(login))


async def account_of(tx: Transaction, user_id: UserId) -> Account | None:
    """The account of a person."""
    return await _account(tx, f"{_ACCOUNT} WHERE c.user_id = $1", user_id)


async def _account(tx: Transaction, sql: str, key: object) -> Account | None:
    row = await tx.first(sql, key)
    if row is None:
        return None
    return Account(
        user_id=UserId(row["user_id"]),
        login=row["login"],
        name=row["name"],
        email=row["email"],
        department=row["department"],
        role=Role(row["role"]),
        plants=frozenset(map(PlantId, row["plants"])),
        active=row["active"],
        password_hash=row["password_hash"],
    )


async def cards_of(tx: Transaction, plant_id: PlantId) -> tuple[PersonCard, ...]:
    """Everybody of the plant and who administers it, former people too: records go on naming them."""
    rows = await tx.all(
        """
        SELECT c.user_id, c.login, c.name, c.email, c.department
        FROM auth.people c JOIN auth.persons p ON p.id = c.user_id
        WHERE $1 = ANY(p.plants) OR (p.role = $2 AND $3 = ANY(p.plants)) ORDER BY c.name, c.user_id
        """,
        plant_id,
        Role.SYSTEM_ADMIN.value,
        SYSTEM,
    )
    return tuple(PersonCard(**row) for row in rows)


async def add_card(tx: Transaction, card: PersonCard) -> bool:
    """Keep a new card. False where the login is taken: a name is never given twice (11.300(a))."""
    added = await tx.execute(
        """
        INSERT INTO auth.people (user_id, login, name, email, department) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        """,
        card.user_id,
        as_login(card.login),
        card.name,
        card.email,
        card.department,
    )
    return added == 1


async def keep_password(tx: Transaction, user_id: UserId, password_hash: str) -> None:
    """The hash that proves this person from now on."""
    await tx.execute(
        """
        UPDATE auth.people SET password_hash = $2, password_changed_at = now(), must_change_password = false,
            updated_at = now() WHERE user_id = $1
        """,
        user_id,
        password_hash,
    )
