"""Who imports and who approves: two people who prove who they are, and what each must be allowed to do."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from app.domain.decision import Reason, Refusal
from app.domain.identity import PlantId, UserId
from app.domain.permissions import Permission, may
from app.launch.command import CommandFailed
from app.server.auth.authentication import Authentication
from app.server.auth.people import account_by_login
from app.server.kernel.database import Database
from app.server.kernel.security import Remote
from app.wire.account import LoginRequest, TokenPair

PASSWORD_VARIABLE: Final = "BATCHWRIGHT_PASSWORD"
APPROVER_PASSWORD_VARIABLE: Final = "BATCHWRIGHT_APPROVER_PASSWORD"
IMPORTS: Final = (Permission.BATCH_IMPORT, Permission.BATCH_EXECUTE, Permission.MASTER_AUTHOR)
APPROVES: Final = (Permission.MASTER_APPROVE,)
HERE: Final = Remote(user_agent="main.py import")

Ask = Callable[[str], str]
"""Asks the person at the terminal for a secret, unseen."""


def password_of(
    login: str, file: Path | None, variable: str, ask: Ask, environ: Mapping[str, str] = os.environ
) -> str:
    """A password from a file, else from the environment, else asked for. Raises CommandFailed."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandFailed(f"The password file {file} cannot be read: {error}.") from error
    if (given := environ.get(variable)) is not None:
        return given
    try:
        return ask(f"Password of {login}: ")
    except EOFError as error:
        raise CommandFailed(
            f"There is nobody to ask for the password of {login}: give it by a file or by {variable}."
        ) from error


async def proved(
    authentication: Authentication,
    database: Database,
    login: str,
    password: str,
    plant_id: PlantId,
    needs: tuple[Permission, ...],
) -> UserId:
    """The person of `login`, signed in and out again, who may all of `needs` in the plant. Raises CommandFailed."""
    pair = await authentication.sign_in.login(
        LoginRequest(login=login, password=password, plant_id=plant_id), HERE
    )
    if isinstance(pair, Refusal):
        raise CommandFailed(_why(pair, login, plant_id))
    await _sign_out(authentication, pair)
    async with database.transaction() as tx:
        account = await account_by_login(tx, login)
    if account is None:
        raise CommandFailed(f"{login} has no account any more.")
    lacking = [each.value for each in needs if not may(account.role, each)]
    if lacking:
        raise CommandFailed(
            f"{account.name} ({account.role.value}) lacks {' and '.join(lacking)} for this import."
        )
    return account.user_id


async def _sign_out(authentication: Authentication, pair: TokenPair) -> None:
    claims = authentication.tokens.read(pair.access_token)
    if not isinstance(claims, Refusal):
        await authentication.sign_in.logout(claims, HERE)


def _why(refusal: Refusal, login: str, plant_id: PlantId) -> str:
    match refusal.reason:
        case Reason.TOO_MANY_TRIES:
            return f"Too many wrong passwords for {login}: wait {refusal.detail[0]} s."
        case Reason.OTHER_PLANT:
            return f"{login} does not belong to plant {plant_id}."
        case Reason.PERSON_INACTIVE:
            return f"The account of {login} has ended."
        case _:
            return f"Login or password of {login} is wrong."
