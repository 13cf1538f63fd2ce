"""The process may die on any line between a settlement file and the payments of its orders. Run again, each is there once.

A sale, its refund, and an order that is paid twice: killed at every outside call and at every transaction, before its effect and after it.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest

from crossdock.store.database import Database
from tests.flows.auditor import all_kinds
from tests.flows.dying import DyingDatabase, Executioner, Killed, restarted
from tests.flows.settled import FIRST, ORDER, SECOND, bought, bring_over, transactions
from tests.joined_twin import Handle, Scene, Stage
from tests.settlements import a_settlement, finance

OTHER = "302-0000002-0000002"
ROWS = f"""
Order | {ORDER} | ItemPrice | Principal | 16.80
Order | {ORDER} | ItemPrice | Tax | 3.19
Order | {OTHER} | ItemPrice | Principal | 15.00
"""
MORE = f"""
Refund | {ORDER} | ItemPrice | Principal | -4.99
Order | {OTHER} | ItemPrice | Principal | 4.99
other-transaction | | FBA Inventory Reimbursement | WAREHOUSE_DAMAGE | 5.00
"""
FILES = (
    a_settlement(
        ROWS,
        settlement_id=FIRST,
        starts="2026-11-13 00:00:00 UTC",
        ends="2026-11-27 00:00:00 UTC",
        posted_date_time="2026-11-21 10:00:00 UTC",
    ),
    a_settlement(
        MORE,
        settlement_id=SECOND,
        starts="2026-11-27 00:00:00 UTC",
        ends="2026-12-11 00:00:00 UTC",
        posted_date_time="2026-11-28 10:00:00 UTC",
    ),
)
# One more than the way of both files has; the last one dies nowhere.
CALLS = 14
TRANSACTIONS = 80
END: tuple[object, ...] = (
    [("Charge", 1999, FIRST), ("Refund", 499, SECOND)],
    [("Charge", 1500, FIRST), ("Charge", 499, SECOND)],
    [("Paid", 1), ("Paid", 1)],
    2,
    [],
)


def scene_of(stage: Stage, name: str, through: Callable[[Handle], Handle] = lambda handle: handle) -> Scene:
    """Two orders that were shipped and imported."""
    scene = bought(stage.scene(connection_id=name, finance=finance(), through=through))
    return bought(scene, order_id=OTHER)


def run_until_quiet(scene: Scene) -> None:
    """What a restarted worker does: import what is at hand, and take up what is due until nothing is."""
    assert scene.joined.finance is not None
    for content in FILES:
        scene.joined.finance.import_file(BytesIO(content), "settlement.txt", any_seller=True)
        for _ in range(2):
            bring_over(scene)
            scene.after(minutes=10)


def dies(scene: Scene, database: object, handle: Handle) -> bool:
    """Whether the process died on its way; what it had in memory is gone."""
    scene.joined = restarted(scene.joined, handle, database, scene.twin.world.clock.now)
    try:
        run_until_quiet(scene)
    except Killed:
        return True
    return False


def end_of(scene: Scene) -> tuple[object, ...]:
    """What an auditor would find: the transactions of both payments, the orders they belong to, and nothing else."""
    orders = [scene.order(ORDER), scene.order(OTHER)]
    states = [(order["paymentState"], len(order["paymentInfo"]["payments"])) for order in orders]
    return transactions(scene, ORDER), transactions(scene, OTHER), states, len(scene.project.payments), all_kinds(scene)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kill_at", range(1, CALLS))
def test_killed_at_any_outside_call(shared_stage: Stage, shared_database: Database, kill_at: int, moment: str) -> None:
    """Each call to commercetools, before and after it took effect: one payment an order, each transaction once, each order has it once."""
    executioner = Executioner(kill_at, after_effect=moment == "after")
    scene = scene_of(shared_stage, f"call-{kill_at}-{moment}")
    died = dies(scene, shared_database, executioner.stands_before(scene.twin.handle))
    lives = not dies(scene, shared_database, scene.twin.handle)
    assert (died, lives) == (len(executioner.calls) >= kill_at, True)
    assert end_of(scene) == END


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kill_at", range(1, TRANSACTIONS))
def test_killed_at_any_transaction(shared_stage: Stage, shared_database: Database, kill_at: int, moment: str) -> None:
    """Each transaction of our own, before its commit and after it, those of the booking and of the handing over included: the same end."""
    dying = DyingDatabase(shared_database, kill_at, after_effect=moment == "after")
    scene = scene_of(shared_stage, f"commit-{kill_at}-{moment}")
    died = dies(scene, dying, scene.twin.handle)
    lives = not dies(scene, shared_database, scene.twin.handle)
    assert (died, lives) == (dying.count >= kill_at, True)
    assert end_of(scene) == END


def test_tables_cover_every_call_and_every_transaction(shared_stage: Stage, shared_database: Database) -> None:
    """The tables above kill at every call and at every transaction that the way of both files has."""
    watching, counting = Executioner(0, after_effect=False), DyingDatabase(shared_database, 0, after_effect=False)
    scene = scene_of(shared_stage, "undisturbed")
    assert not dies(scene, counting, watching.stands_before(scene.twin.handle))
    assert end_of(scene) == END
    assert len(watching.calls) < CALLS
    assert counting.count < TRANSACTIONS
