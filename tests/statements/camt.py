"""A miniature language of CAMT.053: an entry is a line such as `2026-11-05 +16.99 EUR AMAZON PAYMENTS | 28471003921`."""

from __future__ import annotations

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.{}"


def a_statement(*entries: str, version: str = "02", head: str = "", declared: str = "UTF-8") -> bytes:
    """A file of one statement. `head`: what stands before its entries."""
    return (
        f'<?xml version="1.0" encoding="{declared}"?>\n<Document xmlns="{NAMESPACE.format(version)}"><BkToCstmrStmt>\n'
        f"<GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt><Id>1</Id>{head}\n{''.join(entries)}</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def an_entry(
    line: str, *, status: str = "<Sts>BOOK</Sts>", more: str = "", details: str = "", party: str = "{}"
) -> str:
    """One entry: day, signed amount, currency, name of the other side | text. `more`: fields of the entry; `details`: its own `NtryDtls`."""
    told, _, text = line.partition(" | ")
    day, signed, currency, name = (*told.split(" ", 3), "")[:4]
    came_in = signed.startswith("+")
    side = ("Dbtr" if came_in else "Cdtr") if "<RvslInd>true" not in more else ("Cdtr" if came_in else "Dbtr")
    parties = f"<RltdPties><{side}>{party.format(f'<Nm>{name}</Nm>')}</{side}></RltdPties>" if name else ""
    usual = f"<NtryDtls><TxDtls>{parties}<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls>"
    return (
        f'<Ntry><Amt Ccy="{currency}">{signed[1:]}</Amt><CdtDbtInd>{"CRDT" if came_in else "DBIT"}</CdtDbtInd>{status}'
        f"<BookgDt><Dt>{day}</Dt></BookgDt>{more}{details or usual}</Ntry>\n"
    )


def a_transaction(amount: str, currency: str, text: str, *, name: str = "AMAZON", side: str = "Dbtr") -> str:
    """One transaction of a collective entry."""
    told = f'<AmtDtls><TxAmt><Amt Ccy="{currency}">{amount}</Amt></TxAmt></AmtDtls>' if amount else ""
    return (
        f"<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{told}<RltdPties><{side}><Nm>{name}</Nm></{side}></RltdPties>"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
    )
