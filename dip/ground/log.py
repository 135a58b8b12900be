"""Logs: JSON lines on stderr, readable text on a terminal."""

import logging
import sqlite3
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import TextIO

import structlog

from dip.ground.errors import DipError

Log = structlog.typing.FilteringBoundLogger

_SAYS_NOTHING_OF_CONTENTS = (DipError, OSError, sqlite3.OperationalError)
_MOST_CAUSES = 10


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
            _explain_fault,
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


def log_uncaught(log: Log) -> None:
    """Have what a thread, or a finalizer, fails at written in the log's form, for this whole process."""

    def failed(fault: BaseException | None, where: str) -> None:
        log.error("uncaught_failure", where=where, exc_info=fault)

    threading.excepthook = lambda told: failed(told.exc_value, "thread")
    sys.unraisablehook = lambda told: failed(told.exc_value, "finalizer")


def told(fault: BaseException) -> str:
    """A fault with its causes and where it was raised, the last first.

    What faults of the language and of libraries say is left out: parsers and checks quote what they could not take,
    which may be a payload, a name or an MPAN.
    """
    return "\ncaused by\n".join(_one(one) for one in _with_causes(fault))


def _with_causes(fault: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    following: BaseException | None = fault
    while following is not None and following not in seen and len(seen) < _MOST_CAUSES:
        seen.append(following)
        yield following
        hidden = following.__suppress_context__
        following = following.__cause__ or (None if hidden else following.__context__)


def _one(fault: BaseException) -> str:
    kind = f"{type(fault).__module__}.{type(fault).__qualname__}"
    frames = "".join(traceback.format_tb(fault.__traceback__)).rstrip()
    head = f"{kind}: {fault}" if isinstance(fault, _SAYS_NOTHING_OF_CONTENTS) else kind
    inner = [told(one) for one in fault.exceptions] if isinstance(fault, BaseExceptionGroup) else []
    return "\n".join([head, *([frames] if frames else []), *inner])


def _explain_fault(
    logger: structlog.typing.WrappedLogger, name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Put a fault's account in place of the fault."""
    given = event.pop("exc_info", None)
    fault = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(fault, BaseException):
        event["exception"] = told(fault)
    return event
