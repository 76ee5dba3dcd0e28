"""Buttons: one primary action on a screen, the others quieter; every one a target for a gloved finger."""

from enum import StrEnum

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from ui.icons import Icon, paint_icon
from ui.paint import box, focus_ring, words
from ui.theme import LOOK, Look, themed
from ui.tokens import RADIUS, TARGET, TARGET_STEP, Tokens, Type


class ButtonKind(StrEnum):
    """`PRIMARY` once on a screen; `QUIET` an action inside a text; `PLAIN` a tool of the frame around the screens."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    QUIET = "quiet"
    PLAIN = "plain"
    DANGER = "danger"


class Button(QPushButton):
    """A button with word and icon. Enter and Space press it; the tooltip names its shortcut or why it is off.

    `step=True` gives the 56 px of a step's action. The word is the verb of what happens ("Release B-0042").
    """

    def __init__(
        self,
        text: str,
        *,
        kind: ButtonKind = ButtonKind.SECONDARY,
        icon: Icon | None = None,
        trailing: Icon | None = None,
        shortcut: str = "",
        tip: str = "",
        step: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._kind = kind
        self._icon = icon
        self._trailing = trailing
        self._tip = tip
        self._why_not = ""
        self._compact = False
        self._step = step
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        if shortcut:
            self.setShortcut(QKeySequence(shortcut))
        self._explain()
        themed(self, self._on_look)

    @property
    def kind(self) -> ButtonKind:
        return self._kind

    def set_kind(self, kind: ButtonKind) -> None:
        self._kind = kind
        self.update()

    def set_icon(self, icon: Icon | None) -> None:
        self._icon = icon
        self.updateGeometry()
        self.update()

    def offer(self, allowed: bool, why_not: str = "") -> None:
        """Enable the button, or disable it and say why: the same sentence that the server would answer."""
        self.setEnabled(allowed)
        self._why_not = "" if allowed else why_not
        self._explain()

    def set_compact(self, compact: bool) -> None:
        """Show the icon alone where space is short; the word stays as tooltip and accessible name."""
        if compact != self._compact and self._icon is not None:
            self._compact = compact
            self.setAccessibleName(self._word_of(self.text()) if compact else "")
            self._explain()
            self.updateGeometry()
            self.update()

    def why_not(self) -> str:
        """The reason given for being off, empty while on."""
        return self._why_not

    def sizeHint(self) -> QSize:
        px = LOOK.value.px
        width = px(self._padding()) * 2
        if self._word():
            width += QFontMetrics(self._word_font()).horizontalAdvance(self._word()) + 2
        if self._icon is not None:
            width += px(20) + (px(8) if self._word() else 0)
        if self._trailing is not None:
            width += px(20) + px(6)
        height = px(TARGET_STEP if self._step else TARGET)
        return QSize(max(width, height), height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        tokens, px = look.tokens, look.px
        painter = QPainter(self)
        fill, line, ink, mark = self._colors(tokens)
        box(painter, self.rect(), RADIUS, fill, line)
        if self.hasFocus():
            if self._kind is ButtonKind.PRIMARY and self.isEnabled():
                focus_ring(painter, self.rect().adjusted(3, 3, -3, -3), tokens.on_accent, RADIUS - 3)
            else:
                focus_ring(painter, self.rect(), tokens.accent)
        font, word = self._word_font(), self._word()
        inner = QRectF(self.rect()).adjusted(px(self._padding()), 0, -px(self._padding()), 0)
        text_width = QFontMetrics(font).horizontalAdvance(word) + 2 if word else 0
        icon_width = px(20) + (px(8) if word else 0) if self._icon is not None else 0
        trailing_width = px(20) + px(6) if self._trailing is not None else 0
        used = min(text_width + icon_width + trailing_width, inner.width())
        left = inner.left() + (inner.width() - used) / 2
        middle = self.rect().center().y() + 1 - px(20) / 2
        if self._icon is not None:
            paint_icon(painter, self._icon, mark, QRectF(left, middle, px(20), px(20)))
            left += icon_width
        room = inner.right() - left - trailing_width
        words(painter, QRectF(left, 0, min(text_width, room), self.height()), word, font, ink)
        if self._trailing is not None:
            right = left + min(text_width, room) + px(6)
            paint_icon(painter, self._trailing, mark, QRectF(right, middle, px(20), px(20)))
        painter.end()

    def _colors(self, t: Tokens) -> tuple[str | None, str | None, str, str]:
        """Fill, line, ink of the word, ink of the icon."""
        hovered, pressed = self.underMouse(), self.isDown() or self.isChecked()
        if not self.isEnabled():
            quiet = self._kind in (ButtonKind.QUIET, ButtonKind.PLAIN)
            return (None if quiet else t.sunken, None, t.disabled, t.disabled)
        match self._kind:
            case ButtonKind.PRIMARY:
                fill = t.accent_pressed if pressed else t.accent_hover if hovered else t.accent
                return fill, None, t.on_accent, t.on_accent
            case ButtonKind.SECONDARY:
                fill = t.accent_ground if pressed else t.hover if hovered else t.surface
                return fill, t.accent if pressed else t.border, t.text, t.muted
            case ButtonKind.QUIET:
                fill = t.accent_ground if pressed else t.hover if hovered else None
                if not self._word():
                    return fill, None, t.text, t.accent if pressed else t.muted
                return fill, None, t.accent, t.accent
            case ButtonKind.PLAIN:
                return t.accent_ground if pressed else t.hover if hovered else None, None, t.text, t.muted
            case ButtonKind.DANGER:
                fill = t.critical_ground if pressed or hovered else t.surface
                return fill, t.critical, t.critical, t.critical

    def _padding(self) -> int:
        if not self._word():
            return 10
        return 20 if self._step else 12 if self._kind in (ButtonKind.QUIET, ButtonKind.PLAIN) else 16

    def _word_font(self) -> QFont:
        return LOOK.value.font(Type.SUBTITLE if self._step else Type.STRONG)

    def _word(self) -> str:
        return "" if self._compact else self._word_of(self.text())

    def _word_of(self, text: str) -> str:
        return text.replace("&&", "\0").replace("&", "").replace("\0", "&")

    def _explain(self) -> None:
        keys = self.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        tip = self._why_not or self._tip or (self._word_of(self.text()) if self._compact else "")
        if keys and not self._why_not:
            tip = f"{tip or self._word_of(self.text())} ({keys})"
        self.setToolTip(tip)
        self.setAccessibleDescription(tip)

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()


class IconButton(Button):
    """A button with an icon alone: its name is its tooltip and what a screen reader says."""

    def __init__(
        self,
        icon: Icon,
        name: str,
        *,
        kind: ButtonKind = ButtonKind.QUIET,
        shortcut: str = "",
        checkable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", kind=kind, icon=icon, shortcut=shortcut, tip=name, parent=parent)
        self.setAccessibleName(name)
        self.setCheckable(checkable)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_name(self, name: str) -> None:
        self._tip = name
        self.setAccessibleName(name)
        self._explain()
