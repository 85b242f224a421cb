"""Structured logging: one event per line, JSON in Production and readable text in Development."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict

_SECRET_WORDS = ("token", "password", "secret", "authorization", "cookie")


def _mask_secrets(_: Any, __: str, event: EventDict) -> EventDict:
    """Blank the value of every field whose name says it is a secret, as a last line of defence."""
    for key in event:
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = "***"
    return event


def configure_logging(*, as_json: bool) -> None:
    """Send structured events to standard error; called once per process."""
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _mask_secrets,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of one part of the product."""
    return structlog.get_logger(part=name)
