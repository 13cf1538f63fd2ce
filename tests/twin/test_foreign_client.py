"""Somebody else's client against the served twin: a reader of Amazon's pages who never saw ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossdock.twin.both import Twin
from crossdock.twin.merchant import Merchant
from crossdock.twin.serve import start
from tests.twin.amazon_caller import EVERYTHING, MARKETPLACES

amzn_selling_partner = pytest.importorskip("amzn_selling_partner")


class Loopback:
    """A region of Amazon that is this machine."""

    def __init__(self, url: str) -> None:
        """Be at this address."""
        self._url = url

    def base_url(self, *, sandbox: bool) -> str:
        """Tell where the region is."""
        assert not sandbox
        return self._url


class Abroad:
    """A twin with a lived-in account, and their client signed in to it."""

    def __init__(self, twin: Twin, url: str) -> None:
        """Open the account and hand its credentials to their client."""
        self.twin = twin
        self.account = twin.amazon.add_account(marketplace_ids=MARKETPLACES)
        self.merchant = Merchant(twin.world, self.account, skus=["MUG-1", "MUG-2", "MUG-3"])
        self.client: Any = amzn_selling_partner.SellingPartner(
            region=Loopback(url),
            token_url=f"{url}/auth/o2/token",
            client_id=self.account.client_id,
            client_secret=self.account.client_secret,
            refresh_token=self.account.refresh_token,
            throttle=False,
            max_retries=0,
        )


@pytest.fixture
def abroad() -> Iterator[Abroad]:
    """A twin with a lived-in account, and their client signed in to it."""
    twin = Twin()
    with start(twin) as running:
        there = Abroad(twin, running.url)
        yield there
        there.client.close()


def test_their_client_pages_through_all_orders(abroad: Abroad) -> None:
    """Every order is found once, and reads in their typed models as it was bought."""
    orders = [abroad.merchant.buy(settled=True) for _ in range(57)] + [abroad.merchant.buy() for _ in range(3)]
    [abroad.merchant.ship(order_id) for order_id in orders[:20]]
    abroad.twin.world.clock.advance(timedelta(minutes=2))
    found = list(
        abroad.client.orders_v2026_01_01.iter_list_orders(
            last_updated_after=datetime(2026, 1, 1, tzinfo=UTC),
            marketplace_ids=list(MARKETPLACES),
            max_results_per_page=7,
            included_data=EVERYTHING.split(","),
        )
    )
    shipped = [order for order in found if order.fulfillment.fulfillment_status == "SHIPPED"]
    assert sorted(order.order_id for order in found) == sorted(orders)
    assert sorted(order.order_id for order in shipped) == sorted(orders[:20])
    assert abroad.twin.world.counts() == {"amazon.token": 1, "amazon.searchOrders": 9}


def test_their_client_reads_one_order(abroad: Abroad) -> None:
    """A single order comes with the datasets their client asked for."""
    order_id = abroad.merchant.buy(settled=True, fulfilled_by="MERCHANT", marketplace_id="A1PA6795UKMFR9")
    order = abroad.client.orders_v2026_01_01.get_order(order_id, included_data=["PROCEEDS", "RECIPIENT"]).order
    expected = abroad.account.orders[order_id]["proceeds"]["grandTotal"]
    assert (order.proceeds.grand_total.amount, order.proceeds.grand_total.currency_code) == tuple(expected.values())
    assert order.recipient.delivery_address.country_code == "DE"
    assert order.buyer is None


def test_their_client_understands_refusals(abroad: Abroad) -> None:
    """Not found, invalid input, too many requests and a revoked consent are each the error their client has for it."""
    orders = abroad.client.orders_v2026_01_01
    with pytest.raises(amzn_selling_partner.NotFoundError):
        orders.get_order("305-0000000-0000000")
    with pytest.raises(amzn_selling_partner.BadRequestError):
        orders.list_orders()
    abroad.account.set_rate("getOrder", 0.5, 0)
    with pytest.raises(amzn_selling_partner.RateLimitExceededError):
        orders.get_order("305-0000000-0000000")
    del abroad.twin.amazon.accounts[abroad.account.refresh_token]
    with pytest.raises(amzn_selling_partner.AuthorizationError):
        orders.list_orders(created_after=datetime(2026, 1, 1, tzinfo=UTC))
