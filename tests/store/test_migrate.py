"""Alembic's part of the store: where it is needed, and that nothing else loads it."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest

from crossdock.errors import ConfigError
from crossdock.store.database import Database, is_migrated, migrate, newest_version
from crossdock.store.migrate import head

LOADED = "import sys, crossdock.cli; print(sorted({'alembic', 'mako', 'sqlalchemy'} & set(sys.modules)))"


def test_newest_version_is_alembics_head(database: Database) -> None:
    """The number in the newest file's name is the version Alembic goes to, and the one a migrated database has."""
    assert newest_version() == head()
    assert is_migrated(database)


def test_no_command_loads_alembic_before_it_migrates() -> None:
    """Alembic and SQLAlchemy take longer to load than most commands to run."""
    loaded = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    assert loaded == "[]\n"


def test_schema_of_a_newer_program_is_refused(addresses: tuple[str, str]) -> None:
    """An older program does not touch it, and says which one is wanted."""
    with psycopg.connect(addresses[1]) as owner:
        owner.execute("update crossdock.alembic_version set version_num = '9999'")
    with pytest.raises(ConfigError, match=f"has the version 9999, this program knows {newest_version()}"):
        migrate(addresses[1], addresses[0])
