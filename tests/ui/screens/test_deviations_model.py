"""The deviations screen's thinking, without a window."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.client.ports import Mark
from app.domain.decision import Reason, Refusal
from app.domain.deviation import (
    ClassifyDeviation,
    Deviation,
    DeviationAction,
    DeviationClass,
    DeviationStatus,
    InvestigateDeviation,
    RaiseDeviation,
)
from app.domain.exception import ExceptionStatus, ReviewException, Rule
from app.domain.identity import DeviationId
from app.domain.permissions import Role
from tests.support.desk import SampleDesk, sample_desk
from tests.support.sample_plant import EVA
from tests.ui.screens.quality_plant import (
    FOUND,
    TROUBLED,
    classify,
    deviation,
    exceptions,
    investigate,
    quality_world,
    raise_deviation,
)
from ui.drafts import MemoryDrafts
from ui.navigation import DeviationContext
from ui.screens.deviations.detail_model import DeviationViewModel, When
from ui.screens.deviations.forms import FIVE_WHYS, FORMS, OTHER
from ui.screens.deviations.raise_model import RaiseDeviationViewModel
from ui.screens.deviations.view_model import NUMBER_FOLLOWS, OVERDUE, DeviationsViewModel, line_of
from ui.signing import Phase

INVESTIGATION = {
    "method": FIVE_WHYS,
    "why_1": "The seal was worn",
    "why_2": "It was not on the list of parts to check",
    "root_cause": "The list of wear parts is not complete.",
    "evidence": "Seal under the microscope, list of 2024.",
    "impact": "None: the product was not touched.",
    "other_batches": "None, the seal was changed between batches.",
    "correction": "Seal replaced.",
}


def desk_of(role: Role, *, offline: bool = False) -> SampleDesk:
    return sample_desk(signed_in=role, world=quality_world(), offline=offline)


def detail(desk: SampleDesk, drafts: MemoryDrafts | None = None) -> DeviationViewModel:
    return DeviationViewModel(desk, lambda: desk.world.now, drafts or MemoryDrafts())


async def opened(desk: SampleDesk, number: str) -> DeviationViewModel:
    model = detail(desk)
    await model.open(deviation(desk.world, number).id)
    return model


async def test_the_list_shows_the_most_pressing_first_and_what_is_settled_last() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = DeviationsViewModel(desk, lambda: desk.world.now)
    await model.load()
    lines = model.state.value.lines
    assert lines[0].number == "DEV-2026-004"
    assert lines[0].overdue
    assert [line.open for line in lines] == sorted([line.open for line in lines], reverse=True)
    assert model.state.value.overdue == 1
    assert not lines[-1].overdue


async def test_filters_narrow_by_status_by_class_and_to_what_is_overdue() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = DeviationsViewModel(desk, lambda: desk.world.now)
    await model.choose(frozenset({DeviationStatus.REPORTED.value}))
    assert {line.status for line in model.state.value.lines} == {DeviationStatus.REPORTED}
    await model.choose(frozenset({OVERDUE}))
    assert [line.number for line in model.state.value.lines] == ["DEV-2026-004"]
    await model.choose(frozenset())
    await model.choose_class(DeviationClass.MAJOR)
    assert {line.classification for line in model.state.value.lines} == {DeviationClass.MAJOR}
    await model.show_all()
    assert not model.state.value.searching
    assert len(model.state.value.lines) == 8


async def test_search_finds_a_deviation_by_its_batch() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = DeviationsViewModel(desk, lambda: desk.world.now)
    await model.search(TROUBLED)
    assert [line.number for line in model.state.value.lines] == ["DEV-2026-005"]


async def test_a_deviation_raised_offline_says_that_its_number_follows() -> None:
    desk = desk_of(Role.PRODUCTION_OFFICER, offline=True)
    key = DeviationId(desk.world.fresh())
    form = RaiseDeviationViewModel(desk, lambda: desk.world.now, lambda: key, MemoryDrafts())
    form.begin(DeviationContext(title="Leaking valve", description="A drop every minute."))
    saved = await form.save()
    assert saved is not None
    desk.board.marks[key] = Mark.SAVED_HERE
    model = DeviationsViewModel(desk, lambda: desk.world.now)
    await model.search("Leaking")
    (line,) = model.state.value.lines
    assert line.number == NUMBER_FOLLOWS
    assert line.mark is Mark.SAVED_HERE


@pytest.mark.parametrize(
    ("role", "number", "action"),
    [
        (Role.QA_REVIEWER, "DEV-2026-007", DeviationAction.CLASSIFY),
        (Role.PRODUCTION_MANAGER, "DEV-2026-006", DeviationAction.INVESTIGATE),
        (Role.QA_REVIEWER, "DEV-2026-005", DeviationAction.CLOSE),
    ],
)
async def test_there_is_one_next_action_for_whoever_may_take_it(
    role: Role, number: str, action: DeviationAction
) -> None:
    model = await opened(desk_of(role), number)
    following = model.state.value.next
    assert following is not None
    assert following.action is action
    assert following.refusal is None
    assert not model.state.value.waits


async def test_who_may_not_act_reads_whom_it_waits_for() -> None:
    model = await opened(desk_of(Role.PRODUCTION_OFFICER), "DEV-2026-005")
    state = model.state.value
    assert state.next is None
    assert state.waits == (
        "Waits for quality assurance to close it: neither the reporter nor an investigator may."
    )


async def test_offline_the_next_action_says_that_it_needs_the_server() -> None:
    model = await opened(desk_of(Role.QA_REVIEWER, offline=True), "DEV-2026-007")
    following = model.state.value.next
    assert following is not None
    assert following.refusal == Refusal(reason=Reason.NEEDS_SERVER)


async def test_an_investigator_is_not_offered_the_closure() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    key = raise_deviation(desk.world, "Broken vial", 2)
    classify(desk.world, key, DeviationClass.MINOR)
    desk.world.act(InvestigateDeviation(deviation_id=key, investigation=FOUND), EVA)
    model = detail(desk)
    await model.open(key)
    following = model.state.value.next
    assert following is not None
    assert following.refusal == Refusal(reason=Reason.NOT_INDEPENDENT)


async def test_the_timeline_tells_what_happened_what_waits_and_what_lies_ahead() -> None:
    model = await opened(desk_of(Role.QA_REVIEWER), "DEV-2026-006")
    steps = model.state.value.timeline
    assert [(each.title, each.when) for each in steps] == [
        ("Reported", When.DONE),
        ("Classified as Minor", When.DONE),
        ("Investigation", When.NOW),
        ("Closure by quality assurance", When.AHEAD),
    ]
    assert ("Reason", "Isolated, no direct impact on the product.") in steps[1].facts


async def test_a_deviation_knows_its_batch_its_step_and_its_exception() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk, "DEV-2026-002")
    state = model.state.value
    assert state.stage_name == "Suspension"
    assert state.step_title == "Viscosity"
    assert state.exception is not None
    assert state.exception.rule is Rule.OUT_OF_LIMIT


async def test_an_unknown_deviation_is_shown_as_missing() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = detail(desk)
    await model.open(DeviationId(desk.world.fresh()))
    assert model.state.value.loaded
    assert model.state.value.deviation is None


async def test_classifying_asks_for_class_and_reason_then_for_a_signature() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk, "DEV-2026-007")
    model.begin(DeviationAction.CLASSIFY)
    assert await model.submit() is None
    form = model.state.value.form
    assert form is not None
    assert form.errors == {"classification": "Choose a class."}
    model.put("classification", DeviationClass.MAJOR.value)
    assert await model.submit() is None
    form = model.state.value.form
    assert form is not None
    assert form.errors == {"reason": "Give a reason."}
    model.put("reason", "Critical parameter.")
    model.put("owner_name", "Petra Novak")
    signing = await model.submit()
    assert signing is not None
    assert ("Class", "Major") in signing.sheet.facts
    ended = await signing.sign("floor")
    assert ended.phase is Phase.ACCEPTED
    assert isinstance(desk.commands.saved[-1], ClassifyDeviation)
    await model.finished()
    known = model.state.value.deviation
    assert known is not None
    assert known.classification is DeviationClass.MAJOR
    assert model.state.value.form is None


async def test_a_wrong_password_signs_nothing_and_may_be_tried_again() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk, "DEV-2026-007")
    model.begin(DeviationAction.CLASSIFY)
    model.put("classification", DeviationClass.MINOR.value)
    model.put("reason", "Isolated.")
    signing = await model.submit()
    assert signing is not None
    assert (await signing.sign("wrong")).secret == Refusal(reason=Reason.WRONG_SECRET)
    assert desk.commands.saved == []
    assert (await signing.sign("floor")).phase is Phase.ACCEPTED


async def test_an_investigation_names_every_part_that_is_missing() -> None:
    desk = desk_of(Role.PRODUCTION_MANAGER)
    model = await opened(desk, "DEV-2026-006")
    model.begin(DeviationAction.INVESTIGATE)
    assert await model.submit() is None
    form = model.state.value.form
    assert form is not None
    assert set(form.errors) == {
        "root_cause", "method", "evidence", "impact", "other_batches", "correction",
    }  # fmt: skip


async def test_the_five_whys_go_on_the_record_with_the_method() -> None:
    desk = desk_of(Role.PRODUCTION_MANAGER)
    model = await opened(desk, "DEV-2026-006")
    model.begin(DeviationAction.INVESTIGATE)
    for key, value in INVESTIGATION.items():
        model.put(key, value)
    signing = await model.submit()
    assert signing is not None
    await signing.sign("floor")
    command = desk.commands.saved[-1]
    assert isinstance(command, InvestigateDeviation)
    assert command.investigation.method == (
        "5 whys\nWhy 1: The seal was worn\nWhy 2: It was not on the list of parts to check"
    )
    assert not command.investigation.undetermined


async def test_only_the_fields_of_the_chosen_method_are_asked() -> None:
    desk = desk_of(Role.PRODUCTION_MANAGER)
    model = await opened(desk, "DEV-2026-006")
    model.begin(DeviationAction.INVESTIGATE)
    model.put("method", OTHER)
    form = model.state.value.form
    assert form is not None
    keys = {each.key for each in form.fields}
    assert "method_other" in keys
    assert not keys & {"why_1", "bone_people"}


async def test_closing_asks_about_the_capa_and_is_refused_when_somebody_changed_the_record() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk, "DEV-2026-005")
    model.begin(DeviationAction.CLOSE)
    model.put("conclusion", "No further action.")
    assert await model.submit() is None
    form = model.state.value.form
    assert form is not None
    assert form.errors == {"capa_required": "Choose one."}
    model.put("capa_required", "no")
    signing = await model.submit()
    assert signing is not None
    investigate(desk.world, deviation(desk.world, "DEV-2026-005").id)
    ended = await signing.sign("floor")
    assert ended.phase is Phase.REFUSED
    assert ended.refusals == (Refusal(reason=Reason.CHANGED_SINCE_SHOWN),)


async def test_reopening_needs_a_reason_and_leads_back_to_investigation() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk, "DEV-2026-001")
    assert [each.action for each in model.state.value.others] == [DeviationAction.REOPEN]
    model.begin(DeviationAction.REOPEN)
    assert await model.submit() is None
    model.put("reason", "The supplier's letter contradicts it.")
    signing = await model.submit()
    assert signing is not None
    await signing.sign("floor")
    await model.finished()
    known = model.state.value.deviation
    assert known is not None
    assert known.status is DeviationStatus.CLASSIFIED
    assert [each.title for each in model.state.value.timeline][-2:] == [
        "Investigation",
        "Closure by quality assurance",
    ]


async def test_completing_the_report_asks_for_no_second_secret() -> None:
    desk = desk_of(Role.PRODUCTION_OFFICER)
    model = await opened(desk, "DEV-2026-007")
    model.begin(DeviationAction.AMEND)
    model.put("immediate_action", "Dehumidifier switched on.")
    model.put("reason", "Forgotten in the first report.")
    assert await model.submit() is None
    known = model.state.value.deviation
    assert known is not None
    assert known.immediate_action == "Dehumidifier switched on."
    assert model.state.value.form is None


async def test_half_typed_words_wait_as_drafts_until_they_are_signed() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    drafts = MemoryDrafts()
    model = detail(desk, drafts)
    await model.open(deviation(desk.world, "DEV-2026-007").id)
    model.begin(DeviationAction.CLASSIFY)
    model.put("reason", "Half a sen")
    again = detail(desk, drafts)
    await again.open(deviation(desk.world, "DEV-2026-007").id)
    again.begin(DeviationAction.CLASSIFY)
    form = again.state.value.form
    assert form is not None
    assert form.values["reason"] == "Half a sen"
    again.put("classification", "Minor")
    signing = await again.submit()
    assert signing is not None
    await signing.sign("floor")
    await again.finished()
    assert drafts.count.value == 0


async def test_the_raise_form_is_filled_with_all_that_is_known_and_escalates_its_exception() -> None:
    desk = desk_of(Role.PRODUCTION_OFFICER)
    noticed = exceptions(desk.world, TROUBLED, Rule.UNEXPECTED_ANSWER)[0]
    key = DeviationId(desk.world.fresh())
    form = RaiseDeviationViewModel(desk, lambda: desk.world.now, lambda: key, MemoryDrafts())
    form.begin(
        DeviationContext(
            batch_id=noticed.batch_id,
            batch_number=TROUBLED,
            stage_key=noticed.stage_key,
            step_key=noticed.step_key,
            exception_id=noticed.id,
            title="Metal detector challenge failed",
            description="Answered “Failed”, expected “Passed”.",
            occurred_at=noticed.raised_at,
        )
    )
    assert form.state.value.occurred_at == noticed.raised_at
    form.put("immediate_action", "Press stopped.")
    form.hold_product(True)
    assert await form.save() is not None
    assert await form.save() is not None, "a second tap answers the first"
    raised = [each for each in desk.commands.saved if isinstance(each, RaiseDeviation)]
    assert len(raised) == 1
    assert raised[0].product_held
    known = desk.world.facts.one(Deviation, key)
    assert known is not None
    assert known.number
    escalated = desk.world.facts.one(ReviewException, noticed.id)
    assert escalated is not None
    assert escalated.status is ExceptionStatus.ESCALATED


async def test_a_report_without_words_names_what_is_missing() -> None:
    desk = desk_of(Role.PRODUCTION_OFFICER)
    form = RaiseDeviationViewModel(desk, lambda: desk.world.now, desk.world.fresh, MemoryDrafts())
    form.begin(DeviationContext())
    assert await form.save() is None
    assert set(form.state.value.errors) == {"title", "description"}
    assert form.state.value.saved is None
    now = desk.world.now
    form.put("title", "Leak")
    form.put("description", "A drop every minute.")
    form.occurred(now + timedelta(hours=1))
    assert await form.save() is None
    assert set(form.state.value.errors) == {"times"}
    form.occurred(now)
    assert await form.save() is not None


async def test_a_report_that_the_rulebook_refuses_shows_why() -> None:
    desk = desk_of(Role.PRODUCTION_OFFICER)
    form = RaiseDeviationViewModel(desk, lambda: desk.world.now, desk.world.fresh, MemoryDrafts())
    form.begin(DeviationContext(title="Leak", description="A drop every minute."))
    no = Refusal(reason=Reason.NOT_PERMITTED, detail=("Auditor", "quality.deviation.create"))
    desk.commands.refuse_next = no
    assert await form.save() is None
    assert form.state.value.refusal == no
    assert form.state.value.values["title"] == "Leak"


def test_every_action_of_the_table_has_its_form() -> None:
    assert set(FORMS) == set(DeviationAction)
    assert all(spec.verb and spec.fields for spec in FORMS.values())


def test_a_settled_deviation_is_never_overdue() -> None:
    world = quality_world()
    old = replace(deviation(world, "DEV-2026-001"), due_on=world.now - timedelta(days=90))
    assert not line_of(old, world.now, None).overdue


async def test_the_next_person_does_not_see_the_form_of_the_last_one() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk, "DEV-2026-007")
    model.begin(DeviationAction.CLASSIFY)
    model.put("reason", "Half a sentence")
    await desk.session.sign_out()
    await desk.session.sign_in("luka.bizjak", "floor")
    await model.load()
    assert model.state.value.form is None


async def test_nothing_is_asked_while_nobody_is_signed_in() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk, "DEV-2026-007")
    await desk.session.sign_out()
    before = model.state.value
    await model.load()
    assert model.state.value == before
