"""`crossdock settlements show --bridge` and `crossdock settlements order`, as an operator types them."""

from __future__ import annotations

import pytest

from tests.commands.operators import Desk
from tests.settlements import a_settlement

FINANCE = '\n[connection.finance]\ntime_zone = "Europe/Berlin"\n'
ORDER = "302-0000001-0000001"
SALE = f"Order | {ORDER} | ItemPrice | Principal | 19.99"
FEE = f"Order | {ORDER} | ItemFees | Commission | -3.00"
REFUND = f"Refund | {ORDER} | ItemPrice | Principal | -5.00"
NEXT = {
    "settlement_id": "28471003922",
    "starts": "2026-11-03 00:00:00 UTC",
    "ends": "2026-11-17 00:00:00 UTC",
    "posted_date_time": "2026-11-04 10:00:00 UTC",
}


@pytest.fixture
def books(desk: Desk) -> Desk:
    """An operator who keeps books and has imported two settlements of one order."""
    policy = desk.folder / "crossdock.toml"
    policy.write_text(policy.read_text() + FINANCE)
    (desk.folder / "one.txt").write_bytes(a_settlement(f"{SALE} | sku=\x1b[31mRED\n{FEE}"))
    (desk.folder / "two.txt").write_bytes(a_settlement(REFUND, **NEXT))
    desk.read("settlements", "import", "one.txt", "two.txt")
    return desk


def test_a_bridge_and_an_order_are_told(books: Desk) -> None:
    """Step by step to the payout; an order over both settlements; for people too, who are shown what a SKU would have a terminal do."""
    bridge = books.read("settlements", "show", "28471003921", "--bridge")
    [money] = books.read("settlements", "order", ORDER)
    said = books.run("settlements", "order", ORDER).stdout
    assert [(bar["title"], bar["amount"], bar["before"]) for bar in bridge] == [
        ("Sales", 1999, 0),
        ("Selling fees", -300, 1999),
    ]
    assert [(row["settlement_id"], row["line"], row["amount"]) for row in money["rows"]] == [
        ("28471003921", 3, 1999),
        ("28471003921", 4, -300),
        ("28471003922", 3, -500),
    ]
    assert f"Order {ORDER}, demo: 11.99 EUR" in said
    assert "\\x1b[31mRED" in said
    assert "\x1b" not in said
    assert "28471003921: 16.99 EUR" in books.run("settlements", "show", "28471003921", "--bridge").stdout


def test_what_is_not_there_is_said(books: Desk) -> None:
    """An order without rows, an id that is none, and a settlement that is held, are wrong use with a sentence, not a fault."""
    (books.folder / "held.txt").write_bytes(a_settlement(SALE, settlement_id="28471003923", total="25.00"))
    books.run("settlements", "import", "held.txt")
    told = [
        books.run("settlements", "order", "302-0000009-0000009"),
        books.run("settlements", "order", "odd"),
        books.run("settlements", "show", "28471003923", "--bridge"),
    ]
    assert [one.returncode for one in told] == [2, 2, 2]
    assert "no settlement here has an order of this id" in told[0].stderr
    assert "no settlement here has an order of this id" in told[1].stderr
    assert "28471003923: is held for a difference" in told[2].stderr
