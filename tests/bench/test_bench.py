"""That the benchmarks run and answer in their common shape. How fast anything is, no test says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.launch import bench, cli
from tests.bench.catalogue import CATALOGUE
from tests.bench.result import Limit, Load, Result, Unit, busy_note, read_results, spread_of, table


def a_result(**changes: object) -> Result:
    told: dict[str, object] = {
        "name": "save",
        "what": "Save to durable",
        "unit": Unit.MILLISECONDS,
        "judged": "p95",
        "measured": 2.5,
        "budget": 3.0,
        "limit": Limit(what="one commit", measured=0.5),
    }
    return Result(**{**told, **changes})  # pyright: ignore[reportArgumentType]


def test_a_small_round_measures_saves_beside_their_commits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    code = cli.main(["bench", "save", "--small", "--json", str(file)])
    told = capsys.readouterr()
    assert code == 0, told.err
    (found,) = read_results(file)
    assert found.name == "save"
    assert found.unit is Unit.MILLISECONDS
    assert found.measured > 0
    assert found.limit.measured > 0
    assert found.load is not None
    assert found.load.processors == (os.cpu_count() or 1)
    assert "budget" in told.out
    assert found.verdict in told.out
    assert "no measure" in found.note


def test_an_unknown_benchmark_is_refused_and_the_known_ones_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["bench", "nothing"]) == 2
    told = capsys.readouterr().err
    assert all(name in told for name in CATALOGUE)


def test_the_list_says_what_each_measures(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(CATALOGUE)


def test_a_benchmark_that_is_late_is_ended_and_said(tmp_path: Path) -> None:
    late = bench.Round(name="save", place=tmp_path, seconds=0.01, small=True)
    assert late.run() == "it was not done after 0 seconds"


def test_over_budget_is_said_in_words_and_as_a_ratio() -> None:
    over = a_result(measured=6.0)
    assert not over.within
    assert over.ratio == 12.0
    lines = table([a_result(), over]).splitlines()
    assert lines[2].endswith("within budget")
    assert lines[3].endswith("over budget")


def test_a_busy_machine_is_mentioned_and_a_quiet_one_is_not() -> None:
    busy = a_result(load=Load(processors=2, average=5.0, others=0.6))
    quiet = a_result(load=Load(processors=2, average=0.3, others=0.02))
    assert "60%" in busy_note([quiet, busy])
    assert busy_note([quiet]) == ""


def test_the_95th_percentile_is_a_sample_that_was_met() -> None:
    spread = spread_of([float(number) for number in range(1, 101)])
    assert (spread.median, spread.p95, spread.worst, spread.samples) == (50.5, 96.0, 100.0, 100)


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        ("app.launch.desktop", ("PySide6", "sqlalchemy", "httpx", "pydantic")),
        ("app.client.gateway", ("httpx._main", "rich", "click")),
        ("offline.desk", ("PySide6",)),
        ("ui.workplace", ("ui.screens.batches.view", "ui.screens.review.file_view", "numpy")),
    ],
)
def test_a_start_does_not_import_what_can_come_later(imported: str, absent: tuple[str, ...]) -> None:
    asked = f"import sys, {imported}; print([each for each in {absent!r} if sys.modules.get(each)])"
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=bench.ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"
