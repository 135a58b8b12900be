"""What a benchmark found, in the one form that the command prints: a table, the same as JSON, and what was aimed at."""

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

Cell = float | str | None


class Target(msgspec.Struct, frozen=True):
    """What was aimed at, and whether it was met."""

    name: str
    aim: str
    found: float
    met: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run. unaccounted: why there are no figures; then nothing else is printed."""

    mode: str
    title: str
    plan: Any
    heads: Sequence[str] = ()
    """Of the columns after the first."""
    rows: Mapping[str, Sequence[Cell]] = {}
    targets: Sequence[Target] = ()
    detail: Any = None
    """Everything measured, for JSON."""
    unaccounted: Sequence[str] = ()


def below(name: str, found: float, limit: float, unit: str) -> Target:
    """Aimed at less than a limit."""
    return Target(name, f"< {limit:,g} {unit}", round(found, 1), found < limit)


def above(name: str, found: float, limit: float, unit: str) -> Target:
    """Aimed at more than a limit."""
    return Target(name, f"> {limit:,g} {unit}", round(found, 1), found > limit)


def spread(values: Sequence[float]) -> list[Cell]:
    """Least, median and greatest."""
    return [round(value, 2) for value in (min(values), median(values), max(values))]


def machine() -> str:
    """The machine in a line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def load_average() -> float | None:
    """Processes that wanted a core in the last minute; None where the system does not tell."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None
