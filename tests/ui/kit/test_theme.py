"""The look: contrast computed, one style sheet, one icon family."""

import re

import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QFontMetrics
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from tests.support.screens import looking
from tests.ui.kit import gallery
from ui import theme
from ui.icons import ICONS, Icon, pixmap
from ui.style_sheet import style_sheet
from ui.theme import LOOK, Look
from ui.tokens import HIGH_CONTRAST, SCALES, TARGET, TOKENS, ThemeName, Tokens, Tone, Type

TEXT, ENTRY, EDGE = 4.5, 7.0, 3.0  # WCAG 2.2: 1.4.3, 1.4.6 and 1.4.11

TEXT_PAIRS = [
    *((ink, ground) for ink in ("text", "muted") for ground in ("window", "surface", "sunken", "hover")),
    *((ink, ground) for ink in ("accent", "ok", "warn", "critical") for ground in ("window", "surface")),
    *(
        ("text", ground)
        for ground in ("accent_ground", "ok_ground", "warn_ground", "critical_ground", "neutral_ground")
    ),
    ("accent", "accent_ground"),
    ("accent", "hover"),
    ("ok", "ok_ground"),
    ("warn", "warn_ground"),
    ("critical", "critical_ground"),
    ("muted", "neutral_ground"),
    ("muted", "accent_ground"),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
    ("on_accent", "accent_pressed"),
    ("on_critical", "critical"),
    ("on_critical", "critical_hover"),
    ("on_tooltip", "tooltip"),
    ("surface", "warn"),
]
ENTRY_PAIRS = [("text", "surface"), ("text", "window"), ("text", "accent_ground")]
EDGE_PAIRS = [
    *(("border", ground) for ground in ("window", "surface")),
    *(("accent", ground) for ground in ("window", "surface", "hover", "accent_ground")),
    *(("critical", ground) for ground in ("window", "surface")),
    *(("disabled", ground) for ground in ("window", "surface", "sunken")),
    ("on_accent", "accent"),
]


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def token(tokens: Tokens, name: str) -> str:
    value = getattr(tokens, name)
    assert isinstance(value, str)
    return value


@pytest.mark.parametrize("name", list(ThemeName))
@pytest.mark.parametrize(
    ("pairs", "least"),
    [(TEXT_PAIRS, TEXT), (ENTRY_PAIRS, ENTRY), (EDGE_PAIRS, EDGE)],
    ids=["text", "entries", "edges"],
)
def test_every_pair_of_colours_can_be_told_apart(
    name: ThemeName, pairs: list[tuple[str, str]], least: float
) -> None:
    tokens = TOKENS[name]
    poor = {
        f"{ink} on {ground}": round(contrast(token(tokens, ink), token(tokens, ground)), 2)
        for ink, ground in pairs
        if contrast(token(tokens, ink), token(tokens, ground)) < least
    }
    assert not poor


@pytest.mark.parametrize("name", list(ThemeName))
def test_high_contrast_is_higher_everywhere(name: ThemeName) -> None:
    calm, strong = TOKENS[name], HIGH_CONTRAST[name]
    assert Look(theme=name, high_contrast=True).tokens is strong
    for ink, ground in (*TEXT_PAIRS, *ENTRY_PAIRS, *EDGE_PAIRS):
        least = contrast(token(calm, ink), token(calm, ground))
        assert contrast(token(strong, ink), token(strong, ground)) >= least, f"{ink} on {ground}"
    for ink in ("muted", "border", "accent", "warn"):
        assert contrast(token(strong, ink), strong.surface) >= ENTRY
    assert contrast(strong.hairline, strong.surface) >= EDGE


def test_the_contrast_formula_agrees_with_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", list(ThemeName))
def test_the_style_sheet_holds_no_colour_of_its_own(name: ThemeName) -> None:
    tokens = TOKENS[name]
    known = {token(tokens, field) for field in tokens.__slots__}
    sheet = style_sheet(tokens, Look().px, ICONS / "qss" / name.value)
    assert set(re.findall(r"#[0-9A-Fa-f]{6}", sheet)) <= known
    for path in re.findall(r"url\((.*?)\)", sheet):
        assert QSvgRenderer(path).isValid()


def test_every_tone_has_an_ink_and_a_ground() -> None:
    for tokens in TOKENS.values():
        inks = {tokens.ink(tone) for tone in Tone}
        grounds = {tokens.ground(tone) for tone in Tone}
        assert len(inks) == len(grounds) == len(Tone)


def test_figures_have_one_width(qapp: QApplication) -> None:
    for kind in (Type.BODY, Type.ENTRY):
        metrics = QFontMetrics(LOOK.value.font(kind))
        assert {metrics.horizontalAdvance(digit * 6) for digit in "0123456789"} == {
            metrics.horizontalAdvance("0" * 6)
        }


def test_the_shipped_font_is_used(qapp: QApplication) -> None:
    assert qapp.font().family() == theme.FAMILY
    assert (theme.RESOURCES / "fonts" / "OFL.txt").read_text(encoding="utf-8").startswith("Inter")


def test_open_widgets_follow_the_text_size(qtbot: QtBot) -> None:
    line, button = QLineEdit("250.4"), QPushButton("Save")
    for widget in (line, button):
        qtbot.addWidget(widget)
        widget.show()
    before = (line.font().pixelSize(), line.sizeHint().height())
    with looking(ThemeName.DARK, 2.0):
        assert line.font().pixelSize() == before[0] * 2
        assert line.sizeHint().height() >= before[1] * 2 - 8
    assert (line.font().pixelSize(), line.sizeHint().height()) == before


def test_text_grows_and_shrinks_between_100_and_200_percent() -> None:
    assert theme.next_scale(1.0, -1) == 1.0
    assert theme.next_scale(2.0, 1) == 2.0
    seen = [1.0]
    while seen[-1] < 2.0:
        seen.append(theme.next_scale(seen[-1], 1))
    assert tuple(seen) == SCALES


@pytest.mark.parametrize("name", gallery.PAGES)
def test_whatever_a_finger_hits_is_large_enough(qtbot: QtBot, name: str) -> None:
    page = gallery.PAGES[name]()
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show()
    inside_a_field = ("Clear the search", "Show the password", "Hide the password")
    small = [
        f"{type(button).__name__} {button.accessibleName() or button.text()} {button.width()}×{button.height()}"
        for button in page.findChildren(QPushButton)
        if button.isVisible() and button.accessibleName() not in inside_a_field
        if button.height() < TARGET or button.width() < TARGET
    ]
    assert not small


def test_each_icon_is_a_file_and_each_file_an_icon() -> None:
    files = {path.stem for path in ICONS.glob("*.svg")}
    assert files == {icon.value for icon in Icon}


@pytest.mark.parametrize("icon", list(Icon))
def test_an_icon_belongs_to_the_family_and_draws_something(qapp: QApplication, icon: Icon) -> None:
    source = (ICONS / f"{icon.value}.svg").read_text(encoding="utf-8")
    assert 'viewBox="0 0 24 24"' in source
    assert 'stroke-width="1.75" stroke-linecap="round"' in source
    assert QSvgRenderer(QByteArray(source.encode())).isValid()
    image = pixmap(icon, "#FF0000", 24, 2.0).toImage()
    assert (image.width(), image.devicePixelRatio()) == (48, 2.0)
    inked = [
        image.pixelColor(x, y) for x in range(48) for y in range(48) if image.pixelColor(x, y).alpha() == 255
    ]
    assert inked
    assert {(color.red(), color.green(), color.blue()) for color in inked} == {(255, 0, 0)}
