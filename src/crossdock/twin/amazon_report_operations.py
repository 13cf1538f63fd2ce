"""The Reports API 2021-06-30, simulated, as far as settlements need it, and the storage its documents are taken from.

The storage answers under `/report-documents/` of the host that was asked for the address, and wants no access token.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from crossdock.twin.amazon_account import MONEY_ROLES, SellerAccount, timestamp
from crossdock.twin.amazon_feed_operations import HOST, storage_error
from crossdock.twin.amazon_operations import Answer, NotFound, Operation
from crossdock.twin.amazon_pages import STATUSES, answer_page
from crossdock.twin.amazon_reports import SETTLEMENT_REPORT, Report
from crossdock.twin.amazon_search import InvalidInput, Query, choice, time_value, values
from crossdock.twin.world import Request, Response

REPORTS_PATH = "/report-documents/"
TYPES_MAX = 10
MARKETPLACES_MAX = 10
REPORTS_KEPT = timedelta(days=90)
NOT_ALLOWED = "Request for report type 1118 is not allowed at this time"


class ReportRequest(msgspec.Struct, rename="camel"):
    """The body of createReport."""

    report_type: str
    marketplace_ids: list[str]
    report_options: dict[str, str] | None = None
    data_start_time: str | None = None
    data_end_time: str | None = None


def create_report(_: SellerAccount, request: Request, __: list[str]) -> Answer:
    """Refuse createReport: nobody can ask for a settlement, and other reports are not made here."""
    try:
        asked = msgspec.json.decode(request.body, type=ReportRequest)
    except msgspec.DecodeError:
        raise InvalidInput("Invalid request parameters") from None
    if asked.report_type == SETTLEMENT_REPORT:
        raise InvalidInput("", NOT_ALLOWED)
    raise InvalidInput(f"reportType {asked.report_type} is not known here.")


def get_reports(account: SellerAccount, request: Request, _: list[str]) -> Answer:
    """Answer one page of getReports, the newest report first: by filters, or by a token alone."""
    return answer_page(
        account,
        request.query,
        operation="getReports",
        field="reports",
        find=lambda: _found(account, request.query),
        show=lambda report_id: _shown(account.reports.by_id[report_id]),
    )


def get_report(account: SellerAccount, _: Request, parts: list[str]) -> Answer:
    """Answer getReport, for 90 days."""
    report = account.reports.by_id.get(parts[0])
    if report is None or not _is_kept(account, report):
        raise NotFound("NotFound", f"Report {parts[0]} was not found.")
    return Answer(200, _shown(report))


def get_document(account: SellerAccount, request: Request, parts: list[str]) -> Answer:
    """Answer getReportDocument: an address of the document, for 90 days."""
    report = account.reports.by_document.get(parts[0])
    if report is None or not _is_kept(account, report):
        raise NotFound("NotFound", f"Report document {parts[0]} was not found.")
    encodes = choice(request.query, "enableContentEncodingUrlHeader", frozenset({"true", "false"})) == {"true"}
    key = account.reports.new_link(report, "gzip" if encodes and report.compressed else "identity")
    url = f"http://{request.headers.get('host', HOST)}{REPORTS_PATH}{key}?X-Amz-Expires=300"
    answer = {"reportDocumentId": report.document_id, "url": url}
    return Answer(200, answer | ({"compressionAlgorithm": "GZIP"} if report.compressed else {}))


def download(accounts: Iterable[SellerAccount], request: Request) -> Response:
    """Answer the storage."""
    key = request.path.removeprefix(REPORTS_PATH)
    for account in accounts:
        link = account.reports.links.get(key)
        if link is not None and link.expires_at > account.world.clock.now():
            headers = {"content-type": "text/plain; charset=UTF-8"}
            headers |= {"content-encoding": "gzip"} if link.content_encoding == "gzip" else {}
            return Response(200, link.report.document(), headers)
    return storage_error(403, "AccessDenied", "Request has expired")


def _found(account: SellerAccount, query: Query) -> list[str]:
    """Find the reports that match the filters."""
    kinds, marketplaces = set(values(query, "reportTypes")), set(values(query, "marketplaceIds"))
    if not kinds:
        raise InvalidInput("Either reportTypes or nextToken is required.")
    if len(kinds) > TYPES_MAX or len(marketplaces) > MARKETPLACES_MAX:
        raise InvalidInput("reportTypes or marketplaceIds names too many.")
    statuses = choice(query, "processingStatuses", STATUSES)
    now = account.world.clock.now()
    since, until = time_value(query, "createdSince"), time_value(query, "createdUntil")
    if since is not None and since < now - REPORTS_KEPT:
        raise InvalidInput("createdSince must not be more than 90 days ago.")
    found = [
        report
        for report in account.reports.by_id.values()
        if SETTLEMENT_REPORT in kinds
        and (not marketplaces or marketplaces & set(report.settlement.marketplace_ids))
        and (not statuses or "DONE" in statuses)
        and (since or now - REPORTS_KEPT) <= report.created_at <= (until or now)
    ]
    return [report.report_id for report in reversed(found)]


def _is_kept(account: SellerAccount, report: Report) -> bool:
    """Tell whether a report is not older than reports are kept."""
    return report.created_at >= account.world.clock.now() - REPORTS_KEPT


def _shown(report: Report) -> dict[str, Any]:
    """Show a report as the API does."""
    created = timestamp(report.created_at)
    return {
        "reportId": report.report_id,
        "reportType": SETTLEMENT_REPORT,
        "marketplaceIds": report.settlement.marketplace_ids,
        "dataStartTime": timestamp(report.settlement.start),
        "dataEndTime": timestamp(report.settlement.end),
        "createdTime": created,
        "processingStatus": "DONE",
        "processingStartTime": created,
        "processingEndTime": created,
        "reportDocumentId": report.document_id,
    }


ROOT = "/reports/2021-06-30"
ALL_REPORTS = re.compile(rf"{ROOT}/reports")
OPERATIONS = (
    Operation("createReport", "POST", ALL_REPORTS, create_report, MONEY_ROLES),
    Operation("getReports", "GET", ALL_REPORTS, get_reports, MONEY_ROLES),
    Operation("getReport", "GET", re.compile(rf"{ROOT}/reports/([^/]+)"), get_report, MONEY_ROLES),
    Operation("getReportDocument", "GET", re.compile(rf"{ROOT}/documents/([^/]+)"), get_document, MONEY_ROLES),
)
