"""Identifiers of parties, channels and messages (functional specification 5.5.4; live API 2.2.1)."""

import os
from datetime import datetime
from typing import NewType, Self

import msgspec

from dip.ground.clock import microseconds
from dip.messages.timestamps import wire_time

DipId = NewType("DipId", str)
"""A participant's DIP id: ten characters."""
RoleCode = NewType("RoleCode", str)
"""A market role: SUP, REGS, MSS, …"""
InterfaceId = NewType("InterfaceId", str)
"""A message channel: IF-031, REP-002A."""
EventCode = NewType("EventCode", str)
"""An event as it stands in a message, in square brackets: [DSApp]."""
TransactionId = NewType("TransactionId", str)
CorrelationId = NewType("CorrelationId", str)
SenderReference = NewType("SenderReference", str)
Mpan = NewType("Mpan", str)
"""Thirteen digits."""

DIP = DipId("0000000001")
"""The platform itself."""
REPLAY_PREFIX = "R-"


class Receipt(msgspec.Struct, frozen=True):
    """When messages of a request were received, in the forms that their ids and wrappers need."""

    moment: datetime
    microseconds: int
    day: str
    """YYYYMMDD."""
    stamp: str
    """25 characters."""
    head: str
    """What each unique part begins with: twelve hexadecimal digits of milliseconds since 1970, nine random ones."""

    @classmethod
    def at(cls, moment: datetime) -> Self:
        """The forms of a moment of business time, UTC."""
        at = microseconds(moment)
        return cls(moment, at, moment.strftime("%Y%m%d"), wire_time(moment), f"{at // 1000:012X}{_salt()}")


def unique_part(receipt: Receipt, number: int) -> str:
    """Twenty-six hexadecimal digits that grow with time and repeat for nobody. number: of the message in its request.

    Twenty-one digits of the request, five of the message; twenty-six is the most that a transaction id of 65
    characters leaves room for when a replay puts `R-` before it.
    """
    return f"{receipt.head}{number & 0xFFFFF:05X}"


def transaction_head(interface: InterfaceId, sender: DipId, role: RoleCode, receipt: Receipt) -> str:
    """What comes before the unique part in the transaction ids of a request's messages."""
    return f"T-{interface}-{sender}-{role}-{receipt.day}-"


def transaction_id(
    interface: InterfaceId, sender: DipId, role: RoleCode, receipt: Receipt, unique: str
) -> TransactionId:
    """A transaction id such as `T-IF-006-0123456789-SUP-20220401-1234CC…`, at most 65 characters."""
    return TransactionId(transaction_head(interface, sender, role, receipt) + unique)


def correlation_id(receipt: Receipt, unique: str) -> CorrelationId:
    """A workflow correlation id such as `CI-20220401-1234567890…`, at most 60 characters (5.5.5)."""
    return CorrelationId(f"CI-{receipt.day}-{unique}")


def original_of(identifier: str) -> str:
    """The identifier without the replay prefix: `R-CI-…` stands for `CI-…`."""
    return identifier.removeprefix(REPLAY_PREFIX)


def _salt() -> str:
    return os.urandom(5).hex().upper()[:9]
