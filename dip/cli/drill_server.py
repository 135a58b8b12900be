"""A server as `python run.py` makes it, watched: it dies, or its disk fails, at the step that the drill names.

`python -m dip.cli.drill_server FAULT SETTINGS` (JSON each; FAULT may be null). On its input it takes further faults,
and how much its database may grow. Nothing of this is within reach of a server that was started otherwise.
"""

import asyncio
import os
import signal
import sqlite3
import sys
from typing import Any

import msgspec

from dip.app import Dip, running
from dip.benchmark.drill.fault import Fault, Room
from dip.benchmark.loop import run
from dip.ground.settings import Settings
from dip.ground.steps import Milestone


class Watcher:
    """Counts the times that the fault's milestone is reached, and does what the fault says."""

    def __init__(self, fault: Fault | None) -> None:
        self._fault = fault
        self._reached = 0

    def watch_for(self, fault: Fault) -> None:
        """From now on, this one."""
        self._fault, self._reached = fault, 0

    def reached(self, milestone: Milestone, of: str = "") -> None:
        """Die, or raise what a failing disk raises, when it is time."""
        fault = self._fault
        if fault is None or milestone is not fault.milestone or (fault.of and of != fault.of):
            return
        self._reached += 1
        if fault.action == "die" and self._reached == fault.nth:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault.action == "fail" and fault.nth <= self._reached < fault.nth + fault.times:
            raise sqlite3.OperationalError("disk I/O error")


async def _serve(fault: Fault | None, given: dict[str, Any]) -> None:
    watcher = Watcher(fault)
    async with running(msgspec.convert(given, Settings), steps=watcher) as dip:
        _say({"event": "ready", "api": dip.api_url, "portal": dip.portal_url})
        await _listen(dip, watcher)


async def _listen(dip: Dip, watcher: Watcher) -> None:
    """Take orders until the input ends, or SIGTERM asks for the end."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    loop.add_signal_handler(signal.SIGTERM, orders.feed_eof)
    while line := await orders.readline():
        order = msgspec.json.decode(line, type=Fault | Room)
        if isinstance(order, Fault):
            watcher.watch_for(order)
        else:
            await dip.store.limit_growth(order.pages)
        _say({"event": "done"})


def _say(line: object) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(_serve(msgspec.json.decode(sys.argv[1], type=Fault | None), msgspec.json.decode(sys.argv[2])))
