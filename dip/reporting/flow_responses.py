"""Response codes read out of archived messages, where a flow says that they stand (DI-979)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from dip.channels.flow import Flow
from dip.channels.flow_references import RESPONSE_KEY
from dip.messages.envelope import Envelope
from dip.messages.identifiers import InterfaceId

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError)


def asking(flow: Flow) -> frozenset[InterfaceId]:
    """The channels whose messages have to be opened: a stage depends on their response."""
    return frozenset(step.interface for step in flow.messages() if step.response is not None)


def response_of(flow: Flow, interface: InterfaceId, envelope: Envelope) -> str | None:
    """The response code of a message; None where it has none, and no word on what that means."""
    place = flow.responses.get(interface)
    try:
        payload = envelope.content()
    except _UNREADABLE:
        return None
    if place is None:
        return _anywhere(payload)
    found: Any = payload
    for key in place.path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) and found else place.absent


def _anywhere(payload: Mapping[str, Any]) -> str | None:
    """The first response code that a block of the message has."""
    for root in payload.values():
        for block in root.values() if isinstance(root, Mapping) else ():
            found = block.get(RESPONSE_KEY) if isinstance(block, Mapping) else None
            if isinstance(found, str):
                return found
    return None
