"""A day at the desk, for pages to show: some 150 orders of the twin's, most in sync, some waiting, and cases of many kinds."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from crossdock.desk_server import money_of
from crossdock.domain.case import Case
from crossdock.domain.desk import STOCK_FLOW
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.order import ImportedOrder
from crossdock.engine.access import connection_record
from crossdock.engine.schedule import ROUTINES
from crossdock.ports_desk import Desk
from crossdock.store import overview, sheets, stock_sheets
from crossdock.store.database import Database, is_migrated
from tests.joined_twin import START, Scene, Stage

# Buyers per hour of the day, from midnight; the day ends at eight in the morning, when START was.
BUYERS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 8, 7, 8, 7, 6, 7, 8, 9, 11, 12, 11, 8, 5, 3)
MARKETPLACES = ("A1PA6795UKMFR9", "A1F83G8C2ARO7P")


def desk_of(database: Database, scenes: list[Scene]) -> Desk:
    """The pages' reads over a database and the twins of these scenes, as the composition root binds them."""
    joined = {scene.joined.connection_id: scene.joined for scene in scenes}

    def read_commercetools(connection_id: str, order_id: AmazonOrderId) -> ImportedOrder | None:
        connection = joined[connection_id]  # type: ignore[index]
        return connection.orders.find(connection.order_number(order_id))

    finances = [(scene.joined.connection_id, scene.joined.finance) for scene in scenes]
    policies = {str(name): finance.policy for name, finance in finances if finance is not None}
    return Desk(
        last_runs=partial(overview.last_runs, database),
        backlogs=partial(overview.backlogs, database),
        rates_left=partial(overview.rates_left, database),
        case_counts=partial(overview.case_counts, database),
        money_at_stake=partial(overview.money_at_stake, database),
        orders_by_hour=partial(overview.orders_by_hour, database),
        state_counts=partial(overview.state_counts, database),
        proven_days=partial(overview.proven_days, database),
        find_orders=partial(sheets.find_orders, database),
        find_order=partial(sheets.find_order, database),
        find_cases=partial(sheets.find_cases, database),
        find_case=partial(sheets.find_case, database),
        stock_backlogs=partial(overview.backlogs, database, flow=STOCK_FLOW),
        stock_counts=partial(stock_sheets.stock_counts, database),
        find_skus=partial(stock_sheets.find_skus, database),
        find_sku=partial(stock_sheets.find_sku, database),
        money=money_of(database, policies),
        read_commercetools=read_commercetools,
        is_ready=partial(is_migrated, database),
    )


def rehearse(stage: Stage, *, hours: int = 30) -> Scene:
    """Thirty hours of selling and shipping, with what goes wrong in them."""
    scene = stage.scene(seed=11, marketplaces=MARKETPLACES)
    scene.project.add_product("VASE-01", "Example article VASE-01")
    open_orders: list[str] = []
    for hour in range(hours):
        for part in range(2):
            scene.after(minutes=30)
            count = BUYERS[scene.twin.world.clock.now().hour]
            open_orders += [scene.merchant.buy() for _ in range(count // 2 + part * (count % 2))]
            scene.merchant.settle()
            scene.run()
        if hour % 6 == 5:
            ready = [
                one
                for one in open_orders
                if scene.account.orders[one]["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
            ]
            for order_id in ready[: len(ready) * 2 // 3]:
                scene.merchant.ship(order_id)
                open_orders.remove(order_id)
    go_wrong(scene)
    keep_house(scene)
    return scene


def go_wrong(scene: Scene) -> None:
    """One of each of the usual troubles, and more of the commonest."""
    merchant = scene.merchant
    for skus in (["VASE-99"], ["VASE-99", "MUG-RED"], ["BOWL-17"]):
        merchant.buy(skus=skus, fulfilled_by="MERCHANT", settled=True)
    merchant.buy(skus=["BOWL-17"], fulfilled_by="AMAZON", settled=True)
    for _ in range(2):
        merchant.buy(skus=["VASE-01"], fulfilled_by="MERCHANT", settled=True)
    merchant.buy(programs=["IN_STORE_PICK_UP"], fulfilled_by="MERCHANT", settled=True)
    regretted = [merchant.buy(fulfilled_by="MERCHANT", settled=True) for _ in range(2)]
    stopped, miscounted, masked, forgotten = (merchant.buy(fulfilled_by="MERCHANT", settled=True) for _ in range(4))
    change(scene, miscounted, lambda order: order["proceeds"]["grandTotal"].update(amount="123.45"))
    change(scene, masked, lambda order: order.pop("recipient"))
    scene.after(minutes=5).run()
    overdue = scene.twin.world.clock.now() - timedelta(hours=2)
    change(
        scene,
        forgotten,
        lambda order: order["fulfillment"]["shipByWindow"].update(latestDateTime=f"{overdue:%Y-%m-%dT%H:%M:%SZ}"),
    )
    for order_id in regretted:
        merchant.request_cancellation(order_id)
    merchant.ship(stopped)
    scene.after(minutes=5).run()
    merchant.cancel(stopped, by="SELLER", reason="NO_INVENTORY")
    for _ in range(5):
        merchant.buy()
    scene.after(minutes=5).run()
    scene.joined.inbox.raise_case(
        connection_record("commercetools"),
        Case("connection.unauthorized", {"operation": "queryMessages", "code": "insufficient_scope"}),
        scene.twin.world.clock.now(),
    )


def keep_house(scene: Scene) -> None:
    """The routines ran: the fence, the erasure, and the proof of the day that is over."""
    now = scene.twin.world.clock.now()
    check = scene.joined.checks.check_day(START.date())
    scene.joined.checks.note_day(check)
    for routine in [each for each in ROUTINES[1:] if not each.of_stock]:
        at = now - timedelta(minutes=23)
        scene.joined.cursors.save(f"run.{routine.name}", {"next": now.isoformat(), "succeeded": at.isoformat()}, at)
    scene.after(seconds=70)


def change(scene: Scene, order_id: str, what: Any) -> None:
    """Let Amazon show something else about an order."""
    order = scene.account.orders[order_id]
    what(order)
    order.pop("lastUpdatedTime", None)
    scene.account.put_order(order)
