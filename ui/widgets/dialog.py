"""The ground of every dialog: a title, a body, buttons that carry verbs. Awaited, never executed (`ui.tasks.answer`)."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ui.icons import Icon
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, GAP_4, GAP_6, Tone, Type
from ui.widgets.banner import Mark
from ui.widgets.button import Button, ButtonKind
from ui.widgets.label import Label


class Dialog(QDialog):
    """Put widgets into `body`. The left button closes without doing, the right one carries the verb.

    Escape means the left button. Enter does nothing by itself: no dialog is agreed to by a stray scan.
    """

    def __init__(
        self,
        title: str,
        verb: str,
        *,
        icon: Icon | None = None,
        danger: bool = False,
        cancel: str = "",
        width: int = 520,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self._width = width
        self._outer = QVBoxLayout(self)
        head = QHBoxLayout()
        if icon is not None:
            head.addWidget(
                Mark(icon, Tone.STOPPED if danger else Tone.NEUTRAL, 28), 0, Qt.AlignmentFlag.AlignTop
            )
        self.title = Label(title, Type.TITLE, wrap=True)
        head.addWidget(self.title, 1)
        self._head = head
        self.body = QVBoxLayout()
        self.error = Label("", tone=Tone.STOPPED, wrap=True)
        self.error.hide()
        self.cancel = Button(cancel or self.tr("Cancel"), kind=ButtonKind.PLAIN, step=True)
        self.act = Button(verb, kind=ButtonKind.DANGER if danger else ButtonKind.PRIMARY, step=True)
        self.cancel.clicked.connect(self.reject)
        self._buttons = QHBoxLayout()
        self._buttons.addStretch(1)
        self._buttons.addWidget(self.cancel)
        self._buttons.addWidget(self.act)
        self._outer.addLayout(head)
        self._outer.addLayout(self.body, 1)
        self._outer.addWidget(self.error)
        self._outer.addLayout(self._buttons)
        themed(self, self._on_look)

    def show_error(self, sentence: str) -> None:
        """Say beside the button what stands in the way; empty takes it away."""
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))
        self.settle_size()

    def settle_size(self) -> None:
        """As high as the wrapped words need at this width, neither more nor less."""
        width = max(
            self.width() if self.isVisible() else 0, self.minimumWidth(), self._outer.minimumSize().width()
        )
        self.resize(
            width, max(self._outer.totalHeightForWidth(width), self._outer.totalMinimumSize().height())
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.ensurePolished()
        self._outer.activate()
        self.settle_size()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), LOOK.value.color("surface"))
        painter.end()

    def _on_look(self, look: Look) -> None:
        gap = look.px(GAP_6)
        self._outer.setContentsMargins(gap, gap, gap, gap)
        self._outer.setSpacing(look.px(GAP_4))
        self._head.setSpacing(look.px(GAP_4))
        self._buttons.setSpacing(look.px(GAP_2))
        self.body.setSpacing(look.px(GAP_4))
        self.setMinimumWidth(look.px(self._width))
