"""Each equation finds something that no other does: with it left out, a change passes unnoticed."""

from pathlib import Path

import pytest
from crossdock_verify.equations import EQUATIONS, Equation
from crossdock_verify.paths import find
from crossdock_verify.verdict import judge

from tests.verify.certified import Change, Say, Settlement, Write, change, write_all
from tests.verify.journals import as_csv, entry_lines
from tests.verify.three_settlements import a_chain

NO_HASH = "0" * 64
OCTOBER = ("entries", 0)

ONLY: dict[str, tuple[Change, ...]] = {
    "E1": (Say(0, ("file", "sha256"), NO_HASH), Say(0, ("file", "size"), 2000)),
    "E2": (Say(0, ("file", "lines"), 99),),
    "E3": (Write(0, "126.70", "126.71"),),
    "E4": (Say(0, (*OCTOBER, "postings", 4, "account"), "fees.other"),),
    "E5": (Say(0, (*OCTOBER, "month"), "2026-09-01"), Say(0, (*OCTOBER, "on"), "2026-09-30")),
    "E6": (Say(0, (*OCTOBER, "postings", 0, "treatment"), "seller"),),
    "E7": (Say(0, (*OCTOBER, "on"), "2026-10-30"),),
    "E8": (Say(0, ("entries", 1, "postings", 6, "account"), "clearing.card"),),
    "E9": (Say(0, ("chains", "reserve", "moved"), 1), Say(0, ("chains", "carried_over", "moved"), 1)),
    "E10": (Say(0, ("orders", "sha256"), NO_HASH),),
    "E12": (Say(2, ("previous",), NO_HASH),),
}


def write_with_export(folder: Path, chain: list[Settlement], *, cents: str) -> None:
    """The chain and a journal of its first settlement, in which the month's sales are this many cents."""
    hashes = write_all(folder, chain)
    text = as_csv(entry_lines(chain[0], hashes[0][:16]))
    assert ",100.00," in text
    (folder / "journal.csv").write_text(text.replace(",100.00,", f",100.{cents},"), newline="")


def failing(folder: Path, equations: list[Equation]) -> list[str]:
    """The equations that fail, of these."""
    return [finding.failure.equation for finding in judge(find([folder]), equations).failed]


@pytest.mark.parametrize(("name", "changes"), ONLY.items(), ids=ONLY)
def test_nothing_else_would_find_it(tmp_path: Path, name: str, changes: tuple[Change, ...]) -> None:
    """With all equations the change is found by this one; without this one, by none."""
    write_with_export(tmp_path, change(a_chain(), *changes), cents="00")
    assert failing(tmp_path, list(EQUATIONS)) == [name]
    assert failing(tmp_path, [equation for equation in EQUATIONS if equation.name != name]) == []


def test_nothing_else_looks_into_exports(tmp_path: Path) -> None:
    """A cent in an export is found by E11 alone."""
    write_with_export(tmp_path, a_chain(), cents="01")
    assert failing(tmp_path, list(EQUATIONS)) == ["E11"]
    assert failing(tmp_path, [equation for equation in EQUATIONS if equation.name != "E11"]) == []


def test_every_equation_has_its_row() -> None:
    """An equation that is added has to show what it is for."""
    assert [equation.name for equation in EQUATIONS if equation.name not in ONLY] == ["E11"]
