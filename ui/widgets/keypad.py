"""The on-screen keypad for a gloved finger. The field keeps the keyboard; the keys type into it."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSizePolicy, QWidget

from ui.icons import Icon
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, TARGET_KEY, Type
from ui.widgets.button import Button, ButtonKind


class Key(Button):
    """One key of 64 px."""

    def __init__(
        self, label: str, name: str, *, icon: Icon | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(label, kind=ButtonKind.SECONDARY, icon=icon, step=True, tip=name, parent=parent)
        self.setAccessibleName(name)
        self.setToolTip("")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _word_font(self) -> QFont:
        return LOOK.value.font(Type.TITLE)

    def sizeHint(self) -> QSize:
        side = LOOK.value.px(TARGET_KEY)
        return QSize(side, side)


class Keypad(QWidget):
    """Digits, decimal point, sign, backspace and clear for `target`. `entered` is the key that means Enter."""

    entered = Signal()

    def __init__(self, target: QLineEdit, *, enter: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target = target
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.keys: dict[str, Key] = {}
        for row, line in enumerate(("789", "456", "123")):
            for column, digit in enumerate(line):
                self._add(digit, digit, row, column, lambda digit=digit: self._type(digit))
        self._add("±", self.tr("Change the sign"), 3, 0, self._flip_sign)
        self._add("0", "0", 3, 1, lambda: self._type("0"))
        self._add(".", self.tr("Decimal point"), 3, 2, lambda: self._type("."))
        self._add(
            "",
            self.tr("Delete the last character"),
            0,
            3,
            self._backspace,
            icon=Icon.BACKSPACE,
            key="backspace",
        )
        self._add("C", self.tr("Clear"), 1, 3, self._clear, key="clear")
        enter_key = self._add(
            "", enter or self.tr("Save"), 2, 3, self.entered.emit, icon=Icon.CHECK, key="enter"
        )
        enter_key.set_kind(ButtonKind.PRIMARY)
        enter_key.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._grid.addWidget(enter_key, 2, 3, 2, 1)
        themed(self, self._on_look)

    def _add(
        self,
        label: str,
        name: str,
        row: int,
        column: int,
        press: Callable[[], None],
        *,
        icon: Icon | None = None,
        key: str = "",
    ) -> Key:
        made = Key(label, name, icon=icon, parent=self)
        made.clicked.connect(lambda _checked=False: press())
        made.setAutoRepeat(key == "backspace")
        self._grid.addWidget(made, row, column)
        self.keys[key or label] = made
        return made

    def _type(self, character: str) -> None:
        self._target.setFocus(Qt.FocusReason.OtherFocusReason)
        self._target.insert(character)

    def _backspace(self) -> None:
        self._target.setFocus(Qt.FocusReason.OtherFocusReason)
        self._target.backspace()

    def _clear(self) -> None:
        self._target.setFocus(Qt.FocusReason.OtherFocusReason)
        self._target.selectAll()
        self._target.insert("")  # unlike clear(), this can be undone with Ctrl+Z

    def _flip_sign(self) -> None:
        self._target.setFocus(Qt.FocusReason.OtherFocusReason)
        typed, place = self._target.text(), self._target.cursorPosition()
        negative = typed[:1] in ("-", "\N{MINUS SIGN}")
        self._target.setText(typed[1:] if negative else f"-{typed}")
        self._target.setCursorPosition(max(place + (-1 if negative else 1), 0))

    def _on_look(self, look: Look) -> None:
        self._grid.setSpacing(look.px(GAP_2))
        for key in self.keys.values():
            key.setMinimumHeight(look.px(TARGET_KEY))
