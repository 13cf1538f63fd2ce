"""What every test may ask for: our own PostgreSQL, started once a run."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import structlog
from hypothesis import settings

from crossdock.store.database import Database, migrate
from crossdock.store.embedded import Embedded, running
from tests.joined_twin import Stage

# No example database: the checkout may not be ours to write to. No deadline: the machine may be busy.
settings.register_profile("house", database=None, deadline=None)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make golden` writes the expected results of the samples anew instead of comparing them."""
    parser.addoption("--golden", action="store_true", help="write the expected results of the samples anew")


@pytest.fixture(autouse=True)
def events_as_usual() -> Iterator[None]:
    """How events are written is the process's own: what one test configured, or silenced, is not the next one's."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


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


def _in(url: str, database: str) -> str:
    """The same address, another database of the server."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def template(embedded_server: Embedded) -> str:
    """A migrated, empty database that others are copied from in some milliseconds."""
    with psycopg.connect(embedded_server.admin_url, autocommit=True) as admin:
        admin.execute("create database crossdock_template owner crossdock_owner")
    migrate(_in(embedded_server.owner_url, "crossdock_template"), embedded_server.app_url)
    return "crossdock_template"


@pytest.fixture
def addresses(embedded_server: Embedded, template: str) -> Iterator[tuple[str, str]]:
    """A database of this test's own, migrated and empty: the application's address and the owner's."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(embedded_server.admin_url, autocommit=True) as admin:
        admin.execute(f"create database {name} template {template} owner crossdock_owner")
        yield _in(embedded_server.app_url, name), _in(embedded_server.owner_url, name)
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(addresses: tuple[str, str]) -> Iterator[Database]:
    """The same, opened as the application opens it."""
    opened = Database(addresses[0])
    opened.open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared_database(embedded_server: Embedded, template: str) -> Iterator[Database]:
    """One database for all tests of a file, for tables of many small examples: each keeps to connections of its own, or writes nothing."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(embedded_server.admin_url, autocommit=True) as admin:
        admin.execute(f"create database {name} template {template} owner crossdock_owner")
        opened = Database(_in(embedded_server.app_url, name))
        opened.open()
        yield opened
        opened.close()
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture
def stage(database: Database) -> Iterator[Stage]:
    """Builds scenes: a twin, its people, and the product joined to them."""
    built = Stage(database)
    yield built
    built.close()
