"""Settlements: the list with its calendar, the page of one, the rows behind each figure, and what can be downloaded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from crossdock.domain.bridge import TITLES, bar_of, settlement_bridge
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.desk import PAGE_ROWS
from crossdock.domain.finance_desk import EntryRow
from crossdock.domain.money import Money
from crossdock.domain.settlement_desk import (
    BookedGroup,
    FileRow,
    RowsWanted,
    SettlementChoice,
    SettlementFilter,
    SettlementSheet,
)
from crossdock.web.calendars import calendar_of
from crossdock.web.pages import BAD_REQUEST, NOT_FOUND, Viewer, parse_position, render, told, write_position
from crossdock.web.waterfall import draw

STATES: dict[SettlementChoice, str] = {"booked": "booked", "held": "held", "case": "with a case"}
KINDS = {
    "settlement": "What was paid",
    "month_part": "Earned in an earlier or later month",
    "accepted_difference": "Accepted difference",
    "accrual": "Accrual",
    "accrual_reversal": "Accrual reversed",
}
TREATMENTS = {"amazon": "tax remitted by Amazon", "seller": "tax is yours to remit", "untaxed": "no tax told", "": ""}
# A page of groups is read, not searched.
GROUPS_SHOWN = 200
# A line of a file, a group or a posting is a number of so many digits; PostgreSQL's integer ends a little above.
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class EntryLines:
    """One entry: its head, and its lines in order."""

    number: int
    title: str
    on: date
    month: date
    lines: tuple[EntryRow, ...]

    def debits(self) -> int:
        """What its debits come to, and its credits."""
        return sum(each.debit for each in self.lines if each.debit > 0)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which groups of a settlement are looked into, what they are called, and how the address says it."""

    title: str
    groups: tuple[BookedGroup, ...]
    query: dict[str, str]


def show_list(viewer: Viewer, request: Request) -> Response:
    """`GET /settlements`: by state or account, the newest first, under the calendar of all."""
    viewer, now = viewer.looking_at(request), viewer.clock()
    wanted = parse_filter(request)
    rows = viewer.desk.money.find_settlements(viewer.connections, wanted)
    shown = rows[:PAGE_ROWS]
    return render(
        viewer,
        "settlements.html",
        now=now,
        active="settlements",
        title="Settlements",
        rows=shown,
        after=write_position(*shown[-1].position()) if len(shown) < len(rows) else "",
        is_first=wanted.after is None,
        state=wanted.state or "",
        chain=wanted.chain,
        connection=told(request, "connection"),
        states=STATES,
        calendar=calendar_of(viewer.desk.money.periods(viewer.connections)),
    )


def show(viewer: Viewer, request: Request) -> Response:
    """`GET /settlements/eu/24288684721`: what it came to, how it adds up, the bridge, the entries, the proof."""
    sheet = find(viewer, request)
    row = sheet.row
    bridge = (
        settlement_bridge(sheet.sums(), total=row.total, accepted_difference=sheet.accepted)
        if row.state == "booked"
        else None
    )
    return render(
        viewer,
        "settlement.html",
        active="settlements",
        title=f"Settlement {row.settlement_id}",
        sheet=sheet,
        row=row,
        total=Money(row.total, row.currency),
        in_rows=Money(row.total - (sheet.accepted if row.state == "booked" else row.difference), row.currency),
        accepted=Money(sheet.accepted, row.currency),
        off=Money(row.difference, row.currency),
        waterfall=draw(
            bridge, row.currency, "Paid out" if row.total > 0 else "Owed to Amazon" if row.total else "Paid out"
        )
        if bridge
        else None,
        entries=entries_of(sheet.entries),
        names=viewer.desk.money.account_names(row.connection_id, row.ends_at),
        treatments=TREATMENTS,
        catalogue=CASE_KINDS,
        open_cases=[case for case in sheet.cases if case.closed_at is None],
        closed_cases=[case for case in sheet.cases if case.closed_at is not None],
    )


def show_rows(viewer: Viewer, request: Request) -> Response:
    """`GET /settlements/eu/24288684721/rows?bar=sales`: the groups behind a figure, and their rows as the file has them."""
    sheet = find(viewer, request)
    row = sheet.row
    chosen = choose(sheet, request)
    line, group, seen = parse_place(told(request, "after"))
    numbers = tuple(each.number for each in chosen.groups)
    wanted = RowsWanted(row.connection_id, row.settlement_id, numbers, (line, group))
    rows = viewer.desk.money.find_rows(viewer.may_see, wanted)
    shown = rows[:PAGE_ROWS]
    return render(
        viewer,
        "settlement_rows.html",
        active="settlements",
        title=f"{chosen.title}, settlement {row.settlement_id}",
        row=row,
        chosen=chosen,
        rows=shown,
        labels={each.number: each.label for each in chosen.groups},
        groups_shown=GROUPS_SHOWN,
        chosen_amount=Money(sum(each.amount for each in chosen.groups), row.currency),
        rows_in_all=sum(each.rows for each in chosen.groups),
        seen=seen,
        after=place(shown[-1], seen + len(shown)) if len(shown) < len(rows) else "",
        names=viewer.desk.money.account_names(row.connection_id, row.ends_at),
        treatments=TREATMENTS,
    )


def send_certificate(viewer: Viewer, request: Request) -> Response:
    """`GET /settlements/eu/24288684721/certificate`: its bytes, as they are hashed."""
    sheet = find(viewer, request)
    key = (sheet.row.connection_id, sheet.row.settlement_id)
    document = viewer.desk.money.certificate(viewer.may_see, *key)
    if document is None or sheet.certificate is None:
        raise HTTPException(NOT_FOUND)
    name = f"{sheet.certificate.sequence:05d}-{sheet.row.settlement_id}.json"
    return Response(document, media_type="application/json", headers=attached(name))


def send_file(viewer: Viewer, request: Request) -> Response:
    """`GET /settlements/eu/24288684721/file`: the settlement file as it was received, part by part, however long."""
    sheet = find(viewer, request)
    if sheet.received_at is None:
        raise HTTPException(NOT_FOUND)
    parts = viewer.desk.money.received(sheet.row.connection_id, sheet.facts.sha256)
    length = {"content-length": str(sheet.facts.size)}
    # No browser shows or guesses what these bytes are: they are kept.
    headers = attached(f"{sheet.row.settlement_id}.txt") | length
    return StreamingResponse(parts, media_type="application/octet-stream", headers=headers)


def find(viewer: Viewer, request: Request) -> SettlementSheet:
    """The settlement of the address, or no page."""
    connection_id = viewer.of_theirs(request.path_params["connection_id"])
    settlement_id = request.path_params["settlement_id"]
    sheet = None
    if "\0" not in settlement_id:
        sheet = viewer.desk.money.find_settlement(viewer.may_see, connection_id, settlement_id)
    if sheet is None:
        raise HTTPException(NOT_FOUND)
    return sheet


def choose(sheet: SettlementSheet, request: Request) -> Chosen:
    """What the address asks for: a bar of the bridge, a line of an entry, one group, or everything."""
    bar, group, entry, line = (told(request, name) for name in ("bar", "group", "entry", "line"))
    if bar:
        groups = [each for each in sheet.groups if bar_of(each.account) == bar]
        title, query = TITLES.get(bar, ""), {"bar": bar}
    elif group:
        groups = [each for each in sheet.groups if str(each.number) == group]
        title, query = " / ".join(filter(None, groups[0].label)) if groups else "", {"group": group}
    elif entry or line:
        groups = [each for each in sheet.groups if (str(each.entry), str(each.line)) == (entry, line)]
        title, query = f"Entry {entry}, {groups[0].account}" if groups else "", {"entry": entry, "line": line}
    else:
        return Chosen("All rows", sheet.groups, {})
    if not groups or not title:
        raise HTTPException(BAD_REQUEST, "This address does not name a figure of this settlement.")
    return Chosen(title, tuple(groups), query)


def entries_of(lines: Iterable[EntryRow]) -> list[EntryLines]:
    """Lines by their entry, in order."""
    by_number: dict[int, list[EntryRow]] = {}
    for each in lines:
        by_number.setdefault(each.number, []).append(each)
    return [
        EntryLines(number, KINDS.get(of[0].kind, of[0].kind), of[0].on_day, of[0].month, tuple(of))
        for number, of in by_number.items()
    ]


def attached(name: str) -> dict[str, str]:
    """A download of this name; of what a name should not have nothing is left."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return {"content-disposition": f'attachment; filename="{safe}"'}


def parse_filter(request: Request) -> SettlementFilter:
    """What the address asks for; no page where it asks for what does not exist."""
    state = told(request, "state")
    known = {str(each): each for each in STATES}
    if state and state not in known:
        raise HTTPException(BAD_REQUEST, f"No state of a settlement is called “{state[:40]}”.")
    return SettlementFilter(
        known.get(state), told(request, "chain"), after=parse_position(told(request, "after"), "settlements")
    )


def place(row: FileRow, seen: int) -> str:
    """Where the next page of rows goes on: line, group, and how many were seen."""
    return f"{row.line}~{row.group}~{seen}"


def parse_place(text: str) -> tuple[int, int, int]:
    """The opposite of `place`; before all rows at the beginning, and no page for anything else."""
    parts = text.split("~") if text else ["0", "0", "0"]
    if len(parts) != 3 or not all(map(_NUMBER.fullmatch, parts)):  # noqa: PLR2004 - line, group, seen
        raise HTTPException(BAD_REQUEST, "This address does not name a place among the rows.")
    line, group, seen = map(int, parts)
    return line, group if text else -1, seen
