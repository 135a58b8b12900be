"""What happened, in the words and signs of a diagram."""

from collections.abc import Callable
from typing import Final

from dip.http.portal.diagram import FAILED
from dip.messages.identifiers import DIP, DipId
from dip.reporting.sequence import Act, Event, Party

NameOf = Callable[[str], str]
"""The name of a participant by DIP id; empty where nobody has it."""
UNDER_WAY: Final = "waiting"
REPORT: Final = "report"
_SIGNS: Final = {FAILED: "✕", UNDER_WAY: "○", REPORT: "↩", "": "✓"}
DIP_NAME: Final = "DIP"


def kind_of(event: Event) -> str:
    """How an event is coloured; also good ones of status messages have a colour, for they tell of something bad."""
    if event.outcome.failed:
        return FAILED
    if event.outcome.under_way:
        return UNDER_WAY
    return REPORT if event.act in (Act.REPORTED, Act.RETURNED) else ""


def sign_of(event: Event) -> str:
    """A sign that says the same without colour; nothing where a message merely comes in."""
    kind = kind_of(event)
    return "" if event.act is Act.SENT and not kind else _SIGNS[kind]


def mark_of(event: Event) -> str:
    """The message: its number in the diagram and its channel."""
    return f"{event.number} {event.interface}"


def text_of(event: Event) -> str:
    """What is done, without the channel."""
    sign = sign_of(event)
    if event.act is Act.SENT:
        return f"{event.event} {sign} {event.outcome}" if sign else event.event
    if event.act is Act.HANDED_ON:
        return f"{sign} {event.outcome}"
    said = f"{sign} status message {event.code}"
    return said if event.act is Act.REPORTED else f"{said}, {event.outcome}"


def detail_of(event: Event) -> str:
    """What else is to say of it, in one line; often nothing."""
    return " · ".join(
        filter(
            None,
            (
                f"reply to {event.answers}" if event.answers else "",
                "sent again" if event.again else "",
                _attempts(event),
                f"answer {event.status_code}" if event.status_code else "",
            ),
        )
    )


def name_of_party(party: Party, name_of: NameOf) -> str:
    """What stands above a lifeline."""
    return named(party.dip_id, name_of)


def named(dip_id: DipId, name_of: NameOf) -> str:
    """The name of a participant, its DIP id where it has none; the DIP's own."""
    return DIP_NAME if dip_id == DIP else name_of(dip_id) or dip_id


def _attempts(event: Event) -> str:
    if event.outcome.under_way:
        return f"tried {_times(event.attempts)}" if event.attempts else ""
    retries = event.attempts - 1
    return f"retried {_times(retries)}" if retries > 0 else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
