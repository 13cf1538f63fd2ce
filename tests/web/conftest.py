"""What the tests of the pages ask for: a day at the desk and an hour of stock, each on a database of its own, made once a run, and a visitor for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from starlette.testclient import TestClient

from crossdock.store.database import Database
from crossdock.store.embedded import Embedded
from crossdock.web.routes import build_desk
from tests.joined_twin import Scene, Stage
from tests.web.rehearsed import desk_of, rehearse
from tests.web.stocked import stock_up
from tests.web.visitor import visit


@dataclass(frozen=True)
class Rehearsed:
    """The rehearsed day and the pages over it."""

    scene: Scene
    visitor: TestClient


@pytest.fixture(scope="session")
def rehearsed(embedded_server: Embedded, template: str) -> Iterator[Rehearsed]:
    """Thirty hours of the twin's selling; nothing in it changes, so the whole run shares it."""
    with _shared("rehearsed", rehearse, embedded_server, template) as shown:
        yield shown


@pytest.fixture(scope="session")
def stocked(embedded_server: Embedded, template: str) -> Iterator[Rehearsed]:
    """An hour of a shop whose stock is joined; nothing in it changes either."""
    with _shared("stocked", stock_up, embedded_server, template) as shown:
        yield shown


@contextmanager
def _shared(name: str, play: Callable[[Stage], Scene], server: Embedded, template: str) -> Iterator[Rehearsed]:
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(f"create database {name} template {template} owner crossdock_owner".encode())
        database = Database(make_conninfo(server.app_url, dbname=name))
        database.open()
        stage = Stage(database)
        scene = play(stage)
        desk = build_desk(desk_of(database, [scene]), connections=["eu"], clock=scene.twin.world.clock.now)
        yield Rehearsed(scene, visit(desk))
        stage.close()
        database.close()
        admin.execute(f"drop database {name} with (force)".encode())
