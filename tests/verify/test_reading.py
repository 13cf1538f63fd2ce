"""How the verifier reads amounts, days, charts and both versions of a file."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from crossdock_verify.amounts import Amounts
from crossdock_verify.charts import Label, find_rule, read_chart
from crossdock_verify.faults import Unreadable
from crossdock_verify.file import Reading, read_blocks, read_lines
from crossdock_verify.paths import find
from crossdock_verify.times import Months, moment
from crossdock_verify.verdict import judge

from tests.verify.certified import (
    CHART,
    Change,
    Say,
    Settlement,
    Write,
    a_movement,
    a_posting,
    a_settlement,
    change,
    some_orders,
    the_settlement,
    write_all,
)

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "amazon" / "settlement"


@pytest.mark.parametrize(
    ("text", "digits", "minor"),
    [
        ("-1.234,56", 2, -123456),
        ("95,00", 2, 9500),
        ("1500", 2, 150000),
        ("1,234.50", 2, 123450),
        ("1,234.5", 2, 123450),
        ("12345.67", 2, 1234567),
        ("1.234.567", 2, 123456700),
        ("1,234,567.89", 2, 123456789),
        ("1.005", 0, 1005),
        ("1500", 0, 1500),
        ("1500.00", 0, 1500),
        ("1.50", 3, 1500),
        ("-0.00", 2, 0),
        ("007", 2, 700),
    ],
)
def test_an_amount(text: str, digits: int, minor: int) -> None:
    """Amounts are whole minor units."""
    assert Amounts(digits).read(text) == minor


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("1.005", 2),
        ("1,005", 2),
        ("1500.50", 0),
        ("1.234.56", 2),
        ("1.2345", 2),
        ("12.345,67,89", 2),
        ("1234,567.89", 2),
        ("1 234.56", 2),
        ("1'234.56", 2),
        (".50", 2),
        ("5.", 2),
        ("", 2),
        ("5-", 2),
        ("\u0665", 2),
        ("1_000", 2),
        ("5\n", 2),
    ],
)
def test_what_is_no_amount(text: str, digits: int) -> None:
    """What could mean two things, or none, is refused."""
    with pytest.raises(Unreadable):
        Amounts(digits).read(text)


@pytest.mark.parametrize(
    ("before", "after"), [("1,50", "1.50"), ("1,50", "1,234,567"), ("1,234,567", "1,50"), ("1.234,50", "1,234.50")]
)
def test_a_file_has_one_decimal_mark(before: str, after: str) -> None:
    """A mark that stood for decimals stands for nothing else, whichever came first."""
    amounts = Amounts(2)
    amounts.read(before)
    with pytest.raises(Unreadable):
        amounts.read(after)


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (("1500", "-3"), ""),
        (("1.234.567", "5"), ""),
        (("1.234.567", "5,00"), ","),
        (("1,234,567", "0.5"), "."),
        (("0.00",), "."),
    ],
)
def test_decimals_alone_are_the_mark(texts: tuple[str, ...], mark: str) -> None:
    """What groups thousands says which mark it is not, and not which it is."""
    amounts = Amounts(2)
    assert all(isinstance(amounts.read(text), int) for text in texts)
    assert amounts.mark == mark


@pytest.mark.parametrize(
    ("zone", "posted", "month"),
    [
        ("Europe/Berlin", "2026-10-31 22:59:59 UTC", "2026-10-01"),
        ("Europe/Berlin", "2026-10-31 23:00:00 UTC", "2026-11-01"),
        ("Europe/Berlin", "2026-03-31 21:59:59 UTC", "2026-03-01"),
        ("Europe/Berlin", "2026-03-31 22:00:00 UTC", "2026-04-01"),
        ("America/Los_Angeles", "2026-11-01 06:59:59 UTC", "2026-10-01"),
        ("America/Los_Angeles", "2026-11-01 07:00:00 UTC", "2026-11-01"),
        ("America/Los_Angeles", "2026-12-01 07:59:59 UTC", "2026-11-01"),
        ("Asia/Tokyo", "2026-11-30 15:00:00 UTC", "2026-12-01"),
        ("Asia/Kathmandu", "2026-11-30 18:14:59 UTC", "2026-11-01"),
        ("Asia/Kathmandu", "2026-11-30 18:15:00 UTC", "2026-12-01"),
        ("Pacific/Kiritimati", "2026-12-31 10:00:00 UTC", "2027-01-01"),
        ("UTC", "2024-02-29 23:59:59 UTC", "2024-02-01"),
    ],
)
def test_a_month_is_that_of_the_books_clock(zone: str, posted: str, month: str) -> None:
    """Summer time and odd offsets included; asked twice, the second time from memory."""
    months = Months(ZoneInfo(zone), datetime(2026, 12, 5, tzinfo=UTC))
    assert (months.of(posted), months.of(posted)) == (month, month)


@pytest.mark.parametrize(
    ("day", "month"), [("2026-11-30", "2026-11-01"), ("30.11.2026", "2026-11-01"), ("2026/11/30", "2026-11-01"), ("", "2026-12-01")]
)  # fmt: skip
def test_a_day_without_a_time_is_noon(day: str, month: str) -> None:
    """And no day at all is the settlement's end."""
    assert Months(ZoneInfo("Europe/Berlin"), datetime(2026, 12, 5, tzinfo=UTC)).of(day) == month


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-30 23:59:58 UTC", "2026-11-30T23:59:58+00:00"),
        ("2026-11-30 23:59:58+00:00", "2026-11-30T23:59:58+00:00"),
        ("2026-11-30 23:59:58Z", "2026-11-30T23:59:58+00:00"),
        ("2026-11-30T23:59:58 UTC", "2026-11-30T23:59:58+00:00"),
        ("2026-11-30T23:59:58+00:00", "2026-11-30T23:59:58+00:00"),
        ("2026-11-30T23:59:58Z", "2026-11-30T23:59:58+00:00"),
        ("30.11.2026 23:59:58 UTC", "2026-11-30T23:59:58+00:00"),
        ("2026-11-30", "2026-11-30T12:00:00+00:00"),
        ("30.11.2026", "2026-11-30T12:00:00+00:00"),
        ("2026/11/30", "2026-11-30T12:00:00+00:00"),
        ("1995-01-01", "1995-01-01T12:00:00+00:00"),
        ("2100-12-31T23:59:59Z", "2100-12-31T23:59:59+00:00"),
    ],
)
def test_a_moment(text: str, instant: str) -> None:
    """One grammar, whatever the version and the cell; where a row was posted then agrees with it."""
    months = Months(ZoneInfo("Asia/Tokyo"), datetime(2026, 12, 5, tzinfo=UTC))
    assert moment(text).isoformat() == instant
    assert (months.of(text), months.of(text)) == (months.at(moment(text)), months.at(moment(text)))


@pytest.mark.parametrize(
    "posted",
    [
        "2026-11-30 00:00:00",
        "2026-11-30 00:00:00 PST",
        "2026-11-30 00:00:00  UTC",
        "2026-11-30  00:00:00 UTC",
        "2026-11-30 00:00:00 Z",
        "2026-11-30 00:00:00+01:00",
        "2026-11-30 00:00:00-00:00",
        "2026-11-30t00:00:00Z",
        "2026-11-30 00:00 UTC",
        "2026-11-30 00:00:00.000Z",
        "2026-11-30 24:00:00 UTC",
        "2026-11-30 23:59:60 UTC",
        "2026-11-31 00:00:00 UTC",
        "30.11.2026T00:00:00 UTC",
        "30.11.2026 00:00:00Z",
        "30.11.2026 00:00:00+00:00",
        "2026/11/30 00:00:00 UTC",
        "0001-01-01 00:00:00 UTC",
        "1994-12-31 23:59:59 UTC",
        "2101-01-01",
        "31.12.1994",
        "11/30/2026",
        "31.11.2026",
        "1.1.2026",
        "26-11-30",
        "2026-11-30 00:00:00 UTC\n",
        "\u0662026-11-30",
        "x",
    ],
)
def test_what_is_no_time(posted: str) -> None:
    """Another form, and a day that there is not, are refused even where the parts were seen in other cells."""
    months = Months(ZoneInfo("America/New_York"), datetime(2026, 12, 5, tzinfo=UTC))
    seen = ("2026-11-30 00:00:00 UTC", "2026-11-30 00:00:00Z", "30.11.2026 00:00:00 UTC", "30.11.2026", "2026/11/30")
    assert {months.of(text) for text in seen} == {"2026-11-01"}
    with pytest.raises(Unreadable):
        months.of(posted)


@pytest.mark.parametrize(
    ("label", "account"),
    [
        (("Order", "ItemPrice", "Principal"), "sales.product"),
        (("ORDER", "item_price", "prin-ci pal"), "sales.product"),
        (("Order", "ItemFees", "MarketplaceFacilitatorTax-Shipping"), "tax.marketplace"),
        (("", "", "CURRENT RESERVE AMOUNT"), "balance.reserve"),
        (("", "", "Current Reserve Amount of"), "suspense"),
        (("FBAFees", "FBA Inventory Storage Fee", "Base fee"), "fees.storage"),
        (("unknown", "", ""), "suspense"),
    ],
)
def test_a_label_has_an_account(label: Label, account: str) -> None:
    """Exact rules without case, space, `_` and `-`; patterns must match the whole; a system rule is no rule of a row."""
    assert find_rule([read_chart("default", CHART)], label).account == account


def test_charts_are_asked_in_their_order() -> None:
    """A pattern of the chart before wins over an exact rule of the chart after."""
    own = read_chart("own", CHART.replace("FBAFees,.*Storage.*", "Order,.*").replace("exact,order", "exact,orders"))
    assert find_rule([own, read_chart("default", CHART)], ("Order", "ItemPrice", "Principal")).account == "fees.storage"


def test_the_longest_pattern_is_taken() -> None:
    """A chart may have patterns of 500 characters."""
    pattern = "|".join(["Gifts"] * 84)[:500]
    assert len(pattern) == 500
    chart = read_chart("own", CHART.replace("FBAFees,.*Storage.*", f",{pattern}"))
    assert find_rule([chart], ("FBAFees", "Gifts", "")).account == "fees.storage"


V1_HEADER = (
    "settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\ttransaction-type\t"
    "order-id\tmarketplace\tposted-date\tprice-type\tprice-amount\titem-related-fee-type\titem-related-fee-amount\tother-amount"
)
ORDER = "702-1101758-6751437"
V1 = f"""{V1_HEADER}
1000001\t2026-10-20T00:00:00+00:00\t2026-11-03T00:00:00+00:00\t2026-11-05T00:00:00+00:00\t84.00\tCAD
1000001\t\t\t\t\t\tOrder\t{ORDER}\tAmazon.ca\t2026-11-01T12:00:00+00:00\tPrincipal\t100.00    \tCommission\t-15.00\t

1000001\t\t\t\t\t\tOrder\t{ORDER}\tAmazon.ca\t2026-11-01T12:00:00+00:00\t\t\t\t\t
1000001\t\t\t\t\t\tSubscription Fee\t\t\t2026-11-02T12:00:00+00:00\t\t\t\t\t-1.00
"""


def the_old_version() -> Settlement:
    """A line of two amounts, a blank line, one without an amount, and a fee."""
    postings = [
        a_posting("sales.product", -10000, [3], at="Amazon.ca", treatment="untaxed"),
        a_posting("fees.selling", 1500, [3], at="Amazon.ca"),
        a_posting("fees.account", 100, [6]),
        a_posting("clearing.bank", 8400),
    ]
    said = {
        "settlement": {**the_settlement(1, "2026-10-20", "2026-11-03", "2026-11-05", 8400), "currency": "CAD"},
        "books": {"time_zone": "America/Toronto", "closed_until": ""},
        "entries": [
            {"number": 1, "kind": "settlement", "on": "2026-11-02", "month": "2026-11-01", "postings": postings}
        ],
        "orders": some_orders({ORDER: (8500, 2)}, 8500, 1, -100),
        "chains": {
            "name": "CAD Amazon.ca",
            "predecessor": "",
            "reserve": a_movement(0, 0, 0),
            "carried_over": a_movement(0, 0, 0),
        },
    }
    return a_settlement(1, V1, said, version="V1", rows=3, blank=1, unpriced=1)


def test_a_file_of_the_old_version_is_proven(tmp_path: Path) -> None:
    """Blank lines within, trailing spaces, lines without an amount; a day that ends five hours later."""
    write_all(tmp_path, [the_old_version()])
    report = judge(find([tmp_path]))
    assert [finding.failure for finding in report.failed] == []
    assert len(report.proven) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2026-11-02T12:00:00+00:00", "2026-11-02 12:00:00 UTC"),
        ("2026-11-02T12:00:00+00:00", "02.11.2026 12:00:00 UTC"),
        ("2026-11-02T12:00:00+00:00", "2026-11-02T12:00:00Z"),
        ("2026-11-02T12:00:00+00:00", "2026/11/02"),
        ("2026-11-02T12:00:00+00:00", ""),
        ("2026-10-20T00:00:00+00:00", "20.10.2026 00:00:00 UTC"),
        ("2026-11-05T00:00:00+00:00", "2026-11-05 00:00:00Z"),
        ("\tposted-date\t", "\tposted-date-time\t"),
        ("\tposted-date\t", "\tPosted_DateTime\t"),
    ],
)
def test_moments_of_the_old_version(tmp_path: Path, old: str, new: str) -> None:
    """They are written as in the new one, in the summary and in rows, whatever the column is called."""
    write_all(tmp_path, change([the_old_version()], Write(0, old, new)))
    report = judge(find([tmp_path]))
    assert [finding.failure for finding in report.failed] == []
    assert len(report.proven) == 1


def test_a_row_of_the_old_version_has_two_columns_of_time(tmp_path: Path) -> None:
    """The first tells, and where it is empty the second."""
    one = the_old_version()
    one.text = one.text.replace("\tposted-date\t", "\tposted-date-time\t").replace(
        "\tother-amount", "\tother-amount\tposted-date"
    )
    one.text = one.text.replace("2026-11-02T12:00:00+00:00\t\t\t\t\t-1.00", "\t\t\t\t\t-1.00\t02.11.2026")
    one.text = one.text.replace("Commission\t-15.00\t", "Commission\t-15.00\t\t2026-10-01").replace(
        "\t\t\t\t\t\n1000001", "\t\t\t\t\t\t\n1000001"
    )
    write_all(tmp_path, [one])
    assert [finding.failure for finding in judge(find([tmp_path])).failed] == []


@pytest.mark.parametrize(
    ("equation", "changes"),
    [
        ("E6", (Say(0, ("entries", 0, "postings", 0, "debit"), 1500), Say(0, ("entries", 0, "postings", 1, "debit"), -10000))),
        ("E6", (Say(0, ("entries", 0, "postings", 0, "treatment"), ""), Say(0, ("entries", 0, "postings", 1, "treatment"), "untaxed"))),
        ("E4", (Say(0, ("entries", 0, "postings", 0, "account"), "fees.other"),)),
    ],
)  # fmt: skip
def test_two_postings_of_one_line_are_told_apart(tmp_path: Path, equation: str, changes: tuple[Change, ...]) -> None:
    """Where one line is all the rows of two postings, what belongs to one is not found with the other."""
    write_all(tmp_path, change([the_old_version()], *changes))
    assert [finding.failure.equation for finding in judge(find([tmp_path])).failed] == [equation]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside the repository")
@pytest.mark.parametrize(
    ("name", "total"),
    [("50011020300", -32169), ("50018020314", -6231), ("50034020328", 101608), ("50044020356", 463023)],
)
def test_a_file_of_a_seller(name: str, total: int) -> None:
    """Real files come to what they declare."""
    reading = Reading(read_lines(read_blocks(SAMPLES / f"{name}.txt"), "utf-8"), 2)
    assert (reading.total, sum(amount for _, _, _, _, amount, _ in reading.rows())) == (total, total)
