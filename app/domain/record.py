"""What every record and command of the plant is: a frozen, slotted dataclass with named fields only."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar, dataclass_transform
from uuid import UUID

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[T]) -> type[T]:
    """Make `cls` a value: frozen, slotted, keyword-only, and closed to unknown fields on the wire.

    `__pydantic_config__` is a plain attribute, so the domain itself needs nothing but the standard library.
    """
    made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
    setattr(made, "__pydantic_config__", {"extra": "forbid"})  # noqa: B010  not an attribute `type` knows
    return made


class Record(Protocol):
    """A thing with a life: it has an id, a kind, a plant and a revision that every change raises by one."""

    KIND: ClassVar[str]

    @property
    def id(self) -> UUID: ...

    @property
    def revision(self) -> int: ...
