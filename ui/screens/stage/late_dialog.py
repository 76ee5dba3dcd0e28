"""When the work was done, where that is not now: the time and why it is entered later (R29)."""

from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from ui import text
from ui.icons import Icon
from ui.tokens import Tone, Type
from ui.widgets.button import Button
from ui.widgets.comment_field import CommentField
from ui.widgets.dialog import Dialog
from ui.widgets.flow import FlowLayout
from ui.widgets.label import Label

SHORTEST = 10
"""Characters of a reason at least, as in every other reason."""
STEPS = (-60, -15, -5, -1, 1, 5)
"""Minutes that one tap moves the time; a glove hits a button more surely than the section of a date field."""


class LateDialog(Dialog):
    """`moment()` and `reason()` after it was accepted. The time starts at now and never lies after it."""

    def __init__(self, subject: str, now: datetime, parent: QWidget | None = None) -> None:
        super().__init__(
            QCoreApplication.translate("LateDialog", "When was it done?"),
            QCoreApplication.translate("LateDialog", "Take this time"),
            icon=Icon.CLOCK,
            width=580,
            parent=parent,
        )
        self._now = self._moment = now
        self._time = Label("", Type.ENTRY)
        self._zone = Label("", Type.CAPTION, Tone.NEUTRAL)
        row = QWidget()
        flow = FlowLayout(row)
        self.steps: dict[int, Button] = {}
        for minutes in STEPS:
            button = Button(_word(minutes))
            button.setAccessibleName(self.tr("{0} minutes").format(minutes))
            button.clicked.connect(lambda _=False, minutes=minutes: self.move_by(minutes))
            self.steps[minutes] = button
            flow.addWidget(button)
        self.why = CommentField(self.tr("Why is it entered later?"), minimum=SHORTEST, lines=2)
        for widget in (
            Label(subject, tone=Tone.NEUTRAL, wrap=True),
            self._time,
            self._zone,
            row,
            self.why,
        ):
            self.body.addWidget(widget)
        self.why.edited.connect(self._offer)
        self.act.clicked.connect(self.accept)
        self._show()
        self.steps[-5].setFocus()

    def moment(self) -> datetime:
        """The time that was chosen, aware."""
        return self._moment

    def reason(self) -> str:
        return self.why.text()

    def move_by(self, minutes: int) -> None:
        """Earlier or later by so many minutes, to the full minute."""
        moved = (self._moment + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
        self._moment = min(moved, self._now)
        self._show()

    def _show(self) -> None:
        local = self._moment
        self._time.setText(f"{text.day(local.date())} {local:%H:%M}")
        ago = text.ago(self._moment, self._now)
        self._zone.setText(
            self.tr("{0}, by this workstation's clock ({1})").format(ago, text.zone_name(local))
        )
        self._offer()

    def _offer(self) -> None:
        earlier = self._moment < self._now
        why_not = self.tr("Choose the time when it was done") if not earlier else self.tr("Say why")
        self.act.offer(earlier and self.why.enough(), why_not)


def _word(minutes: int) -> str:
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    return f"{sign}1 h" if minutes == -60 else f"{sign}{abs(minutes)} min"
