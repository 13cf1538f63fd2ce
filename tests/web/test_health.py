"""What machines ask."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

from starlette.testclient import TestClient

from crossdock.domain.desk import StateCount
from crossdock.errors import StoreError
from crossdock.ports_desk import Desk
from crossdock.web.routes import build_desk
from tests.joined_twin import START, Stage
from tests.web.conftest import Rehearsed
from tests.web.rehearsed import desk_of
from tests.web.visitor import visit


def desk_but(stage: Stage, **changed: object) -> TestClient:
    """A desk of which some reads behave otherwise."""
    desk: Desk = replace(desk_of(stage.database, []), **changed)  # type: ignore[arg-type]
    return visit(build_desk(desk, connections=["eu"], clock=lambda: START))


def away(*_: object) -> NoReturn:
    """A database that does not answer."""
    raise StoreError("the database does not answer: OperationalError")


def mistaken(*_: object) -> NoReturn:
    """A mistake of ours that quotes what it should not."""
    message = "Test Buyer 7"
    raise AssertionError(message)


def test_alive_and_ready(rehearsed: Rehearsed) -> None:
    """The process answers, and the schema is the one it was written for."""
    assert (rehearsed.visitor.get("/healthz").text, rehearsed.visitor.get("/readyz").text) == ("alive\n", "ready\n")


def test_alive_but_not_ready(stage: Stage) -> None:
    """Without its database, or with one of another version, the process lives and says what is wrong."""
    absent, older = desk_but(stage, is_ready=away), desk_but(stage, is_ready=lambda: False)
    assert (absent.get("/healthz").status_code, absent.get("/readyz").status_code) == (200, 503)
    assert "migrate it" in older.get("/readyz").text


def test_measurements(rehearsed: Rehearsed) -> None:
    """Freshness, backlog, inbox, cases and rates, by connection; each line in Prometheus' format."""
    answer = rehearsed.visitor.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    ours = [line for line in answer.text.splitlines() if line.startswith("crossdock_")]
    assert 'crossdock_flow_age_seconds{connection="eu",flow="discover_orders"} 70.0' in ours
    assert 'crossdock_flow_target_seconds{flow="discover_orders"} 300.0' in ours
    assert 'crossdock_orders_due{connection="eu"} 0.0' in ours
    assert 'crossdock_inbox_orders{connection="eu",state="waiting"} 8.0' in ours
    assert 'crossdock_cases_open{connection="eu",kind="order.no_stock",owner="operations"} 2.0' in ours
    assert 'crossdock_rate_calls_left{connection="eu",operation="getOrder"} 30.0' in ours
    assert all(re.fullmatch(r"crossdock_\w+(\{[^}]*\})? [\d.e+-]+", line) for line in ours)


def test_measurements_name_nobody_and_no_record(rehearsed: Rehearsed) -> None:
    """No id of an order, no e-mail, no name."""
    text = rehearsed.visitor.get("/metrics").text
    assert not re.search(r"\d{3}-\d{7}-\d{7}|@|Test Buyer", text)


def test_the_inbox_is_counted_twice_a_minute_at_most(stage: Stage) -> None:
    """However often it is scraped: a million orders take their time to count."""
    counted: list[object] = []
    now = [START]

    def count(*asked: object) -> list[StateCount]:
        counted.append(asked)
        return []

    desk: Desk = replace(desk_of(stage.database, []), state_counts=count)
    visitor = visit(build_desk(desk, connections=["eu"], clock=lambda: now[0]))
    visitor.get("/metrics")
    now[0] = START + timedelta(seconds=29)
    visitor.get("/metrics")
    assert len(counted) == 1
    now[0] = START + timedelta(seconds=30)
    visitor.get("/metrics")
    assert len(counted) == 2


def test_the_database_is_away(stage: Stage) -> None:
    """A page that cannot be shown says that nothing is lost."""
    answer = desk_but(stage, find_orders=away).get("/orders")
    assert answer.status_code == 503
    assert "Nothing is lost" in answer.text


def test_our_mistake_says_its_place_and_nothing_else(stage: Stage) -> None:
    """Only the page fails; what the mistake said is not shown, and the answer is sealed like any other."""
    answer = desk_but(stage, find_orders=mistaken).get("/orders")
    assert answer.status_code == 500
    assert "at test_health.py:" in answer.text
    assert "Test Buyer" not in answer.text
    assert "content-security-policy" in answer.headers
