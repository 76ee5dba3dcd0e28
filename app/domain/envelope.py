"""A command with everything that says who gave it, where and when: the content of a sealed command."""

from datetime import datetime

from app.domain.batch import BatchCommand
from app.domain.deviation import DeviationCommand
from app.domain.entry import EntryCommand
from app.domain.exception import AssessException
from app.domain.identity import CommandId, PlantId, StationId, UserId
from app.domain.master_record import MasterCommand
from app.domain.metrics import RecordMetrics
from app.domain.plant import PeopleCommand, PlantCommand
from app.domain.record import record
from app.domain.review import ReviewCommand
from app.domain.stage import StageCommand
from app.domain.transcription import TranscriptionCommand

Command = (
    BatchCommand
    | StageCommand
    | EntryCommand
    | AssessException
    | DeviationCommand
    | ReviewCommand
    | MasterCommand
    | PlantCommand
    | PeopleCommand
    | TranscriptionCommand
    | RecordMetrics
)


@record
class Envelope:
    """What is sealed. `author_id` is None where the station itself speaks (a timer, a clearance; ruling B27).

    `performed_at` is the station's clock with its offset, `zone` the IANA name of its zone. `clock_offset_ms` is
    server minus station as last measured, None if never. `depends_on` names commands that must have been accepted;
    a refused one holds only those that name it (ruling A8).
    """

    id: CommandId
    plant_id: PlantId
    station_id: StationId | None
    author_id: UserId | None
    performed_at: datetime
    zone: str
    rulebook: int
    command: Command
    clock_offset_ms: int | None = None
    offline: bool = False
    depends_on: tuple[CommandId, ...] = ()
