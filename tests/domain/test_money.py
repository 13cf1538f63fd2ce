"""Money: read digit by digit, split without losing a unit, never of two currencies."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.money import (
    MINOR_DIGITS,
    MINOR_UNITS_MAX,
    Money,
    allocate,
    parse_money,
    round_half_even,
    total,
    zero,
)
from crossdock.errors import DataError

CURRENCIES = st.sampled_from(sorted(MINOR_DIGITS))
UNITS = st.integers(-MINOR_UNITS_MAX, MINOR_UNITS_MAX)


@pytest.mark.parametrize(
    ("amount", "currency", "minor_units"),
    [
        ("19.99", "EUR", 1999),
        ("19.9", "EUR", 1990),
        ("19", "EUR", 1900),
        ("-5", "EUR", -500),
        ("-0.01", "EUR", -1),
        ("0", "EUR", 0),
        ("-0.00", "EUR", 0),
        ("19.990000", "EUR", 1999),
        ("007.00", "EUR", 700),
        ("200", "JPY", 200),
        ("200.00", "JPY", 200),
        ("12.345", "BHD", 12345),
        ("1000000000000.00", "EUR", MINOR_UNITS_MAX),
    ],
)
def test_amounts_are_read_exactly(amount: str, currency: str, minor_units: int) -> None:
    """An amount as either platform writes it becomes whole minor units."""
    assert parse_money(amount, currency, "here") == Money(minor_units, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "what"),
    [
        ("19.999", "EUR", "more than 2 decimal places"),
        ("0.5", "JPY", "more than 0 decimal places"),
        ("1.2345", "BHD", "more than 3 decimal places"),
        ("", "EUR", "not a decimal amount"),
        (" 1.00", "EUR", "not a decimal amount"),
        ("1.00\n", "EUR", "not a decimal amount"),
        ("1,00", "EUR", "not a decimal amount"),
        ("1.000,00", "EUR", "not a decimal amount"),
        ("+1.00", "EUR", "not a decimal amount"),
        ("--1.00", "EUR", "not a decimal amount"),
        (".5", "EUR", "not a decimal amount"),
        ("5.", "EUR", "not a decimal amount"),
        ("1e3", "EUR", "not a decimal amount"),
        ("NaN", "EUR", "not a decimal amount"),
        ("Infinity", "EUR", "not a decimal amount"),
        ("0x10", "EUR", "not a decimal amount"),
        ("\u0661.00", "EUR", "not a decimal amount"),
        ("9" * 19, "EUR", "not a decimal amount"),
        ("9" * 1_000_000, "EUR", "not a decimal amount"),
        ("1000000000000.01", "EUR", "amount too large"),
        ("1.00", "XXX", "unknown currency"),
        ("1.00", "eur", "unknown currency"),
        ("1.00", "", "unknown currency"),
        ("1.00", "E" * 1_000_000, "unknown currency"),
    ],
)
def test_what_would_be_a_guess_is_refused(amount: str, currency: str, what: str) -> None:
    """Anything but a plain decimal text in a known currency is a DataError that names the place and quotes no more than a code."""
    with pytest.raises(DataError, match=r"^here: ") as refused:
        parse_money(amount, currency, "here")
    assert refused.value.what.startswith(what)
    assert len(str(refused.value)) < 100


@given(UNITS, CURRENCIES)
def test_an_amount_survives_being_written_and_read(units: int, currency: str) -> None:
    """What is written for people reads back as the same money."""
    money = Money(units, currency)
    amount, code = str(money).split(" ")
    assert parse_money(amount, code, "here") == money


@given(UNITS, st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30))
def test_no_unit_is_lost_or_made_by_a_split(units: int, weights: list[int]) -> None:
    """Parts sum to the whole, never against its sign, and all but the first are rounded towards nothing."""
    parts = allocate(Money(units, "EUR"), weights)
    sizes = [abs(weight) for weight in weights]
    whole = sum(sizes) or 1
    assert total(parts, "EUR") == Money(units, "EUR")
    assert all(part.minor_units * units >= 0 for part in parts)
    assert [abs(part.minor_units) for part in parts[1:]] == [abs(units) * size // whole for size in sizes[1:]]


@given(UNITS, UNITS, CURRENCIES)
def test_arithmetic_is_that_of_whole_numbers(one: int, other: int, currency: str) -> None:
    """Adding, subtracting and turning around are exact."""
    first, second = Money(one, currency), Money(other, currency)
    assert (first + second).minor_units == one + other
    assert first - second == first + -second
    assert total([first, second], currency) - second == first
    assert bool(first) == bool(one)


@pytest.mark.parametrize("act", [Money.__add__, Money.__sub__])
def test_two_currencies_never_meet(act: object) -> None:
    """A sum over two currencies is our own mistake."""
    with pytest.raises(AssertionError, match="two currencies"):
        act(Money(1, "EUR"), Money(1, "USD"))  # type: ignore[operator]


def test_nothing_cannot_be_split_among_nobody() -> None:
    """A split without weights is our own mistake."""
    with pytest.raises(AssertionError, match="nothing to allocate to"):
        allocate(zero("EUR"), [])


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.5", 0), ("1.5", 2), ("2.5", 2), ("-0.5", 0), ("-1.5", -2), ("2.50001", 3), ("2.49999", 2)],
)
def test_halves_go_to_the_even_neighbour(value: str, rounded: int) -> None:
    """Rounding is commercetools' HalfEven."""
    assert round_half_even(Decimal(value)) == rounded
