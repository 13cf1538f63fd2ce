"""One database, many connections: row-level security lets none see another's rows, whatever a statement forgets; and no role that it does not bind starts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from crossdock.domain.case import Case
from crossdock.domain.day_check import DayCheck
from crossdock.domain.desk import CaseFilter, OrderFilter
from crossdock.domain.ids import AmazonOrderId, OrderItemId, OrderNumber, SellerSku, SettlementId
from crossdock.domain.record import Arrival, Settled
from crossdock.domain.stock_record import SoldLine, StockRecord
from crossdock.domain.timeline import Event, Link, Outcome, State
from crossdock.errors import ConfigError
from crossdock.joined_exports import Exported
from crossdock.rate import Plan
from crossdock.store.cursors import Cursors
from crossdock.store.database import Database, rows_of
from crossdock.store.days import save_day
from crossdock.store.due import next_due_flows
from crossdock.store.embedded import Embedded
from crossdock.store.personal_data import PersonalDataStore
from crossdock.store.rates import Rates
from crossdock.store.records import Inbox
from crossdock.store.sheets import find_case, find_cases, find_order, find_orders
from crossdock.store.stock import StockStore
from tests.joined_twin import Scene, Stage
from tests.settlements import a_settlement, finance

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
FLOW = "ingest_orders"
KEY = bytes(range(32))
ORDER = "302-0000001-0000001"
MUG = SellerSku("MUG-BLUE")

TABLES = [
    "inbox",
    "links",
    "history",
    "cases",
    "cursors",
    "rates",
    "personal_data_keys",
    "personal_data",
    "erasures",
    "closed_days",
    "stock",
    "sold_lines",
    "feeds",
    "feed_sets",
    "settlement_files",
    "settlement_file_parts",
    "settlement_reports",
    "settlements",
    "accepted_differences",
    "settlement_groups",
    "settlement_rows",
    "settlement_texts",
    "settlement_units",
    "entries",
    "postings",
    "certificates",
    "exported_entries",
    "invoiced_elsewhere",
]
# Only ever added to.
KEPT = {
    "history",
    "erasures",
    "settlement_files",
    "settlement_reports",
    "settlement_file_parts",
    "accepted_differences",
    "settlement_groups",
    "settlement_rows",
    "settlement_texts",
    "settlement_units",
    "entries",
    "postings",
    "certificates",
    "exported_entries",
    "invoiced_elsewhere",
}


def fill(database: Database, connection_id: str) -> Inbox:
    """One row of each kind for this connection, under names every connection uses."""
    inbox = Inbox(database, connection_id, FLOW, {})
    snapshot = (
        b'{"items": [{"seller_sku": "MUG-BLUE", "quantity": 2}], "channel_name": "AMAZON", "of": "%s"}'
        % connection_id.encode()
    )
    inbox.put([Arrival(ORDER, snapshot, NOW, NOW, "MERCHANT", "UNSHIPPED", events=(Event("order.seen"),))], NOW)
    record = inbox.find(ORDER)
    assert record is not None
    outcome = Outcome(State.CASE, "case", due_at=NOW, cases=(Case("order.unknown_sku", {"skus": connection_id}),))
    inbox.settle([Settled(record, outcome)], NOW)
    Cursors(database, connection_id).save("orders.search", {"mark": NOW.isoformat(), "of": connection_id}, NOW)
    Cursors(database, connection_id).save("run.discover_orders", {"next": NOW.isoformat()}, NOW)
    Rates(database, connection_id).take("getOrder", Plan(0.5, 30), NOW)
    sealed = PersonalDataStore(database, connection_id, [KEY])
    sealed.save(
        {ORDER: (b"1 Example Street", NOW.date()), "302-0000002-0000002": (b"2 Example Street", NOW.date())}, now=NOW
    )
    sealed.erase(["302-0000002-0000002"], NOW)
    save_day(database, connection_id, DayCheck(NOW.date(), 1, 1, 0, 0, 0, (), (), None), NOW)
    stock = StockStore(database, connection_id)
    line = SoldLine(AmazonOrderId(ORDER), OrderItemId("1"), MUG, 2, 2, NOW, NOW, final=False)
    stock.note([line])
    held = stock.save(MUG, StockRecord(fulfilled_by="MERCHANT", available=10), NOW, counted=[line])
    stock.gather(MUG, held, NOW, quantity=3, expected_at_s=0.0)
    keep_books(database, connection_id)
    return inbox


def keep_books(database: Database, connection_id: str) -> None:
    """One settlement, one difference that was accepted, one entry that left."""
    policy = replace(finance(), invoiced_elsewhere_from={"AFN": NOW - timedelta(days=90)})
    books = Stage(database).scene(connection_id=connection_id, finance=policy).joined.finance
    assert books is not None
    books.import_file(BytesIO(a_settlement(f"Order | {ORDER} | ItemPrice | Principal | 19.99")), "settlement.txt")
    books.files.took_in("1", "0" * 64, NOW)
    books.ledger.accept(SettlementId("1"), "0" * 64, 1, reason="given", now=NOW)
    books.exports.gone("csv", Exported([], books.exports._book.entries("csv", since=date.min, until=date.max)))


def link(inbox: Inbox) -> None:
    """The record was imported, under the same number as everybody's."""
    record = inbox.find(ORDER)
    assert record is not None
    inbox.settle(
        [Settled(record, Outcome(State.IN_SYNC, "imported", link=Link(str(uuid.uuid4()), OrderNumber(ORDER), 1)))], NOW
    )


def raise_again(database: Database, connection_id: str) -> None:
    """A case of the same order, of one connection only."""
    Inbox(database, connection_id, FLOW, {}).raise_case(ORDER, Case("order.missing"), NOW)


@pytest.fixture
def two(database: Database) -> Database:
    """Two connections with the same SKUs, the same Amazon order and the same names of everything."""
    link(fill(database, "eu"))
    link(fill(database, "us"))
    return database


@pytest.fixture(scope="module")
def two_read(shared_database: Database) -> Database:
    """The same, for tests that leave everything as it was."""
    link(fill(shared_database, "eu"))
    link(fill(shared_database, "us"))
    return shared_database


def seen(database: Database, connection_ids: list[str], statement: str) -> list[dict[str, Any]]:
    """What a statement that forgot its WHERE finds."""
    with database.transaction(connection_ids) as transaction:
        return rows_of(transaction.execute(statement.encode()))


@pytest.mark.parametrize("table", TABLES)
def test_statement_without_where_sees_one_connection_only(two_read: Database, table: str) -> None:
    """Select everything: there are rows, and all of them are one's own."""
    found = {row["connection_id"] for row in seen(two_read, ["eu"], f"select * from {table}")}  # noqa: S608

    assert found == {"eu"}


@pytest.mark.parametrize("table", TABLES)
def test_transaction_that_names_nobody_sees_nothing(two_read: Database, table: str) -> None:
    """No connection named: no rows, in any table."""
    assert seen(two_read, [], f"select * from {table}") == []  # noqa: S608


@pytest.mark.parametrize("table", TABLES)
def test_session_outside_our_transactions_sees_nothing(two_read: Database, table: str) -> None:
    """A plain session of the application's role that never says for whom it asks."""
    with psycopg.connect(two_read.app_url) as connection:
        assert connection.execute(f"select * from crossdock.{table}".encode()).fetchall() == []  # noqa: S608


@pytest.mark.parametrize("table", [name for name in TABLES if name not in KEPT])
def test_change_without_where_changes_ones_own_only(two: Database, table: str) -> None:
    """Delete everything: the other connection's rows are all still there."""
    before = seen(two, ["us"], f"select * from {table}")  # noqa: S608

    with two.transaction(["eu"]) as transaction:
        transaction.execute(b"delete from personal_data")
        transaction.execute(f"delete from {table}".encode())  # noqa: S608

    assert before != []
    assert seen(two, ["us"], f"select * from {table}") == before  # noqa: S608


@pytest.mark.parametrize("table", ["inbox", "links", "cases", "cursors", "rates", "closed_days", "stock", "sold_lines"])
def test_row_cannot_be_given_to_another_connection(two_read: Database, table: str) -> None:
    """A row of one's own cannot be moved under another connection's name."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege), two_read.transaction(["eu"]) as transaction:
        transaction.execute(f"update {table} set connection_id = 'us-2'".encode())  # noqa: S608


def test_row_cannot_be_written_for_another_connection(two_read: Database) -> None:
    """An insert under another connection's name is refused."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege), two_read.transaction(["eu"]) as transaction:
        transaction.execute(b"insert into cursors values ('us', 'orders.search.2', '{}', now())")


def copy_in(database: Database, row: str) -> None:
    """Write a row as a bulk load would."""
    with database.transaction(["eu"]) as transaction, transaction.cursor().copy("copy cursors from stdin") as copy:
        copy.write(row)


def test_copy_into_a_guarded_table_is_refused(two_read: Database) -> None:
    """COPY would go past the policy, so PostgreSQL refuses it."""
    with pytest.raises(psycopg.Error):
        copy_in(two_read, "us\torders.search.2\t{}\t2026-11-20\n")


def test_setting_ends_with_its_transaction(two_read: Database) -> None:
    """A session that goes back to the pool takes no permission with it."""
    seen(two_read, ["eu"], "select * from inbox")

    with two_read._pool.connection() as connection:
        assert connection.execute("select * from inbox").fetchall() == []


@pytest.mark.parametrize("name", ["eu,us", "", "EU", "e u", "eu'", "*", "-eu", "a" * 64])
def test_name_that_could_be_two_is_refused(two_read: Database, name: str) -> None:
    """Names are joined with commas in a setting: one that holds anything else than its letters opens nothing."""
    with pytest.raises(AssertionError), two_read.transaction([name]):
        pass


def test_name_is_compared_whole(two: Database) -> None:
    """A connection whose name begins another's sees nothing of it."""
    fill(two, "e")

    assert {row["connection_id"] for row in seen(two, ["e"], "select * from inbox")} == {"e"}
    assert {row["connection_id"] for row in seen(two, ["eu"], "select * from inbox")} == {"eu"}


def test_rooms_of_the_store_answer_for_one_connection(two: Database) -> None:
    """Every question of the store, asked for one connection, is answered from its own rows though the other has the same."""
    raise_again(two, "us")

    assert [row.connection_id for row in find_orders(two, ["eu"], OrderFilter())] == ["eu"]
    assert [row.connection_id for row in find_orders(two, ["us"], OrderFilter(ids=(ORDER,)))] == ["us"]
    assert find_order(two, ["eu"], "us", ORDER) is None
    assert find_cases(two, ["eu"], CaseFilter()) == []
    assert [find_case(two, ["eu"], case.case_id) for case in find_cases(two, ["us"], CaseFilter())] == [None]
    assert (Cursors(two, "us").find("orders.search") or {})["of"] == "us"
    assert next_due_flows(two, ["eu"], [FLOW], NOW)[0].keys() == {"eu"}
    assert Inbox(two, "eu", FLOW, {}).known([ORDER]) == {ORDER: State.IN_SYNC}


def test_stock_of_one_is_not_touched_by_the_other(two: Database) -> None:
    """The same SKU and the same order line in two connections: whatever is written of one, the other's record and lines stay as they were."""
    mine, others = StockStore(two, "eu"), StockStore(two, "us")
    before = others.find([MUG]), others.lines([MUG])
    [line] = mine.lines([MUG])[MUG]

    mine.note([replace(line, units=0, told_at=NOW + timedelta(minutes=5), final=True)])
    mine.save(MUG, replace(mine.find([MUG])[MUG], available=-1), NOW, counted=[replace(line, units=0)])
    mine.want_reading([MUG])
    mine.settle([line])

    assert (mine.find([MUG])[MUG].available, mine.find([MUG])[MUG].read_wanted, mine.lines([MUG])) == (-1, True, {})
    assert (others.find([MUG]), others.lines([MUG])) == before


def test_wake_of_one_does_not_wake_the_other(two: Database) -> None:
    """The same order id in two connections: one is woken."""
    Inbox(two, "eu", FLOW, {}).wake([ORDER], NOW)

    assert len(Inbox(two, "eu", FLOW, {}).due(NOW, 10)) == 1
    assert Inbox(two, "us", FLOW, {}).due(NOW, 10) == []


def test_rate_spent_by_one_is_not_spent_by_the_other(two: Database) -> None:
    """Each connection has its own buckets."""
    Rates(two, "eu").empty("getOrder", Plan(0.5, 30), NOW)

    assert Rates(two, "eu").take("getOrder", Plan(0.5, 30), NOW, urgent=True) > 0
    assert Rates(two, "us").take("getOrder", Plan(0.5, 30), NOW, urgent=True) == 0.0


def test_locks_of_two_connections_are_two(two_read: Database) -> None:
    """A drain of one connection does not keep the other's from running; the same one's it does."""
    with (
        two_read.lock("eu/ingest_orders") as mine,
        two_read.lock("us/ingest_orders") as others,
        two_read.lock("eu/ingest_orders") as again,
    ):
        assert (mine is not None, others is not None, again is None) == (True, True, True)


def test_same_amazon_order_in_two_connections_is_two_orders(stage: Stage) -> None:
    """Two sellers' accounts with the very same order id and SKUs in one database: each project has its own order, and each record its own case."""
    first, second = stage.scene(connection_id="eu"), stage.scene(connection_id="us", seed=7)
    order_id = first.merchant.buy(
        skus=["MUG-BLUE"], quantity=1, marketplace_id="A1PA6795UKMFR9", fulfilled_by="MERCHANT", settled=True
    )
    second.account.put_order(first.account.orders[order_id] | {"programs": ["IN_STORE_PICK_UP"]})
    scenes: list[Scene] = [first.after(minutes=5), second.after(minutes=5)]

    reports = [scene.run() for scene in scenes]

    assert [(report.settled, report.cases) for report in reports] == [(1, 0), (1, 1)]
    assert (first.numbers(), second.numbers()) == ([order_id], [])
    assert [row.kind for row in find_cases(stage.database, ["us"], CaseFilter())] == ["order.program_unsupported"]
    assert find_cases(stage.database, ["eu"], CaseFilter()) == []


# --- roles


@pytest.fixture
def odd_role(embedded_server: Embedded, addresses: tuple[str, str]) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A role of this test's own that may use the tables, and its address."""
    name = f"odd_{uuid.uuid4().hex[:12]}"
    parts = urlsplit(addresses[0])
    admin_parts = urlsplit(embedded_server.admin_url)._replace(path=parts.path)
    with psycopg.connect(urlunsplit(admin_parts), autocommit=True) as admin:
        admin.execute(f"create role {name} login password 'odd'".encode())
        admin.execute(f"grant usage on schema crossdock to {name}".encode())
        yield admin, urlunsplit(parts._replace(netloc=f"{name}:odd@{parts.netloc.rpartition('@')[2]}"))
        admin.execute(f"drop owned by {name}".encode())
        admin.execute(f"drop role {name}".encode())


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("alter role {role} superuser", "is a superuser"),
        ("alter role {role} bypassrls", "BYPASSRLS"),
        ("grant crossdock_owner to {role}", "owns the tables"),
        ("alter table crossdock.rates owner to {role}", "owns the tables"),
    ],
)
def test_process_refuses_a_role_the_policies_do_not_bind(
    odd_role: tuple[psycopg.Connection[Any], str], statement: str, told: str
) -> None:
    """Superuser, BYPASSRLS, owner of the tables or a member of the owner: the process does not start, and says why."""
    admin, address = odd_role
    role = urlsplit(address).username
    admin.execute(statement.format(role=role).encode())
    database = Database(address)

    with pytest.raises(ConfigError, match=told):
        database.open()
    database.close()
    admin.execute("alter table crossdock.rates owner to crossdock_owner")


def test_owner_of_the_tables_is_refused(addresses: tuple[str, str]) -> None:
    """The owner's address in the place of the application's is refused."""
    database = Database(addresses[1])

    with pytest.raises(ConfigError, match="owns the tables"):
        database.open()
    database.close()


def test_ordinary_role_starts(odd_role: tuple[psycopg.Connection[Any], str]) -> None:
    """A role that only may use the tables is taken."""
    database = Database(odd_role[1])

    database.open()
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update history set code = 'nothing'",
        "delete from history",
        "truncate history",
        "drop table history",
        "update erasures set records = 0",
        "delete from erasures",
    ],
)
def test_history_is_only_ever_added_to(two_read: Database, statement: str) -> None:
    """The application's own role can neither change nor delete a line of history, or a certificate of erasure."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege), two_read.transaction(["eu"]) as transaction:
        transaction.execute(statement.encode())


@pytest.mark.parametrize(
    "statement", ["alter table inbox disable row level security", "drop policy of_connection on inbox"]
)
def test_application_cannot_take_its_guard_away(two_read: Database, statement: str) -> None:
    """The policy is the owner's to change."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege), two_read.transaction(["eu"]) as transaction:
        transaction.execute(statement.encode())


def test_application_cannot_look_past_its_guard(two_read: Database) -> None:
    """Switching the guard off for a session makes statements fail, not succeed."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege), two_read.transaction(["eu"]) as transaction:
        transaction.execute(b"set local row_security = off; select * from inbox")


def test_every_table_of_ours_is_guarded(two_read: Database) -> None:
    """No table of the schema is without a forced policy, but for the one that tells the schema's version."""
    with two_read.transaction([]) as transaction:
        unguarded = transaction.execute(
            """
            select relname from pg_class where relnamespace = 'crossdock'::regnamespace and relkind = 'r'
            and not (relrowsecurity and relforcerowsecurity)
            """
        ).fetchall()

    assert unguarded == [("alembic_version",)]
