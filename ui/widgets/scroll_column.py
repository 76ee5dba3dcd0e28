"""A page that is higher than the window: scrolls down, never sideways, on the ground of what lies below."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QScroller, QVBoxLayout, QWidget

from ui.theme import LOOK


class ScrollColumn(QScrollArea):
    """Put widgets into `column`, or a page of one's own with `set_page`. A finger scrolls it by flicking."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._most: int | None = None
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

    def fit(self, most: int) -> None:
        """Be as high as the page, but no higher than `most` pixels at scale 1.0; the rest scrolls."""
        self._most = most
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give wrapped words their height: a scroll area of Qt asks only for the least height, and cuts them."""
        page = self.widget()
        if page is None:
            return
        wished = page.heightForWidth(self.viewport().width()) if page.hasHeightForWidth() else -1
        wished = max(wished, page.minimumSizeHint().height())
        if page.minimumHeight() != wished:
            page.setMinimumHeight(wished)
        if self._most is not None:
            self.setFixedHeight(min(wished, LOOK.value.px(self._most)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._widen()
            self._fit()
        return super().eventFilter(watched, event)

    def _widen(self) -> None:
        """What cannot get narrower must not be cut off: the column is at least as wide as its page."""
        page = self.widget()
        if page is None:
            return
        bar = self.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(page.minimumSizeHint().width() + bar)
