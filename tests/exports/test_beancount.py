"""Beancount files, read by Beancount itself: accepted as they are, refused when a cent is off."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Transaction

from crossdock.domain.ledger import LedgerAccount, LedgerKey
from crossdock.errors import DataError
from crossdock.exports.targets import BeancountSettings
from tests.exports.books import SETTINGS, a_sale, exported, ledger_of, two_sales

BEANCOUNT = SETTINGS["beancount"]


def bean_check(path: Path) -> subprocess.CompletedProcess[str]:
    """What the program `bean-check` says of a file."""
    command = [sys.executable, "-m", "beancount.scripts.check", "--no-cache", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_bean_check_accepts(tmp_path: Path, currency: str) -> None:
    """`bean-check` finds nothing wrong, whatever decimals the currency has."""
    (file,) = exported([a_sale(currency=currency)], BEANCOUNT)
    (tmp_path / file.name).write_bytes(file.content)
    done = bean_check(tmp_path / file.name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("currency", "old", "new"), [("EUR", "-19.99", "-19.98"), ("JPY", "-1999", "-1998"), ("KWD", "-1.999", "-1.998")]
)
def test_bean_check_refuses(tmp_path: Path, currency: str, old: str, new: str) -> None:
    """With the least unit off, `bean-check` says which entry does not balance: the file's tolerance is 0."""
    (file,) = exported([a_sale(currency=currency)], BEANCOUNT)
    path = tmp_path / file.name
    path.write_text(file.content.decode().replace(old, new))
    done = bean_check(path)
    assert done.returncode == 1
    assert "Transaction does not balance" in done.stderr


def test_beancount_reads_what_was_given() -> None:
    """Entries have their id and key, days, memo and amounts; lines have our account, marketplace and treatment."""
    (file,) = exported(two_sales(), BEANCOUNT)
    entries, errors, _ = loader.load_string(file.content.decode())
    assert errors == []
    transactions = [entry for entry in entries if isinstance(entry, Transaction)]
    assert [(entry.meta["entry"], entry.meta["posting_key"], str(entry.date)) for entry in transactions] == [
        ("24288684721-1", "CD-24288684721-1", "2026-10-31"),
        ("24288684721-2", "CD-24288684721-2", "2026-11-15"),
    ]
    assert transactions[1].narration == "Amazon settlement 24288684721 2026-11 0123456789abcdef"
    first = transactions[1].postings[0]
    assert first.units is not None
    assert first.meta is not None
    assert (first.account, first.units.number, first.units.currency) == (
        "Income:Amazon:Sales",
        Decimal("-19.99"),
        "EUR",
    )
    assert (first.meta["account"], first.meta["marketplace"], first.meta["tax_treatment"]) == (
        "sales.product",
        "Amazon.de",
        "seller",
    )


@pytest.mark.parametrize("payee", ['say "no"', "back\\slash", 'both \\" of them', "two\nlines", "ends with \\", "日本"])
def test_beancount_reads_any_text(payee: str) -> None:
    """Quotes, backslashes and line ends in a text are a text for Beancount."""
    (file,) = exported([a_sale()], BeancountSettings(payee=payee))
    entries, errors, _ = loader.load_string(file.content.decode())
    assert errors == []
    assert [entry.payee for entry in entries if isinstance(entry, Transaction)] == [payee.replace("\n", " ")]


def test_accounts_that_another_file_opens() -> None:
    """Without `opens` the file is one to include: it opens no account."""
    (file,) = exported([a_sale()], BeancountSettings(opens=False))
    assert b" open " not in file.content


@pytest.mark.parametrize("number", ["4000", "income:Sales", "Income", "Income:", "Income:sales", "Profits:Sales"])
def test_account_that_beancount_cannot_have(number: str) -> None:
    """A number that is no account of Beancount is refused by name."""
    ledger = {**ledger_of(BEANCOUNT), LedgerKey("clearing.bank"): LedgerAccount(number)}
    with pytest.raises(DataError, match=r"account clearing\.bank: has a number that is no account of Beancount"):
        exported([a_sale()], BEANCOUNT, ledger)
