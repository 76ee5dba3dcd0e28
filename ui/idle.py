"""Nobody touched this station for a while: time to lock it."""

from datetime import timedelta

from PySide6.QtCore import QEvent, QObject, QTimer, Signal

TOUCHES = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TabletPress,
    }
)


class IdleWatch(QObject):
    """Install with `app.installEventFilter(watch)`. `idle` is emitted once `after` passed without key, pointer or touch.

    It is emitted again only after somebody touched the station in between.
    """

    idle = Signal()

    def __init__(self, after: timedelta, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self.set_after(after)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start()

    def set_after(self, after: timedelta) -> None:
        """Change the wait; it takes effect with the next touch."""
        self._timer.setInterval(max(int(after.total_seconds() * 1000), 1))

    def touch(self) -> None:
        """Somebody is there, known by other means (a badge, a scan from another device)."""
        self._timer.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in TOUCHES:
            self._timer.start()
        return False

    def _on_timeout(self) -> None:
        self.idle.emit()
