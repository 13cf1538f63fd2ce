"""Reading the tables again: what each target's file must have, and what its lines say, from tables of the checker's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from crossdock.exports.check_cells import Line, Text, read_rows, read_table
from crossdock.exports.targets import (
    CsvSettings,
    DateForm,
    ExportedFile,
    ExportRefused,
    IntacctSettings,
    NetSuiteSettings,
    QuickBooksSettings,
    Sage50Settings,
    XeroSettings,
)

XERO_LINES = 300
_XERO = "*Narration *Date Description *AccountCode *TaxRate *Amount TrackingName1 TrackingOption1 TrackingName2 TrackingOption2"
_QUICKBOOKS = "Journal No.|Journal Date|Account Name|Debits|Credits|Description|Name|Memo"
_NETSUITE = "ExternalID|Date|Currency|Exchange Rate|Subsidiary|Memo|Account|Debit|Credit|Line Memo|Name|Department|Class|Location|Tax Code"
_SAGE50 = (
    "Type|Account Reference|Nominal A/C Ref|Department Code|Date|Reference|Details|Net Amount|Tax Code|Tax Amount|"
    "Exchange Rate|Extra Reference|User Name|Project Refn|Cost Code Refn"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A line of an entry as a file says it. `decimals`: how many the file must write, None for the currency's; None or empty where it does not say a thing.

    `home`: the books' currency, whose own rate may be left out.
    """

    line: Line
    name: str
    amount: Decimal
    amount_column: str
    account: str = ""
    account_column: str = ""
    on: date | None = None
    currency: str = ""
    memo: str | None = None
    decimals: int | None = None
    named: bool = False
    tax_code: str | None = None
    rate: Decimal | None = None
    rate_column: str = ""
    home: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a target's table is read: its header, where each thing stands, and which columns are numbers.

    `named`: accounts are told by name; `head`: what stands on the first line of an entry only; `side`: a column, and its words for debit and credit.
    """

    header: tuple[str, ...]
    name: str
    debit: str = ""
    credit: str = ""
    amount: str = ""
    side: tuple[str, str, str] = ("", "", "")
    account: str = ""
    day: str = ""
    form: DateForm = "dd/mm/yyyy"
    currency: str = ""
    memo: str = ""
    numbers: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    encoding: str = "utf-8"
    separator: str = ","
    mark: str = "."
    lines_max: int = 0
    named: bool = False
    tax: str = ""
    rate: str = ""
    home: str = ""
    forms: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()


def read_again(file: ExportedFile, reading: Reading) -> Iterator[Found]:
    """What a file says, line by line; ExportRefused where it is not written as it must be."""
    rows = read_rows(file, reading.encoding, reading.separator)
    if reading.lines_max and len(rows) - 1 > reading.lines_max:
        raise ExportRefused(file.name, reading.lines_max + 2, "", f"has more than {reading.lines_max} lines")
    texts = _texts(reading)
    head: dict[str, Text] = {}
    for line in read_table(file, rows, reading.header, 1):
        line.refuse_formulas(texts)
        for column in reading.required:
            if not line.text(column):
                raise line.refuse(column, "is empty")
        for column, most in reading.limits:
            if len(line.text(column)) > most:
                raise line.refuse(column, f"has more than {most} characters")
        for column, form in reading.forms:
            if not re.fullmatch(form, line.text(column), re.ASCII):
                raise line.refuse(column, f"has not the form {form}")
        head = _head(line, reading, head)
        yield _found(line, reading, head)


def _texts(reading: Reading) -> Sequence[str]:
    numbers = {reading.debit, reading.credit, reading.amount, reading.rate, *reading.numbers}
    return [column for column in reading.header if column not in numbers]


def _head(line: Line, reading: Reading, before: dict[str, Text]) -> dict[str, Text]:
    """What a line says of its entry; where the head stands on the first line only, what that said."""
    here = {column: line.cells[column] for column in reading.head}
    if all(cell.text for cell in here.values()):
        return here
    if any(cell.text for cell in here.values()) or not before:
        raise line.refuse(reading.name, "is empty where the head of an entry must stand")
    return before


def _found(line: Line, reading: Reading, head: dict[str, Text]) -> Found:
    amount, column = _amount(line, reading)
    whole = Line(line.file, line.number, {**line.cells, **head})
    return Found(
        line=line,
        # Xero's narration begins with it.
        name=whole.text(reading.name).split(" ", 1)[0],
        amount=amount,
        amount_column=column,
        account=line.text(reading.account) if reading.account else "",
        account_column=reading.account,
        on=whole.day(reading.day, reading.form) if reading.day else None,
        currency=line.text(reading.currency) if reading.currency else "",
        memo=whole.text(reading.memo) if reading.memo else None,
        named=reading.named,
        tax_code=line.text(reading.tax) if reading.tax else None,
        rate=line.amount(reading.rate, reading.mark) if reading.rate else None,
        rate_column=reading.rate,
        home=reading.home,
    )


def _amount(line: Line, reading: Reading) -> tuple[Decimal, str]:
    """Debit above zero, and the column that says it."""
    if reading.amount:
        amount = line.amount(reading.amount, reading.mark)
        if not amount:
            raise line.refuse(reading.amount, "has no amount")
        column, debit, credit = reading.side
        if not column:
            return amount, reading.amount
        if amount < 0 or line.text(column) not in {debit, credit}:
            raise line.refuse(column, f"must be {debit} or {credit}, of an amount above zero")
        return (amount if line.text(column) == debit else -amount), reading.amount
    debited, credited = line.amount(reading.debit, reading.mark), line.amount(reading.credit, reading.mark)
    if (debited is None) == (credited is None) or (debited or credited or Decimal(0)) <= 0:
        raise line.refuse(reading.debit, "must be a debit or a credit above zero")
    return (debited, reading.debit) if debited is not None else (-(credited or Decimal(0)), reading.credit)


def xero(settings: XeroSettings) -> Reading:
    """Xero's manual journals."""
    return Reading(
        header=tuple(_XERO.split(" ")),
        name="*Narration",
        amount="*Amount",
        account="*AccountCode",
        day="*Date",
        form=settings.date_form,
        memo="*Narration",
        tax="*TaxRate",
        required=("*Narration", "*Date", "*AccountCode", "*TaxRate", "*Amount"),
        lines_max=XERO_LINES,
    )


def quickbooks(settings: QuickBooksSettings) -> Reading:
    """QuickBooks' journal entries."""
    more = ("Currency", "Exchange rate") if settings.multicurrency else ()
    return Reading(
        header=(*_QUICKBOOKS.split("|"), *more),
        name="Journal No.",
        debit="Debits",
        credit="Credits",
        account="Account Name",
        day="Journal Date",
        form=settings.date_form,
        currency="Currency" if settings.multicurrency else "",
        memo="Memo",
        rate="Exchange rate" if settings.multicurrency else "",
        home=settings.currency,
        required=("Journal No.", "Journal Date", "Account Name"),
        limits=(("Journal No.", 21),),
        named=True,
    )


def netsuite(settings: NetSuiteSettings) -> Reading:
    """NetSuite's journal entries."""
    return Reading(
        header=tuple(_NETSUITE.split("|")),
        name="ExternalID",
        debit="Debit",
        credit="Credit",
        account="Account",
        day="Date",
        form=settings.date_form,
        currency="Currency",
        memo="Memo",
        tax="Tax Code",
        rate="Exchange Rate",
        home=settings.currency,
        required=("ExternalID", "Date", "Currency", "Exchange Rate", "Memo", "Account"),
    )


def sage50(_settings: Sage50Settings) -> Reading:
    """The audit trail of Sage 50."""
    return Reading(
        header=tuple(_SAGE50.split("|")),
        name="Reference",
        amount="Net Amount",
        side=("Type", "JD", "JC"),
        account="Nominal A/C Ref",
        day="Date",
        memo="Details",
        tax="Tax Code",
        numbers=("Tax Amount", "Exchange Rate"),
        forms=(("Tax Amount", r"0(\.0+)?"), ("Exchange Rate", "1"), ("Tax Code", r"T\d{1,2}")),
        required=("Type", "Nominal A/C Ref", "Date", "Net Amount", "Tax Code"),
        limits=(("Nominal A/C Ref", 8), ("Reference", 30), ("Details", 60), ("Extra Reference", 30), ("User Name", 32)),
        encoding="cp1252",
    )


def intacct(settings: IntacctSettings) -> Reading:
    """Sage Intacct's journals, in the company's own columns."""
    has = set(settings.columns)
    return Reading(
        header=settings.columns,
        name="REFERENCE_NO",
        debit="DEBIT",
        credit="CREDIT",
        account="ACCT_NO",
        day="DATE",
        form=settings.date_form,
        currency="CURRENCY" if "CURRENCY" in has - set(settings.fixed) else "",
        memo="DESCRIPTION" if "DESCRIPTION" in has - set(settings.fixed) else "",
        rate="EXCHANGE_RATE" if "EXCHANGE_RATE" in has - set(settings.fixed) else "",
        home=settings.currency,
        required=("LINE_NO", "ACCT_NO"),
        head=(
            "JOURNAL",
            "DATE",
            "REFERENCE_NO",
            *(["DESCRIPTION"] if "DESCRIPTION" in has - set(settings.fixed) else []),
        ),
    )


def plain_table(settings: CsvSettings) -> Reading:
    """The columns of one's own."""
    at = {source: heading for heading, source in settings.columns}
    both = "debit" in at and "credit" in at
    return Reading(
        header=tuple(heading for heading, _ in settings.columns),
        name=at.get("entry") or at["posting_key"],
        debit=at["debit"] if both else "",
        credit=at["credit"] if both else "",
        amount="" if both else at["amount"],
        account=at.get("account", ""),
        day=at.get("date", ""),
        form=settings.date_form,
        currency=at.get("currency", ""),
        memo=at.get("memo", ""),
        # What the encoding lacks is written otherwise.
        tax=at.get("tax_code", "") if settings.encoding != "cp1252" else "",
        rate=at.get("rate", ""),
        numbers=(at["amount"],) if "amount" in at else (),
        encoding=settings.encoding,
        separator=settings.delimiter,
        mark=settings.decimal_mark,
    )


def letters(text: str) -> str:
    """What of a name neither an apostrophe nor a line end changes."""
    return "".join(character for character in text if character.isalnum())
