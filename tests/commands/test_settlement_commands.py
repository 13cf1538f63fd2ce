"""`crossdock settlements` and `check` as a person in finance meets them: files in, journals and certificates out, and plain words for what does not go."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.twin.amazon_account import SellerAccount
from tests.commands.operators import Desk
from tests.settlements import a_settlement

SALE = "Order | 302-0000001-0000001 | ItemPrice | Principal | 19.99"
ROLE = "Amazon: settlements"


@pytest.fixture
def keeping(desk: Desk) -> Desk:
    """An operator whose policy keeps books."""
    policy = desk.folder / "crossdock.toml"
    policy.write_text(
        f'{policy.read_text()}\n[connection.finance]\ntime_zone = "Europe/Berlin"\nledger = "ledger.csv"\n'
    )
    (desk.folder / "ledger.csv").write_text(
        "account,marketplace,treatment,number,name,tax_code\nsales.product,*,*,8400,Sales,\nclearing.bank,*,*,1360,Transit,\n"
    )
    return desk


def a_file(folder: Path, content: bytes, name: str = "settlement.txt") -> str:
    """A file as somebody downloaded it."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


def account_of(desk: Desk) -> SellerAccount:
    """The seller account of the twin."""
    (account,) = desk.twin.amazon.accounts.values()
    return account


def test_files_are_booked_exported_and_certified(keeping: Desk, tmp_path: Path) -> None:
    """From a file to a journal with the merchant's numbers, and everything an auditor needs."""
    [done] = keeping.read("settlements", "import", a_file(tmp_path, a_settlement(SALE, ends="2026-10-22 00:00:00 UTC")))
    exported = keeping.read("settlements", "export", "--target", "csv", "--to", str(tmp_path))
    audit = keeping.read("settlements", "certificate", "28471003921", "--to", str(tmp_path))

    assert done["outcome"] == "booked"
    [journal] = exported["files"]
    assert [line.split(",")[2] for line in Path(journal).read_text().splitlines()] == ["account", "8400", "1360"]
    assert sorted(Path(path).name for path in audit) == ["00001-28471003921.json", "28471003921.txt"]
    assert keeping.read("settlements", "export", "--target", "csv", "--to", str(tmp_path))["entries"] == 0


def test_file_that_leaves_a_doubt_stops_no_other(keeping: Desk, tmp_path: Path) -> None:
    """Of two files one cannot be read: it is told with line and column, and the other is booked."""
    bad = a_file(tmp_path, a_settlement(SALE).replace(b"\t19.99\tAFN", b"\t1.999\tAFN"), "bad.txt")
    good = a_file(tmp_path, a_settlement(SALE, settlement_id="28471003922"), "good.txt")
    done = keeping.run("settlements", "import", str(tmp_path / "nowhere.txt"), bad, good)

    assert "NOT booked: it is no file that can be opened" in done.stdout
    assert "line 3, column amount" in done.stdout
    assert "booked" in done.stdout


def test_what_the_ledger_lacks_is_told_completely(keeping: Desk, tmp_path: Path) -> None:
    """An export without an account for something says for what, and writes nothing."""
    fee = "Order | 302-0000001-0000001 | ItemFees | Commission | -3.00"
    keeping.read("settlements", "import", a_file(tmp_path, a_settlement(f"{SALE}\n{fee}")))
    done = keeping.run("settlements", "export", "--target", "csv", "--to", str(tmp_path))

    assert "no number for fees.selling on Amazon.de" in done.stderr
    assert "no number for balance.unsettled" in done.stderr
    assert list(tmp_path.glob("crossdock-*")) == []


def test_only_the_exact_difference_can_be_accepted(keeping: Desk, tmp_path: Path) -> None:
    """Another amount than the difference is refused, and the difference is named."""
    keeping.run("settlements", "import", a_file(tmp_path, a_settlement(SALE, total="20.00")))
    done = keeping.run("settlements", "accept", "28471003921", "--difference", "0.02", "--reason", "none")

    assert "is off by 0.01 EUR, to the cent" in done.stderr


def test_units_of_a_month_are_told_by_connection(keeping: Desk, tmp_path: Path) -> None:
    """What was sold in a month, SKU by SKU and whose; of a month of which nothing is told, no table that looks as if nothing was booked."""
    keeping.read("settlements", "import", a_file(tmp_path, a_settlement(f"{SALE} | quantity-purchased=2")))
    told = keeping.read("settlements", "units", "--month", "2026-10")
    table, none = (keeping.run("settlements", "units", "--month", month).stdout for month in ("2026-10", "2026-11"))

    assert told == [{"connection_id": "demo", "sku": "MUG-BLUE", "month": "2026-10-01", "sold": 2, "refunded": 0}]
    assert ["demo", "MUG-BLUE", "2", "0"] in [line.split() for line in table.splitlines()]
    assert none.startswith("No units: no settlement that is booked tells of goods")


def test_without_books_nothing_is_imported(desk: Desk, tmp_path: Path) -> None:
    """Without the table the command says which one is missing."""
    done = desk.run("settlements", "import", a_file(tmp_path, a_settlement(SALE)))

    assert "[connection.finance]" in done.stderr


def test_role_that_is_missing_is_named(keeping: Desk) -> None:
    """Check says which role settlements need, and what to do without it."""
    account_of(keeping).roles = {"inventory_and_order_tracking", "direct_to_consumer_delivery"}
    found = {each["what"]: each for each in keeping.read("check")["findings"]}

    assert found[ROLE]["verdict"] == "failed"
    assert "the role Finance and Accounting" in found[ROLE]["says"]


def test_person_closes_what_no_check_closes(keeping: Desk, tmp_path: Path) -> None:
    """A case that waits for a person is closed by one, with what was done; one that closes by itself is not."""
    charge = "Order | 302-0000001-0000001 | ItemFees | Commission | 3.00"
    keeping.run("settlements", "import", a_file(tmp_path, a_settlement(charge)))
    keeping.run(
        "settlements", "import", a_file(tmp_path, a_settlement(SALE, settlement_id="28471003922", total="20.00"))
    )
    cases = {case["kind"]: case["case_id"] for case in keeping.read("cases", "list")}
    done = keeping.read(
        "cases", "resolve", str(cases["settlement.sign_unexpected"]), "--because", "Amazon gave a fee back"
    )
    refused = keeping.run("cases", "resolve", str(cases["settlement.total_differs"]), "--because", "looked at")

    assert done["closed"] is True
    assert (refused.returncode, "closes by itself" in refused.stderr) == (2, True)
    assert [case["kind"] for case in keeping.read("cases", "list")] == ["settlement.total_differs"]
