"""The review screen's thinking, without a window."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.client.ports import BatchQuery, Changed, Desk
from app.domain.batch import BatchAction, BatchStatus
from app.domain.decision import Blocker, Reason, Refusal
from app.domain.exception import AssessException, ExceptionAction, ExceptionStatus, Rule
from app.domain.identity import BatchId, ExceptionId
from app.domain.permissions import Role
from app.domain.review import DecideDisposition, ReviewQuality, manifest_of
from app.domain.step import StepStatus
from tests.support.desk import SampleDesk, sample_desk
from tests.support.sample_plant import NOW
from tests.ui.screens.answers import with_server_that
from tests.ui.screens.quality_plant import (
    CLEAN,
    TROUBLED,
    assess_all,
    clear,
    exceptions,
    quality_world,
    raise_deviation,
)
from tests.ui.screens.went import Went
from ui.drafts import MemoryDrafts
from ui.screens.review.file_model import ReviewViewModel
from ui.screens.review.view_model import QueueViewModel
from ui.signing import Phase


def desk_of(role: Role, *, offline: bool = False) -> SampleDesk:
    return sample_desk(signed_in=role, world=quality_world(), offline=offline)


def model_of(desk: Desk) -> tuple[ReviewViewModel, Went]:
    went = Went()
    return ReviewViewModel(desk, lambda: NOW, went, MemoryDrafts()), went


async def opened(desk: Desk, number: str = TROUBLED) -> ReviewViewModel:
    model, _ = model_of(desk)
    page = await desk.records.batches(BatchQuery(text=number))
    await model.open(page.rows[0].id)
    return model


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        (Role.PRODUCTION_MANAGER, {BatchStatus.PRODUCTION_REVIEW}),
        (Role.QA_REVIEWER, {BatchStatus.QA_REVIEW, BatchStatus.QA_HOLD}),
        (Role.QA_HEAD, {BatchStatus.QA_REVIEW, BatchStatus.REVIEWED, BatchStatus.QA_HOLD}),
        (
            Role.AUDITOR,
            {
                BatchStatus.PRODUCTION_REVIEW,
                BatchStatus.QA_REVIEW,
                BatchStatus.REVIEWED,
                BatchStatus.QA_HOLD,
            },
        ),
    ],
)
async def test_the_queue_begins_with_what_waits_for_this_role(role: Role, statuses: set[BatchStatus]) -> None:
    desk = desk_of(role)
    model = QueueViewModel(desk, lambda: desk.world.now)
    await model.load()
    assert {row.status for row in model.state.value.rows} == statuses


async def test_the_longest_wait_comes_first() -> None:
    desk = desk_of(Role.QA_HEAD)
    model = QueueViewModel(desk, lambda: desk.world.now)
    await model.load()
    waits = [row.waiting_since for row in model.state.value.rows]
    assert None not in waits
    assert waits == sorted(each for each in waits if each is not None)


async def test_the_chosen_statuses_and_words_narrow_the_queue() -> None:
    desk = desk_of(Role.QA_HEAD)
    model = QueueViewModel(desk, lambda: desk.world.now)
    await model.choose(frozenset({BatchStatus.REVIEWED.value}))
    assert {row.status for row in model.state.value.rows} == {BatchStatus.REVIEWED}
    await model.search(CLEAN)
    assert [row.number for row in model.state.value.rows] == [CLEAN]
    assert model.state.value.counts[BatchStatus.REVIEWED] == 1


async def test_exceptions_are_grouped_by_rule_with_what_is_open_first() -> None:
    state = (await opened(desk_of(Role.QA_REVIEWER))).state.value
    assert [(group.rule, len(group.lines), group.unsettled) for group in state.groups] == [
        (Rule.CONTESTED, 1, 1),
        (Rule.OUT_OF_LIMIT, 3, 3),
        (Rule.UNEXPECTED_ANSWER, 1, 1),
        (Rule.CLOCK_OFF, 1, 1),
        (Rule.LATE_ENTRY, 1, 1),
        (Rule.NOT_APPLICABLE, 1, 1),
        (Rule.CORRECTION, 2, 0),
        (Rule.ENTERED_OFFLINE, 3, 0),
    ]


async def test_an_exception_shows_its_entry_its_limit_and_its_comment() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk)
    force = next(
        each for each in exceptions(desk.world, TROUBLED, Rule.OUT_OF_LIMIT) if each.step_key == "force"
    )
    model.select(force.id)
    line = model.state.value.line
    assert line is not None
    assert line.entry is not None
    assert (line.entry.value, line.entry.unit) == ("18.6", "kN")
    assert line.limit is not None
    assert line.step_title == "Main compression force"
    assert line.entry.comment.startswith("The mean compression force")


@pytest.mark.req("R7")
async def test_a_correction_shows_what_was_there_before() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk)
    lot = next(
        each for each in exceptions(desk.world, TROUBLED, Rule.CORRECTION) if each.step_key == "api_lot"
    )
    model.select(lot.id)
    line = model.state.value.line
    assert line is not None
    assert line.before is not None
    assert line.entry is not None
    assert (line.before.value, line.entry.value) == ("API-LOT-2611", "AB-22871")
    record = next(
        step for stage in model.state.value.stages for step in stage.steps if step.spec.key == "api_lot"
    )
    assert [(each.entry.value, each.struck) for each in record.entries] == [
        ("API-LOT-2611", True),
        ("AB-22871", False),
    ]


async def test_the_whole_record_has_every_step_of_the_master_in_order() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    state = (await opened(desk)).state.value
    assert [stage.spec.key for stage in state.stages] == [
        "dispensing", "blending", "compression", "coating", "packaging",
    ]  # fmt: skip
    assert sum(len(stage.steps) for stage in state.stages) == 27
    hardness = next(s for stage in state.stages for s in stage.steps if s.spec.key == "hardness")
    assert hardness.chosen is not None
    assert hardness.status is StepStatus.DONE


async def test_what_stands_in_the_way_is_listed_and_leads_there() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model, went = model_of(desk)
    await model.open(desk.batch_id(TROUBLED))
    state = model.state.value
    kinds = [each.what for each in state.blockers]
    assert kinds.count("exception_open") == 8
    assert kinds.count("station_unsynced") == 3
    exception = next(each for each in state.blockers if each.kind == "exception")
    model.follow(exception)
    assert model.state.value.selected == ExceptionId(exception.id)
    model.follow(next(each for each in state.blockers if each.kind == "station"))
    assert went.places == [("sync",)]


async def test_a_blocker_that_names_a_step_leads_to_that_step() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model, went = model_of(desk)
    batch = desk.batch_id(TROUBLED)
    await model.open(batch)
    model.follow(Blocker(what="step_missing", kind="batch", id=batch, detail="Blender speed"))
    model.follow(Blocker(what="stage_incomplete", kind="batch", id=batch, detail="Blending"))
    assert went.places == [("stage", batch, "blending", "speed"), ("stage", batch, "blending", "")]


async def test_several_exceptions_of_one_rule_are_accepted_with_one_comment() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk)
    group = next(each for each in model.state.value.groups if each.rule is Rule.OUT_OF_LIMIT)
    model.decide_on([line.id for line in group.lines])
    model.comment("Set apart and covered by DEV-2026-005.")
    signing = await model.judge(ExceptionAction.ACCEPT)
    assert signing is not None
    assert signing.sheet.verb == "Accept 3 exceptions"
    assert ("Comment", "Set apart and covered by DEV-2026-005.") in signing.sheet.facts
    ended = await signing.sign("floor")
    assert (ended.phase, ended.accepted) == (Phase.ACCEPTED, 3)
    assert sum(isinstance(each, AssessException) for each in desk.commands.saved) == 3
    model.judged()
    await model.load()
    settled = {each.status for each in exceptions(desk.world, TROUBLED, Rule.OUT_OF_LIMIT)}
    assert settled == {ExceptionStatus.ACCEPTED}
    line = model.state.value.line
    assert line is not None
    assert line.exception.unsettled, "the next one that waits is open now"


async def test_a_judgement_without_a_comment_is_asked_for_one() -> None:
    model = await opened(desk_of(Role.QA_REVIEWER))
    assert await model.judge(ExceptionAction.ACCEPT) is None
    assert model.state.value.verdict.error == "Write a comment first: it goes on the record with your name."
    model.comment("Seen.")
    assert model.state.value.verdict.error == ""


async def test_production_does_not_judge_exceptions() -> None:
    model = await opened(desk_of(Role.PRODUCTION_MANAGER))
    assert not model.state.value.may_assess
    assert not model.may_judge(ExceptionAction.ACCEPT)


async def test_a_returned_exception_cannot_be_returned_again() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk)
    model.comment("Who saw it?")
    signing = await model.judge(ExceptionAction.RETURN)
    assert signing is not None
    await signing.sign("floor")
    await model.load()
    assert not model.may_judge(ExceptionAction.RETURN)
    assert model.may_judge(ExceptionAction.ACCEPT)


async def test_escalating_opens_the_deviation_form_with_everything_filled_in() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model, went = model_of(desk)
    await model.open(desk.batch_id(TROUBLED))
    noticed = exceptions(desk.world, TROUBLED, Rule.UNEXPECTED_ANSWER)[0]
    model.select(noticed.id)
    model.raise_deviation()
    context = went.context
    assert context is not None
    assert context.exception_id == noticed.id
    assert context.batch_number == TROUBLED
    assert context.step_title == "Metal detector challenge"
    assert context.description == "Answered “Failed”, expected “Passed”."


async def test_the_next_exception_is_one_key_away() -> None:
    model = await opened(desk_of(Role.QA_REVIEWER))
    order = [line.id for group in model.state.value.groups for line in group.lines]
    assert model.state.value.selected == order[0]
    model.step_on(1)
    assert model.state.value.selected == order[1]
    model.step_on(-2)
    assert model.state.value.selected == order[-1]


@pytest.mark.req("R45")
async def test_qa_cannot_sign_without_saying_that_the_audit_trail_was_reviewed() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    key = desk.batch_id(TROUBLED)
    assess_all(desk.world, key)
    clear(desk.world, key)
    desk.world.now = quality_world().now
    model = await opened(desk)
    assert model.state.value.forward is not None
    # Eva assessed but executed nothing: the review is hers to sign.
    assert model.state.value.forward.refusal is None
    model.begin(BatchAction.REVIEW_QUALITY)
    assert await model.submit() is None
    form = model.state.value.form
    assert form is not None
    assert set(form.errors) == {"audit_trail"}
    model.tick_audit_trail(True)
    signing = await model.submit()
    assert signing is not None
    assert ("Audit trail", "Reviewed by me") in signing.sheet.facts
    assert (await signing.sign("floor")).phase is Phase.ACCEPTED
    command = desk.commands.saved[-1]
    assert isinstance(command, ReviewQuality)
    assert command.audit_trail_reviewed


async def test_the_review_is_blocked_while_exceptions_are_open() -> None:
    model = await opened(desk_of(Role.QA_REVIEWER))
    forward = model.state.value.forward
    assert forward is not None
    assert forward.blocked
    assert forward.refusal is not None
    assert forward.refusal.reason is Reason.REVIEW_BLOCKED
    assert forward.refusal.blockers == model.state.value.blockers


@pytest.mark.req("R17")
async def test_the_sign_sheet_says_exactly_what_is_signed() -> None:
    desk = desk_of(Role.QA_HEAD)
    model = await opened(desk, CLEAN)
    model.begin(BatchAction.RELEASE)
    signing = await model.submit()
    assert signing is not None
    sheet = signing.sheet
    batch = desk.world.batch(CLEAN)
    facts = dict(sheet.facts)
    assert sheet.verb == f"Release {CLEAN}"
    assert sheet.meaning.value == "Certified and released"
    assert facts["Batch"].startswith(CLEAN)
    assert facts["Manifest"].replace(" ", "") == manifest_of(desk.world.facts, batch)[:12]
    assert facts["Record"] == ("27 entries, 0 corrections, 0 exceptions (0 open), 0 deviations (0 open)")
    assert (await signing.sign("floor")).phase is Phase.ACCEPTED
    assert isinstance(desk.commands.saved[-1], DecideDisposition)
    assert desk.world.batch(CLEAN).status is BatchStatus.RELEASED


@pytest.mark.req("R41")
async def test_a_refused_release_names_every_reason() -> None:
    desk = desk_of(Role.QA_HEAD)
    raise_deviation(desk.world, "Leaking blister", 1, batch=CLEAN)
    model = await opened(desk, CLEAN)
    forward = model.state.value.forward
    assert forward is not None
    assert forward.refusal is not None
    assert [each.what for each in forward.refusal.blockers] == [
        "deviation_unclassified",
        "changed_since_review",
    ]
    assert not model.follows(forward.refusal.blockers[1])


@pytest.mark.req("R19")
async def test_a_signature_under_another_record_no_longer_stands() -> None:
    desk = desk_of(Role.QA_HEAD)
    before = (await opened(desk, CLEAN)).state.value
    assert before.signatures[-1].stands
    raise_deviation(desk.world, "Leaking blister", 1, batch=CLEAN)
    after = (await opened(desk, CLEAN)).state.value
    assert not after.signatures[-1].stands
    assert before.manifest != after.manifest


async def test_the_servers_no_is_shown_with_its_blockers() -> None:
    desk = desk_of(Role.QA_HEAD)
    blocker = Blocker(what="station_unsynced", kind="station", id=desk.world.fresh(), detail="PACK-03")
    model = await opened(with_server_that(desk, refuses=Reason.RELEASE_BLOCKED, blockers=(blocker,)), CLEAN)
    model.begin(BatchAction.RELEASE)
    signing = await model.submit()
    assert signing is not None
    ended = await signing.sign("floor")
    assert ended.phase is Phase.REFUSED
    assert ended.blockers == (blocker,)
    assert (await signing.sign("floor")) is ended, "a refused act is not given twice"


async def test_only_the_qa_head_is_offered_release_and_rejection() -> None:
    reviewer = (await opened(desk_of(Role.QA_REVIEWER), CLEAN)).state.value
    head = (await opened(desk_of(Role.QA_HEAD), CLEAN)).state.value
    assert reviewer.forward is None
    assert {each.action for each in reviewer.others} == {BatchAction.RETURN, BatchAction.PLACE_QA_HOLD}
    assert head.forward is not None
    assert head.forward.action is BatchAction.RELEASE
    assert BatchAction.REJECT in {each.action for each in head.others}


async def test_returning_holding_and_rejecting_need_a_reason() -> None:
    desk = desk_of(Role.QA_HEAD)
    model = await opened(desk, CLEAN)
    for action in (BatchAction.RETURN, BatchAction.PLACE_QA_HOLD, BatchAction.REJECT):
        model.begin(action)
        assert await model.submit() is None
        form = model.state.value.form
        assert form is not None
        assert set(form.errors) == {"comment"}
    model.begin(BatchAction.PLACE_QA_HOLD)
    model.write("Complaint about the same lot of foil.")
    signing = await model.submit()
    assert signing is not None
    assert signing.sheet.verb == f"Place on QA hold: {CLEAN}"
    await signing.sign("floor")
    assert desk.world.batch(CLEAN).status is BatchStatus.QA_HOLD
    model.leave_form()
    await model.load()
    forward = model.state.value.forward
    assert forward is not None
    assert forward.action is BatchAction.LIFT_QA_HOLD


async def test_offline_every_act_says_that_it_needs_the_server() -> None:
    model = await opened(desk_of(Role.QA_HEAD, offline=True), CLEAN)
    state = model.state.value
    assert state.forward is not None
    assert state.forward.refusal == Refusal(reason=Reason.NEEDS_SERVER)
    await model.load_history()
    assert model.state.value.history == Refusal(reason=Reason.NEEDS_SERVER)


async def test_the_journal_is_fetched_when_asked_for() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk)
    before = model.state.value
    assert before.history is None
    await model.load_history()
    history = model.state.value.history
    assert isinstance(history, tuple)
    assert any(row.event == "step.corrected" for row in history)


async def test_an_unanswered_signature_says_so_and_is_not_given_twice() -> None:
    desk = desk_of(Role.QA_HEAD)
    model = await opened(with_server_that(desk), CLEAN)
    model.begin(BatchAction.RELEASE)
    signing = await model.submit()
    assert signing is not None
    ended = await signing.sign("floor")
    assert ended.phase is Phase.UNANSWERED
    await signing.sign("floor")
    assert len(desk.commands.saved) == 1


async def test_a_batch_that_is_not_here_is_shown_as_missing() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model, _ = model_of(desk)
    await model.open(BatchId(desk.world.fresh()))
    assert model.state.value.missing


async def test_opening_another_batch_forgets_the_decision_on_the_one_before() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk)
    model.comment("Half a comment")
    await model.open(desk.batch_id("B-2026-0141"))
    assert model.state.value.verdict.comment == ""
    assert model.state.value.batch is not None
    assert model.state.value.batch.number == "B-2026-0141"


async def test_a_change_by_others_keeps_the_selection_and_the_half_written_comment() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk)
    model.step_on(1)
    selected = model.state.value.selected
    model.comment("Half a comment")
    raise_deviation(desk.world, "Leaking blister", 1, batch=TROUBLED)
    await model.load()
    state = model.state.value
    assert state.selected == selected
    assert state.verdict.comment == "Half a comment"
    assert replace(state.counts, deviations=2) == state.counts


async def test_a_half_written_comment_belongs_to_its_exception_and_waits_there() -> None:
    model = await opened(desk_of(Role.QA_REVIEWER))
    model.comment("Asked Ana about")
    model.step_on(1)
    assert model.state.value.verdict.comment == ""
    model.step_on(-1)
    assert model.state.value.verdict.comment == "Asked Ana about"


async def test_the_next_person_does_not_see_what_the_last_one_half_wrote() -> None:
    desk = desk_of(Role.QA_HEAD)
    model = await opened(desk, CLEAN)
    model.begin(BatchAction.PLACE_QA_HOLD)
    model.write("Because of")
    await desk.session.sign_out()
    await desk.session.sign_in("eva.mlakar", "floor")
    await model.load()
    assert model.state.value.form is None


async def test_nothing_is_asked_while_nobody_is_signed_in() -> None:
    desk = desk_of(Role.QA_HEAD)
    model = await opened(desk, CLEAN)
    await desk.session.sign_out()
    before = model.state.value
    await model.load()
    assert model.state.value == before


async def test_news_of_other_batches_are_no_reason_to_read_this_one_again() -> None:
    desk = desk_of(Role.QA_REVIEWER)
    model = await opened(desk)
    kinds, mine, other = frozenset({"step"}), desk.batch_id(TROUBLED), desk.batch_id(CLEAN)
    assert model.concerned_by(Changed(tick=1, kinds=kinds, batches=frozenset({mine})))
    assert model.concerned_by(Changed(tick=1, kinds=frozenset({"station"}), batches=frozenset()))
    assert model.concerned_by(Changed(tick=1, kinds=frozenset({"plant"}), batches=frozenset({other})))
    assert not model.concerned_by(Changed(tick=1, kinds=kinds, batches=frozenset({other})))


def test_what_thinks_for_quality_needs_no_qt() -> None:
    modules = (
        "ui.signing",
        "ui.screens.deviations.view_model",
        "ui.screens.deviations.detail_model",
        "ui.screens.deviations.raise_model",
        "ui.screens.deviations.forms",
        "ui.screens.review.view_model",
        "ui.screens.review.file_model",
        "ui.screens.review.record_lines",
        "ui.screens.sync.view_model",
    )
    code = (
        f"import sys, {', '.join(modules)}; sys.exit(any(name.startswith('PySide6') for name in sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode
        == 0
    )
