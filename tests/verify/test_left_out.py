"""What booking leaves out is in no certificate: entries without a posting, and cells at the end of the summary."""

from pathlib import Path
from typing import Any

import pytest
from crossdock_verify.__main__ import main
from crossdock_verify.paths import find
from crossdock_verify.verdict import judge

from tests.verify.certified import (
    HEADER,
    Change,
    Say,
    Settlement,
    Write,
    a_line,
    a_movement,
    a_posting,
    a_row,
    a_settlement,
    change,
    some_orders,
    the_settlement,
    write_all,
)
from tests.verify.three_settlements import ONE, first

SUMMARY = "1000001\t2026-10-20\t03.11.2026 00:00:00 UTC\t2026/11/05\t0.00\tEUR"


def of_nothing(rows: list[str], entries: list[dict[str, Any]], orders: dict[str, Any], name: str) -> Settlement:
    """A settlement of total 0; its start and its deposit are days without a time."""
    settlement = {
        **the_settlement(1, "2026-10-20", "2026-11-03", "2026-11-05", 0),
        "starts_at": "2026-10-20T12:00:00Z",
        "deposit_at": "2026-11-05T12:00:00Z",
    }
    said = {
        "settlement": settlement,
        "books": {"time_zone": "UTC", "closed_until": ""},
        "entries": entries,
        "orders": orders,
        "chains": {
            "name": name,
            "predecessor": "",
            "reserve": a_movement(0, 0, 0),
            "carried_over": a_movement(0, 0, 0),
        },
    }
    text = "".join(f"{line}\n" for line in [a_line(HEADER), SUMMARY, *rows])
    return a_settlement(1, text, said, rows=len(rows))


def an_earlier_month() -> Settlement:
    """A sale and its fee of October, which come to nothing: November has no entry."""
    posted = "2026-10-25T10:00:00Z"
    rows = [
        a_row("1000001", "Order|ItemPrice|Principal", "5.00", posted, order=ONE),
        a_row("1000001", "Order|ItemFees|Commission", "-5.00", "25.10.2026 10:00:00 UTC", order=ONE),
    ]
    postings = [
        a_posting("fees.selling", 500, [4], at="Amazon.de"),
        a_posting("sales.product", -500, [3], at="Amazon.de", treatment="untaxed"),
    ]
    october = {"number": 1, "kind": "month_part", "on": "2026-10-31", "month": "2026-10-01", "postings": postings}
    return of_nothing(rows, [october], some_orders({ONE: (0, 2)}, 0, 0, 0), "EUR Amazon.de")


def nothing_at_all() -> Settlement:
    """A summary, and not a row."""
    return of_nothing([], [], some_orders({}, 0, 0, 0), "EUR")


@pytest.mark.parametrize("settlement", [an_earlier_month(), nothing_at_all()], ids=["an earlier month", "nothing"])
def test_an_entry_without_postings_is_left_out(tmp_path: Path, settlement: Settlement) -> None:
    """A settlement of nothing in the month of its end has no entry there."""
    write_all(tmp_path, [settlement])
    assert main([str(tmp_path)]) == 0


EMPTY = {"number": 1, "kind": "settlement", "on": "2026-11-03", "month": "2026-11-01", "postings": []}
BACK_AND_FORTH = [a_posting("clearing.bank", 5), a_posting("clearing.bank", -5)]

FORGED: dict[str, tuple[Settlement, str, Change]] = {
    "an entry of nothing": (nothing_at_all(), "E7", Say(0, ("entries",), [EMPTY])),
    "an entry that nothing says": (nothing_at_all(), "E8", Say(0, ("entries",), [{**EMPTY, "postings": BACK_AND_FORTH}])),
    "a month of nothing": (
        nothing_at_all(),
        "E7",
        Say(0, ("entries",), [{**EMPTY, "kind": "month_part", "on": "2026-10-31", "month": "2026-10-01"}]),
    ),
    "an entry of nothing after a month": (
        an_earlier_month(),
        "E7",
        Say(0, ("entries",), [*an_earlier_month().certificate["entries"], {**EMPTY, "number": 2}]),
    ),
    "an entry that is there": (first(), "E6", Say(0, ("entries",), first().certificate["entries"][:1])),
}  # fmt: skip


@pytest.mark.parametrize(("settlement", "equation", "said"), FORGED.values(), ids=FORGED)
def test_what_is_left_out_is_not_free(tmp_path: Path, settlement: Settlement, equation: str, said: Change) -> None:
    """An entry without postings does not stand, and one with postings is not left out."""
    write_all(tmp_path, change([settlement], said))
    assert [finding.failure.equation for finding in judge(find([tmp_path])).failed] == [equation]


def test_the_entry_of_the_total_is_left_out(tmp_path: Path) -> None:
    """Rows of October alone, which are paid out: without the entry of the end, the total is nowhere."""
    chain = change(
        [an_earlier_month()],
        Write(0, "\t-5.00\t", "\t-4.00\t"),
        Write(0, "\t0.00\t", "\t1.00\t"),
        Say(0, ("settlement", "total"), 100),
        Say(0, ("entries", 0, "postings"), [
            a_posting("fees.selling", 400, [4], at="Amazon.de"),
            a_posting("sales.product", -500, [3], at="Amazon.de", treatment="untaxed"),
            a_posting("balance.unsettled", 100),
        ]),
        Say(0, ("orders",), some_orders({ONE: (100, 2)}, 100, 0, 0)),
    )  # fmt: skip
    write_all(tmp_path, chain)
    assert [finding.failure.equation for finding in judge(find([tmp_path])).failed] == ["E8"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2026-10-20\t", "2026-10-20 11:59:59 UTC\t"),
        ("03.11.2026 00:00:00 UTC", "03.11.2026 00:00:00"),
        ("2026/11/05", "05.11.1994"),
        ("2026/11/05", "2026/11/05 12:00:00 UTC"),
        ("\tEUR\n", "\tEUR" + "\t" * 10 + "\n"),
        ("2026-10-25T10:00:00Z", "2026-10-25T10:00:00"),
        ("1000001\t\t\t\t\t\tOrder\t303-0000001-0000001\tAmazon.de\tItemFees", " \n1000001\t\t\t\t\t\tOrder\t303-0000001-0000001\tAmazon.de\tItemFees"),
    ],
    ids=["another time", "no zone", "another year", "a slash and a time", "a cell too many", "a row without a zone", "a blank that is a space"],
)  # fmt: skip
def test_what_the_file_may_not_say(tmp_path: Path, old: str, new: str) -> None:
    """Moments have one grammar, the summary no more cells than the header, and a line of a space is not blank."""
    write_all(tmp_path, change([an_earlier_month()], Write(0, old, new)))
    assert [finding.failure.equation for finding in judge(find([tmp_path])).failed] == ["E2"]


@pytest.mark.parametrize(
    "order", ["S0A-1234567-1234567", "SAB-1234567-1234567", "S01-1234567-123456A", "s01-1234567-1234567", "S\u0660\u0661-1234567-1234567"]
)  # fmt: skip
def test_what_is_no_id_of_an_order(tmp_path: Path, order: str) -> None:
    """Behind the `S` there are digits only, or the row is of the rest."""
    one = an_earlier_month()
    one.text = one.text.replace(ONE, order)
    chain = change([one], Say(0, ("orders",), some_orders({}, 0, 2, 0)))
    write_all(tmp_path, chain)
    assert main([str(tmp_path)]) == 0
