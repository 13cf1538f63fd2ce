"""Money is whole minor units of one currency.

No float exists in the domain: an amount is parsed from its decimal text, digit by digit, and two currencies never meet in one sum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from crossdock.errors import DataError

# ISO 4217, active codes by number of minor digits (https://www.iso.org/iso-4217-currency-codes.html). A code that is
# not here is unknown, and an amount in it cannot be read without guessing.
_DIGITS_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_DIGITS_3 = "BHD IQD JOD KWD LYD OMR TND"
_DIGITS_2 = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW
KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK
PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS
UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG
"""
MINOR_DIGITS: dict[str, int] = {
    **dict.fromkeys(_DIGITS_0.split(), 0),
    **dict.fromkeys(_DIGITS_2.split(), 2),
    **dict.fromkeys(_DIGITS_3.split(), 3),
}

# Longer texts are no amount but an attack or a fault.
_AMOUNT = re.compile(r"(-?)(\d{1,18})(?:\.(\d{1,18}))?", re.ASCII)
# A million million, in cents: the sum of the longest order still fits the 64-bit integers of both platforms.
MINOR_UNITS_MAX = 10**14


@dataclass(frozen=True, slots=True)
class Money:
    """`minor_units` of `currency` (ISO 4217): 19.99 EUR is `Money(1999, "EUR")`, 200 JPY is `Money(200, "JPY")`."""

    minor_units: int
    currency: str

    def __add__(self, other: Money) -> Money:
        """Sum of two amounts of the same currency."""
        assert self.currency == other.currency, "money of two currencies was added"
        return Money(self.minor_units + other.minor_units, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Difference of two amounts of the same currency."""
        assert self.currency == other.currency, "money of two currencies was subtracted"
        return Money(self.minor_units - other.minor_units, self.currency)

    def __neg__(self) -> Money:
        """The same amount in the other direction."""
        return Money(-self.minor_units, self.currency)

    def __bool__(self) -> bool:
        """False for nothing at all, of whatever currency."""
        return self.minor_units != 0

    def __str__(self) -> str:
        """As people write it, with all minor digits: `-3.50 EUR`, `200 JPY`."""
        digits = MINOR_DIGITS[self.currency]
        whole, part = divmod(abs(self.minor_units), 10**digits)
        sign = "-" if self.minor_units < 0 else ""
        return f"{sign}{whole}.{part:0{digits}d} {self.currency}" if digits else f"{sign}{whole} {self.currency}"


def zero(currency: str) -> Money:
    """Nothing, in a currency."""
    return Money(0, currency)


def parse_money(amount: str, currency: str, where: str) -> Money:
    """Read a decimal text as both platforms send it (`"19.99"`, `"-5"`, `"200"`); DataError at `where` otherwise.

    More digits than the currency has are accepted only when they are zero: a tenth of a cent is never rounded away silently.
    """
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise DataError(where, f"unknown currency {currency[:8]!r}")
    match = _AMOUNT.fullmatch(amount)
    if match is None:
        raise DataError(where, "not a decimal amount")
    sign, whole, part = match[1], match[2], match[3] or ""
    if part[digits:].strip("0"):
        raise DataError(where, f"more than {digits} decimal places for {currency}")
    minor_units = int(whole + part[:digits].ljust(digits, "0"))
    if minor_units > MINOR_UNITS_MAX:
        raise DataError(where, "amount too large")
    return Money(-minor_units if sign else minor_units, currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Sum of the amounts; `zero(currency)` for none."""
    result = zero(currency)
    for amount in amounts:
        result += amount
    return result


def allocate(amount: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """Split an amount by weights so that the parts sum to it exactly; what rounding leaves goes to the first part.

    Weights may be zero, not all of them; their signs do not matter.
    """
    assert weights, "nothing to allocate to"
    sizes = [abs(weight) for weight in weights]
    whole = sum(sizes)
    if whole == 0:
        sizes[0] = whole = 1
    sign = -1 if amount.minor_units < 0 else 1
    parts = [sign * (abs(amount.minor_units) * size // whole) for size in sizes]
    parts[0] += amount.minor_units - sum(parts)
    return tuple(Money(part, amount.currency) for part in parts)


def round_half_even(value: Decimal) -> int:
    """Whole minor units from an exact intermediate, as commercetools rounds (`RoundingMode` HalfEven)."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
