"""How the desk says things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.domain.money import Money
from crossdock.domain.timeline import Event
from crossdock.web import words

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=59.4), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(seconds=178.6), "2 min 59 s"),
        (timedelta(minutes=14, seconds=30), "14 min"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(hours=26), "1 d 2 h"),
        (timedelta(days=40, hours=5), "40 d"),
    ],
)
def test_a_span_in_its_two_largest_units(length: timedelta, said: str) -> None:
    """Two units are enough to act upon; from ten of the larger on, one is."""
    assert words.span(length) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (timedelta(minutes=-4, seconds=-20), "4 min ago"),
        (timedelta(hours=3), "in 3 h"),
        (timedelta(seconds=0.4), "now"),
        (timedelta(seconds=-70), "1 min 10 s ago"),
    ],
)
def test_how_far_a_moment_is(at: timedelta, said: str) -> None:
    """Before and after; the seconds only of what is near."""
    assert words.ago(NOW + at, NOW) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (Money(123450, "EUR"), "1,234.50 EUR"),
        (Money(-350, "EUR"), "\N{MINUS SIGN}3.50 EUR"),
        (Money(1200, "JPY"), "1,200 JPY"),
        (Money(-5, "USD"), "\N{MINUS SIGN}0.05 USD"),
    ],
)
def test_money_as_people_read_it(amount: Money, said: str) -> None:
    """All minor digits, thousands apart, whole numbers where a currency has no minor unit."""
    assert words.money(amount) == said


def test_a_megabyte_of_text_is_cut() -> None:
    """What is shown is short, and how much there was is said."""
    assert words.clip("x" * 1_000_000) == "x" * 300 + "… (1,000,000 characters)"


def test_an_event_is_a_sentence_and_what_it_left_out() -> None:
    """A fact told in the sentence is not told again; one that is missing is a gap, not a fault; an unknown code is shown as it is."""
    seen = Event("order.seen", {"status": "PENDING", "hint": "x"})
    assert words.sentence(seen) == "Seen on Amazon: PENDING, fulfilled by …"
    assert words.other_facts(seen) == {"hint": "x"}
    assert words.sentence(Event("order.invented")) == "order.invented"
    assert (
        words.sentence(Event("case.opened", {"kind": "order.no_stock"}))
        == "Case opened: No stock entry for an ordered SKU"
    )


def test_a_label_is_written_as_the_trade_writes_it() -> None:
    """Words of the trade keep their capitals, and a label's first letter is the only one that is changed."""
    assert [words.initial(words.field_label(name)) for name in ("skus", "seller_sku", "request_id", "FBA_fence")] == [
        "SKUs",
        "Seller SKU",
        "Request id",
        "FBA fence",
    ]


def test_an_email_is_masked() -> None:
    """Enough to tell two apart, not enough to write to."""
    assert words.masked_email("test-buyer-7@marketplace.example") == "t…@m…"
    assert words.masked_email("odd") == "…"
