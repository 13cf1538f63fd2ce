"""A settlement whose import may die at any transaction, before its commit or after it: run again, it is booked once, with one certificate."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import pytest

from crossdock.joined_finance import JoinedFinance
from crossdock.store.database import Database
from tests.flows.auditor import all_kinds
from tests.flows.conftest import a_name
from tests.flows.dying import DyingDatabase, Executioner, Killed, restarted
from tests.joined_twin import Handle, Scene, Stage
from tests.settlements import a_settlement, finance

ROWS = """
Order | 302-0000001-0000001 | ItemPrice | Principal | 19.99
Order | 302-0000001-0000001 | ItemFees | Commission | -3.00
other-transaction | | other-transaction | Moon Shipping Surcharge | -1.50
"""
# One more than an import has; the last one dies nowhere.
TRANSACTIONS = 16


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


# One more than a run that fetches one report has, of both: its calls of Amazon, and its transactions.
CALLS, FETCHING = 8, 27
# What the twin pays out of 19.99, a tenth of it held back.
PAID = [("balance.reserve", 199), ("balance.unsettled", 0), ("clearing.bank", 1800), ("sales.product", -1999)]


def collected(scene: Scene, handle: Handle, database: object) -> JoinedFinance:
    """A run that fetches what Amazon lists, in a process of its own."""
    scene.joined = restarted(scene.joined, handle, database, scene.twin.world.clock.now)
    assert scene.joined.finance is not None
    scene.joined.finance.collect()
    return scene.joined.finance


@pytest.fixture
def paid(shared_stage: Stage) -> Scene:
    """A seller with one settlement on Amazon."""
    scene = shared_stage.scene(connection_id=a_name(), finance=finance(), marketplaces=("A1PA6795UKMFR9",))
    scene.account.payments.post(("Order", "ItemPrice", "Principal"), 1999, "EUR")
    scene.after(days=14).account.payments.close()
    scene.after(days=3)
    return scene


def outcome(scene: Scene, books: JoinedFinance) -> tuple[list[tuple[str, int]], list[int], list[str]]:
    """What is booked, certified, and looked at by a person."""
    [settlement] = books.sheets.settlements(9)
    certificates = books.sheets.certificates_up_to(settlement.settlement_id)
    balances = [(account, debit) for account, _, debit in books.sheets.balances()]
    return balances, [each.sequence for each in certificates], all_kinds(scene)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kill_at", range(1, CALLS))
def test_fetch_killed_at_a_call_books_once(paid: Scene, shared_database: Database, kill_at: int, moment: str) -> None:
    """Killed at any call of Amazon and run again, the report is booked once."""
    executioner = Executioner(kill_at, after_effect=moment == "after")
    _ends(lambda: collected(paid, executioner.stands_before(paid.twin.handle), shared_database))
    books = collected(paid, paid.twin.handle, shared_database)
    assert outcome(paid, books) == (PAID, [1], [])


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kill_at", range(1, FETCHING))
def test_fetch_killed_at_a_transaction_books_once(
    paid: Scene, shared_database: Database, kill_at: int, moment: str
) -> None:
    """Killed at any transaction of ours and run again, the report is booked once."""
    dying = DyingDatabase(shared_database, kill_at, after_effect=moment == "after")
    _ends(lambda: collected(paid, paid.twin.handle, dying))
    books = collected(paid, paid.twin.handle, shared_database)
    assert outcome(paid, books) == (PAID, [1], [])


def test_tables_cover_a_whole_fetch(paid: Scene, shared_database: Database) -> None:
    """The tables above kill at every call and every transaction a fetch has."""
    counting = DyingDatabase(shared_database, 0, after_effect=False)
    executioner = Executioner(0, after_effect=False)
    collected(paid, executioner.stands_before(paid.twin.handle), counting)
    assert (len(executioner.calls) < CALLS, counting.count < FETCHING) == (True, True)


def _ends(act: Callable[[], object]) -> None:
    with suppress(Killed):
        act()
