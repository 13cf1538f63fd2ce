"""What the tests of the pages ask for: a day at the desk on a database of its own, made once a run, and a visitor for it."""

from __future__ import annotations

from collections.abc import Iterator
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
from tests.web.visitor import visit


@dataclass(frozen=True)
class Rehearsed:
    """The rehearsed day and the pages over it."""

    scene: Scene
    visitor: TestClient


@pytest.fixture(scope="session")
def rehearsed(embedded_server: Embedded, template: str) -> Iterator[Rehearsed]:
    """Thirty hours of the twin's selling; nothing in it changes, so the whole run shares it."""
    with psycopg.connect(embedded_server.admin_url, autocommit=True) as admin:
        admin.execute(f"create database rehearsed template {template} owner crossdock_owner")
        database = Database(make_conninfo(embedded_server.app_url, dbname="rehearsed"))
        database.open()
        stage = Stage(database)
        scene = rehearse(stage)
        desk = build_desk(desk_of(database, [scene]), connections=["eu"], clock=scene.twin.world.clock.now)
        yield Rehearsed(scene, visit(desk))
        stage.close()
        database.close()
        admin.execute("drop database rehearsed with (force)")
