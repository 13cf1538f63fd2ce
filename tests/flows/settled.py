"""Orders with a settlement about them, for stories of payments: what is bought, what Amazon settles, and what commercetools shows then."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from io import BytesIO
from typing import Any

from crossdock.engine.drain import Report
from crossdock.joined_payments import JoinedPayments
from tests.build import a_line, an_order
from tests.flows.conftest import a_name
from tests.joined_twin import Scene, Stage
from tests.settlements import a_settlement, finance

ORDER = "302-0000001-0000001"
SALE = f"Order | {ORDER} | ItemPrice | Principal | 19.99"
BACK = f"Refund | {ORDER} | ItemPrice | Principal | -19.99"
# A row that belongs to no order.
NOTHING = "other-transaction | | FBA Inventory Reimbursement | WAREHOUSE_DAMAGE | 5.00"
FIRST, SECOND, LATER = "28471003921", "28471003922", "28471003929"


def books(stage: Stage, **more: Any) -> Scene:
    """A seller whose books are kept."""
    return stage.scene(connection_id=a_name(), **({"finance": finance()} | more))


def bought(
    scene: Scene,
    head: str = "FBM SHIPPED in DE, total 19.99 EUR",
    line: str = "1 x MUG-BLUE @ 19.99 EUR",
    *,
    order_id: str = ORDER,
    **more: Any,
) -> Scene:
    """An order that was imported."""
    units = 0 if "SHIPPED" in head.split() else 1
    counts = {"fulfillment": {"quantityFulfilled": 1 - units, "quantityUnfulfilled": units}}
    times = {"lastUpdatedTime": f"{scene.twin.world.clock.now():%Y-%m-%dT%H:%M:%S.000Z}"}
    scene.account.put_order(an_order(head, a_line(line, **counts), order_id=order_id, **(times | more)))
    scene.after(minutes=5).run()
    return scene


def settle(
    scene: Scene,
    rows: str,
    *,
    settlement_id: str = FIRST,
    starts: str = "2026-11-13",
    ends: str = "2026-11-27",
    posted: str = "2026-11-21 10:00:00 UTC",
    **more: str,
) -> Scene:
    """A settlement is imported, and the payments of its orders are brought over."""
    assert scene.joined.finance is not None
    content = a_settlement(
        rows,
        settlement_id=settlement_id,
        starts=f"{starts} 00:00:00 UTC",
        ends=f"{ends} 00:00:00 UTC",
        posted_date_time=posted,
        **more,
    )
    scene.joined.finance.import_file(BytesIO(content), "settlement.txt", any_seller=True)
    bring_over(scene)
    return scene


def a_month_later(scene: Scene) -> Scene:
    """Settlements of the next seven weeks are booked, in which nothing of the order is."""
    scene.after(days=60)
    return settle(
        scene, NOTHING, settlement_id=LATER, starts="2026-11-27", ends="2027-01-10", posted="2027-01-05 10:00:00 UTC"
    )


def bring_over(scene: Scene) -> Report:
    """What a worker does: find what is due, and do it."""
    payments = of(scene)
    payments.discover()
    return payments.drain()


def of(scene: Scene) -> JoinedPayments:
    """The payments of a scene that keeps books."""
    assert scene.joined.payments is not None
    return scene.joined.payments


def payment(scene: Scene, order_id: str = ORDER) -> dict[str, Any]:
    """The payment of an order, in commercetools."""
    found = scene.project.payments.find("key", f"amazon-{order_id}")
    assert found is not None, f"no payment of {order_id}"
    return found


def transactions(scene: Scene, order_id: str = ORDER) -> list[tuple[str, int, str]]:
    """Its transactions: type, amount, settlement."""
    found = payment(scene, order_id)["transactions"]
    return [(each["type"], each["amount"]["centAmount"], each["interactionId"]) for each in found]


def state(scene: Scene, order_id: str = ORDER) -> tuple[str, int]:
    """The order's payment state, and how many payments it has."""
    order = scene.order(order_id)
    return order["paymentState"], len(order.get("paymentInfo", {}).get("payments", []))


def truth_of(scene: Scene) -> dict[str, tuple[int, int]]:
    """What the buyer of each order paid and got back, over all settlements, as the twin knows it; of those that paid anything."""
    paid: Counter[str] = Counter()
    back: Counter[str] = Counter()
    for one in scene.account.payments.settlements:
        paid.update({name: order.paid for name, order in one.truth.orders.items()})
        back.update({name: -order.refunded - order.refunded_tax for name, order in one.truth.orders.items()})
    return {name: (paid[name], back[name]) for name in paid}


def told(scene: Scene) -> dict[str, tuple[int, int]]:
    """The same as commercetools has it, by the order that the payment belongs to."""
    found = {}
    for order in scene.project.orders:
        for reference in order.get("paymentInfo", {}).get("payments", []):
            sums: Counter[str] = Counter()
            for each in scene.project.payments.get(reference["id"])["transactions"]:  # type: ignore[index] # it is there
                sums[each["type"]] += each["amount"]["centAmount"]
            found[order["orderNumber"]] = (sums["Charge"], sums["Refund"])
    return found


def imported(scene: Scene) -> Scene:
    """Every order that was bought meanwhile is in commercetools."""
    for _ in range(3):
        scene.run()
        scene.twin.world.clock.advance(timedelta(minutes=30))
    return scene
