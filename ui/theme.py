"""The look in force: theme and text size, applied to Qt and watched by widgets that paint themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from ui.bind import bind
from ui.observable import Observable, Unsubscribe
from ui.style_sheet import style_sheet
from ui.tokens import HIGH_CONTRAST, SCALES, TOKENS, TYPE_SIZES, ThemeName, Tokens, Type

RESOURCES: Final = Path(__file__).resolve().parent.parent / "resources"
FAMILY: Final = "Inter"
PREPARED: Final = "batchwrightPrepared"  # a property of the application
# Figures of one width, so that columns of numbers and changing values stand still.
TABULAR: Final = QFont.Tag("tnum")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Theme, text size and contrast as in force."""

    theme: ThemeName = ThemeName.LIGHT
    scale: float = 1.0
    high_contrast: bool = False

    @property
    def tokens(self) -> Tokens:
        return (HIGH_CONTRAST if self.high_contrast else TOKENS)[self.theme]

    def px(self, length: float) -> int:
        """A length of the grid at this scale, in device-independent pixels."""
        return round(length * self.scale)

    def font(self, kind: Type = Type.BODY) -> QFont:
        kept = _FONTS.get((self.scale, kind))
        if kept is None:
            size, weight = TYPE_SIZES[kind]
            kept = QFont(QApplication.font())
            kept.setPixelSize(self.px(size))
            kept.setWeight(QFont.Weight(weight))
            kept.setFeature(TABULAR, 1)
            _FONTS[self.scale, kind] = kept
        return QFont(kept)

    def color(self, shade: str) -> QColor:
        """The colour of a field of `Tokens`, by its name."""
        return QColor(getattr(self.tokens, shade))


LOOK: Final = Observable(Look())
_FONTS: Final[dict[tuple[float, Type], QFont]] = {}
"""By scale and kind, made from the application's font: a table asks for hundreds of them in each picture."""


def themed(widget: QObject, render: Callable[[Look], None]) -> Unsubscribe:
    """Render the look now and whenever theme or text size change, for as long as the widget lives."""
    return bind(widget, LOOK, render)


def apply(app: QApplication, theme: ThemeName, scale: float = 1.0) -> None:
    """Put theme and text size in force for every widget of the application, those already open included.

    High contrast follows the wish that the system states.
    The first call comes before the first widget.
    """
    hints = app.styleHints()  # held: PySide deletes what accessibility() answers together with this
    wish = hints.accessibility().contrastPreference()
    look = Look(
        theme=theme,
        scale=min(max(scale, SCALES[0]), SCALES[-1]),
        high_contrast=wish is Qt.ContrastPreference.HighContrast,
    )
    if app.property(PREPARED) is None:  # once: a style set again makes every widget forget what it was told
        app.setProperty(PREPARED, True)
        app.setStyle(QStyleFactory.create("Fusion"))
        _load_fonts()
        if FAMILY in QFontDatabase.families():
            app.setFont(QFont(FAMILY))
    _FONTS.clear()
    app.setFont(look.font())
    app.setPalette(_palette(look.tokens))
    app.setStyleSheet(style_sheet(look.tokens, look.px, RESOURCES / "icons" / "qss" / theme.value))
    LOOK.set(look)


def next_scale(scale: float, step: int) -> float:
    """The text size `step` places larger (or smaller, when negative) than this one."""
    nearest = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - scale))
    return SCALES[min(max(nearest + step, 0), len(SCALES) - 1)]


def _load_fonts() -> None:
    for path in sorted((RESOURCES / "fonts").glob("*.otf")):
        QFontDatabase.addApplicationFont(str(path))


def _palette(t: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, color in (
        (role.Window, t.window),
        (role.WindowText, t.text),
        (role.Base, t.surface),
        (role.AlternateBase, t.window),
        (role.Text, t.text),
        (role.PlaceholderText, t.muted),
        (role.Button, t.surface),
        (role.ButtonText, t.text),
        (role.BrightText, t.critical),
        (role.Highlight, t.accent),
        (role.HighlightedText, t.on_accent),
        (role.Link, t.accent),
        (role.LinkVisited, t.accent),
        (role.ToolTipBase, t.tooltip),
        (role.ToolTipText, t.on_tooltip),
        (role.Accent, t.accent),
        (role.Light, t.surface),
        (role.Midlight, t.hairline),
        (role.Mid, t.border),
        (role.Dark, t.border),
        (role.Shadow, t.scrim),
    ):
        palette.setColor(which, QColor(color))
    for which in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(t.disabled))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(t.sunken))
    return palette
