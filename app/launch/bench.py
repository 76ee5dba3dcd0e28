"""`main.py bench`: measures against the budgets, beside what the machine could do at most.

Each benchmark runs in a process of its own, in a folder that is gone afterwards, with a bound on its time. The figures
come from `tests/bench`, which a checkout has and an installed application has not.
"""

import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.launch.command import CommandFailed

if TYPE_CHECKING:
    from tests.bench.result import Load, Result

ROOT: Final = Path(__file__).parents[2]
ALL_SECONDS: Final = 350.0
"""What a round of all benchmarks may take; one that has no time left is said to have been left out."""


def arguments(parser: ArgumentParser) -> None:
    """What the benchmarks take."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="one benchmark; all without it")
    parser.add_argument("--list", action="store_true", help="say which benchmarks there are, and run none")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE as well")
    parser.add_argument("--small", action="store_true", help="tiny rounds, to see that each runs; no measure")


def run(options: Namespace) -> str:
    """Run what was asked for, print the table, answer the count."""
    if find_spec("tests.bench") is None:
        raise CommandFailed("The benchmarks come with the source code: run main.py from a checkout.", code=2)
    from tests.bench.catalogue import CATALOGUE
    from tests.bench.result import as_json, busy_note, table

    if options.list:
        width = max(map(len, CATALOGUE))
        print("\n".join(f"{name.ljust(width)}  {each.does}" for name, each in CATALOGUE.items()))
        return ""
    if options.name is not None and options.name not in CATALOGUE:
        raise CommandFailed(
            f"There is no benchmark {options.name!r}; choose from {', '.join(CATALOGUE)}.", code=2
        )
    found: list[Result] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        began = time.monotonic()
        for name in [options.name] if options.name else CATALOGUE:
            left = ALL_SECONDS - (time.monotonic() - began)
            _say(f"{name}: {CATALOGUE[name].does} …")
            round_of = Round(
                name=name, place=place, seconds=min(left, CATALOGUE[name].seconds), small=options.small
            )
            answered = round_of.run() if left > 1 else "no time was left"
            if isinstance(answered, str):
                failed.append(name)
                _say(f"  not measured: {answered}")
            else:
                found.extend(answered)
    if found:
        print(table(found))
        if note := busy_note(found):
            print(note)
    if options.json is not None:
        options.json.write_bytes(as_json(found))
    if failed:
        raise CommandFailed(f"Not measured: {', '.join(failed)}.")
    within = sum(each.within for each in found)
    where = f"; every figure is in {options.json}" if options.json is not None else ""
    return f"{within} of {len(found)} figures are within their budget{where}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One benchmark in its process."""

    name: str
    place: Path
    seconds: float
    small: bool

    def run(self) -> "tuple[Result, ...] | str":
        """Its results, or why there are none."""
        from tests.bench.result import read_results

        shared = self.place / "shared"
        shared.mkdir(exist_ok=True)
        results = self.place / f"{self.name}.json"
        words = ["-m", "tests.bench.catalogue", self.name, str(shared), str(results)]
        watch = _Watch()
        with ExitStack() as stack:
            log = stack.enter_context((self.place / f"{self.name}.log").open("w+"))
            process = subprocess.Popen(
                [sys.executable, *words, *(["--small"] if self.small else [])],
                cwd=ROOT,
                env=_environment(self.place),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            stack.callback(_end, process)
            try:
                code = process.wait(self.seconds)
            except subprocess.TimeoutExpired:
                return f"it was not done after {self.seconds:.0f} seconds"
            if code:
                log.seek(0)
                told = [line for line in log.read().splitlines() if line.strip()]
                return told[-1] if told else f"it ended with {code}"
        load = watch.seen()
        return tuple(replace(each, load=load) for each in read_results(results))


class _Watch:
    """What others did on this machine while a benchmark ran."""

    def __init__(self) -> None:
        self._began = _processor_seconds()
        self._own = _own_seconds()
        self._since = time.monotonic()

    def seen(self) -> "Load":
        from tests.bench.result import Load

        busy, own = _processor_seconds() - self._began, _own_seconds() - self._own
        processors = os.cpu_count() or 1
        could = processors * (time.monotonic() - self._since)
        others = min(max((busy - own) / could, 0.0), 1.0) if could else 0.0
        average = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        return Load(processors=processors, average=average, others=others)


def _processor_seconds() -> float:
    """Seconds that all processors were busy since the machine started."""
    import psutil

    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _own_seconds() -> float:
    """Processor seconds of this process and of all it started and saw end."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _environment(place: Path) -> Mapping[str, str]:
    """Nothing of this account is touched, no display is needed, and code is compiled as on an installed machine."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    home = place / "home"
    home.mkdir(exist_ok=True)
    return kept | {
        "PYTHONPATH": str(ROOT),
        "PYTHONPYCACHEPREFIX": str(place / "compiled"),
        "QT_QPA_PLATFORM": "offscreen",
        "TMPDIR": str(place),
        **{f"XDG_{name}_HOME": str(home / name.lower()) for name in ("DATA", "CONFIG", "CACHE", "STATE")},
    }


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a benchmark that is late, and what it started: it leads a session of its own."""
    if process.poll() is not None:
        return
    if os.name == "posix":
        import signal

        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
