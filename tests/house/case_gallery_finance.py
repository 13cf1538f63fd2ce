"""Examples of the cases of settlements: each is a file that somebody imports."""

from __future__ import annotations

import json
from io import BytesIO

from crossdock.errors import DataError
from tests.flows.settled import NOTHING, ORDER, SALE, a_month_later, bought, settle
from tests.house.case_play import Example, Play
from tests.settlements import a_settlement

# An order of the shop's own.
_ANOTHER = json.dumps(
    {
        "orderNumber": "another",
        "totalPrice": {"currencyCode": "EUR", "centAmount": 1999},
        "customLineItems": [
            {"name": {"en": "Mug"}, "slug": "mug", "quantity": 1, "money": {"currencyCode": "EUR", "centAmount": 1999}}
        ],
    }
)
_SALE = "Order | 302-0000001-0000001 | ItemPrice | Principal | 19.99"
_ORDERS = "\n".join(f"Order | 302-0000001-000000{n} | ItemPrice | Principal | 19.99" for n in range(6))


def _give(playing: Play, *files: bytes) -> None:
    """Import files, one after the other."""
    finance = playing.scene.joined.finance
    assert finance is not None, "a scene of money has a policy of it"
    for content in files:
        finance.import_file(BytesIO(content), "settlement.txt")


def _unreadable(playing: Play) -> None:
    finance = playing.scene.joined.finance
    assert finance is not None, "a scene of money has a policy of it"
    try:
        finance.import_file(BytesIO(a_settlement(_SALE).replace(b"19.99", b"1.999")), "settlement.txt")
    except DataError:
        return


def _bank(playing: Play, *lines: str) -> None:
    """A settlement of 19.99 whose payout is of 3 November, and a bank statement."""
    _give(playing, a_settlement(_SALE))
    finance = playing.scene.joined.finance
    assert finance is not None, "a scene of money has a policy of it"
    finance.bank.import_statement("\n".join(["date,amount,currency,reference", *lines]).encode(), "statement.csv")


def _foreign(playing: Play) -> None:
    playing.buy('{"fulfilled_by": "MERCHANT", "settled": true}')
    playing.scene.after(minutes=5).joined.discover()
    made = f"{playing.scene.twin.world.clock.now():%Y-%m-%d} 00:00:00 UTC"
    later = made.replace("00:00:00", "23:59:59")
    _give(playing, a_settlement(_ORDERS, starts=made, ends=later, posted_date_time=made))


def _deleted(playing: Play) -> None:
    scene = bought(playing.scene)
    scene.project.orders.remove(scene.order(ORDER)["id"])
    settle(scene, SALE)


def _overpaid(playing: Play) -> None:
    settle(bought(playing.scene), SALE.replace("19.99", "24.99"))


def _unpaid(playing: Play) -> None:
    a_month_later(settle(bought(playing.scene), NOTHING))


def _given_away(playing: Play) -> None:
    scene = bought(playing.scene)
    playing.shop(
        "POST",
        "payments",
        f'{{"key": "amazon-{ORDER}", "amountPlanned": {{"currencyCode": "EUR", "centAmount": 1999}}}}',
    )
    playing.shop("POST", "orders/import", _ANOTHER)
    [version] = [each["version"] for each in scene.project.orders if each["orderNumber"] == "another"]
    added = {"action": "addPayment", "payment": {"typeId": "payment", "key": f"amazon-{ORDER}"}}
    playing.shop("POST", "orders/order-number=another", json.dumps({"version": version, "actions": [added]}))
    settle(scene, SALE)


FINANCE_EXAMPLES: dict[str, Example] = {
    "settlement.total_differs": Example(
        "Somebody deletes a line of a settlement file and imports it: `crossdock settlements import settlement.txt`.",
        act=lambda playing: _give(playing, a_settlement(_SALE, total="31.98")),
    ),
    "settlement.changed": Example(
        "A settlement is imported, and then once more from a file in which somebody changed an amount and the total.",
        act=lambda playing: _give(playing, a_settlement(_SALE), a_settlement(_SALE.replace("19.99", "21.99"))),
    ),
    "settlement.foreign": Example("Somebody imports the settlement of another seller.", act=_foreign),
    "settlement.unreadable": Example(
        "A spreadsheet saved the file, and an amount is `1.999` since: one thousand nine hundred and ninety-nine, or almost two?",
        act=_unreadable,
    ),
    "settlement.label_unknown": Example(
        "Amazon charges something under a name that it never used before.",
        act=lambda playing: _give(
            playing, a_settlement("other-transaction | | other-transaction | Moon Shipping Surcharge | -3.00")
        ),
    ),
    "settlement.sign_unexpected": Example(
        "A referral fee of an order stands in the file as money to the seller.",
        act=lambda playing: _give(playing, a_settlement("Order | 302-0000001-0000001 | ItemFees | Commission | 2.00")),
    ),
    "settlement.tax_differs": Example(
        "Amazon collected 3.80 of tax and remits 3.79.",
        act=lambda playing: _give(
            playing,
            a_settlement(
                """
                Order | 302-0000001-0000001 | ItemPrice | Tax | 3.80
                Order | 302-0000001-0000001 | ItemWithheldTax | MarketplaceFacilitatorVAT-Principal | -3.79
                """
            ),
        ),
    ),
    "settlement.chain_broken": Example(
        "A settlement ends with 50.00 in reserve; the next gives back 40.00.",
        act=lambda playing: _give(
            playing,
            a_settlement(f"{_SALE}\nother-transaction | | other-transaction | Current Reserve Amount | -50.00"),
            a_settlement(
                f"{_SALE}\nother-transaction | | other-transaction | Previous Reserve Amount Balance | 40.00",
                settlement_id="28471003922",
                starts="2026-11-03 00:00:00 UTC",
                ends="2026-11-17 00:00:00 UTC",
            ),
        ),
    ),
    "settlement.gap": Example(
        "Of three settlements the first and the last are imported.",
        act=lambda playing: _give(
            playing,
            a_settlement(_SALE),
            a_settlement(
                _SALE, settlement_id="28471003923", starts="2026-11-17 00:00:00 UTC", ends="2026-12-01 00:00:00 UTC"
            ),
        ),
    ),
    "settlement.order_missing": Example(
        "An order is imported and shipped; somebody deletes it in commercetools; then comes the settlement that pays it.",
        act=_deleted,
    ),
    "settlement.amount_differs": Example(
        "An order of 19.99 is paid with 24.99.",
        act=_overpaid,
    ),
    "settlement.unpaid": Example(
        "An order is shipped, settlements of the next seven weeks are imported, and none has a row of it.",
        act=_unpaid,
    ),
    "settlement.payment_refused": Example(
        "Somebody makes the payment of an Amazon order by hand, and gives it to another order.",
        act=_given_away,
    ),
    "bank.unmatched": Example(
        "The bank shows 50.00 from Amazon that no settlement speaks of: `crossdock bank import statement.csv`.",
        act=lambda playing: _bank(playing, "2026-11-05,50.00,EUR,AMAZON PAYMENTS"),
    ),
    "bank.amount_differs": Example(
        "A payout of 19.99 arrives, and the bank keeps a fee of 1.50.",
        act=lambda playing: _bank(playing, "2026-11-05,18.49,EUR,AMAZON PAYMENTS 28471003921"),
    ),
    "bank.payout_missing": Example(
        "The statement of November is imported, and has no line of a payout of 3 November.",
        act=lambda playing: _bank(playing, "2026-11-01,-800.00,EUR,RENT", "2026-11-19,12.00,EUR,INTEREST"),
    ),
}
