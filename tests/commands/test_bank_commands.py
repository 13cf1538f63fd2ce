"""`crossdock bank`, as an operator types it, and the tables of the policy it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.domain.finance_policy import BankPolicy, CsvForm
from crossdock.policy import load_policy
from tests.commands.operators import Desk
from tests.commands.policies import GOOD, problems
from tests.settlements import a_settlement
from tests.statements.camt import a_statement, an_entry

FINANCE = '\n[connection.finance]\ntime_zone = "Europe/Berlin"\n'
SALE = "Order | 302-0000001-0000001 | ItemPrice | Principal | 19.99"
OTHER = {"settlement_id": "28471003922", "starts": "2026-11-03 00:00:00 UTC", "ends": "2026-11-17 00:00:00 UTC"}
GERMAN = """
[connection.finance.bank]
payers = ["Amazon Payments", "Payoneer"]
[connection.finance.bank.csv]
date = "Buchungstag"
amount = "Betrag"
currency_code = "EUR"
reference = ["Auftraggeber", "Verwendungszweck"]
date_format = "DD.MM.YYYY"
decimal_mark = ","
delimiter = ";"
encoding = "cp1252"
"""


@pytest.fixture
def books(desk: Desk) -> Desk:
    """An operator who keeps books and has imported two settlements."""
    policy = desk.folder / "crossdock.toml"
    policy.write_text(policy.read_text() + FINANCE)
    (desk.folder / "one.txt").write_bytes(a_settlement(SALE))
    (desk.folder / "two.txt").write_bytes(a_settlement(SALE.replace("19.99", "30.00"), **OTHER))
    desk.read("settlements", "import", "one.txt", "two.txt")
    return desk


def test_day_of_somebody_in_finance(books: Desk) -> None:
    """Two payouts are open; a statement closes one, given again it does nothing, and the list says what is open for how long."""
    before = books.read("bank", "list")
    entry = an_entry("2026-11-05 +19.99 EUR AMAZON PAYMENTS | 28471003921")
    (books.folder / "november.xml").write_bytes(a_statement(entry, an_entry("2026-11-01 -800.00 EUR J. DOE | rent")))

    done = [books.read("bank", "import", "november.xml")[0] for _ in range(2)]

    assert [row["settlement_id"] for row in before] == ["28471003922", "28471003921"]
    counts = ("lines", "amazon", "new", "matched", "open")
    assert [tuple(each[name] for name in counts) for each in done] == [(2, 1, 1, 1, 1), (2, 1, 0, 1, 1)]
    [left] = books.read("bank", "list")
    assert (left["settlement_id"], left["open"], left["age_days"] >= 0) == ("28471003922", 3000, True)
    assert [row["open"] for row in books.read("bank", "list", "--closed")] == [3000, 0]
    assert "30.00 EUR" in books.run("bank", "list").stdout


def test_statement_with_a_doubt_is_told_and_stops_no_other(books: Desk) -> None:
    """Of three files one cannot be read and one has a line that fits nothing: each is said, the third is matched, and the exit code is 1."""
    (books.folder / "bad.csv").write_text("date,amount,currency,reference\n2026-11-05,1.2.3,EUR,for J. DOE\n")
    (books.folder / "odd.csv").write_text("date,amount,currency,reference\n2026-11-05,7.00,EUR,AMAZON\n")
    (books.folder / "good.csv").write_text("date,amount,currency,reference\n2026-11-05,19.99,EUR,AMAZON 28471003921\n")

    told = books.run("bank", "import", "bad.csv", "odd.csv", "good.csv")

    assert told.returncode == 1
    assert "bad.csv, line 2, column amount: is no amount with the decimal mark" in told.stdout
    assert "bank.unmatched" in told.stdout
    assert "J. DOE" not in told.stdout + told.stderr
    assert len(books.read("bank", "list")) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bank", "list"], "no connection has a table [connection.finance]"),
        (["bank", "import", "nowhere.csv"], "nowhere.csv: is no file that can be read"),
    ],
)
def test_wrong_use_says_what_is_wrong(desk: Desk, arguments: list[str], says: str) -> None:
    """Without books, or without a file, one line says so, and the exit code is 2."""
    told = desk.run(*arguments)
    assert (told.returncode, says in told.stderr) == (2, True)


def test_nothing_open_is_said(desk: Desk) -> None:
    """A connection without payouts has nothing open, in words and as JSON."""
    policy = desk.folder / "crossdock.toml"
    policy.write_text(policy.read_text() + FINANCE)
    assert desk.run("bank", "list").stdout.startswith("Nothing is open")
    assert desk.read("bank", "list") == []


def test_policy_without_a_table_has_the_usual_bank(tmp_path: Path) -> None:
    """Without [connection.finance.bank] Amazon is AMAZON, and CSV has ISO days and a point."""
    assert bank_of(tmp_path, "") == BankPolicy(("AMAZON",), CsvForm())


def test_policy_says_how_the_bank_writes(tmp_path: Path) -> None:
    """Every key of the two tables is read."""
    assert bank_of(tmp_path, GERMAN) == BankPolicy(
        ("Amazon Payments", "Payoneer"),
        CsvForm(
            date="Buchungstag",
            amount="Betrag",
            reference=("Auftraggeber", "Verwendungszweck"),
            currency_code="EUR",
            date_format="DD.MM.YYYY",
            decimal_mark=",",
            delimiter=";",
            encoding="cp1252",
        ),
    )


def bank_of(folder: Path, table: str) -> BankPolicy:
    """The bank of a policy."""
    path = folder / "crossdock.toml"
    path.write_text(GOOD + FINANCE + table)
    finance = load_policy(path).connections[0].finance
    assert finance is not None
    return finance.bank


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('["Amazon Payments", "Payoneer"]', '["A"]', "finance.bank.payers must be a text in quotes, of at least 3 letters"),
        ('["Amazon Payments", "Payoneer"]', "[]", "finance.bank.payers must be a text"),
        ('["Amazon Payments", "Payoneer"]', "7", "finance.bank.payers must be a text"),
        ("payers", "payer", "finance.bank.payer is not known here; known are csv, payers"),
        ("DD.MM.YYYY", "DD.MM", "finance.bank.csv.date_format 'DD.MM' is none of YYYY-MM-DD"),
        ('decimal_mark = ","', 'decimal_mark = "x"', "finance.bank.csv.decimal_mark 'x' is none of ., ,"),
        ("cp1252", "utf-16", "finance.bank.csv.encoding 'utf-16' is none of utf-8"),
        ('"EUR"', '"EURO"', "finance.bank.csv.currency_code 'EURO' is none of"),
        ('delimiter = ";"', 'delimiter = ";;"', "finance.bank.csv.delimiter ';;' is none of"),
        ("Betrag", "", "finance.bank.csv.amount '' has not the form"),
    ],
)  # fmt: skip
def test_wrong_policy_is_told_by_key(tmp_path: Path, before: str, after: str, says: str) -> None:
    """Each mistake is one line with its key."""
    assert before in GERMAN
    told = problems(tmp_path, GOOD + FINANCE + GERMAN.replace(before, after))
    assert [problem for problem in told if says in problem] == told[:1]
