"""Three settlements of one seller and their certificates; every amount in them was added up by hand."""

from tests.verify.certified import (
    HEADER,
    Settlement,
    a_line,
    a_movement,
    a_posting,
    a_row,
    a_settlement,
    some_orders,
    the_settlement,
)

ONE, TWO, THREE, FOUR = (f"303-000000{n}-000000{n}" for n in (1, 2, 3, 4))
OWN = "S01-1234567-1234567"


def a_chain() -> list[Settlement]:
    """A month split, order mode and a reserve; then a negative total; then the debt, another decimal mark and code page."""
    return [first(), second(), third()]


def first() -> Settlement:
    """October and November in Berlin, where the row of half past eleven UTC is of November."""
    own, late = "1000001", "2026-10-31 23:30:00 UTC"
    rows = [
        a_row(own, "Order|ItemPrice|Principal", "100.00", "2026-10-25 10:00:00 UTC", order=ONE),
        a_row(own, "Order|ItemPrice|Tax", "19.00", "2026-10-25 10:00:00 UTC", order=ONE),
        a_row(
            own,
            "Order|ItemWithheldTax|MarketplaceFacilitatorVAT-Principal",
            "-19.00",
            "2026-10-25 10:00:00 UTC",
            order=ONE,
        ),
        a_row(own, "Order|ItemFees|Commission", "-15.00", "2026-10-31 22:59:59 UTC", order=ONE),
        a_row(own, "Order|ItemPrice|Principal", "50.00", late, order=TWO),
        a_row(own, "Order|ItemFees|Commission", "-7.50", late, order=TWO),
        a_row(own, "Order|ItemPrice|Principal", "30.00", "2026-11-01 09:00:00 UTC", order=THREE),
        a_row(own, "Order|ItemPrice|Tax", "5.70", "2026-11-01 09:00:00 UTC", order=THREE),
        a_row(own, "Order|ItemFees|Commission", "-4.50", "2026-11-01 09:00:00 UTC", order=THREE),
        a_row(own, "ServiceFee|Cost of Advertising|TransactionTotalAmount", "-10", "2026-11-02 08:00:00 UTC", at=""),
        a_row(
            own,
            "other-transaction|other-transaction|Current Reserve Amount",
            "-20.00",
            "2026-11-03 00:00:00 UTC",
            at="",
        ),
        a_row(own, "FBAFees|FBA Inventory Storage Fee|Base fee", "-2.00", "2026-10-30 00:00:00 UTC", order=ONE, at=""),
    ]
    summary = [own, "2026-10-20 00:00:00 UTC", "2026-11-03 00:00:00 UTC", "2026-11-05 00:00:00 UTC", "126.70", "EUR"]
    october = [
        a_posting("sales.product", -10000, [3], at="Amazon.de", treatment="amazon"),
        a_posting("tax.sales", -1900, [4], at="Amazon.de", treatment="amazon"),
        a_posting("tax.marketplace", 1900, [5], at="Amazon.de", treatment="amazon"),
        a_posting("fees.selling", 1500, [6], at="Amazon.de"),
        a_posting("fees.storage", 200, [14]),
        a_posting("balance.unsettled", 8300),
    ]
    november = [
        a_posting("sales.product", -5000, [7], at="Amazon.de", treatment="untaxed"),
        a_posting("fees.selling", 1200, [8, 11], at="Amazon.de"),
        a_posting("receivable.orders", -3570, [9, 10], at="Amazon.de"),
        a_posting("fees.advertising", 1000, [12]),
        a_posting("balance.reserve", 2000, [13]),
        a_posting("balance.unsettled", -8300),
        a_posting("clearing.bank", 12670),
    ]
    said = {
        "settlement": the_settlement(1, "2026-10-20", "2026-11-03", "2026-11-05", 12670),
        "books": {"time_zone": "Europe/Berlin", "closed_until": ""},
        "order_mode": [THREE],
        "entries": [
            {"number": 1, "kind": "month_part", "on": "2026-10-31", "month": "2026-10-01", "postings": october},
            {"number": 2, "kind": "settlement", "on": "2026-11-03", "month": "2026-11-01", "postings": november},
        ],
        "orders": some_orders({ONE: (8500, 4), TWO: (4250, 2), THREE: (3120, 3)}, 15870, 3, -3200),
        "chains": {
            "name": "EUR Amazon.de",
            "predecessor": "",
            "reserve": a_movement(0, 2000, 2000),
            "carried_over": a_movement(0, 0, 0),
        },
    }
    return a_settlement(1, "".join(f"{line}\n" for line in [a_line(HEADER), a_line(summary), *rows]), said, rows=12)


def second() -> Settlement:
    """The reserve comes back, a refund goes out: five euros are owed to Amazon."""
    own = "1000002"
    rows = [
        a_row(
            own, "Transfer|other-transaction|Previous Reserve Amount Balance", "20.00", "2026-11-03 00:00:00 UTC", at=""
        ),
        a_row(own, "Refund|ItemPrice|Principal", "-25.00", "2026-11-05 10:00:00 UTC", order=ONE),
        a_row(own, "Refund|ItemPrice|Tax", "-5.70", "2026-11-05 10:00:00 UTC", order=ONE),
        a_row(
            own,
            "Refund|ItemWithheldTax|MarketplaceFacilitatorVAT-Principal",
            "5.70",
            "2026-11-05 10:00:00 UTC",
            order=ONE,
        ),
        a_row(own, "Refund|ItemFees|Commission", "4.50", "2026-11-05 10:00:00 UTC", order=ONE),
        a_row(
            own,
            "Order|Shipment-Fees|FBAPerOrderFulfillmentFee",
            "-4.50",
            "2026-11-06 10:00:00 UTC",
            order=OWN,
            at="Non-Amazon DE",
        ),
    ]
    summary = [own, "2026-11-03 00:00:00 UTC", "2026-11-17 00:00:00 UTC", "2026-11-19 00:00:00 UTC", "-5.00", "EUR"]
    postings = [
        a_posting("balance.reserve", -2000, [3]),
        a_posting("refunds.product", 2500, [4], at="Amazon.de", treatment="amazon"),
        a_posting("tax.sales", 570, [5], at="Amazon.de", treatment="amazon"),
        a_posting("tax.marketplace", -570, [6], at="Amazon.de", treatment="amazon"),
        a_posting("fees.selling", -450, [7], at="Amazon.de"),
        a_posting("fees.fulfilment", 450, [8], at="Non-Amazon DE"),
        a_posting("balance.carried_over", -500),
    ]
    said = {
        "settlement": the_settlement(2, "2026-11-03", "2026-11-17", "2026-11-19", -500),
        "books": {"time_zone": "Europe/Berlin", "closed_until": "2026-10-31"},
        "entries": [
            {"number": 1, "kind": "settlement", "on": "2026-11-17", "month": "2026-11-01", "postings": postings}
        ],
        "orders": some_orders({ONE: (-2050, 4), OWN: (-450, 1)}, -2500, 1, 2000),
        "chains": {
            "name": "EUR Amazon.de",
            "predecessor": "1000001",
            "reserve": a_movement(2000, -2000, 0),
            "carried_over": a_movement(0, -500, -500),
        },
    }
    return a_settlement(2, "".join(f"{line}\n" for line in [a_line(HEADER), a_line(summary), *rows]), said, rows=6)


def third() -> Settlement:
    """The debt is taken, November is closed already, the end is in December in Berlin; commas, cp1252 and `CR LF`."""
    own, sold = "1000003", "2026-11-20 12:00:00 UTC"
    rows = [
        a_row(
            own, "other-transaction|other-transaction|Payable to Amazon", " -5,00 ", "2026-11-17 00:00:00 UTC", at=""
        ),
        a_row(own, "Order|ItemPrice|Principal", "1.200,00", sold, order=FOUR),
        a_row(own, "Order|ItemPrice|Tax", "228,00", sold, order=FOUR),
        a_row(own, "Order|ItemFees|Commission", "-180,00", sold, order=FOUR),
        a_row(own, "other-transaction|other-transaction|Subscription Fee", "-39,00", "", at=""),
        a_row(own, "FBAFees|Storage für Größen|Base fee", "-4,00", "", at="", day="30.11.2026"),
    ]
    summary = [own, "2026-11-17 00:00:00 UTC", "2026-12-01 00:00:00 UTC", "2026-12-03 00:00:00 UTC", "1200,00", "EUR"]
    november = [
        a_posting("balance.carried_over", 500, [3]),
        a_posting("sales.product", -120000, [4], at="Amazon.de", treatment="seller"),
        a_posting("tax.sales", -22800, [5], at="Amazon.de", treatment="seller"),
        a_posting("fees.selling", 18000, [6], at="Amazon.de"),
        a_posting("fees.storage", 400, [8]),
        a_posting("balance.unsettled", 123900),
    ]
    december = [
        a_posting("fees.account", 3900, [7]),
        a_posting("balance.unsettled", -123900),
        a_posting("clearing.bank", 120000),
    ]
    said = {
        "settlement": the_settlement(3, "2026-11-17", "2026-12-01", "2026-12-03", 120000),
        "books": {"time_zone": "Europe/Berlin", "closed_until": "2026-11-30"},
        "entries": [
            {"number": 1, "kind": "month_part", "on": "2026-12-01", "month": "2026-11-01", "postings": november},
            {"number": 2, "kind": "settlement", "on": "2026-12-01", "month": "2026-12-01", "postings": december},
        ],
        "orders": some_orders({FOUR: (124800, 3)}, 124800, 3, -4800),
        "chains": {
            "name": "EUR Amazon.de",
            "predecessor": "1000002",
            "reserve": a_movement(0, 0, 0),
            "carried_over": a_movement(-500, 500, 0),
        },
    }
    text = "".join(f"{line}\r\n" for line in [a_line(HEADER), a_line(summary), *rows, ""])
    return a_settlement(3, text, said, rows=6, blank=1, encoding="cp1252", decimal_mark=",")
