"""Whose fault a failed exchange most likely is: what the rules look at, and what they say (FS-55)."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec


class Side(StrEnum):
    """Whose fault it most likely is."""

    SENDER = "sender"
    PLATFORM = "platform"
    """The DIP itself."""
    NETWORK = "network"
    """What lies between the DIP and a participant."""
    RECIPIENT = "recipient"
    SET_UP = "set-up"
    """What somebody configured: the MPAN table, webhooks, roles, channels."""


class What(StrEnum):
    """What kind of exchange failed."""

    CALL = "call"
    """A participant's call to the DIP."""
    ADDRESSING = "addressing"
    DELIVERY = "delivery"
    """A call to a webhook, or what was handed out by pull or stream."""
    REJECTION = "rejection"
    """By a recipient, message by message."""
    TABLE = "MPAN table"
    """What a message says about appointments."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A failed exchange, as far as the rules look at it.

    status: of the HTTP answer; None: there was none. code: a response code (MSG, RCP, REG) or the code of a problem
    document. note: what was written down of it. fault: the kind of a fault on demand that struck it. tried: for what
    was given up, whether a call or a pull of it was ever made.
    """

    what: What
    status: int | None = None
    code: str = ""
    note: str = ""
    fault: str = ""
    tried: bool = True


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. condition: what it looks for, in words; why: the reasoning; remedy: what to do."""

    number: str
    side: Side
    condition: str
    why: str
    remedy: str
    holds: Callable[[Failure], bool]

    @property
    def on_purpose(self) -> bool:
        """Whether somebody wanted it to fail."""
        return self.number in _ON_PURPOSE


_ON_PURPOSE: Final = frozenset({"V01", "V32"})
_FAULT: Final = re.compile(r"\bfault:? ([a-z_]+)", re.ASCII)


def rule(number: str, side: Side, condition: str, why: str, remedy: str, holds: Callable[[Failure], bool]) -> Rule:
    """A rule; its parts in the order in which they are read."""
    return Rule(number=number, side=side, condition=condition, why=why, remedy=remedy, holds=holds)


def fault_in(*notes: str | None) -> str:
    """The kind of a fault on demand that a note tells of; empty where none does."""
    return next((found[1] for note in notes if note and (found := _FAULT.search(note))), "")
