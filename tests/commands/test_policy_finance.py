"""[connection.finance]: the example is a policy, and each mistake is told with its line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crossdock.domain.ledger import LedgerAccount, LedgerKey
from crossdock.errors import ConfigError
from crossdock.exports.targets import DatevSettings, XeroSettings
from crossdock.policy import ConnectionPolicy, load_policy
from crossdock.policy_finance import DEFAULT_CHART

EXAMPLE = Path(__file__).parents[2] / "crossdock.example.toml"
LEDGER = "account,marketplace,treatment,number,name,tax_code\nsales.product,Amazon.de,seller,8400,Sales,3\n"


def connection(folder: Path, text: str) -> ConnectionPolicy:
    """The one connection of a policy, beside a mapping and a ledger."""
    (folder / "accounts.csv").write_bytes(DEFAULT_CHART.read_bytes())
    (folder / "ledger.csv").write_text(LEDGER)
    path = folder / "crossdock.toml"
    path.write_text(text)
    [found] = load_policy(path).connections
    return found


def with_finance(keys: str) -> str:
    """The example with a table of finance of these keys."""
    return EXAMPLE.read_text(encoding="utf-8") + f'\n[connection.finance]\ntime_zone = "Europe/Berlin"\n{keys}\n'


def test_finance_of_the_example_is_a_policy(tmp_path: Path) -> None:
    """With the first # of its lines removed the table can be read."""
    before, _, after = EXAMPLE.read_text(encoding="utf-8").partition("# [connection.finance]\n")
    text = (
        before
        + "[connection.finance]\n"
        + "\n".join(line.removeprefix("# ").removeprefix("#") for line in after.splitlines())
    )
    found = connection(tmp_path, text)
    assert found.finance is not None
    assert (found.finance.books.zone.key, found.finance.books.closed_until) == ("Europe/Berlin", date(2026, 9, 30))
    assert [each.valid_from for each in found.finance.own] == [date(2026, 12, 1)]
    assert found.exports.rate("GBP", date(2026, 10, 1)) == Decimal("1.1462")
    assert found.exports.ledger[LedgerKey("sales.product", "Amazon.de", "seller")] == LedgerAccount(
        "8400", "Sales", "3"
    )
    assert {"datev", "xero", "csv"} < set(found.exports.targets)


def test_least_finance_is_a_time_zone(tmp_path: Path) -> None:
    """The time zone alone is a policy, with the shipped mapping and no accruals."""
    finance = connection(tmp_path, with_finance("")).finance
    assert finance is not None
    assert (finance.accruals, finance.own, list(finance.charts_on(datetime(2026, 11, 3, tzinfo=UTC)))) == (
        False,
        (),
        ["default"],
    )


def test_targets_take_their_keys(tmp_path: Path) -> None:
    """What a target is given stands in its settings, with the books' currency."""
    text = with_finance(
        'currency = "GBP"\n[connection.finance.export.datev]\nconsultant = 1001\nclient = 7\nclearing_account = "1590"\n'
        '[connection.finance.export.xero]\ndate_form = "yyyy-mm-dd"'
    )
    targets = connection(tmp_path, text).exports.targets
    assert isinstance(targets["datev"], DatevSettings)
    assert (targets["datev"].client, targets["datev"].currency) == (7, "GBP")
    assert targets["xero"] == XeroSettings("GBP", "yyyy-mm-dd")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('time_zon = "x"', "time_zon is not known here"),
        ("closed_until = 2026-09-30T00:00:00Z", "closed_until must be a day without quotes"),
        ('ledger = "nowhere.csv"', "ledger 'nowhere.csv' cannot be read"),
        ('ledger = "accounts.csv"', "ledger accounts.csv: the first line must name the columns"),
        (
            '[[connection.finance.mapping]]\nfile = "ledger.csv"\nvalid_from = 2026-12-01',
            "mapping 1: file ledger.csv: the first line",
        ),
        ('[connection.finance.rates.GBP]\n"2026-13" = "1.1"', "is no rate"),
        ('[connection.finance.rates.GBP]\n"2026-12" = 1.1', "is no rate"),
        ("[connection.finance.invoiced_elsewhere_from]\nFBA = 2026-12-01", "is none of AFN, MFN"),
        ("[connection.finance.export.datev]\nclient = 1", "export.datev.consultant must be from 1001"),
        ('[connection.finance.export.csv]\ncolumns = {"Day" = "date"}', "columns must have entry or posting_key"),
        ("[connection.finance.export.lexware]\nclient = 1", "lexware is not known here"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, keys: str, said: str) -> None:
    """What is wrong is told at once, each with the file and the line."""
    with pytest.raises(ConfigError) as refused:
        connection(tmp_path, with_finance(keys))
    assert said in str(refused.value)
    assert "crossdock.toml:" in str(refused.value)
