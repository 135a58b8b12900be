"""Logs: JSON lines on stderr, readable text on a terminal."""

import logging
import sys
from typing import TextIO

import structlog

Log = structlog.typing.FilteringBoundLogger


def make_log(stream: TextIO | None = None) -> Log:
    """A logger that writes past-tense events with key-values to stderr; nothing is kept at module level."""
    target = stream or sys.stderr
    render: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if target.isatty() else structlog.processors.JSONRenderer()
    )
    log: Log = structlog.wrap_logger(
        structlog.PrintLogger(target),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )
    return log


class LibraryLog(logging.Handler):
    """Hands what libraries log over to the server's log, in its form.

    What a caller sent is left out: of an HTTP fault only its kind is written.
    """

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        fault = record.exc_info[1] if record.exc_info else None
        if fault is None:
            self._log.log(record.levelno, "library_reported", library=record.name, message=record.getMessage())
        elif type(fault).__module__.startswith("aiohttp.http"):
            self._log.warning("request_not_http", library=record.name, reason=type(fault).__name__)
        else:
            self._log.log(record.levelno, "library_failed", library=record.name, exc_info=fault)
