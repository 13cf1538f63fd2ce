"""Settlement reports on Amazon: each is fetched once, also when the run is cut short, and a twin's month reconciles to its own truth."""

from __future__ import annotations

import pytest

from crossdock.errors import Unavailable
from crossdock.joined_finance import JoinedFinance
from crossdock.routines import run_routine
from crossdock.twin.trading_month import trade_a_month
from crossdock.twin.world import Request, Response
from tests.flows.auditor import all_kinds
from tests.flows.conftest import a_name
from tests.joined_twin import Handle, Scene, Stage
from tests.settlements import finance

GERMANY = "A1PA6795UKMFR9"


@pytest.fixture
def scene(shared_stage: Stage) -> Scene:
    """A seller on one marketplace whose month is over."""
    return traded(shared_stage.scene(connection_id=a_name(), finance=finance(), marketplaces=(GERMANY,)))


def traded(scene: Scene, orders: int = 300) -> Scene:
    """A month of orders, paid out."""
    trade_a_month(scene.merchant, orders, days=30, notify=False)
    return scene


def books_of(scene: Scene) -> JoinedFinance:
    """The books of a scene that keeps them."""
    assert scene.joined.finance is not None
    return scene.joined.finance


def test_every_report_is_fetched_once(scene: Scene) -> None:
    """All settlements of the month are booked, and a second run fetches nothing."""
    books = books_of(scene)
    made = scene.account.payments.settlements
    assert (books.collect(), books.collect()) == (len(made), 0)
    assert {row.settlement_id: row.total for row in books.sheets.settlements(99)} == {
        one.settlement_id: one.total for one in made
    }


def test_month_reconciles_to_the_cent(scene: Scene) -> None:
    """What was paid, held, carried over and charged is what the twin knows it to be, and no chain is broken."""
    books = books_of(scene)
    books.collect()
    balances = {account: debit for account, _, debit in books.sheets.balances()}
    made = scene.account.payments.settlements
    assert sum(balances.values()) == 0
    assert balances["balance.reserve"] == -sum(
        one.truth.movements.get(kind, 0) for one in made for kind in ("reserve", "reserve_back")
    )
    assert [kind for kind in all_kinds(scene) if kind != "settlement.label_unknown"] == []


def test_spent_rate_is_waited_for(scene: Scene) -> None:
    """A run whose rate is spent is put back, and the next goes on with what is missing."""
    books, clock = books_of(scene), scene.twin.world.clock
    first = run_routine(scene.joined, "collect_settlements", clock.now)
    scene.after(hours=6)
    second = run_routine(scene.joined, "collect_settlements", clock.now)
    assert (first.needs_person, second.needs_person) == (False, False)
    assert len(books.sheets.settlements(99)) == len(scene.account.payments.settlements)


def test_download_that_fails_is_repeated(shared_stage: Stage) -> None:
    """A document that cannot be had ends the run, and the next fetches it."""
    broken = Breaking("/report-documents/")
    scene = traded(
        shared_stage.scene(connection_id=a_name(), finance=finance(), marketplaces=(GERMANY,), through=broken.through),
        30,
    )
    with pytest.raises(Unavailable):
        books_of(scene).collect()
    broken.works = True
    assert books_of(scene.after(hours=1)).collect() >= 1


class Breaking:
    """Answers nothing of use under a path until it works."""

    def __init__(self, path: str) -> None:
        """`path`: what is broken."""
        self.path = path
        self.works = False

    def through(self, handle: Handle) -> Handle:
        """Stand between the product and the twin."""

        def act(request: Request) -> Response:
            if self.path in request.path and not self.works:
                return Response(503)
            return handle(request)

        return act


def test_gap_between_settlements_is_seen(scene: Scene) -> None:
    """A settlement that Amazon never listed leaves a gap, which is a case."""
    books = books_of(scene)
    scene.account.reports.unlisted = 1
    scene.after(days=3).account.payments.close()
    scene.after(days=3).account.payments.close()
    books.collect()
    assert "settlement.gap" in all_kinds(scene)
