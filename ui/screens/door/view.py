"""The door's one page: calm, in the middle, with what is asked and nothing else."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui.bind import bind
from ui.icons import Icon
from ui.screens.door.view_model import Ask, DoorState, DoorViewModel, EnrolForm
from ui.tasks import Tasks
from ui.theme import Look, themed
from ui.tokens import Tone, Type
from ui.widgets import Banner, Button, ButtonKind, Card, Label, PasswordField, ScrollColumn

WIDTH = 560


class DoorView(QWidget):
    """Enrolment, the file's password, or a sentence. `closed` when its person gave up."""

    closed = Signal()

    def __init__(self, view_model: DoorViewModel, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._tasks = tasks
        self.setWindowTitle("Batchwright")
        self.resize(1280, 800)
        self._build()
        bind(self, view_model.state, self._render)
        themed(self, self._on_look)

    def _build(self) -> None:
        self._title = Label("", Type.DISPLAY, wrap=True)
        self._lead = Label("", tone=Tone.NEUTRAL, wrap=True)
        self._keyring = Banner("", tone=Tone.ATTENTION, icon=Icon.LOCK)
        self._card = Card("")
        self.server = self._field(self.tr("Server address"), "https://batchwright.example")
        self.code = self._field(self.tr("One-time code"), self.tr("from an administrator"))
        self.name = self._field(self.tr("Name of this workstation"), self.tr("Panel 7"))
        self.area = self._field(self.tr("Area"), self.tr("Press room 1"))
        self.password = PasswordField(self.tr("Password"))
        self._problem = Label("", tone=Tone.STOPPED, wrap=True)
        self.go = Button("", kind=ButtonKind.PRIMARY, icon=Icon.KEY, step=True)
        for field in (self.server, self.code, self.name, self.area):
            self._card.body.addWidget(Label(field.accessibleName(), Type.CAPTION_STRONG, Tone.NEUTRAL))
            self._card.body.addWidget(field)
        for widget in (self.password, self._problem, self.go):
            self._card.body.addWidget(widget)
        page = QWidget()
        column = QVBoxLayout(page)
        column.addStretch(2)
        for widget in (self._title, self._lead, self._keyring, self._card):
            column.addWidget(widget)
        column.addStretch(3)
        self._column = column
        scroll = ScrollColumn()
        scroll.set_page(page)
        self._middle = scroll
        outer = QHBoxLayout(self)
        outer.addStretch(1)
        outer.addWidget(scroll, 100)
        outer.addStretch(1)
        self.go.clicked.connect(self._on_go)
        self.password.returnPressed.connect(self._on_go)
        self.area.returnPressed.connect(self._on_go)

    def _field(self, name: str, hint: str) -> QLineEdit:
        field = QLineEdit()
        field.setAccessibleName(name)
        field.setPlaceholderText(hint)
        return field

    def _render(self, state: DoorState) -> None:
        titles = {
            Ask.ENROL: self.tr("Enrol this workstation"),
            Ask.PASSWORD: self.tr("Open this workstation's records"),
            Ask.NOTHING: self.tr("Batchwright can't start here yet"),
        }
        leads = {
            Ask.ENROL: self.tr(
                "Batchwright needs to know its server. An administrator gives out a one-time code for each "
                "workstation."
            ),
            Ask.PASSWORD: self.tr(
                "The operating system's keyring does not open the encrypted file. The password of anybody who has "
                "signed in here before does."
            ),
            Ask.NOTHING: "",
        }
        self._title.setText(titles[state.ask])
        self._lead.setText(leads[state.ask])
        self._lead.setVisible(bool(leads[state.ask]))
        self._keyring.setVisible(bool(state.keyring))
        self._keyring.say(state.keyring, Tone.ATTENTION)
        enrolling = state.ask is Ask.ENROL
        for label in self._card.findChildren(Label):
            if label is not self._problem:
                label.setVisible(enrolling)
        for field in (self.server, self.code, self.name, self.area):
            field.setVisible(enrolling)
        self.password.setVisible(state.ask is Ask.PASSWORD)
        self._problem.setText(state.problem)
        self._problem.setVisible(bool(state.problem))
        self.go.setText(self.tr("Enrol") if enrolling else self.tr("Open"))
        self.go.setVisible(state.ask is not Ask.NOTHING)
        self.go.setEnabled(not state.busy)

    def _on_go(self) -> None:
        self.go.setEnabled(False)
        if self._view_model.state.value.ask is Ask.PASSWORD:
            secret = self.password.text()
            self.password.clear()
            self._tasks.start(self._view_model.unlock(secret), name="door.unlock", once=True)
            return
        form = EnrolForm(
            server=self.server.text().strip(),
            code=self.code.text().strip(),
            name=self.name.text().strip(),
            area=self.area.text().strip(),
        )
        self._tasks.start(self._view_model.enrol(form), name="door.enrol", once=True)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()

    def _on_look(self, look: Look) -> None:
        self._middle.setFixedWidth(look.px(WIDTH))
        self._column.setSpacing(look.px(12))
        self._middle.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
