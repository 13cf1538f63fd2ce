"""[connection.queue] of crossdock.toml -> the queues that tell a connection what changed. Without it everything is found by asking, minutes later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from crossdock.policy_file import URL, Section, quoted

# In an address of AWS the region stands behind the name of the service, whatever stands before it (an endpoint in a network of one's own, FIPS).
_REGION = re.compile(r"(?:^|[./])sqs(?:-fips)?\.([a-z]{2,}(?:-[a-z]+)+-\d)\.")
_FORM = 'must be a list of addresses, as in ["https://sqs.eu-west-1.amazonaws.com/123456789012/crossdock"]'


@dataclass(frozen=True, slots=True)
class QueueAddress:
    """One standard queue of Amazon SQS, and whom to ask for it."""

    url: str
    region: str
    endpoint: str


def read_queues(section: Section) -> tuple[QueueAddress, ...]:
    """The queues of one connection, in the order of the file."""
    urls = section.value("urls", _urls) or ()
    region = section.text("region", "", pattern=r"[a-z0-9-]{1,40}")
    endpoint = section.text("endpoint", "", pattern=URL).rstrip("/")
    addresses = tuple(QueueAddress(url, region or _region_of(url), endpoint or _origin(url)) for url in urls)
    if any(not address.region for address in addresses):
        section.missing("region", ", and not every address tells it")
    section.finish()
    return addresses


def _region_of(url: str) -> str:
    """The region an address of AWS names; empty where it names none."""
    found = _REGION.search(url)
    return found[1] if found else ""


def _origin(url: str) -> str:
    """Whom an address asks: what stands before its path."""
    return "/".join(url.split("/")[:3])


def _urls(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(url, str) for url in value):
        raise ValueError(_FORM)
    for url in value:
        if url.endswith(".fifo"):
            message = f"{quoted(url)} is a FIFO queue; Amazon and commercetools notify standard queues only"
            raise ValueError(message)
        if not re.fullmatch(URL, url) or not re.fullmatch(r"https?://[^/]+(/[^/]+)+", url):
            message = f"{quoted(url)} is no address of a queue; it {_FORM}"
            raise ValueError(message)
    if len(set(value)) < len(value):
        message = "names a queue twice"
        raise ValueError(message)
    return tuple(value)
