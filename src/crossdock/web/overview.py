"""The overview: how fresh every flow is against its target, what is left of Amazon's rates, whose cases wait, and the pictures of the day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from crossdock.domain.desk import (
    ORDERS_FLOW,
    ORDERS_SEARCH,
    STOCK_FLOW,
    AtStake,
    Backlog,
    CaseCount,
    LastRun,
    RateLeft,
    StockCount,
)
from crossdock.domain.money import Money
from crossdock.domain.timeline import State
from crossdock.engine.schedule import DISCOVER, ROUTINES
from crossdock.web import charts, words
from crossdock.web.books import panel_of
from crossdock.web.pages import Viewer, render

# A record is taken up within seconds of being due; after a minute something is in the way.
DUE_TARGET = timedelta(seconds=60)
# The days whose proof is shown: a working week and its week-end.
DAYS_SHOWN = timedelta(days=7)
_NEVER = datetime.max.replace(tzinfo=UTC)

TITLES = {
    "discover_orders": "Orders read from Amazon",
    ORDERS_FLOW: "Orders brought to commercetools",
    "check_fence": "FBA fence checked",
    "check_days": "Closed days proven",
    "erase_personal_data": "Personal data erased",
    "discover_stock": "Stock messages read",
    STOCK_FLOW: "Quantities brought to Amazon",
    "sweep_stock": "Changed stock looked through",
    "list_stock": "All stock looked through",
    "list_listings": "All listings looked through",
    "follow_feeds": "Feeds followed to their end",
    "collect_settlements": "Settlements fetched",
    "accrue_months": "Months accrued",
    "discover_payments": "Settled orders looked through",
}

# The same as what is being done, for a sentence that says what is late.
DOING = {
    "discover_orders": "reading orders from Amazon",
    ORDERS_FLOW: "bringing orders to commercetools",
    "check_fence": "checking the FBA fence",
    "check_days": "proving closed days",
    "erase_personal_data": "erasing personal data",
    "discover_stock": "reading stock messages",
    STOCK_FLOW: "bringing quantities to Amazon",
    "sweep_stock": "looking through changed stock",
    "list_stock": "looking through all stock",
    "list_listings": "looking through all listings",
    "follow_feeds": "following feeds to their end",
    "collect_settlements": "fetching settlements",
    "accrue_months": "accruing months",
    "discover_payments": "looking through settled orders",
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """One flow over all connections looked at: the stalest of them, `age` old (None where it never ran), and how many are in time."""

    flow: str
    title: str
    target: timedelta
    age: timedelta | None
    stalest: str
    in_time: int
    connections: int
    note: str = ""

    def word(self) -> str:
        """`in time`, `late`, or `not yet` where it never ran."""
        if self.age is None:
            return "not yet"
        return "late" if self.age > self.target else "in time"


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """One owner's open cases, the commonest kinds first."""

    owner: str
    cases: int
    overdue: int
    next_deadline: datetime | None
    at_stake: tuple[Money, ...]
    kinds: tuple[tuple[str, int], ...]


def show(viewer: Viewer, request: Request) -> Response:
    """`GET /`."""
    viewer, now = viewer.looking_at(request), viewer.clock()
    desk, ids = viewer.desk, viewer.connections
    counts = desk.case_counts(ids, now)
    owners = owner_rows(counts, desk.money_at_stake(ids))
    skus = desk.stock_counts(ids)
    flows = freshness(ids, desk.last_runs(ids), desk.backlogs(ids, now), now, of_stock=desk.stock_backlogs(ids, now))
    by_hour = desk.orders_by_hour(ids, charts.first_hour(now))
    return render(
        viewer,
        "overview.html",
        now=now,
        active="overview",
        title="Overview",
        headline=headline(owners, now),
        reading=reading(flows),
        flows=flows,
        rates=tightest(desk.rates_left(ids, now)),
        owners=owners,
        stock=together(skus),
        paused=[count for count in skus if count.paused],
        books=panel_of(desk.money.books_counts(ids), counts, now),
        waiting=sum(count.records for count in desk.state_counts(ids, [State.WAITING])),
        pictures=[charts.orders_per_hour(by_hour, now), charts.standing(by_hour)],
        days=desk.proven_days(ids, (now - DAYS_SHOWN).date()),
    )


def freshness(
    ids: Sequence[str],
    runs: Iterable[LastRun],
    backlogs: Iterable[Backlog],
    now: datetime,
    *,
    of_stock: Iterable[Backlog] = (),
) -> list[Freshness]:
    """Each flow in the order in which an order meets it: read, brought over, then the routines that check; those of stock where they ever ran."""
    last: dict[tuple[str, str], datetime] = {}
    for run in runs:
        flow = DISCOVER if run.flow == ORDERS_SEARCH else run.flow
        if run.succeeded_at is not None:
            last[flow, run.connection_id] = max(run.succeeded_at, last.get((flow, run.connection_id), run.succeeded_at))
    routines = {}
    with_stock: set[str] = set()
    for routine in ROUTINES:
        is_optional = routine.of_stock or routine.of_finance
        theirs = [c for c in ids if not is_optional or (routine.name, c) in last]
        with_stock |= set(theirs) if routine.of_stock else set()
        ages = {c: _age(last.get((routine.name, c)), now) for c in theirs}
        if theirs or not is_optional:
            routines[routine.name] = _flow(routine.name, ages, timedelta(seconds=routine.target_s))
    flows = [routines.pop(DISCOVER), _drained(ORDERS_FLOW, "order", ids, backlogs, now=now), *routines.values()]
    stocked = [c for c in ids if c in with_stock]
    return [*flows, _drained(STOCK_FLOW, "SKU", stocked, of_stock, now=now)] if stocked else flows


def _drained(flow: str, one: str, ids: Sequence[str], backlogs: Iterable[Backlog], *, now: datetime) -> Freshness:
    """A flow that is woken by what is due: as old as the oldest that waits for it."""
    backlog = {backlog.connection_id: backlog for backlog in backlogs if backlog.connection_id in ids}
    due = sum(each.due for each in backlog.values())
    waits = {c: _age(backlog[c].oldest_due_at, now) if c in backlog and backlog[c].due else timedelta() for c in ids}
    return _flow(flow, waits, DUE_TARGET, note=f"{words.counted(due, one)} due" if due else "nothing is due")


def _age(at: datetime | None, now: datetime) -> timedelta | None:
    return None if at is None else max(now - at, timedelta())


def _flow(flow: str, ages: dict[str, timedelta | None], target: timedelta, note: str = "") -> Freshness:
    """The stalest connection speaks for all: never before the oldest, the oldest before the rest."""
    stalest = max(ages, key=lambda c: (ages[c] is None, ages[c] or timedelta()), default="")
    in_time = sum(age is not None and age <= target for age in ages.values())
    return Freshness(flow, TITLES.get(flow, flow), target, ages.get(stalest), stalest, in_time, len(ages), note)


def together(counts: Sequence[StockCount]) -> StockCount | None:
    """The SKUs of all connections looked at; None where stock is nobody's of them."""
    if not counts:
        return None
    return StockCount(
        connection_id="",
        looked_at=sum(count.looked_at for count in counts),
        listed=sum(count.listed for count in counts),
        exposed=sum(count.exposed for count in counts),
        exposed_units=sum(count.exposed_units for count in counts),
        waiting=sum(count.waiting for count in counts),
        cases=sum(count.cases for count in counts),
    )


def tightest(rates: Iterable[RateLeft]) -> list[RateLeft]:
    """For each operation the connection that has least left."""
    least: dict[str, RateLeft] = {}
    for rate in rates:
        known = least.get(rate.operation)
        if known is None or rate.left * known.burst < known.left * rate.burst:
            least[rate.operation] = rate
    return [least[operation] for operation in sorted(least)]


def owner_rows(counts: Sequence[CaseCount], at_stake: Sequence[AtStake]) -> list[OwnerRow]:
    """By owner: what is overdue first, then what is due next, then the rest."""
    rows = []
    for owner in dict.fromkeys(count.owner for count in counts):
        theirs = [count for count in counts if count.owner == owner]
        kinds: dict[str, int] = {}
        for count in theirs:
            kinds[count.kind] = kinds.get(count.kind, 0) + count.cases
        deadlines = [count.next_deadline for count in theirs if count.next_deadline is not None]
        rows.append(
            OwnerRow(
                owner=owner,
                cases=sum(kinds.values()),
                overdue=sum(count.overdue for count in theirs),
                next_deadline=min(deadlines, default=None),
                at_stake=tuple(stake.amount for stake in at_stake if stake.owner == owner),
                kinds=tuple(sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))),
            )
        )
    return sorted(rows, key=lambda row: (-row.overdue, row.next_deadline or _NEVER, -row.cases))


def headline(owners: Sequence[OwnerRow], now: datetime) -> str:
    """Whether anything needs a person, which is what one opens the page for."""
    cases, overdue = sum(row.cases for row in owners), sum(row.overdue for row in owners)
    if not cases:
        return "Nothing needs a person."
    need = f"{words.counted(cases, 'case')} {'needs' if cases == 1 else 'need'} a person"
    if overdue:
        return f"{need}, {overdue:,} past {'its' if overdue == 1 else 'their'} deadline."
    deadlines = [row.next_deadline for row in owners if row.next_deadline is not None]
    return (
        f"{need}; the next deadline is {words.ago(min(deadlines), now)}."
        if deadlines
        else f"{need}; none has a deadline."
    )


def reading(flows: Sequence[Freshness]) -> str:
    """Whether what the page shows can be believed."""
    late = [DOING.get(flow.flow, flow.flow) for flow in flows if flow.word() == "late"]
    unread = next((flow for flow in flows if flow.flow == DISCOVER and flow.age is None), None)
    if unread is not None:
        return "Amazon has not been read yet, so orders may be missing here."
    return f"Late: {', '.join(late)}." if late else "Every flow is in time."
