"""The batch record as a controlled PDF: PDF/A-2a and PDF/UA-1, the same bytes for the same record and printing.

Tagged, so that it can be read aloud and still be read in thirty years (Annex 11 §8, R2, R49).
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any, Final, cast
from unicodedata import category

import segno
import typst

from app.domain.batch import Batch
from app.domain.facts import Facts
from app.domain.identity import UserId
from app.server.production.print_fonts import FAMILIES, FONT_FOLDERS, RESOURCES, bare, printable
from app.server.production.print_reader import sheet_of
from app.server.production.print_sheet import Printing, Sheet, Standing
from app.wire.bundle import PDF_KEYWORD
from app.wire.history import HistoryLine

TEMPLATE: Final = RESOURCES / "print" / "batch_record.typ"
LONGEST_WORD: Final = 18
"""Letters after which a word without a break may be broken: it would run out of its table cell."""


def batch_pdf(
    facts: Facts,
    batch: Batch,
    *,
    people: Mapping[UserId, str],
    standing: Standing,
    trail: Sequence[HistoryLine],
    printing: Printing,
) -> bytes:
    """The record of `batch` as PDF, whatever characters it holds (ruling B33). Takes a tenth of a second of one core.

    `facts` is the batch's file; `standing` says where the record stood when it was read and carries the hash that is
    printed, coded and embedded; `trail` the batch's journal rows, empty where the printout goes without.
    """
    sheet = sheet_of(facts, batch, people=people, standing=standing, trail=trail, printing=printing)
    try:
        return _set(sheet, printable, printing.at)
    except typst.TypstError:
        # Each character has a font, but no single font has a letter with just these marks on it.
        return _set(sheet, bare, printing.at)


def _set(sheet: Sheet, spell: Callable[[str], str], at: datetime) -> bytes:
    made = typst.compile(
        TEMPLATE.read_bytes(),
        font_paths=_fonts(),
        sys_inputs={
            "sheet": json.dumps(_spelt(asdict(sheet), spell)),
            "qr": record_code(sheet.record_hash),
            "keyword": f"{PDF_KEYWORD}{sheet.record_hash}",
            "families": ",".join(FAMILIES),
        },
        pdf_standards=["a-2a", "ua-1"],
        # Whole minutes of offset and whole seconds: all that a PDF date can say.
        timestamp=at.astimezone(timezone(at.utcoffset() or timedelta())).replace(microsecond=0),
    )
    return made


def _spelt(value: Any, spell: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return breakable(spell(value))
    if isinstance(value, dict):
        return {name: _spelt(each, spell) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_spelt(each, spell) for each in cast("Sequence[Any]", value)]
    return value


def breakable(text: str) -> str:
    """`text` with a zero width space in every word that is longer than a line of a narrow column."""
    if len(text) <= LONGEST_WORD:
        return text
    out: list[str] = []
    run = 0
    for each in text:
        if run >= LONGEST_WORD and category(each)[0] in {"L", "N", "P", "S"}:
            out.append("\u200b")
            run = 0
        run = 0 if each.isspace() else run + 1
        out.append(each)
    return "".join(out)


def record_code(record_hash: str) -> str:
    """A QR code (SVG) that says `BATCHWRIGHT:SHA256:` and the hash in capitals, which QR codes hold in less space."""
    image = io.BytesIO()
    code = segno.make_qr(f"BATCHWRIGHT:SHA256:{record_hash.upper()}", error="m")
    code.save(image, kind="svg", border=2, xmldecl=False, svgns=True)
    return image.getvalue().decode()


@cache
def _fonts() -> typst.Fonts:
    """Only what the repository ships: the same page on every machine."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(each) for each in FONT_FOLDERS],
    )
