"""The steps of a message's life, told to whoever watches them; the crash drill does, a server in service does not."""

from enum import StrEnum
from typing import Final, Protocol


class Milestone(StrEnum):
    """A point of the code where the process may die, or the disk fail, and nothing acknowledged may be lost."""

    REQUEST_READ = "request read"
    CHECKED = "checked"
    BEFORE_COMMIT = "before the commit"
    """Of the writer; `of` says what the job writes."""
    AFTER_COMMIT = "after the commit"
    """Of the writer, before anybody hears of it."""
    COMMITTED = "committed, before the answer"
    """Of a request with messages."""
    TAKEN_UP = "taken up for delivery"
    BUILT = "delivery built, before the send"
    SENT = "sent, before its settling"
    UPLOAD_WRITTEN = "bytes of a payload written, not synced"
    UPLOAD_SYNCED = "bytes of a payload synced, before their commit"
    UPLOAD_NOTED = "bytes of a payload committed, before the answer"


class Steps(Protocol):
    """Is told of each milestone; it may end the process, or raise what a failing disk would raise."""

    def reached(self, milestone: Milestone, of: str = "") -> None:
        """A milestone is reached. of: what a commit writes, such as `take in` or a journal status."""


class Unwatched:
    """Nobody watches: costs the call and nothing else."""

    def reached(self, milestone: Milestone, of: str = "") -> None:
        """Nothing."""


UNWATCHED: Final[Steps] = Unwatched()
