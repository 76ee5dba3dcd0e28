"""Refusals as problem details (RFC 9457), and the HTTP status of each. Both ends read this one table."""

from types import MappingProxyType
from typing import Final

from app.domain.decision import Blocker, Reason
from app.domain.record import record

PROBLEM_TYPE: Final = "application/problem+json"

STATUS: Final = MappingProxyType(
    {
        Reason.NOT_PERMITTED: 403,
        Reason.OTHER_PLANT: 403,
        Reason.PERSON_INACTIVE: 403,
        Reason.STATION_REVOKED: 403,
        Reason.SIGNED_OUT: 401,
        Reason.WRONG_SECRET: 401,
        Reason.BAD_SEAL: 401,
        Reason.UNKNOWN_KEY: 401,
        Reason.TOO_MANY_TRIES: 429,
        Reason.NOT_FOUND: 404,
        Reason.UNKNOWN_HERE: 404,
        Reason.MALFORMED: 422,
        Reason.WRONG_VALUE: 422,
        Reason.FIELD_MISSING: 422,
        Reason.REASON_MISSING: 422,
        Reason.PRECONDITION_MISSING: 428,
    }
)
"""Every reason that is not listed is a conflict with the record's state: 409."""


@record
class Problem:
    """`type` is `urn:batchwright:refusal:REASON`; `title` is for logs, people read the sentence of `reason`."""

    type: str
    title: str
    status: int
    reason: Reason
    detail: str = ""
    about: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    instance: str = ""


def status_of(reason: Reason) -> int:
    """The HTTP status a refusal answers with."""
    return STATUS.get(reason, 409)


def problem_of(
    reason: Reason, about: tuple[str, ...] = (), blockers: tuple[Blocker, ...] = (), instance: str = ""
) -> Problem:
    """The body for a refusal."""
    return Problem(
        type=f"urn:batchwright:refusal:{reason.value}",
        title=reason.value.replace("_", " "),
        status=status_of(reason),
        reason=reason,
        detail="; ".join(about),
        about=about,
        blockers=blockers,
        instance=instance,
    )
