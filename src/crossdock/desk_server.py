"""The desk on a port of this machine: hands the store's reads to the pages and serves them from a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial

import uvicorn

from crossdock import events
from crossdock.app import App
from crossdock.domain.accounts import Chart
from crossdock.domain.desk import STOCK_FLOW
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import AmazonOrderId, ConnectionId
from crossdock.domain.order import ImportedOrder
from crossdock.errors import ConfigError
from crossdock.policy_finance import shipped_chart
from crossdock.ports_desk import Desk, MoneyDesk
from crossdock.store import overview, settlement_sheets, sheets, stock_sheets
from crossdock.store.database import Database, is_migrated
from crossdock.store.order_money import find_order_money
from crossdock.store.settlement_files import SettlementFiles
from crossdock.store.settlement_rows import find_rows
from crossdock.web.edge import check_loopback
from crossdock.web.routes import build_desk

STOP_S_MAX = 10.0


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """The port is ours until the block ends: taken before anything slow. ConfigError for an address others can reach, or a port that is taken."""
    check_loopback(host)
    with socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    ) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen()
        except OSError as fault:
            raise ConfigError(
                [f"--port: {port} on {host} cannot be used: {fault.strerror}; give another one"]
            ) from fault
        yield listening


@contextmanager
def serve_desk(app: App, listening: socket.socket) -> Iterator[str]:
    """Serve until the block ends; gives the address."""
    config = uvicorn.Config(
        build_desk(desk_of(app), connections=app.connection_ids, clock=app.clock),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
        http="httptools",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="desk", daemon=True)
    thread.start()
    host, port = listening.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{port}/"
    events.emit("desk.started", address=address)
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(STOP_S_MAX)


def desk_of(app: App) -> Desk:
    """The pages' reads, bound to this process's database and doors."""

    def read_commercetools(connection_id: str, order_id: AmazonOrderId) -> ImportedOrder | None:
        joined = app.joined[connection_id]
        return joined.orders.find(joined.order_number(order_id))

    database = app.database
    finances = [(name, joined.finance) for name, joined in app.joined.items()]
    policies = {name: finance.policy for name, finance in finances if finance is not None}
    return Desk(
        last_runs=partial(overview.last_runs, database),
        backlogs=partial(overview.backlogs, database),
        rates_left=partial(overview.rates_left, database),
        case_counts=partial(overview.case_counts, database),
        money_at_stake=partial(overview.money_at_stake, database),
        orders_by_hour=partial(overview.orders_by_hour, database),
        state_counts=partial(overview.state_counts, database),
        proven_days=partial(overview.proven_days, database),
        find_orders=partial(sheets.find_orders, database),
        find_order=partial(sheets.find_order, database),
        find_cases=partial(sheets.find_cases, database),
        find_case=partial(sheets.find_case, database),
        stock_backlogs=partial(overview.backlogs, database, flow=STOCK_FLOW),
        stock_counts=partial(stock_sheets.stock_counts, database),
        find_skus=partial(stock_sheets.find_skus, database),
        find_sku=partial(stock_sheets.find_sku, database),
        money=money_of(database, policies),
        read_commercetools=read_commercetools,
        is_ready=partial(is_migrated, database),
    )


def money_of(database: Database, policies: Mapping[str, FinancePolicy]) -> MoneyDesk:
    """The reads of the pages of settlements. `policies`: of the connections whose books are kept."""
    default = shipped_chart().chart

    def received(connection_id: str, sha256: str) -> Iterator[bytes]:
        return SettlementFiles(database, ConnectionId(connection_id)).read(sha256)

    def account_names(connection_id: str, at: datetime) -> Mapping[str, str]:
        policy = policies.get(connection_id)
        return names_of(policy.chart_on(at) if policy is not None else default)

    return MoneyDesk(
        find_settlements=partial(settlement_sheets.find_settlements, database),
        periods=partial(settlement_sheets.find_periods, database),
        find_settlement=partial(settlement_sheets.find_settlement, database),
        find_rows=partial(find_rows, database),
        certificate=partial(settlement_sheets.find_certificate, database),
        received=received,
        find_order_money=partial(find_order_money, database),
        books_counts=partial(settlement_sheets.books_counts, database),
        account_names=account_names,
    )


def names_of(chart: Chart) -> Mapping[str, str]:
    """The name of each account by its key; of the merchant's own chart before that of the shipped one."""
    below = names_of(chart.fallback) if chart.fallback is not None else {}
    return {**below, **{key: account.name for key, account in chart.accounts.items()}}
