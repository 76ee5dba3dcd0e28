"""The sign-in page: name or badge, password, and who was here last."""

from collections.abc import Awaitable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.client.ports import Link, SyncState
from ui.bind import bind
from ui.icons import Icon
from ui.screens.sign_in.person_button import PersonButton
from ui.screens.sign_in.view_model import DemoHint, SignInState, SignInViewModel
from ui.tasks import Tasks
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_3, GAP_4, GAP_6, GAP_8, Tone, Type
from ui.widgets.banner import Banner
from ui.widgets.button import Button, ButtonKind
from ui.widgets.card import Card
from ui.widgets.label import ElidedLabel, Label
from ui.widgets.password_field import PasswordField
from ui.widgets.scroll_column import ScrollColumn

PEOPLE_SHOWN = 4


class SignInView(QWidget):
    """Enter goes from the name to the password and from there in; a tap on a person goes to the password at once."""

    def __init__(self, view_model: SignInViewModel, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._tasks = tasks
        self._asks = view_model.state.value.asks
        self._people: list[PersonButton] = []
        self._hint_rows: list[tuple[ElidedLabel, Button]] = []
        self._across = 2
        self._build()
        self._wire()
        self.setFocusProxy(self.login)
        bind(self, view_model.state, self._render)
        bind(self, view_model.link, self._on_link)
        themed(self, self._on_look)

    def load(self) -> None:
        """Read who was here last; called when the page is shown."""
        self._tasks.start(self._view_model.load(), name="sign_in.load", once=True)

    def take_scan(self, code: str) -> bool:
        """A badge says who; the password is still asked."""
        self.password.clear()
        self._view_model.choose(code)
        self.take_keyboard()
        return True

    def people(self) -> tuple[PersonButton, ...]:
        """The buttons of those who were here last."""
        return tuple(self._people)

    def hint_buttons(self) -> list[Button]:
        """The demo's accounts."""
        return self.demo.findChildren(Button)

    # Building.

    def _build(self) -> None:
        self._plant = Label("", Type.DISPLAY, wrap=True)
        self._station = Label("", Type.SUBTITLE, Tone.NEUTRAL)
        self._warning = Banner("", tone=Tone.ATTENTION)
        self._line = Banner("", tone=Tone.INFO, icon=Icon.OFFLINE)
        self._people_card = Card(self.tr("Last at this station"))
        self._people_card.body.addStretch(1)
        self._form = self._build_form()
        self.demo = Card(self.tr("Demo plant: tap an account to fill it in"))
        self._hint_password = Label("", tone=Tone.NEUTRAL, selectable=True)
        self._hints = QGridLayout()
        self.demo.body.addWidget(self._hint_password)
        self.demo.body.addLayout(self._hints)
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._columns.addWidget(self._people_card, 1)
        self._columns.addWidget(self._form, 1)
        self._middle = QWidget()
        column = QVBoxLayout(self._middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.addStretch(2)
        place = QVBoxLayout()
        place.setSpacing(0)
        place.addWidget(self._plant)
        place.addWidget(self._station)
        column.addLayout(place)
        for widget in (self._warning, self._line):
            column.addWidget(widget)
        column.addLayout(self._columns)
        column.addWidget(self.demo)
        column.addStretch(3)
        self._column = column
        page = QWidget()
        outer = QHBoxLayout(page)
        outer.addStretch(1)
        outer.addWidget(self._middle, 100)
        outer.addStretch(1)
        self._outer = outer
        self._scroll = ScrollColumn()
        self._scroll.set_page(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._scroll)

    def _build_form(self) -> Card:
        card = Card(self.tr("Sign in"))
        self.login = QLineEdit()
        self.login.setAccessibleName(self.tr("Name or badge"))
        self.login.setPlaceholderText(self.tr("Name, or scan your badge"))
        hints = Qt.InputMethodHint.ImhNoAutoUppercase | Qt.InputMethodHint.ImhNoPredictiveText
        self.login.setInputMethodHints(hints)
        self.password = PasswordField(self.tr("Password"))
        self.error = Label("", tone=Tone.STOPPED, wrap=True)
        self.enter = Button(self.tr("Sign in"), kind=ButtonKind.PRIMARY, icon=Icon.KEY, step=True)
        name = Label(self.tr("Name"), Type.CAPTION_STRONG, Tone.NEUTRAL)
        name.setBuddy(self.login)
        secret = Label(self.tr("Password"), Type.CAPTION_STRONG, Tone.NEUTRAL)
        secret.setBuddy(self.password)
        for above, below in ((name, self.login), (secret, self.password)):
            pair = QVBoxLayout()
            pair.setSpacing(6)
            pair.addWidget(above)
            pair.addWidget(below)
            card.body.addLayout(pair)
        card.body.addWidget(self.error)
        card.body.addWidget(self.enter)
        card.body.addStretch(1)
        return card

    def _wire(self) -> None:
        self.login.textEdited.connect(self._on_login_edited)
        self.login.returnPressed.connect(self._on_login_entered)
        self.password.returnPressed.connect(self._on_enter)
        self.enter.clicked.connect(self._on_enter)

    # Rendering.

    def _render(self, state: SignInState) -> None:
        self._plant.setText(state.plant)
        self._station.setText(self.tr("Station {0}").format(state.station))
        self._warning.setVisible(bool(state.warning))
        self._warning.say(state.warning, Tone.ATTENTION)
        self._line.setVisible(bool(state.link_note))
        refused = state.link is Link.REFUSED
        self._line.say(
            state.link_note,
            Tone.STOPPED if refused else Tone.INFO,
            icon=Icon.SERVER_REFUSES if refused else Icon.OFFLINE,
        )
        self._render_people(state)
        self._render_demo(state.demo)
        if self.login.text().strip() != state.login:
            self.login.setText(state.login)
        self.error.setText(state.error)
        self.error.setVisible(bool(state.error))
        self.enter.setEnabled(not state.busy)
        self.enter.setText(self.tr("Signing in …") if state.busy else self.tr("Sign in"))
        if state.asks != self._asks:
            self._asks = state.asks
            self.take_keyboard()

    def _render_people(self, state: SignInState) -> None:
        self._people_card.setVisible(bool(state.people))
        shown = state.people[:PEOPLE_SHOWN]
        if [each.login for each in self._people] != [each.login for each in shown]:
            for old in self._people:
                self._people_card.body.removeWidget(old)
                old.hide()
                old.deleteLater()
            self._people = [PersonButton(each.login) for each in shown]
            for place, button in enumerate(self._people):
                button.clicked.connect(self._on_person)
                self._people_card.body.insertWidget(place, button)
        for button, person in zip(self._people, shown, strict=True):
            button.say(person.name, person.note or f"{person.role} · {person.seen}")
            button.setChecked(person.login == state.login)
            button.setToolTip("" if person.possible else self.tr("Their time without the server is over."))

    def _render_demo(self, hints: tuple[DemoHint, ...]) -> None:
        self.demo.setVisible(bool(hints))
        if self._hints.count() or not hints:
            return
        same = len({each.password for each in hints}) == 1
        self._hint_password.setVisible(same)
        self._hint_password.setText(self.tr("The password of all of them: {0}").format(hints[0].password))
        for hint in hints:
            role = ElidedLabel(hint.role, Type.BODY, Tone.NEUTRAL)
            told = f"{hint.name or hint.login} · {hint.login if hint.name else hint.password}"
            button = Button(told if same else f"{hint.login} · {hint.password}", kind=ButtonKind.QUIET)
            button.setToolTip(self.tr("Fill in {0}").format(hint.login))
            button.clicked.connect(lambda _=False, hint=hint: self._on_hint(hint))
            self._hint_rows.append((role, button))
        self._lay_hints()

    def _lay_hints(self) -> None:
        for place, (role, button) in enumerate(self._hint_rows):
            row, side = divmod(place, self._across)
            self._hints.addWidget(role, row, side * 2)
            self._hints.addWidget(button, row, side * 2 + 1, Qt.AlignmentFlag.AlignLeft)
        for side in range(2):
            self._hints.setColumnStretch(side * 2 + 1, 1 if side < self._across else 0)

    def take_keyboard(self) -> None:
        """The keyboard goes where work starts: to the password if the name is known, else to the name."""
        field = self.password if self.login.text().strip() else self.login
        field.setFocus(Qt.FocusReason.OtherFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), LOOK.value.color("window"))
        painter.end()

    # Gestures.

    def _on_link(self, link: SyncState) -> None:
        self._view_model.follow(link)

    def _on_login_edited(self, login: str) -> None:
        self._view_model.choose(login)

    def _on_login_entered(self) -> None:
        if self.login.text().strip():
            self.password.setFocus(Qt.FocusReason.TabFocusReason)

    def _on_person(self) -> None:
        button = self.sender()
        if isinstance(button, PersonButton):
            self.password.clear()
            self._view_model.choose(button.login)
            button.setChecked(True)
            self.take_keyboard()

    def _on_hint(self, hint: DemoHint) -> None:
        self._view_model.choose(hint.login)
        self.password.setText(hint.password)
        self.enter.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_enter(self) -> None:
        if not self.enter.isEnabled():
            return
        self.enter.setEnabled(False)  # at once: a double tap is one sign-in
        secret = self.password.take()
        work = self._view_model.sign_in(self.login.text(), secret)
        self._tasks.start(self._enter(work), name="sign_in.enter", once=True)

    async def _enter(self, work: Awaitable[bool]) -> None:
        try:
            await work
        finally:
            self.enter.setEnabled(not self._view_model.state.value.busy)

    def _on_look(self, look: Look) -> None:
        self._middle.setMaximumWidth(look.px(880))
        side = look.px(GAP_8)
        self._outer.setContentsMargins(side, look.px(GAP_4), side, look.px(GAP_4))
        self._column.setSpacing(look.px(GAP_4))
        narrow = look.scale > 1.6  # large letters: one below the other, the form first
        way = QBoxLayout.Direction.BottomToTop if narrow else QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(way)
        self._across = 1 if narrow else 2
        self._lay_hints()
        self._columns.setSpacing(look.px(GAP_6))
        self._form.body.setSpacing(look.px(GAP_4))
        self._people_card.body.setSpacing(look.px(GAP_2))
        self._hints.setHorizontalSpacing(look.px(GAP_3))
        self._hints.setVerticalSpacing(0)
