"""A number with its unit, typed large. What was typed is never taken away, also when it is no number."""

from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui import text
from ui.numbers import NotANumber, parse_number
from ui.theme import Look, themed
from ui.tokens import GAP_1, GAP_3, Tone, Type
from ui.widgets.label import Label


class NumericField(QWidget):
    """`edited` on every keystroke (ask `value` and `typed`), `entered` on Enter, valid or not.

    Point and comma both mark decimals; where a comma was used, the field says how it was read.
    """

    edited = Signal()
    entered = Signal()

    def __init__(self, name: str, unit: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._problem = ""
        self.line = QLineEdit()
        self.line.setProperty("entry", "true")
        self.line.setAccessibleName(f"{name}, {unit}" if unit else name)
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.line.setInputMethodHints(Qt.InputMethodHint.ImhFormattedNumbersOnly)
        self.unit = Label(unit, Type.TITLE, Tone.NEUTRAL)
        self.unit.setVisible(bool(unit))
        self._say = Label("", Type.CAPTION, Tone.NEUTRAL)
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addWidget(self.unit)
        self._row = row
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(row)
        self._column.addWidget(self._say)
        self.setFocusProxy(self.line)
        self.line.textChanged.connect(self._on_text)
        self.line.returnPressed.connect(self._on_return)
        themed(self, self._on_look)

    def value(self) -> Decimal | None:
        """The number exactly as typed; None where there is none or it cannot be read (`problem` says why)."""
        read = parse_number(self.line.text())
        return read if isinstance(read, Decimal) else None

    def typed(self) -> str:
        """The text as it stands, for drafts."""
        return self.line.text()

    def problem(self) -> str:
        """Why the text is no number, empty where it is one or nothing was typed."""
        return self._problem

    def set_typed(self, typed: str) -> None:
        """Show a text (a draft, a value to correct); emits `edited` when it differs."""
        if typed != self.line.text():
            self.line.setText(typed)

    def set_unit(self, unit: str) -> None:
        self.unit.setText(unit)
        self.unit.setVisible(bool(unit))

    def set_out(self, out: bool) -> None:
        """Turn the field's border for a reading out of its limits; the words stand at the limit bar."""
        value = "out" if out else "in"
        if self.line.property("judged") != value:
            self.line.setProperty("judged", value)
            self.line.style().unpolish(self.line)
            self.line.style().polish(self.line)

    def _on_text(self, typed: str) -> None:
        read = parse_number(typed)
        self._problem = read.why if isinstance(read, NotANumber) else ""
        said = self._problem
        if not said and isinstance(read, Decimal) and "," in typed:
            said = self.tr("Read as {value}").format(value=text.quantity(read, self.unit.text()))
        self._say.set_tone(Tone.STOPPED if self._problem else Tone.NEUTRAL)
        self._say.setText(said)
        self.edited.emit()

    def _on_return(self) -> None:
        self.entered.emit()

    def _on_look(self, look: Look) -> None:
        self._row.setSpacing(look.px(GAP_3))
        self._column.setSpacing(look.px(GAP_1))
        self._say.setMinimumHeight(look.px(18))
