"""What a run of `bench publications` does, what it found, and the room that it needs."""

import shutil
from pathlib import Path
from typing import Final

import msgspec

from dip.benchmark.measure import Unaccounted

GIB: Final = 1024**3
MIB: Final = 1024**2
GB: Final = 10**9
_SPARE: Final = 2 * GIB
"""The database, the logs, and what a server leaves to others."""
_MOST_RECIPIENTS: Final = 900
"""Made-up market participant ids are a letter and three digits."""


class Plan(msgspec.Struct, frozen=True):
    """Sizes of the payloads, in GiB, MiB and GB; readers of the second at once; single messages a second.

    warm_up: messages before anything is measured, enough to fill what the server keeps of the last ones.
    """

    gib: float = 2.0
    mib: int = 128
    filter_gb: float = 1.0
    recipients: int = 200
    downloads: int = 50
    rate: int = 100
    warm_up: int = 12_000
    alone_s: float = 10.0

    @property
    def bytes_needed(self) -> int:
        """Of disk: each payload as a file and in the server, the large one also as the floor writes it."""
        return int(3 * self.gib * GIB + 2 * self.mib * MIB + 2 * self.filter_gb * GB) + _SPARE


class Stretch(msgspec.Struct, frozen=True):
    """A part of the run, monotonic seconds: messages and memory are told by it."""

    name: str
    began: float
    ended: float


class Found(msgspec.Struct, kw_only=True):
    """The figures of the steps: seconds, and MB a second."""

    upload_s: float = 0.0
    upload_floor_s: float = 0.0
    copy_s: float = 0.0
    told_s: list[float] = []
    """Of each of the three announcements: from sending it until every recipient had it."""
    download_s: float = 0.0
    download_floor_s: float = 0.0
    downloads_s: list[float] = []
    """From the start of all to the end of each."""
    downloads_floor_s: list[float] = []
    equal_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """To the first row, to all of those that stand early, to the end."""
    range_s: tuple[float, float, float] = (0.0, 0.0, 0.0)


def no_room(plan: Plan, place: Path) -> Unaccounted | None:
    """Why the plan can't be carried out here."""
    if plan.recipients > _MOST_RECIPIENTS:
        return Unaccounted(f"at most {_MOST_RECIPIENTS} recipients can be made up")
    free = shutil.disk_usage(place).free
    if free < plan.bytes_needed:
        return Unaccounted(f"{place} has {free / GB:.1f} GB free, and this takes {plan.bytes_needed / GB:.1f} GB")
    return None
