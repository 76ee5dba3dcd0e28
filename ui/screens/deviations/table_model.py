"""The columns of the list of deviations."""

from datetime import timedelta
from typing import Final

from ui import text, tones
from ui.icons import Icon
from ui.screens.deviations.view_model import DeviationLine
from ui.tokens import Tone
from ui.widgets import Chip, Column


def age(length: timedelta) -> str:
    """`today`, `1 day`, `23 days`."""
    days = max(length.days, 0)
    return "today" if days == 0 else text.count(days, "day", "days")


def due(line: DeviationLine) -> Chip | None:
    """An overdue deviation says so with a word and an icon; others show the plain date."""
    if not line.overdue:
        return None
    return Chip(f"Overdue, {line.due_on.day} {text.MONTHS[line.due_on.month - 1]}", Tone.STOPPED, Icon.CLOCK)


def class_of(line: DeviationLine) -> Chip | None:
    """Only an open deviation still waits for its class."""
    return tones.class_chip(line.classification) if line.classification or line.open else None


COLUMNS: Final[tuple[Column[DeviationLine], ...]] = (
    Column(
        key="number",
        title="Number",
        text=lambda line: line.number,
        subtext=lambda line: text.mark(line.mark) if line.mark else "",
        width=140,
        strong=True,
        sort=lambda line: line.number,
    ),
    Column(
        key="title",
        title="Title and batch",
        text=lambda line: line.title,
        subtext=lambda line: line.batch_number,
        width=220,
        stretch=True,
        tip=lambda line: line.title,
        sort=lambda line: line.title.casefold(),
    ),
    Column(
        key="class",
        title="Class",
        text=lambda line: chip.text if (chip := class_of(line)) else text.NOTHING,
        chip=class_of,
        width=146,
        sort=lambda line: line.classification.value if line.classification else "",
    ),
    Column(
        key="status",
        title="Status",
        text=lambda line: line.status.value,
        chip=lambda line: tones.deviation_chip(line.status),
        width=146,
        sort=lambda line: line.status.value,
    ),
    Column(
        key="age",
        title="Age",
        text=lambda line: age(line.age),
        width=88,
        number=True,
        sort=lambda line: line.age,
    ),
    Column(
        key="due",
        title="Due",
        text=lambda line: text.day(line.due_on.date()) if line.open else text.NOTHING,
        chip=due,
        width=176,
        sort=lambda line: line.due_on,
    ),
    Column(
        key="owner",
        title="Owner",
        text=lambda line: line.owner or text.NOTHING,
        width=132,
        sort=lambda line: line.owner.casefold(),
    ),
)
