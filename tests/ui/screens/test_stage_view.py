"""The stage screen as a person meets it, and pictures of every state of it."""

from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.domain.batch import ResumeBatch
from app.domain.decision import Reason, Refusal
from app.domain.entry import RecordEntry
from app.domain.permissions import Role
from app.domain.stage import StartStage
from tests.support.screens import LARGE, SMALL, grab, grab_all, out_directory
from tests.ui.screens.floor_bench import FloorBench, pressed, typed
from tests.ui.screens.frame import framed
from ui import text
from ui.screens.stage.late_dialog import LateDialog
from ui.screens.stage.view import StageView
from ui.tokens import TARGET_STEP, ThemeName, Tone
from ui.widgets.reason_dialog import ReasonDialog
from ui.widgets.sign_dialog import SignDialog
from ui.widgets.sync_mark import Delivery, SyncMark

BUSY = "B-2026-0147"


async def test_enter_saves_and_a_double_tap_saves_once(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "yield")
    typed(view.card.number.line, "97.1")
    assert view.card.bar.verdict is not None
    assert view.card.bar.verdict.text == "Within"
    pressed(view.card.number.line, Qt.Key.Key_Return)
    assert not view.card.save.isEnabled(), "shut at once, before the loop turns"
    view.card.save.click()
    await bench.tasks.settle()
    assert len(bench.desk.commands.saved) == 1
    marks = [mark.delivery for mark in view.card.findChildren(SyncMark) if mark.isVisible()]
    assert marks == [Delivery.SAVED]


async def test_out_of_limit_turns_the_card_and_asks_for_a_comment(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "yield")
    typed(view.card.number.line, "94.1")
    assert view.card.out.isVisible()
    assert view.card.out.tone is Tone.STOPPED
    assert view.card.comment.isVisible()
    assert view.card.save_and_raise.isVisible()
    view.card.save.click()
    await bench.tasks.settle()
    assert bench.desk.commands.saved == []
    assert view.card.problem.isVisible()
    grab_all(view, "stage-out-of-limit", out_directory(tmp_path), sizes=(SMALL, LARGE))


async def test_saving_with_a_deviation_opens_its_form_filled_in(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "yield")
    typed(view.card.number.line, "94.1")
    typed(view.card.comment.box, "Powder lost in the duct.")
    view.card.save_and_raise.click()
    await bench.tasks.settle()
    assert bench.went.places == [("raise",)]
    assert bench.went.context is not None
    assert bench.went.context.step_key == "yield"
    assert bench.went.context.exception_id is not None


async def test_the_keypad_types_into_the_field(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "yield")
    assert not view.card.keypad.isVisible()
    view.card.keypad_toggle.click()
    for key in ("9", "7", ".", "1"):
        view.card.keypad.keys[key].click()
    assert view.card.number.typed() == "97.1"
    grab_all(view, "stage-keypad", out_directory(tmp_path))
    view.card.keypad.keys["enter"].click()
    await bench.tasks.settle()
    assert len(bench.desk.commands.saved) == 1


async def test_a_second_person_verifies_in_place(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "metal")
    view.card.verify.click()
    dialog = await bench.dialog(SignDialog)
    dialog.user.setText("ana.kovac")
    dialog.password.setText("floor")
    dialog.act.click()
    sentence = text.refusal(Refusal(reason=Reason.VERIFIER_IS_PERFORMER))
    await bench.until(lambda: dialog.error.text() == sentence)
    dialog.user.setText("marko.zupan")
    dialog.password.setText("floor")
    dialog.act.click()
    await bench.tasks.settle()
    items = {line.key: line for line in view.steps_shown()}
    assert items["metal"].word == "Verified"
    person = bench.desk.session.person.value
    assert person is not None
    assert person.login == "ana.kovac", "the session stays whose it is"


async def test_not_applicable_asks_why(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "yield")
    view.card.skip.click()
    dialog = await bench.dialog(ReasonDialog)
    typed(dialog.comment.box, "Computed for the whole campaign.")
    dialog.act.click()
    await bench.tasks.settle()
    assert {line.key: line.word for line in view.steps_shown()}["yield"] == "N/A"


async def test_a_supervisor_chooses_between_contested_entries(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot, Role.PRODUCTION_MANAGER)
    view = await bench.stage(BUSY, "compression", "hardness")
    grab_all(view, "stage-contested", out_directory(tmp_path), sizes=(SMALL, LARGE))
    sides = view.card.sides()
    assert len(sides) == 2
    sides[1].choose.click()
    dialog = await bench.dialog(ReasonDialog)
    typed(dialog.comment.box, "The tester's own print says 85.")
    dialog.act.click()
    await bench.tasks.settle()
    card = view.state.card
    assert card is not None
    assert card.current is not None
    assert card.current.value.startswith("85")


async def test_an_officer_sees_why_the_choice_is_not_theirs(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "hardness")
    assert all(not side.choose.isEnabled() for side in view.card.sides())
    assert "may not choose between contested entries" in view.card.sides()[0].choose.toolTip()


@pytest.mark.req("R7")
async def test_a_correction_keeps_the_old_value_struck_through_and_visible(
    qtbot: QtBot, tmp_path: Path
) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "weight")
    view.card.correct.click()
    assert view.card.number.typed() == "201.3"
    assert view.card.current.isVisible()
    pressed(view.card.number.line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    typed(view.card.number.line, "203.1")
    view.card.save.click()
    await bench.tasks.settle()
    assert view.focusWidget() is view.card.reason.box, "the first thing that is missing gets the keyboard"
    grab_all(view, "stage-correcting", out_directory(tmp_path))
    typed(view.card.reason.box, "Read the wrong line.")
    view.card.save.click()
    await bench.tasks.settle()
    view.card.setFocus()
    view.choose("weight")
    await bench.tasks.settle()
    card = view.state.card
    assert card is not None
    assert [old.value for old in card.older] == ["201.3\N{NO-BREAK SPACE}mg"]
    grab(view, "stage-corrected", out_directory(tmp_path))


async def test_every_refusal_stands_on_the_screen_as_its_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "yield")
    typed(view.card.number.line, "97.1")
    for reason in Reason:
        refusal = Refusal(reason=reason, detail=("Yield", "97.1"))
        bench.desk.commands.refuse_next = refusal
        view.card.save.click()
        await bench.tasks.settle()
        assert view.refused.isVisible()
        assert view.refused.label.text() == text.refusal(refusal)
        assert view.card.number.typed() == "97.1"
        assert view.card.save.isEnabled(), "one may try again"
    grab_all(view, "stage-refused", out_directory(tmp_path))


async def test_the_stage_is_completed_with_a_signature(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot, Role.PRODUCTION_MANAGER)
    view = await bench.stage(BUSY, "compression", "hardness")
    assert not view.complete.isEnabled()
    assert "not settled" in view.complete.toolTip()
    model = view.view_model
    card = view.state.card
    assert card is not None
    await model.choose_entry(card.contested[0].id, "As the first officer read it.")
    model.choose_step("metal")
    assert await model.verify("", "floor") == ""
    model.choose_step("yield")
    model.type("97.0")
    assert await model.save()
    assert await model.verify("marko.zupan", "floor") == ""
    assert view.complete.isEnabled()
    view.complete.click()
    dialog = await bench.dialog(SignDialog)
    assert "Compression" in dialog.title.text()
    dialog.password.setText("floor")
    dialog.act.click()
    await bench.tasks.settle()
    assert view.next.isVisible()
    assert view.next.text() == "Next: Film coating"
    grab(view, "stage-completed", out_directory(tmp_path))
    view.next.click()
    assert bench.went.places[-1] == ("stage", bench.desk.batch_id(BUSY), "coating", "")


async def test_a_running_clock_ticks_only_while_it_is_seen(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage("B-2026-0144", "blending")
    await bench.desk.commands.save(
        ResumeBatch(batch_id=bench.desk.batch_id("B-2026-0144"), reason="Seal replaced.")
    )
    await bench.tasks.settle()
    view.card.timer.button.click()
    bench.desk.world.now += timedelta(minutes=12, seconds=34)
    await bench.until(lambda: view.card.timer.clock.text() == "12:34")
    assert not view.card.save.isEnabled()
    grab(view, "stage-timer", out_directory(tmp_path), themed=ThemeName.DARK)
    view.hide()
    assert not view.ticking
    view.show()
    assert view.ticking
    bench.desk.world.now += timedelta(minutes=3)
    view.card.timer.button.click()
    assert not view.ticking
    assert view.card.save.isEnabled()
    view.card.save.click()
    await bench.tasks.settle()
    assert {line.key: line.value for line in view.steps_shown()}["main_blend"] == "15:34 min"


async def test_the_actions_of_a_step_are_large_enough_for_a_glove(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "yield")
    for button in (view.card.save, view.card.skip, view.complete):
        assert button.height() >= TARGET_STEP


async def test_the_lock_hides_a_half_typed_value_and_gives_it_back(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "yield")
    typed(view.card.number.line, "97.")
    window = framed(qtbot, bench.desk, "stage", view)
    await bench.desk.session.lock()
    assert not view.isVisible()
    await bench.desk.session.unlock("floor")
    assert view.isVisible()
    assert view.card.number.typed() == "97."
    window.hide()


async def test_an_entry_of_another_station_appears_by_itself(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage("B-2026-0148", "compression")
    await bench.desk.commands.save(
        StartStage(batch_id=bench.desk.batch_id("B-2026-0148"), stage_key="compression")
    )
    await bench.tasks.settle()
    assert view.card.save.isVisible()
    assert view.card.save.text() == "Confirm"


@pytest.mark.parametrize(
    ("name", "number", "stage", "step", "role"),
    [
        ("enter", BUSY, "compression", "yield", Role.PRODUCTION_OFFICER),
        ("answered-out-of-limit", BUSY, "compression", "force", Role.PRODUCTION_OFFICER),
        ("waiting-for-verifier", BUSY, "compression", "metal", Role.PRODUCTION_OFFICER),
        ("corrected", BUSY, "dispensing", "api_lot", Role.PRODUCTION_OFFICER),
        ("not-applicable", BUSY, "compression", "tooling", Role.PRODUCTION_OFFICER),
        ("on-hold", "B-2026-0144", "blending", "", Role.PRODUCTION_OFFICER),
        ("pending", "B-2026-0148", "compression", "", Role.PRODUCTION_OFFICER),
        ("read-by-qa", "B-2026-0141", "compression", "hardness", Role.QA_REVIEWER),
        ("transcribed", "LEK-0017", "compression", "hardness", Role.QA_REVIEWER),
        ("missing", BUSY, "no-such-stage", "", Role.PRODUCTION_OFFICER),
    ],
)
async def test_pictures(
    qtbot: QtBot, tmp_path: Path, name: str, number: str, stage: str, step: str, role: Role
) -> None:
    bench = FloorBench(qtbot, role)
    view: StageView = await bench.stage(number, stage, step)
    window = framed(qtbot, bench.desk, "stage", view)
    for path in grab_all(window, f"stage-{name}", out_directory(tmp_path), sizes=(SMALL, LARGE)):
        assert path.stat().st_size > 10_000
    assert window.width() <= LARGE.width()
    window.hide()


async def test_a_scanned_lot_goes_to_the_step_that_asks_for_text_and_to_no_other(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage("B-2026-0148", "compression")
    await view.view_model.start_stage()
    assert not view.take_scan("T-8841"), "a confirmation takes no code"
    assert await view.view_model.save()
    assert await view.view_model.verify("marko.zupan", "floor") == ""
    assert view.take_scan("T-8841")
    assert view.card.line.text() == "T-8841"
    view.card.save.click()
    await bench.tasks.settle()
    assert {line.key: line.value for line in view.steps_shown()}["tooling"] == "T-8841"


async def test_the_next_person_is_offered_what_is_theirs(qtbot: QtBot) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "hardness")
    assert not view.card.sides()[0].choose.isEnabled()
    await bench.desk.session.sign_out()
    await bench.desk.session.sign_in("petra.novak", "floor")
    assert view.card.sides()[0].choose.isEnabled()


@pytest.mark.req("R29")
async def test_work_done_earlier_asks_when_and_why(qtbot: QtBot, tmp_path: Path) -> None:
    bench = FloorBench(qtbot)
    view = await bench.stage(BUSY, "compression", "yield")
    typed(view.card.number.line, "97.1")
    view.card.earlier.click()
    dialog = await bench.dialog(LateDialog)
    assert not dialog.act.isEnabled()
    for minutes in (-60, 5, 5, 5, 5):
        dialog.steps[minutes].click()
    assert not dialog.act.isEnabled(), "the reason is missing"
    typed(dialog.why.box, "The workstation was being cleaned.")
    grab(dialog, "stage-done-earlier", out_directory(tmp_path), size=None)
    assert dialog.moment() < bench.desk.world.now
    dialog.act.click()
    await bench.tasks.settle()
    assert view.card.late.isVisible()
    assert view.card.number.typed() == "97.1"
    grab_all(view, "stage-late", out_directory(tmp_path))
    view.card.save.click()
    await bench.tasks.settle()
    command = bench.desk.commands.saved[-1]
    assert isinstance(command, RecordEntry)
    assert command.performed_at is not None
    assert command.performed_at.strftime("%H:%M:%S") == "13:25:00"
    assert command.late_reason == "The workstation was being cleaned."
