"""Where a server keeps what is its own on this machine: the embedded database and the files of its keys."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

from app.launch.command import CommandFailed
from app.server.kernel.postgres import URL_VARIABLE, DatabaseUrls, PostgresError, default_home, plant_database

SERVER_KEY_VARIABLE: Final = "BATCHWRIGHT_SERVER_KEY_FILE"
TOKEN_KEYS_VARIABLE: Final = "BATCHWRIGHT_TOKEN_KEYS_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One plant's database as its roles reach it, and the files that hold the server's private keys."""

    urls: DatabaseUrls
    server_key: Path
    token_keys: Path


DEMO: Final = "batchwright-demo"
"""The demo plant's own folder among the user's data: a real plant is never near it."""
DEMO_MADE: Final = "demo-plant.json"
"""Written when the demo plant is whole."""


def demo_home() -> Path:
    """Where the demo plant lies."""
    return user_data_path(DEMO)


def nothing_named(options: Namespace, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether nobody said which plant, and none was founded on this machine: then the demo plant may be meant."""
    named = options.home is not None or options.database_url or environ.get(URL_VARIABLE)
    return not named and not default_home().exists()


def place_arguments(parser: ArgumentParser, *, demo: bool = False) -> None:
    """The options that say which plant a command works on. `demo`: the demo plant will do where there is no other."""
    parser.set_defaults(demo_will_do=demo)
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="a PostgreSQL server of yours, instead of the embedded one (also BATCHWRIGHT_DATABASE_URL)",
    )
    parser.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="where the embedded database and the server's keys lie (default: this user's data folder)",
    )


@contextmanager
def open_place(options: Namespace, environ: Mapping[str, str] = os.environ) -> Generator[Place]:
    """The plant that `options` name, its database running. Raises CommandFailed."""
    home: Path = options.home or default_home().parent
    will_do = getattr(options, "demo_will_do", False) and nothing_named(options, environ)
    if will_do and (demo_home() / DEMO_MADE).exists():
        home = demo_home()
        print("No plant was founded on this machine: working on the demo plant.", file=sys.stderr)
    try:
        with plant_database(options.database_url, home=home / "plant", environ=environ) as urls:
            yield Place(
                urls=urls,
                server_key=Path(environ.get(SERVER_KEY_VARIABLE) or home / "keys" / "server-key"),
                token_keys=Path(environ.get(TOKEN_KEYS_VARIABLE) or home / "keys" / "token-keys.json"),
            )
    except PostgresError as failure:
        raise CommandFailed(str(failure)) from failure
