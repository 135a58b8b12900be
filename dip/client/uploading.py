"""One payload on its way to the DIP: the participant's side of tus 1.0.0, which goes on whatever breaks (5.6)."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from dip.client.errors import CallRefused, ServerNotReached
from dip.client.participant import ParticipantClient
from dip.client.payload_files import Advance, Kind, PayloadFile, opened_file, pieces
from dip.client.results import Answer
from dip.ground.errors import DipError
from dip.messages.headers import PUBLICATION_URI, SENDER

_PROTOCOL: Final = {"Tus-Resumable": "1.0.0"}
_OFFSET: Final = "Upload-Offset"
_BYTES: Final = "application/offset+octet-stream"
_CREATED: Final = 201
_FOUND: Final = 200
_TAKEN: Final = 204
_GONE: Final = frozenset({404, 410})
_CONFLICT: Final = 409
_BUSY: Final = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses after which the same call may succeed."""
_TOO_MANY: Final = 429
"""To an upload that would begin: others must end first, which takes longer than anybody waits."""
_MOVED: Final = frozenset({409, 423})
"""Statuses of a piece after which its place is asked for: another request sends, or sent, some of it."""
_READS_AGAIN_A_SECOND: Final = 100 * 1024 * 1024
"""After a restart the DIP hashes what it has before it takes more: bytes a second that we trust it to."""


class Patience(msgspec.Struct, frozen=True):
    """How often a step is tried without progress, and how long is waited between, seconds: doubling from `first_s`."""

    attempts: int = 9
    first_s: float = 0.5
    longest_s: float = 15.0
    stall_s: float = 60.0
    """How long no byte may move."""

    def wait_s(self, failed: int) -> float:
        """How long to wait after so many failures in a row."""
        return min(self.longest_s, self.first_s * 2.0 ** (failed - 1))


class Address(msgspec.Struct, frozen=True):
    """Where a payload is to be read: on a channel, by its name, in a version."""

    channel: str
    name: str
    version: str


class Again(Exception):
    """A step that may succeed later. reason: what is told when it does not."""

    def __init__(self, reason: DipError) -> None:
        super().__init__(reason.message)
        self.reason = reason


class Upload:
    """Sends one file. It keeps nothing on this side: an upload that was begun earlier is found again by the DIP."""

    def __init__(
        self,
        client: ParticipantClient,
        address: Address,
        file: PayloadFile,
        kind: Kind,
        *,
        piece_bytes: int,
        patience: Patience,
        told: Advance,
    ) -> None:
        """piece_bytes: sent by one call at most. told: of bytes that the DIP has, or is being sent."""
        self._client = client
        self._file = file
        self._patience = patience
        self._piece_bytes = piece_bytes
        self._told = told
        self._path = f"/publications/{address.channel}/uploads"
        self._sender: Mapping[str, str] = {} if client.party == client.credentials.dip_id else {SENDER: client.party}
        self._metadata = _metadata(address, file, kind)
        self._token: str | None = None
        self._uri = ""
        self._furthest = -1

    async def run(self) -> str:
        """Send what the DIP has not; the address at which the payload is read once it is announced.

        Raises CallRefused, FileUnreadable, ServerNotReached: after as many attempts without progress as its patience.
        """
        failed = 0
        while True:
            furthest = self._furthest
            try:
                await self._go_on()
            except ServerNotReached as fault:
                reason: DipError = fault
            except Again as fault:
                reason = fault.reason
            else:
                self._told(self._file.size, self._file.size)
                return self._uri
            failed = 1 if self._furthest > furthest else failed + 1
            if failed >= self._patience.attempts:
                raise reason
            await asyncio.sleep(self._patience.wait_s(failed))

    async def _go_on(self) -> None:
        offset = await (self._begin() if self._token is None else self._place())
        while offset < self._file.size:
            self._reached(offset)
            offset = await self._send(offset)

    async def _begin(self) -> int:
        """Begin the upload, or find the one that was begun; the next byte that is wanted."""
        headers = {"Upload-Length": str(self._file.size), "Upload-Metadata": self._metadata}
        answer = await self._call("POST", self._path, headers)
        place, self._uri = answer.headers.get("Location"), answer.headers.get(PUBLICATION_URI, "")
        if answer.status == _CONFLICT and self._uri:
            if place is None:
                return self._file.size  # It is published already.
        else:
            answer.require(_CREATED)
        # Of the address that the DIP tells only the last step counts: a gateway may stand in front of it.
        self._token = (place or "").rstrip("/").rpartition("/")[2]
        return 0 if answer.status == _CREATED else await self._place()

    async def _place(self) -> int:
        """The next byte that the DIP wants."""
        answer = await self._call("HEAD", f"{self._path}/{self._token}", {})
        self._check_there(answer)
        answer.require(_FOUND)
        return self._offset(answer)

    async def _send(self, offset: int) -> int:
        """Send one piece; the next byte that is wanted then."""
        length = min(self._piece_bytes, self._file.size - offset)
        headers = {_OFFSET: str(offset), "Content-Type": _BYTES, "Content-Length": str(length)}
        with await opened_file(self._file) as opened:
            body = _Body(self._file, pieces(self._file, opened, offset, length), offset, self._told)
            try:
                answer = await self._call("PATCH", f"{self._path}/{self._token}", headers, body, offset)
            except (ServerNotReached, Again):
                if body.fault is not None:
                    raise body.fault from None
                raise
        self._check_there(answer)
        if answer.status in _MOVED:
            raise Again(refusal(answer))
        answer.require(_TAKEN)
        after = self._offset(answer)
        if after <= offset:
            raise CallRefused(f"The DIP took nothing of the bytes from {offset} on, and did not say why.")
        return after

    async def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: AsyncIterator[bytes] | None = None,
        offset: int = 0,
    ) -> Answer:
        stall_s = self._patience.stall_s + offset / _READS_AGAIN_A_SECOND
        everything = {**_PROTOCOL, **self._sender, **headers}
        answer = await self._client.transfer(method, path, everything, body, stall_s=stall_s)
        if answer.status in _BUSY and not (method == "POST" and answer.status == _TOO_MANY):
            raise Again(refusal(answer))
        return answer

    def _check_there(self, answer: Answer) -> None:
        if answer.status in _GONE:
            self._token = None
            raise Again(refusal(answer))

    def _offset(self, answer: Answer) -> int:
        try:
            offset = int(answer.headers.get(_OFFSET, ""))
        except ValueError:
            offset = -1
        if not 0 <= offset <= self._file.size:
            raise CallRefused(f"The DIP answered {answer.status} without a good {_OFFSET}.", status=answer.status)
        self._reached(offset)
        return offset

    def _reached(self, offset: int) -> None:
        self._furthest = max(self._furthest, offset)
        self._told(offset, self._file.size)


class _Body:
    """The bytes of one call, counted. fault: why there are no more; the HTTP library would bury it."""

    def __init__(self, file: PayloadFile, content: AsyncIterator[bytes], offset: int, told: Advance) -> None:
        self.fault: DipError | None = None
        self._size = file.size
        self._content = content
        self._sent = offset
        self._told = told

    def __aiter__(self) -> "_Body":
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._content)
        except DipError as fault:
            self.fault = fault
            raise
        self._sent += len(piece)
        self._told(self._sent, self._size)
        return piece


def refusal(answer: Answer) -> CallRefused:
    """What a refusal says."""
    return CallRefused(f"The DIP answered {answer.status}: {answer.explanation()}", status=answer.status)


def _metadata(address: Address, file: PayloadFile, kind: Kind) -> str:
    said = {
        "name": address.name,
        "version": address.version,
        "sha256": file.sha256,
        "mediaType": kind.media_type,
        "compression": kind.compression or "",
    }
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items() if value)
