"""Money and tax as commercetools computes them: whole minor units, high precision, and rounding to the even neighbour.

A money value as it is stored says how it is to be read (`type`, `fractionDigits`); a draft need not.
"""

from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from crossdock.twin.commercetools_refusals import Json, RefusedError, invalid_field, invalid_json

ROUNDING = {"HalfEven": ROUND_HALF_EVEN, "HalfUp": ROUND_HALF_UP, "HalfDown": ROUND_HALF_DOWN}

# ISO 4217: the currencies that do not have two digits after the point.
_OTHER_DIGITS = dict.fromkeys(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ],
    0,
) | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)
_AMOUNT_MAX = 2**63 - 1  # amounts are 64-bit integers
_FRACTION_DIGITS_MAX = 20


def default_digits(currency: str) -> int:
    """Tell how many digits a currency has after the point."""
    return _OTHER_DIGITS.get(currency, 2)


def cents(amount: int, currency: str) -> Json:
    """Make a stored money value of so many minor units."""
    if abs(amount) > _AMOUNT_MAX:
        raise RefusedError(400, "MoneyOverflow", "A money operation overflows the 64-bit integer range.")
    return {
        "type": "centPrecision",
        "currencyCode": currency,
        "centAmount": amount,
        "fractionDigits": default_digits(currency),
    }


def stored_cents(draft: Json, where: str) -> Json:
    """Store a draft that can only be in minor units."""
    if "centAmount" not in draft:
        raise invalid_json(f"{where} -> centAmount: Missing required value")
    return cents(draft["centAmount"], draft["currencyCode"])


def stored(draft: Json, where: str, rounding: str = "HalfEven") -> Json:
    """Store a draft in minor units or in high precision, whose `centAmount` must be one of the two neighbours."""
    if draft.get("type") != "highPrecision":
        return stored_cents(draft, where)
    currency = draft["currencyCode"]
    digits = draft.get("fractionDigits")
    precise = draft.get("preciseAmount")
    if digits is None or precise is None:
        missing = "fractionDigits" if digits is None else "preciseAmount"
        raise invalid_json(f"{where} -> {missing}: Missing required value")
    default = default_digits(currency)
    if not default < digits <= _FRACTION_DIGITS_MAX:
        why = f"fractionDigits must be greater than {default} and at most {_FRACTION_DIGITS_MAX} for {currency}."
        raise invalid_field("fractionDigits", digits, why)
    if abs(precise) > _AMOUNT_MAX:
        raise RefusedError(400, "MoneyOverflow", "A money operation overflows the 64-bit integer range.")
    unit = 10 ** (digits - default)
    amount = draft.get("centAmount")
    if amount is None:
        amount = _rounded(Decimal(precise) / unit, rounding)
    elif amount not in (precise // unit, -(-precise // unit)):
        raise invalid_field("centAmount", amount, "centAmount must be rounded correctly from preciseAmount.")
    return {
        "type": "highPrecision",
        "currencyCode": currency,
        "centAmount": amount,
        "preciseAmount": precise,
        "fractionDigits": digits,
    }


def times(unit_price: Json, quantity: int, rounding: str) -> Json:
    """Give price times quantity; a price in high precision is multiplied first and rounded once."""
    currency = unit_price["currencyCode"]
    if unit_price["type"] == "centPrecision":
        return cents(unit_price["centAmount"] * quantity, currency)
    unit = 10 ** (unit_price["fractionDigits"] - default_digits(currency))
    return cents(_rounded(Decimal(unit_price["preciseAmount"] * quantity) / unit, rounding), currency)


def taxed(price: Json, rate: Json, rounding: str) -> Json:
    """Compute the taxed price of one line or of the shipping from its price and its tax rate."""
    amount, currency = price["centAmount"], price["currencyCode"]
    factor = 1 + Decimal(repr(rate["amount"]))
    if rate["includedInPrice"]:
        net, gross = _rounded(amount / factor, rounding), amount
    else:
        net, gross = amount, _rounded(amount * factor, rounding)
    portion = {"rate": rate["amount"], "amount": cents(gross - net, currency), "name": rate["name"]}
    return {
        "totalNet": cents(net, currency),
        "totalGross": cents(gross, currency),
        "taxPortions": [portion],
        "totalTax": cents(gross - net, currency),
    }


def taxed_times(unit_price: Json, quantity: int, rate: Json, rounding: str) -> Json:
    """Compute the taxed price of a line from the taxed price of one unit (tax calculation mode UnitPriceLevel)."""
    unit = taxed(cents(unit_price["centAmount"], unit_price["currencyCode"]), rate, rounding)
    net, gross = (unit[side]["centAmount"] * quantity for side in ("totalNet", "totalGross"))
    currency = unit_price["currencyCode"]
    portion = {"rate": rate["amount"], "amount": cents(gross - net, currency), "name": rate["name"]}
    return {
        "totalNet": cents(net, currency),
        "totalGross": cents(gross, currency),
        "taxPortions": [portion],
        "totalTax": cents(gross - net, currency),
    }


def stored_taxed(draft: Json, where: str) -> Json:
    """Store a taxed price as it was given; only the total tax is filled in where the draft has none."""
    net = stored_cents(draft["totalNet"], f"{where} -> totalNet")
    gross = stored_cents(draft["totalGross"], f"{where} -> totalGross")
    portions = [
        portion | {"amount": stored_cents(portion["amount"], f"{where} -> taxPortions -> amount")}
        for portion in draft.get("taxPortions", [])
    ]
    given = draft.get("totalTax")
    tax = (
        stored_cents(given, f"{where} -> totalTax")
        if given
        else cents(gross["centAmount"] - net["centAmount"], gross["currencyCode"])
    )
    return {"totalNet": net, "totalGross": gross, "taxPortions": portions, "totalTax": tax}


def _rounded(amount: Decimal, rounding: str) -> int:
    """Round to a whole number of minor units."""
    return int(amount.to_integral_value(ROUNDING[rounding]))
