"""A server as `python run.py` makes it, that times its own look-up and lets updates pile up when it is told to.

`python -m dip.cli.bench_server SETTINGS` (JSON) takes orders on its input. Nothing of this is within reach of a server
that was started otherwise.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from dip.app import Dip, running
from dip.benchmark.loop import run
from dip.benchmark.mpans.asking import ask, compare
from dip.benchmark.mpans.orders import Applied, Ask, Compare, Hold, Order, Queued, Release
from dip.cli.serve import collect_rarely
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId, InterfaceId
from dip.store.appointments import UpdateResult

_PAGE = 1_000


class _Desk:
    """Does what is ordered, one order after the other."""

    def __init__(self, dip: Dip) -> None:
        self._dip = dip
        self._done = self._failed = 0
        self._steps: list[tuple[float, int]] = []
        self._more = asyncio.Event()
        dip.updates.settled = (*dip.updates.settled, self._settled)

    async def obey(self, order: Order) -> Mapping[str, Any]:
        """Do it; the answer."""
        match order:
            case Ask():
                if order.empty:
                    self._dip.look_up.forget()
                return {"wrong": ask(self._dip.look_up, Path(order.questions), Path(order.times), order.repeats)}
            case Hold():
                await self._dip.keeper.turn.acquire()
                self._done = self._failed = 0
                self._steps.clear()
                return {}
            case Release():
                self._dip.keeper.turn.release()
                return {"at": time.monotonic(), "waiting": self._dip.updates.waiting}
            case Applied():
                while self._done < order.updates:
                    self._more.clear()
                    await self._more.wait()
                self._write_steps(Path(order.steps))
                return {"failed": self._failed}
            case Queued():
                return {"queued": [self._queued(one, order.channel) for one in order.recipients]}
            case Compare():
                return {"unmet": compare(self._dip.store.appointments, Path(order.expected))}

    def _settled(self, results: Sequence[UpdateResult]) -> None:
        self._done += len(results)
        self._failed += sum(result.fault is not None for result in results)
        self._steps.append((time.monotonic(), self._done))
        self._more.set()

    def _write_steps(self, file: Path) -> None:
        file.write_bytes(msgspec.json.encode(self._steps))

    def _queued(self, recipient: DipId, channel: InterfaceId) -> int:
        store = self._dip.store.messages
        lane = store.lane_of(recipient, channel)
        count, last = 0, 0
        while lane is not None and (page := store.waiting({lane.id: last}, _PAGE)):
            count, last = count + len(page), page[-1].id
        return count


async def _serve(settings: Settings) -> None:
    async with running(settings) as dip:
        collect_rarely()
        desk = _Desk(dip)
        _say({"event": "ready", "api": dip.api_url, "portal": dip.portal_url})
        loop = asyncio.get_running_loop()
        orders = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        loop.add_signal_handler(signal.SIGTERM, orders.feed_eof)
        while line := await orders.readline():
            _say(await desk.obey(msgspec.json.decode(line, type=Order)))


def _say(line: Mapping[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(_serve(msgspec.convert(msgspec.json.decode(sys.argv[1]), Settings)))
