"""Signing: exactly what is signed, by whom, with which meaning, and the password once more (21 CFR 11.50, 11.200)."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui.icons import Icon
from ui.paint import box
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_3, GAP_4, RADIUS, Tone, Type
from ui.widgets.banner import Mark
from ui.widgets.dialog import Dialog
from ui.widgets.label import Label
from ui.widgets.password_field import PasswordField
from ui.widgets.scroll_column import ScrollColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """What the dialog shows. `lines` are pairs of name and value; `meaning` is the word that is signed ("Reviewed").

    `signer` is the printed name of who signs; with `second_person` it is asked for instead (a verifier signs in
    place, and cannot be the one who is signed in). `consequence` says what the signature does.
    """

    title: str
    verb: str
    meaning: str
    lines: Sequence[tuple[str, str]]
    signer: str = ""
    second_person: bool = False
    consequence: str = ""
    danger: bool = False


class Manifest(QFrame):
    """The lines that are signed, on a sunken ground."""

    def __init__(self, lines: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setColumnStretch(1, 1)
        for row, (key, value) in enumerate(lines):
            self._grid.addWidget(Label(key, tone=Tone.NEUTRAL), row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(Label(value, Type.STRONG, wrap=True, selectable=True), row, 1)
        self._grid.setRowStretch(len(lines), 1)
        themed(self, self._on_look)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box(painter, self.rect(), RADIUS, LOOK.value.tokens.window)
        painter.end()

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_4)
        self._grid.setContentsMargins(gap, look.px(GAP_3), gap, look.px(GAP_3))
        self._grid.setHorizontalSpacing(look.px(GAP_4))
        self._grid.setVerticalSpacing(look.px(GAP_2))


class SignDialog(Dialog):
    """`signed` carries user name (empty unless a second person is asked for) and password, once.

    The dialog stays open: the receiver answers with `show_busy`, `show_refusal` (the password was wrong, try again),
    `show_ended` (it is decided; the button closes) or `accept()`. It never keeps the password.
    """

    signed = Signal(str, str)

    def __init__(self, request: SignRequest, parent: QWidget | None = None) -> None:
        super().__init__(
            request.title,
            request.verb,
            icon=Icon.VERIFY if request.second_person else Icon.SIGN,
            danger=request.danger,
            width=560,
            parent=parent,
        )
        self._request = request
        self._ended = False
        self.user = QLineEdit()
        self.user.setPlaceholderText(self.tr("User name or badge"))
        self.user.setAccessibleName(self.tr("User name of the second person"))
        self.user.setVisible(request.second_person)
        self.password = PasswordField()
        self._fields = QWidget()
        self._end = QWidget()
        self._build_body()
        self.act.set_icon(Icon.SIGN)
        self.act.clicked.connect(self._on_sign)
        self.password.returnPressed.connect(self._on_sign)
        self.user.returnPressed.connect(self._on_user)
        self.user.textChanged.connect(self._offer)
        self.password.textChanged.connect(self._offer)
        self._offer()
        (self.user if request.second_person else self.password).setFocus()

    @property
    def ended(self) -> bool:
        """Whether it is decided and only closing is left."""
        return self._ended

    def show_busy(self, sentence: str) -> None:
        """Say what is going on; nothing can be signed meanwhile."""
        self.show_error("")
        self._note.setText(sentence)
        self._note.show()
        self._fields.setEnabled(False)
        self.act.offer(False, sentence)
        self.cancel.setEnabled(False)

    def show_refusal(self, sentence: str) -> None:
        """It was not signed; the signer may try again."""
        self._note.hide()
        self._fields.setEnabled(True)
        self.cancel.setEnabled(True)
        self.show_error(sentence)
        self.password.setFocus()
        self._offer()

    def show_ended(self, sentence: str, tone: Tone, details: Sequence[str] = ()) -> None:
        """It is decided: say how, with the reasons where it was refused; only closing is left."""
        self._ended = True
        self._note.hide()
        self._fields.hide()
        self.show_error("")
        column = QVBoxLayout(self._end)
        column.setContentsMargins(0, 0, 0, 0)
        head = QHBoxLayout()
        marks = {Tone.STOPPED: Icon.CROSS_CIRCLE, Tone.ATTENTION: Icon.WARNING, Tone.RELEASED: Icon.SHIELD}
        head.addWidget(Mark(marks.get(tone, Icon.CHECK_CIRCLE), tone), 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(Label(sentence, Type.STRONG, tone if tone is Tone.STOPPED else None, wrap=True), 1)
        column.addLayout(head)
        for detail in details:
            column.addWidget(Label(f"•  {detail}", wrap=True, selectable=True))
        self._end.show()
        self.cancel.hide()
        self.act.set_icon(None)
        self.act.setText(self.tr("Close"))
        self.act.offer(True)
        self.act.setFocus()
        self.settle_size()

    def _build_body(self) -> None:
        request = self._request
        scroll = ScrollColumn()
        manifest = Manifest(request.lines)
        scroll.set_page(manifest)
        scroll.fit(300)
        self.body.addWidget(scroll)
        meaning = QHBoxLayout()
        meaning.addWidget(Label(self.tr("Meaning"), tone=Tone.NEUTRAL))
        meaning.addWidget(Label(request.meaning, Type.STRONG))
        meaning.addSpacing(24)
        if request.signer and not request.second_person:
            meaning.addWidget(Label(self.tr("Signed by"), tone=Tone.NEUTRAL))
            meaning.addWidget(Label(request.signer, Type.STRONG, wrap=True), 1)
        else:
            meaning.addStretch(1)
        self.body.addLayout(meaning)
        if request.consequence:
            self.body.addWidget(Label(request.consequence, wrap=True))
        fields = QVBoxLayout(self._fields)
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setSpacing(LOOK.value.px(GAP_2))
        fields.addWidget(self.user)
        fields.addWidget(self.password)
        self.body.addWidget(self._fields)
        self._note = Label("", tone=Tone.NEUTRAL, wrap=True)
        self._note.hide()
        self.body.addWidget(self._note)
        self._end.hide()
        self.body.addWidget(self._end)

    def hideEvent(self, event: QHideEvent) -> None:
        """A password half typed does not survive the lock."""
        self.password.clear()
        super().hideEvent(event)

    def _on_user(self) -> None:
        self.password.setFocus()

    def _offer(self) -> None:
        if self._ended:
            return
        named = bool(self.user.text().strip()) or not self._request.second_person
        ready = named and bool(self.password.text())
        why = self.tr("Say who signs") if not named else self.tr("Enter the password to sign")
        self.act.offer(ready, why)

    def _on_sign(self) -> None:
        if self._ended:
            self.accept()
        elif self.act.isEnabled():
            self.show_error("")
            self.signed.emit(self.user.text().strip(), self.password.take())
