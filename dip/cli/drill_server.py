"""A server as `python run.py` makes it, watched: it dies, or its disk fails, at the step that the drill names.

`python -m dip.cli.drill_server FAULT SETTINGS` (JSON each; FAULT may be null). On its input it takes lines such as
`{"pages": 5}`, after which its database may grow by five pages only. Nothing of this is within reach of a server that
was started otherwise.
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
    async with running(msgspec.convert(given, Settings), steps=Watcher(fault)) as dip:
        _say({"event": "ready", "api": dip.api_url, "portal": dip.portal_url})
        await _listen(dip)


async def _listen(dip: Dip) -> None:
    """Take orders until the input ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        room = msgspec.json.decode(line, type=Room)
        await dip.store.limit_growth(room.pages)
        _say({"event": "room", "pages": room.pages})


def _say(line: object) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(_serve(msgspec.json.decode(sys.argv[1], type=Fault | None), msgspec.json.decode(sys.argv[2])))
