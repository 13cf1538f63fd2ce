"""Every command as an operator types it: a process of its own, real settings, a served twin, exit codes and `--json`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from crossdock.amazon.rates import GET_ORDER, PLANS, SEARCH_ORDERS
from crossdock.demo import CONNECTION, POLICY
from crossdock.start_up import now
from crossdock.store.database import Database
from crossdock.store.rates import Rates
from tests.commands.operators import Desk

PERSONAL = ("Example Street", "Test Buyer", "@marketplace.amazon")


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


def test_run_says_why_orders_were_put_back(desk: Desk, database: Database) -> None:
    """A run after a rehearsal finds Amazon's plan used up: it says that nothing is wrong and who takes the orders up again."""
    desk.read("provision")
    Rates(database, CONNECTION).empty(GET_ORDER, PLANS[GET_ORDER], now())

    told = desk.run("run").stdout

    assert re.search(
        r"^\d+ put back: each is due again within minutes\. .* the next `crossdock run`\.$", told, re.MULTILINE
    ), told


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
    assert "crossdock.toml:5: connection demo: amazon.region is missing" in told.stderr
    assert "regoin is not known here" in told.stderr
    assert "'XX' is no marketplace" in told.stderr
    assert "CROSSDOCK_DEMO_LWA_CLIENT_ID: missing" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["orders", "import"], "give one order id, or --since"),
        (["orders", "show", "999-9999999-9999999"], "orders import 999-9999999-9999999"),
        (["orders", "show", ""], "no order id was given; one looks like 302-1234567-1234567"),
        (["orders", "show", "a" * 120_000], f"“{'a' * 40}…” is no Amazon order id"),
        (["orders", "import", "../302-1234567-1234567"], "“../302-1234567-1234567” is no Amazon order id"),
        (["orders", "import", "<b>[red]\udcff\x1b[2J"], r"“<b>[red]\udcff\x1b[2J” is no Amazon order id"),
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


def test_init_makes_the_key_that_is_missing_beside_a_policy(desk: Desk) -> None:
    """A policy without a master key is no dead end: init makes the key, says so, and leaves the policy as it is."""
    before = (desk.folder / "crossdock.toml").read_bytes()

    without = desk.run("check", CROSSDOCK_MASTER_KEY="")
    told = desk.run("init", CROSSDOCK_MASTER_KEY="")

    assert without.stderr.count("`crossdock init` makes one") == 1
    assert (told.returncode, told.stdout.splitlines()[0]) == (
        0,
        "1. crossdock.toml was there and is as it was; the master key was missing and is made.",
    )
    assert (desk.folder / "crossdock.toml").read_bytes() == before
    assert desk.run("orders", "list", CROSSDOCK_MASTER_KEY="").returncode == 0


def test_init_that_cannot_write_the_key_writes_no_policy(desk: Desk) -> None:
    """The key comes first: where it cannot be written that is a sentence, and no policy stands in the way of the next try."""
    (desk.folder / "crossdock.toml").unlink()
    (desk.folder / "file").touch()

    told = desk.run("init", CROSSDOCK_DATA=str(desk.folder / "file"))

    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert "master.key cannot be written" in told.stderr
    assert not (desk.folder / "crossdock.toml").exists()


@pytest.mark.parametrize("garbage", [b"", b"\xff\x00", b"AAAA", b"no base64 at all"])
def test_garbage_in_the_place_of_the_master_key_is_a_sentence(desk: Desk, garbage: bytes) -> None:
    """A master key that is none is said with its file; nothing of it is quoted, and nothing is started."""
    (desk.folder / "data").mkdir()
    (desk.folder / "data/master.key").write_bytes(garbage)

    told = desk.run(
        "orders", "list", CROSSDOCK_MASTER_KEY="", CROSSDOCK_DATABASE_URL="", CROSSDOCK_OWNER_DATABASE_URL=""
    )

    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert "master.key: is no master key (32 bytes in base64)" in told.stderr
    assert [path.name for path in (desk.folder / "data").iterdir()] == ["master.key"]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "postgresql://crossdock_app:hush-hush@127.0.0.1:9/crossdock",
            "127.0.0.1, port 9, cannot be reached: Connection refused",
        ),
        (
            "postgresql://crossdock_app:hush-hush@/crossdock?host=/nowhere",
            "/nowhere, port 5432, cannot be reached: No such file",
        ),
        ("postgresql://crossdock_app:hush%hush@127.0.0.1:9/crossdock", "cannot be read as an address"),
    ],
)
def test_unreachable_database_is_said_at_once(desk: Desk, url: str, says: str) -> None:
    """A database that cannot be reached is one line with where and why: no waiting, no password, and no library's line."""
    told = desk.run("orders", "list", CROSSDOCK_DATABASE_URL=url, CROSSDOCK_OWNER_DATABASE_URL="")

    assert told.returncode in {2, 3}
    assert told.stderr.startswith("error CROSSDOCK_DATABASE_URL: ")
    assert says in told.stderr
    assert told.stderr.count("\n") == 1
    assert "hush" not in told.stderr


def test_wrong_secret_of_commercetools_is_said_as_such(desk: Desk) -> None:
    """check names the variables of a refused API client once, and does not blame scopes for it."""
    findings = desk.read("check", CROSSDOCK_DEMO_CT_CLIENT_SECRET="wrong")["findings"]

    says = {finding["what"]: finding["says"] for finding in findings}
    assert (
        "compare CROSSDOCK_DEMO_CT_CLIENT_ID and CROSSDOCK_DEMO_CT_CLIENT_SECRET"
        in says["commercetools: sign-in and scopes"]
    )
    assert says["commercetools: catalogue"] == "not looked at, for the same reason as above"
    assert "scope" not in "".join(says.values())


def test_check_says_when_it_can_look_where_our_rate_is_spent(desk: Desk, database: Database) -> None:
    """Where our own rate is spent nothing is wrong: a warning with the seconds, and the exit code of a good check."""
    desk.read("provision")
    Rates(database, CONNECTION).empty(SEARCH_ORDERS, PLANS[SEARCH_ORDERS], now())

    told = desk.run("check")

    assert told.returncode == 0, told.stdout + told.stderr
    assert re.search(r"^warning  demo: Amazon: orders: not looked at: .*again in \d+ s$", told.stdout, re.MULTILINE)


def test_check_of_a_client_that_may_do_everything_names_what_the_policy_needs(desk: Desk) -> None:
    """The advice is what the policy in force needs, not a list for all: customers and channels are in it where they are used."""
    desk.read("provision")
    wide = {finding["what"]: finding["says"] for finding in desk.read("check")["findings"]}
    policy = desk.folder / "crossdock.toml"
    policy.write_text(policy.read_text().replace('sync_channel = "amazon"', 'customers = {fba = "none"}'))
    narrow = {finding["what"]: finding["says"] for finding in desk.read("check")["findings"]}

    what = "commercetools: sign-in and scopes"
    assert "make one that has manage_orders, view_products, manage_customers, view_channels, view_project" in wide[what]
    assert "make one that has manage_orders, view_products, view_project_settings, and no more" in narrow[what]


def test_unreachable_platform_is_exit_code_three(desk: Desk) -> None:
    """A platform that does not answer is said in one line, and is no traceback."""
    nobody = POLICY.format(url="http://127.0.0.1:9", seller_id="A1DEMOSELLER", import_from="2020-01-01")
    (desk.folder / "crossdock.toml").write_text(nobody)

    told = desk.run("run")

    assert told.returncode == 3
    assert "demo: Login with Amazon did not answer" in told.stderr
    assert "Traceback" not in told.stderr
