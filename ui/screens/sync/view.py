"""The sync centre."""

from datetime import datetime, timedelta

from PySide6.QtGui import QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.client.ports import Link, SyncState, WitnessState
from ui import text
from ui.bind import bind
from ui.icons import Icon
from ui.screens.sync.parts import RefusedCard, WaitingBlock
from ui.screens.sync.view_model import SyncCentreState, SyncViewModel, WaitingGroup
from ui.tasks import Tasks
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_3, GAP_4, GAP_5, GAP_6, Tone, Type
from ui.widgets import (
    Banner,
    Button,
    ButtonKind,
    Card,
    Chip,
    EmptyState,
    Fact,
    KeyValueGrid,
    Label,
    ProgressPanel,
    ScrollColumn,
    SectionHeader,
)

NARROW = 900


class SyncView(QWidget):
    """F5 syncs at once. What needs a person stands first, then what waits, then how the line is."""

    def __init__(self, view_model: SyncViewModel, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._tasks = tasks
        self._waiting: tuple[WaitingGroup, ...] = ()
        self._blocks: list[WaitingBlock] = []
        self.refused: list[RefusedCard] = []
        self._narrow = False
        self._build()
        self._wire()
        self.setFocusProxy(self.sync_now)
        bind(self, view_model.state, self._render)
        bind(self, view_model.sync, self._on_changed)
        themed(self, self._on_look)

    def load(self) -> None:
        """Read what waits; done by itself whenever the page is shown and whenever the line's state changes."""
        self._tasks.start(self._view_model.load(), name="sync.load")

    # Building.

    def _build(self) -> None:
        self.sync_now = Button(self.tr("Sync now"), kind=ButtonKind.PRIMARY, icon=Icon.SYNC, shortcut="F5")
        self.copy = Button(self.tr("Copy report"), icon=Icon.COPY)
        self._copied = Label("", Type.CAPTION, Tone.NEUTRAL)
        self._head = QHBoxLayout()
        self._head.addWidget(Label(self.tr("Sync"), Type.TITLE), 1)
        self._head.addWidget(self._copied)
        self._head.addWidget(self.copy)
        self._head.addWidget(self.sync_now)
        self._witness = Banner("", tone=Tone.STOPPED)
        self._problem = Banner("", tone=Tone.ATTENTION)
        self._build_line()
        self._build_lists()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._columns.addLayout(self._lists, 1)
        self._columns.addLayout(self._side)
        scroll = ScrollColumn()
        scroll.column.addLayout(self._columns)
        scroll.column.addStretch(1)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._head)
        self._column.addWidget(self._witness)
        self._column.addWidget(self._problem)
        self._column.addWidget(scroll, 1)

    def _build_line(self) -> None:
        self._line_card = Card(self.tr("The line to the server"))
        self._first = ProgressPanel(self.tr("First copy of the plant"), can_cancel=False)
        self._facts = KeyValueGrid(columns=1, narrowest=220)
        self._line_card.body.addWidget(self._first)
        self._line_card.body.addWidget(self._facts)
        self._plug_card = Card(self.tr("Demonstration"))
        self._plug_words = Label("", wrap=True)
        self.plug = Button(" ", step=True)
        self._plug_card.body.addWidget(self._plug_words)
        self._plug_card.body.addWidget(self.plug)
        self._side = QVBoxLayout()
        self._side.addWidget(self._plug_card)
        self._side.addWidget(self._line_card)
        self._side.addStretch(1)

    def _build_lists(self) -> None:
        self._attention_head = SectionHeader(self.tr("Needs attention"))
        self._attention = QVBoxLayout()
        self._waiting_card = Card(self.tr("Waiting to be sent"))
        self._waiting_box = QVBoxLayout()
        self._nothing = EmptyState(Icon.CHECK_CIRCLE, "")
        self._waiting_card.body.addLayout(self._waiting_box)
        self._waiting_card.body.addWidget(self._nothing)
        self._lists = QVBoxLayout()
        self._lists.addWidget(self._attention_head)
        self._lists.addLayout(self._attention)
        self._lists.addWidget(self._waiting_card)
        self._lists.addStretch(1)

    def _wire(self) -> None:
        self.sync_now.clicked.connect(self._on_sync)
        self.copy.clicked.connect(self._on_copy)
        self.plug.clicked.connect(self._on_plug)

    # Rendering.

    def _render(self, state: SyncCentreState) -> None:
        sync, now = state.sync, state.now
        if sync is None or now is None:
            return
        busy = state.asking or sync.working
        self.sync_now.offer(not busy, self.tr("Syncing …"))
        self.sync_now.setText(self.tr("Syncing …") if busy else self.tr("Sync now"))
        self._render_banners(sync)
        self._facts.set_facts(_line_facts(sync, now, self))
        self._first.setVisible(sync.first_sync is not None)
        if sync.first_sync is not None:
            self._first.show_progress(round(sync.first_sync * 100), 100)
        self._render_plug(state)
        self._render_attention(state)
        self._render_waiting(state)

    def _render_banners(self, sync: SyncState) -> None:
        self._witness.setVisible(sync.witness is WitnessState.BROKEN)
        self._witness.say(
            self.tr(
                "The server's past is not the one this workstation saw. Everything entered is kept here. "
                "Nothing is taken from the server until quality assurance and an administrator have looked."
            ),
            Tone.STOPPED,
        )
        self._problem.setVisible(bool(sync.problem))
        silent = sync.link is Link.OFFLINE
        words = (
            self.tr("The server does not answer. It is tried again by itself.") if silent else sync.problem
        )
        self._problem.say(words, Tone.ATTENTION)
        self._problem.setToolTip(sync.problem)  # the program's own words, for whoever looks after the network

    def _render_plug(self, state: SyncCentreState) -> None:
        self._plug_card.setVisible(state.plug is not None)
        pulled = bool(state.plug)
        self._plug_words.setText(
            self.tr("The server is stopped. Work goes on here; put the plug back and see it sent.")
            if pulled
            else self.tr("Stops the server's process for real. Everything on the floor goes on working.")
        )
        self.plug.setText(self.tr("Put it back") if pulled else self.tr("Pull the plug"))
        self.plug.set_icon(Icon.PLUG if pulled else Icon.UNPLUG)
        self.plug.set_kind(ButtonKind.PRIMARY if pulled else ButtonKind.SECONDARY)
        self.plug.offer(not state.plugging, self.tr("One moment …"))

    def _render_attention(self, state: SyncCentreState) -> None:
        zone = state.now.tzinfo if state.now else None
        self._attention_head.set_count(len(state.attention))
        self._attention_head.setVisible(bool(state.attention))
        if [card.command for card in self.refused] != list(state.attention):
            for card in self.refused:
                self._attention.removeWidget(card)
                card.hide()
                card.deleteLater()
            self.refused = []
            for each in state.attention:
                card = RefusedCard(each, zone)
                key, batch = each.id, each.batch_id
                card.settle_asked.connect(lambda key=key: self._view_model.begin_settling(key))
                card.noted.connect(self._view_model.write)
                card.left.connect(self._view_model.leave_settling)
                card.settled.connect(self._on_settle)
                if batch is not None:
                    card.batch_asked.connect(lambda batch=batch: self._view_model.open_batch(batch))
                self._attention.addWidget(card)
                self.refused.append(card)
        for card in self.refused:
            mine = state.settling is not None and state.settling.command.id == card.command.id
            card.show_settling(state.settling if mine else None)

    def _render_waiting(self, state: SyncCentreState) -> None:
        zone = state.now.tzinfo if state.now else None
        self._nothing.setVisible(not state.waiting)
        if not state.loaded:
            self._nothing.say(Icon.REFRESH, self.tr("Reading the outbox …"))
        else:
            self._nothing.say(
                Icon.CHECK_CIRCLE,
                self.tr("Nothing waits"),
                self.tr("All but what needs attention is in the plant's journal.")
                if state.attention
                else self.tr("Everything entered at this workstation is in the plant's journal."),
            )
        if self._waiting == state.waiting:
            return
        self._waiting = state.waiting
        for block in self._blocks:
            self._waiting_box.removeWidget(block)
            block.hide()
            block.deleteLater()
        self._blocks = [WaitingBlock(group, zone) for group in state.waiting]
        for block in self._blocks:
            self._waiting_box.addWidget(block)

    # Gestures.

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.load()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """With little room the line's state goes below the lists; the status bar says it all the time."""
        px = LOOK.value.px
        narrow = self.width() < px(NARROW)
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(way)
        for card in (self._line_card, self._plug_card):
            card.setMinimumWidth(0 if narrow else px(340))
            card.setMaximumWidth(16_777_215 if narrow else px(340))

    def _on_changed(self, line: SyncState) -> None:
        self._view_model.follow(line)
        if self.isVisible():
            self.load()

    def _on_sync(self) -> None:
        self._tasks.start(self._view_model.sync_now(), name="sync.now", once=True)

    def _on_plug(self) -> None:
        pulled = bool(self._view_model.state.value.plug)
        self._tasks.start(self._view_model.pull_plug(not pulled), name="sync.plug", once=True)

    def _on_settle(self) -> None:
        self._tasks.start(self._view_model.settle(), name="sync.settle", once=True)

    def _on_copy(self) -> None:
        self._tasks.start(self._copy(), name="sync.report", once=True)

    async def _copy(self) -> None:
        QGuiApplication.clipboard().setText(await self._view_model.report())
        self._copied.setText(self.tr("The report is in the clipboard; it holds no secret."))

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, look.px(GAP_4), gap, look.px(GAP_4))
        self._column.setSpacing(look.px(GAP_4))
        self._head.setSpacing(look.px(GAP_3))
        self._columns.setSpacing(look.px(GAP_4))
        self._side.setSpacing(look.px(GAP_4))
        self._lists.setSpacing(look.px(GAP_3))
        self._attention.setSpacing(look.px(GAP_3))
        self._waiting_box.setSpacing(look.px(GAP_5))
        self._nothing.setMinimumHeight(look.px(220))
        self._arrange()


LINKS = {
    Link.ONLINE: ("Online", Tone.NEUTRAL, Icon.ONLINE),
    Link.OFFLINE: ("Offline", Tone.ATTENTION, Icon.OFFLINE),
    Link.REFUSED: ("Server refuses this workstation", Tone.STOPPED, Icon.SERVER_REFUSES),
}
WITNESSES = {
    WitnessState.WHOLE: ("Whole: the past seen here", Tone.NEUTRAL, Icon.SHIELD),
    WitnessState.NOTHING_SEEN: ("Nothing seen yet", Tone.NEUTRAL, Icon.CIRCLE),
    WitnessState.BROKEN: ("Another past than seen here", Tone.STOPPED, Icon.STOPPED),
}


def _line_facts(sync: SyncState, now: datetime, said: QWidget) -> list[Fact]:
    """How the line is, since when, what was seen, and how far the clock is off."""
    zone = now.tzinfo
    link, tone, icon = LINKS[sync.link]
    last = sync.last_sync
    facts = [
        Fact(said.tr("Server"), chip=Chip(link, tone, icon)),
        Fact(said.tr("Since"), f"{text.when(sync.since, zone)}, {text.ago(sync.since, now)}"),
        Fact(
            said.tr("Last complete sync"),
            f"{text.when(last, zone)}, {text.ago(last, now)}" if last else said.tr("Never"),
        ),
        Fact(said.tr("Waiting"), text.count(sync.waiting, "command", "commands")),
    ]
    seen, seen_tone, seen_icon = WITNESSES[sync.witness]
    facts.append(Fact(said.tr("Witness"), chip=Chip(seen, seen_tone, seen_icon)))
    facts.append(
        Fact(said.tr("Journal seen up to"), f"{sync.head_seq:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"))
    )
    if sync.clock_offset_ms is not None:
        offset = text.offset(timedelta(milliseconds=sync.clock_offset_ms))
        facts.append(Fact(said.tr("Server's clock, seen from here"), offset))
    return facts
