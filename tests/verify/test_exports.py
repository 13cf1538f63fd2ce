"""An export that differs from its certificate fails, in each ledger's format."""

from pathlib import Path

import pytest
from crossdock_verify.__main__ import main
from crossdock_verify.paths import find
from crossdock_verify.verdict import judge

from tests.verify.certified import write_all
from tests.verify.journals import JOURNALS, entry_lines
from tests.verify.three_settlements import a_chain

B, C = 1, 2


SIDES = (
    '-1239.00|,1239.00|JC,,4000,0,2026-12-01,1000003-2|1239,00;"H"',
    '1239.00|1239.00,|JD,,4000,0,2026-12-01,1000003-2|1239,00;"S"',
)


@pytest.mark.parametrize("name", JOURNALS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1200.00|1200,00", "1200.01|1200,01"),
        ("5.00|5,00", "5.01|5,01"),
        ("5.00|5,00", "five|five"),
        ("5.00|5,00", "5.001|5,001"),
        SIDES,
        ("1000003-2", "1000003-3"),
    ],
    ids=["an amount", "another amount", "no amount", "a fraction of a cent", "a side", "an entry"],
)
def test_an_export_says_something_else(tmp_path: Path, name: str, old: str, new: str) -> None:
    """In each ledger's format: amounts, sides and entries are compared."""
    chain = a_chain()
    hashes = write_all(tmp_path, chain)
    text = JOURNALS[name](entry_lines(chain[C], hashes[C][:16]))
    changed = replaced(text, old.split("|"), new.split("|"))
    assert changed != text
    (tmp_path / name).write_text(changed, newline="")
    assert failing(tmp_path) == ["E11"]


@pytest.mark.parametrize("name", JOURNALS)
def test_an_export_bears_another_certificates_mark(tmp_path: Path, name: str) -> None:
    """An export that was made of another certificate fails, whatever its amounts are."""
    chain = a_chain()
    hashes = write_all(tmp_path, chain)
    (tmp_path / name).write_text(JOURNALS[name](entry_lines(chain[C], hashes[B][:16])), newline="")
    assert failing(tmp_path) == ["E11"]


@pytest.mark.parametrize("name", ["journal.csv", "EXTF_journal.csv", "journal.beancount", "quickbooks.csv"])
def test_an_export_is_in_another_currency(tmp_path: Path, name: str) -> None:
    """The same number in another currency is another amount."""
    chain = a_chain()
    hashes = write_all(tmp_path, chain)
    text = JOURNALS[name](entry_lines(chain[C], hashes[C][:16]))
    (tmp_path / name).write_text(text.replace("EUR", "USD"), newline="")
    assert failing(tmp_path) == ["E11"]


def replaced(text: str, old: list[str], new: list[str]) -> str:
    """Each of the old texts is the new one at its place."""
    for before, after in zip(old, new, strict=True):
        text = text.replace(before, after)
    return text


def failing(folder: Path) -> list[str]:
    """The equations that fail."""
    return [finding.failure.equation for finding in judge(find([folder])).failed]


def test_what_an_export_says_does_no_harm_to_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters in an amount are shown, not sent."""
    chain = a_chain()
    hashes = write_all(tmp_path, chain)
    text = JOURNALS["journal.csv"](entry_lines(chain[C], hashes[C][:16]))
    (tmp_path / "journal.csv").write_text(text.replace("1200.00", "12\x1b[31m"), newline="")
    assert main([str(tmp_path)]) == 1
    assert "\x1b" not in capsys.readouterr().out
