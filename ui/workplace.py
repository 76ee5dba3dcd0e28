"""All screens in one window: who may go where, and what a gesture of the window does."""

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app.client.ports import BatchQuery, Desk, Found, SignedIn
from app.domain.batch import EXECUTING
from app.domain.decision import Refusal
from app.domain.identity import BatchId, DeviationId
from ui import text
from ui.bind import bind
from ui.drafts import Drafts
from ui.icons import Icon
from ui.idle import IdleWatch
from ui.navigation import DeviationContext
from ui.scanner import ScannerFilter
from ui.screens.sign_in.view import SignInView
from ui.screens.sign_in.view_model import DemoHint, SignInViewModel
from ui.tasks import Tasks
from ui.tokens import ThemeName, Tone
from ui.widgets.command_palette import PaletteItem
from ui.widgets.table_view import ColumnMemory
from ui.window import Gestures, Page, Shell
from ui.workplace_model import (
    BATCH,
    BATCHES,
    DEVIATION,
    DEVIATIONS,
    PUT_BACK,
    RAISE,
    REVIEW,
    REVIEW_FILE,
    SEE_ATTENTION,
    SEE_WITNESS,
    SIGN_IN,
    STAGE,
    SYNC,
    WorkplaceModel,
)

if TYPE_CHECKING:
    from ui.screens.stage.view import StageView

LATER: Final = (
    "ui.screens.batches.view_model",
    "ui.screens.batches.view",
    "ui.screens.batches.overview_model",
    "ui.screens.batches.overview",
    "ui.screens.stage.view_model",
    "ui.screens.stage.view",
    "ui.screens.deviations.view",
    "ui.screens.deviations.detail_view",
    "ui.screens.deviations.raise_view",
    "ui.screens.review.view",
    "ui.screens.review.file_view",
    "ui.screens.sync.view",
)
_FOUND_ICONS: Final = {"batch": Icon.BATCHES, "step": Icon.STAGE, "deviation": Icon.DEVIATION}
W = TypeVar("W", bound=QWidget)
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fittings:
    """What the window needs of the world around it."""

    clock: Clock
    new_id: Callable[[], UUID]
    drafts: Drafts
    plant: str
    station: str
    close: Callable[[], None]
    look: Callable[[ThemeName, float], None]
    idle_minutes: float = 10
    memory: ColumnMemory | None = None
    demo: tuple[DemoHint, ...] = ()
    warning: str = ""


class Workplace(QObject):
    """Builds the shell with its pages and takes people through them; fills `ui.navigation.Navigator`."""

    def __init__(self, desk: Desk, fittings: Fittings) -> None:
        super().__init__()
        self._desk = desk
        self._fit = fittings
        self.tasks = Tasks(self._on_fault)
        self.model = WorkplaceModel(desk, fittings.plant, fittings.station, fittings.clock)
        self._signed_in: SignedIn | None = None
        self._stage_chosen = False
        self.shell = Shell(
            self.model.state,
            Gestures(
                lock=self._on_lock,
                unlock=self._on_unlock,
                switch_user=self._on_switch,
                status=self._on_status,
                notice=self._on_notice,
                look=fittings.look,
                find=self._on_find,
                close=fittings.close,
            ),
        )
        self._add_pages()
        self._scanner = ScannerFilter(parent=self)
        self._scanner.unknown.connect(self._on_unknown_code)
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self._scanner)
        self._idle = IdleWatch(fittings.idle_minutes, self._on_lock, self)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self.model.refresh)
        self._clock.start()
        bind(self, desk.session.person, self._on_person)
        bind(self, desk.records.changed, self._on_changed)

    async def close(self) -> None:
        """End what runs, and take the window down."""
        self._clock.stop()
        self._idle.stop()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self._scanner)
        self.model.close()
        await self.tasks.shutdown()
        self.shell.hide()
        self.shell.deleteLater()
        self.deleteLater()

    # Where one can go: `ui.navigation.Navigator`.

    def open_batches(self) -> None:
        self.shell.go(BATCHES)

    def open_batch(self, batch_id: BatchId) -> None:
        from ui.screens.batches.overview import OverviewView

        self._page(BATCH, OverviewView).open(batch_id)
        self.shell.go(BATCH)

    def open_stage(self, batch_id: BatchId, stage_key: str, step_key: str = "") -> None:
        from ui.screens.stage.view import StageView

        self._stage_chosen = True
        self._page(STAGE, StageView).open(batch_id, stage_key, step_key)
        self.shell.go(STAGE)

    def open_deviations(self) -> None:
        self.shell.go(DEVIATIONS)

    def open_deviation(self, deviation_id: DeviationId) -> None:
        from ui.screens.deviations.detail_view import DeviationView

        self._page(DEVIATION, DeviationView).open(deviation_id)
        self.shell.go(DEVIATION)

    def raise_deviation(self, context: DeviationContext) -> None:
        from ui.screens.deviations.raise_view import RaiseDeviationView

        self._page(RAISE, RaiseDeviationView).begin(context)
        self.shell.go(RAISE)

    def open_review(self, batch_id: BatchId) -> None:
        from ui.screens.review.file_view import ReviewFileView

        self._page(REVIEW_FILE, ReviewFileView).open(batch_id)
        self.shell.go(REVIEW_FILE)

    def open_sync(self) -> None:
        self.shell.go(SYNC)

    def back(self) -> None:
        self.shell.back()

    # Pages.

    def _add_pages(self) -> None:
        self.shell.add_page(
            Page(name=SIGN_IN, title=self.tr("Sign in"), icon=Icon.USER, rail=False, whole=True),
            self._build_sign_in,
        )
        self.shell.add_page(
            Page(
                name=BATCHES,
                title=self.tr("Batches"),
                icon=Icon.BATCHES,
                shortcut="Alt+1",
                help=self.tr(
                    "Type to search by number, product, line or lot. Press Enter on a row to open its batch.\n\n"
                    "The chips above the table choose by status; the number says how many there are."
                ),
            ),
            self._build_batches,
        )
        self.shell.add_page(
            Page(name=BATCH, title=self.tr("Batch"), icon=Icon.BATCHES, rail=False, under=BATCHES),
            self._build_overview,
        )
        self.shell.add_page(
            Page(
                name=STAGE,
                title=self.tr("Stage"),
                icon=Icon.STAGE,
                shortcut="Alt+2",
                help=self.tr(
                    "Do one step, enter what you see, and save with Enter. What is saved is on this workstation's "
                    "disk, with or without the network.\n\nAn entry is never changed: Correct adds a new one and "
                    "keeps the old one visible."
                ),
            ),
            self._build_stage,
        )
        self.shell.add_page(
            Page(
                name=DEVIATIONS,
                title=self.tr("Deviations"),
                icon=Icon.DEVIATION,
                shortcut="Alt+3",
                help=self.tr(
                    "The most pressing come first: open ones by due date, then what is settled. The chips choose by "
                    "status.\n\nA deviation is raised here or from a step, with or without the network; its number is "
                    "given by the server. It opens on its history, with the one action that comes next."
                ),
            ),
            self._build_deviations,
        )
        self.shell.add_page(
            Page(
                name=DEVIATION, title=self.tr("Deviation"), icon=Icon.DEVIATION, rail=False, under=DEVIATIONS
            ),
            self._build_deviation,
        )
        self.shell.add_page(
            Page(
                name=RAISE,
                title=self.tr("Raise deviation"),
                icon=Icon.DEVIATION,
                rail=False,
                under=DEVIATIONS,
            ),
            self._build_raise,
        )
        self.shell.add_page(
            Page(
                name=REVIEW,
                title=self.tr("Review"),
                icon=Icon.REVIEW,
                shortcut="Alt+4",
                help=self.tr(
                    "Batches that wait for you come first. A batch opens on its exceptions; the whole record is one "
                    "page further. What stands in the way of a signature is listed above it."
                ),
            ),
            self._build_review,
        )
        self.shell.add_page(
            Page(name=REVIEW_FILE, title=self.tr("Review"), icon=Icon.REVIEW, rail=False, under=REVIEW),
            self._build_review_file,
        )
        self.shell.add_page(
            Page(
                name=SYNC,
                title=self.tr("Sync"),
                icon=Icon.SYNC,
                shortcut="Alt+5",
                help=self.tr(
                    "What waits goes out by itself as soon as the server answers; nothing has to be done.\n\nWhat the "
                    "server refused is kept until a person settles it with a reason, or enters it again where it belongs."
                ),
            ),
            self._build_sync,
        )

    def _build_sign_in(self) -> QWidget:
        fit = self._fit
        model = SignInViewModel(
            self._desk.session,
            self._desk.sync,
            fit.clock,
            plant=fit.plant,
            station=fit.station,
            warning=fit.warning,
            demo=fit.demo,
        )
        view = SignInView(model, self.tasks)
        self._scanner.claim(view, view.take_scan)
        return view

    # The other screens are imported when they are built, or by `warm` behind the first picture: all of them together
    # take as long as the rest of the window.

    def _build_batches(self) -> QWidget:
        from ui.screens.batches.view import BatchesView
        from ui.screens.batches.view_model import BatchesViewModel

        view = BatchesView(
            BatchesViewModel(self._desk, self._fit.clock), self.tasks, self, memory=self._fit.memory
        )
        view.said.connect(self.say)
        self._scanner.claim(view, view.take_scan)
        view.load()
        return view

    def _build_overview(self) -> QWidget:
        from ui.screens.batches.overview import OverviewView
        from ui.screens.batches.overview_model import OverviewViewModel

        view = OverviewView(
            OverviewViewModel(self._desk, self._fit.clock), self.tasks, self, memory=self._fit.memory
        )
        view.said.connect(self.say)
        return view

    def _build_stage(self) -> QWidget:
        from ui.screens.stage.view import StageView
        from ui.screens.stage.view_model import StageViewModel

        view = StageView(StageViewModel(self._desk, self._fit.clock, self._fit.drafts), self.tasks, self)
        view.said.connect(self.say)
        self._scanner.claim(view, view.take_scan)
        if not self._stage_chosen:
            self.tasks.start(self._open_running(view), name="workplace.running")
        return view

    def _build_deviations(self) -> QWidget:
        from ui.screens.deviations.view import DeviationsView
        from ui.screens.deviations.view_model import DeviationsViewModel

        fit = self._fit
        return DeviationsView(DeviationsViewModel(self._desk, fit.clock), self.tasks, self, memory=fit.memory)

    def _build_deviation(self) -> QWidget:
        from ui.screens.deviations.detail_model import DeviationViewModel
        from ui.screens.deviations.detail_view import DeviationView

        fit = self._fit
        return DeviationView(DeviationViewModel(self._desk, fit.clock, fit.drafts), self.tasks, self)

    def _build_raise(self) -> QWidget:
        from ui.screens.deviations.raise_model import RaiseDeviationViewModel
        from ui.screens.deviations.raise_view import RaiseDeviationView

        fit = self._fit
        model = RaiseDeviationViewModel(self._desk, fit.clock, fit.new_id, fit.drafts)
        return RaiseDeviationView(model, self.tasks, self)

    def _build_review(self) -> QWidget:
        from ui.screens.review.view import ReviewQueueView
        from ui.screens.review.view_model import QueueViewModel

        fit = self._fit
        model = QueueViewModel(self._desk, fit.clock)
        return ReviewQueueView(model, self.tasks, self, fit.clock, memory=fit.memory)

    def _build_review_file(self) -> QWidget:
        from ui.screens.review.file_model import ReviewViewModel
        from ui.screens.review.file_view import ReviewFileView

        fit = self._fit
        return ReviewFileView(ReviewViewModel(self._desk, fit.clock, self, fit.drafts), self.tasks, self)

    def _build_sync(self) -> QWidget:
        from ui.screens.sync.view import SyncView
        from ui.screens.sync.view_model import SyncViewModel

        return SyncView(SyncViewModel(self._desk, self._fit.clock, self), self.tasks)

    async def warm(self) -> None:
        """Import what comes after signing in, one module a turn, so that keys and pictures come in between."""
        for name in LATER:
            await asyncio.sleep(0)
            importlib.import_module(name)

    async def _open_running(self, view: "StageView") -> None:
        """Whoever goes to *Stage* without having chosen one is taken to a batch that runs."""
        page = await self._desk.records.batches(BatchQuery(statuses=EXECUTING, limit=20))
        for row in page.rows:
            file = await self._desk.records.batch(row.id)
            if file is not None and file.batch.stage_key and not self._stage_chosen:
                view.open(row.id, file.batch.stage_key)
                return

    def _page(self, name: str, kind: type[W]) -> W:
        page = self.shell.page(name)
        if not isinstance(page, kind):
            raise TypeError(f"page {name} is a {type(page).__name__}")
        return page

    # What happens around the screens.

    def say(self, sentence: str) -> None:
        """A toast: for what needs no answer."""
        self.shell.toasts.say(sentence)

    def _on_person(self, person: SignedIn | None) -> None:
        before, self._signed_in = self._signed_in, person
        if person is None:
            clipboard = QApplication.clipboard()
            clipboard.clear()
            self._page(SIGN_IN, SignInView).load()
            self.shell.go(SIGN_IN)
        elif before is None or before.user_id != person.user_id:
            self.shell.go(BATCHES if BATCHES in (self.model.state.value.pages or ()) else SYNC)
            self.tasks.start(self.model.count(), name="workplace.count")

    def _on_changed(self, _: object) -> None:
        if self._signed_in is not None:
            self.tasks.start(self.model.count(), name="workplace.count")

    def _on_unknown_code(self, code: str) -> None:
        self.say(self.tr("Nothing here can use the scanned code {0}.").format(code))

    def _on_lock(self) -> None:
        if self._signed_in is None:
            return
        self.tasks.start(self._desk.session.lock(), name="workplace.lock")

    def _on_unlock(self, password: str) -> None:
        self.tasks.start(self._unlock(password), name="workplace.unlock", once=True)

    async def _unlock(self, password: str) -> None:
        answered = await self._desk.session.unlock(password)
        self.model.say_lock_error(text.refusal(answered) if isinstance(answered, Refusal) else "")

    def _on_switch(self) -> None:
        self.tasks.start(self._desk.session.sign_out(), name="workplace.sign_out", once=True)

    def _on_status(self, what: str) -> None:
        if what != "clock":
            self.open_sync()

    def _on_notice(self, key: str) -> None:
        if key == PUT_BACK and self._desk.plug is not None:
            self.tasks.start(self._desk.plug.put_back(), name="workplace.put_back", once=True)
        elif key in {SEE_WITNESS, SEE_ATTENTION}:
            self.open_sync()

    def _on_find(self, wanted: str) -> tuple[PaletteItem, ...]:
        self.tasks.start(self._find(wanted), name="workplace.find")
        return ()

    async def _find(self, wanted: str) -> None:
        found = await self._desk.records.find(wanted)
        self.shell.palette_overlay.add_found(wanted, tuple(self._item(each) for each in found))

    def _item(self, found: Found) -> PaletteItem:
        def run() -> None:
            if found.kind == "deviation":
                self.open_deviation(DeviationId(found.id))
            else:
                self.open_batch(BatchId(found.id))

        return PaletteItem(
            title=found.title, hint=found.subtitle, icon=_FOUND_ICONS.get(found.kind, Icon.FORWARD), run=run
        )

    def _on_fault(self, name: str, error: BaseException) -> None:
        self.shell.toasts.say(
            self.tr("Something went wrong here ({0}). Nothing that was saved is lost.").format(name),
            Tone.STOPPED,
            Icon.WARNING,
        )
