"""Stock: the list of SKUs, the most exposed first, and the page of one SKU."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.desk import IDS_MAX, PAGE_ROWS, RateLeft, StockFilter, StockRow
from crossdock.domain.timeline import State
from crossdock.web import courses, stock_sums
from crossdock.web.pages import BAD_REQUEST, NOT_FOUND, ONE_FOUND, QUERY_MAX, Viewer, link, render, told
from crossdock.web.sides import facts_of

# What is asked for by state; that the rest is in sync needs no list of its own.
STATES = (State.CASE, State.WAITING, State.OUT_OF_SCOPE)
# Amazon's operations that stock lives on: the sets, and the reads that prove them.
OPERATIONS = ("patchListingsItem", "getListingsItem")
EXPOSURE_MAX = 2**31 - 1


def show_list(viewer: Viewer, request: Request) -> Response:
    """`GET /stock`: by SKU, or by state, the most exposed first. A SKU that names one record leads there at once."""
    viewer, now = viewer.looking_at(request), viewer.clock()
    query = told(request, "q", longest=QUERY_MAX)
    wanted = parse_filter(request, query)
    rows = find(viewer, wanted, query)
    if len(rows) == 1 and rows[0].seller_sku == query:
        return RedirectResponse(link("stock", rows[0].connection_id, rows[0].seller_sku), ONE_FOUND)
    shown = rows if query else rows[:PAGE_ROWS]
    return render(
        viewer,
        "skus.html",
        now=now,
        active="stock",
        title="Stock",
        rows=shown,
        after=position(shown[-1]) if len(shown) < len(rows) else "",
        is_first=wanted.after is None,
        query="",
        sku=query,
        state=wanted.state or "",
        connection=told(request, "connection"),
        states=STATES,
        paused=[count for count in viewer.desk.stock_counts(viewer.connections) if count.paused],
    )


def show(viewer: Viewer, request: Request) -> Response:
    """`GET /stock/eu/MUG-BLUE`: what each side holds, the sum behind the quantity, the history with its picture, the facts."""
    connection_id, sku = viewer.of_theirs(request.path_params["connection_id"]), request.path_params["seller_sku"]
    sheet = None if "\0" in sku else viewer.desk.find_sku(viewer.may_see, connection_id, sku)
    if sheet is None:
        raise HTTPException(NOT_FOUND)
    now, view = viewer.clock(), sheet.row.view
    points = courses.course_of(sheet.history, view, now)
    return render(
        viewer,
        "sku.html",
        now=now,
        active="stock",
        title=sku[:64],
        sheet=courses.without_repeats(sheet),
        row=sheet.row,
        view=view,
        catalogue=CASE_KINDS,
        held=stock_sums.held(sheet),
        sentence=stock_sums.sentence_of(sheet),
        steps=stock_sums.steps_of(view, sheet.record) if view and stock_sums.is_weighed(sheet) else [],
        exposure=stock_sums.exposure_of(view) if view and sheet.row.listed is not None else "",
        rests_on=stock_sums.rests_on(view) if view and view.mode == "risk" and sheet.row.listed is not None else "",
        peak=stock_sums.peak_of(view, now) if view and sheet.row.listed is not None else "",
        points=points,
        summary=courses.summary_of(points),
        rates=rates_of(viewer, connection_id),
        open_cases=[case for case in sheet.cases if case.closed_at is None],
        closed_cases=[case for case in sheet.cases if case.closed_at is not None],
        view_facts=facts_of(view),
        record_facts=facts_of(sheet.record),
    )


def find(viewer: Viewer, wanted: StockFilter, query: str) -> list[StockRow]:
    """What a filter finds; a query is one SKU with whatever is in it, or where there is none such, several of them."""
    rows = list(viewer.desk.find_skus(viewer.connections, wanted))
    parts = tuple(dict.fromkeys(part for part in re.split(r"[\s,;]+", query) if part))
    if rows or len(parts) < 2:  # noqa: PLR2004 - one part is the query itself
        return rows
    if len(parts) > IDS_MAX:
        raise HTTPException(BAD_REQUEST, f"At most {IDS_MAX} SKUs are searched for at once.")
    return list(viewer.desk.find_skus(viewer.connections, StockFilter(parts, wanted.state)))


def rates_of(viewer: Viewer, connection_id: str) -> list[RateLeft]:
    """What is left of the operations that stock lives on; an operation that was never called has all of it and is left out."""
    found = {rate.operation: rate for rate in viewer.desk.rates_left((connection_id,), viewer.clock())}
    return [found[operation] for operation in OPERATIONS if operation in found]


def parse_filter(request: Request, query: str) -> StockFilter:
    """What the address asks for; no page where it asks for what does not exist."""
    state = told(request, "state")
    if state and state not in set(State):
        raise HTTPException(BAD_REQUEST, f"No state is called “{state[:40]}”.")
    if len(query) >= QUERY_MAX:
        raise HTTPException(BAD_REQUEST, f"At most {IDS_MAX} SKUs are searched for at once.")
    return StockFilter(
        skus=(query,) if query else (),
        state=State(state) if state else None,
        after=parse_position(told(request, "after")),
    )


def position(row: StockRow) -> str:
    """Where the next page goes on, for an address: `3~eu~MUG-BLUE`."""
    exposure, seller_sku, connection_id = row.position()
    return f"{exposure}~{connection_id}~{seller_sku}"


def parse_position(text: str) -> tuple[int, str, str] | None:
    """The opposite of `position`; None at the beginning, and no page for anything else."""
    if not text:
        return None
    exposure, _, rest = text.partition("~")
    connection_id, tilde, seller_sku = rest.partition("~")
    if not tilde or not re.fullmatch(r"\d{1,10}", exposure, re.ASCII) or int(exposure) > EXPOSURE_MAX:
        raise HTTPException(BAD_REQUEST, "This address does not name a place in the list of SKUs.")
    return int(exposure), seller_sku, connection_id
