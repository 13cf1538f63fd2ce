"""One call to commercetools: each of its faults becomes one of ours, without a word of its body; tokens are renewed once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import msgspec
import pytest

from crossdock.commercetools.client import Credentials, OutOfStock
from crossdock.errors import Conflict, CrossdockError, Rejected, Unauthorized, Unavailable
from crossdock.twin.world import Fault, FaultAnswer
from tests.commercetools.doors import Door

TOKEN = "/oauth/token"
PERSON = "Test Buyer 7"


class _Project(msgspec.Struct):
    key: str


@pytest.fixture
def door() -> Door:
    """A project our worker is signed in to."""
    return Door()


def _body(code: str, **details: Any) -> bytes:
    return json.dumps(
        {
            "statusCode": 400,
            "message": PERSON,
            "errors": [{"code": code, "message": PERSON, "detailedErrorMessage": PERSON, **details}],
        }
    ).encode()


# Status and code as commercetools documents them -> what they are to us.
@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (409, "ConcurrentModification", Conflict),
        (409, "SomethingNew", Conflict),
        (400, "DuplicateField", Conflict),
        (400, "DuplicateFieldWithConflictingResource", Conflict),
        (400, "DuplicateStandalonePriceScope", Rejected),
        (400, "OverlappingStandalonePriceValidity", Rejected),
        (400, "DuplicatePriceScope", Rejected),
        (400, "InvalidOperation", Rejected),
        (400, "InvalidInput", Rejected),
        (400, "InvalidField", Rejected),
        (400, "InvalidJsonInput", Rejected),
        (400, "RequiredField", Rejected),
        (400, "SemanticError", Rejected),
        (400, "SyntaxError", Rejected),
        (400, "ReferencedResourceNotFound", Rejected),
        (400, "OutOfStock", Rejected),
        (400, "MissingTaxRateForCountry", Rejected),
        (400, "CountryNotConfiguredInStore", Rejected),
        (400, "MissingRoleOnChannel", Rejected),
        (400, "MaxResourceLimitExceeded", Rejected),
        (400, "ResourceSizeLimitExceeded", Rejected),
        (400, "LockedField", Rejected),
        (400, "SomethingNew", Rejected),
        (401, "invalid_token", Unauthorized),
        (403, "insufficient_scope", Unauthorized),
        (404, "ResourceNotFound", Rejected),
        (413, "ContentTooLarge", Rejected),
        (414, "", Rejected),
        (429, "TooManyRequests", Unavailable),
        (500, "General", Unavailable),
        (502, "BadGateway", Unavailable),
        (503, "OverCapacity", Unavailable),
        (503, "PendingOperation", Unavailable),
        (504, "", Unavailable),
        (400, "QueryTimedOut", Unavailable),
        (302, "", Rejected),
    ],
)
def test_every_code_has_its_fault(door: Door, status: int, code: str, fault: type[CrossdockError]) -> None:
    """Each status and code becomes one kind of fault, which names the operation, the status and the code, and quotes nothing."""
    door.answer("/orders/import", status, _body(code))
    with pytest.raises(fault) as refused:
        door.client.post("importOrder", "/orders/import", {}, _Project)
    assert type(refused.value) is fault
    assert str(refused.value) == f"importOrder: commercetools answered {status} {code}".rstrip()
    assert refused.value.request_id == "request-7"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("unavailable", Unavailable),
        ("broken", Unavailable),
        ("throttled", Unavailable),
        ("timed_out", Unavailable),
        ("not_json", Unavailable),
        ("forbidden", Unauthorized),
        ("not_found", Rejected),
        ("too_large", Rejected),
        ("conflict", Conflict),
    ],
)
def test_faults_of_the_twin(door: Door, answer: FaultAnswer, fault: type[CrossdockError]) -> None:
    """The simulated platform's faults mean the same, and the next call succeeds."""
    door.world.faults.add(Fault("commercetools.getProject", answer))
    with pytest.raises(fault):
        door.client.get("getProject", "", _Project)
    assert door.client.get("getProject", "", _Project).key == "shop"


@pytest.mark.parametrize(
    "body",
    [
        f"<html>{PERSON}</html>".encode(),
        b"",
        b"\xff\xfe",
        f'{{"errors": "{PERSON}"}}'.encode(),
        f'{{"errors": [{{"code": 7, "message": "{PERSON}"}}]}}'.encode(),
        f'{{"errors": [], "message": "{PERSON}"}}'.encode(),
        f'{{"statusCode": 400, "message": "{PERSON}"'.encode(),
        _body("x" * 100_000),
        _body("InvalidInput", field="y" * 100_000),
        _body("ReferencedResourceNotFound", typeId="customer", id=PERSON),
        _body("DuplicateField", field="customerEmail", duplicateValue=PERSON),
        _body("InvalidField", field="shippingAddress", invalidValue=PERSON),
    ],
)
@pytest.mark.parametrize("status", [400, 404, 413, 500, 502, 503])
def test_no_body_is_ever_quoted(door: Door, status: int, body: bytes) -> None:
    """Whatever an error's body holds, JSON or not, no text of it but a short code is in ours."""
    door.answer("/orders/import", status, body)
    with pytest.raises((Rejected, Unavailable, Conflict)) as refused:
        door.client.post("importOrder", "/orders/import", {}, _Project)
    told = f"{refused.value} {getattr(refused.value, 'code', '')} {getattr(refused.value, 'pointer', '')}"
    assert PERSON not in told
    assert len(told) < 500


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Test Buyer 7</html>",
        b"\xff\xfe",
        b'{"key": "\xff"}',
        b'{"key": 7}',
        b'{"customer": "Test Buyer 7"}',
        b'["Test Buyer 7"]',
        b"{" * 5,
    ],
)
def test_odd_success_may_be_one_next_time(door: Door, body: bytes) -> None:
    """A success that is not the documented JSON is Unavailable and quotes nothing: what was written is read again by its number."""
    door.answer("", 200, body)
    with pytest.raises(
        Unavailable, match=r"^getProject: commercetools answered with something else than the documented JSON"
    ) as refused:
        door.client.get("getProject", "", _Project)
    assert PERSON not in str(refused.value)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [({"retry_after": "7"}, 7.0), ({"retry_after": "soon"}, None), ({"retry_after": "-1"}, None), ({}, None)],
)
def test_throttled_waits_as_long_as_told(door: Door, header: dict[str, str], wait_s: float | None) -> None:
    """A 429 carries the pause commercetools asks for, where it is a number."""
    door.answer("", 429, b"", **header)
    with pytest.raises(Unavailable) as waited:
        door.client.get("getProject", "", _Project)
    assert waited.value.retry_after_s == wait_s


def test_out_of_stock_names_its_skus(door: Door) -> None:
    """The SKUs commercetools cannot take stock of come with the fault; without them it is a plain refusal."""
    door.answer("/orders/import", 400, _body("OutOfStock", skus=["MUG-BLUE", "MUG-RED"], lineItems=["1"]))
    with pytest.raises(OutOfStock) as refused:
        door.client.post("importOrder", "/orders/import", {}, _Project)
    assert refused.value.skus == ("MUG-BLUE", "MUG-RED")


def test_missing_thing_is_none_or_refused(door: Door) -> None:
    """What is looked for by key may be missing; what must be there may not."""
    assert door.client.find("getCustomerByKey", "/customers/key=nobody", _Project) is None
    with pytest.raises(Rejected, match="404 ResourceNotFound"):
        door.client.get("getCustomerByKey", "/customers/key=nobody", _Project)


def test_every_call_has_an_id_of_its_own(door: Door) -> None:
    """The correlation id commercetools logs is in every request, and never the same twice."""
    [door.client.get("getProject", "", _Project) for _ in range(3)]
    ids = {request.headers["x-correlation-id"] for request in door.requests}
    assert len(ids) == 3
    assert all(each.startswith("crossdock-") for each in ids)


# --- signing in


def test_token_is_kept_until_shortly_before_it_ends(door: Door) -> None:
    """One fetch serves two days less a minute."""
    first = door.client.token()
    door.world.clock.advance(timedelta(seconds=172_800 - 61))
    kept = door.client.token()
    door.world.clock.advance(timedelta(seconds=1))
    assert first == kept != door.client.token()
    assert door.calls()[TOKEN] == 1
    assert "manage_orders:shop" in door.client.scopes


def test_eight_threads_fetch_one_token(door: Door) -> None:
    """All wait for the one that asks."""
    client = door.signed_in(Credentials("worker", "worker-secret"))
    together = Barrier(8)

    def get(_: int) -> str:
        together.wait(timeout=10)
        return client.token()

    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(get, range(8)))
    assert len(tokens) == 1
    assert door.calls()[TOKEN] == 1


def test_revoked_token_is_renewed_once(door: Door) -> None:
    """A token that died early costs one renewal and one more try; a second refusal needs a person."""
    door.platform.tokens.clear()
    assert door.client.get("getProject", "", _Project).key == "shop"
    assert door.calls() == {TOKEN: 1, "": 2}
    door.world.faults.add(Fault("commercetools.getProject", "unauthorized", times=2))
    with pytest.raises(Unauthorized, match=r"^getProject: commercetools answered 401 invalid_token$"):
        door.client.get("getProject", "", _Project)


def test_wrong_secret_needs_a_person(door: Door) -> None:
    """A client that may not sign in is Unauthorized, and its secret is in no text."""
    credentials = Credentials("worker", "another-secret")
    with pytest.raises(Unauthorized) as refused:
        door.signed_in(credentials).token()
    assert "another-secret" not in f"{refused.value} {credentials!r}"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (503, b"<html>"),
        (200, b"<html>Test Buyer 7</html>"),
        (200, b"\xff"),
        (200, b"{}"),
        (200, b'{"access_token": "\xff", "expires_in": 1}'),
        (429, b""),
    ],
)
def test_sign_in_that_is_down_may_work_later(door: Door, status: int, body: bytes) -> None:
    """A sign-in that is down, throttled or odd is Unavailable."""
    door.answer(TOKEN, status, body)
    with pytest.raises(Unavailable) as refused:
        door.signed_in(Credentials("worker", "worker-secret")).token()
    assert PERSON not in str(refused.value)


@pytest.mark.parametrize("body", [b'{"error": "invalid_client"}', b"<html>Test Buyer 7</html>", b"\xff"])
def test_refused_sign_in_quotes_nothing(door: Door, body: bytes) -> None:
    """A refusal of the sign-in needs a person, whatever its body."""
    door.answer(TOKEN, 400, body)
    with pytest.raises(Unauthorized) as refused:
        door.signed_in(Credentials("worker", "worker-secret")).token()
    assert PERSON not in str(refused.value)
