"""How a page is made: who looks, through which reads and at what time; the templates; and what is said when there is no page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from crossdock.domain.desk import IDS_MAX, STOCK_FLOW
from crossdock.domain.money import Money
from crossdock.domain.settlement_desk import MONEY_FLOW
from crossdock.ports import Clock
from crossdock.ports_desk import Desk
from crossdock.web import words

HERE = Path(__file__).parent
STATIC = HERE / "static"

NOT_FOUND, BAD_REQUEST, ONE_FOUND = 404, 400, 303
# So many ids, each of at most so many letters, and one more letter to know that there were more.
QUERY_MAX = IDS_MAX * 64 + 1


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: the connections they may see, those of them they look at now, and the time it is."""

    desk: Desk
    may_see: tuple[str, ...]
    connections: tuple[str, ...]
    clock: Clock

    def looking_at(self, request: Request) -> Viewer:
        """The same viewer, narrowed to the connection of the address; one they may not see does not exist."""
        wanted = request.query_params.get("connection", "")
        if not wanted:
            return self
        return replace(self, connections=(self.of_theirs(wanted),))

    def of_theirs(self, connection_id: str) -> str:
        """A connection the viewer may see, or no page."""
        if connection_id not in self.may_see:
            raise HTTPException(NOT_FOUND)
        return connection_id


Page = Callable[[Viewer, Request], Response]


def render(viewer: Viewer, template: str, *, status: int = 200, **values: Any) -> Response:
    """The page of a template; every page knows the time, the viewer, and how many cases are open."""
    html = (
        _environment()
        .get_template(template)
        .render(viewer=viewer, now=values.pop("now", None) or viewer.clock(), **values)
    )
    return HTMLResponse(html, status_code=status)


def say(viewer: Viewer, title: str, sentence: str, *, status: int) -> Response:
    """A page that only says something."""
    return render(viewer, "message.html", status=status, title=title, sentence=sentence, active="")


def told(request: Request, name: str, *, longest: int = 256) -> str:
    """A value of the address's query, empty where there is none; without the characters no id has, which a database would refuse."""
    return request.query_params.get(name, "").replace("\0", "").strip()[:longest]


def write_position(at: datetime, record_id: str, connection_id: str) -> str:
    """Where the next page of a list by time goes on, for an address."""
    return f"{at.isoformat()}~{connection_id}~{record_id}"


def parse_position(text: str, records: str) -> tuple[datetime, str, str] | None:
    """The opposite of `write_position`; None at the beginning, and no page for anything else."""
    if not text:
        return None
    time, _, rest = text.partition("~")
    connection_id, tilde, record_id = rest.partition("~")
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - without a zone, as below: refused
    if at.tzinfo is None or not tilde:
        raise HTTPException(BAD_REQUEST, f"This address does not name a place in the list of {records}.")
    return at, record_id, connection_id


@cache
def asset(name: str) -> str:
    """The address of a file of ours, which changes when the file does."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def times(at: datetime, now: datetime) -> Markup:
    """A moment as people say it, with the exact time behind it."""
    utc = words.moment(at)
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(at.isoformat(), utc, words.ago(at, now))


def link(*path: str | int, **query: str | int | None) -> str:
    """An address of ours: every part of the path and of the query escaped, what is empty left out."""
    told = {name: value for name, value in query.items() if value not in {None, ""}}
    address = "/" + "/".join(quote(str(part), safe="") for part in path)
    return f"{address}?{urlencode(told)}" if told else address


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "asset": asset,
        "link": link,
        "times": times,
        "words": words,
        "stock_flow": STOCK_FLOW,
        "money_flow": MONEY_FLOW,
        "amount": Money,
    }
    environment.filters |= {
        "clip": words.clip,
        "initial": words.initial,
        "money": words.money,
        "figure": words.figure,
        "stake": words.stake,
        "moment": words.moment,
        "day": words.day,
        "span": words.span,
        "number": words.number,
    }
    return environment
