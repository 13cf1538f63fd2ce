"""Hostile texts in every text that others may write: nothing runs, nothing breaks a line, and no amount changes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.ledger import LedgerAccount, LedgerKey
from crossdock.errors import DataError
from crossdock.exports.check_cells import runs
from crossdock.exports.targets import BeancountSettings, IntacctSettings, NetSuiteSettings, QuickBooksSettings
from crossdock.exports.text import plain
from tests.exports.books import (
    SETTINGS,
    TABLES,
    TARGETS,
    a_posting,
    a_sale,
    amounts,
    booked,
    exported,
    ledger_of,
    rows,
)

HOSTILE = [
    "=1+1",
    '=HYPERLINK("http://example.com";"x")',
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "   =1+1",
    '"=1+1',
    "'=1+1",
    "“=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "\u22121",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u202e=1+1",
    ';"=1+1";',
    ',"=1+1",',
    'He said "no"; twice, at least',
    "a;=1+1",
    "a, =1+1",
    'a|"=1+1',
    "two\r\nlines",
    "nul\x00 bell\x07 escape\x1b",
    "Łódź 日本 Ωmega 😀",
    "\ud800",
    "a\u2028b\u2029c",
    "\\",
    "ends with \\",
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("target", TARGETS)
def test_marketplace_is_hostile(target: str, hostile: str) -> None:
    """Whatever a marketplace is called, the file says the same amounts in as many lines."""
    entries = [
        booked(
            a_posting("sales.product", -1999, hostile, "seller"),
            a_posting("clearing.bank", 1999),
        )
    ]
    files = exported(entries, SETTINGS[target])
    assert amounts(files, target) == {Decimal("-19.99"): 1, Decimal("19.99"): 1}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("target", TABLES)
def test_no_cell_runs(target: str, hostile: str) -> None:
    """No text that begins with what a spreadsheet runs stands in a file, also not after spaces and quotes; amounts stay as they are."""
    tax_code = "T9" if target == "sage50" else hostile
    ledger = ledger_of(SETTINGS[target], name=hostile, tax_code="" if target == "datev" else tax_code)
    entries = [booked(a_posting("sales.product", -1999, hostile), a_posting("clearing.bank", 1999))]
    (file,) = exported(entries, SETTINGS[target], ledger)
    cells = [cell for row in rows(file, target) for cell in row.values()]
    assert [cell for cell in cells if runs(cell) and cell != "-19.99"] == []
    assert [cell for cell in cells if any(ord(character) < 32 for character in cell)] == []


@pytest.mark.parametrize(
    "settings",
    [
        QuickBooksSettings("EUR", names={"clearing.bank": "=1+1"}),
        NetSuiteSettings("EUR", subsidiary="=1+1", department="=1+1", class_name="=1+1", location="=1+1"),
        IntacctSettings("EUR", fixed={"LOCATION_ID": "=1+1"}),
    ],
    ids=["quickbooks", "netsuite", "intacct"],
)
def test_settings_are_hostile(settings: QuickBooksSettings | NetSuiteSettings | IntacctSettings) -> None:
    """What a merchant sets for a column is a text as any other."""
    (file,) = exported([a_sale()], settings)
    assert b",=1+1" not in file.content
    assert b",'=1+1" in file.content


@pytest.mark.parametrize("payee", HOSTILE)
def test_payee_is_hostile(payee: str) -> None:
    """A payee with quotes, backslashes or line ends is one text of Beancount."""
    (file,) = exported([a_sale()], BeancountSettings(payee=payee))
    assert file.content.count(b"\n2026-11-15 * ") == 1


@pytest.mark.parametrize("number", ["=1+1", "-4000", "@4000", " 4000", "40\n00", "\uff14\ud800", "4000\t"])
@pytest.mark.parametrize("target", [target for target in TARGETS if target != "quickbooks"])
def test_number_is_never_changed(target: str, number: str) -> None:
    """A hostile account number is refused with entry and column (QuickBooks has names only): another number would be another account."""
    ledger = {**ledger_of(SETTINGS[target]), LedgerKey("clearing.bank"): LedgerAccount(number, "Bank", "T9")}
    with pytest.raises(DataError, match=r"entry 24288684721-1, (column|account) "):
        exported([a_sale()], SETTINGS[target], ledger)


@pytest.mark.parametrize(
    ("text", "encoding", "written"),
    [
        ("Łódź", "cp1252", "Lódz"),
        ("Łódź", "utf-8", "Łódź"),
        ("日本", "cp1252", "??"),
        ("Müller & Söhne – 5 €", "cp1252", "Müller & Söhne – 5 €"),  # noqa: RUF001 - Windows-1252 has it
        ("\uff1d1+1", "cp1252", "'=1+1"),
        ("ﬁn", "cp1252", "fin"),
        ("e\u0301", "cp1252", "e"),
        ("a\tb", "utf-8", "a b"),
        ("-10 %", "utf-8", "'-10 %"),
        ("10 - 5", "utf-8", "10 - 5"),
        ("Amazon;=1+1", "utf-8", "Amazon;'=1+1"),
        ('Amazon, "=1+1', "utf-8", "Amazon,' \"=1+1"),
        ("", "utf-8", ""),
    ],
)
def test_text_as_written(text: str, encoding: str, written: str) -> None:
    """Letters that an encoding lacks become those they are made of, others `?`, and what that gives is no formula either."""
    assert plain(text, encoding) == written


@given(st.text(), st.sampled_from(["utf-8", "cp1252"]))
def test_any_text_is_plain(text: str, encoding: str) -> None:
    """Any text can be encoded, is one line, and does not run by the checker's own rule."""
    written = plain(text, encoding)
    assert written.encode(encoding).decode(encoding) == written
    assert len(written.splitlines()) <= 1
    assert not runs(written)
