"""The file of one payload, read in pieces in threads: memory is the same whatever its size."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from functools import partial
from io import FileIO
from threading import Lock
from typing import Final, TypeVar

from dip.ground.errors import DipError
from dip.publications.shelf import Shelf

_PIECE: Final = 256 * 1024
_LEVEL: Final = 4
_GZIP_WINDOW: Final = 31
_Found = TypeVar("_Found")


class PayloadUnreadable(DipError):
    """The file of this payload can't be read as it was published; tell whoever runs this server."""

    code = "payload_unreadable"


class PayloadFile:
    """A payload's file, pinned from the first moment to the last."""

    def __init__(self, shelf: Shelf, payload: int, executor: Executor) -> None:
        """Pins it: in the same turn of the event loop in which the payload was found to be there."""
        self._executor = executor
        self._pinned = ExitStack()
        self._path = self._pinned.enter_context(shelf.reading(payload))
        self._lock = Lock()
        self._file: FileIO | None = None

    async def open(self, size: int) -> None:
        """Raises PayloadUnreadable where the file is not there, or not of this size."""
        if await self._in_thread(self._open) != size:
            raise PayloadUnreadable

    async def pieces(self, place: int, length: int, is_sent: Callable[[], bool]) -> AsyncGenerator[memoryview, None]:
        """The bytes of a part, each piece good until the next is asked for. Raises PayloadUnreadable.

        is_sent: whether nobody holds the last piece any more: then its memory is used again. So fifty downloads have
        fifty pieces, and not what an allocator makes of thousands.
        """
        buffer = memoryview(bytearray(min(_PIECE, length)))
        for start in range(place, place + length, _PIECE):
            if not is_sent():
                buffer = memoryview(bytearray(_PIECE))
            piece = buffer[: min(_PIECE, place + length - start)]
            await self._in_thread(partial(self._fill, piece, start))
            yield piece

    async def packed(self, length: int) -> AsyncGenerator[bytes, None]:
        """The whole, compressed with gzip as it is read; no piece is empty. Raises PayloadUnreadable."""
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        buffer = memoryview(bytearray(min(_PIECE, length)))
        for place in range(0, length, _PIECE):
            piece = await self._packed(packer, buffer[: length - place], place)
            if piece:
                yield piece
        yield await self._in_thread(packer.flush)

    def close(self) -> None:
        """Let go in a thread: a read may be under way, and the last reader of what was removed deletes the file."""
        try:
            self._executor.submit(self._close)
        except RuntimeError:
            # The server ends, its threads have.
            self._close()

    async def _packed(self, packer: "zlib._Compress", buffer: memoryview, place: int) -> bytes:
        def work() -> bytes:
            self._fill(buffer, place)
            return packer.compress(buffer)

        return await self._in_thread(work)

    async def _in_thread(self, work: Callable[[], _Found]) -> _Found:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _open(self) -> int:
        with self._lock:
            try:
                self._file = self._pinned.enter_context(FileIO(self._path))
                return self._file.seek(0, 2)
            except OSError as exc:
                raise PayloadUnreadable from exc

    def _fill(self, buffer: memoryview, place: int) -> None:
        # Whoever gave up waiting closes: never between the two steps.
        with self._lock:
            if self._file is None:
                raise PayloadUnreadable
            try:
                self._file.seek(place)
                is_whole = self._file.readinto(buffer) == len(buffer)
            except OSError as exc:
                raise PayloadUnreadable from exc
        if not is_whole:
            raise PayloadUnreadable

    def _close(self) -> None:
        with self._lock:
            self._file = None
            self._pinned.close()
