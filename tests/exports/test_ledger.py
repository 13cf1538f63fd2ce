"""The merchant's own ledger: the most specific account, everything that is missing, and what names an entry for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.journal import PostingKey
from crossdock.domain.ledger import (
    ANY,
    Booked,
    Demands,
    LedgerAccount,
    LedgerKey,
    Missing,
    MissingAccounts,
    find_account,
    memo_of,
    plan_export,
    posting_key,
)
from tests.exports.books import CERTIFICATE, SETTINGS, SETTLEMENT, a_posting, a_sale, booked, ledger_of, planned

LEDGER = {
    LedgerKey("sales.product"): LedgerAccount("1"),
    LedgerKey("sales.product", ANY, "amazon"): LedgerAccount("2"),
    LedgerKey("sales.product", "Amazon.de"): LedgerAccount("3"),
    LedgerKey("sales.product", "Amazon.de", "seller"): LedgerAccount("4"),
}


@pytest.mark.parametrize(
    ("key", "number"),
    [
        (PostingKey("sales.product", "Amazon.de", "seller"), "4"),
        (PostingKey("sales.product", "Amazon.de", "amazon"), "3"),
        (PostingKey("sales.product", "Amazon.fr", "amazon"), "2"),
        (PostingKey("sales.product", "Amazon.fr", "seller"), "1"),
        (PostingKey("sales.product", "", ""), "1"),
    ],
)
def test_most_specific_account(key: PostingKey, number: str) -> None:
    """A marketplace and a treatment go before a marketplace, that before a treatment, that before whatever."""
    assert find_account(LEDGER, key) == LedgerAccount(number)


def test_no_account_is_guessed() -> None:
    """An account of ours that the ledger does not have is nobody's."""
    assert find_account(LEDGER, PostingKey("sales.shipping", "Amazon.de", "seller")) is None


def test_all_that_is_missing_is_told() -> None:
    """A missing number stops the export, and each missing one is told once, over all entries."""
    entries = [a_sale(1), a_sale(2)]
    assert plan_export(entries, {LedgerKey("fees.selling"): LedgerAccount("4760")}, Demands(60)) == MissingAccounts(
        (
            Missing("clearing.bank", "", "", "number"),
            Missing("sales.product", "Amazon.de", "seller", "number"),
            Missing("tax.sales", "Amazon.de", "seller", "number"),
        )
    )


def test_missing_tax_codes_are_told() -> None:
    """Where a target needs tax codes, an account without one stops the export; where it does not, nothing does."""
    ledger = {key: replace(account, tax_code="") for key, account in ledger_of(SETTINGS["xero"]).items()}
    assert plan_export([a_sale()], ledger, Demands(60, ("number", "tax_code"))) == MissingAccounts(
        (
            Missing("clearing.bank", "", "", "tax_code"),
            Missing("fees.selling", "", "", "tax_code"),
            Missing("sales.product", "Amazon.de", "seller", "tax_code"),
            Missing("tax.sales", "Amazon.de", "seller", "tax_code"),
        )
    )
    assert not isinstance(plan_export([a_sale()], ledger, Demands(60)), MissingAccounts)


def test_postings_are_lines() -> None:
    """Each posting that is not 0 is one line, in its order and with its amount."""
    (entry,) = planned([a_sale()], SETTINGS["csv"])
    assert [(line.account, line.number, line.marketplace, line.treatment, line.debit) for line in entry.lines] == [
        ("sales.product", "4000", "Amazon.de", "seller", -1999),
        ("tax.sales", "1776", "Amazon.de", "seller", -380),
        ("fees.selling", "4760", "", "", 300),
        ("clearing.bank", "1460", "", "", 2079),
    ]
    assert entry.lines[0].text == "sales.product Amazon.de seller"


def test_entry_is_named() -> None:
    """An entry has the settlement and its number in its id, and the same key whenever it is exported."""
    (entry,) = planned([a_sale(2, currency="GBP", rate="1.15")], SETTINGS["csv"])
    assert (entry.entry_id, entry.posting_key) == ("24288684721-2", "CD-24288684721-2")
    assert (entry.on, entry.month, entry.currency, entry.rate) == (
        date(2026, 11, 15),
        date(2026, 11, 1),
        "GBP",
        Decimal("1.15"),
    )
    assert planned([a_sale(2)], SETTINGS["csv"]) == planned([a_sale(2)], SETTINGS["csv"])


def test_entry_of_nothing_is_left_out() -> None:
    """An entry whose postings are all 0 has no line to export, and needs no account."""
    assert plan_export([booked(a_posting("sales.product", 0))], {}, Demands(60)) == ()


@pytest.mark.parametrize(
    ("length", "memo"),
    [
        (60, "Amazon settlement 24288684721 2026-11 0123456789abcdef"),
        (54, "Amazon settlement 24288684721 2026-11 0123456789abcdef"),
        (53, "24288684721 2026-11 0123456789abcdef"),
        (35, "2026-11 0123456789abcdef"),
        (16, "0123456789abcdef"),
    ],
)
def test_memo_is_shortened(length: int, memo: str) -> None:
    """A memo loses its beginning, never the mark."""
    assert memo_of(a_sale(), length) == memo


@given(st.integers(16, 200), st.from_regex(r"\d{8,20}", fullmatch=True))
def test_mark_survives(length: int, settlement_id: str) -> None:
    """Whatever a target's length and a settlement's id: the memo fits, and ends with the 16 characters."""
    memo = memo_of(replace(a_sale(), settlement_id=settlement_id), length)
    assert len(memo) <= length
    assert memo.endswith(CERTIFICATE[:16])


def test_estimate_has_no_mark() -> None:
    """An accrual is in no certificate, and says that it is one."""
    entry = replace(a_sale().entry, kind="accrual_reversal")
    assert memo_of(Booked(SETTLEMENT, entry), 60) == "Amazon accrual reversal 24288684721 2026-11"


@given(st.from_regex(r"\d{11,14}", fullmatch=True), st.integers(1, 999))
def test_key_fits_quickbooks(settlement_id: str, number: int) -> None:
    """The posting key has at most 21 characters."""
    assert len(posting_key(settlement_id, number)) <= 21
