"""Sends a file of appointments to a server that runs, from the line where an earlier attempt stopped (FS-35)."""

import asyncio
import contextlib
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Final
from urllib.parse import quote

import aiohttp
import msgspec

from dip.cli.asking import detail_of, session
from dip.cli.participants_file import BadFile
from dip.client import ServerNotReached
from dip.ground.errors import DipError

_CHUNK: Final = 256 * 1024
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31
_ASKED_EVERY_S: Final = 0.5
_NAME_DIGITS: Final = 32
_NOT_FOUND: Final = 404
_REFUSED: Final = 400


class ImportFailed(DipError):
    """The server did not take the file."""

    code: ClassVar[str] = "import_failed"


class Progress(msgspec.Struct):
    """How far an import is. sent, size: bytes of the file; rows, rejected: of the run, as the server last said."""

    size: int
    sent: int = 0
    rows: int = 0
    rejected: int = 0
    is_sending: bool = False


class Fault(msgspec.Struct, frozen=True):
    """A row that was rejected."""

    line: int
    mpan: str
    reason: str


class RunAnswer(msgspec.Struct, frozen=True):
    """What the server says of a run."""

    run: dict[str, Any]
    faults: list[Fault]
    next: int | None


class Outcome(msgspec.Struct, frozen=True):
    """What became of a file. resumed_at: the line with which this attempt began."""

    answer: RunAnswer
    resumed_at: int


class FileImport:
    """One file on its way to a server. The name of its run is made of its content: another file is another run."""

    def __init__(self, file: Path, data: Path, portal: str | None, told: Callable[[Progress], None]) -> None:
        """told: of progress, now and then."""
        self._file = file
        self._data = data
        self._portal = portal
        self._told = told

    async def run(self) -> Outcome:
        """Import it. Raises BadFile, ImportFailed, ServerNotReached."""
        progress = Progress(await self._in_thread(lambda: self._file.stat().st_size))
        name = f"file-{await self._in_thread(lambda: self._digest(progress))}"
        async with session(self._data, self._portal) as (calls, url):
            try:
                return await self._send(calls, url, name, progress)
            except (aiohttp.ClientError, OSError, TimeoutError) as exc:
                raise ServerNotReached(
                    f"{url} gave no answer ({type(exc).__name__}). Is it running? The same command goes on."
                ) from exc

    async def _send(self, calls: aiohttp.ClientSession, url: str, name: str, progress: Progress) -> Outcome:
        before = await _asked(calls, f"{url}/mpans/runs/{name}?limit=1")
        done = 0
        if before is not None and before.run["state"] != "finished":
            done = int(before.run["lines"] or 0)
        asking = asyncio.create_task(self._ask(calls, f"{url}/mpans/runs/{name}?limit=1", progress))
        try:
            progress.is_sending = True
            target = f"{url}/mpans?run={quote(name)}&from_line={done + 1}"
            async with calls.post(target, data=self._body(done, progress)) as answer:
                body = await answer.read()
                if answer.status >= _REFUSED:
                    raise ImportFailed(detail_of(body) or f"the server answered {answer.status}")
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        found = await _asked(calls, f"{url}/mpans/runs/{name}")
        if found is None:
            raise ImportFailed("The server does not remember the import.")
        progress.rows, progress.rejected = found.run["rows"], found.run["rejected"]
        self._told(progress)
        return Outcome(found, done + 1)

    async def _ask(self, calls: aiohttp.ClientSession, target: str, progress: Progress) -> None:
        """Tell of progress while the file is sent."""
        while True:
            await asyncio.sleep(_ASKED_EVERY_S)
            with contextlib.suppress(aiohttp.ClientError, OSError, ImportFailed):
                found = await _asked(calls, target)
                if found is not None:
                    progress.rows, progress.rejected = found.run["rows"], found.run["rejected"]
            self._told(progress)

    async def _body(self, done: int, progress: Progress) -> AsyncIterator[bytes]:
        """The file as it is, or, where lines of it are done, what follows them, unpacked."""
        progress.sent = 0
        with await self._in_thread(lambda: self._file.open("rb")) as opened:
            pieces = _Pieces(opened, done)
            while (piece := await self._in_thread(pieces.next)) is not None:
                progress.sent = opened.tell()
                if piece:
                    yield piece

    def _digest(self, progress: Progress) -> str:
        found = hashlib.sha256()
        with self._file.open("rb") as opened:
            while chunk := opened.read(4 * _CHUNK):
                found.update(chunk)
                progress.sent += len(chunk)
                self._told(progress)
        return found.hexdigest()[:_NAME_DIGITS]

    async def _in_thread(self, what: Callable[[], Any]) -> Any:
        try:
            return await asyncio.to_thread(what)
        except OSError as exc:
            raise BadFile(f"{self._file} can't be read: {exc.strerror}.") from exc
        except zlib.error as exc:
            raise BadFile(f"{self._file} can't be unpacked.") from exc


class _Pieces:
    """The bytes of a file behind so many lines; a packed file is unpacked where lines are left out."""

    def __init__(self, opened: BinaryIO, done: int) -> None:
        self._opened = opened
        self._left = done
        self._must_look = done > 0
        self._opener: Any = None

    def next(self) -> bytes | None:
        """The next piece, which may be empty; None at the end."""
        chunk = self._opened.read(_CHUNK)
        if not chunk:
            return None
        if self._must_look:
            self._must_look = False
            self._opener = zlib.decompressobj(_GZIP_WINDOW) if chunk.startswith(_GZIP) else None
        return self._behind(self._unpacked(chunk) if self._opener is not None else chunk)

    def _unpacked(self, chunk: bytes) -> bytes:
        parts = []
        while chunk:
            parts.append(self._opener.decompress(chunk))
            chunk = b""
            if self._opener.eof:
                chunk = self._opener.unused_data.lstrip(b"\0")
                self._opener = zlib.decompressobj(_GZIP_WINDOW)
        return b"".join(parts)

    def _behind(self, piece: bytes) -> bytes:
        if not self._left:
            return piece
        ends = piece.count(b"\n")
        if ends < self._left:
            self._left -= ends
            return b""
        place = -1
        for _ in range(self._left):
            place = piece.index(b"\n", place + 1)
        self._left = 0
        return piece[place + 1 :]


async def _asked(calls: aiohttp.ClientSession, target: str) -> RunAnswer | None:
    """What the server says of a run; None where it knows none. Raises ImportFailed."""
    async with calls.get(target) as answer:
        body = await answer.read()
        if answer.status == _NOT_FOUND:
            return None
        if answer.status >= _REFUSED:
            raise ImportFailed(detail_of(body) or f"the server answered {answer.status}")
        return msgspec.json.decode(body, type=RunAnswer)
