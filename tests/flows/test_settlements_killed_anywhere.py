"""A settlement whose import may die at any transaction, before its commit or after it: run again, it is booked once, with one certificate."""

from __future__ import annotations

from io import BytesIO

import pytest

from crossdock.joined_finance import JoinedFinance
from crossdock.store.database import Database
from tests.flows.auditor import all_kinds
from tests.flows.conftest import a_name
from tests.flows.dying import DyingDatabase, Killed, restarted
from tests.joined_twin import Scene, Stage
from tests.settlements import a_settlement, finance

ROWS = """
Order | 302-0000001-0000001 | ItemPrice | Principal | 19.99
Order | 302-0000001-0000001 | ItemFees | Commission | -3.00
other-transaction | | other-transaction | Moon Shipping Surcharge | -1.50
"""
# One more than an import has; the last one dies nowhere.
TRANSACTIONS = 13


def imported(scene: Scene, database: object) -> JoinedFinance:
    """The import, in a process of its own."""
    joined = restarted(scene.joined, scene.twin.handle, database, scene.twin.world.clock.now)
    scene.joined = joined
    assert joined.finance is not None
    joined.finance.import_file(BytesIO(a_settlement(ROWS)), "settlement.txt")
    return joined.finance


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kill_at", range(1, TRANSACTIONS))
def test_killed_import_books_once(shared_stage: Stage, shared_database: Database, kill_at: int, moment: str) -> None:
    """Killed at any transaction and run again, the books, the certificate and the cases are those of an import that lived."""
    scene = shared_stage.scene(connection_id=a_name(), finance=finance())
    dying = DyingDatabase(shared_database, kill_at, after_effect=moment == "after")
    died = _dies(scene, dying)
    books = imported(scene, shared_database)
    assert died == (dying.count >= kill_at)
    assert {account: debit for account, _, debit in books.sheets.balances()} == {
        "balance.unsettled": 0,
        "clearing.bank": 1549,
        "fees.selling": 300,
        "sales.product": -1999,
        "suspense": 150,
    }
    assert [each.sequence for each in books.sheets.certificates_up_to("28471003921")] == [1]
    assert all_kinds(scene) == ["settlement.label_unknown"]


def _dies(scene: Scene, dying: DyingDatabase) -> bool:
    try:
        imported(scene, dying)
    except Killed:
        return True
    return False


def test_table_covers_every_transaction(shared_stage: Stage, shared_database: Database) -> None:
    """The table above kills at every transaction an import has."""
    scene = shared_stage.scene(connection_id=a_name(), finance=finance())
    counting = DyingDatabase(shared_database, 0, after_effect=False)
    imported(scene, counting)
    assert counting.count < TRANSACTIONS
