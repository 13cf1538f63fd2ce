"""Settlement reports on Amazon -> files in the books: each is listed, fetched and taken in once, the oldest first.

Rule: a report that was taken in, booked or as a case, is never fetched again; one that was not is, so that a run that was killed, or whose rate was spent,
goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crossdock.domain.settlement_report import SettlementReport
from crossdock.ports_finance import KeptFiles, SettlementReports

# A seller of ten marketplaces has some sixty reports in 90 days; more pages than this is a token that leads in circles.
PAGES_MAX = 50


def collect_settlements(
    *,
    reports: SettlementReports,
    files: KeptFiles,
    take_in: Callable[[SettlementReport], str],
    now: datetime,
) -> int:
    """Take in what is new; answers how many files. Unavailable where a rate is spent: run it again.

    `take_in`: fetches one, books it or makes it a case, and answers the hash of what it kept.
    """
    new = [report for report in _listed(reports, now) if not files.has_report(report.report_id)]
    for report in sorted(new, key=lambda each: (each.created_at, each.report_id)):
        sha256 = take_in(report)
        files.took_in(report.report_id, sha256, now)
    return len(new)


def _listed(reports: SettlementReports, now: datetime) -> list[SettlementReport]:
    found: list[SettlementReport] = []
    token: str | None = None
    for _ in range(PAGES_MAX):
        page = reports.settlements(now, token)
        found += page.reports
        token = page.next_token
        if token is None:
            break
    return found
