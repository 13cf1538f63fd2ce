"""What machines ask: whether the process is alive, whether it can work, and its measurements. No personal data, no ids of records."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from crossdock.domain.desk import ORDERS_SEARCH
from crossdock.domain.timeline import State
from crossdock.engine.schedule import DISCOVER, ROUTINES
from crossdock.errors import StoreError
from crossdock.web.pages import Viewer

UNREADY = 503


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


def show_metrics(viewer: Viewer, _request: Request) -> Response:
    """`GET /metrics`: ours as they are now, and whatever else this process counts, in Prometheus' text format."""
    return Response(generate_latest(_measured(viewer)) + generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _measured(viewer: Viewer) -> CollectorRegistry:
    """A registry of this moment: what the database says, not what this process remembers."""
    registry, desk, ids, now = CollectorRegistry(), viewer.desk, viewer.may_see, viewer.clock()

    def gauge(name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"crossdock_{name}", meaning, labels, registry=registry)

    age = gauge(
        "flow_age_seconds", "Seconds since a flow of a connection last did all of its work", "connection", "flow"
    )
    for run in desk.last_runs(ids):
        if run.succeeded_at is not None and run.flow != DISCOVER:
            flow = DISCOVER if run.flow == ORDERS_SEARCH else run.flow
            age.labels(run.connection_id, flow).set((now - run.succeeded_at).total_seconds())
    target = gauge("flow_target_seconds", "The age a flow promises to stay below", "flow")
    for routine in ROUTINES:
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
    for count in desk.state_counts(ids, list(State)):
        records.labels(count.connection_id, count.state).set(count.records)
    cases = gauge("cases_open", "Open cases", "connection", "owner", "kind")
    for case in desk.case_counts(ids, now):
        cases.labels(case.connection_id, case.owner, case.kind).set(case.cases)
    left = gauge("rate_calls_left", "Calls of an operation that may be made at once", "connection", "operation")
    burst = gauge("rate_calls_burst", "Calls of an operation that may ever be made at once", "connection", "operation")
    for rate in desk.rates_left(ids, now):
        left.labels(rate.connection_id, rate.operation).set(rate.left)
        burst.labels(rate.connection_id, rate.operation).set(rate.burst)
    return registry
