"""The pages of settlements: the list with its calendar, one settlement down to its rows, one order's money, and what is downloaded."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from crossdock.domain.bridge import AccountSum, bridge_of
from crossdock.domain.desk import CaseCount
from crossdock.domain.ids import SettlementId
from crossdock.domain.settlement_desk import MONEY_FLOW, BooksCount, Period
from crossdock.engine.schedule import RECONCILE
from crossdock.joined_finance import JoinedFinance
from crossdock.web.books import panel_of
from crossdock.web.calendars import Calendar, calendar_of
from crossdock.web.pages import link
from crossdock.web.waterfall import draw
from tests.joined_twin import START, Scene, Stage
from tests.settlements import REAL, a_settlement, finance
from tests.web import test_structure as structure
from tests.web.hostile import TEXTS
from tests.web.visitor import Element, open_desk, read

ORDER = "302-0000001-0000001"
SALE = f"Order | {ORDER} | ItemPrice | Principal | 19.99"
TAX = f"Order | {ORDER} | ItemPrice | Tax | 3.80"
FEE = f"Order | {ORDER} | ItemFees | Commission | -3.00"
REFUND = f"Refund | {ORDER} | ItemPrice | Principal | -5.00"
ADS = "ServiceFee | | Cost of Advertising | TransactionTotalAmount | -2.50"
FIRST, SECOND = "28471003921", "28471003922"
OUR_SCRIPTS = ("htmx", "echarts", "desk.js")
MINUS = "\N{MINUS SIGN}"
# What a cell of a file can hold.
CELLS = {name: text for name, text in TEXTS.items() if text.isprintable() and len(text) < 1000}
real = pytest.mark.skipif(not REAL.is_dir(), reason="the samples of real settlements are not beside the checkout")


@pytest.fixture
def scene(stage: Stage) -> Scene:
    """A scene whose books are kept."""
    return stage.scene(finance=finance())


@pytest.fixture
def visitor(stage: Stage, scene: Scene) -> TestClient:
    """Somebody at the desk of it."""
    return open_desk(stage.database, scene)


def books_of(scene: Scene) -> JoinedFinance:
    """The books of a scene."""
    assert scene.joined.finance is not None
    return scene.joined.finance


def give(scene: Scene, content: bytes, name: str = "settlement.txt") -> None:
    """Import one file."""
    books_of(scene).import_file(BytesIO(content), name)


def page(visitor: TestClient, *path: str, **query: str | int | None) -> Element:
    """A page of settlements that is there."""
    answer = visitor.get(link("settlements", *path, **query))
    assert answer.status_code == 200, answer.text
    return read(answer.text)


def cents(text: str) -> int:
    """`1,234.50 EUR` as minor units."""
    return int(re.sub(r"[^\d-]", "", text.split(" ", maxsplit=1)[0].replace(MINUS, "-")))


def amounts(table: Element) -> dict[str, int]:
    """The amount of each row of a bridge by its name."""
    rows = table.find("tbody")[0].find("tr")
    return {row.find("th")[0].text(): cents(row.find("td", class_="number")[0].text()) for row in rows}


def walk(visitor: TestClient, address: str) -> list[Element]:
    """All pages of a list, from its first."""
    pages = [read(visitor.get(address).text)]
    while following := pages[-1].find("a", rel="next"):
        pages.append(read(visitor.get(following[0].attributes["href"]).text))
    return pages


def rows_of(pages: list[Element]) -> list[Element]:
    """The rows they show."""
    return [
        row for one in pages for table in one.find("table", class_="rows") for row in table.find("tbody")[0].find("tr")
    ]


# --- the list


def test_the_name_is_that_of_the_engine() -> None:
    """The pages name the flow as the engine does."""
    assert MONEY_FLOW == RECONCILE


def test_without_settlements_the_list_says_what_to_do(visitor: TestClient) -> None:
    """Which table of the policy, and which command."""
    said = page(visitor).find("main")[0].text()
    assert "[connection.finance]" in said
    assert "crossdock settlements import" in said
    assert not page(visitor).find("table")


def test_the_list_tells_of_each_settlement(scene: Scene, visitor: TestClient) -> None:
    """Period, total, rows, what is in suspense, state, open cases with money at stake, certificate; a held one its difference; the newest first."""
    give(scene, a_settlement(f"{SALE}\nOdd | | odd | odd | 1.00"))
    give(
        scene,
        a_settlement(
            SALE, settlement_id=SECOND, total="25.00", starts="2026-11-03 00:00:00 UTC", ends="2026-11-17 00:00:00 UTC"
        ),
    )
    held, booked = page(visitor).find("tbody")[-1].find("tr")
    mark = books_of(scene).sheets.certificates_up_to(FIRST)[0].mark
    assert [one.text() for one in held.find("td")] == [
        "3 Nov to 17 Nov 2026",
        "held off by 5.01 EUR 1 open case",
        "25.00 EUR declared",
        "1",
        "nothing",
        "1 5.01 EUR at stake",
        "none",
    ]
    assert [one.text() for one in booked.find("td")] == [
        "20 Oct to 3 Nov 2026",
        "booked",
        "20.99 EUR paid out",
        "2",
        "1.00 EUR",
        "none",
        mark,
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 2),
        ({"state": "booked"}, 1),
        ({"state": "held"}, 1),
        ({"state": "case"}, 1),
        ({"chain": "EUR Amazon.de"}, 1),
        ({"chain": "x"}, 0),
    ],
)
def test_the_list_is_filtered(scene: Scene, visitor: TestClient, query: dict[str, str], found: int) -> None:
    """By state, by open cases, by account."""
    give(scene, a_settlement(SALE))
    give(scene, a_settlement(SALE, settlement_id=SECOND, total="25.00"))
    lists = page(visitor, **query).find("div", class_="card list")
    assert sum(len(one.find("tbody")[0].find("tr")) for one in lists) == found


def test_the_list_is_paged(scene: Scene, visitor: TestClient) -> None:
    """Each of a hundred and one settlements that end at the same time is on one page, once."""
    now = scene.twin.world.clock.now()
    with scene.joined._database.transaction(["eu"]) as transaction:
        transaction.execute(
            """
            insert into settlements (connection_id, settlement_id, sha256, state, currency, starts_at, ends_at, total, row_count, facts, changed_at)
            select 'eu', 1000 + n, '', 'held', 'EUR', %s, %s, n, 1, '{}', %s from generate_series(1, 101) n
            """,
            [now - timedelta(days=14), now, now],
        )
    pages = walk(visitor, "/settlements")
    shown = [
        one.text()
        for each in pages
        for table in each.find("div", class_="card list")
        for one in table.find("a", class_="id")
    ]
    assert [len(each.find("div", class_="card list")[0].find("tbody")[0].find("tr")) for each in pages] == [50, 50, 1]
    assert sorted(shown) == sorted(str(1000 + n) for n in range(1, 102))


def test_a_settlement_is_found_by_its_id(scene: Scene, visitor: TestClient) -> None:
    """The search of every page leads to it, and to the money of an order that was never imported."""
    give(scene, a_settlement(SALE))
    found = [visitor.get(f"/orders?q={one}").headers["location"] for one in (FIRST, ORDER)]
    assert found == [f"/settlements/eu/{FIRST}", f"/orders/eu/{ORDER}/money"]


# --- the calendar


def period(
    name: str, first: int, days: int = 14, *, chain: str = "EUR Amazon.de", before: str = "", connection: str = "eu"
) -> Period:
    """A settlement that begins so many days after the first of January."""
    starts_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=first)
    return Period(connection, name, "booked", "EUR", chain, before, starts_at, starts_at + timedelta(days=days), 100)


def told(calendar: Calendar) -> list[tuple[str, list[str]]]:
    """Each account with its settlements, `-` for a gap."""
    return [(lane.name, [span.settlement_id or "-" for span in lane.spans]) for lane in calendar.lanes]


@pytest.mark.parametrize(
    ("periods", "lanes"),
    [
        ([], []),
        ([period("1", 0), period("2", 14)], [("EUR Amazon.de", ["1", "2"])]),
        ([period("1", 0), period("2", 28)], [("EUR Amazon.de", ["1", "-", "2"])]),
        (
            [
                period("1", 0),
                period("2", 0, chain="EUR Amazon.fr"),
                period("3", 14, before="1"),
                period("4", 14, before="2", chain="EUR Amazon.fr"),
            ],
            [("EUR Amazon.de", ["1", "3"]), ("EUR Amazon.fr", ["2", "4"])],
        ),
        ([period("1", 0, chain="EUR"), period("2", 28)], [("EUR Amazon.de", ["1", "-", "2"])]),
        ([period("1", 0), period("2", 7, chain="")], [("EUR", ["2"]), ("EUR Amazon.de", ["1"])]),
        ([period("1", 0), period("2", 14, connection="us")], [("EUR Amazon.de", ["1"]), ("EUR Amazon.de", ["2"])]),
        ([period("1", 0), period("2", 1000)], [("EUR Amazon.de", ["2"])]),
    ],
    ids=[
        "none",
        "one after the other",
        "a gap",
        "two marketplaces",
        "without a marketplace",
        "held over another",
        "two connections",
        "long ago",
    ],
)
def test_periods_are_laid_out_by_account(periods: list[Period], lanes: list[tuple[str, list[str]]]) -> None:
    """What follows each other is one account, and what is missing between is a gap, whatever order they come in."""
    assert told(calendar_of(periods)) == told(calendar_of(periods[::-1])) == lanes


def test_the_calendar_is_to_scale() -> None:
    """Spans touch, fill the picture from end to end, and are as wide as they are long."""
    [lane] = calendar_of([period("1", 0), period("2", 28, 28)]).lanes
    assert [(span.kind, span.x, span.width) for span in lane.spans] == [
        ("booked", 0, 25),
        ("gap", 25, 25),
        ("booked", 50, 50),
    ]


def test_a_gap_is_seen_and_named(scene: Scene, visitor: TestClient) -> None:
    """In the picture, in words, and in the table; each period leads to its settlement."""
    give(scene, a_settlement(SALE))
    give(
        scene,
        a_settlement(
            SALE,
            settlement_id=SECOND,
            starts="2026-11-07 00:00:00 UTC",
            ends="2026-11-21 00:00:00 UTC",
            posted_date_time="2026-11-08 10:00:00 UTC",
        ),
    )
    shown = page(visitor)
    [gap] = shown.find("g", class_="gap")
    assert gap.text() == "Nothing from 3 Nov to 7 Nov 2026: 4 days without a settlement"
    assert shown.find("p", class_="gap-name")[0].text() == f"{gap.text()}, EUR Amazon.de"
    assert shown.find("svg", class_="strip")[0].links() == [f"/settlements/eu/{FIRST}", f"/settlements/eu/{SECOND}"]
    assert [row.find("td")[0].text() for row in shown.find("table", id="table-calendar")[0].find("tr")[1:]] == [
        SECOND,
        "none: a gap",
        FIRST,
    ]
    assert "2 settlements of 1 account, 1 gap" in shown.text()


# --- one settlement


def test_the_page_shows_how_it_adds_up(scene: Scene, visitor: TestClient) -> None:
    """Rows and declared total, the file as it was received, its certificate and the one before; entries whose debits are their credits, with names."""
    give(scene, a_settlement(SALE))
    give(
        scene,
        a_settlement(
            f"{SALE}\n{FEE}\n{ADS}",
            settlement_id=SECOND,
            starts="2026-11-03 00:00:00 UTC",
            ends="2026-11-17 00:00:00 UTC",
            posted_date_time="2026-11-08 10:00:00 UTC",
        ),
        "my file.txt",
    )
    shown = page(visitor, "eu", SECOND)
    total, proof = (shown.find("section", aria_labelledby=name)[0].text() for name in ("h-total", "h-proof"))
    first, second = books_of(scene).sheets.certificates_up_to(SECOND)
    assert "3 rows14.49 EUR" in total
    assert "Declared total14.49 EUR" in total
    assert f"Follows{FIRST}" in total
    assert all(
        text in proof
        for text in ("Number 2", second.mark, second.sha256, first.sha256, "my file.txt", "V2, utf-8", "5 lines 3 rows")
    )
    assert [
        [one.text() for one in row.all() if one.tag in {"th", "td"}]
        for row in shown.find("table", class_="entry")[0].find("tr")[1:]
    ] == [
        ["Advertising fees.advertising Amazon.de", "Amazon.de", "2.50", "", "1"],
        ["Referral and selling fees fees.selling Amazon.de", "Amazon.de", "3.00", "", "1"],
        ["Sales of goods sales.product Amazon.de, no tax told", "Amazon.de, no tax told", "", "19.99", "1"],
        ["Amazon payouts in transit (bank clearing) clearing.bank", "\N{EN DASH}", "14.49", "", "booked"],
        ["Together", "", "19.99", "19.99", ""],
    ]


def test_an_accepted_difference_is_told(scene: Scene, visitor: TestClient) -> None:
    """With its reason, in the control total and as a step of the bridge, which meets the declared total."""
    give(scene, a_settlement(SALE, total="25.00"))
    books_of(scene).accept(SettlementId(FIRST), "5.01", "Amazon case 123")
    shown = page(visitor, "eu", FIRST)
    assert (
        "Accepted difference, in suspense Amazon case 1235.01 EUR"
        in shown.find("section", aria_labelledby="h-total")[0].text()
    )
    assert amounts(shown.find("table", class_="bridge")[0]) == {
        "Sales": 1999,
        "Accepted difference": 501,
        "Paid out": 2500,
    }


def test_a_held_settlement_says_what_is_missing(scene: Scene, visitor: TestClient) -> None:
    """Declared, in the rows, and the difference, with the case's first step; nothing of it is booked, so there is no bridge and no entry."""
    give(scene, a_settlement(SALE, total="25.00"))
    shown = page(visitor, "eu", FIRST)
    said = shown.text()
    assert "Amazon declares 25.00 EUR, and its rows come to 19.99 EUR. They are off by 5.01 EUR." in said
    assert "First step." in said
    assert (shown.find("table", class_="bridge"), shown.find("table", class_="entry")) == ([], [])
    assert "Nothing of this settlement is booked" in page(visitor, "eu", FIRST, "rows").text()
    assert visitor.get(f"/settlements/eu/{FIRST}/certificate").status_code == 404
    assert visitor.get(f"/settlements/eu/{FIRST}/file").content == a_settlement(SALE, total="25.00")


def test_each_step_of_the_bridge_opens_its_rows(scene: Scene, visitor: TestClient) -> None:
    """The steps are the payout, and the rows behind each step are the step, to the cent."""
    give(scene, a_settlement(f"{SALE}\n{TAX}\n{FEE}\n{REFUND}\n{ADS}\n{SALE}"))
    table = page(visitor, "eu", FIRST).find("table", class_="bridge")[0]
    steps = amounts(table)
    behind = {each: rows_of([read(visitor.get(each).text)]) for each in table.links()}
    sums = [sum(cents(row.find("td", class_="number")[0].text()) for row in rows) for rows in behind.values()]
    assert steps == {
        "Sales": 3998,
        "Refunds": -500,
        "Tax collected": 380,
        "Selling fees": -300,
        "Advertising": -250,
        "Paid out": 3328,
    }
    assert list(steps.values()) == sums
    assert sum(sums[:-1]) == sums[-1]


def test_a_line_of_an_entry_opens_its_groups_and_they_their_rows(scene: Scene, visitor: TestClient) -> None:
    """Line by line down to what the file says: line, order, SKU, when it was posted."""
    give(scene, a_settlement(f"{SALE}\n{SALE} | fulfillment-id=MFN | sku=MUG-RED\n{FEE}"))
    lines = page(visitor, "eu", FIRST).find("table", class_="entry")[0]
    sales = read(visitor.get(lines.find("a")[2].attributes["href"]).text)
    groups = sales.find("table", class_="groups")[0]
    shipped = rows_of([read(visitor.get(groups.links()[1]).text)])
    assert sales.find("h1")[0].text() == "Entry 1, sales.product"
    assert [row.find("td")[2].text() for row in groups.find("tr")[1:]] == ["1", "1"]
    assert len(rows_of([sales])) == 2
    assert [[one.text() for one in row.find("td")] for row in shipped] == [
        ["4", "MUG-RED", "Order / ItemPrice / Principal", "21 Oct 2026, 10:00:00", "19.99 EUR"]
    ]
    assert shipped[0].links() == [f"/orders/eu/{ORDER}/money"]


def test_rows_are_paged_in_the_order_of_the_file(scene: Scene, visitor: TestClient) -> None:
    """Of ten thousand rows each that belongs to a rare group is on one page, once, and the pages say where one is."""
    lines = [ADS if n % 80 == 79 else SALE for n in range(10_000)]
    give(scene, a_settlement("\n".join(lines)))
    pages = walk(visitor, link("settlements", "eu", FIRST, "rows", bar="advertising"))
    numbers = [int(row.find("td")[0].text().replace(",", "")) for row in rows_of(pages)]
    assert numbers == [n + 3 for n in range(10_000) if n % 80 == 79]
    assert [one.find("section", aria_labelledby="h-rows")[0].find("h2")[0].text()[:20] for one in pages] == [
        "Rows 1 to 50 of 125,",
        "Rows 51 to 100 of 12",
        "Rows 101 to 125 of 1",
    ]


@real
def test_all_rows_of_a_real_settlement_are_shown(scene: Scene, visitor: TestClient) -> None:
    """575 amounts of an archived file, whose lines give several each: walked page by page they are the payout, in order, none twice."""
    give(scene, (REAL / "50044020356.txt").read_bytes())
    rows = rows_of(walk(visitor, "/settlements/eu/24495221541/rows"))
    numbers = [int(row.find("td")[0].text().replace(",", "")) for row in rows]
    assert (len(rows), sum(cents(row.find("td", class_="number")[0].text()) for row in rows)) == (575, 463023)
    assert all(one <= other for one, other in pairwise(numbers))


@real
def test_bridges_of_real_settlements(scene: Scene, visitor: TestClient) -> None:
    """Four real settlements: each bridge ends at what Amazon declared, below zero too."""
    give(scene, (REAL / "50011020300.txt").read_bytes())
    give(scene, (REAL / "50018020314.txt").read_bytes())
    give(scene, (REAL / "50034020328.txt").read_bytes())
    give(scene, (REAL / "50044020356.txt").read_bytes())
    settlements = [row.settlement_id for row in books_of(scene).sheets.settlements(9)]
    steps = [list(amounts(page(visitor, "eu", one).find("table", class_="bridge")[0]).items()) for one in settlements]
    assert [each[-1] for each in steps] == [
        ("Paid out", 463023),
        ("Paid out", 101608),
        ("Owed to Amazon", -6231),
        ("Owed to Amazon", -32169),
    ]
    assert [sum(amount for _, amount in each[:-1]) for each in steps] == [463023, 101608, -6231, -32169]


def test_a_waterfall_is_to_scale() -> None:
    """Each step begins where the one before ended; below zero it goes to the left of zero."""
    steps = draw(bridge_of([AccountSum("sales.product", 300, 1), AccountSum("fees.selling", -400, 1)]), "EUR", "Owed")
    assert [(step.kind, step.x, step.width) for step in steps.steps] == [
        ("up", 25, 75),
        ("down", 0, 100),
        ("owed", 0, 25),
    ]
    assert steps.zero == 25


# --- downloads


def test_the_file_and_the_certificate_are_downloaded_as_they_are(scene: Scene, visitor: TestClient) -> None:
    """Byte by byte, under a plain name, and no browser guesses what they are."""
    content = a_settlement(SALE)
    give(scene, content, '../=evil"name.html')
    file, certificate = (visitor.get(f"/settlements/eu/{FIRST}/{what}") for what in ("file", "certificate"))
    kept = books_of(scene).sheets.certificates_up_to(FIRST)[0]
    assert (file.content, hashlib.sha256(certificate.content).hexdigest()) == (content, kept.sha256)
    assert json.loads(certificate.content)["settlement"]["settlement_id"] == FIRST
    assert file.headers["content-length"] == str(len(content))
    assert [one.headers["content-disposition"] for one in (file, certificate)] == [
        f'attachment; filename="{FIRST}.txt"',
        f'attachment; filename="00001-{FIRST}.json"',
    ]
    assert file.headers["content-type"] == "application/octet-stream"
    assert {one.headers["x-content-type-options"] for one in (file, certificate)} == {"nosniff"}


# --- one order's money


def test_the_money_of_an_order_over_all_settlements(scene: Scene, visitor: TestClient) -> None:
    """Sold in one settlement, refunded in the next: what is left, and each row with its settlement."""
    give(scene, a_settlement(f"{SALE}\n{FEE}\n{SALE.replace('0000001-', '0000002-')}"))
    give(
        scene,
        a_settlement(
            REFUND,
            settlement_id=SECOND,
            starts="2026-11-03 00:00:00 UTC",
            ends="2026-11-17 00:00:00 UTC",
            posted_date_time="2026-11-08 10:00:00 UTC",
        ),
    )
    shown = read(visitor.get(f"/orders/eu/{ORDER}/money").text)
    assert amounts(shown.find("table", class_="bridge")[0]) == {
        "Sales": 1999,
        "Refunds": -500,
        "Selling fees": -300,
        "Paid out for this order": 1199,
    }
    assert [row.find("td", class_="wide")[-1].text() for row in rows_of([shown])] == [
        f"{FIRST} line 3",
        f"{FIRST} line 4",
        f"{SECOND} line 3",
    ]
    assert "3 rows of 2 settlements. The order itself is not in the inbox" in shown.text()


def test_the_page_of_an_order_has_its_money(scene: Scene, visitor: TestClient) -> None:
    """In short, and a way to each row; rows lead back to the order; an order without rows has no such section."""
    paid, unpaid = (scene.merchant.buy(fulfilled_by="MERCHANT", settled=True) for _ in range(2))
    scene.after(minutes=5).run()
    now = scene.twin.world.clock.now()
    give(
        scene,
        a_settlement(
            f"Order | {paid} | ItemPrice | Principal | 19.99",
            starts=f"{now:%Y-%m-%d} 00:00:00 UTC",
            ends=f"{now:%Y-%m-%d} 23:59:59 UTC",
            posted_date_time=f"{now:%Y-%m-%d} 10:00:00 UTC",
        ),
    )
    order = read(visitor.get(f"/orders/eu/{paid}").text)
    assert amounts(order.find("table", class_="bridge")[0]) == {"Sales": 1999, "Paid out for this order": 1999}
    assert f"/orders/eu/{paid}/money" in order.links()
    assert read(visitor.get(f"/orders/eu/{unpaid}").text).find("table", class_="bridge") == []
    assert rows_of([page(visitor, "eu", FIRST, "rows")])[0].links() == [f"/orders/eu/{paid}"]
    assert f"/orders/eu/{paid}" in read(visitor.get(f"/orders/eu/{paid}/money").text).links()


# --- cases and the overview


def test_cases_lead_to_their_settlement(scene: Scene, visitor: TestClient) -> None:
    """That of a settlement, and that of a label, whose settlement shows it too."""
    give(scene, a_settlement(f"{SALE}\nOdd | | odd | odd | 1.00"))
    give(scene, a_settlement(SALE, settlement_id=SECOND, total="25.00"))
    label, held = (
        read(visitor.get(f"/cases/{number}").text).find("section", aria_labelledby="h-record")[0] for number in (1, 2)
    )
    assert (label.links(), held.links()) == ([f"/settlements/eu/{FIRST}"], [f"/settlements/eu/{SECOND}"])
    assert "Of label odd / odd / odd" in label.text()
    assert f"/settlements/eu/{SECOND}" in read(visitor.get("/cases").text).links()
    assert "/cases/1" in page(visitor, "eu", FIRST).links()


def test_a_case_of_a_file_that_is_not_booked_leads_nowhere(scene: Scene, visitor: TestClient) -> None:
    """It says what it is about, and promises no page."""
    with pytest.raises(Exception, match="column total-amount"):
        give(scene, a_settlement(SALE).replace(b"19.99", b"1.999"))
    record = read(visitor.get("/cases/1").text).find("section", aria_labelledby="h-record")[0]
    assert record.links() == ["/settlements?connection=eu"]
    assert "of which nothing is booked" in record.text()


def test_the_overview_has_the_books_in_short(scene: Scene, visitor: TestClient) -> None:
    """The newest settlement, when the next should come, what is in suspense, open cases, what is held; nothing where no books are kept."""
    assert not read(visitor.get("/").text).find("section", aria_labelledby="h-books")
    give(scene, a_settlement(f"{SALE}\nOdd | | odd | odd | 1.00"))
    give(scene, a_settlement(SALE, settlement_id=SECOND, total="25.00", ends="2026-11-01 00:00:00 UTC"))
    [panel] = read(visitor.get("/").text).find("section", aria_labelledby="h-books")
    assert (
        panel.text()
        == "Settlements Newest20.99 EUR until 3 Nov 2026 Next expected17 Nov 2026 late In suspense1.00 EUR Open cases2 cases 1 held"
    )
    assert f"/settlements/eu/{FIRST}" in panel.links()


@pytest.mark.parametrize(("after", "is_late"), [(timedelta(days=2), False), (timedelta(days=4), True)])
def test_the_next_settlement_is_late_after_three_days(after: timedelta, is_late: bool) -> None:  # noqa: FBT001 - a column of the table
    """A report takes a day or two; of several connections the one that is due first counts."""
    one = BooksCount("eu", FIRST, "EUR", 100, START - timedelta(days=14), START, 0, (("EUR", 5),))
    other = BooksCount("us", SECOND, "USD", 100, START, START + timedelta(days=14), 1, (("EUR", -5), ("USD", 7)))
    cases = [
        CaseCount("eu", "finance", "settlement.gap", 2, 0, None),
        CaseCount("eu", "x", "order.no_stock", 1, 0, None),
    ]
    panel = panel_of([one, other], cases, START + timedelta(days=14) + after)
    assert panel is not None
    assert (panel.is_late, panel.newest, panel.cases, panel.owner, panel.held) == (is_late, other, 2, "finance", 1)
    assert [str(each) for each in panel.suspense] == ["0.07 USD"]


# --- what must not happen


def all_pages(visitor: TestClient) -> list[str]:
    """Every page about the first settlement, and about its order."""
    paths = (
        "/settlements",
        f"/settlements/eu/{FIRST}",
        f"/settlements/eu/{FIRST}/rows",
        f"/orders/eu/{ORDER}/money",
        "/cases",
        "/cases/1",
        "/",
    )
    return [visitor.get(path).text for path in paths]


@pytest.mark.parametrize("text", CELLS.values(), ids=CELLS.keys())
def test_hostile_text_stays_text(scene: Scene, visitor: TestClient, text: str) -> None:
    """In labels, SKUs, marketplaces and file names: shown as it came, and no script, handler, style or foreign address comes out of it."""
    row = f"Order | {ORDER} | ItemPrice | {{text}} | 19.99".replace("{text}", text)
    give(scene, a_settlement(row, sku=text, marketplace_name=text), f"{text}.txt")
    htmls = all_pages(visitor)
    elements = [element for html in htmls for element in read(html).all()]
    assert all(any(name in one.attributes["src"] for name in OUR_SCRIPTS) for one in elements if one.tag == "script")
    assert not [one for one in elements if one.tag in {"b", "style", "iframe", "object"}]
    assert not [name for one in elements for name in one.attributes if name.startswith("on") or name == "style"]
    assert {one.attributes["href"][:1] for one in elements if one.tag == "a"} <= {"/", "#", "?"}
    assert all(text in read(html).raw_text() for html in htmls[1:3])


@pytest.mark.parametrize(
    "path",
    [
        f"settlements/eu/{FIRST}",
        f"settlements/eu/{FIRST}/rows",
        f"settlements/eu/{FIRST}/file",
        f"settlements/eu/{FIRST}/certificate",
        f"orders/eu/{ORDER}/money",
        "settlements?connection=eu",
    ],
)
def test_another_connections_money_does_not_exist(stage: Stage, scene: Scene, path: str) -> None:
    """Who may see one connection sees neither page nor file nor figure of another, by whatever address."""
    other = stage.scene(connection_id="us", finance=finance())
    give(scene, a_settlement(SALE))
    give(other, a_settlement(FEE.replace("0000001-", "0000002-"), settlement_id=SECOND))
    both, theirs = open_desk(stage.database, scene, other), open_desk(stage.database, scene, other, see=("us",))
    assert (both.get(f"/{path}").status_code, theirs.get(f"/{path}").status_code) == (200, 404)
    assert theirs.get(f"/{path.replace('eu', 'us')}").status_code == (200 if "?" in path else 404)
    assert FIRST not in theirs.get("/settlements").text
    assert FIRST not in theirs.get("/").text


def test_the_same_settlement_of_two_connections_is_two(stage: Stage, scene: Scene) -> None:
    """Each page has its own rows; the list tells them apart."""
    other = stage.scene(connection_id="us", finance=finance())
    give(scene, a_settlement(SALE))
    give(other, a_settlement(f"{SALE}\n{FEE}"))
    both = open_desk(stage.database, scene, other)
    assert [len(rows_of([page(both, one, FIRST, "rows")])) for one in ("eu", "us")] == [1, 2]
    assert page(both).find("div", class_="card list")[0].text().count("EUR Amazon.de, ") == 2
    assert "2 settlements of 2 accounts" in page(both).text()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("settlements?state=odd", 400),
        ("settlements?after=yesterday", 400),
        ("settlements?after=2026-11-20~eu~1", 400),
        ("settlements?chain=%00", 200),
        ("settlements?connection=nobody", 404),
        ("settlements/eu/%00", 404),
        ("settlements/eu/1", 404),
        ("settlements/nobody/1", 404),
        (f"settlements/eu/{FIRST}/rows?bar=odd", 400),
        (f"settlements/eu/{FIRST}/rows?group=99", 400),
        (f"settlements/eu/{FIRST}/rows?entry=1", 400),
        (f"settlements/eu/{FIRST}/rows?after=1~2", 400),
        (f"settlements/eu/{FIRST}/rows?after=99999999999~1~1", 400),
        (f"settlements/eu/{FIRST}/rows?after=999999999~1~1", 200),
        ("orders/eu/302-0000009-0000009/money", 404),
        (f"orders/eu/{quote(chr(0))}/money", 404),
        ("orders/eu/odd/money", 404),
    ],
)
def test_odd_addresses_are_answered(scene: Scene, visitor: TestClient, path: str, status: int) -> None:
    """An address that means nothing says so; what a database would refuse never reaches it."""
    give(scene, a_settlement(SALE))
    assert visitor.get(f"/{path}").status_code == status


@pytest.mark.parametrize(
    "check", [structure.test_landmarks, structure.test_headings, structure.test_names, structure.test_tables]
)
def test_pages_are_whole_for_who_hears_them(scene: Scene, visitor: TestClient, check: object) -> None:
    """Landmarks, headings, names and tables, as on every page of the desk."""
    assert callable(check)
    give(scene, a_settlement(f"{SALE}\n{FEE}\nOdd | | odd | odd | 1.00"))
    give(
        scene,
        a_settlement(
            SALE, settlement_id=SECOND, total="25.00", starts="2026-11-07 00:00:00 UTC", ends="2026-11-17 00:00:00 UTC"
        ),
    )
    paths = [
        f"/settlements/eu/{SECOND}",
        f"/settlements/eu/{FIRST}/rows?bar=sales",
        "/settlements?state=held",
        "/cases/2",
    ]
    assert [check(read(html)) for html in (*all_pages(visitor), *(visitor.get(path).text for path in paths))] == [
        None
    ] * 11
