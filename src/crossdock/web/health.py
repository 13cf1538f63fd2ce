"""What machines ask: whether the process is alive, whether it can work, and its measurements. No personal data, no ids of records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from crossdock.domain.desk import ORDERS_SEARCH, StateCount
from crossdock.domain.timeline import State
from crossdock.engine.schedule import DISCOVER, ROUTINES
from crossdock.errors import StoreError
from crossdock.web.pages import Viewer

UNREADY = 503
# A million orders take half a second to count; two who scrape every fifteen seconds need not count them eight times a minute.
INBOX_KEPT = timedelta(seconds=30)


def show_alive(_viewer: Viewer, _request: Request) -> Response:
    """`GET /healthz`: this process answers."""
    return PlainTextResponse("alive\n")


def show_ready(viewer: Viewer, _request: Request) -> Response:
    """`GET /readyz`: the database answers and its schema is the one this program was written for."""
    try:
        if viewer.desk.is_ready():
            return PlainTextResponse("ready\n")
    except StoreError as fault:
        return PlainTextResponse(f"{fault}\n", status_code=UNREADY)
    return PlainTextResponse("the database's schema is of another version: migrate it\n", status_code=UNREADY)


def show_metrics(viewer: Viewer, request: Request) -> Response:
    """`GET /metrics`: ours as they are now, and whatever else this process counts, in Prometheus' text format."""
    measured = _measured(viewer, _count_inbox(viewer, request.app.state))
    return Response(generate_latest(measured) + generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _count_inbox(viewer: Viewer, kept: Any) -> Sequence[StateCount]:
    """The whole inbox by state, counted at most every `INBOX_KEPT`, for all who ask meanwhile."""
    now = viewer.clock()
    counted_at, ids, counts = getattr(kept, "inbox", (None, (), ()))
    if counted_at is None or ids != viewer.may_see or not counted_at <= now < counted_at + INBOX_KEPT:
        counts = viewer.desk.state_counts(viewer.may_see, list(State))
        kept.inbox = (now, viewer.may_see, counts)
    return counts


def _measured(viewer: Viewer, inbox: Sequence[StateCount]) -> CollectorRegistry:
    """A registry of this moment: what the database says, not what this process remembers."""
    registry, desk, ids, now = CollectorRegistry(), viewer.desk, viewer.may_see, viewer.clock()

    def gauge(name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"crossdock_{name}", meaning, labels, registry=registry)

    age = gauge(
        "flow_age_seconds", "Seconds since a flow of a connection last did all of its work", "connection", "flow"
    )
    runs = desk.last_runs(ids)
    for run in runs:
        if run.succeeded_at is not None and run.flow != DISCOVER:
            flow = DISCOVER if run.flow == ORDERS_SEARCH else run.flow
            age.labels(run.connection_id, flow).set((now - run.succeeded_at).total_seconds())
    target = gauge("flow_target_seconds", "The age a flow promises to stay below", "flow")
    ever_ran = {run.flow for run in runs if run.succeeded_at is not None}
    for routine in [each for each in ROUTINES if not (each.of_stock or each.of_finance) or each.name in ever_ran]:
        target.labels(routine.name).set(routine.target_s)
    due = gauge("orders_due", "Orders due now, counted up to 1000", "connection")
    oldest = gauge(
        "orders_due_age_seconds", "Seconds for which the oldest due order has been due, 0 where none is", "connection"
    )
    for backlog in desk.backlogs(ids, now):
        due.labels(backlog.connection_id).set(backlog.due)
        waited = now - backlog.oldest_due_at if backlog.oldest_due_at is not None else now - now
        oldest.labels(backlog.connection_id).set(waited.total_seconds())
    records = gauge("inbox_orders", "Orders in the inbox", "connection", "state")
    for count in inbox:
        records.labels(count.connection_id, count.state).set(count.records)
    cases = gauge("cases_open", "Open cases", "connection", "owner", "kind")
    for case in desk.case_counts(ids, now):
        cases.labels(case.connection_id, case.owner, case.kind).set(case.cases)
    left = gauge("rate_calls_left", "Calls of an operation that may be made at once", "connection", "operation")
    burst = gauge("rate_calls_burst", "Calls of an operation that may ever be made at once", "connection", "operation")
    for rate in desk.rates_left(ids, now):
        left.labels(rate.connection_id, rate.operation).set(rate.left)
        burst.labels(rate.connection_id, rate.operation).set(rate.burst)
    _measure_stock(gauge, viewer)
    return registry


def _measure_stock(gauge: Callable[..., Gauge], viewer: Viewer) -> None:
    """The same of SKUs, where there are any."""
    desk, ids, now = viewer.desk, viewer.may_see, viewer.clock()
    counts = desk.stock_counts(ids)
    if not counts:
        return
    listed = gauge("stock_listed", "SKUs with something for sale on Amazon", "connection")
    exposed = gauge("stock_exposed_units", "Units that could be sold twice before Amazon follows", "connection")
    due = gauge("stock_due", "SKUs due now, counted up to 1000", "connection")
    oldest = gauge(
        "stock_due_age_seconds", "Seconds for which the oldest due SKU has been due, 0 where none is", "connection"
    )
    backlogs = {backlog.connection_id: backlog for backlog in desk.stock_backlogs(ids, now)}
    for count in counts:
        listed.labels(count.connection_id).set(count.listed)
        exposed.labels(count.connection_id).set(count.exposed_units)
        backlog = backlogs[count.connection_id]
        due.labels(count.connection_id).set(backlog.due)
        waited = now - backlog.oldest_due_at if backlog.oldest_due_at is not None else now - now
        oldest.labels(count.connection_id).set(waited.total_seconds())
