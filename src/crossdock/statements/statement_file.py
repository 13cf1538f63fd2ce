"""A bank statement of either form, told apart by its first bytes. Pure."""

from __future__ import annotations

from crossdock.domain.finance_policy import CsvForm
from crossdock.domain.statement import Statement
from crossdock.errors import DataError
from crossdock.statements.camt053 import read_camt053
from crossdock.statements.csv_statement import read_csv_statement

_PACKED = (b"PK\x03\x04", b"\x1f\x8b")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_statement(content: bytes, name: str, form: CsvForm) -> Statement:
    """Read XML as camt.053, anything else as CSV in the form the policy tells; DataError for what is neither."""
    if content.startswith(_PACKED):
        raise DataError(name, "is packed; unpack it first")
    begins = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if begins == b"<" or content.startswith(_UTF16):
        return read_camt053(content, name)
    return read_csv_statement(content, name, form)
