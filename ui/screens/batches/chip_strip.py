"""Filter chips on one line; what does not fit is reached by flicking, the wheel or the arrows."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QScroller, QWidget

from ui.icons import Icon
from ui.theme import LOOK, Look, themed
from ui.tokens import GAP_2, TARGET
from ui.widgets.button import IconButton
from ui.widgets.filter_chips import FilterChips


class ChipStrip(QWidget):
    """Shows `chips` in one line. The arrows appear only where there is something to reach."""

    def __init__(self, chips: FilterChips, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips = chips
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(chips)
        chips.setAutoFillBackground(False)
        self._area.viewport().setAutoFillBackground(False)
        QScroller.grabGesture(self._area.viewport(), QScroller.ScrollerGestureType.TouchGesture)
        self._back = IconButton(Icon.CHEVRON_LEFT, self.tr("Statuses before"))
        self._on = IconButton(Icon.CHEVRON_RIGHT, self.tr("More statuses"))
        for arrow in (self._back, self._on):
            arrow.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab reaches every chip, and brings it into sight
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._back)
        row.addWidget(self._area, 1)
        row.addWidget(self._on)
        self._back.clicked.connect(self._on_back)
        self._on.clicked.connect(self._on_on)
        bar = self._area.horizontalScrollBar()
        bar.valueChanged.connect(self._offer)
        bar.rangeChanged.connect(self._offer)
        chips.installEventFilter(self)
        themed(self, self._on_look)

    def fit(self) -> None:
        """The chips changed: lay them out on one line again."""
        look = LOOK.value
        chips = [each for each in self._chips.findChildren(QPushButton) if not each.isHidden()]
        width = sum(each.sizeHint().width() + look.px(GAP_2) for each in chips)
        self._chips.resize(max(width, 1), look.px(TARGET))
        self.setVisible(bool(chips))
        self._offer()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._offer()

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self._area.horizontalScrollBar()
        bar.setValue(bar.value() - event.angleDelta().y())
        event.accept()

    def _offer(self) -> None:
        bar = self._area.horizontalScrollBar()
        wanted = self._chips.width() > self.width()
        self._back.setVisible(wanted)
        self._on.setVisible(wanted)
        self._back.setEnabled(bar.value() > bar.minimum())
        self._on.setEnabled(bar.value() < bar.maximum())

    def _on_back(self) -> None:
        self._move(-1)

    def _on_on(self) -> None:
        self._move(1)

    def _move(self, way: int) -> None:
        bar = self._area.horizontalScrollBar()
        bar.setValue(bar.value() + way * round(self._area.width() * 0.7))

    def _on_look(self, look: Look) -> None:
        self.setFixedHeight(look.px(TARGET))
        self.fit()
