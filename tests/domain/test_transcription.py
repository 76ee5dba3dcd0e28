"""Batches brought in from elsewhere: transcribed and named as such, with the source of every value (ruling A13)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.batch import Batch, BatchStatus, Origin
from app.domain.decision import Decision, Reason, Refusal
from app.domain.envelope import Command
from app.domain.exception import SEVERITIES, ReviewException, Rule, Severity
from app.domain.facts import Facts
from app.domain.identity import BatchId, CommandId, derived
from app.domain.permissions import Role
from app.domain.quantity import Quantity, Verdict
from app.domain.rulebook import decide
from app.domain.stage import Stage
from app.domain.step import Step
from app.domain.transcription import CompleteImport, Dataset, Finding, ImportBatch, TranscribedEntry
from tests.domain.builders import PLANT, Floor, master, person

MASTER = master()
NUMBER = BatchId(derived(MASTER.id, "batch"))
SOURCE = "Laboratory.csv:17"


def transcript(*entries: TranscribedEntry, findings: tuple[Finding, ...] = ()) -> ImportBatch:
    return ImportBatch(
        batch_id=NUMBER,
        dataset="somewhere",
        number="S-0017",
        master_id=MASTER.id,
        quantity=Quantity(value=Decimal(100), unit="tablets"),
        line="",
        started_on="2018-11",
        materials=(),
        entries=entries,
        findings=findings,
        source=SOURCE,
    )


def weighed(value: str) -> TranscribedEntry:
    return TranscribedEntry(stage_key="blend", step_key="weight", value=value, source=f"{SOURCE}:weight")


def answer(
    command: Command, *known: Batch | Dataset, role: Role = Role.PRODUCTION_MANAGER
) -> Decision | Refusal:
    context = Floor().context(person(role))
    steady = replace(context, command_id=CommandId(derived(MASTER.id, "command")))
    return decide(Facts([MASTER, *known]), command, steady)


def decided(command: Command) -> Decision:
    made = answer(command)
    assert isinstance(made, Decision)
    return made


@pytest.mark.req("A13")
def test_a_transcribed_batch_keeps_digits_and_source_and_invents_no_time() -> None:
    records = [each.after for each in decided(transcript(weighed("9.500"))).changes]
    batch = next(each for each in records if isinstance(each, Batch))
    assert (batch.status, batch.origin) == (BatchStatus.TRANSCRIBED, Origin.TRANSCRIBED)
    assert (batch.started_on, batch.started_at, batch.ended_at) == ("2018-11", None, None)
    step = next(each for each in records if isinstance(each, Step))
    assert step.current is not None
    assert (step.current.value, step.current.verdict) == ("9.500", Verdict.WITHIN)
    assert (step.current.origin, step.current.source) == (Origin.TRANSCRIBED, f"{SOURCE}:weight")
    assert [each.started_at for each in records if isinstance(each, Stage)] == [None, None]


def test_a_value_outside_its_limit_is_kept_and_raises_an_exception_with_its_cell() -> None:
    raised = [
        each.after
        for each in decided(transcript(weighed("9.4"))).changes
        if isinstance(each.after, ReviewException)
    ]
    assert [(each.rule, each.severity, each.source) for each in raised] == [
        (Rule.OUT_OF_LIMIT, Severity.STOP, f"{SOURCE}:weight")
    ]
    assert raised[0].detail == ("9.4", "kg", "9.5", "10.5")


def test_each_finding_becomes_an_exception_of_its_own() -> None:
    findings = tuple(
        Finding(rule=rule, stage_key="blend", step_key="", detail=(name,), source=f"{SOURCE}:{name}")
        for rule in (Rule.CONTRADICTION, Rule.NOT_RECORDED, Rule.IMPLAUSIBLE, Rule.AT_REPORTING_LIMIT)
        for name in ("one", "two")
    )
    raised = [
        each.after
        for each in decided(transcript(findings=findings)).changes
        if isinstance(each.after, ReviewException)
    ]
    assert len({each.id for each in raised}) == len(findings)
    assert [each.severity for each in raised] == [SEVERITIES[each.rule] for each in findings]


def test_what_the_source_leaves_out_needs_no_judgement_and_what_it_contradicts_does() -> None:
    waiting = {
        rule
        for rule in (Rule.CONTRADICTION, Rule.NOT_RECORDED, Rule.IMPLAUSIBLE, Rule.AT_REPORTING_LIMIT)
        if SEVERITIES[rule] is not Severity.INFORMATION
    }
    assert waiting == {Rule.CONTRADICTION, Rule.IMPLAUSIBLE}


def test_a_batch_is_transcribed_once() -> None:
    batch = next(each.after for each in decided(transcript()).changes if isinstance(each.after, Batch))
    assert answer(transcript(), batch) == Refusal(reason=Reason.ALREADY_EXISTS, detail=("S-0017",))


def test_a_value_that_the_step_cannot_have_is_refused_with_its_cell() -> None:
    refused = answer(transcript(weighed("1.412.698.315")))
    assert refused == Refusal(reason=Reason.WRONG_VALUE, detail=(f"{SOURCE}:weight", "1.412.698.315"))


@pytest.mark.parametrize("role", [Role.PRODUCTION_OFFICER, Role.QA_HEAD, Role.SYSTEM_ADMIN])
def test_transcribing_takes_the_right_to_import(role: Role) -> None:
    refused = answer(transcript(), role=role)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NOT_PERMITTED


def test_a_data_set_is_completed_once_and_keeps_its_citation() -> None:
    command = CompleteImport(
        dataset="somewhere", citation="Somebody (2022)", batches=1, entries=2, exceptions=3, series_rows=4
    )
    done = decided(command).changes[0].after
    assert isinstance(done, Dataset)
    assert (done.plant_id, done.citation) == (PLANT, "Somebody (2022)")
    assert answer(command, done) == Refusal(reason=Reason.ALREADY_EXISTS, detail=("somewhere",))
