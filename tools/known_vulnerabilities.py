"""Known vulnerabilities of the locked versions, by pip-audit, where its database can be reached."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

ACCEPTED: Mapping[str, str] = {}
"""Vulnerabilities that do not touch us: their id, and why."""
_TIME_S = 25
_TOOL = "pip_audit"


class Vulnerability(msgspec.Struct):
    """One that is known. fix_versions: where it is mended."""

    id: str
    fix_versions: Sequence[str] = ()
    aliases: Sequence[str] = ()


class Judged(msgspec.Struct):
    """What pip-audit says of a library. skip_reason: why it could not be looked up."""

    name: str
    version: str = ""
    vulns: Sequence[Vulnerability] = ()
    skip_reason: str | None = None


class _Report(msgspec.Struct):
    dependencies: Sequence[Judged]


class Finding(msgspec.Struct, frozen=True):
    """checked: how many libraries were looked up; unchecked: in words, what was not and why; faults: what is known."""

    checked: int
    unchecked: str
    faults: Sequence[str]


def look_up(lock: Path, count: int, run: Callable[[Path], str | None] | None = None) -> Finding:
    """Look all libraries of a lock file up. count: how many it has; run: gives pip-audit's report, None without one."""
    if run is None and importlib.util.find_spec(_TOOL) is None:
        return Finding(0, f"known vulnerabilities of {count} libraries: pip-audit is not installed", ())
    report = (run or _reported)(lock)
    try:
        judged = msgspec.json.decode(report or "", type=_Report).dependencies
    except msgspec.DecodeError:
        return Finding(0, f"known vulnerabilities of {count} libraries: the database could not be reached", ())
    # A library that the database does not have counts as one that was not looked up, and never as a sound one.
    skipped = [one for one in judged if one.skip_reason is not None]
    checked = len(judged) - len(skipped)
    unchecked = ""
    if checked < count:
        names = ", ".join(one.name for one in skipped[:5]) + (", …" if len(skipped) > 5 else "")
        why = f" ({names})" if checked else ""
        unchecked = f"known vulnerabilities of {count - checked} libraries{why}: the database did not answer for them"
    faults = [
        f"{one.name} {one.version}: {found.id}, mended in {', '.join(found.fix_versions) or 'no version yet'}"
        for one in judged
        for found in one.vulns
        if not {found.id, *found.aliases} & ACCEPTED.keys()
    ]
    return Finding(checked, unchecked, faults)


def _reported(lock: Path) -> str | None:
    """The report of pip-audit, which says 0 where it found nothing and 1 where it did; None where it failed."""
    command = [sys.executable, "-m", _TOOL, "--requirement", str(lock), "--no-deps", "--disable-pip"]
    options = ["--format", "json", "--progress-spinner", "off", "--timeout", "5"]
    try:
        # A command of our own, its only argument a path of ours.
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=_TIME_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode in {0, 1} else None
