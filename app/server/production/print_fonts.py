"""Which characters can be printed, and what stands on paper for those that cannot.

A controlled PDF (PDF/A) may not show a character without a glyph, so the typesetter refuses the whole document for one
ideogram in a comment. A comment must never block a release (ruling B33): what no shipped font has is spelt `[U+6F22]`.
"""

import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

RESOURCES: Final = Path(__file__).resolve().parents[3] / "resources"
FONT_FOLDERS: Final = (RESOURCES / "fonts", RESOURCES / "print" / "fonts")
FAMILIES: Final = (
    "Inter",
    "DejaVu Sans",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Gujarati",
    "Noto Sans Gurmukhi",
    "Noto Sans Tamil",
    "Noto Sans Telugu",
    "Noto Sans Kannada",
    "Noto Sans Malayalam",
    "Noto Sans Thai",
)
"""In the order in which a glyph is looked for. Chinese, Japanese and Korean are spelt as code points: 20 MB of font."""

JOINERS: Final = frozenset("\u200c\u200d")
"""Zero width (non-)joiner: part of the spelling of Indic words, meaningless and hidden anywhere else."""
MOST_IN_CLUSTER: Final = 6
"""A letter with more marks than any script stacks is unreadable: the rest of them are spelt out."""
_MARKS: Final = frozenset({"Mn", "Mc", "Me"})
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_TABLE: Final = struct.Struct(">4sLLL")


def printable(text: str) -> str:
    """`text` as it can be printed: line ends kept, hidden and missing characters spelt as `[U+XXXX]`.

    Hidden ones are spelt as well (direction overrides, for one): on paper, what is not seen was not signed.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    if plain.isascii() and plain.replace("\n", "").isprintable():
        return plain
    out: list[str] = []
    cluster = ""
    for each in plain:
        kind = unicodedata.category(each)
        if each == "\n":
            shown, cluster = True, ""
        elif kind in _MARKS or each in JOINERS:
            # A mark is drawn with its letter: one font has to have both, or neither is drawn.
            cluster += each
            shown = 1 < len(cluster) <= MOST_IN_CLUSTER and _one_font_has(cluster)
        else:
            cluster = each
            shown = kind not in _HIDDEN and ord(each) in covered()
        if not shown:
            cluster = ""
        out.append(each if shown else code_point(each))
    return "".join(out)


def _one_font_has(cluster: str) -> bool:
    if cluster[-1] in JOINERS and unicodedata.category(cluster[-2]) not in {"Lo", "Mn", "Mc"}:
        return False
    letters = {ord(each) for each in cluster} - {ord(each) for each in JOINERS}
    return any(letters <= font for font in _coverage())


def bare(text: str) -> str:
    """`text` with every character outside Latin script spelt out: what is printed if fonts fail on a combination."""
    return "".join(
        each if each == "\n" or (" " <= each < "\u0250" and each.isprintable()) else code_point(each)
        for each in text
    )


def code_point(character: str) -> str:
    """`[U+1F600]`; the brackets keep two of them apart."""
    return f"[U+{ord(character):04X}]"


@cache
def covered() -> frozenset[int]:
    """Every code point that one of the shipped fonts has a glyph for."""
    return frozenset[int]().union(*_coverage())


@cache
def _coverage() -> tuple[frozenset[int], ...]:
    return tuple(
        frozenset(_code_points(file.read_bytes()))
        for folder in FONT_FOLDERS
        for file in sorted((*folder.glob("*.ttf"), *folder.glob("*.otf")))
    )


def _code_points(font: bytes) -> Iterator[int]:
    """Code points with a glyph, from a font's `cmap` (OpenType 1.9, formats 4 and 12)."""
    (tables,) = struct.unpack_from(">H", font, 4)
    directory = (_TABLE.unpack_from(font, 12 + 16 * each) for each in range(tables))
    start = next(offset for tag, _, offset, _ in directory if tag == b"cmap")
    (encodings,) = struct.unpack_from(">H", font, start + 2)
    for each in range(encodings):
        platform, _, offset = struct.unpack_from(">HHL", font, start + 4 + 8 * each)
        if platform not in {0, 3}:
            continue  # not Unicode
        at = start + offset
        (form,) = struct.unpack_from(">H", font, at)
        if form == 4:
            yield from _segments(font, at)
        elif form == 12:
            yield from _groups(font, at)


def _segments(font: bytes, at: int) -> Iterator[int]:
    (double,) = struct.unpack_from(">H", font, at + 6)
    count = double // 2
    shape = f">{count}H"
    ends = struct.unpack_from(shape, font, at + 14)
    starts = struct.unpack_from(shape, font, at + 16 + double)
    deltas = struct.unpack_from(shape, font, at + 16 + 2 * double)
    offsets_at = at + 16 + 3 * double
    offsets = struct.unpack_from(shape, font, offsets_at)
    for index in range(count):
        for code in range(starts[index], min(ends[index], 0xFFFE) + 1):
            if offsets[index] == 0:
                glyph = code + deltas[index]
            else:
                where = offsets_at + 2 * index + offsets[index] + 2 * (code - starts[index])
                (glyph,) = struct.unpack_from(">H", font, where)
            if glyph & 0xFFFF:
                yield code


def _groups(font: bytes, at: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">L", font, at + 12)
    for index in range(count):
        first, last, glyph = struct.unpack_from(">LLL", font, at + 16 + 12 * index)
        yield from range(first if glyph else first + 1, last + 1)
