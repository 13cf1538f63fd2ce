"""[connection.stock] as an operator writes it: every mistake and every contradiction is told once, at its line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossdock.domain.peaks import Boost
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_policy import Peak, StockPolicy
from crossdock.policy import load_policy
from tests.commands.policies import GOOD, problems

STOCK = """supply_channel = "warehouse"
[connection.stock]
claims_from = 2026-12-01
channels = ["warehouse", ""]
escrow_channel = "amazon"
pool_overwritten = false
[connection.stock.rules."LAMP-*"]
mode = "proof"
[connection.stock.rules."TEA-*"]
cap = 5
"""
PEAK = """[[connection.stock.peaks]]
from = 2026-11-27T00:00:00+01:00
until = 2026-11-28T00:00:00+01:00
times = 4
[[connection.stock.peaks]]
from = 2026-11-27T18:00:00Z
until = 2026-11-27T20:00:00Z
times = 25.5
skus = ["MUG-*", "LAMP-01"]
"""
TABLE = "[connection.stock]\n"
CLAIMS = "claims_from = 2026-12-01\n"
ESCROW = 'escrow_channel = "amazon"\n'
PERCENT = "must be a whole number from 0 to 100, without quotes"
UNITS = "must be a whole number from 0 to 1000000, without quotes"
KEYS = (
    "buffer_percent, buffer_units, cap, changes_min, channels, claims_from, cover, escrow_channel, mode, oversell_cost, peaks, pool_overwritten, rules, "
    "share_percent, split_shipping, stock_type, zeroes_max_percent"
)
PEAK_KEYS = "from, skus, times, until"
ZONED = "must be a time with its zone, without quotes, as in 2026-11-27T18:00:00+01:00"
TIMES = "must be a number above 0 and up to 1000, without quotes: so many times the usual is sold"
PATTERNS = (
    'must be a list of seller SKUs, as in ["TEA-*"], with * for any characters and ? for one; leave it out for all'
)
RULE_KEYS = "buffer_percent, buffer_units, cap, cover, mode, oversell_cost, share_percent"
IS_NO_LIST = 'must be a list of keys of supply channels, as in ["warehouse", "outlet"]; "" is for entries without one'
AN_ERP = (
    "is not true, and with orders.inventory_mode None an ERP takes sold units off, which a claim would take off again: "
    "say true if the ERP sets whole quantities, or choose another inventory_mode"
)
BLACK_FRIDAY = datetime(2026, 11, 26, 23, 0, tzinfo=UTC).timestamp()
EXAMPLE = Path(__file__).parents[2] / "crossdock.example.toml"


def stock_of(folder: Path, text: str) -> StockPolicy | None:
    """The policy of stock of the file's one connection."""
    path = folder / "crossdock.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path).connections[0].stock


def test_without_the_table_quantities_are_left_alone(tmp_path: Path) -> None:
    """No table, no policy of stock."""
    assert stock_of(tmp_path, GOOD) is None


def test_least_that_is_said_is_from_when_claims_are_made(tmp_path: Path) -> None:
    """Everything else has its usual value, and units come from where the import takes them."""
    said = 'supply_channel = "warehouse"\n[connection.stock]\nclaims_from = 2026-12-01T09:00:00+01:00\n'
    assert stock_of(tmp_path, GOOD + said) == StockPolicy(
        claims_from=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
        channels=("warehouse",),
        escrow_channel=None,
        stock_type="crossdock-stock",
        rule=StockRule(),
        rules={},
        peaks=(),
        split_shipping=False,
        pool_overwritten=False,
        zeroes_max_percent=20,
        changes_min=20,
    )


def test_all_that_can_be_said(tmp_path: Path) -> None:
    """Each key reaches its field, and a rule inherits what it leaves out."""
    said = (
        'supply_channel = "warehouse"\n[connection.stock]\nclaims_from = 2026-12-01\nchannels = ["", "warehouse"]\n'
        'escrow_channel = "amazon"\nstock_type = "our-stock"\nsplit_shipping = true\nzeroes_max_percent = 5\n'
        "changes_min = 3\nshare_percent = 80\ncap = 50\nbuffer_units = 2\nbuffer_percent = 10\noversell_cost = 90\ncover = false\n"
        '[connection.stock.rules]\n"LAMP-?" = {mode = "proof", cap = 3}\n"*" = {buffer_units = 0, cover = true}\n'
    )
    assert stock_of(tmp_path, GOOD + said) == StockPolicy(
        claims_from=datetime(2026, 12, 1, tzinfo=UTC),
        channels=(None, "warehouse"),
        escrow_channel="amazon",
        stock_type="our-stock",
        rule=StockRule("risk", 80, 50, 2, 10, 90, cover=False),
        rules={"LAMP-?": StockRule("proof", 80, 3, 2, 10, 90, cover=False), "*": StockRule("risk", 80, 50, 0, 10, 90)},
        split_shipping=True,
        zeroes_max_percent=5,
        changes_min=3,
    )


def test_pool_that_an_erp_overwrites_may_have_its_mode_none(tmp_path: Path) -> None:
    """Whoever sets whole quantities undoes a claim with the next one, so no unit is taken off twice; and what the import takes nowhere needs no channel."""
    said = 'inventory_mode = "None"\n[connection.stock]\nclaims_from = 2026-12-01\nchannels = ["erp"]\npool_overwritten = true\n'
    stock = stock_of(tmp_path, GOOD + said)
    assert stock is not None
    assert (stock.pool_overwritten, stock.channels, stock.rule.cover) == (True, ("erp",), False)


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        # what is missing, and what nobody knows
        (CLAIMS, "", ["14: connection eu: stock.claims_from is missing"]),
        (CLAIMS, 'claims_from = "soon"\n', ["15: connection eu: stock.claims_from must be a date or a time without quotes, as in 2026-11-01"]),
        (CLAIMS, CLAIMS + "chanels = []\n", [f"16: connection eu: stock.chanels is not known here; known are {KEYS}"]),
        ("cap = 5", "caps = 5", [f"22: connection eu: stock.rules.TEA-*.caps is not known here; known are {RULE_KEYS}"]),
        # numbers
        (CLAIMS, CLAIMS + "share_percent = 101\n", [f"16: connection eu: stock.share_percent {PERCENT}"]),
        (CLAIMS, CLAIMS + "buffer_percent = -1\n", [f"16: connection eu: stock.buffer_percent {PERCENT}"]),
        (CLAIMS, CLAIMS + "zeroes_max_percent = 20.5\n", [f"16: connection eu: stock.zeroes_max_percent {PERCENT}"]),
        (CLAIMS, CLAIMS + "changes_min = 0\n", ["16: connection eu: stock.changes_min must be a whole number from 1 to 1000000, without quotes"]),
        (CLAIMS, CLAIMS + "oversell_cost = 0\n", ["16: connection eu: stock.oversell_cost must be a whole number from 1 to 100000, without quotes"]),
        (CLAIMS, CLAIMS + "buffer_units = true\n", [f"16: connection eu: stock.buffer_units {UNITS}"]),
        ("cap = 5", "cap = -1", [f"22: connection eu: stock.rules.TEA-*.cap {UNITS}"]),
        ("cap = 5", 'cap = "5"', [f"22: connection eu: stock.rules.TEA-*.cap {UNITS}"]),
        ("cap = 5", 'mode = "sure"', ["22: connection eu: stock.rules.TEA-*.mode 'sure' is none of risk, proof"]),
        (CLAIMS, CLAIMS + 'split_shipping = "yes"\n', ["16: connection eu: stock.split_shipping must be true or false, without quotes"]),
        # channels
        ('["warehouse", ""]', "[]", [f"16: connection eu: stock.channels {IS_NO_LIST}"]),
        ('["warehouse", ""]', '"warehouse"', [f"16: connection eu: stock.channels {IS_NO_LIST}"]),
        ('["warehouse", ""]', '["warehouse", "a b"]', [f"16: connection eu: stock.channels {IS_NO_LIST}"]),
        ('["warehouse", ""]', '["warehouse", "warehouse"]', ["16: connection eu: stock.channels names a channel twice"]),
        # rules
        ('[connection.stock.rules."TEA-*"]\ncap = 5', '[connection.stock.rules]\n"TEA-*" = 5', ["22: connection eu: stock.rules.TEA-* must be a table"]),
        ('rules."TEA-*"', 'rules." "', ["21: connection eu: stock.rules.  must be a seller SKU, with * for any characters and ? for one"]),
        ('rules."TEA-*"', 'rules."LAMP-?-RED"', ["21: connection eu: stock.rules.LAMP-?-RED is never used: LAMP-* stands before it and fits the same SKUs"]),
        # proof
        (ESCROW, "", ["14: connection eu: stock.escrow_channel is missing: with mode proof Amazon's own units lie in a supply channel of their own"]),
        (ESCROW, 'escrow_channel = "a b"\n', ["17: connection eu: stock.escrow_channel 'a b' has not the form [A-Za-z0-9_-]{2,256}"]),
        ('"amazon"', '"warehouse"',
            ["17: connection eu: stock.escrow_channel 'warehouse' is among channels too: Amazon's own units lie apart from the shop's"]),
        ("pool_overwritten = false", "pool_overwritten = true",
            ["18: connection eu: stock.pool_overwritten cannot be true with mode proof: the units set aside would be counted twice"]),
        ("pool_overwritten = false\n", "pool_overwritten = true\ncover = true\n",
            ["18: connection eu: stock.pool_overwritten cannot be true with mode proof: the units set aside would be counted twice",
             "19: connection eu: stock.cover cannot be true with pool_overwritten: what is kept back in the shop would be counted twice"]),
        (TABLE, 'sku_aliases = {LAMP-A = "LAMP", B = "LAMP", TEA-A = "TEA", C = "TEA"}\n' + TABLE,
            ["15: connection eu: stock.mode cannot be proof for the seller SKUs that orders.sku_aliases maps to LAMP: each would list the same units"]),
        # orders say otherwise
        ('["warehouse", ""]', '["outlet"]',
            ["16: connection eu: stock.channels lacks 'warehouse', from which the import takes units of older orders (orders.supply_channel)"]),
        ('supply_channel = "warehouse"', 'inventory_mode = "None"', [f"18: connection eu: stock.pool_overwritten {AN_ERP}"]),
        (CLAIMS, CLAIMS + 'stock_type = "crossdock-amazon-line"\n',
            ["16: connection eu: stock.stock_type 'crossdock-amazon-line' is the type of orders or lines already: name another"]),
        # and what is wrong there already is not told again here
        (STOCK[: STOCK.index("escrow")], 'supply_channel = "a b"\n[connection.stock]\nclaims_from = 2026-12-01\nchannels = ["warehouse"]\n',
            ["13: connection eu: orders.supply_channel 'a b' has not the form [A-Za-z0-9_-]{2,256}"]),
        (STOCK, "[connection]\n", ["13: is no TOML: Cannot declare ('connection',) twice"]),
    ],
)  # fmt: skip
def test_mistake_is_told_once_at_its_line(tmp_path: Path, wrong: str, right: str, told: list[str]) -> None:
    """Each row changes one thing."""
    assert wrong in GOOD + STOCK
    assert problems(tmp_path, (GOOD + STOCK).replace(wrong, right)) == told


def test_announced_peaks_can_be_said(tmp_path: Path) -> None:
    """Of all SKUs or of some, in their order, by the zone that is said; also in one line each."""
    told = stock_of(tmp_path, GOOD + STOCK + PEAK)
    lines = "peaks = [{from = 2026-11-26T23:00:00Z, until = 2026-11-27T23:00:00Z, times = 4.0}]\n"
    inline = stock_of(tmp_path, GOOD + STOCK.replace(TABLE, TABLE + lines))

    midnight = datetime(2026, 11, 26, 23, 0, tzinfo=UTC).timestamp()
    everywhere = Peak(Boost(midnight, midnight + 86_400, 4.0))
    deal = Peak(Boost(midnight + 19 * 3600, midnight + 21 * 3600, 25.5), ("MUG-*", "LAMP-01"))
    assert told is not None
    assert inline is not None
    assert (told.peaks, inline.peaks) == ((everywhere, deal), (everywhere,))


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("from = 2026-11-27T00:00:00+01:00\n", "", ["23: connection eu: stock.peaks 1: from is missing"]),
        ("00:00+01:00\nuntil", "00:00\nuntil", [f"24: connection eu: stock.peaks 1: from {ZONED}"]),
        ("until = 2026-11-27T20:00:00Z", "until = 2026-11-28", [f"29: connection eu: stock.peaks 2: until {ZONED}"]),
        ("T20:", "T18:", ["29: connection eu: stock.peaks 2: until is not later than from, so the peak would never be"]),
        ("times = 4\n", "", ["23: connection eu: stock.peaks 1: times is missing"]),
        ("= 25.5", "= 0", [f"30: connection eu: stock.peaks 2: times {TIMES}"]),
        ("= 25.5", "= 1000.5", [f"30: connection eu: stock.peaks 2: times {TIMES}"]),
        ("= 25.5", "= nan", [f"30: connection eu: stock.peaks 2: times {TIMES}"]),
        ("= 25.5", "= true", [f"30: connection eu: stock.peaks 2: times {TIMES}"]),
        ("= 25.5", '= "25"', [f"30: connection eu: stock.peaks 2: times {TIMES}"]),
        ('["MUG-*", "LAMP-01"]', "[]", [f"31: connection eu: stock.peaks 2: skus {PATTERNS}"]),
        ('["MUG-*", "LAMP-01"]', '"MUG-*"', [f"31: connection eu: stock.peaks 2: skus {PATTERNS}"]),
        ('["MUG-*", "LAMP-01"]', '["MUG-*", " "]', [f"31: connection eu: stock.peaks 2: skus {PATTERNS}"]),
        ("= 25.5", "= 25.5\nfactor = 2", [f"31: connection eu: stock.peaks 2: factor is not known here; known are {PEAK_KEYS}"]),
        (PEAK, "[connection.stock.peaks]\ntimes = 4\n", ["23: connection eu: stock.peaks must be written as [[connection.stock.peaks]]"]),
        (PEAK, PEAK[: PEAK.index("[[", 2)] * 201,
            ["14: connection eu: stock.peaks are 201, more than the 200 that can be: remove those that are over"]),
    ],
)  # fmt: skip
def test_mistake_in_a_peak_is_told_once_at_its_line(tmp_path: Path, wrong: str, right: str, told: list[str]) -> None:
    """Each row changes one thing, and the line is that of its own peak."""
    assert wrong in PEAK
    assert problems(tmp_path, (GOOD + STOCK + PEAK).replace(wrong, right)) == told


def test_peak_of_a_second_connection_is_told_at_its_line(tmp_path: Path) -> None:
    """Each connection's peaks are counted for themselves, and one that is written as a value stands at that line."""
    inline = TABLE + "peaks = [{from = 2026-11-26T23:00:00Z, until = 2026-11-27T23:00:00Z, times = 0}]\n"
    text = GOOD + STOCK + PEAK + OTHER + PEAK.replace("= 25.5", "= 0")
    assert problems(tmp_path, text) == [f"61: connection us: stock.peaks 2: times {TIMES}"]
    assert problems(tmp_path, GOOD + STOCK.replace(TABLE, inline)) == [
        f"15: connection eu: stock.peaks 1: times {TIMES}"
    ]


def test_mistakes_of_one_file_are_all_told(tmp_path: Path) -> None:
    """Whoever mends a file hears of everything at once."""
    text = (GOOD + STOCK).replace(CLAIMS, "share_percent = 200\n").replace(ESCROW, "").replace("cap = 5", "cap = -5")
    assert [line.split(" ")[3] for line in problems(tmp_path, text)] == [
        "stock.share_percent",
        "stock.claims_from",
        "stock.rules.TEA-*.cap",
        "stock.escrow_channel",
    ]


def test_value_that_is_no_table_is_one_problem(tmp_path: Path) -> None:
    """Nothing is missing in what is no table."""
    text = GOOD.replace("\n[connection.amazon]", "\nstock = true\n[connection.amazon]")
    assert problems(tmp_path, text) == ["4: connection eu: stock must be a table"]


OTHER_STOCK = STOCK.replace('"amazon"', '"amazon-us"')
OTHER = (
    (GOOD + STOCK)
    .replace('"eu"', '"us"')
    .replace('region = "EU"', 'region = "NA"')
    .replace('["DE"]', '["US"]')
    .replace('"amazon"', '"amazon-us"')
)


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        # The same units promised on both counters.
        ('"amazon-us"', '"amazon"', "39: connection us: stock.escrow_channel 'amazon' is that of eu too: both would sell the same units"),
        # Units of the one that the other sells, by its policy of stock or by the import of its orders.
        ('["warehouse", ""]', '["warehouse", "amazon"]', "17: connection eu: stock.escrow_channel 'amazon' is taken from by us too: let it be its own"),
        (OTHER_STOCK, 'supply_channel = "amazon"\n', "17: connection eu: stock.escrow_channel 'amazon' is taken from by us too: let it be its own"),
    ],
)  # fmt: skip
def test_own_units_are_one_connections_alone(tmp_path: Path, wrong: str, right: str, told: str) -> None:
    """Each row changes one thing of the second connection of a project."""
    assert wrong in OTHER
    assert problems(tmp_path, GOOD + STOCK + OTHER.replace(wrong, right)) == [told]


@pytest.mark.parametrize(
    ("other", "changed", "channel"),
    [
        # another region is another counter, and one warehouse may serve both
        ('"us"', '"us"', "amazon-us"),
        # what an ERP takes, no import takes
        (OTHER_STOCK, 'inventory_mode = "None"\nsupply_channel = "amazon"\n', "amazon-us"),
        # another project, and one of the same name elsewhere
        ('"example-shop"', '"other-shop"', "amazon"),
        ('"europe-west1.gcp"', '"us-central1.gcp"', "amazon"),
    ],
)
def test_connections_that_take_nothing_from_each_other_are_let_be(
    tmp_path: Path, other: str, changed: str, channel: str
) -> None:
    """Each row changes one thing of the second connection; where the project is another its channels are named as those of the first."""
    assert other in OTHER
    path = tmp_path / "crossdock.toml"
    path.write_text(GOOD + STOCK + OTHER.replace(other, changed).replace("amazon-us", channel))
    assert [connection.connection_id for connection in load_policy(path).connections] == ["eu", "us"]


def test_stock_of_the_example_is_a_policy(tmp_path: Path) -> None:
    """With the first # of its lines removed the table can be read, and shows each key at its usual value but for the channels, a cap and peaks."""
    before, _, after = EXAMPLE.read_text(encoding="utf-8").partition("# [connection.stock]\n")
    of_stock = after.partition("\n# Settlements:")[0]
    text = before + "[connection.stock]\n" + "\n".join(line.removeprefix("# ") for line in of_stock.splitlines())
    assert stock_of(tmp_path, text) == StockPolicy(
        claims_from=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
        channels=("warehouse",),
        escrow_channel="amazon",
        rule=StockRule(cap=50),
        rules={"TEA-*": StockRule(cap=50, buffer_units=5), "LAMP-01": StockRule("proof", cap=3)},
        peaks=(
            Peak(Boost(BLACK_FRIDAY, BLACK_FRIDAY + 86_400, 4.0)),
            Peak(Boost(BLACK_FRIDAY + 19 * 3600, BLACK_FRIDAY + 21 * 3600, 25.0), ("MUG-*", "LAMP-01")),
        ),
    )
