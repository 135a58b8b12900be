"""Joins parts that know nothing of each other: what came in, or goes on, wakes whoever hands messages out."""

from collections.abc import Callable, Sequence
from typing import Any


class Wake:
    """Tells each of those that were named, once they are there."""

    def __init__(self) -> None:
        self.woken: Sequence[Callable[..., None]] = ()

    def __call__(self, what: Any) -> None:
        """Tell them what: lanes, or a channel."""
        for woken in self.woken:
            woken(what)
