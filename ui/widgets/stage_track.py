"""The stages of a batch as a track from left to right: name, state, who, when."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from ui.icons import Icon, paint_icon
from ui.paint import box, focus_ring, words
from ui.theme import LOOK, Look, themed
from ui.tokens import RADIUS, Tone, Type


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackStage:
    """`done` draws the track behind it solid; `current` is the stage that is shown or worked on."""

    key: str
    name: str
    word: str
    icon: Icon = Icon.CIRCLE
    tone: Tone = Tone.NEUTRAL
    who: str = ""
    when: str = ""
    done: bool = False
    current: bool = False


class TrackNode(QPushButton):
    def __init__(
        self, stage: TrackStage, *, before: TrackStage | None, last: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.stage = stage
        self._before, self._last = before, last
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        said = ", ".join(part for part in (stage.name, stage.word, stage.who, stage.when) if part)
        self.setAccessibleName(said)
        self.setToolTip(said.replace(", ", "\n"))
        themed(self, self._on_look)

    def sizeHint(self) -> QSize:
        look = LOOK.value
        name = QFontMetrics(look.font(Type.STRONG)).horizontalAdvance(self.stage.name)
        return QSize(max(min(name + look.px(24), look.px(220)), look.px(132)), look.px(118))

    def minimumSizeHint(self) -> QSize:
        return QSize(LOOK.value.px(104), LOOK.value.px(118))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Right:
                self.focusNextPrevChild(True)
            case Qt.Key.Key_Left:
                self.focusNextPrevChild(False)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.click()
            case _:
                super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = LOOK.value
        t, px = look.tokens, look.px
        stage = self.stage
        painter = QPainter(self)
        if stage.current or self.underMouse():
            box(painter, self.rect(), RADIUS, t.accent_ground if stage.current else t.hover)
        if self.hasFocus():
            focus_ring(painter, self.rect(), t.accent)
        side = px(28)
        left, middle = px(12), px(12) + side // 2
        line = max(px(2), 2)
        right_of = QRect(left + side + px(6), middle - line // 2, self.width() - left - side - px(6), line)
        if not self._last:
            painter.fillRect(right_of, look.color("muted" if stage.done else "hairline"))
        if self._before is not None:
            way = QRect(0, middle - line // 2, left - px(6), line)
            painter.fillRect(way, look.color("muted" if self._before.done else "hairline"))
        circle = QRect(left, px(12), side, side)
        ink = t.text if stage.tone is Tone.NEUTRAL and stage.done else t.ink(stage.tone)
        paint_icon(painter, stage.icon, ink, QRectF(circle))
        top = circle.bottom() + px(8)
        width = self.width() - left - px(8)
        rows = (
            (stage.name, Type.STRONG, t.text, 20),
            (stage.word, Type.CAPTION_STRONG, ink, 18),
            (" · ".join(part for part in (stage.who, stage.when) if part), Type.CAPTION, t.muted, 18),
        )
        for words_, kind, color, height in rows:
            area = QRect(QPoint(left, top), QSize(width, px(height)))
            words(painter, area, words_, look.font(kind), color)
            top += px(height)
        painter.end()

    def _on_look(self, look: Look) -> None:
        self.updateGeometry()
        self.update()


class StageTrack(QWidget):
    """`chosen` carries the key of the stage that was tapped."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stages: tuple[TrackStage, ...] = ()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self.setAccessibleName(self.tr("Stages"))

    def set_stages(self, stages: Sequence[TrackStage]) -> None:
        if tuple(stages) == self._stages:
            return
        focused = next((node.stage.key for node in self.nodes() if node.hasFocus()), None)
        for node in self.nodes():
            self._row.removeWidget(node)
            node.hide()
            node.deleteLater()
        self._stages = tuple(stages)
        for place, stage in enumerate(stages):
            before = stages[place - 1] if place else None
            node = TrackNode(stage, before=before, last=place == len(stages) - 1, parent=self)
            node.clicked.connect(self._on_clicked)
            self._row.addWidget(node, 1)
            if stage.key == focused:
                node.setFocus()

    def nodes(self) -> list[TrackNode]:
        items = (self._row.itemAt(i) for i in range(self._row.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, TrackNode)]

    def _on_clicked(self) -> None:
        node = self.sender()
        if isinstance(node, TrackNode):
            self.chosen.emit(node.stage.key)
