"""A record's exact bytes, and the few things of it that lists and tallies ask for, taken out without decoding it whole.

A pull of 100,000 rows has 20 µs for each: bodies are stored as they came, and only plain JSON is read here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json

from app.domain.batch import Origin
from app.domain.deviation import SETTLED as DEVIATION_SETTLED
from app.domain.exception import UNSETTLED, Severity
from app.domain.step import SETTLED as STEP_SETTLED
from app.domain.step import StepStatus

_STEP_SETTLED: Final = frozenset(each.value for each in STEP_SETTLED)
_CONTESTED: Final = StepStatus.CONTESTED.value
_EXCEPTION_UNSETTLED: Final = frozenset(each.value for each in UNSETTLED)
_INFORMATION: Final = Severity.INFORMATION.value
_DEVIATION_SETTLED: Final = frozenset(each.value for each in DEVIATION_SETTLED)
_TRANSCRIBED: Final = Origin.TRANSCRIBED.value
_WORD: Final = re.compile(r"[^\W_]+")

IN_BATCH: Final = frozenset({"batch", "stage", "step", "exception", "deviation", "clearance", "series"})
"""Kinds that a batch's file is made of."""
KINDS: Final = IN_BATCH | {"dataset", "master", "product", "plant", "station", "person", "key"}
"""Kinds this release keeps. A journal row of any other kind is checked and counted, and leaves no record here."""

SETTLED: Final = "settled"
OPEN: Final = "open"
CONTESTED: Final = "contested"
WAITING: Final = "waiting"
SHUT: Final = "shut"


@dataclass(frozen=True, slots=True)
class BatchKeys:
    """What the batch list sorts, filters and searches by. Times in UTC, so that text order is time order."""

    number: str
    product: str
    status: str
    line: str
    started: str
    created: str
    created_by: bytes
    origin: str
    words: str


@dataclass(frozen=True, slots=True)
class DeviationKeys:
    status: str
    deviation_class: str
    noticed: str
    words: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row of `records`. `people`: who worked on the batch by this record; `comments`: what they wrote beside it."""

    kind: str
    id: bytes
    batch_id: bytes | None
    tally: str
    seq: int
    body: bytes
    keys: BatchKeys | DeviationKeys | None = None
    people: tuple[bytes, ...] = ()
    comments: str = ""


def row_of(kind: str, seq: int, body: bytes) -> RecordRow:
    """The row for a record's JSON. ValueError or KeyError where it is none of that kind."""
    plain: dict[str, Any] = from_json(body)
    key = _id(plain["id"])
    match kind:
        case "step":
            return _step(plain, key, seq, body)
        case "batch":
            keys = _batch_keys(plain)
            return RecordRow(kind, key, key, plain["status"], seq, body, keys, (keys.created_by,))
        case "exception":
            opened = plain["status"] in _EXCEPTION_UNSETTLED and plain["severity"] != _INFORMATION
            return RecordRow(kind, key, _id(plain["batch_id"]), OPEN if opened else SHUT, seq, body)
        case "stage":
            people = (_id(plain["officer_id"]),)
            return RecordRow(kind, key, _id(plain["batch_id"]), plain["status"], seq, body, None, people)
        case "deviation":
            batch_id = _id(plain["batch_id"]) if plain["batch_id"] else None
            tally = SHUT if plain["status"] in _DEVIATION_SETTLED else OPEN
            return RecordRow(kind, key, batch_id, tally, seq, body, _deviation_keys(plain))
        case _:
            batch_id = _id(plain["batch_id"]) if kind in IN_BATCH else None
            return RecordRow(kind, key, batch_id, "", seq, body)


def _step(plain: dict[str, Any], key: bytes, seq: int, body: bytes) -> RecordRow:
    status = plain["status"]
    tally = SETTLED if status in _STEP_SETTLED else CONTESTED if status == _CONTESTED else WAITING
    entries = plain["entries"]
    people = tuple({_id(each["author_id"]) for each in entries})
    comments = " ".join(each["comment"] for each in entries if each.get("comment"))
    return RecordRow("step", key, _id(plain["batch_id"]), tally, seq, body, None, people, comments)


def _batch_keys(plain: dict[str, Any]) -> BatchKeys:
    lots = {each["lot"] for each in plain["materials"]}
    words = words_in(plain["number"], plain["product_name"], plain["line"], *sorted(lots))
    started = plain["started_at"]
    return BatchKeys(
        plain["number"],
        plain["product_name"],
        plain["status"],
        plain["line"],
        utc_text(started) if started else plain["started_on"],
        utc_text(plain["created_at"]),
        _id(plain["created_by"]),
        plain["origin"],
        words,
    )


def _deviation_keys(plain: dict[str, Any]) -> DeviationKeys:
    told = (
        plain["number"],
        plain["title"],
        plain["description"],
        plain["batch_number"],
        plain["equipment"],
        plain["lot"],
        plain["reporter_name"],
    )
    noticed = utc_text(plain["noticed_at"])
    return DeviationKeys(plain["status"], plain["classification"] or "", noticed, words_in(*told))


def words_in(*texts: str) -> str:
    """The words people may search for, as the index keeps them: letters and digits, in small letters.

    A text that is more than one word is also there with its parts joined, so that `b20260014` finds `B-2026-0014`.
    """
    found: list[str] = []
    for text in texts:
        parts = _WORD.findall(text.casefold())
        found.extend(parts)
        if 1 < len(parts) <= 4:
            found.append("".join(parts))
    return " ".join(dict.fromkeys(found))


def match_of(text: str) -> str:
    """The FTS5 expression for a search as typed: every word, the beginning of one suffices. Empty: no word at all."""
    return " ".join(f'"{word}"*' for word in _WORD.findall(text.casefold()))


def utc_text(moment: str) -> str:
    """An aware ISO 8601 time as UTC text whose order is that of time."""
    if moment.endswith("Z") and len(moment) >= 20:
        return moment[:-1] if "." in moment else f"{moment[:-1]}.0"
    return datetime.fromisoformat(moment).astimezone(UTC).isoformat(timespec="microseconds")[:-6]


def is_transcribed(keys: BatchKeys) -> bool:
    return keys.origin == _TRANSCRIBED


def last_of_each(rows: Iterable[RecordRow]) -> list[RecordRow]:
    """The last row of each record, in order: within one page only what a record became is worth writing."""
    last: dict[bytes, RecordRow] = {}
    for row in rows:
        last.pop(row.id, None)
        last[row.id] = row
    return list(last.values())


def _id(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def id_of(raw: bytes) -> UUID:
    return UUID(bytes=bytes(raw))
