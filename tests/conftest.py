"""What every test may ask for: our own PostgreSQL, started once a run."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from crossdock.store.embedded import Embedded, running

# No example database: the checkout may not be ours to write to. No deadline: the machine may be busy.
settings.register_profile("house", database=None, deadline=None)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make golden` writes the expected results of the samples anew instead of comparing them."""
    parser.addoption("--golden", action="store_true", help="write the expected results of the samples anew")


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder every user can pass through: as root the server is `nobody`, who cannot enter pytest's own folders."""
    usual = Path(tempfile.gettempdir())
    closed = os.geteuid() == 0 and not all(path.stat().st_mode & stat.S_IXOTH for path in (usual, *usual.parents))
    folder = Path(tempfile.mkdtemp(prefix="crossdock-tests-", dir="/tmp" if closed else usual))  # noqa: S108 - mkdtemp makes it safe
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_version() -> int:
    """The major version under test: CI runs the store's tests on 16 too (`CROSSDOCK_TEST_POSTGRESQL=16`)."""
    return int(os.environ.get("CROSSDOCK_TEST_POSTGRESQL", "18"))


@pytest.fixture(scope="session")
def embedded_server(open_folder: Path, postgresql_version: int) -> Iterator[Embedded]:
    """A server of this run's own, fast and forgetful; a test that writes takes a database of its own in it."""
    with running(open_folder / "server", durable=False, version=postgresql_version) as server:
        yield server
