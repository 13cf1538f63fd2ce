"""The certificate as its JSON file says it: each field is there and has its form, and none is there that is not known."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints, is_typeddict
from zoneinfo import ZoneInfo

from crossdock_verify.faults import Unreadable
from crossdock_verify.fields import COUNTS, FORMS, CertificateFields, PostingFields
from crossdock_verify.times import certified_instant

BYTES_MAX = 256 * 1024 * 1024  # a million ids of orders are 24 MB
_NUMBER_MAX = 10**24  # beyond any money, and short enough to print


@dataclass(frozen=True)
class Certificate:
    """A certificate, and the hash by which others know it."""

    path: Path
    sha256: str
    fields: CertificateFields

    @property
    def settlement_id(self) -> str:
        """The settlement's own id."""
        return self.fields["settlement"]["settlement_id"]

    @property
    def sequence(self) -> int:
        """Its number among the connection's certificates."""
        return self.fields["sequence"]

    @property
    def mark(self) -> str:
        """What stands in the memo of every exported entry."""
        return self.sha256[:16]

    @cached_property
    def zone(self) -> ZoneInfo:
        """The books' clock."""
        return ZoneInfo(self.fields["books"]["time_zone"])

    @cached_property
    def ends_at(self) -> datetime:
        """The settlement's end."""
        return certified_instant(self.fields["settlement"]["ends_at"])

    @property
    def postings(self) -> list[PostingFields]:
        """Those of all entries."""
        return [posting for entry in self.fields["entries"] for posting in entry["postings"]]

    @cached_property
    def marketplaces(self) -> frozenset[str]:
        """Those of its postings that have one."""
        return frozenset(posting["marketplace"] for posting in self.postings if posting["marketplace"])


def read_certificate(path: Path) -> Certificate:
    """The certificate in this file; Unreadable says which field is not as it should be."""
    if path.stat().st_size > BYTES_MAX:
        raise Unreadable("the certificate is too large")
    content = path.read_bytes()
    try:
        value = json.loads(content.decode("ascii"), object_pairs_hook=_distinct)
        written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    except RecursionError:
        raise Unreadable("the JSON is too deep") from None
    except ValueError as error:
        raise Unreadable(f"not the JSON of a certificate: {str(error)[:200]!a}") from None
    _check(value, CertificateFields, "")
    if written != content:
        raise Unreadable("the JSON is not written as a certificate is: sorted keys, no space, ASCII, no line end")
    certificate = Certificate(path, hashlib.sha256(content).hexdigest(), cast("CertificateFields", value))
    _check_calendar(certificate)
    return certificate


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a field stands twice")
    return dict(pairs)


def _check(value: object, shape: Any, path: str) -> None:
    if is_typeddict(shape):
        _check_fields(value, shape, path)
    elif get_origin(shape) is list:
        if not isinstance(value, list):
            raise Unreadable(f"{path} is not a list")
        for item in value:
            _check(item, get_args(shape)[0], f"{path}[]")
    elif type(value) is not shape:  # `true` would pass as a number with isinstance
        raise Unreadable(f"{path} is not {'text' if shape is str else 'a whole number'}")
    elif isinstance(value, int) and not (0 if path in COUNTS else -_NUMBER_MAX) <= value <= _NUMBER_MAX:
        raise Unreadable(f"{path} is out of range")
    elif isinstance(value, str) and path in FORMS and FORMS[path].fullmatch(value) is None:
        raise Unreadable(f"{path} has not its form: {value[:60]!a}")


def _check_fields(value: object, shape: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise Unreadable(f"{path or 'the certificate'} is not an object")
    hints = get_type_hints(shape)
    prefix = f"{path}." if path else ""
    for name in sorted(hints.keys() - value.keys()):
        raise Unreadable(f"{prefix}{name} is missing")
    for name in sorted(value.keys() - hints.keys()):
        raise Unreadable(f"{prefix}{name[:60]!a} is no field of a certificate")
    for name, inner in hints.items():
        _check(value[name], inner, f"{prefix}{name}")


def _check_calendar(certificate: Certificate) -> None:
    fields = certificate.fields
    closed_until = fields["books"]["closed_until"]
    for instant in (fields["settlement"]["starts_at"], fields["settlement"]["deposit_at"]):
        _ = instant and certified_instant(instant)
    try:
        days = [date.fromisoformat(day) for entry in fields["entries"] for day in (entry["on"], entry["month"])]
        days += [date.fromisoformat(closed_until)] if closed_until else []
        _ = [day + timedelta(days=40) for day in days]  # the days that are reckoned from them are on the calendar too
        certificate.ends_at.astimezone(certificate.zone)
    except (OverflowError, ValueError, KeyError, OSError) as error:
        raise Unreadable(f"a day or a time zone that there is not: {str(error)[:200]!a}") from None
