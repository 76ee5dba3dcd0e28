"""Why: a reason from the list, words of one's own, or both."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ui.icons import Icon
from ui.tokens import Tone
from ui.widgets.choice_buttons import Choice, ChoiceButtons
from ui.widgets.comment_field import CommentField
from ui.widgets.dialog import Dialog
from ui.widgets.label import Label

OTHER = "other"


class ReasonDialog(Dialog):
    """`given` carries the reason as one text when the verb is pressed; the dialog then closes as accepted.

    With `reasons`, one is chosen and a comment may be added; *Another reason* (always last) and a dialog without
    reasons need at least `minimum` characters.
    """

    given = Signal(str)

    def __init__(
        self,
        title: str,
        verb: str,
        *,
        subject: str = "",
        reasons: Sequence[str] = (),
        minimum: int = 10,
        danger: bool = False,
        icon: Icon = Icon.COMMENT,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, verb, icon=icon, danger=danger, parent=parent)
        self._reasons = tuple(reasons)
        self._minimum = minimum
        if subject:
            self.body.addWidget(Label(subject, tone=Tone.NEUTRAL, wrap=True))
        choices = [Choice(str(place), reason) for place, reason in enumerate(reasons)]
        self.choices = ChoiceButtons(
            self.tr("Reason"), [*choices, Choice(OTHER, self.tr("Another reason"))], upright=True
        )
        self.choices.setVisible(bool(reasons))
        self.comment = CommentField(
            self.tr("Comment") if reasons else self.tr("Reason"), minimum=0 if reasons else minimum
        )
        self.body.addWidget(self.choices)
        self.body.addWidget(self.comment)
        self.choices.chosen.connect(self._on_chosen)
        self.comment.edited.connect(self._offer)
        self.comment.done.connect(self._on_act)
        self.act.clicked.connect(self._on_act)
        self._offer()
        (self.choices if reasons else self.comment).setFocus()

    def reason(self) -> str:
        """The reason as it will be kept, empty while it is not complete."""
        words = self.comment.text()
        key = self.choices.current()
        if not self._reasons or key == OTHER:
            return words if len(words) >= self._minimum else ""
        if not key:
            return ""
        chosen = self._reasons[int(key)]
        return f"{chosen}: {words}" if words else chosen

    def _on_chosen(self, key: str) -> None:
        self.comment.set_minimum(self._minimum if key == OTHER else 0)
        if key == OTHER:
            self.comment.setFocus()
        self._offer()

    def _offer(self) -> None:
        complete = bool(self.reason())
        chosen = not self._reasons or bool(self.choices.current())
        why = (
            self.tr("Write at least {count} characters").format(count=self._minimum)
            if chosen
            else self.tr("Choose a reason")
        )
        self.act.offer(complete, why)

    def _on_act(self) -> None:
        reason = self.reason()
        if reason:
            self.given.emit(reason)
            self.accept()
