"""Amounts as a settlement file writes them, in whole minor units."""

import re

from crossdock_verify.faults import Unreadable

# ISO 4217: the currencies whose minor unit is not a hundredth.
NO_MINOR_UNIT = re.compile(r"BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF")
THOUSANDTHS = re.compile(r"BHD|IQD|JOD|KWD|LYD|OMR|TND")

# Thirty digits are beyond any money; the bound keeps a cell of a million digits from being multiplied.
_SHAPE = re.compile(r"(-?)(?:([0-9]{1,30})|([0-9]{1,3})([.,])([0-9]{3}(?:\4[0-9]{3}){0,8}))(?:([.,])([0-9]{1,2}))?")


def digits_of(currency: str) -> int:
    """How many decimals the currency's minor unit has."""
    if NO_MINOR_UNIT.fullmatch(currency):
        return 0
    return 3 if THOUSANDTHS.fullmatch(currency) else 2


class Amounts:
    """Reads the amounts of one file, which has one decimal mark; each distinct text is read once."""

    def __init__(self, digits: int) -> None:
        """For a currency whose minor unit has so many digits."""
        self.digits = digits
        self.mark = ""
        self.known: dict[str, int] = {}
        self._separators: set[str] = set()

    def read(self, text: str) -> int:
        """The amount in minor units; Unreadable where it could mean two things or nothing."""
        if text in self.known:
            return self.known[text]
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise Unreadable(f"{text[:60]!a} is not an amount")
        minus, plain, head, separator, groups, mark, decimals = match.groups()
        self._agree(text, separator or "", mark or "")
        if plain is None and mark is None and len(groups) == len("005") and self.digits:
            raise Unreadable(f"{text!a} could be thousands or decimals")
        whole = plain or head + groups.replace(separator, "")
        padded = (decimals or "").ljust(self.digits, "0")
        if padded[self.digits :].strip("0"):
            raise Unreadable(f"{text!a} has more decimals than the currency")
        minor = int(whole + padded[: self.digits])
        self.known[text] = -minor if minus else minor
        return self.known[text]

    def _agree(self, text: str, separator: str, mark: str) -> None:
        if separator:
            self._separators.add(separator)
        if mark and self.mark and mark != self.mark:
            raise Unreadable(f"{text!a} has another decimal mark than the amounts before")
        self.mark = self.mark or mark
        if self.mark in self._separators:
            raise Unreadable(f"{text!a}: the decimal mark of the file stands between thousands too")
