"""Reports API 2021-06-30, for settlements: which Amazon made, and their documents.

Source: the model `reports_2021-06-30.json` and Amazon's page of settlement reports. Nobody can ask for a settlement report: Amazon makes one when a
settlement closes, lists it for 90 days, and then it is gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from crossdock.amazon.client import Client
from crossdock.amazon.listings import read_answer
from crossdock.amazon.rates import GET_REPORT_DOCUMENT, GET_REPORTS
from crossdock.domain.settlement_report import ReportPage, SettlementReport
from crossdock.errors import DataError

PATH = "/reports/2021-06-30"
SETTLEMENT_REPORT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
# Reports are listed for 90 days; asked for to the second, Amazon's clock may be past it.
LISTED_FOR = timedelta(days=90) - timedelta(hours=1)
PAGE = 100
# Ten million rows pack to two hundred megabytes.
DOCUMENT_BYTES_MAX = 512 << 20


class _Report(msgspec.Struct, rename="camel"):
    report_id: str
    processing_status: str
    created_time: datetime
    report_document_id: str | None = None


class _Reports(msgspec.Struct, rename="camel"):
    reports: list[_Report]
    next_token: str | None = None


class _Document(msgspec.Struct, rename="camel"):
    url: str
    compression_algorithm: Any = None


class Reports:
    """The settlement reports of one seller account."""

    def __init__(self, client: Client) -> None:
        """`client`: of a seller who gave the role Finance and Accounting."""
        self._client = client

    def settlements(self, now: datetime, token: str | None) -> ReportPage:
        """One page of the settlement reports that are listed, those whose document is made; repeating is safe. `token`: from the page before, alone."""
        since = (now - LISTED_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")
        first = {"reportTypes": SETTLEMENT_REPORT, "createdSince": since, "pageSize": str(PAGE)}
        body = self._client.get(GET_REPORTS, f"{PATH}/reports", {"nextToken": token} if token else first).body
        page = read_answer(GET_REPORTS, body, _Reports)
        reports = tuple(
            SettlementReport(report.report_id, report.report_document_id, report.created_time)
            for report in page.reports
            if report.processing_status == "DONE" and report.report_document_id
        )
        return ReportPage(reports, page.next_token or None)

    def download(self, document_id: str) -> bytes:
        """A document as Amazon sends it, packed or not. Two calls, the second to the storage; repeating is safe. DataError where it is too large."""
        path = f"{PATH}/documents/{quote(document_id, safe='')}"
        place = read_answer(GET_REPORT_DOCUMENT, self._client.get(GET_REPORT_DOCUMENT, path, {}).body, _Document)
        content, whole = self._client.download("downloadReportDocument", place.url, bytes_max=DOCUMENT_BYTES_MAX)
        if not whole:
            raise DataError(f"report document {document_id[:64]}", f"has more than {DOCUMENT_BYTES_MAX >> 20} MiB")
        return content
