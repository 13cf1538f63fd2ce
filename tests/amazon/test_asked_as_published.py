"""What we ask Amazon, against the parameters of its own published model."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.window import Window
from crossdock.twin.world import Request
from tests.amazon.doors import Door

MODEL = (
    Path(__file__).parents[3] / "shared" / "specs" / "amazon" / "models" / "orders-api-model" / "orders_2026-01-01.json"
)
pytestmark = pytest.mark.skipif(not MODEL.exists(), reason="Amazon's published models are not at hand")


def _asked() -> list[Request]:
    """Every kind of request the door can make."""
    door = Door()
    [door.merchant.buy(settled=True, fulfilled_by="MERCHANT") for _ in range(101)]
    door.world.clock.advance(timedelta(minutes=5))
    now = door.world.clock.now()
    window = Window(now - timedelta(days=1, microseconds=7), now - timedelta(minutes=2))
    first = door.orders.search(window, None)
    door.orders.search(window, first.next_token)
    door.orders.search(window, None, by_creation=True)
    door.orders.search_recipients(window, None)
    door.orders.get(AmazonOrderId(first.orders[0].record_id), with_recipient=True)
    door.orders.get(AmazonOrderId(first.orders[0].record_id), with_recipient=False)
    return [request for request in door.requests if request.path.startswith("/orders/")]


def _faults(request: Request) -> list[str]:
    """What of a request the model does not allow."""
    paths: dict[str, Any] = json.loads(MODEL.read_text())["paths"]
    template = (
        "/orders/2026-01-01/orders"
        if request.path == "/orders/2026-01-01/orders"
        else "/orders/2026-01-01/orders/{orderId}"
    )
    parameters = {each["name"]: each for each in paths[template]["get"]["parameters"]}
    return [
        f"{name}={value}"
        for name, values in request.query.items()
        for value in values
        if name not in parameters or not _fits(parameters[name], value)
    ]


def _fits(parameter: dict[str, Any], value: str) -> bool:
    if parameter.get("format") == "date-time":
        return bool(
            re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) and datetime.fromisoformat(value).tzinfo
        )
    if parameter["type"] == "array":
        each = value.split(",")
        return set(each) <= set(parameter["items"].get("enum", each)) and len(each) <= parameter.get(
            "maxItems", len(each)
        )
    return value.isdigit() if parameter["type"] == "integer" else bool(value)


def test_every_request_is_in_the_model() -> None:
    """Names, values, lists, times and bounds of every query are those the model allows, and nothing is asked twice."""
    asked = _asked()
    assert [_faults(request) for request in asked] == [[]] * 6
    assert all(len(values) == 1 for request in asked for values in request.query.values())


def test_a_window_is_asked_by_one_clock_only() -> None:
    """Exactly one of the two kinds of window is named, as Amazon demands."""
    windows = [{name for name in request.query if name.endswith(("After", "Before"))} for request in _asked()]
    assert windows == [{"lastUpdatedAfter", "lastUpdatedBefore"}] * 2 + [
        {"createdAfter", "createdBefore"},
        {"lastUpdatedAfter", "lastUpdatedBefore"},
        set(),
        set(),
    ]
