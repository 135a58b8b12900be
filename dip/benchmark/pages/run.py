"""`bench pages`: a full archive, and how fast every page and every reading call of the portal is over it."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from dip.benchmark.pages.addresses import Address, ValuesMissing, addresses, readable
from dip.benchmark.pages.asking import FLOOR, Asked, ask_all
from dip.benchmark.pages.ground import POWERS, PROFILE, NotFilled, filled
from dip.benchmark.pages.plan import PAGE_MS, SEARCH_MS, Plan, Way
from dip.benchmark.pages.visitors import visitor
from dip.benchmark.report import Cell, Report, Target, below
from dip.benchmark.stage import stage
from dip.store.database import database_file

HEADS: Final = ("first", "p50", "p90", "max", "over", "kB")


async def run_pages(
    plan: Plan, ways: Sequence[Way], say: Callable[[str], None], made: Callable[[int, int], None]
) -> Report:
    """Fill a directory where it is not yet, serve it, and ask. ways: every route that is read."""
    title = (
        f"pages and reading calls over {plan.messages:,} archived messages, each asked {plan.asks} times after the "
        "first; milliseconds until the whole answer was there"
    )
    with ExitStack() as stack:
        place = (
            Path(plan.keep)
            if plan.keep
            else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dip-bench-")))
        )
        place.mkdir(parents=True, exist_ok=True)
        directory = place / "state"
        try:
            marks = await filled(directory, plan.messages, say, made)
            size_mb = database_file(directory).stat().st_size / 1e6
            found: list[Asked] = []
            async with stage(PROFILE, directory) as standing:
                for name in POWERS:
                    say(f"asking as {name}")
                    async with visitor(standing, name, marks) as who:
                        asked = addresses(readable(ways, who.powers), who.values)
                        floor = Address(FLOOR, FLOOR)
                        rest = [one for one in asked if one.name != FLOOR]
                        found += await ask_all(who, [floor, *rest], plan.asks, made)
        except (NotFilled, ValuesMissing) as fault:
            return Report(mode="pages", title=title, plan=plan, unaccounted=[str(fault)])
    return report(plan, title, found, size_mb)


def report(plan: Plan, title: str, found: Sequence[Asked], size_mb: float) -> Report:
    """The table: the slowest first, behind the floor and what was not answered as it should be."""
    ordered = sorted(found, key=lambda one: (one.name != FLOOR, one.times is not None, -_p90(one)))
    return Report(
        mode="pages",
        title=title,
        plan=plan,
        heads=HEADS,
        rows={
            **{f"{one.visitor.removeprefix('bench.')} {one.name}": _row(one) for one in ordered},
            "database, MB": [round(size_mb, 1)],
        },
        targets=_targets(found),
        detail=found,
    )


def _targets(found: Sequence[Asked]) -> list[Target]:
    limited = [one for one in found if one.times is not None and not one.whole]
    targets = [Target("answers other than they should be", "0", _amiss(found), _amiss(found) == 0)]
    for name, limit in (("page, the slowest p90", PAGE_MS), ("search by id, the slowest p90", SEARCH_MS)):
        times = [_p90(one) for one in limited if one.limit_ms == limit]
        if times:
            targets.append(below(name, max(times), limit, "ms"))
    late = [one for one in limited if not one.met]
    targets.append(Target("addresses over their limit", "0", len(late), not late))
    return targets


def _amiss(found: Sequence[Asked]) -> int:
    return sum(one.times is None for one in found)


def _p90(one: Asked) -> float:
    return 0.0 if one.times is None else one.times.p90


def _row(one: Asked) -> Sequence[Cell]:
    if one.times is None:
        return [f"no figures: {one.fault}"]
    times, size = one.times, round(one.size / 1000, 1)
    if one.whole:
        return [times.first, "asked once", "", "", "", size]
    return [times.first, times.p50, times.p90, times.max, float(one.over), size]
