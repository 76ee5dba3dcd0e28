"""The list of batches and the plan of a new one, without a window."""

import asyncio
from dataclasses import replace

import pytest

from app.client.ports import BatchPage, BatchQuery, BatchRow, BatchSort, Desk
from app.domain.batch import Batch, BatchStatus, CreateBatch, Origin
from app.domain.decision import Reason, Refusal
from app.domain.identity import BatchId
from app.domain.permissions import Role
from tests.support.desk import FakeRecords, SampleDesk, sample_desk
from tests.support.sample_plant import made_id
from tests.ui.screens.answers import with_server_that
from ui import text
from ui.screens.batches.plan_model import PlanViewModel
from ui.screens.batches.view_model import KEPT, PAGE, BatchesViewModel, SavedView


class ManyBatches(FakeRecords):
    """100,000 batches that are made when they are asked for; `gate` holds an answer back."""

    TOTAL = 100_000

    def __init__(self, desk: SampleDesk) -> None:
        super().__init__(desk.board)
        self.limits: list[int] = []

    async def batches(self, query: BatchQuery) -> BatchPage:
        self.asked.append(query)
        self.limits.append(query.limit)
        await asyncio.sleep(0)
        rows = tuple(
            self._made(place) for place in range(query.offset, min(query.offset + query.limit, self.TOTAL))
        )
        return BatchPage(rows=rows, total=self.TOTAL, counts={BatchStatus.RELEASED: self.TOTAL})

    def _made(self, place: int) -> BatchRow:
        return BatchRow(
            id=BatchId(made_id(place)),
            number=f"B-{place:06d}",
            product_name="Amlodipine Tablets 5 mg",
            quantity="1000000 tablets",
            stage_name="Packaging",
            status=BatchStatus.RELEASED,
            line="Tablet line 1",
            steps_done=27,
            steps_total=27,
            started_at=None,
            started_on="",
            waiting_since=None,
            holds=0,
            deviations_open=0,
            exceptions_open=0,
            contested=0,
            pending=0,
            origin=Origin.NATIVE,
        )


def many() -> tuple[Desk, ManyBatches, SampleDesk]:
    sample = sample_desk()
    records = ManyBatches(sample)
    desk = Desk(
        session=sample.session,
        records=records,
        archive=sample.archive,
        commands=sample.commands,
        sync=sample.sync,
    )
    return desk, records, sample


def model_of(desk: SampleDesk) -> BatchesViewModel:
    return BatchesViewModel(desk, lambda: desk.world.now, home_line="Tablet line 2")


def numbers(model: BatchesViewModel) -> list[str]:
    state = model.state.value
    rows = [state.row(place) for place in range(state.total)]
    return [row.number for row in rows if row is not None]


async def test_the_newest_batch_comes_first_with_counts_for_every_status() -> None:
    model = model_of(sample_desk())
    await model.load()
    assert numbers(model)[0] == "B-2026-0152"
    assert model.state.value.counts[BatchStatus.QA_REVIEW] == 2
    assert model.state.value.total == 18


async def test_of_100_000_batches_only_pages_in_sight_are_held() -> None:
    desk, records, sample = many()
    model = BatchesViewModel(desk, lambda: sample.world.now)
    await model.load()
    assert model.state.value.total == 100_000
    assert list(model.state.value.pages) == [0]
    for place in range(0, 100_000, 5_000):
        await model.want(place)
    assert len(model.state.value.pages) <= KEPT
    assert max(records.limits) <= PAGE
    row = model.state.value.row(95_000)
    assert row is not None
    assert row.number == "B-095000"


async def test_a_row_asked_for_twice_is_read_once() -> None:
    desk, records, sample = many()
    model = BatchesViewModel(desk, lambda: sample.world.now)
    await model.load()
    await asyncio.gather(model.want(700), model.want(701), model.want(799))
    assert [query.offset for query in records.asked] == [0, 700]


async def test_search_narrows_and_an_overtaken_answer_is_dropped() -> None:
    desk = sample_desk()
    model = model_of(desk)
    await model.load()
    first, second = model.search("B-2026-014"), model.search("0147")
    await asyncio.gather(first, second)
    assert numbers(model) == ["B-2026-0147"]
    await model.search("hopper")
    assert numbers(model) == ["B-2026-0147"], "comments are searched as well"
    await model.show_all()
    assert model.state.value.total == 18


async def test_a_saved_view_sets_the_status_filters_it_stands_for() -> None:
    model = model_of(sample_desk())
    await model.load()
    await model.choose_view(SavedView.HOLD)
    assert model.state.value.statuses == {BatchStatus.ON_HOLD, BatchStatus.QA_HOLD}
    assert numbers(model) == ["B-2026-0144", "B-2026-0140"]
    await model.choose_statuses(frozenset({BatchStatus.ON_HOLD}))
    assert model.state.value.view is SavedView.ALL, "another set is another question"
    await model.choose_view(SavedView.TRANSCRIBED)
    assert numbers(model) == ["LEK-0017"]
    assert model.state.value.statuses == frozenset()


async def test_mine_and_a_line_are_views() -> None:
    model = model_of(sample_desk())
    await model.load()
    assert model.state.value.lines[0] == "Tablet line 2", "the line of this station comes first"
    await model.choose_view(SavedView.LINE, "Liquids line")
    assert set(numbers(model)) == {"B-2026-0132", "B-2026-0140", "B-2026-0146", "B-2026-0150", "B-2026-0152"}
    await model.choose_view(SavedView.MINE)
    assert model.state.value.line == ""
    assert "B-2026-0152" not in numbers(model)
    assert "B-2026-0147" in numbers(model)


async def test_the_order_is_asked_of_the_records() -> None:
    desk = sample_desk()
    model = model_of(desk)
    await model.load()
    await model.order(BatchSort.NUMBER, descending=False)
    assert numbers(model)[0] == "B-2026-0131"
    assert desk.records.asked[-1].sort is BatchSort.NUMBER


async def test_news_of_the_cache_refresh_what_is_looked_at() -> None:
    desk = sample_desk()
    model = model_of(desk)
    await model.load()
    batch = desk.world.batch("B-2026-0149")
    desk.world.facts.put(replace(batch, status=BatchStatus.IN_PROGRESS, revision=9))
    await model.load()
    assert model.state.value.counts[BatchStatus.IN_PROGRESS] == 4


async def test_a_list_that_cannot_be_read_says_so_and_does_not_pretend() -> None:
    desk, records, sample = many()

    async def broken(query: BatchQuery) -> BatchPage:
        raise OSError("the disk is gone")

    records.batches = broken
    model = BatchesViewModel(desk, lambda: sample.world.now)
    with pytest.raises(OSError, match="disk"):
        await model.load()
    assert model.state.value.failed


async def test_who_may_plan_and_when() -> None:
    manager = sample_desk(signed_in=Role.PRODUCTION_MANAGER)
    model = model_of(manager)
    assert model.state.value.may_create
    manager.go_offline()
    model.follow()
    assert model.state.value.why_not_create == text.refusal(Refusal(reason=Reason.NEEDS_SERVER))
    assert not model_of(sample_desk()).state.value.may_create


async def test_a_batch_is_planned_from_an_effective_master_record() -> None:
    desk = sample_desk(signed_in=Role.PRODUCTION_MANAGER)
    plan = PlanViewModel(desk)
    await plan.load()
    assert plan.state.value.masters[0].hint.startswith("Version 4")
    assert plan.state.value.typed == "1000000"
    plan.type_quantity("500000")
    plan.choose_line("Tablet line 2")
    assert await plan.plan()
    command = desk.commands.saved[-1]
    assert isinstance(command, CreateBatch)
    made = desk.world.facts.every(Batch, number="B-2026-0153")
    assert made[0].line == "Tablet line 2"
    assert not await plan.plan(), "once is enough"


async def test_a_plan_says_what_is_wrong_with_it() -> None:
    desk = sample_desk(signed_in=Role.PRODUCTION_MANAGER)
    plan = PlanViewModel(desk)
    await plan.load()
    plan.type_quantity("0")
    assert not await plan.plan()
    assert plan.state.value.problem == "Enter how much is to be made."
    plan.type_quantity("5")
    plan.type_number("B-2026-0147")
    assert not await plan.plan()
    assert plan.state.value.problem == "The number B-2026-0147 is taken by another batch."
    assert not plan.state.value.busy


async def test_a_refusal_of_the_server_is_said_in_the_form() -> None:
    sample = sample_desk(signed_in=Role.PRODUCTION_MANAGER)
    plan = PlanViewModel(with_server_that(sample, refuses=Reason.MASTER_NOT_EFFECTIVE))
    await plan.load()
    assert not await plan.plan()
    assert "only an effective one can be run" in plan.state.value.problem


async def test_a_silent_server_leaves_the_plan_on_its_way() -> None:
    sample = sample_desk(signed_in=Role.PRODUCTION_MANAGER)
    plan = PlanViewModel(with_server_that(sample))
    await plan.load()
    assert await plan.plan()
    assert plan.state.value.waiting
