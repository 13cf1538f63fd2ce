"""The reports of the simulated Amazon: settlements are found, not asked for, and their documents lie behind an address."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from crossdock.twin.both import Twin
from crossdock.twin.merchant import Merchant
from crossdock.twin.serve import start
from crossdock.twin.world import STATUS_OF_FAULT, Fault, FaultAnswer, Request, Response
from tests.twin.amazon_caller import Caller, json_of
from tests.twin.amazon_models import Check, checker
from tests.twin.settlement_reader import read

MODEL = "reports-api-model/reports_2021-06-30.json"
SETTLEMENTS = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
ROOT = "/reports/2021-06-30"

Json = dict[str, Any]


@pytest.fixture
def check() -> Check:
    """Hold an answer against the published model of the Reports API."""
    return checker(MODEL)


def _settled(caller: Caller, n: int = 1) -> None:
    """Let a settlement in euros close every hour, from now on."""
    for _ in range(n):
        caller.payments.charge("reimbursement", 1_000, "EUR")
        caller.wait(hours=1)
        caller.payments.close("EUR")


def _list(caller: Caller, **query: str) -> Response:
    asked = query if "nextToken" in query else {"reportTypes": SETTLEMENTS} | query
    return caller.send("GET", f"{ROOT}/reports", **asked)


def _reports(caller: Caller, **query: str) -> list[Json]:
    reports: list[Json] = json_of(_list(caller, **query))["reports"]
    return reports


def _address(caller: Caller, **query: str) -> Json:
    [report] = _reports(caller)
    return json_of(caller.send("GET", f"{ROOT}/documents/{report['reportDocumentId']}", **query))


def _download(caller: Caller, url: str) -> Response:
    return caller.amazon.handle(Request("GET", urlsplit(url).path, {}, {}))


def test_a_closed_settlement_is_a_report(caller: Caller, check: Check) -> None:
    """It is done, tells the period and the marketplaces of the settlement, and fits the model."""
    _settled(caller)
    listed = _list(caller)
    [report] = json_of(listed)["reports"]
    single = caller.send("GET", f"{ROOT}/reports/{report['reportId']}")
    assert [check("getReports", listed), check("getReport", single)] == [200, 200]
    assert json_of(single) == report
    assert (report["dataStartTime"], report["dataEndTime"]) == ("2026-11-02T09:00:00.000Z", "2026-11-02T10:00:00.000Z")
    assert (report["processingStatus"], report["marketplaceIds"]) == ("DONE", ["A1PA6795UKMFR9"])


def test_an_open_settlement_is_no_report(caller: Caller, check: Check) -> None:
    """What has not closed cannot be found."""
    caller.payments.charge("reimbursement", 1_000, "EUR")
    listed = _list(caller)
    assert check("getReports", listed) == 200
    assert json_of(listed) == {"reports": []}


def test_a_settlement_may_lack_its_report(caller: Caller) -> None:
    """Where it is wanted a closed settlement cannot be found, and the next one can."""
    caller.account.reports.unlisted = 1
    _settled(caller, 2)
    [report] = _reports(caller)
    assert report["dataStartTime"] == "2026-11-02T10:00:00.000Z"
    assert len(caller.payments.settlements) == 2


def test_pages_are_followed_by_their_token_alone(caller: Caller, check: Check) -> None:
    """Twenty-five reports are three pages of ten, the newest first; with anything beside it a token is refused."""
    _settled(caller, 25)
    first = _list(caller)
    second = _list(caller, nextToken=json_of(first)["nextToken"])
    third = _list(caller, nextToken=json_of(second)["nextToken"])
    refused = [
        _list(caller, nextToken=json_of(first)["nextToken"], pageSize="10"),
        _list(caller, nextToken="nonsense"),
    ]
    created = [report["createdTime"] for page in (first, second, third) for report in json_of(page)["reports"]]
    assert [len(json_of(page)["reports"]) for page in (first, second, third)] == [10, 10, 5]
    assert created == sorted(created, reverse=True)
    assert {check("getReports", page) for page in (first, second, third)} == {200}
    assert {check("getReports", page) for page in refused} == {400}
    assert "nextToken" not in json_of(third)


def test_reports_are_kept_for_ninety_days(caller: Caller, check: Check) -> None:
    """After ninety days a report is neither listed nor found nor to be had, and nobody may ask for older ones."""
    _settled(caller)
    [report] = _reports(caller)
    caller.wait(days=90, hours=1)
    gone = caller.send("GET", f"{ROOT}/reports/{report['reportId']}")
    no_document = caller.send("GET", f"{ROOT}/documents/{report['reportDocumentId']}")
    assert _reports(caller) == []
    assert [check("getReport", gone), check("getReportDocument", no_document)] == [404, 404]
    assert check("getReports", _list(caller, createdSince="2026-11-02T00:00:00Z")) == 400


def test_reports_are_found_by_what_is_asked(caller: Caller) -> None:
    """By time, marketplace, status and type; several at once."""
    _settled(caller, 3)
    queries: list[dict[str, str]] = [
        {"createdSince": "2026-11-02T11:00:00Z"},
        {"createdUntil": "2026-11-02T11:00:00Z"},
        {"marketplaceIds": "ATVPDKIKX0DER"},
        {"marketplaceIds": "ATVPDKIKX0DER,A1PA6795UKMFR9"},
        {"processingStatuses": "FATAL,CANCELLED"},
        {"processingStatuses": "DONE"},
        {"reportTypes": "GET_LEDGER_DETAIL_VIEW_DATA"},
    ]
    assert [len(_reports(caller, **query)) for query in queries] == [2, 2, 0, 3, 0, 3, 0]


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": "101"},
        {"pageSize": "0"},
        {"reportTypes": ""},
        {"reportTypes": ",".join(f"TYPE_{number}" for number in range(11))},
        {"processingStatuses": "READY"},
        {"createdSince": "yesterday"},
    ],
)
def test_a_search_without_sense_is_refused(caller: Caller, check: Check, query: dict[str, str]) -> None:
    """What the model forbids is a 400 in Amazon's form."""
    assert check("getReports", _list(caller, **query)) == 400


def test_a_settlement_cannot_be_asked_for(caller: Caller, check: Check) -> None:
    """Amazon refuses, in its own words."""
    asked = {"reportType": SETTLEMENTS, "marketplaceIds": ["A1PA6795UKMFR9"]}
    refused = caller.send("POST", f"{ROOT}/reports", asked)
    assert check("createReport", refused) == 400
    [error] = json_of(refused)["errors"]
    assert (error["code"], error["message"]) == (
        "InvalidInput",
        "Request for report type 1118 is not allowed at this time",
    )
    assert check("createReport", caller.send("POST", f"{ROOT}/reports", {"reportType": "X"})) == 400
    assert check("createReport", caller.send("POST", f"{ROOT}/reports", asked | {"reportType": "X"})) == 400


def test_a_document_is_compressed_behind_its_address(caller: Caller, check: Check) -> None:
    """The address gives the settlement's file with GZIP, undeclared unless it was asked for, without any token."""
    _settled(caller)
    [report] = _reports(caller)
    plain = caller.send("GET", f"{ROOT}/documents/{report['reportDocumentId']}")
    declared = _address(caller, enableContentEncodingUrlHeader="true")
    told, said = _download(caller, json_of(plain)["url"]), _download(caller, declared["url"])
    assert check("getReportDocument", plain) == 200
    assert json_of(plain)["compressionAlgorithm"] == "GZIP"
    assert "content-encoding" not in told.headers
    assert said.headers["content-encoding"] == "gzip"
    assert gzip.decompress(told.body) == caller.payments.settlements[0].flat_file()
    assert read(gzip.decompress(said.body)).total == caller.payments.settlements[0].total


def test_a_document_may_come_as_it_is(caller: Caller, check: Check) -> None:
    """Where reports are not compressed nothing is said of it."""
    caller.account.reports.compressed = False
    _settled(caller)
    [report] = _reports(caller)
    plain = caller.send("GET", f"{ROOT}/documents/{report['reportDocumentId']}")
    assert check("getReportDocument", plain) == 200
    assert "compressionAlgorithm" not in json_of(plain)
    assert read(_download(caller, json_of(plain)["url"]).body).summary["currency"] == "EUR"


def test_an_address_lives_for_five_minutes(caller: Caller) -> None:
    """After five minutes, and with a wrong key, the storage refuses in its own language."""
    _settled(caller)
    url = _address(caller)["url"]
    caller.wait(minutes=4, seconds=59)
    in_time = _download(caller, url)
    caller.wait(seconds=1)
    refused = [_download(caller, url), _download(caller, "http://amazon.test/report-documents/nonsense")]
    assert in_time.status == 200
    assert [one.status for one in refused] == [403, 403]
    assert b"<Code>AccessDenied</Code>" in refused[0].body


def test_reports_have_the_published_rates(caller: Caller, check: Check) -> None:
    """A list may be asked for ten times, a document fifteen times at once; then Amazon refuses until some time passed."""
    _settled(caller)
    [report] = _reports(caller)
    path = f"{ROOT}/documents/{report['reportDocumentId']}"
    documents = [caller.send("GET", path) for _ in range(16)]
    lists = [_list(caller) for _ in range(10)]
    assert [one.status for one in documents] == [200] * 15 + [429]
    assert [one.status for one in lists] == [200] * 9 + [429]
    assert [check("getReports", lists[-1]), check("getReportDocument", documents[-1])] == [429, 429]
    assert (documents[0].headers["x-amzn-ratelimit-limit"], lists[0].headers["x-amzn-ratelimit-limit"]) == (
        "0.0167",
        "0.0222",
    )
    caller.wait(seconds=60)
    assert [_list(caller).status, caller.send("GET", path).status] == [200, 200]


def test_reports_of_money_want_the_role_for_it(caller: Caller, check: Check) -> None:
    """Without the role for finances no operation answers."""
    caller.account.roles.remove("finance_and_accounting")
    assert check("getReports", _list(caller)) == 403
    assert check("getReport", caller.send("GET", f"{ROOT}/reports/1")) == 403
    assert check("getReportDocument", caller.send("GET", f"{ROOT}/documents/1")) == 403


@pytest.mark.parametrize("answer", ["unavailable", "broken", "throttled", "forbidden", "not_found"])
def test_faults_strike_reports(caller: Caller, check: Check, answer: FaultAnswer) -> None:
    """Every operation can go wrong, in Amazon's form, and so can the storage, in its own."""
    _settled(caller)
    url = _address(caller)["url"]
    [report] = _reports(caller)
    caller.world.faults.add(Fault("amazon.*Report*", answer, times=4))
    statuses = [
        check("getReports", _list(caller)),
        check("getReport", caller.send("GET", f"{ROOT}/reports/{report['reportId']}")),
        check("getReportDocument", caller.send("GET", f"{ROOT}/documents/{report['reportDocumentId']}")),
        _download(caller, url).status,
    ]
    assert set(statuses) == {STATUS_OF_FAULT[answer]}
    assert _download(caller, url).status == 200


@pytest.fixture
def outside() -> Iterator[tuple[Twin, httpx2.Client]]:
    """A served twin with a seller, and a client that is signed in."""
    twin = Twin()
    account = twin.amazon.add_account()
    twin.add_merchant(Merchant(twin.world, account, skus=["MUG-1", "MUG-2"]))
    form = {"grant_type": "refresh_token", "refresh_token": account.refresh_token}
    form |= {"client_id": account.client_id, "client_secret": account.client_secret}
    with start(twin) as running, httpx2.Client(base_url=running.url) as client:
        client.headers["x-amz-access-token"] = client.post("/auth/o2/token", data=form).json()["access_token"]
        yield twin, client


def test_a_settlement_is_closed_and_fetched_from_outside(outside: tuple[Twin, httpx2.Client]) -> None:
    """Over HTTP: an order is shipped, the settlement closed, its report found, and its document taken from the port."""
    _, client = outside
    [order_id] = client.post("/_twin/merchant/buy", json={"settled": True}).json()["order_ids"]
    client.post("/_twin/merchant/ship", json={"order_id": order_id})
    client.post("/_twin/money/habits", json={"delivered_share": 0, "invoiced_share": 0})
    client.post("/_twin/clock/advance", json={"seconds": 600})
    [closed] = client.post("/_twin/settlements/close").json()["settlements"]
    [report] = client.get(f"{ROOT}/reports", params={"reportTypes": SETTLEMENTS}).json()["reports"]
    url = client.get(f"{ROOT}/documents/{report['reportDocumentId']}").json()["url"]
    told = read(gzip.decompress(client.get(url).content))
    assert told.total == closed["truth"]["total"] > 0
    assert told.summary["settlement-id"] == closed["settlement_id"]
    assert told.orders()[order_id]["paid"] == closed["truth"]["orders"][order_id]["paid"]


def test_money_can_be_moved_from_outside(outside: tuple[Twin, httpx2.Client]) -> None:
    """Refunds, retro-charges, charges, other labels and other shops are booked; the list tells what is open."""
    twin, client = outside
    client.post("/_twin/money/habits", json={"reserve_percent": 0, "next_transfers": ["failed"]})
    month = client.post("/_twin/money/month", json={"orders": 40}).json()
    settled = [order_id for one in month["settlements"] for order_id in one["truth"]["orders"]]
    booked = [
        client.post(f"/_twin/money/{path}", json=body).json()
        for path, body in {
            "refund": {"order_id": settled[0], "percent": 50},
            "retrocharge": {"order_id": settled[0]},
            "charge": {"name": "advertising", "minor": 5_000, "currency": "EUR"},
            "post": {"labels": ["New", "Label", "Here"], "minor": -7, "currency": "EUR", "times": 2},
            "other_shop": {"sku": "MUG-1", "currency": "EUR"},
        }.items()
    ]
    state = client.get("/_twin/settlements").json()
    assert [one.get("minor") for one in booked][1:4] == [0, -5_000, None]
    assert [one["minor"] for one in booked[3]["transactions"]] == [-7, -7]
    assert [one["transfer"] for one in state["settlements"]] == ["failed", "paid", "paid"]
    assert state["open"]["EUR"]["balance"] == twin.merchants["ATWINSELLER001"].account.payments.balance("EUR")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("settlements/close", {"currency": "CHF"}),
        ("settlements/close", {"currency": "EUR"}),
        ("money/refund", {"order_id": "305-0000000-0000000"}),
        ("money/refund", {"order_id": "305-0000000-0000000", "percent": 101}),
        ("money/retrocharge", {}),
        ("money/charge", {"name": "reserve", "minor": 1, "currency": "EUR"}),
        ("money/charge", {"name": "storage", "minor": 1, "currency": "CHF"}),
        ("money/post", {"labels": ["one"], "minor": 1, "currency": "EUR"}),
        ("money/habits", {"reserve_percent": 101}),
        ("money/month", {"orders": 1_000_000}),
    ],
)
def test_money_without_sense_is_refused(outside: tuple[Twin, httpx2.Client], path: str, body: Json) -> None:
    """A mistake is a 400 with a sentence, and nothing is booked."""
    twin, client = outside
    refused = client.post(f"/_twin/{path}", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert twin.merchants["ATWINSELLER001"].account.payments.ledger.transactions() == []
