"""Ten thousand orders through a bad week: notifications doubled, lost and out of order, one call in twenty failing on either side.

`CROSSDOCK_SIMULATION_ORDERS` and `CROSSDOCK_SIMULATION_SEED` make it another crowd and another week; a failure prints both.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from crossdock import events
from crossdock.domain.money import Money, parse_money
from crossdock.errors import RemoteError
from crossdock.store.database import Database
from crossdock.twin.world import Fault
from tests.flows.auditor import rows, unaccounted, unknown, write
from tests.joined_twin import Scene, Stage

ORDERS = int(os.environ.get("CROSSDOCK_SIMULATION_ORDERS", "10000"))
SEED = int(os.environ.get("CROSSDOCK_SIMULATION_SEED", "1"))

# So many orders arrive before the worker has its next turn.
WAVE = 1_000
STOCK = 1_000_000
BY_MERCHANT = [f"FBM-{number:02d}" for number in range(40)]
BY_AMAZON = [f"FBA-{number:02d}" for number in range(20)]
NOT_IN_THE_SHOP = "NOT-IN-THE-SHOP"
SHARE_UNKNOWN = 0.003
SHARE_PENDING = 0.2
SHARE_SHIPPED = 0.12
SHARE_CANCELLED = 0.03
# Together one call in twenty, of every operation of both platforms.
FAULTS = (
    Fault("*", "unavailable", share=0.01, times=None),
    Fault("*", "broken", share=0.01, times=None, after_effect=True),
    Fault("*", "timed_out", share=0.01, times=None, after_effect=True),
    Fault("*", "throttled", share=0.01, times=None),
    Fault("*", "not_json", share=0.005, times=None),
    Fault("commercetools.*", "conflict", share=0.005, times=None),
    Fault("*", "unauthorized", share=0.005, times=None),
)

WAREHOUSE_FILTERS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "orderState Open": lambda order: order["orderState"] == "Open",
    "orderState Confirmed": lambda order: order["orderState"] == "Confirmed",
    "shipmentState Pending": lambda order: order.get("shipmentState") == "Pending",
    "shipmentState Ready": lambda order: order.get("shipmentState") == "Ready",
    "shipmentState Partial": lambda order: order.get("shipmentState") == "Partial",
    "no shipmentState": lambda order: "shipmentState" not in order,
}


@dataclass
class Week:
    """The scene, and what the people in it did."""

    scene: Scene
    random: Random
    rounds: int = 0

    def wave(self, count: int) -> None:
        """Buyers order; a third of it Amazon ships, some are not paid yet, a few want what the shop does not know."""
        for _ in range(count):
            by_amazon = self.random.random() < 1 / 3
            skus = self.random.sample(BY_AMAZON if by_amazon else BY_MERCHANT, k=self.random.choice((1, 1, 1, 2)))
            if self.random.random() < SHARE_UNKNOWN:
                skus = [NOT_IN_THE_SHOP]
            self.scene.merchant.buy(
                skus=skus,
                fulfilled_by="AMAZON" if by_amazon else "MERCHANT",
                settled=self.random.random() >= SHARE_PENDING,
            )

    def turn(self, *, minutes: float = 3) -> None:
        """The worker's turn: what notifications hint at, what changed, what is due; a platform's refusal waits for the next turn."""
        self.rounds += 1
        self.scene.after(minutes=minutes)
        messages = [self.scene.account.notifications.popleft() for _ in range(len(self.scene.account.notifications))]
        for step in (
            lambda: self.scene.joined.take_notifications(messages),
            self.scene.joined.discover,
            self.scene.joined.drain,
        ):
            try:
                step()
            except RemoteError:
                continue

    def people_act(self) -> None:
        """Payments come through, parcels leave, minds change: only of orders that are in the shop already."""
        self.scene.merchant.settle()
        numbers = self.scene.numbers()
        for order_id in self.random.sample(numbers, k=int(len(numbers) * SHARE_SHIPPED)):
            if self.status(order_id) == "UNSHIPPED":
                self.scene.merchant.ship(order_id)
        for order_id in self.random.sample(numbers, k=int(len(numbers) * SHARE_CANCELLED)):
            if self.status(order_id) == "UNSHIPPED":
                self.scene.merchant.cancel(order_id)

    def status(self, order_id: str) -> str:
        """What Amazon shows."""
        return str(self.scene.account.orders[order_id]["fulfillment"]["fulfillmentStatus"])

    def until_quiet(self) -> None:
        """The worker goes on until nothing but cases is left to do; the world is as bad as before."""
        for _ in range(60):
            self.turn(minutes=10)
            if not rows(self.scene, "select 1 as waiting from inbox where state = 'waiting' limit 1") and not unknown(
                self.scene
            ):
                return

    # What an auditor finds

    def orders(self, fulfilled_by: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Amazon's orders of one kind."""
        for order_id, order in self.scene.account.orders.items():
            if order["fulfillment"]["fulfilledBy"] == fulfilled_by:
                yield order_id, order

    def sold(self, fulfilled_by: str, numbers: Iterable[str]) -> Counter[str]:
        """Units on Amazon by SKU, of orders that are in the shop."""
        known = set(numbers)
        units: Counter[str] = Counter()
        for order_id, order in self.orders(fulfilled_by):
            for item in order["orderItems"] if order_id in known else ():
                units[item["product"]["sellerSku"]] += item["quantityOrdered"]
        return units

    def taken(self) -> Counter[str]:
        """Units the warehouse is short of, by SKU."""
        self.scene.after(minutes=1)
        self.scene.twin.world.faults.clear()
        self.scene.joined.checks.check_fence()
        left = {entry["sku"]: entry["availableQuantity"] for entry in self.scene.project.inventory}
        return Counter({sku: STOCK - left[sku] for sku in (*BY_MERCHANT, *BY_AMAZON) if left[sku] != STOCK})

    def amazons_total(self, numbers: Iterable[str]) -> dict[str, Money]:
        """What Amazon says each order came to."""
        totals = {number: self.scene.account.orders[number]["proceeds"]["grandTotal"] for number in numbers}
        return {number: parse_money(total["amount"], total["currencyCode"], number) for number, total in totals.items()}

    def shops_total(self) -> dict[str, Money]:
        """What each order came to in commercetools."""
        gross = {
            number: order["taxedPrice"]["totalGross"] for number, order in self.scene.project.orders_by_number().items()
        }
        return {number: Money(total["centAmount"], total["currencyCode"]) for number, total in gross.items()}

    def seen_by_a_warehouse(self) -> list[tuple[str, str]]:
        """FBA orders that one of a warehouse's usual filters would find."""
        orders = self.scene.project.orders_by_number()
        fba = [(number, orders[number]) for number, _ in self.orders("AMAZON") if number in orders]
        return [(number, name) for number, order in fba for name, finds in WAREHOUSE_FILTERS.items() if finds(order)]

    def cases(self) -> dict[str, list[str]]:
        """The open cases of each record."""
        found: dict[str, list[str]] = {}
        for row in rows(self.scene, "select record_id, kind from cases where closed_at is null"):
            found.setdefault(row["record_id"], []).append(row["kind"])
        return found


@pytest.fixture(scope="module")
def week(shared_database: Database) -> Iterator[Week]:
    """The week, lived through once; every test below looks at its end."""
    events.silence()
    stage = Stage(shared_database)
    scene = stage.scene(seed=SEED, marketplaces=("ATVPDKIKX0DER", "A1PA6795UKMFR9", "A1F83G8C2ARO7P", "A1VC38T7YXB528"))
    for sku in (*BY_MERCHANT, *BY_AMAZON):
        scene.project.add_product(sku, f"Example article {sku}")
        scene.project.add_inventory(sku, STOCK, channel_key="warehouse")
    for operation in ("searchOrders", "getOrder"):
        scene.account.set_rate(operation, 1_000, 100_000)
        write(
            scene,
            "insert into rates values (%s, %s, 100000, 1000, 100000, %s)",
            scene.joined.connection_id,
            operation,
            scene.twin.world.clock.now(),
        )
    scene.twin.world.delivery.lost, scene.twin.world.delivery.doubled, scene.twin.world.delivery.overtaking = (
        0.95,
        0.3,
        0.5,
    )
    for fault in FAULTS:
        scene.twin.world.faults.add(fault)
    week = Week(scene, Random(SEED))  # noqa: S311 - chance that can be repeated
    for begin in range(0, ORDERS, WAVE):
        week.wave(min(WAVE, ORDERS - begin))
        week.turn()
        week.people_act()
    scene.merchant.settle(at_once=True)
    week.until_quiet()
    yield week
    stage.close()


@pytest.fixture(autouse=True)
def repeatable() -> None:
    """What is printed here is shown with a failure."""
    print(f"CROSSDOCK_SIMULATION_ORDERS={ORDERS} CROSSDOCK_SIMULATION_SEED={SEED}")  # noqa: T201


def test_every_order_is_there_once_or_is_a_named_case(week: Week) -> None:
    """As many as were bought: each is one commercetools order under its number, or a case with an owner and a name."""
    orders, cases = list(week.scene.project.orders), week.cases()
    numbers = [order["orderNumber"] for order in orders]

    assert len(week.scene.account.orders) == ORDERS
    assert len(numbers) == len(set(numbers))
    assert set(numbers) | set(cases) == set(week.scene.account.orders)
    assert unknown(week.scene) == []
    assert unaccounted(week.scene) == []


def test_cases_are_those_that_were_made(week: Week) -> None:
    """The only cases left are the SKUs the shop does not know, and the cancellations of what is on its way: no fault of a platform left one."""
    kinds = {kind for kinds in week.cases().values() for kind in kinds}

    assert kinds <= {"order.unknown_sku", "order.late_to_import"}


def test_no_fba_order_takes_stock_and_fbm_takes_it_once(week: Week) -> None:
    """The warehouse is short of exactly the units of the FBM orders in the shop, SKU by SKU, and of no unit Amazon shipped."""
    taken = week.taken()

    assert set(taken) & set(BY_AMAZON) == set()
    assert taken == week.sold("MERCHANT", week.scene.numbers())


def test_no_fba_order_is_found_by_a_warehouse(week: Week) -> None:
    """None of the six filters of a warehouse that has never heard of us finds an order that Amazon ships."""
    assert week.seen_by_a_warehouse() == []


def test_sums_are_equal_to_the_cent(week: Week) -> None:
    """Order by order, and so in sum: commercetools' gross is Amazon's grand total."""
    shops = week.shops_total()

    assert shops == week.amazons_total(shops)
    assert len(shops) > ORDERS * 0.98


def test_world_was_as_bad_as_it_was_meant_to_be(week: Week) -> None:
    """One call in twenty failed, on both sides, or the week shows nothing."""
    calls = week.scene.twin.world.calls
    share = {
        name: sum(call.status not in {200, 201} for call in calls if call.operation.startswith(name))
        for name in ("amazon", "commercetools")
    }
    whole = {name: sum(call.operation.startswith(name) for call in calls) for name in share}

    assert min(share[name] / whole[name] for name in share) > 0.02
