"""Runs the drill: for each step a market of its own, over a copy of a directory that was set up once."""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from dip.benchmark.drill.books import Books, close_books
from dip.benchmark.drill.market import PROFILE, Market, NotRun
from dip.benchmark.drill.scenarios import Scenario
from dip.benchmark.drill.steps import Step
from dip.benchmark.filling import set_up
from dip.ground.errors import DipError


class Row(msgspec.Struct, frozen=True):
    """What became of a step. not_run: why it could not be tried; then there are no books."""

    step: str
    scenario: str
    seconds: float
    books: Books | None = None
    not_run: str = ""


def lost(rows: Sequence[Row]) -> int:
    """Messages that were acknowledged and are lost, over all steps."""
    return sum(row.books.lost for row in rows if row.books is not None)


async def run_drill(steps: Sequence[Step], say: Callable[[int, str], None]) -> list[Row]:
    """Try every step. say: told the number of steps done and the next one's name."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="dip-drill-") as temporary:
        template = Path(temporary) / "template" / "state"
        template.parent.mkdir()
        say(0, "setting up")
        await set_up(template, PROFILE)
        for number, step in enumerate(steps):
            say(number, step.name)
            place = Path(temporary) / str(number)
            place.mkdir()
            directory = place / "state"
            shutil.copytree(template, directory, ignore=shutil.ignore_patterns("server.json"))
            rows.append(await _tried(step, directory))
            shutil.rmtree(place)
    return rows


async def _tried(step: Step, directory: Path) -> Row:
    scenario = step.scenario
    began = time.monotonic()
    try:
        async with Market(directory, scenario.trade, scenario.settings) as market:
            await scenario.act(market, step.fault)
            books = await _recovered(market, scenario)
    except (NotRun, DipError, EOFError, TimeoutError) as reason:
        return Row(
            step.name, scenario.name, round(time.monotonic() - began, 1), not_run=str(reason) or type(reason).__name__
        )
    return Row(step.name, scenario.name, round(time.monotonic() - began, 1), books)


async def _recovered(market: Market, scenario: Scenario) -> Books:
    try:
        await scenario.recover(market, None)
        await market.stop()
    except (DipError, EOFError, TimeoutError) as exc:
        # A server that does not come back has lost everything that it acknowledged.
        reason = f"the server did not recover: {str(exc) or type(exc).__name__}"
        return Books(market.acknowledged_before, max(1, len(market.acknowledged)), 0, [reason])
    return await close_books(market, scenario.expected)
