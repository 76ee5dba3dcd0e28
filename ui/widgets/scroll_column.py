"""A page that is higher than the window: scrolls down, never sideways, on the ground of what lies below."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QScroller, QVBoxLayout, QWidget


class ScrollColumn(QScrollArea):
    """Put widgets into `column`, or a page of one's own with `set_page`. A finger scrolls it by flicking."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        QScroller.grabGesture(self.viewport(), QScroller.ScrollerGestureType.TouchGesture)
        page = QWidget()
        self.column = QVBoxLayout(page)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.set_page(page)

    def set_page(self, page: QWidget) -> None:
        """Show this page instead; the one before is deleted."""
        self.setWidget(page)
        page.setAutoFillBackground(
            False
        )  # QScrollArea turns it on, and the page would be a grey box on a card
        self.viewport().setAutoFillBackground(False)
        page.installEventFilter(self)
        self._widen()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._widen()
        return super().eventFilter(watched, event)

    def _widen(self) -> None:
        """What cannot get narrower must not be cut off: the column is at least as wide as its page."""
        page = self.widget()
        if page is None:
            return
        bar = self.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(page.minimumSizeHint().width() + bar)
