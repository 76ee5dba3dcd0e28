"""The desktop application. This module is light: what it needs is imported in the order that starts soonest."""

import importlib
import sys
from argparse import ArgumentParser, Namespace
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.launch.command import CommandFailed
from app.launch.desk_start import Start
from app.launch.display import is_there_a_display

if TYPE_CHECKING:
    from app.client.vault import Vault

__all__ = ["Start", "arguments", "run", "show"]

DATA: Final = "workstation"


def arguments(parser: ArgumentParser) -> None:
    """What the desktop takes."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="where this workstation keeps its encrypted file (default: this user's data folder)",
    )


def run(options: Namespace) -> str:
    """Show the desktop until its window is closed."""
    from platformdirs import user_data_path

    if not is_there_a_display():
        raise CommandFailed("There is no display here: start the desktop where there is a screen.", code=2)
    data_dir = options.data or user_data_path("batchwright") / DATA
    code = show(Start(data_dir=data_dir))
    if code != 0:
        raise CommandFailed("The desktop ended with a fault.", code=code)
    return ""


def show(start: Start) -> int:
    """The application from its first window to its last; answers the exit code.

    The order of the imports is half of the start's time: see `_import_without_qt`.
    """
    start.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    keyring = _ask_keyring(start.data_dir)
    _import_without_qt()
    from PySide6.QtWidgets import QApplication

    from app.launch.preferences import Preferences
    from ui import theme

    app = QApplication(sys.argv[:1])
    app.setApplicationName("Batchwright")
    preferences = Preferences(start.data_dir / "look.json")
    theme.apply(app, preferences.theme, preferences.scale)
    from app.launch.desk_life import DeskLife
    from ui.loop import run as run_loop

    return run_loop(app, DeskLife(start, preferences, keyring).live())


def _ask_keyring(data_dir: Path) -> "Future[tuple[Vault, str]]":
    """Ask in a thread: its round trips are 0.1 s of waiting, in which this thread imports the rest.

    What the thread needs is imported before it starts, for two threads that import libraries with circles in them can
    meet half-made modules.
    """
    from app.client.vault import import_stores
    from app.launch.machine import vault_of

    import_stores()
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keyring")
    asked = thread.submit(vault_of, data_dir)
    thread.shutdown(wait=False)
    return asked


def _import_without_qt() -> None:
    """Import all that knows no Qt before Qt: once PySide6 is there, it reads the source of every module imported after it
    in search of its own name, which makes importing these a third slower.
    """
    importlib.import_module("offline.desk")
