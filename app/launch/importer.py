"""`main.py import DATASET PATH`: bring records in that others kept, named as transcribed, whole or not at all.

Reading checks everything before the first write; a file with a fault is refused with each place that is wrong. Then
each batch is one commit, so that an interrupted import goes on where it ended.
"""

import asyncio
import logging
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from time import time_ns
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app.domain.identity import PlantId, UserId, uuid7
from app.domain.permissions import Permission
from app.launch.command import CommandFailed
from app.launch.importing.delivery import Delivered, Delivery, NotDelivered
from app.launch.importing.lek_tablets import read_lek_tablets
from app.launch.importing.people import (
    APPROVER_PASSWORD_VARIABLE,
    APPROVES,
    IMPORTS,
    PASSWORD_VARIABLE,
    password_of,
    proved,
)
from app.launch.importing.plan import Plan, Source
from app.launch.importing.progress import Progress
from app.launch.importing.reading import Faults
from app.launch.place import Place, open_place, place_arguments
from app.server.auth.people import as_login
from app.server.auth.settings import AuthSettings
from app.server.kernel.database import Database
from app.server.kernel.migrations import migrate
from app.server.kernel.server_key import ServerKey
from app.server.kernel.settings import Settings
from app.server.main import Parts, assemble

log = logging.getLogger(__name__)

Reader = Callable[[Path, Faults], Source | None]
DATASETS: Final[Mapping[str, Reader]] = {"lek-tablets": read_lek_tablets}
MOST_FAULTS_TOLD: Final = 50
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One person at the terminal: a login and its password."""

    login: str
    password: str


def arguments(parser: ArgumentParser) -> None:
    """What `import` takes."""
    parser.add_argument(
        "dataset", choices=sorted(DATASETS), metavar="DATASET", help=", ".join(sorted(DATASETS))
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the folder with the data set's files")
    parser.add_argument("--plant", metavar="ID", help="the plant the records are for (default: the only one)")
    parser.add_argument(
        "--as", dest="login", metavar="LOGIN", help="who imports, and prepares the master records"
    )
    parser.add_argument(
        "--approver", metavar="LOGIN", help="the second person, who approves the prepared master records"
    )
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help=f"the password of --as (also {PASSWORD_VARIABLE}; asked for otherwise)",
    )
    parser.add_argument(
        "--approver-password-file",
        type=Path,
        metavar="FILE",
        help=f"the password of --approver (also {APPROVER_PASSWORD_VARIABLE}; asked for otherwise)",
    )
    parser.add_argument("--check", action="store_true", help="read and check the files, write nothing")
    place_arguments(parser)


def run(options: Namespace) -> str:
    """Import, and say in one line what the plant now holds. Raises CommandFailed."""
    print(f"Reading {options.path}", file=sys.stderr)
    source = read_source(options.dataset, options.path)
    if options.check:
        return f"{_amounts(source(PlantId('')))} can be imported; nothing was written."
    who = _people(options)
    with open_place(options) as place:
        importing = Importing(source=source, people=who, plant=options.plant)
        try:
            return asyncio.run(importing.into(place))
        except KeyboardInterrupt as interruption:
            raise CommandFailed(f"Interrupted: {importing.so_far()}", code=INTERRUPTED) from interruption
        except (SQLAlchemyError, OSError) as error:
            log.exception("import.database_failed")
            raise CommandFailed(
                f"The database failed ({type(error).__name__}): {importing.so_far()}"
            ) from error
        except NotDelivered as reason:
            raise CommandFailed(str(reason)) from reason


def read_source(dataset: str, directory: Path) -> Source:
    """The data set in `directory`, whole. Raises CommandFailed with every place that is wrong."""
    faults = Faults()
    source = DATASETS[dataset](directory, faults)
    if source is not None:
        return source
    told = [f"  {each}" for each in faults.found[:MOST_FAULTS_TOLD]]
    if (more := len(faults.found) - len(told)) > 0:
        told.append(f"  and {more} more")
    raise CommandFailed(
        "\n".join((f"{directory} is not imported, nothing was written. What is wrong:", *told))
    )


def _people(options: Namespace) -> tuple[Credentials, Credentials | None]:
    """Who imports, and who approves if anybody. Raises CommandFailed."""
    login = options.login
    if not login:
        if not sys.stdin.isatty():
            raise CommandFailed("Say who imports: --as LOGIN.", code=2)
        login = input("Who imports? Login: ").strip()
    if options.approver and as_login(options.approver) == as_login(login):
        raise CommandFailed(
            "Who prepares a master record may not approve it: name another --approver.", code=2
        )
    secret = password_of(login, options.password_file, PASSWORD_VARIABLE, getpass)
    author = Credentials(login=login, password=secret)
    if not options.approver:
        return author, None
    secret = password_of(
        options.approver, options.approver_password_file, APPROVER_PASSWORD_VARIABLE, getpass
    )
    return author, Credentials(login=options.approver, password=secret)


class Importing:
    """One import into one place, and how far it got."""

    def __init__(
        self, *, source: Source, people: tuple[Credentials, Credentials | None], plant: str | None
    ) -> None:
        self._source = source
        self._people = people
        self._plant = plant
        self._plan: Plan | None = None
        self._delivery: Delivery | None = None
        self._progress = Progress(sys.stderr)

    async def into(self, place: Place) -> str:
        """Migrate, sign both people in, deliver. Answers the last line. Raises CommandFailed, NotDelivered."""
        async with _parts(place) as parts:
            plant_id = await _plant(parts.database, self._plant)
            author, approver = self._people
            by = await self._proved(parts, author, plant_id, IMPORTS)
            other = await self._proved(parts, approver, plant_id, APPROVES) if approver else None
            self._plan = self._source(plant_id)
            self._delivery = Delivery(
                desk=parts.desk,
                database=parts.database,
                plan=self._plan,
                author=by,
                approver=other,
                progress=self._progress,
            )
            try:
                return _told(self._plan, await self._delivery.run())
            finally:
                self._progress.end()

    async def _proved(
        self, parts: Parts, who: Credentials, plant_id: PlantId, needs: tuple[Permission, ...]
    ) -> UserId:
        return await proved(parts.authentication, parts.database, who.login, who.password, plant_id, needs)

    def so_far(self) -> str:
        """What is in, for a sentence about an import that ended early."""
        if self._plan is None or self._delivery is None:
            return "nothing was written."
        done, all_of_them = self._delivery.batches_in, len(self._plan.batches)
        return f"{done:,} of {all_of_them:,} batches are in. The same command goes on from there."


@asynccontextmanager
async def _parts(place: Place) -> AsyncGenerator[Parts]:
    """The server's parts on the place's database, which is migrated first."""
    migrate(place.urls.owner)
    settings = Settings()
    parts = assemble(
        settings,
        AuthSettings(keys_file=place.token_keys),
        api_url=place.urls.api,
        key=ServerKey.of_file(place.server_key),
        clock=lambda: datetime.now(UTC),
        new_id=lambda: uuid7(time_ns() // 1_000_000, os.urandom(10)),
        random_bytes=os.urandom,
    )
    try:
        await parts.desk.open()
        yield parts
    finally:
        await parts.database.close()


async def _plant(database: Database, named: str | None) -> PlantId:
    async with database.transaction() as tx:
        known = [
            PlantId(each[0]) for each in await tx.tuples("SELECT plant_id FROM auth.plants ORDER BY plant_id")
        ]
    if named is not None and PlantId(named) in known:
        return PlantId(named)
    if named is None and len(known) == 1:
        return known[0]
    if not known:
        raise CommandFailed("There is no plant yet: found one with main.py admin.")
    wrong = f"There is no plant {named}" if named else "Say which plant"
    raise CommandFailed(f"{wrong}: --plant {' or '.join(known)}.", code=2)


def _amounts(plan: Plan) -> str:
    return (
        f"{plan.dataset}: {len(plan.batches):,} batches, {plan.entries:,} entries, "
        f"{plan.series_rows:,} series rows"
    )


def _told(plan: Plan, done: Delivered) -> str:
    kinds = ", ".join(f"{rule.value.replace('_', ' ')} {many:,}" for rule, many in done.exceptions.items())
    line = f"{_amounts(plan)}, {sum(done.exceptions.values()):,} exceptions ({kinds})."
    return line if done.changed else f"Nothing changed, all of it was imported before: {line}"
