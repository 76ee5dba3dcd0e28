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
ADDRESS: Final = Limit(50, timedelta(seconds=30), timedelta(minutes=15))  # a plant may share one address


class Throttle:
    """Counts wrong secrets in the database, so that every process and every restart knows them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def wait(self, tx: Transaction, account: str, address: str | None) -> timedelta | None:
        """How long this account must wait here before its next try, or None."""
        until: datetime | None = await tx.value(
            "SELECT max(blocked_until) FROM auth.throttles WHERE subject = ANY($1::text[])",
            list(_subjects(account, address)),
        )
        left = until - self._clock() if until else timedelta()
        return left if left > timedelta() else None

    async def failed(self, tx: Transaction, account: str, address: str | None) -> None:
        """Count one wrong secret. The caller's transaction commits it, though the answer is no."""
        now = self._clock()
        subjects = _subjects(account, address)
        for subject in sorted(subjects):  # in order: two failures at once must not wait for each other
            failures: int = await tx.value(
                """
                INSERT INTO auth.throttles AS t (subject, failures, updated_at) VALUES ($1, 1, $2)
                ON CONFLICT (subject) DO UPDATE SET updated_at = $2,
                    failures = CASE WHEN t.updated_at < $3 THEN 1 ELSE t.failures + 1 END
                RETURNING failures
                """,
                subject,
                now,
                now - FORGOTTEN_AFTER,
            )
            delay = subjects[subject].delay(failures)
            if delay is not None:
                await tx.execute(
                    "UPDATE auth.throttles SET blocked_until = $2 WHERE subject = $1", subject, now + delay
                )

    async def passed(self, tx: Transaction, account: str, address: str | None) -> None:
        """The right secret: this account's failures are forgotten, the address's are not."""
        theirs = [each for each, limit in _subjects(account, address).items() if limit is not ADDRESS]
        await tx.execute("DELETE FROM auth.throttles WHERE subject = ANY($1::text[])", theirs)


def _subjects(account: str, address: str | None) -> dict[str, Limit]:
    where = address or "unknown"
    return {
        f"account {account} at {where}": ACCOUNT_HERE,
        f"account {account}": ACCOUNT_ANYWHERE,
        f"address {where}": ADDRESS,
    }
