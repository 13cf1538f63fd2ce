"""The reports of one account on the simulated Amazon: one for each settlement, made when it closes.

A settlement's report cannot be asked for, only found. Its document is kept with GZIP unless told otherwise (`compressed`), and an
address of it lives for five minutes.
"""

import gzip
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from crossdock.twin.settlements import Settlement
from crossdock.twin.world import World

SETTLEMENT_REPORT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
URL_LIFE = timedelta(minutes=5)


@dataclass(frozen=True)
class Report:
    """One report; `compressed` is whether its document is kept with GZIP."""

    report_id: str
    document_id: str
    settlement: Settlement
    created_at: datetime
    compressed: bool

    def document(self) -> bytes:
        """Give its document as it is kept."""
        written = self.settlement.flat_file()
        return gzip.compress(written, compresslevel=6, mtime=0) if self.compressed else written


class ReportLink(NamedTuple):
    """What a presigned address stands for."""

    report: Report
    expires_at: datetime
    content_encoding: str


class Reports:
    """All reports of one account."""

    def __init__(self, world: World, *, random: Random) -> None:
        """Begin without reports."""
        self.by_id: dict[str, Report] = {}
        self.by_document: dict[str, Report] = {}
        self.links: dict[str, ReportLink] = {}
        self.compressed = True
        """Whether the documents of reports made from now on are kept with GZIP."""
        self.unlisted = 0
        """So many of the settlements closed next get no report, as has been seen."""
        self._world = world
        self._random = random

    def add(self, settlement: Settlement) -> None:
        """Make the report of a settlement that has closed."""
        if self.unlisted:
            self.unlisted -= 1
            return
        report = Report(
            report_id=str(self._random.randrange(10**10, 10**11)),
            document_id=f"amzn1.spdoc.1.4.eu.{self._random.getrandbits(128):032x}.T{self._random.getrandbits(48):012X}.2651",
            settlement=settlement,
            created_at=self._world.clock.now(),
            compressed=self.compressed,
        )
        self.by_id[report.report_id] = report
        self.by_document[report.document_id] = report

    def new_link(self, report: Report, content_encoding: str) -> str:
        """Give a document an address for five minutes, and forget the addresses that have expired."""
        now = self._world.clock.now()
        self.links = {key: link for key, link in self.links.items() if link.expires_at > now}
        key = f"{self._random.getrandbits(160):040x}"
        self.links[key] = ReportLink(report, now + URL_LIFE, content_encoding)
        return key
