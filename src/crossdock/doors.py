"""The doors of one connection, hung: tokens, rates and clients of both platforms, and its queues.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from crossdock.amazon import auth as amazon_auth
from crossdock.amazon import client as amazon_client
from crossdock.amazon.feeds import Feeds
from crossdock.amazon.finances import Finances
from crossdock.amazon.listings import Listings
from crossdock.amazon.orders import Orders
from crossdock.amazon.payouts import Payouts
from crossdock.amazon.rates import PLANS
from crossdock.amazon.reports import Reports
from crossdock.commercetools import client as commercetools_client
from crossdock.policy import ConnectionPolicy
from crossdock.ports import Clock
from crossdock.queues import Queue, open_queue
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
    return Orders(_amazon(http, policy, secrets, rates=rates, clock=clock), policy.amazon.marketplace_ids)


def amazon_listings(
    http: httpx2.Client, policy: ConnectionPolicy, secrets: ConnectionSecrets, *, rates: Rates, clock: Clock
) -> Listings:
    """Amazon's listings, behind their rates. A client of their own: a role that is missing for one door says nothing of the other."""
    client = _amazon(http, policy, secrets, rates=rates, clock=clock)
    return Listings(client, policy.amazon.seller_id, policy.amazon.marketplace_ids)


def amazon_feeds(
    http: httpx2.Client, policy: ConnectionPolicy, secrets: ConnectionSecrets, *, rates: Rates, clock: Clock
) -> Feeds:
    """Amazon's feeds, behind their rates, with a client of their own too."""
    return Feeds(_amazon(http, policy, secrets, rates=rates, clock=clock), policy.amazon.marketplace_ids)


def amazon_reports(
    http: httpx2.Client, policy: ConnectionPolicy, secrets: ConnectionSecrets, *, rates: Rates, clock: Clock
) -> Reports:
    """Amazon's settlement reports, behind their rates, with a client of their own too."""
    return Reports(_amazon(http, policy, secrets, rates=rates, clock=clock))


def amazon_payouts(
    http: httpx2.Client, policy: ConnectionPolicy, secrets: ConnectionSecrets, *, rates: Rates, clock: Clock
) -> Payouts:
    """Amazon's payouts, behind their rates, with a client of their own too."""
    return Payouts(_amazon(http, policy, secrets, rates=rates, clock=clock))


def amazon_finances(
    http: httpx2.Client, policy: ConnectionPolicy, secrets: ConnectionSecrets, *, rates: Rates, clock: Clock
) -> Finances:
    """Amazon's transactions, behind their rates, with a client of their own too."""
    return Finances(_amazon(http, policy, secrets, rates=rates, clock=clock))


def _amazon(
    http: httpx2.Client, policy: ConnectionPolicy, secrets: ConnectionSecrets, *, rates: Rates, clock: Clock
) -> amazon_client.Client:
    side = policy.amazon
    credentials = amazon_auth.Credentials(secrets.lwa_client_id, secrets.lwa_client_secret, secrets.lwa_refresh_token)
    tokens = amazon_auth.Tokens(http, side.token_url, credentials, clock)
    limiter = Limiter(
        take=lambda operation, urgent: rates.take(operation, PLANS[operation], clock(), urgent=urgent),
        throttled=lambda operation: rates.empty(operation, PLANS[operation], clock()),
        observed=lambda operation, per_s: rates.correct(operation, PLANS[operation], per_s, clock()),
        every=lambda operation: 1.0 / PLANS[operation].per_s,
    )
    return amazon_client.Client(http, side.endpoint, tokens, limiter)


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


def queues(policy: ConnectionPolicy, secrets: ConnectionSecrets) -> list[Queue]:
    """The queues of a connection, in the order of the policy. Whoever has them hung closes them. ConfigError where they cannot be asked here."""
    keys = (secrets.aws_access_key_id, secrets.aws_secret_access_key)
    return [open_queue(each.url, region=each.region, endpoint=each.endpoint, keys=keys) for each in policy.queues]
