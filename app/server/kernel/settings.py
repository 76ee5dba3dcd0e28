"""What the server can be told from outside, by environment variables that begin with BATCHWRIGHT_."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Defaults are those of a plant; times in seconds, sizes in bytes.

    `server_key_file` holds the private key that signs checkpoints and seals what comes by the REST API. It lies
    in a file of its own and never in the database, so that a stolen dump cannot sign (see `server_key`).
    """

    model_config = SettingsConfigDict(env_prefix="BATCHWRIGHT_", extra="ignore")

    database_url: SecretStr | None = None
    database_owner_url: SecretStr | None = None
    server_key_file: Path | None = None
    pool_size: int = 20
    max_overflow: int = 10
    pool_recycle_seconds: int = 3600
    statement_timeout_seconds: int = 30
    lock_timeout_seconds: int = 10
    idle_in_transaction_seconds: int = 30
    most_request_bytes: int = 8_000_000
    heartbeat_seconds: float = 15.0
    log_level: str = "INFO"
