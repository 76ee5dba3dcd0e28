"""The tablet press's time series: read per batch, checked row against row and against what was computed from it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations, pairwise
from pathlib import Path
from typing import Final

from app.domain.exception import Rule
from app.domain.record import record
from app.domain.transcription import Finding
from app.launch.importing.lek_columns import (
    CHANNELS,
    COMPRESSION,
    FACTOR,
    PROCESS,
    SERIES_FOLDER,
    SERIES_FORMS,
)
from app.launch.importing.lek_findings import BatchRows, noticed, recalculates
from app.launch.importing.reading import Faults, Line, local_time, read_lines
from app.wire.series import Row

STEP: Final = timedelta(seconds=10)
SATURDAY: Final = 5
COUNTERS: Final = ("produced", "waste")
COPIED: Final = Decimal("0.9")
"""From this share of equal values on, where either moves, one column is taken for a copy of another."""
FEW: Final = 3
NAMES: Final = tuple(each.name for each in CHANNELS)


@record
class PressRows:
    """All rows of one batch in one file, in the order of the source."""

    batch: str
    lines: tuple[Line, ...]
    rows: tuple[Row, ...]

    @property
    def source(self) -> str:
        """Which lines of which file, and which campaign of the press."""
        first, last = self.lines[0], self.lines[-1]
        return f"{first.file}:{first.number}-{last.number}, campaign {first['campaign']}"

    @property
    def first_at(self) -> datetime:
        return min(each.at for each in self.rows)

    @property
    def last_at(self) -> datetime:
        return max(each.at for each in self.rows)

    def column(self, name: str) -> Iterator[tuple[Line, Decimal | None]]:
        index = NAMES.index(name)
        return ((line, row.values[index]) for line, row in zip(self.lines, self.rows, strict=True))


def read_series(directory: Path, faults: Faults) -> dict[str, PressRows]:
    """The series in the data set's folder of them, by batch number."""
    folder = directory / SERIES_FOLDER
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        faults.add(f"{SERIES_FOLDER}/", "there is no file of a time series (*.csv) here")
    found: dict[str, PressRows] = {}
    for path in paths:
        file = f"{SERIES_FOLDER}/{path.name}"
        for each in _by_batch(read_lines(path, file, SERIES_FORMS, faults), faults):
            if each.batch in found:
                where = f"batch {each.batch} stands in {found[each.batch].lines[0].file} too"
                faults.add(file, where, line=each.lines[0].number, column="batch")
            found[each.batch] = each
    return found


def _by_batch(lines: Sequence[Line], faults: Faults) -> Iterator[PressRows]:
    groups: dict[str, list[tuple[Line, Row]]] = {}
    for line in lines:
        at = local_time(line["timestamp"])
        if at is None:
            says = f"'{line['timestamp']}' is no time of the calendar"
            faults.add(line.file, says, line=line.number, column="timestamp")
            continue
        row = Row(at=at, values=tuple(line.value(name) for name in NAMES))
        groups.setdefault(line["batch"], []).append((line, row))
    for batch, pairs in groups.items():
        yield PressRows(
            batch=batch, lines=tuple(line for line, _ in pairs), rows=tuple(row for _, row in pairs)
        )


def series_findings(series: PressRows, rows: BatchRows, number: str) -> tuple[Finding, ...]:
    """What one batch's series gives cause to notice; `number` is the batch's number here."""
    return (
        *_other_code(series, rows),
        *_before_its_month(series, number, rows),
        *_empty_rows(series),
        *_irregular_steps(series),
        *_weekend(series),
        *_falling_counters(series),
        *_copied_columns(series),
        *_recalculated(series, rows),
    )


def overlaps(all_series: Sequence[PressRows]) -> Iterator[tuple[PressRows, PressRows]]:
    """Pairs of batches whose series overlap in time."""
    for one, other in combinations(sorted(all_series, key=lambda each: each.first_at), 2):
        if other.first_at <= one.last_at:
            yield one, other


def overlap_finding(series: PressRows, other: PressRows, other_number: str) -> Finding:
    """Told at both batches: each names the other."""
    detail = (f"runs {_span(series)}", f"{other_number} runs {_span(other)}")
    return noticed(Rule.CONTRADICTION, COMPRESSION, detail, series.lines[0].at("timestamp", "batch"))


def _span(series: PressRows) -> str:
    return f"{series.first_at:%Y-%m-%d %H:%M:%S} to {series.last_at:%Y-%m-%d %H:%M:%S}"


def _other_code(series: PressRows, rows: BatchRows) -> Iterator[Finding]:
    apart = [each for each in series.lines if each["code"] != rows.laboratory["code"]]
    if apart:
        detail = (
            f"Laboratory.csv {rows.laboratory.named('code')}",
            f"{apart[0].file} {apart[0].named('code')}",
        )
        yield noticed(Rule.CONTRADICTION, COMPRESSION, detail, apart[0].at("code"))


def _before_its_month(series: PressRows, number: str, rows: BatchRows) -> Iterator[Finding]:
    first = min(zip(series.rows, series.lines, strict=True), key=lambda pair: pair[0].at)
    if f"{first[0].at:%Y-%m}" < number:
        detail = (rows.laboratory.named("start"), f"press runs from {first[0].at:%Y-%m-%d}")
        yield noticed(Rule.CONTRADICTION, COMPRESSION, detail, first[1].at("timestamp"))


def _empty_rows(series: PressRows) -> Iterator[Finding]:
    empty = [
        line
        for line, row in zip(series.lines, series.rows, strict=True)
        if all(each is None for each in row.values)
    ]
    if empty:
        yield noticed(
            Rule.NOT_RECORDED,
            COMPRESSION,
            (f"{_rows(empty)} without any value, the first at {empty[0]['timestamp']}",),
            empty[0].at(NAMES[0]),
        )
    gaps = [line for line, row in zip(series.lines, series.rows, strict=True) if None in row.values]
    some = [line for line in gaps if any(line[name] for name in NAMES)]
    if some:
        missing = [name for name in NAMES if not some[0][name]]
        detail = (f"{_rows(some)} without some values, the first at {some[0]['timestamp']}", *missing)
        yield noticed(Rule.NOT_RECORDED, COMPRESSION, detail, some[0].at(*missing))


def _rows(lines: Sequence[Line]) -> str:
    return "1 row" if len(lines) == 1 else f"{len(lines)} rows"


def _irregular_steps(series: PressRows) -> Iterator[Finding]:
    pairs = pairwise(zip(series.rows, series.lines, strict=True))
    odd = [
        (later.at - earlier.at, line)
        for (earlier, _), (later, line) in pairs
        if later.at - earlier.at != STEP
    ]
    if odd:
        told = (f"{_seconds(step)} s before {line['timestamp']}" for step, line in odd[:FEW])
        more = (f"{len(odd) - FEW} more",) if len(odd) > FEW else ()
        first = odd[0][1]
        yield noticed(
            Rule.IMPLAUSIBLE,
            COMPRESSION,
            (f"{len(odd)} of {len(series.rows) - 1} steps are not 10 s", *told, *more),
            first.at("timestamp"),
        )


def _seconds(step: timedelta) -> str:
    return f"{step // timedelta(seconds=1)}"


def _weekend(series: PressRows) -> Iterator[Finding]:
    inside = [
        line for line, row in zip(series.lines, series.rows, strict=True) if row.at.weekday() >= SATURDAY
    ]
    if inside:
        first, last = inside[0], inside[-1]
        detail = f"{_rows(inside)} of a weekend inside the run, {first['timestamp']} to {last['timestamp']}"
        yield noticed(Rule.IMPLAUSIBLE, COMPRESSION, (detail,), first.at("timestamp"))


def _falling_counters(series: PressRows) -> Iterator[Finding]:
    for name in COUNTERS:
        known = ((line, value) for line, value in series.column(name) if value is not None)
        falls = [(line, before, after) for (_, before), (line, after) in pairwise(known) if after < before]
        if falls:
            line, before, after = falls[0]
            told = f"{name} falls from {before} to {after} at {line['timestamp']}"
            more = (f"and {len(falls) - 1} times more",) if len(falls) > 1 else ()
            yield noticed(Rule.IMPLAUSIBLE, COMPRESSION, (told, *more), line.at(name))


def _copied_columns(series: PressRows) -> Iterator[Finding]:
    fom = list(series.column("fom"))
    for name in NAMES:
        if name == "fom":
            continue
        moving = [
            (line, here == there)
            for (line, here), (_, there) in zip(fom, series.column(name), strict=True)
            if here is not None and there is not None and (here or there)
        ]
        same = [line for line, equal in moving if equal]
        if same and len(same) >= COPIED * len(moving):
            detail = (f"fom is the same as {name} in {len(same)} of {len(moving)} rows",)
            yield noticed(Rule.CONTRADICTION, COMPRESSION, detail, same[0].at("fom", name))


def _recalculated(series: PressRows, rows: BatchRows) -> Iterator[Finding]:
    """Features of Process.csv that follow from the series by rules that can be read off the data itself."""
    factor = rows.normalization.value(FACTOR)
    speeds = [value for _, value in series.column("tbl_speed") if value]
    wastes = [value for _, value in series.column("waste") if value is not None]
    weekend = [row.at.weekday() >= SATURDAY for row in series.rows]
    at_rest = sum(
        1
        for (_, speed), away in zip(series.column("tbl_speed"), weekend, strict=True)
        if speed == 0 and not away
    )
    made: dict[str, Decimal] = {}
    if speeds:
        made["tbl_speed_mean"] = sum(speeds, Decimal(0)) / len(speeds)
    if factor and wastes:
        made["total_waste"] = max(wastes) / factor
        made["tbl_speed_0_duration"] = at_rest / factor
    for column, value in made.items():
        written = rows.process.value(column)
        if written is not None and not recalculates(written, value):
            detail = (f"{PROCESS} {rows.process.named(column)}", f"recalculated from the series {value:.9f}")
            yield noticed(Rule.CONTRADICTION, COMPRESSION, detail, rows.process.at(column), column)
    told = rows.process["weekend"]
    if told and (told == "yes") != any(weekend):
        detail = (
            f"{PROCESS} {rows.process.named('weekend')}",
            f"the series has {'one' if any(weekend) else 'none'}",
        )
        yield noticed(Rule.CONTRADICTION, COMPRESSION, detail, rows.process.at("weekend"), "weekend")
