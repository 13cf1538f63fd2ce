"""The bank: statements close payouts and charges once, whatever comes first, and only Amazon's lines are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from crossdock.domain.bank import Payout
from crossdock.domain.finance_policy import BankPolicy
from crossdock.domain.ids import SettlementId
from crossdock.errors import DataError
from crossdock.flows.match_bank import AMAZON_LINES_MAX, Matched
from crossdock.joined_finance import JoinedFinance
from crossdock.store.database import Database
from tests.flows.auditor import all_kinds, case, rows
from tests.flows.conftest import a_name
from tests.flows.dying import DyingDatabase, Killed, restarted
from tests.joined_twin import Scene, Stage
from tests.settlements import a_settlement, finance
from tests.statements.camt import a_statement, an_entry

SALE = "Order | 302-0000001-0000001 | ItemPrice | Principal | 19.99"
FAILED = "other-transaction | | other-transaction | Transfer of funds unsuccessful | 19.99"
CHARGE = "other-transaction | | other-transaction | Successful charge | 5.00"
FEE = "Order | 302-0000001-0000001 | ItemFees | Commission | -5.00"
ID = "28471003921"
HEAD = "date,amount,currency,reference"
# Days before and after, so that the statement tells of a week after the deposit day.
RENT, INTEREST = "2026-11-01,-800.00,EUR,RENT FOR J. DOE", "2026-11-19,12.00,EUR,INTEREST"
PAID = f"2026-11-05,19.99,EUR,AMAZON PAYMENTS {ID}"


@pytest.fixture
def scene(shared_stage: Stage) -> Scene:
    """A scene whose books are kept."""
    return shared_stage.scene(connection_id=a_name(), finance=finance())


@pytest.fixture
def books(scene: Scene) -> JoinedFinance:
    """Its books."""
    return books_of(scene)


def books_of(scene: Scene) -> JoinedFinance:
    """The books of a scene that keeps them."""
    assert scene.joined.finance is not None
    return scene.joined.finance


def book(books: JoinedFinance, lines: str = SALE, **more: Any) -> None:
    """Import one settlement."""
    books.import_file(BytesIO(a_settlement(lines, **more)), "settlement.txt")


def later(number: int = 2) -> dict[str, str]:
    """A settlement of the next fortnight."""
    return {
        "settlement_id": f"2847100392{number}",
        "starts": "2026-11-03 00:00:00 UTC",
        "ends": "2026-11-17 00:00:00 UTC",
    }


def give(books: JoinedFinance, *lines: str) -> Matched:
    """Import a statement as CSV."""
    return books.bank.import_statement("\n".join([HEAD, *lines]).encode(), "statement.csv")


def left(books: JoinedFinance) -> list[tuple[str, str, int, int | None]]:
    """What is open: settlement, kind, amount, age in days."""
    return [(row.settlement_id, row.kind, row.open, row.age_days) for row in books.bank.rows() if row.open]


def kept(scene: Scene) -> list[dict[str, Any]]:
    """The lines of the bank that are kept."""
    return rows(scene, "select * from bank_lines where told_by = 'bank' order by on_day, line_id")


def test_payout_is_open_until_its_line_comes(scene: Scene, books: JoinedFinance) -> None:
    """A payout of 3 November is open for 17 days on the 20th; its line closes it, and the counts say what was read."""
    book(books)
    assert left(books) == [(ID, "payout", 1999, 17)]
    done = give(books, RENT, PAID, INTEREST)
    assert (done.lines, done.amazon, done.new, done.matched, done.unmatched, done.open) == (3, 1, 1, 1, 0, 0)
    assert (left(books), all_kinds(scene), kept(scene)[0]["settlement_ids"]) == ([], [], [ID])


def test_camt_and_csv_of_one_account_are_one(scene: Scene, books: JoinedFinance) -> None:
    """The same line as CAMT and as CSV, and a statement given twice, are kept once."""
    book(books)
    camt = a_statement(an_entry(f"2026-11-05 +19.99 EUR AMAZON PAYMENTS | {ID}", more="<AcctSvcrRef>B-1</AcctSvcrRef>"))
    news = [books.bank.import_statement(camt, "statement.xml").new for _ in range(2)]
    assert (news, give(books, PAID).new, len(kept(scene))) == ([1, 0], 0, 1)
    assert left(books) == []


def test_statement_given_twice_changes_nothing(scene: Scene, books: JoinedFinance) -> None:
    """The second time every row of the store is as it was."""
    book(books)
    first = give(books, RENT, PAID, "2026-11-06,7.00,EUR,AMAZON 1")
    before = kept(scene)
    assert replace(give(books, RENT, PAID, "2026-11-06,7.00,EUR,AMAZON 1"), new=2) == first
    assert (kept(scene), all_kinds(scene)) == (before, ["bank.unmatched"])


def test_nothing_of_other_lines_is_kept(scene: Scene, books: JoinedFinance) -> None:
    """Rent, salaries and what is bought at Amazon leave no trace, nor do names and sentences of Amazon's own line."""
    book(books)
    shopping = "2026-11-06,-49.99,EUR,AMAZON EU for J. DOE 302-7777777-7777777"
    give(books, RENT, PAID, shopping, INTEREST, "2026-11-07,500.00,EUR,J. DOE 99999999999")
    [line] = kept(scene)
    assert (line["amount"], line["ids"], line["bank_reference"]) == (1999, [ID], "")
    stored = str(rows(scene, "select * from bank_lines")) + str(rows(scene, "select * from cases"))
    assert [word for word in ("DOE", "PAYMENTS", "7777777", "99999999999") if word in stored] == []


def test_events_tell_counts_only(scene: Scene, books: JoinedFinance, capsys: pytest.CaptureFixture[str]) -> None:
    """No reference and no amount of a statement is in the log."""
    book(books)
    give(books, PAID)
    told = capsys.readouterr()
    assert "bank.matched" in told.out + told.err
    assert [word for word in ("AMAZON", "19.99", "1999") if word in told.out + told.err] == []
    assert all_kinds(scene) == []


def test_statement_may_come_before_its_settlement(scene: Scene, books: JoinedFinance) -> None:
    """A line that fits nothing yet is a case, which the settlement closes when it is imported."""
    give(books, PAID)
    assert all_kinds(scene) == ["bank.unmatched"]
    book(books)
    assert (left(books), all_kinds(scene)) == ([], [])


def test_payout_that_did_not_arrive_is_a_case_until_it_does(scene: Scene, books: JoinedFinance) -> None:
    """Statements that tell of the week after the deposit day and have no line of it: a case with the age; the line closes it."""
    book(books)
    give(books, RENT, INTEREST)
    facts = case(scene, ID, "bank.payout_missing")["facts"]
    assert (all_kinds(scene), facts["age_days"]) == (["bank.payout_missing"], "17")
    give(books, PAID)
    assert all_kinds(scene) == []


def test_no_statement_is_no_case(scene: Scene, books: JoinedFinance) -> None:
    """Who gives no statements sees the age in the list, and has no case of it."""
    book(books)
    assert (books.bank.match(), all_kinds(scene)) == (None, [])


def test_two_payouts_of_one_amount_stay_open_without_a_name(scene: Scene, books: JoinedFinance) -> None:
    """Two payouts of the same amount within days: a line without a name closes neither, and its case names both; the name decides."""
    book(books)
    book(books, settlement_id="28471003922", marketplace_name="Amazon.fr")
    give(books, RENT, "2026-11-05,19.99,EUR,AMAZON", INTEREST)
    assert {row[:3] for row in left(books)} == {(ID, "payout", 1999), ("28471003922", "payout", 1999)}
    record = f"bank line {kept(scene)[0]['line_id']}"
    assert case(scene, record, "bank.unmatched")["facts"]["settlement_ids"] == f"{ID}, 28471003922"
    give(books, f"2026-11-04,19.99,EUR,AMAZON {ID}")
    assert (left(books), all_kinds(scene)) == ([], [])


def test_amount_that_differs_is_a_case(scene: Scene, books: JoinedFinance) -> None:
    """The bank keeps 1.50: what is missing is open with a case, and comes with a second line."""
    book(books)
    give(books, f"2026-11-05,18.49,EUR,AMAZON {ID}")
    facts = case(scene, ID, "bank.amount_differs")["facts"]
    assert (left(books), facts["off"], facts["bank"]) == ([(ID, "payout", 150, 17)], "1.50 EUR", "18.49 EUR")
    give(books, f"2026-11-06,1.50,EUR,AMAZON {ID}")
    assert (left(books), all_kinds(scene)) == ([], [])


def test_money_in_another_currency_closes_nothing_by_itself(scene: Scene, books: JoinedFinance) -> None:
    """A payout in EUR that the bank shows in GBP is told, with both amounts, and stays open."""
    book(books)
    give(books, RENT, f"2026-11-05,17.20,GBP,AMAZON {ID}", INTEREST)
    assert (left(books), all_kinds(scene)) == ([(ID, "payout", 1999, 17)], ["bank.amount_differs"])
    assert case(scene, ID, "bank.amount_differs")["facts"]["bank"] == "17.20 GBP"


def test_failed_transfer_closes_the_payout_it_was(scene: Scene, books: JoinedFinance) -> None:
    """A payout comes back and is paid with the next: both settlements are closed, and `clearing.bank` is what the bank shows."""
    book(books)
    give(books, RENT, INTEREST)
    book(books, f"{SALE}\n{FAILED}", posted_date_time="2026-11-10 10:00:00 UTC", **later())
    assert (left(books), all_kinds(scene)) == ([("28471003922", "payout", 3998, 3)], [])
    give(books, "2026-11-18,39.98,EUR,AMAZON")
    [balance] = [debit for account, _, debit in books.sheets.balances() if account == "clearing.bank"]
    assert (left(books), balance) == ([], 3998)


def test_reversed_line_opens_the_payout_again(scene: Scene, books: JoinedFinance) -> None:
    """The bank books the payout and takes it back: it is open, and missing."""
    book(books)
    reversal = an_entry(f"2026-11-06 -19.99 EUR AMAZON | {ID}", more="<RvslInd>true</RvslInd>")
    head = "<FrToDt><FrDtTm>2026-11-01T00:00:00</FrDtTm><ToDtTm>2026-11-19T23:59:59</ToDtTm></FrToDt>"
    paid = an_entry(f"2026-11-05 +19.99 EUR AMAZON | {ID}")
    books.bank.import_statement(a_statement(paid, reversal, head=head), "statement.xml")
    assert (left(books), all_kinds(scene)) == ([(ID, "payout", 1999, 17)], ["bank.payout_missing"])


def test_charge_is_closed_by_money_that_goes_out(scene: Scene, books: JoinedFinance) -> None:
    """Amazon charges the card 5.00 for a debt: the card's line closes `clearing.card`, and no purchase of another amount does."""
    book(books, f"{FEE}\n{CHARGE}")
    assert left(books) == [(ID, "charge", -500, 30)]
    give(books, "2026-10-20,-4.99,EUR,AMAZON", "2026-10-22,-5.00,EUR,AMAZON EU")
    assert (left(books), len(kept(scene)), all_kinds(scene)) == ([], 1, [])


def test_trace_id_of_a_payout_closes_its_settlement(scene: Scene, books: JoinedFinance) -> None:
    """What Amazon tells of a payout names its settlement, also long after the deposit day; a newer word replaces the older, and twice is once."""
    book(books)
    made = datetime(2026, 11, 3, tzinfo=UTC)
    payout = Payout("P-1", "IN_TRANSIT", 1999, "EUR", made, "", (SettlementId(ID),))
    sent = replace(payout, status="SUCCEEDED", trace_id="4B03616UONXSAWP")
    saved = [books.bank.store.save_payouts([each], made) for each in (payout, sent, sent)]
    give(books, "2026-11-19,19.99,EUR,AMAZON 4b03616uonxsawp")
    [row] = books.bank.rows()
    assert (saved, row.open, row.status, all_kinds(scene)) == ([1, 1, 0], 0, "SUCCEEDED", [])
    with books.bank.store.matching() as matching:
        assert matching.payouts() == [sent]


def test_payers_are_the_merchants_to_name(shared_stage: Stage) -> None:
    """With `payers` of its own, a connection takes other names for Amazon's, and Amazon's no more."""
    policy = replace(finance(), bank=BankPolicy(payers=("PAYONEER",)))
    books = books_of(shared_stage.scene(connection_id=a_name(), finance=policy))
    book(books)
    assert (give(books, PAID).amazon, give(books, "2026-11-05,19.99,EUR,Payoneer Ltd").new, left(books)) == (0, 1, [])


def test_line_is_forgotten_when_its_payer_is_no_more(shared_stage: Stage) -> None:
    """A refund from Amazon fits nothing; with narrower `payers` and its statement once more it is gone, and so is its case. The payout stays."""
    scene = shared_stage.scene(connection_id=a_name(), finance=finance())
    books = books_of(scene)
    book(books)
    refund = "2026-11-06,7.00,EUR,AMAZON EU REFUND"
    give(books, PAID, refund)
    books.bank.policy = replace(books.policy, bank=BankPolicy(payers=("AMAZON PAYMENTS",)))
    seen_before = all_kinds(scene)
    give(books, PAID, refund)
    assert (seen_before, all_kinds(scene), left(books)) == (["bank.unmatched"], [], [])
    assert [line["amount"] for line in kept(scene)] == [1999]


def test_payers_that_fit_everybody_are_refused(scene: Scene, books: JoinedFinance) -> None:
    """A statement with more lines of Amazon's than Amazon could pay in years is not taken in: other people's lines would be."""
    with pytest.raises(DataError, match="`payers` fits too many"):
        give(books, *["2026-11-05,19.99,EUR,AMAZON"] * (AMAZON_LINES_MAX + 1))
    assert kept(scene) == []


def test_unreadable_statement_takes_nothing_in(scene: Scene, books: JoinedFinance) -> None:
    """A doubt in any line, and nothing of the file is taken in."""
    book(books)
    with pytest.raises(DataError, match="line 3, column amount"):
        give(books, PAID, "2026-11-06,1.2.3,EUR,AMAZON")
    assert (kept(scene), books.bank.match()) == ([], None)


def test_connections_see_their_own_bank_only(shared_stage: Stage) -> None:
    """A line of one connection closes nothing of another, and is not seen by it."""
    mine, theirs = (shared_stage.scene(connection_id=a_name(), finance=finance()) for _ in range(2))
    book(books_of(mine))
    book(books_of(theirs))
    give(books_of(mine), PAID)
    assert (left(books_of(mine)), left(books_of(theirs))) == ([], [(ID, "payout", 1999, 17)])
    assert (len(kept(mine)), kept(theirs)) == (1, [])


STATEMENT = "\n".join([HEAD, RENT, "2026-11-06,7.00,EUR,AMAZON", f"2026-11-05,18.49,EUR,AMAZON {ID}"]).encode()
# One more than an import has; the last one dies nowhere.
TRANSACTIONS = 8


def imported(scene: Scene, database: object) -> list[tuple[str, str, int, int | None]]:
    """The import of the statement, in a process of its own; what is open after it."""
    scene.joined = restarted(scene.joined, scene.twin.handle, database, scene.twin.world.clock.now)
    books = books_of(scene)
    books.bank.import_statement(STATEMENT, "statement.csv")
    return left(books)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kill_at", range(1, TRANSACTIONS))
def test_killed_import_is_harmless(shared_stage: Stage, shared_database: Database, kill_at: int, moment: str) -> None:
    """Killed at any transaction and run again, the lines and the cases are those of an import that lived."""
    scene = shared_stage.scene(connection_id=a_name(), finance=finance())
    book(books_of(scene))
    _dies(scene, DyingDatabase(shared_database, kill_at, after_effect=moment == "after"))
    assert imported(scene, shared_database) == [(ID, "payout", 150, 17)]
    assert [line["amount"] for line in kept(scene)] == [1849, 700]
    assert all_kinds(scene) == ["bank.amount_differs", "bank.unmatched"]


def _dies(scene: Scene, dying: DyingDatabase) -> None:
    try:
        imported(scene, dying)
    except Killed:
        return


def test_table_covers_every_transaction(shared_stage: Stage, shared_database: Database) -> None:
    """The table above kills at every transaction an import has."""
    scene = shared_stage.scene(connection_id=a_name(), finance=finance())
    book(books_of(scene))
    counting = DyingDatabase(shared_database, 0, after_effect=False)
    imported(scene, counting)
    assert counting.count < TRANSACTIONS
