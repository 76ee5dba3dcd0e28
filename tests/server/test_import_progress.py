"""How far an import is: one line on a terminal, a line now and then in a log."""

import io

import pytest

from app.launch.importing.progress import LOGGED_EVERY, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Seconds:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_terminal_shows_rate_and_remaining_time_on_one_line() -> None:
    output, seconds = Terminal(), Seconds()
    progress = Progress(output, seconds)
    progress.begin("Batches", 100)
    for _ in range(25):
        seconds.now += 0.4
        progress.step()
    assert "\n" not in output.getvalue()
    assert output.getvalue().split("\r")[-1].rstrip() == (
        "Batches ██████░░░░░░░░░░░░░░░░░░ 25 of 100 · 2/s · 0:00:30 left"
    )
    progress.end()
    assert output.getvalue().endswith("\n")


def test_a_shorter_line_leaves_nothing_of_a_longer_one() -> None:
    output, seconds = Terminal(), Seconds()
    progress = Progress(output, seconds)
    progress.begin("Rows", 1_000_000)
    seconds.now += 1
    progress.step(1)
    longer = output.getvalue().split("\r")[-1]
    seconds.now += 1
    progress.step(999_999)
    assert len(output.getvalue().split("\r")[-1]) >= len(longer.rstrip())


def test_what_an_earlier_run_did_counts_as_done_and_not_as_this_runs_rate() -> None:
    output, seconds = Terminal(), Seconds()
    progress = Progress(output, seconds)
    progress.begin("Batches", 1_000, done=900)
    assert "900 of 1,000" in output.getvalue()
    seconds.now += 10
    progress.step(10)
    assert output.getvalue().split("\r")[-1].rstrip().endswith("910 of 1,000 · 1/s · 0:01:30 left")


@pytest.mark.parametrize("steps", [1, 1_000])
def test_a_log_gets_a_line_now_and_then(steps: int) -> None:
    output, seconds = io.StringIO(), Seconds()
    progress = Progress(output, seconds)
    progress.begin("Batches", steps)
    for _ in range(steps):
        seconds.now += 3 * LOGGED_EVERY / steps
        progress.step()
    progress.end()
    lines = output.getvalue().splitlines()
    assert 3 <= len(lines) <= 5
    assert "\r" not in output.getvalue()
    assert f"{steps:,} of {steps:,}" in lines[-1]
    assert lines[-1].endswith("done in 30.0 s")


def test_nothing_to_do_is_done() -> None:
    output = io.StringIO()
    progress = Progress(output, Seconds())
    progress.begin("Batches", 0)
    progress.end()
    assert "0 of 0" in output.getvalue()
