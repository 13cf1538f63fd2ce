"""`crossdock stock`, `pause`, `resume`, and the retry of a SKU's case, as an operator types them."""

from __future__ import annotations

import re

import pytest

from crossdock.twin.amazon_account import SellerAccount
from crossdock.twin.amazon_listing_patches import MERCHANT_CHANNEL
from crossdock.twin.amazon_listings import Listing
from tests.commands.operators import Desk

STOCK = """
claims_from = 2999-01-01
channels = ["warehouse"]
"""
PEAK = """
[[connection.stock.peaks]]
from = 2026-01-01T00:00:00Z
until = 2999-01-01T00:00:00Z
times = 2.5
skus = ["MUG-*"]
"""
MUG = "MUG-BLUE"


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """A desk whose policy gives us the stock, with two goods on Amazon and nothing of them for sale, one of them with a hard name."""
    desk.write_stock(STOCK)
    desk.read("provision")
    account = account_of(desk)
    project = desk.twin.commercetools.projects["demo-shop"]
    project.add_product("A/B 100%", "A hard name")
    project.add_inventory("A/B 100%", 40, channel_key="warehouse")
    # Nothing is set before what Amazon lists was compared once.
    desk.run("run")
    with desk.twin.world.lock:
        account.listings.add(MUG, 0)
        account.listings.add("A/B 100%", 0)
    return desk


def account_of(desk: Desk) -> SellerAccount:
    """The seller's account."""
    return desk.twin.amazon.accounts["Atzr|twin-refresh-token"]


def listing(desk: Desk, sku: str) -> Listing:
    """What Amazon has of a SKU."""
    return account_of(desk).listings.by_sku[sku]


@pytest.mark.parametrize("sku", [MUG, "A/B 100%"])
def test_one_sku_is_pushed_now(stocked: Desk, sku: str) -> None:
    """push looks on both sides, sends, and says what was decided and why; it is then shown and listed."""
    pushed = stocked.read("stock", "push", sku)

    shown, listed = stocked.read("stock", "show", sku), stocked.read("stock", "list")
    assert (pushed["sent"] or 0) > 0, pushed
    assert pushed["sent"] == pushed["view"]["under_way"]
    assert pushed["says"].startswith("Amazon may list ")
    assert shown["row"]["state"] == "waiting"
    assert [event["event"]["code"] for event in shown["history"]][:1] == ["stock.sent"]
    assert sku in [row["seller_sku"] for row in listed]


def test_what_was_decided_is_told_in_a_line(stocked: Desk) -> None:
    """A person reads what was sent, then how it comes about; the second time that nothing was sent, and why."""
    first = stocked.run("stock", "push", MUG).stdout
    second = stocked.run("stock", "push", MUG).stdout
    shown = stocked.run("stock", "show", MUG).stdout

    assert re.match(r"demo: Sent \d+\. Amazon may list \d+: \d+ available", first), first
    assert second.startswith("demo: Nothing was sent: "), second
    assert "claimed 0" in shown
    assert "stock.sent" in shown


def test_announced_peak_is_told(stocked: Desk) -> None:
    """Of a SKU it is about: until when it counts and how much more is reckoned with, to a person and to a program; of another nothing."""
    stocked.run("stock", "push", MUG)
    assert "announced peak" not in stocked.run("stock", "show", MUG).stdout
    policy = stocked.folder / "crossdock.toml"
    policy.write_text(policy.read_text() + PEAK)

    stocked.run("stock", "push", MUG)
    stocked.run("stock", "push", "A/B 100%")

    told = "An announced peak counts until 1 Jan 2999, 00:00 UTC, 2.5 times the usual."
    assert told in stocked.run("stock", "show", MUG).stdout.splitlines()
    peak = {"from_at": "2026-01-01T00:00:00+00:00", "until_at": "2999-01-01T00:00:00+00:00", "times": 2.5}
    assert stocked.read("stock", "show", MUG)["row"]["view"]["peak"] == peak
    assert stocked.read("stock", "show", "A/B 100%")["row"]["view"]["peak"] is None


def test_paused_connection_sends_nothing(stocked: Desk) -> None:
    """pause says why wherever the SKU is shown; after resume the same push sends."""
    stocked.read("pause", "--reason", "moving house")
    paused = stocked.read("stock", "push", MUG)
    told = stocked.run("stock", "list").stdout
    stocked.read("resume")
    resumed = stocked.read("stock", "push", MUG)

    assert (paused["sent"], paused["reason"]) == (None, "paused: moving house")
    assert "No quantity is set in demo: paused: moving house" in told
    assert resumed["sent"] > 0


def test_case_of_a_sku_is_retried(stocked: Desk) -> None:
    """The record wakes in the inbox of stock, and the case closes once Amazon shows the listing again."""
    listing(stocked, MUG).live[MERCHANT_CHANNEL] = None
    stocked.run("stock", "push", MUG)
    [case] = stocked.read("cases", "list", "--kind", "stock.listing_unreadable")
    listing(stocked, MUG).live[MERCHANT_CHANNEL] = 0

    retried = stocked.read("cases", "retry", str(case["case_id"]))

    assert case["record_id"] == MUG
    assert retried == {"retried": 1, "closed": [case["case_id"]]}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["stock", "show", "NOWHERE"], "“NOWHERE”: no such SKU in demo; SKUs are spelt as Amazon spells them"),
        (["stock", "push", "NOWHERE"], "and no entry in commercetools either"),
        (["stock", "push", "\x1b[2J" + "x" * 500], r"“\x1b[2Jxx"),
        (["stock", "list", "--connection", "nowhere"], "it has demo"),
        (["pause", "--reason", " "], "--reason is empty"),
        (["pause"], "Missing option '--reason'"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "says",
)
def test_wrong_use_says_what_to_do_instead(stocked: Desk, arguments: list[str], says: str) -> None:
    """One line that names the right use, and the exit code 2."""
    told = stocked.run(*arguments)

    assert told.returncode == 2
    assert says in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [["stock", "list"], ["stock", "show", MUG], ["stock", "push", MUG], ["pause", "--reason", "x"], ["resume"]],
    ids=lambda value: " ".join(value[:2]),
)
def test_without_a_table_of_stock_the_table_is_named(desk: Desk, arguments: list[str]) -> None:
    """Where stock is not ours every command says how it becomes so."""
    told = desk.run(*arguments)

    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert "has no [connection.stock], so quantities on Amazon are left alone" in told.stderr
