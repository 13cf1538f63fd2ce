"""Which account a label belongs to, and what a mapping must be like."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crossdock.domain.accounts import Chart, parse_chart
from crossdock.domain.settlement import Label
from crossdock.errors import DataError
from crossdock.policy_finance import DEFAULT_CHART
from tests.settlements import REAL

DEFAULT = parse_chart(DEFAULT_CHART.read_text(), "accounts.csv")
HEADER = "rule,transaction_type,amount_type,amount_description,account,account_name,kind,sign,order_related,order_mode,note\n"
OBSERVED = REAL / "taxonomy_v2_observed.csv"


def account(label: tuple[str, str, str], chart: Chart = DEFAULT) -> str | None:
    """The account of a label, or None."""
    rule = chart.find(Label(*label))
    return rule.account if rule else None


@pytest.mark.parametrize(
    ("label", "found"),
    [
        (("Order", "ItemPrice", "Principal"), "sales.product"),
        (("order", "item_price", "PRINCIPAL"), "sales.product"),
        (("Order", "Shipment-Fees", "FBA transportation fee"), "fees.fulfilment"),
        (("Order", "Promotion", "Shipping"), "sales.discounts"),
        (("ServiceFee", "other-fee", "TaxAmount"), "tax.on_fees"),
        (("FBAFees", "FBA Something New Storage Fee", "Base fee"), "fees.storage"),
        (("FBAFees", "FBA Something New Storage Fee", "Tax on fee"), "tax.on_fees"),
        (("Order", "ItemWithheldTax", "TCS-CGST"), "tax.creditable"),
        (("anything", "anything", "Current Reserve Amount"), "balance.reserve"),
        (("other-transaction", "other-transaction", "Moon Shipping Surcharge"), None),
        (("", "", ""), None),
    ],
)
def test_label_has_its_account(label: tuple[str, str, str], found: str | None) -> None:
    """Labels are compared without case, blanks, `_` and `-`; then patterns; a label that nothing fits has no account."""
    assert account(label) == found


@pytest.mark.skipif(not OBSERVED.exists(), reason="the observed labels are not beside the checkout")
def test_every_observed_label_has_an_account() -> None:
    """Each of the labels that were seen in sellers' files goes to an account."""
    with OBSERVED.open(newline="") as file:
        labels = [
            (row["transaction_type"], row["amount_type"], row["amount_description"]) for row in csv.DictReader(file)
        ]
    assert len(labels) == 209
    assert [label for label in labels if account(label) is None] == []


def test_own_mapping_goes_first() -> None:
    """A pattern of the merchant's own goes before an exact rule of the default; what it does not fit follows the default."""
    own = parse_chart(
        HEADER + "regex,Order,ItemPrice,Princ.*,sales.own,Own sales,income,+,order,receivable.orders,\n", "own", DEFAULT
    )
    assert account(("Order", "ItemPrice", "Principal"), own) == "sales.own"
    assert account(("Order", "ItemPrice", "Shipping"), own) == "sales.shipping"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("maybe,A,B,C,sales.own,Own,income,+,order,sales.own,", "line 2: rule must be exact, regex or system"),
        ("exact,A,B,C,Sales Own,Own,income,+,order,sales.own,", "line 2: account must be a key"),
        ("exact,A,B,C,sales.own,Own,profit,+,order,sales.own,", "line 2: account must be a key"),
        ("exact,A,B,C,sales.own,Own,income,plus,order,sales.own,", "line 2: sign must be"),
        ("regex,A,(,C,sales.own,Own,income,+,order,sales.own,", "line 2: '(' is no pattern"),
        ("exact,A,B", "line 2: has fewer columns"),
        ('exact,"A,B,C,sales.own', "cannot be read as CSV"),
        (
            "exact,A,B,C,sales.own,Own,income,+,order,sales.own,\nexact,a,b,c,sales.own,Own,income,-,order,sales.own,",
            "line 3: the label a / b / c has two rules",
        ),
        (
            "exact,A,B,C,sales.own,Own,income,+,order,sales.own,\nexact,D,B,C,sales.own,Other,income,+,order,sales.own,",
            "line 3: account sales.own has two names",
        ),
    ],
)
def test_mapping_that_is_wrong_is_refused(line: str, said: str) -> None:
    """What is wrong in a mapping is told with its line."""
    with pytest.raises(DataError) as refused:
        parse_chart(HEADER + line + "\n", "own.csv")
    assert said in str(refused.value)


def test_comments_count_as_lines() -> None:
    """The line that is named is that of the file, comments before it included."""
    with pytest.raises(DataError, match="line 4"):
        parse_chart("# one\n# two\n" + HEADER + "maybe,A,B,C,s.o,Own,income,+,order,s.o,\n", "own.csv")


def test_shipped_chart_is_beside_the_code() -> None:
    """The default is installed with the program."""
    assert Path("accounts.csv") == Path(DEFAULT_CHART.name)
