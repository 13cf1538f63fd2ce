"""Every log event: its name and its fields, in one place. A line that is not declared here cannot be written.

Lines are JSON on standard error. Fields are ids, codes, counts and times: never a name, an address, an amount of a buyer's, a secret, or a body.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

EVENTS: dict[str, frozenset[str]] = {
    "worker.started": frozenset({"connections"}),
    "worker.stopped": frozenset({"reason"}),
    "worker.takeover": frozenset({"jobs"}),
    "store.unavailable": frozenset({"flow", "reason"}),
    "orders.discovered": frozenset({"orders", "news", "finished"}),
    "orders.notified": frozenset({"messages", "news"}),
    "stock.discovered": frozenset({"skus", "finished"}),
    "notification.unreadable": frozenset({"where", "what"}),
    "drain.finished": frozenset({"flow", "settled", "put_back", "cases", "lost_lock"}),
    "drain.busy": frozenset({"flow"}),
    "connection.paused": frozenset({"flow", "operation", "code", "request_id"}),
    "flow.put_back": frozenset({"flow", "operation", "request_id", "wait_s"}),
    "flow.failed": frozenset({"flow", "error", "place"}),
    "record.our_mistake": frozenset({"flow", "place"}),
    "personal_data.erased": frozenset({"records", "certificates"}),
    "day.checked": frozenset({"day", "on_amazon", "in_commercetools", "out_of_scope", "waiting", "missing"}),
    "fence.checked": frozenset({"found"}),
    "settlement.reconciled": frozenset({"settlement_id", "outcome", "rows", "cases"}),
    "bank.matched": frozenset({"lines", "new", "matched", "open", "cases"}),
    "payments.discovered": frozenset({"settlements", "orders", "unpaid"}),
    "desk.started": frozenset({"address"}),
    "desk.failed": frozenset({"path", "error", "place"}),
}

_COMMON = frozenset({"connection_id", "correlation_id"})


def _library_line(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What another library logs, without its words: they may quote a record. Which library, how bad, what kind of error and where is enough."""
    del logger, method
    record: logging.LogRecord = line["_record"]
    told = {"event": "library", "logger": record.name, "level": record.levelname.lower()}
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        told |= {
            "error": type(error).__name__,
            "place": f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "",
        }
    return told


def configure(*, verbose: bool = False) -> None:
    """Write events as JSON lines to standard error; other libraries' own lines only from WARNING up."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=[_library_line, structlog.processors.JSONRenderer()])
    )
    logging.basicConfig(level=logging.WARNING, handlers=[lines], force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def emit(event: str, /, **fields: Any) -> None:
    """Write one declared event; an undeclared name or field is our own mistake."""
    assert event in EVENTS, f"the event {event} is not declared"
    assert set(fields) <= EVENTS[event] | _COMMON, f"{event} has no field {set(fields) - EVENTS[event]}"
    structlog.get_logger().info(event, **fields)


def bind(**fields: str) -> None:
    """Add `connection_id` or `correlation_id` to every line of this thread from now on."""
    assert set(fields) <= _COMMON, "only common fields are bound"
    structlog.contextvars.bind_contextvars(**fields)


def silence() -> None:
    """Write nothing below WARNING: a terminal that shows live progress has no room for lines."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
