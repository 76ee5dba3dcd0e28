"""The columns of the queue and of a batch's journal."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Final

from app.client.ports import BatchRow, HistoryRow
from ui import text, tones
from ui.icons import Icon
from ui.tokens import Tone
from ui.widgets import Chip, Column

Clock = Callable[[], datetime]


def queue_columns(clock: Clock) -> tuple[Column[BatchRow], ...]:
    """The queue; how long a batch waits is told at the moment it is painted."""
    return (
        Column(
            key="number",
            title="Batch",
            text=lambda row: row.number,
            width=140,
            strong=True,
            sort=lambda row: row.number,
        ),
        Column(
            key="product",
            title="Product",
            text=lambda row: row.product_name,
            subtext=lambda row: row.quantity,
            width=220,
            stretch=True,
            sort=lambda row: row.product_name.casefold(),
        ),
        Column(
            key="status",
            title="Status",
            text=lambda row: row.status.value,
            chip=lambda row: tones.batch_chip(row.status),
            width=190,
            sort=lambda row: row.status.value,
        ),
        Column(
            key="waiting",
            title="Waiting",
            text=lambda row: waited(row.waiting_since, clock()),
            subtext=lambda row: text.when(row.waiting_since, clock().tzinfo) if row.waiting_since else "",
            width=210,
            sort=lambda row: -row.waiting_since.timestamp() if row.waiting_since else 0.0,
        ),
        Column(
            key="exceptions",
            title="Exceptions",
            text=lambda row: (
                text.count(row.exceptions_open, "open", "open") if row.exceptions_open else text.NOTHING
            ),
            chip=lambda row: _open(row.exceptions_open, Icon.FLAG),
            width=130,
            sort=lambda row: row.exceptions_open,
        ),
        Column(
            key="deviations",
            title="Deviations",
            text=lambda row: (
                text.count(row.deviations_open, "open", "open") if row.deviations_open else text.NOTHING
            ),
            chip=lambda row: _open(row.deviations_open, Icon.DEVIATION),
            width=130,
            sort=lambda row: row.deviations_open,
        ),
    )


def waited(since: datetime | None, now: datetime) -> str:
    """`3 days`, `5 h`: how long a batch has waited."""
    return text.ago(since, now).removesuffix(" ago") if since else text.NOTHING


def _open(count: int, icon: Icon) -> Chip | None:
    return Chip(text.count(count, "open", "open"), Tone.ATTENTION, icon) if count else None


def history_columns(zone: Callable[[], tzinfo | None]) -> tuple[Column[HistoryRow], ...]:
    """A batch's journal as people read it."""
    return (
        Column(
            key="at",
            title="When",
            text=lambda row: text.when(row.at, zone()),
            subtext=lambda row: row.station,
            width=236,
            sort=lambda row: row.seq,
        ),
        Column(
            key="event",
            title="What",
            text=lambda row: text.event(row.event),
            subtext=lambda row: row.reason,
            width=230,
            sort=lambda row: row.event,
        ),
        Column(
            key="who",
            title="Who",
            text=lambda row: row.who,
            width=140,
            sort=lambda row: row.who.casefold(),
        ),
        Column(
            key="change",
            title="Old and new",
            text=lambda row: _pairs(row.new),
            subtext=lambda row: f"before: {_pairs(row.old)}" if _pairs(row.old) else "",
            width=240,
            stretch=True,
            tip=lambda row: _tip(row),
        ),
        Column(key="seq", title="No.", text=lambda row: str(row.seq), width=90, number=True, muted=True),
    )


LONGEST: Final = 160


BOOKKEEPING: Final = frozenset({"id", "plant_id", "batch_id", "revision", "seal"})
"""Fields that say nothing to a reader; the tooltip has them all the same."""


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    told = (
        (name.replace("_", " "), value or text.NOTHING) for name, value in pairs if name not in BOOKKEEPING
    )
    said = ", ".join(f"{name}: {value}" for name, value in told)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]} …"


def _tip(row: HistoryRow) -> str:
    old, new = dict(row.old), dict(row.new)
    names = dict.fromkeys((*old, *new))
    return "\n".join(
        f"{name.replace('_', ' ')}: {old.get(name, text.NOTHING)} → {new.get(name, text.NOTHING)}"
        for name in names
    )
