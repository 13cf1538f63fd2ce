"""One thing is changed in a proven chain: the verifier names the equation, and the line where there is one."""

from pathlib import Path

import pytest
from crossdock_verify.paths import find
from crossdock_verify.verdict import Finding, judge

from tests.verify.certified import CHART, Change, Say, Write, a_posting, change, write_all
from tests.verify.three_settlements import FOUR, ONE, THREE, TWO, a_chain

A, B, C = 0, 1, 2
OCTOBER, NOVEMBER = ("entries", 0), ("entries", 1)
NO_HASH = "0" * 64


def first_failure(folder: Path) -> tuple[str, int]:
    """The equation and the line of the first certificate that fails."""
    finding = failed(folder)[0]
    return finding.failure.equation, finding.failure.line


def failed(folder: Path) -> list[Finding]:
    """All that fails."""
    return judge(find([folder])).failed


BYTES = {
    "one cent": (A, b"100.00", b"100.01"),
    "a sign": (A, b"-15.00", b"15.00"),
    "a label": (A, b"Cost of Advertising", b"Cost of Advertisin"),
    "a row removed": (A, b"1000001\t\t\t\t\t\tFBAFees", b"1000001\t\t\t\t\t\tFBAFees\n"),
    "a byte that no row reads": (A, b"MUG\n1000001\t\t\t\t\t\tFBAFees", b"CUP\n1000001\t\t\t\t\t\tFBAFees"),
    "a row twice": (A, b"-10\t", b"-10\t\n-10\t"),
    "a byte at the end": (A, b"-2.00\t", b"-2.00\t\t"),
}


@pytest.mark.parametrize(("which", "old", "new"), BYTES.values(), ids=BYTES)
def test_a_byte_of_the_file_is_changed(tmp_path: Path, which: int, old: bytes, new: bytes) -> None:
    """A file that is not the one named fails at once, whatever was changed in it."""
    write_all(tmp_path, a_chain())
    file = tmp_path / f"{1000001 + which}.txt"
    content = file.read_bytes()
    assert content.count(old) == 1
    file.write_bytes(content.replace(old, new))
    assert first_failure(tmp_path) == ("E1", 0)


def test_a_changed_file_under_another_name_is_found_by_its_settlement(tmp_path: Path) -> None:
    """Renaming a file does not hide that it was changed."""
    write_all(tmp_path, a_chain())
    (tmp_path / "1000001.txt").rename(tmp_path / "renamed.txt")
    (tmp_path / "renamed.txt").write_bytes((tmp_path / "renamed.txt").read_bytes().replace(b"100.00", b"100.01"))
    assert first_failure(tmp_path) == ("E1", 0)


STORAGE = "1000001\t\t\t\t\t\tFBAFees\t303-0000001-0000001\t\tFBA Inventory Storage Fee\tBase fee\t-2.00\t\t2026-10-30 00:00:00 UTC\tMUG\n"
ADVERTISING = "Cost of Advertising\tTransactionTotalAmount\t-10"

# The file is changed, and the certificate's size and hash with it.
FILES: dict[str, tuple[str, int, tuple[Change, ...]]] = {
    "one cent": ("E3", 2, (Write(A, "100.00", "100.01"),)),
    "a sign": ("E3", 2, (Write(A, "-15.00", "15.00"),)),
    "the declared total": ("E3", 2, (Write(A, "126.70", "126.71"),)),
    "a row removed": ("E2", 0, (Write(A, STORAGE, ""),)),
    "a row removed, and counted so": (
        "E3",
        2,
        (Write(A, STORAGE, ""), Say(A, ("file", "lines"), 13), Say(A, ("file", "rows"), 11)),
    ),
    "a row twice": ("E2", 0, (Write(A, STORAGE, STORAGE * 2),)),
    "a cent from one row to another": ("E6", 3, (Write(A, "100.00", "100.01"), Write(A, "-15.00", "-15.01"))),
    "two rows change places": (
        "E4",
        12,
        (
            Write(A, ADVERTISING, "x"),
            Write(A, STORAGE, STORAGE.replace("FBA Inventory Storage Fee\tBase fee\t-2.00", ADVERTISING)),
            Write(A, "\t\tx\t", "\t\tFBA Inventory Storage Fee\tBase fee\t-2.00\t"),
        ),
    ),
    "a label that becomes unknown": ("E4", 12, (Write(A, "Cost of Advertising", "Cost of Advertisin"),)),
    "a label of another account, among other rows of it": (
        "E4",
        11,
        (Write(A, "Commission\t-4.50", "Storage\t-4.50"),),
    ),
    "a label outside ASCII": ("E4", 8, (Write(C, "Storage für Größen", "Stórage für Größen"),)),
    "an instant over midnight": (
        "E5",
        7,
        (Write(A, "Principal\t50.00\t\t2026-10-31 23:30:00 UTC", "Principal\t50.00\t\t2026-10-31 22:30:00 UTC"),),
    ),
    "a day without a time": ("E5", 8, (Write(C, "30.11.2026", "01.12.2026"),)),
    "no day, so that of the end": ("E5", 8, (Write(C, "30.11.2026", ""),)),
    "a marketplace": ("E6", 8, (Write(B, "Non-Amazon DE", "Non-Amazon FR"),)),
    "tax that Amazon does not account for": (
        "E6",
        3,
        (Write(A, "Principal\t-19.00", "Principal\t0.00"), Write(A, "Tax\t19.00", "Tax\t0.00")),
    ),
    "a row of another order": (
        "E10",
        0,
        (Write(A, f"Order\t{ONE}\tAmazon.de\tItemFees", f"Order\t{TWO}\tAmazon.de\tItemFees"),),
    ),
    "an order that is in order mode no more": (
        "E4",
        9,
        (Write(A, f"{THREE}\tAmazon.de\tItemPrice\tPrincipal", f"{FOUR}\tAmazon.de\tItemPrice\tPrincipal"),),
    ),
    "a second summary": ("E2", 14, (Write(A, "1000001\t\t\t\t\t\tFBAFees", "1000001\t\t\t\t5.00\t\tFBAFees"),)),
    "a row of another settlement": ("E2", 14, (Write(A, "1000001\t\t\t\t\t\tFBAFees", "1000002\t\t\t\t\t\tFBAFees"),)),
    "a cell too many": ("E2", 12, (Write(A, "TransactionTotalAmount\t", "Transaction\tTotalAmount\t"),)),
    "a blank line within": ("E2", 15, (Write(A, "1000001\t\t\t\t\t\tFBAFees", "\n1000001\t\t\t\t\t\tFBAFees"),)),
    "an amount with another mark": (
        "E2",
        4,
        (
            Write(
                A,
                "19.00\t\t2026-10-25 10:00:00 UTC\tMUG\n1000001\t\t\t\t\t\tOrder\t303-0000001-0000001\tAmazon.de\tItemWithheldTax",
                "19,00\t\t2026-10-25 10:00:00 UTC\tMUG\n1000001\t\t\t\t\t\tOrder\t303-0000001-0000001\tAmazon.de\tItemWithheldTax",
            ),
        ),
    ),
    "an amount in full-width digits": ("E2", 12, (Write(A, "\t-10\t", "\t-\uff11\uff10\t"),)),
    "an amount with an underscore": ("E2", 12, (Write(A, "\t-10\t", "\t-1_0\t"),)),
    "a day that there is not": ("E2", 14, (Write(A, "2026-10-30 00:00:00 UTC", "2026-02-30 00:00:00 UTC"),)),
    "a time in another zone": ("E2", 14, (Write(A, "2026-10-30 00:00:00 UTC", "2026-10-30 00:00:00 PST"),)),
    "another currency": ("E2", 2, (Write(A, "126.70\tEUR", "126.70\tUSD"),)),
    "another end": ("E2", 2, (Write(A, "2026-11-03 00:00:00 UTC\t2026-11-05", "2026-11-03 00:00:01 UTC\t2026-11-05"),)),
    "the reserve that comes back": ("E3", 2, (Write(B, "20.00", "19.00"),)),
}


@pytest.mark.parametrize(("equation", "line", "changes"), FILES.values(), ids=FILES)
def test_a_file_is_changed_and_named_anew(
    tmp_path: Path, equation: str, line: int, changes: tuple[Change, ...]
) -> None:
    """A change that the hash does not show is shown by a deeper equation, with line and text."""
    write_all(tmp_path, change(a_chain(), *changes))
    assert first_failure(tmp_path) == (equation, line)


def test_a_failure_shows_the_text_of_its_line(tmp_path: Path) -> None:
    """The line that is to blame is found among the rows of its posting, and shown as it stands in the file."""
    write_all(tmp_path, change(a_chain(), Write(A, "Commission\t-4.50", "Storage\t-4.50")))
    finding = failed(tmp_path)[0]
    assert finding.settlement_id == "1000001"
    assert "Storage\t-4.50\t\t2026-11-01 09:00:00 UTC" in finding.failure.text


# The certificate says something else, and the certificates after it name its new hash.
CERTIFICATES: dict[str, tuple[str, tuple[Change, ...]]] = {
    "size": ("E1", (Say(A, ("file", "size"), 5),)),
    "hash": ("E1", (Say(A, ("file", "sha256"), NO_HASH),)),
    "version": ("E2", (Say(A, ("file", "version"), "V1"),)),
    "decimal mark": ("E2", (Say(A, ("file", "decimal_mark"), ","),)),
    "lines": ("E2", (Say(A, ("file", "lines"), 15),)),
    "blank": ("E2", (Say(C, ("file", "blank"), 0),)),
    "unpriced": ("E2", (Say(A, ("file", "unpriced"), 1),)),
    "rows": ("E2", (Say(A, ("file", "rows"), 13),)),
    "start": ("E2", (Say(A, ("settlement", "starts_at"), "2026-10-20T00:00:01Z"),)),
    "deposit": ("E2", (Say(A, ("settlement", "deposit_at"), ""),)),
    "digits": ("E2", (Say(A, ("settlement", "digits"), 3),)),
    "total": ("E3", (Say(A, ("settlement", "total"), 12671),)),
    "accepted difference": ("E3", (Say(A, ("accepted_difference",), {"amount": 1, "reason": "rounded"}),)),
    "a reason for nothing": ("E3", (Say(A, ("accepted_difference", "reason"), "rounded"),)),
    "a chart": ("E4", (Say(A, ("charts", 1, "text"), CHART.replace("ServiceFee", "ServiceFees")),)),
    "the order of rules": ("E4", (Say(A, ("charts", 0, "text"), CHART.replace("fees.storage", "fees.other")),)),
    "a chart that cannot be read": ("E4", (Say(A, ("charts", 1, "text"), CHART.replace("Payable to Amazon", "(")),)),
    "order mode": ("E4", (Say(A, ("order_mode",), []),)),
    "order mode of an order elsewhere": ("E4", (Say(A, ("order_mode",), [THREE, FOUR]),)),
    "an account": ("E4", (Say(A, (*OCTOBER, "postings", 4, "account"), "fees.other"),)),
    "a time zone": ("E5", (Say(A, ("books", "time_zone"), "UTC"),)),
    "a month": ("E5", (Say(A, (*OCTOBER, "month"), "2026-09-01"), Say(A, (*OCTOBER, "on"), "2026-09-30"))),
    "a marketplace": ("E6", (Say(A, (*OCTOBER, "postings", 0, "marketplace"), "Amazon.fr"),)),
    "a treatment": ("E6", (Say(A, (*OCTOBER, "postings", 0, "treatment"), "seller"),)),
    "a debit": ("E6", (Say(A, (*OCTOBER, "postings", 3, "debit"), 1501),)),
    "rows of a posting": ("E6", (Say(A, (*OCTOBER, "postings", 3, "rows"), 2),)),
    "hash of a posting's rows": ("E6", (Say(A, (*OCTOBER, "postings", 3, "rows_sha256"), NO_HASH),)),
    "a posting twice": ("E6", (Say(A, (*OCTOBER, "postings", 5), a_posting("fees.storage", 200, [14])),)),
    "a posting more": ("E6", (Say(A, (*OCTOBER, "postings", 5), a_posting("fees.storage", 200, [15])),)),
    "a number": ("E7", (Say(A, (*OCTOBER, "number"), 3),)),
    "a day": ("E7", (Say(A, (*OCTOBER, "on"), "2026-10-30"),)),
    "the day of the end": ("E7", (Say(C, (*NOVEMBER, "on"), "2026-11-30"),)),
    "a kind": ("E7", (Say(A, (*OCTOBER, "kind"), "settlement"),)),
    "a closing": ("E7", (Say(A, ("books", "closed_until"), "2026-10-31"),)),
    "the total's amount": ("E7", (Say(A, (*NOVEMBER, "postings", 6, "debit"), 12671),)),
    "the total's account": ("E8", (Say(A, (*NOVEMBER, "postings", 6, "account"), "balance.carried_over"),)),
    "the debt's account": ("E8", (Say(B, (*OCTOBER, "postings", 6, "account"), "clearing.bank"),)),
    "what a month hands on": ("E8", (Say(A, (*OCTOBER, "postings", 5, "account"), "clearing.card"),)),
    "the release": ("E8", (Say(A, (*NOVEMBER, "postings", 5, "account"), "suspense"),)),
    "the reserve before": ("E9", (Say(B, ("chains", "reserve"), {"before": 1900, "moved": -2000, "after": -100}),)),
    "the reserve moved": ("E9", (Say(B, ("chains", "reserve", "moved"), -1900),)),
    "the reserve after": ("E9", (Say(A, ("chains", "reserve", "after"), 2100),)),
    "the debt before": ("E9", (Say(C, ("chains", "carried_over", "before"), 0),)),
    "a predecessor's id": ("E9", (Say(C, ("chains", "predecessor"), "1000001"),)),
    "a predecessor's certificate": ("E9", (Say(C, ("chains", "predecessor_certificate"), ""),)),
    "a predecessor and its certificate": ("E9", (Say(C, ("chains", "predecessor"), ""),)),
    "a chain's name": ("E9", (Say(C, ("chains", "name"), "EUR Amazon.fr"),)),
    "the name of the first": ("E9", (Say(A, ("chains", "name"), "EUR"),)),
    "the name of all": ("E9", tuple(Say(which, ("chains", "name"), "EUR Amazon.fr") for which in (A, B, C))),
    "the hash of a predecessor": ("E9", (Say(C, ("chains", "predecessor_certificate"), NO_HASH),)),
    "an order more": ("E10", (Say(A, ("orders", "count"), 4),)),
    "rows of orders": ("E10", (Say(A, ("orders", "rows"), 10),)),
    "the orders' amount": ("E10", (Say(A, ("orders", "amount"), 15871),)),
    "the orders' digest": ("E10", (Say(A, ("orders", "sha256"), NO_HASH),)),
    "rows of none": ("E10", (Say(A, ("orders", "rest_rows"), 4),)),
    "the rest's amount": ("E10", (Say(A, ("orders", "rest_amount"), -3201),)),
    "the hash before": ("E12", (Say(C, ("previous",), NO_HASH),)),
    "no hash before": ("E12", (Say(C, ("previous",), ""),)),
    "a number left out": ("E12", (Say(C, ("sequence",), 4),)),
    "a number twice": ("E12", (Say(C, ("sequence",), 2),)),
    "another connection": (
        "E12",
        (
            Say(C, ("connection",), "fr"),
            Say(C, ("chains", "predecessor"), ""),
            Say(C, ("chains", "predecessor_certificate"), ""),
        ),
    ),
}


@pytest.mark.parametrize(("equation", "changes"), CERTIFICATES.values(), ids=CERTIFICATES)
def test_a_certificate_says_something_else(tmp_path: Path, equation: str, changes: tuple[Change, ...]) -> None:
    """Whatever a certificate says, there is an equation that it must keep."""
    write_all(tmp_path, change(a_chain(), *changes))
    assert first_failure(tmp_path)[0] == equation


@pytest.mark.parametrize(
    ("encoding", "equation"),
    [
        *(("cp932", "E2"), ("utf-8", "E2"), ("ascii", "format"), ("utf-16", "format"), ("unicode_escape", "format")),
        *(("hex", "format"), ("UTF-8", "format"), ("no-such", "format"), ("", "format")),
    ],
)
def test_an_encoding_that_is_not_the_files(tmp_path: Path, encoding: str, equation: str) -> None:
    """What the bytes are not, and what no settlement file is written in, is no way to read them."""
    write_all(tmp_path, a_chain())
    certificate = tmp_path / "1000003.json"
    certificate.write_bytes(certificate.read_bytes().replace(b'"cp1252"', f'"{encoding}"'.encode()))
    assert first_failure(tmp_path)[0] == equation


def test_two_settlements_follow_on_one(tmp_path: Path) -> None:
    """The same debt cannot be taken twice: the second to name the settlement before fails."""
    chain = [*a_chain(), a_chain()[C]]
    chain[-1].text = chain[-1].text.replace("1000003", "1000004")
    settlement = ("settlement", "settlement_id")
    changes = (Say(3, settlement, "1000004"), Say(3, ("sequence",), 4), Say(3, ("file", "name"), "1000004.txt"))
    hashes = write_all(tmp_path, change(chain, *changes)[:3])
    write_all(
        tmp_path,
        change(chain, Say(3, ("chains", "predecessor_certificate"), hashes[B]), Say(3, ("previous",), hashes[C])),
    )
    assert [(finding.settlement_id, finding.failure.equation) for finding in failed(tmp_path)] == [("1000004", "E9")]


def test_a_settlement_is_certified_twice(tmp_path: Path) -> None:
    """A second certificate of the same settlement would book it a second time."""
    chain = [a_chain()[A], a_chain()[A]]
    write_all(tmp_path, chain[:1])
    (tmp_path / "1000001.json").rename(tmp_path / "first.json")
    changes = (Say(1, ("sequence",), 2), Say(1, ("file", "name"), "again.txt"))
    write_all(tmp_path, change(chain, *changes))
    (tmp_path / "again.txt").unlink()
    assert [finding.failure.equation for finding in failed(tmp_path)] == ["E12", "E12"]
