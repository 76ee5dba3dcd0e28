"""`main.py import` as a person types it: sign-in, one last line, a clean end by Ctrl+C."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.launch.acting import PASSWORD_VARIABLE
from app.launch.cli import main
from app.launch.importer import APPROVER_PASSWORD_VARIABLE
from tests.support.api import PASSWORD, TestApi
from tests.support.lek_small import FOLDER, copies_of_batch_1
from tests.support.plant import TestPlant
from tests.support.postgres import FreshDatabase

MAIN = Path(__file__).parents[2] / "main.py"
WORDS = ("import", "lek-tablets", str(FOLDER))


@pytest.fixture
def place(database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's database named by the environment, and a home for the keys."""
    monkeypatch.setenv("BATCHWRIGHT_DATABASE_URL", database.api_url)
    monkeypatch.setenv("BATCHWRIGHT_DATABASE_OWNER_URL", database.owner_url)
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    monkeypatch.setenv(APPROVER_PASSWORD_VARIABLE, PASSWORD)
    return tmp_path / "home"


async def typed(*words: str) -> int:
    """The exit code of a command line. It has an event loop of its own, so it runs in a thread."""
    return await asyncio.to_thread(main, words)


async def logins(api: TestApi) -> tuple[str, str]:
    return await api.login_of(api.plant.petra), await api.login_of(api.plant.rosa)


async def test_an_import_ends_with_one_line_that_counts(
    api: TestApi, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    petra, rosa = await logins(api)
    assert await typed(*WORDS, "--home", str(place), "--as", petra, "--approver", rosa) == 0
    said = capsys.readouterr()
    assert said.out == (
        "lek-tablets: 24 batches, 1,389 entries, 100 series rows, 38 exceptions (at reporting limit 2, "
        "contradiction 18, implausible 6, not recorded 8, out of limit 4).\n"
    )
    assert "Batches" in said.err
    assert PASSWORD not in said.err
    assert await typed(*WORDS, "--home", str(place), "--as", petra) == 0
    assert capsys.readouterr().out.startswith(
        "Nothing changed, all of it was imported before. lek-tablets: 24"
    )


async def test_the_sign_ins_of_an_import_stand_in_the_journal_and_its_sessions_end(
    api: TestApi, place: Path
) -> None:
    petra, rosa = await logins(api)
    assert await typed(*WORDS, "--home", str(place), "--as", petra, "--approver", rosa) == 0
    noted = await api.plant.ask(
        "SELECT event_type, count(*) FROM kernel.audit_logs WHERE entity_type = 'sign-in' GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(each) for each in noted] == [("session.ended", 2), ("sign-in.succeeded", 2)]


async def test_a_wrong_password_imports_nothing(
    api: TestApi, place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    petra, rosa = await logins(api)
    wrong = tmp_path / "wrong"
    wrong.write_text("not this one\n")
    words = ("--home", str(place), "--as", petra, "--approver", rosa, "--password-file", str(wrong))
    assert await typed(*WORDS, *words) == 1
    assert capsys.readouterr().err.endswith("Login, password or code is wrong.\n")
    assert await of_origin(api.plant) == 0


async def test_who_lacks_the_right_is_told_before_anything_is_tried(
    api: TestApi, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, rosa = await logins(api)
    ana = await api.login_of(api.plant.ana)
    assert await typed(*WORDS, "--home", str(place), "--as", ana, "--approver", rosa) == 1
    assert "lacks batch.import" in capsys.readouterr().err
    assert await api.plant.ask("SELECT id FROM kernel.refused_commands") == []


async def test_nobody_approves_what_they_prepared(
    api: TestApi, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    petra, _ = await logins(api)
    assert await typed(*WORDS, "--home", str(place), "--as", petra, "--approver", petra.upper()) == 2
    assert "name another --approver" in capsys.readouterr().err


async def test_a_damaged_file_is_refused_before_anybody_is_asked_who_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await typed("import", "lek-tablets", str(tmp_path / "nowhere"), "--as", "somebody") == 1
    told = capsys.readouterr().err
    assert "nothing was written" in told
    assert "  Laboratory.csv: the file is missing\n" in told


async def test_files_can_be_checked_without_a_plant(capsys: pytest.CaptureFixture[str]) -> None:
    assert await typed(*WORDS, "--check") == 0
    assert capsys.readouterr().out == (
        "lek-tablets: 24 batches, 1,389 entries, 100 series rows can be imported; nothing was written.\n"
    )


async def test_a_plant_that_is_not_there_is_named(
    api: TestApi, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    petra, rosa = await logins(api)
    words = ("--home", str(place), "--as", petra, "--approver", rosa, "--plant", "atlantis")
    assert await typed(*WORDS, *words) == 2
    assert "There is no plant atlantis: give --plant ljubljana." in capsys.readouterr().err


async def test_where_there_is_no_demo_plant_the_import_makes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await typed(*WORDS, "--demo", "--home", str(tmp_path / "demo")) == 0
    told = capsys.readouterr()
    assert "Making the demo plant" in told.err
    assert "24 batches" in told.out


async def of_origin(plant: TestPlant) -> int:
    """How many transcribed batches there are."""
    found = await plant.ask("SELECT count(*) FROM production.production_batches WHERE origin = 'transcribed'")
    count = found[0][0]
    assert isinstance(count, int)
    return count


async def started(words: tuple[str, ...], environ: Mapping[str, str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, MAIN, *words, stdout=pipe, stderr=pipe, env=dict(environ)
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
async def test_ended_by_hand_or_by_force_the_same_command_goes_on(
    api: TestApi, place: Path, tmp_path: Path, how: signal.Signals
) -> None:
    petra, rosa = await logins(api)
    many = copies_of_batch_1(tmp_path / "many", 150)
    words = ("import", "lek-tablets", str(many), "--home", str(place), "--as", petra, "--approver", rosa)
    process = await started(words, os.environ)
    for _ in range(1_200):
        if await of_origin(api.plant) >= 5:
            break
        await asyncio.sleep(0.05)
    process.send_signal(how)
    out, err = await process.communicate()
    so_far = await of_origin(api.plant)
    assert 5 <= so_far < 150
    assert out == b""
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert f"Interrupted: {so_far} of 150 batches are in.".encode() in err
        assert b"Traceback" not in err
    again = await started(words, os.environ)
    out, err = await again.communicate()
    assert again.returncode == 0, err
    assert out.startswith(b"lek-tablets: 150 batches, 8,700 entries, 20 series rows, ")
    assert await of_origin(api.plant) == 150
