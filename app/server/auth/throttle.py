"""Guessing gets slower and slower, and nobody is locked out for good (ruling B24; ASVS 6.1.1, 6.3.1).

Failures are counted for one account from one address, for the account from anywhere, and for the address whatever
the account: so a stranger elsewhere slows a person's own sign-in by a minute at most. An account that does not exist
is counted alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.server.kernel.database import Transaction

FORGOTTEN_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Limit:
    """After `free` failures in a row each further one costs twice the delay of the one before, up to `longest`."""

    free: int
    first: timedelta
    longest: timedelta

    def delay(self, failures: int) -> timedelta | None:
        """How long to wait after that many failures in a row, or None."""
        beyond = failures - self.free
        if beyond < 0:
            return None
        return min(self.first * 2 ** min(beyond, 20), self.longest)


ACCOUNT_HERE: Final = Limit(5, timedelta(seconds=30), timedelta(minutes=15))
ACCOUNT_ANYWHERE: Final = Limit(20, timedelta(seconds=5), timedelta(minutes=1))
ADDRESS: Final = Limit(100, timedelta(seconds=30), timedelta(minutes=15))  # a plant may share one address


class Throttle:
    """Counts tries in the database, so that every process and every restart knows them.

    A try is counted before its secret is looked at, and taken back when it was right: a hundred tries sent at the same
    moment are a hundred tries.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def begin(self, tx: Transaction, account: str, address: str | None) -> timedelta | None:
        """Count one try. How long the account must wait here before the next one is looked at, or None: go on.

        A try that must wait is not counted: hammering on a closed door does not keep it closed for others.
        """
        now = self._clock()
        waits: list[timedelta] = []
        for subject, limit in sorted(_subjects(account, address).items(), key=lambda each: each[0]):
            ((failures, until),) = await tx.tuples(_COUNT, subject, now, now - FORGOTTEN_AFTER)
            if until is not None and until > now:
                waits.append(until - now)
                continue
            delay = limit.delay(failures)
            if delay is not None:
                await tx.execute(
                    "UPDATE auth.throttles SET blocked_until = $2 WHERE subject = $1", subject, now + delay
                )
        return max(waits, default=None)

    async def passed(self, tx: Transaction, account: str, address: str | None) -> None:
        """The secret was right: the account begins anew, and the address takes its one try back."""
        for subject, limit in sorted(_subjects(account, address).items(), key=lambda each: each[0]):
            if limit is ADDRESS:
                await tx.execute(
                    """
                    UPDATE auth.throttles SET failures = greatest(failures - 1, 0),
                        blocked_until = CASE WHEN failures <= $2 THEN NULL ELSE blocked_until END
                    WHERE subject = $1
                    """,
                    subject,
                    ADDRESS.free,
                )
            else:
                await tx.execute("DELETE FROM auth.throttles WHERE subject = $1", subject)


_COUNT: Final = """
    INSERT INTO auth.throttles AS t (subject, failures, updated_at) VALUES ($1, 1, $2)
    ON CONFLICT (subject) DO UPDATE SET
        updated_at = CASE WHEN t.blocked_until > $2 THEN t.updated_at ELSE $2 END,
        failures = CASE WHEN t.blocked_until > $2 THEN t.failures WHEN t.updated_at < $3 THEN 1 ELSE t.failures + 1 END
    RETURNING failures, blocked_until
"""


def _subjects(account: str, address: str | None) -> dict[str, Limit]:
    where = address or "unknown"
    return {
        f"account {account} at {where}": ACCOUNT_HERE,
        f"account {account}": ACCOUNT_ANYWHERE,
        f"address {where}": ADDRESS,
    }
