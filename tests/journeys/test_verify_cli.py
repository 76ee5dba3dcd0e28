"""`main.py export` and `verify` as somebody at a terminal meets them."""

import asyncio
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.domain.batch import Batch
from app.launch.cli import main
from app.wire import bundle
from tests.support.plant import found_plant
from tests.support.postgres import FreshDatabase, connect
from tests.support.sealed_plant import SealedPlant
from tests.support.whole_life import released_batch

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A whole bundle on disk."""
    of = SealedPlant().released()
    told = bundle.record_hash((each.kind, each.id, each.body) for each in of.carried())
    source = of.source(f"%PDF-1.7 {bundle.PDF_KEYWORD}{told}".encode())
    made = tmp_path / "N-2026-001.zip"
    made.write_bytes(bundle.bundle_bytes(source, key_id=of.server_key_id, sign=of.server.sign))
    return made


def alter(file: Path, member: str) -> None:
    """Change one byte in the middle of a member and zip again."""
    with zipfile.ZipFile(file) as archive:
        members = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    members[member][len(members[member]) // 2] ^= 0x01
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, bytes(content))
    file.write_bytes(target.getvalue())


def test_a_whole_bundle_ends_with_zero_and_says_that_it_is_not_anchored(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(file)]) == 0
    told = capsys.readouterr().out
    assert "4  entries: each bound to its command, author and value" in told
    assert "is whole: batch N-2026-001" in told.splitlines()[-1]
    assert "not anchored" in told.splitlines()[-1]


def test_a_bundle_is_anchored_by_the_fingerprint_one_knows(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["verify", str(file)])
    key = capsys.readouterr().out.partition("journal key ")[2].partition(":")[0]
    assert main(["verify", str(file), "--trust", key]) == 0
    assert "anchored by the key you trust" in capsys.readouterr().out
    assert main(["verify", str(file), "--trust", key.replace(key[0], "x")]) == 1
    assert "not the one to trust" in capsys.readouterr().err


@pytest.mark.req("R1")
@pytest.mark.parametrize(
    "member", [bundle.RECORD, bundle.COMMANDS, bundle.PDF, bundle.KEYS, bundle.CHECKPOINTS]
)
def test_one_altered_byte_ends_with_one_and_the_place(
    file: Path, member: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alter(file, member)
    assert main(["verify", str(file)]) == 1
    told = capsys.readouterr().err
    assert member in told
    assert "is NOT whole" in told.splitlines()[-1]


def test_a_file_that_is_no_bundle_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir")
    assert main(["verify", str(tmp_path / "letter.txt")]) == 1
    assert "is no whole zip" in capsys.readouterr().err
    assert main(["verify", str(tmp_path / "nothing.zip")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["verify", str(tmp_path), "--database-url", "postgresql://x/y"]) == 2


@pytest.mark.req("R49")
def test_a_file_is_checked_without_the_servers_libraries(file: Path) -> None:
    ask = (
        "import sys; from app.launch.cli import main; code = main(['verify', sys.argv[1]]); "
        "sys.exit(code or any(each in sys.modules for each in ('fastapi', 'pydantic', 'sqlalchemy', 'typst')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask, str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def _plant_with_a_released_batch(database: FreshDatabase) -> str:
    async with found_plant(database) as plant:
        life = await released_batch(plant)
        batch = await plant.record("batch", life.id)
        assert isinstance(batch, Batch)
        return batch.number


def at(database: FreshDatabase, home: Path) -> list[str]:
    return ["--database-url", database.owner_url, "--home", str(home)]


@pytest.mark.req("R2")
def test_a_batch_is_exported_by_its_number_and_verifies(
    database: FreshDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = asyncio.run(_plant_with_a_released_batch(database))
    out = tmp_path / "evidence.zip"
    out.write_bytes(b"an older one")
    assert main(["export", number, "--out", str(out), *at(database, tmp_path)]) == 0
    assert f"evidence of batch {number}" in capsys.readouterr().out
    assert main(["verify", str(out)]) == 0
    assert f"batch {number}" in capsys.readouterr().out
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".part")] == []
    assert main(["export", "B-0000", "--out", str(out), *at(database, tmp_path)]) == 1
    assert "has no batch B-0000" in capsys.readouterr().err
    nowhere = tmp_path / "missing" / "x.zip"
    assert main(["export", number, "--out", str(nowhere), *at(database, tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.req("R1")
def test_a_database_is_sound_until_one_byte_of_a_row_is_changed(
    database: FreshDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(_plant_with_a_released_batch(database))
    assert main(["verify", *at(database, tmp_path)]) == 0
    assert "The database is sound" in capsys.readouterr().out
    asyncio.run(_tamper(database))
    assert main(["verify", *at(database, tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "seq 9: the row was altered" in told
    assert "The database is NOT sound" in told.splitlines()[-1]
    assert main(["verify", "--chain", *at(database, tmp_path)]) == 1


async def _tamper(database: FreshDatabase) -> None:
    connection = await connect(database.superuser_url)
    try:
        await connection.execute("ALTER TABLE kernel.audit_logs_000000 DISABLE TRIGGER ALL")
        await connection.execute(
            "UPDATE kernel.audit_logs SET row = set_byte(row, 20, get_byte(row, 20) # 1) "
            "WHERE plant_id = 'ljubljana' AND seq = 9"
        )
    finally:
        await connection.close()
