"""What stands in an example for the values of whoever sends it, put in where the user left it as it was."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from dip.channels.channel import Event
from dip.channels.registry import Registry
from dip.client import Message, sender_reference
from dip.http.description.schemas import example_of
from dip.messages.identifiers import DipId, EventCode, RoleCode
from dip.messages.timestamps import wire_time
from dip.participants.participant import Participant
from dip.participants.registry import Participants

OWN_ID: Final = "your-dip-id"
"""Stands in an address for the DIP id of whoever calls."""

_HEADERS: Final = frozenset({"S0", "S1", "A0", "D0"})
_ROLES_BY_ITEM: Final[Mapping[str, tuple[str, ...]]] = {
    "mdr": ("MDR",),
    "meteringservice": ("MSS", "MSA", "UMSO"),
    "dataservice": ("SDS", "ADS", "UMSDS"),
    "supplier": ("SUP",),
    "distributor": ("LDSO",),
    "ldso": ("LDSO",),
}
"""Which roles an item with a DIP id is about, by a part of its name; the first part that fits counts."""


class Filled(msgspec.Struct, frozen=True):
    """Messages as they are sent. items: the names of what was put in, each once."""

    messages: list[Any]
    items: list[str]


class Filling:
    """Fills in for one sender. now: what stands for the example's time."""

    def __init__(
        self, registry: Registry, participants: Participants, sender: Participant, *, now: datetime, environment: str
    ) -> None:
        self._registry = registry
        self._participants = participants
        self._sender = sender
        self._now = now
        self._environment = environment
        self._items: dict[str, None] = {}

    def fill(self, elements: Iterable[Any]) -> Filled:
        """The elements of a call's array; what is no message of a known event stays as it is."""
        self._items = {}
        made = [self._message(element) for element in elements]
        return Filled(made, list(self._items))

    def _message(self, element: Any) -> Any:
        event = self._event_of(element)
        if event is None:
            return element
        example, payload = example_of(event)["payload"], element["payload"]
        role, shown = self._role_for(event), example["CommonBlock"]["S1"]
        made = {
            name: self._replaced(name, block, example.get(name), shown, role)
            for name, block in payload.items()
            if name != "CommonBlock"
        }
        common = self._common(payload["CommonBlock"], example["CommonBlock"], event, role)
        return {**element, "payload": {"CommonBlock": common, **made}}

    def _common(self, given: Message, example: Message, event: Event, role: RoleCode) -> Message:
        """The common block with what the sender's own program would write."""
        shown = example["S1"]
        block = {
            name: part if name in _HEADERS else self._replaced(name, part, example.get(name), shown, role)
            for name, part in given.items()
        }
        block["S1"] = self._sender_block(given, example, role)
        # Written by the DIP: part of what comes out, not of what goes in.
        if "D0" in block and block["D0"] == example.get("D0"):
            del block["D0"]
            self._items["D0 (left out)"] = None
        if "A0" in block and block["A0"] == example.get("A0"):
            del block["A0"]
            if named := self._named(event, role):
                block["A0"] = {"primaryRecipients": named, "secondaryRecipients": [], "always": []}
            self._items["A0" if named else "A0 (left out)"] = None
        return block

    def _sender_block(self, block: Message, example: Message, role: RoleCode) -> Any:
        given, shown = block["S1"], example["S1"]
        if not isinstance(given, dict):
            return given
        interface = str(block["S0"]["interfaceID"])
        made: dict[str, Any] = {
            "environmentTag": self._environment,
            "senderUniqueReference": sender_reference(interface, self._sender.dip_id, role, self._now),
            "senderTimestamp": wire_time(self._now),
            "senderDIPID": self._sender.dip_id,
            "senderRoleID": role,
            "senderCorrelationID": None,
            "DIPConnectionProviderID": None,
        }
        changed = {
            key: value
            for key, value in made.items()
            if key in given and given[key] == shown.get(key) and given[key] != value
        }
        self._items |= dict.fromkeys(f"S1.{key}" for key in changed)
        return given | changed

    def _replaced(self, name: str, given: Any, example: Any, shown: Message, role: RoleCode) -> Any:
        """A value with each time and DIP id of the example in it replaced. name: its own. shown: the example's S1."""
        if isinstance(given, dict) and isinstance(example, dict):
            return {key: self._replaced(key, value, example.get(key), shown, role) for key, value in given.items()}
        if isinstance(given, list) and isinstance(example, list) and example:
            return [self._replaced(name, value, example[0], shown, role) for value in given]
        value: str | None = None
        if given == example == shown["senderTimestamp"]:
            value = wire_time(self._now)
        elif given == example == shown["senderDIPID"]:
            value = self._holder(name, role)
        if value is None:
            return given
        self._items[name] = None
        return value

    def _holder(self, item: str, role: RoleCode) -> DipId | None:
        """Who an item is about: the sender where it has such a role, else the first who has."""
        for part, roles in _ROLES_BY_ITEM.items():
            if part in item.lower():
                return self._sender.dip_id if role in roles else self._first(roles)
        return None

    def _named(self, event: Event, role: RoleCode) -> list[DipId]:
        """A recipient that the sender names: the first who has one of the roles that are named."""
        found = self._first(event.routing(role).primary)
        return [] if found is None else [found]

    def _first(self, roles: Iterable[str]) -> DipId | None:
        known = self._participants
        others = (one for role in roles for one in known.by_role(RoleCode(role)) if one != self._sender.dip_id)
        return next((one for one in others if known.present(one) is not None), None)

    def _role_for(self, event: Event) -> RoleCode:
        """The role in which the sender may send it; its first where there is none."""
        roles = self._sender.roles
        return next((role for role in roles if role in event.senders), roles[0] if roles else RoleCode(""))

    def _event_of(self, element: Any) -> Event | None:
        payload = element.get("payload") if isinstance(element, dict) else None
        common = payload.get("CommonBlock") if isinstance(payload, dict) else None
        head = common.get("S0") if isinstance(common, dict) else None
        if not isinstance(head, dict) or not isinstance(common, dict) or "S1" not in common:
            return None
        channel = self._registry.find(str(head.get("interfaceID", "")))
        return None if channel is None else channel.events.get(EventCode(str(head.get("eventCode", ""))))
