"""Reading DATEV's Buchungsstapel again: the 31 fields of its first line, its 125 columns, and what the bookings say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from crossdock.exports.check_cells import Line, Text, read_day, read_rows, read_table
from crossdock.exports.check_tables import Found
from crossdock.exports.targets import DatevSettings, ExportedFile, ExportRefused

AMOUNT, SIDE, CURRENCY, RATE, BASE_AMOUNT, BASE_CURRENCY, ACCOUNT, AGAINST, KEY, DAY, DOCUMENT, MEMO = (
    "Umsatz (ohne Soll/Haben-Kz)",
    "Soll/Haben-Kennzeichen",
    "WKZ Umsatz",
    "Kurs",
    "Basis-Umsatz",
    "WKZ Basis-Umsatz",
    "Konto",
    "Gegenkonto (ohne BU-Schlüssel)",
    "BU-Schlüssel",
    "Belegdatum",
    "Belegfeld 1",
    "Buchungstext",
)
_COLUMNS = f"""{AMOUNT}|{SIDE}|{CURRENCY}|{RATE}|{BASE_AMOUNT}|{BASE_CURRENCY}|{ACCOUNT}|{AGAINST}|{KEY}|{DAY}|{DOCUMENT}
Belegfeld 2|Skonto|{MEMO}|Postensperre|Diverse Adressnummer|Geschäftspartnerbank|Sachverhalt|Zinssperre|Beleglink
Beleginfo*8
KOST1 - Kostenstelle|KOST2 - Kostenstelle|Kost-Menge|EU-Land u. UStID (Bestimmung)|EU-Steuersatz (Bestimmung)
Abw. Versteuerungsart|Sachverhalt L+L|Funktionsergänzung L+L
BU 49 Hauptfunktionstyp|BU 49 Hauptfunktionsnummer|BU 49 Funktionsergänzung
Zusatzinformation*20
Stück|Gewicht|Zahlweise|Forderungsart|Veranlagungsjahr|Zugeordnete Fälligkeit|Skontotyp|Auftragsnummer|Buchungstyp
USt-Schlüssel (Anzahlungen)|EU-Land (Anzahlungen)|Sachverhalt L+L (Anzahlungen)|EU-Steuersatz (Anzahlungen)
Erlöskonto (Anzahlungen)|Herkunft-Kz|Buchungs GUID|KOST-Datum|SEPA-Mandatsreferenz|Skontosperre|Gesellschaftername
Beteiligtennummer|Identifikationsnummer|Zeichnernummer|Postensperre bis|Bezeichnung SoBil-Sachverhalt
Kennzeichen SoBil-Buchung|Festschreibung|Leistungsdatum|Datum Zuord. Steuerperiode|Fälligkeit|Generalumkehr (GU)
Steuersatz|Land|Abrechnungsreferenz|BVV-Position|EU-Land u. UStID (Ursprung)|EU-Steuersatz (Ursprung)|Abw. Skontokonto"""
COLUMNS_COUNT, HEADER_COUNT = 125, 31
# What is written in quotes, by its place in the first line (from 1).
_HEADER_QUOTED = {1, 4, 8, 9, 10, 17, 18, 22, 24, 27, 30, 31}
# What a cell must be, as DATEV's page gives it; the last is whether it stands in quotes.
_FORMS = (
    (AMOUNT, r"\d{1,10},\d\d", False),
    (SIDE, r"[SH]", True),
    (CURRENCY, r"[A-Z]{3}", True),
    (RATE, r"(\d{1,4},\d{6})?", False),
    (BASE_AMOUNT, r"(\d{1,10},\d\d)?", False),
    (BASE_CURRENCY, r"([A-Z]{3})?", True),
    (ACCOUNT, r"\d{1,9}", False),
    (AGAINST, r"\d{1,9}", False),
    (KEY, r"(\d{1,4})?", True),
    (DAY, r"\d{4}", False),
    (DOCUMENT, r"[A-Za-z0-9$&%*+/-]{1,36}", True),
    (MEMO, r".{1,60}", True),
)


def read_datev(file: ExportedFile, settings: DatevSettings) -> Iterator[Found]:
    """What the bookings of a file say; ExportRefused where it is not as DATEV takes it."""
    if not re.fullmatch(r"EXTF_[\w-]+\.csv", file.name, re.ASCII):
        raise ExportRefused(file.name, 1, "", "the name is not EXTF_*.csv")
    rows = read_rows(file, "cp1252", ";")
    first, last = _period(file, rows[0], settings)
    numbers = {AMOUNT, RATE, BASE_AMOUNT}
    for line in read_table(file, rows, columns(), 2):
        for column, form, quoted in _FORMS:
            if not re.fullmatch(form, line.text(column), re.ASCII) or line.cells[column].quoted != quoted:
                raise line.refuse(column, f"has not the form {form}" + (" in quotes" if quoted else ""))
        line.refuse_formulas([column for column, cell in line.cells.items() if cell.text and column not in numbers])
        yield _found(line, first, last, settings)


def columns() -> list[str]:
    """The 125 names of the second line."""
    names: list[str] = []
    for part in _COLUMNS.replace("\n", "|").split("|"):
        kind, star, count = part.partition("*")
        if star:
            for number in range(int(count)):
                names += [f"{kind} - Art {number + 1}", f"{kind} - Inhalt {number + 1}"]
        else:
            names.append(kind)
    assert len(names) == COLUMNS_COUNT
    return names


def _period(file: ExportedFile, cells: list[Text], settings: DatevSettings) -> tuple[date, date]:
    """The days between which all bookings are, from a first line that is as it must be."""
    if len(cells) != HEADER_COUNT:
        raise ExportRefused(file.name, 1, "", f"has {len(cells)} fields, not {HEADER_COUNT}")
    fields = {number: cell.text for number, cell in enumerate(cells, 1)}
    told = f"EXTF|700|21|Buchungsstapel|13|?||CD|Crossdock||{settings.consultant}|{settings.client}|?|{settings.account_length}"
    told += f"|?|?|{settings.label}||1|0|{1 if settings.locked else 0}|{settings.currency}|||||{settings.chart}||||"
    wanted = {number: text for number, text in enumerate(told.split("|"), 1) if text != "?"}
    for number, cell in enumerate(cells, 1):
        if cell.quoted != (number in _HEADER_QUOTED) or wanted.get(number, cell.text) != cell.text:
            raise ExportRefused(file.name, 1, str(number), f"must be {wanted.get(number, 'a number')}")
    if not re.fullmatch(r"20\d{15}", fields[6], re.ASCII):
        raise ExportRefused(file.name, 1, "6", "is no moment")
    line = Line(file.name, 1, {str(number): cell for number, cell in enumerate(cells, 1)})
    begins, first, last = (_day(line, number) for number in ("13", "15", "16"))
    next_year = date(begins.year + 1, begins.month, 1)
    if begins.day != 1 or begins.month != settings.fiscal_year_month or not begins <= first <= last < next_year:
        raise ExportRefused(file.name, 1, "13", "the period is not inside the fiscal year")
    if first.day != 1 or (last + timedelta(days=1)).day != 1 or (first.year, first.month) != (last.year, last.month):
        raise ExportRefused(file.name, 1, "15", "the period is no month")
    return first, last


def _day(line: Line, number: str) -> date:
    """A day of the first line, JJJJMMTT."""
    text = line.text(number)
    if not re.fullmatch(r"\d{8}", text, re.ASCII):
        raise line.refuse(number, "is no day")
    return read_day(line, number, (int(text[:4]), int(text[4:6]), int(text[6:])))


def _found(line: Line, first: date, last: date, settings: DatevSettings) -> Found:
    amount = line.amount(AMOUNT, ",")
    if not amount:
        raise line.refuse(AMOUNT, "is 0")
    if line.text(AGAINST) != settings.clearing_account or line.text(ACCOUNT) == settings.clearing_account:
        raise line.refuse(AGAINST, f"must be the clearing account {settings.clearing_account}, and the account another")
    if max(len(line.text(ACCOUNT)), len(line.text(AGAINST))) > settings.account_length + 1:
        raise line.refuse(ACCOUNT, "is longer than the accounts are")
    text = line.text(DAY)
    # Day and month only: the year is the period's.
    on = read_day(line, DAY, (first.year, int(text[2:]), int(text[:2])))
    if not first <= on <= last:
        raise line.refuse(DAY, "is not inside the period")
    is_foreign = line.text(CURRENCY) != settings.currency
    base = (line.text(RATE), line.text(BASE_AMOUNT), line.text(BASE_CURRENCY))
    if (is_foreign and (not all(base) or base[2] != settings.currency)) or (not is_foreign and any(base)):
        raise line.refuse(
            RATE, "a rate and an amount of the books' currency stand with a foreign currency, and only there"
        )
    return Found(
        line=line,
        name=line.text(DOCUMENT),
        amount=amount if line.text(SIDE) == "S" else -amount,
        amount_column=AMOUNT,
        account=line.text(ACCOUNT),
        account_column=ACCOUNT,
        on=on,
        currency=line.text(CURRENCY),
        memo=line.text(MEMO),
        tax_code=line.text(KEY),
        decimals=2,
    )
