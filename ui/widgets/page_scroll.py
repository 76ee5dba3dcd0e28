"""A page as high as the window, and no lower than its parts can be: then it scrolls as a whole."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QScroller, QWidget

from ui.theme import LOOK, Look, themed

NARROWEST = 280


class PageScroll(QScrollArea):
    """For pages whose parts scroll by themselves: large text or a small window must not squeeze these to nothing."""

    def __init__(self, page: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        QScroller.grabGesture(self.viewport(), QScroller.ScrollerGestureType.TouchGesture)
        self.setWidget(page)
        page.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)


class PageBody(QWidget):
    """The part of a page that takes what height is left, but never less than `least` pixels at scale 1.0.

    It asks for no more than that, whatever its contents would like: they scroll by themselves.
    """

    def __init__(self, least: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least = least
        themed(self, self._on_look)

    def hasHeightForWidth(self) -> bool:
        return False

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), LOOK.value.px(self._least))

    def minimumSizeHint(self) -> QSize:
        # Pages that are hidden remember widths of another text size: they must not make this one too wide.
        return QSize(LOOK.value.px(NARROWEST), LOOK.value.px(self._least))

    def _on_look(self, look: Look) -> None:
        self.setMinimumHeight(look.px(self._least))
        self.updateGeometry()
