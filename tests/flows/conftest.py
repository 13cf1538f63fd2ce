"""For tables of many small stories: one database a file, and a connection of its own for each story."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from crossdock.store.database import Database
from crossdock.store.embedded import Embedded
from tests.joined_twin import Scene, Stage


@pytest.fixture(scope="module")
def shared_stage(embedded_server: Embedded, template: str) -> Iterator[Stage]:
    """Builds scenes in one database for the whole file; each scene must be given a connection id of its own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(embedded_server.admin_url, autocommit=True) as admin:
        admin.execute(f"create database {name} template {template} owner crossdock_owner")
        database = Database(urlunsplit(urlsplit(embedded_server.app_url)._replace(path=f"/{name}")))
        database.open()
        stage = Stage(database)
        yield stage
        stage.close()
        database.close()
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture
def scene(shared_stage: Stage) -> Scene:
    """A scene of this test's own in the shared database."""
    return shared_stage.scene(connection_id=a_name())


def a_name() -> str:
    """A connection id that no other story has."""
    return f"story-{next(_numbers)}"


_numbers = count(1)
