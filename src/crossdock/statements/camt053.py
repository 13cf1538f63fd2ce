"""ISO 20022 camt.053.001.02 to .08, the statement that every bank of Europe writes: bytes -> Statement, or a DataError that names the line. Pure.

Rule: an entry counts where its status is BOOK; what is pending is counted and left out. An entry of several transactions is read one by one where they
add up to it, and as one line where they do not. Fields: ISO 20022 Message Definition Report, Bank-to-Customer Cash Management.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from crossdock.domain.money import Money, parse_money
from crossdock.domain.statement import Statement, StatementLine
from crossdock.errors import DataError
from crossdock.statements.xml_tree import Element, read_tree

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.0[2-8]")
_AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{1,5})?", re.ASCII)
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T.*)?", re.ASCII | re.DOTALL)
_SIGNS = {"CRDT": 1, "DBIT": -1}
_FLAGS = {"": False, "false": False, "0": False, "true": True, "1": True}
# What stands for a reference where there is none.
_NONE = {"NOTPROVIDED", "NONREF", "NOTAVAILABLE"}
# The text of one line is a few hundred letters.
TEXTS_MAX, TEXT_MAX = 100, 1_000


def read_camt053(content: bytes, name: str) -> Statement:
    """Read a file of one or several statements."""
    found = _Found(name)
    read_tree(content, name, namespace=lambda told: bool(_NAMESPACE.fullmatch(told)), of="Stmt", take=found.take)
    days = [*found.days, *(line.on_day for line in found.lines)]
    return Statement(found.lines, found.pending, min(days, default=None), max(days, default=None))


@dataclass(slots=True)
class _Found:
    """What was read so far. `days`: from and to which the statements are."""

    name: str
    lines: list[StatementLine] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    pending: int = 0

    def take(self, element: Element) -> None:
        """One part of a statement, whole."""
        if element.name == "Ntry":
            self._take_entry(element)
        elif element.name == "FrToDt":
            where = f"{self.name}, line {element.line}"
            self.days += [_day(element, name, where) for name in ("FrDtTm", "ToDtTm") if element.find(name)]

    def _take_entry(self, entry: Element) -> None:
        where = f"{self.name}, line {entry.line}"
        # .02 to .07 write the status as text, .08 as a code in it.
        status = entry.said("Sts/Cd") or entry.said("Sts")
        if status != "BOOK":
            if status not in {"PDNG", "INFO", "FUTR"}:
                raise DataError(f"{where}, Sts", "is no status of an entry (BOOK, PDNG, INFO, FUTR)")
            self.pending += 1
            return
        amount = _signed(entry, entry.find("Amt"), where)
        parts = list(entry.all("NtryDtls/TxDtls"))
        split = _split(parts, entry, amount, where) if len(parts) > 1 else None
        if split is None:
            self.lines.append(_line(entry, parts, amount, where))
        else:
            self.lines += [_line(entry, [part], each, where) for part, each in zip(parts, split, strict=True)]


def _split(parts: Sequence[Element], entry: Element, amount: Money, where: str) -> list[Money] | None:
    """What each transaction of a collective entry comes to; None where they do not say, or do not add up to it in its currency."""
    amounts = []
    for part in parts:
        told = part.find("Amt") or part.find("AmtDtls/TxAmt/Amt")
        if told is None or told.attributes.get("Ccy") != amount.currency:
            return None
        amounts.append(_signed(part if part.find("CdtDbtInd") else entry, told, where))
    return amounts if sum(each.minor_units for each in amounts) == amount.minor_units else None


def _line(entry: Element, parts: Sequence[Element], amount: Money, where: str) -> StatementLine:
    reversal = entry.said("RvslInd")
    if reversal not in _FLAGS:
        raise DataError(f"{where}, RvslInd", "is neither true nor false")
    # Money that came in is the debtor's; of a reversal the sides are those of what is reversed.
    came_in = (amount.minor_units > 0) != _FLAGS[reversal]
    sides = ("Dbtr", "UltmtDbtr") if came_in else ("Cdtr", "UltmtCdtr")
    paths = [f"RltdPties/{side}/{at}" for side in sides for at in ("Nm", "Pty/Nm")]
    names = [each.text for part in parts for path in paths for each in part.all(path)]
    texts = [entry.said("AddtlNtryInf")]
    for part in parts:
        texts += [each.text for path in ("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref") for each in part.all(path)]
        texts += [part.said(path) for path in ("Refs/EndToEndId", "Refs/TxId", "AddtlTxInf")]
    own = parts[0].said("Refs/AcctSvcrRef") if len(parts) == 1 else ""
    reference = own or entry.said("AcctSvcrRef")
    return StatementLine(
        on_day=_day(entry, "BookgDt", where),
        amount=amount.minor_units,
        currency=amount.currency,
        names=_kept(names),
        texts=_kept(texts),
        bank_reference="" if reference.upper() in _NONE else reference[:70],
        is_reversal=_FLAGS[reversal],
        value_on=_day(entry, "ValDt", where) if entry.find("ValDt") else None,
    )


def _kept(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(text[:TEXT_MAX] for text in texts if text and text.upper() not in _NONE)[:TEXTS_MAX]


def _signed(inside: Element, told: Element | None, where: str) -> Money:
    """An amount with the sign of its `CdtDbtInd`: + where money came in."""
    sign = _SIGNS.get(inside.said("CdtDbtInd"))
    if told is None or not _AMOUNT.fullmatch(told.text):
        raise DataError(f"{where}, Amt", "is missing, or no decimal amount without a sign")
    if sign is None:
        raise DataError(f"{where}, CdtDbtInd", "is neither CRDT nor DBIT")
    money = parse_money(told.text, told.attributes.get("Ccy", ""), f"{where}, Amt")
    return money if sign > 0 else -money


def _day(entry: Element, name: str, where: str) -> date:
    match = _DAY.fullmatch(entry.said(f"{name}/Dt") or entry.said(f"{name}/DtTm") or entry.said(name))
    try:
        return date.fromisoformat(match[1] if match else "")
    except ValueError as fault:
        raise DataError(f"{where}, {name}", "has no day, such as 2026-11-30") from fault
