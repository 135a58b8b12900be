"""Messages as a participant writes them: read from a file, given a fresh reference and time."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from dip.client.errors import MessagesUnreadable
from dip.messages.identifiers import InterfaceId, SenderReference
from dip.messages.timestamps import wire_time

Message = dict[str, Any]
"""One element of a call's array: `{"payload": {"CommonBlock": {…}, "CustomBlock": {…}}}`."""


def load_messages(path: Path) -> list[Message]:
    """The messages of a JSON file: one, an array of them, each with or without its `payload` around it.

    Raises MessagesUnreadable.
    """
    try:
        content = msgspec.json.decode(path.read_bytes())
    except OSError as fault:
        raise MessagesUnreadable(f"{path} can't be read: {fault.strerror}.") from fault
    except msgspec.DecodeError as fault:
        raise MessagesUnreadable(f"{path} is not JSON: {fault}.") from fault
    elements = content if isinstance(content, list) else [content]
    if not elements:
        raise MessagesUnreadable(f"{path} holds an empty array: a call carries at least one message.")
    return [_wrapped(path, number, element) for number, element in enumerate(elements)]


def _wrapped(path: Path, number: int, element: object) -> Message:
    message = {"payload": element} if isinstance(element, dict) and "CommonBlock" in element else element
    if not isinstance(message, dict) or not _is_envelope(message.get("payload")):
        raise MessagesUnreadable(
            f"{path}, element {number}: expected an object with a payload, and in it CommonBlock.S0 and .S1."
        )
    return message


def _is_envelope(payload: object) -> bool:
    common = payload.get("CommonBlock") if isinstance(payload, dict) else None
    return isinstance(common, dict) and all(isinstance(common.get(block), dict) for block in ("S0", "S1"))


def interface_of(message: Mapping[str, Any]) -> InterfaceId:
    """The interface that the message names, `S0.interfaceID`."""
    return InterfaceId(message["payload"]["CommonBlock"]["S0"]["interfaceID"])


def fresh(message: Mapping[str, Any], now: datetime) -> Message:
    """The message with a senderUniqueReference that nobody used before and `now` as senderTimestamp.

    The given message stays as it is.
    """
    payload = message["payload"]
    common = payload["CommonBlock"]
    sender = common["S1"]
    reference = sender_reference(interface_of(message), sender["senderDIPID"], sender["senderRoleID"], now)
    renewed = sender | {"senderUniqueReference": reference, "senderTimestamp": wire_time(now)}
    return {**message, "payload": {**payload, "CommonBlock": {**common, "S1": renewed}}}


def sender_reference(interface: str, sender: str, role: str, now: datetime) -> SenderReference:
    """A reference such as `S-IF-031-2300000001-SUP-20260321-5f2c…` (type DT-995)."""
    return SenderReference(f"S-{interface}-{sender}-{role}-{now.astimezone(UTC):%Y%m%d}-{os.urandom(8).hex()}")
