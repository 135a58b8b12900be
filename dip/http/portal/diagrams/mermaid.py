"""A sequence of real messages as the text of a Mermaid sequence diagram."""

from typing import Final

from dip.http.portal.diagram import FAILED
from dip.http.portal.diagrams.words import (
    REPORT,
    UNDER_WAY,
    NameOf,
    detail_of,
    kind_of,
    mark_of,
    name_of_party,
    text_of,
)
from dip.http.portal.wording import time_of_day, time_since
from dip.reporting.sequence import Event, MessageSequence

_ARROWS: Final = {FAILED: "-x", UNDER_WAY: "--)", REPORT: "-->>", "": "->>"}
_ENTITIES: Final = str.maketrans(
    {"#": "#35;", ";": "#59;", ":": "#58;", "%": "#37;", "<": "#60;", ">": "#62;", '"': "#34;", "\\": "#92;"}
)


def mermaid(title: str, note: str, sequence: MessageSequence, name_of: NameOf) -> str:
    """The text. note: what is to say of it as a whole, above everybody's lifeline; empty: nothing."""
    known = {party.dip_id: f"P{number}" for number, party in enumerate(sequence.parties, 1)}
    lines = ["sequenceDiagram", f"    title {escaped(title)}"]
    for party in sequence.parties:
        roles = f" ({', '.join(party.roles)})" if party.roles else ""
        lines.append(f"    participant {known[party.dip_id]} as {escaped(name_of_party(party, name_of) + roles)}")
    if note and known:
        first, last = next(iter(known.values())), list(known.values())[-1]
        lines.append(f"    note over {first if first == last else f'{first},{last}'}: {escaped(note)}")
    start = sequence.events[0].at if sequence.events else None
    for event in sequence.events:
        at = time_of_day(event.at) if start is None else time_since(event.at, start)
        arrow = f"{known[event.sender]}{_ARROWS[kind_of(event)]}{known[event.recipient]}"
        lines.append(f"    {arrow}: {at} {escaped(_said(event))}")
    return "\n".join([*lines, ""])


def escaped(text: str) -> str:
    """With entities for what Mermaid would take for the end of a statement, a comment, a directive or HTML."""
    printable = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.split()).translate(_ENTITIES)


def _said(event: Event) -> str:
    detail = detail_of(event)
    return f"{mark_of(event)} {text_of(event)}" + (f" ({detail})" if detail else "")
