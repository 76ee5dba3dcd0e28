"""Every (status, action) pair has one answer, and only the table changes a status."""

from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import batch, deviation, exception, master_record, stage, step
from app.domain.batch import BatchAction, BatchStatus
from app.domain.decision import Actor, Decision, Reason, Refusal
from app.domain.entry import ChooseEntry, CorrectEntry, RecordEntry, SkipStep, VerifyEntry
from app.domain.identity import PlantId, UserId
from app.domain.permissions import ROLES, Permission, Role, may
from tests.domain.builders import PLANT, Floor, person

TABLES: list[tuple[MappingProxyType[Any, Any], type[StrEnum], type[StrEnum]]] = [
    (batch.MOVES, batch.BatchStatus, batch.BatchAction),
    (stage.MOVES, stage.StageStatus, stage.StageAction),
    (step.MOVES, step.StepStatus, step.StepAction),
    (exception.MOVES, exception.ExceptionStatus, exception.ExceptionAction),
    (deviation.MOVES, deviation.DeviationStatus, deviation.DeviationAction),
    (master_record.MOVES, master_record.MasterStatus, master_record.MasterAction),
]


@pytest.mark.parametrize(("moves", "statuses", "actions"), TABLES)
def test_a_table_speaks_only_of_its_own_statuses_and_uses_every_action(
    moves: MappingProxyType[Any, Any], statuses: type[StrEnum], actions: type[StrEnum]
) -> None:
    for (at, action), target in moves.items():
        assert isinstance(at, statuses)
        assert isinstance(action, actions)
        assert isinstance(target, statuses)
    assert {action for _, action in moves} == set(actions)


@pytest.mark.parametrize("action", list(BatchAction))
@pytest.mark.parametrize("status", list(BatchStatus))
def test_a_batch_moves_as_its_table_says_and_not_otherwise(status: BatchStatus, action: BatchAction) -> None:
    floor = Floor().at(status)
    right = batch.right_for(status, action)
    actor = next(person(role) for role in Role if may(role, right))
    answer = batch.moved(floor.batch, action, floor.context(actor))
    if (status, action) in batch.MOVES:
        assert answer == batch.MOVES[status, action]
    else:
        assert answer == Refusal(reason=Reason.WRONG_STATUS, detail=(status.value, action.value))


@pytest.mark.req("R10")
@given(role=st.sampled_from(Role), status=st.sampled_from(BatchStatus))
def test_a_screen_offers_exactly_what_status_and_role_allow(role: Role, status: BatchStatus) -> None:
    floor = Floor().at(status)
    offered = batch.offered(floor.batch, floor.context(person(role)))
    expected = {
        action for (at, action) in batch.MOVES if at is status and may(role, batch.right_for(status, action))
    }
    assert offered == expected


@pytest.mark.parametrize("status", [each for each in step.StepStatus if each is not step.StepStatus.OPEN])
@pytest.mark.parametrize("what", ["record", "correct", "skip", "verify", "choose"])
def test_a_sealed_entry_is_kept_whatever_the_step_is_in(status: step.StepStatus, what: str) -> None:
    """Ruling A1: observations are never refused once sealed; verifying and choosing may be."""
    floor = Floor().running()
    floor.fill("blend")
    known = floor.step("blend", "weight")
    first = known.entries[0].id
    contested = (first,) if status is step.StepStatus.CONTESTED else ()
    current = None if contested else first
    floor.facts.put(replace(known, status=status, current_id=current, contested=contested))
    place: dict[str, Any] = {"batch_id": floor.batch_id, "stage_key": "blend", "step_key": "weight"}
    command = {
        "record": RecordEntry(**place, value="9.9"),
        "correct": CorrectEntry(**place, corrects=first, value="9.9", reason="misread"),
        "skip": SkipStep(**place, reason="not needed"),
        "verify": VerifyEntry(**place, entry_id=first, entry_seal=known.entries[0].seal),
        "choose": ChooseEntry(**place, entry_id=first, reason="calibrated scale"),
    }[what]
    answer = floor.ask(command, floor.manager)
    if what in {"record", "correct", "skip"}:
        assert isinstance(answer, Decision)
        after = floor.step("blend", "weight")
        assert after.entries[: len(known.entries)] == known.entries
        assert len(after.entries) == len(known.entries) + 1
    elif isinstance(answer, Refusal):
        assert floor.step("blend", "weight").entries == known.entries
    else:
        assert status in {step.StepStatus.AWAITING_VERIFICATION, step.StepStatus.CONTESTED}


@pytest.mark.req("R46")
def test_an_administrator_has_no_production_or_quality_right() -> None:
    gxp = {each for each in Permission if each.value.startswith(("batch.", "quality.", "master."))}
    assert not ROLES[Role.SYSTEM_ADMIN] & gxp


@pytest.mark.req("R47")
def test_only_a_qa_head_may_certify() -> None:
    assert [role for role in Role if may(role, Permission.BATCH_APPROVE)] == [Role.QA_HEAD]


def test_every_role_stands_in_the_table() -> None:
    assert set(ROLES) == set(Role)


def test_someone_of_another_plant_or_deactivated_may_nothing() -> None:
    floor = Floor().planned()
    stranger = Actor(
        user_id=UserId(uuid4()),
        name="Stranger",
        role=Role.PRODUCTION_MANAGER,
        plants=frozenset({PlantId("south")}),
    )
    gone = Actor(
        user_id=UserId(uuid4()),
        name="Gone",
        role=Role.PRODUCTION_MANAGER,
        plants=frozenset({PLANT}),
        active=False,
    )
    issue = batch.IssueBatch(batch_id=floor.batch_id, master_hash=floor.master.content_hash)
    assert floor.refused(issue, stranger).reason is Reason.OTHER_PLANT
    assert floor.refused(issue, gone).reason is Reason.PERSON_INACTIVE
