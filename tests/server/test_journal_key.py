"""The server's key and the server's log."""

import io
import json
import logging
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.server.kernel.server_key import ServerKey
from app.server.kernel.telemetry import REQUEST_ID, log_as_json
from tests.support.plant import TestPlant


def test_the_key_is_made_once_and_for_its_owners_eyes(tmp_path: Path) -> None:
    file = tmp_path / "plant" / "server.key"
    first = ServerKey.of_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ServerKey.of_file(file).public_key == first.public_key
    assert ServerKey.of_file(file).key_id == first.key_id
    assert list(file.parent.iterdir()) == [file]


def test_two_who_start_at_once_end_with_one_key(tmp_path: Path) -> None:
    file = tmp_path / "server.key"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(ServerKey.of_file, [file] * 8))
    assert len({each.key_id for each in keys}) == 1
    assert list(tmp_path.iterdir()) == [file]


def test_a_damaged_key_is_no_new_key(tmp_path: Path) -> None:
    file = tmp_path / "server.key"
    file.write_text("not a key")
    with pytest.raises(ValueError, match="hexadecimal"):
        ServerKey.of_file(file)
    assert file.read_text() == "not a key"


async def test_the_database_holds_no_private_half(plant: TestPlant) -> None:
    """Whatever the API's role can read, it finds nothing that signs."""
    rows = await plant.ask("SELECT key_id, public_key, to_jsonb(k)::text FROM kernel.server_keys k")
    key_id, public_key, whole = rows[0]
    assert (key_id, public_key) == (plant.key.key_id, plant.key.public_key.hex())
    assert len(whole.replace(public_key, "").replace(str(key_id), "")) < 90


def test_a_line_break_in_a_value_forges_no_line_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    token = REQUEST_ID.set("request-7")
    try:
        log_as_json("INFO")
        logging.getLogger("app.test").info("login.failed", extra={"login": 'ana\n{"event": "login.ok"}\r\n'})
    finally:
        REQUEST_ID.reset(token)
        root.handlers[:], root.level = handlers, level
    lines = told.getvalue().splitlines()
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert (line["event"], line["level"], line["request_id"]) == ("login.failed", "INFO", "request-7")
