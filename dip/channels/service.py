"""A channel that the DIP itself serves, with what the archive keeps about the MPAN of a request (IF-015)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dip.channels.document import Entry
from dip.channels.formats import MessageFormat
from dip.channels.schemas import json_schema
from dip.messages.identifiers import EventCode, InterfaceId

_KEYS: Final = ("answered_on", "refused_by", "replays")
WRITTEN: Final = frozenset({"S0", "S1", "S2", "A0", "D0", "R1"})
"""Blocks of an answer that the DIP writes; all others come from the archived message."""


@dataclass(frozen=True, slots=True)
class Service:
    """Which channel the answers go out on, the event of a refusal, and which earlier messages are the answer.

    A message of an event goes out again as the event of the same name on the answering channel.
    """

    answered_on: InterfaceId
    refused_by: EventCode
    replays: tuple[tuple[InterfaceId, EventCode], ...]

    def __str__(self) -> str:
        kinds = ", ".join(f"{interface} {event}" for interface, event in self.replays)
        return f"answers on {self.answered_on} with {kinds}; refuses by {self.refused_by}"


def read_service(entry: Entry) -> Service:
    """`{answered_on: IF-016, refused_by: ConsumptionRequestRejected, replays: {IF-021: [ActivePower]}}`."""
    fields = entry.fields(_KEYS, required=_KEYS)
    replays = fields["replays"].mapping() if "replays" in fields else {}
    return Service(
        InterfaceId(fields["answered_on"].text() if "answered_on" in fields else ""),
        EventCode(f"[{fields['refused_by'].text()}]" if "refused_by" in fields else ""),
        tuple(
            (InterfaceId(interface), EventCode(f"[{event}]"))
            for interface, held in replays.items()
            for event in held.texts()
        ),
    )


def check_service(
    entry: Entry, service: Service, formats: Mapping[InterfaceId, Mapping[EventCode, MessageFormat]]
) -> None:
    """Report what does not fit together. formats: of every channel's events, in their current editions."""
    answers = formats.get(service.answered_on)
    if answers is None:
        entry.fault(f"no channel {service.answered_on!r}")
        return
    if service.refused_by not in answers:
        entry.fault(f"{service.answered_on} has no event {service.refused_by}")
    for interface, event in service.replays:
        source = formats.get(interface, {}).get(event)
        if source is None:
            entry.fault(f"{interface} has no event {event}")
        elif event not in answers:
            entry.fault(f"{service.answered_on} has no event {event}")
        else:
            for reason in _differences(source, answers[event]):
                entry.fault(f"{interface} {event} can't go out again on {service.answered_on}: {reason}")


def _differences(source: MessageFormat, answer: MessageFormat) -> list[str]:
    """Why a message of one format does not make one of the other."""
    there = {item.key for item in source.common.items if not item.optional}
    wanted = {item.key for item in answer.common.items if not item.optional} - WRITTEN
    found = [f"it has no {key}" for key in sorted(wanted - there)]
    blocks = [None if one.custom is None else json_schema(one.custom) for one in (source, answer)]
    return found if blocks[0] == blocks[1] else [*found, "its CustomBlock is another one"]
