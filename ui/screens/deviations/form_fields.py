"""The fields of a form as widgets: built from their description, filled from the state, heard through one signal."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QCompleter, QLineEdit, QVBoxLayout, QWidget

from ui.screens.deviations.forms import YES, Field, FieldKind
from ui.theme import Look, themed
from ui.tokens import GAP_1, GAP_5, Tone, Type
from ui.widgets import Choice, ChoiceButtons, CommentField, Label


class FieldBox(QWidget):
    """A label, the field, a hint, and what is wrong with it."""

    edited = Signal(str, str)

    def __init__(self, field: Field, suggestions: Sequence[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        optional = (
            self.tr("  (may stay empty)") if field.optional and field.kind is not FieldKind.TICK else ""
        )
        self.label = Label(f"{field.label}{optional}", Type.STRONG, wrap=True)
        self.hint = Label(field.hint, Type.CAPTION, Tone.NEUTRAL, wrap=True)
        self.problem = Label("", Type.CAPTION_STRONG, Tone.STOPPED, wrap=True)
        self.input = self._make_input(suggestions)
        self.label.setVisible(field.kind is not FieldKind.TICK)
        self.label.setBuddy(self.input)
        self.hint.setVisible(bool(field.hint))
        for widget in (self.label, self.input, self.hint, self.problem):
            self._column.addWidget(widget)
        self.problem.hide()
        self.setFocusProxy(self.input)
        themed(self, self._on_look)

    def show_value(self, value: str) -> None:
        """Show a value that came from the state; emits nothing."""
        widget = self.input
        if isinstance(widget, QLineEdit) and widget.text() != value:
            widget.setText(value)
        elif isinstance(widget, CommentField) and widget.box.toPlainText() != value:
            widget.box.blockSignals(True)
            widget.set_text(value)
            widget.box.blockSignals(False)
        elif isinstance(widget, ChoiceButtons):
            widget.choose(value)
        elif isinstance(widget, QCheckBox) and widget.isChecked() != (value == YES):
            widget.setChecked(value == YES)

    def show_problem(self, said: str) -> None:
        """Say beside the field what is wrong; empty takes it away."""
        self.problem.setText(said)
        self.problem.setVisible(bool(said))
        target = self.input.box if isinstance(self.input, CommentField) else self.input
        judged = "out" if said else ""
        if target.property("judged") != judged:
            target.setProperty("judged", judged)
            target.style().unpolish(target)
            target.style().polish(target)

    def _make_input(self, suggestions: Sequence[str]) -> QWidget:
        field = self.field
        match field.kind:
            case FieldKind.LINE:
                line = QLineEdit()
                line.setAccessibleName(field.label)
                if suggestions:
                    completer = QCompleter(list(suggestions), line)
                    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
                    completer.setFilterMode(Qt.MatchFlag.MatchContains)
                    line.setCompleter(completer)
                line.textEdited.connect(self._on_text)
                return line
            case FieldKind.TEXT:
                text = CommentField("", lines=2)
                text.box.setAccessibleName(field.label)
                text.edited.connect(self._on_text_box)
                return text
            case FieldKind.CHOICE:
                choices = ChoiceButtons(field.label, [Choice(key, word) for key, word in field.choices])
                choices.chosen.connect(self._on_text)
                return choices
            case FieldKind.TICK:
                tick = QCheckBox(field.label)
                tick.clicked.connect(self._on_tick)
                return tick

    def _on_text(self, value: str) -> None:
        self.edited.emit(self.field.key, value)

    def _on_text_box(self) -> None:
        if isinstance(self.input, CommentField):
            self.edited.emit(self.field.key, self.input.box.toPlainText())

    def _on_tick(self, on: bool) -> None:
        self.edited.emit(self.field.key, YES if on else "")

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_1 + 2))


class FormFields(QWidget):
    """All fields of a form, one below the other. `edited` carries key and value."""

    edited = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes: dict[str, FieldBox] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        themed(self, self._on_look)

    def show_fields(
        self,
        fields: Sequence[Field],
        values: Mapping[str, str],
        errors: Mapping[str, str],
        suggestions: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Show these fields in this order; a field that stays keeps its cursor."""
        keys = [each.key for each in fields]
        for key in [key for key in self._boxes if key not in keys]:
            gone = self._boxes.pop(key)
            self._column.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for place, each in enumerate(fields):
            box = self._boxes.get(each.key)
            if box is None:
                box = FieldBox(each, (suggestions or {}).get(each.key, ()), self)
                box.edited.connect(self.edited)
                self._boxes[each.key] = box
                self._column.insertWidget(place, box)
            box.show_value(values.get(each.key, ""))
            box.show_problem(errors.get(each.key, ""))

    def clear(self) -> None:
        """Take all fields away, for another form."""
        self.show_fields((), {}, {})

    def box(self, key: str) -> FieldBox:
        return self._boxes[key]

    def asked(self, key: str) -> FieldBox | None:
        """The field of that key, if the form asks for it now."""
        return self._boxes.get(key)

    def focus_first(self, errors: Mapping[str, str] | None = None) -> FieldBox | None:
        """Bring the keyboard to the first field, or to the first that is wrong; answers it."""
        chosen = [box for key, box in self._boxes.items() if not errors or key in errors]
        ordered = sorted(chosen, key=self._column.indexOf)
        if not ordered:
            return None
        ordered[0].setFocus(Qt.FocusReason.OtherFocusReason)
        return ordered[0]

    def _on_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(GAP_5))
