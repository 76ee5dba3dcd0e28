"""The API's description as a file, for those who generate a client without starting a server.

`python -m tests.house.openapi_file` writes `resources/docs/openapi.json` anew; `test_openapi_file.py` holds it
against the application.
"""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from app.server.auth.settings import AuthSettings
from app.server.kernel.server_key import ServerKey
from app.server.kernel.settings import Settings
from app.server.main import assemble, create_app

FILE: Final = Path(__file__).parents[2] / "resources" / "docs" / "openapi.json"
NOWHERE: Final = "postgresql://nobody@127.0.0.1:9/nothing"
"""Nothing connects: a description needs no database."""


def described() -> str:
    """What every process serves at `/openapi.json` when it serves all services, ready to be written."""
    with tempfile.TemporaryDirectory(prefix="batchwright-openapi-") as folder:
        parts = assemble(
            Settings(),
            AuthSettings(keys_file=Path(folder) / "token-keys.json"),
            api_url=NOWHERE,
            key=ServerKey.of_file(Path(folder) / "server-key"),
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            new_id=lambda: UUID(int=0),
            random_bytes=bytes,
        )
        app = create_app(parts)
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(described(), encoding="utf-8")
