"""The tables of a batch's overview."""

from dataclasses import dataclass

from app.domain.batch import MaterialUse
from app.domain.identity import DeviationId
from ui import text
from ui.icons import Icon
from ui.screens.batches.overview_model import HistoryLine, OverviewState, SignatureLine
from ui.tokens import Tone
from ui.widgets.rows_model import Column, RowsModel
from ui.widgets.status_chip import Chip


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRow:
    """One thing that waits for somebody: an exception, which leads to its step, or a deviation, which leads to itself."""

    chip: Chip
    what: str
    place: str
    when: str
    stage_key: str = ""
    step_key: str = ""
    deviation_id: DeviationId | None = None


def points_of(state: OverviewState) -> tuple[PointRow, ...]:
    """Open deviations first, then exceptions, what stops a release before what wants a comment; closed ones last."""
    opened = [
        PointRow(
            chip=Chip(each.number, Tone.ATTENTION if each.open else Tone.NEUTRAL, Icon.DEVIATION),
            what=each.title,
            place=", ".join(part for part in (each.classification or "No class yet", each.status) if part),
            when="",
            deviation_id=each.id,
        )
        for each in state.deviations
    ]
    noticed = [
        PointRow(
            chip=Chip(each.rule, Tone.STOPPED if each.stops else Tone.ATTENTION, Icon.FLAG),
            what=each.sentence,
            place=each.place,
            when=each.raised,
            stage_key=each.stage_key,
            step_key=each.step_key,
        )
        for each in state.exceptions
    ]
    still_open = [row for row, each in zip(opened, state.deviations, strict=True) if each.open]
    closed = [row for row, each in zip(opened, state.deviations, strict=True) if not each.open]
    return (*still_open, *noticed, *closed)


def points_model() -> RowsModel[PointRow]:
    return RowsModel(
        (
            Column(
                key="kind", title="Kind", text=lambda row: row.chip.text, width=212, chip=lambda row: row.chip
            ),
            Column(key="what", title="What", text=lambda row: row.what, width=320, stretch=True),
            Column(
                key="where", title="Where", text=lambda row: row.place, width=250, stretch=True, muted=True
            ),
            Column(key="when", title="Raised", text=lambda row: row.when, width=232, muted=True),
        )
    )


def materials_model() -> RowsModel[MaterialUse]:
    return RowsModel(
        (
            Column(key="code", title="Code", text=lambda row: row.code, width=110, muted=True),
            Column(
                key="name", title="Material", text=lambda row: row.name, width=260, stretch=True, strong=True
            ),
            Column(
                key="lot", title="Lot", text=lambda row: row.lot, width=140, subtext=lambda row: row.source
            ),
            Column(
                key="quantity",
                title="Quantity",
                text=lambda row: (
                    text.quantity(row.quantity.value, row.quantity.unit) if row.quantity else text.NOTHING
                ),
                width=130,
                number=True,
            ),
            Column(
                key="results",
                title="Test results of the lot",
                text=lambda row: (
                    ", ".join(f"{name} {value} {unit}".strip() for name, value, unit in row.results)
                    or text.NOTHING
                ),
                width=300,
                stretch=True,
                muted=True,
            ),
        )
    )


def signatures_model() -> RowsModel[SignatureLine]:
    return RowsModel(
        (
            Column(key="meaning", title="Meaning", text=lambda row: row.meaning, width=220, strong=True),
            Column(key="what", title="Under", text=lambda row: row.what, width=200, stretch=True),
            Column(
                key="who",
                title="Signed by",
                text=lambda row: row.who,
                width=180,
                subtext=lambda row: row.role,
            ),
            Column(key="when", title="When", text=lambda row: row.when, width=232, muted=True),
        )
    )


def history_model() -> RowsModel[HistoryLine]:
    return RowsModel(
        (
            Column(key="when", title="When", text=lambda row: row.when, width=232, muted=True),
            Column(
                key="who", title="Who", text=lambda row: row.who, width=140, subtext=lambda row: row.station
            ),
            Column(key="event", title="What", text=lambda row: row.event, width=200, strong=True),
            Column(
                key="change",
                title="Old and new",
                text=lambda row: row.change or text.NOTHING,
                width=300,
                stretch=True,
            ),
            Column(key="reason", title="Reason", text=lambda row: row.reason, width=200, stretch=True),
            Column(
                key="seq",
                title="Row",
                text=lambda row: str(row.seq),
                width=72,
                number=True,
                muted=True,
            ),
        ),
        identity=lambda row: row.seq,
    )
