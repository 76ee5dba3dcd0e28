"""What one batch's rows of the Lek data say against themselves or leave out: findings for review by exception.

Each finding quotes its source cells. Where many cells of a row lack the same thing, one finding counts them all.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Final

from app.domain.exception import Rule
from app.domain.record import record
from app.domain.transcription import Finding
from app.launch.importing.lek_columns import (
    AGAIN,
    COATING,
    COMPRESSION,
    DISPENSING,
    FACTOR,
    FINAL_QC,
    LABORATORY,
    MATERIALS,
    PROCESS,
    RESULTS,
    SIZE,
    STAGES,
    WHOLE_STRENGTH,
    Material,
)
from app.launch.importing.reading import Line

FACTOR_UNIT: Final = Decimal(100_000)
"""The normalisation factor is the batch size in this many tablets."""
REPORTING_LIMIT: Final = Decimal("0.05")
CENSORED: Final = (
    (DISPENSING, ("api_total_impurities", "api_l_impurity")),
    (FINAL_QC, ("impurities_total", "impurity_o", "impurity_l")),
)
"""Results that the source gives as 0.05 where it means *at most 0.05*."""
NEVER_ZERO: Final = (
    (DISPENSING, tuple(column for each in MATERIALS for column in each.results)),
    (
        COMPRESSION,
        (
            *(each.column for each in RESULTS if each.stage == COMPRESSION and each.file == LABORATORY),
            "SREL_startup_mean",
            "SREL_production_mean",
            "main_CompForce mean",
            "tbl_fill_mean",
            "cyl_height_mean",
            "stiffness_mean",
            "ejection_mean",
        ),
    ),
    (COATING, tuple(each.column for each in RESULTS if each.stage == COATING)),
    (FINAL_QC, tuple(each.column for each in RESULTS if each.stage == FINAL_QC)),
)
"""Columns in which a zero can hardly have been measured: it stands for *not recorded*."""
RISING: Final = (
    (COMPRESSION, "tbl_min_thickness", "tbl_max_thickness"),
    (COMPRESSION, "tbl_min_weight", "tbl_max_weight"),
    (COMPRESSION, "tbl_min_hardness", "tbl_max_hardness"),
    (COATING, "fct_min_thickness", "fct_max_thickness"),
    (COATING, "fct_min_hardness", "fct_max_hardness"),
    (COMPRESSION, "stiffness_min", "stiffness_max"),
    (COMPRESSION, "ejection_min", "ejection_max"),
    (FINAL_QC, "dissolution_min", "dissolution_av"),
    (FINAL_QC, "impurity_o", "impurities_total"),
    (FINAL_QC, "impurity_l", "impurities_total"),
    (DISPENSING, "api_l_impurity", "api_total_impurities"),
    (DISPENSING, "api_ps01", "api_ps05"),
    (DISPENSING, "api_ps05", "api_ps09"),
    (DISPENSING, "smcc_ps01", "smcc_ps05"),
    (DISPENSING, "smcc_ps05", "smcc_ps09"),
    (DISPENSING, "smcc_bd", "smcc_td"),
    (DISPENSING, "lactose_sieve0045", "lactose_sieve015"),
    (DISPENSING, "lactose_sieve015", "lactose_sieve025"),
)
"""Pairs of which the first is at most as large as the second."""
HARDNESS: Final = ((COMPRESSION, "tbl"), (COATING, "fct"))
PI_OF_THE_SOURCE: Final = Decimal("3.14")
"""The source's tensile strengths come out to nine decimals with this one."""
RECALCULATED_TO: Final = Decimal("0.000001")
"""So far apart may a recalculated value and the written one be, as a part of the written one."""


@record
class BatchRows:
    """All rows about one batch but those of its time series."""

    laboratory: Line
    process: Line
    normalization: Line

    def line_of(self, column: str) -> Line:
        return self.laboratory if column in self.laboratory.cells else self.process

    def value(self, column: str) -> Decimal | None:
        return self.line_of(column).value(column)

    def at(self, columns: Sequence[str]) -> str:
        """The source cells of columns that stand in one row."""
        return self.line_of(columns[0]).at(*columns)

    def named(self, column: str) -> str:
        return self.line_of(column).named(column)


Lots = Mapping[tuple[str, str, str], Sequence[Line]]
"""The rows in which a lot occurs, by material, source and lot number."""


def lots_of(rows: Iterable[Line]) -> Lots:
    """Where each lot occurs. A number is one lot only together with the material and its source."""
    found: defaultdict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for each in rows:
        for material in MATERIALS:
            found[lot_key(material, each)].append(each)
    return found


def lot_key(material: Material, row: Line) -> tuple[str, str, str]:
    """What makes a lot one lot."""
    return material.code, row[material.source] if material.source else "", row[material.lot]


def findings_of(rows: BatchRows, lots: Lots) -> tuple[Finding, ...]:
    """Everything that the rows of one batch give cause to notice, in the order of its record."""
    return (
        *_size(rows),
        *_strength(rows),
        *_contested_lots(rows, lots),
        *_falling(rows),
        *_means_outside(rows),
        *_tensile(rows),
        *_given_again(rows),
        *_negative(rows),
        *_zeros(rows),
        *_censored(rows),
        *_missing(rows),
    )


def noticed(rule: Rule, stage: str, detail: Iterable[str], source: str, column: str = "") -> Finding:
    """One finding; `column` names the step it belongs to, where it belongs to one."""
    step = next((each.key for each in RESULTS if each.column == column), "")
    return Finding(rule=rule, stage_key=stage, step_key=step, detail=tuple(detail), source=source)


def agree(one: Decimal, other: Decimal) -> bool:
    """Whether two numbers can be the same result, one perhaps rounded to fewer decimals than the other."""
    coarser = Decimal(1).scaleb(max(_exponent(one), _exponent(other)))
    return any(
        one.quantize(coarser, rounding) == other.quantize(coarser, rounding)
        for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN)
    )


def recalculates(written: Decimal, made: Decimal) -> bool:
    """Whether `made` from other columns is the written value, but for the source's rounding."""
    return abs(written - made) <= RECALCULATED_TO * max(abs(written), RECALCULATED_TO)


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _size(rows: BatchRows) -> Iterator[Finding]:
    written, normal = rows.laboratory, rows.normalization
    here, there = Decimal(written["size"]), Decimal(normal[SIZE])
    if here != there:
        yield noticed(
            Rule.CONTRADICTION,
            "",
            (f"{LABORATORY} size {here}", f"{normal.file} {SIZE} {there} ({_times(here, there)})"),
            written.at("size"),
        )
    factor = Decimal(normal[FACTOR])
    if factor * FACTOR_UNIT != there:
        yield noticed(
            Rule.CONTRADICTION, "", (normal.named(SIZE), normal.named(FACTOR)), normal.at(SIZE, FACTOR)
        )


def _times(one: Decimal, other: Decimal) -> str:
    large, small = max(one, other), min(one, other)
    return f"{large / small:f} times apart" if large % small == 0 else "not a multiple"


def _strength(rows: BatchRows) -> Iterator[Finding]:
    if not rows.laboratory["strength"].endswith(WHOLE_STRENGTH):
        named = f"unit of strength {rows.laboratory['strength']}, cut off"
        yield noticed(Rule.NOT_RECORDED, "", (named,), rows.laboratory.at("strength"))


def _contested_lots(rows: BatchRows, lots: Lots) -> Iterator[Finding]:
    row = rows.laboratory
    for material in MATERIALS:
        same = lots[lot_key(material, row)]
        apart = [(column, other) for column in material.results if (other := _disagrees(column, row, same))]
        if apart:
            told = (f"{row.named(column)}, {other[column]} in line {other.number}" for column, other in apart)
            lot = f"{material.name} lot {row[material.lot]}"
            source = row.at(*(column for column, _ in apart))
            yield noticed(Rule.CONTRADICTION, DISPENSING, (lot, *told), source)


def _disagrees(column: str, row: Line, same: Sequence[Line]) -> Line | None:
    """The first row of the same lot that gives another result in `column`."""
    mine = row.value(column)
    if mine is None:
        return None
    others = (each for each in same if each[column] and each[column] != row[column])
    return next((each for each in others if not agree(mine, Decimal(each[column]))), None)


def _falling(rows: BatchRows) -> Iterator[Finding]:
    for stage, low, high in RISING:
        smaller, larger = rows.value(low), rows.value(high)
        if smaller is not None and larger is not None and smaller > larger:
            yield noticed(
                Rule.CONTRADICTION, stage, (rows.named(low), rows.named(high)), rows.at((low, high)), low
            )


def _means_outside(rows: BatchRows) -> Iterator[Finding]:
    for stage, tablet in HARDNESS:
        columns = [f"{tablet}_{which}_hardness" for which in ("min", "av", "max")]
        low, mean, high = (rows.value(each) for each in columns)
        if low is None or mean is None or high is None or low > high:
            continue  # a range that is upside down is told already
        if not low <= mean <= high:
            named = (rows.named(columns[1]), rows.named(columns[0]), rows.named(columns[2]))
            yield noticed(Rule.CONTRADICTION, stage, named, rows.at(columns), columns[1])


def _tensile(rows: BatchRows) -> Iterator[Finding]:
    for stage, tablet in HARDNESS:
        columns = [
            f"{tablet}_{which}" for which in ("tensile", "av_hardness", "max_diameter", "max_thickness")
        ]
        written, force, diameter, thickness = (rows.value(each) for each in columns)
        if written is None or force is None or not diameter or not thickness:
            continue
        made = 2 * force / (PI_OF_THE_SOURCE * diameter * thickness)
        if not recalculates(written, made):
            detail = (rows.named(columns[0]), f"recalculated {made:.9f}")
            yield noticed(Rule.CONTRADICTION, stage, detail, rows.at(columns), columns[0])


def _given_again(rows: BatchRows) -> Iterator[Finding]:
    process, laboratory = rows.process, rows.laboratory
    if process["code"] != laboratory["code"]:
        detail = (f"{LABORATORY} {laboratory.named('code')}", f"{PROCESS} {process.named('code')}")
        yield noticed(Rule.CONTRADICTION, "", detail, process.at("code"))
    apart = [(again, first) for again, first in AGAIN.items() if process[again] != laboratory[first]]
    gone = [again for again, _ in apart if not process[again]]
    if gone:
        detail = (f"{len(gone)} results of {LABORATORY} are missing in {PROCESS}", *gone)
        yield noticed(Rule.CONTRADICTION, FINAL_QC, detail, process.at(*gone))
    for again, first in apart:
        here, there = laboratory.value(first), process.value(again)
        if there is None or (here is not None and here == there):
            continue
        detail = (f"{LABORATORY} {laboratory.named(first)}", f"{PROCESS} {process.named(again)}")
        yield noticed(Rule.CONTRADICTION, FINAL_QC, detail, process.at(again), first)


def _negative(rows: BatchRows) -> Iterator[Finding]:
    for each in RESULTS:
        text = rows.line_of(each.column)[each.column]
        if text.startswith("-"):
            source = rows.at((each.column,))
            yield noticed(Rule.IMPLAUSIBLE, each.stage, (rows.named(each.column),), source, each.column)


def _zeros(rows: BatchRows) -> Iterator[Finding]:
    for stage, columns in NEVER_ZERO:
        yield from _grouped(
            rows,
            stage,
            (each for each in columns if rows.value(each) == 0),
            Rule.NOT_RECORDED,
            "(written as 0)",
        )


def _censored(rows: BatchRows) -> Iterator[Finding]:
    for stage, columns in CENSORED:
        at_limit = (each for each in columns if rows.value(each) == REPORTING_LIMIT)
        yield from _grouped(rows, stage, at_limit, Rule.AT_REPORTING_LIMIT)


def _missing(rows: BatchRows) -> Iterator[Finding]:
    for stage in STAGES:
        columns = [each.column for each in RESULTS if each.stage == stage.key]
        if stage.key == DISPENSING:
            columns += [column for each in MATERIALS for column in each.results]
        gone = (each for each in columns if not rows.line_of(each)[each])
        yield from _grouped(rows, stage.key, gone, Rule.NOT_RECORDED)


def _grouped(
    rows: BatchRows, stage: str, columns: Iterable[str], rule: Rule, how: str = ""
) -> Iterator[Finding]:
    """One finding for all `columns` of a stage that stand in the same row."""
    found = list(columns)
    for file in (LABORATORY, PROCESS):
        here = [each for each in found if rows.line_of(each).file == file]
        if here:
            told = [
                f"{each} {how}".rstrip() if rule is Rule.NOT_RECORDED else rows.named(each) for each in here
            ]
            step = here[0] if len(here) == 1 else ""
            yield noticed(rule, stage, told, rows.at(here), step)
