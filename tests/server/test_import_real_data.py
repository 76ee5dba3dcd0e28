"""The published Lek records, all of them: `pytest --real-data DIRECTORY` (the directory holds `lek-tablets/`)."""

import io
import time
from pathlib import Path

import pytest

from app.domain.batch import Batch, BatchStatus
from app.domain.exception import Rule
from app.domain.metrics import MetricSeries
from app.domain.transcription import Dataset
from app.launch.importing.delivery import Delivered, Delivery
from app.launch.importing.lek_tablets import CITATION, read_lek_tablets
from app.launch.importing.plan import Plan
from app.launch.importing.progress import Progress
from app.launch.importing.reading import Faults
from app.server.production.metrics_store import read_rows
from app.wire.series import MOST_ROWS, chunk_of
from tests.support.plant import TestPlant

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(600)]

EXCEPTIONS = {
    Rule.AT_REPORTING_LIMIT: 1_109,
    Rule.CONTRADICTION: 1_119,
    Rule.IMPLAUSIBLE: 7,
    Rule.NOT_RECORDED: 1_344,
    Rule.OUT_OF_LIMIT: 45,
}
BUDGET = 90.0  # seconds, on two cores


def plan_of(directory: Path, plant: TestPlant) -> Plan:
    faults = Faults()
    source = read_lek_tablets(directory, faults)
    assert source is not None, faults.found
    return source(plant.id)


async def delivered(plan: Plan, plant: TestPlant) -> Delivered:
    delivery = Delivery(
        desk=plant.desk,
        database=plant.database,
        plan=plan,
        author=plant.petra.user_id,
        approver=plant.rosa.user_id,
        progress=Progress(io.StringIO()),
    )
    return await delivery.run()


async def test_all_batches_entries_and_series_rows_come_in_and_a_repetition_changes_nothing(
    real_data: Path, plant: TestPlant
) -> None:
    began = time.perf_counter()
    plan = plan_of(real_data / "lek-tablets", plant)
    done = await delivered(plan, plant)
    spent = time.perf_counter() - began
    assert (done.batches, done.entries, done.series_rows) == (1_005, 58_270, 81_156)
    assert dict(done.exceptions) == EXCEPTIONS
    assert spent < BUDGET
    head = await plant.ask("SELECT seq FROM kernel.journal_heads WHERE plant_id = $1", plant.id)
    again = await delivered(plan_of(real_data / "lek-tablets", plant), plant)
    assert not again.changed
    assert await plant.ask("SELECT seq FROM kernel.journal_heads WHERE plant_id = $1", plant.id) == head

    batches = [each for each in await plant.records("batch") if isinstance(each, Batch)]
    assert {each.number for each in batches} == {f"LEK-{number:04d}" for number in range(1, 1_006)}
    assert {each.status for each in batches} == {BatchStatus.TRANSCRIBED}
    assert all(each.started_at is None and CITATION in each.source for each in batches)
    (dataset,) = await plant.records("dataset")
    assert isinstance(dataset, Dataset)
    assert (dataset.citation, dataset.exceptions) == (CITATION, sum(EXCEPTIONS.values()))

    series = [each for each in await plant.records("series") if isinstance(each, MetricSeries)]
    assert sorted(each.rows for each in series) == [7_512, 7_568, 12_705, 25_330, 28_041]
    for each in series:
        async with plant.database.transaction() as tx:
            rows = [row async for row in read_rows(tx, each)]
        made = [chunk_of(at, rows[at : at + MOST_ROWS]) for at in range(0, len(rows), MOST_ROWS)]
        assert tuple(made) == each.chunks
