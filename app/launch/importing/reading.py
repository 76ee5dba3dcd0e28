"""Delimited text, read strictly: whatever does not fit is a fault that names file, line and column.

Nothing is guessed or repaired. A reader collects faults instead of stopping at the first, so that whoever has to mend
a file sees all of it at once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from app.domain.record import record

SEPARATOR: Final = ";"
MISSING: Final = frozenset({"", "#N/A"})
"""Spellings of a value that is not there, once the blanks around it are gone."""
NUMBER: Final = re.compile(r"(?!-0(?:\.0+)?\Z)-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:E[+-][0-9]{1,2})?")
"""With an exponent where a spreadsheet wrote one (`7.08E-05`); a database keeps no negative zero, so that is none."""
WHOLE: Final = re.compile(r"[1-9][0-9]*")
TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
LONGEST_QUOTE: Final = 40


@record
class Form:
    """What a column's cells look like. `says` completes "'x' is ..." for a cell that does not."""

    pattern: re.Pattern[str]
    says: str
    may_be_missing: bool = False


MEASURED: Final = Form(
    pattern=NUMBER, says="not a number with '.' as decimal mark and no other marks", may_be_missing=True
)
COUNTED: Final = Form(pattern=WHOLE, says="not a whole number from 1 on")
TIMED: Final = Form(pattern=TIME, says="not a time like 2019-03-20 14:56:17")


@record
class Fault:
    """Why a file is refused, and where. `line` counts from 1, the header being line 1; None: the whole file."""

    file: str
    says: str
    line: int | None = None
    column: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.says}"


@dataclass(slots=True)
class Faults:
    """All that was found wrong so far."""

    found: list[Fault] = field(default_factory=list[Fault])

    def add(self, file: str, says: str, *, line: int | None = None, column: str = "") -> None:
        self.found.append(Fault(file=file, says=says, line=line, column=column))


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its cells by column, without the blanks around them, missing ones empty."""

    file: str
    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def value(self, column: str) -> Decimal | None:
        """The number in a column whose form is a number, None where it is missing."""
        text = self.cells[column]
        return Decimal(text) if text else None

    def at(self, *columns: str) -> str:
        """Where columns of this row stand in the source: `Laboratory.csv:17:tbl_yield`."""
        return f"{self.file}:{self.number}:{'+'.join(columns)}"

    def named(self, column: str) -> str:
        """A column with its value, as exceptions quote it."""
        return f"{column} {self.cells[column] or 'missing'}"


def read_lines(path: Path, file: str, forms: Mapping[str, Form], faults: Faults) -> list[Line]:
    """The rows of the file at `path`, named `file` in what is said of it. Rows with faults are left out."""
    text = _text(path, file, faults)
    if text is None:
        return []
    if not text.endswith("\n"):
        last = text.count("\n") + 1
        faults.add(file, "the last line has no end: the file looks cut off", line=last)
    lines = text.split("\n")
    header = lines[0].removesuffix("\r").split(SEPARATOR)
    if not _header_fits(header, file, forms, faults):
        return []
    return list(_rows(lines[1:], header, file, forms, faults))


def _text(path: Path, file: str, faults: Faults) -> str | None:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        faults.add(file, "the file is missing")
        return None
    except OSError as error:
        faults.add(file, f"the file cannot be read: {error.strerror}")
        return None
    if not raw.strip():
        faults.add(file, "the file is empty")
        return None
    try:
        text = raw.decode("utf-8-sig")
        broken = text.find("\0")
        at = len(text[:broken].encode()) if broken >= 0 else None
    except UnicodeDecodeError as error:
        at = error.start
    else:
        if at is None:
            return text
    line, column = _place(raw, at)
    faults.add(file, f"byte {at + 1} is not text in UTF-8: wrong encoding", line=line, column=column)
    return None


def _place(raw: bytes, at: int) -> tuple[int, str]:
    """Line and column name of a byte, as far as the header can be read."""
    begin = raw.rfind(b"\n", 0, at) + 1
    header = raw.split(b"\n", 1)[0].decode("utf-8", "replace").removesuffix("\r").split(SEPARATOR)
    index = raw.count(SEPARATOR.encode(), begin, at)
    return raw.count(b"\n", 0, at) + 1, header[index] if begin and index < len(header) else ""


def _header_fits(header: Sequence[str], file: str, forms: Mapping[str, Form], faults: Faults) -> bool:
    if len(header) == 1 and len(forms) > 1:
        faults.add(file, f"there is no '{SEPARATOR}' in the header: wrong delimiter", line=1)
        return False
    before = len(faults.found)
    for name in forms:
        if name not in header:
            faults.add(file, "the column is missing", line=1, column=name)
    for index, name in enumerate(header):
        if name not in forms:
            faults.add(
                file, "there is no such column in this data set", line=1, column=name or f"#{index + 1}"
            )
        elif name in header[:index]:
            faults.add(file, "the column stands here twice", line=1, column=name)
    return len(faults.found) == before


def _rows(
    lines: Sequence[str], header: Sequence[str], file: str, forms: Mapping[str, Form], faults: Faults
) -> Iterator[Line]:
    checks = [(name, forms[name]) for name in header]
    for number, written in enumerate(lines, start=2):
        if not written and number == len(lines) + 1:
            return  # what split leaves behind the last line end
        cells = written.removesuffix("\r").split(SEPARATOR)
        if len(cells) != len(header):
            at = header[len(cells)] if len(cells) < len(header) else ""
            faults.add(file, f"{len(cells)} columns instead of {len(header)}", line=number, column=at)
            continue
        read: dict[str, str] = {}
        for (name, form), cell in zip(checks, cells, strict=True):
            text = cell.strip(" ")
            if text in MISSING:
                if not form.may_be_missing:
                    faults.add(file, "the value is missing", line=number, column=name)
                    continue
                text = ""
            elif not form.pattern.fullmatch(text):
                faults.add(file, f"'{_short(text)}' is {form.says}", line=number, column=name)
                continue
            read[name] = text
        if len(read) == len(header):
            yield Line(file, number, read)


def _short(text: str) -> str:
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return shown if len(shown) <= LONGEST_QUOTE else shown[:LONGEST_QUOTE] + "…"


def local_time(text: str) -> datetime | None:
    """A time without a zone, marked as UTC because a record needs one (`zone_known` says that it isn't); None: no time.

    The caller keeps `zone_known=False` with it (ruling A13).
    """
    try:
        return datetime.fromisoformat(f"{text}+00:00")
    except ValueError:
        return None
