"""The tokens of the look: colour, space, radius and type, for two themes. Knows no Qt.

Colours are computed against WCAG 2.2: text 4.5:1, entries 7:1, borders, icons and focus 3:1
(`tests/ui/kit/test_theme.py` recomputes every pair). Saturated colour is kept for what is abnormal or asked
for.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

SCALES: Final = (1.0, 1.1, 1.25, 1.5, 1.75, 2.0)


class ThemeName(StrEnum):
    LIGHT = "light"
    DARK = "dark"


class Tone(StrEnum):
    """What a colour says. `RELEASED` is the only green; `NEUTRAL` is the normal case and has no colour."""

    NEUTRAL = "neutral"
    INFO = "info"
    ATTENTION = "attention"
    STOPPED = "stopped"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Colours as #RRGGBB. A `_ground` is the quiet fill behind text or an icon of the same name."""

    window: str
    surface: str
    sunken: str
    hover: str
    text: str
    muted: str
    disabled: str
    border: str
    hairline: str
    accent: str
    accent_hover: str
    accent_pressed: str
    on_accent: str
    accent_ground: str
    ok: str
    ok_ground: str
    warn: str
    warn_ground: str
    critical: str
    critical_hover: str
    critical_ground: str
    on_critical: str
    neutral_ground: str
    tooltip: str
    on_tooltip: str
    scrim: str

    def ink(self, tone: Tone) -> str:
        """The colour of an icon or a word of that tone."""
        return {
            Tone.NEUTRAL: self.muted,
            Tone.INFO: self.accent,
            Tone.ATTENTION: self.warn,
            Tone.STOPPED: self.critical,
            Tone.RELEASED: self.ok,
        }[tone]

    def ground(self, tone: Tone) -> str:
        """The quiet fill behind ink of that tone."""
        return {
            Tone.NEUTRAL: self.neutral_ground,
            Tone.INFO: self.accent_ground,
            Tone.ATTENTION: self.warn_ground,
            Tone.STOPPED: self.critical_ground,
            Tone.RELEASED: self.ok_ground,
        }[tone]


LIGHT: Final = Tokens(
    window="#F3F5F7",
    surface="#FFFFFF",
    sunken="#E8ECF0",
    hover="#EDF1F5",
    text="#14181D",
    muted="#4A5560",
    disabled="#6B7681",
    border="#7A8794",
    hairline="#D6DCE2",
    accent="#0B5CAD",
    accent_hover="#094F96",
    accent_pressed="#073F79",
    on_accent="#FFFFFF",
    accent_ground="#E2EDF9",
    ok="#1B6E3C",
    ok_ground="#E1F2E7",
    warn="#8A5300",
    warn_ground="#FFF0D2",
    critical="#B3261E",
    critical_hover="#98201A",
    critical_ground="#FDE9E7",
    on_critical="#FFFFFF",
    neutral_ground="#E8ECF0",
    tooltip="#14181D",
    on_tooltip="#FFFFFF",
    scrim="#14181D",
)

DARK: Final = Tokens(
    window="#14171B",
    surface="#1B1F24",
    sunken="#262C33",
    hover="#252B32",
    text="#E8ECF0",
    muted="#A9B4BF",
    disabled="#808C98",
    border="#7B8894",
    hairline="#323A43",
    accent="#6CB2FF",
    accent_hover="#86C0FF",
    accent_pressed="#A1CEFF",
    on_accent="#0A1724",
    accent_ground="#17304A",
    ok="#6FCF97",
    ok_ground="#17321F",
    warn="#F2B84B",
    warn_ground="#3A2C10",
    critical="#FF8A80",
    critical_hover="#FFA199",
    critical_ground="#421C1A",
    on_critical="#2A0705",
    neutral_ground="#2A313A",
    tooltip="#E8ECF0",
    on_tooltip="#14181D",
    scrim="#000000",
)

TOKENS: Final = {ThemeName.LIGHT: LIGHT, ThemeName.DARK: DARK}

# For those who asked their system for high contrast: no quiet text, and every line as strong as a border.
HIGH_CONTRAST: Final = {
    ThemeName.LIGHT: replace(
        LIGHT,
        muted="#252C33",
        disabled="#4A5560",
        border="#14181D",
        hairline="#5B6670",
        accent="#08468A",
        warn="#6B3F00",
    ),
    ThemeName.DARK: replace(
        DARK,
        muted="#DCE3EA",
        disabled="#A9B4BF",
        border="#E8ECF0",
        hairline="#8A96A2",
        accent="#9CCBFF",
        warn="#FFD27A",
    ),
}


class Type(StrEnum):
    """The type scale. Sizes are pixels at scale 1.0."""

    CAPTION = "caption"
    CAPTION_STRONG = "caption-strong"
    BODY = "body"
    STRONG = "strong"
    SUBTITLE = "subtitle"
    TITLE = "title"
    DISPLAY = "display"
    ENTRY = "entry"


TYPE_SIZES: Final = {
    Type.CAPTION: (13, 400),
    Type.CAPTION_STRONG: (13, 600),
    Type.BODY: (15, 400),
    Type.STRONG: (15, 600),
    Type.SUBTITLE: (17, 600),
    Type.TITLE: (22, 600),
    Type.DISPLAY: (28, 600),
    Type.ENTRY: (28, 500),
}

# The 4 px grid.
GAP_1: Final = 4
GAP_2: Final = 8
GAP_3: Final = 12
GAP_4: Final = 16
GAP_5: Final = 20
GAP_6: Final = 24
GAP_8: Final = 32

RADIUS_SMALL: Final = 6
RADIUS: Final = 8
RADIUS_CARD: Final = 12

TARGET: Final = 44  # the least height of anything a finger hits
TARGET_STEP: Final = 56  # the actions of a step, hit with gloves
TARGET_KEY: Final = 64  # the keys of the on-screen keypad
