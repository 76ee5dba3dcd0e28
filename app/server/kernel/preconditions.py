"""Conditional and repeatable requests: `If-Match` for what changes a record, `Idempotency-Key` for what makes one."""

import re
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Header

from app.domain.decision import Reason, Refusal
from app.domain.identity import CommandId
from app.server.kernel.problems import Refused

_TAG: Final = re.compile(r'"(\d{1,9})"')


def tag_of(revision: int) -> str:
    """A record's entity tag: its revision."""
    return f'"{revision}"'


def _base_revision(
    if_match: Annotated[str | None, Header(description="The ETag of the record as it was shown.")] = None,
) -> int:
    """The revision that the caller saw. 428 without one (ruling A14)."""
    if if_match is None:
        raise Refused(Refusal(reason=Reason.PRECONDITION_MISSING, detail=("If-Match",)))
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise Refused(
            Refusal(reason=Reason.MALFORMED, detail=("header.If-Match: not one strong entity tag",))
        )
    return int(found[1])


def _command_id(
    idempotency_key: Annotated[
        UUID | None,
        Header(description="A UUID: the same request with the same key is carried out once."),
    ] = None,
) -> CommandId | None:
    return CommandId(idempotency_key) if idempotency_key else None


BaseRevision = Annotated[int, Depends(_base_revision)]
IdempotencyKey = Annotated[CommandId | None, Depends(_command_id)]
"""For a route's parameters."""
