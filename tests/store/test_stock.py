"""The store of stock: the newest version of a line wins, a sale is counted together with its record or not at all, and what is over is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest

from crossdock.domain import on_sale
from crossdock.domain.demand import prior, sold
from crossdock.domain.ids import AmazonOrderId, OrderItemId, SellerSku
from crossdock.domain.stock_record import SentSet, Shown, SoldLine, StockRecord
from crossdock.errors import Conflict
from crossdock.store.database import Database, rows_of
from crossdock.store.stock import StockStore

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
MUG, TEA = SellerSku("MUG-BLUE"), SellerSku("TEA-GREEN")
SHIPPED_BY_US = StockRecord(fulfilled_by="MERCHANT")

_numbers = count(1)


@pytest.fixture
def stock(shared_database: Database) -> StockStore:
    """The stock of a connection of this test's own."""
    return StockStore(shared_database, f"eu-{next(_numbers)}")


def a_line(order_id: str = "302-1", item_id: str = "1", *, sku: str = MUG, units: int = 2, **more: Any) -> SoldLine:
    """A line of two mugs, ordered and told of now."""
    usual: dict[str, Any] = {"ordered": 2, "made_at": NOW, "told_at": NOW, "final": False}
    return SoldLine(AmazonOrderId(order_id), OrderItemId(item_id), SellerSku(sku), units=units, **usual | more)


def later(line: SoldLine, minutes: float = 5, **changed: Any) -> SoldLine:
    """The same line in a newer version of its order."""
    return replace(line, told_at=line.told_at + timedelta(minutes=minutes), **changed)


def rows(stock: StockStore, statement: str) -> list[dict[str, Any]]:
    """Rows of this connection."""
    with stock._database.transaction([stock._connection_id]) as transaction:
        return rows_of(transaction.execute(statement.encode()))


def a_full_record() -> StockRecord:
    """A record in which nothing is left at its beginning."""
    state = on_sale.sold(on_sale.sent(on_sale.OnSale(read_at_s=NOW.timestamp() - 60), 7, NOW.timestamp()), 1, 0.0)
    return StockRecord(
        on_sale=on_sale.cancelled(on_sale.sent(state, 0, NOW.timestamp() + 1), 1),
        fulfilled_by="MERCHANT",
        shown=Shown(7, NOW),
        sent=SentSet(7, NOW, "feed", "sub-1"),
        unshown=1,
        foreign_until=NOW + timedelta(hours=1),
        read_wanted=True,
        demand=sold(prior(12.0, 3.0), 2, NOW.timestamp()),
        looked_at=NOW,
        available=-3,
    )


# --- lines


def test_first_news_of_a_line_is_news_and_its_repeat_is_none(stock: StockStore) -> None:
    """The SKUs are told once each, in the order in which they were met; the same page again tells nothing and changes nothing."""
    lines = [a_line("302-2", sku=TEA), a_line("302-1"), a_line("302-1", "2"), a_line("302-3", sku=TEA)]

    first, again = stock.note(lines), stock.note(lines)

    assert (first, again) == ([MUG, TEA], [])
    assert [len(found) for found in stock.lines([MUG, TEA]).values()] == [2, 2]


def test_nothing_to_note_is_no_news(stock: StockStore) -> None:
    """A page without orders asks the database nothing."""
    assert stock.note([]) == []


def test_newest_version_wins_whatever_comes_first(stock: StockStore) -> None:
    """An older version that arrives late replaces no newer one, and is no news."""
    line = a_line()
    newer = later(line, units=1)

    news = [stock.note([newer]), stock.note([line]), stock.note([later(newer, units=0, final=True)])]

    assert news == [[MUG], [], [MUG]]
    assert [(kept.units, kept.final) for kept in stock.lines([MUG])[MUG]] == [(0, True)]


@pytest.mark.parametrize("turned", [1, -1])
def test_page_may_hold_two_versions_of_one_order(stock: StockStore, turned: int) -> None:
    """Whichever stands first, the newer one is kept and its SKU is told once."""
    line = a_line()

    news = stock.note([line, later(line, units=1)][::turned])

    assert news == [MUG]
    assert [kept.units for kept in stock.lines([MUG])[MUG]] == [1]


def test_news_keep_what_is_counted_and_when_it_was_ordered(stock: StockStore) -> None:
    """A newer version says how many are sold, never how many the hold knows of, nor another time of the order."""
    line = a_line()
    stock.note([line])
    stock.save(MUG, SHIPPED_BY_US, NOW, counted=[line])

    stock.note([later(line, units=0, made_at=NOW + timedelta(days=1))])

    assert [(kept.units, kept.counted, kept.made_at) for kept in stock.lines([MUG])[MUG]] == [(0, 2, NOW)]


def test_lines_come_back_as_they_were_noted_the_oldest_first(stock: StockStore) -> None:
    """By the time of the order, then by its number and line; only of the SKUs that were asked for."""
    early = a_line("302-9", made_at=NOW - timedelta(hours=1))
    lines = [a_line("302-2", "2"), a_line("302-2", "1"), early, a_line("302-1"), a_line("302-4", sku=TEA)]
    stock.note(lines)

    found = stock.lines([MUG])

    assert found == {MUG: [early, a_line("302-1"), a_line("302-2", "1"), a_line("302-2", "2")]}


# --- records


def test_record_comes_back_as_it_was_saved(stock: StockStore) -> None:
    """Every field, to the last digit of a time or a rate; a SKU that was never looked at is missing."""
    record = a_full_record()

    held = stock.save(MUG, SHIPPED_BY_US, NOW)
    stock.save(MUG, replace(record, version=held.version), NOW)

    assert stock.find([MUG, TEA]) == {MUG: record}


def test_record_and_what_it_counts_are_saved_together(stock: StockStore) -> None:
    """After a save the hold has the units and the line says so."""
    line, other = a_line(), a_line("302-2")
    stock.note([line, other])

    stock.save(MUG, a_full_record(), NOW, counted=[line])

    assert [kept.counted for kept in stock.lines([MUG])[MUG]] == [2, 0]
    assert stock.find([MUG])[MUG] == a_full_record()


def test_count_that_cannot_be_written_leaves_the_record_as_it_was(stock: StockStore) -> None:
    """One transaction: what breaks between the two leaves neither, so that no sale is counted without its record, or twice."""
    line = a_line()
    stock.note([line])
    held = stock.save(MUG, SHIPPED_BY_US, NOW)

    with pytest.raises(psycopg.errors.DataError):
        stock.save(MUG, replace(a_full_record(), version=held.version), NOW, counted=[replace(line, units=2**40)])

    assert stock.find([MUG]) == {MUG: SHIPPED_BY_US}
    assert [kept.counted for kept in stock.lines([MUG])[MUG]] == [0]


def test_what_is_counted_is_the_version_that_was_read(stock: StockStore) -> None:
    """A newer version that arrives during a run is not counted by it: the next run sees the difference."""
    line = a_line()
    stock.note([line])
    stock.note([later(line, units=1)])

    stock.save(MUG, SHIPPED_BY_US, NOW, counted=[line])

    assert [(kept.units, kept.counted) for kept in stock.lines([MUG])[MUG]] == [(1, 2)]


def test_view_stays_until_another_is_given(stock: StockStore) -> None:
    """A save in the middle of a run does not take away what the desk shows."""
    held = stock.save(MUG, SHIPPED_BY_US, NOW)
    at_first = rows(stock, "select view from stock")
    held = stock.save(MUG, held, NOW, view={"exposure": 3, "reason": "sent"})
    stock.save(MUG, replace(a_full_record(), version=held.version), NOW + timedelta(seconds=1))

    assert at_first == [{"view": {}}]
    assert rows(stock, "select view, changed_at from stock") == [
        {"view": {"exposure": 3, "reason": "sent"}, "changed_at": NOW + timedelta(seconds=1)}
    ]


@pytest.mark.parametrize(("fulfilled_by", "listed"), [("MERCHANT", 0), ("AMAZON", None), ("", None)])
def test_only_what_the_merchant_ships_is_listed(stock: StockStore, fulfilled_by: str, listed: int | None) -> None:
    """A SKU that Amazon ships, or that was never asked for, has no listed quantity of ours."""
    stock.save(MUG, StockRecord(fulfilled_by=fulfilled_by), NOW)

    assert rows(stock, "select listed from stock") == [{"listed": listed}]


def test_reading_that_is_wanted_is_noted_in_the_record_and_nothing_else(stock: StockStore) -> None:
    """A person asks for one SKU, twice: only its own record says so, and all the rest of it stays."""
    quiet = replace(a_full_record(), read_wanted=False)
    stock.save(MUG, quiet, NOW)
    stock.save(TEA, quiet, NOW)

    stock.want_reading([MUG])
    stock.want_reading([MUG, SellerSku("NEVER-SEEN")])

    assert stock.find([MUG, TEA]) == {MUG: replace(quiet, read_wanted=True), TEA: quiet}
    assert stock.find([SellerSku("NEVER-SEEN")]) == {}


def test_record_that_has_moved_is_not_overwritten(stock: StockStore) -> None:
    """Of two runs from one record the later is a Conflict, counts nothing, and the hold of the first stays; so is one that a wish to read overtook."""
    line = a_line()
    stock.note([line])
    before = stock.save(MUG, SHIPPED_BY_US, NOW)
    sent = stock.save(MUG, replace(before, on_sale=on_sale.sent(before.on_sale, 7, 1.0)), NOW)

    with pytest.raises(Conflict):
        stock.save(MUG, before, NOW, counted=[line])
    stock.want_reading([MUG])
    with pytest.raises(Conflict):
        stock.save(MUG, sent, NOW)

    assert stock.find([MUG]) == {MUG: replace(sent, read_wanted=True)}
    assert [kept.counted for kept in stock.lines([MUG])[MUG]] == [0]


def test_of_two_versions_of_one_moment_the_one_with_fewer_units_is_newer(stock: StockStore) -> None:
    """An order made and cancelled in the same second is cancelled, whichever version comes last."""
    line = a_line()
    over = replace(line, units=0, final=True)

    news = [stock.note([line]), stock.note([over]), stock.note([line])]

    assert news == [[MUG], [MUG], []]
    assert [(kept.units, kept.final) for kept in stock.lines([MUG])[MUG]] == [(0, True)]


# --- what is over


def test_settled_line_is_never_seen_again(stock: StockStore) -> None:
    """It and no other; settling it again, or a late repeat of its news, brings nothing back to be claimed once more."""
    line, other = a_line(final=True), a_line("302-1", "2")
    stock.note([line, other])

    stock.settle([line])
    stock.settle([line])
    stock.note([line, later(line)])

    assert stock.lines([MUG]) == {MUG: [other]}


def test_settling_needs_both_numbers_of_a_line(stock: StockStore) -> None:
    """The same item number in another order is another line."""
    stock.note([a_line("302-1", "1"), a_line("302-2", "1"), a_line("302-2", "2")])

    stock.settle([a_line("302-1", "1"), a_line("302-2", "2")])

    assert stock.lines([MUG]) == {MUG: [a_line("302-2", "1")]}


# --- whose it is


def test_two_connections_have_stocks_of_their_own(stock: StockStore) -> None:
    """The same SKU, order and line in both: what one notes, saves, asks for and settles is not the other's."""
    other = StockStore(stock._database, f"{stock._connection_id}-2")
    line = a_line()
    news = stock.note([line]), other.note([line])
    other.save(MUG, SHIPPED_BY_US, NOW)

    stock.save(MUG, a_full_record(), NOW, counted=[line])
    stock.want_reading([MUG])
    stock.settle([line])

    assert news == ([MUG], [MUG])
    assert (stock.lines([MUG]), other.lines([MUG])) == ({}, {MUG: [line]})
    assert (stock.find([MUG]), other.find([MUG])) == ({MUG: a_full_record()}, {MUG: SHIPPED_BY_US})
