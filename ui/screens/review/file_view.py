"""One batch under review: what is in the way, exceptions first, the whole record one key away, the signed acts."""

from datetime import tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QStackedLayout,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from app.client.ports import Changed
from app.domain.batch import BatchAction
from app.domain.decision import Refusal
from app.domain.exception import ExceptionAction
from app.domain.identity import BatchId
from ui import text, tones
from ui.bind import bind
from ui.icons import Icon
from ui.navigation import Navigator
from ui.screens.review.act_card import DANGER, ActCard
from ui.screens.review.blocker_list import BlockerList
from ui.screens.review.exception_card import ExceptionCard
from ui.screens.review.exception_list import ExceptionList
from ui.screens.review.file_model import ACTS, FileState, Offer, ReviewViewModel, short_hash
from ui.screens.review.record_view import RecordView
from ui.screens.review.table_model import history_columns, waited
from ui.sign_off import sign_off
from ui.signing import Phase, Signing
from ui.tasks import Tasks
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_1, GAP_2, GAP_3, GAP_4, GAP_6, Tone, Type
from ui.widgets import (
    Banner,
    Button,
    ButtonKind,
    Card,
    Chip,
    EmptyState,
    FlowLayout,
    IconButton,
    Label,
    RowsModel,
    ScrollColumn,
    StatusChip,
    TableView,
    TimelineEntry,
    TimelineView,
)
from ui.widgets.page_scroll import PageBody, PageScroll
from ui.widgets.row_button import RowButton

NARROW = 900
LEAST = 400  # below that height the page scrolls as a whole instead of squeezing its parts
EXCEPTIONS, RECORD, DEVIATIONS, SIGNATURES, JOURNAL, ACT, WAY = range(7)
ICONS = {
    BatchAction.REVIEW_PRODUCTION: Icon.SIGN,
    BatchAction.REVIEW_QUALITY: Icon.SIGN,
    BatchAction.RELEASE: Icon.SHIELD,
    BatchAction.RETURN: Icon.BACK,
    BatchAction.PLACE_QA_HOLD: Icon.PAUSE,
    BatchAction.LIFT_QA_HOLD: Icon.PLAY,
    BatchAction.REJECT: Icon.CROSS_CIRCLE,
}


class ReviewFileView(QWidget):
    """Ctrl+1 to Ctrl+5 change the page, Ctrl+Down and Ctrl+Up go through the exceptions, Escape goes back."""

    def __init__(
        self,
        view_model: ReviewViewModel,
        tasks: Tasks,
        navigator: Navigator,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._tasks = tasks
        self._navigator = navigator
        self._zone: tzinfo | None = None
        self._offers: tuple[Offer, ...] = ()
        self.act_buttons: dict[BatchAction, Button] = {}
        self._build()
        self._wire()
        self.setFocusProxy(self.tabs)
        bind(self, view_model.state, self._render)
        bind(self, view_model.changed, self._on_changed)
        themed(self, self._on_look)

    @property
    def view_model(self) -> ReviewViewModel:
        return self._view_model

    def open(self, batch_id: BatchId) -> None:
        """Show this batch on its exceptions."""
        self.tabs.setCurrentIndex(EXCEPTIONS)
        self._tasks.start(self._view_model.open(batch_id), name="review.open")

    # Building.

    def _build(self) -> None:
        self._build_head()
        self._build_blockers()
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.setAccessibleName(self.tr("Parts of the record"))
        for _ in range(5):
            self.tabs.addTab(" ")
        self._pages = QStackedLayout()
        self._pages.addWidget(self._build_exceptions())
        self.record = RecordView()
        self._record_page = ScrollColumn()
        self._record_page.column.addWidget(self.record)
        self._record_page.column.addStretch(1)
        self._pages.addWidget(self._record_page)
        self._pages.addWidget(self._build_deviations())
        self._pages.addWidget(self._build_signatures())
        self._pages.addWidget(self._build_journal())
        self.act_card = ActCard(self._view_model)
        for card in (self.act_card, self._way_card):
            scroll = ScrollColumn()
            scroll.column.addWidget(card)
            scroll.column.addStretch(1)
            self._pages.addWidget(scroll)
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.addLayout(self._head)
        self._column.addWidget(self.way_banner)
        self._column.addWidget(self.tabs)
        self._empty = EmptyState(Icon.REVIEW, "")
        self._pages_box = PageBody(LEAST)
        self._pages_box.setLayout(self._pages)
        self._column.addWidget(self._pages_box, 1)
        self._whole = QStackedLayout(self)
        self._whole.addWidget(PageScroll(page))
        self._whole.addWidget(self._empty)
        self._build_shortcuts()

    def _build_head(self) -> None:
        self.back = IconButton(Icon.BACK, self.tr("Back"))
        self._number = Label("", Type.TITLE)
        self._status = StatusChip()
        self._stand = StatusChip()
        self._about = Label("", Type.CAPTION, Tone.NEUTRAL, wrap=True)
        self.batch_link = Button(self.tr("Open the batch"), kind=ButtonKind.QUIET, icon=Icon.BATCHES)
        first = FlowLayout()
        for widget in (self._number, self._status, self._stand, self.batch_link):
            first.addWidget(widget)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(first)
        words.addWidget(self._about)
        self._first = first
        self._acts = QWidget()
        self._acts_row = FlowLayout(self._acts)
        top = QHBoxLayout()
        top.addWidget(self.back, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        self._top = top
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.addLayout(top, 1)
        self._head.addWidget(self._acts, 0, Qt.AlignmentFlag.AlignVCenter)

    def _build_blockers(self) -> None:
        self._unfolded = False
        self.way_banner = Banner("", tone=Tone.ATTENTION, action=" ")
        self.blockers = BlockerList(self._view_model.said, self._view_model.follows)
        self._way_card = Card()
        self._way_card.body.addWidget(self.blockers)

    def _build_exceptions(self) -> QWidget:
        page = QWidget()
        self._narrow = False
        self._listing = False
        self._sides = QHBoxLayout(page)
        self._sides.setContentsMargins(0, 0, 0, 0)
        self.list = ExceptionList()
        self._list_card = Card()
        self._list_scroll = ScrollColumn()
        self._list_scroll.column.addWidget(self.list)
        self._list_scroll.column.addStretch(1)
        self._list_card.body.addWidget(self._list_scroll, 1)
        self.card = ExceptionCard()
        self._sides.addWidget(self._list_card, 5)
        self._sides.addWidget(self.card, 7)
        return page

    def _build_deviations(self) -> QWidget:
        self._deviations_card = Card()
        self._deviation_rows: list[RowButton] = []
        self._no_deviation = EmptyState(
            Icon.DEVIATION, self.tr("No deviation"), self.tr("None was raised for this batch.")
        )
        self._deviations_card.body.addWidget(self._no_deviation)
        self._deviations_card.body.addStretch(1)
        scroll = ScrollColumn()
        scroll.column.addWidget(self._deviations_card)
        scroll.column.addStretch(1)
        return scroll

    def _build_signatures(self) -> QWidget:
        card = Card()
        self._signatures = TimelineView()
        self._no_signature = EmptyState(
            Icon.SIGN, self.tr("No signature yet"), self.tr("Nobody has signed under this batch.")
        )
        card.body.addWidget(self._signatures)
        card.body.addWidget(self._no_signature)
        scroll = ScrollColumn()
        scroll.column.addWidget(card)
        scroll.column.addStretch(1)
        return scroll

    def _build_journal(self) -> QWidget:
        card = Card(flush=True)
        self.history = RowsModel(history_columns(lambda: self._zone), identity=lambda row: row.seq)
        self.journal = TableView(name="journal")
        self.journal.setModel(self.history)
        self._journal_empty = EmptyState(Icon.HISTORY, "")
        self.journal.set_empty(self._journal_empty)
        card.body.addWidget(self.journal)
        return card

    def _build_shortcuts(self) -> None:
        for place in range(self.tabs.count()):
            QShortcut(QKeySequence(f"Ctrl+{place + 1}"), self).activated.connect(
                lambda place=place: self.tabs.setCurrentIndex(place)
            )
        for keys, by in (("Ctrl+Down", 1), ("Ctrl+Up", -1)):
            QShortcut(QKeySequence(keys), self).activated.connect(lambda by=by: self._view_model.step_on(by))

    def _wire(self) -> None:
        model = self._view_model
        self.back.clicked.connect(self._navigator.back)
        self.batch_link.clicked.connect(model.open_batch)
        self.tabs.currentChanged.connect(self._on_tab)
        self.way_banner.acted.connect(self._on_fold)
        self.blockers.followed.connect(self._on_blocker)
        self.card.all_link.clicked.connect(self._on_list)
        self.card.before.clicked.connect(lambda: model.step_on(-1))
        self.card.after.clicked.connect(lambda: model.step_on(1))
        self.list.picked.connect(self._on_picked)
        self.list.all_picked.connect(self._on_all)
        self.card.judged.connect(self._on_judged)
        self.card.commented.connect(model.comment)
        self.card.escalated.connect(model.raise_deviation)
        self.card.step_asked.connect(self._on_step)
        self.card.deviation_asked.connect(self._on_deviation)
        self.card.chart_asked.connect(self._on_chart)
        self.record.asked.connect(model.open_step)
        self.act_card.submitted.connect(self._on_submit)
        self.act_card.left.connect(model.leave_form)
        self.act_card.journal_asked.connect(self._on_journal)
        self._journal_empty.acted.connect(self._load_journal)
        self._empty.acted.connect(self._navigator.back)

    # Rendering.

    def _render(self, state: FileState) -> None:
        self._whole.setCurrentIndex(0 if state.batch is not None else 1)
        if state.batch is None:
            self._render_absence(state)
            return
        self._zone = state.now.tzinfo if state.now else None
        self._render_head(state)
        self._render_acts(state)
        self._render_blockers(state)
        self._render_tabs(state)
        self.list.show_groups(state.groups, may_assess=state.may_assess)
        self.list.show_selected(state.selected, state.verdict.ids)
        self._show_sides(state)
        self.card.show_state(state, {each: self._view_model.may_judge(each) for each in ExceptionAction})
        if self.tabs.currentIndex() == RECORD:
            self.record.show_stages(state.stages, self._zone)
        self._render_deviations(state)
        self._render_signatures(state)
        self._render_journal(state)
        self._render_page(state)

    def _show_sides(self, state: FileState) -> None:
        """List and card beside each other; with little room one or the other."""
        narrow, listing = self._narrow, self._listing
        some = bool(state.groups)
        self._list_card.setVisible(some and (not narrow or listing))
        self.card.setVisible(not narrow or not listing or not some)
        self.card.all_link.setVisible(narrow and some)

    def _render_absence(self, state: FileState) -> None:
        if state.loaded:
            self._empty.say(
                Icon.REVIEW,
                self.tr("This batch is not on this workstation"),
                self.tr("It may come with the next sync, or belong to another plant."),
                action=self.tr("Back"),
            )
        else:
            self._empty.say(Icon.REFRESH, self.tr("Reading the record …"))

    def _render_head(self, state: FileState) -> None:
        batch = state.batch
        if batch is None:
            return
        self._number.setText(batch.number)
        self._status.set_chip(tones.batch_chip(batch.status))
        on_way = state.pending
        self._stand.setVisible(on_way > 0)
        sent = text.count(on_way, "command on its way", "commands on their way")
        self._stand.set_chip(Chip(sent, Tone.ATTENTION, Icon.UPLOAD))
        parts = [
            batch.product_name,
            f"{text.big_number(batch.quantity.value)} {batch.quantity.unit}",
            self.tr("master version {0}").format(batch.master_version),
        ]
        if state.waiting_since is not None and state.now is not None:
            parts.append(self.tr("waiting {0}").format(waited(state.waiting_since, state.now)))
        self._about.setText(" · ".join(parts))

    def _render_acts(self, state: FileState) -> None:
        offers = tuple(each for each in (*state.others, state.forward) if each is not None)
        self._acts.setVisible(state.form is None and bool(offers))
        if offers == self._offers:
            return
        self._offers = offers
        for button in self.act_buttons.values():
            self._acts_row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.act_buttons = {}
        for each in offers:
            first = each is state.forward
            kind = ButtonKind.DANGER if each.action in DANGER else ButtonKind.SECONDARY
            button = Button(
                ACTS[each.action].verb,
                kind=ButtonKind.PRIMARY if first else kind,
                icon=ICONS[each.action],
                shortcut="Ctrl+S" if first else "",
            )
            why = text.refusal(each.refusal) if each.refusal else ""
            button.offer(each.refusal is None or each.blocked, why)
            button.clicked.connect(lambda _=False, action=each.action: self._view_model.begin(action))
            self._acts_row.addWidget(button)
            self.act_buttons[each.action] = button

    def _render_blockers(self, state: FileState) -> None:
        count = len(state.blockers)
        shown = bool(count) and state.form is None
        release = state.forward is not None and state.forward.action is BatchAction.RELEASE
        way = self.tr("release") if release else self.tr("QA review")
        things = text.count(count, "thing stands", "things stand")
        said = self.tr("{0} in the way of the {1}: {2}").format(things, way, self._view_model.in_the_way())
        unfolded = self._unfolded
        self.way_banner.setVisible(shown)
        self.way_banner.say(
            said, Tone.ATTENTION, action=self.tr("Fold away") if unfolded else self.tr("Show each")
        )
        self.blockers.show_blockers(state.blockers)
        if not shown and unfolded and state.form is None:
            self._unfolded = False

    def _render_tabs(self, state: FileState) -> None:
        counts = state.counts

        def told(name: str, total: int, waiting: int = 0) -> str:
            open_ones = self.tr(" · {0} open").format(waiting) if waiting and not self._narrow else ""
            return f"{name} {total}{open_ones}"

        names = (
            told(self.tr("Exceptions"), counts.exceptions, counts.exceptions_open),
            told(self.tr("Record") if self._narrow else self.tr("Whole record"), counts.entries),
            told(self.tr("Deviations"), counts.deviations, counts.deviations_open),
            told(self.tr("Signatures"), counts.signatures),
            self.tr("Journal"),
        )
        for place, name in enumerate(names):
            if self.tabs.tabText(place) != name:
                self.tabs.setTabText(place, name)
                self.tabs.setTabToolTip(place, f"Ctrl+{place + 1}")

    def _render_deviations(self, state: FileState) -> None:
        for row in self._deviation_rows:
            row.hide()
            row.deleteLater()
        self._deviation_rows = []
        self._no_deviation.setVisible(not state.deviations)
        for place, each in enumerate(state.deviations):
            chip = tones.class_chip(each.classification)
            icon, _ = tones.DEVIATION[each.status]
            row = RowButton(
                f"{each.number or self.tr('Number follows')}  {each.title}",
                icon=icon,
                subtitle=f"{each.status.value} · {self.tr('due')} {text.day(each.due_on.date())}",
                mark=chip,
            )
            row.clicked.connect(lambda _=False, key=each.id: self._view_model.open_deviation(key))
            self._deviations_card.body.insertWidget(place, row)
            self._deviation_rows.append(row)

    def _render_signatures(self, state: FileState) -> None:
        self._no_signature.setVisible(not state.signatures)
        self._signatures.setVisible(bool(state.signatures))
        entries: list[TimelineEntry] = []
        for line in state.signatures:
            each = line.signature
            bound = self.tr("Manifest {0}").format(short_hash(each.manifest))
            stands = Chip(self.tr("Stands"), Tone.NEUTRAL, Icon.CHECK)
            fallen = Chip(self.tr("Record changed since"), Tone.ATTENTION, Icon.WARNING)
            entries.append(
                TimelineEntry(
                    title=each.meaning.value,
                    meta=f"{each.printed_name} · {each.role.value} · {text.when(each.signed_at, self._zone)}",
                    body=bound if line.stands is not None else "",
                    icon=Icon.SIGN,
                    chip=None if line.stands is None else stands if line.stands else fallen,
                )
            )
        self._signatures.set_entries(entries)

    def _render_journal(self, state: FileState) -> None:
        history = state.history
        if isinstance(history, tuple):
            self.history.set_rows(tuple(reversed(history)))
        else:
            self.history.set_rows(())
        if isinstance(history, Refusal):
            self._journal_empty.say(
                Icon.OFFLINE,
                self.tr("The journal cannot be shown now"),
                text.refusal(history),
                action=self.tr("Try again"),
            )
        elif history is None:
            self._journal_empty.say(Icon.REFRESH, self.tr("Fetching the journal …"))
        else:
            self._journal_empty.say(Icon.HISTORY, self.tr("No entry in the journal"))

    def _render_page(self, state: FileState) -> None:
        if state.form is not None:
            self._pages.setCurrentIndex(ACT)
            self.act_card.show_form(state, state.form)
        else:
            self.act_card.closed()
            self._pages.setCurrentIndex(WAY if self._unfolded else self.tabs.currentIndex())
        self.tabs.setVisible(state.form is None)

    # Gestures.

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._reload()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """With little room the acts go below the number, and list and card take turns."""
        narrow = self.width() < LOOK.value.px(NARROW)
        if narrow != self._narrow:
            self._narrow = narrow
            way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
            self._head.setDirection(way)
            state = self._view_model.state.value
            self._render_tabs(state)
            self._show_sides(state)

    def _on_fold(self) -> None:
        self._fold(self._unfolded)

    def _fold(self, folded: bool) -> None:
        self._unfolded = not folded
        state = self._view_model.state.value
        self._render_blockers(state)
        self._render_page(state)

    def _on_list(self) -> None:
        self._listing = True
        self._show_sides(self._view_model.state.value)

    def _on_picked(self, key: object) -> None:
        lines = (line for group in self._view_model.state.value.groups for line in group.lines)
        found = next((line for line in lines if line.id == key), None)
        if found is not None:
            self._listing = False
            self._view_model.select(found.id)
            self._show_sides(self._view_model.state.value)

    def _on_changed(self, news: Changed) -> None:
        if self.isVisible() and self._view_model.concerned_by(news):
            self._reload()

    def _reload(self) -> None:
        self._tasks.start(self._view_model.load(), name="review.load")

    def _on_tab(self, place: int) -> None:
        state = self._view_model.state.value
        if place == RECORD and state.batch is not None:
            self.record.show_stages(state.stages, self._zone)
        if place == JOURNAL:
            self._load_journal()
        self._fold(True)

    def _load_journal(self) -> None:
        self._tasks.start(self._view_model.load_history(), name="review.history", once=True)

    def _on_chart(self) -> None:
        self._tasks.start(self._chart(), name="review.chart", once=True)

    async def _chart(self) -> None:
        await self._view_model.load_chart()
        self.card.go_to_chart()

    def _on_journal(self) -> None:
        self._view_model.leave_form()
        self.tabs.setCurrentIndex(JOURNAL)

    def _on_blocker(self, blocker: object) -> None:
        state = self._view_model.state.value
        found = next((each for each in state.blockers if each == blocker), None)
        if found is None:
            return
        self._view_model.follow(found)
        if found.kind == "exception":
            self.tabs.setCurrentIndex(EXCEPTIONS)
            self._listing = False
            self._fold(True)
            self._show_sides(self._view_model.state.value)
            self.card.comment.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_all(self, ids: list[object]) -> None:
        lines = (line for group in self._view_model.state.value.groups for line in group.lines)
        self._view_model.decide_on([line.id for line in lines if line.id in ids])
        self._listing = False
        self._show_sides(self._view_model.state.value)
        self.card.comment.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_step(self) -> None:
        line = self._view_model.state.value.line
        if line is not None:
            self._view_model.open_step(line.exception.stage_key, line.exception.step_key)

    def _on_deviation(self) -> None:
        line = self._view_model.state.value.line
        if line is not None and line.deviation is not None:
            self._view_model.open_deviation(line.deviation.id)

    def _on_judged(self, action: object) -> None:
        if isinstance(action, ExceptionAction):
            self._tasks.start(self._judge(action), name="review.judge", once=True)

    async def _judge(self, action: ExceptionAction) -> None:
        signing = await self._view_model.judge(action)
        if signing is None:
            self.card.comment.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        ended = await self._sign(signing)
        if ended in {Phase.ACCEPTED, Phase.UNANSWERED}:
            self._view_model.judged()
        await self._view_model.load()

    def _on_submit(self) -> None:
        self._tasks.start(self._submit(), name="review.submit", once=True)

    async def _submit(self) -> None:
        form = self._view_model.state.value.form
        signing = await self._view_model.submit()
        if signing is None or form is None:
            return
        words = ACTS[form.action]
        ended = await self._sign(
            signing,
            danger=form.action in DANGER,
            farewell=self.tr("{0}: accepted, and in the plant's journal.").format(words.meaning.value),
        )
        if ended in {Phase.ACCEPTED, Phase.UNANSWERED}:
            self._view_model.acted()
        elif ended is Phase.REFUSED:
            self._view_model.leave_form()
        await self._view_model.load()

    async def _sign(self, signing: Signing, *, danger: bool = False, farewell: str = "") -> Phase:
        ended = await sign_off(
            self,
            self._tasks,
            signing,
            signer=self._view_model.signer,
            danger=danger,
            farewell=farewell,
            follow=self._view_model.follow,
            leads=self._view_model.follows,
        )
        return ended.phase

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._column.setContentsMargins(gap, look.px(GAP_4), gap, look.px(GAP_4))
        self._column.setSpacing(look.px(GAP_3))
        self._head.setSpacing(look.px(GAP_3))
        self._first.setSpacing(look.px(GAP_3))
        self._top.setSpacing(look.px(GAP_2))
        self._acts_row.setSpacing(look.px(GAP_2))
        self._sides.setSpacing(look.px(GAP_4))
        self._deviations_card.body.setSpacing(look.px(GAP_1))
        for empty in (self._no_deviation, self._no_signature):
            empty.setMinimumHeight(look.px(240))
        self._arrange()
