"""The headless demo: plays the shift, kills the desktop in its middle, and holds every claim against the database."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.launch.command import CommandFailed
from app.launch.demo.api_process import MAIN
from app.launch.demo.private_keyring import keyring_session
from app.launch.demo.shift import LEFT, OFFLINE_ENTRIES, READY, STEPS
from app.launch.demo.stage import Stage, raised, say, spawn
from app.server.kernel.postgres import with_driver

REPORT: Final = "report.json"
PART_SECONDS: Final = 300.0


class Proof:
    """The report as it grows: every line says what was claimed, whether it is so, and how that was seen."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._begun = time.monotonic()
        self._last = self._begun
        self.lines: list[dict[str, Any]] = []

    def add(self, step: str, *, ok: bool, evidence: str) -> None:
        """One more line, on disk at once."""
        now = time.monotonic()
        self._append({"step": step, "ok": ok, "evidence": evidence, "seconds": round(now - self._last, 3)})
        self._last = now

    def take_over(self, file: Path, begun: int) -> int:
        """The lines that a part of the shift wrote, from line `begun` on; how many there are now."""
        written = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for line in written[begun:]:
            self._append(json.loads(line))
        self._last = time.monotonic()
        return len(written)

    def _append(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        say(f"  {'ok ' if line['ok'] else 'NOT'}  {line['step']}: {line['evidence']}")
        self.write()

    @property
    def ok(self) -> bool:
        return bool(self.lines) and all(line["ok"] for line in self.lines)

    def write(self) -> None:
        report = {
            "product": "Batchwright",
            "written_at": datetime.now(UTC).isoformat(),
            "ok": self.ok,
            "seconds": round(time.monotonic() - self._begun, 3),
            "steps": self.lines,
            "pictures": sorted(each.name for each in self._out.glob("*.png")),
        }
        fresh = self._out / f".{REPORT}"
        fresh.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        fresh.replace(self._out / REPORT)


async def prove(out: Path) -> str:
    """Play and prove the whole shift; everything lies in `out` afterwards. Raises CommandFailed if a claim is not so."""
    _clear(out)
    home = Path(tempfile.mkdtemp(prefix="batchwright-demo-"))
    proof = Proof(out)
    try:
        with keyring_session(home / "keyring") as keyring:
            async with raised(home / "demo") as stage:
                proof.add(
                    "the demo plant is up", ok=True, evidence="database, API, two plants with their history"
                )
                environment = {
                    **{name: value for name, value in keyring.environment.items() if name != "HOME"},
                    "QT_QPA_PLATFORM": "offscreen",
                }
                await _play(stage, proof, out, environment)
                await _hold_against_database(stage, proof, out)
                await _verify(stage, proof, out, home)
    except RuntimeError as failure:
        raise CommandFailed(str(failure)) from failure
    finally:
        proof.write()
        shutil.rmtree(home, ignore_errors=True)
    if not proof.ok:
        failed = next((line for line in proof.lines if not line["ok"]), {"step": "nothing", "evidence": ""})
        raise CommandFailed(f"Not proved: {failed['step']}: {failed['evidence']} (see {out / REPORT})")
    return f"The shift is proved: {len(proof.lines)} steps; report and pictures lie in {out}."


def _clear(out: Path) -> None:
    """A place for a fresh report; what an earlier run left is taken away, nothing else."""
    out.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.png", STEPS, READY, LEFT, REPORT, "batch.pdf", "evidence*.zip", "backup.dump"):
        for each in out.glob(pattern):
            each.unlink()


async def _play(stage: Stage, proof: Proof, out: Path, environment: dict[str, str]) -> None:
    steps = out / STEPS
    day = await spawn(stage.order(shift="day", out=out), environment)
    reached = await _until(lambda: (out / READY).exists() or day.returncode is not None, PART_SECONDS)
    written = proof.take_over(steps, 0)
    if not reached or day.returncode is not None:
        with suppress(ProcessLookupError):
            day.kill()
        proof.add("the day of the shift", ok=False, evidence=f"it ended early (exit code {day.returncode})")
        return
    day.send_signal(signal.SIGKILL)
    code = await day.wait()
    proof.add(
        "the application is killed", ok=code == -signal.SIGKILL, evidence="SIGKILL, no word of farewell"
    )
    night = await spawn(stage.order(shift="night", out=out), environment)
    try:
        code = await asyncio.wait_for(night.wait(), PART_SECONDS)
    except TimeoutError:
        night.kill()
        code = await night.wait()
    proof.take_over(steps, written)
    proof.add("the application ends tidily", ok=code == 0, evidence=f"exit code {code}")


async def _until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True


async def _hold_against_database(stage: Stage, proof: Proof, out: Path) -> None:
    """What the screens claimed, asked of the database itself."""
    left = out / LEFT
    batch_id = json.loads(left.read_text())["batch"] if left.exists() else None
    engine = create_async_engine(with_driver(stage.plant.place.urls.owner), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            for claim in _CLAIMS:
                found = await connection.execute(
                    text(claim.sql), {"batch": batch_id} if ":batch" in claim.sql else {}
                )
                rows = [tuple(row) for row in found]
                seen = ", ".join(" ".join(str(value) for value in row) for row in rows) or "nothing"
                proof.add(claim.says, ok=bool(rows) and claim.holds(rows), evidence=f"database: {seen}")
    finally:
        await engine.dispose()


Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a screen claimed, how the database is asked about it, and when it is so."""

    says: str
    sql: str
    holds: Callable[[Rows], bool]


_CLAIMS: Final = (
    Claim(
        "the batch is released in the database",
        "SELECT status FROM production.production_batches WHERE id = CAST(:batch AS uuid)",
        lambda rows: [row[0] for row in rows] == ["Released"],
    ),
    Claim(
        "every command of the workstation is there once and accepted, its counters without a gap",
        """
        SELECT settled, count(*), min(counter), max(counter) FROM kernel.commands
        WHERE station_id = (SELECT id FROM auth.stations WHERE name = 'Panel 7') GROUP BY settled
        """,
        lambda rows: (
            len(rows) == 1 and rows[0][0] == "accepted" and rows[0][1] == rows[0][3] - rows[0][2] + 1
        ),
    ),
    Claim(
        "at least ten entries were made offline",
        """
        SELECT count(*) FROM kernel.commands
        WHERE station_id = (SELECT id FROM auth.stations WHERE name = 'Panel 7')
          AND convert_from(body, 'UTF8')::jsonb #>> '{command,kind}' = 'entry.record'
          AND CAST(convert_from(body, 'UTF8')::jsonb ->> 'offline' AS boolean)
        """,
        lambda rows: rows[0][0] >= OFFLINE_ENTRIES,
    ),
    Claim(
        "the corrected weight keeps its original",
        """
        SELECT CAST(jsonb_path_query_array(record::jsonb, '$.entries[*].value') AS text)
        FROM production.batch_steps WHERE batch_id = CAST(:batch AS uuid) AND step_key = 'api_weight'
        """,
        lambda rows: rows[0][0] == '["2.404", "2.401"]',
    ),
    Claim(
        "the deviation is closed",
        "SELECT status, number FROM quality.deviations WHERE batch_id = CAST(:batch AS uuid)",
        lambda rows: [row[0] for row in rows] == ["Closed"],
    ),
    Claim(
        "the journals have no gap",
        "SELECT plant_id, count(*), max(seq) FROM kernel.audit_logs GROUP BY plant_id ORDER BY plant_id",
        lambda rows: all(row[1] == row[2] for row in rows),
    ),
)


async def _verify(stage: Stage, proof: Proof, out: Path, home: Path) -> None:
    bundle = out / "evidence.zip"
    plant = ("--home", str(stage.home))
    await _expect(proof, "the evidence bundle verifies", ("verify", str(bundle)), good=True)
    await _expect(proof, "the database verifies", ("verify", *plant), good=True)
    if bundle.exists():
        altered = home / "altered.zip"
        _alter(bundle, altered)
        await _expect(
            proof, "a copy with one byte changed does not verify", ("verify", str(altered)), good=False
        )
    copy = home / "backup.dump"
    await _expect(proof, "the plant is backed up", ("backup", "--out", str(copy), *plant), good=True)
    await _expect(
        proof,
        "the backup is restored elsewhere, its chain verified",
        ("restore", str(copy), "--home", str(home / "restored")),
        good=True,
    )


async def _expect(proof: Proof, claim: str, words: Sequence[str], *, good: bool) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(MAIN),
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ,
    )
    told, _ = await process.communicate()
    lines = [line for line in told.decode(errors="replace").splitlines() if line.strip()]
    verdict = lines[-1] if lines else ""
    if not good:
        verdict = next((line for line in lines if "NOT" in line), verdict)
    ok = (process.returncode == 0) is good
    proof.add(claim, ok=ok, evidence=f"exit {process.returncode}: {verdict.strip()}")


def _alter(bundle: Path, altered: Path) -> None:
    """The bundle with one byte of one recorded value changed, packed again as if nothing had happened."""
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(altered, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "record.json":
                content = content.replace(b"2.401", b"2.301", 1)
            target.writestr(name, content)
