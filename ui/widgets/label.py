"""Text that is not typed: plain, never markup, in the type scale."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from ui.tokens import Tone, Type


class Label(QLabel):
    """A text in the type scale. `tone` None is the ordinary text colour, `Tone.NEUTRAL` the muted one.

    Text is always plain: a comment with angle brackets shows its angle brackets.
    """

    def __init__(
        self,
        text: str = "",
        kind: Type = Type.BODY,
        tone: Tone | None = None,
        *,
        wrap: bool = False,
        selectable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("type", kind.value)
        self.setProperty("tone", tone.value if tone else "plain")
        self.setWordWrap(wrap)
        if selectable:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        self.setText(text)

    def set_tone(self, tone: Tone | None) -> None:
        """Change the colour; the words must change with it, colour alone says nothing."""
        value = tone.value if tone else "plain"
        if self.property("tone") != value:
            self.setProperty("tone", value)
            self.style().unpolish(self)
            self.style().polish(self)

    def set_struck(self, struck: bool) -> None:
        """Strike through: an old value that was corrected stays readable.

        By the style sheet, which would take a font of one's own away with the next change of theme or text size.
        """
        if self.property("struck") != struck:
            self.setProperty("struck", struck)
            self.style().unpolish(self)
            self.style().polish(self)


class ElidedLabel(Label):
    """One line that gives way when space is short; the whole text is then its tooltip."""

    def __init__(
        self,
        text: str = "",
        kind: Type = Type.BODY,
        tone: Tone | None = None,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, kind, tone, parent=parent)
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 4, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        whole = self.fontMetrics().horizontalAdvance(self.text()) <= self.width()
        self.setToolTip("" if whole else self.text())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        shown = self.fontMetrics().elidedText(self.text(), self._mode, self.width())
        painter.drawText(self.rect(), self.alignment() | Qt.TextFlag.TextSingleLine, shown)
        painter.end()
