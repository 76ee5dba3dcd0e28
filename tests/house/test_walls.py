"""An arrow points only downwards; siblings do not know each other (contracts in pyproject.toml)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(place: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([LINT, "--no-cache"], cwd=place, capture_output=True, text=True, check=False)


def test_every_wall_stands() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def empty_house(tmp_path: Path) -> Path:
    """The rooms without their furniture, where a single wrong import can be tried."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("app", "ui", "offline"):
        for package in (ROOT / name).rglob("__init__.py"):
            copy = tmp_path / package.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text("")
    (tmp_path / "ui" / "observable.py").write_text("")
    for screen in ("batches", "review"):
        room = tmp_path / "ui" / "screens" / screen
        room.mkdir(exist_ok=True)
        (room / "__init__.py").write_text("")
        (room / "view_model.py").write_text("")
    return tmp_path


def test_the_empty_house_stands(empty_house: Path) -> None:
    done = lint(empty_house)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("room", "sentence"),
    [
        ("app/domain/batch.py", "import app.wire"),
        ("app/domain/batch.py", "import pydantic"),
        ("app/wire/feed.py", "import app.server.kernel"),
        ("app/client/gateway.py", "import app.server"),
        ("app/server/production/entries.py", "import app.server.quality"),
        ("app/server/kernel/journal.py", "import app.server.production"),
        ("app/server/kernel/journal.py", "import PySide6"),
        ("app/client/vault.py", "import app.launch"),
        ("ui/bell.py", "import offline"),
        ("ui/bell.py", "import httpx"),
        ("ui/bell.py", "import sqlite3"),
        ("offline/cache.py", "import ui"),
        ("offline/cache.py", "import PySide6"),
        ("ui/screens/batches/view_model.py", "import PySide6.QtCore"),
        ("ui/screens/batches/view.py", "import ui.screens.review"),
        ("ui/observable.py", "import PySide6"),
    ],
)
def test_an_arrow_that_points_the_wrong_way_is_seen(empty_house: Path, room: str, sentence: str) -> None:
    (empty_house / room).write_text(sentence + "\n")
    done = lint(empty_house)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout, done.stdout + done.stderr
