"""The simulated Amazon against Amazon's own published models: every answer, closed to fields the models do not know."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import jsonschema
import msgspec
import pytest

from crossdock.twin.world import STATUS_OF_FAULT, Fault, FaultAnswer, Response
from tests.twin.amazon_caller import EVERYTHING, MARKETPLACES, SPECS, Caller, ids_of, json_of

MODEL = SPECS / "models" / "orders-api-model" / "orders_2026-01-01.json"
ORDER_CHANGE = SPECS / "schemas" / "notifications" / "OrderChangeNotification.json"

pytestmark = pytest.mark.skipif(not MODEL.exists(), reason="Amazon's published models are not at hand")

Check = Callable[[str, Response], int]
formats = jsonschema.FormatChecker(formats=())
formats.checks("date-time", raises=ValueError)(lambda text: bool(datetime.fromisoformat(str(text)).tzinfo))


@pytest.fixture(scope="session")
def check() -> Check:
    """Hold an answer against what the model says about an operation and a status, and give the status."""
    model = json.loads(MODEL.read_text())
    operations = {each["operationId"]: each for path in model["paths"].values() for each in _methods(path)}
    definitions = {name: _closed(schema) for name, schema in model["definitions"].items()}

    def hold(operation: str, response: Response) -> int:
        schema = operations[operation]["responses"][str(response.status)]["schema"] | {"definitions": definitions}
        jsonschema.Draft4Validator(schema, format_checker=formats).validate(json_of(response))
        return response.status

    return hold


def _methods(path: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for name, each in path.items() if name != "parameters"]


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    closed = copy.deepcopy(schema)
    return closed | {"additionalProperties": False} if "properties" in closed else closed


def _a_lived_in_account(caller: Caller) -> list[str]:
    """Orders of every kind, in every marketplace and state."""
    orders = [caller.merchant.buy(marketplace_id=one, settled=True) for one in MARKETPLACES for _ in range(60)]
    pending = [caller.merchant.buy() for _ in range(5)]
    [caller.merchant.ship(order_id) for order_id in orders[::3]]
    [caller.merchant.ship(order_id, quantities={}) for order_id in orders[1::12]]
    [caller.merchant.request_cancellation(order_id) for order_id in orders[4::12]]
    [caller.merchant.cancel(order_id) for order_id in orders[7::12]]
    caller.merchant.cancel(pending[0])
    caller.wait(minutes=2)
    return orders + pending


def test_every_order_of_a_lived_in_account_fits_the_model(caller: Caller, check: Check) -> None:
    """Pages and single orders of all kinds, with every dataset and with none, are what the model describes."""
    orders = _a_lived_in_account(caller)
    caller.account.set_rate("getOrder", 1000.0, 1000)
    first = caller.search(includedData=EVERYTHING)
    token = json_of(first)["pagination"]["nextToken"]
    pages = [first, caller.search(paginationToken=token, includedData=EVERYTHING), caller.search()]
    single = [caller.get_order(order_id, includedData=EVERYTHING) for order_id in orders]
    assert {check("searchOrders", page) for page in pages} == {200}
    assert {check("getOrder", order) for order in single} == {200}
    assert len(ids_of(pages[0])) == len(ids_of(pages[1])) == 100


def test_search_by_creation_fits_the_model(caller: Caller, check: Check) -> None:
    """The answer to a search by creation is in the model as well, empty or not."""
    empty = caller.search(createdAfter="2026-01-01")
    caller.merchant.buy()
    caller.wait(minutes=2)
    filled = caller.search(createdAfter="2026-01-01", maxResultsPerPage="1")
    assert {check("searchOrders", page) for page in (empty, filled)} == {200}


def test_refusals_fit_the_model(caller: Caller, check: Check) -> None:
    """Invalid input, forbidden, not found and throttled have the form the model gives them."""
    invalid, forbidden = caller.search(fulfilledBy="X"), caller.search(marketplaceIds="X")
    caller.account.set_rate("getOrder", 0.5, 2)
    wrong, unknown = caller.get_order("X"), caller.get_order("305-0000000-0000000")
    throttled = caller.get_order("305-0000000-0000000")
    assert [check("searchOrders", refused) for refused in (invalid, forbidden)] == [400, 403]
    assert [check("getOrder", refused) for refused in (wrong, unknown, throttled)] == [400, 404, 429]


@pytest.mark.parametrize("answer", ["unavailable", "broken", "throttled", "forbidden", "not_found", "too_large"])
def test_faults_fit_the_model(caller: Caller, check: Check, answer: FaultAnswer) -> None:
    """A fault with a status the model knows has the model's form."""
    caller.world.faults.add(Fault("amazon.*Order*", answer, times=2))
    caller.token()
    status = check("searchOrders", caller.search())
    assert check("getOrder", caller.get_order("305-0000000-0000000")) == status == STATUS_OF_FAULT[answer]


def test_every_notification_fits_its_schema(caller: Caller) -> None:
    """All that is told about a lived-in account is what the schema of ORDER_CHANGE describes."""
    _a_lived_in_account(caller)
    schema = jsonschema.Draft7Validator(json.loads(ORDER_CHANGE.read_text()))
    told = [msgspec.json.decode(message) for message in caller.account.notifications]
    assert [error.message for message in told for error in schema.iter_errors(message)] == []
    assert len(told) > 300
    types = {message["Payload"]["OrderChangeNotification"]["OrderChangeType"] for message in told}
    assert types == {"OrderStatusChange", "BuyerRequestedChange"}
