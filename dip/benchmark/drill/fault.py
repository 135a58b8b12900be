"""What is to happen to a server under the drill, as its process is told."""

from typing import Literal

import msgspec

from dip.ground.steps import Milestone


class Fault(msgspec.Struct, frozen=True, tag=True):
    """At the `nth` time that a milestone is reached: die (SIGKILL), or fail so many times as a disk would.

    of: what the commit must write; empty: anything.
    """

    milestone: Milestone
    of: str = ""
    nth: int = 1
    action: Literal["die", "fail"] = "die"
    times: int = 1


class Room(msgspec.Struct, frozen=True, tag=True):
    """How many pages the database may still grow by; None: as many as it likes."""

    pages: int | None
