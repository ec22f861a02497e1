"""Who did or was refused what, from where, with what result: one structured line each, never a password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TextIO

import structlog

__all__ = ["AuditEvent", "AuditSink", "audit_to_log", "audit_to_stream"]

_MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class AuditEvent:
    who: str
    """User as sent, which a refused one may have made up; empty for nobody."""
    source: str
    """Address that the request came from."""
    method: str
    path: str
    """Without the query."""
    status: int
    result: str
    """`done`, `failed`, or why it was refused."""


AuditSink = Callable[[AuditEvent], None]


def audit_to_log() -> AuditSink:
    """Lines go the way of the other logs, under the logger `netwatch.audit`."""
    return _sink(structlog.get_logger("netwatch.audit"))


def audit_to_stream(stream: TextIO) -> AuditSink:
    """JSON lines of their own, for a file that only the audit reads, whatever the level of other logs."""
    return _sink(
        structlog.wrap_logger(
            structlog.WriteLogger(stream),
            wrapper_class=structlog.make_filtering_bound_logger(0),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
        )
    )


def _sink(logger: structlog.typing.WrappedLogger) -> AuditSink:
    def write(event: AuditEvent) -> None:
        fields = {
            key: value[:_MAX_TEXT] if isinstance(value, str) else value
            for key, value in asdict(event).items()
        }
        log = logger.info if event.result == "done" else logger.warning
        log("web.request", **fields)

    return write
