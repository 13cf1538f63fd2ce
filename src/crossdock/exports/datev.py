"""DATEV: the Buchungsstapel in DATEV's format (EXTF 700, category 21, version 13), as developer.datev.de describes it.

Rule: each posting is one line against the clearing account, always positive, S or H for the account in `Konto`; a file has one month, so one period
and one fiscal year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from crossdock.domain.ledger import Demands, ExportEntry
from crossdock.domain.money import MINOR_DIGITS, round_half_even
from crossdock.domain.settlement import month_after
from crossdock.errors import DataError
from crossdock.exports.table import Cell, Column, Dialect, exact, refuse_without_rate, rows_of, write_table
from crossdock.exports.targets import DatevSettings, ExportedFile

DEMANDS = Demands(memo_length=60)
DIALECT = Dialect(encoding="cp1252", delimiter=";", decimal_mark=",", quotes_texts=True)

_BEFORE_INFO = (
    "Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;Basis-Umsatz;WKZ Basis-Umsatz;Konto;"
    "Gegenkonto (ohne BU-Schlüssel);BU-Schlüssel;Belegdatum;Belegfeld 1;Belegfeld 2;Skonto;Buchungstext;Postensperre;"
    "Diverse Adressnummer;Geschäftspartnerbank;Sachverhalt;Zinssperre;Beleglink"
)
_BEFORE_NOTES = (
    "KOST1 - Kostenstelle;KOST2 - Kostenstelle;Kost-Menge;EU-Land u. UStID (Bestimmung);EU-Steuersatz (Bestimmung);"
    "Abw. Versteuerungsart;Sachverhalt L+L;Funktionsergänzung L+L;BU 49 Hauptfunktionstyp;"
    "BU 49 Hauptfunktionsnummer;BU 49 Funktionsergänzung"
)
_AFTER_NOTES = (
    "Stück;Gewicht;Zahlweise;Forderungsart;Veranlagungsjahr;Zugeordnete Fälligkeit;Skontotyp;Auftragsnummer;"
    "Buchungstyp;USt-Schlüssel (Anzahlungen);EU-Land (Anzahlungen);Sachverhalt L+L (Anzahlungen);"
    "EU-Steuersatz (Anzahlungen);Erlöskonto (Anzahlungen);Herkunft-Kz;Buchungs GUID;KOST-Datum;SEPA-Mandatsreferenz;"
    "Skontosperre;Gesellschaftername;Beteiligtennummer;Identifikationsnummer;Zeichnernummer;Postensperre bis;"
    "Bezeichnung SoBil-Sachverhalt;Kennzeichen SoBil-Buchung;Festschreibung;Leistungsdatum;Datum Zuord. Steuerperiode;"
    "Fälligkeit;Generalumkehr (GU);Steuersatz;Land;Abrechnungsreferenz;BVV-Position;EU-Land u. UStID (Ursprung);"
    "EU-Steuersatz (Ursprung);Abw. Skontokonto"
)
# The columns that are texts, and stand in quotes even where they are empty, beside those that we fill.
_TEXTS = (
    "Belegfeld 2;Diverse Adressnummer;Beleglink;KOST1 - Kostenstelle;KOST2 - Kostenstelle;EU-Land u. UStID (Bestimmung);"
    "Abw. Versteuerungsart;Forderungsart;Auftragsnummer;Buchungstyp;EU-Land (Anzahlungen);Herkunft-Kz;Buchungs GUID;"
    "SEPA-Mandatsreferenz;Gesellschaftername;Identifikationsnummer;Zeichnernummer;Bezeichnung SoBil-Sachverhalt;"
    "Generalumkehr (GU);Land;EU-Land u. UStID (Ursprung)"
)
# What we add to a line as DATEV's free notes: kind, and where it comes from.
_NOTES = (
    ("Crossdock", "posting_key"),
    ("Konto Crossdock", "account_key"),
    ("Marktplatz", "marketplace"),
    ("Steuer", "tax_treatment"),
)
_FILLED = {
    column.name: column
    for column in (
        Column("Umsatz (ohne Soll/Haben-Kz)", "size", "amount", length_max=10, required=True, decimals=2),
        Column("Soll/Haben-Kennzeichen", "side", "code", required=True),
        Column("WKZ Umsatz", "currency", "code", length_max=3, required=True),
        Column("Kurs", "per_base", "rate", length_max=4, decimals=6),
        Column("Basis-Umsatz", "base_size", "amount", length_max=10, decimals=2),
        Column("WKZ Basis-Umsatz", "base_currency", "code", length_max=3),
        Column("Konto", "account", "number", length_max=9, required=True, pattern=r"\d{1,9}"),
        Column("Gegenkonto (ohne BU-Schlüssel)", "clearing", "number", required=True, pattern=r"\d{1,9}"),
        Column("BU-Schlüssel", "tax_code", "code", pattern=r"\d{1,4}"),
        Column("Belegdatum", "date", "day", required=True),
        Column("Belegfeld 1", "entry", "code", length_max=36, required=True, pattern=r"[A-Za-z0-9$&%*+\-/]+"),
        Column("Buchungstext", "memo", length_max=60, required=True),
        Column("Festschreibung", "locked", "whole"),
        *(Column(f"Zusatzinformation - Art {n}", f"note {n}", length_max=20) for n in range(1, 5)),
        *(
            Column(f"Zusatzinformation - Inhalt {n}", source, length_max=210, cut=True)
            for n, (_, source) in enumerate(_NOTES, 1)
        ),
    )
}


def _names() -> Iterator[str]:
    """The 125 columns."""
    yield from _BEFORE_INFO.split(";")
    yield from (f"Beleginfo - {what} {number}" for number in range(1, 9) for what in ("Art", "Inhalt"))
    yield from _BEFORE_NOTES.split(";")
    yield from (f"Zusatzinformation - {what} {number}" for number in range(1, 21) for what in ("Art", "Inhalt"))
    yield from _AFTER_NOTES.split(";")


def _column(name: str) -> Column:
    is_text = name in _TEXTS.split(";") or name.startswith(("Beleginfo", "Zusatzinformation"))
    return _FILLED.get(name) or Column(name, form="text" if is_text else "whole")


COLUMNS = tuple(_column(name) for name in _names())


def write_datev(entries: Sequence[ExportEntry], settings: DatevSettings) -> Iterator[ExportedFile]:
    """A file for each month; DataError for an entry in a foreign currency without a rate, or an account that is too long."""
    refuse_without_rate(entries, settings.currency, "datev")
    for entry in entries:
        if any(line.number == settings.clearing_account for line in entry.lines):
            what = f"has a line on {settings.clearing_account}, which is the clearing account of all lines"
            raise DataError(f"datev, entry {entry.entry_id}", what)
    # Accounts of customers and suppliers have one digit more than those of the ledger.
    columns = [
        replace(column, length_max=settings.account_length + 1) if column.form == "number" else column
        for column in COLUMNS
    ]
    by_month: dict[date, list[ExportEntry]] = defaultdict(list)
    for entry in entries:
        by_month[entry.on.replace(day=1)].append(entry)
    for month, part in sorted(by_month.items()):
        rows = [row for entry in part for row in _rows(entry, settings)]
        text = header(settings, month) + write_table(columns, rows, DIALECT, "datev")
        yield ExportedFile(f"EXTF_Buchungsstapel-{month:%Y-%m}.csv", text.encode(DIALECT.encoding))


def header(settings: DatevSettings, month: date) -> str:
    """The 31 fields of the first line, for the bookings of a month."""
    begins = date(month.year - (month.month < settings.fiscal_year_month), settings.fiscal_year_month, 1)
    made = f"{settings.made_at:%Y%m%d%H%M%S}{settings.made_at.microsecond // 1000:03d}"
    to = month_after(month) - timedelta(days=1)
    fields = (
        *('"EXTF"', "700", "21", '"Buchungsstapel"', "13", made, "", '"CD"', '"Crossdock"', '""'),
        *(str(settings.consultant), str(settings.client), f"{begins:%Y%m%d}", str(settings.account_length)),
        *(f"{month:%Y%m%d}", f"{to:%Y%m%d}", f'"{settings.label}"', '""', "1", "0", str(int(settings.locked))),
        *(f'"{settings.currency}"', "", '""', "", "", f'"{settings.chart}"', "", "", '""', '""'),
    )
    return ";".join(fields) + "\r\n"


def amounts_in_books(entry: ExportEntry, currency: str) -> list[int]:
    """The lines in minor units of the books' currency: each rounded, and what rounding leaves on the largest, so that they still balance."""
    assert entry.rate is not None
    factor = entry.rate.scaleb(MINOR_DIGITS[currency] - entry.digits)
    amounts = [round_half_even(line.debit * factor) for line in entry.lines]
    largest = max(range(len(amounts)), key=lambda index: abs(amounts[index]))
    amounts[largest] -= sum(amounts)
    if any(amount * line.debit < 0 for amount, line in zip(amounts, entry.lines, strict=True)):
        raise DataError(f"datev, entry {entry.entry_id}", f"is too small to be said in {currency}")
    return amounts


def _rows(entry: ExportEntry, settings: DatevSettings) -> Iterator[dict[str, Cell]]:
    more: dict[str, Cell] = {"clearing": settings.clearing_account, "locked": int(settings.locked)}
    rows = rows_of([entry], more, ("S", "H"))
    is_foreign = entry.currency != settings.currency and entry.rate is not None
    based = amounts_in_books(entry, settings.currency) if is_foreign else [0] * len(entry.lines)
    for row, amount in zip(rows, based, strict=True):
        for number, (kind, source) in enumerate(_NOTES, 1):
            row[f"note {number}"] = kind if row[source] else ""
        if is_foreign and entry.rate is not None:
            # DATEV's Kurs is what one unit of the books' currency is in the other.
            row["per_base"] = Decimal(1) / entry.rate
            row["base_size"] = exact(abs(amount), MINOR_DIGITS[settings.currency])
            row["base_currency"] = settings.currency
        yield row
