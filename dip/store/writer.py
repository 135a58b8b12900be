"""The one writer: what many callers ask is grouped into one transaction, and answered after its commit."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from dip.ground.errors import DipError, StoreUnavailable
from dip.ground.log import Log
from dip.ground.steps import UNWATCHED, Milestone, Steps

Result = TypeVar("Result")
Job = Callable[[sqlite3.Connection], Result]


class _Asked(Generic[Result]):
    __slots__ = ("error", "future", "job", "loop", "patient", "result", "weight", "what")

    def __init__(
        self, job: Job[Result], weight: int, what: str, loop: asyncio.AbstractEventLoop, *, patient: bool
    ) -> None:
        self.job = job
        self.weight = weight
        self.what = what
        self.patient = patient
        self.loop = loop
        self.future: asyncio.Future[Result] = loop.create_future()
        self.result: Result
        self.error: BaseException | None = None


class Writer:
    """A thread with the only writing connection.

    A job runs within a transaction that it shares with others waiting at that moment; its result is
    handed out only after the commit (`synchronous=FULL`). While all jobs at hand are patient, others may
    join them for `linger_s` seconds: the fewer commits, the fewer pages are written twice. A job that
    raises a DipError is rolled back alone; when the disk fails, every job of the group gets
    StoreUnavailable and nothing is kept. `rolled_back` is called in the thread before the next
    transaction after one that was undone, to reset counters. A job may run twice, so it may change
    nothing but the database and those counters. `before_commit` writes what all jobs of a transaction have in common,
    once. `steps` is told before and after each commit; what it
    raises before is a failed commit.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        group_limit: int,
        rolled_back: Callable[[], None],
        before_commit: Callable[[sqlite3.Connection], None] = lambda connection: None,
        log: Log,
        linger_s: float = 0.0,
        steps: Steps = UNWATCHED,
    ) -> None:
        self._linger_s = linger_s
        self._connection = connection
        self._group_limit = group_limit
        self._rolled_back = rolled_back
        self._before_commit = before_commit
        self._log = log
        self._steps = steps
        self._stale = False
        self._closed = False
        self.commits = 0
        """Transactions that were committed since the start."""
        self.committed = 0
        """Jobs that they carried."""
        self._asked: queue.SimpleQueue[_Asked[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that wait for a transaction."""
        return self._asked.qsize()

    async def ask(self, job: Job[Result], weight: int = 1, *, what: str = "", patient: bool = False) -> Result:
        """Run the job in the next transaction; returns after its commit.

        weight: how many messages it carries, for the limit of a group. what: what it writes, for who watches
        the steps. patient: nobody outside waits for it, so it may linger for others to share its commit.
        Raises what the job raised, or StoreUnavailable.
        """
        if self._closed:
            raise StoreUnavailable
        asked = _Asked(job, weight, what, asyncio.get_running_loop(), patient=patient)
        self._asked.put(asked)
        return await asked.future

    def close(self) -> None:
        """Finish what was asked, then stop; takes nothing more."""
        self._closed = True
        self._asked.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while (first := self._asked.get()) is not None:
            group, ended = self._gather(first)
            self._commit_group(group)
            self._answer(group)
            if ended:
                return

    def _gather(self, first: _Asked[Any]) -> tuple[list[_Asked[Any]], bool]:
        group, weight, patient = [first], first.weight, first.patient
        until = time.monotonic() + self._linger_s
        while weight < self._group_limit:
            left_s = until - time.monotonic() if patient else 0.0
            try:
                asked = self._asked.get(timeout=left_s) if left_s > 0 else self._asked.get_nowait()
            except queue.Empty:
                break
            if asked is None:
                return group, True
            group.append(asked)
            weight += asked.weight
            patient = patient and asked.patient
        return group, False

    def _commit_group(self, group: list[_Asked[Any]]) -> None:
        if self._attempt(group) or len(group) == 1:
            return
        for asked in group:
            self._attempt([asked])

    def _attempt(self, group: list[_Asked[Any]]) -> bool:
        """Whether the group was committed; where it has one job only, its error is set if not."""
        try:
            if self._stale:
                self._rolled_back()
                self._stale = False
            self._connection.execute("BEGIN IMMEDIATE")
            for asked in group:
                asked.result = asked.job(self._connection)
            self._before_commit(self._connection)
            self._tell(Milestone.BEFORE_COMMIT, group)
            self._connection.execute("COMMIT")
        except Exception as exc:
            self._roll_back()
            for asked in group:
                asked.error = self._explain(exc)
            return False
        for asked in group:
            asked.error = None
        self.commits += 1
        self.committed += len(group)
        self._tell(Milestone.AFTER_COMMIT, group)
        return True

    def _tell(self, milestone: Milestone, group: list[_Asked[Any]]) -> None:
        for asked in group:
            self._steps.reached(milestone, asked.what)

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as exc:
            self._log.error("store_rollback_failed", reason=type(exc).__name__)
        self._stale = True

    def _explain(self, error: Exception) -> Exception:
        if isinstance(error, DipError):
            return error
        if isinstance(error, sqlite3.OperationalError):
            self._log.error("store_write_failed", reason=str(error))
            unavailable = StoreUnavailable()
            unavailable.__cause__ = error
            return unavailable
        return error

    def _answer(self, group: list[_Asked[Any]]) -> None:
        loops = {asked.loop for asked in group}
        for loop in loops:
            mine = [asked for asked in group if asked.loop is loop]
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve, mine)


def _resolve(group: list[_Asked[Any]]) -> None:
    for asked in group:
        if asked.future.done():
            continue
        if asked.error is not None:
            asked.future.set_exception(asked.error)
        else:
            asked.future.set_result(asked.result)
