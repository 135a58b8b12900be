"""A linked report that somebody put together: its definition stands in its address (5.11.3)."""

from collections.abc import Sequence
from typing import Final, cast

from multidict import MultiMapping

from dip.channels.flow import Flow, Link, LinkMark, MessageStep, Way
from dip.channels.registry import Registry
from dip.ground.errors import BadRequest
from dip.messages.identifiers import EventCode, InterfaceId

OWN: Final = "own"
"""Its name in addresses; no file of the catalogue may have it."""
MOST_STAGES: Final = 12
LINKS: Final[dict[str, str]] = {
    "correlation": "Correlation id",
    "mpan": "MPAN",
    "envelope": "Envelope reference",
    "transaction": "Transaction id",
}
RESPONSES: Final[dict[str, str]] = {"A": "Accepted", "R": "Rejected", "L": "Lapsed", "W": "Warning"}
_FIELDS: Final = ("message", "response", "stage")


def rows_typed(query: MultiMapping[str]) -> list[tuple[str, str, str]]:
    """The stages as they were typed: message ("IF-031 DSApp", or a channel), response, name; empty ones left out."""
    columns = [[text.strip() for text in query.getall(name, ())] for name in _FIELDS]
    many = len(columns[0])
    if many > MOST_STAGES:
        raise BadRequest(f"A report has at most {MOST_STAGES} stages.")
    filled = [[*column, *[""] * many][:many] for column in columns]
    return [row for row in zip(*filled, strict=True) if row[0]]


def own_flow(query: MultiMapping[str], registry: Registry) -> Flow | None:
    """The flow that an address defines; None where it defines none yet. Raises BadRequest."""
    rows = rows_typed(query)
    if not rows:
        return None
    mark = query.get("link", "correlation")
    if mark not in LINKS:
        raise BadRequest(f"link is one of {', '.join(LINKS)}.")
    steps = tuple(_step(number, row, registry) for number, row in enumerate(rows, 1))
    interfaces: Sequence[InterfaceId] = tuple(dict.fromkeys(step.interface for step in steps))
    return Flow(
        name=OWN,
        title=query.get("title", "").strip()[:80] or "Own report",
        purpose=f"Messages linked by {LINKS[mark].lower() if mark != 'mpan' else 'MPAN'}.",
        source="",
        processes=(),
        lanes={},
        links=(Link(cast(LinkMark, mark), tuple(interfaces)),),
        steps=steps,
    )


def _step(number: int, row: tuple[str, str, str], registry: Registry) -> MessageStep:
    message, response, stage = row
    interface, _, event = message.partition(" ")
    channel = registry.find(interface)
    if channel is None:
        raise BadRequest(f"Stage {number}: the catalogue has no channel of this id.")
    code = EventCode(f"[{event.strip('[] ')}]")
    events = tuple(channel.events) if not event else (code,)
    if event and code not in channel.events:
        raise BadRequest(f"Stage {number}: {channel.id} has no such event.")
    if response and response not in RESPONSES:
        raise BadRequest(f"Stage {number}: a response is one of {', '.join(RESPONSES)}.")
    name = stage[:60] or " ".join(part for part in (channel.id, event, response) if part)
    return MessageStep(stage=name, interface=channel.id, ways=(Way(None, events, (), ()),), response=response or None)
