"""Faults of content: a message changed so that a receiver finds one response code in it (facts, response codes)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from dip.channels.registry import Registry
from dip.channels.shapes import Block, Scalar, Series, Shape
from dip.messages.identifiers import DipId
from dip.messages.timestamps import wire_time

UNKNOWN_DIP_ID: Final = "9999999999"
UNKNOWN_MPAN: Final = "9999999999993"
"""With a right check digit."""
_AHEAD: Final = timedelta(days=1)
_UNLISTED: Final = "?"

Payload = dict[str, Any]


class Circumstances(msgspec.Struct, frozen=True):
    """For whom and when a message is spoiled. now: business time; environment: of this server."""

    registry: Registry
    recipient: DipId
    environment: str
    now: datetime


_Spoil = Callable[[Payload, Circumstances], bool]


def spoil(kind: str, payload: Payload, around: Circumstances) -> bool:
    """Give a payload, as its recipient would see it, the fault; False where the message has no place for it."""
    return SPOILS[kind](payload, around)


def _value(block: str, key: str, made: Callable[[Payload, Circumstances], Any]) -> _Spoil:
    """Another value for an item of the common block, wherever the message has that block."""

    def spoiled(payload: Payload, around: Circumstances) -> bool:
        holder = payload["CommonBlock"].get(block)
        if not isinstance(holder, dict):
            return False
        before = holder.get(key)
        holder[key] = made(payload, around)
        return bool(holder[key] != before)

    return spoiled


def _constant(block: str, key: str, value: Any) -> _Spoil:
    return _value(block, key, lambda payload, around: value)


def _missing(block: str, key: str) -> _Spoil:
    def spoiled(payload: Payload, around: Circumstances) -> bool:
        holder = payload["CommonBlock"].get(block)
        return isinstance(holder, dict) and holder.pop(key, None) is not None

    return spoiled


def _ahead(payload: Payload, around: Circumstances) -> str:
    return wire_time(around.now + _AHEAD)


def _other_environment(payload: Payload, around: Circumstances) -> str:
    return "SIT" if around.environment == "UIT" else "UIT"


def _other_role(payload: Payload, around: Circumstances) -> str:
    channel = around.registry.find(_interface(payload))
    allowed = channel.senders if channel is not None else frozenset()
    return next(iter(sorted(around.registry.roles.keys() - allowed)), _UNLISTED)


def _other_recipient(payload: Payload, around: Circumstances) -> bool:
    address = payload["CommonBlock"].get("A0")
    if not isinstance(address, dict):
        return False
    found = False
    for key, ids in address.items():
        if isinstance(ids, list) and around.recipient in ids:
            address[key] = [UNKNOWN_DIP_ID if one == around.recipient else one for one in ids]
            found = True
    return found


def _unknown_mpan(payload: Payload, around: Circumstances) -> bool:
    metering_point = payload["CommonBlock"].get("M0")
    if not isinstance(metering_point, dict) or "MPANCore" not in metering_point:
        return False
    metering_point["MPANCore"] = UNKNOWN_MPAN
    return True


def _item_missing(payload: Payload, around: Circumstances) -> bool:
    return any(_without_an_item(shape, value) for shape, value in _business(payload, around))


def _wrong_value(payload: Payload, around: Circumstances) -> bool:
    return any(_with_an_unlisted_value(shape, value) for shape, value in _business(payload, around))


def _business(payload: Payload, around: Circumstances) -> list[tuple[Shape, Any]]:
    """The blocks that belong to the business of the message, with their shapes."""
    common = payload["CommonBlock"]
    channel = around.registry.find(_interface(payload))
    event = channel.events.get(common["S0"].get("eventCode")) if channel is not None else None
    if event is None:
        return []
    layout = event.format_of(common["S0"].get("schemaVersion"))
    found: list[tuple[Shape, Any]] = []
    if layout.custom is not None:
        found.append((layout.custom, payload.get("CustomBlock")))
    metering_point = layout.common.item("M0")
    if metering_point is not None:
        found.append((metering_point.shape, common.get("M0")))
    return found


def _without_an_item(shape: Shape, value: Any) -> bool:
    """Take the first mandatory item out, as deep inside as there is one."""
    if isinstance(shape, Series) and isinstance(value, list):
        return any(_without_an_item(shape.of, entry) for entry in value[:1])
    if not isinstance(shape, Block) or not isinstance(value, dict):
        return False
    present = [item for item in shape.items if item.key in value]
    if any(_without_an_item(item.shape, value[item.key]) for item in present):
        return True
    mandatory = next((item.key for item in present if not item.optional), None)
    if mandatory is None:
        return False
    del value[mandatory]
    return True


def _with_an_unlisted_value(shape: Shape, value: Any) -> bool:
    """Give the first item with listed values another one."""
    if isinstance(shape, Series) and isinstance(value, list):
        for place, entry in enumerate(value):
            if _is_listed(shape.of):
                value[place] = _UNLISTED
                return True
            if _with_an_unlisted_value(shape.of, entry):
                return True
    if isinstance(shape, Block) and isinstance(value, dict):
        for item in shape.items:
            if item.key in value and _is_listed(item.shape):
                value[item.key] = _UNLISTED
                return True
            if _with_an_unlisted_value(item.shape, value.get(item.key)):
                return True
    return False


def _is_listed(shape: Shape) -> bool:
    return isinstance(shape, Scalar) and bool(shape.choices)


def _interface(payload: Payload) -> str:
    return str(payload["CommonBlock"]["S0"].get("interfaceID"))


SPOILS: Final[Mapping[str, _Spoil]] = {
    "schema_broken": _constant("S1", "subText", [_UNLISTED]),
    "wrong_interface": _constant("S0", "interfaceID", "IF-000"),
    "wrong_event": _constant("S0", "eventCode", "[NoSuchEvent]"),
    "wrong_environment": _value("S1", "environmentTag", _other_environment),
    "wrong_version": _constant("S0", "schemaVersion", "999"),
    "reference_missing": _missing("S1", "senderUniqueReference"),
    "sent_time_missing": _missing("S1", "senderTimestamp"),
    "sent_time_in_future": _value("S1", "senderTimestamp", _ahead),
    "wrong_sender": _constant("S1", "senderDIPID", UNKNOWN_DIP_ID),
    "wrong_sender_role": _value("S1", "senderRoleID", _other_role),
    "item_missing": _item_missing,
    "wrong_value": _wrong_value,
    "wrong_recipient": _other_recipient,
    "wrong_publication": _constant("D0", "publicationID", "PUB-000"),
    "transaction_id_missing": _missing("D0", "transactionID"),
    "transaction_time_missing": _missing("D0", "transactionTimestamp"),
    "transaction_time_in_future": _value("D0", "transactionTimestamp", _ahead),
    "wrong_correlation": _constant("D0", "initialCorrelationID", "CI-19700101-NOBODY"),
    "unexpected_replay": _constant("D0", "replayIndicator", True),
    "unknown_mpan": _unknown_mpan,
}
"""By kind; `encrypted_to_another_key` changes no content."""
