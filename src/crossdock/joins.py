"""What a connection has where its policy says so, hung on its doors: stock, books, and payments.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx2

from crossdock import doors
from crossdock.commercetools.client import Client
from crossdock.commercetools.inventory import Inventory
from crossdock.commercetools.messages import Messages
from crossdock.commercetools.payments import Payments
from crossdock.commercetools.provision import Channels
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.payment import PaymentPolicy
from crossdock.domain.stock_policy import StockPolicy
from crossdock.engine.schedule import INGEST, MATCH, PUSH, RECONCILE
from crossdock.joined_feeds import JoinedFeeds
from crossdock.joined_finance import AmazonMoney, JoinedFinance
from crossdock.joined_payments import JoinedPayments
from crossdock.joined_stock import JoinedStock
from crossdock.policy import ConnectionPolicy
from crossdock.ports import Clock
from crossdock.settings import ConnectionSecrets
from crossdock.store.cursors import Cursors
from crossdock.store.database import Database
from crossdock.store.known_orders import KnownOrderStore
from crossdock.store.order_sums import OrderSums
from crossdock.store.rates import Rates
from crossdock.store.records import Inbox
from crossdock.store.stock import StockStore


def join_stock(
    policy: ConnectionPolicy,
    stock: StockPolicy,
    secrets: ConnectionSecrets,
    *,
    database: Database,
    owners: dict[str, str],
    http: httpx2.Client,
    commercetools: Client,
    searched_until: Callable[[], datetime | None],
    clock: Clock,
) -> JoinedStock:
    """The stock of a connection, kept by this policy."""
    connection_id = policy.connection_id
    rates = Rates(database, connection_id)
    inbox = Inbox(database, connection_id, PUSH, owners)
    feeds = JoinedFeeds(
        doors.amazon_feeds(http, policy, secrets, rates=rates, clock=clock),
        database=database,
        connection_id=connection_id,
        seller_id=policy.amazon.seller_id,
        inbox=inbox,
        clock=clock,
    )
    channels = Channels(commercetools, stock.channel_keys())
    return JoinedStock(
        stock,
        policy.orders,
        inbox=inbox,
        cursors=Cursors(database, connection_id),
        store=StockStore(database, connection_id),
        inventory=Inventory(commercetools, channels.key_of, stock.stock_type),
        messages=Messages(commercetools),
        listings=doors.amazon_listings(http, policy, secrets, rates=rates, clock=clock),
        lock=lambda: database.lock(f"{connection_id}/{PUSH}"),
        feeds=feeds,
        our_client=secrets.ct_client_id,
        searched_until=searched_until,
        clock=clock,
        connection_id=connection_id,
    )


def join_finance(
    policy: ConnectionPolicy,
    secrets: ConnectionSecrets,
    *,
    database: Database,
    owners: dict[str, str],
    http: httpx2.Client,
    clock: Clock,
) -> JoinedFinance | None:
    """The books of a connection, where the merchant wants them kept."""
    if policy.finance is None:
        return None
    rates = Rates(database, policy.connection_id)
    return JoinedFinance(
        policy.finance,
        policy.exports,
        AmazonMoney(
            doors.amazon_reports(http, policy, secrets, rates=rates, clock=clock),
            doors.amazon_finances(http, policy, secrets, rates=rates, clock=clock),
            doors.amazon_payouts(http, policy, secrets, rates=rates, clock=clock),
        ),
        database=database,
        connection_id=policy.connection_id,
        inbox=Inbox(database, policy.connection_id, RECONCILE, owners),
        orders=KnownOrderStore(database, policy.connection_id, INGEST),
        clock=clock,
    )


def join_payments(
    policy: ConnectionPolicy,
    *,
    database: Database,
    owners: dict[str, str],
    commercetools: Client,
    searched_until: Callable[[], datetime | None],
    clock: Clock,
) -> JoinedPayments | None:
    """The payments of a connection's orders, where its books are kept."""
    if policy.finance is None:
        return None
    connection_id = policy.connection_id
    ours = (MARKETPLACES.get(marketplace_id) for marketplace_id in policy.orders.marketplaces)
    return JoinedPayments(
        PaymentPolicy(policy.orders.import_from, frozenset(each.name.casefold() for each in ours if each is not None)),
        Payments(commercetools),
        OrderSums(database, connection_id, orders_flow=INGEST, flow=MATCH),
        inbox=Inbox(database, connection_id, MATCH, owners),
        cursors=Cursors(database, connection_id),
        lock=lambda: database.lock(f"{connection_id}/{MATCH}"),
        searched_until=searched_until,
        clock=clock,
    )
