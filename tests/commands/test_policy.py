"""crossdock.toml as an operator writes it: every mistake is told once, at its line, and nothing that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.policy import load_policy
from tests.commands.policies import GOOD, problems

EXAMPLE = Path(__file__).parents[2] / "crossdock.example.toml"
REGIONS = "us-central1.gcp, us-east-2.aws, europe-west1.gcp, eu-central-1.aws, australia-southeast1.gcp"
IS_NO_NAME = (
    "must be a name in quotes, of at most 80 letters; usual are operations, customer_service, finance, catalogue, "
    "engineering"
)
IS_NO_PROGRAM = (
    "connection eu: orders.programs.IN_STORE_PICK_UP is IN_STORE_PICK_UP or AMAZON_EASY_SHIP, "
    'set to "case" or "dispatch"'
)
IS_NO_RATE = 'connection eu: orders.tax_rates.DE must be a share in quotes, as in "0.19"'


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        # the line of the key, or of the nearest table that lacks it
        ('seller_id = "A1EXAMPLESELLER"\n', "", ["4: connection eu: amazon.seller_id is missing"]),
        ("[connection.orders]\nimport_from = 2026-11-01\n", "", ["2: connection eu: orders.import_from is missing"]),
        ("import_from = 2026-11-01", "fba.import = 3",
            ["11: connection eu: orders.import_from is missing", "12: connection eu: orders.fba.import must be a text in quotes"]),
        # a connection without an id goes by its number
        ('id = "eu"\n', "", ["2: connection 1: id is missing"]),
        # what is wrong already is not told again in other words
        ('region = "EU"', 'region = "XX"', ["6: connection eu: amazon.region 'XX' is none of NA, EU, FE"]),
        ('"europe-west1.gcp"', '"x"', [f"10: connection eu: commercetools.region 'x' is none of {REGIONS}"]),
        ('region = "europe-west1.gcp"\n', "", [f"8: connection eu: commercetools.region is missing; it is one of {REGIONS}"]),
        # owners are names
        ("\n[[connection]]", '[owners]\n"order.price_missing" = " "\n[[connection]]', [f"2: owners.order.price_missing {IS_NO_NAME}"]),
        ("\n[[connection]]", '[owners]\n"order.price_missing" = "a\\u001b"\n[[connection]]', [f"2: owners.order.price_missing {IS_NO_NAME}"]),
        ("\n[[connection]]", '[owners]\norder.price_missing = "ann"\n[[connection]]',
            ['2: owners.order must be written in quotes, as in "order.price_missing"']),
        # a value of another kind, and a number that is none
        ("\n[connection.orders]", '\n[connection.orders]\nprograms = {IN_STORE_PICK_UP = ["case"]}', [f"12: {IS_NO_PROGRAM}"]),
        ("\n[connection.orders]", "\n[connection.orders]\nprograms = {IN_STORE_PICK_UP = {a = 1}}", [f"12: {IS_NO_PROGRAM}"]),
        ("2026-11-01\n", '2026-11-01\n[connection.orders.programs]\nIN_STORE_PICK_UP = ["case"]\n', [f"14: {IS_NO_PROGRAM}"]),
        ("2026-11-01\n", '2026-11-01\n[connection.orders.tax_rates]\nDE = "NaN"\n', [f"14: {IS_NO_RATE}"]),
        ("2026-11-01\n", '2026-11-01\n[connection.orders.tax_rates]\nDE = "sNaN"\n', [f"14: {IS_NO_RATE}"]),
        ("2026-11-01\n", '2026-11-01\n[connection.orders.tax_rates]\nDE = "-Infinity"\n', [f"14: {IS_NO_RATE}"]),
        ("2026-11-01\n", "2026-11-01\n[connection.orders.tax_rates]\nDE = 0.19\n", [f"14: {IS_NO_RATE}"]),
        # what is no TOML has a line too
        ('id = "eu"', "id = ", ["3: is no TOML: Invalid value"]),
        ("import_from = 2026-11-01\n", 'import_from = "', ["12: is no TOML: Unterminated string"]),
    ],
)  # fmt: skip
def test_mistake_is_told_once_at_its_line(tmp_path: Path, wrong: str, right: str, told: list[str]) -> None:
    """Each row changes one thing."""
    assert wrong in GOOD
    assert problems(tmp_path, GOOD.replace(wrong, right)) == told


def test_connections_are_told_apart(tmp_path: Path) -> None:
    """The second of one id, and the second of one seller account, are named at their own lines; two without an id are not one twice."""
    assert problems(tmp_path, GOOD + GOOD) == [
        "15: connection eu: id 'eu' is used twice",
        "17: connection eu: amazon.seller_id is that of eu too: its orders would be imported twice",
    ]
    nameless = GOOD.replace('id = "eu"\n', "").replace('seller_id = "A1EXAMPLESELLER"\n', "")
    assert [line.partition(": ")[2] for line in problems(tmp_path, nameless + nameless)] == [
        "connection 1: id is missing",
        "connection 1: amazon.seller_id is missing",
        "connection 2: id is missing",
        "connection 2: amazon.seller_id is missing",
    ]


def test_empty_file_is_one_problem(tmp_path: Path) -> None:
    """It lacks a connection; and one of another shape is not missing besides."""
    assert problems(tmp_path, "") == ["1: connection is missing: the file needs at least one [[connection]]"]
    assert problems(tmp_path, "connection = 3") == ["1: connection must be written as [[connection]]"]


def test_mark_of_an_editor_before_the_first_character_does_not_matter(tmp_path: Path) -> None:
    """Some editors begin a file with a byte order mark."""
    path = tmp_path / "crossdock.toml"
    path.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.read_bytes())
    assert load_policy(path) == load_policy(EXAMPLE)


def test_long_value_is_not_quoted_whole(tmp_path: Path) -> None:
    """A value of a megabyte is told by its beginning."""
    (told,) = problems(tmp_path, GOOD.replace('"EU"', f'"{"x" * 1_000_000}"'))
    assert len(told) < 200
