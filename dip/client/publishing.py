"""A participant publishes: payloads are uploaded, and one message announces them (5.6)."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from dip.client.announcement import Publication, Publisher, Variant, announcement
from dip.client.errors import CallRefused, ServerNotReached
from dip.client.participant import ParticipantClient
from dip.client.payload_files import Advance, Kind, PayloadFile, kind_of, read_file
from dip.client.results import REPEATED_REFERENCE, SendResult
from dip.client.uploading import Address, Again, Patience, Upload
from dip.ground.clock import Clock
from dip.ground.errors import DipError
from dip.messages.identifiers import TransactionId
from dip.messages.standard_response import code_of

PIECE_BYTES: Final = 64 * 1024 * 1024
"""Sent by one call at most: what a lost answer costs."""
_UNAVAILABLE: Final = frozenset({429, 502, 503, 504})


class Uploaded(msgspec.Struct, frozen=True):
    """A payload that the DIP has. uri: where it is read once it is announced. size: bytes. sha256: 64 hex digits."""

    uri: str
    size: int
    sha256: str
    changed_at: datetime
    """When its file was written last."""


class Publishing:
    """Publishes for a participant. What broke off is gone on with: by itself for a while, then by calling again."""

    def __init__(
        self,
        client: ParticipantClient,
        *,
        clock: Clock | None = None,
        patience: Patience | None = None,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        """client: open. piece_bytes: sent by one call at most."""
        self._client = client
        self._clock = clock or Clock()
        self._patience = patience or Patience()
        self._piece_bytes = piece_bytes

    async def upload(
        self,
        path: Path,
        channel: str,
        name: str,
        version: str,
        *,
        kind: Kind | None = None,
        hashed: Advance = lambda done, total: None,
        sent: Advance = lambda done, total: None,
    ) -> Uploaded:
        """Bring a file to the DIP, or the rest of it; nobody sees it before it is announced.

        kind: by default what its name tells. hashed, sent: told of progress. Raises CallRefused, FileUnreadable,
        ServerNotReached.
        """
        file = await read_file(path, hashed)
        uri = await self._upload(file, Address(channel, name, version), kind or kind_of(name), sent)
        return Uploaded(uri, file.size, file.sha256, file.changed_at)

    async def announce(
        self, publisher: Publisher, publication: Publication, variants: Sequence[Variant]
    ) -> TransactionId:
        """Announce what is there, once: the same publication again is a repeat, and gives the first transaction.

        Raises CallRefused, with what the DIP said; ServerNotReached.
        """
        # A repeat has the same time: a publication that was issued names the time of its issue.
        sent_at = min(publication.issued, self._clock.wall())
        message = announcement(publisher, publication, list(variants), sent_at=sent_at)
        failed = 0
        while True:
            try:
                result = await self._client.send(publisher.channel, [message], encrypt=False)
                return _transaction(result)
            except ServerNotReached as fault:
                reason: DipError = fault
            except Again as fault:
                reason = fault.reason
            failed += 1
            if failed >= self._patience.attempts:
                raise reason
            await asyncio.sleep(self._patience.wait_s(failed))

    async def _upload(self, file: PayloadFile, address: Address, kind: Kind, told: Advance) -> str:
        upload = Upload(
            self._client,
            address,
            file,
            kind,
            piece_bytes=self._piece_bytes,
            patience=self._patience,
            told=told,
        )
        return await upload.run()


def _transaction(result: SendResult) -> TransactionId:
    """The transaction of the announcement, from now or from an earlier time. Raises CallRefused, Again."""
    for entry in result.entries:
        # The reference is a digest of what is announced: used before, it announced the same.
        is_repeat = code_of(entry.message) == REPEATED_REFERENCE
        if entry.transaction_id is not None and (is_repeat or result.succeeded(entry)):
            return TransactionId(entry.transaction_id)
    said = "; ".join(f"{entry.message}{f' ({entry.help})' if entry.help else ''}" for entry in result.entries)
    refused = CallRefused(f"The DIP answered {result.status}: {said or result.explanation}", status=result.status)
    raise Again(refused) if result.status in _UNAVAILABLE else refused


def issue_time(uploaded: Sequence[Uploaded], now: datetime) -> datetime:
    """When a publication was issued whose publisher does not say it: when the newest of its files was written.

    Unlike the time of the call it is the same when the call is repeated. Without files: the beginning of the day, UTC.
    """
    written = max((one.changed_at for one in uploaded), default=None)
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) if written is None else written
