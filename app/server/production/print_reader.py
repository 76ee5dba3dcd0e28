"""Reads a batch's file into the sheet that is printed."""

from collections.abc import Mapping, Sequence

from app.domain.batch import Batch
from app.domain.facts import Facts
from app.domain.identity import UserId
from app.domain.metrics import MetricSeries
from app.server.production import print_words as words
from app.server.production.print_back import (
    clearance_lines,
    deviation_page,
    exception_line,
    series_line,
    signature_lines,
    trail_line,
)
from app.server.production.print_file import CaseFile
from app.server.production.print_front import (
    TONES,
    count_lines,
    disposition,
    head_lines,
    material_lines,
    open_points,
    transcription,
)
from app.server.production.print_sheet import Printing, Sheet, Standing, Tone
from app.server.production.print_stages import stage_page
from app.wire.history import HistoryLine


def sheet_of(
    facts: Facts,
    batch: Batch,
    *,
    people: Mapping[UserId, str],
    standing: Standing,
    trail: Sequence[HistoryLine],
    printing: Printing,
) -> Sheet:
    """The printout of `batch` from its file: the records that the rulebook's scope of a batch names.

    `people` are names for what the record itself names by id only; signatures and entries carry their own.
    """
    file = CaseFile(facts, batch, people)
    plant = f"{file.plant.name}, {file.plant.site}" if file.plant else batch.plant_id
    return Sheet(
        number=batch.number,
        product=batch.product_name,
        plant=plant,
        status=batch.status.value,
        tone=TONES.get(batch.status, Tone.PLAIN),
        disposition=disposition(file),
        transcribed=transcription(file),
        head=tuple(head_lines(file)),
        counts=tuple(count_lines(file)),
        open_points=open_points(file),
        materials=tuple(material_lines(file)),
        stages=tuple(stage_page(file, at, each) for at, each in enumerate(file.specs, start=1)),
        exceptions=tuple(exception_line(file, each) for each in file.exceptions),
        deviations=tuple(deviation_page(file, each) for each in file.deviations),
        signatures=tuple(signature_lines(file)),
        series=tuple(series_line(file, each) for each in facts.every(MetricSeries, batch_id=batch.id)),
        clearances=tuple(clearance_lines(file)),
        trail=tuple(trail_line(file, each) for each in trail),
        printed=words.when(file.local(printing.at)),
        printed_by=printing.by,
        copy=str(printing.copy) if printing.copy else "",
        zone=file.plant.timezone if file.plant else "",
        journal=f"journal {standing.journal}, row {standing.seq}, {standing.hash[:16]}",
        record_hash=standing.record_hash,
    )
