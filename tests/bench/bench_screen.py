"""The batch list of 100,000 on the screen: first rows, a keystroke of a search, a scrolled frame.

    python -m tests.bench.bench_screen [--batches 100000]

The real desktop in this process, offscreen: from the gesture to the painted picture. `bench_list.py` measures the
questions to the file alone. The search field waits 150 ms for the next key before it asks; that pause is not counted.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.client.cache_key import CacheKey
from app.launch.machine import surroundings, vault_of
from tests.bench.cached_plant import LOGIN, PASSWORD, cached_plant
from tests.bench.result import Limit, Result, Samples, Unit, spread_of, table

if TYPE_CHECKING:
    from offline.desk import Workstation
    from ui.workplace import Workplace

OPENINGS: Final = 15
TYPED: Final = ("aml-25-0123", "amlodipine", "pcm 24", "line 2 ibu")
FRAMES: Final = 400
ROWS_A_FRAME: Final = 3


def screen(shared: Path, count: int, *, openings: int = OPENINGS, frames: int = FRAMES) -> tuple[Result, ...]:
    """The three figures."""
    opened, keys, scrolled, bare = Samples(), Samples(), Samples(), Samples()

    async def watch(workplace: "Workplace", station: "Workstation") -> None:
        from tests.bench.desk_hands import sign_in

        await sign_in(workplace, LOGIN, PASSWORD)
        for _ in range(openings):
            await _open(opened, workplace, station)
        await _type(keys, workplace)
        await _scroll(scrolled, workplace, frames)
        await _scroll_bare(bare, frames // 2, count)
        workplace.shell.close()

    with cached_plant(shared, count) as data:
        from app.launch import desktop

        code = desktop.show(desktop.Start(data_dir=data, arrived=watch))
        if code:
            raise RuntimeError(f"the desktop ended with {code}")
        limits = _asked_bare(data)
    return (
        _result("list: first rows", "a new list, from its making to its painted rows", opened, 50.0)(
            Limit(what="the same rows by an indexed query, nothing decoded", measured=limits[0])
        ),
        _result("list: keystroke", "from a key to the painted answer of the search", keys, 30.0)(
            Limit(what="the same words asked of FTS5, 100 rowids read", measured=limits[1])
        ),
        _result("list: frame", "all that the screen does between two scrolled pictures", scrolled, 16.0)(
            Limit(
                what="a bare QTableView with plain text, scrolled the same way",
                measured=spread_of(bare.waited).p95,
            )
        ),
    )


def _result(name: str, what: str, samples: Samples, budget: float) -> Callable[[Limit], Result]:
    def beside(limit: Limit) -> Result:
        spread = spread_of(samples.waited)
        return Result(
            name=name,
            what=what,
            unit=Unit.MILLISECONDS,
            judged="p95",
            measured=spread.p95,
            budget=budget,
            limit=limit,
            processor=spread_of(samples.computed).p95,
            spread=spread,
        )

    return beside


async def _open(samples: Samples, workplace: "Workplace", station: "Workstation") -> None:
    """Make a list and paint its first rows."""
    from app.launch.machine import now
    from tests.bench.desk_hands import Painted
    from ui.screens.batches.view import BatchesView
    from ui.screens.batches.view_model import BatchesViewModel

    with samples.one():
        view = BatchesView(BatchesViewModel(station.desk, now), workplace.tasks, workplace)
        view.resize(1200, 720)
        painted = Painted(view.table.viewport())
        view.load()
        view.show()
        await painted.when(lambda: view.model.rowCount() > 0)
    await workplace.tasks.settle()
    view.hide()
    view.deleteLater()
    await asyncio.sleep(0)


async def _type(samples: Samples, workplace: "Workplace") -> None:
    """Each key until its answer was painted."""
    from tests.bench.desk_hands import Painted, listed

    view = await listed(workplace)
    for words in (
        TYPED[0],
        *TYPED,
    ):  # the first words twice: their first time is the first search after a change
        for length in range(1, len(words) + 1):
            wanted = words[:length]
            if wanted.endswith(" "):
                continue
            painted = Painted(view.table.viewport())
            with samples.one():
                view.search.setText(wanted)
                view.search.returnPressed.emit()
                await workplace.tasks.settle()
                await painted.once()
        view.search.clear()
        await workplace.tasks.settle()
    if view.model.rowCount() == 0:
        raise RuntimeError("the list did not come back")


async def _scroll(samples: Samples, workplace: "Workplace", frames: int) -> None:
    """Each frame while somebody turns the wheel, and now and then jumps somewhere else."""
    from tests.bench.desk_hands import listed

    view = await listed(workplace)
    bar = view.table.verticalScrollBar()
    step = max(1, ROWS_A_FRAME * (bar.maximum() + bar.pageStep()) // max(view.model.rowCount(), 1))
    await _frames(samples, frames, bar, view.table.viewport(), step)


async def _frames(samples: Samples, frames: int, bar: Any, viewport: Any, step: int) -> None:
    from tests.bench.desk_hands import Painted

    painted = Painted(viewport)
    for number in range(frames):
        jump = number % 50 == 49
        with samples.one():
            bar.setValue(bar.maximum() * (1 + number % 97) // 99 if jump else bar.value() + step)
            await painted.when(lambda: True)  # whatever arrived meanwhile is part of the frame


async def _scroll_bare(samples: Samples, frames: int, count: int) -> None:
    from PySide6.QtCore import QAbstractTableModel, Qt
    from PySide6.QtWidgets import QTableView

    class Plain(QAbstractTableModel):
        def rowCount(self, parent: object = None) -> int:
            return count

        def columnCount(self, parent: object = None) -> int:
            return 9

        def data(self, index: Any, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
            return "AML-25-012345" if role == Qt.ItemDataRole.DisplayRole else None

    table_view = QTableView()
    model = Plain()
    table_view.setModel(model)
    table_view.resize(1200, 640)
    table_view.show()
    await _frames(samples, frames, table_view.verticalScrollBar(), table_view.viewport(), ROWS_A_FRAME)
    table_view.hide()
    table_view.deleteLater()


def _asked_bare(data: Path) -> tuple[float, float]:
    """Milliseconds (p95) of the rows and of the words, asked by the bare driver of the same file."""
    import sqlcipher3.dbapi2

    around = surroundings(data, vault_of(data)[0])
    key = around.slots().unlock()
    if not isinstance(key, CacheKey):
        raise RuntimeError("the key is lost")
    driver: Any = sqlcipher3.dbapi2
    connection = driver.connect(str(around.file))
    connection.execute(f'PRAGMA key = "{key.pragma_value()}"')
    rows: list[float] = []
    words: list[float] = []
    asked = [text[:n] for text in TYPED for n in range(1, len(text) + 1)]
    for text in asked:
        match = " ".join(f'"{word}"*' for word in text.replace("-", " ").split())
        began = time.perf_counter()
        connection.execute(
            "SELECT b.*, length(body) FROM batch_rows b JOIN bodies USING (rowid) ORDER BY created DESC LIMIT 100"
        ).fetchall()
        between = time.perf_counter()
        connection.execute(
            "SELECT rowid FROM batch_words WHERE batch_words MATCH ? LIMIT 100", (match,)
        ).fetchall()
        rows.append((between - began) * 1000)
        words.append((time.perf_counter() - between) * 1000)
    connection.close()
    return spread_of(rows).p95, spread_of(words).p95


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as home:
        print(table(screen(Path(home), options.batches)))
