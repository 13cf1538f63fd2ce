"""Settlements of one sale each, which keep a reserve and give back that of the one before: what chains are made of."""

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

ORDER = "303-0000001-0000001"
SOLD = 10000


def a_small_one(
    number: int, sequence: int, *, days: tuple[int, int], after: int = 0, brought: int = 0, kept: int = 0, at: str = "Amazon.de", name: str = ""
) -> Settlement:  # fmt: skip
    """Begins and ends on these days of November; `after` is the number of the settlement before, `name` the chain's."""
    own, total = f"{1000000 + number}", SOLD + brought - kept
    starts, ends = (f"2026-11-{day:02}" for day in days)
    posted = f"{ends} 00:00:00 UTC"
    rows = [
        a_row(own, "Order|ItemPrice|Principal", f"{SOLD}", posted, order=ORDER, at=at),
        a_row(own, "other|other|Previous Reserve Amount Balance", f"{brought}", posted, at=""),
        a_row(own, "other|other|Current Reserve Amount", f"{-kept}", posted, at=""),
    ]
    summary = [own, f"{starts} 00:00:00 UTC", posted, posted, f"{total}", "JPY"]
    said = {
        "settlement": {**the_settlement(number, starts, ends, ends, total), "currency": "JPY", "digits": 0},
        "books": {"time_zone": "UTC", "closed_until": ""},
        "entries": [
            {
                "number": 1,
                "kind": "settlement",
                "on": ends,
                "month": "2026-11-01",
                "postings": [
                    a_posting("sales.product", -SOLD, [3], at=at, treatment="untaxed"),
                    a_posting("balance.reserve", kept - brought, [4, 5]),
                    a_posting("clearing.bank", total),
                ],
            }
        ],
        "orders": some_orders({ORDER: (SOLD, 1)}, SOLD, 2, brought - kept),
        "chains": {
            "name": name or f"JPY {at}".strip(),
            "predecessor": f"{1000000 + after}" if after else "",
            "reserve": a_movement(brought, kept - brought, kept),
            "carried_over": a_movement(0, 0, 0),
        },
    }
    text = "".join(f"{line}\n" for line in [a_line(HEADER), a_line(summary), *rows])
    one = a_settlement(number, text, said, rows=3, decimal_mark="")
    one.certificate["sequence"] = sequence
    return one
