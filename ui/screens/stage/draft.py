"""What is half typed in one step. Knows no Qt."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import cast

from app.domain.identity import BatchId


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDraft:
    """The fields of a card before *Save*. `started_at`: since when a timer runs, `done_at`: when the work was
    done; both in ISO 8601 with their offset.
    """

    typed: str = ""
    comment: str = ""
    reason: str = ""
    correcting: bool = False
    started_at: str = ""
    done_at: str = ""
    late_reason: str = ""

    @property
    def performed_at(self) -> datetime | None:
        """When the work was done, where that was said to be earlier than the entry."""
        return datetime.fromisoformat(self.done_at) if self.done_at else None

    @property
    def empty(self) -> bool:
        return self == StepDraft()

    @property
    def running_since(self) -> datetime | None:
        return datetime.fromisoformat(self.started_at) if self.started_at else None

    def to_text(self) -> str:
        """One line of JSON, empty when there is nothing to keep."""
        return "" if self.empty else json.dumps(asdict(self), ensure_ascii=False)


def from_text(kept: str | None) -> StepDraft:
    """The draft as it was kept. What cannot be read any more is no draft; it was never a record."""
    if not kept:
        return StepDraft()
    try:
        found = json.loads(kept)
        if not isinstance(found, dict):
            return StepDraft()
        fields = cast("Mapping[str, object]", found)
        draft = StepDraft(
            typed=str(fields.get("typed", "")),
            comment=str(fields.get("comment", "")),
            reason=str(fields.get("reason", "")),
            correcting=fields.get("correcting") is True,
            started_at=str(fields.get("started_at", "")),
            done_at=str(fields.get("done_at", "")),
            late_reason=str(fields.get("late_reason", "")),
        )
        _ = draft.running_since, draft.performed_at
    except ValueError:
        return StepDraft()
    return draft


def key_of(batch_id: BatchId, stage_key: str, step_key: str) -> str:
    """The name of a step's draft."""
    return f"step/{batch_id}/{stage_key}/{step_key}"
