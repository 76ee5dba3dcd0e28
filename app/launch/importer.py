"""`main.py import DATASET PATH`: bring records in that others kept, named as transcribed, whole or not at all.

Reading checks everything before the first write; a file with a fault is refused with each place that is wrong. Then
each batch is one commit, so that an interrupted import goes on where it ended.
"""

import asyncio
import logging
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from app.domain.identity import PlantId
from app.domain.permissions import Permission
from app.launch.acting import PASSWORD_VARIABLE, USAGE, acting, acting_arguments, plant_named, secret
from app.launch.command import CommandFailed
from app.launch.importing.delivery import Delivered, Delivery, NotDelivered
from app.launch.importing.lek_tablets import read_lek_tablets
from app.launch.importing.plan import Plan, Source
from app.launch.importing.progress import Progress
from app.launch.importing.reading import Faults
from app.launch.parts import DATABASE_TROUBLE, opened
from app.launch.place import DEMO_MADE, Place, demo_home, nothing_named, open_place, place_arguments

log = logging.getLogger(__name__)

Reader = Callable[[Path, Faults], Source | None]
DATASETS: Final[Mapping[str, Reader]] = {"lek-tablets": read_lek_tablets}
APPROVER_PASSWORD_VARIABLE: Final = "BATCHWRIGHT_APPROVER_PASSWORD"
MOST_FAULTS_TOLD: Final = 50
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count


def arguments(parser: ArgumentParser) -> None:
    """What `import` takes."""
    names = ", ".join(sorted(DATASETS))
    parser.add_argument("dataset", choices=sorted(DATASETS), metavar="DATASET", help=names)
    parser.add_argument("path", type=Path, metavar="PATH", help="the folder with the data set's files")
    acting_arguments(parser, required=False)
    parser.add_argument(
        "--approver",
        metavar="LOGIN",
        help="a second person, who approves the master records that --as prepares; "
        "not needed again once they are approved",
    )
    parser.add_argument(
        "--approver-password-file",
        type=Path,
        metavar="FILE",
        help=f"the password of --approver (also {APPROVER_PASSWORD_VARIABLE}; asked for otherwise)",
    )
    parser.add_argument("--check", action="store_true", help="read and check the files, and write nothing")
    parser.add_argument(
        "--demo", action="store_true", help="into the demo plant on this machine, as its people"
    )
    place_arguments(parser, demo=True)


def run(options: Namespace) -> str:
    """Import, and say in one line what the plant now holds. Raises CommandFailed."""
    print(f"Reading {options.path}", file=sys.stderr)
    source = read_source(options.dataset, options.path)
    if options.check:
        return f"{_amounts(source(PlantId('')))} can be imported; nothing was written."
    if options.demo or (not options.login and not options.plant and nothing_named(options)):
        return _run_in_demo(options, source)
    login = options.login or _asked_login()
    if options.approver and options.approver.strip().lower() == login.strip().lower():
        raise CommandFailed(
            "Who prepares a master record may not approve it: name another --approver.", code=USAGE
        )
    people = [(login, secret(f"Password of {login}", options.password_file, PASSWORD_VARIABLE))]
    if options.approver:
        whose = f"Password of {options.approver}"
        word = secret(whose, options.approver_password_file, APPROVER_PASSWORD_VARIABLE)
        people.append((options.approver, word))
    with open_place(options) as place:
        return _run_in(place, Importing(source=source, people=people, plant=options.plant))


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


def _asked_login() -> str:
    if not sys.stdin.isatty():
        raise CommandFailed("Say who imports: --as LOGIN.", code=USAGE)
    return input("Who imports? Login: ")


def _run_in_demo(options: Namespace, source: Source) -> str:
    """The demo's own plant, manager and QA head: their password is shown on its sign-in screen anyway."""
    from app.launch.demo.cast import LINDENAU, PASSWORD
    from app.launch.demo.plant import make_only

    def say(sentence: str) -> None:
        print(sentence, file=sys.stderr)

    home: Path = options.home or demo_home()
    say("Importing into the demo plant; main.py demo shows it.")
    if not (home / DEMO_MADE).exists():
        make_only(home, say)
    people = [("m.costa", PASSWORD), ("h.grau", PASSWORD)]
    own = {name: value for name, value in os.environ.items() if not name.startswith("BATCHWRIGHT_")}
    with open_place(Namespace(home=home, database_url=None), own) as place:
        return _run_in(place, Importing(source=source, people=people, plant=options.plant or LINDENAU))


def _run_in(place: Place, importing: "Importing") -> str:
    try:
        return asyncio.run(importing.into(place))
    except KeyboardInterrupt as interruption:
        raise CommandFailed(f"Interrupted: {importing.so_far()}", code=INTERRUPTED) from interruption
    except NotDelivered as reason:
        raise CommandFailed(str(reason)) from reason
    except DATABASE_TROUBLE as error:
        log.debug("import.database_failed", exc_info=error)
        raise CommandFailed(f"The database failed ({type(error).__name__}): {importing.so_far()}") from error


class Importing:
    """One import into one place, and how far it got. `people`: who imports, then who approves, if anybody does."""

    def __init__(self, *, source: Source, people: list[tuple[str, str]], plant: str | None) -> None:
        self._source = source
        self._people = people
        self._plant = plant
        self._plan: Plan | None = None
        self._delivery: Delivery | None = None
        self._progress = Progress(sys.stderr)

    async def into(self, place: Place) -> str:
        """Sign everybody in, deliver, and answer the last line. Raises CommandFailed, NotDelivered."""
        async with AsyncExitStack() as stack:
            parts = await stack.enter_async_context(opened(place))
            plant_id = await plant_named(parts, self._plant)
            signed_in = [
                await stack.enter_async_context(
                    acting(parts, Namespace(login=login), password, plant_id, needs)
                )
                for (login, password), needs in zip(
                    self._people, (Permission.BATCH_IMPORT, Permission.MASTER_APPROVE), strict=False
                )
            ]
            self._plan = self._source(plant_id)
            self._delivery = Delivery(
                desk=parts.desk,
                database=parts.database,
                plan=self._plan,
                author=signed_in[0],
                approver=signed_in[1] if len(signed_in) > 1 else None,
                progress=self._progress,
            )
            try:
                return _told(self._plan, await self._delivery.run())
            finally:
                self._progress.end()

    def so_far(self) -> str:
        """What is in, for a sentence about an import that ended early."""
        if self._plan is None or self._delivery is None:
            return "nothing was written."
        done, whole = self._delivery.batches_in, len(self._plan.batches)
        return f"{done:,} of {whole:,} batches are in. The same command goes on from there."


def _amounts(plan: Plan) -> str:
    return (
        f"{plan.dataset}: {len(plan.batches):,} batches, {plan.entries:,} entries, "
        f"{plan.series_rows:,} series rows"
    )


def _told(plan: Plan, done: Delivered) -> str:
    kinds = ", ".join(f"{rule.value.replace('_', ' ')} {many:,}" for rule, many in done.exceptions.items())
    line = f"{_amounts(plan)}, {sum(done.exceptions.values()):,} exceptions ({kinds})."
    return line if done.changed else f"Nothing changed, all of it was imported before. {line}"
