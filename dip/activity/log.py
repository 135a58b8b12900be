"""The activity log as the server writes it: gathered in memory, written down off the event loop, many in a commit."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Final

from yarl import URL

from dip.activity.events import SENT, STARTED, STOPPED, Event, new_uid
from dip.activity.packing import pack
from dip.activity.records import Recorder
from dip.ground.clock import Clock, microseconds
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.messages.identifiers import DIP
from dip.store.activity import NewRecord, SqliteActivity

_AT_ONCE: Final = 200
"""Records written down in one go."""
_BYTES_AT_ONCE: Final = 4 * 1024 * 1024
_STORE_WAIT_S: Final = 1.0
_NANOSECONDS: Final = 1000


class ActivityLog:
    """Takes what happened and puts it into the chain, in this order.

    It holds at most `activity_waiting_bytes`; who brings more waits, for a while. An answer is not held up otherwise:
    what a crash finds in memory, made in the last `activity_linger_ms` or being committed, is lost. The evidence of
    messages is not: it is committed with them.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: SqliteActivity,
        recorder: Recorder,
        executor: Executor,
        log: Log,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._executor = executor
        self._log = log
        self._waiting: deque[tuple[int, int, Event]] = deque()
        self._held = 0
        self._writing = 0
        self._arrived = asyncio.Event()
        self._hurry = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._written = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Begin to write; the first record says that the server started, and where."""
        self._put(self._own(STARTED))
        self._task = asyncio.create_task(self._run(), name="activity log")

    async def record(self, event: Event) -> None:
        """Take an event; waits while there is no room for it, `activity_patience_s` at most, then goes on without."""
        if self._is_full:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.activity_patience_s):
                    await self._have_room()
        self.record_now(event)

    def record_now(self, event: Event) -> None:
        """Take an event; one for which there is no room is told to the server's log."""
        if self._is_full:
            self._log.error("activity_not_recorded", count=1)
        else:
            self._put(event)

    async def sent(
        self,
        *,
        party: str,
        method: str,
        url: str,
        status: int | None,
        answer: bytes,
        duration_us: int,
        size: int,
        reason: str = "",
    ) -> None:
        """Take a call that the DIP made. party: whom it called; size: bytes of its body; reason: why no answer came."""
        attributes: dict[str, object] = {"user.id": DIP, "dip.party": party, "http.request.body.size": size}
        if reason:
            attributes["error.type"] = reason
        await self.record(
            Event(
                name=SENT,
                uid=new_uid(),
                began=self.wall_ns() - duration_us * _NANOSECONDS,
                method=method,
                url=URL(url),
                status=status,
                duration_us=duration_us,
                body=answer,
                # What a webhook says of the form of its answer is not asked: its entries count whatever it says.
                media="json",
                attributes=attributes,
            )
        )

    def wall_ns(self) -> int:
        """Wall time, nanoseconds since 1970."""
        return microseconds(self._clock.wall()) * _NANOSECONDS

    async def written(self) -> None:
        """Until everything that was taken before is committed."""
        self._wake()
        async with self._written:
            await self._written.wait_for(lambda: not self._waiting and not self._writing)

    async def close(self) -> None:
        """Write down what is left and that the server stopped, and end."""
        self._put(self._own(STOPPED))
        self._closing = True
        self._wake()
        if self._task is not None:
            await self._task

    @property
    def _is_full(self) -> bool:
        return self._held >= self._settings.activity_waiting_bytes

    async def _have_room(self) -> None:
        while self._is_full:
            self._room.clear()
            self._wake()
            await self._room.wait()

    def _put(self, event: Event) -> None:
        self._waiting.append((microseconds(self._clock.now()), self.wall_ns(), event))
        self._held += event.held
        self._arrived.set()

    async def _run(self) -> None:
        while not (self._closing and not self._waiting):
            await self._arrived.wait()
            self._arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.activity_linger_ms / 1000):
                    await self._hurry.wait()
            self._hurry.clear()
            while self._waiting:
                taken = self._take()
                written = await self._write(taken)
                self._writing = 0
                self._held -= sum(event.held for _, _, event in taken)
                self._room.set()
                if not written:
                    return
            async with self._written:
                self._written.notify_all()

    def _wake(self) -> None:
        """Have what waits written down at once."""
        self._hurry.set()
        self._arrived.set()

    def _take(self) -> list[tuple[int, int, Event]]:
        taken: list[tuple[int, int, Event]] = []
        size = 0
        while self._waiting and len(taken) < _AT_ONCE and size < _BYTES_AT_ONCE:
            taken.append(self._waiting.popleft())
            size += taken[-1][2].held
        self._writing = len(taken)
        return taken

    async def _write(self, taken: Sequence[tuple[int, int, Event]]) -> bool:
        """Write down and commit; whether it could be done before the server has to end."""
        loop, rows, told = asyncio.get_running_loop(), list[NewRecord](), False
        while True:
            try:
                rows = rows or await loop.run_in_executor(self._executor, self._written_down, taken)
                await self._store.append(rows)
            except Exception as exc:
                if self._closing:
                    self._log.error("activity_not_recorded", count=len(taken) + len(self._waiting))
                    return False
                if not told:
                    self._log.error("activity_waits_for_store", count=len(taken), reason=type(exc).__name__)
                told = True
                await asyncio.sleep(_STORE_WAIT_S)
            else:
                return True

    def _written_down(self, taken: Sequence[tuple[int, int, Event]]) -> list[NewRecord]:
        rows = []
        for at, observed_ns, event in taken:
            try:
                text = self._recorder.text(event, observed_ns)
            except Exception as exc:
                self._log.exception("activity_record_failed", uid=event.uid)
                text = self._recorder.unwritable(event, observed_ns, type(exc).__name__)
            rows.append(NewRecord(at, text, pack(text)))
        return rows

    def _own(self, name: str) -> Event:
        return Event(
            name=name,
            uid=new_uid(),
            began=self.wall_ns(),
            attributes={"dip.environment": self._settings.environment, "dip.profile": self._settings.profile},
        )
