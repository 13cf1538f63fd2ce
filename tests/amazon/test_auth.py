"""Login with Amazon: one token for everybody until shortly before it ends, and a clear word when the consent is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from crossdock.amazon.auth import LEEWAY, Credentials, Tokens
from crossdock.errors import Unauthorized, Unavailable
from crossdock.twin.world import Fault, FaultAnswer
from tests.amazon.doors import Door

TOKEN = "/auth/o2/token"
PATH = "/orders/2026-01-01/orders"
QUERY = {"lastUpdatedAfter": "2026-11-01T00:00:00Z"}


@pytest.fixture
def door() -> Door:
    """An account nobody has signed in to yet."""
    return Door()


def test_token_is_kept_until_shortly_before_it_ends(door: Door) -> None:
    """One fetch serves an hour less a minute; then another token is fetched, before the first one dies on the way."""
    first = door.tokens.get()
    door.world.clock.advance(timedelta(hours=1) - LEEWAY - timedelta(seconds=1))
    kept = door.tokens.get()
    door.world.clock.advance(timedelta(seconds=1))
    renewed = door.tokens.get()
    assert first == kept != renewed
    assert door.calls()[TOKEN] == 2


def test_eight_threads_fetch_one_token(door: Door) -> None:
    """All wait for the one that asks."""
    together = Barrier(8)

    def get(_: int) -> str:
        together.wait(timeout=10)
        return door.tokens.get()

    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(get, range(8)))
    assert len(tokens) == 1
    assert door.calls()[TOKEN] == 1


def test_eight_threads_refused_at_once_renew_once(door: Door) -> None:
    """A token that was refused to all of them is forgotten once, not once for each."""
    old = door.tokens.get()

    def renew(_: int) -> str:
        door.tokens.forget(old)
        return door.tokens.get()

    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(renew, range(8)))
    assert len(tokens) == 1
    assert old not in tokens
    assert door.calls()[TOKEN] == 2


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (Credentials("amzn1.application-oa2-client.twin", "amzn1.oa2-cs.v1.twin", "Atzr|revoked"), "invalid_grant"),
        (Credentials("amzn1.application-oa2-client.twin", "wrong", "Atzr|twin-refresh-token"), "invalid_client"),
        (Credentials("amzn1.application-oa2-client.twin", "amzn1.oa2-cs.v1.twin", ""), "invalid_request"),
    ],
)
def test_refused_credentials_need_a_person(door: Door, credentials: Credentials, code: str) -> None:
    """A revoked consent or a wrong secret is Unauthorized with Amazon's code and request id, and no secret in its text."""
    tokens = Tokens(door.http, f"http://amazon.test{TOKEN}", credentials, door.world.clock.now)
    with pytest.raises(Unauthorized, match=rf"^Login with Amazon refuses this connection: {code}$") as refused:
        tokens.get()
    assert (refused.value.code, refused.value.operation) == (code, "lwa.token")
    assert refused.value.request_id
    assert "secret" not in repr(credentials)
    assert credentials.refresh_token not in repr(credentials) or not credentials.refresh_token


def test_unauthorised_application_needs_a_person(door: Door) -> None:
    """An application that may not ask for tokens any more is Unauthorized too."""
    door.amazon.unauthorized_clients.add(door.account.client_id)
    with pytest.raises(Unauthorized, match="unauthorized_client"):
        door.tokens.get()


@pytest.mark.parametrize("answer", ["unavailable", "broken", "throttled", "timed_out", "not_json"])
def test_sign_in_that_is_down_may_work_later(door: Door, answer: FaultAnswer) -> None:
    """Any fault of the sign-in itself is Unavailable, and the next try succeeds."""
    door.world.faults.add(Fault("amazon.token", answer))
    with pytest.raises(Unavailable, match=r"^Login with Amazon "):
        door.tokens.get()
    assert door.tokens.get().startswith("Atza|")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error": "server_error"}'),
        (400, b'{"error": "temporarily_unavailable"}'),
        (200, b'{"access_token": "Atza|1"}'),
        (200, b'{"access_token": 7, "expires_in": 3600}'),
        (200, b"\xff\xfe"),
        (200, b'{"access_token": "\xff", "expires_in": 3600}'),
        (502, b"<html>Test Buyer 7</html>"),
    ],
)
def test_odd_answers_of_the_sign_in(door: Door, status: int, body: bytes) -> None:
    """Half a token, broken bytes or a proxy's page is Unavailable, and nothing of the body is quoted."""
    door.answer(TOKEN, status, body)
    with pytest.raises(Unavailable) as refused:
        door.tokens.get()
    assert "Atza" not in str(refused.value)
    assert "Test Buyer" not in str(refused.value)


@pytest.mark.parametrize(
    "body", [b"<html>Test Buyer 7</html>", b"\xff", b"{}", b'{"error": 7}', b'{"error": "' + b"x" * 100_000 + b'"}']
)
def test_refusal_without_a_code_quotes_nothing(door: Door, body: bytes) -> None:
    """A refusal that cannot be read is told by its status."""
    door.answer(TOKEN, 403, body)
    with pytest.raises(Unauthorized) as refused:
        door.tokens.get()
    assert "Test Buyer" not in str(refused.value)
    assert len(str(refused.value)) < 120


def test_expired_token_is_renewed_once_and_the_call_succeeds(door: Door) -> None:
    """Amazon says 403 to a dead token: one renewal, one more try, and nobody notices."""
    door.tokens.get()
    door.amazon._tokens.clear()
    assert door.client.get("searchOrders", PATH, QUERY).body
    assert door.calls() == {TOKEN: 2, PATH: 2}


def test_missing_role_is_not_asked_for_ever(door: Door) -> None:
    """The same 403 after a fresh token is the role: Unauthorized, after two calls and no more."""
    door.account.roles.clear()
    with pytest.raises(Unauthorized, match=r"^searchOrders: Amazon answered 403 Unauthorized$"):
        door.client.get("searchOrders", PATH, QUERY)
    assert door.calls() == {TOKEN: 2, PATH: 2}
