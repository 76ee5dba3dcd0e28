"""The batch record on paper: everything an inspector looks for is there, whatever people typed."""

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
import typst
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from PySide6.QtGui import QImage

from app.domain.batch import Batch
from app.domain.facts import Facts
from app.domain.identity import UserId
from app.domain.step import Step
from app.server.production.documents import batch_pdf, breakable, record_code
from app.server.production.print_fonts import bare, covered, printable
from app.server.production.print_reader import sheet_of
from app.server.production.print_sheet import Printing, Sheet, Standing
from app.wire.bundle import PDF_KEYWORD, record_hash
from app.wire.codec import dump
from app.wire.history import HistoryLine
from tests.support.sample_plant import NOW, PEOPLE, PLANT, World, sample_world

PRINTING = Printing(at=NOW, by="Nina Golob")


@cache
def world() -> World:
    return sample_world()


def names() -> Mapping[UserId, str]:
    return {each.user_id: each.name for each in PEOPLE}


def standing_of(facts: Facts, batch: Batch) -> Standing:
    own = [
        each
        for each in world().records()
        if each.id == batch.id or getattr(each, "batch_id", None) == batch.id
    ]
    told = record_hash((each.KIND, each.id, dump(each)) for each in own)
    return Standing(journal=PLANT, seq=551, hash="ab" * 32, record_hash=told)


def trail_of(batch: Batch) -> tuple[HistoryLine, ...]:
    return tuple(
        HistoryLine(
            seq=each.seq,
            event=each.event,
            entity_kind=each.entity_kind,
            entity_id=each.entity_id,
            user_id=PEOPLE[0].user_id,
            station_id=None,
            performed_at=each.at,
            received_at=each.received_at,
            reason=each.reason,
            command_id=None,
            old=dict(each.old),
            new=dict(each.new),
            hash="",
        )
        for each in world().history
        if each.entity_id == batch.id
    )


def sheet(number: str, **more: Any) -> Sheet:
    batch = world().batch(number)
    facts = world().facts
    return sheet_of(
        facts,
        batch,
        people=names(),
        standing=standing_of(facts, batch),
        trail=trail_of(batch),
        printing=more.get("printing", PRINTING),
    )


def printed(number: str, *, facts: Facts | None = None, printing: Printing = PRINTING) -> bytes:
    known = facts or world().facts
    batch = next(each for each in known.every(Batch) if each.number == number)
    return batch_pdf(
        known,
        batch,
        people=names(),
        standing=standing_of(known, batch),
        trail=trail_of(batch),
        printing=printing,
    )


@cache
def text_of(number: str) -> str:
    """The text as a reader copies it out, blanks and break marks evened."""
    pages = PdfReader(io.BytesIO(printed(number))).pages
    return _even("\n".join(page.extract_text() for page in pages))


def _even(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u200b", "").replace("\u00a0", " ").replace("\u202f", " "))


@pytest.mark.req("R2")
@pytest.mark.req("R34")
def test_the_record_of_a_released_batch_tells_who_did_what_when() -> None:
    told = text_of("B-2026-0131")
    for each in (
        "Batch record B-2026-0131",
        "Amlodipine Tablets 5 mg",
        "1 000 000 tablets",
        "AB-22871",
        "Amlodipine besylate: net weight",
        "6.930 to 6.944 kg",
        "6.937 kg",
        "within limit",
        "Ana Kovač",
        "Certified and released by Nina Golob, QA Head",
        "UNCONTROLLED IF PRINTED",
        "Page 1 of",
        "Steps answered 27 of 27",
        "Main compression force (kN)",
    ):
        assert each in told
    assert world().batch("B-2026-0131").master_hash in told.replace(" ", "")


@pytest.mark.req("R17")
def test_every_signature_stands_with_printed_name_time_and_meaning() -> None:
    signatures = sheet("B-2026-0131").signatures
    batch = world().batch("B-2026-0131")
    assert len(signatures) > len(batch.signatures)
    assert all(
        each.name and each.meaning and each.role and re.search(r"[+-]\d\d:\d\d$", each.at)
        for each in signatures
    )
    told = text_of("B-2026-0131")
    for one in batch.signatures:
        assert one.printed_name in told
        assert one.meaning.value in told


@pytest.mark.req("R7")
@pytest.mark.req("R44")
def test_a_corrected_value_stays_readable_and_is_flagged() -> None:
    (step,) = [each for each in sheet("B-2026-0147").stages[0].steps if each.number == "1.2"]
    old, new = step.entries
    assert (old.answer, old.struck, old.mark) == ("API-LOT-2611", True, "replaced")
    assert (new.answer, new.struck, new.mark) == ("AB-22871", False, "◆ changed after original entry")
    assert new.remarks == (
        "Corrects “API-LOT-2611”. Reason: Scanned the outer carton instead of the container.",
    )
    told = text_of("B-2026-0147")
    assert "API-LOT-2611" in told
    assert "changed after original entry" in told


def test_a_contested_step_shows_all_its_entries() -> None:
    (step,) = [each for each in sheet("B-2026-0147").stages[2].steps if each.title.startswith("Hardness")]
    assert [(each.answer, each.who, each.mark, each.struck) for each in step.entries] == [
        ("82\u00a0N", "Ana Kovač", "contested", False),
        ("85\u00a0N", "Marko Zupan", "contested", False),
    ]
    assert "CONTESTED" in step.status


def test_offline_work_says_when_it_was_received_and_how_far_the_clock_was_off() -> None:
    told = text_of("B-2026-0147")
    assert (
        "Entered offline; received by the server 2026-11-22 13:03:06 +01:00; server clock 1.0 s ahead" in told
    )
    assert "Workstation clock was off: server clock 401 s ahead" in told


def test_what_a_running_batch_lacks_is_listed_on_its_first_page() -> None:
    points = sheet("B-2026-0147").open_points
    assert "Contested: Hardness, mean of 10." in points
    assert "Waiting for a verifier: Metal detector challenge." in points
    assert any(each.startswith("Without an entry: 10 steps (Yield, ") for each in points)
    assert sheet("B-2026-0131").open_points == ()


def test_a_deviation_stands_with_investigation_and_closure() -> None:
    told = text_of("B-2026-0132")
    for each in (
        "pH above limit",
        "Major, Closed",
        "5 whys",
        "Supplier blocked; incoming test added.",
        "Luka Bizjak",
    ):
        assert each in told


def test_a_transcribed_record_says_so_and_names_its_source_cells() -> None:
    told = text_of("LEK-0017")
    for each in (
        "Transcribed from Laboratory.csv:17",
        "doi:10.1038/s41597-022-01203-x",
        "Source: Laboratory.csv:17:tbl_av_hardness",
        "2018-11 (known to this precision)",
        "NOT IN THE SOURCE",
    ):
        assert each in told


@pytest.mark.req("R44")
def test_a_signature_under_a_record_that_changed_afterwards_says_so() -> None:
    facts = Facts(world().records())
    batch = world().batch("B-2026-0131")
    step = facts.every(Step, batch_id=batch.id)[0]
    facts.put(replace(step, revision=step.revision + 1))
    changed = sheet_of(
        facts, batch, people=names(), standing=standing_of(facts, batch), trail=(), printing=PRINTING
    )
    states = {each.meaning: each.state for each in changed.signatures if each.state}
    assert states == dict.fromkeys(
        ("Reviewed for quality", "Certified and released"), "▲ RECORD CHANGED SINCE"
    )
    whole = {each.state for each in sheet("B-2026-0131").signatures if each.state}
    assert whole == {"✓ record unchanged since"}


def test_the_same_record_and_printing_give_the_same_bytes() -> None:
    assert printed("B-2026-0132") == printed("B-2026-0132")
    later = replace(PRINTING, at=NOW + timedelta(seconds=1))
    assert printed("B-2026-0132") != printed("B-2026-0132", printing=later)


def test_the_file_is_tagged_archival_and_carries_the_record_hash() -> None:
    pdf = printed("B-2026-0132")
    batch = world().batch("B-2026-0132")
    assert f"{PDF_KEYWORD}{standing_of(world().facts, batch).record_hash}".encode() in pdf
    root: Any = PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata


def test_a_copy_number_stands_on_every_page() -> None:
    reader = PdfReader(io.BytesIO(printed("B-2026-0132", printing=replace(PRINTING, copy=3))))
    assert all("copy 3" in _even(page.extract_text()) for page in reader.pages)


def test_the_code_on_the_page_says_the_record_hash() -> None:
    told = "0123456789abcdef" * 4
    page = b'#set page(width: 25mm, height: 25mm, margin: 5mm)\n#image(bytes(sys.inputs.qr), format: "svg", width: 15mm)'
    image = QImage.fromData(
        typst.compile(page, format="png", ppi=300, sys_inputs={"qr": record_code(told)})
    ).convertToFormat(QImage.Format.Format_Grayscale8)
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    (found,) = zxingcpp.read_barcodes(np.ascontiguousarray(grey[:, : image.width()]))
    assert found.text == f"BATCHWRIGHT:SHA256:{told.upper()}"


AWKWARD = (
    "漢字 仮名 한국어",
    "नमस्ते क्\u200dष ગુજરાતી தமிழ் ไทย",
    "Žlutý kůň ẞ Ω Я İı",
    "\u202egnp.exe\u202c zero\u200bwidth soft\u00adhyphen",
    "\x00\x07\x1b[31m\ud800\ufffe\ue000\U0010ffff",
    "e" + "\u0301\u0489\u20dd" * 20,
    "क\u0301\u0489 𝕬 🧪👩‍🔬",
    "\u07eb\u25bf\u1dd6 \u0301",
    "#set page(width: 1pt)\n#panic() $x$ `raw` <label> @ref \\ // comment",
    "A" * 5_000,
    "long words " * 2_000,
    "line\nbreaks\r\nand\ttabs",
)


def with_comment(comment: str) -> Facts:
    """The busy batch with one comment replaced."""
    facts = Facts(world().records())
    batch = world().batch("B-2026-0147")
    step = next(each for each in facts.every(Step, batch_id=batch.id) if each.entries[0].comment)
    facts.put(replace(step, entries=(replace(step.entries[0], comment=comment), *step.entries[1:])))
    return facts


@pytest.mark.parametrize("comment", AWKWARD)
def test_no_comment_blocks_the_record(comment: str) -> None:
    assert printed("B-2026-0147", facts=with_comment(comment)).startswith(b"%PDF-")


@settings(max_examples=12, deadline=None)
@given(st.text(max_size=60))
@example("\u0e31\u0e31क\u200d\u200d")
def test_no_text_at_all_blocks_the_record(comment: str) -> None:
    assert printed("B-2026-0147", facts=with_comment(comment)).startswith(b"%PDF-")


def test_characters_without_a_font_or_a_form_are_spelt_out() -> None:
    assert printable("漢a") == "[U+6F22]a"
    assert printable("a\u202eb\x07") == "a[U+202E]b[U+0007]"
    assert printable("na\u200dive") == "na[U+200D]ive"
    assert printable("क्\u200dष") == "क्\u200dष"
    assert printable("12 µg ≤ 5 °C ✓\r\nnext") == "12 µg ≤ 5 °C ✓\nnext"
    assert printable("\u0301e\u0301") == "[U+0301]e\u0301"  # a mark alone has nothing to stand on
    assert printable("\u25bf\u1dd6") == "\u25bf[U+1DD6]"
    assert printable("e" + "\u0301" * 7) == "e" + "\u0301" * 5 + "[U+0301]" * 2
    assert bare("Ž Ω") == "Ž [U+03A9]"


def test_every_character_of_the_records_own_words_has_a_font() -> None:
    assert {ord(each) for each in "✓▲▼◆→–·“”…µ°≤≥×\u00a0\u202f"} <= covered()


def test_a_long_word_can_be_broken_and_a_combining_mark_is_never_torn_off() -> None:
    assert breakable("short") == "short"
    assert breakable("a" * 40).replace("\u200b", "") == "a" * 40
    assert "\u200b" in breakable("a" * 40)
    assert "\u200b\u0301" not in breakable("e\u0301" * 40)
