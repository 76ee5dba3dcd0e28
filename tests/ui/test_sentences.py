"""Every word people see for what the domain names: whole, plain, and with an icon beside every colour."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

import pytest

from app.client.ports import Mark
from app.domain.batch import BatchAction, BatchStatus, Origin
from app.domain.decision import Blocker, Reason, Refusal
from app.domain.deviation import DeviationAction, DeviationClass, DeviationStatus
from app.domain.exception import ExceptionAction, ExceptionStatus, Rule, Severity
from app.domain.master_record import CONFIRMED, StepKind, StepSpec
from app.domain.permissions import Permission, Role
from app.domain.quantity import Limit, Verdict
from app.domain.stage import StageStatus
from app.domain.step import StepStatus
from tests.support.sample_plant import NOW, made_id
from ui import text, tones
from ui.icons import ICONS, Icon
from ui.tokens import Tone

NUMBER = StepSpec(key="k", title="T", instruction="", kind=StepKind.NUMBER, unit="kN")


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("detail", [(), ("Compression",), ("Compression", "Blending"), tuple("abcdefg")])
def test_every_refusal_is_one_plain_sentence_whatever_its_detail(
    reason: Reason, detail: tuple[str, ...]
) -> None:
    told = text.refusal(Refusal(reason=reason, detail=detail))
    assert told.endswith(".")
    assert told[0].isupper() or not told[0].isalpha()
    assert reason.value not in told or "_" not in reason.value, "no name of the program stands in a sentence"
    assert "  " not in told
    assert "None" not in told
    assert "“”" not in told


def test_a_refusal_names_what_it_is_about() -> None:
    def told(reason: Reason, *detail: str) -> str:
        return text.refusal(Refusal(reason=reason, detail=detail))

    role, right = Role.WAREHOUSE.value, Permission.BATCH_EXECUTE.value
    assert told(Reason.NOT_PERMITTED, role, right) == "The role Warehouse may not execute batches."
    assert told(Reason.STEPS_INCOMPLETE, "A", "B", "C", "D", "E", "F") == (
        "6 steps are not settled: A, B, C, D and 2 more."
    )
    assert (
        told(Reason.WRONG_STATUS, "Planned", "start")
        == "The status is “Planned”: “Start” is not possible now."
    )
    assert told(Reason.STAGE_OUT_OF_ORDER, "Coating", "Compression") == (
        "“Coating” comes after Compression, and Compression is not completed."
    )
    blockers = (Blocker(what="step_missing", kind="batch", id=made_id(1), detail="Yield"),)
    assert text.refusal(Refusal(reason=Reason.RELEASE_BLOCKED, blockers=blockers)).startswith(
        "1 thing stands"
    )


@pytest.mark.parametrize("rule", list(Rule))
def test_every_exception_reads_with_and_without_its_values(rule: Rule) -> None:
    assert text.rule(rule)
    assert text.noticed(rule, ())
    assert text.noticed(rule, ("18.6", "kN", "12.0", "18.0"))


def test_an_exception_says_value_and_limit() -> None:
    told = text.noticed(Rule.OUT_OF_LIMIT, ("18.6", "kN", "12.0", "18.0")).replace("\N{NO-BREAK SPACE}", " ")
    assert told == "18.6 kN, the limit is 12.0 to 18.0 kN."
    low = text.noticed(Rule.OUT_OF_LIMIT, ("288", "mPa·s", "300", "")).replace("\N{NO-BREAK SPACE}", " ")
    assert low == "288 mPa·s, the limit is at least 300 mPa·s."


@pytest.mark.parametrize(
    "what",
    [
        "master_unknown",
        "stage_incomplete",
        "step_missing",
        "step_contested",
        "step_unverified",
        "exception_open",
        "station_unsynced",
        "deviation_unclassified",
        "deviation_open",
        "review_missing",
        "changed_since_review",
    ],
)
def test_every_blocker_of_the_rulebook_has_its_sentence(what: str) -> None:
    told = text.blocker(Blocker(what=what, kind="batch", id=made_id(1), detail="Yield"))
    assert told.endswith(".")
    assert what not in told


def test_a_blocker_of_a_later_rulebook_is_spelled_out() -> None:
    assert (
        text.blocker(Blocker(what="label_missing", kind="batch", id=made_id(1), detail="L1"))
        == "Label missing: L1."
    )


def test_every_member_has_its_word() -> None:
    words = [
        *(text.batch_action(each) for each in BatchAction),
        *(text.exception_action(each) for each in ExceptionAction),
        *(text.deviation_action(each) for each in DeviationAction),
        *(text.severity(each) for each in Severity),
        *(text.mark(each) for each in Mark),
        *(text.mark_explained(each) for each in Mark),
        *(text.origin(each) for each in Origin),
        *(text.permission(each.value) for each in Permission),
    ]
    assert all(words)
    assert not any("_" in word for word in words)


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (tones.BATCH, BatchStatus),
        (tones.STAGE, StageStatus),
        (tones.STEP, StepStatus),
        (tones.EXCEPTION, ExceptionStatus),
        (tones.SEVERITY, Severity),
        (tones.DEVIATION, DeviationStatus),
        (tones.DEVIATION_CLASS, DeviationClass),
        (tones.MARK, Mark),
        (tones.VERDICT, Verdict),
    ],
)
def test_every_status_has_an_icon_and_a_tone(
    table: Mapping[StrEnum, tuple[Icon, Tone]], members: type[StrEnum]
) -> None:
    assert set(table) == set(members)
    assert all((ICONS / f"{mark.value}.svg").exists() for mark, _ in table.values())
    pairs = list(table.values())
    assert len({mark for mark, _ in pairs}) >= len(pairs) - 2, (
        "a colour-blind eye tells them apart by their icons"
    )


def test_green_means_released_and_nothing_else() -> None:
    tables = (
        tones.BATCH,
        tones.STAGE,
        tones.STEP,
        tones.EXCEPTION,
        tones.DEVIATION,
        tones.MARK,
        tones.VERDICT,
    )
    green = [key for table in tables for key, (_, tone) in table.items() if tone is Tone.RELEASED]
    assert green == [BatchStatus.RELEASED]


def test_limits_read_as_people_say_them() -> None:
    def told(low: str | None, high: str | None) -> str:
        bounds = Limit(low=Decimal(low) if low else None, high=Decimal(high) if high else None, unit="kN")
        return text.limit(bounds).replace("\N{NO-BREAK SPACE}", " ")

    assert told("12.0", "18.0") == "12.0 to 18.0 kN"
    assert told("12.0", None) == "at least 12.0 kN"
    assert told(None, "18.0") == "at most 18.0 kN"
    assert told(None, None) == "open"


def test_answers_keep_their_digits() -> None:
    def told(kind: StepKind, value: str) -> str:
        return text.answer(replace(NUMBER, kind=kind), value).replace("\N{NO-BREAK SPACE}", " ")

    assert told(StepKind.NUMBER, "12.50") == "12.50 kN"
    assert told(StepKind.CONFIRMATION, CONFIRMED) == "Confirmed"
    assert told(StepKind.TIMER, "1320") == "22:00 min"
    assert told(StepKind.CHOICE, "Passed") == "Passed"


def test_a_date_that_is_known_to_a_month_stays_a_month() -> None:
    assert text.reduced_date("2018-11") == "Nov 2018"
    assert text.reduced_date("2018-11-03") == "3 Nov 2018"
    assert text.reduced_date("2018") == "2018"
    assert text.reduced_date("spring") == "spring"


def test_journal_events_read_as_sentences_and_unknown_ones_are_spelled_out() -> None:
    assert text.event("step.contested") == "Second entry, step contested"
    assert text.event("label.printed_twice") == "Label printed twice"


def test_a_wait_is_told_in_words() -> None:
    assert text.ago(NOW - timedelta(hours=3), NOW) == "3 h ago"
