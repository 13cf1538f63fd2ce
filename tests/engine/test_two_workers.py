"""Real processes on one database: they share the work, and what a killed one held is taken over without loss or double effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crossdock.twin.amazon import SellerAccount
from crossdock.twin.both import Twin
from crossdock.twin.commercetools_project import Project
from crossdock.twin.merchant import Merchant
from crossdock.twin.serve import start
from crossdock.twin.world import Clock, Fault, World
from tests.engine.crossdock_process import Processes
from tests.waiting import wait_until

DE = "A1PA6795UKMFR9"

Crowd = Callable[[Sequence[str], int], "Market"]


class Market:
    """A served twin with one account and one project a connection, and the processes joined to it."""

    def __init__(self, twin: Twin, processes: Processes) -> None:
        """Hold both sides."""
        self.twin = twin
        self.processes = processes

    def project(self, connection_id: str) -> Project:
        """The shop of a connection."""
        return self.twin.commercetools.projects[f"shop-{connection_id}"]

    def account(self, connection_id: str) -> SellerAccount:
        """The seller of a connection."""
        return self.twin.amazon.accounts[f"Atzr|{connection_id}"]

    def all_imported(self) -> bool:
        """Whether every Amazon order of every connection is in its shop."""
        return all(
            set(self.account(name).orders) == set(self.project(name).orders_by_number())
            for name in self.processes.connection_ids
        )

    def imported_once(self) -> bool:
        """Whether no shop holds an order twice, by its lines' keys."""
        keys = [
            line["key"]
            for project in self.twin.commercetools.projects.values()
            for order in project.orders
            for line in order["lineItems"]
        ]
        return len(keys) == len(set(keys))


@pytest.fixture
def market(tmp_path: Path, addresses: tuple[str, str]) -> Iterator[Crowd]:
    """Makes a market of some connections with so many orders each."""
    with ExitStack() as stack:

        def make(connection_ids: Sequence[str], orders: int) -> Market:
            twin = Twin(World(seed=5, clock=Clock(datetime.now(UTC) - timedelta(hours=1), speed=1.0)))
            for name in connection_ids:
                _open_shop(twin, name, orders)
            twin.world.clock.advance(datetime.now(UTC) - twin.world.clock.now())
            url = stack.enter_context(start(twin)).url
            processes = Processes(tmp_path, url, addresses, connection_ids)
            stack.callback(processes.close)
            assert processes.run("provision", "--json").returncode == 0
            return Market(twin, processes)

        yield make


def _open_shop(twin: Twin, name: str, orders: int) -> None:
    account = twin.amazon.add_account(
        seller_id=f"A1{name.upper().replace('-', '')}SELLER",
        marketplace_ids=[DE],
        refresh_token=f"Atzr|{name}",
        client_id="amzn1.application-oa2-client.example",
        client_secret="amzn1.oa2-cs.v1.example",
    )
    project = twin.commercetools.add_project(f"shop-{name}")
    project.add_client(f"worker-{name}", "worker-secret")
    project.add_channel("warehouse", "InventorySupply")
    merchant = Merchant(twin.world, account, project, skus=["MUG-BLUE", "TEA-GREEN"])
    merchant.stock_the_shop(quantity=10_000, channel_key="warehouse")
    for number in range(orders):
        merchant.buy(settled=True, notify=False, fulfilled_by=("MERCHANT", "AMAZON")[number % 2])


def test_two_processes_share_the_work_of_several_connections(market: Crowd) -> None:
    """Six connections, two workers that take four at a time: both drain some of them, and every order is imported once."""
    crowd = market([f"c{number}" for number in range(6)], 250)

    crowd.processes.start("work")
    crowd.processes.start("work")
    wait_until(crowd.all_imported, "all orders in commercetools")

    drained = [len(crowd.processes.events(number, "drain.finished")) for number in (0, 1)]
    assert min(drained) >= 1
    assert crowd.imported_once()


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_worker_killed_within_a_call_is_taken_over_while_another_wake_up_waits(
    market: Crowd, *, after_effect: bool
) -> None:
    """kill -9 while the twin holds the import, before or after its effect: one order, and the flow runs on within a minute."""
    crowd = market(["eu"], 4)
    crowd.twin.world.faults.add(Fault("commercetools.importOrder", "hold", after_effect=after_effect))
    first = crowd.processes.start("work")
    wait_until(lambda: bool(crowd.twin.holds), "the import is held")
    wait_until(lambda: crowd.processes.waiting_wake_ups("eu/ingest_orders") == 1, "a second wake-up waits")

    crowd.processes.kill(first)
    crowd.processes.start("work")
    wait_until(lambda: bool(crowd.processes.events(1, "worker.takeover")), "the dead worker's wake-up is taken over")
    wait_until(lambda: crowd.processes.states("eu") == {"in_sync"}, "every record is in sync")

    assert crowd.all_imported()
    assert crowd.imported_once()
