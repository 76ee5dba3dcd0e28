"""One batch's file as the printout reads it: names, places and labels, each in one place."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.batch import Batch
from app.domain.deviation import Deviation
from app.domain.exception import ReviewException
from app.domain.facts import Facts
from app.domain.identity import StationId, UserId
from app.domain.master_record import MasterRecord
from app.domain.plant import Plant, Station
from app.domain.signature import Signature
from app.domain.step import Entry, Step
from app.server.production import print_words as words

T = TypeVar("T")


class CaseFile:
    """The records of one batch, in the order and by the names that paper calls them."""

    def __init__(self, facts: Facts, batch: Batch, people: Mapping[UserId, str]) -> None:
        self.facts = facts
        self.batch = batch
        self.people = people
        self.master = facts.one(MasterRecord, batch.master_id)
        self.plant = _first(facts.every(Plant, plant_id=batch.plant_id))
        self.specs = self.master.stages if self.master else ()
        self.steps = facts.every(Step, batch_id=batch.id)
        self.made: dict[UUID | None, tuple[Step, Entry]] = {
            entry.id: (step, entry) for step in self.steps for entry in step.entries
        }
        order = {
            (stage.key, step.key): (at, index)
            for at, stage in enumerate(self.specs, start=1)
            for index, step in enumerate(stage.steps, start=1)
        }
        self.exceptions = sorted(
            facts.every(ReviewException, batch_id=batch.id),
            key=lambda each: (each.raised_at, order.get((each.stage_key, each.step_key), (0, 0)), each.rule),
        )
        self.labels = {each.id: f"E{at}" for at, each in enumerate(self.exceptions, start=1)}
        self.deviations = facts.every(Deviation, batch_id=batch.id)

    def name(self, user_id: UserId | None) -> str:
        if user_id is None:
            return "the workstation"
        return self.people.get(user_id) or str(user_id)

    def local(self, moment: datetime) -> datetime:
        """A time of the server's clock, which runs in UTC, as a clock on the plant's wall would show it."""
        try:
            return moment.astimezone(ZoneInfo(self.plant.timezone)) if self.plant else moment
        except (ZoneInfoNotFoundError, ValueError):
            return moment  # a plant that named no zone of the world's

    def place(self, station_id: StationId | None) -> str:
        if station_id is None or station_id.int == 0:
            return "server"
        station = self.facts.one(Station, station_id)
        return station.name if station else str(station_id)[:8]

    def step_label(self, stage_key: str, step_key: str) -> str:
        """`3.3 Main compression force`; the stage's name alone where no step is named."""
        for at, stage in enumerate(self.specs, start=1):
            if stage.key == stage_key:
                for index, step in enumerate(stage.steps, start=1):
                    if step.key == step_key:
                        return f"{at}.{index} {step.title}"
                return f"{at} {stage.name}"
        return " / ".join(each for each in (stage_key, step_key) if each) or "whole batch"

    def signed(self, signature: Signature) -> tuple[str, ...]:
        """Meaning, printed name with role, time, place: the parts of 11.50(a), in this order."""
        return (
            signature.meaning.value,
            signature.printed_name,
            signature.role.value,
            words.when(signature.signed_at),
            self.place(signature.station_id),
        )


def _first(found: Iterable[T]) -> T | None:
    return next(iter(found), None)
