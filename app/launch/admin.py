"""`main.py admin`: plants, people, workstations. Each act is one of a named administrator with their own password."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import available_timezones

from app.domain.identity import SYSTEM, PlantId, StationId, UserId
from app.domain.permissions import Permission, Role
from app.domain.plant import FoundPlant
from app.launch.acting import (
    HERE,
    PASSWORD_VARIABLE,
    USAGE,
    acting,
    acting_arguments,
    done,
    granted,
    plant_named,
    secret,
)
from app.launch.command import CommandFailed
from app.launch.parts import database_trouble, opened
from app.launch.place import open_place, place_arguments
from app.server.auth.bootstrap import Bootstrap, Newcomer
from app.server.auth.people import Account, account_by_login
from app.server.main import Parts
from app.wire.account import PasswordRequest, RegisterRequest, RoleRequest

FIRST_VARIABLE: Final = "BATCHWRIGHT_FIRST_PASSWORD"
SECOND_VARIABLE: Final = "BATCHWRIGHT_SECOND_PASSWORD"
NEW_VARIABLE: Final = "BATCHWRIGHT_NEW_PASSWORD"

Work = Callable[[Parts, Namespace], Awaitable[str]]


def arguments(parser: ArgumentParser) -> None:
    """What `admin` takes."""
    groups = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    found = groups.add_parser("found", help="first start: a plant and its two administrators")
    _plant_arguments(found)
    for which, variable in (("first", FIRST_VARIABLE), ("second", SECOND_VARIABLE)):
        found.add_argument(f"--{which}-login", required=True, metavar="LOGIN")
        found.add_argument(f"--{which}-name", required=True, metavar="NAME")
        found.add_argument(f"--{which}-password-file", type=Path, metavar="FILE", help=f"also {variable}")
    _ends_with(found, _found)
    _plant_commands(groups.add_parser("plant", help="add or list plants"))
    _user_commands(groups.add_parser("user", help="add, list, change, deactivate people; reset passwords"))
    _station_commands(groups.add_parser("station", help="codes for new workstations; list; revoke"))


def run(options: Namespace) -> str:
    """Do it, and say in one line what was done. Raises CommandFailed."""

    async def work() -> str:
        async with opened(place) as parts:
            return await options.work(parts, options)

    with open_place(options) as place, database_trouble():
        return asyncio.run(work())


def _ends_with(parser: ArgumentParser, work: Work, *, acts: bool = False) -> None:
    if acts:
        acting_arguments(parser)
    place_arguments(parser)
    parser.set_defaults(work=work)


def _plant_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--plant-id", required=True, metavar="ID", help="a short name for programs, for ever")
    parser.add_argument("--plant-name", required=True, metavar="NAME")
    parser.add_argument("--site", required=True, metavar="NAME")
    parser.add_argument("--timezone", required=True, metavar="ZONE", help="such as Europe/Berlin")
    parser.add_argument(
        "--line", action="append", default=[], metavar="NAME", help="may be given more than once"
    )


def _plant_commands(parser: ArgumentParser) -> None:
    commands = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    add = commands.add_parser("add", help="found another plant")
    _plant_arguments(add)
    _ends_with(add, _add_plant, acts=True)
    _ends_with(commands.add_parser("list", help="all plants"), _list_plants, acts=True)


def _user_commands(parser: ArgumentParser) -> None:
    commands = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    roles = [each.value for each in Role]
    add = commands.add_parser("add", help="register a person; prints the code for their first password")
    add.add_argument("new_login", metavar="LOGIN")
    add.add_argument("--name", required=True)
    add.add_argument("--email", default="")
    add.add_argument("--department", default="")
    add.add_argument("--role", required=True, choices=roles, metavar="ROLE", help=", ".join(roles))
    add.add_argument("--also-plant", action="append", default=[], metavar="ID", help="further plants")
    add.add_argument("--identity-checked-by", required=True, metavar="NAME", help="who saw their papers")
    _ends_with(add, _add_user, acts=True)
    _ends_with(commands.add_parser("list", help="everybody of the plant"), _list_users, acts=True)
    role = commands.add_parser("role", help="give a person another role or other plants")
    role.add_argument("person", metavar="LOGIN")
    role.add_argument("--role", required=True, choices=roles, metavar="ROLE", help=", ".join(roles))
    role.add_argument(
        "--in", dest="plants", action="append", metavar="ID", help="plants (default: as before)"
    )
    role.add_argument("--reason", required=True)
    _ends_with(role, _change_role, acts=True)
    end = commands.add_parser("deactivate", help="end a person's account")
    end.add_argument("person", metavar="LOGIN")
    end.add_argument("--reason", required=True)
    _ends_with(end, _deactivate, acts=True)
    reset = commands.add_parser("reset", help="print a code with which a person sets a new password")
    reset.add_argument("person", metavar="LOGIN")
    _ends_with(reset, _reset, acts=True)
    password = commands.add_parser("password", help="set a password with such a code")
    password.add_argument("--code", required=True)
    password.add_argument("--new-password-file", type=Path, metavar="FILE", help=f"also {NEW_VARIABLE}")
    _ends_with(password, _set_password)


def _station_commands(parser: ArgumentParser) -> None:
    commands = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    _ends_with(
        commands.add_parser("code", help="a code that enrols one workstation"), _station_code, acts=True
    )
    _ends_with(commands.add_parser("list", help="all workstations of the plant"), _list_stations, acts=True)
    revoke = commands.add_parser("revoke", help="refuse what a workstation sends from now on")
    revoke.add_argument("station", type=UUID, metavar="ID")
    revoke.add_argument("--reason", required=True)
    _ends_with(revoke, _revoke, acts=True)


# --- the work ---------------------------------------------------------------------------------------------------------


def _bootstrap(parts: Parts) -> Bootstrap:
    return Bootstrap(parts.database, parts.desk, parts.authentication, parts.new_id)


def _plant(options: Namespace) -> FoundPlant:
    zones = available_timezones()
    if zones and options.timezone not in zones:  # a machine may have no list of zones at all
        raise CommandFailed(f"There is no time zone {options.timezone}.", code=USAGE)
    plant_id = options.plant_id.strip()
    if plant_id == SYSTEM or not plant_id.replace("-", "").isalnum() or plant_id != plant_id.lower():
        raise CommandFailed("A plant's id is small letters, digits and dashes, and not system.", code=USAGE)
    return FoundPlant(
        plant_id=PlantId(plant_id),
        name=options.plant_name,
        site=options.site,
        timezone=options.timezone,
        lines=tuple(options.line),
    )


async def _found(parts: Parts, options: Namespace) -> str:
    plant, bootstrap = _plant(options), _bootstrap(parts)
    if not await bootstrap.is_first_start():
        raise CommandFailed("This plant has administrators already: they add what is missing.")
    first, second = (
        Newcomer(
            login=login,
            name=name,
            password=secret(f"New password of {login}", file, variable),
        )
        for login, name, file, variable in (
            (options.first_login, options.first_name, options.first_password_file, FIRST_VARIABLE),
            (options.second_login, options.second_name, options.second_password_file, SECOND_VARIABLE),
        )
    )
    done(await bootstrap.found(plant, first, second))
    return (
        f"Founded {plant.name} ({plant.plant_id}) with the administrators {first.login} and {second.login}."
    )


async def _as(
    parts: Parts, options: Namespace, needs: Permission, *, system: bool = False
) -> tuple[PlantId, AbstractAsyncContextManager[UserId]]:
    """The plant it is about, and the session of who acts there."""
    plant_id = SYSTEM if system else await plant_named(parts, options.plant)
    password = secret(f"Password of {options.login}", options.password_file, PASSWORD_VARIABLE)
    return plant_id, acting(parts, options, password, plant_id, needs)


async def _add_plant(parts: Parts, options: Namespace) -> str:
    plant = _plant(options)
    _, session = await _as(parts, options, Permission.PLANT_MANAGE, system=True)
    async with session as by:
        granted(await _bootstrap(parts).found_plant(by, plant))
        others = [each for each in await _administrators(parts) if each.user_id != by]
        for each in others:
            request = RoleRequest(
                role=each.role, plants=each.plants | {plant.plant_id}, reason=f"{plant.name} was founded"
            )
            granted(await parts.authentication.accounts.change_role(by, SYSTEM, each.user_id, request, HERE))
    reach = " and ".join(each.login for each in others) or "nobody yet"
    return f"Founded {plant.name} ({plant.plant_id}). It is administered by {reach}; they let {options.login} in."


async def _administrators(parts: Parts) -> list[Account]:
    async with parts.database.transaction() as tx:
        rows = await tx.tuples(
            "SELECT c.login FROM auth.people c JOIN auth.persons p ON p.id = c.user_id "
            "WHERE p.active AND p.role = $1 AND $2 = ANY(p.plants) ORDER BY c.login",
            Role.SYSTEM_ADMIN.value,
            SYSTEM,
        )
        found = [await account_by_login(tx, row[0]) for row in rows]
    return [each for each in found if each is not None]


async def _list_plants(parts: Parts, options: Namespace) -> str:
    _, session = await _as(parts, options, Permission.PLANT_MANAGE, system=True)
    async with session, parts.database.transaction() as tx:
        rows = await tx.tuples("SELECT plant_id, name, site, timezone FROM auth.plants ORDER BY plant_id")
    _table(("id", "name", "site", "time zone"), rows)
    return f"{len(rows)} plants."


async def _add_user(parts: Parts, options: Namespace) -> str:
    plant_id, session = await _as(parts, options, Permission.USER_MANAGE)
    async with session as by:
        request = RegisterRequest(
            login=options.new_login,
            name=options.name,
            email=options.email,
            department=options.department,
            role=Role(options.role),
            plants=frozenset({plant_id, *map(PlantId, options.also_plant)}),
            identity_checked_by=options.identity_checked_by,
        )
        told = done(await parts.authentication.accounts.register(by, plant_id, request, HERE))
    return (
        f"Registered {options.name} ({options.role}). First password: main.py admin user password "
        f"--code {told.code}, until {_when(told.expires_at)}."
    )


async def _list_users(parts: Parts, options: Namespace) -> str:
    plant_id, session = await _as(parts, options, Permission.USER_MANAGE)
    async with session, parts.database.transaction() as tx:
        rows = await tx.tuples(
            "SELECT c.login, c.name, p.role, array_to_string(p.plants, ' '), "
            "CASE WHEN NOT p.active THEN 'ended' WHEN c.password_hash IS NULL THEN 'no password yet' ELSE 'active' END "
            "FROM auth.people c JOIN auth.persons p ON p.id = c.user_id "
            "WHERE $1 = ANY(p.plants) ORDER BY c.login",
            plant_id,
        )
    _table(("login", "name", "role", "plants", "state"), rows)
    return f"{len(rows)} people in {plant_id}."


async def _person(parts: Parts, login: str) -> Account:
    async with parts.database.transaction() as tx:
        account = await account_by_login(tx, login)
    if account is None:
        raise CommandFailed(f"There is nobody with the login {login}.")
    return account


async def _change_role(parts: Parts, options: Namespace) -> str:
    plant_id, session = await _as(parts, options, Permission.USER_MANAGE)
    async with session as by:
        person = await _person(parts, options.person)
        plants = frozenset(map(PlantId, options.plants)) if options.plants else person.plants
        request = RoleRequest(role=Role(options.role), plants=plants, reason=options.reason)
        accounts = parts.authentication.accounts
        granted(await accounts.change_role(by, plant_id, person.user_id, request, HERE))
    return f"{person.name} is {options.role} in {', '.join(sorted(plants))} from now on."


async def _deactivate(parts: Parts, options: Namespace) -> str:
    plant_id, session = await _as(parts, options, Permission.USER_MANAGE)
    async with session as by:
        person = await _person(parts, options.person)
        accounts = parts.authentication.accounts
        granted(await accounts.deactivate(by, plant_id, person.user_id, options.reason, HERE))
    return f"The account of {person.name} has ended."


async def _reset(parts: Parts, options: Namespace) -> str:
    _, session = await _as(parts, options, Permission.USER_MANAGE)
    async with session as by:
        person = await _person(parts, options.person)
        told = done(await parts.authentication.accounts.start_reset(by, person.user_id, HERE))
    return (
        f"A new password for {person.name}: main.py admin user password --code {told.code}, "
        f"until {_when(told.expires_at)}."
    )


async def _set_password(parts: Parts, options: Namespace) -> str:
    password = secret("New password", options.new_password_file, NEW_VARIABLE)
    request = PasswordRequest(code=options.code, password=password)
    granted(await parts.authentication.accounts.set_password(request, HERE))
    return "The password is set; all sessions of this person have ended."


async def _station_code(parts: Parts, options: Namespace) -> str:
    plant_id, session = await _as(parts, options, Permission.STATION_MANAGE)
    async with session as by:
        made = await parts.authentication.stations.make_code(by, plant_id, HERE)
    return f"The code {made.code} enrols one workstation in {plant_id} until {_when(made.expires_at)}."


async def _list_stations(parts: Parts, options: Namespace) -> str:
    plant_id, session = await _as(parts, options, Permission.STATION_MANAGE)
    async with session, parts.database.transaction() as tx:
        rows = await tx.tuples(
            "SELECT id::text, name, area, status FROM auth.stations WHERE plant_id = $1 ORDER BY name",
            plant_id,
        )
    _table(("id", "name", "area", "state"), rows)
    return f"{len(rows)} workstations in {plant_id}."


async def _revoke(parts: Parts, options: Namespace) -> str:
    plant_id, session = await _as(parts, options, Permission.STATION_MANAGE)
    async with session as by:
        stations = parts.authentication.stations
        granted(await stations.revoke(by, plant_id, StationId(options.station), options.reason, HERE))
    return "The workstation is revoked: what it sends from now on waits for a person."


def _when(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def _table(head: tuple[str, ...], rows: Sequence[Sequence[object]]) -> None:
    lines = [head, *(tuple(map(str, row)) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
