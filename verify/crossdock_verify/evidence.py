"""All that the equations of one certificate may look at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from crossdock_verify.certificate import Certificate
from crossdock_verify.derive import Derived
from crossdock_verify.exports import ExportedEntry
from crossdock_verify.faults import Failure, Unreadable
from crossdock_verify.file import read_blocks, read_lines

_TEXT_MAX = 500  # of a row that is shown


@dataclass(frozen=True)
class StoredFile:
    """A file among the paths, known by its decompressed bytes."""

    path: Path
    sha256: str
    size: int
    problem: str = ""


@dataclass(frozen=True)
class Evidence:
    """A certificate, the file it is about, and what stands around it."""

    certificate: Certificate
    file: StoredFile | None = None
    derived: Derived | None = None
    certificates: Sequence[Certificate] = ()
    exports: Sequence[ExportedEntry] = ()

    def by_hash(self, sha256: str) -> Certificate | None:
        """The certificate among the paths that has this hash."""
        return next((other for other in self.certificates if other.sha256 == sha256), None)

    def of_predecessor(self) -> Certificate | None:
        """The certificate that this one names as the one before, where it is here."""
        chains = self.certificate.fields["chains"]
        named = [
            other
            for other in self.of_connection()
            if (other.sha256, other.settlement_id) == (chains["predecessor_certificate"], chains["predecessor"])
        ]
        return named[0] if named else None

    def of_connection(self) -> list[Certificate]:
        """The other certificates of the same connection."""
        mine = self.certificate
        theirs = [other for other in self.certificates if other.fields["connection"] == mine.fields["connection"]]
        return [other for other in theirs if other is not mine]

    def text_of(self, line: int) -> str:
        """The text of a line of the settlement file, read again since it is wanted once."""
        if self.file is None or not line:
            return ""
        try:
            texts = read_lines(read_blocks(self.file.path), self.certificate.fields["file"]["encoding"])
            return next(islice(texts, line - 1, line), "")[:_TEXT_MAX]
        except Unreadable:
            return ""


Check = Callable[[Evidence], Iterator[Failure]]
