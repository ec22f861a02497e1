"""Logging: structured, to standard error, and free of secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from netwatch.model import Secret

__all__ = ["configure_logs"]

SUSPICIOUS = ("password", "community", "secret", "token", "passphrase", "authorization")


def configure_logs(level: str = "info", form: str = "console") -> None:
    """Sets structlog up for the process. `form` is `console` for people or `json` for machines."""
    last: list[structlog.typing.Processor]
    if form == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # Plain tracebacks: the pretty ones show local variables, and a secret may be among them.
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            redact,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard library; only their warnings are news to an operator.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor that hides what may be secret by type or by key."""
    for key, value in event.items():
        if isinstance(value, Secret) or any(word in key.lower() for word in SUSPICIOUS):
            event[key] = "<secret>"
    return event
