"""Pictures of widgets, made to be looked at."""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt
from PySide6.QtWidgets import QApplication, QWidget

from ui import theme
from ui.tokens import ThemeName

SMALL = QSize(1280, 800)
LARGE = QSize(1920, 1080)


def out_directory(fallback: Path) -> Path:
    """Where pictures go: BATCHWRIGHT_SHOTS, else the test's own directory."""
    directory = Path(os.environ.get("BATCHWRIGHT_SHOTS") or fallback)
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def grab(
    widget: QWidget,
    name: str,
    directory: Path,
    *,
    themed: ThemeName = ThemeName.LIGHT,
    size: QSize | None = SMALL,
    scale: float = 1.0,
) -> Path:
    """Show the widget in that look and size, save `name-theme-WxH-scale.png`, and answer its path."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, themed, scale)
    if size is not None:
        widget.resize(size)
    if not widget.isVisible():
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        widget.show()
    settle()
    if size is not None:
        widget.resize(size)
        settle()
    picture = widget.grab()
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    extent = f"{picture.width()}x{picture.height()}"
    path = directory / f"{word}-{themed.value}-{extent}-{round(scale * 100)}.png"
    assert picture.save(str(path)), f"could not write {path}"
    return path


def grab_all(
    widget: QWidget, name: str, directory: Path, *, sizes: tuple[QSize, ...] = (SMALL,)
) -> list[Path]:
    """Both themes in each size, and the light one at 150 %."""
    paths = [grab(widget, name, directory, themed=look, size=size) for size in sizes for look in ThemeName]
    return [*paths, grab(widget, name, directory, size=sizes[0], scale=1.5)]


def settle() -> None:
    """Let layouts, polish and deletions happen."""
    for _ in range(3):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@contextmanager
def looking(themed: ThemeName, scale: float = 1.0) -> Generator[None]:
    """That look for a while, then the one before."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    before = theme.LOOK.value
    theme.apply(app, themed, scale)
    try:
        yield
    finally:
        theme.apply(app, before.theme, before.scale)
