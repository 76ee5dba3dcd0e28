"""Every widget of the kit in every state, laid out to be looked at: `BATCHWRIGHT_SHOTS=dir pytest tests/ui/kit`."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from ui import text
from ui.icons import Icon
from ui.observable import Observable
from ui.shell_state import Connection, Notice, Person, ShellState
from ui.tokens import Tone, Type
from ui.widgets import (
    Banner,
    Button,
    ButtonKind,
    Card,
    Channel,
    Chart,
    Chip,
    Choice,
    ChoiceButtons,
    Column,
    CommentField,
    Delivery,
    EmptyState,
    Fact,
    FilterChips,
    FilterChoice,
    FlowLayout,
    IconButton,
    Keypad,
    KeyValueGrid,
    Label,
    LimitBar,
    Limits,
    NumericField,
    PasswordField,
    ProgressPanel,
    ReasonDialog,
    RowsModel,
    ScrollColumn,
    SearchField,
    SectionHeader,
    SignDialog,
    SignRequest,
    StageTrack,
    StatusChip,
    StepItem,
    StepList,
    SyncMark,
    TableView,
    TimelineEntry,
    TimelineView,
    TrackStage,
)
from ui.window import Gestures, Page, Shell

CET = timezone(timedelta(hours=1), "CET")
NOW = datetime(2026, 11, 22, 14, 5, 9, tzinfo=CET)


@dataclass(frozen=True)
class Row:
    number: str
    product: str
    stage: str
    status: Chip
    done: int
    started: str
    deviations: int


STATUSES = (
    Chip("In Progress", Tone.INFO),
    Chip("QA Hold", Tone.STOPPED),
    Chip("Planned"),
    Chip("QA Review", Tone.ATTENTION),
    Chip("Released", Tone.RELEASED),
)
PRODUCTS = ("Paracetamol 500 mg tablets", "Ibuprofen 400 mg film-coated tablets", "Metformin 850 mg tablets")
STAGES = ("Dispensing", "Granulation", "Compression", "Coating", "Packaging")


def rows(count: int = 60) -> tuple[Row, ...]:
    return tuple(
        Row(
            f"B-{2600 - i:04d}",
            PRODUCTS[i % 3],
            STAGES[i % 5],
            STATUSES[i % 5],
            i * 3 % 11,
            text.when(NOW - timedelta(hours=7 * i), CET) if i % 5 != 2 else "–",
            (i * 7) % 4,
        )
        for i in range(count)
    )


def batch_table() -> tuple[TableView, RowsModel[Row]]:
    model = RowsModel[Row](
        [
            Column[Row](
                key="number",
                title="Number",
                text=lambda r: r.number,
                strong=True,
                sort=lambda r: r.number,
                width=110,
            ),
            Column[Row](
                key="product",
                title="Product",
                text=lambda r: r.product,
                subtext=lambda r: f"{r.stage} · line 2",
                stretch=True,
                width=220,
                sort=lambda r: r.product,
            ),
            Column[Row](
                key="status", title="Status", text=lambda r: r.status.text, chip=lambda r: r.status, width=150
            ),
            Column[Row](
                key="progress",
                title="Progress",
                text=lambda r: f"{r.done} of 10",
                progress=lambda r: r.done / 10,
                width=170,
            ),
            Column[Row](key="started", title="Started", text=lambda r: r.started, muted=True, width=240),
            Column[Row](
                key="deviations",
                title="Deviations",
                text=lambda r: str(r.deviations),
                number=True,
                sort=lambda r: r.deviations,
                width=120,
            ),
        ],
        identity=lambda r: r.number,
    )
    table = TableView(name="gallery-batches")
    table.setModel(model)
    table.set_empty(
        EmptyState(Icon.BATCHES, "No batch matches", "Change the search or the filters.", action="Show all")
    )
    return table, model


def page() -> tuple[QWidget, QVBoxLayout]:
    widget = QWidget()
    widget.setWindowTitle("Gallery")
    outer = QVBoxLayout(widget)
    outer.setContentsMargins(0, 0, 0, 0)
    scroll = ScrollColumn()
    outer.addWidget(scroll)
    scroll.column.setContentsMargins(24, 24, 24, 24)
    scroll.column.setSpacing(16)
    return widget, scroll.column


def across(*widgets: QWidget) -> FlowLayout:
    row = FlowLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row


def actions() -> QWidget:
    widget, column = page()
    off = Button("Release B-2597", kind=ButtonKind.PRIMARY, icon=Icon.SIGN)
    off.offer(False, "Deviation DEV-2026-0117 is open")
    off_too = Button("Print", icon=Icon.PRINT)
    off_too.offer(False, "Nothing to print")
    focused = Button("Has the keyboard", kind=ButtonKind.PRIMARY)
    focused_too = Button("Has it too", kind=ButtonKind.SECONDARY)
    column.addWidget(Label("Buttons", Type.TITLE))
    column.addLayout(
        across(
            Button("Start batch", kind=ButtonKind.PRIMARY, icon=Icon.PLAY),
            Button("Export", icon=Icon.DOWNLOAD),
            Button("Show what waits", kind=ButtonKind.QUIET),
            Button("Lock", kind=ButtonKind.PLAIN, icon=Icon.LOCK),
            Button("Put on hold", kind=ButtonKind.DANGER, icon=Icon.PAUSE),
            off,
            off_too,
            IconButton(Icon.REFRESH, "Refresh"),
            IconButton(Icon.PRINT, "Print"),
        )
    )
    column.addLayout(
        across(
            Button("Save", kind=ButtonKind.PRIMARY, icon=Icon.CHECK, step=True),
            Button("Correct", icon=Icon.CORRECT, step=True),
            Button("Raise deviation", kind=ButtonKind.DANGER, icon=Icon.DEVIATION, step=True),
            focused,
            focused_too,
        )
    )
    column.addWidget(Label("Statuses and marks", Type.TITLE))
    column.addLayout(across(*(StatusChip(chip) for chip in STATUSES), *(SyncMark(d) for d in Delivery)))
    filters = FilterChips(
        [
            FilterChoice("running", "In progress", 12),
            FilterChoice("hold", "QA Hold", 2),
            FilterChoice("review", "Waiting for review", 5),
            FilterChoice("released", "Released", 841),
            FilterChoice("mine", "Mine"),
        ]
    )
    filters.choose(frozenset({"running"}))
    search = SearchField("Search batches")
    search.setText("B-26")
    search.setMaximumWidth(360)
    column.addWidget(search)
    column.addWidget(filters)
    column.addWidget(Label("Banners", Type.TITLE))
    for tone, icon, said, action in (
        (
            Tone.ATTENTION,
            Icon.OFFLINE,
            "Offline since 10:42. Everything you enter is saved on this station.",
            "Show",
        ),
        (Tone.INFO, None, "Connection is back: 13 entries were sent and accepted.", ""),
        (
            Tone.STOPPED,
            None,
            "This station was revoked by Mara Lindt on 22 Nov 2026. Nothing more is accepted.",
            "Call QA",
        ),
    ):
        column.addWidget(Banner(said, tone=tone, icon=icon, action=action))
    column.addStretch(1)
    focused_too.setFocus()
    return widget


def fields() -> QWidget:
    widget, column = page()
    row = QHBoxLayout()
    row.setSpacing(16)
    left = Card("Fields")
    inside = NumericField("Mean tablet weight", "mg")
    inside.set_typed("250,4")
    junk = NumericField("Mean tablet weight", "mg")
    junk.set_typed("25o.4")
    secret = PasswordField("Password")
    secret.setText("not kept")
    combo = QComboBox()
    combo.setAccessibleName("Press")
    combo.addItems(["Tablet press 3", "Tablet press 4"])
    off = QLineEdit("Not now")
    off.setEnabled(False)
    off.setAccessibleName("Batch number")
    check = QCheckBox("Line clearance done")
    check.setChecked(True)
    radio = QRadioButton("Second shift")
    radio.setChecked(True)
    half = QLineEdit("Half-typed value")
    half.setAccessibleName("Remark")
    for part in (inside, junk, half, secret, combo, off):
        left.body.addWidget(part)
    left.body.addLayout(across(check, QCheckBox("Off"), radio, QRadioButton("Off")))
    left.body.addStretch(1)
    middle = Card("Choices and words")
    choice = ChoiceButtons("Result", [Choice("pass", "Conforms"), Choice("fail", "Does not conform")])
    choice.choose("pass")
    reasons = ChoiceButtons(
        "Reason",
        [
            Choice("a", "Typing error", "The reading was right, the key was wrong"),
            Choice("b", "Wrong sample"),
        ],
        upright=True,
    )
    reasons.choose("a")
    comment = CommentField("Why is the value out of its limits?", minimum=20)
    comment.set_text("Feeder empty")
    for part in (choice, reasons, comment):
        middle.body.addWidget(part)
    progress = ProgressPanel("Importing 1 005 batches")
    progress.show_progress(412, 1005, "Process/12.csv · batch 412 of 1 005")
    middle.body.addWidget(progress)
    middle.body.addStretch(1)
    right = Card("Keypad")
    right.body.addWidget(Keypad(inside.line))
    right.body.addStretch(1)
    row.addWidget(left, 3)
    row.addWidget(middle, 3)
    row.addWidget(right, 2)
    column.addLayout(row, 1)
    return widget


def limits() -> QWidget:
    widget, column = page()
    both = Limits(low=Decimal("9.80"), high=Decimal("10.20"), target=Decimal("10.00"), unit="kN")
    alerts = Limits(
        low=Decimal("240.0"),
        high=Decimal("260.0"),
        target=Decimal("250.0"),
        alert_low=Decimal(244),
        alert_high=Decimal(256),
        unit="mg",
    )
    inside, outside = Chip("Within limits", Tone.NEUTRAL, Icon.CHECK), Chip("Above the limit", Tone.STOPPED)
    below = Chip("Below the limit", Tone.STOPPED)
    near = Chip("Near the limit", Tone.ATTENTION)
    for bar_limits, value, verdict in (
        (both, None, None),
        (both, Decimal("10.02"), inside),
        (both, Decimal("10.27"), outside),
        (both, Decimal(73), outside),
        (alerts, Decimal("257.5"), near),
        (Limits(low=Decimal(40), unit="N"), Decimal(36), below),
        (Limits(high=Decimal("1.0"), unit="%"), Decimal("0.62"), inside),
        (Limits(unit="°C"), Decimal("21.5"), Chip("No limits", Tone.NEUTRAL, Icon.MINUS)),
    ):
        bar = LimitBar()
        bar.set_limits(bar_limits)
        bar.show_value(value, verdict)
        column.addWidget(bar)
    column.addStretch(1)
    return widget


def batch() -> QWidget:
    widget, column = page()
    head = QHBoxLayout()
    head.addWidget(Label("B-2597", Type.DISPLAY))
    head.addWidget(StatusChip(STATUSES[0]))
    head.addStretch(1)
    head.addWidget(Button("Print", icon=Icon.PRINT, shortcut="Ctrl+P"))
    head.addWidget(Button("Open stage", kind=ButtonKind.PRIMARY, icon=Icon.STAGE))
    column.addLayout(head)
    facts = Card()
    facts.body.addWidget(
        KeyValueGrid(
            [
                Fact("Product", "Paracetamol 500 mg tablets"),
                Fact("Master record", "MR-014, version 4"),
                Fact("Quantity", "250 000 tablets"),
                Fact("Started", text.when(NOW, CET)),
                Fact("Line", "Press hall 2"),
                Fact("Disposition", chip=Chip("Not decided")),
            ]
        )
    )
    column.addWidget(facts)
    track = StageTrack()
    track.set_stages(
        [
            TrackStage(
                key="d",
                name="Dispensing",
                word="Complete",
                icon=Icon.CHECK_CIRCLE,
                who="I. Okafor",
                when="06:40",
                done=True,
            ),
            TrackStage(
                key="g",
                name="Granulation",
                word="Complete",
                icon=Icon.CHECK_CIRCLE,
                who="I. Okafor",
                when="09:15",
                done=True,
            ),
            TrackStage(
                key="c",
                name="Compression",
                word="In progress",
                icon=Icon.DOT_CIRCLE,
                tone=Tone.INFO,
                who="T. Brandt",
                when="since 11:02",
                current=True,
            ),
            TrackStage(key="f", name="Film coating", word="Waiting"),
            TrackStage(key="p", name="Packaging", word="On hold", icon=Icon.STOPPED, tone=Tone.STOPPED),
        ]
    )
    stages = Card("Stages")
    stages.body.addWidget(track)
    column.addWidget(stages)
    row = QHBoxLayout()
    steps = Card("Steps", flush=True)
    listing = StepList()
    listing.set_steps(
        [
            StepItem(
                key="1",
                title="Line clearance of press 3",
                word="Done",
                icon=Icon.CHECK_CIRCLE,
                done=True,
                value="Yes",
            ),
            StepItem(
                key="2", title="Main compression force", word="Now", icon=Icon.DOT_CIRCLE, tone=Tone.INFO
            ),
            StepItem(
                key="3",
                title="Mean tablet weight of ten",
                word="Waiting for verifier",
                icon=Icon.VERIFY,
                tone=Tone.ATTENTION,
                value="250.4 mg",
            ),
            StepItem(
                key="4",
                title="Hardness",
                word="Contested",
                icon=Icon.CONTESTED,
                tone=Tone.STOPPED,
                value="2 entries",
            ),
            StepItem(
                key="5", title="Metal detector challenge", word="Not applicable", icon=Icon.NOT_APPLICABLE
            ),
        ]
    )
    listing.show_current("2")
    steps.body.addWidget(listing)
    row.addWidget(steps, 2)
    history = Card("History")
    history.body.addWidget(
        TimelineView(
            [
                TimelineEntry(
                    title="Mean tablet weight corrected",
                    meta=f"Ines Okafor · {text.when(NOW, CET)}",
                    struck="25.04 mg",
                    body="250.4 mg. Typing error: the decimal sign slipped.",
                    icon=Icon.CORRECT,
                    tone=Tone.ATTENTION,
                ),
                TimelineEntry(
                    title="Stage started",
                    meta="Tom Brandt · 11:02",
                    icon=Icon.PLAY,
                    chip=Chip("Compression", Tone.INFO),
                ),
                TimelineEntry(
                    title="QA review", meta="when all stages are complete", icon=Icon.REVIEW, ahead=True
                ),
            ]
        )
    )
    history.body.addStretch(1)
    row.addWidget(history, 3)
    column.addLayout(row, 1)
    return widget


def table() -> QWidget:
    widget, column = page()
    header = SectionHeader("Batches", count=60, kind=Type.TITLE)
    header.add(Button("New batch", kind=ButtonKind.PRIMARY, icon=Icon.PLUS, shortcut="Ctrl+N"))
    column.addWidget(header)
    card = Card(flush=True)
    view, model = batch_table()
    model.set_rows(rows())
    view.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    view.choose_row(2)
    card.body.addWidget(view)
    column.addWidget(card, 3)
    nothing = Card(flush=True)
    empty, _ = batch_table()
    nothing.body.addWidget(empty)
    column.addWidget(nothing, 2)
    return widget


def sign_request() -> SignRequest:
    return SignRequest(
        title="Release B-2597",
        verb="Release B-2597",
        meaning="Released",
        signer="Dr. Mara Lindt, QA Head",
        consequence="The batch leaves quarantine. This cannot be undone.",
        lines=[
            ("Batch", "B-2597, Paracetamol 500 mg tablets"),
            ("Master record", "MR-014, version 4"),
            ("Record version", "318, confirmed by the server"),
            ("Exceptions", "4, all decided"),
            ("Deviations", "DEV-2026-0117, closed"),
            ("Yield", "98.7 % (97.0 to 101.0)"),
        ],
    )


def sign_dialog() -> SignDialog:
    return SignDialog(sign_request())


def verify_dialog() -> SignDialog:
    dialog = SignDialog(
        SignRequest(
            title="Verify as second person",
            verb="Verify 250.4 mg",
            meaning="Verified",
            second_person=True,
            lines=[
                ("Step", "Mean tablet weight of ten"),
                ("Entered", "250.4 mg by Ines Okafor at 14:05:09 CET"),
            ],
        )
    )
    dialog.user.setText("ines.okafor")
    dialog.show_refusal("Who entered a value cannot verify it. Ask somebody else.")
    return dialog


def refused_dialog() -> SignDialog:
    dialog = sign_dialog()
    dialog.show_ended(
        "Not released: three things stand in the way.",
        Tone.STOPPED,
        [
            "Deviation DEV-2026-0121 is open",
            "Step Hardness is contested",
            "2 entries of PC-07 are not synced",
        ],
    )
    return dialog


def reason_dialog() -> ReasonDialog:
    dialog = ReasonDialog(
        "Correct the mean tablet weight",
        "Correct to 250.4 mg",
        subject="25.04 mg stays visible, struck through, with your name and reason.",
        reasons=["Typing error", "Misread display", "Wrong sample"],
        icon=Icon.CORRECT,
    )
    dialog.choices.choose("0")
    return dialog


def shell_state(**changes: object) -> ShellState:
    base = {
        "plant": "Northfield Solid Dosage",
        "station": "Press hall 2 · PC-07",
        "now": NOW,
        "person": Person(name="Ines Okafor", role="Production Officer", since=NOW - timedelta(hours=8)),
        "last_sync": NOW - timedelta(minutes=12),
        "badges": MappingProxyType({"deviations": 4, "sync": 1}),
    }
    return ShellState(**{**base, **changes})  # pyright: ignore[reportArgumentType]


def offline_state() -> ShellState:
    return shell_state(
        connection=Connection.OFFLINE,
        offline_since=NOW.replace(hour=10, minute=42),
        waiting=3,
        needs_attention=1,
        clock_offset=timedelta(seconds=72),
        notice=Notice(
            key="offline",
            icon="offline",
            tone="attention",
            text="Offline since 10:42. Everything you enter is saved on this station and goes out by itself.",
            action="Show what waits",
        ),
    )


PLACES = (
    ("batches", "Batches", Icon.BATCHES),
    ("stage", "Stage", Icon.STAGE),
    ("deviations", "Deviations", Icon.DEVIATION),
    ("review", "Review", Icon.REVIEW),
    ("sync", "Sync", Icon.SYNC),
    ("admin", "Admin", Icon.ADMIN),
)


def shell(
    state: Observable[ShellState], gestures: Gestures | None = None, build: Callable[[], QWidget] = table
) -> Shell:
    window = Shell(state, gestures)
    for place, (name, title, icon) in enumerate(PLACES):
        window.add_page(
            Page(name=name, title=title, icon=icon, shortcut=f"Alt+{place + 1}", help="What this is for."),
            build,
        )
    window.go("batches")
    return window


def chart_channels(points: int = 28_041, count: int = 3) -> list[Channel]:
    """Press-like series: slow drift, noise, a stop and one spike that must stay visible."""
    noise = random.Random(7)
    names = (
        ("speed", "Press speed", "rpm", 62.0),
        ("force", "Main compression force", "kN", 10.0),
        ("waste", "Waste", "tablets", 40.0),
    )
    made: list[Channel] = []
    for place in range(count):
        key, name, unit, level = names[place % 3]
        y = [
            level * (1 + 0.02 * math.sin(i / 900 + place)) + noise.gauss(0, level * 0.006)
            for i in range(points)
        ]
        y[points // 3 : points // 3 + points // 60] = [0.0] * (points // 60)
        y[points // 2] = level * 1.6
        limited = key == "force"
        made.append(
            Channel(
                key=f"{key}{place}",
                name=name,
                unit=unit,
                y=y,
                low=9.4 if limited else None,
                high=10.6 if limited else None,
            )
        )
    return made


def chart() -> QWidget:
    widget, column = page()
    card = Card("Compression, press 3")
    shown = Chart()
    channels = chart_channels()
    start = NOW.timestamp()
    shown.set_series(channels, x=[start + i for i in range(len(channels[0].y))], times=True, zone=CET)
    card.body.addWidget(shown)
    column.addWidget(card)
    return widget


PAGES: dict[str, Callable[[], QWidget]] = {
    "actions": actions,
    "fields": fields,
    "limits": limits,
    "batch": batch,
    "table": table,
    "chart": chart,
}
DIALOGS: dict[str, Callable[[], QWidget]] = {
    "sign": sign_dialog,
    "verify": verify_dialog,
    "refused": refused_dialog,
    "reason": reason_dialog,
}
