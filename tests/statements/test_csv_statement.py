"""Bank statements as CSV: read in the form the policy names, and refused by line and column where a cell has another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.finance_policy import CsvForm
from crossdock.domain.money import Money
from crossdock.domain.statement import StatementLine
from crossdock.errors import DataError
from crossdock.statements.statement_file import read_statement
from tests.statements.camt import a_statement, an_entry

USUAL = CsvForm()
GERMAN = CsvForm(
    date="Buchungstag",
    amount="Betrag",
    currency="Währung",
    reference=("Auftraggeber", "Verwendungszweck"),
    date_format="DD.MM.YYYY",
    decimal_mark=",",
    delimiter=";",
    encoding="cp1252",
)
HEAD = "date,amount,currency,reference\n"


def read(text: str, form: CsvForm = USUAL) -> list[StatementLine]:
    """The lines of a file."""
    return list(read_statement(text.encode(form.encoding), "statement.csv", form).lines)


def test_usual_form_is_read() -> None:
    """Without a table in the policy: ISO days, a point, commas between cells, quotes around a text that has one."""
    [line] = read(HEAD + '2026-11-05,1699.00,EUR,"AMAZON, 28471003921"\n')
    assert line == StatementLine(date(2026, 11, 5), 169900, "EUR", texts=("AMAZON, 28471003921",))


def test_form_of_the_policy_is_read() -> None:
    """A German bank: lines before the columns, other columns between, cp1252, groups of three, the payer in a column of its own."""
    [line] = read(
        "Konto;DE00 0000\n\nBuchungstag;Valuta;Auftraggeber;Verwendungszweck;Betrag;Währung\n"
        "05.11.2026;05.11.2026;AMAZON PAYMENTS;28471003921;1.234,56;EUR\n",
        GERMAN,
    )
    assert (line.on_day, line.amount, line.texts) == (date(2026, 11, 5), 123456, ("AMAZON PAYMENTS", "28471003921"))


def test_currency_of_the_policy_is_that_of_all_lines() -> None:
    """A file without a column of currencies is of the one the policy names."""
    [line] = read("date,amount,reference\n2026-11-05,200,AMAZON\n", replace(USUAL, currency_code="JPY"))
    assert (line.amount, line.currency) == (200, "JPY")


@pytest.mark.parametrize(
    ("form", "day"),
    [
        ("YYYY-MM-DD", "2026-03-04"),
        ("YYYY/MM/DD", "2026/03/04"),
        ("YYYYMMDD", "20260304"),
        ("DD.MM.YYYY", "04.03.2026"),
        ("DD.MM.YY", "04.03.26"),
        ("DD/MM/YYYY", "04/03/2026"),
        ("MM/DD/YYYY", "03/04/2026"),
        ("DD-MM-YYYY", "04-03-2026"),
    ],
)
def test_every_form_of_a_day_is_read(form: str, day: str) -> None:
    """The policy says which of the two numbers is the month."""
    [line] = read(f"{HEAD}{day},1.00,EUR,x\n", replace(USUAL, date_format=form))
    assert line.on_day == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("mark", "cell", "amount"),
    [
        (".", "1234.5", 123450),
        (".", "+1,234.56", 123456),
        (".", "-1'234.56", -123456),
        (".", "\u22121234", -123400),
        (",", "1.234,56", 123456),
        (",", "-1 234 567,00", -123456700),
        (",", "1.234", 123400),
        (",", "0,10", 10),
    ],
)
def test_every_form_of_an_amount_is_read(mark: str, cell: str, amount: int) -> None:
    """The policy says which mark is the decimal one; the other, a blank or an apostrophe may stand between groups of three."""
    [line] = read(f'{HEAD}2026-11-05,"{cell}",EUR,x\n', replace(USUAL, decimal_mark=mark))
    assert line.amount == amount


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEAD}2026-11-05,1,EUR,x\n2026-11-05,1.2.3,EUR,x\n", "line 3, column amount: is no amount"),
        (f'{HEAD}2026-11-05,"12,34",EUR,x\n', "line 2, column amount: is no amount"),
        (f'{HEAD}2026-11-05,"1,2345.00",EUR,x\n', "line 2, column amount: is no amount"),
        (f"{HEAD}2026-11-05,1.999,EUR,x\n", "line 2, column amount: more than 2 decimal"),
        (f"{HEAD}2026-11-05,,EUR,x\n", "line 2, column amount: is no amount"),
        (f"{HEAD}2026-11-05,12.00 EUR,EUR,x\n", "line 2, column amount: is no amount"),
        (f"{HEAD}2026-11-05,1e3,EUR,x\n", "line 2, column amount: is no amount"),
        (f"{HEAD}2026-11-05,١٢,EUR,x\n", "line 2, column amount: is no amount"),
        (f"{HEAD}2026-11-05,1.00,XXX,x\n", "line 2, column amount: unknown currency"),
        (f"{HEAD}05.11.2026,1.00,EUR,x\n", "line 2, column date: is no day of the form YYYY-MM-DD"),
        (f"{HEAD}2026-02-30,1.00,EUR,x\n", "line 2, column date: is no day"),
        (f"{HEAD}2026-11-05,1.00,EUR\n", "line 2: has 3 columns, not 4"),
        (f'{HEAD}2026-11-05,1.00,EUR,"x\n', "cannot be read as CSV"),
        ("day,amount,currency,reference\n", "no line with the names of the columns date, amount"),
        ("date,amount,amount,currency,reference\n", "line 1: names the column amount twice"),
        ("", "no line with the names"),
        ("\n" * 50 + HEAD, "no line with the names"),
        (f"{HEAD}2026-11-05,1.00,EUR,\0\n", "or no text"),
    ],
)
def test_what_leaves_a_doubt_is_refused_by_line_and_column(text: str, said: str) -> None:
    """Nothing is guessed and nothing is passed over: the first cell that has another form stops the file."""
    with pytest.raises(DataError) as refused:
        read(text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ((HEAD + "2026-11-05,1.00,EUR,für\n").encode("cp1252"), "line 2: is not utf-8"),
        ((HEAD + "2026-11-05,1.00,EUR,x\n").encode("utf-16-be"), "or no text"),
        ((HEAD + "2026-11-05,1.00,EUR,x\n").encode("utf-16"), "is no XML"),
        (b"PK\x03\x04anything", "is packed; unpack it first"),
        (b"\x1f\x8banything", "is packed; unpack it first"),
    ],
)
def test_wrong_encoding_is_refused(content: bytes, said: str) -> None:
    """A file that is not in the encoding of the policy is refused, for no text of it can be trusted."""
    with pytest.raises(DataError) as refused:
        read_statement(content, "statement.csv", USUAL)
    assert said in str(refused.value)


def test_form_is_told_by_content() -> None:
    """A file that begins as XML is CAMT, with or without a mark before it; anything else is CSV."""
    camt = a_statement(an_entry("2026-11-05 +1.00 EUR AMAZON | 1"))
    contents = [camt, b"\xef\xbb\xbf" + camt, f"\ufeff{HEAD}2026-11-05,1.00,EUR,x\n".encode()]
    assert [len(read_statement(content, "statement", USUAL).lines) for content in contents] == [1, 1, 1]


@given(st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=20))
def test_every_amount_is_read_to_the_cent(amounts: list[int]) -> None:
    """Whatever the amounts are, the lines are they, in their order."""
    text = "".join(f"2026-11-05,{str(Money(amount, 'EUR'))[:-4]},EUR,x\n" for amount in amounts)
    assert [line.amount for line in read(HEAD + text)] == amounts
