"""The edge: bound to this machine alone, deaf to other names, and every answer sealed."""

from __future__ import annotations

import pytest

from crossdock.errors import ConfigError
from crossdock.web.edge import CONTENT_SECURITY_POLICY, check_loopback
from tests.web.conftest import Rehearsed


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST"])
def test_loopback_is_allowed(host: str) -> None:
    """Every name of this machine may be bound to."""
    check_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",  # noqa: S104 - what must be refused
        "",
        "::",
        "192.168.1.4",
        "example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
    ],
)
def test_every_other_address_is_refused(host: str) -> None:
    """There is no sign-in yet, so nobody else may reach the desk; the message says what to use."""
    with pytest.raises(ConfigError, match=r"use 127\.0\.0\.1"):
        check_loopback(host)


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "[::1]", "127.1.2.3"])
def test_a_name_of_this_machine_is_answered(rehearsed: Rehearsed, host: str) -> None:
    """With or without a port, in either family."""
    assert rehearsed.visitor.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "",
        "127.0.0.1.evil.example",
        "localhost:8080.evil.example",
        "10.0.0.1",
        "[::1",
        "a@127.0.0.1",
    ],
)
def test_another_name_is_turned_away(rehearsed: Rehearsed, host: str) -> None:
    """A page of the web whose name was made to point here (DNS rebinding) reads nothing, sealed all the same."""
    answer = rehearsed.visitor.get("/orders", headers={"host": host})
    assert (answer.status_code, "302-" in answer.text) == (421, False)
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    "path", ["/", "/orders", "/cases", "/nowhere", "/orders?state=odd", "/healthz", "/metrics", "/cases/99999"]
)
def test_every_answer_is_sealed(rehearsed: Rehearsed, path: str) -> None:
    """Pages, refusals and machines' answers carry the same headers, and none may be kept."""
    headers = rehearsed.visitor.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


def test_the_policy_allows_nothing_inline_and_no_other_host() -> None:
    """No `unsafe-` word, no scheme, no host: everything comes from the desk itself, which no page may frame."""
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


def test_our_own_files_may_be_kept(rehearsed: Rehearsed) -> None:
    """Their address changes with their content; a file that is not there is not kept."""
    assert "immutable" in rehearsed.visitor.get("/static/desk.css").headers["cache-control"]
    assert rehearsed.visitor.get("/static/../routes.py").status_code == 404
    assert rehearsed.visitor.get("/static/%2e%2e/routes.py").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(rehearsed: Rehearsed, method: str) -> None:
    """The desk is read-only: every other method is refused on every page."""
    assert {
        rehearsed.visitor.request(method, path).status_code
        for path in ("/", "/orders", "/cases", "/cases/1", "/metrics")
    } == {405}
