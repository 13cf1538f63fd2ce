"""For tables of many small stories: one database a file, and a connection of its own for each story."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from crossdock.store.database import Database
from tests.joined_twin import Scene, Stage


@pytest.fixture(scope="module")
def shared_stage(shared_database: Database) -> Iterator[Stage]:
    """Builds scenes in one database for the whole file; each scene must be given a connection id of its own."""
    built = Stage(shared_database)
    yield built
    built.close()


@pytest.fixture
def scene(shared_stage: Stage) -> Scene:
    """A scene of this test's own in the shared database."""
    return shared_stage.scene(connection_id=a_name())


def a_name() -> str:
    """A connection id that no other story has."""
    return f"story-{next(_numbers)}"


_numbers = count(1)
