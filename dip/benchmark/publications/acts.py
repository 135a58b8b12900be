"""What is done to the server in a run, each thing by a process of its own, and checked when it is done."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from dip.benchmark.processes import Child
from dip.benchmark.publications import floor as bare_floor
from dip.benchmark.publications import reading, sending
from dip.benchmark.publications.announcement import CHANNEL, SENDER, announcement
from dip.benchmark.publications.ground import PROFILE, Amiss, Listeners
from dip.benchmark.publications.payloads import Said, Table
from dip.benchmark.stage import Stage
from dip.client import ParticipantClient, credentials_of

_START_S: Final = 60.0
_PATIENCE_S: Final = 900.0
_ANY_PATH: Final = "/"


class Payload(msgspec.Struct, frozen=True):
    """A payload as its sender has it."""

    path: Path
    said: Said


class Floor(msgspec.Struct, frozen=True):
    """Where the floor takes (over TLS) and gives."""

    encrypted: str
    plain: str


class Acts:
    """Everything raises Amiss where it does not end as it must, EOFError and TimeoutError where it does not end.

    told_s: seconds of each announcement, from sending it until every recipient had it; announced: their references.
    """

    def __init__(self, standing: Stage, told: Listeners) -> None:
        self.standing = standing
        self.told_s: list[float] = []
        self.announced: set[str] = set()
        self._told = told
        self._uris: dict[str, str] = {}

    async def upload(self, payload: Payload, to: str = "") -> float:
        """Upload to the server, or to the floor at an address; the seconds."""
        order = sending.Order(
            directory=str(self.standing.directory),
            sender=SENDER,
            api=to or self.standing.api,
            channel=CHANNEL,
            path=str(payload.path),
            payload=payload.said,
            to=_ANY_PATH if to else "",
        )
        sent = msgspec.convert(await _done(sending.__name__, order), sending.Sent)
        if sent.fault:
            raise Amiss(f"the upload of {payload.said.name}: {sent.fault}")
        if not to:
            self._uris[payload.said.name] = sent.uri
        return sent.seconds

    async def announce(self, payload: Payload) -> None:
        """Announce; returns when every recipient had it."""
        message = announcement(payload.said, self._uris[payload.said.name])
        credentials = credentials_of(self.standing.directory, SENDER)
        began = time.monotonic()
        async with ParticipantClient(credentials, self.standing.api, profile=PROFILE) as client:
            result = await client.send(CHANNEL, [message])
        if len(result.accepted) != 1:
            raise Amiss(f"the announcement of {payload.said.name} was not accepted: {result}")
        self.announced.add(result.accepted[0].reference)
        came = await self._told.until(len(self.announced))
        self.told_s.append(came.at - began)

    async def download(self, payload: Payload, at_once: int, at: str = "") -> list[float]:
        """Download from the server, or from the floor at an address; the seconds to the end of each."""
        order = reading.Download(at or self._uris[payload.said.name], payload.said.sha256, at_once)
        found = msgspec.convert(await _done(reading.__name__, order), reading.Downloaded)
        if found.faults or len(found.seconds) != at_once:
            raise Amiss(f"{len(found.faults)} of {at_once} downloads of {payload.said.name}: {found.faults[:1]}")
        return found.seconds

    async def filter(self, payload: Payload, table: Table, query: str) -> tuple[float, float, float]:
        """Ask for the rows that a filter must find; seconds to the first, to those that stand early, to the end."""
        order = reading.Ask(self._uris[payload.said.name], query, list(table.wanted), table.early)
        found = msgspec.convert(await _done(reading.__name__, order), reading.Asked)
        if found.faults:
            raise Amiss(f"the filter {query}: {found.faults[0]}")
        return found.first_s, found.early_s, found.seconds

    async def copied(self, payload: Payload, target: Path) -> float:
        """Copy the file beside the server, hashing it; the seconds."""
        return await asyncio.to_thread(bare_floor.copy, payload.path, target)


@asynccontextmanager
async def floor(standing: Stage, file: Path, target: Path) -> AsyncIterator[Floor]:
    """A process that gives and takes the bytes, and does nothing else."""
    order = bare_floor.Order(str(standing.directory), SENDER, str(file), str(target))
    child = await Child.start("-m", bare_floor.__name__, msgspec.json.encode(order).decode())
    try:
        ports = (await child.line(_START_S))["ports"]
        yield Floor(f"https://127.0.0.1:{ports['encrypted']}", f"http://127.0.0.1:{ports['plain']}/")
    finally:
        await child.end()
        await asyncio.to_thread(target.unlink, missing_ok=True)


async def _done(module: str, order: object) -> dict[str, Any]:
    """Have a process do one thing; what it prints."""
    child = await Child.start("-m", module, msgspec.json.encode(order).decode())
    try:
        return await child.line(_PATIENCE_S)
    finally:
        child.kill()
        await child.ended(_START_S)
