"""What is held in memory of uploads under way: files open and hashed, and the request that sends; bounded by them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from typing import Final, TypeVar

from dip.ground.errors import StoreUnavailable
from dip.ground.settings import Settings
from dip.publications.packed_check import GZIP, GzipCheck, UnpackedBounds
from dip.publications.receiving import ReceivingFile
from dip.publications.shelf import Shelf
from dip.publications.turns import Read, Turn
from dip.publications.upload_errors import UploadBusy, UploadEnded
from dip.store.publication_records import Payload

_GIVE_WAY_S: Final = 10.0
"""How long a request waits for an earlier one to write down what it brought."""
_STOPS: Final = "The server stops; what came is kept. Ask with HEAD where to go on."
_Result = TypeVar("_Result")


class Held:
    """One upload: its file, or the work on opening it, and the request that sends."""

    def __init__(self) -> None:
        self.turn: Turn | None = None
        self.opening: asyncio.Task[ReceivingFile] | None = None


class HeldUploads:
    """The uploads of which something is held. One request at a time sends bytes of an upload."""

    def __init__(self, *, settings: Settings, shelf: Shelf, bounds: UnpackedBounds, executor: Executor) -> None:
        self._settings = settings
        self._shelf = shelf
        self._bounds = bounds
        self._executor = executor
        self._held: dict[str, Held] = {}
        self._is_closed = False

    @contextlib.asynccontextmanager
    async def turn(self, upload: str, read: Read) -> AsyncGenerator[tuple[Held, Turn], None]:
        """A request's turn at an upload. Raises UploadBusy while another one sends; one that is quiet is ended."""
        while (older := self._turn_of(upload)) is not None:
            if not older.is_quiet(self._settings.publication_takeover_s):
                raise UploadBusy("Another request sends bytes of this upload just now. Try again when it has ended.")
            await _give_way(older)
        if self._is_closed:
            raise StoreUnavailable(_STOPS)
        held = self._held.setdefault(upload, Held())
        held.turn = turn = Turn(read, stall_s=self._settings.publication_stall_s)
        try:
            yield held, turn
        finally:
            held.turn = None
            turn.over.set()
            if held.opening is None:
                self._held.pop(upload, None)

    def is_sending(self, upload: str) -> bool:
        """Whether a request sends bytes of it."""
        return self._turn_of(upload) is not None

    async def wake(self, upload: str) -> bool:
        """End a request that is quiet, its connection may be dead; whether there was one."""
        turn = self._turn_of(upload)
        if turn is None or not turn.is_quiet(self._settings.publication_takeover_s):
            return False
        with contextlib.suppress(UploadBusy):
            await _give_way(turn)
        return True

    async def stop(self, upload: str) -> None:
        """End whoever sends, and hold nothing of the upload. Raises UploadBusy."""
        while (held := self._held.get(upload)) is not None:
            if held.turn is not None:
                await _give_way(held.turn)
                continue
            del self._held[upload]
            await self.release(held)

    async def opened(self, held: Held, payload: Payload) -> ReceivingFile:
        """The file, at the byte that is certain; who asks may go, the work on it is not lost.

        Raises PayloadRefused, OSError, StoreUnavailable.
        """
        if held.opening is None:
            held.opening = asyncio.create_task(self._open(payload))
        return await asyncio.shield(held.opening)

    async def release(self, held: Held) -> None:
        """Close the file; nobody may be writing to it."""
        opening, held.opening = held.opening, None
        if opening is not None:
            (file,) = await asyncio.gather(opening, return_exceptions=True)
            if isinstance(file, ReceivingFile):
                await self.in_thread(file.close)

    async def close(self) -> None:
        """Take no bytes any more; return when what came is written down."""
        self._is_closed = True
        turns = [held.turn for held in self._held.values() if held.turn is not None]
        for turn in turns:
            turn.end(StoreUnavailable(_STOPS))
        for turn in turns:
            await turn.over.wait()
        for held in list(self._held.values()):
            await self.release(held)

    async def in_thread(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        """Have a worker thread call it: nothing that waits for a disk runs on the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)

    def _turn_of(self, upload: str) -> Turn | None:
        held = self._held.get(upload)
        return None if held is None else held.turn

    async def _open(self, payload: Payload) -> ReceivingFile:
        check = GzipCheck(self._bounds) if payload.compression == GZIP else None
        file = await self.in_thread(ReceivingFile, self._shelf.path(payload.id), payload.received, check)
        try:
            while not await self.in_thread(file.catch_up):
                if self._is_closed:
                    raise StoreUnavailable(_STOPS)
        except BaseException:
            file.close()
            raise
        return file


async def _give_way(older: Turn) -> None:
    older.end(UploadEnded())
    try:
        async with asyncio.timeout(_GIVE_WAY_S):
            await older.over.wait()
    except TimeoutError:
        raise UploadBusy("An earlier request still writes down what it brought. Try again in a moment.") from None
