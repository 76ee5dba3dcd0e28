"""Lek's 1,005 batches of film-coated tablets as a plan of transcribed records.

A row of Normalization.csv with its strength is a product and the one version of its master record; a row of
Laboratory.csv is a batch of four stages; lots are materials with their test results; `tbl_*`, `fct_*` and the press's
features are entries; Process/*.csv are time series of Compression. Months have no day, so none is invented.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from app.domain.batch import MaterialUse
from app.domain.identity import PlantId
from app.domain.master_record import DraftMasterRecord, RegisterProduct, content_hash
from app.domain.quantity import Quantity
from app.domain.transcription import Finding, ImportBatch, TranscribedEntry
from app.launch.importing.lek_columns import (
    CHANNELS,
    COMPRESSION,
    LABORATORY,
    LABORATORY_FORMS,
    MATERIALS,
    MONTHS,
    NORMALIZATION,
    NORMALIZATION_FORMS,
    PROCESS,
    PROCESS_FORMS,
    RESULTS,
    SERIES_NAME,
    SIZE,
    STAGES,
    Material,
)
from app.launch.importing.lek_findings import BatchRows, findings_of, lots_of
from app.launch.importing.lek_series import (
    PressRows,
    overlap_finding,
    overlaps,
    read_series,
    series_findings,
)
from app.launch.importing.plan import Ids, Plan, PlannedMaster, PlannedSeries, Source
from app.launch.importing.reading import Faults, Line, read_lines

DATASET: Final = "lek-tablets"
CITATION: Final = (
    "Žagar J., Mihelič J. (2022), Big data collection in pharmaceutical manufacturing and its use for product quality "
    "predictions, Scientific Data 9:99, doi:10.1038/s41597-022-01203-x, CC BY 4.0; values unchanged"
)
VERSION: Final = 1
TABLETS: Final = "tablets"


def read_lek_tablets(directory: Path, faults: Faults) -> Source | None:
    """The whole data set in `directory`, or None with everything that is wrong in `faults`."""
    laboratory = _keyed(
        read_lines(directory / LABORATORY, LABORATORY, LABORATORY_FORMS, faults), "batch", faults
    )
    process = _keyed(read_lines(directory / PROCESS, PROCESS, PROCESS_FORMS, faults), "batch", faults)
    normalization = _keyed(
        read_lines(directory / NORMALIZATION, NORMALIZATION, NORMALIZATION_FORMS, faults),
        "Product code",
        faults,
    )
    series = read_series(directory, faults)
    if faults.found:
        return None
    rows = _joined(laboratory, process, normalization, faults)
    for each in series.values():
        if each.batch not in laboratory:
            where = each.lines[0]
            says = f"batch {each.batch} is not in {LABORATORY}"
            faults.add(where.file, says, line=where.number, column="batch")
    if faults.found:
        return None
    return partial(_plan, rows, series)


def batch_number(key: str) -> str:
    """A batch's number in the plant: `LEK-0017`."""
    return f"LEK-{int(key):04d}"


def month_of(written: str) -> str:
    """`maj.19` as `2019-05`: ISO 8601 with the precision that the source has."""
    name, _, year = written.partition(".")
    return f"20{year}-{MONTHS[name]:02d}"


def _keyed(lines: Sequence[Line], column: str, faults: Faults) -> dict[str, Line]:
    found: dict[str, Line] = {}
    for each in lines:
        known = found.setdefault(each[column], each)
        if known is not each:
            says = f"{each[column]} stands in line {known.number} already"
            faults.add(each.file, says, line=each.number, column=column)
    return found


def _joined(
    laboratory: Mapping[str, Line],
    process: Mapping[str, Line],
    normalization: Mapping[str, Line],
    faults: Faults,
) -> dict[str, BatchRows]:
    """The rows of each batch. A batch or a code that one file lacks is a fault: rows may have been lost."""
    for key, line in process.items():
        if key not in laboratory:
            says = f"batch {key} is not in {LABORATORY}"
            faults.add(line.file, says, line=line.number, column="batch")
    found: dict[str, BatchRows] = {}
    for key, line in laboratory.items():
        beside, normal = process.get(key), normalization.get(line["code"])
        if beside is None:
            faults.add(line.file, f"batch {key} is not in {PROCESS}", line=line.number, column="batch")
        if normal is None:
            says = f"product code {line['code']} is not in {NORMALIZATION}"
            faults.add(line.file, says, line=line.number, column="code")
        if beside is not None and normal is not None:
            found[key] = BatchRows(laboratory=line, process=beside, normalization=normal)
    return found


def _plan(rows: Mapping[str, BatchRows], series: Mapping[str, PressRows], plant_id: PlantId) -> Plan:
    ids = Ids(plant_id=plant_id, dataset=DATASET)
    products = {_product_key(each): each for each in rows.values()}
    lots = lots_of(each.laboratory for each in rows.values())
    beside: dict[str, list[Finding]] = {
        key: list(series_findings(each, rows[key], month_of(rows[key].laboratory["start"])))
        for key, each in series.items()
    }
    for one, other in overlaps(tuple(series.values())):
        beside[one.batch].append(overlap_finding(one, other, batch_number(other.batch)))
        beside[other.batch].append(overlap_finding(other, one, batch_number(one.batch)))
    in_order = sorted(rows, key=int)
    return Plan(
        ids=ids,
        citation=CITATION,
        masters=tuple(_master(products[key], ids) for key in sorted(products)),
        batches=tuple(
            _batch(key, rows[key], (*findings_of(rows[key], lots), *beside.get(key, ())), ids)
            for key in in_order
        ),
        series=tuple(_series(series[key], ids) for key in in_order if key in series),
    )


def _product_key(rows: BatchRows) -> str:
    return f"{int(rows.laboratory['code']):02d} {rows.laboratory['strength']}"


def _master(rows: BatchRows, ids: Ids) -> PlannedMaster:
    """The product of a code and strength; the batch size is Normalization.csv's, the bill is not published."""
    key, code, strength = _product_key(rows), rows.laboratory["code"], rows.laboratory["strength"]
    size = Quantity(value=Decimal(rows.normalization[SIZE]), unit=TABLETS)
    product = RegisterProduct(
        product_id=ids.product(key),
        code=f"LEK-{int(code):02d}",
        name=f"Lek film-coated tablets, code {code},",
        strength=strength,
        dosage_form="film-coated tablet",
    )
    draft = DraftMasterRecord(
        master_id=ids.master(key, VERSION),
        product_id=product.product_id,
        version=VERSION,
        title=f"Transcription of {DATASET}: code {code}, {strength}",
        batch_size=size,
        materials=(),
        stages=STAGES,
        content_hash=content_hash(size, (), STAGES),
        note=f"{rows.normalization.at(SIZE)}. Limits are illustrative: none are published. {CITATION}",
    )
    return PlannedMaster(key=key, product=product, draft=draft)


def _batch(key: str, rows: BatchRows, findings: tuple[Finding, ...], ids: Ids) -> ImportBatch:
    row = rows.laboratory
    return ImportBatch(
        batch_id=ids.batch(key),
        dataset=DATASET,
        number=batch_number(key),
        master_id=ids.master(_product_key(rows), VERSION),
        quantity=Quantity(value=Decimal(row["size"]), unit=TABLETS),
        line="",
        started_on=month_of(row["start"]),
        materials=tuple(_material(each, row) for each in MATERIALS),
        entries=tuple(_entries(rows)),
        findings=findings,
        source=f"{row.file}:{row.number} of {DATASET} ({CITATION})",
    )


def _material(material: Material, row: Line) -> MaterialUse:
    return MaterialUse(
        code=material.code,
        name=material.name,
        lot=row[material.lot],
        source=row[material.source] if material.source else "",
        results=tuple((column, row[column], "") for column in material.results if row[column]),
    )


def _entries(rows: BatchRows) -> Iterator[TranscribedEntry]:
    """One entry for each value there is. What is missing has none: a finding counts it."""
    for each in RESULTS:
        line = rows.line_of(each.column)
        if value := line[each.column]:
            yield TranscribedEntry(
                stage_key=each.stage, step_key=each.key, value=value, source=line.at(each.column)
            )


def _series(series: PressRows, ids: Ids) -> PlannedSeries:
    return PlannedSeries(
        batch_id=ids.batch(series.batch),
        stage_key=COMPRESSION,
        name=SERIES_NAME,
        channels=CHANNELS,
        rows=series.rows,
        source=f"{series.source}, of {DATASET} ({CITATION})",
    )
