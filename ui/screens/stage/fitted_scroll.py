"""A column that is as high as what stands in it, and scrolls only where the window is lower than that."""

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import LOOK
from ui.widgets.scroll_column import ScrollColumn


class FittedScroll(ScrollColumn):
    """What follows below it stays in sight: the buttons of a step are never scrolled away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def show_whole(self, target: QWidget) -> None:
        """Scroll to a widget of the column, if it is one."""
        page = self.widget()
        layout = page.layout() if page is not None else None
        if page is not None and layout is not None and page.isAncestorOf(target):
            layout.activate()
            self.ensureWidgetVisible(target, 0, LOOK.value.px(40))

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._wanted())

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), min(self._wanted(), LOOK.value.px(96)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.updateGeometry()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def _wanted(self) -> int:
        page = self.widget()
        layout = page.layout() if page is not None else None
        if layout is None:
            return 0
        if layout.hasHeightForWidth() and self.viewport().width() > 0:
            return layout.totalHeightForWidth(self.viewport().width())
        return layout.totalSizeHint().height()
