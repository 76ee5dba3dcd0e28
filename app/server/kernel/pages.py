"""Pages of records: newest first, cut by a cursor, each record as the JSON that is stored."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.domain.decision import Reason, Refusal
from app.server.kernel.problems import Refused

MOST_ITEMS: Final = 200
"""Items of one page at most."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last item of a page: its moment, and its id where two have the same."""

    at: datetime
    id: UUID

    def text(self) -> str:
        return urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode()

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """What `text` wrote. Raises `Refused` for what is no cursor."""
        try:
            at, _, key = urlsafe_b64decode(text).decode().partition(" ")
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None:
                raise ValueError("a moment without a zone")
            return cls(moment, UUID(key))
        except ValueError:
            raise Refused(Refusal(reason=Reason.MALFORMED, detail=("query.cursor: not a cursor",))) from None


def page_json(records: Sequence[str], next_cursor: str | None = None) -> bytes:
    """`{"items": [...], "next_cursor": ...}` from stored texts, which are not parsed and written again."""
    cursor = f'"{next_cursor}"' if next_cursor else "null"
    return f'{{"items":[{",".join(records)}],"next_cursor":{cursor}}}'.encode()


def cut(rows: Sequence[Mapping[str, Any]], limit: int) -> bytes:
    """A page's JSON from up to one row more than fits, each with `record`, `at` and `id`."""
    shown = rows[:limit]
    more = Cursor(shown[-1]["at"], shown[-1]["id"]).text() if len(rows) > limit else None
    return page_json([each["record"] for each in shown], more)


def containing(text: str) -> str:
    """The ILIKE pattern for texts that contain `text` as typed; empty for nothing but blanks."""
    if not text.strip():
        return ""
    plain = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"
