"""Commands over several connections, and what their exit codes say: what one meets stops no other, and 3 is said only of what did not answer."""

from __future__ import annotations

import base64
import json
from datetime import date

import pytest

from crossdock.amazon.rates import PLANS, SEARCH_ORDERS
from crossdock.demo import CONNECTION
from crossdock.flows.ingest_orders import CURSOR
from crossdock.start_up import now
from crossdock.store.cursors import Cursors
from crossdock.store.database import Database
from crossdock.store.personal_data import PersonalDataStore
from crossdock.store.rates import Rates
from crossdock.twin.world import Fault, FaultAnswer
from tests.commands.operators import Desk


def errors(told: str) -> list[str]:
    """The lines of standard error that are no events."""
    return [line.removeprefix("error ") for line in told.splitlines() if line.startswith("error ")]


def seal_what_is_due(desk: Desk, database: Database, connection_id: str) -> None:
    """Personal data of five orders whose day has come: enough that a platform that is away is noticed."""
    key = base64.b64decode(desk.environment["CROSSDOCK_MASTER_KEY"])
    texts = {f"302-0000000-000000{n}": (b"{}", date(2020, 1, 1)) for n in range(5)}
    PersonalDataStore(database, connection_id, [key]).save(texts, now=now())


def test_run_gives_every_connection_its_pass(desk: Desk) -> None:
    """Of two connections the first is away: the second has its whole pass, and the first is named."""
    desk.run("provision")
    desk.join_away(first=True)

    told = desk.run("run", "--json")

    passes = json.loads(told.stdout)
    assert told.returncode == 3
    assert {line.partition(":")[0] for line in errors(told.stderr)} == {"away"}
    assert "error away: Login with Amazon did not answer" in told.stderr
    assert (passes["away"]["settled"], passes["demo"]["settled"] > 0) == (0, True)


def test_provision_and_rehearsal_give_every_connection_its_turn(desk: Desk) -> None:
    """The first connection is away: the second is provisioned and rehearsed, and the first is named at the end."""
    desk.join_away(first=True)

    provisioned = desk.run("provision", "--json")
    again = desk.run("provision")
    rehearsed = desk.run("run", "--dry-run", "--json")

    assert {name: len(steps) for name, steps in json.loads(provisioned.stdout).items()} == {"demo": 3}
    assert again.stdout == ""
    assert len(json.loads(rehearsed.stdout)) == 27
    all_told = (provisioned, again, rehearsed)
    assert [told.returncode for told in all_told] == [3, 3, 3]
    assert [line.partition(":")[0] for told in all_told for line in errors(told.stderr)] == ["away"] * 3


@pytest.mark.parametrize("first", [True, False])
def test_erase_prints_the_certificates_of_those_that_answer(desk: Desk, database: Database, *, first: bool) -> None:
    """Wherever in the file the connection stands that is away: the other's data is erased, its certificate printed, and the run noted."""
    desk.join_away(first=first)
    seal_what_is_due(desk, database, "demo")
    seal_what_is_due(desk, database, "away")

    told = desk.run("erase", "--json")

    assert told.returncode == 3
    assert {name: len(certificates) for name, certificates in json.loads(told.stdout).items()} == {"demo": 1, "away": 0}
    assert [line.partition(":")[0] for line in errors(told.stderr)] == ["away"]
    assert "succeeded" in (Cursors(database, "demo").find("run.erase_personal_data") or {})
    assert "succeeded" not in (Cursors(database, "away").find("run.erase_personal_data") or {})


def test_erase_with_nothing_due_says_so(desk: Desk) -> None:
    """Nothing to do is a sentence and no fault."""
    told = desk.run("erase")

    assert (told.returncode, told.stdout) == (0, "Nothing is due.\n")


@pytest.mark.parametrize(("answer", "code"), [("too_large", 1), ("forbidden", 1), ("unavailable", 3)], ids=str)
def test_refusal_needs_a_person_and_silence_does_not(desk: Desk, answer: FaultAnswer, code: int) -> None:
    """A refused search is a case and ends with 1, one that was not answered with 3; both are told on standard error."""
    desk.run("provision")
    desk.twin.world.faults.add(Fault("amazon.searchOrders", answer, times=None))

    told = desk.run("run", "--json")

    assert told.returncode == code
    assert [line.partition(":")[0] for line in errors(told.stderr)] == ["demo"]
    assert json.loads(told.stdout)["demo"]["cases"] == 0
    assert len(desk.read("cases", "list")) == (code == 1)


def test_our_own_mistake_needs_a_person(desk: Desk, database: Database) -> None:
    """A mark that cannot be read breaks the search: a case, 1, and the place on standard error; a platform that is away besides makes it 3."""
    desk.run("provision")
    Cursors(database, CONNECTION).save(CURSOR, {"mark": "no time"}, now())

    alone = desk.run("run")
    desk.join_away(first=False)
    both = desk.run("run")

    assert (alone.returncode, both.returncode) == (1, 3)
    assert errors(alone.stderr)[0].startswith("demo: discover_orders broke: ValueError at ")
    assert {line.partition(":")[0] for line in errors(both.stderr)} == {"demo", "away"}
    assert "connection.failed" in {case["kind"] for case in desk.read("cases", "list")}


def test_wait_for_our_own_rate_is_no_fault(desk: Desk, database: Database) -> None:
    """Amazon's plan is spent: the wait is told with what was done, and the exit code is 0."""
    desk.run("provision")
    Rates(database, CONNECTION).empty(SEARCH_ORDERS, PLANS[SEARCH_ORDERS], now())

    told = desk.run("run")

    assert (told.returncode, errors(told.stderr)) == (0, [])
    assert "demo: " in told.stdout
