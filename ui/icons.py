"""The icon family: 24 px strokes of our own (`resources/icons`), tinted to token colours.

An icon never stands for meaning alone: a word is beside it, or the control has an accessible name and a
tooltip.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from ui.theme import LOOK, RESOURCES

ICONS: Final = RESOURCES / "icons"


class Icon(StrEnum):
    """Each member is a file of `resources/icons`."""

    ADMIN = "admin"
    ATTENTION = "attention"
    BACK = "back"
    BACKSPACE = "backspace"
    BATCHES = "batches"
    BOX = "box"
    CHART = "chart"
    CHECK = "check"
    CHECK_CIRCLE = "check-circle"
    CHEVRON_DOWN = "chevron-down"
    CHEVRON_LEFT = "chevron-left"
    CHEVRON_RIGHT = "chevron-right"
    CHEVRON_UP = "chevron-up"
    CIRCLE = "circle"
    CLIPBOARD = "clipboard"
    CLOCK = "clock"
    COMMENT = "comment"
    CONTESTED = "contested"
    COPY = "copy"
    CORRECT = "correct"
    CROSS = "cross"
    CROSS_CIRCLE = "cross-circle"
    DEVIATION = "deviation"
    DOCUMENT = "document"
    DOT_CIRCLE = "dot-circle"
    DOWNLOAD = "download"
    EYE = "eye"
    EYE_OFF = "eye-off"
    FILTER = "filter"
    FLAG = "flag"
    FLASK = "flask"
    FORWARD = "forward"
    HALF_CIRCLE = "half-circle"
    HELP = "help"
    HISTORY = "history"
    INFO = "info"
    KEY = "key"
    KEYBOARD = "keyboard"
    LINK = "link"
    LIST = "list"
    LOCK = "lock"
    MINUS = "minus"
    MOON = "moon"
    MORE = "more"
    NOT_APPLICABLE = "not-applicable"
    OFFLINE = "offline"
    ONLINE = "online"
    PAUSE = "pause"
    PICTURE = "picture"
    PLAY = "play"
    PLUG = "plug"
    PLUS = "plus"
    PRESS = "press"
    PRINT = "print"
    REFRESH = "refresh"
    REVIEW = "review"
    SCALE = "scale"
    SCAN = "scan"
    SEARCH = "search"
    SERVER_REFUSES = "server-refuses"
    SHIELD = "shield"
    SIGN = "sign"
    SIGN_OUT = "sign-out"
    STAGE = "stage"
    STATION = "station"
    STOP = "stop"
    STOPPED = "stopped"
    SUN = "sun"
    SWITCH_USER = "switch-user"
    SYNC = "sync"
    TARGET = "target"
    TEXT_SIZE = "text-size"
    TIMER = "timer"
    UNLOCK = "unlock"
    UNPLUG = "unplug"
    UPLOAD = "upload"
    USER = "user"
    VERIFY = "verify"
    WARNING = "warning"


@lru_cache(maxsize=512)
def pixmap(name: Icon, color: str, size: int, dpr: float = 1.0) -> QPixmap:
    """The icon in `color` (#RRGGBB), `size` device-independent pixels square. Needs a running
    QGuiApplication.
    """
    side = round(size * dpr)
    image = QPixmap(QSize(side, side))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    _renderer(name, color).render(painter, QRectF(0, 0, side, side))
    painter.end()
    image.setDevicePixelRatio(dpr)
    return image


def icon(name: Icon, shade: str = "text", size: int = 20) -> QIcon:
    """A QIcon in a colour of the theme in force (`shade` is a field of `Tokens`), with its disabled form.

    The icon keeps the colours of the moment: ask again in a `themed` render.
    """
    tokens = LOOK.value.tokens
    made = QIcon()
    for dpr in (1.0, 2.0):
        made.addPixmap(pixmap(name, getattr(tokens, shade), size, dpr))
        made.addPixmap(pixmap(name, tokens.disabled, size, dpr), QIcon.Mode.Disabled)
    return made


def paint_icon(painter: QPainter, name: Icon, color: str, rect: QRectF) -> None:
    """Draw the icon into a square of a custom-painted widget, sharp at every scale."""
    dpr = painter.device().devicePixelRatioF()
    painter.drawPixmap(rect.toRect(), pixmap(name, color, max(round(rect.width()), 1), dpr))


@lru_cache(maxsize=512)
def _renderer(name: Icon, color: str) -> QSvgRenderer:
    text = (ICONS / f"{name.value}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(text.replace("currentColor", color).encode()))
