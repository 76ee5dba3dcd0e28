"""Whoever generates a client from the repository gets the API that the code serves."""

import json

from tests.house.openapi_file import FILE, described


def test_the_descriptions_file_is_what_the_application_serves() -> None:
    kept = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    assert kept == described(), "write it anew: uv run python -m tests.house.openapi_file"


def test_the_description_names_no_address_of_anybody() -> None:
    told = json.loads(described())
    assert "servers" not in told
    assert told["info"]["title"] == "Batchwright"
