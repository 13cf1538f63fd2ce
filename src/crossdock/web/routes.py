"""Every URL of the desk on one page. All are nouns, and all are read."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from crossdock import events
from crossdock.errors import StoreError
from crossdock.ports import Clock
from crossdock.ports_desk import Desk
from crossdock.web import cases, health, order_money, orders, overview, settlements, stock
from crossdock.web.edge import Edge
from crossdock.web.pages import NOT_FOUND, STATIC, Page, Viewer, say

PAGES: dict[str, Page] = {
    "/": overview.show,
    "/orders": orders.show_list,
    "/orders/{connection_id}/{record_id}/money": order_money.show,
    "/orders/{connection_id}/{record_id:path}": orders.show,
    "/stock": stock.show_list,
    "/stock/{connection_id}/{seller_sku:path}": stock.show,
    "/settlements": settlements.show_list,
    "/settlements/{connection_id}/{settlement_id}": settlements.show,
    "/settlements/{connection_id}/{settlement_id}/rows": settlements.show_rows,
    "/settlements/{connection_id}/{settlement_id}/certificate": settlements.send_certificate,
    "/settlements/{connection_id}/{settlement_id}/file": settlements.send_file,
    "/cases": cases.show_list,
    "/cases/{case_id:int}": cases.show,
    "/healthz": health.show_alive,
    "/readyz": health.show_ready,
    "/metrics": health.show_metrics,
}


def build_desk(desk: Desk, *, connections: Sequence[str], clock: Clock) -> ASGIApp:
    """The pages as an ASGI application that shows these connections. Bind it to loopback only: see `edge.check_loopback`."""
    viewer = Viewer(desk, tuple(connections), tuple(connections), clock)
    routes = [Route(path, partial(page, viewer), methods=["GET"]) for path, page in PAGES.items()]
    pages = Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=STATIC))],
        exception_handlers={
            HTTPException: partial(_refused, viewer),
            StoreError: partial(_no_database, viewer),
            Exception: partial(_our_mistake, viewer),
        },
    )
    return Edge(pages)


def _refused(viewer: Viewer, _request: Request, refusal: Exception) -> Response:
    """What was asked for is not here, or not to be had this way."""
    assert isinstance(refusal, HTTPException), "another exception is answered elsewhere"
    if refusal.status_code == NOT_FOUND:
        return say(
            viewer, "Not found", "There is nothing here that you may see. Search for the id above.", status=NOT_FOUND
        )
    return say(viewer, "That does not work", str(refusal.detail), status=refusal.status_code)


def _no_database(viewer: Viewer, request: Request, _fault: Exception) -> Response:
    """Our database is away; the platforms and the records are not touched by that."""
    events.emit("store.unavailable", flow="desk", reason=request.url.path)
    sentence = (
        "The database does not answer. Nothing is lost: orders wait on Amazon until it does. Try again in a moment."
    )
    return say(viewer, "No database", sentence, status=503)


def _our_mistake(viewer: Viewer, request: Request, mistake: Exception) -> Response:
    """Our own mistake on this page: logged by its place, never by what it said."""
    frames = traceback.extract_tb(mistake.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
    events.emit("desk.failed", path=request.url.path, error=type(mistake).__name__, place=place)
    return say(
        viewer, "Our mistake", f"Crossdock made a mistake on this page, at {place}. Only this page failed.", status=500
    )
