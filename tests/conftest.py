"""What every test stands on: a real PostgreSQL, a real keyring, no display, and no unexpected word in the log."""

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server.kernel.postgres import ClusterAddress, embedded
from tests.support.keyring_session import KeyringSession, keyring_session
from tests.support.postgres import UNSAFE_AND_FAST, DatabaseMaker, FreshDatabase, database_maker

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before anything imports Qt

OURS = frozenset({"app", "ui", "offline", "asyncio"})


def pytest_addoption(parser: pytest.Parser) -> None:
    tiers = parser.getgroup("batchwright")
    tiers.addoption(
        "--nightly", action="store_true", help="also run the tests that are too long for every change"
    )
    tiers.addoption(
        "--real-data",
        type=Path,
        metavar="DIRECTORY",
        help="also run the tests on other people's published records there",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tiers that were not asked for. They count as deselected: nothing here is ever skipped."""
    absent = {"nightly"} if not config.getoption("--nightly") else set[str]()
    if config.getoption("--real-data") is None:
        absent.add("real_data")
    out = [item for item in items if any(item.get_closest_marker(tier) for tier in absent)]
    if out:
        config.hook.pytest_deselected(items=out)
        left_out = set(map(id, out))
        items[:] = [item for item in items if id(item) not in left_out]


@pytest.fixture(scope="session")
def real_data(request: pytest.FixtureRequest) -> Path:
    """The directory given with --real-data."""
    directory: Path | None = request.config.getoption("--real-data")
    assert directory is not None
    assert directory.is_dir(), f"--real-data {directory} is no directory"
    return directory


class _Unexpected(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in OURS:
            self.said.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def _no_unexpected_log_record(request: pytest.FixtureRequest) -> Iterator[None]:
    """A warning or an error of ours fails the test, unless the test asks for `caplog` and looks at it itself."""
    if "caplog" in request.fixturenames:
        yield
        return
    listener = _Unexpected()
    root = logging.getLogger()
    root.addHandler(listener)
    try:
        yield
    finally:
        root.removeHandler(listener)
    assert not listener.said, "unexpected in the log (ask for `caplog` where it is expected):\n" + "\n".join(
        listener.said
    )


@pytest.fixture(scope="session")
def cluster() -> Iterator[ClusterAddress]:
    """An embedded PostgreSQL of this run's own (one for each xdist worker), fast and forgetful."""
    with (
        tempfile.TemporaryDirectory(prefix="batchwright-tests-") as directory,
        embedded(Path(directory) / "plant", options=UNSAFE_AND_FAST) as address,
    ):
        yield address


@pytest.fixture(scope="session")
def databases(cluster: ClusterAddress) -> Iterator[DatabaseMaker]:
    """Makes copies of one migrated database."""
    with database_maker(cluster) as maker:
        yield maker


@pytest.fixture
def database(databases: DatabaseMaker) -> Iterator[FreshDatabase]:
    """A fresh, migrated database for this test alone, dropped after it."""
    fresh = databases.make()
    yield fresh
    databases.drop(fresh)


@pytest.fixture(scope="session")
def private_daemons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyringSession]:
    """One private D-Bus with an unlocked gnome-keyring for the whole run. Fails where they are not installed."""
    with keyring_session(tmp_path_factory.mktemp("keyring")) as session:
        yield session


@pytest.fixture
def private_keyring(private_daemons: KeyringSession, monkeypatch: pytest.MonkeyPatch) -> KeyringSession:
    """This process finds the private keyring and no other."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", private_daemons.environment["DBUS_SESSION_BUS_ADDRESS"])
    monkeypatch.delenv("DISPLAY", raising=False)
    return private_daemons
