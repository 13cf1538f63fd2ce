"""`crossdock demo`: both platforms simulated, a worker and the desk, with people who buy while you look. No account, no cloud, nothing left behind.

The twin is served on a loopback port and spoken to over HTTP as the real platforms are; its notifications come through an in-process queue.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from rich.live import Live
from rich.table import Table

from crossdock.app import App
from crossdock.console import out, say, show, table
from crossdock.demo_shop import BY_AMAZON, MONTH_DAYS, SCARCE, SKUS, selling_shop
from crossdock.engine.listen import Held, Receive
from crossdock.errors import ConfigError
from crossdock.start_up import now, open_app
from crossdock.stopping import notice_closed_terminal
from crossdock.store import embedded
from crossdock.twin.amazon import SellerAccount
from crossdock.twin.both import Twin
from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.commercetools_project import Project
from crossdock.twin.commercetools_refusals import RefusedError
from crossdock.twin.merchant import Merchant, SoldOut
from crossdock.twin.serve import start

CONNECTION = "demo"
# What lies before the first minute: enough for every page to have something to show, little enough for Amazon's plan.
EARLIER_ORDERS = 60
# getOrder allows one call in two seconds; an order takes two or three of them in its life.
BUYER_EVERY_S = 8.0

POLICY = """
[[connection]]
id = "demo"

[connection.amazon]
seller_id = "{seller_id}"
region = "EU"
marketplaces = ["DE", "GB", "FR"]
endpoint = "{url}"
token_url = "{url}/auth/o2/token"

[connection.commercetools]
project_key = "demo-shop"
api_url = "{url}"
auth_url = "{url}"

[connection.orders]
import_from = {import_from}
supply_channel = "warehouse"
sync_channel = "amazon"

[connection.orders.tax_rates]
DE = "0.19"
GB = "0.20"
FR = "0.20"
"""

# For the demonstration only: whoever trains on the policy above begins with orders.
STOCK_POLICY = """
[connection.stock]
claims_from = {claims_from}
channels = ["warehouse"]
"""
FINANCE_POLICY = """
[connection.finance]
time_zone = "Europe/Berlin"
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration: the product, the twin it is joined to, and the people in it."""

    app: App
    twin: Twin
    account: SellerAccount
    project: Project
    merchant: Merchant
    queue: Receive


@dataclass(frozen=True, slots=True)
class Progress:
    """What both sides hold at one moment."""

    on_amazon: int
    fbm_imported: int
    fba_imported: int
    skus_listed: int
    units_listed: int


@contextmanager
def open_demo(*, seed: int = 1, earlier: int = EARLIER_ORDERS) -> Iterator[Demo]:
    """Everything the demonstration needs, in a folder of its own that is gone afterwards."""
    with ExitStack() as stack:
        folder = stack.enter_context(_folder())
        twin, account, project, merchant = selling_shop(seed, earlier, listed=True, paid=True)
        url = stack.enter_context(start(twin)).url
        policy = folder / "crossdock.toml"
        claims_from = (now() - timedelta(days=7)).isoformat(timespec="seconds")
        import_from = (now() - timedelta(days=MONTH_DAYS + 7)).isoformat(timespec="seconds")
        told = (POLICY + STOCK_POLICY + FINANCE_POLICY).format(
            url=url, seller_id=account.seller_id, import_from=import_from, claims_from=claims_from
        )
        policy.write_text(told)
        environment = {
            "CROSSDOCK_POLICY": str(policy),
            "CROSSDOCK_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "CROSSDOCK_DEMO_LWA_CLIENT_ID": account.client_id,
            "CROSSDOCK_DEMO_LWA_CLIENT_SECRET": account.client_secret,
            "CROSSDOCK_DEMO_LWA_REFRESH_TOKEN": account.refresh_token,
            "CROSSDOCK_DEMO_CT_CLIENT_ID": "demo",
            "CROSSDOCK_DEMO_CT_CLIENT_SECRET": "demo-secret",
        }
        server = stack.enter_context(embedded.running(folder / "data", durable=False))
        environment |= {"CROSSDOCK_DATABASE_URL": server.app_url, "CROSSDOCK_OWNER_DATABASE_URL": server.owner_url}
        app = stack.enter_context(open_app(environment))
        app.joined[CONNECTION].provision(dry_run=False)
        yield Demo(app, twin, account, project, merchant, _queue(account))


def live(demo: Demo, stop: threading.Event) -> None:
    """Let people buy on Amazon and in the shop, pay, and change their minds, until told to stop."""
    waiting: list[str] = []
    by_merchant = [sku for sku in SKUS if sku not in BY_AMAZON]
    for number in count():
        if stop.wait(BUYER_EVERY_S):
            return
        demo.merchant.settle(at_once=True)
        sku = BY_AMAZON[number % 2] if number % 3 == 0 else by_merchant[number % len(by_merchant)]
        with suppress(SoldOut):
            waiting.append(demo.merchant.buy(skus=[sku]))
            if len(waiting) % 5 == 0:
                demo.merchant.ship(waiting[-4])
            if len(waiting) % 7 == 0:
                demo.merchant.request_cancellation(waiting[-2])
        scarce = list(SCARCE)[number % len(SCARCE)]
        with suppress(RefusedError), demo.twin.world.lock:
            place_order(demo.project, {scarce: 1, by_merchant[number % len(by_merchant)]: 1}, channel_key="warehouse")


def progress(demo: Demo) -> Progress:
    """Count on both sides."""
    kinds = [
        order["custom"]["fields"].get("amazon-fulfilled-by") for order in list(demo.project.orders) if "custom" in order
    ]
    with demo.twin.world.lock:
        demo.account.catch_up()
        live_units = [one.quantity for one in demo.account.listings.by_sku.values() if one.quantity]
    return Progress(
        on_amazon=len(demo.account.orders),
        fbm_imported=kinds.count("MERCHANT"),
        fba_imported=kinds.count("AMAZON"),
        skus_listed=len(live_units),
        units_listed=sum(live_units),
    )


def _queue(account: SellerAccount) -> Receive:
    """Take all notifications that wait, as a queue would hand them out."""

    def arrivals() -> list[bytes]:
        messages = []
        while account.notifications:
            messages.append(account.notifications.popleft())
        return messages

    return Held(arrivals).receive


def watch(demo: Demo, desk: str, stop: threading.Event, seconds: float, *, as_json: bool) -> None:
    """Progress until told to stop: a live table for a terminal, JSON lines for a program, one line a change for a log."""
    deadline = time.monotonic() + seconds if seconds else float("inf")
    said: dict[str, Any] = {}
    with _live_table(enabled=out.is_terminal and not as_json) as draw:
        while not stop.is_set() and time.monotonic() < deadline:
            row = asdict(progress(demo)) | {"desk": desk}
            if draw is not None:
                draw(row)
                notice_closed_terminal()
            elif row != said:
                show(row, as_json=as_json, people=lambda row=row: say(_line(row)))  # type: ignore[misc]
                said = row
            stop.wait(0.5)


@contextmanager
def _live_table(*, enabled: bool) -> Iterator[Callable[[dict[str, Any]], None] | None]:
    if not enabled:
        yield None
        return
    with Live(console=out, refresh_per_second=4) as shown:
        yield lambda row: shown.update(_table(row))


def _line(row: dict[str, Any]) -> str:
    imported = f"{row['fbm_imported']} FBM and {row['fba_imported']} FBA orders in commercetools"
    listed = f"{row['units_listed']} units of {row['skus_listed']} SKUs for sale on Amazon"
    return f"{row['on_amazon']} orders on Amazon, {imported}; {listed}; the desk is at {row['desk']}"


def _table(row: dict[str, Any]) -> Table:
    rows = [
        ("Orders on Amazon", row["on_amazon"]),
        ("FBM in commercetools, to be picked", row["fbm_imported"]),
        ("FBA in commercetools, behind their fence", row["fba_imported"]),
        (
            "For sale on Amazon, out of the shop's own stock",
            f"{row['units_listed']} units of {row['skus_listed']} SKUs",
        ),
        ("The desk", row["desk"]),
    ]
    drawn = table("Crossdock, joined to a simulated Amazon and commercetools", ["", ""], rows)
    drawn.show_header = False
    drawn.caption = "Ctrl-C ends it and leaves nothing behind."
    return drawn


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for this demonstration. As root it must be one that the database's own user can pass through.

    It is locked while its demonstration lives: what a killed one left behind is known by its lock, which nobody holds.
    """
    parent = embedded.default_data_dir()
    made = [path for path in (parent, *parent.parents) if not path.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(parent)
        unlocked = Path(tempfile.mkdtemp(prefix="new-demo-", dir=parent))
    except OSError as fault:
        raise ConfigError(
            [f"CROSSDOCK_DATA: {parent}: {fault.strerror}; name a folder this user can write to"]
        ) from fault
    unlocked.chmod(0o711)
    lock = os.open(unlocked, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder = unlocked.rename(unlocked.with_name(unlocked.name.removeprefix("new-")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
        # Only what this demonstration made, and only where nobody put anything into it meanwhile.
        with suppress(OSError):
            for path in made:
                path.rmdir()


def _clear_leftovers(parent: Path) -> None:
    """What killed demonstrations left behind is gone, a PostgreSQL that still runs there too."""
    for folder in parent.glob("demo-*"):
        if not _is_locked(folder):
            if _is_locked(folder / "data" / "postgresql" / "server.lock"):
                # Its users are dead: the last one to leave stops it.
                with suppress(ConfigError), embedded.running(folder / "data", durable=False):
                    pass
            shutil.rmtree(folder, ignore_errors=True)


def _is_locked(path: Path) -> bool:
    """Whether a living process holds the lock of this file or folder, or it is not ours to look at."""
    try:
        opened = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(opened)
    return False
