"""Of a bank statement only Amazon's lines are kept, of them no more than matching needs, and none twice."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.statement import BankLine, StatementLine, choose_lines, find_new, ids_in

DAY = date(2026, 11, 5)
LINE = StatementLine(DAY, 1699, "EUR", names=("AMAZON PAYMENTS EUROPE",), texts=("28471003921",))


@pytest.mark.parametrize(
    ("names", "texts", "kept"),
    [
        (("Amazon  Payments Europe",), (), True),
        ((), ("PAYOUT amazon payments 1",), True),
        (("J. DOE",), ("for an amazon order",), False),
        (("AMAZON", "J. DOE"), (), False),
        (("AMAZON", "AMAZON EU"), (), True),
        (("AMA ZON",), (), False),
        ((), (), False),
    ],
)
def test_line_is_amazons_by_its_payer(names: tuple[str, ...], texts: tuple[str, ...], *, kept: bool) -> None:
    """The name of the other side says whose a line is; the text only where no name is told."""
    assert bool(choose_lines([replace(LINE, names=names, texts=texts)], ["AMAZON"])) == kept


def test_policy_names_the_payers() -> None:
    """A merchant who is paid through somebody else names them."""
    lines = [replace(LINE, names=(name,)) for name in ("PAYONEER LTD", "AMAZON", "WORLDFIRST")]
    assert len(choose_lines(lines, ["Payoneer", "World"])) == 2


def test_nothing_of_a_person_is_kept() -> None:
    """Of a line stay day, amount, references and ids: no name, no sentence, no account, no card."""
    texts = (
        "John Doe, 1 Example Street",
        "IBAN DE89370400440532013000 BIC X",
        "card 4111111111111111",
        "id 28471003921/4B03616UONXSAWP",
    )
    [kept] = choose_lines([replace(LINE, texts=texts)], ["AMAZON"])
    assert kept == BankLine("", DAY, 1699, "EUR", ids=("28471003921", "4B03616UONXSAWP"))
    assert {field.name for field in fields(kept)} & {"names", "texts"} == set()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("SVWZ+28471003921 EREF+4b03616uonxsawp", ("28471003921", "4B03616UONXSAWP")),
        ("AMZN28471003921X", ("28471003921", "AMZN28471003921X")),
        ("PAYOUT OF NOVEMBER 12", ()),
        ("123456789012345", ("123456789012345",)),
        ("GB29 NWBK 6016 1331 9268 19 GB29NWBK60161331926819", ()),
        ("DE00370400440532013000", ("00370400440532013000", "DE00370400440532013000")),
    ],
)
def test_ids_in_a_text(text: str, ids: tuple[str, ...]) -> None:
    """Words with digits in them may be ids, and runs of digits inside such a word; what has the check digits of an account is none."""
    assert ids_in([text]) == ids


def a_line(ids: str = "", reference: str = "", amount: int = 1699) -> BankLine:
    """A line that is not kept yet."""
    return BankLine("", DAY, amount, "EUR", tuple(ids.split()), reference)


def kept(*lines: BankLine) -> list[BankLine]:
    """These lines, kept as the first statement brought them."""
    return find_new(lines, [])


@pytest.mark.parametrize(
    ("before", "given_now", "news"),
    [
        ([a_line("28471003921")], [a_line("28471003921")], 0),
        ([a_line("28471003921")], [a_line("28471003921"), a_line("28471003921")], 1),
        ([a_line(), a_line()], [a_line(), a_line()], 0),
        ([a_line("28471003921", "BANK-1")], [a_line("28471003921 OTHER-77777")], 0),
        ([a_line("28471003921", "BANK-1")], [a_line("28471003921", "BANK-2")], 1),
        ([a_line("", "BANK-1")], [a_line()], 0),
        ([a_line("28471003921")], [a_line("28471003922")], 1),
        ([a_line("28471003921"), a_line("28471003922")], [a_line("28471003922"), a_line("28471003921")], 0),
        ([a_line("28471003921")], [a_line("28471003922"), a_line("28471003921")], 1),
        ([a_line()], [a_line(amount=1700)], 1),
    ],
)
def test_line_that_is_kept_is_not_new(before: list[BankLine], given_now: list[BankLine], news: int) -> None:
    """A line is known by its day and amount, and by its references where both have any; two lines of one statement are two."""
    assert len(find_new(given_now, kept(*before))) == news


_LINES = st.lists(
    st.builds(a_line, st.sampled_from(["", "28471003921", "28471003922"]), st.sampled_from(["", "A", "B"])), max_size=8
)


@given(_LINES)
def test_statement_given_twice_brings_nothing(lines: list[BankLine]) -> None:
    """Whatever a statement has, the second time none of it is new; and every line has a name of its own."""
    first = kept(*lines)
    assert find_new(lines, first) == []
    assert len({line.line_id for line in first}) == len(first) == len(lines)


@given(_LINES.flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(lines))))
def test_order_of_a_statement_changes_nothing(lines: tuple[list[BankLine], list[BankLine]]) -> None:
    """The newest first or last: the same lines under the same names."""
    told, shuffled = lines
    assert {line.line_id for line in kept(*shuffled)} == {line.line_id for line in kept(*told)}
