"""The doors of one connection, hung: tokens, rates and clients of both platforms.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from crossdock.amazon import auth as amazon_auth
from crossdock.amazon import client as amazon_client
from crossdock.amazon.orders import Orders
from crossdock.amazon.rates import GET_ORDER, PLANS
from crossdock.commercetools import client as commercetools_client
from crossdock.policy import ConnectionPolicy
from crossdock.ports import Clock
from crossdock.rate import Limiter
from crossdock.settings import ConnectionSecrets
from crossdock.store.rates import Rates

HTTP_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class Outside:
    """How the process reaches the world: HTTP, and the time. Tests hand in a twin's."""

    http: Callable[[], httpx2.Client]
    clock: Clock


def amazon_orders(
    http: httpx2.Client, policy: ConnectionPolicy, secrets: ConnectionSecrets, *, rates: Rates, clock: Clock
) -> Orders:
    """Amazon's orders, behind their rates."""
    side = policy.amazon
    credentials = amazon_auth.Credentials(secrets.lwa_client_id, secrets.lwa_client_secret, secrets.lwa_refresh_token)
    tokens = amazon_auth.Tokens(http, side.token_url, credentials, clock)
    # Single reads are for orders somebody waits for; sweeps leave them their share.
    limiter = Limiter(
        take=lambda operation: rates.take(operation, PLANS[operation], clock(), urgent=operation == GET_ORDER),
        throttled=lambda operation: rates.empty(operation, PLANS[operation], clock()),
        observed=lambda operation, per_s: rates.correct(operation, PLANS[operation], per_s, clock()),
    )
    return Orders(amazon_client.Client(http, side.endpoint, tokens, limiter), side.marketplace_ids)


def commercetools(
    http: httpx2.Client, policy: ConnectionPolicy, secrets: ConnectionSecrets, *, clock: Clock, setup: bool = False
) -> commercetools_client.Client:
    """commercetools, as the everyday API client; with `setup` as the one for `provision`, where there is one of its own."""
    side = policy.commercetools
    apart = setup and bool(secrets.ct_setup_client_id)
    client_id = secrets.ct_setup_client_id if apart else secrets.ct_client_id
    client_secret = secrets.ct_setup_client_secret if apart else secrets.ct_client_secret
    return commercetools_client.Client(
        http,
        api_url=side.api_url,
        auth_url=side.auth_url,
        project_key=side.project_key,
        credentials=commercetools_client.Credentials(client_id, client_secret),
        clock=clock,
    )
