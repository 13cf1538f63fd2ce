"""Orders a second, from the inbox to commercetools, beside a plain script on the public SDKs doing the same import.

Three processes, as in life: the twin (commercetools), PostgreSQL, and the worker. Addresses lie sealed in the store already, as after a search
page; Amazon's plan is not part of it. Then the script imports some of the same orders into another project of the same twin.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from bench.script_on_sdks import Script
from crossdock import events
from crossdock.app import App
from crossdock.domain.window import SEARCH_LAG, Window
from crossdock.joined import Joined
from crossdock.start_up import now, open_app
from crossdock.store import embedded
from crossdock.twin.both import Twin
from crossdock.twin.merchant import Merchant
from crossdock.twin.serve import serve
from crossdock.twin.world import Clock, World

EU = {"DE": "A1PA6795UKMFR9", "GB": "A1F83G8C2ARO7P", "FR": "A13V1IB3VIYZZH"}
SKUS = tuple(f"BENCH-{number:03d}" for number in range(200))
REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET = "Atzr|bench", "amzn1.application-oa2-client.bench", "amzn1.oa2-cs.v1.bench"

POLICY = """
[[connection]]
id = "bench"
[connection.amazon]
seller_id = "A1BENCHSELLER"
region = "EU"
marketplaces = ["DE", "GB", "FR"]
endpoint = "{url}"
token_url = "{url}/auth/o2/token"
[connection.commercetools]
project_key = "bench-shop"
api_url = "{url}"
auth_url = "{url}"
[connection.orders]
import_from = {import_from}
supply_channel = "warehouse"
{sync}
[connection.orders.tax_rates]
DE = "0.19"
GB = "0.20"
FR = "0.20"
"""

# A round of the worker is so many batches; after each the script has its turn.
ROUND_BATCHES = 2
SCRIPT_ORDERS = 50


@dataclass(frozen=True)
class Round:
    """What the worker did in one turn."""

    settled: int
    seconds: float
    cpu_s: float
    mib: float


def run_twin(orders: int, tell: Connection) -> None:
    """The other side: a stocked project, a second one for the script, and orders that wait on Amazon."""
    world = World(seed=3, clock=Clock(now() - timedelta(hours=2), speed=1.0))
    twin = Twin(world)
    account = twin.amazon.add_account(
        seller_id="A1BENCHSELLER",
        marketplace_ids=tuple(EU.values()),
        refresh_token=REFRESH_TOKEN,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )
    for operation in ("searchOrders", "getOrder"):
        account.set_rate(operation, 1000.0, 100_000)
    merchant = Merchant(world, account, skus=SKUS)
    for key in ("script-shop", "bench-shop"):
        project = twin.commercetools.add_project(key)
        project.add_client(key, "bench-secret")
        project.add_channel("warehouse", "InventorySupply")
        names = (
            "amazon-order-id",
            "amazon-fulfilled-by",
            "amazon-status",
            "amazon-marketplace-id",
            "amazon-order-item-id",
            "amazon-asin",
        )
        project.add_type("amazon-order", ["order"], dict.fromkeys(names, "String"))
        project.add_type("amazon-line", ["line-item"], dict.fromkeys(names, "String"))
        merchant = Merchant(world, account, project, skus=SKUS)
        merchant.stock_the_shop(quantity=1_000_000, channel_key="warehouse")
    for _ in range(orders):
        merchant.buy(settled=True, notify=False)
    world.clock.advance(now() - world.clock.now())
    # A platform does not stop to look through all orders it ever had; the collector of this process would, in both measurements.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    serve(twin, on_ready=tell.send)


def run_worker(policy: Path, data_dir: Path, tell: Connection) -> None:
    """Fill the inbox and the vault, then, timed, bring everything into commercetools."""
    environment = {
        "CROSSDOCK_POLICY": str(policy),
        "CROSSDOCK_BENCH_LWA_CLIENT_ID": CLIENT_ID,
        "CROSSDOCK_BENCH_LWA_CLIENT_SECRET": CLIENT_SECRET,
        "CROSSDOCK_BENCH_LWA_REFRESH_TOKEN": REFRESH_TOKEN,
        "CROSSDOCK_BENCH_CT_CLIENT_ID": "bench-shop",
        "CROSSDOCK_BENCH_CT_CLIENT_SECRET": "bench-secret",
        "CROSSDOCK_MASTER_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    }
    os.environ["CROSSDOCK_DATA"] = str(data_dir)
    events.silence()
    with open_app(environment) as app:
        joined = app.joined["bench"]
        joined.provision(dry_run=False)
        fill(app, joined)
        app.spare_the_collector()
        tell.send("filled")
        while heard(tell):
            began, cpu_began = time.perf_counter(), time.process_time()
            report = joined.drain(batches=ROUND_BATCHES)
            seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
            mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            tell.send(Round(report.settled, seconds, cpu_s, mib))


def heard(tell: Connection) -> bool:
    """Whether another round is asked for; the other end closes its side after the last."""
    try:
        tell.recv()
    except EOFError:
        return False
    return True


def fill(app: App, joined: Joined) -> None:
    """All orders in the inbox, and the addresses of those to ship under seal. This is not measured: our buckets are as large as the twin's."""
    with app.database.transaction(["bench"]) as transaction:
        for operation in ("searchOrders", "getOrder"):
            transaction.execute("insert into rates values ('bench', %s, 100000, 1000, 100000, %s)", [operation, now()])
    window = Window(now() - timedelta(days=1), now() - SEARCH_LAG)
    for search in (joined.amazon.search_recipients, joined.amazon.search):
        token = None
        while True:
            page = search(window, token)
            joined.take_in(page.orders)
            token = page.next_token
            if token is None:
                break


def calls(url: str) -> int:
    """How many commercetools calls the twin has answered."""
    with urllib.request.urlopen(f"{url}/_twin/calls?limit=0") as answer:  # noqa: S310 - our own loopback address
        counts: dict[str, int] = json.load(answer)["counts"]
    return sum(count for operation, count in counts.items() if operation.startswith("commercetools."))


def main() -> None:
    """Measure, tell on standard error, and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=8000)
    parser.add_argument(
        "--sync-info", action="store_true", help="write sync info too: two calls an order instead of one"
    )
    asked = parser.parse_args()
    events.silence()
    context = multiprocessing.get_context("spawn")
    parent = embedded.default_data_dir()
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as name:
        folder = Path(name)
        folder.chmod(0o711)
        here, there = context.Pipe()
        twin = context.Process(target=run_twin, args=(asked.orders, there), daemon=True)
        twin.start()
        there.close()
        url = here.recv()
        policy = folder / "crossdock.toml"
        import_from = (now() - timedelta(days=7)).isoformat(timespec="seconds")
        policy.write_text(
            POLICY.format(url=url, import_from=import_from, sync='sync_channel = "amazon"' if asked.sync_info else "")
        )
        worker_here, worker_there = context.Pipe()
        worker = context.Process(target=run_worker, args=(policy, folder / "data", worker_there))
        worker.start()
        worker_there.close()
        worker_here.recv()
        try:
            print(f"{asked.orders} orders in the inbox", file=sys.stderr)
            script = Script(url, (REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET), tuple(EU.values()))
            # Neither is measured in its first round: both load, connect and fill their caches there.
            worker_here.send("go")
            left = asked.orders - worker_here.recv().settled
            script.import_some(SCRIPT_ORDERS)
            rounds, made, script_seconds, script_orders = [], 0, 0.0, 0
            while sum(measured.settled for measured in rounds) < left:
                calls_before = calls(url)
                worker_here.send("go")
                rounds.append(worker_here.recv())
                made += calls(url) - calls_before
                assert rounds[-1].settled, "not every order was settled"
                # In turns, so that whatever else the machine does falls on both.
                script_seconds += script.import_some(SCRIPT_ORDERS)
                script_orders += SCRIPT_ORDERS
                print(f"{rounds[-1]}, script {script_orders / script_seconds:.1f}/s", file=sys.stderr)
        finally:
            # Also where a measurement broke off: a worker that hears no more ends, and its PostgreSQL with it.
            worker_here.close()
            worker.join()
            twin.terminate()
    settled, seconds = sum(r.settled for r in rounds), sum(r.seconds for r in rounds)
    figures = {
        "orders_per_s": round(settled / seconds, 1),
        "ratio_to_script": round(settled / seconds / (script_orders / script_seconds), 1),
        "script_orders_per_s": round(script_orders / script_seconds, 1),
        "cpu_ms_per_order": round(sum(r.cpu_s for r in rounds) * 1000 / settled, 2),
        "calls_per_order": round(made / settled, 3),
        "worker_mib": round(max(r.mib for r in rounds), 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
