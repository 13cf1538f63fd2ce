"""A visitor of the pages: fetches them as a browser on this machine would, and reads their HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from crossdock.store.database import Database
from crossdock.web.routes import build_desk
from tests.joined_twin import Scene
from tests.web.rehearsed import desk_of

VOID = {"meta", "link", "input", "img", "br", "hr", "rect", "path"}


def visit(desk: ASGIApp) -> TestClient:
    """Knock as a browser at 127.0.0.1 does; an answer of 500 is an answer."""
    return TestClient(desk, base_url="http://127.0.0.1:8080", raise_server_exceptions=False, follow_redirects=False)


def open_desk(database: Database, *scenes: Scene, see: tuple[str, ...] = ()) -> TestClient:
    """The pages over these scenes, for somebody who may see all of their connections, or only some."""
    connections = see or tuple(scene.joined.connection_id for scene in scenes)
    return visit(
        build_desk(desk_of(database, list(scenes)), connections=connections, clock=scenes[0].twin.world.clock.now)
    )


@dataclass
class Element:
    """One element: what it is, what it says, what is in it."""

    tag: str
    attributes: dict[str, str]
    parts: list[Element | str] = field(default_factory=list)

    def all(self) -> Iterator[Element]:
        """This element and everything in it, in the order of the page."""
        yield self
        for part in self.parts:
            if isinstance(part, Element):
                yield from part.all()

    def find(self, tag: str, **attributes: str) -> list[Element]:
        """Every element with this tag and these attributes."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [one for one in self.all() if one.tag == tag and wanted.items() <= one.attributes.items()]

    def raw_text(self) -> str:
        """All text in it, as it stands."""
        return "".join(part if isinstance(part, str) else part.raw_text() for part in self.parts)

    def text(self) -> str:
        """All text in it, blanks squeezed."""
        return " ".join(self.raw_text().split())

    def links(self) -> list[str]:
        """Where its links lead."""
        return [one.attributes["href"] for one in self.find("a")]


def read(html: str) -> Element:
    """The page as elements; an element left open or closed twice is a fault of the page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader.open) == 1, f"left open: {[one.tag for one in reader.open[1:]]}"
    return reader.open[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].parts.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].parts.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        element = self.open.pop()
        assert element.tag == tag, f"<{element.tag}> is closed by </{tag}>"

    def _take_text(self, data: str) -> None:
        self.open[-1].parts.append(data)

    handle_data = _take_text  # their name for it
