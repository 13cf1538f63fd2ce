"""What a merchant says of each ledger that entries go to, and what an export gives: files, or why they are refused.

Rule: values only; writers and the checker know nothing of each other but these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias, get_args

from crossdock.errors import DataError

DateForm = Literal["dd/mm/yyyy", "mm/dd/yyyy", "yyyy-mm-dd", "dd.mm.yyyy"]
# What a column of one's own may hold; `csv` in docs/exports.md says what each is.
Source = Literal[
    "entry",
    "posting_key",
    "date",
    "month",
    "line",
    "account",
    "account_name",
    "account_key",
    "tax_code",
    "marketplace",
    "tax_treatment",
    "text",
    "debit",
    "credit",
    "amount",
    "currency",
    "rate",
    "memo",
]
CSV_COLUMNS: tuple[tuple[str, Source], ...] = (
    ("entry", "entry"),
    ("date", "date"),
    ("account", "account"),
    ("account_name", "account_name"),
    ("debit", "debit"),
    ("credit", "credit"),
    ("currency", "currency"),
    ("memo", "memo"),
    ("marketplace", "marketplace"),
    ("tax_treatment", "tax_treatment"),
    ("tax_code", "tax_code"),
    ("posting_key", "posting_key"),
)
# Sage Intacct's columns as its help names them; a company's own template may have others, and in another order.
INTACCT_COLUMNS = (
    *("JOURNAL", "DATE", "REVERSEDATE", "DESCRIPTION", "REFERENCE_NO", "LINE_NO", "ACCT_NO", "LOCATION_ID", "DEPT_ID"),
    *("DOCUMENT", "MEMO", "DEBIT", "CREDIT", "CURRENCY", "EXCH_RATE_DATE", "EXCH_RATE_TYPE_ID", "EXCHANGE_RATE"),
)
_INTACCT_NEEDS = {"JOURNAL", "DATE", "REFERENCE_NO", "LINE_NO", "ACCT_NO", "DEBIT", "CREDIT"}
# What DATEV takes in its first line (developer.datev.de, header).
_DATEV_NUMBERS = {
    "consultant": (1001, 9_999_999),
    "client": (1, 99_999),
    "account_length": (4, 8),
    "fiscal_year_month": (1, 12),
}
_DATEV_TEXTS = {
    "clearing_account": r"\d{4,9}",
    "currency": r"[A-Z]{3}",
    "label": r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,29}",
    "chart": r"(\d\d)?",
}
# More is no file of entries but a mistake.
COLUMNS_MAX = 100


class ExportedFile(NamedTuple):
    """A file as it is handed over."""

    name: str
    content: bytes


class ExportRefused(DataError):
    """What an export wrote is not what it was given: nothing is handed over."""

    def __init__(self, file: str, line: int, column: str, what: str) -> None:
        """`line` counts from 1; `column` is its name, or empty where it is the whole line."""
        super().__init__(f"{file}, line {line}" + (f", column {column}" if column else ""), what)
        self.file = file
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class XeroSettings:
    """`currency`: the organisation's, the only one its journals have; `tracking`: the category whose options are the marketplaces, or none."""

    currency: str
    date_form: DateForm = "dd/mm/yyyy"
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class QuickBooksSettings:
    """`multicurrency`: the company has it switched on; `names`: customer or vendor by our account key, which receivable and payable lines need."""

    currency: str
    multicurrency: bool = False
    date_form: DateForm = "mm/dd/yyyy"
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NetSuiteSettings:
    """`currency`: the subsidiary's; `subsidiary` and the segments stand on every line, or nowhere where they are empty."""

    currency: str
    subsidiary: str = ""
    department: str = ""
    class_name: str = ""
    location: str = ""
    date_form: DateForm = "mm/dd/yyyy"


@dataclass(frozen=True, slots=True)
class DatevSettings:
    """`clearing_account`: the Gegenkonto of every line; `made_at`: when the files are made; `fiscal_year_month`: the month a fiscal year begins with."""

    consultant: int
    client: int
    account_length: int
    clearing_account: str
    made_at: datetime
    fiscal_year_month: int = 1
    currency: str = "EUR"
    label: str = "Amazon"
    chart: str = ""
    locked: bool = False

    def __post_init__(self) -> None:
        """ValueError where DATEV would not read the header."""
        numbers = {
            "consultant": self.consultant,
            "client": self.client,
            "account_length": self.account_length,
            "fiscal_year_month": self.fiscal_year_month,
        }
        texts = {
            "clearing_account": self.clearing_account,
            "currency": self.currency,
            "label": self.label,
            "chart": self.chart,
        }
        _refuse(
            [
                *(
                    f"{name} must be from {least} to {most}"
                    for name, (least, most) in _DATEV_NUMBERS.items()
                    if not least <= numbers[name] <= most
                ),
                *(
                    f"{name} has not the form {form}"
                    for name, form in _DATEV_TEXTS.items()
                    if not re.fullmatch(form, texts[name], re.ASCII)
                ),
            ]
        )


@dataclass(frozen=True, slots=True)
class Sage50Settings:
    """`currency`: the company's, the only one its journals have; `user_name` and `department` stand on every line."""

    currency: str
    department: int = 0
    user_name: str = "Crossdock"


@dataclass(frozen=True, slots=True)
class IntacctSettings:
    """`columns`: those of the company's own template, in its order; `fixed`: what stands in a column that is not ours to fill (`LOCATION_ID`)."""

    currency: str
    journal: str = "GJ"
    columns: tuple[str, ...] = INTACCT_COLUMNS
    fixed: Mapping[str, str] = field(default_factory=dict)
    date_form: DateForm = "mm/dd/yyyy"

    def __post_init__(self) -> None:
        """ValueError where an entry could not be told, or a column is named twice."""
        missing = sorted(_INTACCT_NEEDS - set(self.columns))
        unknown = sorted(set(self.fixed) - set(self.columns))
        ours = sorted(_INTACCT_NEEDS & set(self.fixed))
        wrong = [
            *([f"columns must have {', '.join(missing)}"] if missing else []),
            *([f"fixed has {', '.join(unknown)}, which is no column"] if unknown else []),
            *([f"{', '.join(ours)} cannot be fixed"] if ours else []),
        ]
        _refuse(wrong, self.columns)


@dataclass(frozen=True, slots=True)
class BeancountSettings:
    """`opens`: whether the file opens its accounts, as a file does that stands alone; false where the merchant's own file does."""

    opens: bool = True
    payee: str = "Amazon"


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """`columns`: heading and what stands below it, in their order."""

    columns: tuple[tuple[str, Source], ...] = CSV_COLUMNS
    delimiter: Literal[",", ";", "\t", "|"] = ","
    decimal_mark: Literal[".", ","] = "."
    date_form: DateForm = "yyyy-mm-dd"
    encoding: Literal["utf-8", "utf-8-sig", "cp1252"] = "utf-8"

    def __post_init__(self) -> None:
        """ValueError where the file could not be read again."""
        sources = {source for _, source in self.columns}
        unknown = sorted(sources - set(get_args(Source)))
        wrong = [
            *([f"columns cannot hold {', '.join(unknown)}"] if unknown else []),
            *(["columns must have entry or posting_key"] if not sources & {"entry", "posting_key"} else []),
            *(["columns must have amount, or debit and credit"] if not _has_amounts(sources) else []),
            *(["columns have names that the encoding cannot hold"] if not _fits(self.columns, self.encoding) else []),
            *(["delimiter and decimal mark are the same"] if self.delimiter == self.decimal_mark else []),
        ]
        _refuse(wrong, tuple(heading for heading, _ in self.columns))


Settings: TypeAlias = (
    XeroSettings
    | QuickBooksSettings
    | NetSuiteSettings
    | DatevSettings
    | Sage50Settings
    | IntacctSettings
    | BeancountSettings
    | CsvSettings
)


def _has_amounts(sources: set[Source]) -> bool:
    return "amount" in sources or {"debit", "credit"} <= sources


def _fits(columns: tuple[tuple[str, Source], ...], encoding: str) -> bool:
    text = "".join(heading for heading, _ in columns)
    return text.encode(encoding, "replace").decode(encoding) == text


def _refuse(wrong: list[str], headings: tuple[str, ...] = ()) -> None:
    if len(set(headings)) < len(headings) or len(headings) > COLUMNS_MAX:
        wrong.append(f"columns must have different names, and be at most {COLUMNS_MAX}")
    if any(not heading.isprintable() or heading.strip("=+-@") != heading or not heading for heading in headings):
        wrong.append("columns must have plain names")
    if wrong:
        raise ValueError("; ".join(wrong))
