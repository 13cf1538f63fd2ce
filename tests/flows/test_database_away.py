"""Our own database goes away in the middle of the work: the drain ends, nothing is lost, nothing doubled, and it goes on when the database is back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from crossdock.errors import CrossdockError, StoreError
from crossdock.store.database import Database, migrate
from crossdock.store.embedded import Embedded, running
from crossdock.twin.world import Request, Response
from tests.flows.auditor import bought, unaccounted, unknown, work
from tests.joined_twin import Handle, Scene, Stage


def at_call(number: int, path: str, act: Callable[[], None]) -> Callable[[Handle], Handle]:
    """Stands before the twin; when this path was asked for the n-th time and has answered, something happens to our database."""
    seen: list[str] = []

    def through(handle: Handle) -> Handle:
        def answer(request: Request) -> Response:
            response = handle(request)
            seen.extend([request.path] * request.path.endswith(path))
            if len(seen) == number and request.path.endswith(path):
                seen.append("done")
                act()
            return response

        return answer

    return through


def cut_all_sessions(server: Embedded, name: str) -> None:
    """An administrator ends every session of a database, locks included."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()",
            [name],
        )


def buy(scene: Scene, count: int) -> list[str]:
    """Orders of both kinds."""
    return sorted(bought(scene, fulfilled_by=("MERCHANT", "AMAZON")[n % 2]) for n in range(count))


def taken(scene: Scene) -> int:
    """Units taken from the warehouse."""
    scene.after(minutes=1).joined.orders.find_unfenced()
    return 4000 - sum(int(entry["availableQuantity"]) for entry in scene.project.inventory)


def drained(scene: Scene) -> bool:
    """Whether a drain came to its end; False where our database was away."""
    try:
        scene.joined.drain()
    except StoreError:
        return False
    return True


@pytest.mark.parametrize("call", [1, 7])
def test_sessions_cut_while_orders_are_imported(embedded_server: Embedded, database: Database, call: int) -> None:
    """All our sessions end after an import took effect and before its result was written: each order exists once, its stock is taken once."""
    name = database.app_url.rpartition("/")[2].partition("?")[0]
    stage = Stage(database)
    scene = stage.scene(through=at_call(call, "/orders/import", lambda: cut_all_sessions(embedded_server, name)))
    order_ids = buy(scene, 12)
    scene.after(minutes=5).joined.discover()

    ends = [drained(scene), drained(scene.after(minutes=1)), drained(scene.after(minutes=1))]
    work(scene, rounds=2)

    assert ends[-1]
    assert scene.numbers() == order_ids
    assert taken(scene) == 6
    assert (unaccounted(scene), unknown(scene)) == ([], [])
    stage.close()


def test_sessions_cut_between_page_and_inbox(embedded_server: Embedded, database: Database) -> None:
    """The page was fetched and could not be put away: the mark has not moved, and the next sweep brings it."""
    name = database.app_url.rpartition("/")[2].partition("?")[0]
    stage = Stage(database)
    scene = stage.scene(through=at_call(1, "/2026-01-01/orders", lambda: cut_all_sessions(embedded_server, name)))
    order_ids = buy(scene, 4)
    scene.after(minutes=5)
    with suppress(StoreError):
        scene.joined.discover()

    work(scene, rounds=3)

    assert scene.numbers() == order_ids
    stage.close()


@contextmanager
def a_server(folder: Path) -> Iterator[Embedded]:
    """A server of this test's own, which keeps what it said it wrote."""
    with running(folder, durable=True) as server:
        migrate(server.owner_url, server.app_url)
        yield server


def test_server_that_was_stopped_and_came_back(open_folder: Path) -> None:
    """The whole server goes away in the middle of a drain and comes back: what was written is there, what was not is done now."""
    folder = open_folder / "stopped"
    with a_server(folder) as server:
        database = Database(server.app_url)
        database.open()
        stage = Stage(database)
        scene = stage.scene()
        order_ids = buy(scene, 10)
        scene.after(minutes=5).joined.discover()
        scene.joined.drain(batches=0)
    with pytest.raises(CrossdockError):
        scene.joined.drain()

    with a_server(folder):
        work(scene, rounds=2)

        assert scene.numbers() == order_ids
        assert unaccounted(scene) == []
        stage.close()
        database.close()
