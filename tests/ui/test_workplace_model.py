"""Who may open which page, and that every page of the window has an answer."""

import asyncio

import pytest

from app.domain.permissions import Permission, Role, may
from tests.support.desk import sample_desk
from ui.workplace_model import (
    BATCH,
    BATCHES,
    DEVIATION,
    DEVIATIONS,
    RAISE,
    REVIEW,
    REVIEW_FILE,
    SIGN_IN,
    STAGE,
    SYNC,
    WorkplaceModel,
    pages_for,
    waiting_for,
)

EVERY = {BATCH, BATCHES, DEVIATION, DEVIATIONS, RAISE, REVIEW, REVIEW_FILE, SIGN_IN, STAGE, SYNC}


@pytest.mark.parametrize("role", list(Role))
def test_a_page_below_another_opens_for_whoever_has_its_right(role: Role) -> None:
    pages = pages_for(role)
    assert pages <= EVERY
    assert {SYNC, SIGN_IN} <= pages
    assert (RAISE in pages) == may(role, Permission.DEVIATION_CREATE)
    assert (REVIEW_FILE in pages) == (REVIEW in pages)
    assert (BATCH in pages) == (BATCHES in pages) == may(role, Permission.BATCH_READ)


def test_everything_opens_for_somebody() -> None:
    assert set().union(*(pages_for(role) for role in Role)) == EVERY


def test_what_waits_for_an_officer_is_nothing_and_for_the_qa_head_a_reviewed_batch() -> None:
    assert waiting_for(Role.PRODUCTION_OFFICER) == frozenset()
    assert {each.value for each in waiting_for(Role.QA_HEAD)} == {"QA Review", "Reviewed"}


async def test_a_count_that_was_overtaken_by_another_person_is_not_said() -> None:
    desk = sample_desk(signed_in=Role.QA_REVIEWER)
    model = WorkplaceModel(desk, "Plant", "Panel", lambda: desk.world.now)
    desk.board.gate = asyncio.Event()
    slow = asyncio.create_task(model.count())
    await asyncio.sleep(0)
    desk.session.person.set(None)
    await model.count()
    desk.board.gate.set()
    await slow
    assert REVIEW not in model.state.value.badges
    model.close()
