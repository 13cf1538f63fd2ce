"""The same entries as each ledger's journal, written here as its import page says, so that the verifier's reading is tested against it."""

from collections.abc import Callable, Iterable

from tests.verify.certified import Settlement

Line = tuple[str, str, str, int, str]  # entry, day, account, debit, memo


def entry_lines(settlement: Settlement, mark: str) -> list[Line]:
    """Entry, day, account, debit and memo of each line of a journal."""
    number = settlement.certificate["settlement"]["settlement_id"]
    return [
        (f"{number}-{entry['number']}", entry["on"], posting["account"], posting["debit"], f"Amazon {number} {mark}")
        for entry in settlement.certificate["entries"]
        for posting in entry["postings"]
        if posting["debit"]
    ]


def decimal(minor: int, point: str = ".") -> str:
    """Whole cents as a decimal."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}{point}{abs(minor) % 100:02}"


def as_csv(lines: Iterable[Line]) -> str:
    """The generic journal."""
    text = (
        "entry,date,account,account_name,debit,credit,currency,memo,marketplace,tax_treatment,tax_code,posting_key\r\n"
    )
    for entry, day, account, debit, memo in lines:
        sides = f"{decimal(debit)}," if debit > 0 else f",{decimal(-debit)}"
        text += f'{entry},{day},{account},"Name, of it",{sides},EUR,{memo},,,,\r\n'
    return text


def as_datev(lines: Iterable[Line]) -> str:
    """DATEV's journal."""
    text = '"EXTF";700;21;"Buchungsstapel";13\r\n"Umsatz";"Soll/Haben-Kennzeichen"\r\n'
    for entry, _, _, debit, memo in lines:
        side = "S" if debit > 0 else "H"
        text += f'{decimal(abs(debit), ",")};"{side}";"EUR";;;"";8400;1590;"";3110;"{entry}";"";;"{memo}"\r\n'
    return text


def as_beancount(lines: Iterable[Line]) -> str:
    """A plain-text journal."""
    text, opened = "; written by hand\n2026-01-01 open Assets:Amazon\n", ""
    for entry, day, account, debit, memo in lines:
        if entry != opened:
            text += f'\n{day} * "Amazon" "{memo}"\n  entry: "{entry}"\n'
            opened = entry
        text += f'  Assets:{account.title().replace(".", ":")}  {decimal(debit)} EUR\n    row: "x"\n'
    return text


def as_xero(lines: Iterable[Line]) -> str:
    """Xero's manual journal."""
    text = "*Narration,*Date,Description,*AccountCode,*TaxRate,*Amount\r\n"
    return text + "".join(
        f"{entry} {memo},{day},,{account},None,{decimal(debit)}\r\n" for entry, day, account, debit, memo in lines
    )


def as_quickbooks(lines: Iterable[Line]) -> str:
    """QuickBooks' journal."""
    text = "Journal No.,Journal Date,Account Name,Debits,Credits,Description,Currency,Memo\r\n"
    for entry, day, account, debit, memo in lines:
        sides = f"{decimal(debit)}," if debit > 0 else f",{decimal(-debit)}"
        text += f"{entry},{day},{account},{sides},,EUR,{memo}\r\n"
    return text


def as_netsuite(lines: Iterable[Line]) -> str:
    """NetSuite's journal."""
    text = "ExternalID,Date,Currency,Memo,Account,Debit,Credit\r\n"
    for entry, day, account, debit, memo in lines:
        sides = f"{decimal(debit)}," if debit > 0 else f",{decimal(-debit)}"
        text += f"{entry},{day},EUR,{memo},{account},{sides}\r\n"
    return text


def as_sage(lines: Iterable[Line]) -> str:
    """Sage 50's audit trail."""
    text = "Type,Account Reference,Nominal A/C Ref,Department Code,Date,Reference,Details,Net Amount,Tax Code,Tax Amount\r\n"
    for entry, day, _, debit, memo in lines:
        text += f"{'JD' if debit > 0 else 'JC'},,4000,0,{day},{entry},{memo},{decimal(abs(debit))},T9,0.00\r\n"
    return text


def as_intacct(lines: Iterable[Line]) -> str:
    """Sage Intacct's journal: what belongs to the entry stands on its first line only."""
    text, opened = "JOURNAL,DATE,DESCRIPTION,REFERENCE_NO,LINE_NO,ACCT_NO,MEMO,DEBIT,CREDIT,CURRENCY\r\n", ""
    for entry, day, account, debit, memo in lines:
        head = f"GJ,{day},{memo},{entry}" if entry != opened else ",,,"
        opened = entry
        sides = f"{decimal(debit)}," if debit > 0 else f",{decimal(-debit)}"
        text += f"{head},1,{account},,{sides},EUR\r\n"
    return text


JOURNALS: dict[str, Callable[[Iterable[Line]], str]] = {
    "journal.csv": as_csv,
    "EXTF_journal.csv": as_datev,
    "journal.beancount": as_beancount,
    "xero.csv": as_xero,
    "quickbooks.csv": as_quickbooks,
    "netsuite.csv": as_netsuite,
    "sage.csv": as_sage,
    "intacct.csv": as_intacct,
}
