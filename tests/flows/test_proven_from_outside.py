"""What the product books, certifies and exports, derived again by the program that shares no code with it: proven as it is, and refused at the least change."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest

from crossdock.domain.ledger import ANY, LedgerAccount, LedgerKey
from crossdock.exports.targets import (
    BeancountSettings,
    CsvSettings,
    DatevSettings,
    IntacctSettings,
    NetSuiteSettings,
    QuickBooksSettings,
    Sage50Settings,
    Settings,
    XeroSettings,
)
from crossdock.joined_exports import JoinedExports
from crossdock.joined_finance import JoinedFinance
from crossdock.policy_export import ExportPolicy
from crossdock.policy_finance import shipped_chart
from crossdock.store.database import Database
from tests.flows.conftest import a_name
from tests.joined_twin import Stage
from tests.settlements import a_settlement, finance

RESERVE = "other-transaction | | other-transaction | {} | {}"
FIRST = f"""
Order | 302-0000001-0000001 | ItemPrice | Principal | 19.99
Order | 302-0000001-0000001 | ItemPrice | Tax | 3.80
Order | 302-0000001-0000001 | ItemWithheldTax | MarketplaceFacilitatorVAT-Principal | -3.80
Order | 302-0000001-0000001 | ItemFees | Commission | -3.00
Order | 302-0000001-0000002 | ItemPrice | Principal | 25.00 | posted-date-time=2026-11-02 10:00:00 UTC
{RESERVE.format("Current Reserve Amount", "-10.00")}
"""
SECOND = f"""
{RESERVE.format("Previous Reserve Amount Balance", "10.00")}
Refund | 302-0000001-0000001 | ItemPrice | Principal | -19.99
ServiceFee | | Cost of Advertising | TransactionTotalAmount | -40.00
"""
MADE = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SETTINGS: dict[str, Settings] = {
    "beancount": BeancountSettings(),
    "csv": CsvSettings(),
    "datev": DatevSettings(1001, 1, account_length=4, clearing_account="1590", made_at=MADE),
    "intacct": IntacctSettings("EUR"),
    "netsuite": NetSuiteSettings("EUR"),
    "quickbooks": QuickBooksSettings("EUR"),
    "sage50": Sage50Settings("EUR"),
    "xero": XeroSettings("EUR"),
}


@pytest.fixture(scope="module")
def books(shared_database: Database) -> JoinedFinance:
    """Two settlements of one chain, booked."""
    books = Stage(shared_database).scene(connection_id=a_name(), finance=finance()).joined.finance
    assert books is not None
    later = {"starts": "2026-11-03 00:00:00 UTC", "ends": "2026-11-17 00:00:00 UTC"}
    when = {"posted_date_time": "2026-11-05 10:00:00 UTC"}
    books.import_file(BytesIO(a_settlement(FIRST)), "first.txt")
    books.import_file(BytesIO(a_settlement(SECOND, settlement_id="28471003922", **later, **when)), "second.txt")
    return books


@pytest.fixture
def audit(books: JoinedFinance, tmp_path: Path) -> Path:
    """Everything an auditor is given."""
    books.write_audit("28471003922", tmp_path)
    return tmp_path


def verdict(folder: Path) -> tuple[int, list[str]]:
    """The program's exit code, and the equations that failed."""
    command = [sys.executable, "-m", "crossdock_verify", "--json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, [failure["equation"] for failure in json.loads(done.stdout)["failed"]]


def ledger(target: str) -> dict[LedgerKey, LedgerAccount]:
    """An account for every account: a whole name for Beancount, a number elsewhere."""
    accounts = enumerate(shipped_chart().chart.accounts.values(), 4000)
    form = "Assets:A{}" if target == "beancount" else "{}"
    code = "" if target == "datev" else "T9"
    return {LedgerKey(a.key, ANY, ANY): LedgerAccount(form.format(n), a.name, code) for n, a in accounts}


def exported(books: JoinedFinance, database: Database, target: str) -> dict[str, bytes]:
    """The files of a target."""
    policy = ExportPolicy("EUR", ledger(target), targets=SETTINGS)
    exports = JoinedExports(policy, database=database, connection_id=books.connection_id, clock=lambda: MADE)
    done = exports.export(target, since=date.min, until=date.max, again=True)
    return {file.name: file.content for file in done.files}


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    """Put files beside the certificates."""
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_books_are_proven(audit: Path) -> None:
    """Two certificates and their files are proven by the other program."""
    assert verdict(audit) == (0, [])


@pytest.mark.parametrize("target", sorted(SETTINGS))
def test_export_is_proven(books: JoinedFinance, shared_database: Database, audit: Path, target: str) -> None:
    """The entries as each ledger gets them have the certificates' amounts and marks."""
    write_all(audit, exported(books, shared_database, target))
    assert verdict(audit) == (0, [])


CHANGES: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "a cent in the file": ("28471003921.txt", lambda c: c.replace(b"19.99", b"19.98"), "E1"),
    "a row lost": ("28471003921.txt", lambda c: c.replace(c.split(b"\n")[3] + b"\n", b""), "E1"),
    "a sign in the file": ("28471003921.txt", lambda c: c.replace(b"-3.00", b"3.00"), "E1"),
    "a label in the file": ("28471003921.txt", lambda c: c.replace(b"Commission", b"FixedClosingFee"), "E1"),
    "a cent in an entry": ("00001-28471003921.json", lambda c: c.replace(b'"debit":300', b'"debit":301'), "E6"),
    "a sign in an entry": ("00001-28471003921.json", lambda c: c.replace(b'"debit":300', b'"debit":-300'), "E6"),
    "an account in an entry": (
        "00001-28471003921.json",
        lambda c: c.replace(b'"account":"fees.selling"', b'"account":"fees.storage"'),
        "E4",
    ),
    "a month in an entry": (
        "00001-28471003921.json",
        lambda c: c.replace(b'"month":"2026-10-01"', b'"month":"2026-09-01"'),
        "E5",
    ),
    "a balance of the chain": ("00002-28471003922.json", lambda c: c.replace(b'"before":1000', b'"before":1001'), "E9"),
    "the order of certificates": (
        "00002-28471003922.json",
        lambda c: c.replace(b'"sequence":2', b'"sequence":3'),
        "E12",
    ),
}


@pytest.mark.parametrize(("name", "change", "equation"), CHANGES.values(), ids=CHANGES)
def test_least_change_is_refused(audit: Path, name: str, change: Callable[[bytes], bytes], equation: str) -> None:
    """One cent, row, sign, label, account, month, balance or number changed: the program says which equation does not hold."""
    before = (audit / name).read_bytes()
    (audit / name).write_bytes(change(before))
    assert change(before) != before
    code, failed = verdict(audit)
    assert (code, failed[0]) == (1, equation)


@pytest.mark.parametrize("target", sorted(SETTINGS))
def test_cent_in_an_export_is_refused(
    books: JoinedFinance, shared_database: Database, audit: Path, target: str
) -> None:
    """A cent changed in what a ledger gets is found."""
    [(name, content), *_] = exported(books, shared_database, target).items()
    changed = re.sub(rb"19[.,]99", lambda found: found[0][:-1] + b"8", content)
    assert changed != content
    (audit / name).write_bytes(changed)
    code, failed = verdict(audit)
    assert (code, set(failed)) == (1, {"E11"})
