"""The scripted shift: an officer, a second officer, a manager and Quality at one workstation, through the real screens.

Two processes play it. The *day* ends when the keeper kills it; the *night* starts offline on what the day left behind.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from PySide6.QtCore import QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QLineEdit, QPlainTextEdit, QWidget
from shiboken6 import isValid

from app.client.ports import BatchFile, BatchQuery, Link
from app.domain.batch import BatchAction, BatchStatus
from app.domain.deviation import Deviation, DeviationAction, DeviationClass, DeviationStatus
from app.domain.exception import ExceptionAction, ReviewException
from app.domain.identity import BatchId
from app.domain.master_record import StepKind, StepSpec
from app.domain.step import Step, StepStatus
from app.launch.command import CommandFailed
from app.launch.demo.cast import PASSWORD, person
from app.launch.demo.hands import Hands
from app.launch.demo.order import ChildOrder
from app.launch.demo.window import start_of
from app.launch.desktop import show
from offline.desk import Workstation
from ui.screens.deviations.detail_view import DeviationView
from ui.screens.deviations.forms import FIVE_WHYS, NO
from ui.screens.review.file_view import ReviewFileView
from ui.screens.stage.view import StageView
from ui.tokens import ThemeName
from ui.widgets import ChoiceButtons, SignDialog
from ui.workplace import Workplace
from ui.workplace_model import BATCHES, DEVIATION, DEVIATIONS, REVIEW, REVIEW_FILE, STAGE, SYNC

STEPS: Final = "steps.jsonl"
READY: Final = "ready-to-be-killed"
LEFT: Final = "left-behind.json"
OFFLINE_ENTRIES: Final = 10
HALF_TYPED: Final = "119."
SLOW: Final = "disintegration"
"""Leaves its limit with a comment and without a deviation: Quality judges it in the review by exception."""

Settling = Callable[[], Awaitable[None]]


def play(order: ChildOrder) -> str:
    """Play one part of the shift. Raises CommandFailed where a step did not come out."""
    failed: list[str] = []
    qInstallMessageHandler(_quiet)

    async def arrived(workplace: Workplace, station: Workstation) -> None:
        shift = Shift(order, workplace, station)
        try:
            await {"day": shift.day, "night": shift.night}[order.shift]()
        except (
            Exception
        ) as error:  # whatever it was, the report names the step and the keeper goes on to tell it
            shift.note(shift.doing, ok=False, evidence=f"{type(error).__name__}: {error}")
            shift.hands.picture(shift.out / f"99-failed-{order.shift}.png")
            failed.append(shift.doing)
        workplace.shell.close()

    code = show(replace(start_of(order), arrived=arrived))
    if failed:
        raise CommandFailed(f"The shift stopped at: {failed[0]}")
    if code != 0:
        raise CommandFailed("The desktop ended with a fault.", code=code)
    return ""


def _quiet(_: QtMsgType, __: QMessageLogContext, message: str | None) -> None:
    """Qt's words, but for what its offscreen platform says of windows that it does not have."""
    if message and not message.startswith("This plugin does not support"):
        print(message, file=sys.stderr)


class Shift:
    """What everybody does, one after the other, and the evidence of it."""

    def __init__(self, order: ChildOrder, workplace: Workplace, station: Workstation) -> None:
        if order.out is None:
            raise CommandFailed("a shift needs a place for its report")
        self.out: Path = order.out
        self.hands = Hands(workplace.shell)
        self.doing = "begin"
        self._workplace = workplace
        self._station = station
        self._desk = station.desk
        self._pictures = len(list(self.out.glob("[0-9][0-9]-*.png")))
        self._begun = time.monotonic()
        self._batch_id: BatchId | None = None

    # Evidence.

    def note(self, step: str, *, ok: bool, evidence: str) -> None:
        """One line of the report, on disk before the next step begins."""
        line = {
            "step": step,
            "ok": ok,
            "evidence": evidence,
            "seconds": round(time.monotonic() - self._begun, 3),
        }
        with (self.out / STEPS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._begun = time.monotonic()

    def picture(self, name: str) -> None:
        """What the window shows now."""
        self._pictures += 1
        self.hands.picture(self.out / f"{self._pictures:02d}-{name}.png")

    async def step(self, what: str, work: Awaitable[str]) -> None:
        """Do one thing and write down what proves it."""
        self.doing, self._begun = what, time.monotonic()
        evidence = await work
        self.note(what, ok=True, evidence=evidence)

    # The day.

    async def day(self) -> None:
        await asyncio.sleep(1)  # until the window has its size and the line its state
        self.picture("sign-in")
        await self.step("sign in as production officer", self._sign_in("o.adler"))
        await self.step("the batch list shows the plant", self._see_batches())
        await self.step("start a batch", self._start_batch())
        await self.step("start the first stage", self._start_stage())
        await self.step("record the clearance, a second officer verifies", self._clearance())
        await self.step("an out-of-limit value raises a deviation", self._out_of_limit())
        await self.step("record a weight, correct it, have it verified", self._correct())
        await self.step("everything so far is accepted by the server", self._all_sent())
        await self.step("pull the plug", self._pull_the_plug())
        await self.step("ten more entries and a stage completed offline", self._work_offline())
        await self.step("a half-typed value lies in the field", self._half_typed())
        (self.out / LEFT).write_text(json.dumps(await self._left_behind()))
        (self.out / READY).write_text("ready")
        await asyncio.Event().wait()  # until the keeper kills this process

    async def _sign_in(self, login: str) -> str:
        name = person(login).name
        await self.hands.write("Name or badge", login)
        await self.hands.write("Password", PASSWORD)
        await self.hands.press("Sign in")
        signed = await self.hands.until(
            lambda: found if (found := self._desk.session.person.value) and found.login == login else None,
            f"{name} is not signed in",
        )
        await self.hands.see(name)
        how = "against this workstation's own copy" if signed.offline else "with the server"
        return f"{signed.name}, {signed.role.value}, signed in {how}"

    async def _switch_to(self, login: str) -> str:
        await self.hands.press("Switch user")
        await self.hands.see("Station Panel 7")
        return await self._sign_in(login)

    async def _see_batches(self) -> str:
        async def arrived() -> bool:
            page = await self._desk.records.batches(BatchQuery(limit=1))
            return page.total > 0 and self.hands.reads(page.rows[0].number)

        await self._until(arrived, "no batch is shown")
        page = await self._desk.records.batches(BatchQuery(limit=100))
        self.picture("batches")
        return f"{page.total} batches in {len(page.counts)} statuses"

    async def _start_batch(self) -> str:
        page = await self._desk.records.batches(BatchQuery(statuses=frozenset({BatchStatus.ISSUED})))
        row = page.rows[0]
        self._batch_id = row.id
        await self.hands.open_row(row.number)
        await self.hands.see(row.number)
        await self.hands.press("Start")
        await self._until_batch(lambda status: status is BatchStatus.IN_PROGRESS, "the batch did not start")
        await asyncio.sleep(0.3)
        self.picture("batch")
        return f"batch {row.number} is {BatchStatus.IN_PROGRESS.value}"

    async def _start_stage(self) -> str:
        file = await self._file()
        stage = file.master.stages[0]
        self._workplace.open_stage(self._batch, stage.key)
        await self.hands.press("Start stage")
        await self.hands.until(lambda: self._card_is("clearance") or None, "the first step is not shown")
        self.picture("stage")
        return f"stage {stage.name} runs"

    async def _clearance(self) -> str:
        await self._enter("dispensing", "clearance")
        await self._verify("dispensing", "clearance", "s.brandt", picture="verify")
        step = await self._step("dispensing", "clearance")
        return f"{step.status.value} by {step.verified.printed_name if step.verified else '?'}"

    async def _out_of_limit(self) -> str:
        await self._choose("humidity")
        card = self._stage.card
        await self._fill(card.number.line, "58")
        await self.hands.until(lambda: card.out.isVisible() or None, "the card does not turn")
        await self._fill(self._text_of(card.comment), "Dryer was off since the night shift")
        self.picture("out-of-limit")
        await self._click(card.save_and_raise)
        await self.hands.press("Save report", seconds=30)
        await self.hands.see("Saved on this station")
        self.picture("deviation-raised")
        found = await self._until_deviation(lambda each: bool(each.number), "the deviation got no number")
        self._workplace.open_stage(self._batch, "dispensing")
        return f"{found.number}: {found.title}"

    async def _correct(self) -> str:
        await self._enter("dispensing", "api_weight", "2.404")
        await self._choose("api_weight")
        card = self._stage.card
        await self._click(card.correct)
        await self._fill(card.number.line, "2.401")
        await self._fill(self._text_of(card.reason), "Read the wrong line of the display")
        await self._click(card.save)
        await self._until_step(
            "dispensing", "api_weight", lambda step: len(step.entries) == 2, "the correction is not there"
        )
        await asyncio.sleep(0.3)
        self.picture("corrected")
        await self._verify("dispensing", "api_weight", "s.brandt")
        step = await self._step("dispensing", "api_weight")
        values = " → ".join(each.value for each in step.entries)
        return f"{values} kg, both kept; {step.status.value}"

    async def _all_sent(self) -> str:
        state = await self.hands.until(
            lambda: now if (now := self._desk.sync.state.value).waiting == 0 and not now.attention else None,
            "commands still wait",
        )
        return f"nothing waits, nothing needs attention, journal at {state.head_seq}"

    async def _pull_the_plug(self) -> str:
        self._workplace.shell.go(SYNC)
        await self.hands.press("Pull the plug")
        state = await self.hands.until(
            lambda: now if (now := self._desk.sync.state.value).link is Link.OFFLINE else None,
            "the status bar still says online",
        )
        await self.hands.see("Offline since")
        self.picture("offline")
        return f"offline since {state.since:%H:%M:%S}; the API process is gone"

    async def _work_offline(self) -> str:
        file = await self._file()
        dispensing, blending, compression = file.master.stages[:3]
        begun = self._desk.sync.state.value.waiting
        self._workplace.open_stage(self._batch, dispensing.key)
        entries = 0
        for spec in dispensing.steps[3:]:
            await self._enter_and_verify(dispensing.key, spec)
            entries += 1
        await self._complete_stage(dispensing.key)
        await self._begin_stage(blending.key)
        for spec in blending.steps:
            await self._enter_and_verify(blending.key, spec)
            entries += 1
        await self._complete_stage(blending.key)
        await self._begin_stage(compression.key)
        for spec in compression.steps[: OFFLINE_ENTRIES - entries]:
            await self._enter_and_verify(compression.key, spec)
            entries += 1
        self.picture("offline-stage")
        waiting = self._desk.sync.state.value.waiting - begun
        return (
            f"{entries} entries and 2 stages completed offline; {waiting} commands wait on this workstation"
        )

    async def _half_typed(self) -> str:
        await self._choose("first_weight")
        await self._fill(self._stage.card.number.line, HALF_TYPED)
        await self._station.drafts.write()
        self.picture("half-typed")
        return f"the mean weight reads {HALF_TYPED} and is not saved"

    async def _left_behind(self) -> dict[str, Any]:
        file = await self._file()
        return {
            "batch": str(self._batch),
            "waiting": self._desk.sync.state.value.waiting,
            "entries": sum(len(each.entries) for each in file.facts.every(Step)),
        }

    # The night.

    async def night(self) -> None:
        left = json.loads((self.out / LEFT).read_text())
        self._batch_id = BatchId(UUID(left["batch"]))
        await self.step("the officer unlocks the workstation, still offline", self._sign_in("o.adler"))
        await self.step("nothing was lost by the kill", self._nothing_lost(left))
        await self.step("the plug is back and everything is sent", self._plug_back())
        await self.step("the batch is finished and handed over", self._finish_batch())
        await self.step("Quality classifies the deviation", self._classify())
        await self.step("the manager investigates the deviation", self._investigate())
        await self.step("the manager signs the production review", self._review_production())
        await self.step("Quality closes the deviation", self._close_deviation())
        await self.step("the QA reviewer reviews by exception", self._review_quality())
        await self.step("the QA head releases the batch", self._release())
        await self.step("the batch record is printed", self._save("Save as PDF", self.out / "batch.pdf"))
        await self.step(
            "the evidence bundle is written", self._save("Save the evidence", self.out / "evidence.zip")
        )
        await self.step("every screen in both themes", self._gallery())

    async def _nothing_lost(self, left: dict[str, Any]) -> str:
        file = await self._file()
        entries = sum(len(each.entries) for each in file.facts.every(Step))
        waiting = self._desk.sync.state.value.waiting
        if (waiting, entries) != (left["waiting"], left["entries"]):
            raise AssertionError(f"{waiting} waiting, {entries} entries; before the kill {left}")
        self._workplace.open_stage(self._batch, "compression")
        await self._choose("first_weight")
        line = self._stage.card.number.line
        await self.hands.until(lambda: line.text() == HALF_TYPED or None, "the half-typed value is gone")
        self.picture("after-the-kill")
        return f"{waiting} commands wait and {entries} entries are there, as before; the half-typed {HALF_TYPED} as well"

    async def _plug_back(self) -> str:
        await self.hands.press("Put the plug back")
        await self.hands.until(
            lambda: self._desk.sync.state.value.link is Link.ONLINE or None, "still offline", 30
        )
        sent = await self._all_sent()
        self._workplace.shell.go(SYNC)
        await asyncio.sleep(0.3)
        self.picture("synced")
        return sent

    async def _finish_batch(self) -> str:
        file = await self._file()
        for stage in file.master.stages[2:]:
            self._workplace.open_stage(self._batch, stage.key)
            await self._begin_stage(stage.key)
            for spec in stage.steps:
                step = await self._maybe_step(stage.key, spec.key)
                if spec.key == SLOW:
                    await self._enter(stage.key, spec.key, "912", "Repeated with six further tablets: 806 s")
                elif step is None or not step.entries:
                    await self._enter_and_verify(stage.key, spec)
            await self._complete_stage(stage.key)
        await self._click(self._stage.complete_batch)
        await self._sign()
        await self._until_batch(
            lambda status: status is BatchStatus.PRODUCTION_REVIEW, "the batch was not handed over"
        )
        await self._all_sent()
        return f"the batch is in {BatchStatus.PRODUCTION_REVIEW.value}"

    async def _classify(self) -> str:
        await self._switch_to("r.eder")
        await self._open_deviation()
        self.picture("deviation")
        await self._fill_form(
            DeviationAction.CLASSIFY,
            classification=DeviationClass.MINOR.value,
            reason="Isolated, the product was not open",
            owner_name="Marta Costa",
        )
        found = await self._until_deviation(
            lambda each: each.status is DeviationStatus.CLASSIFIED, "not classified"
        )
        return f"{found.number} is {found.classification.value if found.classification else '?'}"

    async def _investigate(self) -> str:
        await self._switch_to("m.costa")
        await self._open_deviation()
        await self._fill_form(
            DeviationAction.INVESTIGATE,
            picture="investigation",
            method=FIVE_WHYS,
            root_cause="Dryer switched off at the end of the night shift and not switched on again",
            evidence="Log of the room's hygrometer, talk with both shifts",
            impact="None: no container was open before the room was dry",
            other_batches="No other batch was in the room",
            correction="Dryer switched on, humidity 41 % after twenty minutes",
        )
        found = await self._until_deviation(
            lambda each: each.status is DeviationStatus.INVESTIGATED, "not investigated"
        )
        return f"{found.number} is {found.status.value}"

    async def _review_production(self) -> str:
        await self._open_review()
        await self._act(BatchAction.REVIEW_PRODUCTION, "Complete and plausible")
        await self._until_batch(lambda status: status is BatchStatus.QA_REVIEW, "not in QA review")
        return f"signed by Marta Costa; the batch is in {BatchStatus.QA_REVIEW.value}"

    async def _close_deviation(self) -> str:
        await self._switch_to("r.eder")
        await self._open_deviation()
        await self._fill_form(
            DeviationAction.CLOSE,
            capa_required=NO,
            conclusion="Cause found and mended; the product was not open at the time. No CAPA for a single slip.",
        )
        found = await self._until_deviation(lambda each: each.status is DeviationStatus.CLOSED, "not closed")
        return f"{found.number} is {found.status.value}"

    async def _review_quality(self) -> str:
        await self._open_review()
        self.picture("review")
        file = await self._file()
        judged = 0
        for exception in [each for each in file.facts.every(ReviewException) if each.unsettled]:
            await self._judge(exception)
            judged += 1
        await self._act(BatchAction.REVIEW_QUALITY, "Exceptions judged; the record is complete")
        await self._until_batch(lambda status: status is BatchStatus.REVIEWED, "not reviewed")
        told = "1 exception" if judged == 1 else f"{judged} exceptions"
        return f"{told} judged, the audit trail reviewed, signed by Rita Eder"

    async def _judge(self, exception: ReviewException) -> None:
        view = self._review
        view.tabs.setCurrentIndex(0)
        view.view_model.select(exception.id)
        card = view.card
        await self.hands.until(lambda: card.comment.box.isVisible() or None, "the exception is not shown")
        await self._fill(card.comment.box, "Cause known and recorded; no effect on the product")
        await self._click(card.buttons[ExceptionAction.ACCEPT])
        await self._sign()

        async def settled() -> bool:
            found = (await self._file()).facts.one(ReviewException, exception.id)
            return found is not None and not found.unsettled

        await self._until(settled, f"{exception.rule.value} is still open")

    async def _release(self) -> str:
        await self._switch_to("h.grau")
        await self._open_review()
        self.picture("release")
        await self._act(BatchAction.RELEASE, "")
        await self._until_batch(lambda status: status is BatchStatus.RELEASED, "not released")
        self.picture("released")
        return "certified and released by Hanna Grau"

    async def _save(self, words: str, target: Path) -> str:
        self._workplace.open_batch(self._batch)
        await self.hands.press(words, seconds=30)
        dialog = await self.hands.until(
            lambda: next((each for each in self.hands.of(QFileDialog)), None),
            "no place to save it is asked for",
            60,
        )
        dialog.selectFile(str(target))
        line = dialog.findChild(QLineEdit)
        if line is not None:
            line.setText(str(target))
        QTest.keyClick(line or dialog, Qt.Key.Key_Return)
        await self.hands.until(lambda: target.exists() or None, f"{target.name} was not written", 30)
        return f"{target.name}, {_size(target)} bytes"

    async def _gallery(self) -> str:
        shell = self._workplace.shell
        shown = 0
        await self.hands.until(lambda: (not shell.toasts.shown()) or None, "a toast stays", 30)
        for theme in (ThemeName.DARK, ThemeName.LIGHT):
            shell.set_look(theme, 1.0)
            for page in (BATCHES, STAGE, DEVIATIONS, REVIEW, SYNC):
                shell.go(page)
                await asyncio.sleep(0.4)
                self.picture(f"{page}-{theme.value}")
                shown += 1
        return f"{shown} pictures"

    # Handwork.

    @property
    def _batch(self) -> BatchId:
        if self._batch_id is None:
            raise AssertionError("no batch was started")
        return self._batch_id

    @property
    def _stage(self) -> StageView:
        view = self._workplace.shell.page(STAGE)
        if not isinstance(view, StageView):
            raise TypeError("the stage page is no stage page")
        return view

    def _card_is(self, step_key: str) -> bool:
        card = self._stage.state.card
        return card is not None and card.key == step_key and self._stage.card.isVisible()

    async def _click(self, button: QAbstractButton, seconds: float = 20) -> None:
        await self.hands.until(
            lambda: (button.isVisible() and button.isEnabled()) or None,
            f"{button.text() or button.accessibleName()!r} can't be pressed: {button.toolTip()}",
            seconds,
        )
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await asyncio.sleep(0)

    async def _fill(self, field: QWidget, text: str) -> None:
        await self.hands.until(lambda: field.isVisible() or None, f"no field for {text!r}")
        field.setFocus(Qt.FocusReason.MouseFocusReason)
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(field, Qt.Key.Key_Delete)
        QTest.keyClicks(field, text)
        await asyncio.sleep(0)

    def _text_of(self, widget: QWidget) -> QWidget:
        """The part of a comment field that takes keys."""
        for kind in (QPlainTextEdit, QLineEdit):
            found = widget if isinstance(widget, kind) else widget.findChild(kind)
            if found is not None:
                return found
        return widget

    async def _choose(self, step_key: str) -> None:
        await self.hands.until(lambda: self._stage.state.loaded or None, "the stage is not open")
        self._stage.choose(step_key)
        await self.hands.until(lambda: self._card_is(step_key) or None, f"step {step_key} is not shown")

    async def _enter(self, stage_key: str, step_key: str, value: str = "", comment: str = "") -> None:
        await self._choose(step_key)
        file = await self._file()
        spec = file.master.step(stage_key, step_key)
        if spec is None:
            raise AssertionError(f"the master has no step {step_key}")
        before = await self._maybe_step(stage_key, step_key)
        known = len(before.entries) if before else 0
        await self._answer(spec, value or good_value(spec), comment)
        await self._until_step(
            stage_key, step_key, lambda step: len(step.entries) > known, f"{step_key} was not saved"
        )

    async def _answer(self, spec: StepSpec, value: str, comment: str) -> None:
        card = self._stage.card
        match spec.kind:
            case StepKind.NUMBER:
                await self._fill(card.number.line, value)
            case StepKind.TEXT:
                await self._fill(card.line, value)
            case StepKind.CHOICE:
                await self.hands.press(value, within=card)
            case StepKind.TIMER:
                await self._click(card.timer.button)
                await asyncio.sleep(float(value))
                await self._click(card.timer.button)
            case StepKind.CONFIRMATION:
                pass
        if comment:
            await self._fill(self._text_of(card.comment), comment)
        await self._click(card.save)

    async def _enter_and_verify(self, stage_key: str, spec: StepSpec) -> None:
        await self._enter(stage_key, spec.key)
        if spec.verified:
            await self._verify(stage_key, spec.key, "s.brandt")

    async def _verify(self, stage_key: str, step_key: str, login: str, *, picture: str = "") -> None:
        await self._choose(step_key)
        await self._click(self._stage.card.verify)
        await self.hands.write("User name of the second person", login)
        if picture:
            self.picture(picture)
        await self._sign()
        await self._until_step(
            stage_key,
            step_key,
            lambda step: step.status is StepStatus.VERIFIED,
            f"{step_key} is not verified",
        )

    async def _sign(self) -> None:
        """Give the password in the dialog that asks for it, and press the button with the verb."""
        dialog = await self.hands.until(
            lambda: next((each for each in self.hands.of(SignDialog)), None),
            "nobody asks for a signature",
            30,
        )
        await self._fill(dialog.password, PASSWORD)
        await self._click(dialog.act)
        await self.hands.until(
            lambda: not isValid(dialog) or not dialog.isVisible() or dialog.ended or None,
            "the signature hangs",
            60,
        )
        if isValid(dialog) and dialog.isVisible():
            said = [each.text() for each in dialog.findChildren(QLabel) if each.isVisible()]
            if any(each.startswith("Refused") for each in said):
                raise AssertionError(" ".join(said))
            await self._click(dialog.act)

    async def _begin_stage(self, stage_key: str) -> None:
        self._workplace.open_stage(self._batch, stage_key)
        await self.hands.until(
            lambda: (self._stage.state.loaded and self._stage.state.stage_key == stage_key) or None,
            f"stage {stage_key} is not open",
        )
        if self._stage.state.start.shown:
            await self._click(self._stage.start)
            await self.hands.until(
                lambda: (not self._stage.state.start.shown) or None, f"stage {stage_key} did not start"
            )

    async def _complete_stage(self, stage_key: str) -> None:
        await self._click(self._stage.complete)
        await self._sign()
        await self.hands.until(
            lambda: (self._stage.state.stage_key == stage_key and bool(self._stage.state.signed)) or None,
            f"stage {stage_key} is not signed",
        )

    async def _open_deviation(self) -> None:
        found = await self._until_deviation(lambda _: True, "there is no deviation")
        self._workplace.open_deviation(found.id)
        await self.hands.see(found.title)
        await asyncio.sleep(0.5)  # as long as a person needs to read what is next

    async def _fill_form(self, action: DeviationAction, *, picture: str = "", **values: str) -> None:
        view = self._workplace.shell.page(DEVIATION)
        if not isinstance(view, DeviationView):
            raise TypeError("the deviation page is no deviation page")
        await self._click(view.next_button)
        for key, value in values.items():
            box = await self.hands.until(
                lambda key=key: view.fields.asked(key),
                f"the form for {action.value} has no field {key}",
            )
            if isinstance(box.input, ChoiceButtons):
                await self._click(box.input.button(value))
            else:
                await self._fill(self._text_of(box.input), value)
        if picture:
            self.picture(picture)
        await self._click(view.submit)
        await self._sign()

    async def _open_review(self) -> None:
        self._workplace.open_review(self._batch)
        file = await self._file()
        await self.hands.see(file.batch.number)

    @property
    def _review(self) -> ReviewFileView:
        view = self._workplace.shell.page(REVIEW_FILE)
        if not isinstance(view, ReviewFileView):
            raise TypeError("the review page is no review page")
        return view

    async def _act(self, action: BatchAction, comment: str) -> None:
        """Begin an act of review, fill its card, and sign."""
        view = self._review
        button = await self.hands.until(
            lambda: view.act_buttons.get(action), f"{action.value} is not offered"
        )
        await self._click(button, 30)
        if view.act_card.tick.isVisible():
            await self._click(view.act_card.tick)
        if comment:
            await self._fill(view.act_card.comment.box, comment)
        await self._click(view.act_card.submit)
        await self._sign()

    # Looking things up in the workstation's own file.

    async def _file(self) -> BatchFile:
        file = await self._desk.records.batch(self._batch)
        if file is None:
            raise AssertionError("the batch is not on this workstation")
        return file

    async def _maybe_step(self, stage_key: str, step_key: str) -> Step | None:
        file = await self._file()
        found = file.facts.every(Step, batch_id=self._batch, stage_key=stage_key, step_key=step_key)
        return found[0] if found else None

    async def _step(self, stage_key: str, step_key: str) -> Step:
        step = await self._maybe_step(stage_key, step_key)
        if step is None:
            raise AssertionError(f"{step_key} has no entry")
        return step

    async def _until_step(
        self, stage_key: str, step_key: str, holds: Callable[[Step], bool], what: str
    ) -> None:
        await self._until(lambda: self._holds_step(stage_key, step_key, holds), what)

    async def _holds_step(self, stage_key: str, step_key: str, holds: Callable[[Step], bool]) -> bool:
        step = await self._maybe_step(stage_key, step_key)
        return step is not None and holds(step)

    async def _until_batch(self, holds: Callable[[BatchStatus], bool], what: str) -> None:
        async def look() -> bool:
            return holds((await self._file()).batch.status)

        await self._until(look, what)

    async def _until_deviation(self, holds: Callable[[Deviation], bool], what: str) -> Deviation:
        found: list[Deviation] = []

        async def look() -> bool:
            deviations = (await self._file()).facts.every(Deviation, batch_id=self._batch)
            found[:] = [each for each in deviations if holds(each)]
            return bool(found)

        await self._until(look, what)
        return found[0]

    async def _until(self, look: Callable[[], Awaitable[bool]], what: str, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not await look():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}; seen: {', '.join(self.hands.words())[:800]}")
            await asyncio.sleep(0.05)


def _size(file: Path) -> int:
    return file.stat().st_size


def good_value(spec: StepSpec) -> str:
    """An answer well inside the limits."""
    match spec.kind:
        case StepKind.TEXT:
            return "checked, as ordered"
        case StepKind.CHOICE:
            return spec.expected or spec.choices[0]
        case StepKind.CONFIRMATION:
            return ""
        case StepKind.TIMER:
            low = spec.limit.low if spec.limit and spec.limit.low is not None else 1
            return str(float(low) + 0.5)
        case StepKind.NUMBER:
            limit = spec.limit
            if limit is None:
                return "1"
            low = limit.low if limit.low is not None else limit.high
            high = limit.high if limit.high is not None else limit.low
            if low is None or high is None:
                return "1"
            return str(limit.target if limit.target is not None else (low + high) / 2)
