"""Free text with its rule beside it: what is asked, how much is missing."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from ui.theme import Look, themed
from ui.tokens import GAP_1, Tone, Type
from ui.widgets.label import Label


class TextBox(QPlainTextEdit):
    """Tab leaves the box; Ctrl+Enter means done."""

    done = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.done.emit()
            return
        super().keyPressEvent(event)


class CommentField(QWidget):
    """`edited` on every change, `done` on Ctrl+Enter. With `minimum`, the field counts what is missing."""

    edited = Signal()
    done = Signal()

    def __init__(
        self,
        label: str | None = None,
        *,
        minimum: int = 0,
        placeholder: str = "",
        lines: int = 3,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._minimum = minimum
        self._lines = lines
        self._problem = ""
        label = self.tr("Comment") if label is None else label
        self.label = Label(label, Type.STRONG)
        self.box = TextBox()
        self.box.setAccessibleName(label)
        self.box.setPlaceholderText(placeholder)
        self.label.setBuddy(self.box)
        self._say = Label("", Type.CAPTION, Tone.NEUTRAL)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.label, self.box, self._say):
            self._column.addWidget(widget)
        self.label.setVisible(bool(label))
        self.setFocusProxy(self.box)
        self.box.textChanged.connect(self._on_text)
        self.box.done.connect(self.done)
        themed(self, self._on_look)
        self._tell()

    def text(self) -> str:
        """What was written, without blanks around it."""
        return self.box.toPlainText().strip()

    def set_text(self, text: str) -> None:
        if text != self.box.toPlainText():
            self.box.setPlainText(text)

    def enough(self) -> bool:
        """Whether the least length is reached."""
        return len(self.text()) >= self._minimum

    def set_minimum(self, minimum: int) -> None:
        self._minimum = minimum
        self._tell()

    def set_problem(self, problem: str) -> None:
        """Say what is wrong, beside the field; empty takes it away."""
        self._problem = problem
        self._tell()

    def _on_text(self) -> None:
        self._problem = ""
        self._tell()
        self.edited.emit()

    def _tell(self) -> None:
        missing = self._minimum - len(self.text())
        if self._problem:
            said = self._problem
        elif missing > 0 and self.text():
            more = self.tr("{count} more character") if missing == 1 else self.tr("{count} more characters")
            said = more.format(count=missing)
        elif missing > 0:
            said = self.tr("At least {count} characters").format(count=self._minimum)
        else:
            said = ""
        self._say.setText(said)
        self._say.set_tone(Tone.STOPPED if self._problem else Tone.NEUTRAL)
        self._say.setVisible(bool(said) or self._minimum > 0)

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_1 + 2))
        line = self.box.fontMetrics().lineSpacing()
        self.box.setFixedHeight(line * self._lines + look.px(28))
        self._say.setMinimumHeight(look.px(18))
