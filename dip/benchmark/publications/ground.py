"""What a run stands on: recipients made up for it, their webhooks, and the processes beside the server."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from dip.benchmark.even import EvenCall
from dip.benchmark.processes import Child
from dip.benchmark.publications import listeners, steady
from dip.benchmark.publications.listeners import Came, Wanted
from dip.benchmark.receivers import Record, read_record
from dip.benchmark.stage import Stage, stage
from dip.messages.identifiers import DipId

PROFILE: Final = "live"
_START_S: Final = 120.0
_CALL_S: Final = 60.0
_PATIENCE_S: Final = 120.0
_FIRST_RECIPIENT: Final = 2_300_005_001
_AT_ONCE: Final = 4
_REFUSED: Final = 400


class Amiss(Exception):
    """Something is unaccounted for, or other than it should be: no figure is printed."""


def made_up(count: int) -> list[DipId]:
    """So many suppliers that no first start makes."""
    return [DipId(str(_FIRST_RECIPIENT + number)) for number in range(count)]


async def set_up(directory: Path, recipients: Sequence[DipId], made: Callable[[int, int], None]) -> None:
    """A first start, and recipients added to it as an administrator does. Raises Amiss."""
    async with stage(PROFILE, directory) as standing:
        token = (directory / "admin.token").read_text("utf-8")
        headers, timeout = {"Authorization": f"Bearer {token}"}, aiohttp.ClientTimeout(total=_CALL_S)
        left, done = list(enumerate(recipients, 1)), 0
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:

            async def one_after_the_other() -> None:
                nonlocal done
                while left:
                    number, dip_id = left.pop()
                    order = {"dipId": dip_id, "mpid": f"X{number:03d}", "name": f"Reader {number}", "roles": ["SUP"]}
                    async with session.post(f"{standing.portal}/admin/api/participants", json=order) as response:
                        if response.status >= _REFUSED:
                            raise Amiss(f"{dip_id} was not added: {(await response.text())[:300]}")
                    done += 1
                    made(done, len(recipients))

            await asyncio.gather(*(one_after_the_other() for _ in range(_AT_ONCE)))


class Listeners:
    """A process of webhooks, asked when all has come."""

    def __init__(self, child: Child, ports: dict[str, int], record: Path) -> None:
        self._child = child
        self._ports = ports
        self._record = record

    @classmethod
    async def start(cls, standing: Stage, channel: str, recipients: Sequence[str]) -> "Listeners":
        """Start it, and have each recipient's messages of a channel posted to it."""
        record = standing.directory.parent / f"arrivals-{channel}.json"
        order = listeners.Order(str(standing.directory), list(recipients), str(record))
        child = await Child.start("-m", listeners.__name__, msgspec.json.encode(order).decode())
        made = cls(child, (await child.line(_START_S))["ports"], record)
        await standing.post_to(channel, {one: f"https://127.0.0.1:{port}/" for one, port in made._ports.items()})
        return made

    async def until(self, messages: int) -> Came:
        """Until each recipient has so many. Raises Amiss where they don't come."""
        self._child.say(Wanted(messages, _PATIENCE_S))
        came = msgspec.convert(await self._child.line(_PATIENCE_S * 2), Came)
        if not came.complete:
            raise Amiss(f"not every recipient got {messages} messages within {_PATIENCE_S:g} s")
        return came

    async def record(self) -> Record:
        """End the process; what it saw."""
        await self._child.end()
        return read_record(self._record)

    async def end(self) -> None:
        """End the process, where it runs."""
        await self._child.end()


class Steady:
    """A process that sends messages at an even pace until it is told to stop."""

    def __init__(self, child: Child, record: Path) -> None:
        self._child = child
        self._record = record

    @classmethod
    async def start(cls, standing: Stage, rate: int) -> "Steady":
        """Start it."""
        record = standing.directory.parent / "calls.json"
        order = steady.Order(str(standing.directory), standing.api, rate, str(record))
        return cls(await Child.start("-m", steady.__name__, msgspec.json.encode(order).decode()), record)

    async def stop(self) -> list[EvenCall]:
        """Send no more; what was sent."""
        await self._child.end()
        return steady.read_calls(self._record)

    async def end(self) -> None:
        """Stop, where it runs."""
        await self._child.end()
