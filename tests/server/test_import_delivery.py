"""A plan in a real plant: a commit per batch, whole after an interruption, unchanged by a repetition."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.domain.batch import ENDED, Batch, BatchStatus, Origin
from app.domain.exception import ReviewException, Rule
from app.domain.identity import SYSTEM, PlantId, UserId
from app.domain.master_record import MasterRecord, MasterStatus
from app.domain.metrics import MetricSeries
from app.domain.permissions import Role
from app.domain.plant import FoundPlant, RegisterPerson
from app.domain.signature import Meaning
from app.domain.step import Step
from app.domain.transcription import Dataset
from app.launch.importing.delivery import Delivered, Delivery, NotDelivered
from app.launch.importing.lek_tablets import CITATION, read_lek_tablets
from app.launch.importing.plan import Plan
from app.launch.importing.progress import Progress
from app.launch.importing.reading import Faults
from app.server.production.metrics_store import read_rows
from app.server.production.queries import BatchFilter, batch_page
from app.wire.series import chunk_of
from tests.support.lek_small import FOLDER
from tests.support.plant import Colleague, TestPlant

BATCHES, SERIES_ROWS = 24, 100
ENTRIES = BATCHES * 58 - 3
EXCEPTIONS = {
    Rule.AT_REPORTING_LIMIT: 2,
    Rule.CONTRADICTION: 18,
    Rule.IMPLAUSIBLE: 6,
    Rule.NOT_RECORDED: 8,
    Rule.OUT_OF_LIMIT: 4,
}


class PlugPulled(Exception):
    """The process ends here."""


class Interrupted(Progress):
    """Pulls the plug after so many batches and chunks of series."""

    def __init__(self, after: int) -> None:
        super().__init__(io.StringIO())
        self._left = after
        self._counts = False

    def begin(self, name: str, total: int, *, done: int = 0) -> None:
        self._counts = name in {"Batches", "Series rows"}

    def step(self, units: int = 1) -> None:
        self._left -= self._counts
        if self._left < 0:
            raise PlugPulled

    def end(self) -> None: ...


def plan_of(plant_id: PlantId, directory: Path = FOLDER) -> Plan:
    source = read_lek_tablets(directory, Faults())
    assert source is not None
    return source(plant_id)


async def imported(
    plant: TestPlant,
    *,
    author: Colleague | UserId | None = None,
    approver: Colleague | None = None,
    directory: Path = FOLDER,
    plant_id: PlantId | None = None,
    progress: Progress | None = None,
) -> Delivered:
    by = author or plant.petra
    delivery = Delivery(
        desk=plant.desk,
        database=plant.database,
        plan=plan_of(plant_id or plant.id, directory),
        author=by.user_id if isinstance(by, Colleague) else by,
        approver=approver.user_id if approver else None,
        progress=progress or Progress(io.StringIO()),
    )
    return await delivery.run()


async def heads(plant: TestPlant) -> list[tuple[Any, ...]]:
    rows = await plant.ask("SELECT plant_id, seq, hash FROM kernel.journal_heads ORDER BY plant_id")
    return [tuple(each) for each in rows]


async def of_kind(plant: TestPlant, kind: str, cls: type[Any]) -> list[Any]:
    return [each for each in await plant.records(kind) if isinstance(each, cls)]


async def test_everything_comes_in_and_says_that_it_is_transcribed(plant: TestPlant) -> None:
    done = await imported(plant, approver=plant.rosa)
    assert done.changed
    assert (done.batches, done.entries, done.series_rows) == (BATCHES, ENTRIES, SERIES_ROWS)
    assert dict(done.exceptions) == EXCEPTIONS
    batches = await of_kind(plant, "batch", Batch)
    assert len(batches) == BATCHES
    assert {(each.status, each.origin) for each in batches} == {(BatchStatus.TRANSCRIBED, Origin.TRANSCRIBED)}
    assert all(CITATION in each.source for each in batches)
    (dataset,) = await of_kind(plant, "dataset", Dataset)
    assert (dataset.batches, dataset.entries, dataset.exceptions, dataset.series_rows) == (
        *(BATCHES, ENTRIES, sum(EXCEPTIONS.values()), SERIES_ROWS),
    )
    assert dataset.citation == CITATION


async def test_transcribed_batches_stay_out_of_work_queues(plant: TestPlant) -> None:
    await imported(plant, approver=plant.rosa)
    found = await plant.ask(
        "SELECT count(*) FROM production.production_batches WHERE status = ANY($1)",
        [each.value for each in BatchStatus if each not in ENDED],
    )
    assert found[0][0] == 0


@pytest.mark.req("A13")
async def test_every_stored_entry_has_its_digits_and_its_source_cell(plant: TestPlant) -> None:
    await imported(plant, approver=plant.rosa)
    written = {
        (each.batch_id, each.stage_key, each.step_key): (each.value, each.source)
        for batch in plan_of(plant.id).batches
        for each in (
            _Written(batch.batch_id, entry.stage_key, entry.step_key, entry.value, entry.source)
            for entry in batch.entries
        )
    }
    steps: list[Step] = await of_kind(plant, "step", Step)
    stored = {
        (each.batch_id, each.stage_key, each.step_key): (each.current.value, each.current.source)
        for each in steps
        if each.current
    }
    assert stored == written
    assert len(stored) == ENTRIES


class _Written:
    def __init__(self, batch_id: object, stage_key: str, step_key: str, value: str, source: str) -> None:
        self.batch_id, self.stage_key, self.step_key = batch_id, stage_key, step_key
        self.value, self.source = value, source


async def test_what_leaves_its_illustrative_limit_is_raised_and_what_meets_it_is_not(
    plant: TestPlant,
) -> None:
    await imported(plant, approver=plant.rosa)
    raised: list[ReviewException] = await of_kind(plant, "exception", ReviewException)
    assert sorted((each.step_key, each.source) for each in raised if each.rule is Rule.OUT_OF_LIMIT) == [
        ("batch_yield", "Laboratory.csv:12:batch_yield"),
        ("dissolution_min", "Laboratory.csv:12:dissolution_min"),
        ("tbl_rsd_weight", "Laboratory.csv:12:tbl_rsd_weight"),
        ("tbl_yield", "Laboratory.csv:12:tbl_yield"),
    ]


async def test_one_person_prepares_the_masters_and_another_approves_them(plant: TestPlant) -> None:
    await imported(plant, approver=plant.rosa)
    masters: list[MasterRecord] = [
        each for each in await of_kind(plant, "master", MasterRecord) if each.product_code.startswith("LEK-")
    ]
    assert len(masters) == 3
    assert {each.status for each in masters} == {MasterStatus.EFFECTIVE}
    for each in masters:
        signed = [(one.signer_id, one.meaning) for one in each.signatures]
        assert signed == [(plant.petra.user_id, Meaning.PREPARED), (plant.rosa.user_id, Meaning.APPROVED)]


@pytest.mark.req("A5")
async def test_each_stored_chunk_has_the_digest_that_the_journal_holds(plant: TestPlant) -> None:
    await imported(plant, approver=plant.rosa)
    series: list[MetricSeries] = await of_kind(plant, "series", MetricSeries)
    assert len(series) == 5
    for each in series:
        async with plant.database.transaction() as tx:
            rows = [row async for row in read_rows(tx, each)]
        assert (chunk_of(0, rows),) == each.chunks
        assert not each.zone_known
        assert CITATION in each.source


async def test_each_batch_is_one_command_and_one_commit(plant: TestPlant) -> None:
    await imported(plant, approver=plant.rosa)
    kept = await plant.ask(
        "SELECT kind, count(*) FROM kernel.commands WHERE kind LIKE 'batch.import' OR kind LIKE 'metrics%' "
        "OR kind LIKE 'import%' GROUP BY kind ORDER BY kind"
    )
    assert [tuple(each) for each in kept] == [
        ("batch.import", 24),
        ("import.complete", 1),
        ("metrics.record", 5),
    ]
    commits = await plant.ask(
        "SELECT count(DISTINCT xmin::text) FROM production.production_batches WHERE origin = 'transcribed'"
    )
    assert commits[0][0] == BATCHES


async def test_a_repetition_changes_nothing_and_says_so(plant: TestPlant) -> None:
    await imported(plant, approver=plant.rosa)
    before = await heads(plant)
    again = await imported(plant)
    assert not again.changed
    assert dict(again.exceptions) == EXCEPTIONS
    assert await heads(plant) == before


async def test_another_person_may_repeat_it_too(plant: TestPlant) -> None:
    await imported(plant, approver=plant.rosa)
    before = await heads(plant)
    again = await imported(plant, author=await plant.colleague("Peter Kos", Role.PRODUCTION_HEAD))
    assert not again.changed
    assert [each for each in await heads(plant) if each[0] != SYSTEM] == [
        each for each in before if each[0] != SYSTEM
    ]


@pytest.mark.parametrize("steps", [0, 7, BATCHES, BATCHES + 2])
async def test_an_interrupted_import_goes_on_where_it_ended(plant: TestPlant, steps: int) -> None:
    with pytest.raises(PlugPulled):
        await imported(plant, approver=plant.rosa, progress=Interrupted(after=steps))
    assert await plant.records("dataset") == []
    found = await plant.ask("SELECT count(*) FROM production.production_batches WHERE origin = 'transcribed'")
    assert found[0][0] == min(steps + 1, BATCHES)
    done = await imported(plant)
    assert done.changed
    assert dict(done.exceptions) == EXCEPTIONS
    assert len(await of_kind(plant, "batch", Batch)) == BATCHES
    points = await plant.ask("SELECT count(DISTINCT (series_id, position)) FROM production.batch_metrics")
    assert points[0][0] == SERIES_ROWS
    assert not (await imported(plant)).changed


@pytest.mark.req("A13")
async def test_a_data_set_is_listed_once_it_is_complete(plant: TestPlant) -> None:
    async def listed() -> int:
        asked = BatchFilter(text="LEK-")
        async with plant.database.transaction() as tx:
            page = json.loads(await batch_page(tx, plant.id, asked, 100, None))
        return len(page["items"])

    with pytest.raises(PlugPulled):
        await imported(plant, approver=plant.rosa, progress=Interrupted(after=20))
    assert await listed() == 0
    await imported(plant)
    assert await listed() == BATCHES


async def test_other_content_under_the_same_numbers_is_refused_before_the_first_write(
    plant: TestPlant, tmp_path: Path
) -> None:
    with pytest.raises(PlugPulled):
        await imported(plant, approver=plant.rosa, progress=Interrupted(after=20))
    changed = tmp_path / "changed"
    shutil.copytree(FOLDER, changed)
    path = changed / "Laboratory.csv"
    path.write_bytes(path.read_bytes().replace(b";1.412698315;", b";1.412698316;"))
    before = await heads(plant)
    with pytest.raises(NotDelivered, match=r"LEK-0015 .* other content: nothing is written"):
        await imported(plant, directory=changed)
    assert await heads(plant) == before


async def test_a_number_that_another_batch_has_is_refused_before_the_first_write(plant: TestPlant) -> None:
    await plant.batch(number="LEK-0005", started=False)
    before = await heads(plant)
    with pytest.raises(NotDelivered, match=r"LEK-0005 .*nothing is written"):
        await imported(plant, approver=plant.rosa)
    assert await heads(plant) == before


async def test_without_a_second_person_nothing_is_written(plant: TestPlant) -> None:
    before = await heads(plant)
    with pytest.raises(NotDelivered, match="--approver"):
        await imported(plant)
    assert await heads(plant) == before


async def test_who_may_not_import_is_refused_and_stands_in_nobodys_way(plant: TestPlant) -> None:
    with pytest.raises(NotDelivered, match="not permitted"):
        await imported(plant, author=plant.ana, approver=plant.rosa)
    assert await plant.records("dataset") == []
    done = await imported(plant, approver=plant.rosa)
    assert done.batches == BATCHES


async def test_who_may_not_approve_is_refused(plant: TestPlant) -> None:
    with pytest.raises(NotDelivered, match=r"approve .*not permitted"):
        await imported(plant, approver=plant.ana)
    assert await of_kind(plant, "batch", Batch) == []


async def test_a_second_plant_shares_the_masters_and_has_its_own_batches(plant: TestPlant) -> None:
    await imported(plant, approver=plant.rosa)
    other = PlantId("maribor")
    found = FoundPlant(plant_id=other, name="Maribor", site="M", timezone="Europe/Ljubljana", lines=())
    await plant.act(found, plant.founder, SYSTEM)
    author = UserId(plant.ticking.new_id())
    person = RegisterPerson(
        user_id=author,
        role=Role.PRODUCTION_MANAGER,
        plants=frozenset({other}),
        identity_checked_by="passport",
    )
    await plant.act(person, plant.founder, SYSTEM)
    done = await imported(plant, author=author, plant_id=other)
    assert done.changed
    batches: list[Batch] = await of_kind(plant, "batch", Batch)
    assert len(batches) == 2 * BATCHES
    assert len({each.id for each in batches}) == 2 * BATCHES
    assert len({each.master_id for each in batches}) == 3


async def test_progress_reaches_its_end(plant: TestPlant) -> None:
    output = io.StringIO()
    await imported(plant, approver=plant.rosa, progress=Progress(output))
    told = output.getvalue().splitlines()
    assert any(each.startswith("Batches") and "24 of 24" in each for each in told)
    assert any(each.startswith("Series rows") and "100 of 100" in each for each in told)
