"""`crossdock demo`: both platforms simulated, a worker and the desk, with people who buy while you look. No account, no cloud, nothing left behind.

The twin is served on a loopback port and spoken to over HTTP as the real platforms are; its notifications come through an in-process queue.
"""

from __future__ import annotations

import base64
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from crossdock.app import App, Receive
from crossdock.start_up import now, open_app
from crossdock.store import embedded
from crossdock.twin.amazon import SellerAccount
from crossdock.twin.both import Twin
from crossdock.twin.commercetools_project import Project
from crossdock.twin.merchant import Merchant
from crossdock.twin.serve import start
from crossdock.twin.world import Clock, World

CONNECTION = "demo"
SKUS = ("MUG-BLUE", "MUG-RED", "TEA-GREEN", "TEA-BLACK", "LAMP-DESK", "LAMP-FLOOR", "BOOK-COOKING", "BOOK-GARDEN")
MARKETPLACES = {"DE": "A1PA6795UKMFR9", "GB": "A1F83G8C2ARO7P", "FR": "A13V1IB3VIYZZH"}
# What lies before the first minute: enough for every page to have something to show, little enough for Amazon's plan.
EARLIER_ORDERS = 60
EARLIER_HOURS = 30
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


@contextmanager
def open_demo(*, seed: int = 1, earlier: int = EARLIER_ORDERS) -> Iterator[Demo]:
    """Everything the demonstration needs, in a folder of its own that is gone afterwards."""
    with ExitStack() as stack:
        folder = stack.enter_context(_folder())
        twin, account, project, merchant = selling_shop(seed, earlier)
        url = stack.enter_context(start(twin)).url
        policy = folder / "crossdock.toml"
        import_from = (now() - timedelta(days=7)).isoformat(timespec="seconds")
        policy.write_text(POLICY.format(url=url, seller_id=account.seller_id, import_from=import_from))
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
    """Let people buy, pay, and change their minds, until told to stop."""
    waiting: list[str] = []
    while not stop.wait(BUYER_EVERY_S):
        demo.merchant.settle(at_once=True)
        waiting.append(demo.merchant.buy())
        if len(waiting) % 5 == 0:
            demo.merchant.ship(waiting[-4])
        if len(waiting) % 7 == 0:
            demo.merchant.request_cancellation(waiting[-2])


def progress(demo: Demo) -> Progress:
    """Count on both sides."""
    kinds = [
        order["custom"]["fields"].get("amazon-fulfilled-by") for order in list(demo.project.orders) if "custom" in order
    ]
    return Progress(len(demo.account.orders), kinds.count("MERCHANT"), kinds.count("AMAZON"))


def wait_for_both_kinds(demo: Demo, within_s: float) -> bool:
    """Whether orders of both kinds were in commercetools in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        seen = progress(demo)
        if seen.fbm_imported and seen.fba_imported:
            return True
        threading.Event().wait(0.1)
    return False


def selling_shop(seed: int, earlier: int) -> tuple[Twin, SellerAccount, Project, Merchant]:
    """A shop that has been selling for a day or two."""
    clock = Clock(now() - timedelta(hours=EARLIER_HOURS), speed=1.0)
    twin = Twin(World(seed=seed, clock=clock))
    account = twin.amazon.add_account(seller_id="A1DEMOSELLER", marketplace_ids=tuple(MARKETPLACES.values()))
    project = twin.commercetools.add_project("demo-shop")
    project.add_client("demo", "demo-secret")
    project.add_channel("warehouse", "InventorySupply")
    merchant = twin.add_merchant(Merchant(twin.world, account, project, skus=SKUS))
    merchant.stock_the_shop(quantity=250, channel_key="warehouse")
    step = timedelta(hours=EARLIER_HOURS) / (earlier + 8)
    for number in range(earlier):
        order_id = merchant.buy(settled=number < earlier - 3, notify=False)
        if number < earlier // 3:
            merchant.ship(order_id)
        clock.advance(step)
    merchant.buy(skus=["MUG-DISCONTINUED"], fulfilled_by="MERCHANT", settled=True, notify=False)
    merchant.buy(skus=["TEA-GREEN"], fulfilled_by="MERCHANT", programs=["IN_STORE_PICK_UP"], settled=True, notify=False)
    merchant.request_cancellation(merchant.buy(skus=["LAMP-DESK"], fulfilled_by="MERCHANT", settled=True, notify=False))
    account.notifications.clear()
    clock.advance(now() - clock.now())
    return twin, account, project, merchant


def _queue(account: SellerAccount) -> Receive:
    """Take all notifications that wait, as a queue would hand them out."""

    def receive() -> list[bytes]:
        messages = []
        while account.notifications:
            messages.append(account.notifications.popleft())
        return messages

    return receive


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for this demonstration. As root it must be one that the database's own user can pass through."""
    parent = embedded.default_data_dir()
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=parent))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
