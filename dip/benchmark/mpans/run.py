"""`bench mpans`: what the MPAN table costs at several sizes, beside SQLite alone in the same run."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from dip.benchmark.measure import Unaccounted
from dip.benchmark.mpans.asking import Times
from dip.benchmark.mpans.costs import Costs, Memory, costs
from dip.benchmark.report import Cell, Report, Target, above, below
from dip.market.plan import Plan as MarketPlan

_LEAST_ROWS_A_SECOND: Final = 100_000.0
_MOST_DISK_BYTES: Final = 250.0
_MOST_MEMORY_BYTES: Final = 64.0
_MOST_CACHED_US: Final = 100.0
_MOST_DISK_US: Final = 1_000.0
_COLD_ENOUGH: Final = 0.1


class Plan(msgspec.Struct, frozen=True):
    """How many MPANs, one size after the other."""

    sizes: tuple[int, ...] = (1_000_000,)


async def run_mpans(plan: Plan, say: Callable[[str], None], made: Callable[[int, int], None]) -> Report:
    """Measure every size in a directory of its own."""
    title = (
        "The MPAN table (live): a made-up market imported over HTTP, what it takes on disk and in memory, and look-ups "
        "of two roles at a moment, each one checked"
    )
    found: list[Costs] = []
    with tempfile.TemporaryDirectory(prefix="dip-bench-") as temporary:
        for size in plan.sizes:
            place = Path(temporary) / str(size)
            place.mkdir()
            one = await costs(MarketPlan(mpans=size), place, say, made)
            if isinstance(one, Unaccounted):
                return Report(mode="mpans", title=title, plan=plan, unaccounted=[f"{size:,} MPANs: {one.reason}"])
            found.append(one)
            shutil.rmtree(place)
    heads = [f"{one.mpans:,}" for one in found]
    return Report(
        mode="mpans", title=title, plan=plan, heads=heads, rows=rows_of(found), targets=targets_of(found), detail=found
    )


def rows_of(found: Sequence[Costs]) -> dict[str, Sequence[Cell]]:
    """The table: a column for each size."""
    figures: dict[str, Callable[[Costs], Cell]] = {
        "appointments an MPAN": lambda one: one.rows / one.mpans,
        "import, appointments a second": lambda one: one.rows_a_second,
        "  SQLite alone, the same rows": lambda one: one.floor_rows_a_second,
        "disk, bytes an MPAN": lambda one: one.disk_bytes,
        "database, MB": lambda one: one.database_mb,
        "memory idle, MB": lambda one: _own(one.idle),
        "  at most during the import": lambda one: _own(one.most_during_import),
        "  after the import": lambda one: _own(one.imported),
        "  after the look-ups": lambda one: _own(one.asked),
        "  of files besides": lambda one: None if one.asked is None else one.asked.resident - one.asked.own,
        "memory, bytes an MPAN": lambda one: one.an_mpan(lambda memory: memory.own),
        "  with pages of files": lambda one: one.an_mpan(lambda memory: memory.resident),
        "look-up p50 / p90 / p99 / max, µs: from cache": lambda one: _shown(one.cached),
        "  from disk": lambda one: _shown(one.disk),
        "  SQLite alone, a point read": lambda one: _shown(one.disk_floor),
        "  first after a start": lambda one: _shown(one.after_start),
        "  the same, from a cold page cache": lambda one: _shown(one.cold) if _was_cold(one) else None,
        "start, s": lambda one: one.start_s,
        "  from a cold page cache": lambda one: one.cold_start_s if _was_cold(one) else None,
    }
    return {name: [figure(one) for one in found] for name, figure in figures.items()}


def targets_of(found: Sequence[Costs]) -> list[Target]:
    """What issue and specification ask for; memory at the largest size, where what every server has weighs least."""
    largest = max(found, key=lambda one: one.mpans)
    targets = [
        above("import", min(one.rows_a_second for one in found), _LEAST_ROWS_A_SECOND, "a second"),
        below("disk", max(one.disk_bytes for one in found), _MOST_DISK_BYTES, "bytes an MPAN"),
    ]
    memory = largest.an_mpan(lambda one: one.own)
    if memory is not None:
        targets.append(below("memory", memory, _MOST_MEMORY_BYTES, "bytes an MPAN"))
    for name, limit, times in (
        ("look-up from cache, p99", _MOST_CACHED_US, [one.cached for one in found]),
        ("look-up from disk, p99", _MOST_DISK_US, [one.disk for one in found]),
    ):
        slowest = max((one.p99 for one in times if one is not None), default=None)
        if slowest is not None:
            targets.append(below(name, slowest, limit, "µs"))
    return targets


def _own(memory: Memory | None) -> float | None:
    return None if memory is None else memory.own


def _shown(times: Times | None) -> str | None:
    return None if times is None else str(times)


def _was_cold(one: Costs) -> bool:
    return one.held_before_cold is not None and one.held_before_cold < _COLD_ENOUGH
