"""The worker of stock at work beside a served twin: the delay of a change, the share of Amazon's rate, and the cost of a hundred idle connections.

Two processes, as in life, and PostgreSQL. The shop's changes come to the worker as a subscription's queue would deliver them.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from statistics import median, quantiles
from typing import Any

from crossdock import events
from crossdock.amazon.rates import PATCH_LISTINGS_ITEM, PLANS
from crossdock.app import App
from crossdock.engine.listen import Held
from crossdock.engine.schedule import DRAINS, ROUTINES, SWEEP
from crossdock.flows.discover_listed import was_compared
from crossdock.start_up import now, open_app
from crossdock.store import embedded
from crossdock.store.due import next_due_flows
from crossdock.twin.amazon_account import SellerAccount
from crossdock.twin.both import Twin
from crossdock.twin.commercetools_inventory import update_entry
from crossdock.twin.commercetools_project import Project
from crossdock.twin.merchant import Merchant
from crossdock.twin.serve import start
from crossdock.twin.world import Clock, World

CONNECTIONS = 100
SKUS = 2_000
IN_STOCK = 100
MARKETPLACE = "A1PA6795UKMFR9"
CHANGES_PER_S = 5.0
WAIT_S_MAX = 300.0
SETTLE_S = 15.0
# The first sweep and the first messages of a connection tell of everything; from then on it idles.
FIRST_ROUND_S = next(routine.every for routine in ROUTINES if routine.name == SWEEP).total_seconds()

CONNECTION = """
[[connection]]
id = "c{n}"
[connection.amazon]
seller_id = "A1BENCH{n}"
region = "EU"
marketplaces = ["DE"]
endpoint = "{url}"
token_url = "{url}/auth/o2/token"
[connection.commercetools]
project_key = "shop-{n}"
api_url = "{url}"
auth_url = "{url}"
[connection.orders]
import_from = {since}
supply_channel = "warehouse"
[connection.stock]
claims_from = {since}
channels = ["warehouse"]
mode = "risk"
"""


@dataclass(frozen=True)
class Worked:
    """What was measured. Delays in seconds, shares of one."""

    accept_p95_s: float
    rate_used: float
    throttled: int
    idle_core: float

    def figures(self) -> dict[str, float]:
        """As they are printed."""
        return {
            "accept_p95_s": round(self.accept_p95_s, 2),
            "rate_used": round(self.rate_used, 3),
            "throttled": self.throttled,
            "idle_core_pct": round(self.idle_core * 100, 2),
        }


# --- the other side


@dataclass
class Shop:
    """The busy connection's side of the world."""

    twin: Twin
    account: SellerAccount
    project: Project
    deliver: Queue[bytes]
    begun: dict[str, datetime] = field(default_factory=dict)
    sold: int = 0

    def sell_off(self) -> None:
        """Take half of the next SKU off the shelf, and deliver the message of it. Not all: many that are taken off sale at once wait for a person."""
        entry = next(iter(self.project.inventory.find_all("sku", [f"BENCH-{self.sold:05d}"])))
        self.sold += 1
        with self.twin.world.lock:
            change = {
                "version": entry["version"],
                "actions": [{"action": "removeQuantity", "quantity": IN_STOCK // 2}],
            }
            update_entry(self.project, entry, change, self.project.stamp("shop"))
            message = list(self.project.messages)[-1]
            self.begun[entry["sku"]] = self.twin.world.clock.now()
        body = {"notificationType": "Message", "projectKey": self.project.key, **message}
        self.deliver.put(json.dumps(body).encode())

    def drip(self, seconds: float) -> list[float]:
        """Sell off so many SKUs a second for so long; how long each change took until a set of its SKU was accepted on Amazon."""
        self.begun.clear()
        accepted: dict[str, datetime] = {}
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            self.sell_off()
            time.sleep(1 / CHANGES_PER_S)
            self.note(accepted)
        waited_until = time.monotonic() + WAIT_S_MAX / 10
        while len(accepted) < len(self.begun) and time.monotonic() < waited_until:
            time.sleep(0.1)
            self.note(accepted)
        missing = len(self.begun) - len(accepted)
        return [(at - self.begun[sku]).total_seconds() for sku, at in accepted.items()] + [WAIT_S_MAX] * missing

    def note(self, accepted: dict[str, datetime]) -> None:
        """Note when the first set after each change was accepted; one that follows, of the same SKU, says nothing of the change."""
        for sku, at in self.begun.items():
            submitted_at = self.account.listings.by_sku[sku].updated_at
            if submitted_at >= at:
                accepted.setdefault(sku, submitted_at)

    def rush(self, seconds: float) -> tuple[int, int]:
        """Sell off far more at once than can be set; how many sets were accepted in the seconds that follow, and how many calls were throttled."""
        for _ in range(round(2 * seconds * CHANGES_PER_S)):
            self.sell_off()
        self.twin.world.forget_calls()
        time.sleep(seconds)
        calls = list(self.twin.world.calls)
        sets = [call for call in calls if call.operation.endswith("patchListingsItem")]
        return sum(call.status == 200 for call in sets), sum(call.status == 429 for call in calls)  # noqa: PLR2004 - HTTP


def run_twin(deliver: Queue[bytes], tell: Connection) -> None:
    """Both platforms: many small connections and a busy one; does as it is told until the other end closes."""
    twin = Twin(World(seed=3, clock=Clock(now(), speed=1.0)))
    shops = [_connection(twin, n, deliver) for n in range(CONNECTIONS)]
    with start(twin) as running:
        tell.send(running.url)
        while (asked := _heard(tell)) is not None:
            name, *arguments = asked
            tell.send(getattr(shops[0], name)(*arguments))


def _connection(twin: Twin, n: int, deliver: Queue[bytes]) -> Shop:
    account = twin.amazon.add_account(
        seller_id=f"A1BENCH{n}",
        marketplace_ids=(MARKETPLACE,),
        refresh_token=f"Atzr|{n}",
        client_id="amzn1.application-oa2-client.bench",
        client_secret="amzn1.oa2-cs.v1.bench",  # noqa: S106 - of the twin
    )
    project = twin.commercetools.add_project(f"shop-{n}")
    project.add_client(f"shop-{n}", "bench-secret")
    project.add_channel("warehouse", "InventorySupply")
    skus = [f"BENCH-{number:05d}" for number in range(SKUS if n == 0 else 3)]
    merchant = Merchant(twin.world, account, project, skus=skus)
    merchant.stock_the_shop(quantity=IN_STOCK, channel_key="warehouse")
    merchant.list_goods(quantity=IN_STOCK)
    for number, listing in enumerate(account.listings.by_sku.values()):
        listing.created_at -= timedelta(minutes=number)
    return Shop(twin, account, project, deliver)


# --- the worker


def run_worker(policy: Path, data_dir: Path, delivered: Queue[bytes], tell: Connection) -> None:
    """The product as `crossdock work` runs it; answers what it is asked until the other end closes."""
    environment = {
        "CROSSDOCK_POLICY": str(policy),
        "CROSSDOCK_MASTER_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    }
    for n in range(CONNECTIONS):
        environment |= {
            f"CROSSDOCK_C{n}_LWA_CLIENT_ID": "amzn1.application-oa2-client.bench",
            f"CROSSDOCK_C{n}_LWA_CLIENT_SECRET": "amzn1.oa2-cs.v1.bench",
            f"CROSSDOCK_C{n}_LWA_REFRESH_TOKEN": f"Atzr|{n}",
            f"CROSSDOCK_C{n}_CT_CLIENT_ID": f"shop-{n}",
            f"CROSSDOCK_C{n}_CT_CLIENT_SECRET": "bench-secret",
        }
    os.environ["CROSSDOCK_DATA"] = str(data_dir)
    events.silence()
    with open_app(environment) as app:
        for joined in app.joined.values():
            joined.provision(dry_run=False)
        stop = threading.Event()
        working = threading.Thread(
            target=app.work, args=(stop, {"c0": [Held(_arrivals(delivered)).receive]}), daemon=True
        )
        working.start()
        tell.send("started")
        answers: dict[str, Callable[[], Any]] = {"cpu": time.process_time, "left": lambda: _left(app)}
        while (asked := _heard(tell)) is not None:
            tell.send(answers[asked]())
        stop.set()
        working.join()


def _arrivals(delivered: Queue[bytes]) -> Callable[[], list[bytes]]:
    """As a queue's long poll: wait a while for the first message, then take what is there."""

    def arrivals() -> list[bytes]:
        bodies = []
        try:
            bodies.append(delivered.get(timeout=1.0))
            while True:
                bodies.append(delivered.get_nowait())
        except Empty:
            return bodies

    return arrivals


def _left(app: App) -> int:
    """How much is to be done before all is quiet: routines that never ran, comparisons that are not made, and records that are due."""
    next_runs, with_records = next_due_flows(app.database, app.connection_ids, DRAINS, app.clock())
    never = sum(len(runs) < len(ROUTINES) for runs in next_runs.values()) + len(app.connection_ids) - len(next_runs)
    uncompared = sum(not was_compared(joined.cursors) for joined in app.joined.values())
    return never + uncompared + len(with_records)


def _heard(tell: Connection) -> Any:
    """What is asked next; None once the other end has closed."""
    try:
        return tell.recv()
    except EOFError:
        return None


# --- the measurement


def at_work(seconds: float) -> Worked:
    """Start both, wait until all is quiet, and measure each for so long."""
    context = multiprocessing.get_context("spawn")
    parent = embedded.default_data_dir()
    parent.mkdir(parents=True, exist_ok=True)
    delivered: Queue[bytes] = context.Queue()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as name:
        folder = Path(name)
        folder.chmod(0o711)
        shop, there = context.Pipe()
        twin = context.Process(target=run_twin, args=(delivered, there), daemon=True)
        twin.start()
        there.close()
        url = shop.recv()
        since = (now() - timedelta(days=1)).isoformat(timespec="seconds")
        policy = folder / "crossdock.toml"
        policy.write_text("".join(CONNECTION.format(n=n, url=url, since=since) for n in range(CONNECTIONS)))
        worker, worker_there = context.Pipe()
        process = context.Process(target=run_worker, args=(policy, folder / "data", delivered, worker_there))
        process.start()
        worker_there.close()
        try:
            worker.recv()
            return _measure(worker, shop, seconds)
        finally:
            # Also where a measurement broke off: a worker that hears no more ends, and its PostgreSQL with it.
            worker.close()
            process.join()
            shop.close()
            twin.terminate()


def _measure(worker: Connection, shop: Connection, seconds: float) -> Worked:
    def ask(whom: Connection, *what: Any) -> Any:
        whom.send(what if len(what) > 1 or whom is shop else what[0])
        return whom.recv()

    def until_quiet() -> None:
        deadline = time.monotonic() + WAIT_S_MAX
        while (left := ask(worker, "left")) > 0:
            assert time.monotonic() < deadline, f"never quiet: {left} left"
            time.sleep(1.0)
        # Messages are asked for every ten seconds for a while after the last one told something.
        time.sleep(SETTLE_S)

    until_quiet()
    print(
        f"{CONNECTIONS} connections and {SKUS} SKUs looked at; {FIRST_ROUND_S:.0f} s for their first round",
        file=sys.stderr,
    )
    time.sleep(FIRST_ROUND_S)
    until_quiet()
    cpu_began = ask(worker, "cpu")
    time.sleep(seconds)
    idle_core = (ask(worker, "cpu") - cpu_began) / seconds
    print(f"idle: {idle_core:.2%} of a core", file=sys.stderr)
    delays = ask(shop, "drip", seconds)
    accept_p95_s = quantiles(delays, n=20)[-1]
    never, median_s = sum(delay == WAIT_S_MAX for delay in delays), median(delays)
    told = f"accepted after {median_s:.2f} s, at p95 {accept_p95_s:.2f} s, {never} never"
    print(f"{len(delays)} changes, {told}", file=sys.stderr)
    until_quiet()
    sets, throttled = ask(shop, "rush", seconds)
    per_s = PLANS[PATCH_LISTINGS_ITEM].per_s
    print(f"{sets} sets in {seconds:.0f} s, {throttled} calls throttled", file=sys.stderr)
    return Worked(accept_p95_s, sets / (per_s * seconds), throttled, idle_core)
