"""One request's turn at sending bytes of an upload: it ends by itself, when it stalls, or for a later request."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from dip.ground.errors import DipError, TooLarge
from dip.publications.receiving import ReceivingFile
from dip.publications.upload_errors import ChecksumWrong, UploadStalled

Read = Callable[[], Awaitable[bytes]]
"""The next bytes of a request's body, b'' at its end. Raises DipError where there is no end to come."""
InThread = Callable[..., Awaitable[object]]
"""Has a worker thread call a function with arguments."""
CHECKSUM_ALGORITHM: Final = "sha256"
"""The protocol wants SHA-1 beside it, which is broken and not used here."""
_GATHERED: Final = 512 * 1024
"""Bytes that are gathered before the thread that writes is asked."""


class Checksum(msgspec.Struct, frozen=True):
    """The SHA-256 that the bytes of one request must have."""

    expected: bytes


class Turn:
    """One request's turn. At most two pieces are held: one is written while the next one is gathered."""

    def __init__(self, read: Read, *, stall_s: float) -> None:
        self.over = asyncio.Event()
        self._read = read
        self._stall_s = stall_s
        self._loop = asyncio.get_running_loop()
        self._waiting_since_s: float | None = None
        self._limit: asyncio.Timeout | None = None
        self._ended: DipError | None = None

    def is_quiet(self, for_s: float) -> bool:
        """Whether it has waited so long for a byte, seconds: its connection may be dead."""
        return self._waiting_since_s is not None and self._loop.time() - self._waiting_since_s >= for_s

    def end(self, reason: DipError) -> None:
        """Read no more; what came is kept."""
        self._ended = self._ended or reason
        if self._limit is not None:
            self._limit.reschedule(self._loop.time())

    async def pour(
        self,
        file: ReceivingFile,
        size: int,
        checksum: Checksum | None,
        in_thread: InThread,
        progress: Callable[[], Awaitable[None]] | None = None,
    ) -> DipError | None:
        """Write what the request brings, up to the size of the whole; returns why it ended before its end, if it did.

        With a checksum that is not met, or could not be checked, the file stands as before; raises ChecksumWrong.
        progress: asked after each write. Raises PayloadRefused, OSError.
        """
        mark = file.mark() if checksum is not None else None
        hashed = hashlib.sha256() if checksum is not None else None

        def write(pieces: list[bytes]) -> None:
            for piece in pieces:
                if hashed is not None:
                    hashed.update(piece)
                file.write(piece)

        reason = await self._pour(write, size - file.length, in_thread, progress)
        if checksum is None or hashed is None or mark is None:
            return reason
        is_right = hmac.compare_digest(hashed.digest(), checksum.expected)
        if reason is None and is_right:
            return None
        await in_thread(file.back, mark)
        if reason is not None:
            return reason
        raise ChecksumWrong(
            f"Upload-Checksum: the bytes that came have another {CHECKSUM_ALGORITHM}; none of them was kept. Send them "
            "again."
        )

    async def _pour(
        self,
        write: Callable[[list[bytes]], None],
        room: int,
        in_thread: InThread,
        progress: Callable[[], Awaitable[None]] | None,
    ) -> DipError | None:
        writing: asyncio.Future[object] | None = None
        reason: DipError | None = None
        is_end = False
        try:
            while not is_end:
                gathered: list[bytes] = []
                held = 0
                while held < _GATHERED and not is_end:
                    try:
                        piece = await self._next()
                    except DipError as exc:
                        piece, reason = b"", exc
                    if len(piece) > room:
                        piece, reason = (
                            piece[:room],
                            TooLarge(
                                "Body: expected no more bytes than Upload-Length has left; those before them are kept."
                            ),
                        )
                    is_end = not piece or reason is not None
                    room -= len(piece)
                    held += len(piece)
                    gathered.append(piece)
                if writing is not None:
                    done, writing = writing, None
                    await done
                    if progress is not None:
                        await progress()
                if held:
                    writing = asyncio.ensure_future(in_thread(write, gathered))
        finally:
            if writing is not None:
                await writing
        return reason

    async def _next(self) -> bytes:
        self._check()
        self._waiting_since_s = self._loop.time()
        try:
            async with asyncio.timeout(self._stall_s) as self._limit:
                return await self._read()
        except TimeoutError:
            self._check()
            raise UploadStalled(
                f"Body: no byte came for {self._stall_s:g} s. What came is kept; ask with HEAD where to go on."
            ) from None
        finally:
            self._waiting_since_s = self._limit = None

    def _check(self) -> None:
        if self._ended is not None:
            raise self._ended
