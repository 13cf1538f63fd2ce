"""The process may die on any line: before an outside call, after it took effect, or between two writes of our own. Run again, the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from crossdock.store.database import Database
from tests.flows.auditor import state
from tests.flows.dying import DyingDatabase, Executioner, Killed
from tests.joined_twin import Handle, Scene, Stage

DE = "A1PA6795UKMFR9"


def bought(stage: Stage, connection_id: str, through: Callable[[Handle], Handle] = lambda handle: handle) -> Scene:
    """A scene with one order of each kind, ready to be found."""
    scene = stage.scene(connection_id=connection_id, through=through, sync_channel="amazon")
    scene.merchant.buy(
        skus=["MUG-BLUE", "TEA-GREEN"], quantity=2, marketplace_id=DE, fulfilled_by="MERCHANT", settled=True
    )
    scene.merchant.buy(
        skus=["MUG-BLUE", "TEA-GREEN"], quantity=2, marketplace_id=DE, fulfilled_by="AMAZON", settled=True
    )
    return scene.after(minutes=5)


def run_until_quiet(scene: Scene) -> None:
    """What a restarted worker does: take up what is due until nothing is."""
    for _ in range(4):
        scene.run()
        scene.after(minutes=5)


def end_of(scene: Scene) -> list[object]:
    """What an auditor would find: every Amazon order once, its state, its sync info, and the stock it took."""
    orders = scene.project.orders_by_number()
    found = [
        (
            order["orderState"],
            order["shipmentState"],
            len(order["lineItems"]),
            len(order["syncInfo"]),
            "shippingAddress" in order,
        )
        for order in orders.values()
    ]
    stock = sorted((entry["sku"], entry["availableQuantity"]) for entry in scene.project.inventory)
    everyone = len(list(scene.project.orders)), len(list(scene.project.customers))
    return [sorted(orders) == sorted(scene.account.orders), sorted(found), stock, everyone]


def undisturbed(stage: Stage) -> tuple[list[object], int, int]:
    """The end that every other run must come to, and how many outside calls and transactions the way there has."""
    watcher = Executioner(kill_at=0, after_effect=False)
    database = DyingDatabase(stage.database, kill_at=0, after_effect=False)
    scene = bought(Stage(cast("Database", database)), "undisturbed", watcher.stands_before)
    calls, transactions = len(watcher.calls), database.count
    run_until_quiet(scene)
    return end_of(scene), len(watcher.calls) - calls, database.count - transactions


def killed_at_call(stage: Stage, call: int, *, after_effect: bool) -> list[object]:
    """Die at this outside call, start again, and come to an end."""
    executioner = Executioner(kill_at=0, after_effect=after_effect)
    scene = bought(stage, f"call-{call}-{'after' if after_effect else 'before'}", executioner.stands_before)
    executioner.kill_at = len(executioner.calls) + call
    with pytest.raises(Killed):
        run_until_quiet(scene)
    run_until_quiet(scene)
    return end_of(scene)


def killed_then_cancelled(stage: Stage, call: int, *, after_effect: bool) -> list[object]:
    """Die at this outside call; before the restart both orders are cancelled on Amazon. What stands in commercetools, and what we say of it."""
    executioner = Executioner(kill_at=0, after_effect=after_effect)
    scene = bought(stage, f"cancelled-{call}-{'after' if after_effect else 'before'}", executioner.stands_before)
    executioner.kill_at = len(executioner.calls) + call
    with pytest.raises(Killed):
        run_until_quiet(scene)
    for order_id in list(scene.account.orders):
        scene.merchant.cancel(order_id)
    scene.after(minutes=5)
    run_until_quiet(scene)
    held = {number: order["orderState"] for number, order in scene.project.orders_by_number().items()}
    told = {order_id: state(scene, order_id) for order_id in scene.account.orders}
    right = {order_id: "in_sync" if order_id in held else "out_of_scope" for order_id in told}
    return [set(held.values()) <= {"Cancelled"}, told == right]


def killed_at_transaction(stage: Stage, number: int, *, after_effect: bool) -> list[object]:
    """Die at this transaction of our own, start again, and come to an end."""
    database = DyingDatabase(stage.database, kill_at=0, after_effect=after_effect)
    scene = bought(Stage(cast("Database", database)), f"commit-{number}-{'after' if after_effect else 'before'}")
    database.kill_at = database.count + number
    with pytest.raises(Killed):
        run_until_quiet(scene)
    run_until_quiet(scene)
    return end_of(scene)


def test_killed_at_any_outside_call_every_order_exists_once(stage: Stage) -> None:
    """Each outside call of the ingest flow, before and after its effect: one Amazon order, one commercetools order, the same stock."""
    expected, calls, _ = undisturbed(stage)

    ends = [killed_at_call(stage, call, after_effect=after) for call in range(1, calls + 1) for after in (False, True)]

    assert expected[0] is True
    assert calls >= 10
    assert ends == [expected] * len(ends)


def test_killed_at_any_outside_call_and_cancelled_meanwhile_no_order_stays_open(stage: Stage) -> None:
    """What a lost write left in commercetools is found, and cancelled, although Amazon's news came before we knew of the order."""
    _, calls, _ = undisturbed(stage)

    ends = [
        killed_then_cancelled(stage, call, after_effect=after)
        for call in range(1, calls + 1)
        for after in (False, True)
    ]

    assert ends == [[True, True]] * len(ends)


def test_killed_at_any_transaction_of_our_own_every_order_exists_once(stage: Stage) -> None:
    """Each transaction of the ingest flow, before and after its commit: nothing is lost and nothing doubled."""
    expected, _, transactions = undisturbed(stage)

    numbers = range(1, transactions + 1)
    ends = [killed_at_transaction(stage, number, after_effect=after) for number in numbers for after in (False, True)]

    assert transactions >= 10
    assert ends == [expected] * len(ends)
