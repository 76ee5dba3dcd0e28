"""Working through a stage, without a window."""

from datetime import timedelta

import pytest

from app.client.ports import Mark
from app.domain.decision import Reason, Refusal
from app.domain.entry import CorrectEntry, RecordEntry
from app.domain.identity import CommandId
from app.domain.permissions import Role
from app.domain.quantity import Verdict
from app.domain.stage import StageStatus, StartStage
from app.domain.step import StepStatus
from tests.support.desk import SampleDesk, sample_desk
from ui import text
from ui.drafts import MemoryDrafts
from ui.screens.stage.card import Mode, StepCard
from ui.screens.stage.draft import StepDraft, from_text, key_of
from ui.screens.stage.view_model import StageViewModel

BUSY = "B-2026-0147"


async def at(
    desk: SampleDesk,
    step: str,
    *,
    number: str = BUSY,
    stage: str = "compression",
    drafts: MemoryDrafts | None = None,
) -> StageViewModel:
    model = StageViewModel(desk, lambda: desk.world.now, drafts or MemoryDrafts())
    await model.open(desk.batch_id(number), stage, step)
    return model


def card(model: StageViewModel) -> StepCard:
    shown = model.state.value.card
    assert shown is not None
    return shown


async def test_a_stage_opens_at_the_step_that_is_due() -> None:
    model = await at(sample_desk(), "")
    assert card(model).key == "yield"
    assert [line.key for line in model.state.value.steps if line.now] == ["yield"]
    assert model.state.value.answered == 7


async def test_a_reading_is_judged_as_it_is_typed() -> None:
    model = await at(sample_desk(), "yield")
    model.type("97.1")
    assert card(model).verdict is Verdict.WITHIN
    assert not card(model).comment_asked
    model.type("94.1")
    assert card(model).verdict is Verdict.BELOW
    assert (
        card(model).out_words
        == "94.1\N{NO-BREAK SPACE}% is below the limit. The limit is 95.0 to 101.0\N{NO-BREAK SPACE}%."
    )
    assert card(model).comment_asked


async def test_a_decimal_comma_is_recorded_as_the_rulebook_spells_it() -> None:
    desk = sample_desk()
    model = await at(desk, "yield")
    model.type("97,10")
    assert await model.save()
    command = desk.commands.saved[-1]
    assert isinstance(command, RecordEntry)
    assert command.value == "97.10"


async def test_out_of_limit_is_not_saved_without_a_comment() -> None:
    desk = sample_desk()
    model = await at(desk, "yield")
    model.type("94.1")
    assert not await model.save()
    assert "out of its limit" in card(model).problem
    assert desk.commands.saved == []
    model.comment("Filter bag blocked, powder lost in the duct.")
    assert await model.save()
    assert card(model).key == "yield", "the deviation is raised from here"
    assert card(model).out
    assert card(model).exceptions


async def test_a_deviation_starts_with_everything_that_is_known() -> None:
    model = await at(sample_desk(), "yield")
    model.type("94.1")
    model.comment("Powder lost in the duct.")
    assert await model.save()
    context = model.deviation_context()
    assert context is not None
    assert (context.batch_number, context.stage_name, context.step_title) == (BUSY, "Compression", "Yield")
    assert context.exception_id is not None
    assert "94.1" in context.description
    assert "Powder lost" in context.description
    assert context.occurred_at is not None


async def test_saving_goes_on_to_the_next_step_without_an_answer() -> None:
    desk = sample_desk()
    model = await at(desk, "", number="B-2026-0148")
    assert model.state.value.start.allowed
    assert await model.start_stage()
    assert card(model).key == "clearance"
    assert await model.save()
    assert card(model).key == "clearance", "a second person has to sign it first"
    assert await model.verify("marko.zupan", "floor") == ""
    assert card(model).key == "tooling"
    model.type("T-88")
    assert await model.save()
    assert card(model).key == "force"


async def test_a_saved_value_says_where_it_is_until_the_server_has_it() -> None:
    desk = sample_desk()
    model = await at(desk, "yield")
    model.type("97.1")
    await model.save()
    current = card(model).current
    assert current is not None
    assert current.mark is Mark.SAVED_HERE
    desk.deliver()
    await model.reload()
    current = card(model).current
    assert current is not None
    assert current.mark is Mark.ACCEPTED


async def test_a_half_typed_value_survives_leaving_the_screen() -> None:
    desk, drafts = sample_desk(), MemoryDrafts()
    model = await at(desk, "yield", drafts=drafts)
    model.type("97.")
    model.choose_step("weight")
    assert card(model).typed == ""
    again = await at(desk, "yield", drafts=drafts)
    assert card(again).typed == "97."
    assert next(line for line in again.state.value.steps if line.key == "yield").half_typed


async def test_a_refusal_keeps_what_was_typed_and_says_its_sentence() -> None:
    desk = sample_desk()
    model = await at(desk, "yield")
    model.type("97.1")
    refusal = Refusal(reason=Reason.STAGE_NOT_RUNNING, detail=("Compression",))
    desk.commands.refuse_next = refusal
    assert not await model.save()
    assert model.state.value.refused == text.refusal(refusal)
    assert card(model).typed == "97.1"
    assert not model.state.value.busy


async def test_a_double_tap_is_one_entry() -> None:
    import asyncio

    desk = sample_desk()
    model = await at(desk, "yield")
    model.type("97.1")
    first, second = await asyncio.gather(model.save(), model.save())
    assert (first, second) == (True, False)
    assert len(desk.commands.saved) == 1


@pytest.mark.req("R7")
async def test_a_correction_asks_why_and_leaves_the_old_value_visible() -> None:
    desk = sample_desk()
    model = await at(desk, "weight")
    model.begin_correction()
    assert card(model).mode is Mode.CORRECT
    assert card(model).typed == "201.3"
    model.type("203.1")
    assert not await model.save()
    assert "why" in card(model).problem
    model.reason("Read the wrong line of the display.")
    assert await model.save()
    assert isinstance(desk.commands.saved[-1], CorrectEntry)
    model.choose_step("weight")
    shown = card(model)
    assert shown.current is not None
    assert shown.current.value == "203.1\N{NO-BREAK SPACE}mg"
    assert shown.current.reason == "Read the wrong line of the display."
    assert [old.value for old in shown.older] == ["201.3\N{NO-BREAK SPACE}mg"]


async def test_giving_up_a_correction_leaves_the_entry_as_it_is() -> None:
    desk, drafts = sample_desk(), MemoryDrafts()
    model = await at(desk, "weight", drafts=drafts)
    model.begin_correction()
    model.type("1")
    model.give_up_correction()
    assert card(model).mode is Mode.ANSWERED
    assert drafts.count.value == 0


@pytest.mark.req("R35")
async def test_who_made_an_entry_cannot_verify_it() -> None:
    desk = sample_desk()
    model = await at(desk, "metal")
    assert card(model).verify.shown
    told = await model.verify("ana.kovac", "floor")
    assert told == text.refusal(Refusal(reason=Reason.VERIFIER_IS_PERFORMER))
    assert await model.verify("marko.zupan", "wrong") == text.refusal(Refusal(reason=Reason.WRONG_SECRET))
    assert await model.verify("marko.zupan", "floor") == ""
    model.choose_step("metal")
    assert card(model).verified.startswith("Verified by Marko Zupan")


async def test_a_second_person_who_is_signed_in_is_suggested_as_verifier() -> None:
    model = await at(sample_desk(signed_in=Role.PRODUCTION_MANAGER), "metal")
    assert model.state.value.verifier_login == "petra.novak"
    own = await at(sample_desk(), "metal")
    assert own.state.value.verifier_login == ""


async def test_a_contested_step_shows_both_entries_and_a_supervisor_chooses() -> None:
    officer = await at(sample_desk(), "hardness")
    assert [entry.value for entry in card(officer).contested] == [
        "82\N{NO-BREAK SPACE}N",
        "85\N{NO-BREAK SPACE}N",
    ]
    assert not card(officer).choose.allowed
    assert "may not choose" in card(officer).choose.why_not
    assert "clock +6 min 41 s" in card(officer).contested[0].note
    desk = sample_desk(signed_in=Role.PRODUCTION_MANAGER)
    model = await at(desk, "hardness")
    assert card(model).choose.allowed
    assert await model.choose_entry(card(model).contested[1].id, "The tester's own record says 85.")
    current = card(model).current
    assert current is not None
    assert current.value.startswith("85")
    assert len(card(model).older) == 1


async def test_not_applicable_needs_a_reason_and_moves_on() -> None:
    desk = sample_desk()
    model = await at(desk, "yield")
    assert card(model).skip.allowed
    assert not await model.skip("  ")
    assert model.state.value.refused == text.refusal(Refusal(reason=Reason.REASON_MISSING))
    assert await model.skip("Yield is computed for the whole campaign.")
    model.choose_step("yield")
    assert card(model).status is StepStatus.NOT_APPLICABLE


async def test_steps_of_a_held_batch_say_why_nothing_can_be_entered() -> None:
    model = await at(sample_desk(), "", number="B-2026-0144", stage="blending")
    assert card(model).mode is Mode.CLOSED
    assert card(model).save.why_not == "The batch is “On Hold”: nothing can be entered now."
    assert "Drum door seal" in model.state.value.held


@pytest.mark.req("R9")
async def test_a_step_out_of_order_is_closed_and_names_the_one_before() -> None:
    desk = sample_desk()
    model = await at(desk, "", number="B-2026-0148")
    await model.start_stage()
    model.choose_step("force")
    assert card(model).mode is Mode.CLOSED
    assert "“Line clearance” comes first" in card(model).save.why_not


async def test_a_running_clock_survives_leaving_the_screen() -> None:
    desk, drafts = sample_desk(), MemoryDrafts()
    model = await at(desk, "", number="B-2026-0146", stage="dispensing", drafts=drafts)
    batch_id = desk.batch_id("B-2026-0146")
    for step in ("api_weight",):
        model.choose_step(step)
        model.type("24.00")
        await model.save()
        await model.verify("ana.kovac", "floor")
    await model.verify("petra.novak", "floor")
    assert await model.complete_stage("", "floor") == ""
    await desk.commands.save(StartStage(batch_id=batch_id, stage_key="making"))
    await model.open(batch_id, "making")
    model.type("70")
    await model.save()
    assert card(model).key == "mix"
    model.start_timer()
    again = await at(desk, "mix", number="B-2026-0146", stage="making", drafts=drafts)
    desk.world.now += timedelta(minutes=22)
    again.tick()
    assert card(again).running_since is not None
    assert card(again).elapsed == timedelta(minutes=22)
    again.stop_timer()
    assert card(again).typed == "1320"
    assert card(again).verdict is Verdict.WITHIN
    assert await again.save()


async def test_an_incomplete_stage_says_what_is_missing() -> None:
    model = await at(sample_desk(), "yield")
    complete = model.state.value.complete
    assert complete.shown
    assert not complete.allowed
    assert "Hardness, mean of 10" in complete.why_not


async def test_a_stage_that_is_done_is_signed_and_leads_on() -> None:
    desk = sample_desk()
    model = await at(desk, "", number="B-2026-0148", stage="blending")
    assert model.state.value.status is StageStatus.COMPLETED
    assert model.state.value.signed.startswith("Ana Kovač")
    assert model.state.value.next_stage is not None
    assert model.state.value.next_stage.name == "Compression"


async def test_an_entry_by_the_feed_shows_without_losing_what_is_typed() -> None:
    desk = sample_desk()
    model = await at(desk, "yield")
    model.type("97.")
    assert model.concerns(desk.records.changed.value)
    await model.reload()
    assert card(model).typed == "97."


async def test_a_batch_that_is_not_here_says_so() -> None:
    desk = sample_desk()
    model = StageViewModel(desk, lambda: desk.world.now, MemoryDrafts())
    await model.open(desk.batch_id(BUSY), "no such stage")
    assert model.state.value.missing


async def test_a_refused_pending_entry_shows_its_trouble() -> None:
    desk = sample_desk()
    model = await at(desk, "yield")
    model.type("97.1")
    await model.save()
    current = card(model).current
    assert current is not None
    key = next(iter(desk.board.outbox))
    desk.sync.refuse(CommandId(key), Reason.WRONG_STATUS, ("QA Review", "entry.record"))
    await model.reload()
    current = card(model).current
    assert current is not None
    assert current.mark is Mark.NEEDS_ATTENTION


def test_an_unreadable_draft_is_no_draft() -> None:
    assert from_text("{") == StepDraft()
    assert from_text("[]") == StepDraft()
    assert from_text('{"started_at": "yesterday"}') == StepDraft()
    assert from_text(None).empty


def test_a_draft_comes_back_as_it_was_kept() -> None:
    draft = StepDraft(typed="97,", comment="„So“", correcting=True)
    assert from_text(draft.to_text()) == draft
    assert "step/" in key_of(sample_desk().batch_id(BUSY), "a", "b")


async def test_what_was_half_typed_when_another_entry_came_in_is_shown_and_can_be_forgotten() -> None:
    desk, drafts = sample_desk(), MemoryDrafts()
    model = await at(desk, "yield", drafts=drafts)
    model.type("97.4")
    other = await at(desk, "yield")
    other.type("96.9")
    assert await other.save()
    await model.reload()
    assert card(model).mode is Mode.ANSWERED
    assert card(model).left_over == "“97.4” was typed here and not saved; another entry came in first."
    model.give_up_correction()
    assert card(model).left_over == ""
    assert drafts.count.value == 0


async def test_another_person_finds_their_own_rights_and_no_word_meant_for_the_one_before() -> None:
    desk = sample_desk()
    model = await at(desk, "hardness")
    assert not card(model).choose.allowed
    await desk.session.sign_in("petra.novak", "floor")
    model.refresh()
    assert card(model).choose.allowed
    assert model.state.value.signer == "Petra Novak"


@pytest.mark.req("R29")
async def test_work_done_earlier_is_entered_with_its_time_and_the_reason() -> None:
    desk, drafts = sample_desk(), MemoryDrafts()
    model = await at(desk, "yield", drafts=drafts)
    model.type("97.1")
    moment = desk.world.now - timedelta(minutes=40)
    model.done_earlier(moment, "The workstation was being cleaned.")
    assert "entered now: The workstation was being cleaned." in card(model).late
    model.done_now()
    assert card(model).late == ""
    model.done_earlier(moment, "The workstation was being cleaned.")
    assert await model.save()
    current = card(model).current
    assert current is not None
    assert "entered 22 Nov 2026 14:05" in current.note
    assert current.when.startswith("22 Nov 2026 13:25:09")
    assert any(told.startswith("Entered late") for told in card(model).exceptions)


async def test_work_done_much_earlier_is_not_saved_without_a_reason() -> None:
    desk = sample_desk()
    model = await at(desk, "yield")
    model.type("97.1")
    model.done_earlier(desk.world.now - timedelta(minutes=40), " ")
    assert not await model.save()
    assert model.state.value.refused == text.refusal(Refusal(reason=Reason.REASON_MISSING))
