"""What one market costs: its import, its place on disk and in memory, its look-ups, its start."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from dip.benchmark.measure import Unaccounted
from dip.benchmark.mpans import floor, page_cache, questions
from dip.benchmark.mpans.asking import Times, read_times
from dip.benchmark.mpans.ground import Market, Table, imported, made_market, set_up, table
from dip.benchmark.mpans.orders import Ask
from dip.benchmark.processes import own_mb, resident_mb
from dip.market.plan import Plan
from dip.store.database import database_file

OFTEN, FIRST, ONCE = 1_000, 2_000, 200_000
"""Questions: of MPANs in the cache, of the first after a start, of MPANs that are not in the cache."""
_REPEATS: Final = 100
_MOST_OF_FLOOR: Final = 1_000_000
_LOOK_S: Final = 0.25
_MB: Final = 1e6


class Memory(msgspec.Struct, frozen=True):
    """Memory of the server, MB: all of it, and what is not pages of files, which the system can take back."""

    resident: float
    own: float


class Costs(msgspec.Struct, kw_only=True):
    """Of one size. None: the system does not tell."""

    mpans: int
    rows: int
    import_s: float = 0.0
    floor_rows_a_second: float = 0.0
    disk_bytes: float = 0.0
    """An MPAN."""
    database_mb: float = 0.0
    idle: Memory | None = None
    most_during_import: Memory | None = None
    imported: Memory | None = None
    asked: Memory | None = None
    """After the look-ups."""
    cached: Times | None = None
    disk: Times | None = None
    """Not in the cache, the file in the system's."""
    disk_floor: Times | None = None
    start_s: float = 0.0
    after_start: Times | None = None
    """The first look-ups after a start."""
    held_before_cold: float | None = None
    """The part of the file that the system still held after it was asked to let go."""
    cold_start_s: float = 0.0
    cold: Times | None = None
    """The first look-ups after a start with the file on the disk alone."""

    @property
    def rows_a_second(self) -> float:
        """Appointments imported a second."""
        return self.rows / self.import_s

    def an_mpan(self, figure: Callable[[Memory], float]) -> float | None:
        """Bytes of memory that an MPAN takes, with the look-ups' cache, beyond the server that stands idle."""
        if self.idle is None or self.asked is None:
            return None
        return (figure(self.asked) - figure(self.idle)) * _MB / self.mpans


class _Files:
    """The questions on disk, and where answers' times go."""

    def __init__(self, place: Path, drawn: Sequence[questions.Question]) -> None:
        most = max(1, len(drawn) // 10)
        often, first = min(OFTEN, most), min(FIRST, most)
        self.often, self.first, self.once, self.times = (place / name for name in ("often", "first", "once", "times"))
        questions.write(drawn[:often], self.often)
        questions.write(drawn[often : often + first], self.first)
        questions.write(drawn[often + first :], self.once)


async def costs(
    plan: Plan, place: Path, say: Callable[[str], None], made: Callable[[int, int], None]
) -> Costs | Unaccounted:
    """Make the market, import it into a fresh data directory, ask. place: an empty directory for all of it."""
    say(f"{plan.mpans:,} MPANs: making the market")
    market, drawn = await asyncio.gather(
        made_market(plan, place / "market"), asyncio.to_thread(questions.drawn, plan, OFTEN + FIRST + ONCE)
    )
    files = _Files(place, drawn)
    del drawn
    found = Costs(mpans=plan.mpans, rows=market.rows)
    directory = place / "state"
    say(f"{plan.mpans:,} MPANs: setting up")
    if (fault := await set_up(directory, market)) is not None:
        return fault
    empty = database_file(directory).stat().st_size
    async with table(directory) as standing:
        fault = await _filled(standing, market, found, say, made) or await _asked(standing, files, found, say)
    if fault is not None:
        return fault
    size = database_file(directory).stat().st_size
    found.database_mb = size / _MB
    found.disk_bytes = (size - empty) / plan.mpans
    say(f"{plan.mpans:,} MPANs: starting again")
    fault = await _started(directory, files, found)
    if fault is None:
        say(f"{plan.mpans:,} MPANs: SQLite alone")
        await asyncio.to_thread(_floor, directory, place, files, found)
    return fault or found


async def _filled(
    standing: Table, market: Market, found: Costs, say: Callable[[str], None], made: Callable[[int, int], None]
) -> Unaccounted | None:
    say(f"{market.plan.mpans:,} MPANs: importing {market.rows:,} appointments")
    found.idle = _memory(standing)
    async with _watched(standing) as most:
        began = time.monotonic()
        fault = await imported(standing, market, made)
        found.import_s = time.monotonic() - began
    found.most_during_import = most[0] if most else None
    found.imported = _memory(standing)
    return fault


async def _asked(standing: Table, files: _Files, found: Costs, say: Callable[[str], None]) -> Unaccounted | None:
    say(f"{found.mpans:,} MPANs: asking")
    disk = await _ask(standing, files.once, files.times)
    if isinstance(disk, Unaccounted):
        return disk
    found.disk = disk
    found.asked = _memory(standing)
    await _ask(standing, files.often, files.times)
    cached = await _ask(standing, files.often, files.times, repeats=_REPEATS, empty=False)
    if isinstance(cached, Unaccounted):
        return cached
    found.cached = cached
    return None


async def _started(directory: Path, files: _Files, found: Costs) -> Unaccounted | None:
    """Start again, with the file in the system's cache and without, and ask at once."""
    found.start_s, after = await _start(directory, files)
    page_cache.forget(database_file(directory))
    found.held_before_cold = page_cache.share_held(database_file(directory))
    found.cold_start_s, cold = await _start(directory, files)
    if isinstance(after, Unaccounted):
        return after
    if isinstance(cold, Unaccounted):
        return cold
    found.after_start, found.cold = after, cold
    return None


async def _start(directory: Path, files: _Files) -> tuple[float, Times | Unaccounted]:
    began = time.monotonic()
    async with table(directory) as standing:
        took_s = time.monotonic() - began
        return took_s, await _ask(standing, files.first, files.times)


def _floor(directory: Path, place: Path, files: _Files, found: Costs) -> None:
    database = database_file(directory)
    found.disk_floor = floor.select(database, files.once)
    inserted = floor.insert(database, place / "floor.sqlite", _MOST_OF_FLOOR)
    found.floor_rows_a_second = inserted.mpans / inserted.seconds * found.rows / found.mpans


async def _ask(
    standing: Table, file: Path, times: Path, *, repeats: int = 1, empty: bool = True
) -> Times | Unaccounted:
    answer = await standing.order(Ask(str(file), str(times), repeats, empty))
    if answer["wrong"]:
        return Unaccounted(f"{answer['wrong']} look-ups did not find those whom the market's maker appointed")
    return read_times(times)


def _memory(standing: Table) -> Memory | None:
    resident, own = resident_mb(standing.server.pid), own_mb(standing.server.pid)
    return None if resident is None or own is None else Memory(round(resident, 1), round(own, 1))


@asynccontextmanager
async def _watched(standing: Table) -> AsyncIterator[list[Memory]]:
    """The most memory that the server has meanwhile; one entry when it is over, none where the system does not tell."""
    most: list[Memory] = []

    async def look() -> None:
        while (now := _memory(standing)) is not None:
            most[:] = [
                Memory(
                    max(now.resident, *(one.resident for one in most), 0), max(now.own, *(one.own for one in most), 0)
                )
            ]
            await asyncio.sleep(_LOOK_S)

    looking = asyncio.create_task(look())
    try:
        yield most
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
