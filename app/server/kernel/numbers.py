"""Numbers that the server gives out: one run per plant, series and year, without gaps.

A number is taken only when the decision that bears it is a yes; the series' row is locked until the commit.
"""

from types import MappingProxyType
from typing import Final

from app.domain.identity import PlantId
from app.domain.rulebook import Series
from app.server.kernel.database import Transaction

_FORMS: Final = MappingProxyType(
    {Series.BATCH: "B-{year}-{number:05d}", Series.DEVIATION: "DEV-{year}-{number:04d}"}
)


class Numbers:
    """The series of one plant and year, within one transaction."""

    def __init__(self, plant_id: PlantId, year: int) -> None:
        self._plant_id = plant_id
        self._year = year
        self._next: dict[Series, int] = {}
        self._drawn: set[Series] = set()

    async def open(self, tx: Transaction, series: set[Series]) -> None:
        """Lock the series that will be drawn from."""
        for each in sorted(series):
            self._next[each] = await tx.value(
                "INSERT INTO kernel.number_series AS known (plant_id, series, year, next) VALUES ($1, $2, $3, 1) "
                "ON CONFLICT (plant_id, series, year) DO UPDATE SET next = known.next RETURNING next",
                self._plant_id,
                each.value,
                self._year,
            )

    async def offer(self, tx: Transaction, series: Series) -> str:
        """The number that comes next. It is free again unless `take` follows."""
        while True:
            number = _FORMS[series].format(year=self._year, number=self._next[series])
            if series is not Series.BATCH or not await self._taken(tx, number):
                return number
            self._next[series] += 1  # a person gave this one to a batch by hand

    async def _taken(self, tx: Transaction, number: str) -> bool:
        return bool(
            await tx.value(
                "SELECT EXISTS (SELECT FROM kernel.batch_numbers WHERE plant_id = $1 AND number = $2)",
                self._plant_id,
                number,
            )
        )

    def take(self, series: Series) -> None:
        """The number that was offered last is used."""
        self._next[series] += 1
        self._drawn.add(series)

    async def close(self, tx: Transaction) -> None:
        """Write down how far the series have come."""
        for each in sorted(self._drawn):
            await tx.execute(
                "UPDATE kernel.number_series SET next = $4 WHERE plant_id = $1 AND series = $2 AND year = $3",
                self._plant_id,
                each.value,
                self._year,
                self._next[each],
            )
