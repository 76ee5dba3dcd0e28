"""Who acts at the terminal: a person with their own password, asked for or given by a file or the environment.

There is no back door (ruling B26): a command that changes the plant signs its person in like any screen does, and goes
through the same desk and journal.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from getpass import getpass
from pathlib import Path
from typing import Final, TypeVar

from app.domain.decision import Reason, Refusal
from app.domain.identity import SYSTEM, PlantId, UserId
from app.domain.permissions import Permission, may
from app.launch.command import CommandFailed
from app.server.kernel.security import Remote
from app.server.main import Parts
from app.wire.account import LoginRequest

PASSWORD_VARIABLE: Final = "BATCHWRIGHT_PASSWORD"
HERE: Final = Remote(user_agent="main.py")
USAGE: Final = 2
T = TypeVar("T")


def acting_arguments(parser: ArgumentParser, *, required: bool = True) -> None:
    """The options that say who acts, and for which plant."""
    parser.add_argument("--as", dest="login", metavar="LOGIN", required=required, help="who acts")
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help=f"the password of --as (also {PASSWORD_VARIABLE}; asked for otherwise)",
    )
    parser.add_argument("--plant", metavar="ID", help="the plant it is about (default: the only one)")


def secret(
    whose: str,
    file: Path | None,
    variable: str,
    ask: Callable[[str], str] = getpass,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """A secret from a file, else from the environment, else asked for. Raises CommandFailed."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandFailed(f"The file {file} cannot be read.", code=USAGE) from error
    if (given := environ.get(variable)) is not None:
        return given
    try:
        return ask(f"{whose}: ")
    except EOFError as error:
        raise CommandFailed(
            f"There is nobody to ask for {whose}: give it by a file or by {variable}.", code=USAGE
        ) from error


@asynccontextmanager
async def acting(
    parts: Parts, options: Namespace, password: str, plant_id: PlantId, needs: Permission
) -> AsyncGenerator[UserId]:
    """The person of `--as`, signed in for `plant_id` while the block lasts. Raises CommandFailed."""
    sign_in = parts.authentication.sign_in
    request = LoginRequest(login=options.login, password=password, plant_id=plant_id)
    pair = done(await sign_in.login(request, HERE))
    claims = done(parts.authentication.tokens.read(pair.access_token))
    try:
        account = await parts.authentication.accounts.account(
            UserId(claims.user_id or UserId(claims.token_id))
        )
        if account is None or not may(account.role, needs):
            role = account.role.value if account else "nobody"
            raise CommandFailed(f"{options.login} is {role} and lacks {needs.value}.")
        yield account.user_id
    finally:
        await sign_in.logout(claims, HERE)


async def plant_named(parts: Parts, named: str | None) -> PlantId:
    """The plant of that id, or the only one there is. Raises CommandFailed."""
    async with parts.database.transaction() as tx:
        rows = await tx.tuples("SELECT plant_id FROM auth.plants ORDER BY plant_id")
    known = [PlantId(row[0]) for row in rows]
    if named is None and len(known) == 1:
        return known[0]
    if named is not None and named in {*known, SYSTEM}:
        return PlantId(named)
    if not known:
        raise CommandFailed("There is no plant yet: begin with main.py admin found.")
    wrong = f"There is no plant {named}" if named else "There are several plants"
    raise CommandFailed(f"{wrong}: give --plant {' or '.join(known)}.", code=USAGE)


def done(answer: T | Refusal) -> T:
    """`answer`, unless it is a refusal. Raises CommandFailed with its sentence."""
    if isinstance(answer, Refusal):
        raise CommandFailed(sentence(answer))
    return answer


def granted(refusal: Refusal | None) -> None:
    """Raises CommandFailed where there is a refusal."""
    if refusal is not None:
        raise CommandFailed(sentence(refusal))


def sentence(refusal: Refusal) -> str:
    """A refusal for the terminal."""
    about = ", ".join(refusal.detail)
    match refusal.reason:
        case Reason.WRONG_SECRET:
            return "Login, password or code is wrong."
        case Reason.TOO_MANY_TRIES:
            return f"Too many wrong tries: wait {about} s."
        case Reason.PERSON_INACTIVE:
            return "This account has ended."
        case Reason.OTHER_PLANT:
            return f"The account does not reach the plant {about}."
        case Reason.NOT_PERMITTED:
            return f"Not permitted: {about}."
        case Reason.NOT_INDEPENDENT:
            return "Nobody changes their own account: another administrator must."
        case Reason.REASON_MISSING:
            return "Say why: give --reason."
        case Reason.FIELD_MISSING:
            return f"Missing: {about}."
        case Reason.WRONG_VALUE:
            return f"Not acceptable: {about}."
        case Reason.ALREADY_EXISTS:
            return f"There is one already: {about}."
        case Reason.NOT_FOUND | Reason.UNKNOWN_HERE:
            return f"There is none: {about}."
        case reason:
            return f"Refused ({reason.value.replace('_', ' ')}){f': {about}' if about else ''}."
