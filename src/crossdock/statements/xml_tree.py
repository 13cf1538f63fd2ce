"""XML of somebody else, read so that it cannot hurt: no DTD, no entities of its own, a bound on depth and size. Pure.

Rule: one entry at a time is held, and dropped once it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from crossdock.errors import DataError

# A year of a busy account has some tens of megabytes.
SIZE_MAX = 128 << 20
# camt.053 is some fifteen deep.
DEPTH_MAX = 40
# So much is held at once: a collective entry of ten thousand transactions has less.
ELEMENTS_MAX = 500_000
ENCODINGS = {"", "utf-8", "utf-16", "iso-8859-1", "us-ascii"}


@dataclass(slots=True)
class Element:
    """An element with what is in it. `name` without its namespace; `line`: of the file."""

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    inside: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, trimmed."""
        return "".join(self.parts).strip()

    def find(self, path: str) -> Element | None:
        """The first element at a path such as `NtryDtls/TxDtls`."""
        return next(self.all(path), None)

    def all(self, path: str) -> Iterator[Element]:
        """Every element at a path."""
        name, _, rest = path.partition("/")
        for each in self.inside:
            if each.name == name:
                yield from each.all(rest) if rest else [each]

    def said(self, path: str) -> str:
        """The text of the first element at a path; empty where there is none."""
        found = self.find(path)
        return found.text if found is not None else ""


def read_tree(
    content: bytes, name: str, *, namespace: Callable[[str], bool], of: str, take: Callable[[Element], None]
) -> None:
    """Read a document whose root is in a wanted namespace, or a DataError at the line.

    What stands right in an element `of` is handed to `take`, and dropped.
    """
    if len(content) > SIZE_MAX:
        raise DataError(name, f"has more than {SIZE_MAX >> 20} MiB")
    _Reader(name, namespace, of, take).read(content)


class _Reader:
    """One reading of one document."""

    def __init__(self, name: str, wanted: Callable[[str], bool], of: str, take: Callable[[Element], None]) -> None:
        self._name = name
        self._wanted = wanted
        self._of = of
        self._take = take
        self._namespace = ""
        self._open: list[Element] = []
        self._held = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declared
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.UnparsedEntityDeclHandler = self._refuse
        self._parser.ExternalEntityRefHandler = self._refuse
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, content: bytes) -> None:
        """All of it, to its end."""
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as fault:
            where = f"{self._name}, line {fault.lineno}, column {fault.offset + 1}"
            raise DataError(where, f"is no XML: {expat.ErrorString(fault.code)}") from fault
        except (LookupError, ValueError) as fault:
            raise DataError(self._name, "is written in an encoding that is not read here") from fault

    def _at(self) -> str:
        return f"{self._name}, line {self._parser.CurrentLineNumber}"

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding or "").casefold() not in ENCODINGS:
            raise DataError(self._at(), "is written in an encoding that is not read here; UTF-8 is")

    def _refuse(self, *_: object) -> int:
        raise DataError(self._at(), "has a DTD or entities of its own, which no bank writes; it is not read")

    def _begin(self, told: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise DataError(self._at(), f"is nested more than {DEPTH_MAX} deep")
        self._held += 1
        if self._held > ELEMENTS_MAX:
            raise DataError(self._at(), f"has more than {ELEMENTS_MAX} elements in one entry")
        namespace, _, name = told.rpartition(" ")
        if not self._open:
            if not self._wanted(namespace):
                raise DataError(self._at(), "is XML, and no statement camt.053.001.02 to camt.053.001.08")
            self._namespace = namespace
        # What another namespace says inside an entry is the bank's own and nothing we know.
        element = Element(name if namespace == self._namespace else told, self._parser.CurrentLineNumber, attributes)
        if self._open:
            self._open[-1].inside.append(element)
        self._open.append(element)

    def _text(self, text: str) -> None:
        self._open[-1].parts.append(text)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        if self._open and self._open[-1].name == self._of:
            self._open[-1].inside.clear()
            self._held = len(self._open)
            self._take(element)
