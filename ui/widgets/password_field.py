"""A password is typed, handed over once, and forgotten."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ui.icons import Icon
from ui.theme import LOOK, Look, themed
from ui.widgets.button import IconButton


class PasswordField(QLineEdit):
    """`take()` answers what was typed and empties the field. The eye shows the characters while it is
    pressed in.
    """

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        name = name or self.tr("Password")
        self.setPlaceholderText(name)
        self.setAccessibleName(name)
        hints = Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText
        self.setInputMethodHints(
            hints | Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhNoAutoUppercase
        )
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._eye = IconButton(Icon.EYE, self.tr("Show the password"), checkable=True, parent=self)
        self._eye.setCursor(Qt.CursorShape.ArrowCursor)
        self._eye.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._eye.toggled.connect(self._on_eye)
        themed(self, self._on_look)

    def take(self) -> str:
        """What was typed; the field is empty afterwards and the characters hidden again."""
        secret = self.text()
        self.clear()
        self._eye.setChecked(False)
        return secret

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        side = self.height()
        self._eye.setGeometry(QRect(self.width() - side, 0, side, side))

    def _on_eye(self, shown: bool) -> None:
        self.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        self._eye.set_icon(Icon.EYE_OFF if shown else Icon.EYE)
        self._eye.set_name(self.tr("Hide the password") if shown else self.tr("Show the password"))

    def _on_look(self, look: Look) -> None:
        self.setTextMargins(0, 0, LOOK.value.px(32), 0)
