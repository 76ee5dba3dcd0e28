"""The headless demo as a stranger types it: the scripted shift through the real screens, killed in its middle."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = Path(__file__).resolve().parents[2] / "main.py"


@pytest.mark.timeout(600)
@pytest.mark.req("R7")
@pytest.mark.req("R27")
@pytest.mark.req("R41")
@pytest.mark.req("R48")
def test_the_scripted_shift_proves_itself(tmp_path: Path) -> None:
    out = tmp_path / "shift"
    played = subprocess.run(
        [sys.executable, str(MAIN), "demo", "--headless", "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert played.returncode == 0, played.stdout[-4000:] + played.stderr[-4000:]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["ok"] is True
    assert all(step["ok"] for step in report["steps"])
    done = {step["step"] for step in report["steps"]}
    assert {
        "an out-of-limit value raises a deviation",
        "the application is killed",
        "nothing was lost by the kill",
        "the QA head releases the batch",
        "the evidence bundle verifies",
        "the database verifies",
        "a copy with one byte changed does not verify",
        "the backup is restored elsewhere, its chain verified",
    } <= done
    assert {f"{page}-{theme}" for page in ("batches", "stage", "review") for theme in ("dark", "light")} <= {
        picture[3:-4] for picture in report["pictures"]
    }
    assert (out / "batch.pdf").read_bytes().startswith(b"%PDF")
