"""What a target cannot say is refused before anything is written, with the entry and the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crossdock.errors import DataError
from crossdock.exports.targets import (
    CsvSettings,
    IntacctSettings,
    NetSuiteSettings,
    QuickBooksSettings,
    Sage50Settings,
    XeroSettings,
)
from tests.exports.books import DATEV, SETTINGS, TARGETS, a_sale, exported


@pytest.mark.parametrize(
    ("settings_", "told"),
    [
        (XeroSettings("EUR"), "xero, entry 24288684721-1: is in GBP, and journals of this target are in EUR only"),
        (Sage50Settings("EUR"), "sage50, entry 24288684721-1: is in GBP"),
        (QuickBooksSettings("EUR"), "quickbooks, entry 24288684721-1: is in GBP"),
        (
            QuickBooksSettings("EUR", multicurrency=True),
            "quickbooks, entry 24288684721-1: is in GBP and has no rate to EUR",
        ),
        (NetSuiteSettings("EUR"), "netsuite, entry 24288684721-1: is in GBP and has no rate to EUR"),
        (IntacctSettings("EUR"), "intacct, entry 24288684721-1: is in GBP and has no rate to EUR"),
        (DATEV, "datev, entry 24288684721-1: is in GBP and has no rate to EUR"),
    ],
)
def test_foreign_currency_is_not_guessed(settings_: Any, told: str) -> None:
    """An entry in another currency is refused where the target has no place for it, or no rate was given."""
    with pytest.raises(DataError, match=told):
        exported([a_sale(currency="GBP")], settings_)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: CsvSettings(columns=(("a", "debit"), ("b", "credit"))), "must have entry or posting_key"),
        (lambda: CsvSettings(columns=(("a", "entry"), ("b", "debit"))), "must have amount, or debit and credit"),
        (lambda: CsvSettings(columns=(("a", "entry"), ("a", "amount"))), "different names"),
        (lambda: CsvSettings(columns=(("=a", "entry"), ("b", "amount"))), "plain names"),
        (lambda: CsvSettings(columns=(("日", "entry"), ("b", "amount")), encoding="cp1252"), "encoding cannot hold"),
        (lambda: CsvSettings(decimal_mark=","), "the same"),
        (lambda: IntacctSettings("EUR", columns=("JOURNAL",)), "columns must have ACCT_NO, CREDIT, DATE, DEBIT"),
        (lambda: IntacctSettings("EUR", fixed={"DEBIT": "1"}), "DEBIT cannot be fixed"),
        (lambda: IntacctSettings("EUR", fixed={"CLASS": "1"}), "CLASS, which is no column"),
        (lambda: replace(DATEV, consultant=7), "consultant must be from 1001 to 9999999"),
        (lambda: replace(DATEV, clearing_account="x"), "clearing_account has not the form"),
        (lambda: replace(DATEV, label='a";"b'), "label has not the form"),
    ],
)
def test_settings_that_cannot_be(make: Any, told: str) -> None:
    """Settings with which no file could be written or read again are refused when they are made."""
    with pytest.raises(ValueError, match=told):
        make()


@pytest.mark.parametrize("target", TARGETS)
def test_entry_given_twice(target: str) -> None:
    """The same entry twice would be posted twice: nothing is handed over."""
    with pytest.raises(DataError, match="twice"):
        exported([a_sale(), a_sale()], SETTINGS[target])
