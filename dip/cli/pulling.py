"""Receiving without a webhook: messages are pulled, printed, and then acknowledged."""

import asyncio
from collections.abc import Collection

from dip.cli.transcript import Transcript
from dip.client import ParticipantClient
from dip.messages.standard_response import Entry

_AT_ONCE = 100
_WAIT_S = 20


class Puller:
    """Pulls several channels at once, at most so many messages in all; None for no end."""

    def __init__(self, client: ParticipantClient, transcript: Transcript, most: int | None) -> None:
        self._client = client
        self._transcript = transcript
        self._left = most

    async def run(self, channels: Collection[str], ended: asyncio.Event) -> None:
        """Print what comes until there were enough, or the event is set. Raises CallRefused, ServerNotReached."""
        pulling = [asyncio.create_task(self._channel(channel)) for channel in channels]
        ending = asyncio.create_task(ended.wait())
        try:
            done, _ = await asyncio.wait([*pulling, ending], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            for task in (*pulling, ending):
                task.cancel()
            await asyncio.gather(*pulling, ending, return_exceptions=True)

    async def _channel(self, channel: str) -> None:
        while self._left != 0:
            pulled = await self._client.pull(channel, most=min(self._left or _AT_ONCE, _AT_ONCE), wait=_WAIT_S)
            entries: list[Entry] = []
            for item in pulled.items:
                if item.received is not None:
                    if self._left == 0:
                        # Another channel brought enough: it is handed out again when its lease ends.
                        break
                    self._transcript.received(item.received)
                    self._left = None if self._left is None else self._left - 1
                entries.append(item.entry)
            if entries:
                await self._client.acknowledge(channel, entries, lease=pulled.lease)
