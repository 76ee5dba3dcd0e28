"""What a rule may know: the records it was handed, and nothing else."""

from collections.abc import Iterable
from typing import Any, TypeVar, cast
from uuid import UUID

from app.domain.decision import Change
from app.domain.record import Record

R = TypeVar("R")


class Facts:
    """A set of records by kind and id. Changes of earlier commands are applied to it before the next is decided."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._kinds: dict[str, dict[UUID, Record]] = {}
        for each in records:
            self.put(each)

    def put(self, each: Record) -> None:
        """Know `each`, in place of what was known under its id."""
        self._kinds.setdefault(each.KIND, {})[each.id] = each

    def one(self, cls: type[R], key: UUID) -> R | None:
        """The record of this class and id, if known."""
        wanted: Any = cls
        known: Any = self._kinds.get(
            wanted.KIND
        )  # asked many times for each command: no default made, no cast
        return None if known is None else known.get(key)

    def every(self, cls: type[R], **where: object) -> tuple[R, ...]:
        """All known records of a class whose attributes equal `where`, in order of id (that is, of making)."""
        kind = cast("Any", cls).KIND
        found = self._kinds.get(kind, {}).values()
        chosen = [
            each for each in found if all(getattr(each, name) == value for name, value in where.items())
        ]
        return cast("tuple[R, ...]", tuple(sorted(chosen, key=lambda each: each.id.bytes)))

    def apply(self, changes: Iterable[Change]) -> None:
        """Take over what a decision changed."""
        for change in changes:
            self.put(change.after)
