"""Sealed personal data: opens in its place and nowhere else, under the old key and the new, and goes by row and key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crossdock.errors import ConfigError
from crossdock.store.database import Database
from crossdock.store.personal_data import PersonalDataStore

LATER = datetime(2026, 12, 27, 6, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DAY = date(2026, 12, 27)
OLD, NEW, WRONG = bytes(range(32)), bytes(range(1, 33)), bytes(32)
FIRST, SECOND = "302-0000001-0000001", "302-0000002-0000002"
TEXT = b"Test Buyer 7, 1 Example Street"


@pytest.fixture
def sealed(database: Database) -> PersonalDataStore:
    """The vault of one connection with one record in it."""
    store = PersonalDataStore(database, "eu", [OLD])
    store.save({FIRST: (TEXT, DAY)}, now=NOW)
    return store


def again(database: Database, *keys: bytes, connection_id: str = "eu") -> PersonalDataStore:
    """The vault as another process sees it."""
    return PersonalDataStore(database, connection_id, keys or (OLD,))


def run(database: Database, statement: str, connection_ids: tuple[str, ...] = ("eu",)) -> list[tuple[object, ...]]:
    """A statement behind the store's back."""
    with database.transaction(connection_ids) as transaction:
        cursor = transaction.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    """Another process at work at the same time."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def waiting(database: Database, pool: ThreadPoolExecutor, work: Callable[..., Any], *given: object) -> Future[Any]:
    """Work that has begun in another process and stands still for a lock that this one holds."""
    begun = pool.submit(work, *given)
    deadline = time.monotonic() + 10
    while not run(
        database, "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    ):
        assert not begun.done(), "nothing was waited for"
        assert time.monotonic() < deadline, "nothing was waited for in ten seconds"
        time.sleep(0.01)
    return begun


def test_sealed_and_opened(sealed: PersonalDataStore, database: Database) -> None:
    """What was sealed opens, also in another process; what is not held is not in the answer."""
    assert sealed.find([FIRST, SECOND]) == {FIRST: TEXT}
    assert again(database).find([FIRST]) == {FIRST: TEXT}


def test_plain_text_is_not_in_the_row(sealed: PersonalDataStore, database: Database) -> None:
    """No word of it stands in what rests; twice the same text is not twice the same seal."""
    sealed.save({SECOND: (TEXT, DAY)}, now=NOW)
    (first,), (second,) = run(database, "select sealed from personal_data order by record_id")

    # A word of one letter may stand anywhere by chance.
    assert [word for word in TEXT.split() if len(word) > 3 and word in bytes(first)] == []  # type: ignore[call-overload]
    assert first != second


def test_moved_to_another_record_it_does_not_open(sealed: PersonalDataStore, database: Database) -> None:
    """A sealed text is bound to its record."""
    run(database, "update personal_data set record_id = '302-0000002-0000002'")

    assert sealed.find([SECOND]) == {}


def test_moved_to_another_connection_it_does_not_open(sealed: PersonalDataStore, database: Database) -> None:
    """Text and key copied under another connection's name, as an owner of the database could: the key does not open there."""
    run(
        database,
        """
        insert into personal_data_keys select 'us', erase_on, sealed_key from personal_data_keys;
        insert into personal_data select 'us', record_id, erase_on, sealed from personal_data
        """,
        ("eu", "us"),
    )

    with pytest.raises(ConfigError):
        again(database, connection_id="us").find([FIRST])
    assert sealed.find([FIRST]) == {FIRST: TEXT}


def test_moved_text_does_not_open_with_another_connections_own_key(
    sealed: PersonalDataStore, database: Database
) -> None:
    """Only the text copied: the other connection's key of the same day does not open it."""
    other = again(database, connection_id="us")
    other.save({SECOND: (b"2 Example Street", DAY)}, now=NOW)
    run(
        database,
        "insert into personal_data select 'us', record_id, erase_on, sealed from personal_data where connection_id = 'eu'",
        ("eu", "us"),
    )

    assert other.find([FIRST, SECOND]) == {SECOND: b"2 Example Street"}
    assert sealed.find([FIRST]) == {FIRST: TEXT}


@pytest.mark.usefixtures("sealed")
def test_new_master_key_seals_and_the_old_still_opens(database: Database) -> None:
    """With the new key first and the old one second, the old record opens, and a new day's opens under the new key alone."""
    rotated = again(database, NEW, OLD)
    rotated.save({SECOND: (b"2 Example Street", DAY + timedelta(days=1))}, now=NOW)

    assert rotated.find([FIRST, SECOND]) == {FIRST: TEXT, SECOND: b"2 Example Street"}
    assert again(database, NEW).find([SECOND]) == {SECOND: b"2 Example Street"}


@pytest.mark.usefixtures("sealed")
def test_without_the_old_master_key_its_days_do_not_open(database: Database) -> None:
    """A key that opens nothing is a fault of the settings, told as one, and not an empty vault."""
    with pytest.raises(ConfigError, match="CROSSDOCK_MASTER_KEY"):
        again(database, WRONG).find([FIRST])


@pytest.mark.usefixtures("sealed")
def test_keys_are_sealed_anew_under_the_newest_master_key(database: Database) -> None:
    """After a renewal the old master key may go: what it sealed opens under the new one alone; a second renewal has nothing to do."""
    rotated = again(database, NEW, OLD)

    assert (rotated.renew_keys(), rotated.renew_keys()) == (1, 0)
    assert again(database, NEW).find([FIRST]) == {FIRST: TEXT}
    with pytest.raises(ConfigError):
        again(database, OLD).find([FIRST])


def test_renewal_touches_no_other_connection(sealed: PersonalDataStore, database: Database) -> None:
    """Each connection renews its own keys."""
    other = again(database, connection_id="us")
    other.save({SECOND: (TEXT, DAY)}, now=NOW)

    again(database, NEW, OLD, connection_id="us").renew_keys()

    assert sealed.find([FIRST]) == {FIRST: TEXT}


@pytest.mark.usefixtures("sealed")
def test_renewal_with_a_master_key_that_opens_nothing_changes_nothing(database: Database) -> None:
    """Nothing is overwritten by a process with the wrong key, and its erasures go on."""
    assert again(database, WRONG).renew_keys() == 0
    assert again(database).find([FIRST]) == {FIRST: TEXT}


def test_two_proofs_of_one_day_at_one_moment_are_both_kept(sealed: PersonalDataStore, database: Database) -> None:
    """A run erases a big day batch by batch, all at its own time: no proof replaces another."""
    sealed.save({SECOND: (TEXT, DAY)}, now=NOW)
    later = datetime(2026, 12, 27, 6, tzinfo=UTC)

    sealed.erase([FIRST], later)
    sealed.erase([SECOND], later)

    assert run(database, "select records, erased_at - timestamptz '2026-12-27 06:00Z' from erasures order by 2") == [
        (1, timedelta()),
        (1, timedelta(microseconds=1)),
    ]


def test_saved_under_another_day_moves_the_day(sealed: PersonalDataStore, database: Database) -> None:
    """One row a record; its day is the one it was saved for last."""
    sealed.save({FIRST: (TEXT, DAY - timedelta(days=5))}, now=NOW)

    assert run(database, "select record_id, erase_on from personal_data") == [(FIRST, DAY - timedelta(days=5))]
    assert sealed.find([FIRST]) == {FIRST: TEXT}


def test_day_that_is_over_is_today(sealed: PersonalDataStore) -> None:
    """What arrives after its day is erased with today's, never under a day whose key is gone."""
    sealed.save({SECOND: (TEXT, NOW.date() - timedelta(days=3))}, now=NOW)

    assert sealed.records_to_erase(NOW.date(), 10) == [SECOND]


def test_erasing_the_last_row_of_a_day_deletes_its_key(sealed: PersonalDataStore, database: Database) -> None:
    """While a row of the day is left the key stays; with the last it goes."""
    sealed.save({SECOND: (TEXT, DAY)}, now=NOW)
    later = datetime(2026, 12, 27, 6, tzinfo=UTC)
    sealed.erase([FIRST], later)
    left = len(run(database, "select * from personal_data_keys"))

    sealed.erase([SECOND], later)

    assert left == 1
    assert run(database, "select * from personal_data_keys") == []
    assert run(database, "select * from personal_data") == []


def test_backup_without_the_key_holds_nothing(sealed: PersonalDataStore, database: Database) -> None:
    """A row that comes back from a backup after its day was erased does not open any more."""
    ((row,),) = run(database, "select sealed from personal_data")
    sealed.erase([FIRST], datetime(2026, 12, 27, 6, tzinfo=UTC))
    sealed.save({SECOND: (b"2 Example Street", DAY)}, now=NOW)
    with database.transaction(["eu"]) as transaction:
        transaction.execute("insert into personal_data values ('eu', %s, %s, %s)", [FIRST, DAY, row])

    assert again(database).find([FIRST, SECOND]) == {SECOND: b"2 Example Street"}


def test_other_process_that_erased_and_began_the_day_anew(sealed: PersonalDataStore, database: Database) -> None:
    """A process that still remembers the erased day's key opens what another sealed under its new one."""
    other = again(database)
    other.erase([FIRST], datetime(2026, 12, 27, 6, tzinfo=UTC))
    other.save({SECOND: (b"2 Example Street", DAY)}, now=NOW)

    assert sealed.find([SECOND]) == {SECOND: b"2 Example Street"}


def test_certificate_is_one_a_day_and_repeats_nothing(sealed: PersonalDataStore, database: Database) -> None:
    """Two days erased in one run are two certificates; nothing left is none."""
    sealed.save({SECOND: (TEXT, DAY - timedelta(days=1))}, now=NOW)
    later = datetime(2026, 12, 27, 6, tzinfo=UTC)

    certificates = sealed.erase([FIRST, SECOND], later)

    assert [(certificate.erase_on, certificate.records) for certificate in certificates] == [
        (DAY - timedelta(days=1), (SECOND,)),
        (DAY, (FIRST,)),
    ]
    assert sealed.erase([FIRST, SECOND], later) == []
    assert run(database, "select erase_on, records from erasures order by erase_on") == [
        (DAY - timedelta(days=1), 1),
        (DAY, 1),
    ]


def test_held_record_is_not_due(sealed: PersonalDataStore, database: Database) -> None:
    """Legal hold: its day has come and it stays; the hold survives a new save."""
    run(database, "update personal_data set hold_reason = 'dispute 7'")
    sealed.save({FIRST: (TEXT, DAY)}, now=NOW)

    assert sealed.records_to_erase(DAY, 10) == []


def test_due_leaves_out_what_cannot_go_now(sealed: PersonalDataStore) -> None:
    """Those that were refused do not stand before the others for ever."""
    sealed.save({SECOND: (TEXT, DAY)}, now=NOW)

    assert sealed.records_to_erase(DAY, 1) == [FIRST]
    assert sealed.records_to_erase(DAY, 1, but=[FIRST]) == [SECOND]


# --- erased and sealed at the same time


def test_erasure_waits_for_what_is_sealed_for_its_day(
    sealed: PersonalDataStore, database: Database, other: ThreadPoolExecutor
) -> None:
    """A run seals for a day while its last record is erased: the day's key stays, both end well, and what was sealed opens."""
    sealed.save({SECOND: (TEXT, DAY)}, now=NOW)
    ((row,),) = run(database, "delete from personal_data where record_id = '302-0000002-0000002' returning sealed")
    with database.transaction(["eu"]) as transaction:
        transaction.execute("select from personal_data_keys for share")
        transaction.execute("insert into personal_data values ('eu', %s, %s, %s)", [SECOND, DAY, row])
        erasing = waiting(database, other, again(database).erase, [FIRST], LATER)
    certificates = erasing.result(10)

    assert [certificate.records for certificate in certificates] == [(FIRST,)]
    assert again(database).find([FIRST, SECOND]) == {SECOND: TEXT}


@pytest.mark.usefixtures("sealed")
def test_sealing_waits_for_an_erasure_of_its_day(database: Database, other: ThreadPoolExecutor) -> None:
    """The day's key is deleted while a run seals for that day: the run makes the day a new one."""
    with database.transaction(["eu"]) as transaction:
        transaction.execute("select from personal_data_keys for update")
        saving = waiting(database, other, lambda: again(database).save({SECOND: (TEXT, DAY)}, now=NOW))
        transaction.execute("delete from personal_data")
        transaction.execute("delete from personal_data_keys")
    saving.result(10)

    assert again(database).find([FIRST, SECOND]) == {SECOND: TEXT}


@pytest.mark.usefixtures("sealed")
def test_text_whose_day_is_erased_while_it_is_opened_is_gone(database: Database, other: ThreadPoolExecutor) -> None:
    """The row was read and its key is deleted before it is asked for: there is nothing to open, and that is no error."""
    with database.transaction(["eu"]) as transaction:
        transaction.execute("select from personal_data_keys for update")
        finding = waiting(database, other, again(database).find, [FIRST])
        transaction.execute("delete from personal_data")
        transaction.execute("delete from personal_data_keys")

    assert finding.result(10) == {}
