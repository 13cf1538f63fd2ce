"""What the merchant decided about the books: their time zone, mappings with the day each is valid from, and who invoices the sale."""

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
class FinancePolicy:
    """How settlements are booked. `invoiced_elsewhere_from`: by fulfilment, from when on orders are invoiced by another system at shipment."""

    books: Books
    default: OwnChart
    own: tuple[OwnChart, ...] = ()
    invoiced_elsewhere_from: Mapping[str, datetime] = field(default_factory=dict)

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
