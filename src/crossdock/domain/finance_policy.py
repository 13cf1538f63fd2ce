"""What the merchant decided about the books: their time zone, mappings with the day each is valid from, who invoices the sale, and the bank's statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from crossdock.domain.accounts import Chart
from crossdock.domain.journal import Books

# How Amazon writes who ships, in `fulfillment-id`.
FULFILMENTS = ("AFN", "MFN")
Fulfilment = Literal["AFN", "MFN"]


@dataclass(frozen=True, slots=True)
class OwnChart:
    """A mapping of the merchant's own, as its file has it, for settlements that end on that day or later."""

    name: str
    text: str
    chart: Chart
    valid_from: date


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How the merchant's bank writes CSV: the names of its columns, and their form. `currency_code`: of all lines, where no column tells it."""

    date: str = "date"
    amount: str = "amount"
    currency: str = "currency"
    reference: tuple[str, ...] = ("reference",)
    currency_code: str = ""
    date_format: str = "YYYY-MM-DD"
    decimal_mark: str = "."
    delimiter: str = ","
    encoding: str = "utf-8"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that must be there."""
        currency = () if self.currency_code else (self.currency,)
        return (self.date, self.amount, *currency, *self.reference)


@dataclass(frozen=True, slots=True)
class BankPolicy:
    """Whose lines of a bank statement are Amazon's: those with one of these texts in the payer's name; and how the bank writes CSV."""

    payers: tuple[str, ...] = ("AMAZON",)
    csv: CsvForm = field(default_factory=CsvForm)


@dataclass(frozen=True, slots=True)
class FinancePolicy:
    """How settlements are booked. `invoiced_elsewhere_from`: by fulfilment, from when on orders are invoiced by another system at shipment.

    `accruals`: what a month earned and no settlement has told yet is accrued at its end.
    """

    books: Books
    default: OwnChart
    own: tuple[OwnChart, ...] = ()
    invoiced_elsewhere_from: Mapping[str, datetime] = field(default_factory=dict)
    accruals: bool = False
    bank: BankPolicy = field(default_factory=BankPolicy)

    def chart_on(self, ends_at: datetime) -> Chart:
        """The mapping in force for a settlement that ends then."""
        own = self._own_on(ends_at)
        return own.chart if own is not None else self.default.chart

    def charts_on(self, ends_at: datetime) -> Mapping[str, str]:
        """The texts of the mapping in force, in the order in which they are asked."""
        own = self._own_on(ends_at)
        charts = [own, self.default] if own is not None else [self.default]
        return {each.name: each.text for each in charts}

    def _own_on(self, ends_at: datetime) -> OwnChart | None:
        day = ends_at.astimezone(self.books.zone).date()
        valid = [each for each in self.own if each.valid_from <= day]
        return max(valid, key=lambda each: each.valid_from, default=None)
