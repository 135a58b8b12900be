"""What `bench pages` is asked to do, and what it aims at."""

from typing import Final

import msgspec

PAGE_MS: Final = 300.0
SEARCH_MS: Final = 50.0


class Plan(msgspec.Struct, frozen=True):
    """Messages in the archive, and how often each address is asked after the first time.

    keep: a directory that is filled where it is not yet, and stays; empty: a temporary one.
    """

    messages: int = 1_000_000
    asks: int = 20
    keep: str = ""


class Way(msgspec.Struct, frozen=True):
    """A route that is read, as the table of permissions has it. path: with its parameters in braces.

    is_open: for anybody; powers: one of them is needed; None: any log-in will do.
    """

    path: str
    is_open: bool
    powers: frozenset[str] | None
