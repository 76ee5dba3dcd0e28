"""The window around the screens: rail, top bar, banner, pages, status bar, toasts, lock. It knows no
domain record.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QHBoxLayout,
    QMenu,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from ui import theme
from ui.bind import bind
from ui.icons import Icon
from ui.observable import Observable
from ui.shell_state import Person, ShellState
from ui.theme import LOOK
from ui.tokens import SCALES, ThemeName, Tone
from ui.widgets.banner import Banner
from ui.widgets.command_palette import CommandPalette, PaletteItem
from ui.widgets.lock_screen import LockScreen
from ui.widgets.rail import Rail, RailItem
from ui.widgets.sheet import Sheet, ShortcutLine
from ui.widgets.status_bar import StatusBar
from ui.widgets.toast import ToastArea
from ui.widgets.top_bar import TopBar


def _is_open_dialog(widget: QWidget) -> bool:
    return isinstance(widget, QDialog) and widget.isVisible()


def _same_person(one: Person, other: Person | None) -> bool:
    """Unlocking keeps the sign-in, and with it its time; a new sign-in is another one, also under the same name."""
    return other is not None and (one.name, one.since) == (other.name, other.since)


def _nothing() -> None: ...


def _nothing_of(_: str) -> None: ...


def _no_look(_: ThemeName, __: float) -> None: ...


def _no_items(_: str) -> Sequence[PaletteItem]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gestures:
    """What the window passes on. `status` gets connection, waiting, attention, last-sync or clock."""

    lock: Callable[[], None] = _nothing
    unlock: Callable[[str], None] = _nothing_of
    switch_user: Callable[[], None] = _nothing
    status: Callable[[str], None] = _nothing_of
    notice: Callable[[str], None] = _nothing_of
    look: Callable[[ThemeName, float], None] = _no_look
    find: Callable[[str], Sequence[PaletteItem]] = _no_items
    close: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A place in the window.

    `rail=False` keeps it out of the rail; `under` then names the place that stays lit while it shows (a
    batch under *batches*). `whole=True` hides rail and bars' actions, for sign-in. `help` is what F1 says,
    paragraphs apart by a blank line.
    """

    name: str
    title: str
    icon: Icon
    shortcut: str = ""
    rail: bool = True
    under: str = ""
    whole: bool = False
    help: str = ""


class Shell(QWidget):
    """The main window.

    Pages are built when first shown and kept. State comes in by the observable; gestures go out by
    callbacks. Locking hides everything and destroys nothing: what was half typed is there after unlocking,
    with its cursor.
    """

    def __init__(
        self, state: Observable[ShellState], gestures: Gestures | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state = state
        self._gestures = gestures or Gestures()
        self._pages: dict[str, Page] = {}
        self._builders: dict[str, Callable[[], QWidget]] = {}
        self._built: dict[str, QWidget] = {}
        self._trail: list[str] = []
        self._actions: list[PaletteItem] = []
        self._focus_before_lock: QWidget | None = None
        self._put_away: list[QWidget] = []
        self._locked_person: Person | None = None
        self._notice_key = ""
        self.setWindowTitle("Batchwright")
        self.setMinimumSize(960, 640)
        self.resize(1280, 800)
        self._build()
        self._wire()
        bind(self, state, self._render)

    # What screens and the composition root use.

    @property
    def current(self) -> str:
        """The name of the page that shows, empty before the first."""
        return self._trail[-1] if self._trail else ""

    def add_page(self, page: Page, build: Callable[[], QWidget]) -> None:
        """Register a page; `build` is called once, when it is first gone to."""
        self._pages[page.name] = page
        self._builders[page.name] = build
        if page.shortcut:
            shortcut = QShortcut(QKeySequence(page.shortcut), self._content)
            shortcut.activated.connect(lambda name=page.name: self.go(name))
        self._show_rail(self._state.value)

    def add_actions(self, items: Sequence[PaletteItem]) -> None:
        """Offer more things to do in the command palette."""
        self._actions.extend(items)

    def page(self, name: str) -> QWidget:
        """The page's widget, built if need be."""
        if name not in self._built:
            widget = self._builders[name]()
            self._built[name] = widget
            self._stack.addWidget(widget)
        return self._built[name]

    def go(self, name: str) -> None:
        """Show a page. A place in the rail starts a new trail; others are one step deeper, and Escape
        leads back.
        """
        if name == self.current or not self._may_open(name, self._state.value):
            return
        if self._pages[name].rail or self._pages[name].whole:
            self._trail = [name]
        else:
            self._trail = [*self._trail[-9:], name]
        self._show_current()

    def back(self) -> None:
        """One step back along the trail; from a deeper page without a trail, to the place it lies under."""
        if len(self._trail) > 1:
            self._trail.pop()
            self._show_current()
        elif self._trail and (under := self._pages[self._trail[0]].under):
            self._trail = [under]
            self._show_current()

    def set_look(self, name: ThemeName, scale: float) -> None:
        """Put theme and text size in force and tell whoever remembers them."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, name, scale)
            self._gestures.look(name, LOOK.value.scale)

    # Building.

    def _build(self) -> None:
        self._content = QWidget(self)
        self.rail = Rail()
        self.top_bar = TopBar()
        self.banner = Banner(edge=True)
        self.banner.hide()
        self._stack = QStackedWidget()
        self.status_bar = StatusBar()
        right = QVBoxLayout()
        right.setSpacing(0)
        for widget in (self.top_bar, self.banner):
            right.addWidget(widget)
        right.addWidget(self._stack, 1)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addLayout(right, 1)
        whole = QVBoxLayout(self._content)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(middle, 1)
        whole.addWidget(self.status_bar)
        self.lock_screen = LockScreen(self)
        self._layers = QStackedLayout(self)
        self._layers.setContentsMargins(0, 0, 0, 0)
        self._layers.addWidget(self._content)
        self._layers.addWidget(self.lock_screen)
        self.toasts = ToastArea(self._content, over=self._stack)
        self.palette_overlay = CommandPalette(
            self._content, actions=self._everything, find=self._gestures.find
        )
        self.sheet = Sheet(self._content)
        self._menu = self._make_menu()

    def _wire(self) -> None:
        gestures = self._gestures
        self.rail.went.connect(self.go)
        self.top_bar.find_asked.connect(self.palette_overlay.open)
        self.top_bar.switch_asked.connect(gestures.switch_user)
        self.top_bar.lock_asked.connect(gestures.lock)
        self.top_bar.menu_asked.connect(self._on_menu)
        self.banner.acted.connect(self._on_notice)
        self.status_bar.asked.connect(gestures.status)
        self.lock_screen.unlock_asked.connect(gestures.unlock)
        self.lock_screen.switch_asked.connect(gestures.switch_user)
        for keys, slot in (
            ("Ctrl+K", self._open_palette),
            ("Escape", self.back),
            ("Alt+Left", self.back),
            ("F1", self.show_help),
            ("?", self.show_shortcuts),
        ):
            QShortcut(QKeySequence(keys), self._content).activated.connect(slot)
        for keys, step in (("Ctrl++", 1), ("Ctrl+=", 1), ("Ctrl+-", -1)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(lambda step=step: self._resize_text(step))
        QShortcut(QKeySequence("Ctrl+0"), self).activated.connect(self._reset_text)
        QShortcut(QKeySequence("Ctrl+Shift+D"), self).activated.connect(self._toggle_theme)

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        self._dark = QAction(self.tr("Dark theme"), menu)
        self._dark.setCheckable(True)
        self._dark.setShortcut(QKeySequence("Ctrl+Shift+D"))
        self._dark.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # shown here, heard by the window
        self._dark.triggered.connect(self._toggle_theme)
        menu.addAction(self._dark)
        sizes = menu.addMenu(self.tr("Text size"))
        self._sizes = QActionGroup(sizes)
        for scale in SCALES:
            action = QAction(f"{round(scale * 100)} %", self._sizes)
            action.setCheckable(True)
            action.setData(scale)
            action.triggered.connect(lambda _=False, scale=scale: self.set_look(LOOK.value.theme, scale))
            sizes.addAction(action)
        menu.addSeparator()
        for title, slot in (
            (self.tr("Help for this screen") + "\tF1", self.show_help),
            (self.tr("Keyboard shortcuts") + "\t?", self.show_shortcuts),
            (self.tr("Messages so far"), self.show_messages),
        ):
            menu.addAction(title).triggered.connect(slot)
        return menu

    # Rendering.

    def _render(self, state: ShellState) -> None:
        self.top_bar.show_state(state)
        self.status_bar.show_state(state)
        self.lock_screen.show_state(state)
        self._show_rail(state)
        self._show_notice(state)
        self._show_lock(state)

    def _show_rail(self, state: ShellState) -> None:
        items = [
            RailItem(name=page.name, title=page.title, icon=page.icon, shortcut=page.shortcut)
            for page in self._pages.values()
            if page.rail and self._may_open(page.name, state)
        ]
        self.rail.set_items(items)
        self.rail.set_badges(state.badges)
        whole = bool(self.current) and self._pages[self.current].whole
        self.rail.setVisible(state.person is not None and not whole)
        self._light_rail()

    def _show_notice(self, state: ShellState) -> None:
        notice = state.notice
        self.banner.setVisible(notice is not None)
        if notice is not None:
            self._notice_key = notice.key
            mark = Icon(notice.icon) if notice.icon else None
            self.banner.say(notice.text, Tone(notice.tone), icon=mark, action=notice.action)

    def _show_lock(self, state: ShellState) -> None:
        shown = self._layers.currentWidget() is self.lock_screen
        if state.locked and not shown:
            self._lock(state)
        elif shown and not state.locked:
            self._unlock(state)

    def _lock(self, state: ShellState) -> None:
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()
        self.palette_overlay.close_overlay()
        self.sheet.close_overlay()
        self._put_away = [each for each in QApplication.topLevelWidgets() if _is_open_dialog(each)]
        for dialog in self._put_away:
            dialog.hide()  # neither answered nor rejected: it comes back for the same person
        self._locked_person = state.person
        self._focus_before_lock = self.focusWidget()
        QGuiApplication.clipboard().clear()  # the next person must not paste what this one copied
        self._layers.setCurrentWidget(self.lock_screen)
        self.lock_screen.take_keyboard()

    def _unlock(self, state: ShellState) -> None:
        self._layers.setCurrentWidget(self._content)
        before, self._focus_before_lock = self._focus_before_lock, None
        same = state.person is not None and _same_person(state.person, self._locked_person)
        if same and before is not None and isValid(before):
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        dialogs, self._put_away = self._put_away, []
        for dialog in dialogs:
            if isValid(dialog) and isinstance(dialog, QDialog):
                if same:
                    dialog.show()
                else:
                    dialog.reject()

    def _show_current(self) -> None:
        widget = self.page(self.current)
        self._stack.setCurrentWidget(widget)
        self._show_rail(self._state.value)
        title = self._pages[self.current].title
        self.setWindowTitle(f"{title} – Batchwright")
        widget.setFocus(Qt.FocusReason.OtherFocusReason)  # a page passes it on by its focus proxy

    def _light_rail(self) -> None:
        if self.current:
            page = self._pages[self.current]
            self.rail.show_current(page.under or page.name)

    def _may_open(self, name: str, state: ShellState) -> bool:
        return name in self._pages and (state.pages is None or name in state.pages)

    # Gestures.

    def show_help(self) -> None:
        page = self._pages.get(self.current)
        if page is not None:
            self.sheet.show_text(page.title, page.help or self.tr("This screen has no help text."))

    def show_shortcuts(self) -> None:
        self.sheet.show_shortcuts(self.tr("Keyboard shortcuts"), self._shortcut_lines())

    def show_messages(self) -> None:
        said = [message.text for message in self.toasts.history]
        self.sheet.show_text(
            self.tr("Messages so far"), "\n\n".join(said) or self.tr("Nothing has been said yet.")
        )

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._content.updateGeometry()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing is asked for, not done: what is running must end tidily first."""
        event.ignore()
        self._gestures.close()

    def _open_palette(self) -> None:
        if self._state.value.person is not None:
            self.palette_overlay.open()

    def _on_menu(self) -> None:
        self._dark.setChecked(LOOK.value.theme is ThemeName.DARK)
        for action in self._sizes.actions():
            action.setChecked(action.data() == LOOK.value.scale)
        button = self.top_bar.more
        self._menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _on_notice(self) -> None:
        self._gestures.notice(self._notice_key)

    def _resize_text(self, step: int) -> None:
        self.set_look(LOOK.value.theme, theme.next_scale(LOOK.value.scale, step))

    def _reset_text(self) -> None:
        self.set_look(LOOK.value.theme, 1.0)

    def _toggle_theme(self) -> None:
        other = ThemeName.LIGHT if LOOK.value.theme is ThemeName.DARK else ThemeName.DARK
        self.set_look(other, LOOK.value.scale)

    def _everything(self) -> Sequence[PaletteItem]:
        state = self._state.value
        places = [
            PaletteItem(
                title=self.tr("Go to {place}").format(place=page.title),
                icon=page.icon,
                shortcut=page.shortcut,
                run=lambda name=page.name: self.go(name),
            )
            for page in self._pages.values()
            if page.rail and self._may_open(page.name, state)
        ]
        own = [
            PaletteItem(
                title=self.tr("Switch user"),
                icon=Icon.SWITCH_USER,
                shortcut="Ctrl+Shift+U",
                run=self._gestures.switch_user,
            ),
            PaletteItem(title=self.tr("Lock"), icon=Icon.LOCK, shortcut="Ctrl+L", run=self._gestures.lock),
            PaletteItem(
                title=self.tr("Light or dark"),
                icon=Icon.MOON,
                shortcut="Ctrl+Shift+D",
                run=self._toggle_theme,
            ),
            PaletteItem(
                title=self.tr("Larger text"),
                icon=Icon.TEXT_SIZE,
                shortcut="Ctrl++",
                run=lambda: self._resize_text(1),
            ),
            PaletteItem(
                title=self.tr("Smaller text"),
                icon=Icon.TEXT_SIZE,
                shortcut="Ctrl+-",
                run=lambda: self._resize_text(-1),
            ),
            PaletteItem(
                title=self.tr("Help for this screen"), icon=Icon.HELP, shortcut="F1", run=self.show_help
            ),
            PaletteItem(
                title=self.tr("Keyboard shortcuts"), icon=Icon.KEYBOARD, shortcut="?", run=self.show_shortcuts
            ),
            PaletteItem(title=self.tr("Messages so far"), icon=Icon.LIST, run=self.show_messages),
        ]
        return (*self._page_actions(), *self._actions, *places, *own)

    def _page_actions(self) -> list[PaletteItem]:
        """The buttons with a shortcut of the page that shows: every action has one way more to be found."""
        return [
            PaletteItem(
                title=button.text() or button.accessibleName(),
                icon=Icon.FORWARD,
                shortcut=button.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
                run=button.click,
            )
            for button in self._shortcut_buttons()
            if button.isEnabled()
        ]

    def _shortcut_buttons(self) -> list[QAbstractButton]:
        page = self._built.get(self.current)
        buttons = page.findChildren(QAbstractButton) if page is not None else []
        return [b for b in buttons if b.isVisible() and not b.shortcut().isEmpty()]

    def _shortcut_lines(self) -> list[ShortcutLine]:
        native = QKeySequence.SequenceFormat.NativeText
        page = self._pages.get(self.current)
        here = [
            ShortcutLine(
                page.title if page else "", b.shortcut().toString(native), b.text() or b.accessibleName()
            )
            for b in self._shortcut_buttons()
        ]
        places = [
            ShortcutLine(self.tr("Places"), p.shortcut, p.title)
            for p in self._pages.values()
            if p.shortcut and self._may_open(p.name, self._state.value)
        ]
        everywhere = [
            ShortcutLine(self.tr("Everywhere"), keys, what)
            for keys, what in (
                ("Ctrl+K", self.tr("Find a record or an action")),
                ("Ctrl+F", self.tr("Search in this list")),
                ("Escape", self.tr("Back")),
                ("F1", self.tr("Help for this screen")),
                ("Ctrl+L", self.tr("Lock")),
                ("Ctrl+Shift+U", self.tr("Switch user")),
                ("Ctrl++ / Ctrl+-", self.tr("Text size")),
                ("Ctrl+Shift+D", self.tr("Light or dark")),
                ("?", self.tr("This list")),
            )
        ]
        return [*here, *places, *everywhere]
