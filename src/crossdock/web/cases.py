"""Cases: the list of what is open, the nearest deadline first, and the page of one case."""

from __future__ import annotations

from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.desk import PAGE_ROWS, STOCK_FLOW, CaseFilter, CaseRow, OrderSheet, StockSheet
from crossdock.domain.settlement_desk import MONEY_FLOW, SettlementFilter, SettlementRow
from crossdock.web.pages import BAD_REQUEST, NOT_FOUND, Viewer, render, told
from crossdock.web.stock_sums import sentence_of

# As large as PostgreSQL's bigint: a larger number is no case.
CASE_ID_MAX = 2**63 - 1
# Kinds of cases that are no order's; the templates know them by the same beginning.
OF_THE_CONNECTION = "connection."


def show_list(viewer: Viewer, request: Request) -> Response:
    """`GET /cases`, by owner and kind."""
    viewer, now = viewer.looking_at(request), viewer.clock()
    owner, kind = told(request, "owner") or None, told(request, "kind") or None
    rows = viewer.desk.find_cases(viewer.connections, CaseFilter(owner, kind, parse_position(told(request, "after"))))
    counts = viewer.desk.case_counts(viewer.connections, now)
    # A kind of an older version may still have open cases.
    if kind and kind not in CASE_KINDS and all(kind != count.kind for count in counts):
        raise HTTPException(BAD_REQUEST, f"No kind of case is called “{kind[:40]}”.")
    owners: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for count in counts:
        owners[count.owner] = owners.get(count.owner, 0) + count.cases
        if owner in {None, count.owner}:
            kinds[count.kind] = kinds.get(count.kind, 0) + count.cases
    return render(
        viewer,
        "cases.html",
        now=now,
        active="cases",
        title="Cases",
        rows=rows[:PAGE_ROWS],
        after=position(rows[PAGE_ROWS - 1]) if len(rows) > PAGE_ROWS else "",
        is_first=not told(request, "after"),
        owner=owner or "",
        kind=kind or "",
        connection=told(request, "connection"),
        owners=owners,
        kinds=kinds,
        catalogue=CASE_KINDS,
    )


def show(viewer: Viewer, request: Request) -> Response:
    """`GET /cases/7`."""
    case_id = int(request.path_params["case_id"])
    case = viewer.desk.find_case(viewer.may_see, case_id) if case_id <= CASE_ID_MAX else None
    if case is None:
        raise HTTPException(NOT_FOUND)
    sheet: OrderSheet | None = None
    sku: StockSheet | None = None
    settlement: SettlementRow | None = None
    if case.flow == MONEY_FLOW:
        settlement = settlement_of(viewer, case)
    elif case.flow == STOCK_FLOW and not case.kind.startswith(OF_THE_CONNECTION):
        sku = viewer.desk.find_sku(viewer.may_see, case.connection_id, case.record_id)
    elif not case.kind.startswith(OF_THE_CONNECTION):
        sheet = viewer.desk.find_order(viewer.may_see, case.connection_id, case.record_id)
    return render(
        viewer,
        "case.html",
        active="cases",
        title=f"Case {case.case_id}",
        case=case,
        kind=CASE_KINDS.get(case.kind),
        sheet=sheet,
        sku=sku,
        settlement=settlement,
        sku_sentence=sentence_of(sku) if sku else "",
    )


def settlement_of(viewer: Viewer, case: CaseRow) -> SettlementRow | None:
    """The settlement a case is about, or in which its label was last seen; None where it is not in the books."""
    settlement_id = case.facts.get("settlement_id", case.record_id).replace("\0", "")
    wanted = SettlementFilter(settlement_id=settlement_id)
    return (
        next(iter(viewer.desk.money.find_settlements((case.connection_id,), wanted)), None) if settlement_id else None
    )


def position(row: CaseRow) -> str:
    """Where the next page goes on, for an address: `2026-11-22T08:00:00+00:00~17`, or `~17` where there is no deadline."""
    deadline, case_id = row.position()
    return f"{deadline.isoformat() if deadline else ''}~{case_id}"


def parse_position(text: str) -> tuple[datetime | None, int] | None:
    """The opposite of `position`; None at the beginning, and no page for anything else."""
    if not text:
        return None
    deadline, tilde, case_id = text.rpartition("~")
    try:
        at = datetime.fromisoformat(deadline) if deadline else None
        number = int(case_id)
    except ValueError:
        raise HTTPException(BAD_REQUEST, "This address does not name a place in the list of cases.") from None
    if not tilde or number > CASE_ID_MAX or (at is not None and at.tzinfo is None):
        raise HTTPException(BAD_REQUEST, "This address does not name a place in the list of cases.")
    return at, number
