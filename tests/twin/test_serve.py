"""The twin on a port: what any HTTP client sees, and what whoever runs the world can do from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from crossdock.twin.both import Twin
from crossdock.twin.commercetools_project import Project
from crossdock.twin.merchant import Merchant
from crossdock.twin.serve import BODY_MAX, Running, start

PATIENCE_S = 10.0
SEARCH = "/orders/2026-01-01/orders?lastUpdatedAfter=2026-01-01"


class Outside:
    """A served twin with one seller, and a client of it."""

    def __init__(self, running: Running, client: httpx2.Client) -> None:
        """Open the seller's account."""
        self.running = running
        self.twin = running.twin
        self.client = client
        self.account = self.twin.amazon.add_account()
        self.merchant = self.twin.add_merchant(Merchant(self.twin.world, self.account, skus=["MUG-1", "MUG-2"]))

    def token_form(self) -> dict[str, str]:
        """Say what a token is asked for with."""
        known = self.account
        form = {"grant_type": "refresh_token", "refresh_token": known.refresh_token}
        return form | {"client_id": known.client_id, "client_secret": known.client_secret}

    def sign_in(self) -> None:
        """Send an access token from now on."""
        granted = self.client.post("/auth/o2/token", data=self.token_form())
        self.client.headers["x-amz-access-token"] = granted.json()["access_token"]

    def control(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Tell the world something, and give its answer."""
        answered = self.client.request(method, f"/_twin/{path}", json=body or None)
        assert answered.status_code == 200, answered.text
        told: dict[str, Any] = answered.json()
        return told

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for a condition, with a bound."""
        begun = time.monotonic()
        while not true() and time.monotonic() - begun < PATIENCE_S:
            time.sleep(0.005)
        assert true()


@pytest.fixture
def outside() -> Iterator[Outside]:
    """A served twin with one seller, and a client of it."""
    with start(Twin()) as running, httpx2.Client(base_url=running.url, timeout=PATIENCE_S) as client:
        yield Outside(running, client)


def test_a_client_signs_in_and_reads_orders(outside: Outside) -> None:
    """Token, search and order come over the wire as they come from the twin itself."""
    outside.sign_in()
    order_id = outside.merchant.buy(settled=True)
    outside.control("POST", "clock/advance", seconds=120)
    found = outside.client.get(
        SEARCH, params={"lastUpdatedAfter": "2026-01-01", "includedData": "FULFILLMENT,PROCEEDS"}
    )
    order = outside.client.get(f"/orders/2026-01-01/orders/{order_id.replace('-', '%2D')}")
    assert found.json()["orders"][0]["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert found.headers["x-amzn-RateLimit-Limit"] == "0.0056"
    assert found.headers["x-amzn-RequestId"] != order.headers["x-amzn-RequestId"]
    assert order.json()["order"]["orderId"] == order_id


def test_nothing_is_printed(outside: Outside, capfd: pytest.CaptureFixture[str]) -> None:
    """The server leaves the terminal to whoever started it."""
    outside.client.get("/orders/nonsense")
    outside.running.stop()
    assert capfd.readouterr() == ("", "")


def test_a_body_beyond_all_measure_is_refused(outside: Outside) -> None:
    """The server does not collect what nobody could want."""
    refused = outside.client.post("/auth/o2/token", content=b"x" * (BODY_MAX + 1))
    assert refused.status_code == 413


def test_a_lost_answer_closes_the_connection(outside: Outside) -> None:
    """The client sees the server go away without a word, though the call was counted."""
    outside.control("POST", "faults", operation="amazon.token", answer="timed_out", after_effect=True)
    with pytest.raises(httpx2.RemoteProtocolError):
        outside.client.post("/auth/o2/token", data=outside.token_form())
    assert outside.client.post("/auth/o2/token", data=outside.token_form()).status_code == 200
    assert outside.control("GET", "calls")["counts"] == {"amazon.token": 2}


def test_a_held_call_goes_on_when_it_is_released(outside: Outside) -> None:
    """The call waits, is listed, and is answered as if nothing had been."""
    outside.control("POST", "faults", operation="amazon.token", answer="hold")
    with ThreadPoolExecutor(1) as pool, httpx2.Client(base_url=outside.running.url, timeout=PATIENCE_S) as other:
        waiting = pool.submit(other.post, "/auth/o2/token", data=outside.token_form())
        outside.until(lambda: len(outside.control("GET", "holds")) == 1)
        [(hold_id, held)] = outside.control("GET", "holds").items()
        answered_early = waiting.done()
        released = outside.control("POST", "holds/release", hold_id=hold_id)
        answered = waiting.result(PATIENCE_S)
    assert (held["operation"], answered_early, released) == ("amazon.token", False, {"released": [hold_id]})
    assert answered.json()["token_type"] == "bearer"
    assert outside.control("GET", "holds") == {}


def test_a_held_call_ends_when_its_client_goes_away(outside: Outside) -> None:
    """A client that gives up takes its call with it, and the server is well afterwards."""
    outside.control("POST", "faults", operation="amazon.token", answer="hold")
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{outside.running.url}/auth/o2/token", data=outside.token_form(), timeout=0.3)
    outside.until(lambda: outside.control("GET", "holds") == {})
    assert outside.client.post("/auth/o2/token", data=outside.token_form()).status_code == 200


def test_the_server_stops_though_a_call_is_held(outside: Outside) -> None:
    """Stopping does not wait for a call nobody will release."""
    outside.control("POST", "faults", operation="amazon.token", answer="hold")
    with ThreadPoolExecutor(1) as pool, httpx2.Client(base_url=outside.running.url, timeout=PATIENCE_S) as other:
        waiting = pool.submit(other.post, "/auth/o2/token", data=outside.token_form())
        outside.until(lambda: len(outside.twin.holds) == 1)
        outside.running.stop()
        assert isinstance(waiting.exception(PATIENCE_S), httpx2.TransportError)


def test_people_act_from_outside(outside: Outside) -> None:
    """Buyers order, pay, change their mind, the warehouse ships, and the state tells."""
    first, second, third = outside.control("POST", "merchant/buy", count=3, fulfilled_by="MERCHANT")["order_ids"]
    settled = outside.control("POST", "merchant/settle", at_once=True)
    outside.control("POST", "merchant/ship", order_id=first)
    outside.control("POST", "merchant/request_cancellation", order_id=second)
    outside.control("POST", "merchant/cancel", order_id=second)
    account = outside.control("GET", "state")["amazon"][outside.account.seller_id]
    assert settled["order_ids"] == [first, second, third]
    assert account["orders_by_status"] == {"SHIPPED": 1, "CANCELLED": 1, "UNSHIPPED": 1}
    assert account["notifications"] == 9


def test_an_order_can_be_put_as_it_is_written(outside: Outside) -> None:
    """Any order, however odd, can be placed on Amazon; its notification can be read and taken."""
    order = {"orderId": "305-1111111-2222222", "salesChannel": {"channelName": "NON_AMAZON"}, "orderItems": []}
    put = outside.control("POST", "orders", order=order)
    [told] = outside.control("GET", "notifications")["notifications"]
    [taken] = outside.control("DELETE", "notifications")["notifications"]
    assert put["order_id"] == "305-1111111-2222222"
    assert told == taken
    assert told["Payload"]["OrderChangeNotification"]["AmazonOrderId"] == "305-1111111-2222222"
    assert outside.control("GET", "notifications")["notifications"] == []


def test_faults_and_calls_are_seen_and_cleared_from_outside(outside: Outside) -> None:
    """A fault waits until it strikes or is taken away; calls are listed until they are forgotten."""
    outside.control("POST", "faults", operation="amazon.token", answer="unavailable", times=2)
    struck = outside.client.post("/auth/o2/token", data=outside.token_form())
    waiting = outside.control("GET", "faults")["faults"]
    outside.control("DELETE", "faults")
    calls = outside.control("GET", "calls")["calls"]
    outside.control("DELETE", "calls")
    assert struck.status_code == 503
    assert [fault["answer"] for fault in waiting] == ["unavailable"]
    assert [(call["operation"], call["status"]) for call in calls] == [("amazon.token", 503)]
    assert outside.control("GET", "state")["calls"] == {}
    assert outside.control("GET", "state")["faults"] == []


def test_delivery_is_made_careless_from_outside(outside: Outside) -> None:
    """With every message lost, none arrives."""
    outside.control("POST", "delivery", lost=1.0)
    outside.control("POST", "merchant/buy")
    assert outside.control("GET", "notifications")["notifications"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"operation": "amazon.*", "answer": "on_fire"}),
        ("faults", {"operation": "amazon.*"}),
        ("clock/advance", {"seconds": "soon"}),
        ("clock/advance", {"seconds": 1e300}),
        ("orders", {"order": {"salesChannel": {}}}),
        ("orders", {"order": {"orderId": "1", "lastUpdatedTime": "never"}}),
        ("merchant/buy", {"count": -1}),
        ("merchant/buy", {"marketplace_id": "NOWHERE"}),
        ("merchant/buy", {"seller_id": "NOBODY"}),
        ("merchant/ship", {"order_id": "305-0000000-0000000"}),
        ("holds/release", {"hold_id": "17"}),
        ("merchant/settle", {"at_onec": True}),
    ],
)
def test_a_control_request_without_sense_says_why(outside: Outside, path: str, body: dict[str, Any]) -> None:
    """A mistake is a 400 with a sentence, and nothing happens."""
    refused = outside.client.post(f"/_twin/{path}", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert outside.account.orders == {}


def test_an_unknown_control_is_not_found(outside: Outside) -> None:
    """A wrong address says so, with any method."""
    assert outside.client.get("/_twin/nonsense").status_code == 404
    assert outside.client.delete("/_twin/state").status_code == 404


def test_the_state_sums_up_both_platforms(outside: Outside) -> None:
    """Stocking the shop from outside fills the project, and the state tells of it."""
    project = Project("shop", outside.twin.world)
    outside.twin.commercetools.projects["shop"] = project
    outside.merchant.project = project
    stocked = outside.control("POST", "merchant/stock", count=3, quantity=5)
    state = outside.control("GET", "state")
    assert len(stocked["skus"]) == len(project.inventory) == 5
    assert state["commercetools"] == {"shop": {"orders": 0, "messages": len(project.messages)}}
    assert (state["seed"], state["now"]) == (0, "2026-11-02T09:00:00.000Z")
