"""The log tells where something failed, and nothing of what it failed at."""

import io
import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from dip.ground.errors import BadRequest, StoreUnavailable
from dip.ground.log import LibraryLog, Log, log_uncaught, make_log

MARK = "1712345678914"


def divided() -> object:
    return {"a": 1}[MARK]


def numbered() -> object:
    return float(f"{MARK}x")


def read() -> object:
    return msgspec.json.decode(json.dumps({MARK: MARK}), type=dict[int, bool])


def caused() -> object:
    try:
        return divided()
    except KeyError as exc:
        raise RuntimeError(f"no {MARK}") from exc


def grouped() -> object:
    raise ExceptionGroup(f"about {MARK}", [ValueError(MARK), KeyError(MARK)])


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(written: io.StringIO) -> Log:
    return make_log(written)


def entry(written: io.StringIO) -> dict[str, Any]:
    """The only line."""
    found: dict[str, Any] = json.loads(written.getvalue())
    return found


@pytest.mark.requirement("FS-65")
@pytest.mark.parametrize("failing", [divided, numbered, caused, grouped])
def test_a_failure_is_told_by_kind_and_place_and_without_its_words(
    log: Log, written: io.StringIO, failing: Callable[[], object]
) -> None:
    try:
        failing()
    except Exception:
        log.exception("request_failed_unexpectedly", request_id="a1")
    assert MARK not in written.getvalue()
    told = entry(written)["exception"]
    assert f"in {failing.__name__}" in told
    assert "Error" in told or "ExceptionGroup" in told


def test_a_failure_names_its_causes(log: Log, written: io.StringIO) -> None:
    try:
        caused()
    except RuntimeError:
        log.exception("failed")
    told = entry(written)["exception"]
    assert told.index("builtins.RuntimeError") < told.index("caused by") < told.index("builtins.KeyError")


@pytest.mark.parametrize(
    "fault", [BadRequest("Body: expected an array."), StoreUnavailable(), sqlite3.OperationalError("disk I/O error")]
)
def test_what_our_own_errors_and_the_disk_say_is_told(log: Log, written: io.StringIO, fault: Exception) -> None:
    log.error("failed", exc_info=fault)
    assert str(fault) in entry(written)["exception"]


@pytest.mark.requirement("FS-65")
def test_a_failure_that_a_library_reports_is_told_without_its_words(log: Log, written: io.StringIO) -> None:
    library = logging.Logger("asyncio")
    library.addHandler(LibraryLog(log))
    try:
        read()
        raise AssertionError("it was readable")
    except msgspec.ValidationError as fault:
        library.error("Task exception was never retrieved: %s", MARK, exc_info=fault)
    assert MARK not in written.getvalue()
    assert entry(written)["event"] == "library_failed"


@pytest.mark.requirement("FS-65")
def test_what_a_thread_fails_at_is_told_without_its_words(
    log: Log, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Put back by the fixture: the hooks are the process's own.
    monkeypatch.setattr("threading.excepthook", threading.excepthook)
    monkeypatch.setattr("sys.unraisablehook", None)
    log_uncaught(log)
    thread = threading.Thread(target=numbered)
    thread.start()
    thread.join()
    assert MARK not in written.getvalue()
    assert entry(written)["event"] == "uncaught_failure"
    assert entry(written)["where"] == "thread"
