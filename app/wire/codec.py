"""Records and commands as JSON bytes and back. No shape is declared twice: the domain's dataclasses are the schema."""

from dataclasses import fields
from functools import cache
from typing import Annotated, Any, Final, TypeVar, cast

from pydantic import Discriminator, TypeAdapter, ValidationError

from app.domain.batch import Batch
from app.domain.deviation import Deviation
from app.domain.envelope import Command, Envelope
from app.domain.exception import ReviewException
from app.domain.master_record import MasterRecord, Product
from app.domain.metrics import MetricSeries
from app.domain.plant import Person, Plant, SigningKey, Station
from app.domain.record import Record, record
from app.domain.review import Clearance
from app.domain.stage import Stage
from app.domain.step import Step
from app.domain.transcription import Dataset

AnyRecord = (
    Batch
    | Stage
    | Step
    | ReviewException
    | Deviation
    | Clearance
    | MetricSeries
    | Dataset
    | MasterRecord
    | Product
    | Plant
    | Station
    | Person
    | SigningKey
)
RECORD_CLASSES: Final[tuple[type[Any], ...]] = (
    Batch,
    Stage,
    Step,
    ReviewException,
    Deviation,
    Clearance,
    MetricSeries,
    Dataset,
    MasterRecord,
    Product,
    Plant,
    Station,
    Person,
    SigningKey,
)
"""Every kind of record there is, in the order a fresh copy is best read."""

R = TypeVar("R")
_adapters: dict[type[Any], TypeAdapter[Any]] = {}
_by_kind: Final = {cls.KIND: cls for cls in RECORD_CLASSES}


def adapter(cls: type[R]) -> TypeAdapter[R]:
    """The codec of one class, built on first use: building all at import costs a start its budget."""
    made = _adapters.get(cls)
    if made is None:
        made = _adapters[cls] = TypeAdapter(cls)
    return cast("TypeAdapter[R]", made)


def class_of(kind: str) -> type[Any]:
    """The record class of a kind. KeyError for a kind this release does not know."""
    return _by_kind[kind]


def dump(each: object) -> bytes:
    """`each` as compact JSON. Decimals keep their digits, times their offset."""
    return adapter(type(each)).dump_json(each)


def load(cls: type[R], data: bytes | str) -> R:
    """A value of `cls` from JSON. Raises `Malformed` naming the first field that does not fit."""
    try:
        return adapter(cls).validate_json(data)
    except ValidationError as error:
        raise Malformed.of(error) from None


def load_record(kind: str, data: bytes | str) -> Record:
    """A record of a kind from JSON."""
    return cast("Record", load(class_of(kind), data))


@record
class _Told(Envelope):
    """An envelope whose command is told by its `kind`: pydantic else tries forty classes, one after the other."""

    command: Annotated[Command, Discriminator("kind")]


_ENVELOPE_FIELDS: Final = tuple(each.name for each in fields(Envelope))


def load_envelope(data: bytes | str) -> Envelope:
    """The content of a sealed command. Raises `Malformed`."""
    told = load(_Told, data)
    return Envelope(**{name: getattr(told, name) for name in _ENVELOPE_FIELDS})


def dump_envelope(envelope: Envelope) -> bytes:
    """The bytes that will be sealed."""
    return dump(_Told(**{name: getattr(envelope, name) for name in _ENVELOPE_FIELDS}))


def load_command(data: bytes | str) -> Command:
    """One command by its `kind`. Raises `Malformed`."""
    try:
        return _commands().validate_json(data)
    except ValidationError as error:
        raise Malformed.of(error) from None


@cache
def _commands() -> TypeAdapter[Command]:
    return TypeAdapter(Annotated[Command, Discriminator("kind")])


class Malformed(ValueError):
    """Bytes that are no value of the asked class; the message names the place."""

    @classmethod
    def of(cls, error: ValidationError) -> "Malformed":
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        return cls(f"{place}: {first['msg']}")
