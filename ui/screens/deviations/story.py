"""A deviation's history and what lies ahead, one below the other, with what was written at each step."""

from collections.abc import Sequence
from datetime import tzinfo

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import text
from ui.icons import Icon
from ui.screens.deviations.detail_model import TimelineStep, When
from ui.theme import Look, themed
from ui.tokens import Tone, Type
from ui.widgets import Chip, Label, TimelineEntry
from ui.widgets.timeline_view import MARK, TimelineItem

LOOKS = {
    When.DONE: (Icon.CHECK, Tone.NEUTRAL),
    When.NOW: (Icon.HALF_CIRCLE, Tone.INFO),
    When.AHEAD: (Icon.CIRCLE, Tone.NEUTRAL),
}

WIDEST_LINE = 840  # about 110 characters: longer lines lose the eye on the way back


class StoryItem(TimelineItem):
    """One step: who, when, and below it each fact under its own quiet name."""

    def __init__(self, step: TimelineStep, zone: tzinfo | None, *, last: bool) -> None:
        at = text.when(step.at, zone) if step.at else ""
        icon, tone = LOOKS[step.when]
        entry = TimelineEntry(
            title=step.title,
            meta=" · ".join(part for part in (step.who, step.role, at) if part),
            icon=icon,
            tone=tone,
            ahead=step.when is When.AHEAD,
            chip=Chip("Now", Tone.INFO, Icon.FORWARD) if step.when is When.NOW else None,
        )
        super().__init__(entry, last=last)
        self._names: list[Label] = []
        self._words: list[Label] = []
        place = self._column.count() - 1  # before the stretch
        for label, said in step.facts:
            name = Label(label, Type.CAPTION, Tone.NEUTRAL)
            self._names.append(name)
            self._column.insertWidget(place, name)
            words = Label(said, wrap=True, selectable=True)
            self._words.append(words)
            self._column.insertWidget(place + 1, words)
            place += 2
        themed(self, self._on_facts_look)

    def _on_facts_look(self, look: Look) -> None:
        self._column.setSpacing(look.px(2))
        for name in self._names:
            name.setContentsMargins(0, look.px(8), 0, 0)
        for words in self._words:
            words.setMaximumWidth(look.px(WIDEST_LINE))
        self.setMinimumHeight(look.px(MARK + (4 if self._last else 20)))


class Story(QWidget):
    """The column of steps; lies in a `ScrollColumn`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[tuple[TimelineStep, ...], tzinfo | None] = ((), None)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)

    def show_steps(self, steps: Sequence[TimelineStep], zone: tzinfo | None) -> None:
        """Show these steps; the same ones again change nothing."""
        if self._shown == (tuple(steps), zone):
            return
        self._shown = (tuple(steps), zone)
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for place, step in enumerate(steps):
            self._column.addWidget(StoryItem(step, zone, last=place == len(steps) - 1))
        self._column.addStretch(1)
