"""The overview: whether anything needs a person, and whether the page can be believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crossdock.domain.desk import ORDERS_FLOW, ORDERS_SEARCH, AtStake, Backlog, CaseCount, HourCount, LastRun, RateLeft
from crossdock.domain.money import Money
from crossdock.domain.timeline import State
from crossdock.engine.schedule import INGEST
from crossdock.flows.ingest_orders import CURSOR
from crossdock.web import charts
from crossdock.web.overview import TITLES, Freshness, freshness, headline, owner_rows, reading, tightest
from tests.joined_twin import Stage
from tests.web.conftest import Rehearsed
from tests.web.visitor import open_desk, read

NOW = datetime(2026, 11, 20, 8, 15, tzinfo=UTC)


def test_the_names_are_those_of_the_engine() -> None:
    """The domain names the flow and its mark for the pages and the store; the engine and the flow mean the same."""
    assert (ORDERS_FLOW, ORDERS_SEARCH) == (INGEST, CURSOR)


def test_the_stalest_connection_speaks_for_all() -> None:
    """Late where one of them is late, not yet where one never ran; and how many are in time is said."""
    runs = [
        LastRun("eu", ORDERS_SEARCH, NOW - timedelta(seconds=90)),
        LastRun("us", ORDERS_SEARCH, NOW - timedelta(minutes=20)),
        LastRun("eu", "check_fence", NOW),
    ]
    flows = {
        flow.flow: flow
        for flow in freshness(
            ["eu", "us"], runs, [Backlog("eu", 2, NOW - timedelta(seconds=5)), Backlog("us", 0, None)], NOW
        )
    }
    read_from_amazon, brought, fence = flows["discover_orders"], flows[ORDERS_FLOW], flows["check_fence"]
    assert (read_from_amazon.word(), read_from_amazon.stalest, read_from_amazon.in_time) == ("late", "us", 1)
    assert (brought.word(), brought.age, brought.note) == ("in time", timedelta(seconds=5), "2 orders due")
    assert (fence.word(), fence.stalest, fence.in_time) == ("not yet", "us", 1)


def test_owners_with_overdue_cases_come_first() -> None:
    """Then by the nearest deadline, then those without one; kinds of several connections are counted together."""
    soon = NOW + timedelta(hours=1)
    counts = [
        CaseCount("eu", "finance", "order.total_mismatch", 9, 0, None),
        CaseCount("eu", "operations", "order.no_stock", 2, 1, NOW - timedelta(hours=1)),
        CaseCount("us", "operations", "order.no_stock", 1, 0, soon),
        CaseCount("eu", "catalogue", "order.unknown_sku", 1, 0, soon),
    ]
    rows = owner_rows(counts, [AtStake("finance", Money(5, "EUR")), AtStake("finance", Money(7, "GBP"))])
    assert [row.owner for row in rows] == ["operations", "catalogue", "finance"]
    assert rows[0].kinds == (("order.no_stock", 3),)
    assert rows[2].at_stake == (Money(5, "EUR"), Money(7, "GBP"))
    assert headline(rows, NOW) == "13 cases need a person, 1 past its deadline."
    assert headline(rows[1:], NOW) == "10 cases need a person; the next deadline is in 1 h."
    assert headline(rows[2:], NOW) == "9 cases need a person; none has a deadline."
    assert headline([], NOW) == "Nothing needs a person."


def test_the_tightest_rate_is_shown() -> None:
    """Of each operation the connection with the smallest share left."""
    rates = [
        RateLeft("eu", "getOrder", 10, 30, timedelta(seconds=2)),
        RateLeft("us", "getOrder", 9, 20, timedelta(seconds=2)),
        RateLeft("eu", "searchOrders", 0, 20, timedelta(minutes=3)),
    ]
    assert [(rate.operation, rate.connection_id) for rate in tightest(rates)] == [
        ("getOrder", "eu"),
        ("searchOrders", "eu"),
    ]


def test_an_hour_without_an_order_is_a_row_of_zeroes() -> None:
    """Twenty-four hours, always; who fulfils is not told has a column only where it happens."""
    chart = charts.orders_per_hour([HourCount(NOW.replace(minute=0), "AMAZON", State.IN_SYNC, 3)], NOW)
    assert (len(chart.rows), chart.rows[0][2], chart.rows[-1][2]) == (24, (0, 0), (0, 3))
    assert chart.rows[0][0] == "19 Nov, 09:00"
    odd = charts.standing([HourCount(NOW, "", State.CASE, 1)])
    assert (odd.series, odd.rows[0][2]) == (("FBM", "FBA", "not told"), (0, 0, 1))
    assert charts.standing([]).is_empty()


def test_what_is_late_is_said_as_what_is_being_done() -> None:
    """Every flow has its words for the sentence, and the names in them keep their capitals."""
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    flows = [Freshness(flow, title, minute, hour, "eu", 0, 1) for flow, title in TITLES.items()]
    assert reading(flows) == (
        "Late: reading orders from Amazon, bringing orders to commercetools, checking the FBA fence, proving closed days, "
        "erasing personal data, reading stock messages, bringing quantities to Amazon, looking through changed stock, "
        "looking through all stock, looking through all listings, following feeds to their end, fetching settlements, accruing months, "
        "looking through settled orders."
    )


def test_the_page_answers_in_its_order(rehearsed: Rehearsed) -> None:
    """Freshness, rates, cases with their money, the pictures with their tables, the days proven; a headline above."""
    page = read(rehearsed.visitor.get("/").text)
    assert page.find("h1")[0].text() == "14 cases need a person, 1 past its deadline."
    assert [one.text() for one in page.find("h2")] == [
        "Freshness",
        "Rate budget",
        "Cases by owner",
        "Orders per hour",
        "Where they stand",
        "Days proven",
    ]
    assert "searchOrders" in page.text()
    assert "GBP" in page.find("section", aria_labelledby="h-cases")[0].text()


def test_every_picture_has_its_table(rehearsed: Rehearsed) -> None:
    """The picture is drawn from the table beside it, which is there without any script; its sum is that of the headline."""
    page = read(rehearsed.visitor.get("/").text)
    places = [one for one in page.find("div") if one.attributes.get("class") == "chart"]
    tables = [page.find("table", id=one.attributes["data-from"])[0] for one in places]
    assert [len(table.find("tbody")[0].find("tr")) for table in tables] == [24, 4]
    drawn = [
        sum(int(cell.attributes["data-value"]) for cell in table.find("td") if "data-value" in cell.attributes)
        for table in tables
    ]
    assert drawn[0] == drawn[1]
    assert f"{drawn[0]} orders bought in the last 24 hours" in page.text()


def test_the_overview_refreshes_itself(rehearsed: Rehearsed) -> None:
    """By asking for the same page again and keeping what did not change; without script one reloads."""
    live = read(rehearsed.visitor.get("/").text).find("div", id="live")[0].attributes
    assert (live["hx-get"], live["hx-trigger"], live["hx-select"], live["hx-swap"]) == (
        "/",
        "every 5s",
        "#live",
        "outerMorph",
    )


def test_amazon_was_never_read(stage: Stage) -> None:
    """Before the first search the page says that it may be missing something."""
    page = read(open_desk(stage.database, stage.scene()).get("/").text).text()
    assert "Nothing needs a person. Amazon has not been read yet, so orders may be missing here." in page
    assert "No orders in the last 24 hours" in page
