"""The file of one payload, read in pieces in threads: memory is the same whatever its size."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from threading import Lock
from typing import BinaryIO, Final, TypeVar

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
        self._file: BinaryIO | None = None

    async def open(self, size: int) -> None:
        """Raises PayloadUnreadable where the file is not there, or not of this size."""
        if await self._in_thread(self._open) != size:
            raise PayloadUnreadable

    async def pieces(self, place: int, length: int) -> AsyncGenerator[bytes, None]:
        """The bytes of a part. Raises PayloadUnreadable."""
        for start in range(place, place + length, _PIECE):
            yield await self._read(start, min(_PIECE, place + length - start))

    async def packed(self, length: int) -> AsyncGenerator[bytes, None]:
        """The whole, compressed with gzip as it is read; no piece is empty. Raises PayloadUnreadable."""
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        for place in range(0, length, _PIECE):
            piece = await self._packed(packer, place, min(_PIECE, length - place))
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

    async def _read(self, place: int, length: int) -> bytes:
        return await self._in_thread(lambda: self._bytes(place, length))

    async def _packed(self, packer: "zlib._Compress", place: int, length: int) -> bytes:
        return await self._in_thread(lambda: packer.compress(self._bytes(place, length)))

    async def _in_thread(self, work: Callable[[], _Found]) -> _Found:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _open(self) -> int:
        with self._lock:
            try:
                self._file = self._pinned.enter_context(self._path.open("rb", buffering=0))
                return self._file.seek(0, 2)
            except OSError as exc:
                raise PayloadUnreadable from exc

    def _bytes(self, place: int, length: int) -> bytes:
        # Whoever gave up waiting closes: never between the two steps.
        with self._lock:
            if self._file is None:
                raise PayloadUnreadable
            try:
                self._file.seek(place)
                piece = self._file.read(length)
            except OSError as exc:
                raise PayloadUnreadable from exc
        if len(piece) != length:
            raise PayloadUnreadable
        return piece

    def _close(self) -> None:
        with self._lock:
            self._file = None
            self._pinned.close()
