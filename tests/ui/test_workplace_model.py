"""Who may open which page, and that every page of the window has an answer."""

import pytest

from app.domain.permissions import Permission, Role, may
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
