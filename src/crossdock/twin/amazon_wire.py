"""How the simulated Amazon writes times and JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec


def timestamp(at: datetime) -> str:
    """Write a time as Amazon does: UTC, with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 time; one without an offset is UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def encoded(value: object) -> bytes:
    """Write JSON, also of text that is no valid Unicode, as platforms have been seen to send."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def decoded(body: bytes) -> Any:
    """Read JSON, also with lone surrogates in its text."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return json.loads(body)
