"""Uploads: payloads on their way to the disk, resumable after whatever breaks, seen by nobody before they are whole."""

import asyncio
import errno
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import Final

import msgspec

from dip.ground.clock import Clock
from dip.ground.errors import Conflict, DipError, NotFound, StoreUnavailable, TooLarge
from dip.ground.log import Log
from dip.ground.rounds import make_rounds
from dip.ground.settings import Settings
from dip.ground.steps import UNWATCHED, Milestone, Steps
from dip.publications.address import PayloadAddress, PublicAddress, checked_address
from dip.publications.held_uploads import Held, HeldUploads
from dip.publications.packed_check import ZIP, UnpackedBounds, check_zip
from dip.publications.receiving import ReceivingFile
from dip.publications.shelf import Shelf
from dip.publications.taken_address import taken
from dip.publications.turns import Checksum, Read, Turn
from dip.publications.upload_errors import (
    ChecksumWrong,
    NoRoom,
    OffsetWrong,
    PayloadRefused,
    TooManyUploads,
    UploadEnded,
)
from dip.store.publication_records import NewPayload, Payload, PayloadState
from dip.store.publications import SqlitePublications

_TOKEN_BYTES: Final = 18
_SWEPT_AT_ONCE: Final = 10_000


class Uploads:
    """Takes payloads in. What is acknowledged is on disk; what is not whole is found again after a crash (5.6).

    Order: bytes synced, length committed, answered; at the last byte: synced, digest compared, committed, answered.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        store: SqlitePublications,
        shelf: Shelf,
        public: PublicAddress,
        executor: Executor,
        moved: Callable[[str, int], None],
        clock: Clock,
        log: Log,
        steps: Steps = UNWATCHED,
    ) -> None:
        """executor: writes, hashes and opens files. moved: told of bytes that were `uploaded`."""
        self._settings = settings
        self._store = store
        self._shelf = shelf
        self._public = public
        self._moved = moved
        self._clock = clock
        self._log = log
        self._steps = steps
        self._bounds = UnpackedBounds(settings.publication_unpacked_limit_bytes, settings.publication_unpacked_ratio)
        self._held = HeldUploads(settings=settings, shelf=shelf, bounds=self._bounds, executor=executor)
        self._beginning = asyncio.Lock()

    def uri(self, payload: NewPayload) -> str:
        """The address at which it is read once it is published."""
        return self._public.uri(PayloadAddress(payload.channel, payload.name, payload.version))

    def expires(self, payload: Payload) -> datetime | None:
        """When it is swept if nothing happens, business time; None for what is published."""
        kept = self._kept(payload)
        return None if kept is None else payload.changed_at + kept

    async def begin(self, wanted: NewPayload) -> Payload:
        """An upload of a payload, `upload` of which is not looked at: it gets an unguessable name.

        Raises TooLarge, AddressRefused, AddressTaken, TooManyUploads, NoRoom, StoreUnavailable.
        """
        most = self._settings.publication_payload_limit_bytes
        if wanted.size > most:
            raise TooLarge(f"Upload-Length: expected at most {most} bytes.")
        checked_address(wanted.channel, wanted.name, wanted.version)
        uri = self.uri(wanted)
        # One at a time, so that two do not take the same last place.
        async with self._beginning:
            there = self._store.payload(wanted.channel, wanted.name, wanted.version)
            if there is not None:
                raise taken(there, wanted, uri)
            await self._check_room(wanted)
            new = msgspec.structs.replace(wanted, upload=secrets.token_urlsafe(_TOKEN_BYTES))
            payload, is_new = await self._store.begin(new, self._clock.now())
        if not is_new:
            raise taken(payload, wanted, uri)
        self._log.info("upload_begun", payload=payload.id, channel=payload.channel, bytes=payload.size)
        return payload

    def known(self, upload: str) -> Payload | None:
        """The payload of an upload, as far as is committed."""
        return self._store.upload(upload)

    async def find(self, upload: str) -> Payload:
        """The payload of an upload, after what a dead connection brought of it was written down. Raises NotFound."""
        payload = self._find(upload)
        return self._find(upload) if await self._held.wake(upload) else payload

    async def append(self, payload: Payload, offset: int, read: Read, checksum: Checksum | None = None) -> Payload:
        """Take what a request brings, from a byte of the whole on; the payload as it stands then, `whole` at its end.

        Whatever ends it early, what came is kept, except with a checksum. Raises UploadBusy, UploadEnded,
        UploadStalled, OffsetWrong, ChecksumWrong, TooLarge, PayloadRefused, NoRoom, NotFound, StoreUnavailable, and
        what `read` raises.
        """
        async with self._held.turn(payload.upload, read) as (held, turn):
            work = asyncio.create_task(self._append(held, turn, payload.upload, offset, checksum))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                turn.end(UploadEnded())
                await asyncio.wait({work})
                work.exception()
                raise

    async def drop(self, payload: Payload) -> None:
        """Give an upload up, with what came of it. Raises Conflict where it is published, UploadBusy, NotFound."""
        if not await self._forget(payload):
            raise Conflict("The payload is published; an administrator can remove it.")

    async def sweep(self) -> int:
        """Give up what got no byte, or was not announced, for too long; returns how many."""
        now, swept = self._clock.now(), 0
        for payload in self._store.uploads(_SWEPT_AT_ONCE):
            expires = self.expires(payload)
            if expires is not None and expires <= now and not self._held.is_sending(payload.upload):
                swept += await self._forget(payload)
        return swept

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        every_s = self._settings.retention_sweep_s
        await make_rounds(self.sweep, every_s=every_s, what="upload_sweep", log=self._log)

    async def close(self) -> None:
        """Take no bytes any more; return when what came is written down."""
        await self._held.close()

    async def _append(self, held: Held, turn: Turn, upload: str, offset: int, checksum: Checksum | None) -> Payload:
        payload = self._find(upload)
        if offset != payload.received:
            raise OffsetWrong(
                f"Upload-Offset: expected {payload.received}, where this upload stands.", payload.received
            )
        if payload.state is not PayloadState.RECEIVING:
            return payload
        try:
            file = await self._held.opened(held, payload)
            progress = None if checksum is not None else _Progress(payload, file, self._settings, self._advance)
            reason = await turn.pour(file, payload.size, checksum, self._held.in_thread, progress)
            self._steps.reached(Milestone.UPLOAD_WRITTEN)
            await self._held.in_thread(file.sync)
            self._steps.reached(Milestone.UPLOAD_SYNCED)
            before, payload = payload.received, await self._noted(payload, file)
            self._moved("uploaded", payload.received - before)
            self._steps.reached(Milestone.UPLOAD_NOTED)
        except ChecksumWrong:
            raise
        except PayloadRefused as exc:
            await self._held.release(held)
            await self._store.forget(payload.id)
            await self._held.in_thread(self._shelf.remove, payload.id)
            self._log.info("upload_refused", payload=payload.id, channel=payload.channel)
            raise PayloadRefused(f"{exc.message} The upload was dropped; begin it anew.") from exc
        except NotFound:
            # It was given up meanwhile.
            await self._held.release(held)
            await self._held.in_thread(self._shelf.remove, payload.id)
            raise
        except BaseException as exc:
            # What was not committed is cut off when the file is opened again.
            await self._held.release(held)
            if isinstance(exc, OSError):
                raise _of_disk(exc) from exc
            raise
        if payload.state is not PayloadState.RECEIVING:
            await self._held.release(held)
        if reason is not None:
            raise reason
        return payload

    async def _noted(self, payload: Payload, file: ReceivingFile) -> Payload:
        """Write down how far the upload is: whole, where all is there and right. Raises PayloadRefused."""
        if file.length < payload.size:
            if file.length != payload.received:
                await self._advance(payload.id, file.length)
            return self._find(payload.upload)
        if file.digest != payload.sha256:
            raise PayloadRefused(
                f"sha256: the payload was to have {payload.sha256.hex()}; what came has {file.digest.hex()}."
            )
        unpacked = await self._held.in_thread(self._unpacked_size, payload, file)
        await self._store.complete(payload.id, unpacked, self._clock.now())
        self._log.info("upload_whole", payload=payload.id, channel=payload.channel, bytes=payload.size)
        return self._find(payload.upload)

    def _unpacked_size(self, payload: Payload, file: ReceivingFile) -> int | None:
        if payload.compression == ZIP:
            return check_zip(self._shelf.path(payload.id), self._bounds)
        return file.unpacked()

    async def _forget(self, payload: Payload) -> bool:
        """Whether the upload could be given up; then nobody sends any more, and its file is gone."""
        if not await self._store.forget(payload.id):
            return False
        await self._held.stop(payload.upload)
        await self._held.in_thread(self._shelf.remove, payload.id)
        self._log.info("upload_dropped", payload=payload.id, channel=payload.channel)
        return True

    async def _advance(self, payload: int, received: int) -> None:
        await self._store.advance(payload, received, self._clock.now())

    async def _check_room(self, wanted: NewPayload) -> None:
        settings, totals = self._settings, self._store.upload_totals(wanted.sender)
        if totals.of_sender >= settings.publication_uploads_a_sender:
            raise TooManyUploads(
                f"{wanted.sender} has {totals.of_sender} uploads under way, as many as one may. End one, or give it up."
            )
        if totals.under_way >= settings.publication_uploads_at_once:
            raise TooManyUploads(f"There are {totals.under_way} uploads under way, as many as may be. Try again later.")
        room = await self._held.in_thread(self._shelf.room)
        room -= totals.bytes_to_come + settings.publication_space_left_bytes
        if wanted.size > room:
            raise NoRoom(f"Upload-Length: the disk has room for {max(0, room)} bytes at the moment. Try again later.")

    def _find(self, upload: str) -> Payload:
        payload = self._store.upload(upload)
        if payload is None:
            raise NotFound("There is no such upload, or no longer.")
        return payload

    def _kept(self, payload: Payload) -> timedelta | None:
        match payload.state:
            case PayloadState.RECEIVING:
                return timedelta(hours=self._settings.publication_upload_hours)
            case PayloadState.WHOLE:
                return timedelta(hours=self._settings.publication_unannounced_hours)
        return None


class _Progress:
    """Commits how much of an upload is on disk, at larger steps: a crash then costs no more than one of them."""

    def __init__(
        self,
        payload: Payload,
        file: ReceivingFile,
        settings: Settings,
        advance: Callable[[int, int], Awaitable[None]],
    ) -> None:
        self._payload = payload
        self._file = file
        self._noted = payload.received
        self._step = settings.publication_sync_bytes
        self._advance = advance

    async def __call__(self) -> None:
        synced = self._file.synced
        # The last byte is committed with the digest compared, or not at all.
        if synced - self._noted >= self._step and synced < self._payload.size:
            self._noted = synced
            await self._advance(self._payload.id, synced)


def _of_disk(error: OSError) -> DipError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return NoRoom("The disk is full; what was written down is kept. Ask with HEAD where to go on, later.")
    return StoreUnavailable()
