"""A settlement report as Amazon lists it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SettlementReport:
    """A report whose document is made."""

    report_id: str
    document_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page of reports. `next_token`: None on the last."""

    reports: tuple[SettlementReport, ...]
    next_token: str | None
