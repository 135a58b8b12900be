"""A disk that fails, a process that dies on it, and a store that has nearly gathered its keys."""

import shutil
import sqlite3
from pathlib import Path

import msgspec

from dip.ground.steps import Milestone
from dip.store.keys import GATHERED
from tests.contract.store.opened import StoreFactory
from tests.contract.store.records import arrival, message

ALWAYS = 1_000_000
EARLIER = GATHERED - 6
"""Messages to nobody; a few more, and the keys of all of them move on."""


class Disk:
    """Steps of a store whose disk fails at the next commits, as often as it is told, or whose process dies before one.

    commits: how many transactions came as far as that.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.commits = 0
        self._telling = False
        self._dying: tuple[Path, Path] | None = None

    def die(self, directory: Path, place: Path) -> None:
        """Before the next commit keep the files of the directory as they are then; no commit succeeds any more."""
        self._dying, self.failures = (directory, place), ALWAYS

    def reached(self, milestone: Milestone, of: str = "") -> None:
        if milestone is not Milestone.BEFORE_COMMIT:
            self._telling = False
            return
        # It is told once for each job of a transaction.
        self.commits += not self._telling
        self._telling = True
        if self._dying is not None:
            leave(*self._dying)
            self._dying = None
        if self.failures:
            self.failures -= 1
            self._telling = False
            raise sqlite3.OperationalError("disk I/O error")


def leave(directory: Path, place: Path) -> None:
    """What a killed process leaves: the files as they are, taken while the store still stands open."""
    shutil.copytree(directory, place, ignore=shutil.ignore_patterns("*-shm", "lock"))


async def gather_keys(factory: StoreFactory, directory: Path) -> None:
    """Make a store whose keys are about to move on; nothing waits in it."""
    messages = [msgspec.structs.replace(message(earlier(number)), mpan_digest=None) for number in range(EARLIER)]
    async with factory(directory) as opened:
        await opened.messages.take_in(arrival(*messages))


def earlier(number: int) -> str:
    """The reference of one of the messages to nobody."""
    return f"earlier-{number}"
