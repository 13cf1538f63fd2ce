"""Every command as an operator types it: a process of its own, real settings, a served twin, exit codes and `--json`."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from crossdock.demo import POLICY, selling_shop
from crossdock.twin.both import Twin
from crossdock.twin.serve import start

Run = Callable[..., subprocess.CompletedProcess[str]]

PERSONAL = ("Example Street", "Test Buyer", "@marketplace.amazon")


class Desk:
    """A folder with settings, joined to a served twin that has been selling for a day."""

    def __init__(self, folder: Path, twin: Twin, environment: dict[str, str]) -> None:
        """Hold what a command needs."""
        self.folder = folder
        self.twin = twin
        self.environment = environment

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "crossdock", *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def read(self, *arguments: str) -> Any:
        """Run a command with --json and read what it says."""
        done = self.run(*arguments, "--json")
        assert done.returncode in {0, 1}, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def desk(tmp_path: Path, addresses: tuple[str, str]) -> Iterator[Desk]:
    """Everything an operator has set up before the first command."""
    twin, account, _, _ = selling_shop(3, 24)
    with start(twin) as served:
        policy = tmp_path / "crossdock.toml"
        policy.write_text(POLICY.format(url=served.url, seller_id=account.seller_id, import_from="2020-01-01"))
        own = {
            "CROSSDOCK_DATABASE_URL": addresses[0],
            "CROSSDOCK_OWNER_DATABASE_URL": addresses[1],
            "CROSSDOCK_DATA": str(tmp_path / "data"),
            "CROSSDOCK_MASTER_KEY": base64.b64encode(bytes(range(32))).decode(),
            "CROSSDOCK_DEMO_LWA_CLIENT_ID": account.client_id,
            "CROSSDOCK_DEMO_LWA_CLIENT_SECRET": account.client_secret,
            "CROSSDOCK_DEMO_LWA_REFRESH_TOKEN": account.refresh_token,
            "CROSSDOCK_DEMO_CT_CLIENT_ID": "demo",
            "CROSSDOCK_DEMO_CT_CLIENT_SECRET": "demo-secret",
        }
        yield Desk(tmp_path, twin, {**os.environ, **own})


def test_first_hour_of_an_operator(desk: Desk) -> None:
    """check says what is missing, provision repairs it, the rehearsal writes nothing, run imports, and the lists show it."""
    before = desk.read("check")
    assert before["ok"] is False
    assert len(desk.read("provision")["demo"]) == 3
    assert desk.read("provision")["demo"] == []
    assert desk.read("check")["ok"] is True

    rehearsed = desk.read("run", "--dry-run")
    assert len(rehearsed) == 27
    assert [row for row in rehearsed if row["state"] == "put back"] == []
    assert len([row for row in rehearsed if row["cases"]]) == 3
    assert desk.read("orders", "list") == []
    assert len(desk.twin.commercetools.projects["demo-shop"].orders) == 0

    ran = desk.read("run")["demo"]
    assert (ran["news"], ran["put_back"]) == (27, 0)
    imported = desk.twin.commercetools.projects["demo-shop"].orders_by_number()
    assert {row["order_id"] for row in rehearsed if row["draft"]} == set(imported)

    listed = desk.read("orders", "list")
    assert {row["record_id"] for row in listed if row["state"] == "in_sync"} <= set(imported)
    shown = desk.read("orders", "show", listed[-1]["record_id"])
    assert shown["history"][0]["event"]["code"] == "order.imported"


def test_case_from_its_opening_to_its_end(desk: Desk) -> None:
    """An unknown SKU waits as a case with a first step; once the product exists, a retry closes it."""
    desk.read("provision")
    assert desk.run("run").returncode == 1
    case = next(row for row in desk.read("cases", "list") if row["kind"] == "order.unknown_sku")
    assert desk.read("cases", "show", str(case["case_id"]))["first_step"].startswith("Create the variant")
    assert [row["seller_sku"] for row in desk.read("orders", "claims")].count("MUG-DISCONTINUED") == 1

    desk.twin.commercetools.projects["demo-shop"].add_product("MUG-DISCONTINUED", "A mug")

    assert desk.read("cases", "retry", str(case["case_id"])) == {"retried": 1, "closed": [case["case_id"]]}


def test_rehearsal_shows_the_exact_draft_and_no_person(desk: Desk) -> None:
    """The draft of an order to ship is complete, and every personal field in it is masked."""
    desk.read("provision")

    told = desk.run("orders", "import", "--since", "2020-01-01", "--dry-run", "--json")

    drafts = [row["draft"] for row in json.loads(told.stdout) if row["draft"]]
    to_ship = [draft for draft in drafts if draft["orderState"] == "Open"]
    assert {value for draft in to_ship for value in draft["shippingAddress"].values()} == {"•••"}
    assert {draft["customerEmail"] for draft in to_ship} == {"•••"}
    assert [text for text in PERSONAL if text in told.stdout + told.stderr] == []


def test_one_order_is_imported_now_and_again_after_it_was_deleted(desk: Desk) -> None:
    """orders import fetches one order; deleted in commercetools it comes back only when told --again."""
    desk.read("provision")
    project = desk.twin.commercetools.projects["demo-shop"]
    on_amazon = desk.twin.amazon.accounts["Atzr|twin-refresh-token"].orders
    order_id = next(key for key, order in on_amazon.items() if order["fulfillment"]["fulfilledBy"] == "AMAZON")
    desk.read("orders", "import", order_id)
    project.orders.remove(project.orders_by_number()[order_id]["id"])

    desk.read("orders", "import", order_id)
    gone = order_id in project.orders_by_number()
    desk.read("orders", "import", order_id, "--again")

    assert gone is False
    assert order_id in project.orders_by_number()


def test_every_problem_is_told_at_once_with_its_place(desk: Desk) -> None:
    """A wrong key, a wrong value and a missing secret are three lines, each with where; the exit code is 2."""
    policy = desk.folder / "crossdock.toml"
    policy.write_text(
        policy.read_text().replace('region = "EU"', 'regoin = "EU"').replace('["DE", "GB", "FR"]', '["XX"]')
    )

    told = desk.run("check", CROSSDOCK_DEMO_LWA_CLIENT_ID="")

    assert told.returncode == 2
    assert "crossdock.toml:5: connection[0].amazon.region is missing" in told.stderr
    assert "regoin is not known here" in told.stderr
    assert "'XX' is no marketplace" in told.stderr
    assert "CROSSDOCK_DEMO_LWA_CLIENT_ID: missing" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["orders", "import"], "give one order id, or --since"),
        (["orders", "show", "999-9999999-9999999"], "orders import 999-9999999-9999999"),
        (["orders", "import", "999-9999999-9999999"], "Amazon does not know this order"),
        (["orders", "import", "--since", "2999-01-01"], "lies in the future"),
        (["orders", "import", "302-0000000-0000000", "--until", "2026-01-01"], "--until belongs to --since"),
        (["cases", "show", "4711"], "there is none"),
        (["cases", "list", "--kind", "order.unknwon"], "is no kind of case"),
        (["cases", "list", "--owner", "nobody"], "owners are"),
        (["init", "nowhere"], "is no folder"),
        (["cases", "retry"], "not both"),
        (["check", "--connection", "nowhere"], "it has demo"),
        (["serve", "--host", "192.0.2.1"], "can be reached from outside"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_says_what_to_do_instead(desk: Desk, arguments: list[str], says: str) -> None:
    """A wrong call is answered with one line that names the right one, and the exit code 2."""
    told = desk.run(*arguments)

    assert told.returncode == 2
    assert says in told.stderr
    assert "Traceback" not in told.stderr


def test_init_writes_what_is_to_be_filled_in_and_never_twice(desk: Desk) -> None:
    """init writes the policy and a master key readable by its owner alone; a second time it changes nothing."""
    (desk.folder / "crossdock.toml").unlink()

    first = desk.read("init")
    second = desk.run("init")

    assert (desk.folder / "crossdock.toml").read_text().startswith("# The reference of every key")
    assert Path(first["master_key_file"]).stat().st_mode & 0o777 == 0o600
    assert second.returncode == 2
    assert "exists already" in second.stderr


def test_unreachable_platform_is_exit_code_three(desk: Desk) -> None:
    """A platform that does not answer is said in one line, and is no traceback."""
    nobody = POLICY.format(url="http://127.0.0.1:9", seller_id="A1DEMOSELLER", import_from="2020-01-01")
    (desk.folder / "crossdock.toml").write_text(nobody)

    told = desk.run("run")

    assert told.returncode == 3
    assert "did not answer" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_demo_brings_both_kinds_and_stops_cleanly(open_folder: Path, number: signal.Signals) -> None:
    """The demonstration imports orders of both kinds, serves the desk, and leaves no process and no folder behind."""
    data_dir = open_folder / f"demo-{number}"
    environment = {**os.environ, "CROSSDOCK_DATA": str(data_dir)}
    command = [sys.executable, "-m", "crossdock", "demo", "--json", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        rows = takewhile_not(_both_kinds, map(json.loads, process.stdout))
        page = urlopen(rows[-1]["desk"]).read().decode()  # noqa: S310 - our own loopback address
        process.send_signal(number)
        process.stdout.read()

    assert process.returncode == 0
    assert "Crossdock" in page
    assert list(data_dir.iterdir()) == []


def takewhile_not(holds: Callable[[dict[str, Any]], bool], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows up to and with the first for which it holds."""
    seen: list[dict[str, Any]] = []
    for row in rows:
        seen.append(row)
        if holds(row):
            return seen
    pytest.fail("orders of both kinds never came")


def _both_kinds(row: dict[str, Any]) -> bool:
    return bool(row["fbm_imported"] and row["fba_imported"])
