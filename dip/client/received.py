"""A message, or a status message, as it came to a participant."""

from datetime import datetime
from typing import Any

import msgspec

from dip.client.messages import Message
from dip.messages.identifiers import CorrelationId, DipId, EventCode, InterfaceId, TransactionId


class Received(msgspec.Struct, frozen=True):
    """One element of a webhook call's array, its CustomBlock decrypted.

    item: `{"payload": …}`, or the entry of a StandardResponse where is_status is true; encrypted: whether
    its CustomBlock came encrypted; at: wall time of receipt; environment and sequence: the DIP's headers
    X-DIP-Environment and X-DIP-Sequence, None in the live profile.
    """

    item: Message
    at: datetime
    encrypted: bool = False
    environment: str | None = None
    sequence: str | None = None

    @property
    def is_status(self) -> bool:
        """Whether this is a status message about a message sent earlier."""
        return "payload" not in self.item

    @property
    def common(self) -> dict[str, Any]:
        """The CommonBlock; empty for a status message."""
        return self._block("CommonBlock")

    @property
    def custom(self) -> dict[str, Any]:
        """The CustomBlock, in plain; empty where there is none."""
        return self._block("CustomBlock")

    @property
    def interface(self) -> InterfaceId | None:
        """`S0.interfaceID`."""
        return InterfaceId(value) if (value := self._text("S0", "interfaceID")) else None

    @property
    def event(self) -> EventCode | None:
        """`S0.eventCode`, in square brackets."""
        return EventCode(value) if (value := self._text("S0", "eventCode")) else None

    @property
    def sender(self) -> DipId | None:
        """Who sent it: `S1.senderDIPID`, or who reports a status."""
        return DipId(value) if (value := self._text("S1", "senderDIPID", status="senderID")) else None

    @property
    def transaction_id(self) -> TransactionId | None:
        """`D0.transactionID`, or the transaction that a status is about."""
        value = self._text("D0", "transactionID", status="transactionID")
        return TransactionId(value) if value else None

    @property
    def correlation_id(self) -> CorrelationId | None:
        """The id to quote in an answer (`S1.senderCorrelationID`): `D0.initialCorrelationID`."""
        value = self._text("D0", "initialCorrelationID", status="correlationID")
        return CorrelationId(value) if value else None

    @property
    def replayed(self) -> bool:
        """`D0.replayIndicator`: asked for again by replay or requeue."""
        wrapper = self.common.get("D0")
        return isinstance(wrapper, dict) and wrapper.get("replayIndicator") is True

    def _text(self, block: str, key: str, *, status: str | None = None) -> str | None:
        """A string of the CommonBlock, or under the key `status` where this is a status message."""
        holder, name = (self.item, status) if self.is_status else (self.common.get(block), key)
        value = holder.get(name) if isinstance(holder, dict) and name else None
        return value if isinstance(value, str) else None

    def _block(self, name: str) -> dict[str, Any]:
        payload = self.item.get("payload")
        block = payload.get(name) if isinstance(payload, dict) else None
        return block if isinstance(block, dict) else {}
