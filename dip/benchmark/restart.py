"""How long a start takes over a directory that is full: from the start of the process to its ready line."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from dip.benchmark.filling import CHANNEL, RECIPIENT, filling, set_up
from dip.benchmark.processes import Child
from dip.benchmark.report import Cell, Report, below, spread
from dip.benchmark.stage import server_arguments
from dip.store.database import database_file

_START_S = 120.0
_NOBODY = "https://127.0.0.1:9/"
"""The discard port, where nobody listens: what waits goes on waiting."""
_LIMIT_S = 3.0


class Plan(msgspec.Struct, frozen=True):
    """Messages in the archive that were delivered, those that still wait, and how often the server is started."""

    archived: int = 1_000_000
    waiting: int = 100_000
    starts: int = 5


async def run_restart(plan: Plan, say: Callable[[str], None], made: Callable[[int, int], None]) -> Report:
    """Fill a directory, then start servers over it. made: told how many messages of how many are there."""
    title = (
        f"start over {plan.archived:,} archived and {plan.waiting:,} waiting messages, "
        f"{plan.starts} starts, the file in the system's cache"
    )
    with tempfile.TemporaryDirectory(prefix="dip-bench-") as temporary:
        directory = Path(temporary) / "state"
        await set_up(directory, "live", CHANNEL, {RECIPIENT: _NOBODY})
        say("filling the store")
        await _filled(directory, plan, made)
        size_mb = database_file(directory).stat().st_size / 1e6
        took: list[float] = []
        for number in range(1, plan.starts + 1):
            say(f"start {number} of {plan.starts}")
            took.append(await _start(directory))
        missing = await _missing(directory, plan)
    if missing:
        return Report(mode="restart", title=title, plan=plan, unaccounted=[missing])
    rows: dict[str, Sequence[Cell]] = {
        "process start to ready line, s": spread(took),
        "database, MB": [round(size_mb, 1)],
    }
    return Report(
        mode="restart",
        title=title,
        plan=plan,
        heads=("min", "median", "max"),
        rows=rows,
        targets=[below("slowest start", max(took), _LIMIT_S, "s")],
        detail={"start_s": took},
    )


async def _filled(directory: Path, plan: Plan, made: Callable[[int, int], None]) -> None:
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        made(done, plan.archived + plan.waiting)

    async with filling(directory) as filler:
        await filler.fill(plan.archived, delivered=True, made=told)
        await filler.fill(plan.waiting, delivered=False, made=told)


async def _start(directory: Path) -> float:
    began = time.monotonic()
    child = await Child.start(
        "run.py", *server_arguments(directory, "live")[2:], errors=directory.parent / "server.log"
    )
    try:
        await child.line(_START_S)
        return time.monotonic() - began
    finally:
        await child.terminate()


async def _missing(directory: Path, plan: Plan) -> str:
    """What is not in the store as it was filled; nothing where all is."""
    async with filling(directory) as filler:
        waiting = filler.waiting()
        archived = filler.archived([1, plan.archived, plan.archived + plan.waiting])
    expected = list(range(plan.archived + 1, plan.archived + plan.waiting + 1))
    if waiting != expected or not archived:
        return f"after the starts {len(waiting):,} messages wait, not the {len(expected):,} that were put there"
    return ""
