"""The form of a new batch."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from ui.bind import bind
from ui.icons import Icon
from ui.screens.batches.plan_model import PlanState, PlanViewModel
from ui.tasks import Tasks
from ui.tokens import Tone, Type
from ui.widgets.dialog import Dialog
from ui.widgets.label import Label
from ui.widgets.numeric_field import NumericField


class PlanDialog(Dialog):
    """Accepted when the batch is planned."""

    def __init__(self, view_model: PlanViewModel, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(
            QCoreApplication.translate("PlanDialog", "New batch"),
            QCoreApplication.translate("PlanDialog", "Plan the batch"),
            icon=Icon.BATCHES,
            parent=parent,
        )
        self._view_model = view_model
        self._tasks = tasks
        self.master = QComboBox()
        self.master.setAccessibleName(self.tr("Master record"))
        self._hint = Label("", Type.CAPTION, Tone.NEUTRAL)
        self.quantity = NumericField(self.tr("Quantity"))
        self.line = QComboBox()
        self.line.setAccessibleName(self.tr("Line"))
        self.number = QLineEdit()
        self.number.setAccessibleName(self.tr("Number"))
        self.number.setPlaceholderText(self.tr("Given by the server"))
        self._pair(self.tr("Master record"), self.master, self._hint)
        self._pair(self.tr("Quantity"), self.quantity)
        self._pair(self.tr("Line"), self.line)
        self._pair(self.tr("Batch number"), self.number)
        self.master.activated.connect(self._on_master)
        self.line.textActivated.connect(view_model.choose_line)
        self.quantity.edited.connect(self._on_quantity)
        self.number.textEdited.connect(view_model.type_number)
        self.act.clicked.connect(self._on_plan)
        bind(self, view_model.state, self._render)
        self.master.setFocus()
        tasks.start(view_model.load(), name="batches.plan.load", once=True)

    def _pair(self, name: str, *widgets: QWidget) -> None:
        pair = QVBoxLayout()
        pair.setSpacing(4)
        label = Label(name, Type.CAPTION_STRONG, Tone.NEUTRAL)
        label.setBuddy(widgets[0])
        for widget in (label, *widgets):
            pair.addWidget(widget)
        self.body.addLayout(pair)

    def _render(self, state: PlanState) -> None:
        if self.master.count() != len(state.masters):
            self.master.clear()
            self.master.addItems([each.title for each in state.masters])
        if self.line.count() != len(state.lines):
            self.line.clear()
            self.line.addItems(list(state.lines))
        if state.master is not None:
            self.master.setCurrentIndex(state.masters.index(state.master))
            self._hint.setText(state.master.hint)
            self.quantity.set_unit(state.master.unit)
        self.quantity.set_typed(state.typed)
        self.line.setCurrentText(state.line)
        if self.error.text() != state.problem:
            self.show_error(state.problem)
        ready = state.loaded and bool(state.masters)
        why = (
            self.tr("There is no effective master record.")
            if state.loaded
            else self.tr("Reading the master records …")
        )
        self.act.offer(ready and not state.busy, self.tr("Waiting for the server …") if state.busy else why)
        self.act.setText(self.tr("Planning …") if state.busy else self.tr("Plan the batch"))
        if state.done:
            self.accept()

    def _on_master(self, place: int) -> None:
        self._view_model.choose_master(self._view_model.state.value.masters[place].id)

    def _on_quantity(self) -> None:
        if self.quantity.typed() != self._view_model.state.value.typed:
            self._view_model.type_quantity(self.quantity.typed())

    def _on_plan(self) -> None:
        self.act.setEnabled(False)  # at once: a double tap is one batch
        self._tasks.start(self._plan(), name="batches.plan", once=True)

    async def _plan(self) -> None:
        if not await self._view_model.plan():
            self._render(self._view_model.state.value)
