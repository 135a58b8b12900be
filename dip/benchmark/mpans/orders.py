"""What the benchmark of the MPAN table orders its own server to do, one JSON line each, over the process's input."""

import msgspec

from dip.messages.identifiers import DipId, InterfaceId, Mpan, RoleCode


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Ask the look-up every question of a file, so often, and write how long each took (nanoseconds, 4 bytes each).

    empty: whether the cache is emptied before. Answered with the number of wrong answers.
    """

    questions: str
    times: str
    repeats: int = 1
    empty: bool = True


class Hold(msgspec.Struct, frozen=True, tag="hold"):
    """Apply no updates from now on; they pile up."""


class Release(msgspec.Struct, frozen=True, tag="release"):
    """Apply what waits; the server answers at once, with the monotonic second of it, and how many wait."""


class Applied(msgspec.Struct, frozen=True, tag="applied"):
    """Answer when so many updates were applied since the last hold.

    steps: where to write the monotonic second of each commit and how many updates there were by then. Answered with
    the number of updates that failed.
    """

    updates: int
    steps: str


class Queued(msgspec.Struct, frozen=True, tag="queued"):
    """Answered with how many messages of a channel wait for each of these recipients."""

    channel: InterfaceId
    recipients: list[DipId]


class Compare(msgspec.Struct, frozen=True, tag="compare"):
    """Answered with how many of a file's expectations the table does not meet."""

    expected: str


class Expected(msgspec.Struct, frozen=True, array_like=True):
    """Somebody holds a role for an MPAN from a second on, and nobody else who is known follows."""

    mpan: Mpan
    role: RoleCode
    dip_id: DipId
    starts: int


Order = Ask | Hold | Release | Applied | Queued | Compare
