"""One batch from plan to disposition, and each refusal on the way."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from app.domain.batch import (
    AbortBatch,
    AmendBatch,
    BatchStatus,
    CreateBatch,
    HoldBatch,
    IssueBatch,
    Origin,
    ResumeBatch,
    StartBatch,
)
from app.domain.decision import Decision, Reason
from app.domain.deviation import (
    CancelDeviation,
    ClassifyDeviation,
    CloseDeviation,
    Deviation,
    DeviationClass,
    DeviationStatus,
    InvestigateDeviation,
    Investigation,
    RaiseDeviation,
    ReopenDeviation,
)
from app.domain.entry import ChooseEntry, CorrectEntry, SkipStep
from app.domain.exception import AssessException, ExceptionAction, ReviewException, Rule, Severity
from app.domain.identity import DeviationId, MasterId
from app.domain.master_record import ApproveMasterRecord, MasterStatus
from app.domain.permissions import Role
from app.domain.quantity import Quantity, Verdict
from app.domain.review import (
    CompleteBatch,
    DecideDisposition,
    DeclareClear,
    Disposition,
    ReturnBatch,
    ReviewProduction,
    ReviewQuality,
    manifest_of,
    release_blockers,
    stands,
)
from app.domain.signature import Meaning
from app.domain.stage import CompleteStage, Stage, StageStatus, StartStage
from app.domain.step import StepStatus
from tests.domain.builders import NOW, Floor, master, person


def rules(floor: Floor) -> list[Rule]:
    return [each.rule for each in floor.facts.every(ReviewException)]


def reviewed(floor: Floor) -> Floor:
    """Through both reviews."""
    floor.do(
        ReviewProduction(batch_id=floor.batch_id, manifest=manifest_of(floor.facts, floor.batch)),
        floor.manager,
    )
    floor.do(
        ReviewQuality(
            batch_id=floor.batch_id, manifest=manifest_of(floor.facts, floor.batch), audit_trail_reviewed=True
        ),
        floor.reviewer,
    )
    return floor


def release(floor: Floor) -> DecideDisposition:
    return DecideDisposition(
        batch_id=floor.batch_id,
        disposition=Disposition.RELEASE,
        manifest=manifest_of(floor.facts, floor.batch),
    )


def raise_deviation(floor: Floor, **more: Any) -> RaiseDeviation:
    values: dict[str, Any] = {
        "deviation_id": DeviationId(uuid4()),
        "title": "Weight out of limit",
        "description": "Net weight 11.0 kg",
        "immediate_action": "Container set aside",
        "occurred_at": NOW,
        "noticed_at": NOW,
        "batch_id": floor.batch_id,
    }
    return RaiseDeviation(**(values | more))


def found() -> Investigation:
    return Investigation(
        root_cause="Scale not tared",
        method="5 whys",
        evidence="Scale log",
        impact="None on quality",
        other_batches="None affected",
        correction="Re-weighed",
    )


@pytest.mark.req("R41")
@pytest.mark.req("R47")
def test_a_clean_batch_is_released_by_the_qa_head_alone() -> None:
    floor = reviewed(Floor().executed())
    assert floor.refused(release(floor), floor.reviewer).reason is Reason.NOT_PERMITTED
    floor.do(release(floor), floor.head)
    assert floor.batch.status is BatchStatus.RELEASED
    assert [each.meaning for each in floor.batch.signatures] == [
        Meaning.ISSUED,
        Meaning.PERFORMED,
        Meaning.REVIEWED_PRODUCTION,
        Meaning.REVIEWED_QUALITY,
        Meaning.RELEASED,
    ]
    assert floor.batch.signatures[-1].printed_name == "Hugo"


@pytest.mark.req("R41")
def test_a_batch_is_not_released_before_quality_reviewed_it() -> None:
    floor = Floor().executed()
    assert floor.refused(release(floor), floor.head).reason is Reason.WRONG_STATUS


def test_release_lists_every_open_deviation_as_a_reason() -> None:
    floor = Floor().executed()
    floor.do(raise_deviation(floor), floor.officer, number="DEV-1")
    reviewed(floor)
    refusal = floor.refused(release(floor), floor.head)
    assert refusal.reason is Reason.RELEASE_BLOCKED
    assert [(each.what, each.detail) for each in refusal.blockers] == [("deviation_unclassified", "DEV-1")]


@pytest.mark.req("R19")
def test_a_change_after_the_review_makes_the_signature_stand_no_longer() -> None:
    floor = reviewed(Floor().executed())
    signature = floor.batch.signatures[-1]
    assert stands(signature, floor.facts, floor.batch)
    late = CorrectEntry(
        batch_id=floor.batch_id,
        stage_key="pack",
        step_key="count",
        corrects=floor.step("pack", "count").entries[0].id,
        value="confirmed",
        reason="signed the wrong line",
    )
    floor.do(late, floor.manager)
    assert not stands(signature, floor.facts, floor.batch)
    blocked = floor.refused(release(floor), floor.head)
    assert "changed_since_review" in {each.what for each in blocked.blockers}
    assert "stage_incomplete" in {each.what for each in blocked.blockers}


@pytest.mark.req("R18")
def test_a_signature_over_another_manifest_is_refused() -> None:
    floor = Floor().executed()
    stale = ReviewProduction(batch_id=floor.batch_id, manifest="00" * 32)
    assert floor.refused(stale, floor.manager).reason is Reason.CHANGED_SINCE_SHOWN


def test_a_workstation_that_has_not_declared_itself_clear_blocks_the_review() -> None:
    floor = Floor(stations=2)
    floor.executed()
    lonely = floor.stations[1]
    floor.facts.put(replace(floor.batch, completions=2))
    blockers = release_blockers(floor.facts, floor.batch)
    assert [each.detail for each in blockers if each.what == "station_unsynced"] == ["Panel 1", "Panel 2"]
    stale = DeclareClear(batch_id=floor.batch_id, counter=3, completions=1)
    assert floor.refused(stale, floor.officer, station_id=lonely.id).reason is Reason.CHANGED_SINCE_SHOWN


def test_no_workstation_is_asked_about_a_transcribed_batch() -> None:
    floor = Floor().executed()
    floor.facts.put(replace(floor.batch, completions=2))
    assert "station_unsynced" in {each.what for each in release_blockers(floor.facts, floor.batch)}
    floor.facts.put(replace(floor.batch, origin=Origin.TRANSCRIBED))
    assert "station_unsynced" not in {each.what for each in release_blockers(floor.facts, floor.batch)}


@pytest.mark.req("R35")
def test_nobody_reviews_what_they_performed() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.manager)
    floor.fill("blend")
    floor.do(CompleteStage(batch_id=floor.batch_id, stage_key="blend"), floor.officer)
    floor.do(StartStage(batch_id=floor.batch_id, stage_key="pack"), floor.officer)
    floor.fill("pack")
    floor.do(CompleteStage(batch_id=floor.batch_id, stage_key="pack"), floor.officer)
    floor.do(CompleteBatch(batch_id=floor.batch_id), floor.officer)
    review = ReviewProduction(batch_id=floor.batch_id, manifest=manifest_of(floor.facts, floor.batch))
    assert floor.refused(review, floor.manager).reason is Reason.NOT_INDEPENDENT


@pytest.mark.req("R45")
def test_a_quality_review_without_the_audit_trail_is_refused() -> None:
    floor = Floor().executed()
    floor.do(
        ReviewProduction(batch_id=floor.batch_id, manifest=manifest_of(floor.facts, floor.batch)),
        floor.manager,
    )
    review = ReviewQuality(
        batch_id=floor.batch_id, manifest=manifest_of(floor.facts, floor.batch), audit_trail_reviewed=False
    )
    assert floor.refused(review, floor.reviewer).detail == ("audit trail",)


def test_an_unjudged_exception_blocks_the_quality_review_and_a_comment_settles_it() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer)
    floor.do(floor.record("blend", "weight", "11.0"), floor.officer)
    floor.do(floor.verify("blend", "weight"), floor.second)
    floor.fill("blend")
    floor.do(CompleteStage(batch_id=floor.batch_id, stage_key="blend"), floor.officer)
    floor.do(StartStage(batch_id=floor.batch_id, stage_key="pack"), floor.officer)
    floor.fill("pack")
    floor.do(CompleteStage(batch_id=floor.batch_id, stage_key="pack"), floor.officer)
    floor.do(CompleteBatch(batch_id=floor.batch_id), floor.officer)
    floor.clear()
    floor.do(
        ReviewProduction(batch_id=floor.batch_id, manifest=manifest_of(floor.facts, floor.batch)),
        floor.manager,
    )
    review = ReviewQuality(
        batch_id=floor.batch_id, manifest=manifest_of(floor.facts, floor.batch), audit_trail_reviewed=True
    )
    refusal = floor.refused(review, floor.reviewer)
    assert [each.what for each in refusal.blockers] == ["exception_open"]
    exception = floor.facts.every(ReviewException)[0]
    assert exception.severity is Severity.STOP
    accept = AssessException(
        batch_id=floor.batch_id,
        exception_id=exception.id,
        action=ExceptionAction.ACCEPT,
        comment="Re-weighed",
    )
    assert floor.refused(accept, floor.officer).reason is Reason.NOT_PERMITTED
    assert floor.refused(replace(accept, comment=" "), floor.reviewer).reason is Reason.REASON_MISSING
    floor.do(accept, floor.reviewer)
    assert floor.refused(accept, floor.reviewer).reason is Reason.WRONG_STATUS
    again = replace(review, manifest=manifest_of(floor.facts, floor.batch))
    floor.do(again, floor.reviewer)
    assert floor.batch.status is BatchStatus.REVIEWED


@pytest.mark.req("R41")
def test_an_exception_is_escalated_only_to_an_open_deviation_of_its_batch() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer)
    floor.do(floor.record("blend", "weight", "11.0"), floor.officer)
    exception = floor.facts.every(ReviewException)[0]

    def escalate(deviation_id: DeviationId) -> AssessException:
        return AssessException(
            batch_id=floor.batch_id,
            exception_id=exception.id,
            action=ExceptionAction.ESCALATE,
            comment="Investigate",
            deviation_id=deviation_id,
        )

    nowhere = floor.refused(escalate(DeviationId(uuid4())), floor.reviewer)
    assert (nowhere.reason, nowhere.detail) == (Reason.UNKNOWN_HERE, ("deviation",))
    elsewhere = raise_deviation(floor, batch_id=None, exception_id=exception.id)
    floor.do(elsewhere, floor.officer)
    assert floor.facts.every(ReviewException)[0].unsettled
    assert floor.refused(escalate(elsewhere.deviation_id), floor.reviewer).reason is Reason.UNKNOWN_HERE
    cancelled, ours = raise_deviation(floor), raise_deviation(floor)
    floor.do(cancelled, floor.officer)
    floor.do(CancelDeviation(deviation_id=cancelled.deviation_id, reason="Twice"), floor.reviewer)
    assert floor.refused(escalate(cancelled.deviation_id), floor.reviewer).reason is Reason.WRONG_STATUS
    floor.do(ours, floor.officer)
    floor.do(escalate(ours.deviation_id), floor.reviewer)
    assert not floor.facts.every(ReviewException)[0].unsettled
    assert "deviation_unclassified" in {each.what for each in release_blockers(floor.facts, floor.batch)}


@pytest.mark.req("R41")
def test_whoever_signed_the_batch_as_performed_does_not_review_it() -> None:
    floor = Floor().executed()
    floor.do(ReturnBatch(batch_id=floor.batch_id, reason="Handed over too early"), floor.manager)
    floor.do(CompleteBatch(batch_id=floor.batch_id), floor.manager)
    review = ReviewProduction(batch_id=floor.batch_id, manifest=manifest_of(floor.facts, floor.batch))
    assert floor.refused(review, floor.manager).reason is Reason.NOT_INDEPENDENT
    floor.do(review, person(Role.PRODUCTION_HEAD))


def test_a_deviation_is_not_cancelled_by_whoever_reported_it() -> None:
    floor = Floor().started()
    raised = raise_deviation(floor)
    floor.do(raised, floor.reviewer)
    cancel = CancelDeviation(deviation_id=raised.deviation_id, reason="None after all")
    assert floor.refused(cancel, floor.reviewer).reason is Reason.NOT_INDEPENDENT
    floor.do(cancel, floor.head)


def test_a_time_without_its_zone_is_no_answer() -> None:
    floor = Floor().running()
    told = NOW.replace(tzinfo=None)
    early = floor.record("blend", "clear", performed_at=told, late_reason="Tablet was flat")
    refusal = floor.refused(early, floor.officer)
    assert (refusal.reason, refusal.detail) == (Reason.WRONG_VALUE, ("performed_at",))
    assert floor.refused(raise_deviation(floor, noticed_at=told), floor.officer).detail == ("noticed_at",)
    late = floor.refused(raise_deviation(floor), floor.officer, performed_at=told)
    assert late.detail == ("performed_at",)


def test_a_returned_batch_asks_for_review_anew() -> None:
    floor = Floor().executed()
    back = ReturnBatch(batch_id=floor.batch_id, reason="Step count lacks a comment")
    assert floor.refused(replace(back, reason=""), floor.manager).reason is Reason.REASON_MISSING
    floor.do(back, floor.manager)
    assert floor.batch.status is BatchStatus.IN_PROGRESS
    floor.do(CompleteBatch(batch_id=floor.batch_id), floor.officer)
    assert floor.batch.completions == 2
    assert "station_unsynced" in {each.what for each in release_blockers(floor.facts, floor.batch)}


@pytest.mark.req("R33")
def test_a_batch_is_issued_only_with_the_hash_of_its_master() -> None:
    floor = Floor().planned()
    wrong = IssueBatch(batch_id=floor.batch_id, master_hash="00" * 32)
    assert floor.refused(wrong, floor.manager).reason is Reason.CHANGED_SINCE_SHOWN


def test_creating_a_batch_needs_the_server_an_effective_master_and_a_free_number() -> None:
    floor = Floor().planned()
    create = CreateBatch(
        master_id=floor.master.id, number="N-2", quantity=Quantity(value=Decimal(1), unit="kg"), line=""
    )
    assert floor.refused(create, floor.manager).reason is Reason.NEEDS_SERVER
    taken = replace(create, number="N-1")
    assert floor.refused(taken, floor.manager, fresh_id=uuid4()).reason is Reason.NUMBER_TAKEN
    unknown = replace(create, master_id=MasterId(uuid4()))
    assert floor.refused(unknown, floor.manager, fresh_id=uuid4()).reason is Reason.NOT_FOUND
    nothing = replace(create, quantity=Quantity(value=Decimal(0), unit="kg"))
    assert floor.refused(nothing, floor.manager, fresh_id=uuid4()).reason is Reason.WRONG_VALUE
    unnumbered = replace(create, number=" ")
    assert floor.refused(unnumbered, floor.manager, fresh_id=uuid4()).reason is Reason.FIELD_MISSING
    assert floor.refused(create, floor.officer, fresh_id=uuid4()).reason is Reason.NOT_PERMITTED
    draft = master(status=MasterStatus.DRAFT)
    floor.facts.put(draft)
    early = replace(create, master_id=draft.id)
    assert floor.refused(early, floor.manager, fresh_id=uuid4()).reason is Reason.MASTER_NOT_EFFECTIVE


def test_a_plan_is_amended_only_on_the_version_that_was_seen() -> None:
    floor = Floor().planned()
    amend = AmendBatch(
        batch_id=floor.batch_id,
        base_revision=floor.batch.revision,
        quantity=Quantity(value=Decimal(50000), unit="tablets"),
        line="Line 2",
        planned_start=NOW + timedelta(days=1),
        reason="Half batch",
    )
    assert floor.refused(replace(amend, base_revision=7), floor.manager).reason is Reason.STALE_VERSION
    assert floor.refused(replace(amend, reason=""), floor.manager).reason is Reason.REASON_MISSING
    floor.do(amend, floor.manager)
    assert floor.batch.quantity.value == Decimal(50000)


def test_hold_resume_and_abort_keep_their_reason() -> None:
    floor = Floor().started()
    assert (
        floor.refused(HoldBatch(batch_id=floor.batch_id, reason=""), floor.officer).reason
        is Reason.REASON_MISSING
    )
    floor.do(HoldBatch(batch_id=floor.batch_id, reason="Power dip"), floor.officer)
    assert (floor.batch.status, floor.batch.holds) == (BatchStatus.ON_HOLD, 1)
    floor.do(ResumeBatch(batch_id=floor.batch_id, reason="Power back"), floor.officer)
    floor.do(AbortBatch(batch_id=floor.batch_id, reason="Hopper broken"), floor.manager)
    assert floor.batch.status is BatchStatus.ABORTED
    assert floor.refused(StartBatch(batch_id=floor.batch_id), floor.officer).reason is Reason.WRONG_STATUS


@pytest.mark.req("R9")
def test_before_the_seal_a_step_out_of_order_is_prevented_and_after_it_an_exception() -> None:
    floor = Floor().running()
    early = floor.record("blend", "look")
    refusal = floor.refused(early, floor.officer, interactive=True)
    assert (refusal.reason, refusal.detail) == (Reason.STEP_OUT_OF_ORDER, ("Look", "Clear"))
    floor.do(early, floor.officer)
    assert rules(floor) == [Rule.OUT_OF_ORDER]


@pytest.mark.req("R9")
def test_a_stage_does_not_start_before_the_one_above_is_completed() -> None:
    floor = Floor().running()
    refusal = floor.refused(StartStage(batch_id=floor.batch_id, stage_key="pack"), floor.officer)
    assert (refusal.reason, refusal.detail) == (Reason.STAGE_OUT_OF_ORDER, ("Packing", "Blending"))


def test_a_stage_is_completed_only_when_every_step_is_settled() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer)
    floor.do(floor.record("blend", "weight"), floor.officer)
    complete = CompleteStage(batch_id=floor.batch_id, stage_key="blend")
    assert floor.refused(complete, floor.officer).detail == ("Weight", "Look", "Note", "Mix")
    assert (
        floor.refused(CompleteBatch(batch_id=floor.batch_id), floor.officer).reason
        is Reason.STAGES_INCOMPLETE
    )


def test_an_entry_that_arrives_after_the_release_is_kept_with_a_stop() -> None:
    floor = reviewed(Floor().executed())
    floor.do(release(floor), floor.head)
    floor.do(floor.record("pack", "count"), floor.second)
    assert floor.step("pack", "count").status is StepStatus.CONTESTED
    stops = [each for each in floor.facts.every(ReviewException) if each.severity is Severity.STOP]
    assert {each.rule for each in stops} == {Rule.OUT_OF_STATE, Rule.CONTESTED}


def test_what_an_unauthorised_person_sealed_is_kept_and_stopped() -> None:
    floor = Floor().running()
    outsider = floor.head
    assert (
        floor.refused(floor.record("blend", "clear"), outsider, interactive=True).reason
        is Reason.NOT_PERMITTED
    )
    floor.do(floor.record("blend", "clear"), outsider)
    assert rules(floor) == [Rule.NOT_AUTHORISED]


@pytest.mark.req("R7")
def test_a_correction_leaves_the_original_visible_and_asks_for_verification_again() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer)
    floor.do(floor.record("blend", "weight", "10.4"), floor.officer)
    floor.do(floor.verify("blend", "weight"), floor.second)
    first = floor.step("blend", "weight").entries[0]
    correct = CorrectEntry(
        batch_id=floor.batch_id,
        stage_key="blend",
        step_key="weight",
        corrects=first.id,
        value="10.1",
        reason="Read the wrong line",
    )
    assert floor.refused(replace(correct, reason=""), floor.manager).reason is Reason.REASON_MISSING
    assert floor.refused(correct, floor.officer, interactive=True).reason is Reason.NOT_PERMITTED
    floor.do(correct, floor.manager)
    step = floor.step("blend", "weight")
    assert [each.value for each in step.entries] == ["10.4", "10.1"]
    assert step.entries[1].corrects == first.id
    assert (step.status, step.verified) == (StepStatus.AWAITING_VERIFICATION, None)


@pytest.mark.req("R19")
def test_a_correction_in_a_signed_stage_unsigns_the_stage() -> None:
    floor = Floor().running()
    floor.fill("blend")
    floor.do(CompleteStage(batch_id=floor.batch_id, stage_key="blend"), floor.officer)
    floor.do(
        CorrectEntry(
            batch_id=floor.batch_id,
            stage_key="blend",
            step_key="note",
            corrects=floor.step("blend", "note").entries[0].id,
            value="a scratch on the drum",
            reason="forgot it",
        ),
        floor.officer,
    )
    stage = floor.facts.every(Stage, key="blend")[0]
    assert (stage.status, stage.performed) == (StageStatus.IN_PROGRESS, None)


def test_two_answers_to_one_step_are_both_kept_and_a_third_person_chooses() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer)
    floor.do(floor.record("blend", "weight", "10.0"), floor.officer)
    floor.do(floor.record("blend", "weight", "10.2"), floor.second)
    step = floor.step("blend", "weight")
    assert (step.status, step.current) == (StepStatus.CONTESTED, None)
    assert [each.value for each in step.entries] == ["10.0", "10.2"]
    choose = ChooseEntry(
        batch_id=floor.batch_id,
        stage_key="blend",
        step_key="weight",
        entry_id=step.entries[1].id,
        reason="Second scale is calibrated",
    )
    assert floor.refused(choose, floor.officer).reason is Reason.NOT_PERMITTED
    assert floor.refused(replace(choose, reason=""), floor.manager).reason is Reason.REASON_MISSING
    floor.do(choose, floor.manager)
    settled = floor.step("blend", "weight")
    assert settled.current == step.entries[1]
    assert settled.status is StepStatus.AWAITING_VERIFICATION
    assert floor.refused(choose, floor.manager).reason is Reason.NOT_CONTESTED


@pytest.mark.req("R35")
def test_the_performer_cannot_verify_and_a_verification_binds_what_was_seen() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer)
    early = floor.record("blend", "weight")
    floor.do(early, floor.officer)
    verify = floor.verify("blend", "weight")
    assert floor.refused(verify, floor.officer).reason is Reason.VERIFIER_IS_PERFORMER
    assert (
        floor.refused(replace(verify, entry_seal="other"), floor.second).reason is Reason.CHANGED_SINCE_SHOWN
    )
    assert floor.refused(replace(verify, step_key="look"), floor.second).reason is Reason.NOTHING_TO_VERIFY
    assert floor.refused(replace(verify, step_key="clear"), floor.second).reason is Reason.NOT_VERIFIABLE
    floor.do(verify, floor.second)
    assert floor.step("blend", "weight").status is StepStatus.VERIFIED


@pytest.mark.parametrize(
    ("step_key", "value"),
    [
        ("clear", "maybe"),
        ("weight", "ten"),
        ("weight", "NaN"),
        ("look", "blue"),
        ("note", "  "),
        ("mix", "-1"),
    ],
)
def test_what_cannot_be_an_answer_is_refused(step_key: str, value: str) -> None:
    floor = Floor().running()
    assert floor.refused(floor.record("blend", step_key, value), floor.officer).reason is Reason.WRONG_VALUE


def test_limits_keep_their_bounds_and_every_digit() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer)
    floor.do(floor.record("blend", "weight", "10.50"), floor.officer)
    entry = floor.step("blend", "weight").current
    assert entry is not None
    assert (entry.value, entry.verdict) == ("10.50", Verdict.WITHIN)
    assert rules(floor) == []


@pytest.mark.req("R29")
def test_a_late_entry_needs_a_reason_and_shows_as_an_exception() -> None:
    floor = Floor().running()
    late = floor.record("blend", "clear", performed_at=NOW - timedelta(hours=2))
    assert floor.refused(late, floor.officer, interactive=True).reason is Reason.REASON_MISSING
    floor.do(replace(late, late_reason="Hands were full"), floor.officer)
    assert rules(floor) == [Rule.LATE_ENTRY]


@pytest.mark.req("R30")
def test_a_clock_that_is_off_and_an_outage_are_exceptions_not_refusals() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer, offline=True, clock_offset=timedelta(minutes=-9))
    assert sorted(rules(floor)) == sorted([Rule.CLOCK_OFF, Rule.ENTERED_OFFLINE])


def test_a_step_that_does_not_apply_says_why() -> None:
    floor = Floor().running()
    skip = SkipStep(batch_id=floor.batch_id, stage_key="blend", step_key="clear", reason="")
    assert floor.refused(skip, floor.officer).reason is Reason.REASON_MISSING
    floor.do(replace(skip, reason="Dedicated line"), floor.officer)
    assert floor.step("blend", "clear").status is StepStatus.NOT_APPLICABLE
    assert rules(floor) == [Rule.NOT_APPLICABLE]


def test_a_second_delivery_raises_the_same_exception_once() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer)
    out = floor.record("blend", "weight", "12")
    context = floor.context(floor.officer)
    first = floor.do(out, floor.officer, command_id=context.command_id)
    second = floor.ask(out, floor.officer, command_id=context.command_id)
    assert isinstance(second, Decision)
    ids = [change.after.id for change in first.changes if isinstance(change.after, ReviewException)]
    assert set(ids) <= {change.after.id for change in second.changes}


@pytest.mark.req("R41")
def test_a_deviation_is_classified_investigated_and_closed_by_someone_else() -> None:
    floor = Floor().running()
    floor.do(floor.record("blend", "clear"), floor.officer)
    floor.do(floor.record("blend", "weight", "11.0"), floor.officer)
    exception = floor.facts.every(ReviewException)[0]
    raised = raise_deviation(floor, exception_id=exception.id)
    floor.do(raised, floor.officer, number="DEV-7")
    key = raised.deviation_id
    linked = floor.facts.one(ReviewException, exception.id)
    assert linked is not None
    assert (linked.deviation_id, linked.unsettled) == (key, False)
    investigate = InvestigateDeviation(deviation_id=key, investigation=found())
    assert floor.refused(investigate, floor.manager).reason is Reason.WRONG_STATUS
    classify = ClassifyDeviation(deviation_id=key, classification=DeviationClass.MINOR, reason="Isolated")
    assert floor.refused(classify, floor.manager).reason is Reason.NOT_PERMITTED
    floor.do(classify, floor.reviewer)
    empty = InvestigateDeviation(deviation_id=key, investigation=replace(found(), evidence=""))
    assert floor.refused(empty, floor.manager).detail == ("evidence",)
    floor.do(investigate, floor.manager)
    deviation = floor.facts.one(Deviation, key)
    assert deviation is not None
    close = CloseDeviation(
        deviation_id=key, base_revision=deviation.revision, capa_required=False, conclusion="No impact"
    )
    assert floor.refused(close, floor.manager).reason is Reason.NOT_PERMITTED
    assert floor.refused(replace(close, base_revision=1), floor.reviewer).reason is Reason.CHANGED_SINCE_SHOWN
    floor.do(close, floor.reviewer)
    closed = floor.facts.one(Deviation, key)
    assert closed is not None
    assert (closed.status, closed.number) == (DeviationStatus.CLOSED, "DEV-7")
    floor.do(ReopenDeviation(deviation_id=key, reason="New finding"), floor.reviewer)


def test_the_investigator_cannot_close_the_deviation() -> None:
    floor = Floor().started()
    raised = raise_deviation(floor)
    floor.do(raised, floor.officer)
    key = raised.deviation_id
    floor.do(
        ClassifyDeviation(deviation_id=key, classification=DeviationClass.MAJOR, reason="r"), floor.reviewer
    )
    floor.do(InvestigateDeviation(deviation_id=key, investigation=found()), floor.reviewer)
    deviation = floor.facts.one(Deviation, key)
    assert deviation is not None
    close = CloseDeviation(
        deviation_id=key, base_revision=deviation.revision, capa_required=False, conclusion="c"
    )
    assert floor.refused(close, floor.reviewer).reason is Reason.NOT_INDEPENDENT


def test_a_deviation_is_raised_whatever_the_batch_is_in() -> None:
    floor = reviewed(Floor().executed())
    floor.do(release(floor), floor.head)
    floor.do(raise_deviation(floor), floor.officer)
    assert floor.refused(raise_deviation(floor, title=" "), floor.officer).reason is Reason.FIELD_MISSING


@pytest.mark.req("R32")
def test_author_and_approver_of_a_master_record_are_two_people() -> None:
    floor = Floor()
    author = person(floor.head.role, "Author")
    draft = master(
        status=MasterStatus.DRAFT,
        signatures=(floor.context(author).sign(Meaning.PREPARED),),
    )
    floor.facts.put(draft)
    approve = ApproveMasterRecord(master_id=draft.id, content_hash=draft.content_hash)
    assert floor.refused(approve, author).reason is Reason.NOT_INDEPENDENT
    assert floor.refused(replace(approve, content_hash="00"), floor.head).reason is Reason.CHANGED_SINCE_SHOWN
    assert floor.refused(approve, floor.manager).reason is Reason.NOT_PERMITTED
    floor.do(approve, floor.head)
    assert floor.refused(approve, floor.head).reason is Reason.WRONG_STATUS
