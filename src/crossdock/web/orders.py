"""Orders: the list, found by id or by state, and the page of one order."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.desk import IDS_MAX, PAGE_ROWS, OrderFilter, OrderRow, OrderSheet, StockFilter
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.order import FulfilledBy
from crossdock.domain.settlement_desk import SettlementFilter
from crossdock.domain.timeline import State
from crossdock.errors import RemoteError, Unauthorized
from crossdock.web import sides
from crossdock.web.amounts import parts_of
from crossdock.web.order_money import sums_of
from crossdock.web.pages import (
    BAD_REQUEST,
    NOT_FOUND,
    ONE_FOUND,
    QUERY_MAX,
    Viewer,
    link,
    parse_position,
    render,
    told,
    write_position,
)

# A case is found by its number too: `#17`, or `17` where no order is called so.
CASE_NUMBER = re.compile(r"#?(\d{1,18})", re.ASCII)


def show_list(viewer: Viewer, request: Request) -> Response:
    """`GET /orders`: by any id, or by state and who fulfils, the newest first. An id that names one thing leads there at once."""
    viewer, now = viewer.looking_at(request), viewer.clock()
    query = told(request, "q", longest=QUERY_MAX)
    wanted = parse_filter(request, query)
    rows = viewer.desk.find_orders(viewer.connections, wanted) if not query or wanted.ids else []
    only = _only_one(viewer, wanted, rows, query)
    if only:
        return RedirectResponse(only, ONE_FOUND)
    shown = rows if wanted.ids else rows[:PAGE_ROWS]
    return render(
        viewer,
        "orders.html",
        now=now,
        active="orders",
        title="Orders",
        rows=shown,
        after=write_position(*shown[-1].position()) if len(shown) < len(rows) else "",
        is_first=wanted.after is None,
        query=query,
        asked=len(wanted.ids),
        state=wanted.state or "",
        fulfilled_by=wanted.fulfilled_by or "",
        connection=told(request, "connection"),
        states=[State.CASE, State.WAITING, State.IN_SYNC, State.OUT_OF_SCOPE],
    )


def show(viewer: Viewer, request: Request) -> Response:
    """`GET /orders/eu/302-...`: both sides, the decision, the timeline, the facts. `?commercetools=now` reads the other side live."""
    connection_id, record_id = viewer.of_theirs(request.path_params["connection_id"]), request.path_params["record_id"]
    sheet = None if "\0" in record_id else viewer.desk.find_order(viewer.may_see, connection_id, record_id)
    if sheet is None:
        raise HTTPException(NOT_FOUND)
    money = viewer.desk.money.find_order_money(viewer.may_see, connection_id, record_id)
    commerce = read_commercetools(viewer, sheet) if told(request, "commercetools") == "now" else sides.NOT_ASKED
    return render(
        viewer,
        "order.html",
        active="orders",
        title=record_id[:64],
        sheet=sheet,
        row=sheet.row,
        catalogue=CASE_KINDS,
        commerce=commerce,
        sides=sides.compare(sheet, commerce),
        lines=sides.compare_lines(sheet, commerce),
        stocked=_stocked(viewer, sheet),
        parts_of_total=parts_of(sheet.order),
        sums_of_money=sums_of(money),
        open_cases=[case for case in sheet.cases if case.closed_at is None],
        closed_cases=[case for case in sheet.cases if case.closed_at is not None],
        amazon_facts=sides.amazon_facts(sheet),
        commercetools_facts=sides.commercetools_facts(commerce),
    )


def read_commercetools(viewer: Viewer, sheet: OrderSheet) -> sides.Commerce:
    """The order as commercetools holds it now, or the sentence that stands in its place."""
    try:
        found = viewer.desk.read_commercetools(sheet.row.connection_id, AmazonOrderId(sheet.row.record_id))
    except Unauthorized:
        return sides.Commerce(
            sentence="commercetools does not let Crossdock in; the connection has a case that says what to do.",
            is_trouble=True,
        )
    except RemoteError:
        sentence = "commercetools does not answer now. Nothing is lost: what Crossdock did is in the timeline below."
        return sides.Commerce(sentence=sentence, is_trouble=True)
    if found is not None:
        return sides.Commerce(order=found)
    if sheet.link is not None:
        return sides.Commerce(
            sentence=f"commercetools no longer has the order {sheet.link.order_number} that was imported.",
            is_trouble=True,
        )
    return sides.Commerce(sentence="commercetools does not have this order.")


def parse_filter(request: Request, query: str) -> OrderFilter:
    """What the address asks for; no page where it asks for what does not exist."""
    state = told(request, "state")
    if state and state not in set(State):
        raise HTTPException(BAD_REQUEST, f"No state is called “{state[:40]}”.")
    fulfilled_by = told(request, "fulfilled_by")
    if fulfilled_by and fulfilled_by not in set(FulfilledBy):
        raise HTTPException(
            BAD_REQUEST, f"Nobody called “{fulfilled_by[:40]}” fulfils orders: it is MERCHANT or AMAZON."
        )
    ids = dict.fromkeys(part for part in re.split(r"[\s,;]+", query) if part)
    if len(query) >= QUERY_MAX or len(ids) > IDS_MAX:
        raise HTTPException(BAD_REQUEST, f"At most {IDS_MAX} ids are searched for at once.")
    return OrderFilter(
        ids=tuple(ids),
        state=State(state) if state else None,
        fulfilled_by=fulfilled_by or None,
        after=parse_position(told(request, "after"), "orders"),
    )


def _stocked(viewer: Viewer, sheet: OrderSheet) -> set[str]:
    """Which of the order's SKUs have a page of their own."""
    skus = tuple(sheet.order.skus())[:IDS_MAX] if sheet.order else ()
    return (
        {str(row.seller_sku) for row in viewer.desk.find_skus((sheet.row.connection_id,), StockFilter(skus))}
        if skus
        else set()
    )


def _only_one(viewer: Viewer, wanted: OrderFilter, rows: Sequence[OrderRow], query: str) -> str:
    """The address of the one thing a query names, if it is one: an order, a case, or a SKU, which may hold blanks."""
    if len(wanted.ids) == 1 and len(rows) == 1:
        return link("orders", rows[0].connection_id, rows[0].record_id)
    if rows or not query:
        return ""
    number = CASE_NUMBER.fullmatch(query)
    if number and viewer.desk.find_case(viewer.may_see, int(number[1])) is not None:
        return link("cases", number[1])
    money = _of_money(viewer, query)
    if money:
        return money
    skus = viewer.desk.find_skus(viewer.connections, StockFilter((query,)))
    if len(skus) > 1:
        return link("stock", q=query)
    return link("stock", skus[0].connection_id, skus[0].seller_sku) if skus else ""


def _of_money(viewer: Viewer, query: str) -> str:
    """The address of a settlement, or of the money of an order that was never imported; empty where a query names none, or several."""
    settlements = viewer.desk.money.find_settlements(viewer.connections, SettlementFilter(settlement_id=query))
    if len(settlements) == 1:
        return link("settlements", settlements[0].connection_id, settlements[0].settlement_id)
    find = viewer.desk.money.find_order_money
    paid = [each for each in viewer.connections if find(viewer.connections, each, query) is not None]
    return link("orders", paid[0], query, "money") if len(paid) == 1 else ""
