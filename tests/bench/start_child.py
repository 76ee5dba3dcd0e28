"""The desktop as `main.py` starts it, with one watcher that says when it was usable, and what it weighs.

    python -m tests.bench.start_child DATA REPORT LOGIN PASSWORD [--work ROUNDS]

REPORT is JSON: `usable`, the moment (seconds of the system's monotonic clock) at which the sign-in page was painted with
those who were here last and a typed letter stood in it; `listed`, seconds from pressing *Sign in* to the painted batch
list; processor seconds and resident bytes at both. With `--work` somebody then goes through lists, batches and pages, and
`worked_rss` is what the process weighs afterwards.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offline.desk import Workstation
    from ui.workplace import Workplace


def resident() -> int:
    """Bytes of this process in memory."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096


def main() -> int:
    """Run the desktop until the watcher has seen enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("login")
    parser.add_argument("password")
    parser.add_argument("--work", type=int, default=0)
    options = parser.parse_args()

    from app.launch import desktop

    async def watch(workplace: "Workplace", station: "Workstation") -> None:
        from tests.bench.desk_hands import at_work, sign_in

        report = await usable(workplace)
        began = time.monotonic()
        await sign_in(workplace, options.login, options.password)
        report |= {"listed": time.monotonic() - began, "listed_rss": resident()}
        if options.work:
            await at_work(workplace, station.desk.records, options.work)
            report["worked_rss"] = resident()
        options.report.write_text(json.dumps(report))
        workplace.shell.close()

    return desktop.show(desktop.Start(data_dir=options.data, arrived=watch))


async def usable(workplace: "Workplace") -> dict[str, float]:
    """Wait for a page that is whole and takes a key."""
    from tests.bench.desk_hands import Painted, type_keys, until
    from ui.screens.sign_in.view import SignInView
    from ui.workplace_model import SIGN_IN

    page = workplace.shell.page(SIGN_IN)
    if not isinstance(page, SignInView):
        raise TypeError(f"the sign-in page is a {type(page).__name__}")
    await until(lambda: bool(page.people()))
    await Painted(page).once()
    type_keys(page.login, "a")
    await until(lambda: page.login.text() == "a")
    return {"usable": time.monotonic(), "usable_cpu": time.process_time(), "usable_rss": resident()}


if __name__ == "__main__":
    sys.exit(main())
